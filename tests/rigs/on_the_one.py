"""`vamen play` behind a master that is not ours: what a sound card would have played, held against the master's beats."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import BEATS_PER_BAR
from bridge.midi_clock import START
from bridge.model import Model
from tests.benchmarks.instrument import started
from tests.benchmarks.listening import Listener, listening
from tests.rig import NullSinks, Playing
from tests.rigs.awake import awake_cores
from tests.rigs.beat_line import BeatLine
from tests.rigs.beat_phase import BeatPhases, Loop, beat_phases, envelopes, home_loops
from tests.rigs.clicks import CaptureClock, calibrated, play_clicks
from tests.rigs.jack_master import PORT, jack_master, runs
from tests.rigs.link_master import link_master

DoubleArray = NDArray[np.float64]

SINK = "rig"
CLICKS = 8
SETTLED_SECONDS = 0.5
"""After the end of what is measured, before the capture is taken: its last beat must have been heard to its end."""

LOCKED_MS = 5.0

LISTENED_BEATS = 12
"""Of a stretch, to tell which of several paintings sounds."""


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
    `unsteady` how many of its own beats were not in tempo, `tries` how many runs it took, `summary` what `vamen play` said at its
    end.
    """

    phases: BeatPhases
    clock: CaptureClock
    line: BeatLine
    loops: tuple[Loop, ...]
    changed: float | None
    unsteady: int
    summary: dict[str, str]
    tries: int = 1

    @property
    def steady(self) -> bool:
        """Whether the master was one.

        Where it stands still for whole pulses, or drops some of them besides, no listener of pulses can know what it meant.
        """
        return not self.unsteady


def behind_jack(
    sinks: NullSinks, model: Model, beats_per_minute: float, seconds: float, then: float | None = None, clicks: int = CLICKS
) -> Followed:
    """Follow `jack_midi_clock` for some seconds; with `then`, its tempo becomes that one, for as long again."""
    with jack_master(beats_per_minute) as master, on_stage(sinks, *midi_options(beats_per_minute), clicks=clicks) as stage:
        master.until(START, master.play)
        time.sleep(seconds)
        asked = None
        if then is not None:
            asked = time.perf_counter()
            master.set_tempo(then)
            time.sleep(seconds)
        master.stop()
        time.sleep(SETTLED_SECONDS)
        clock = stage.heard()
        stage.playing.finish()
    line = runs(master.messages, master.own_time)[0].pulses
    return _followed(model, sinks.sample_rate, clock, line, Tempos(beats_per_minute, then, asked), stage.playing.summary)


def behind_link(
    sinks: NullSinks, model: Model, beats_per_minute: float, seconds: float, then: float, then_seconds: float
) -> Followed:
    """Follow a Link peer for some seconds, and for some more at the tempo `then`."""
    with (
        link_master(beats_per_minute) as master,
        on_stage(sinks, "--clock", "link", "--bpm", beats_per_minute) as stage,
    ):
        master.wait_for_peer()
        begun = master.play()
        time.sleep(seconds)
        asked = master.set_tempo(then)
        time.sleep(then_seconds)
        stopped = master.stop()
        time.sleep(SETTLED_SECONDS)
        clock = stage.heard()
        stage.playing.finish()
    said = master.line()
    # The first bar line after the start is where it enters.
    entered = np.interp(begun, said.seconds, said.beat) // BEATS_PER_BAR * BEATS_PER_BAR + BEATS_PER_BAR
    inside = (said.beat >= entered) & (said.seconds <= stopped)
    line = BeatLine(said.beat[inside], said.seconds[inside])
    tempos = Tempos(beats_per_minute, then, asked)
    return _followed(model, sinks.sample_rate, clock, line, tempos, stage.playing.summary, bars_free=True)


def midi_options(beats_per_minute: float) -> tuple[object, ...]:
    """How `vamen play` is told to follow the rig's master."""
    return "--clock", "midi", "--midi-in", PORT, "--bpm", beats_per_minute


@dataclass(frozen=True)
class Tempos:
    """What the master was asked for: a tempo, and another from the moment `asked` on, if there is one."""

    first: float
    then: float | None
    asked: float | None


def _followed(
    model: Model,
    sample_rate: int,
    clock: CaptureClock,
    line: BeatLine,
    tempos: Tempos,
    summary: dict[str, str],
    bars_free: bool = False,
) -> Followed:
    """Measure all beats; `bars_free` where master and instrument need not agree on which of the loop's bars is on."""
    heard = envelopes(clock.samples, sample_rate)
    changed = None if tempos.asked is None else line.break_near(tempos.asked)
    beats = line.whole_beats()
    due = line.due(beats, () if changed is None else (changed,))

    def measured(loops: Sequence[Loop], there: NDArray[np.bool_]) -> BeatPhases:
        """Link's beats are those of the bar: which bar of the loop is on, every peer decides for itself."""
        starts = range(0, loops[0].beats, BEATS_PER_BAR) if bars_free else (0,)
        found = [beat_phases(heard, clock.frame_at, loops, beats[there] + start, due[there]) for start in starts]
        return max(found, key=lambda phases: float(np.sum(phases.correlation)))

    def sounding(beats_per_minute: float, there: NDArray[np.bool_]) -> Loop:
        """The painting that is heard at one tempo, told by its last beats there."""
        last = there & (np.cumsum(there) > np.count_nonzero(there) - LISTENED_BEATS)
        loops = home_loops(model, beats_per_minute, sample_rate)
        return max(loops, key=lambda loop: float(np.sum(measured([loop], last).correlation)))

    before = due < (np.inf if changed is None else changed)
    loops = [sounding(tempos.first, before)]
    unsteady = line.between(-np.inf, changed or np.inf).unsteady(tempos.first)
    if tempos.then is not None and changed is not None:
        # Until it has been painted anew, the old ring is played faster.
        loops += [loops[0].faster(tempos.then / tempos.first), sounding(tempos.then, ~before)]
        unsteady += line.between(changed, np.inf).unsteady(tempos.then)
    everywhere = np.ones(len(beats), dtype=bool)
    return Followed(measured(loops, everywhere), clock, line, tuple(loops), changed, unsteady, summary)
