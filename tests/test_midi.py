"""MIDI in: bytes through the map into the mailbox, and over JACK's dummy driver the whole way through a real port."""

from __future__ import annotations

import os
import queue
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
import rtmidi

from bridge import midi, midi_ports
from bridge.clock_input import ClockInput
from bridge.control import Control
from bridge.control_map import ControlMap
from bridge.errors import VamenError
from bridge.mailbox import Mailbox
from bridge.midi import MidiInput
from bridge.midi_ports import INPUT, OUTPUT, list_ports
from bridge.parameters import ControlLayout
from tests.letters import PATIENCE_SECONDS, Letters
from tests.midi_peers import Event, FakeSystem, JackServer, jack_server
from tests.rig import wait_until

pytestmark = pytest.mark.real_time

LAYOUT = ControlLayout(axis_names=("density", "tone"), latent_dimensions=4, steps=32)


def midi_input(name: str, mailbox: Mailbox) -> MidiInput:
    return MidiInput(name, ControlMap.load(None, LAYOUT), mailbox)


def test_bytes_become_controls() -> None:
    mailbox = Mailbox()
    keys = midi_input("keys", mailbox)
    for data in ([0xB0, 1, 64], [0xB5, 7, 127], [0x99, 36, 100], [0x89, 36, 0], [0xF8], [0xF0, 1, 2, 0xF7], [0xC0, 5]):
        keys.take(data)
    assert mailbox.drain() == [
        Control("axis", (1,), (0.5,)), Control("gain", (), (1.0,)), Control("trigger", (), (1,)), Control("trigger", (), (0,)),
    ]  # fmt: skip
    assert keys.received == 6 and not keys.rejected


def test_an_error_of_ours_costs_one_message(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Letters):
        def put(self, *controls: Control) -> None:
            if controls[0].values == (1.0,):
                raise RuntimeError("boom")
            super().put(*controls)

    system = FakeSystem("keys")
    monkeypatch.setattr(midi, "INPUT", system.kind())
    letters = Broken()
    with midi_input("keys", letters) as keys:
        system.waiting += [([0xB0, 1, 127], 0.0), ([0xB0, 1, 64], 0.0)]
        assert letters.next() == Control("axis", (1,), (0.5,))
        assert keys.rejected == {"internal error": 1} and "boom" in caplog.text


class Followed:
    """Stands for the clock: keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[list[int], float]] = []
        self.looks: list[float] = []

    def take(self, port: object, data: list[int], seconds: float) -> None:
        self.told.append((data, seconds))

    def look(self, seconds: float) -> None:
        self.looks.append(seconds)


def test_clock_messages_go_to_the_clock_alone_with_the_times_of_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem("keys")
    monkeypatch.setattr(midi, "INPUT", system.kind())
    mailbox, clock = Mailbox(), Followed()
    keys = MidiInput("keys", ControlMap.load(None, LAYOUT), mailbox, cast(ClockInput, clock))
    with keys:
        # What is no clock stands between in time: 6 ms from the first pulse to the second, and none of them may be left out.
        passing: list[Event] = [([0xF8], 0.0), ([0xFE], 0.001), ([0xF0, 1, 0xF7], 0.002), ([0xB0, 1, 64], 0.0), ([0xF8], 0.003)]
        rest: list[Event] = [([0xFA], 0.001), ([0xFC], 0.0), ([0xFB], 0.0), ([0xF2, 3, 4], 0.0)]
        system.waiting += passing + rest
        wait_until(lambda: len(clock.told) == 6 and clock.looks, "the clock's messages")
    assert [data for data, _ in clock.told] == [[0xF8], [0xF8], [0xFA], [0xFC], [0xFB], [0xF2, 3, 4]]
    assert keys.received == 2 and not keys.rejected
    assert mailbox.drain() == [Control("axis", (1,), (0.5,))]


def test_clock_messages_without_a_clock_and_crippled_ones() -> None:
    clock = Followed()
    keys = midi_input("keys", Mailbox())
    for data in ([0xF8], [0xFA], [0xF2, 1, 2], [0xFE]):
        keys.take(data)
    assert keys.received == 0
    keys = MidiInput("keys", ControlMap.load(None, LAYOUT), Mailbox(), cast(ClockInput, clock))
    for data in ([], [0xF2], [0xF2, 1], [0xF8, 0xF8]):
        keys.take(data)
    keys.take([0xF8], 12.5)
    assert clock.told == [([0xF8], 12.5)] and keys.received == 4


def test_a_port_that_goes_lets_go_of_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem("keys")
    monkeypatch.setattr(midi, "INPUT", system.kind())
    letters, said = Letters(), queue.SimpleQueue[str]()
    with MidiInput("keys", ControlMap.load(None, LAYOUT), letters, tell=said.put):
        system.waiting += [([0x90, 36, 90], 0.0), ([0x91, 40, 90], 0.0), ([0x90, 38, 90], 0.0), ([0x90, 38, 0], 0.0)]
        pressed = [letters.next() for _ in range(3)]
        assert [control.values for control in pressed] == [(1,), (5,), (3,)]
        system.unplug("keys")
        assert "has gone" in said.get(timeout=PATIENCE_SECONDS)
        assert letters.next() == Control("trigger", (), (0,))
        system.ports = ["keys"]
        assert "is back" in said.get(timeout=PATIENCE_SECONDS)
    assert letters.empty()


@pytest.fixture(scope="module")
def jack() -> Iterator[JackServer]:
    with jack_server() as server:
        yield server


@contextmanager
def knobs_of_jack() -> Iterator[rtmidi.MidiOut]:
    """A controller that is not ours to open by number: JACK knows it as "Test Knobs:out"."""
    controller = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "Test Knobs")
    controller.open_virtual_port("out")
    yield controller
    controller.close_port()
    controller.delete()


@pytest.fixture
def knobs(jack: JackServer) -> Iterator[rtmidi.MidiOut]:
    with knobs_of_jack() as controller:
        yield controller


def hear(knobs: rtmidi.MidiOut, letters: Letters, data: list[int], meant: Control) -> None:
    """Send a message until its control arrives: JACK loses some while it connects, and when the machine is busy."""

    def heard() -> bool:
        knobs.send_message(data)
        try:
            while letters.next(timeout=0.5) != meant:
                pass
        except queue.Empty:
            return False
        return True

    wait_until(heard, f"{meant} to come through JACK")


@pytest.mark.peer
def test_a_port_is_found_by_part_of_its_name_and_brings_controls(knobs: rtmidi.MidiOut) -> None:
    letters = Letters()
    assert "Test Knobs:out" in list_ports(INPUT)
    keys = midi_input("test knobs", letters)
    assert keys.start() == "Test Knobs:out"
    for value, position in ((0, 0.0), (32, 0.25), (64, 0.5), (127, 1.0)):
        hear(knobs, letters, [0xB0, 2, value], Control("axis", (2,), (position,)))
    hear(knobs, letters, [0x90, 40, 90], Control("trigger", (), (5,)))
    assert not keys.rejected
    keys.stop()
    keys.stop()


@pytest.mark.parametrize("between", [[0xFE], [0xF0, 1, 2, 0xF7]])
@pytest.mark.peer
def test_what_comes_between_two_pulses_makes_none_of_them_early(knobs: rtmidi.MidiOut, between: list[int]) -> None:
    letters, clock = Letters(), Followed()

    def pulse() -> float:
        """Send pulses until one is heard; returns when the first was sent."""
        before, sent = len(clock.told), time.perf_counter()

        def heard() -> bool:
            knobs.send_message([0xF8])
            return len(clock.told) > before

        wait_until(heard, "a pulse to come through JACK")
        return sent

    with MidiInput("test knobs", ControlMap.load(None, LAYOUT), letters, cast(ClockInput, clock)):
        hear(knobs, letters, [0xB0, 1, 127], Control("axis", (1,), (1.0,)))
        pulse()
        for position in (0.0, 1.0) * 4:
            # Each comes some milliseconds after what was before it, which would be missing from then on.
            knobs.send_message(between)
            hear(knobs, letters, [0xB0, 1, round(127 * position)], Control("axis", (1,), (position,)))
        count, sent = len(clock.told), pulse()
        assert clock.told[count][1] > sent - 0.001


@pytest.mark.peer
def test_garbage_on_the_cable_does_not_end_the_port(knobs: rtmidi.MidiOut) -> None:
    letters = Letters()
    generator = random.Random(3)
    with midi_input("Knobs", letters) as keys:
        hear(knobs, letters, [0xB0, 1, 127], Control("axis", (1,), (1.0,)))
        for _ in range(200):
            knobs.send_message([generator.choice((0x80, 0x90, 0xB0, 0xC0, 0xE0, 0xF1)), *generator.choices(range(256), k=2)])
        hear(knobs, letters, [0xB0, 1, 64], Control("axis", (1,), (0.5,)))
        assert "internal error" not in keys.rejected


@pytest.mark.peer
def test_a_port_that_is_not_there_or_not_clear_is_one_sentence(knobs: rtmidi.MidiOut) -> None:
    with pytest.raises(VamenError, match=r"'nanoKONTROL' is none of the MIDI inputs \(there are: .*Test Knobs:out"):
        midi_input("nanoKONTROL", Mailbox()).start()
    second = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "More Knobs")
    second.open_virtual_port("out")
    wait_until(lambda: "More Knobs:out" in list_ports(INPUT), "the second controller")
    with pytest.raises(VamenError, match="'knobs' fits several MIDI inputs"):
        midi_input("knobs", Mailbox()).start()
    second.close_port()
    second.delete()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have MIDI")
def test_a_system_without_midi_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midi_ports, "ALSA_SEQUENCER", Path("/nonexistent"))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", f"vamen-nobody-{os.getpid()}")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    for kind, option in ((INPUT, "--midi-in"), (OUTPUT, "--midi-clock-out")):
        with pytest.raises(VamenError, match=rf"offers no MIDI .* or play without {option}"):
            list_ports(kind)
