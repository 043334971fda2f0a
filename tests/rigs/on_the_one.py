"""`vamen play` behind a master that is not ours: what a sound card would have played, held against the master's beats."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import BEATS_PER_BAR, ENGINE_SAMPLE_RATE
from bridge.midi_clock import START
from bridge.model import Model
from tests.benchmarks.instrument import started
from tests.benchmarks.listening import Listener, listening
from tests.rig import NullSinks, Playing, wait_until
from tests.rigs.awake import awake_cores
from tests.rigs.beat_line import BeatLine
from tests.rigs.beat_phase import BeatPhases, Loop, beat_phases, envelopes, home_loops, most_alike
from tests.rigs.clicks import CaptureClock, calibrated, play_clicks
from tests.rigs.jack_master import PORT, JackMaster, jack_master, runs
from tests.rigs.link_master import LinkMaster, link_master

DoubleArray = NDArray[np.float64]

SINK = "rig"
CLICKS = 12
SETTLED_SECONDS = 0.5
"""After the end of what is measured, before the capture is taken: its last beat must have been heard to its end."""

LOCKED_MS = 5.0

LISTENED_BEATS = 12
"""Of a stretch, to tell which of several paintings sounds."""

TRIES = 3
"""A master that stumbled is no measure: the run is made again."""


@dataclass(frozen=True)
class Stage:
    """A running `vamen play`, and who listens to it."""

    playing: Playing
    ear: Listener
    clicks: DoubleArray

    def heard(self) -> CaptureClock:
        """What has sounded so far, with its clock set."""
        return calibrated(self.ear, self.clicks)


@contextmanager
def on_stage(sinks: NullSinks, *options: object, clicks: int = CLICKS) -> Iterator[Stage]:
    """Clicks, then `vamen play` without drift and with these options, on the same sink and in one capture."""
    with awake_cores(), listening(sinks, SINK) as ear:
        moments = play_clicks(sinks, SINK, clicks)
        with started(sinks, SINK, "--drift", 0, *options) as stage:
            yield Stage(stage.playing, ear, moments)


@dataclass(frozen=True)
class Followed:
    """A stretch of playing behind a master.

    `phases` of all its beats, `clock` what was heard, `line` what the master said, `changed` when its tempo changed (if it did),
    `unsteady` how many of its own beats were not in tempo, `tries` how many runs it took, `summary` what `vamen play` said at its end.
    """

    phases: BeatPhases
    clock: CaptureClock
    line: BeatLine
    loops: tuple[Loop, ...]
    changed: float | None
    unsteady: int
    tries: int
    summary: dict[str, str]


def behind_jack(
    sinks: NullSinks, model: Model, beats_per_minute: float, seconds: float, then: float | None = None, clicks: int = CLICKS
) -> Followed:
    """Follow `jack_midi_clock` for some seconds; with `then`, its tempo becomes that one, for as long again."""
    for attempt in range(1, TRIES + 1):
        with jack_master(beats_per_minute) as master, on_stage(sinks, *midi_options(beats_per_minute), clicks=clicks) as stage:
            begin(master)
            time.sleep(seconds)
            asked = None
            if then is not None:
                asked = time.perf_counter()
                master.set_tempo(then)
                time.sleep(seconds)
            master.stop()
            time.sleep(SETTLED_SECONDS)
            clock = stage.heard()
            stage.playing.end()
        line = runs(master.messages)[0].pulses
        found = _followed(model, clock, line, beats_per_minute, asked, then, stage.playing.summary, attempt, loop_free=False)
        if not found.unsteady:
            break
    return found


def behind_link(
    sinks: NullSinks, model: Model, beats_per_minute: float, seconds: float, then: float, clicks: int = CLICKS
) -> Followed:
    """Follow a Link peer for some seconds, and for as long again at the tempo `then`."""
    with link_master(beats_per_minute) as master, on_stage(sinks, "--clock", "link", "--bpm", beats_per_minute, clicks=clicks) as stage:
        master.wait_for_peer()
        begun = master.play()
        time.sleep(seconds)
        asked = master.set_tempo(then)
        time.sleep(seconds)
        stopped = master.stop()
        time.sleep(SETTLED_SECONDS)
        clock = stage.heard()
        stage.playing.end()
    said = master.line()
    # The first bar line after the start is where it enters.
    entered = np.interp(begun, said.seconds, said.beat) // BEATS_PER_BAR * BEATS_PER_BAR + BEATS_PER_BAR
    inside = (said.beat >= entered) & (said.seconds <= stopped)
    line = BeatLine(said.beat[inside], said.seconds[inside])
    return _followed(model, clock, line, beats_per_minute, asked, then, stage.playing.summary, 1, loop_free=True)


def midi_options(beats_per_minute: float) -> tuple[object, ...]:
    """How `vamen play` is told to follow the rig's master."""
    return "--clock", "midi", "--midi-in", PORT, "--bpm", beats_per_minute


def begin(master: JackMaster) -> None:
    """Start the master, and wait until it has said so."""
    master.play()
    wait_until(lambda: master.heard(START), "jack_midi_clock to start")


def _followed(
    model: Model,
    clock: CaptureClock,
    line: BeatLine,
    beats_per_minute: float,
    asked: float | None,
    then: float | None,
    summary: dict[str, str],
    attempt: int,
    loop_free: bool,
) -> Followed:
    heard = envelopes(clock.samples, ENGINE_SAMPLE_RATE)
    changed = None if asked is None else line.break_near(asked)
    beats = line.whole_beats()
    due = line.due(beats, () if changed is None else (changed,))
    loops = [_loop_between(model, heard, clock, beats_per_minute, beats, due, -np.inf, changed or np.inf)]
    if then is not None and changed is not None:
        loops += [loops[0].faster(then / beats_per_minute), _loop_between(model, heard, clock, then, beats, due, changed, np.inf)]
    phases = beat_phases(heard, clock.frame_at, loops, beats, due)
    if loop_free:
        # Link's beats are those of the bar: which of the loop's two bars is on, every peer decides for itself.
        other = beat_phases(heard, clock.frame_at, loops, beats + BEATS_PER_BAR, due)
        phases = max(phases, other, key=lambda each: float(np.sum(each.correlation)))
    return Followed(phases, clock, line, tuple(loops), changed, _unsteady(line, beats_per_minute, then, changed), attempt, summary)


def _loop_between(
    model: Model,
    heard: DoubleArray,
    clock: CaptureClock,
    beats_per_minute: float,
    beats: NDArray[np.int64],
    due: DoubleArray,
    first: float,
    last: float,
) -> Loop:
    """The loop that sounds in a stretch of one tempo, told by its last beats."""
    there = np.flatnonzero((due >= first) & (due < last))[-LISTENED_BEATS:]
    return most_alike(heard, clock.frame_at, home_loops(model, beats_per_minute), beats[there], due[there])


def _unsteady(line: BeatLine, beats_per_minute: float, then: float | None, changed: float | None) -> int:
    if then is None or changed is None:
        return line.unsteady(beats_per_minute)
    before, after = line.seconds < changed, line.seconds >= changed
    parts = ((before, beats_per_minute), (after, then))
    return sum(BeatLine(line.beat[part], line.seconds[part]).unsteady(tempo) for part, tempo in parts)
