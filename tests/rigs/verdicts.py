"""What the rig's runs come to as figures, and the bars that are set for them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import theilslopes

from bridge.mel_spectrogram import BEATS_PER_BAR
from tests.rigs.beat_phase import BeatPhases
from tests.rigs.on_the_one import Followed
from tests.rigs.seams import click_db, gaps
from tests.rigs.transport import Transport
from training.ruler.figures import Bar, Figure

DoubleArray = NDArray[np.float64]

JACK_TEMPOS = (90.0, 126.0, 174.0)
CHANGE = (126.0, 140.0)

MOST_PHASE_MS, MOST_LINK_PHASE_MS = 5.0, 3.0
"""At the 95th percentile."""
MOST_DRIFT_MS = 1.0
"""In the time that was measured, at the worse end of the slope's 95 % interval: none that two minutes could show."""
MOST_UNLOCKED_BEATS, MOST_LINK_UNLOCKED_BEATS = 4.0, 1.0
MOST_CLICK_DB, PAINTINGS_DB = 3.0, 3.0
"""Above 12 kHz, beyond the highest of two bars without a change, where paintings of one loop differ by the second at the least. A
step of 0.1 of full scale has 10 dB, if it is not on an attack."""
MOST_EARLY_MS, MOST_ENTRY_MS = 5.0, 60.0
"""A start comes less than a pulse before its one, at 126 BPM 20 ms; tick, lead and output need more. Until an eighth of a beat
later the bar is entered all the same, on its beat."""
MOST_STOP_MS = 50.0
MOST_AWAY_PERCENT = 0.1
MOST_TAKING_UP_SECONDS = 2.0

DRIFT_BLOCK_SECONDS = 5.0
"""Phases that follow each other are alike: slopes are those between the medians of such blocks."""

PAINTING_SECONDS = 0.5
"""Within this a ring for another tempo has taken over."""

LOCKED_BEATS = 4
"""So many beats in a row within the bar are a lock."""


def drift_ms(due: DoubleArray, phase_ms: DoubleArray) -> tuple[float, float, float]:
    """By how much phases (n,), due at some moments (n,), drift from the first to the last, and its 95 % interval, low and high.

    Median of the slopes between every two blocks (Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968):
    settling at the start, or a stumble of the master, is in the phase's own percentile and is no drift. Infinite where there are
    fewer than four blocks.
    """
    block = ((due - due[0]) // DRIFT_BLOCK_SECONDS).astype(int)
    moments = np.array([np.mean(due[block == number]) for number in np.unique(block)])
    medians = np.array([np.median(phase_ms[block == number]) for number in np.unique(block)])
    if len(moments) < 4:
        return np.inf, -np.inf, np.inf
    found = theilslopes(medians, moments, alpha=0.95)
    length = float(due[-1] - due[0])
    return float(found.slope) * length, float(found.low_slope) * length, float(found.high_slope) * length


def unlocked_beats(phases: BeatPhases, changed: float, beats_per_minute: float, most_ms: float) -> float:
    """How many beats after a change the last one came that was farther off than `most_ms` or not found, before `LOCKED_BEATS`
    in a row were not; infinite where there are no such."""
    there = phases.due >= changed
    if not there.any():
        return np.inf
    # Beats that were not found have their place between those that were.
    first, last = int(np.ceil(np.interp(changed, phases.due, phases.beat))), int(phases.beat[-1])
    beats = np.arange(first, last + 1)
    locked = np.isin(beats, phases.beat[np.abs(phases.phase_ms) <= most_ms])
    runs = np.flatnonzero(np.convolve(locked, np.ones(LOCKED_BEATS), "valid") == LOCKED_BEATS)
    if not len(runs):
        return np.inf
    if runs[0] == 0:
        return 0.0
    return float((np.interp(beats[runs[0] - 1], phases.beat, phases.due) - changed) * beats_per_minute / 60.0)


def steady_figures(followed: Followed, first: float = -np.inf, last: float = np.inf) -> dict[str, Any]:
    """Of the beats that were due between two moments, from the first that sounded on; one that was not found is infinitely
    off."""
    phases = followed.phases
    inside = (phases.due >= first) & (phases.due < last)
    size = np.abs(phases.phase_ms[inside])
    lost = [beat for beat in phases.dropped if inside.any() and phases.beat[inside][0] < beat < phases.beat[inside][-1]]
    all_of_them = np.concatenate([size, np.full(len(lost), np.inf)])
    drift, low, high = drift_ms(phases.due[inside], phases.phase_ms[inside]) if inside.any() else (np.inf, -np.inf, np.inf)
    return {
        "p95": float(np.percentile(all_of_them, 95, method="higher")) if len(all_of_them) else np.inf,
        "median": float(np.median(phases.phase_ms[inside])) if len(size) else np.inf,
        "worst": float(size.max(initial=0.0)),
        "drift": drift,
        "drift_low": low,
        "drift_high": high,
        "most_drift": max(-low, high),
        "beats": len(size),
        "lost": len(lost),
        "wrong": int(np.count_nonzero(phases.shift)),
        "unsteady": followed.unsteady,
        "tries": followed.tries,
        "gaps": int(followed.summary["gaps"]),
        "click_spread": followed.clock.spread_ms[1] - followed.clock.spread_ms[0],
        "clock_drift": 1e6 * followed.clock.drift,
    }


def change_figures(followed: Followed, then: float, most_ms: float) -> dict[str, Any]:
    """Of a change of tempo: how long until it is locked, and whether it can be heard as a gap or a click."""
    assert followed.changed is not None
    changed, phases = followed.changed, followed.phases
    bar = 60.0 * BEATS_PER_BAR / then
    around = _seams(followed, changed - bar, changed + bar)
    steady = _seams(followed, changed - 3.0 * bar, changed - bar)
    return {
        "unlocked_beats": unlocked_beats(phases, changed, then, most_ms),
        "gaps": around[0],
        "click_db": around[1] - max(steady[1], PAINTINGS_DB),
        "around_click_db": around[1],
        "steady_click_db": steady[1],
        "first_phase": float(phases.phase_ms[phases.due >= changed][0]) if (phases.due >= changed).any() else np.inf,
        "after": steady_figures(followed, first=changed + bar),
    }


def _seams(followed: Followed, first: float, last: float) -> tuple[int, float]:
    """Gaps and the highest click between two moments."""
    clock, line, changed = followed.clock, followed.line, followed.changed
    assert changed is not None
    beats = line.whole_beats()
    due = line.due(beats, (changed,))
    begin, end = (int(clock.frame_at(min(max(moment, due[0]), due[-1]))) for moment in (first, last))
    moments = clock.moment_of(np.arange(begin, end))
    # Where the master is, give or take the phase's error, which is less than what is looked at around each place.
    places = np.interp(moments, due, beats)
    # What sounds goes on at the old tempo until it has been painted anew.
    old = line.between(-np.inf, changed)
    period, offset = np.polyfit(old.beat - old.beat[-1], old.seconds - changed, 1)
    goes_on = np.where(moments < changed + PAINTING_SECONDS, old.beat[-1] + (moments - changed - offset) / period, places)
    samples = clock.samples[begin:end]
    return len(gaps(samples, places, followed.loops[-1])), click_db(samples, (places, goes_on), followed.loops)


def transport_figures(transport: Transport) -> dict[str, Any]:
    """As a nested dictionary."""
    return asdict(transport)


def figures() -> tuple[Figure, ...]:
    """Every figure of `make rig`, in the order of its report."""
    found: list[Figure] = []
    for tempo in JACK_TEMPOS:
        found += _steady(f"jack_midi_clock at {tempo:g} BPM", f"jack.{tempo:g}", MOST_PHASE_MS, drifts=True)
    found += _steady("jack_midi_clock at 126 BPM, a sink at 48000 Hz", "jack.48000", MOST_PHASE_MS, drifts=False)
    found += _change("jack_midi_clock from 126 to 140 BPM", "jack.change", MOST_PHASE_MS, MOST_UNLOCKED_BEATS)
    found += _steady("Ableton Link at 126 BPM", "link.steady", MOST_LINK_PHASE_MS, drifts=True)
    found += _change("Ableton Link from 126 to 140 BPM", "link.change", MOST_LINK_PHASE_MS, MOST_LINK_UNLOCKED_BEATS)
    section = "transport of jack_midi_clock"
    for path, label in (("start", "first start"), ("going_on", "continue"), ("again", "second start")):
        beside = (("phase of the first bar, ms", f"transport.{path}.phase_ms"),)
        found.append(Figure(section, f"transport.{path}.late_ms", f"{label}: from the bar line that was meant to the first sound",
                            "ms", "less", Bar(-MOST_EARLY_MS, MOST_ENTRY_MS), beside))  # fmt: skip
    found += [
        Figure(section, "transport.stop_ms", "from stop to silence, the longest", "ms", "less", Bar(at_most=MOST_STOP_MS)),
        Figure(section, "transport.away_percent", "tempo while the master is away, off by %", "", "less",
               Bar(at_most=MOST_AWAY_PERCENT), (("worst beat, ms", "transport.away_ms"),)),
        Figure(section, "transport.taken_up_seconds", "from its return to the last beat that is 5 ms off", "s", "less",
               Bar(at_most=MOST_TAKING_UP_SECONDS),
               (("it came back later by ms", "transport.moved_ms"),
                *((name, f"transport.{name}") for name in ("unsteady", "tries")))),
    ]  # fmt: skip
    return tuple(found)


def _steady(section: str, path: str, most_ms: float, drifts: bool) -> list[Figure]:
    names = ("median", "worst", "beats", "lost", "gaps", "unsteady", "tries")
    found = [
        Figure(section, f"{path}.p95", "phase of the beats, p95", "ms", "less", Bar(at_most=most_ms),
               tuple((name, f"{path}.{name}") for name in names)),
        Figure(section, f"{path}.wrong", "runs of eight beats in which another beat sounds", "", "less", Bar(at_most=0.0)),
    ]  # fmt: skip
    drift = Figure(section, f"{path}.most_drift", "drift from the first to the last beat, at most", "ms", "less",
                   Bar(at_most=MOST_DRIFT_MS),
                   (("drift", f"{path}.drift"), ("95 % from", f"{path}.drift_low"), ("to", f"{path}.drift_high")))  # fmt: skip
    return [*found, drift] if drifts else found


def _change(section: str, path: str, most_ms: float, most_beats: float) -> list[Figure]:
    return [
        Figure(section, f"{path}.unlocked_beats", f"last beat that is {most_ms:g} ms off, in beats after the change", "",
               "less", Bar(at_most=most_beats), (("first beat, ms", f"{path}.first_phase"),)),
        Figure(section, f"{path}.after.p95", "phase of the beats from a bar later on, p95", "ms", "less", Bar(at_most=most_ms),
               tuple((name, f"{path}.after.{name}") for name in ("median", "worst", "beats", "lost"))),
        Figure(section, f"{path}.gaps", "gaps within a bar of the change", "", "less", Bar(at_most=0.0)),
        Figure(section, f"{path}.click_db", "highest peak above 12 kHz, beyond that of two bars before the change", "dB", "less",
               Bar(at_most=MOST_CLICK_DB),
               (("beside the loop's own", f"{path}.around_click_db"), ("before", f"{path}.steady_click_db"))),
    ]  # fmt: skip
