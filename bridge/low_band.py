"""The phase of the kick: below 150 Hz it is decided by the picture alone, not found by chance.

A magnitude spectrogram does not say which way the first swing of a kick goes. Here every onset in the low band starts an
oscillator at one fixed phase, the oscillator follows the band's centre of energy until the next onset, and a small Griffin-Lim
on the low bins alone (at a few hundred hertz, so it costs next to nothing) makes these phases agree with the magnitudes. The
result is a function of the magnitudes and of nothing else: equal kicks get equal waveforms in every repaint, recall and render.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray, MelSpectrogramSpec

LOW_BAND_HZ = 150.0
"""Upper edge of the band whose phase is decided."""

_ITERATIONS = 12
_MOMENTUM = np.float32(0.9)
_SAMPLES_PER_HOP = 4
_REACH_STEPS = 3
_ONSET_PHASE = -np.pi / 2
"""A kick begins as a sine does: at zero, upwards."""


def low_bins(spec: MelSpectrogramSpec) -> int:
    """Number of FFT bins, from 0 Hz, whose phase is decided: up to 150 Hz and half a main lobe more."""
    return int(LOW_BAND_HZ * spec.n_fft_engine / ENGINE_SAMPLE_RATE) + 2


def oscillator_phase(magnitude: FloatArray, hop: float, spec: MelSpectrogramSpec) -> NDArray[np.float64]:
    """Phase at the centre of each frame of a ring, from its magnitudes (n_frames, n_bins): (n_frames,), radians.

    `hop` is the mean distance of frames in samples. Onsets are rises of the low band to at least 1.5 times its level four
    frames before, at least a tenth of its maximum.
    """
    n_bins = low_bins(spec)
    power = np.square(magnitude[:, : n_bins + 1].astype(np.float64))
    level = np.sqrt(power[:, :n_bins].sum(axis=1))
    frequency = (power @ np.arange(n_bins + 1)) / np.maximum(power.sum(axis=1), 1e-20) * (2 * np.pi / spec.n_fft_engine)
    rise = np.roll(level, -1) - np.roll(level, 1)
    after = np.roll(level, -2)
    is_onset = (rise >= np.roll(rise, 1)) & (rise > np.roll(rise, -1))
    is_onset &= (after > 1.5 * np.roll(level, 2)) & (after > 0.1 * level.max())
    onsets = np.flatnonzero(is_onset)
    if not len(onsets):
        onsets = np.array([int(np.argmin(level))])
    advance = hop * (frequency + np.roll(frequency, -1)) / 2
    # Integrate around the ring once, then subtract what had been reached at the last onset.
    start = int(onsets[0])
    order = (start + np.arange(len(level))) % len(level)
    travelled = np.concatenate([[0.0], np.cumsum(advance[order][:-1])])
    place = (onsets - start) % len(level)
    last = place[np.searchsorted(place, np.arange(len(level)), side="right") - 1]
    phase = np.empty(len(level))
    phase[order] = _ONSET_PHASE + travelled - travelled[last]
    # A frame that only touches an onset with its edge sees the same oscillator, extended backwards.
    for back in (2, 1):
        before = (onsets - back) % len(level)
        quiet = level[before] < 0.5 * level[onsets]
        phase[before[quiet]] = _ONSET_PHASE - back * hop * frequency[onsets[quiet]]
    return phase


@lru_cache(maxsize=16)
def _transform(
    n_fft: int, n_bins: int, hop: float
) -> tuple[NDArray[np.int64], NDArray[np.complex64], NDArray[np.complex64], FloatArray]:
    """Offsets (L,), synthesis (n_bins, L), analysis (L, n_bins) and window-square sums (4,) of the sparse low-band transform."""
    step = hop / _SAMPLES_PER_HOP
    reach = int((n_fft / 2 - 1) // step)
    offsets = np.arange(-reach, reach + 1)
    window = 0.5 + 0.5 * np.cos(2 * np.pi * offsets * step / n_fft)
    basis = window * np.exp(2j * np.pi * np.outer(np.arange(n_bins), offsets * step) / n_fft)
    synthesis = basis * np.where(np.arange(n_bins) == 0, 1.0, 2.0)[:, None]
    weight = np.zeros(_SAMPLES_PER_HOP)
    np.add.at(weight, offsets % _SAMPLES_PER_HOP, np.square(window))
    return offsets, synthesis.astype(np.complex64), np.conj(basis).T.astype(np.complex64), weight.astype(np.float32)


def low_band_phase(magnitude: FloatArray, hop: float, spec: MelSpectrogramSpec, first: int, count: int) -> NDArray[np.complex64]:
    """Unit phasors of the low bins of `count` frames from frame `first` of a ring: (count, low_bins).

    `magnitude` (n_frames, n_bins) is the whole ring; only frames within a few steps of the asked ones take part, so the cost does
    not grow with the loop, and the result does not depend on how many frames are asked for at once.
    Fast Griffin-Lim: Perraudin, Balazs, Sondergaard, "A fast Griffin-Lim algorithm", WASPAA 2013.
    """
    n_frames = len(magnitude)
    margin = _REACH_STEPS * spec.frames_per_step
    whole = count + 2 * margin >= n_frames
    frames = np.arange(n_frames) if whole else np.arange(first - margin, first + count + margin) % n_frames
    n_bins = low_bins(spec) + 3
    target = np.ascontiguousarray(magnitude[frames, :n_bins])
    offsets, synthesis, analysis, weight = _transform(spec.n_fft_engine, n_bins, hop)
    spectrum = target * np.exp(1j * oscillator_phase(magnitude, hop, spec)[frames, None]).astype(np.complex64)
    rows, columns = offsets // _SAMPLES_PER_HOP, offsets % _SAMPLES_PER_HOP
    source = (np.arange(len(frames))[:, None] + rows) % len(frames)
    previous = None
    for _ in range(_ITERATIONS):
        pieces = (spectrum @ synthesis).real
        signal = np.zeros((len(frames), _SAMPLES_PER_HOP), dtype=np.float32)
        for piece, row, column in zip(pieces.T, rows, columns, strict=True):
            signal[:, column] += np.roll(piece, row)
        signal /= weight
        seen = signal[source, columns] @ analysis
        moved = seen if previous is None else seen + _MOMENTUM * (seen - previous)
        previous = seen
        spectrum = target * _phasor(moved)
    start = first % n_frames if whole else margin
    wanted = (start + np.arange(count)) % len(frames)
    return _phasor(spectrum[wanted, : low_bins(spec)])


def _phasor(spectrum: NDArray[np.complex64]) -> NDArray[np.complex64]:
    return np.asarray(spectrum / np.maximum(np.abs(spectrum), np.float32(1e-12)), dtype=np.complex64)
