"""What a control is, from the bytes that it sends first; and what it makes of an address."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.control import Control
from bridge.learn import MOST, ControlFinder, Finding, described
from bridge.learn_target import target_of, touched_target
from bridge.midi_values import MODES, Mode, steps_of
from bridge.parameters import ControlError, ControlLayout

LAYOUT = ControlLayout(axis_names=("density", "tone"), latent_dimensions=4, steps=32)


def messages(*data: Iterable[int]) -> list[mido.Message]:
    return [mido.Message.from_bytes(list(each)) for each in data]


def turned(number: int, values: Iterable[int], channel: int = 0) -> list[mido.Message]:
    return messages(*([0xB0 + channel, number, value] for value in values))


def found(heard: Iterable[mido.Message], presses_do: bool = False) -> tuple[Finding | None, int]:
    """What is found, and after how many messages."""
    finder = ControlFinder(presses_do)
    count = 0
    for count, message in enumerate(heard, 1):
        if (finding := finder.hear(message)) is not None:
            return finding, count
    return None, count


def spelt(mode: Mode, turns: Iterable[int]) -> list[int]:
    return [next(value for value in range(1, 128) if steps_of(value, mode) == step) for step in turns]


@pytest.mark.parametrize(
    "values",
    [
        range(128), range(127, -1, -1), range(1, 20), range(20, 0, -1), range(58, 72), range(70, 56, -1), range(108, 128),
        range(0, 128, 9), range(127, 0, -16), [0, 32, 64, 96, 127], [1, 12, 40, 90, 127], [127, 80, 30, 1], [64, 70, 85, 100],
        [2, 3, 4, 6, 9, 14, 20], [66, 68, 71, 76, 84], [126, 122, 115, 104],
    ],
)  # fmt: skip
def test_a_sweep_slow_or_fast_is_a_knob(values: Iterable[int]) -> None:
    assert found(turned(21, values, channel=4))[0] == Finding("cc", 4, 21)


@given(st.integers(0, 127), st.integers(0, 127), st.integers(1, 40), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_no_sweep_is_taken_for_an_encoder(start: int, end: int, step: int, hand: random.Random) -> None:
    """There and back again at any speed, with the values left out that a fast hand passes."""
    way = sorted({start, end, *(hand.randint(min(start, end), max(start, end)) for _ in range(step))}, reverse=start > end)
    values = [*way, *way[-2::-1], *way[1:]]
    assert all(a != b for a, b in pairwise(values)) or len(way) == 1
    finding = found(turned(21, values))[0]
    assert finding is None or finding.mode == "absolute"


@pytest.mark.parametrize("mode", MODES[1:])
@pytest.mark.parametrize(
    "turns",
    [
        [1] * 5 + [-1] * 5, [1, 1, 2, 1, 1, 3, 2, 1, -1, -1, -2, -1, -1], [1, 1, 2, 4, 7, 7, 4, 2, 2, 1, 1, -1, -1, -1, -2, -1],
    ],
)  # fmt: skip
def test_an_encoder_and_its_kind(mode: Mode, turns: list[int]) -> None:
    finding, count = found(turned(16, spelt(mode, turns)))
    assert finding == Finding("cc", 0, 16, mode) and count <= len(turns)


def test_an_encoder_turned_in_one_direction_is_waited_for_and_then_guessed() -> None:
    up, count = found(turned(16, [1, 1, 2, 1] * 10))
    assert up == Finding("cc", 0, 16, "twos-complement") and count == MOST
    assert found(turned(16, [65] * 40)) == (Finding("cc", 0, 16, "offset"), MOST)
    # These are spelt by one kind alone.
    assert found(turned(16, [127] * 8)) == (Finding("cc", 0, 16, "twos-complement"), 6)
    assert found(turned(16, [63] * 8)) == (Finding("cc", 0, 16, "offset"), 6)


@pytest.mark.parametrize("order", ["cf", "fc"])
def test_fourteen_bits_in_either_order(order: str) -> None:
    heard = []
    for value in range(3000, 3200, 20):
        both = {"c": [0xB2, 7, value >> 7], "f": [0xB2, 39, value & 127]}
        heard += messages(*(both[half] for half in order))
    assert found(heard) == (Finding("cc14", 2, 7), 4)


def test_a_fine_half_that_mostly_comes_alone_is_not_taken_for_a_knob() -> None:
    heard = []
    for value in range(3000, 3600, 11):
        if not heard or value >> 7 != (value - 11) >> 7:
            heard += messages([0xB0, 7, value >> 7])
        heard += messages([0xB0, 39, value & 127])
    assert found(heard)[0] == Finding("cc14", 0, 7)
    # A knob that has such a number for itself is known after a while.
    assert found(turned(39, range(0, 128, 2))) == (Finding("cc", 0, 39), MOST)


@pytest.mark.parametrize("data", [[[0xB0, 6, 10], [0xB0, 38, 3]], [[0xB0, 38, 3], [0xB0, 6, 10]], [[0xB0, 96, 0], [0xB0, 97, 0]]])
def test_an_nrpn_by_data_or_increments(data: list[list[int]]) -> None:
    assert found(messages([0xB0, 99, 9], [0xB0, 98, 82], *data))[0] == Finding("nrpn", 0, 9 << 7 | 82)


def test_buttons_pads_keys_and_programmes() -> None:
    assert found(turned(30, [127, 0, 127])) == (Finding("cc", 0, 30, pressed=True), 3)
    assert found(turned(30, [0, 127]), presses_do=True) == (Finding("cc", 0, 30, pressed=True), 2)
    assert found(messages([0x80, 36, 0], [0x90, 36, 0], [0x99, 36, 100]))[0] == Finding("note", 9, 36, pressed=True)
    assert found(messages([0xC3, 17]))[0] == Finding("program", 3, 17, pressed=True)


def test_a_pot_that_trembles_does_not_hide_the_knob_that_is_moved() -> None:
    heard = []
    for value in range(40, 60):
        heard += turned(70, [63 + value % 2]) + turned(71, [value])
    assert found(heard)[0] == Finding("cc", 0, 71)
    assert found(turned(70, [63, 64] * 100))[0] is None


def test_other_messages_say_nothing() -> None:
    assert found(messages([0xF8], [0xE0, 0, 64], [0xD0, 5], [0xA0, 1, 2], [0xB0, 101, 0], [0xB0, 100, 0])) == (None, 6)


KNOB, PAD = Finding("cc", 0, 21), Finding("note", 9, 36, pressed=True)


@pytest.mark.parametrize(
    ("text", "finding", "row"),
    [
        ("axis/density", KNOB, {"cc": 21, "channel": 1, "target": "/vamen/axis/1"}),
        ("/vamen/gain", Finding("cc", 2, 16, "offset"), {"cc": 16, "channel": 3, "mode": "offset", "target": "/vamen/gain"}),
        ("vamen/gain", Finding("cc14", 0, 1), {"cc14": 1, "channel": 1, "target": "/vamen/gain"}),
        ("gain", Finding("nrpn", 0, 1234), {"nrpn": 1234, "channel": 1, "target": "/vamen/gain"}),
        ("gain=0.5", PAD, {"note": 36, "channel": 10, "target": "/vamen/gain", "value": 0.5}),
        ("play", PAD, {"note": 36, "channel": 10, "target": "/vamen/play"}),
        ("random", Finding("cc", 0, 20, pressed=True), {"cc": 20, "channel": 1, "target": "/vamen/random"}),
        ("quantise=bar", PAD, {"note": 36, "channel": 10, "target": "/vamen/quantise", "value": "bar"}),
        ("slot/recall=3", PAD, {"note": 36, "channel": 10, "target": "/vamen/slot/recall", "value": 3}),
        ("slot/recall", KNOB, {"cc": 21, "channel": 1, "target": "/vamen/slot/recall", "range": [1, 8]}),
        ("slot/recall", PAD, {"notes": [36, 43], "channel": 10, "target": "/vamen/slot/recall", "range": [1, 8]}),
        ("trigger", PAD, {"notes": [36, 67], "channel": 10, "target": "/vamen/trigger", "range": [1, 32], "release": 0}),
        (
            "slot/recall", Finding("program", 0, 5, pressed=True),
            {"program": [0, 127], "channel": 1, "target": "/vamen/slot/recall", "range": [1, 128]},
        ),
        ("export", Finding("program", 0, 5, pressed=True), {"program": 5, "channel": 1, "target": "/vamen/export"}),
    ],
)  # fmt: skip
def test_what_a_control_makes_of_an_address(text: str, finding: Finding, row: dict[str, object]) -> None:
    assert target_of(text, LAYOUT).row(finding, LAYOUT) == row
    assert f"on channel {row['channel']}" in described(finding, row)


@pytest.mark.parametrize(
    ("text", "finding", "said"),
    [
        ("axis/1", PAD, "move a knob"),
        ("quantise", KNOB, "learn quantise=off"),
        ("slot/recall", Finding("cc", 0, 30, pressed=True), "learn slot/recall=1"),
        ("trigger", Finding("note", 0, 127, pressed=True), "press a lower one"),
    ],
)
def test_what_does_not_go_together_is_said(text: str, finding: Finding, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        target_of(text, LAYOUT).row(finding, LAYOUT)


@pytest.mark.parametrize("text", ["axis/3", "volume", "", "latent", "subscribe", "learn", "gain=loud", "play=1", "quantise=now"])
def test_what_cannot_be_learnt_is_refused(text: str) -> None:
    with pytest.raises((ControlError, ValueError)):
        target_of(text, LAYOUT)


def test_what_is_touched_gives_a_pad_its_value_and_a_knob_its_address() -> None:
    slot = touched_target(Control("slot_recall", (), (5,)), LAYOUT)
    assert slot.row(PAD, LAYOUT) == {"note": 36, "channel": 10, "target": "/vamen/slot/recall", "value": 5}
    assert slot.row(KNOB, LAYOUT)["range"] == [1, 8]
    axis = touched_target(Control("axis", (2,), (0.25,)), LAYOUT)
    assert axis.row(KNOB, LAYOUT) == {"cc": 21, "channel": 1, "target": "/vamen/axis/2"}
    word = touched_target(Control("quantise", (), ("bar",)), LAYOUT)
    assert word.row(KNOB, LAYOUT) == {"cc": 21, "channel": 1, "target": "/vamen/quantise", "value": "bar"}
    export = touched_target(Control("export", (), ("",)), LAYOUT)
    assert export.row(PAD, LAYOUT) == {"note": 36, "channel": 10, "target": "/vamen/export"}
