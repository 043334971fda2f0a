"""Onsets of drums, to the millisecond, with numpy alone."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray

HOP = 64
_N_FFT = 512
_BANDS = 32
_LAG = 4
_APART_SECONDS = 0.03


def onset_strength(samples: FloatArray) -> FloatArray:
    """Rectified rise of the log band energies every `HOP` samples, 1 at its 98th percentile among peaks: (n // HOP,)."""
    # Silence before the start, so that a loop cut right at its first attack still has one.
    lead = _N_FFT // 2 + _LAG * HOP
    padded = np.concatenate([np.zeros(lead, np.float32), samples, np.zeros(_N_FFT, np.float32)])
    count = len(samples) // HOP + 1
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::HOP][: count + _LAG]
    magnitude = np.abs(scipy.fft.rfft(frames * np.hanning(_N_FFT).astype(np.float32), axis=1))
    edges = np.unique(np.geomspace(1, magnitude.shape[1], _BANDS).astype(int))
    bands = np.log1p(3.0 * np.add.reduceat(magnitude, edges[:-1], axis=1))
    rise = np.maximum(bands[_LAG:] - bands[:-_LAG], 0.0).mean(axis=1)
    # The rise between two frames belongs to the middle between them.
    strength = np.concatenate([rise[_LAG // 2 :], np.zeros(_LAG // 2)])[:count].astype(np.float32)
    strength[0] = max(strength[0], float(rise[: _LAG // 2 + 1].max()))
    return np.asarray(strength / max(float(np.percentile(strength, 99.5)), 1e-6), dtype=np.float32)


def find_onsets(samples: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Sample positions of attacks in a sound (n,) of peak 1, and their strengths (about 0..1), both (k,)."""
    strength = onset_strength(samples)
    reach = round(_APART_SECONDS * ENGINE_SAMPLE_RATE / HOP)
    padded = np.pad(strength, reach, mode="constant")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    floor = 0.08 + 1.3 * np.median(windows, axis=1)
    peaks = np.flatnonzero((strength >= windows.max(axis=1)) & (strength > floor))
    if len(peaks) > 1:
        # Two equal neighbours are one attack.
        peaks = peaks[np.concatenate([[True], np.diff(peaks) > reach // 2])]
    positions = np.array([_refine(samples, int(p) * HOP) for p in peaks], dtype=np.int64)
    return positions, strength[peaks]


def _refine(samples: FloatArray, near: int) -> int:
    """The sample near an onset at which the envelope leaves the ground: where the next 3 ms exceed the last 6 ms most."""
    before, after, search = 264, 132, 400
    first = max(0, near - search)
    segment = np.abs(samples[max(0, first - before) : near + search + after])
    lead = first - max(0, first - before)
    energy = np.concatenate([np.zeros(before - lead + 1), np.cumsum(np.square(segment, dtype=np.float64))])
    count = len(energy) - 1 - before - after
    if count < 1:
        return first
    index = np.arange(0, count, 8)
    past = energy[index + before] - energy[index]
    coming = energy[index + before + after] - energy[index + before]
    score = (coming / after) / (past / before + 1e-6) * np.sqrt(coming + 1e-9)
    return max(0, first + int(index[np.argmax(score)]))


def ring_onsets(samples: FloatArray, steps: int) -> tuple[NDArray[np.int64], FloatArray]:
    """Sample positions of attacks in a ring (n,) of whole steps, increasing, and their strengths, both (k,).

    The ring is turned by half a step first, since a hit on its seam would be found at either of its ends.
    """
    length = len(samples)
    half_step = length // (2 * steps)
    turned = np.roll(samples, half_step)
    # What comes round the ring is heard before the start and behind the end.
    around = np.take(turned, np.arange(-half_step, length + half_step), mode="wrap")
    positions, strengths = find_onsets(around / max(float(np.abs(around).max()), 1e-9))
    inside = (positions >= half_step) & (positions < half_step + length)
    places, which = np.unique((positions[inside] - 2 * half_step) % length, return_index=True)
    return places, strengths[inside][which]
