"""Integrated loudness of a loop (ITU-R BS.1770-4), so that all breaks enter the model at one level."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray

TARGET_LOUDNESS_LUFS = -16.0
"""Every training break, and every loop that a user encodes, is brought to this integrated loudness."""

SILENCE_LUFS = -70.0
"""The absolute gate of BS.1770: anything quieter counts as silence."""

_BLOCK_SECONDS = 0.4
_BLOCK_STEP_SECONDS = 0.1
_RELATIVE_GATE_LU = -10.0


@lru_cache(maxsize=4)
def _k_weighting(sample_rate: int) -> NDArray[np.float64]:
    """Second-order sections of the K-weighting (BS.1770-4, annex 1), re-derived for any sample rate: (2, 6).

    The standard lists coefficients for 48 kHz only; these are the analogue prototypes behind them (a high shelf at 1682 Hz,
    +4.0 dB, and a high-pass at 38 Hz) through the bilinear transform, as in De Man, "Evaluation of implementations of the
    EBU R128 loudness measurement", AES 2018.
    """
    k = np.tan(np.pi * 1681.974450955533 / sample_rate)
    q, high_gain = 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    middle_gain = high_gain**0.4996667741545416
    norm = 1.0 + k / q + k * k
    shelf = [
        (high_gain + middle_gain * k / q + k * k) / norm, 2.0 * (k * k - high_gain) / norm,
        (high_gain - middle_gain * k / q + k * k) / norm, 1.0, 2.0 * (k * k - 1.0) / norm, (1.0 - k / q + k * k) / norm,
    ]  # fmt: skip
    k = np.tan(np.pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    norm = 1.0 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2.0 * (k * k - 1.0) / norm, (1.0 - k / q + k * k) / norm]
    return np.array([shelf, high_pass])


def integrated_loudness(samples: FloatArray, sample_rate: int = ENGINE_SAMPLE_RATE) -> float:
    """Gated integrated loudness in LUFS of a mono loop (n,); `SILENCE_LUFS` when nothing passes the absolute gate.

    The loop is taken as periodic: the filters are settled by one pass before the measured one, and blocks wrap around,
    so that the figure does not depend on where the loop starts.
    """
    from scipy.signal import sosfilt

    block = round(_BLOCK_SECONDS * sample_rate)
    repeats = 1 + max(1, -(-block // max(1, len(samples))))
    weighted = sosfilt(_k_weighting(sample_rate), np.tile(np.asarray(samples, dtype=np.float64), repeats + 1))
    power = np.concatenate([[0.0], np.cumsum(np.square(weighted[len(samples) :]))])
    starts = np.arange(0, len(samples), round(_BLOCK_STEP_SECONDS * sample_rate))
    mean_square = (power[starts + block] - power[starts]) / block
    loudness = -0.691 + 10.0 * np.log10(np.maximum(mean_square, 1e-12))
    audible = loudness > SILENCE_LUFS
    if not audible.any():
        return SILENCE_LUFS
    gate = -0.691 + 10.0 * np.log10(mean_square[audible].mean()) + _RELATIVE_GATE_LU
    kept = mean_square[audible & (loudness > gate)]
    return float(-0.691 + 10.0 * np.log10(kept.mean()))


def at_target_loudness(samples: FloatArray) -> FloatArray:
    """The loop (n,) scaled to `TARGET_LOUDNESS_LUFS`; silence stays silence."""
    loudness = integrated_loudness(samples)
    if loudness <= SILENCE_LUFS:
        return samples
    return np.asarray(samples * 10.0 ** ((TARGET_LOUDNESS_LUFS - loudness) / 20.0), dtype=np.float32)
