"""Gaps and clicks in a capture, beside the loop that should sound there.

A gap is a run of (almost) nothing where the loop has sound. A click is a peak above `CLICK_HZ` that the loop does not have within
`AROUND_SECONDS` of that place: drums have such peaks on their attacks, which is why it is held against the loop's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.signal import butter, sosfiltfilt

from bridge.mel_spectrogram import FloatArray
from tests.rigs.beat_phase import Loop

DoubleArray = NDArray[np.float64]

SILENT = 1e-4
"""-80 dB."""
SHORTEST_GAP_SECONDS = 0.005
SOUNDING = 1e-3
"""What the loop must reach at such a place for silence to be a gap: -60 dB."""

CLICK_HZ = 12000.0
AROUND_SECONDS = 0.004
"""A ring that is painted anew has its attacks where they were, give or take this with its window."""
LEAST_PEAK = 0.03
"""Of the loop's highest peak: a click that is lower lies under the noise of any painting."""


def gaps(samples: FloatArray, beats: DoubleArray, loop: Loop) -> list[tuple[int, int]]:
    """Where the sound is broken: (first frame, frames) of each gap in samples (n,), whose frames lie on `beats` (n,) of the
    loop."""
    shortest = round(SHORTEST_GAP_SECONDS * loop.sample_rate)
    silent = np.abs(samples) < SILENT
    edges = np.flatnonzero(np.diff(np.concatenate([[False], silent, [False]]).astype(np.int8)))
    found = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        if end - first > shortest and np.abs(loop.samples[_places(beats[first:end], loop)]).max() > SOUNDING:
            found.append((int(first), int(end - first)))
    return found


def click_db(samples: FloatArray, tracks: Sequence[DoubleArray], loops: Sequence[Loop]) -> float:
    """By how much the highest peak above `CLICK_HZ` in samples (n,) rises above what the loops have around its place, in dB.

    Each of `tracks` (n,) says on which beats of the loops the frames may lie. Two paintings of one loop differ by some decibels
    too: what is a click is told by the same figure of a stretch without any.
    """
    allowed = np.max([_peaks(loop)[_places(beats, loop)] for loop in loops for beats in tracks], axis=0)
    ratio = np.abs(_above(samples, loops[0].sample_rate)) / allowed
    return float(20.0 * np.log10(max(float(ratio.max(initial=0.0)), 1e-6)))


def _places(beats: DoubleArray, loop: Loop) -> NDArray[np.int64]:
    return np.rint(beats / loop.beats * len(loop.samples)).astype(np.int64) % len(loop.samples)


def _above(samples: FloatArray, sample_rate: float) -> DoubleArray:
    return sosfiltfilt(butter(4, CLICK_HZ, "highpass", fs=sample_rate, output="sos"), samples)


def _peaks(loop: Loop) -> DoubleArray:
    """The highest that the loop has above `CLICK_HZ` around each of its samples, and never less than the least that counts."""
    length = len(loop.samples)
    above = np.abs(_above(np.tile(loop.samples, 3), loop.sample_rate))[length : 2 * length]
    around = maximum_filter1d(above, 2 * round(AROUND_SECONDS * loop.sample_rate) + 1, mode="wrap")
    return np.maximum(around, LEAST_PEAK * above.max())
