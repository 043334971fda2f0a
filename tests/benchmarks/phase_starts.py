"""Where a search for phases can begin, and the transforms that all searches share.

Nothing here is tuned for speed: `bridge.griffin_lim` is what plays, these few lines are what it is measured against.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from bridge.griffin_lim import LoopGrid
from bridge.low_band import low_band_phase
from bridge.mel_spectrogram import FloatArray, MelSpectrogramSpec, analysis_window, fft_workers, short_time_spectrum
from bridge.start_phase import ComplexArray, phase_paths, start_phases

LANES = 32
"""Pieces of a ring that RTISI-LA paints side by side: frame by frame, NumPy would spend its time on calls."""


class RingTransform:
    """Analysis and synthesis of a ring of samples on frames that stand at `centres` (m,); counts what it has done."""

    def __init__(self, centres: NDArray[np.int64], length: int, n_fft: int, n_bins: int) -> None:
        self.centres, self.length, self.n_fft, self.n_bins = centres, length, n_fft, n_bins
        self.hop = length / len(centres)
        self.pairs = 0.0
        """Analyses and synthesis of all frames done so far, a pair of both as 1."""
        self._apart = -(-n_fft // int(np.diff(centres).min()))
        windows = np.broadcast_to(np.square(analysis_window(n_fft)), (len(centres), n_fft))
        self._scale: FloatArray = np.reciprocal(np.maximum(self._overlap_add(windows), np.float32(1e-3)))

    @classmethod
    def of(cls, grid: LoopGrid) -> RingTransform:
        return cls(grid.centres, grid.loop_length, grid.spec.n_fft_engine, grid.spec.n_bins)

    def analyse(self, samples: FloatArray) -> ComplexArray:
        """Spectra (m, n_bins) of a ring (length,)."""
        self.pairs += 0.5
        return short_time_spectrum(samples, self.centres, self.n_fft)[:, : self.n_bins]

    def synthesise(self, spectrum: ComplexArray) -> FloatArray:
        """The ring (length,) whose spectra are nearest to these (m, n_bins)."""
        self.pairs += 0.5
        frames = scipy.fft.irfft(spectrum, n=self.n_fft, axis=1, workers=fft_workers(len(spectrum)))
        half = self.n_fft // 2
        # A frame's centre is its first sample here.
        ordered = np.concatenate([frames[:, self.n_fft - half :], frames[:, : self.n_fft - half]], axis=1)
        ordered *= analysis_window(self.n_fft)
        return self._overlap_add(ordered) * self._scale

    def consistent(self, spectrum: ComplexArray) -> ComplexArray:
        """The nearest spectra that some sound has: a projection onto a linear space."""
        return self.analyse(self.synthesise(spectrum))

    def _overlap_add(self, frames: FloatArray) -> FloatArray:
        line = np.zeros(self.length + self.n_fft, dtype=np.float32)
        places = np.lib.stride_tricks.sliding_window_view(line, self.n_fft, writeable=True)
        for first in range(self._apart):
            places[self.centres[first :: self._apart]] += frames[first :: self._apart]
        line[: self.n_fft] += line[self.length :]
        return np.roll(line[: self.length], -(self.n_fft // 2))


Start = Callable[[FloatArray, RingTransform], ComplexArray]
"""From magnitudes (m, n_bins) to phasors (m, n_bins)."""


def zero_phase(magnitude: FloatArray, ring: RingTransform) -> ComplexArray:
    """Every frame a pulse at its centre."""
    return np.ones(magnitude.shape, dtype=np.complex64)


def random_phase(magnitude: FloatArray, ring: RingTransform) -> ComplexArray:
    """As Griffin and Lim began, and librosa does."""
    angle = np.random.default_rng(0).uniform(0.0, 2.0 * np.pi, magnitude.shape)
    return np.exp(1j * angle).astype(np.complex64)


def single_pass(magnitude: FloatArray, ring: RingTransform) -> ComplexArray:
    """Single-pass spectrogram inversion: peaks go on as sinusoids, and what is around them goes along.

    Beauregard, Harish and Wyse, "Single pass spectrogram inversion", IEEE DSP 2015. A bin belongs to the nearest peak.
    """
    n_bins = magnitude.shape[1]
    left, middle, right = magnitude[:, :-2], magnitude[:, 1:-1], magnitude[:, 2:]
    peak = np.zeros(magnitude.shape, dtype=bool)
    peak[:, 1:-1] = (middle > left) & (middle >= right)
    bins = np.arange(n_bins)
    below = np.maximum.accumulate(np.where(peak, bins, -n_bins), axis=1)
    above = np.minimum.accumulate(np.where(peak, bins, 2 * n_bins)[:, ::-1], axis=1)[:, ::-1]
    owner = np.clip(np.where(bins - below <= above - bins, below, above), 0, n_bins - 1)
    place = np.zeros(magnitude.shape)
    place[:, 1:-1] = 0.5 * (left - right) / np.minimum(left - 2.0 * middle + right, -1e-9)
    turns_a_hop = ring.hop / ring.n_fft * (bins + np.clip(place, -0.5, 0.5))
    change = np.take_along_axis(turns_a_hop, owner, axis=1)
    turns = np.zeros(magnitude.shape)
    for frame in range(1, len(magnitude)):
        turns[frame] = turns[frame - 1][owner[frame]] + change[frame]
    return np.exp(2j * np.pi * turns).astype(np.complex64)


def phase_gradient(magnitude: FloatArray, ring: RingTransform, low: ComplexArray | None = None) -> ComplexArray:
    """Phase-gradient integration as the instrument has it, from the quietest frame on; `low` (m, low_bins) is decided."""
    quietest = int(np.argmin(np.einsum("fb,fb->f", magnitude, magnitude)))
    order = (quietest + np.arange(-1, len(magnitude) + 1)) % len(magnitude)
    decided = np.zeros((len(magnitude), 1), dtype=np.complex64) if low is None else low
    phasor = np.empty(magnitude.shape, dtype=np.complex64)
    paths = phase_paths(magnitude[order], decided.shape[1], None, ring.hop, ring.n_fft)
    phasor[order[1:-1]] = start_phases(paths, decided[order[1:-1]])
    return phasor


def kicks_first(magnitude: FloatArray, ring: RingTransform, spec: MelSpectrogramSpec) -> ComplexArray:
    """The instrument's own start: kicks have the phases that their onsets decide, all else comes from the gradient."""
    low = low_band_phase(magnitude, len(magnitude) // spec.steps, ring.hop, spec, 0, len(magnitude))
    return phase_gradient(magnitude, ring, low)


def look_ahead(magnitude: FloatArray, ring: RingTransform, sweeps: int = 2) -> ComplexArray:
    """Real-time iterative spectrogram inversion with look-ahead, `LANES` pieces of the ring side by side.

    Zhu, Beauregard and Wyse, "Real-time signal estimation from modified short-time Fourier transform magnitude spectra", IEEE
    TASLP 2007, without its asymmetric windows. Each lane begins a window early, so that its first frame has a past.
    """
    frames, n_fft, apart = len(magnitude), ring.n_fft, round(ring.hop)
    ahead = n_fft // apart - 1
    lane_frames = frames // LANES
    sign = np.where(np.arange(ring.n_bins) % 2, np.float32(-1.0), np.float32(1.0))
    window = analysis_window(n_fft)
    steps = lane_frames + ahead
    lane_start = lane_frames * np.arange(LANES)[:, np.newaxis] - ahead
    line = np.zeros((LANES, (steps + ahead) * apart + n_fft), dtype=np.float32)
    heard = np.zeros(line.shape[1], dtype=np.float32)
    active = np.zeros((LANES, ahead + 1, n_fft), dtype=np.float32)
    # A lane's very first frame has to begin with some phase.
    active[:, 0] = scipy.fft.irfft(magnitude[lane_start[:, 0] % frames] * sign, n=n_fft, axis=1) * window
    found = np.empty((LANES, steps, ring.n_bins), dtype=np.complex64)
    for step in range(steps):
        target = magnitude[(lane_start + step + np.arange(ahead + 1)) % frames]
        here = slice(step * apart, step * apart + ahead * apart + n_fft)
        weight = heard[here].copy()
        for place in range(ahead + 1):
            weight[place * apart : place * apart + n_fft] += np.square(window)
        for _ in range(sweeps):
            piece = line[:, here].copy()
            for place in range(ahead + 1):
                piece[:, place * apart : place * apart + n_fft] += active[:, place]
            piece /= np.maximum(weight, np.float32(1e-3))
            seen = np.lib.stride_tricks.sliding_window_view(piece, n_fft, axis=1)[:, ::apart][:, : ahead + 1] * window
            spectrum = with_magnitude(scipy.fft.rfft(seen, axis=2, workers=2)[:, :, : ring.n_bins], target)
            active = scipy.fft.irfft(spectrum, n=n_fft, axis=2, workers=2) * window
            ring.pairs += LANES * (ahead + 1) / frames
        line[:, step * apart : step * apart + n_fft] += active[:, 0]
        heard[step * apart : step * apart + n_fft] += np.square(window)
        found[:, step] = spectrum[:, 0] * sign
        active = np.concatenate([active[:, 1:], np.zeros_like(active[:, :1])], axis=1)
    return with_magnitude(found[:, ahead:].reshape(frames, -1), np.ones(1, dtype=np.float32))


def with_magnitude(spectrum: ComplexArray, magnitude: FloatArray) -> ComplexArray:
    """The nearest spectrum that has these magnitudes: its own phases, 0 where it is nothing."""
    return spectrum * (magnitude / np.maximum(np.abs(spectrum), np.float32(1e-12)))
