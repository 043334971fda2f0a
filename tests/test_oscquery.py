"""The address space as OSCQuery tells it: JSON as the proposal has it, ranges of the table, values that are so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bridge.engine import Engine
from bridge.feedback import Feedback
from bridge.mailbox import Mailbox
from bridge.model import Model
from bridge.osc_feedback import OscFeedback
from bridge.oscquery import AddressSpace, host_info
from bridge.parameters import FOR_TAKES_ONLY, ControlLayout, layout_of, parse
from bridge.told import State, told_specs
from tests.test_playhead import started

JSON_OF_TAG = {"f": float, "i": int, "s": str, "N": type(None)}
MAY_BE_IN_A_NODE = {"FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "OVERLOADS"}


def check_node(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every node of a tree with its path, each held against the proposal's text: attributes, their types and their structure."""
    assert isinstance(node, dict) and set(node) <= MAY_BE_IN_A_NODE, path
    assert node["FULL_PATH"] == path and node["ACCESS"] in (0, 1, 2, 3)
    assert isinstance(node.get("DESCRIPTION", ""), str)
    if "TYPE" in node:
        assert node["ACCESS"] != 0, path
        check_form(node, path)
        for form in node.get("OVERLOADS", []):
            assert set(form) <= {"TYPE", "RANGE"}, "neither CONTENTS nor a path of its own"
            check_form(form, path)
    else:
        assert node["ACCESS"] == 0 and node.keys() >= {"CONTENTS"} and not node.keys() & {"VALUE", "RANGE", "OVERLOADS"}, path
    assert "VALUE" not in node or node["ACCESS"] & 1, path
    yield path, node
    for name, inner in node.get("CONTENTS", {}).items():
        assert name and "/" not in name
        yield from check_node(inner, f"{path.rstrip('/')}/{name}")


def check_form(form: dict[str, Any], path: str) -> None:
    """TYPE with what has to have its structure: one item a tag, VALUE within RANGE."""
    tags = form["TYPE"]
    assert isinstance(tags, str) and tags and set(tags) <= set(JSON_OF_TAG), path
    ranges, values = form.get("RANGE", [None] * len(tags)), form.get("VALUE")
    assert isinstance(ranges, list) and len(ranges) == len(tags), path
    assert values is None or len(values) == len(tags), path
    for place, (tag, span) in enumerate(zip(tags, ranges, strict=True)):
        assert span is None or (isinstance(span, dict) and span and set(span) <= {"MIN", "MAX", "VALS"}), path
        for value in (span or {}).get("VALS", []) + [span[key] for key in ("MIN", "MAX") if span and key in span]:
            assert type(value) is JSON_OF_TAG[tag], path
        if values is not None:
            assert type(values[place]) is JSON_OF_TAG[tag], path
            if span is not None and "VALS" in span:
                assert values[place] in span["VALS"], path
            elif span is not None:
                assert span["MIN"] <= values[place] <= span.get("MAX", np.inf), path


@pytest.fixture(scope="module")
def engine(tiny_model: Model) -> Engine:
    return started(tiny_model)


@pytest.fixture(scope="module")
def layout(engine: Engine) -> ControlLayout:
    return layout_of(engine.model.metadata)


@pytest.fixture(scope="module")
def state(engine: Engine) -> State:
    question = Mailbox().ask()
    Feedback(engine, OscFeedback(), None).answer([question], 30_000)
    return question.result(0.0)


@pytest.fixture(scope="module")
def space(layout: ControlLayout) -> AddressSpace:
    return AddressSpace(layout)


INFO = host_info("VAmEn", 9000)


def ask(space: AddressSpace, target: str, state: State) -> tuple[int, Any]:
    status, pieces = space.answer(target, INFO, lambda: state)
    text = "".join(pieces)
    return status, json.loads(text) if text else None


def test_the_whole_tree_is_as_the_proposal_has_it(space: AddressSpace, layout: ControlLayout, state: State) -> None:
    status, tree = ask(space, "/", state)
    nodes = dict(check_node(tree, "/"))
    assert status == 200
    public = {address for address, (spec, _) in layout.addresses.items() if spec.name not in FOR_TAKES_ONLY}
    told = {spec.address for spec in told_specs(layout)} | set(state.told)
    assert {path for path, node in nodes.items() if "TYPE" in node} == public | told
    assert {path for path, node in nodes.items() if node["ACCESS"] == 1} == told


def test_types_and_ranges_are_the_tables(space: AddressSpace, layout: ControlLayout, state: State) -> None:
    nodes = dict(check_node(ask(space, "/", state)[1], "/"))
    for address, (spec, _) in layout.addresses.items():
        if spec.name in FOR_TAKES_ONLY:
            continue
        node = nodes[address]
        assert node["DESCRIPTION"] == spec.help
        if spec.type == "button":
            assert node["TYPE"] == "N" and "RANGE" not in node
        elif spec.choices:
            assert node["RANGE"] == [{"VALS": list(spec.choices)}]
        elif spec.type == "text":
            assert "RANGE" not in node
        else:
            assert all(span == {"MIN": spec.minimum, "MAX": spec.highest(layout)} for span in node["RANGE"])
    assert nodes["/vamen/latent"]["TYPE"] == "f" * 32 * layout.latent_dimensions
    assert [form["TYPE"] for form in nodes["/vamen/latent"]["OVERLOADS"]] == ["f" * layout.latent_dimensions]
    assert nodes["/vamen/random"]["TYPE"] == "i" and nodes["/vamen/random"]["OVERLOADS"] == [{"TYPE": "N"}]


def test_what_the_tree_says_can_be_sent_is_taken(space: AddressSpace, layout: ControlLayout, state: State) -> None:
    """The ends of every range, every choice and every form, as a client would send them."""
    sent = 0
    for path, node in check_node(ask(space, "/", state)[1], "/"):
        for form in [node, *node.get("OVERLOADS", [])] if node["ACCESS"] & 2 else []:
            for end in ("MIN", "MAX"):
                arguments = [argument(form, place, end) for place in range(len(form["TYPE"]))]
                clamped: list[object] = []
                parse(path, arguments, layout, clamped.append)
                assert clamped == []
                sent += 1
    assert sent > 300


def argument(form: dict[str, Any], place: int, end: str) -> object:
    if form["TYPE"][place] == "N":
        return None
    span = form["RANGE"][place] if "RANGE" in form else {}
    return span["VALS"][0 if end == "MIN" else -1] if "VALS" in span else span.get(end, "name")


def test_values_are_those_of_the_engine(space: AddressSpace, engine: Engine, state: State) -> None:
    values = engine.space.values
    axis = engine.model.metadata.axes[0].name
    for target, value in {
        f"/vamen/axis/{axis}": [0.5], "/vamen/axis/1": [0.5], "/vamen/slot/recall": [2], "/vamen/quantise": ["off"],
        "/vamen/tempo": [172.0], "/vamen/state/tempo": [172.0], "/vamen/morph/b": [2], "/vamen/latent": values.ravel().tolist(),
        "/vamen/latent/3": values[2].tolist(), "/vamen/latent/3/2": [values[2, 1]], "/vamen/state/playing": [1],
    }.items():  # fmt: skip
        assert ask(space, f"{target}?VALUE", state) == (200, {"VALUE": value})
        assert ask(space, target, state)[1]["VALUE"] == value


@pytest.mark.parametrize(
    ("target", "status", "answer"),
    [
        ("/vamen/gain?RANGE", 200, {"RANGE": [{"MIN": 0.0, "MAX": 1.0}]}),
        ("/vamen/gain?TYPE", 200, {"TYPE": "f"}),
        ("/vamen/gain/?ACCESS", 200, {"ACCESS": 3}),
        ("/vamen/gain?TYPE&VALUE", 200, {"TYPE": "f", "VALUE": [1.0]}),
        ("/vamen/g%61in?FULL_PATH=", 200, {"FULL_PATH": "/vamen/gain"}),
        ("/vamen?TYPE", 200, {}),
        ("/vamen/error?VALUE", 200, {}),
        ("/vamen/tempo?CONTENTS", 200, ...),
        ("/vamen/tempo?TYPE&CONTENTS", 200, ...),
        ("/?HOST_INFO", 200, INFO),
        ("/no/such?HOST_INFO", 200, INFO),
        ("/vamen/play?VALUE", 204, None),
        ("/vamen/play?RANGE", 204, None),
        ("/vamen?VALUE", 204, None),
        ("/vamen/gain?CONTENTS", 204, None),
        ("/vamen/gain?UNIT", 204, None),
        ("/vamen/gain?HTML", 204, None),
        ("/vamen/gain?GABBA", 400, None),
        ("/vamen/nothing", 404, None),
        ("/vamen/schedule/step_ticks", 404, None),
        ("/vamen/gain/x?VALUE", 404, None),
        ("/vamen//gain", 404, None),
    ],
)
def test_questions_for_attributes(space: AddressSpace, state: State, target: str, status: int, answer: Any) -> None:
    got, said = ask(space, target, state)
    assert got == status
    if answer is ...:
        assert set(said["CONTENTS"]) == {"mode"} and ("TYPE" in said) == ("TYPE" in target)
    else:
        assert said == answer


def test_host_info_says_what_is_supported(space: AddressSpace) -> None:
    assert INFO["NAME"] == "VAmEn" and INFO["OSC_PORT"] == 9000 and INFO["OSC_TRANSPORT"] == "UDP"
    assert INFO["EXTENSIONS"] == dict.fromkeys(MAY_BE_IN_A_NODE - {"FULL_PATH", "CONTENTS", "TYPE"}, True)


def test_what_needs_no_value_asks_for_none(space: AddressSpace) -> None:
    def refuse() -> State:
        raise AssertionError("asked the engine for nothing")

    for target in ("/?HOST_INFO", "/vamen/gain?RANGE", "/nothing", "/vamen/play?VALUE"):
        space.answer(target, INFO, refuse)
