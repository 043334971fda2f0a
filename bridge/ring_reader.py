"""Reads a ring between its samples: at any rate, from any place.

A windowed sinc in 512 positions between two samples, the weights in between interpolated (Crochiere and Rabiner, Multirate
Digital Signal Processing, 1983, chapter 3, as in `bridge.resampler`); at whole positions it returns the sample itself. What
sounds at a place follows from that place alone, so blocks of any size give the same samples to the bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.resampler import windowed_sinc

FloatArray = NDArray[np.float32]

TAPS = 32
"""Read half-way between samples it is flat within 0.1 dB to 19 kHz and 0.8 dB down at 20; errors are 85 dB down to 18 kHz."""

PHASES = 512
"""Between two of them the weights lie on a line, which adds less to the errors than the window does."""

_BEFORE = TAPS // 2 - 1
"""Samples that are read before the place itself."""

_POSITIONS = np.arange(PHASES + 1) / PHASES
_WEIGHTS: FloatArray = windowed_sinc(np.arange(TAPS) - _BEFORE - _POSITIONS[:, None], TAPS)
_SLOPES: FloatArray = np.diff(_WEIGHTS, axis=0, append=_WEIGHTS[-1:])


def read_at_rate(ring: FloatArray, positions: NDArray[np.float64]) -> FloatArray:
    """The sound (n,) of a ring (loop_length,) at `positions` (n,), rising, in samples; they go round."""
    whole = np.floor(positions).astype(np.int64)
    phase = (positions - whole) * PHASES
    row = phase.astype(np.int64)
    weights = _WEIGHTS[row] + (phase - row).astype(np.float32)[:, None] * _SLOPES[row]
    first = int(whole[0])
    read = (np.arange(int(whole[-1]) - first + TAPS) + (first - _BEFORE)) % len(ring)
    samples = ring[read]
    windows: FloatArray = np.lib.stride_tricks.as_strided(
        samples, (len(samples) - TAPS + 1, TAPS), (samples.itemsize, samples.itemsize), writeable=False
    )
    weights *= windows[whole - first]
    # Row by row, in an order that does not depend on how many rows there are.
    return np.add.reduce(weights, axis=1)
