"""From an image's mel rows back to linear magnitudes: precomputed sparse products, and two cheap updates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from bridge.halves import in_halves
from bridge.mel_spectrogram import FloatArray, MelSpectrogramSpec, mel_filter_bank, power_from_image, spectrum_scale

_UPDATES = 2
_RIDGE = 1e-2
_LEFT_OUT = 1e-3
"""Entries of the inverse below this share of its largest are left out: forty filters away nothing is to be learnt about a bin,
and one product in fifty is left."""


@dataclass(frozen=True)
class _Inversion:
    """Sparse ridge inverse (n_bins, n_mels), bank (n_mels, n_bins), its transpose, and the floor's weights (n_bins, 1)."""

    inverse: scipy.sparse.csr_array
    bank: scipy.sparse.csr_array
    transpose: scipy.sparse.csr_array
    floor: FloatArray


@lru_cache(maxsize=4)
def _inversion(spec: MelSpectrogramSpec) -> _Inversion:
    bank = mel_filter_bank(spec).astype(np.float64)
    inverse = np.linalg.solve(bank.T @ bank + _RIDGE * np.eye(spec.n_bins), bank.T)
    inverse[np.abs(inverse) < _LEFT_OUT * np.abs(inverse).max()] = 0.0
    floor = 1.0 / np.maximum(bank.T @ bank.sum(axis=1), 1e-6)
    sparse = scipy.sparse.csr_array(bank.astype(np.float32))
    return _Inversion(
        scipy.sparse.csr_array(inverse.astype(np.float32)),
        sparse,
        scipy.sparse.csr_array(sparse.T),
        floor.astype(np.float32)[:, np.newaxis],
    )


def linear_magnitude(columns: NDArray[Any], spec: MelSpectrogramSpec) -> FloatArray:
    """Magnitudes, as `short_time_spectrum` has them, behind image columns (n_mels, m); never negative: (m, n_bins).

    A precomputed ridge inverse, clipped, then two multiplicative updates (Lee and Seung, "Algorithms for non-negative matrix
    factorization", 2001, with the filter bank as the fixed factor): together as near as 30 updates from a flat start.
    """
    known = _inversion(spec)
    scale = np.float32(1.0 / spectrum_scale(spec.n_fft_engine))
    magnitude = np.empty((columns.shape[1], spec.n_bins), dtype=np.float32)

    def invert(frames: slice) -> None:
        power = power_from_image(np.ascontiguousarray(columns[:, frames]), spec)
        projected = known.transpose @ power
        # The floor keeps a bin that the clipping silenced alive, so that an update can still raise it.
        estimate = np.maximum(known.inverse @ power, np.float32(1e-3) * known.floor * projected)
        for _ in range(_UPDATES):
            again = known.transpose @ (known.bank @ estimate)
            np.maximum(again, np.float32(1e-20), out=again)
            np.divide(projected, again, out=again)
            estimate *= again
        np.sqrt(estimate, out=estimate)
        np.multiply(estimate.T, scale, out=magnitude[frames])

    in_halves(invert, columns.shape[1])
    return magnitude
