"""Real MIDI bytes over JACK into a running `vamen play`: fine knobs, NRPN, encoders, learning; and the take of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rtmidi

from bridge.control import Control
from bridge.control_map import ControlMap
from bridge.map_places import own_map
from bridge.midi import MidiInput
from tests.letters import Letters
from tests.live_take import BLOCK_SIZES, LiveTake, playing
from tests.midi_peers import JackServer, jack_server
from tests.rig import Playing, wait_until
from tests.test_midi import LAYOUT, hear, knobs_of_jack

pytestmark = pytest.mark.real_time

ON_JACK = """
import sys
from pathlib import Path
from bridge import midi_ports
from bridge.__main__ import main

midi_ports.ALSA_SEQUENCER = Path("/nonexistent")
sys.exit(main())
"""

MAP = """
[[control]]
cc14 = 1
target = "/vamen/axis/1"

[[control]]
nrpn = 1234
target = "/vamen/axis/2"

[[control]]
cc = 16
mode = "signed"
target = "/vamen/axis/1"

[[control]]
program = [0, 127]
target = "/vamen/slot/recall"
"""


@pytest.fixture(scope="module")
def jack() -> Iterator[JackServer]:
    with jack_server() as server:
        yield server


class Hand:
    """A controller on JACK, played until the instrument's own state says that it has arrived: JACK may lose messages."""

    def __init__(self, knobs: rtmidi.MidiOut, stage: Playing) -> None:
        self._knobs = knobs
        self._stage = stage
        self._volumes = itertools.cycle((0.5, 0.6, 0.7, 0.8))

    def send(self, *messages: list[int]) -> None:
        for message in messages:
            self._knobs.send_message(message)

    def axis(self, name: str) -> float:
        """Where an axis is now: what was told of it before a volume that has just been set."""
        volume = next(self._volumes)
        self._stage.send("/vamen/gain", volume)
        while self._stage.wait_for("/vamen/state/gain")[0] != [pytest.approx(volume, abs=1e-6)]:
            pass
        (position,) = self._stage.latest[f"/vamen/state/axis/{name}"]
        assert isinstance(position, float)
        return position

    def until(self, name: str, reached: Callable[[float], bool], *messages: list[int]) -> float:
        """Send messages until an axis is where they mean."""
        places: list[float] = []

        def there() -> bool:
            self.send(*messages)
            places.append(self.axis(name))
            return reached(places[-1])

        wait_until(there, f"{name} to follow {messages}")
        return places[-1]


def at(wanted: float) -> Callable[[float], bool]:
    return lambda place: place == pytest.approx(wanted, abs=1e-6)


def perform(hand: Hand, stage: Playing, first: str, second: str) -> None:
    stage.wait_for("/vamen/position", 2)
    hand.until(first, at(0.5 + 2809 / 16382), [0xB0, 1, 85], [0xB0, 33, 121])
    hand.until(first, at(0.5), [0xB0, 33, 0], [0xB0, 1, 64])
    hand.until(second, at(0.25), [0xB0, 99, 9], [0xB0, 98, 82], [0xB0, 6, 32], [0xB0, 38, 0])
    before = hand.axis(first)
    after = hand.until(first, lambda place: place > before, [0xB0, 16, 1])
    assert (after - before) * 128 == pytest.approx(round((after - before) * 128), abs=1e-3)
    # Recalling a slot puts the axes back to their middle.
    hand.until(first, at(0.5), [0xC0, 1])
    stage.send("/vamen/learn", f"axis/{second}")
    stage.wait_for("/vamen/learning")
    hand.send(*([0xB3, 21, value] for value in range(0, 128, 5)))
    address, text = stage.wait_for("/vamen/learnt")[0]
    assert address == "/vamen/axis/2" and str(text).startswith("CC 21 on channel 4, a knob; saved in ")
    hand.until(second, at(0.25), [0xB3, 21, 32])
    stage.wait_for("/vamen/position", 16)


def test_what_is_played_over_jack_is_heard_recorded_and_rendered_again(
    jack: JackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    control_map = own_map("learnt")
    control_map.parent.mkdir()
    # A loaded machine may miss a frame, and then says so; only a take without a late repaint has a twin.
    for attempt, block_frames in enumerate(BLOCK_SIZES):
        control_map.write_text(MAP)
        take, capture = tmp_path / f"{attempt}.osc", tmp_path / f"{attempt}.wav"
        options = ["--midi-in", "test knobs", "--midi-virtual", "--drift", 0, "--blocksize", block_frames]
        with (
            knobs_of_jack() as knobs,
            playing(*options, "--record", take, "--capture", capture, program=("-c", ON_JACK)) as stage,
        ):
            assert "Test Knobs:out, VAmEn" in stage.first_line
            perform(Hand(knobs, stage), stage, "kick", "snare")
            assert stage.end() == 0, stage.errors
        assert f"learnt before: {control_map}" in stage.errors
        if stage.summary["late repaints"] == "0":
            break
    assert control_map.read_text() == f'{MAP}\n[[control]]\ncc = 21\nchannel = 4\ntarget = "/vamen/axis/2"\n'
    lines = take.read_text().splitlines()
    assert any("/vamen/slot/recall i 2" in line for line in lines) and not any("learn" in line for line in lines)
    LiveTake(take, capture, stage).assert_renders_to_what_sounded()


def test_a_port_of_our_own_is_found_by_its_name(jack: JackServer) -> None:
    letters = Letters()
    with MidiInput(None, ControlMap.load(None, LAYOUT), letters):
        track = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "DAW")
        track.open_port(next(number for number, name in enumerate(track.get_ports()) if "VAmEn" in name))
        hear(track, letters, [0xB0, 2, 64], Control("axis", (2,), (0.5,)))
        track.close_port()
        track.delete()
