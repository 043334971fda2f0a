"""From an image to sound and back, and repaints of a ring that sounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from bridge.griffin_lim import LoopGrid, paint_ring, render_loop, repaint
from bridge.mel_inversion import linear_magnitude
from bridge.mel_spectrogram import (
    PRESETS,
    FloatArray,
    Image,
    MelSpectrogramSpec,
    image_from_audio,
    short_time_spectrum,
    stretch_columns,
    unit_image,
)
from tests.sounds import KICKS_ALONE, TWO_STEP, break_loop, loop_from_pattern

HIFI, CLASSIC = PRESETS["hifi"], PRESETS["classic"]
BOTH = pytest.mark.parametrize("spec", PRESETS.values(), ids=PRESETS.keys())


@dataclass(frozen=True)
class Painted:
    """A loop, its image, the magnitudes behind the image, and the sound painted from them."""

    original: FloatArray
    image: Image
    grid: LoopGrid
    magnitude: FloatArray
    sound: FloatArray


def painted(loop: FloatArray, spec: MelSpectrogramSpec = HIFI) -> Painted:
    grid = LoopGrid.at_tempo(spec, spec.beats_per_minute)
    image = image_from_audio(loop, spec)
    magnitude = linear_magnitude(image, spec)
    return Painted(loop, image, grid, magnitude, paint_ring(magnitude, grid))


@pytest.fixture(scope="module")
def busy() -> Painted:
    """A busy break at the canonical tempo."""
    return painted(break_loop(HIFI.beats_per_minute))


@pytest.fixture(scope="module")
def sparse() -> Painted:
    """Another break with the same kit."""
    return painted(loop_from_pattern(TWO_STEP, HIFI.beats_per_minute, seed=5))


def level(samples: FloatArray) -> float:
    """Rms in dB."""
    return float(10.0 * np.log10(np.square(samples, dtype=np.float64).mean() + 1e-20))


def convergence(samples: FloatArray, target: FloatArray, grid: LoopGrid) -> float:
    """Spectral convergence in dB against magnitudes (n_frames, n_bins)."""
    seen = np.abs(short_time_spectrum(samples, grid.centres, grid.spec.n_fft_engine)[:, : grid.spec.n_bins])
    return float(20.0 * np.log10(np.linalg.norm(seen - target) / np.linalg.norm(target)))


def written(ring: FloatArray, start: int, samples: FloatArray) -> FloatArray:
    """The ring with a repaint written into it."""
    ring = ring.copy()
    ring[(start + np.arange(len(samples))) % len(ring)] = samples
    return ring


@BOTH
@pytest.mark.parametrize("steps", [16, 32, 64])
def test_a_grid_covers_its_loop_evenly_at_any_tempo(spec: MelSpectrogramSpec, steps: int) -> None:
    for beats_per_minute in range(60, 241, 7):
        grid = LoopGrid.at_tempo(spec, beats_per_minute, steps)
        assert grid.loop_length == round(steps / 4 * 60.0 / beats_per_minute * 44_100)
        assert grid.n_frames == grid.frames_per_step * steps
        # Analysis windows add up to nearly the same everywhere, also where the end meets the start.
        assert grid.window_sum.min() > 0.93 * grid.window_sum.max()


@pytest.mark.parametrize(("beats_per_minute", "columns"), [(60.0, 256), (97.3, 512), (174.0, 512), (240.0, 1024)])
def test_a_render_is_exactly_its_bars_long_and_has_no_seam(busy: Painted, beats_per_minute: float, columns: int) -> None:
    image = np.resize(busy.image.T, (columns, 512)).T
    sound = render_loop(image, HIFI, beats_per_minute)
    assert sound.dtype == np.float32
    assert len(sound) == round(columns / 64 * 60.0 / beats_per_minute * 44_100)
    assert np.isfinite(sound).all()
    assert level(sound) == pytest.approx(level(busy.original), abs=3.0)
    assert abs(sound[0] - sound[-1]) <= np.quantile(np.abs(np.diff(sound)), 0.999)


def test_a_hit_across_the_loop_point_leaves_no_seam(busy: Painted) -> None:
    # The kick on the one is rolled so that the loop point falls into its loudest part.
    rolled = painted(np.roll(busy.original, -700))
    sound = rolled.sound
    jumps = np.abs(np.diff(np.tile(sound, 8)))
    assert jumps[len(sound) - 1 :: len(sound)].max() <= np.quantile(np.abs(np.diff(sound)), 0.999)


def test_turning_the_image_turns_the_sound(busy: Painted) -> None:
    grid = busy.grid
    assert grid.loop_length % grid.n_frames == 0
    frames = 5 * grid.frames_per_step
    turned = paint_ring(np.roll(busy.magnitude, frames, axis=0), grid)
    expected = np.roll(busy.sound, frames * grid.loop_length // grid.n_frames)
    assert level(turned - expected) < level(expected) - 30.0


@BOTH
def test_magnitudes_come_back_from_the_eight_bit_image(spec: MelSpectrogramSpec) -> None:
    loop = break_loop(spec.beats_per_minute)
    grid = LoopGrid.at_tempo(spec, spec.beats_per_minute)
    truth = np.abs(short_time_spectrum(loop, grid.centres, spec.n_fft_engine)[:, : spec.n_bins])
    found = linear_magnitude(image_from_audio(loop, spec), spec)
    assert found.dtype == np.float32
    assert found.shape == truth.shape
    assert found.min() >= 0.0
    assert 20.0 * np.log10(np.linalg.norm(found - truth) / np.linalg.norm(truth)) < -19.0
    # The kick's band for itself: it is what librosa's triangles lose.
    assert 20.0 * np.log10(np.linalg.norm((found - truth)[:, :5]) / np.linalg.norm(truth[:, :5])) < -18.0


def test_floats_and_pixels_of_one_image_have_one_inverse(busy: Painted) -> None:
    assert np.array_equal(linear_magnitude(unit_image(busy.image), HIFI), busy.magnitude)


def test_an_image_survives_the_way_to_sound_and_back(busy: Painted) -> None:
    again = image_from_audio(busy.sound, HIFI)
    error = np.sqrt(np.square(again.astype(float) - busy.image).mean()) * HIFI.dynamic_range_db / 255.0
    assert error < 2.2
    assert convergence(busy.sound, busy.magnitude, busy.grid) < -17.5


def test_a_render_follows_from_its_image_alone(busy: Painted, sparse: Painted) -> None:
    paint_ring(sparse.magnitude, sparse.grid)
    assert np.array_equal(paint_ring(busy.magnitude, busy.grid), busy.sound)


@BOTH
def test_a_black_image_is_silence(spec: MelSpectrogramSpec) -> None:
    sound = render_loop(np.zeros((512, 256), dtype=np.uint8), spec, 170.0)
    assert not sound.any()


def test_classic_has_nothing_above_its_band() -> None:
    sound = render_loop(image_from_audio(break_loop(CLASSIC.beats_per_minute), CLASSIC), CLASSIC, 140.0)
    power = np.square(np.abs(np.fft.rfft(sound)))
    frequency = np.fft.rfftfreq(len(sound), 1.0 / 44_100)
    assert power[frequency > 5_200.0].sum() < 1e-5 * power.sum()
    assert power[(frequency > 2_500.0) & (frequency < 5_000.0)].sum() > 1e-4 * power.sum()


def test_a_hit_out_of_silence_stays_out_of_silence() -> None:
    loop = loop_from_pattern(KICKS_ALONE, HIFI.beats_per_minute)
    for tempo in (HIFI.beats_per_minute, 120.0):
        sound = render_loop(image_from_audio(loop, HIFI), HIFI, tempo)
        onset = len(sound) // 4
        # From 15 to 4 ms before it; the picture's columns stand 6 ms apart.
        before, after = sound[onset - 660 : onset - 176], sound[onset : onset + 1320]
        assert level(before) < level(after) - 40.0


@pytest.mark.parametrize("first_step", [0, 7, 31])
def test_a_repaint_touches_its_own_frames_only_and_meets_the_ring_without_a_step(
    busy: Painted, sparse: Painted, first_step: int
) -> None:
    grid, width = busy.grid, busy.grid.frames_per_step
    magnitude = busy.magnitude.copy()
    frames = np.arange(first_step * width, (first_step + 1) * width)
    magnitude[frames] = sparse.magnitude[frames]
    ring = busy.sound.copy()
    start, samples = repaint(ring, magnitude, grid, first_step * width, width)
    assert np.array_equal(ring, busy.sound)
    assert samples.dtype == np.float32

    half = HIFI.n_fft_engine // 2
    assert grid.loop_length == grid.n_frames * HIFI.hop_length
    assert start == frames[0] * HIFI.hop_length - half
    assert start + len(samples) == frames[-1] * HIFI.hop_length + half
    after = written(ring, start, samples)
    places = (start + np.arange(len(samples))) % grid.loop_length
    inside = after[places] - ring[places]
    assert level(inside[half:-half]) > level(ring) - 20.0
    # At either edge the new sound is the old one.
    assert np.abs(inside[[0, 1, -2, -1]]).max() < 1e-3
    around = after[np.arange(start - 1, start + len(samples) + 1) % grid.loop_length]
    largest = max(np.abs(np.diff(ring)).max(), np.abs(np.diff(sparse.sound)).max())
    assert np.abs(np.diff(around)).max() < 1.5 * largest


def test_a_repaint_of_what_already_sounds_changes_little(busy: Painted) -> None:
    grid, width = busy.grid, busy.grid.frames_per_step
    ring = busy.sound
    for step in range(grid.steps):
        ring = written(ring, *repaint(ring, busy.magnitude, grid, step * width, width))
    assert level(ring - busy.sound) < level(busy.sound) - 20.0
    assert convergence(ring, busy.magnitude, grid) < convergence(busy.sound, busy.magnitude, grid) + 1.0


def test_a_ring_repainted_step_by_step_becomes_the_other_loop(busy: Painted, sparse: Painted) -> None:
    grid, width = busy.grid, busy.grid.frames_per_step
    ring, magnitude = sparse.sound, sparse.magnitude.copy()
    for step in range(grid.steps):
        frames = slice(step * width, (step + 1) * width)
        magnitude[frames] = busy.magnitude[frames]
        ring = written(ring, *repaint(ring, magnitude, grid, step * width, width))
    assert convergence(ring, busy.magnitude, grid) < -17.0
    assert abs(ring[0] - ring[-1]) <= np.quantile(np.abs(np.diff(ring)), 0.999)


def test_a_repaint_is_the_same_wherever_the_ring_begins(busy: Painted, sparse: Painted) -> None:
    """The step that crosses the loop point is painted as any other."""
    grid, width = busy.grid, busy.grid.frames_per_step
    hop = grid.loop_length // grid.n_frames
    magnitude = busy.magnitude.copy()
    magnitude[:width] = sparse.magnitude[:width]
    start, samples = repaint(busy.sound, magnitude, grid, 0, width)
    turn = 10 * width
    turned_start, turned = repaint(np.roll(busy.sound, turn * hop), np.roll(magnitude, turn, axis=0), grid, turn, width)
    assert turned_start - start == turn * hop
    assert level(turned - samples) < level(samples) - 40.0


def test_silence_is_painted_over_a_sound(busy: Painted) -> None:
    grid, width = busy.grid, busy.grid.frames_per_step
    magnitude = busy.magnitude.copy()
    magnitude[4 * width : 6 * width] = 0.0
    _, samples = repaint(busy.sound, magnitude, grid, 4 * width, 2 * width)
    assert np.isfinite(samples).all()
    middle = samples[HIFI.n_fft_engine : -HIFI.n_fft_engine]
    assert level(middle) < -60.0


def test_stretched_magnitudes_fit_the_grid_at_every_tempo(busy: Painted) -> None:
    for beats_per_minute in (60.0, 120.0, 161.5, 200.0, 240.0):
        grid = LoopGrid.at_tempo(HIFI, beats_per_minute)
        columns = stretch_columns(unit_image(busy.image), grid.n_frames, HIFI.half_window_columns)
        assert linear_magnitude(columns, HIFI).shape == (grid.n_frames, HIFI.n_bins)
