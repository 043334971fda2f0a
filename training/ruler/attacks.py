"""Attacks, energy before them and spectral convergence of a rendered ring beside its original."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample

from bridge.griffin_lim import LoopGrid
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray, MelSpectrogramSpec, short_time_spectrum

MOST_RISE_MS = 2.0
"""A rendered attack may rise this much longer than the original's."""
MOST_BEFORE_DB = 2.0
"""And may have this much more energy before it."""

_ENVELOPE_SECONDS = 0.001
_PRE_FLOOR_DB = -50.0
"""Energy before an attack that lies further below the attack than this counts as this."""


@dataclass(frozen=True)
class Attack:
    """One onset of an original: `sample` where it passes a tenth of its height."""

    sample: int
    rise_seconds: float
    pre_energy_db: float


def retimed(samples: FloatArray, length: int) -> FloatArray:
    """A ring played faster or slower: (length,). Exact, since a ring is periodic (resampling in the frequency domain)."""
    return samples if len(samples) == length else np.asarray(resample(samples, length), dtype=np.float32)


def within_band(samples: FloatArray, spec: MelSpectrogramSpec) -> FloatArray:
    """A ring without what lies above the band of a spec: (n,)."""
    if spec.f_max >= ENGINE_SAMPLE_RATE / 2:
        return samples
    frequency = np.fft.rfftfreq(len(samples), 1.0 / ENGINE_SAMPLE_RATE)
    # A slope from 0.9 of the upper edge on: a steep one would ring ahead of attacks.
    slope = np.clip((spec.f_max - frequency) / (0.1 * spec.f_max), 0.0, 1.0)
    gain = 0.5 - 0.5 * np.cos(np.pi * slope)
    return np.asarray(np.fft.irfft(np.fft.rfft(samples) * gain, len(samples)), dtype=np.float32)


def envelope(samples: FloatArray) -> NDArray[np.float64]:
    """Rms of a ring over 1 ms around each sample: (n,)."""
    width = round(_ENVELOPE_SECONDS * ENGINE_SAMPLE_RATE)
    padded = np.concatenate([samples[-width:], samples, samples[:width]]).astype(np.float64)
    total = np.concatenate([[0.0], np.cumsum(np.square(padded))])
    centre = np.arange(len(samples)) + width
    return np.sqrt(np.maximum(total[centre + width // 2] - total[centre - width // 2], 0.0) / (2 * (width // 2)))


def pre_energy(level: NDArray[np.float64], attack: int) -> float:
    """Energy from 15 ms to 1 ms before an attack against the 30 ms after it, in dB, never below the floor."""
    ms = ENGINE_SAMPLE_RATE // 1000
    before = np.square(level[(attack + np.arange(-15 * ms, -ms)) % len(level)]).mean()
    after = np.square(level[(attack + np.arange(0, 30 * ms)) % len(level)]).mean()
    return float(max(10.0 * np.log10(max(before, 1e-20) / max(after, 1e-20)), _PRE_FLOOR_DB))


def find_attacks(samples: FloatArray) -> list[Attack]:
    """Clear attacks of an original: the envelope rises by at least 12 dB within 12 ms to a tenth of the loop's peak."""
    level = envelope(samples)
    ms = ENGINE_SAMPLE_RATE // 1000
    before = np.maximum(np.roll(level, 12 * ms), 1e-6)
    gain = np.where(level > 0.1 * level.max(), level / before, 0.0)
    attacks: list[Attack] = []
    while gain.max() >= 4.0:
        place = int(np.argmax(gain))
        sample, rise = _rise(level, place)
        attacks.append(Attack(sample % len(level), rise, pre_energy(level, sample)))
        gain[(place + np.arange(-60 * ms, 60 * ms)) % len(level)] = 0.0
    return attacks


def beside_attacks(attacks: list[Attack], samples: FloatArray, ratio: float) -> NDArray[np.float64]:
    """For each attack of an original, in a ring `ratio` times as long: (attack, 3), the seconds of rise that it has more, the dB
    before the attack that it has more, the seconds that it comes later."""
    level = envelope(samples)
    found = np.zeros((len(attacks), 3))
    for index, attack in enumerate(attacks):
        place = round(attack.sample * ratio)
        sample, seconds = _rise(level, place)
        more_before = pre_energy(level, place) - attack.pre_energy_db
        found[index] = seconds - attack.rise_seconds, more_before, (sample - place) / ENGINE_SAMPLE_RATE
    return found


def convergence(samples: FloatArray, target: FloatArray, grid: LoopGrid) -> float:
    """Spectral convergence in dB: norm of the magnitudes' error over the norm of the target (n_frames, n_bins)."""
    return float(20.0 * np.log10(np.linalg.norm(magnitudes(samples, grid) - target) / np.linalg.norm(target)))


def magnitudes(samples: FloatArray, grid: LoopGrid) -> FloatArray:
    """Magnitudes of a ring on the frames of a grid, within the band of its spec: (n_frames, n_bins)."""
    return np.abs(short_time_spectrum(samples, grid.centres, grid.spec.n_fft_engine)[:, : grid.spec.n_bins])


def _rise(level: NDArray[np.float64], sample: int) -> tuple[int, float]:
    """Of the attack near `sample`: where it passes a tenth of its height, and seconds from there to nine tenths."""
    ms = ENGINE_SAMPLE_RATE // 1000
    window = level[(sample + np.arange(-15 * ms, 30 * ms)) % len(level)]
    peak = int(np.argmax(window))
    before = float(window[: 8 * ms].mean())
    height = window[peak] - before
    low = peak - int(np.argmax(window[peak::-1] <= before + 0.1 * height))
    high = low + int(np.argmax(window[low:] >= before + 0.9 * height))
    return sample - 15 * ms + low, (high - low) / ENGINE_SAMPLE_RATE
