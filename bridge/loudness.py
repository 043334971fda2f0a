"""Integrated loudness of a loop (ITU-R BS.1770-4), so that all breaks enter the model at one level."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray, MelSpectrogramSpec, mel_filter_bank, power_from_image

TARGET_LOUDNESS_LUFS = -16.0
"""Every training break, and every loop that a user encodes, is brought to this integrated loudness."""

SILENCE_LUFS = -70.0
"""The absolute gate of BS.1770: anything quieter counts as silence."""

_BLOCK_SECONDS = 0.4
_BLOCK_STEP_SECONDS = 0.1
_RELATIVE_GATE_LU = -10.0
_OFFSET_LU = -0.691
_BLOCK_STEPS = 4
"""Sixteenths in a block at the canonical tempo, nearly: 372 ms."""


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
    loudness = _OFFSET_LU + 10.0 * np.log10(np.maximum(mean_square, 1e-12))
    audible = loudness > SILENCE_LUFS
    if not audible.any():
        return SILENCE_LUFS
    gate = _OFFSET_LU + 10.0 * np.log10(mean_square[audible].mean()) + _RELATIVE_GATE_LU
    kept = mean_square[audible & (loudness > gate)]
    return float(_OFFSET_LU + 10.0 * np.log10(kept.mean()))


def at_target_loudness(samples: FloatArray) -> FloatArray:
    """The loop (n,) scaled to `TARGET_LOUDNESS_LUFS`; silence stays silence."""
    loudness = integrated_loudness(samples)
    if loudness <= SILENCE_LUFS:
        return samples
    return np.asarray(samples * 10.0 ** ((TARGET_LOUDNESS_LUFS - loudness) / 20.0), dtype=np.float32)


@lru_cache(maxsize=2)
def _row_weights(spec: MelSpectrogramSpec) -> FloatArray:
    """Mean square of a K-weighted sound for each unit of mel power of a row: (n_mels,).

    A row's power is spread evenly over the bins it shares with others. A full-scale sine has a mean square of one half, and a
    Hann window shows it on bins whose powers add up to 1.5 (its equivalent noise bandwidth; Harris 1978, table I).
    """
    from scipy.signal import sosfreqz

    bank = mel_filter_bank(spec)
    frequency = np.arange(spec.n_bins) * spec.sample_rate / spec.n_fft
    _, response = sosfreqz(_k_weighting(ENGINE_SAMPLE_RATE), worN=2.0 * np.pi * frequency / ENGINE_SAMPLE_RATE)
    share = bank / np.maximum(bank.sum(axis=0), 1e-9)
    weights = (share * np.square(np.abs(response))).sum(axis=1) / bank.sum(axis=1)
    return np.asarray(weights * 0.5 / 1.5, dtype=np.float32)


def step_powers(image: NDArray[np.generic], spec: MelSpectrogramSpec) -> FloatArray:
    """K-weighted mean square of each step of an image (n_mels, columns), whole steps: (columns / frames_per_step,)."""
    power = _row_weights(spec) @ power_from_image(image, spec)
    return power.reshape(-1, spec.frames_per_step).mean(axis=1)


def loudness_of_steps(powers: NDArray[np.floating]) -> NDArray[np.float64]:
    """Integrated loudness in LUFS of rings whose steps have these `step_powers` (..., steps), before any limiter: (...).

    Gated as `integrated_loudness`, in blocks of four steps that advance by one. Pictures of sounds read as their sound does
    (within 0.1 LU); painted ones 0.3 LU more, give or take 0.15, because no sound has quite that picture.
    """
    around = np.concatenate([powers, powers[..., : _BLOCK_STEPS - 1]], axis=-1)
    blocks = np.lib.stride_tricks.sliding_window_view(around, _BLOCK_STEPS, axis=-1).mean(axis=-1, dtype=np.float64)
    audible = _OFFSET_LU + 10.0 * np.log10(np.maximum(blocks, 1e-12)) > SILENCE_LUFS
    gate = _mean_where(blocks, audible) * 10.0 ** (_RELATIVE_GATE_LU / 10.0)
    mean_square = _mean_where(blocks, audible & (blocks > gate[..., np.newaxis]))
    return np.maximum(_OFFSET_LU + 10.0 * np.log10(np.maximum(mean_square, 1e-12)), SILENCE_LUFS)


def _mean_where(values: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean of the kept values along the last axis, 0 where none is."""
    return np.asarray(np.sum(values * kept, axis=-1) / np.maximum(kept.sum(axis=-1), 1))
