"""MIDI in: bytes through the map into the mailbox, and over JACK's dummy driver the whole way through a real port."""

from __future__ import annotations

import os
import queue
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import rtmidi

from bridge import midi
from bridge.control import Control
from bridge.control_map import ControlMap, position_of
from bridge.errors import VamenError
from bridge.mailbox import Mailbox
from bridge.midi import MidiInput, list_ports
from bridge.parameters import ControlLayout
from tests.letters import PATIENCE_SECONDS, Letters
from tests.rig import require_programs, wait_until

LAYOUT = ControlLayout(axis_names=("density", "tone"), latent_dimensions=4, steps=32)
FUZZED_MESSAGES = 20_000


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
    assert keys.received == 7 and not keys.rejected


def test_fuzzed_bytes_raise_nothing_and_valid_ones_among_them_take_effect(caplog: pytest.LogCaptureFixture) -> None:
    generator = random.Random(7)
    mailbox = Mailbox()
    keys = midi_input("keys", mailbox)
    for number in range(FUZZED_MESSAGES):
        data = [generator.randrange(256) for _ in range(generator.randrange(6))]
        if generator.random() < 0.5:
            data[:1] = [generator.choice((0x80, 0x90, 0xB0)) + generator.randrange(16)]
        keys.take(data)
        if number % 10 == 0:
            value = number // 10 % 128
            keys.take([0xB0, 2, value])
            assert mailbox.drain()[-1] == Control("axis", (2,), (pytest.approx(position_of(value), abs=1e-6),))
    assert keys.rejected["malformed message"] > 1000
    assert len(caplog.records) == 1


def test_an_error_of_ours_costs_one_message(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Mailbox):
        def put(self, *controls: Control) -> None:
            raise RuntimeError("boom")

    keys = midi_input("keys", Broken())
    keys._take_guarded([0xB0, 1, 64])
    assert keys.rejected == {"internal error": 1} and "boom" in caplog.text


@pytest.fixture(scope="module")
def jack() -> Iterator[None]:
    """A JACK server of this test's own, driven by its dummy driver; the system's own MIDI is hidden."""
    if sys.platform != "linux":
        pytest.skip("JACK's dummy driver is started on Linux only")
    require_programs("jackd", "jack_wait")
    name = f"vamen-test-{os.getpid()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", name)
        patch.setenv("JACK_NO_START_SERVER", "1")
        patch.setenv("JACK_NO_AUDIO_RESERVATION", "1")
        patch.setattr(midi, "ALSA_SEQUENCER", Path("/nonexistent"))
        options = ["-d", "dummy", "-r", "48000", "-p", "128", "-C", "2", "-P", "2"]
        server = subprocess.Popen(["jackd", "-n", name, "-r", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            subprocess.run(["jack_wait", "-s", name, "-w", "-t", str(int(PATIENCE_SECONDS))], check=True, capture_output=True)
            yield
        finally:
            server.terminate()
            server.wait()


@pytest.fixture
def knobs(jack: None) -> Iterator[rtmidi.MidiOut]:
    """A controller that is not ours to open by number: JACK knows it as "Test Knobs:out"."""
    controller = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "Test Knobs")
    controller.open_virtual_port("out")
    yield controller
    controller.close_port()
    controller.delete()


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


def test_a_port_is_found_by_part_of_its_name_and_brings_controls(knobs: rtmidi.MidiOut) -> None:
    letters = Letters()
    assert "Test Knobs:out" in list_ports()
    keys = midi_input("test knobs", letters)
    assert keys.start() == "Test Knobs:out"
    for value, position in ((0, 0.0), (32, 0.25), (64, 0.5), (127, 1.0)):
        hear(knobs, letters, [0xB0, 2, value], Control("axis", (2,), (position,)))
    hear(knobs, letters, [0x90, 40, 90], Control("trigger", (), (5,)))
    assert not keys.rejected
    keys.stop()
    keys.stop()


def test_garbage_on_the_cable_does_not_end_the_port(knobs: rtmidi.MidiOut) -> None:
    letters = Letters()
    generator = random.Random(3)
    with midi_input("Knobs", letters) as keys:
        hear(knobs, letters, [0xB0, 1, 127], Control("axis", (1,), (1.0,)))
        for _ in range(200):
            knobs.send_message([generator.choice((0x80, 0x90, 0xB0, 0xC0, 0xE0, 0xF1)), *generator.choices(range(256), k=2)])
        hear(knobs, letters, [0xB0, 1, 64], Control("axis", (1,), (0.5,)))
        assert "internal error" not in keys.rejected


def test_a_port_that_is_not_there_or_not_clear_is_one_sentence(knobs: rtmidi.MidiOut) -> None:
    with pytest.raises(VamenError, match=r"'nanoKONTROL' is none of the MIDI inputs \(there are: .*Test Knobs:out"):
        midi_input("nanoKONTROL", Mailbox()).start()
    second = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "More Knobs")
    second.open_virtual_port("out")
    wait_until(lambda: "More Knobs:out" in list_ports(), "the second controller")
    with pytest.raises(VamenError, match="'knobs' fits several MIDI inputs"):
        midi_input("knobs", Mailbox()).start()
    second.close_port()
    second.delete()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have MIDI")
def test_a_system_without_midi_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midi, "ALSA_SEQUENCER", Path("/nonexistent"))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", f"vamen-nobody-{os.getpid()}")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    with pytest.raises(VamenError, match=r"offers no MIDI .* or play without --midi-in"):
        list_ports()
