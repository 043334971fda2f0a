"""Two MIDI inputs that send a clock: which of them is the master, in virtual time."""

from __future__ import annotations

import random
from itertools import chain

import pytest

from bridge.clock_input import ClockInput
from bridge.frame_clock import FrameClock
from bridge.midi_clock import CLOCK, CONTINUE, PULSES_PER_BEAT, SONG_POSITION, START, STOP, VANISHED_SECONDS, MidiClock
from bridge.tempo_reference import TempoReference

ORIGIN = 100.0

Event = tuple[float, str, int]


class Room:
    """A ClockInput, what it told, and events (moment, port, status) for it."""

    def __init__(self) -> None:
        frames = FrameClock()
        frames.note(0, ORIGIN)
        self.told: list[TempoReference] = []
        self.said: list[str] = []
        self.clock = ClockInput(MidiClock(frames), self.told.append, self.said.append)

    def hear(self, *streams: list[Event]) -> list[TempoReference]:
        """What is told while all of these come, in the order of their moments."""
        before = len(self.told)
        for moment, port, status in sorted(chain(*streams)):
            self.clock.take(port, [status], moment)
        return self.told[before:]


def pulses(port: str, start: float, tempo: float, seconds: float) -> list[Event]:
    period = 60.0 / (PULSES_PER_BEAT * tempo)
    return [(start + period * number, port, CLOCK) for number in range(round(seconds / period))]


def tempos(told: list[TempoReference]) -> set[int]:
    return {round(reference.beats_per_minute) for reference in told}


def test_the_port_whose_clock_came_first_keeps_it() -> None:
    room = Room()
    told = room.hear(
        pulses("drums", ORIGIN, 126.0, 4.0), pulses("keys", ORIGIN + 0.001, 90.0, 4.0), [(ORIGIN + 2.0, "keys", START)]
    )
    assert tempos(told) == {126} and not any(reference.running for reference in told)


def test_a_stopped_master_that_has_fallen_silent_makes_room() -> None:
    room = Room()
    room.hear([(ORIGIN - 0.001, "drums", START)], pulses("drums", ORIGIN, 126.0, 4.0), [(ORIGIN + 4.0, "drums", STOP)])
    assert room.hear(pulses("keys", ORIGIN + 4.1, 90.0, VANISHED_SECONDS - 0.15)) == []
    told = room.hear(pulses("keys", ORIGIN + 5.0, 90.0, 4.0))
    assert tempos(told[3:]) == {90}
    assert room.hear(pulses("drums", ORIGIN + 9.0, 126.0, 0.1)) == []


@pytest.mark.parametrize("status", [START, CONTINUE])
def test_an_idling_machine_does_not_take_over_a_piece_but_one_that_starts_does(status: int) -> None:
    room = Room()
    room.hear([(ORIGIN - 0.001, "drums", START)], pulses("drums", ORIGIN, 126.0, 4.0))
    room.clock.look(ORIGIN + 5.0)
    assert len(room.said) == 1 and "126.0 BPM are kept" in room.said[0]
    assert room.hear(pulses("keys", ORIGIN + 6.0, 90.0, 4.0)) == []
    told = room.hear([(ORIGIN + 10.0, "keys", status)], pulses("keys", ORIGIN + 10.001, 90.0, 4.0))
    assert tempos(told[3:]) == {90} and told[-1].running
    room.clock.look(ORIGIN + 14.0)
    assert room.said[1:] == ["The MIDI clock is back."]


def test_a_master_that_returns_goes_on() -> None:
    room = Room()
    room.hear([(ORIGIN - 0.001, "drums", START)], pulses("drums", ORIGIN, 120.0, 4.0))
    told = room.hear(pulses("drums", ORIGIN + 8.0, 120.0, 4.0))
    assert told[0].beat == pytest.approx(16.0, abs=0.01) and tempos(told) == {120}


@pytest.mark.parametrize("seed", range(3))
def test_after_any_nonsense_a_clock_is_followed(seed: int) -> None:
    generator = random.Random(seed)
    room = Room()
    moment = ORIGIN
    for _ in range(20_000):
        moment += generator.choice((0.0, 0.0, 1e-6, 0.002, 0.02, 0.0198, 0.6)) * generator.random()
        data = [generator.choice((CLOCK, CLOCK, CLOCK, CLOCK, START, CONTINUE, STOP, SONG_POSITION))]
        if data == [SONG_POSITION]:
            data += generator.choices(range(256), k=2)
        room.clock.take(generator.choice(("drums", "keys")), data, moment)
    moment += 1.0
    told = room.hear([(moment, "drums", START)], pulses("drums", moment + 0.001, 126.0, 8.0))
    assert told[-1].running and told[-1].beats_per_minute == pytest.approx(126.0, rel=1e-3)
    assert told[-1].beat_at((moment + 8.0 - ORIGIN) * 44100) == pytest.approx(8.0 * 126 / 60, abs=0.01)
