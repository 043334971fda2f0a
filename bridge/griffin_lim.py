"""From an image to sound: mel inversion, starting phases, and an accelerated Griffin-Lim on a ring.

    image -> mel power -> linear magnitude -> starting phases -> a few iterations -> samples

Frame i of F stands at sample round(i * N / F) of a loop of N samples at `ENGINE_SAMPLE_RATE`; everything wraps around. A whole
ring is painted cold by `render_loop`, or from the phases that sound by `repaint_ring`; `repaint` paints a run of frames into a
ring that sounds, with its neighbours as boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bridge.attack_envelope import attack_gain, frame_energy, hops_in_half_window
from bridge.halves import at_once
from bridge.low_band import low_band_phase, low_bins
from bridge.mel_inversion import linear_magnitude
from bridge.mel_spectrogram import (
    FloatArray,
    MelSpectrogramSpec,
    analysis_window,
    frame_positions,
    short_time_spectrum,
    stretch_columns,
    unit_image,
)
from bridge.start_phase import ComplexArray, phase_paths, start_phases

COLD_ITERATIONS = 8
WARM_ITERATIONS = 5
REPAINT_ITERATIONS = 5
HURRIED_ITERATIONS = 3
"""Of a whole ring from cold, of one whose phases are known, of a step, and of a step that will be painted once more."""

_TRAIL, _RELAXATION = np.float32(1.25), np.float32(1.25)
"""Beta and gamma of the accelerated Griffin-Lim algorithm, whose alpha is 1; chosen by measuring 5 to 24 iterations on real
breaks."""

_CHUNK_FRAMES = 256
"""Frames that go through an iteration together: they fit into a core's cache."""

_LEAD_IN_FRAMES = 2
"""Frames before the asked ones that a repaint takes along: they overlap what comes, and were painted without knowing it."""

WARM_LIMIT = 0.35
"""A repaint keeps the old phases while the magnitudes move by less than this share of their norm; beyond it they mislead."""


# A loop takes some 20 MB of arrays and gives them back at once. glibc hands such memory back to the system, and gets it again a
# page at a time, which takes longer than the work, until a program has once freed a block as large as this.
np.empty(2**25 - 2**16, dtype=np.uint8)


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
        return _known_grid(spec, spec.loop_length(beats_per_minute, n_steps // spec.steps_per_beat), n_steps)

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
        n_fft, length = self.spec.n_fft_engine, self.loop_length
        line = _window_sum(self.centres, length + n_fft, n_fft)
        line[:n_fft] += line[length:]
        return np.roll(line[:length], -(n_fft // 2))


@lru_cache(maxsize=16)
def _known_grid(spec: MelSpectrogramSpec, loop_length: int, steps: int) -> LoopGrid:
    """One grid for all loops of a length: what it knows about itself is worked out once."""
    return LoopGrid(spec, loop_length, spec.frames_for(loop_length, steps), steps)


def render_loop(image: NDArray[Any], spec: MelSpectrogramSpec, beats_per_minute: float) -> FloatArray:
    """The sound of a periodic image (n_mels, columns), 8-bit or 0..1, at a tempo in beats a minute: (loop_length,).

    `columns` is a whole number of steps (one image, half of one, or several); the result repeats without a seam.
    """
    grid = LoopGrid.at_tempo(spec, beats_per_minute, image.shape[1] // spec.frames_per_step)
    return paint_ring(linear_magnitude(stretch_columns(unit_image(image), grid.n_frames, spec.half_window_columns), spec), grid)


def paint_ring(magnitude: FloatArray, grid: LoopGrid, iterations: int = COLD_ITERATIONS) -> FloatArray:
    """The sound of a whole ring of magnitudes (n_frames, n_bins), from cold: (loop_length,)."""
    spec = grid.spec
    # Begin where it is quietest, so that the place where the first frame meets the last is not heard.
    quietest = int(np.argmin(np.einsum("fb,fb->f", magnitude, magnitude)))
    order = (quietest + np.arange(-1, grid.n_frames + 1)) % grid.n_frames
    paths, low = at_once(
        lambda: phase_paths(magnitude[order], low_bins(spec), None, grid.hop, spec.n_fft_engine),
        lambda: low_band_phase(magnitude, grid.frames_per_step, grid.hop, spec, 0, grid.n_frames),
    )
    spectrum = np.empty(magnitude.shape, dtype=np.complex64)
    spectrum[order[1:-1]] = start_phases(paths, low[order[1:-1]])
    spectrum *= magnitude
    ring = _RingPainter(magnitude, low, grid)
    ring.begin(spectrum)
    ring.iterate(iterations)
    return ring.finished()


def repaint_ring(samples: FloatArray, magnitude: FloatArray, grid: LoopGrid, iterations: int = WARM_ITERATIONS) -> FloatArray:
    """The sound of a whole ring of magnitudes (n_frames, n_bins), from the phases of what sounds: both (loop_length,).

    Meant for magnitudes that have moved a little; from far away `paint_ring` is nearer to them after the same time.
    """
    low = low_band_phase(magnitude, grid.frames_per_step, grid.hop, grid.spec, 0, grid.n_frames)
    ring = _RingPainter(magnitude, low, grid)
    ring.hear(samples)
    ring.iterate(iterations)
    return ring.finished()


class _RingPainter:
    """Iterations around a whole ring of magnitudes (n_frames, n_bins), in two halves at the same time.

    The low band is held at its decided phasors `low` (n_frames, low_bins), 0 where free.
    """

    def __init__(self, magnitude: FloatArray, low: ComplexArray, grid: LoopGrid) -> None:
        self._grid = grid
        self._magnitude = magnitude
        n_fft = grid.spec.n_fft_engine
        # Sample 0 of the line is half a window before the ring's; its end repeats its beginning.
        self._line = np.zeros(grid.loop_length + n_fft, dtype=np.float32)
        self._weight = np.roll(1.0 / grid.window_sum, n_fft // 2)
        middle = grid.n_frames // 2
        self._parts = (slice(0, middle), slice(middle, grid.n_frames))
        self._halves = [_FrameRun(self._line, grid.centres[part], magnitude[part], low[part], n_fft) for part in self._parts]

    def begin(self, spectrum: ComplexArray) -> None:
        """Start from a spectrum (n_frames, n_bins)."""
        one, other = (partial(half.begin, spectrum[part]) for half, part in zip(self._halves, self._parts, strict=True))
        at_once(one, other)
        self._add()

    def hear(self, samples: FloatArray) -> None:
        """Start from what sounds (loop_length,)."""
        self._line[: len(samples)] = np.roll(samples, self._grid.spec.n_fft_engine // 2)
        self._close()

    def iterate(self, times: int) -> None:
        """Bring the sound's spectrum to the magnitudes and make the sound of that, so many times.

        In the last time the low band is free to meet what lies around it: that is worth as much as one or two iterations, and a
        kick's phase does not get away in one.
        """
        one, other = self._halves
        for left in range(times, 0, -1):
            if left == 1:
                one.release()
                other.release()
            at_once(one.iterate, other.iterate)
            self._add()

    def finished(self) -> FloatArray:
        """The sound (loop_length,), its attacks calmed."""
        grid, n_fft = self._grid, self._grid.spec.n_fft_engine
        samples = np.roll(self._line[: grid.loop_length], -(n_fft // 2))
        centres = np.append(grid.centres, grid.loop_length)
        energy = frame_energy(self._magnitude, n_fft)
        samples *= attack_gain(samples, centres, energy, np.ones(grid.n_frames, dtype=bool), n_fft)
        return samples

    def _add(self) -> None:
        """The sound of both halves."""
        self._line.fill(0.0)
        for half in self._halves:
            half.add()
        length, n_fft = self._grid.loop_length, self._grid.spec.n_fft_engine
        self._line[:n_fft] += self._line[length:]
        self._line[:length] *= self._weight
        self._close()

    def _close(self) -> None:
        length, n_fft = self._grid.loop_length, self._grid.spec.n_fft_engine
        self._line[length:] = self._line[:n_fft]


class _FrameRun:
    """Frames in a row on a line, and what the accelerated Griffin-Lim algorithm knows about them.

    Frame i lies on the samples of `line` from `starts[i]` on and has the magnitudes `target` (m, n_bins). The low band is held at
    its decided phasors `low` (m, low_bins), 0 where free, until it is released. All arrays are made once and worked on in place.
    After Nenov, Nguyen, Balazs and Bot, "Accelerated Griffin-Lim algorithm", IEEE Transactions on Signal Processing, 2024.
    """

    def __init__(self, line: FloatArray, starts: NDArray[np.int64], target: FloatArray, low: ComplexArray, n_fft: int) -> None:
        count, n_bins = target.shape
        self._line = line
        self._read = sliding_window_view(line, n_fft)
        self._n_fft = n_fft
        self._starts = starts
        self._window = analysis_window(n_fft)
        self._target = target
        # Phases here refer to a frame's first sample, not to its centre: every other bin changes its sign.
        self._sign = np.where(np.arange(n_bins) % 2, np.float32(-1.0), np.float32(1.0))
        self._n_low = low.shape[1]
        self._decided = low[:, 0] != 0
        self._low = low * target[:, : self._n_low] * self._sign[: self._n_low]
        self._held = True
        self._spectrum = np.empty((count, n_bins), dtype=np.complex64)
        self._before, self._trail = np.empty_like(self._spectrum), np.empty_like(self._spectrum)
        self._begun = False
        rows = min(count, _CHUNK_FRAMES)
        self._frames = np.empty((rows, n_fft), dtype=np.float32)
        self._scale = np.empty((rows, n_bins), dtype=np.float32)
        self._sum = np.zeros(int(starts[-1] - starts[0]) + n_fft, dtype=np.float32)
        self._places = sliding_window_view(self._sum, n_fft, writeable=True)
        # Every so many frames do not overlap, and can be added at once.
        self._apart = -(-n_fft // int(np.diff(starts).min()))

    def begin(self, spectrum: ComplexArray) -> None:
        """Make the sound of a spectrum (m, n_bins) whose phases refer to the centres of frames."""
        np.multiply(spectrum, self._sign, out=self._spectrum)
        self._sum.fill(0.0)
        for rows in self._chunks():
            self._synthesise(rows)

    def iterate(self) -> None:
        """Take the line's spectrum, give it its magnitudes back, and make the sound of that."""
        self._sum.fill(0.0)
        for rows in self._chunks():
            self._project(self._accelerated(self._analysed(rows), rows), rows)
            self._synthesise(rows)
        self._begun = True

    def release(self) -> None:
        """Leave the phases of the low band free from now on."""
        self._held = False

    def add(self, scale: FloatArray | None = None) -> None:
        """Add the sum of the windowed frames, or its product with a scale (as long as the line), to the line."""
        place = slice(int(self._starts[0]), int(self._starts[0]) + len(self._sum))
        self._line[place] += self._sum if scale is None else self._sum * scale[place]

    def _chunks(self) -> list[slice]:
        count = len(self._target)
        return [slice(first, min(first + _CHUNK_FRAMES, count)) for first in range(0, count, _CHUNK_FRAMES)]

    def _analysed(self, rows: slice) -> ComplexArray:
        frames = self._frames[: rows.stop - rows.start]
        np.multiply(self._read[self._starts[rows]], self._window, out=frames)
        return scipy.fft.rfft(frames, axis=1)[:, : self._target.shape[1]]

    def _accelerated(self, seen: ComplexArray, rows: slice) -> ComplexArray:
        """Where to go on from, in place of the spectrum that the sound has."""
        before, trail = self._before[rows], self._trail[rows]
        if not self._begun:
            before[:] = trail[:] = seen
            return seen
        decided = self._decided[rows]
        low = seen[decided, : self._n_low]
        seen *= _RELAXATION
        trail *= 1 - _RELAXATION
        seen += trail
        step = np.subtract(seen, before, out=trail)
        before[:] = seen
        seen += step
        trail *= _TRAIL
        trail += before
        # What was held has not moved, and the way that it seems to have come leads nowhere.
        seen[decided, : self._n_low] = low
        return seen

    def _project(self, moved: ComplexArray, rows: slice) -> None:
        """Give a spectrum its magnitudes back; the low band's phases stay as decided, where they are."""
        scale = self._scale[: rows.stop - rows.start]
        np.abs(moved, out=scale)
        np.maximum(scale, np.float32(1e-12), out=scale)
        np.divide(self._target[rows], scale, out=scale)
        spectrum = self._spectrum[rows]
        np.multiply(moved, scale, out=spectrum)
        if self._held:
            decided = self._decided[rows]
            spectrum[decided, : self._n_low] = self._low[rows][decided]

    def _synthesise(self, rows: slice) -> None:
        frames = scipy.fft.irfft(self._spectrum[rows], n=self._n_fft, axis=1)
        frames *= self._window
        starts = self._starts[rows] - self._starts[0]
        for first in range(self._apart):
            self._places[starts[first :: self._apart]] += frames[first :: self._apart]


def _window_sum(starts: NDArray[np.int64], length: int, n_fft: int) -> FloatArray:
    """Sum of the squared windows that begin at `starts` on a line of `length` samples."""
    square = np.square(analysis_window(n_fft))
    line = np.zeros(length, dtype=np.float32)
    for start in starts.tolist():
        line[start : start + n_fft] += square
    return line


def repaint(
    ring: FloatArray, magnitude: FloatArray, grid: LoopGrid, first: int, count: int, iterations: int = REPAINT_ITERATIONS
) -> tuple[int, FloatArray]:
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

    # What the frames on either side contribute does not change: their window's share of the sound that is there. The frames that
    # are taken along may change the sound from half a window before the first asked one on, fading in over a hop.
    total = grid.window_sum[places]
    own = _window_sum(local - half, len(segment), n_fft)
    begin = int(local[_LEAD_IN_FRAMES]) - half
    ease = np.clip((np.arange(len(segment), dtype=np.float32) - np.float32(begin)) / np.float32(grid.hop), 0.0, 1.0)
    kept, scale = segment * (1.0 - ease * own / total), ease / total
    signal = segment.copy()
    run = _FrameRun(signal, local - half, target, low, n_fft)
    sounding = short_time_spectrum(segment, local, n_fft)[:, :n_bins]
    if np.linalg.norm(np.abs(sounding) - target) > WARM_LIMIT * np.linalg.norm(target):
        edge = short_time_spectrum(segment, local[:1] - round(grid.hop), n_fft)[0, :n_bins]
        around = magnitude[np.arange(first - 1, first + count + 1) % grid.n_frames]
        run.begin(target * start_phases(phase_paths(around, low.shape[1], edge, grid.hop, n_fft), low))
        signal[:] = kept
        run.add(scale)
    for _ in range(iterations):
        run.iterate()
        signal[:] = kept
        run.add(scale)
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
