"""Ports that vanish and return: by name, whatever number they get, and not mistaken for another."""

from __future__ import annotations

import pytest

from bridge.errors import VamenError
from bridge.midi_ports import MidiPort
from tests.midi_peers import FakeSystem

pytestmark = pytest.mark.real_time


def opened(system: FakeSystem, wanted: str) -> MidiPort:
    port = MidiPort(system.kind(), wanted)
    port.open()
    return port


def test_a_port_that_goes_and_returns_is_said_once_each_and_opened_again() -> None:
    system = FakeSystem("Knobs")
    port = opened(system, "knobs")
    assert port.look() is None and port.client is not None
    system.unplug("Knobs")
    assert port.look() == "The MIDI input Knobs has gone; it is taken up again when it returns."
    assert port.client is None
    assert [port.look() for _ in range(3)] == [None] * 3
    system.ports = ["Other", "".join(("Kn", "obs"))]
    assert port.look() == "The MIDI input Knobs is back."
    assert port.look() is None
    system.waiting = [([0xB0, 1, 2], 0.0)]
    assert port.client.get_message() == ([0xB0, 1, 2], 0.0)
    port.close()
    port.close()
    assert system.clients == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nanoKONTROL2:nanoKONTROL2 MIDI 1 28:0", "nanoKONTROL2:nanoKONTROL2 MIDI 1 32:0"),
        ("nanoKONTROL2 1", "nanoKONTROL2 3"),
        ("nanoKONTROL2 MIDI 1", "nanoKONTROL2:CTRL"),
    ],
)
def test_a_port_may_return_under_another_number_or_name(before: str, after: str) -> None:
    system = FakeSystem("Midi Through 14:0", before)
    port = opened(system, "nanokontrol")
    system.ports = ["Midi Through 14:0"]
    assert port.look() is not None
    system.ports.append(after)
    assert port.look() == f"The MIDI input {after} is back."
    assert port.name == after


def test_a_twin_that_was_there_all_the_time_is_not_the_port_come_back() -> None:
    system = FakeSystem("Knobs 20:0", "Knobs 24:0")
    port = opened(system, "Knobs 20:0")
    port.look()
    system.unplug("Knobs 20:0")
    assert "has gone" in str(port.look())
    assert port.look() is None
    system.ports.append("Knobs 28:0")
    assert port.look() == "The MIDI input Knobs 28:0 is back."


def test_of_two_that_come_at_once_neither_is_guessed() -> None:
    system = FakeSystem("Knobs 20:0")
    port = opened(system, "Knobs")
    system.ports = []
    port.look()
    system.ports = ["Knobs 24:0", "Knobs 28:0"]
    assert port.look() is None
    system.ports = ["Knobs 24:0", "Knobs 20:0"]
    assert port.look() == "The MIDI input Knobs 20:0 is back."


def test_a_returned_port_that_somebody_else_holds_is_tried_again() -> None:
    system = FakeSystem("Knobs")
    port = opened(system, "Knobs")
    system.ports = []
    port.look()
    system.ports, system.busy = ["Knobs"], True
    assert port.look() is None and port.client is None
    system.busy = False
    assert port.look() == "The MIDI input Knobs is back."
    port.close()
    assert system.clients == 0


def test_a_system_that_loses_its_midi_is_asked_again() -> None:
    system = FakeSystem("Knobs")
    port = opened(system, "Knobs")
    system.dead = True
    assert "has gone" in str(port.look())
    assert port.look() is None
    system.dead = False
    assert port.look() == "The MIDI input Knobs is back."


def test_a_port_that_cannot_be_opened_leaves_no_client_behind() -> None:
    system = FakeSystem("Knobs")
    system.busy = True
    with pytest.raises(VamenError, match="'Knobs' cannot be opened"):
        opened(system, "Knobs")
    with pytest.raises(VamenError, match="'Keys' is none of the MIDI inputs"):
        opened(system, "Keys")
    assert system.clients == 0
