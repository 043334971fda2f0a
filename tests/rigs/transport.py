"""Start, stop, continue, and a master that vanishes, behind `jack_midi_clock`: what was heard, beside what it said."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import BEATS_PER_BAR, ENGINE_SAMPLE_RATE
from bridge.midi_clock import CLOCK, CONTINUE, PULSES_PER_BEAT, START, STOP
from bridge.model import Model
from bridge.transport import MOST_RATE_CHANGE
from tests.rig import NullSinks
from tests.rigs.beat_line import BeatLine
from tests.rigs.beat_phase import BeatPhases, beat_phases, envelopes, home_loops, most_alike
from tests.rigs.clicks import CaptureClock
from tests.rigs.jack_master import Run, jack_master, runs
from tests.rigs.on_the_one import LISTENED_BEATS, LOCKED_MS, SETTLED_SECONDS, midi_options, on_stage

DoubleArray = NDArray[np.float64]

AUDIBLE = 1e-4
"""-80 dB."""

BEATS_PER_MINUTE = 126.0
PLAYED_SECONDS, STOPPED_SECONDS, AWAY_SECONDS = 4.0, 1.0, 3.0

BEFORE_VANISHING = 6.0
"""Beats whose line is drawn on while the master is away."""


@dataclass(frozen=True)
class Entry:
    """What followed a start or a continue: how long after the bar line that was meant the first sound came (`late_ms`, with a
    minus before it), and the largest phase of the beats until the next bar line (`phase_ms`)."""

    late_ms: float
    phase_ms: float


@dataclass(frozen=True)
class Transport:
    """`start`, `going_on` (after a song position) and `again` (a second start) are entries; `stop_ms` the longest time from a
    stop to silence. While the master was away the tempo was off by `away_percent` and beats by at most `away_ms`. Its beats came
    back `moved_ms` later than its old line has them; `taken_up_seconds` after that all were heard within 5 ms, not counting the
    time that such a shift takes at the rate at which it is followed. `unsteady` is how many of its beats were not in tempo,
    `tries` how many runs it took."""

    start: Entry
    going_on: Entry
    again: Entry
    stop_ms: float
    away_ms: float
    away_percent: float
    moved_ms: float
    taken_up_seconds: float
    unsteady: int
    tries: int = 1

    @property
    def steady(self) -> bool:
        """Whether the master was one."""
        return not self.unsteady


def behind_jack(sinks: NullSinks, model: Model) -> Transport:
    """Some 25 seconds of it."""
    with jack_master(BEATS_PER_MINUTE) as master, on_stage(sinks, *midi_options(BEATS_PER_MINUTE)) as stage:
        for status in (START, CONTINUE):
            master.until(status, master.play)
            time.sleep(PLAYED_SECONDS)
            master.until(STOP, master.stop)
            time.sleep(STOPPED_SECONDS)
        master.rewind()
        # Rewound and started at once it continues.
        time.sleep(STOPPED_SECONDS)
        master.until(START, master.play)
        time.sleep(PLAYED_SECONDS)
        killed = time.perf_counter()
        master.kill_clock()
        time.sleep(AWAY_SECONDS)
        master.until(CLOCK, master.start_clock)
        back = time.perf_counter()
        time.sleep(PLAYED_SECONDS)
        master.until(STOP, master.stop)
        time.sleep(SETTLED_SECONDS)
        clock = stage.heard()
        stage.playing.finish()
    said = runs(master.messages, master.own_time)
    heard = envelopes(clock.samples, ENGINE_SAMPLE_RATE)
    first = said[0].pulses
    beats, due = first.whole_beats()[-LISTENED_BEATS:], first.due(first.whole_beats()[-LISTENED_BEATS:])
    loop = most_alike(heard, clock.frame_at, home_loops(model, BEATS_PER_MINUTE), beats, due)

    def phases(line: BeatLine) -> BeatPhases:
        beats = line.whole_beats()
        return beat_phases(heard, clock.frame_at, [loop], beats, line.due(beats))

    last = said[2]
    before, after = last.pulses.seconds < killed, last.pulses.seconds > killed + AWAY_SECONDS / 2.0
    known = BeatLine(last.pulses.beat[before], last.pulses.seconds[before])
    returned = _numbered(last.pulses.seconds[after], known)
    away = np.arange(int(np.ceil(known.beat[-1])), int(returned.beat[0]) + 1)
    there = known.beat > known.beat[-1] - BEFORE_VANISHING
    line = np.polyfit(known.beat[there] - away[0], known.seconds[there] - killed, 1)
    alone = beat_phases(heard, clock.frame_at, [loop], away, killed + np.polyval(line, away - away[0]))
    moved = float(np.mean(returned.seconds - killed - np.polyval(line, returned.beat - away[0])))
    following = max(0.0, abs(moved) - LOCKED_MS / 1000.0) / MOST_RATE_CHANGE
    again = phases(returned)
    # The stop cuts the last beat off.
    unlocked = np.setdiff1d(returned.whole_beats()[:-1], again.beat[np.abs(again.phase_ms) <= LOCKED_MS])
    return Transport(
        start=_entry(clock, said[0], phases(said[0].pulses)),
        going_on=_entry(clock, said[1], phases(said[1].pulses)),
        again=_entry(clock, last, phases(known)),
        stop_ms=max(_silent_after(clock, run.ended) for run in said),
        away_ms=float(np.abs(alone.phase_ms).max()) if len(alone.phase_ms) == len(away) else np.inf,
        away_percent=_tempo_error(alone),
        moved_ms=1000.0 * moved,
        taken_up_seconds=max(0.0, float(returned.due(unlocked[-1:])[0]) - back - following) if len(unlocked) else 0.0,
        unsteady=sum(line.unsteady(BEATS_PER_MINUTE) for line in (first, said[1].pulses, known, returned)),
    )


def _numbered(seconds: DoubleArray, known: BeatLine) -> BeatLine:
    """Pulses at some moments, numbered by the line that was known before they stayed away."""
    there = known.beat > known.beat[-1] - BEFORE_VANISHING
    period, offset = np.polyfit(known.beat[there], known.seconds[there] - seconds[0], 1)
    first = round(-offset / period * PULSES_PER_BEAT)
    return BeatLine((first + np.arange(len(seconds))) / PULSES_PER_BEAT, seconds)


def _entry(clock: CaptureClock, run: Run, phases: BeatPhases) -> Entry:
    meant = BEATS_PER_BAR * int(np.ceil(run.pulses.beat[0] / BEATS_PER_BAR))
    first, last = (int(clock.frame_at(moment)) for moment in (run.begun, min(run.ended, run.pulses.seconds[-1])))
    loud = np.flatnonzero(np.abs(clock.samples[first:last]) > AUDIBLE)
    if not len(loud) or not len(phases.beat):
        return Entry(np.inf, np.inf)
    heard = float(clock.moment_of(first + loud[0]))
    bar = phases.phase_ms[phases.beat < phases.beat[0] + BEATS_PER_BAR]
    return Entry(1000.0 * (heard - float(run.pulses.due(np.array([meant]))[0])), float(np.abs(bar).max()))


def _silent_after(clock: CaptureClock, moment: float) -> float:
    """Milliseconds from a moment to the last that is heard within the second after it."""
    first = int(np.ceil(float(clock.frame_at(moment))))
    loud = np.flatnonzero(np.abs(clock.samples[first : first + round(SETTLED_SECONDS * clock.recording.sample_rate)]) > AUDIBLE)
    return 1000.0 * float(loud[-1] + 1) / clock.recording.sample_rate if len(loud) else 0.0


def _tempo_error(phases: BeatPhases) -> float:
    """By how many per cent the beats that sounded are longer than they were due."""
    if len(phases.due) < 3:
        return np.inf
    return 100.0 * abs(float(np.polyfit(phases.due - phases.due[0], phases.phase_ms / 1000.0, 1)[0]))
