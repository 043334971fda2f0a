"""The table: every message is parsed, checked and documented by it, and what it refuses it explains."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.control import Control
from bridge.parameters import (
    DOCUMENTED_LAYOUT,
    PARAMETERS,
    REFERENCE_NUMBERS,
    ControlError,
    ControlLayout,
    format_control,
    help_text,
    markdown_table,
    parse,
)

LAYOUT = ControlLayout(axis_names=("density", "snare_tone"), latent_dimensions=3, steps=32)


def refusal(address: str, *arguments: object) -> ControlError:
    with pytest.raises(ControlError) as caught:
        parse(address, arguments, LAYOUT)
    return caught.value


@pytest.mark.parametrize(
    ("address", "arguments", "control"),
    [
        ("/vamen/axis/2", [0.25], Control("axis", (2,), (0.25,))),
        ("/vamen/axis/snare_tone", [0.25], Control("axis", (2,), (0.25,))),
        ("/vamen/latent", [1, -2.5, 0], Control("latent", (), (1.0, -2.5, 0.0))),
        ("/vamen/latent", [0.5] * 96, Control("latent", (), (0.5,) * 96)),
        ("/vamen/latent/32", [1, 2, 3], Control("latent_step", (32,), (1.0, 2.0, 3.0))),
        ("/vamen/latent/7/3", [-8.0], Control("latent_dimension", (7, 3), (-8.0,))),
        ("/vamen/random", [], Control("random")),
        ("/vamen/random", [2147483647], Control("random", (), (2147483647,))),
        ("/vamen/slot/store", [128], Control("slot_store", (), (128,))),
        ("/vamen/slot/recall", [3.0], Control("slot_recall", (), (3,))),
        ("/vamen/morph/a", [1], Control("morph_a", (), (1,))),
        ("/vamen/morph/mode", ["blend"], Control("morph_mode", (), ("blend",))),
        ("/vamen/morph", [True], Control("morph", (), (1.0,))),
        ("/vamen/tempo", [174], Control("tempo", (), (174.0,))),
        ("/vamen/play", [], Control("play")),
        ("/vamen/play", [1.0], Control("play")),
        ("/vamen/quantise", ["bar"], Control("quantise", (), ("bar",))),
        ("/vamen/gain", [0], Control("gain", (), (0.0,))),
        ("/vamen/trigger", [32], Control("trigger", (), (32,))),
        ("/vamen/export", [], Control("export", (), ("",))),
        ("/vamen/export", ["my  best break"], Control("export", (), ("my_best_break",))),
        ("/vamen/subscribe", [9001], Control("subscribe", (), (9001,))),
    ],
)
def test_what_a_message_means(address: str, arguments: list[Any], control: Control) -> None:
    parsed = parse(address, arguments, LAYOUT)
    assert parsed == control
    assert [type(value) for value in parsed.values] == [type(value) for value in control.values]


@pytest.mark.parametrize(
    ("kind", "address", "arguments"),
    [
        ("unknown address", "/vamen/axis/3", [0.5]),
        ("unknown address", "/vamen/axis/0", [0.5]),
        ("unknown address", "/vamen/latent/33", [0.0] * 3),
        ("unknown address", "/vamen/latent/1/4", [0.0]),
        ("unknown address", "/vamen", []),
        ("unknown address", "/1/fader1", [0.5]),
        ("wrong type", "/vamen/axis/1", ["loud"]),
        ("wrong type", "/vamen/axis/1", [None]),
        ("wrong type", "/vamen/tempo", [b"\0\0"]),
        ("wrong type", "/vamen/slot/recall", [1.5]),
        ("wrong type", "/vamen/export", [3]),
        ("wrong type", "/vamen/quantise", [1]),
        ("wrong count", "/vamen/axis/1", []),
        ("wrong count", "/vamen/axis/1", [0.1, 0.2]),
        ("wrong count", "/vamen/latent", [0.0] * 4),
        ("wrong count", "/vamen/latent/1", [0.0] * 2),
        ("wrong count", "/vamen/play", [1, 1]),
        ("not finite", "/vamen/axis/1", [float("nan")]),
        ("not finite", "/vamen/tempo", [float("inf")]),
        ("not finite", "/vamen/latent/1", [0.0, float("-inf"), 0.0]),
        ("not finite", "/vamen/slot/recall", [float("nan")]),
        ("out of range", "/vamen/slot/store", [129]),
        ("out of range", "/vamen/slot/store", [0]),
        ("out of range", "/vamen/trigger", [-1]),
        ("out of range", "/vamen/random", [2**31]),
        ("out of range", "/vamen/quantise", ["minute"]),
        ("out of range", "/vamen/subscribe", [70000]),
        ("button released", "/vamen/play", [0]),
        ("button released", "/vamen/stop", [False]),
    ],
)
def test_what_is_refused_and_why(kind: str, address: str, arguments: list[Any]) -> None:
    error = refusal(address, *arguments)
    assert error.kind == kind
    sentence = str(error)
    assert address in sentence and sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ".hidden", "a\0b", "-rf", "x" * 65, "C:x", "*", "a\nb/c"])
def test_an_export_name_cannot_leave_the_folder(name: str) -> None:
    assert refusal("/vamen/export", name).kind == "out of range"


def test_a_knob_that_overshoots_reaches_the_end_and_it_is_told_once_a_message() -> None:
    told: list[ControlError] = []
    assert parse("/vamen/axis/1", [1.02], LAYOUT, told.append).values == (1.0,)
    assert parse("/vamen/tempo", [10**300], LAYOUT, told.append).values == (240.0,)
    assert parse("/vamen/latent/1", [9.0, -9.0, 1.0], LAYOUT, told.append).values == (8.0, -8.0, 1.0)
    assert parse("/vamen/axis/1", [1.0], LAYOUT, told.append).values == (1.0,)
    assert [error.kind for error in told] == ["out of range"] * 3
    assert "/vamen/axis/1 goes from 0 to 1 and got 1.02" in str(told[0])


def test_foreign_text_is_short_and_harmless_in_a_sentence() -> None:
    sentence = str(refusal("/vamen/axis/1", "\x1b[2J" + "x" * 10_000))
    assert len(sentence) < 200 and "\x1b" not in sentence


def test_documentation_names_every_address_and_its_range() -> None:
    table, text = markdown_table(), help_text()
    assert len(table.splitlines()) == len(PARAMETERS) + 2
    assert all(line.count("|") == 6 for line in table.splitlines())
    for spec in PARAMETERS.values():
        assert f"`/vamen/{spec.address}`" in table
        assert f"/vamen/{spec.address}" in text and spec.help in text
        assert spec.range_text(DOCUMENTED_LAYOUT) in table


def test_every_address_of_the_layout_is_its_own() -> None:
    assert len(LAYOUT.addresses) == 2 * 2 + 32 + 32 * 3 + len(PARAMETERS) - 3
    assert {spec.name for spec, _ in LAYOUT.addresses.values()} == set(PARAMETERS)


def arguments_for(address: str) -> st.SearchStrategy[list[Any]]:
    """Good arguments of an address, by its row."""
    spec = LAYOUT.addresses[address][0]
    if spec.type == "button":
        return st.just([])
    if spec.type == "text":
        return st.sampled_from([[choice] for choice in spec.choices or ("", "break_7", "Äther-2.b")])
    low, high = spec.minimum, spec.highest(LAYOUT)
    if spec.type == "int":
        number: st.SearchStrategy[Any] = st.integers(int(low), int(high))
    else:
        number = st.floats(low, high, width=64)
    vector, matrix = LAYOUT.latent_dimensions, LAYOUT.latent_dimensions * LAYOUT.steps
    counts = {
        "one": [1], "optional": [0, 1], "vector": [vector], "matrix or vector": [vector, matrix],
        "reference": [REFERENCE_NUMBERS],
    }[spec.count]  # fmt: skip
    return st.sampled_from(counts).flatmap(lambda count: st.lists(number, min_size=count, max_size=count))


# A reference never travels as OSC: float32 would not hold its frame.
ADDRESSES = sorted(address for address, (spec, _) in LAYOUT.addresses.items() if spec.count != "reference")
messages = st.sampled_from(ADDRESSES).flatmap(lambda address: st.tuples(st.just(address), arguments_for(address)))


@given(messages)
def test_a_formatted_control_parses_to_itself(message: tuple[str, list[Any]]) -> None:
    control = parse(*message, LAYOUT)
    address, tags, arguments = format_control(control, LAYOUT)
    assert len(tags) == len(arguments)
    assert parse(address, arguments, LAYOUT) == control
    through_text = [float(f"{value:.6f}") if tag == "f" else value for tag, value in zip(tags, arguments, strict=True)]
    assert parse(address, through_text, LAYOUT) == control
    if control.name != "tempo":
        # float32 holds six decimals up to 8, as far as everything else goes; tempo loses a millionth of a beat per minute.
        through_osc = [unpack_float(value) if tag == "f" else value for tag, value in zip(tags, arguments, strict=True)]
        assert parse(address, through_osc, LAYOUT) == control


def unpack_float(value: Any) -> float:
    (single,) = struct.unpack("f", struct.pack("f", value))
    return float(single)


anything = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=9), st.binary(max_size=9)
)


@given(st.one_of(st.text(max_size=20), st.sampled_from(sorted(LAYOUT.addresses))), st.lists(anything, max_size=4))
def test_whatever_is_said_is_in_range_or_refused(address: str, arguments: list[Any]) -> None:
    try:
        control = parse(address, arguments, LAYOUT)
    except ControlError:
        return
    spec = PARAMETERS[control.name]
    if spec.type in ("float", "int"):
        assert all(spec.minimum <= value <= spec.highest(LAYOUT) for value in control.values)  # type: ignore[operator]
    assert parse(*format_control(control, LAYOUT)[::2], LAYOUT) == control
