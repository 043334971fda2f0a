"""Silence before an attack: what an inversion smears ahead of a hit is taken away again.

Phases that are not quite right spread an attack over the whole window of every frame that sees it, so a hit out of silence
begins with a whisper. But the energies of the frames are the sound's envelope seen through the window, one hop apart. Undoing
that, from the envelope at hand, gives the envelope that has these energies; where it lies far below the one at hand, the
sound is brought down to it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import FloatArray

_BLOCKS_PER_HOP = 8
_SMOOTHING_BLOCKS = 5
_ITERATIONS = 40

_RELAXATION = 1.8
"""Exponent of an iteration's correction: nearly halves their number; 2 is the limit."""

_TOLERANCE = 1.2
"""Cuts up to this factor are left alone: the grain of noise is no fault."""

_SILENCE = 1e-14
"""Mean square below which nothing is heard, full scale = 1: keeps ratios finite."""

_MOST_RISE = 10.0
"""Largest factor by which an iteration may raise what one frame sees."""


def frame_energy(magnitude: FloatArray, n_fft: int) -> NDArray[np.float64]:
    """Energy of windowed frames from the magnitudes of their spectra (m, n_bins), after Parseval: (m,)."""
    power = np.square(magnitude.astype(np.float64))
    return (2.0 * power.sum(axis=1) - power[:, 0]) / n_fft


def hops_in_half_window(n_fft: int, hop: float) -> int:
    """Hops that half an analysis window touches."""
    return int(np.ceil(n_fft / 2 / hop))


@lru_cache(maxsize=16)
def _window_energy(n_fft: int, hop: float) -> NDArray[np.float64]:
    """Samples' weight in the energy of a frame, by hop around its centre and block of that hop: (2 * half, blocks)."""
    half = hops_in_half_window(n_fft, hop)
    place = (np.arange(-half * _BLOCKS_PER_HOP, half * _BLOCKS_PER_HOP) + 0.5) * hop / _BLOCKS_PER_HOP
    window = np.where(np.abs(place) < n_fft / 2, 0.5 + 0.5 * np.cos(2 * np.pi * place / n_fft), 0.0)
    return (np.square(window) * hop / _BLOCKS_PER_HOP).reshape(2 * half, _BLOCKS_PER_HOP)


def attack_gain(
    samples: FloatArray, centres: NDArray[np.int64], energy: NDArray[np.float64], own: NDArray[np.bool_], n_fft: int
) -> FloatArray:
    """Gain 0..1 for the samples from the first centre to the last: (centres[-1] - centres[0],).

    `centres` (hops + 1,) are places in `samples`; the frame that stands on each but the last has to have `energy` (hops,), and
    those that are not `own` (hops,) are left as they are. The hops are a ring, or the outermost half window of them is not `own`.
    Richardson-Lucy deconvolution (L. B. Lucy, "An iterative technique for the rectification of observed distributions", 1974).
    """
    hops = len(energy)
    length = int(centres[-1] - centres[0])
    weight = _window_energy(n_fft, length / hops)
    around = np.arange(-(len(weight) // 2), len(weight) // 2)
    n_blocks = hops * _BLOCKS_PER_HOP
    starts = np.interp(np.arange(n_blocks + 1) / _BLOCKS_PER_HOP, np.arange(hops + 1), centres - centres[0])
    edges = np.rint(starts).astype(np.int64)
    square = np.square(samples[centres[0] : centres[-1]], dtype=np.float64)
    block_power = np.add.reduceat(square, edges[:-1]) / np.diff(edges)
    reach = _SMOOTHING_BLOCKS // 2
    before = sum(np.roll(block_power, shift) for shift in range(-reach, reach + 1)) / _SMOOTHING_BLOCKS + _SILENCE

    seen_blocks = (np.arange(hops)[:, None] * _BLOCKS_PER_HOP + np.arange(weight.size) + around[0] * _BLOCKS_PER_HOP) % n_blocks
    seeing_frames = (np.arange(hops)[:, None] - around) % hops
    total = weight.sum(axis=0)
    after = before.copy()
    for _ in range(_ITERATIONS):
        found = np.maximum(after[seen_blocks] @ weight.ravel(), _SILENCE)
        ratio = np.where(own, np.minimum(energy / found, _MOST_RISE), 1.0)
        after *= np.power(ratio[seeing_frames] @ weight / total, _RELAXATION).ravel()
    gain = np.minimum(_TOLERANCE * np.sqrt(after / before), 1.0)
    middle = (starts[1:] + starts[:-1]) / 2
    return np.interp(np.arange(length) + 0.5, middle, gain, period=length).astype(np.float32)
