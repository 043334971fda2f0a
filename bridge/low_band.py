"""The phase of the kick: below 150 Hz it is decided by the picture alone, not found by chance.

A magnitude spectrogram does not say which way the first swing of a kick goes. Here every onset in the low band starts
an oscillator at one fixed phase, which follows the band's centre of energy, and a small Griffin-Lim on the low bins alone
makes these phases agree with the magnitudes. What is decided for a step follows from the magnitudes of that step and of
the `LOOK_BACK_STEPS` before it and from nothing else: not from what sounded before, not from steps that are yet to be
painted. So equal kicks get equal waveforms in every repaint, recall and render. Where no onset is near (a bass that goes
on and on), nothing is decided, and the phase may go on from the sound that is there.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray, MelSpectrogramSpec, spectrum_scale

LOW_BAND_HZ = 150.0
"""Upper edge of the band whose phase is decided."""

LOOK_BACK_STEPS = 3
"""Steps after the one with its onset in which a kick is still decided."""

_ONSET_SHARE = 0.35
"""An onset brings at least this share of the low band's power within four frames."""

_ONSET_LEVEL = 10.0 ** (-60.0 / 20.0)
"""What is quieter (1 is a full-scale sine) is no kick."""

_ONSET_PHASE = 0.2
"""Phase at an onset, in radians: with this one, kicks that begin as a sine does, at zero and upwards, come back as they were,
since the frequency that the first windows see is not yet the pitch that a kick falls to."""

_MOST_OFFSET = 0.8
_TRUSTED_OFFSET = 0.5
"""Frames by which an onset may lie beside the frame where the level rises most steeply; up to which the frame before tells."""

_ITERATIONS = 24
_MOMENTUM = np.float32(0.9)
_SAMPLES_PER_HOP = 4
_BINS_AROUND = 3
"""Bins above the decided ones that take part in the iterations."""


def low_bins(spec: MelSpectrogramSpec) -> int:
    """Number of FFT bins, from 0 Hz, whose phase is decided: up to 150 Hz and half a main lobe more."""
    return int(LOW_BAND_HZ * spec.n_fft_engine / ENGINE_SAMPLE_RATE) + 2


def low_band_phase(
    magnitude: FloatArray, frames_per_step: int, hop: float, spec: MelSpectrogramSpec, first: int, count: int
) -> NDArray[np.complex64]:
    """Decided phasors of the low bins of `count` frames from frame `first` of a ring: (count, low_bins), 0 where free.

    `magnitude` (n_frames, n_bins) is the whole ring, `hop` the mean distance of its frames in samples.
    """
    n_frames, n_bins = len(magnitude), low_bins(spec)
    first_step, last_step = first // frames_per_step, (first + count - 1) // frames_per_step
    steps = np.arange(first_step, last_step + 1)
    before = LOOK_BACK_STEPS * frames_per_step
    frames = (steps[:, None] * frames_per_step + np.arange(-before, frames_per_step)) % n_frames
    target = magnitude[frames, : n_bins + _BINS_AROUND]
    phase, decided = oscillator_phase(target, hop, spec)
    phasor = _consistent_phase(target, np.exp(1j * phase).astype(np.complex64)[:, :, None], hop, spec.n_fft_engine)
    phasor *= decided[:, :, None]
    start = first - first_step * frames_per_step
    return phasor[:, before:, :n_bins].reshape(-1, n_bins)[start : start + count]


def oscillator_phase(
    magnitude: FloatArray, hop: float, spec: MelSpectrogramSpec
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Phase in radians, and whether it is decided, at each frame of runs of frames (runs, n, bins): both (runs, n).

    Each run stands for itself: at its ends the level is taken to go on as it is.
    """
    n_bins = low_bins(spec)
    power = np.square(magnitude[:, :, :n_bins].astype(np.float64))
    # The strongest partial counts: squared, and without the last bin, where a snare's lowest mode is seen.
    weight = np.square(power[:, :, :-1])
    frequency = (weight @ np.arange(n_bins - 1)) / np.maximum(weight.sum(axis=2), 1e-20) * (2 * np.pi / spec.n_fft_engine)
    onset, offset = _onsets(power, hop, spec)

    n = power.shape[1]
    latest = np.maximum.accumulate(np.where(onset, np.arange(n), -1), axis=1)
    decided = latest >= 0
    latest = np.maximum(latest, 0)
    # A trapezium between frames; `travelled` counts from the run's first frame.
    travelled = np.zeros_like(frequency)
    np.cumsum(hop * (frequency[:, 1:] + frequency[:, :-1]) / 2, axis=1, out=travelled[:, 1:])
    begun = travelled + hop * offset * frequency
    phase = _ONSET_PHASE + travelled - np.take_along_axis(begun, latest, axis=1)
    # Frames that only touch an onset with their edge see the same oscillator, extended backwards.
    level = np.sqrt(power.sum(axis=2))
    for back in (2, 1):
        run, frame = np.nonzero(onset[:, back:] & (level[:, :-back] < 0.5 * level[:, back:]))
        there = frame + back
        phase[run, frame] = _ONSET_PHASE - (back + offset[run, there]) * hop * frequency[run, there]
        decided[run, frame] = True
    return phase, decided


def _onsets(power: NDArray[np.float64], hop: float, spec: MelSpectrogramSpec) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Frames at which something begins in the low band (runs, n, bins), and by how many frames later: both (runs, n).

    Power that appears in any bin counts, so that a kick is found on the tail of another: it starts higher than that ends.
    """
    padded = np.pad(power, ((0, 0), (2, 2), (0, 0)), mode="edge")
    two_before, before, after, two_after = padded[:, :-4], padded[:, 1:-3], padded[:, 3:-1], padded[:, 4:]
    fresh = np.maximum(two_after - two_before, 0.0).sum(axis=2)
    total = two_after.sum(axis=2)
    rise = np.maximum(after - before, 0.0).sum(axis=2)
    around = np.pad(rise, ((0, 0), (2, 2)), mode="edge")
    onset = (rise >= around[:, 1:-3]) & (rise > around[:, 3:-1]) & (rise >= around[:, :-4]) & (rise >= around[:, 4:])
    onset &= (fresh > _ONSET_SHARE * total) & (total > (_ONSET_LEVEL / spectrum_scale(spec.n_fft_engine)) ** 2)
    # A run's first frames have no past to rise from.
    onset[:, :2] = False
    # The later it begins, the less of it an earlier frame has seen: a ratio that a snare on top does not move. The frame before
    # tells best, but where it is as good as silent the frame after has to do.
    early, now, late = (np.maximum(seen - two_before, 0.0).sum(axis=2) for seen in (before, power, after))
    offset = np.interp(early / np.maximum(now, 1e-20), *_seen_earlier(spec.n_fft_engine, hop, -1))
    from_after = np.interp(now / np.maximum(late, 1e-20), *_seen_earlier(spec.n_fft_engine, hop, 0))
    return onset, np.where(offset > _TRUSTED_OFFSET, from_after, offset)


@lru_cache(maxsize=32)
def _seen_earlier(n_fft: int, hop: float, frame: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For a tone that begins `offset` frames after frame 0: the energy in a frame, as a share of that in the next.

    Shares, increasing, and the offsets that go with them.
    """
    offsets = np.linspace(_MOST_OFFSET, -_MOST_OFFSET, 65)
    place = np.arange(n_fft // 2 + 1) * 2.0 - n_fft / 2
    seen = np.cumsum(np.square(0.5 + 0.5 * np.cos(2 * np.pi * place / n_fft))[::-1])[::-1]
    this, following = (np.interp((offsets - there) * hop, place, seen) for there in (frame, frame + 1))
    return this / following, offsets


@lru_cache(maxsize=16)
def _resynthesis(n_fft: int, n_bins: int, hop: float) -> tuple[int, FloatArray]:
    """Reach R in frames, and the matrix of synthesis and analysis: ((2 R + 1) * 2 * n_bins, 2 * n_bins).

    It takes the spectra of a frame and its R neighbours on either side, real and imaginary parts by turns, to that frame's
    spectrum in the sound that they make together. The low band is smooth: a few samples a hop stand for all.
    """
    spacing = hop / _SAMPLES_PER_HOP
    half = int((n_fft / 2 - 1) // spacing)
    places = np.arange(-half, half + 1)
    window = 0.5 + 0.5 * np.cos(2 * np.pi * places * spacing / n_fft)
    basis = window * np.exp(2j * np.pi * np.outer(np.arange(n_bins), places * spacing) / n_fft)
    weight = np.zeros(_SAMPLES_PER_HOP)
    np.add.at(weight, places % _SAMPLES_PER_HOP, np.square(window))
    synthesis = np.stack([basis.real, -basis.imag], axis=1).reshape(2 * n_bins, -1)
    synthesis *= np.where(np.arange(2 * n_bins) < 2, 1.0, 2.0)[:, None]
    analysis = np.stack([basis.real, -basis.imag], axis=1).reshape(2 * n_bins, -1) / weight[places % _SAMPLES_PER_HOP]
    reach = 2 * half // _SAMPLES_PER_HOP
    blocks = []
    for distance in range(-reach, reach + 1):
        shift = distance * _SAMPLES_PER_HOP
        heard = slice(max(0, shift), len(places) + min(0, shift))
        given = slice(max(0, -shift), len(places) + min(0, -shift))
        blocks.append(synthesis[:, given] @ analysis[:, heard].T)
    return reach, np.concatenate(blocks).astype(np.float32)


def _consistent_phase(target: FloatArray, phasor: NDArray[np.complex64], hop: float, n_fft: int) -> NDArray[np.complex64]:
    """Phasors for magnitudes (runs, n, n_bins), from a start (runs, n, 1 or n_bins): (runs, n, n_bins).

    Fast Griffin-Lim (Perraudin, Balazs, Sondergaard, "A fast Griffin-Lim algorithm", WASPAA 2013); each run of frames is a
    line with nothing on either side.
    """
    reach, matrix = _resynthesis(n_fft, target.shape[2], hop)
    onwards, share = (1 + _MOMENTUM) * matrix, _MOMENTUM / (1 + _MOMENTUM)
    runs, n, n_bins = target.shape
    line = np.zeros((runs, n + 2 * reach, n_bins), dtype=np.complex64)
    inner = line[:, reach : reach + n]
    np.multiply(target, phasor, out=inner)
    # (runs, n, window, bins); as a matrix of (runs * n, window * bins) it is what takes part in each frame.
    windows = np.lib.stride_tricks.sliding_window_view(line.view(np.float32), 2 * reach + 1, axis=1).swapaxes(2, 3)
    around = np.empty(windows.shape, dtype=np.float32)
    # What is seen, times 1 + momentum; where that goes on to; and momentum times what was seen before.
    seen, moved, before = (np.zeros(target.shape, dtype=np.complex64) for _ in range(3))
    scale = np.empty_like(target)
    for _ in range(_ITERATIONS):
        np.copyto(around, windows)
        np.matmul(around.reshape(runs * n, -1), onwards, out=seen.view(np.float32).reshape(runs * n, -1))
        np.subtract(seen, before, out=moved)
        np.multiply(seen, share, out=before)
        # Only where it points to counts: where it starts from nothing, any length will do.
        np.maximum(np.abs(moved, out=scale), np.float32(1e-12), out=scale)
        np.multiply(moved, np.divide(target, scale, out=scale), out=inner)
    moved /= np.maximum(np.abs(moved), np.float32(1e-12))
    return moved
