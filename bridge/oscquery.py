"""The address space as OSCQuery describes it: JSON over HTTP, after Vidvox's OSCQuery proposal (third revision, its README).

Built from the two tables, of what the instrument can be told (`bridge.parameters`) and what it tells (`bridge.told`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from bridge.control import Value
from bridge.parameters import DECIMALS, FOR_TAKES_ONLY, ControlLayout, ParameterSpec
from bridge.told import WITH_STATE, State, ToldSpec, state_address, told_specs

Json = dict[str, Any]
Status = Literal[200, 204, 400, 404, 503]

NO_VALUE, READ_ONLY, WRITE_ONLY, READ_AND_WRITE = 0, 1, 2, 3
"""The proposal's ACCESS."""

OPTIONAL_ATTRIBUTES = ("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "OVERLOADS")
ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", *OPTIONAL_ATTRIBUTES)
UNSUPPORTED_ATTRIBUTES = ("TAGS", "EXTENDED_TYPE", "UNIT", "CRITICAL", "CLIPMODE", "HTML")
"""Those of the proposal that are not given: a question for one is well-formed, and there is no answer."""

READS_LATENT = frozenset({"latent", "latent_step", "latent_dimension"})

Values = Callable[[], State]


@dataclass
class _Node:
    """One address: what never changes of it, and where its value is found: in the break, or among what is told."""

    fixed: Json
    parameter: str | None = None
    index: tuple[int, ...] = ()
    told: str | None = None
    contents: dict[str, _Node] = field(default_factory=dict)

    @property
    def readable(self) -> bool:
        return bool(self.fixed["ACCESS"] & READ_ONLY)

    def value(self, state: State) -> list[Value] | None:
        """The current value; None where there is none yet."""
        if self.parameter in READS_LATENT:
            break_ = state.latent
            for number in self.index:
                break_ = break_[number - 1]
            return [float(value) for value in break_.reshape(-1)]
        values = state.told.get(self.told or "")
        return None if values is None else [_rounded(value) for value in values]


def _rounded(value: Value) -> Value:
    return round(value, DECIMALS) if isinstance(value, float) else value


class AddressSpace:
    """The tree of everything that can be sent and everything that is told."""

    def __init__(self, layout: ControlLayout) -> None:
        self._root = _Node({"FULL_PATH": "/", "ACCESS": NO_VALUE, "DESCRIPTION": "VAmEn"})
        for address, (spec, index) in layout.addresses.items():
            if spec.name in FOR_TAKES_ONLY:
                continue
            told = state_address(spec, layout.axis_names[index[0] - 1] if spec.name == "axis" else "")
            self._put(address, _parameter(spec, layout), spec.name, index, told if spec.name in WITH_STATE else None)
            if spec.name in WITH_STATE:
                self._put(told, _state(spec, layout), None, (), told)
        for message in told_specs(layout):
            self._put(message.address, _told(message), None, (), message.address)

    def _put(self, address: str, fixed: Json, parameter: str | None, index: tuple[int, ...], told: str | None) -> None:
        node = self._root
        path = ""
        for name in address.split("/")[1:]:
            path += f"/{name}"
            node = node.contents.setdefault(name, _Node({"FULL_PATH": path, "ACCESS": NO_VALUE}))
        node.fixed, node.parameter, node.index, node.told = {"FULL_PATH": address, **fixed}, parameter, index, told

    def find(self, path: str) -> _Node | None:
        """The node at an OSC address; a slash at its end does not matter."""
        node = self._root
        for name in path.strip("/").split("/") if path.strip("/") else ():
            if name not in node.contents:
                return None
            node = node.contents[name]
        return node

    def answer(self, target: str, host_info: Json, values: Values) -> tuple[Status, Iterator[str]]:
        """The status and the JSON text, in pieces, for a request's target (path and query).

        `values` is called when a value is asked for. The text is made piece by piece, a node at a time, so that whoever waits for
        the interpreter does not wait for all of it.
        """
        url = urlsplit(target)
        asked = [unquote(part.partition("=")[0]) for part in url.query.split("&")] if url.query else []
        if "HOST_INFO" in asked:
            return 200, iter([json.dumps(host_info)])
        node = self.find(unquote(url.path))
        if node is None:
            return 404, iter(())
        if not asked:
            return 200, _texts(node, values())
        if any(name not in ATTRIBUTES + UNSUPPORTED_ATTRIBUTES for name in asked):
            return 400, iter(())
        return _attributes(node, asked, values)


def host_info(name: str, osc_port: int) -> Json:
    """What the proposal calls HOST_INFO: who we are and where OSC goes. The address is the one that was asked."""
    extensions = dict.fromkeys(OPTIONAL_ATTRIBUTES, True)
    return {"NAME": name, "OSC_PORT": osc_port, "OSC_TRANSPORT": "UDP", "EXTENSIONS": extensions}


def _attributes(node: _Node, asked: list[str], values: Values) -> tuple[Status, Iterator[str]]:
    """Some attributes of a node; 204 where none of them applies to it."""
    found: Json = {name: node.fixed[name] for name in asked if name in node.fixed}
    pieces = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
    # The proposal's own examples: a container has no type, and what has no value yet is an empty object too.
    empty = asked == ["TYPE"] and not found
    if "VALUE" in asked and node.readable:
        value = node.value(values())
        empty = value is None
        if value is not None:
            pieces.append(f'"VALUE": {json.dumps(value)}')
    if "CONTENTS" in asked and node.contents:
        return 200, _joined(["{", *(f"{piece}, " for piece in pieces), '"CONTENTS": '], _contents(node, values()), ["}"])
    if not pieces and not empty:
        return 204, iter(())
    return 200, iter(["{" + ", ".join(pieces) + "}"])


def _joined(*parts: Any) -> Iterator[str]:
    for part in parts:
        yield from part


def _texts(node: _Node, state: State) -> Iterator[str]:
    """A node and everything below it."""
    fixed = node.fixed
    if node.readable and (value := node.value(state)) is not None:
        fixed = {**fixed, "VALUE": value}
    text = json.dumps(fixed)
    if not node.contents:
        yield text
        return
    yield text[:-1] + ', "CONTENTS": '
    yield from _contents(node, state)
    yield "}"


def _contents(node: _Node, state: State) -> Iterator[str]:
    separator = "{"
    for name, inner in node.contents.items():
        yield f"{separator}{json.dumps(name)}: "
        yield from _texts(inner, state)
        separator = ", "
    yield "}"


def _parameter(spec: ParameterSpec, layout: ControlLayout) -> Json:
    """What a row of the table says: the first of the forms in which it can be sent, the others as overloads."""
    steps, dimensions = layout.steps, layout.latent_dimensions
    counts = {"one": (1,), "optional": (1, 0), "vector": (dimensions,), "matrix or vector": (steps * dimensions, dimensions)}
    forms = [_form(spec, layout, count) for count in ((0,) if spec.type == "button" else counts[spec.count])]
    readable = spec.name in WITH_STATE or spec.name in READS_LATENT
    described: Json = {"ACCESS": READ_AND_WRITE if readable else WRITE_ONLY, "DESCRIPTION": spec.help, **forms[0]}
    if len(forms) > 1:
        described["OVERLOADS"] = forms[1:]
    return described


def _form(spec: ParameterSpec, layout: ControlLayout, count: int) -> Json:
    if count == 0:
        return {"TYPE": "N"}
    form: Json = {"TYPE": {"float": "f", "int": "i", "text": "s"}[spec.type] * count}
    if spec.choices:
        form["RANGE"] = [{"VALS": list(spec.choices)}]
    elif spec.type == "float":
        form["RANGE"] = [{"MIN": float(spec.minimum), "MAX": float(spec.highest(layout))}] * count
    elif spec.type == "int":
        form["RANGE"] = [{"MIN": int(spec.minimum), "MAX": int(spec.highest(layout))}] * count
    return form


def _state(spec: ParameterSpec, layout: ControlLayout) -> Json:
    return {"ACCESS": READ_ONLY, "DESCRIPTION": f"told on change: {spec.help}", **_form(spec, layout, 1)}


def _told(message: ToldSpec) -> Json:
    described: Json = {"ACCESS": READ_ONLY, "DESCRIPTION": message.help, "TYPE": message.tags}
    if any(message.ranges):
        described["RANGE"] = [None if span is None else _span(*span) for span in message.ranges]
    return described


def _span(low: float, high: float | None) -> Json:
    return {"MIN": low} if high is None else {"MIN": low, "MAX": high}
