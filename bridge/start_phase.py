"""Starting phases from magnitudes alone: phase-gradient integration, without a heap and without a compiler.

Prusa, Balazs and Sondergaard, "A noniterative method for reconstruction of phase from STFT magnitude", 2017, integrate the
phase's gradient from the loudest point outwards, in the order of a heap. Here each frame takes every bin's phase either along
time from the frame before or along frequency from a neighbour, whichever path is louder at its quietest point: the widest path.
Which way a phase comes is a matter of magnitudes alone, so it is found for all frames at once; what is left to do frame after
frame is to look up and to add.

Phases are counted in turns here: a whole turn is 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.halves import in_halves
from bridge.mel_spectrogram import FloatArray

ComplexArray = NDArray[np.complex64]

_TURN = np.float32(2 * np.pi)

_TIME_BANDWIDTH = 0.25645
"""Ratio gamma / n_fft**2 of the Gaussian nearest to a Hann window (Prusa, Balazs, Sondergaard 2017, table I)."""

_SWEEPS = 6
"""Sweeps up and down the bins that approximate the widest paths."""


@dataclass(frozen=True)
class PhasePaths:
    """How the phases of m frames follow from those of the frame before: a matter of magnitudes alone.

    `anchor` (m, n_bins) is the bin of the frame before from which each bin's phase is reckoned, `change` (m, n_bins) what is to
    be added to it, `start` (n_bins,) the phases before the first frame.
    """

    anchor: NDArray[np.int64]
    change: FloatArray
    start: FloatArray


def phase_paths(magnitude: FloatArray, n_low: int, before: ComplexArray | None, hop: float, n_fft: int) -> PhasePaths:
    """The paths on which the phases of m frames are found.

    `magnitude` (m + 2, n_bins) has one frame more on either side, `before` (n_bins,) is the spectrum of the frame before the
    first (None: start from silence), `hop` the mean distance of two frames in samples. The `n_low` lowest bins, whose phases may
    be decided, go along time always, and their neighbours may follow them.
    """
    spectrum = np.zeros(magnitude.shape[1], dtype=np.complex64) if before is None else before
    width = np.concatenate([np.abs(spectrum)[np.newaxis], magnitude[1:-2]])
    width[:, :n_low] = np.inf
    anchor = _anchors(width, magnitude[1:-1])
    floor = np.float32(1e-7 * max(float(magnitude.max()), 1e-7))
    advance, height = _gradients(np.log(np.maximum(magnitude, floor)), hop, n_fft)
    advance -= height
    change = np.take_along_axis(advance, anchor, axis=1)
    change += height
    return PhasePaths(anchor, change, np.angle(spectrum) / _TURN)


def start_phases(paths: PhasePaths, low: ComplexArray) -> ComplexArray:
    """Starting phasors of m frames: (m, n_bins); `low` (m, low_bins) are the decided phasors of the low band, 0 where free."""
    n_low = low.shape[1]
    # The phases before each frame that lead to the decided ones.
    low_before = np.angle(low) / _TURN - paths.change[:, :n_low]
    phase, turns = paths.start, np.empty_like(paths.change)
    decided = (low[:, 0] != 0).tolist()
    for is_decided, low_phase, bins, change, reached in zip(decided, low_before, paths.anchor, paths.change, turns, strict=True):
        if is_decided:
            phase = phase.copy()
            phase[:n_low] = low_phase
        phase.take(bins, out=reached, mode="clip")
        reached += change
        phase = reached
    phasor = np.empty(turns.shape, dtype=np.complex64)

    def turn(rows: slice) -> None:
        angle = turns[rows] - np.rint(turns[rows])
        angle *= _TURN
        phasor.real[rows] = np.cos(angle)
        phasor.imag[rows] = np.sin(angle)

    in_halves(turn, len(turns))
    return phasor


def _anchors(width: FloatArray, magnitude: FloatArray) -> NDArray[np.int64]:
    """The bin whose phase, carried over from the frame before, each bin's own is reckoned from: (m, n_bins).

    `width` (m, n_bins) is how wide the path along time is, `magnitude` (m, n_bins) how wide the way along frequency.
    """
    n_bins = width.shape[1]
    path = width.copy()
    narrow = np.empty((len(path), n_bins - 1), dtype=np.float32)
    for _ in range(_SWEEPS):
        np.minimum(path[:, :-1], magnitude[:, :-1], out=narrow)
        np.maximum(path[:, 1:], narrow, out=path[:, 1:])
        np.minimum(path[:, 1:], magnitude[:, 1:], out=narrow)
        np.maximum(path[:, :-1], narrow, out=path[:, :-1])
    anchored = path <= width
    # The nearest anchored bin on either side. Products, where a choice element by element would take ten times as long.
    bins, beyond = np.arange(n_bins, dtype=np.int16), np.int16(n_bins)
    left = np.maximum.accumulate(anchored * bins, axis=1)
    right = np.minimum.accumulate((anchored * (bins - beyond) + beyond)[:, ::-1], axis=1)[:, ::-1]
    to_the_left = bins - left <= right - bins
    np.minimum(right, beyond - np.int16(1), out=right)
    left -= right
    left *= to_the_left
    left += right
    return left.astype(np.int64)


def _gradients(level: FloatArray, hop: float, n_fft: int) -> tuple[FloatArray, FloatArray]:
    """How far each bin's phase goes on from the frame before, and how it rises along the bins from bin 0, in turns.

    From the logarithm of magnitudes (m + 2, n_bins): both (m, n_bins). Prusa et al., section III.
    """
    n_bins = level.shape[1]
    gamma, bin_width = _TIME_BANDWIDTH * n_fft**2, 2 * np.pi / n_fft
    slope = np.zeros((len(level) - 1, n_bins), dtype=np.float32)
    np.subtract(level[:-1, 2:], level[:-1, :-2], out=slope[:, 1:-1])
    slope[:, 1:-1] += level[1:, 2:]
    slope[:, 1:-1] -= level[1:, :-2]
    steady = hop * np.arange(n_bins) / n_fft
    advance = slope[:-1] * np.float32(hop / gamma / bin_width / 4)
    advance += (steady - np.rint(steady)).astype(np.float32)
    rise = level[2:] - level[:-2]
    rise *= np.float32(-gamma * bin_width / hop / (2 * np.pi) ** 2 / 2)
    height = np.zeros_like(rise)
    np.cumsum((rise[:, 1:] + rise[:, :-1]) / 2, axis=1, out=height[:, 1:])
    return advance, height
