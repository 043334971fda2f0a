"""Where the beats of a capture lie against those of a master, in milliseconds for each beat.

What sounds is known: the loop, rendered offline at the master's tempo. But a ring that was painted step by step, or at a tempo a
thousandth away, has other noise in its snares: its waveform correlates by 0.3 to 0.9 only. What stays the same is how the level
of each band rises and falls. So of each beat the envelopes of four bands, from just before the beat on, are sought in those of
the capture around the moment at which the master means that beat. The peak of the normalised cross-correlation, averaged over the
bands, is when the beat sounded; a parabola through its three highest values finds it between the samples. Where loop and capture
are the same sound that is exact; from one painting to another it moves a beat by 0.2 ms at most (both were measured on the
shipped model). What correlates too little is dropped and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray
from scipy.signal import butter, sosfiltfilt

from bridge.limiter import LATENCY_FRAMES, Limiter
from bridge.mel_spectrogram import BEATS_PER_BAR, ENGINE_SAMPLE_RATE, FloatArray
from bridge.model import Model
from bridge.offline import render_take

DoubleArray = NDArray[np.float64]

BEFORE_SECONDS, AFTER_SECONDS = 0.02, 0.23
"""What is looked at of a beat, before and after it: its attack and what follows."""

SEARCHED_SECONDS = 0.06
"""How far from where it is meant a beat is sought, either way."""

BANDS_HZ = ((40.0, 150.0), (150.0, 600.0), (600.0, 2400.0), (2400.0, 12000.0))
"""Kick, body of the snare, its noise, hats."""

ENVELOPE_HZ = 120.0
"""Envelopes are smoothed above this, and kept at a tenth of the sample rate."""
DECIMATION = 10

LEAST_CORRELATION = 0.4
"""Less than this is another sound: the same beat of another painting has 0.5 to 0.9, of a loop at 126 instead of 140 BPM 0.2 to
0.4."""

MOST_OFF = 0.003
"""A ring whose tempo is no farther off than this is not painted anew."""
LOOPS_TRIED = 7
"""Tempos within that: rings that are a thousandth apart have other noise."""

BEATS_COMPARED = 8
"""In a row, to tell which beat of the loop sounds: single beats of a break may be alike."""


@dataclass(frozen=True)
class Loop:
    """One loop as it should sound: `samples` (n,) at `sample_rate`, `beats` of them; it repeats after n."""

    samples: FloatArray
    sample_rate: float
    beats: int

    def faster(self, factor: float) -> Loop:
        """The same loop played faster, as a sampler does."""
        places = np.arange(round(len(self.samples) / factor)) * factor
        ring = np.append(self.samples, self.samples[0])
        return Loop(np.interp(places, np.arange(len(ring)), ring).astype(np.float32), self.sample_rate, self.beats)


def home_loop(model: Model, beats_per_minute: float, sample_rate: int = ENGINE_SAMPLE_RATE) -> Loop:
    """What `vamen play --drift 0` plays when nobody touches it: the model's first slot, through the limiter.

    It is the second round of the loop: what the limiter makes of all that follow, too.
    """
    spec = model.metadata.spec
    limiter, bars = Limiter(), spec.beats // BEATS_PER_BAR
    played = np.concatenate(list(render_take(model, [], beats_per_minute, 3 * bars)))
    limited = limiter.process(played)[LATENCY_FRAMES:]
    length = spec.loop_length(beats_per_minute)
    if sample_rate != ENGINE_SAMPLE_RATE:
        limited = soxr.resample(limited, ENGINE_SAMPLE_RATE, sample_rate)
        length = round(length * sample_rate / ENGINE_SAMPLE_RATE)
    return Loop(limited[length : 2 * length], sample_rate, spec.beats)


def home_loops(model: Model, beats_per_minute: float, sample_rate: int = ENGINE_SAMPLE_RATE) -> list[Loop]:
    """What it may play behind a clock of this tempo: its own measure of that is a little off, and so is the ring it paints."""
    factors = 1.0 + np.linspace(-MOST_OFF, MOST_OFF, LOOPS_TRIED)
    return [home_loop(model, beats_per_minute * float(factor), sample_rate) for factor in factors]


@dataclass(frozen=True)
class BeatPhases:
    """Every beat that was found, in order.

    `beat` (n,) the master's number for it; `due` (n,) when the master meant it, in its seconds; `phase_ms` (n,) by how much later
    it sounded; `correlation` (n,) with what it should be. `dropped` are the numbers of those that were not found. `shift` is by
    how many beats the loop lies beside the master's count: (the beat that sounds - the beat that is meant) modulo the loop, for
    every run of `BEATS_COMPARED` beats.
    """

    beat: NDArray[np.int64]
    due: DoubleArray
    phase_ms: DoubleArray
    correlation: DoubleArray
    dropped: tuple[int, ...]
    shift: NDArray[np.int64]

    @property
    def p95_ms(self) -> float:
        """The 95th percentile of the phase's size; infinite where nothing was found."""
        return float(np.percentile(np.abs(self.phase_ms), 95)) if len(self.phase_ms) else np.inf


def beat_phases(
    heard: DoubleArray, frame_at: Callable[[DoubleArray], ArrayLike], loops: Sequence[Loop], beats: ArrayLike, due: ArrayLike
) -> BeatPhases:
    """Measure `beats` (n,), whole numbers that the master means for the moments `due` (n,), in a capture's `envelopes`.

    `frame_at` says which frame of the capture (with its fraction) sounded at a moment. Of several `loops` that may sound each
    beat is held against the one that it is most like. The capture's sample rate is theirs, give or take a tenth of a percent.
    """
    sample_rate = loops[0].sample_rate
    numbers, moments = np.asarray(beats, dtype=np.int64), np.asarray(due, dtype=np.float64)
    places = np.asarray(frame_at(moments), dtype=np.float64) / DECIMATION
    before, after, reach = (
        round(seconds * sample_rate / DECIMATION) for seconds in (BEFORE_SECONDS, AFTER_SECONDS, SEARCHED_SECONDS)
    )
    inside = (places >= before + reach) & (places + after + reach + 1 < heard.shape[1])
    numbers, moments, places = numbers[inside], moments[inside], places[inside]
    stretches = [_stretches(loop, before, after) for loop in loops]
    alike = np.zeros((len(numbers), loops[0].beats))
    late = np.zeros(len(numbers))
    for row, place in enumerate(places):
        begin = int(np.floor(place)) - before - reach
        window = heard[:, begin : begin + before + after + 2 * reach + 1]
        for beat in range(alike.shape[1]):
            found, alike[row, beat] = max((best_place(window, of[beat]) for of in stretches), key=lambda each: each[1])
            if beat == numbers[row] % alike.shape[1]:
                late[row] = begin + found + before - place
    own = alike[np.arange(len(numbers)), numbers % alike.shape[1]]
    found_at_all = own >= LEAST_CORRELATION
    return BeatPhases(
        beat=numbers[found_at_all],
        due=moments[found_at_all],
        phase_ms=1000.0 * DECIMATION * late[found_at_all] / sample_rate,
        correlation=own[found_at_all],
        dropped=tuple(int(number) for number in numbers[~found_at_all]),
        shift=_shifts(alike, numbers),
    )


def most_alike(
    heard: DoubleArray, frame_at: Callable[[DoubleArray], ArrayLike], loops: Sequence[Loop], beats: ArrayLike, due: ArrayLike
) -> Loop:
    """The one of several loops that sounds in a capture, told by a few of its beats."""
    alike = [float(np.sum(beat_phases(heard, frame_at, [loop], beats, due).correlation)) for loop in loops]
    return loops[int(np.argmax(alike))]


def envelopes(samples: FloatArray, sample_rate: float) -> DoubleArray:
    """How the level of each band of a capture (n,) rises and falls: (bands, n / 10)."""
    return np.gradient(_levels(samples, sample_rate)[:, ::DECIMATION], axis=1)


def _levels(samples: FloatArray, sample_rate: float) -> DoubleArray:
    """The square root of each band's envelope: (bands, n)."""
    smooth = butter(2, ENVELOPE_HZ, fs=sample_rate, output="sos")
    bands = [sosfiltfilt(butter(2, band, "bandpass", fs=sample_rate, output="sos"), samples) for band in BANDS_HZ]
    return np.sqrt(np.maximum(sosfiltfilt(smooth, np.abs(bands)), 0.0))


def _stretches(loop: Loop, before: int, after: int) -> list[DoubleArray]:
    """Of each beat of a loop the envelopes around it: (bands, before + after)."""
    # Three rounds, so that filters and stretches find on both sides what sounds there.
    length = len(loop.samples)
    levels = _levels(np.tile(loop.samples, 3), loop.sample_rate)
    found = []
    for beat in range(loop.beats):
        # One sample more on either side, which the derivative needs.
        around = length + round(beat * length / loop.beats) + DECIMATION * np.arange(-before - 1, after + 1)
        found.append(np.gradient(levels[:, around], axis=1)[:, 1:-1])
    return found


def best_place(window: DoubleArray, stretch: DoubleArray) -> tuple[float, float]:
    """Where a stretch (bands, m) lies in a window (bands, n >= m), in samples with their fraction, and how well it correlates
    there on average (-1..1)."""
    alike = np.zeros(window.shape[1] - stretch.shape[1] + 1)
    for wide, sought in zip(window, stretch, strict=True):
        product = np.correlate(wide, sought, mode="valid")
        energy = np.cumsum(np.concatenate([[0.0], wide**2]))
        size = np.sqrt(np.maximum(energy[len(sought) :] - energy[: -len(sought)], 0.0) * np.sum(sought**2))
        alike += np.divide(product, size, out=np.zeros_like(product), where=size > 1e-12) / len(window)
    best = int(np.argmax(alike))
    if not 0 < best < len(alike) - 1:
        return float(best), float(alike[best])
    left, top, right = alike[best - 1 : best + 2]
    bend = left - 2.0 * top + right
    return best + (0.5 * (left - right) / bend if bend < 0.0 else 0.0), float(top)


def _shifts(alike: DoubleArray, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each run of beats, by how many the loop has to be moved to fit best; one run where there are fewer."""
    if not len(numbers):
        return np.zeros(0, dtype=np.int64)
    beats = alike.shape[1]
    moved = np.stack([alike[np.arange(len(numbers)), (numbers + shift) % beats] for shift in range(beats)], axis=1)
    run = min(BEATS_COMPARED, len(moved))
    sums = np.cumsum(np.concatenate([np.zeros((1, beats)), moved]), axis=0)
    return np.argmax(sums[run:] - sums[:-run], axis=1)
