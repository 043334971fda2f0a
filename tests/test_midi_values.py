"""Bytes to positions and turns: exact values for every mode, and pairs whole in whatever order their halves come."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mido import Message

from bridge.midi_values import MidiEvent, MidiReader, Mode, position_of, steps_of


def cc(control: int, value: int, channel: int = 0) -> Message:
    return Message("control_change", control=control, value=value, channel=channel)


def read(messages: Iterable[Message], kind: str, nrpns: Iterable[int] = ()) -> list[MidiEvent]:
    reader = MidiReader(frozenset(nrpns))
    return [event for message in messages for event in reader.read(message) if event.kind == kind]


@pytest.mark.parametrize("bits", [7, 14])
def test_a_full_sweep_covers_the_way_and_has_the_middle_in_the_middle(bits: int) -> None:
    positions = [position_of(value, bits) for value in range(2**bits)]
    assert positions[0] == 0.0 and positions[-1] == 1.0 and positions[2 ** (bits - 1)] == 0.5
    assert positions == sorted(set(positions))


@pytest.mark.parametrize(
    ("mode", "turns"),
    [
        ("signed", {1: 1, 2: 2, 63: 63, 64: 64, 65: -1, 66: -2, 127: -63, 0: 0}),
        ("signed-inverted", {65: 1, 66: 2, 127: 63, 1: -1, 2: -2, 64: -64, 0: 0}),
        ("offset", {65: 1, 66: 2, 127: 63, 64: 0, 63: -1, 62: -2, 1: -63, 0: 0}),
        ("twos-complement", {1: 1, 2: 2, 64: 64, 127: -1, 126: -2, 65: -63, 0: 0}),
    ],
)
def test_turns_of_the_four_kinds_of_encoders(mode: Mode, turns: dict[int, int]) -> None:
    assert {value: steps_of(value, mode) for value in turns} == turns


def test_an_absolute_value_is_no_turn() -> None:
    with pytest.raises(ValueError, match="no turn"):
        steps_of(1, "absolute")


def halves(order: str, value: int, coarse: int, fine: int) -> list[Message]:
    """The messages of one value with its halves in an order: "cf", "fc", or "f" alone."""
    both = {"c": cc(coarse, value >> 7), "f": cc(fine, value & 127)}
    return [both[half] for half in order]


@given(st.lists(st.integers(0, 2**14 - 1), min_size=1, max_size=30), st.sampled_from(["cf", "fc"]))
@settings(max_examples=60, deadline=None)
def test_both_orders_of_a_pair_end_at_the_value(values: list[int], order: str) -> None:
    reader = MidiReader()
    for value in values:
        events = [event for message in halves(order, value, 5, 37) for event in reader.read(message) if event.kind == "cc14"]
        assert events[-1] == MidiEvent("cc14", 0, 5, value)


@given(st.integers(0, 127), st.lists(st.integers(0, 127), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_the_fine_half_alone_goes_on_from_the_coarse_one_before(coarse: int, fine: list[int]) -> None:
    events = read([cc(5, coarse), *(cc(37, value) for value in fine)], "cc14")
    assert [event.value for event in events] == [coarse << 7, *(coarse << 7 | value for value in fine)]


def test_a_slow_sweep_of_pairs_rises_from_end_to_end() -> None:
    for order in ("cf", "fc"):
        reader = MidiReader()
        settled = []
        for value in range(0, 2**14, 7):
            events = [event for message in halves(order, value, 1, 33) for event in reader.read(message) if event.kind == "cc14"]
            settled.append(position_of(events[-1].value, 14))
        assert settled == sorted(set(settled)) and settled[0] == 0.0 and settled[-1] > 0.999


def test_a_fine_half_before_any_coarse_one_says_nothing_and_channels_are_apart() -> None:
    assert read([cc(33, 9)], "cc14") == []
    events = read([cc(1, 2), cc(33, 3, channel=4), cc(33, 5)], "cc14")
    assert [(event.channel, event.value) for event in events] == [(0, 2 << 7), (0, 2 << 7 | 5)]


def select(number: int, channel: int = 0) -> list[Message]:
    return [cc(99, number >> 7, channel), cc(98, number & 127, channel)]


@pytest.mark.parametrize("order", ["cf", "fc"])
def test_an_nrpn_is_selected_and_its_data_comes_in_either_order(order: str) -> None:
    messages = [*select(1234), cc(6, 0), *halves(order, 8192, 6, 38), *halves("f", 8200, 6, 38)]
    events = read(messages, "nrpn", [1234])
    assert {(event.number, event.bits) for event in events} == {(1234, 14)}
    assert events[-2].value == 8192 and events[-1].value == 8200
    assert position_of(8192, events[0].bits) == 0.5


def test_an_nrpn_counted_up_and_down() -> None:
    events = read([*select(7, channel=3), cc(96, 0, channel=3), cc(97, 1, channel=3)], "nrpn", [7])
    assert events == [MidiEvent("nrpn", 3, 7, steps=1), MidiEvent("nrpn", 3, 7, steps=-1)]


def test_data_of_an_nrpn_that_is_listened_for_is_no_plain_cc_and_other_data_is() -> None:
    assert [event.number for event in read([*select(7), cc(6, 1), cc(38, 1)], "cc", [7])] == [99, 98]
    for others in ([*select(8)], [cc(101, 0), cc(100, 7)], [*select(7), cc(101, 127), cc(100, 127)], select(2**14 - 1)):
        assert read([*others, cc(6, 1)], "nrpn", [7]) == []
        assert read([*others, cc(6, 1)], "cc", [7])[-1] == MidiEvent("cc", 0, 6, 1)
    # On another channel nothing is selected.
    assert read([*select(7), cc(6, 1, channel=1)], "cc", [7])[-1] == MidiEvent("cc", 1, 6, 1)


def test_keys_and_programmes() -> None:
    messages = [
        Message("note_on", note=40, velocity=9, channel=2), Message("note_on", note=40, velocity=0, channel=2),
        Message("note_off", note=41, velocity=64), Message("program_change", program=5, channel=1), Message("pitchwheel"),
    ]  # fmt: skip
    reader = MidiReader()
    assert [event for message in messages for event in reader.read(message)] == [
        MidiEvent("note", 2, 40, 9), MidiEvent("note", 2, 40, 0), MidiEvent("note", 0, 41, 0), MidiEvent("program", 1, 5),
    ]  # fmt: skip


def test_a_port_that_has_gone_leaves_no_half_and_no_selection_behind() -> None:
    reader = MidiReader(frozenset([7]))
    for message in [cc(1, 3), *select(7), cc(6, 9)]:
        reader.read(message)
    reader.forget()
    assert [event.kind for event in reader.read(cc(33, 1))] == ["cc"]
    assert [event.kind for event in reader.read(cc(38, 1))] == [
        "cc",
    ]
