"""From an image to sound: mel inversion, starting phases, and an accelerated Griffin-Lim on a ring.

    image -> mel power -> linear magnitude -> starting phases -> a few iterations -> samples

Frame i of F stands at sample round(i * N / F) of a loop of N samples at `ENGINE_SAMPLE_RATE`; everything wraps around. A whole
ring is painted cold by `render_loop`; `repaint` paints a run of frames into a ring that sounds, with its neighbours as boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import scipy.fft
import scipy.sparse
from numpy.typing import NDArray

from bridge.attack_envelope import attack_gain, frame_energy, hops_in_half_window
from bridge.low_band import low_band_phase
from bridge.mel_spectrogram import (
    FloatArray,
    MelSpectrogramSpec,
    analysis_window,
    fft_workers,
    frame_positions,
    mel_filter_bank,
    power_from_image,
    short_time_spectrum,
    spectrum_scale,
    stretch_columns,
    unit_image,
)

ComplexArray = NDArray[np.complex64]
_State = tuple[ComplexArray, ComplexArray]

COLD_ITERATIONS = 16
REPAINT_ITERATIONS = 5
_MOMENTUM, _TRAIL, _RELAXATION = np.float32(1.0), np.float32(1.25), np.float32(1.25)
"""Alpha, beta and gamma of the accelerated Griffin-Lim algorithm; chosen by measuring 5 to 24 iterations on real breaks."""

_INVERSION_UPDATES = 2
_RIDGE = 1e-2
_PATH_SWEEPS = 6
_TIME_BANDWIDTH = 0.25645
"""Ratio gamma / n_fft**2 of the Gaussian nearest to a Hann window (Prusa, Balazs, Sondergaard 2017, table I)."""

_LEAD_IN_FRAMES = 2
"""Frames before the asked ones that a repaint takes along: they overlap what comes, and were painted without knowing it."""

WARM_LIMIT = 0.35
"""A repaint keeps the old phases while the magnitudes move by less than this share of their norm; beyond it they mislead."""


@dataclass(frozen=True)
class LoopGrid:
    """Where the frames of a loop stand: `n_frames` frames on `loop_length` samples at `ENGINE_SAMPLE_RATE`, in `steps` steps."""

    spec: MelSpectrogramSpec
    loop_length: int
    n_frames: int
    steps: int

    @classmethod
    def at_tempo(cls, spec: MelSpectrogramSpec, beats_per_minute: float, steps: int | None = None) -> LoopGrid:
        """The grid of a loop of `steps` steps (default: one image) at a tempo in beats a minute."""
        n_steps = spec.steps if steps is None else steps
        loop_length = spec.loop_length(beats_per_minute, n_steps // spec.steps_per_beat)
        return cls(spec, loop_length, spec.frames_for(loop_length, n_steps), n_steps)

    @property
    def hop(self) -> float:
        """Mean distance of two frames in samples."""
        return self.loop_length / self.n_frames

    @property
    def frames_per_step(self) -> int:
        """Frames in one sixteenth."""
        return self.n_frames // self.steps

    @cached_property
    def centres(self) -> NDArray[np.int64]:
        """Sample on which each frame is centred: (n_frames,)."""
        return frame_positions(self.n_frames, self.loop_length)

    @cached_property
    def window_sum(self) -> FloatArray:
        """Sum of the squared windows of all frames at each sample: (loop_length,)."""
        n_fft = self.spec.n_fft_engine
        return _ring_sum(np.broadcast_to(_window_square(n_fft), (self.n_frames, n_fft)), self)


@lru_cache(maxsize=4)
def _inversion(spec: MelSpectrogramSpec) -> tuple[FloatArray, scipy.sparse.csr_array, scipy.sparse.csr_array, FloatArray]:
    """Ridge inverse (n_bins, n_mels), bank, its transpose, and the floor's weights (n_bins,)."""
    bank = mel_filter_bank(spec).astype(np.float64)
    inverse = np.linalg.solve(bank.T @ bank + _RIDGE * np.eye(spec.n_bins), bank.T)
    floor = np.maximum(bank.T @ bank.sum(axis=1), 1e-6)
    sparse = scipy.sparse.csr_array(bank.astype(np.float32))
    return inverse.astype(np.float32), sparse, scipy.sparse.csr_array(sparse.T), (1.0 / floor).astype(np.float32)


def linear_magnitude(columns: NDArray[Any], spec: MelSpectrogramSpec) -> FloatArray:
    """Magnitudes, as `short_time_spectrum` has them, behind image columns (n_mels, m); never negative: (m, n_bins).

    A precomputed ridge inverse, clipped, then two multiplicative updates (Lee and Seung, "Algorithms for non-negative matrix
    factorization", 2001, with the filter bank as the fixed factor): together as near as 30 updates from a flat start.
    """
    inverse, bank, transpose, floor = _inversion(spec)
    power = power_from_image(columns, spec)
    projected = transpose @ power
    # The floor keeps a bin that the clipping silenced alive, so that an update can still raise it.
    estimate = np.maximum(inverse @ power, 1e-3 * floor[:, None] * projected)
    for _ in range(_INVERSION_UPDATES):
        estimate *= projected / np.maximum(transpose @ (bank @ estimate), np.float32(1e-20))
    magnitude = np.ascontiguousarray(np.sqrt(estimate, dtype=np.float32).T)
    magnitude /= np.float32(spectrum_scale(spec.n_fft_engine))
    return magnitude


def start_phases(
    magnitude: FloatArray, low: ComplexArray, before: tuple[FloatArray, NDArray[np.float64]] | None, grid: LoopGrid
) -> ComplexArray:
    """Starting phasors of m frames: (m, n_bins).

    `magnitude` (m + 2, n_bins) has one frame more on either side, `low` (m, low_bins) the decided phasors of the low band (0
    where free), `before` the magnitude and phase of the frame before the first (None: start from silence). Phase-gradient
    integration after Prusa, Balazs and Sondergaard, "A noniterative method for reconstruction of phase from STFT magnitude",
    2017; instead of their heap, each frame takes every bin's phase either along time or along frequency from its neighbours,
    whichever path is louder at its quietest point (a few vectorised sweeps approximate the widest paths).
    """
    spec = grid.spec
    n_fft, n_bins = spec.n_fft_engine, magnitude.shape[1]
    gamma = _TIME_BANDWIDTH * n_fft**2
    bin_width = 2 * np.pi / n_fft
    level = np.log(np.maximum(magnitude, 1e-7 * max(float(magnitude.max()), 1e-7))).astype(np.float64)
    slope = np.zeros_like(level)
    slope[:, 1:-1] = (level[:, 2:] - level[:, :-2]) / 2
    along_time = bin_width * np.arange(n_bins) + (2 * np.pi / gamma / bin_width) * slope
    along_frequency = -(gamma / (2 * np.pi)) * bin_width / grid.hop * (level[2:] - level[:-2]) / 2
    height = np.zeros_like(along_frequency)
    np.cumsum((along_frequency[:, 1:] + along_frequency[:, :-1]) / 2, axis=1, out=height[:, 1:])
    advance = grid.hop * (along_time[1:-1] + along_time[:-2]) / 2

    low_phase, decided = np.angle(low), low[:, 0] != 0
    n_low = low.shape[1]
    bins = np.arange(n_bins)
    phases = np.empty_like(height)
    loud, phase = before if before is not None else (np.zeros(n_bins, np.float32), np.zeros(n_bins))
    for frame in range(len(height)):
        now = magnitude[frame + 1]
        through_time = phase + advance[frame]
        width = loud.copy()
        if decided[frame]:
            through_time[:n_low] = low_phase[frame]
            width[:n_low] = np.inf
        path = width.copy()
        for _ in range(_PATH_SWEEPS):
            np.maximum(path[1:], np.minimum(path[:-1], now[:-1]), out=path[1:])
            np.maximum(path[:-1], np.minimum(path[1:], now[1:]), out=path[:-1])
        anchored = path <= width
        left = np.maximum.accumulate(np.where(anchored, bins, 0))
        right = np.minimum.accumulate(np.where(anchored, bins, n_bins)[::-1])[::-1]
        anchor = np.where(bins - left <= right - bins, left, np.minimum(right, n_bins - 1))
        phase = through_time[anchor] + height[frame] - height[frame, anchor]
        phases[frame] = phase
        loud = now
    return np.exp(1j * phases).astype(np.complex64)


def render_loop(image: NDArray[Any], spec: MelSpectrogramSpec, beats_per_minute: float) -> FloatArray:
    """The sound of a periodic image (n_mels, columns), 8-bit or 0..1, at a tempo in beats a minute: (loop_length,).

    `columns` is a whole number of steps (one image, half of one, or several); the result repeats without a seam.
    """
    grid = LoopGrid.at_tempo(spec, beats_per_minute, image.shape[1] // spec.frames_per_step)
    return paint_ring(linear_magnitude(stretch_columns(unit_image(image), grid.n_frames, spec.half_window_columns), spec), grid)


def paint_ring(magnitude: FloatArray, grid: LoopGrid, iterations: int = COLD_ITERATIONS) -> FloatArray:
    """The sound of a whole ring of magnitudes (n_frames, n_bins), from cold: (loop_length,)."""
    n_fft, n_bins = grid.spec.n_fft_engine, magnitude.shape[1]
    low = low_band_phase(magnitude, grid.frames_per_step, grid.hop, grid.spec, 0, grid.n_frames)
    # Begin where it is quietest, so that the place where the first frame meets the last is not heard.
    quietest = int(np.argmin(np.square(magnitude).sum(axis=1)))
    order = (quietest + np.arange(-1, grid.n_frames + 1)) % grid.n_frames
    spectrum = np.empty(magnitude.shape, dtype=np.complex64)
    spectrum[order[1:-1]] = start_phases(magnitude[order], low[order[1:-1]], None, grid)
    spectrum *= magnitude
    state = None
    for _ in range(iterations):
        seen = short_time_spectrum(_synthesise_ring(spectrum, grid), grid.centres, n_fft)[:, :n_bins]
        moved, state = _accelerate(seen, state)
        spectrum = _project(moved, magnitude, low)
    samples = _synthesise_ring(spectrum, grid)
    centres = np.append(grid.centres, grid.loop_length)
    samples *= attack_gain(samples, centres, frame_energy(magnitude, n_fft), np.ones(grid.n_frames, dtype=bool), n_fft)
    return samples


def repaint(ring: FloatArray, magnitude: FloatArray, grid: LoopGrid, first: int, count: int) -> tuple[int, FloatArray]:
    """Paint `count` frames from frame `first` anew into a sounding ring: (first sample, new samples), written modulo the ring.

    `ring` (loop_length,) is what sounds, `magnitude` (n_frames, n_bins) the whole ring's target, already new for these frames.
    The new samples reach half a window beyond the outermost centres. What lies around keeps its sound and is the boundary, so
    they meet it without a step. Phases start from those that are there, or, where the magnitudes have moved by more than
    `WARM_LIMIT`, from phase-gradient integration.
    """
    spec, n_fft, n_bins = grid.spec, grid.spec.n_fft_engine, magnitude.shape[1]
    half = n_fft // 2
    first, count = first - _LEAD_IN_FRAMES, count + _LEAD_IN_FRAMES
    frames = np.arange(first, first + count)
    # Centres run on past the end of the ring, so that the segment is one piece.
    centres = grid.centres[frames % grid.n_frames] + grid.loop_length * (frames // grid.n_frames)
    origin = int(centres[0]) - n_fft
    places = np.arange(origin, int(centres[-1]) + n_fft) % grid.loop_length
    segment = ring[places]
    local = centres - origin
    target = magnitude[frames % grid.n_frames]
    low = low_band_phase(magnitude, grid.frames_per_step, grid.hop, spec, first, count)

    sounding = short_time_spectrum(segment, local, n_fft)[:, :n_bins]
    if np.linalg.norm(np.abs(sounding) - target) < WARM_LIMIT * np.linalg.norm(target):
        spectrum = _project(sounding, target, low)
    else:
        edge = short_time_spectrum(segment, local[:1] - round(grid.hop), n_fft)[0, :n_bins]
        around = magnitude[np.arange(first - 1, first + count + 1) % grid.n_frames]
        spectrum = target * start_phases(around, low, (np.abs(edge), np.angle(edge).astype(np.float64)), grid)

    # What the frames on either side contribute does not change: their window's share of the sound that is there. The frames that
    # are taken along may change the sound from half a window before the first asked one on, fading in over a hop.
    total = grid.window_sum[places]
    own = _overlap_add(np.broadcast_to(_window_square(n_fft), (count, n_fft)), local, len(segment))
    begin = int(local[_LEAD_IN_FRAMES]) - half
    ease = np.clip((np.arange(len(segment), dtype=np.float32) - np.float32(begin)) / np.float32(grid.hop), 0.0, 1.0)
    kept, scale = segment * (1.0 - ease * own / total), ease / total
    signal = kept + scale * _overlap_add(_windowed_frames(spectrum, n_fft), local, len(segment))
    state = None
    for _ in range(REPAINT_ITERATIONS):
        moved, state = _accelerate(short_time_spectrum(signal, local, n_fft)[:, :n_bins], state)
        spectrum = _project(moved, target, low)
        signal = kept + scale * _overlap_add(_windowed_frames(spectrum, n_fft), local, len(segment))
    _calm_attacks(signal, grid, first, frame_energy(target, n_fft), origin, ease)
    return origin + begin, signal[begin:-half]


def _calm_attacks(
    signal: FloatArray, grid: LoopGrid, first: int, energy: NDArray[np.float64], origin: int, ease: FloatArray
) -> None:
    """Take away what lies ahead of attacks in a repainted segment that begins at sample `origin` of the ring, in place.

    `energy` (count,) is wanted of the frames from `first` on; their neighbours stay as they are. `ease` is 0..1 for each sample:
    how far it may change.
    """
    margin = hops_in_half_window(grid.spec.n_fft_engine, grid.hop)
    own = np.pad(np.ones(len(energy), dtype=bool), margin)
    frames = np.arange(first - margin, first + len(energy) + margin + 1)
    centres = grid.centres[frames % grid.n_frames] + grid.loop_length * (frames // grid.n_frames) - origin
    gain = attack_gain(signal, centres, np.pad(energy, margin), own, grid.spec.n_fft_engine)
    touched = slice(centres[0], centres[-1])
    signal[touched] *= 1.0 - ease[touched] * (1.0 - gain)


def _accelerate(seen: ComplexArray, state: _State | None) -> tuple[ComplexArray, _State]:
    """Where to go on from the spectrum that an iteration's sound has, and what the next iteration has to know.

    After Nenov, Nguyen, Balazs and Bot, "Accelerated Griffin-Lim algorithm", IEEE Transactions on Signal Processing, 2024.
    """
    if state is None:
        return seen, (seen, seen)
    before, trail = state
    now = (1 - _RELAXATION) * trail + _RELAXATION * seen
    step = now - before
    return now + _MOMENTUM * step, (now, now + _TRAIL * step)


def _project(moved: ComplexArray, magnitude: FloatArray, low: ComplexArray) -> ComplexArray:
    """Give a spectrum its magnitudes back; the low band's phases stay as decided, where they are."""
    spectrum = np.asarray(magnitude * (moved / np.maximum(np.abs(moved), np.float32(1e-12))), dtype=np.complex64)
    n_low, decided = low.shape[1], low[:, 0] != 0
    spectrum[decided, :n_low] = magnitude[decided, :n_low] * low[decided]
    return spectrum


@lru_cache(maxsize=4)
def _window_square(n_fft: int) -> FloatArray:
    return np.square(analysis_window(n_fft))


def _windowed_frames(spectrum: ComplexArray, n_fft: int) -> FloatArray:
    """Frames in time, windowed, first sample first: (m, n_fft)."""
    frames = scipy.fft.irfft(spectrum, n=n_fft, axis=1, workers=fft_workers(len(spectrum)))
    # The centre of a frame is at the transform's origin: swap the halves.
    frames = np.concatenate([frames[:, n_fft // 2 :], frames[:, : n_fft // 2]], axis=1)
    frames *= analysis_window(n_fft)
    return frames


def _overlap_add(frames: FloatArray, centres: NDArray[np.int64], length: int) -> FloatArray:
    """Sum of frames (m, n_fft) centred at `centres` on a line of `length` samples."""
    n_fft = frames.shape[1]
    line = np.zeros(length, dtype=np.float32)
    for frame, start in zip(frames, (centres - n_fft // 2).tolist(), strict=True):
        line[start : start + n_fft] += frame
    return line


def _ring_sum(frames: FloatArray, grid: LoopGrid) -> FloatArray:
    """Sum of all frames of a ring, those that cross its end folded back: (loop_length,)."""
    n_fft, length = grid.spec.n_fft_engine, grid.loop_length
    line = _overlap_add(frames, grid.centres + n_fft, length + 2 * n_fft)
    line[n_fft : 2 * n_fft] += line[n_fft + length :]
    line[length : length + n_fft] += line[:n_fft]
    return line[n_fft : n_fft + length]


def _synthesise_ring(spectrum: ComplexArray, grid: LoopGrid) -> FloatArray:
    return _ring_sum(_windowed_frames(spectrum, grid.spec.n_fft_engine), grid) / grid.window_sum
