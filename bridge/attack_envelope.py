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
_ITERATIONS = 24
"""Their corrections are taken to the power of 1.75, as 1, 1/2 and 1/4: nearly halves their number; 2 is the limit."""


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
    around_the_ring = np.concatenate([block_power[-reach:], block_power, block_power[:reach]])
    before = np.convolve(around_the_ring, np.full(_SMOOTHING_BLOCKS, 1.0 / _SMOOTHING_BLOCKS), "valid") + _SILENCE

    # Hops along the rows: products of small matrices, and whole rows that are added.
    seen_hops = (np.arange(hops) + around[:, None]) % hops + hops * np.arange(len(around))[:, None]
    seeing_frames = (np.arange(hops) - around[:, None]) % hops
    spread = np.ascontiguousarray((weight / weight.sum(axis=0)).T, dtype=np.float32)
    foreign = ~own
    seen_weight, wanted = weight.astype(np.float32), energy.astype(np.float32)
    after = np.ascontiguousarray(before.reshape(hops, _BLOCKS_PER_HOP).T, dtype=np.float32)
    for _ in range(_ITERATIONS):
        found = np.take(seen_weight @ after, seen_hops).sum(axis=0)
        ratio = np.minimum(wanted / np.maximum(found, np.float32(_SILENCE)), np.float32(_MOST_RISE))
        np.copyto(ratio, 1.0, where=foreign)
        change = spread @ np.take(ratio, seeing_frames)
        root = np.sqrt(change)
        after *= change * root * np.sqrt(root)
    block_gain = np.minimum(_TOLERANCE * np.sqrt(after.T.ravel() / before), 1.0)
    middle = (starts[1:] + starts[:-1]) / 2
    # Most of a loop is left as it is: only what is not is interpolated.
    quiet = block_gain < 1.0
    quiet |= np.roll(quiet, 1) | np.roll(quiet, -1)
    touched = np.flatnonzero(np.repeat(quiet, np.diff(edges)))
    gain = np.ones(length, dtype=np.float32)
    gain[touched] = np.interp(touched + 0.5, middle, block_gain, period=length)
    return gain
