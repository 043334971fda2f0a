"""The kick's phase: decided by the picture, equal for equal kicks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from bridge.griffin_lim import LoopGrid, paint_ring, repaint
from bridge.low_band import LOOK_BACK_STEPS, low_band_phase, low_bins
from bridge.mel_inversion import linear_magnitude
from bridge.mel_spectrogram import (
    ENGINE_SAMPLE_RATE,
    PRESETS,
    FloatArray,
    image_from_audio,
    short_time_spectrum,
    stretch_columns,
    unit_image,
)
from tests.sounds import (
    AMEN_LIKE,
    FOUR_TO_THE_FLOOR,
    KICKS_ALONE,
    TWO_STEP,
    Pattern,
    break_loop,
    loop_from_pattern,
    sustained_sub_loop,
)

HIFI = PRESETS["hifi"]
TEMPOS = [120.0, HIFI.beats_per_minute, 200.0]


def magnitudes(loop: FloatArray, beats_per_minute: float) -> tuple[FloatArray, LoopGrid]:
    """What is to sound at a tempo, from the 8-bit image of a loop at the canonical tempo."""
    grid = LoopGrid.at_tempo(HIFI, beats_per_minute)
    image = unit_image(image_from_audio(loop, HIFI))
    return linear_magnitude(stretch_columns(image, grid.n_frames, HIFI.half_window_columns), HIFI), grid


def kick_band(samples: FloatArray) -> NDArray[np.float64]:
    """A ring between 30 and 150 Hz, filtered without delay."""
    band = butter(4, (30.0, 150.0), "bandpass", fs=ENGINE_SAMPLE_RATE, output="sos")
    return np.asarray(sosfiltfilt(band, np.tile(samples, 3))[len(samples) : 2 * len(samples)])


def correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def kick_windows(samples: FloatArray, pattern: Pattern, grid: LoopGrid) -> list[NDArray[np.float64]]:
    """120 ms of the kick band from each kick of a pattern that no other kick follows within that time."""
    band = kick_band(samples)
    steps = [step for step in pattern["kick"] if (step + 1) % 32 not in pattern["kick"]]
    span = np.arange(round(0.12 * ENGINE_SAMPLE_RATE))
    return [band[(round(step * grid.loop_length / grid.steps) + span) % grid.loop_length] for step in steps]


def phases(magnitude: FloatArray, grid: LoopGrid, first: int, count: int) -> NDArray[np.complex64]:
    return low_band_phase(magnitude, grid.frames_per_step, grid.hop, HIFI, first, count)


@pytest.mark.parametrize("tempo", TEMPOS)
def test_equal_kicks_get_equal_waveforms_within_a_loop(tempo: float) -> None:
    for pattern in (KICKS_ALONE, FOUR_TO_THE_FLOOR):
        magnitude, grid = magnitudes(loop_from_pattern(pattern, HIFI.beats_per_minute), tempo)
        kicks = kick_windows(paint_ring(magnitude, grid), pattern, grid)
        assert min(correlation(kicks[0], kick) for kick in kicks[1:]) > 0.95


@pytest.mark.parametrize("tempo", TEMPOS)
def test_kicks_sound_the_same_in_renders_repaints_and_recalls(tempo: float) -> None:
    target, grid = magnitudes(break_loop(HIFI.beats_per_minute), tempo)
    cold = paint_ring(target, grid)
    magnitude, _ = magnitudes(loop_from_pattern(TWO_STEP, HIFI.beats_per_minute, seed=3, tail_hz=62.0), tempo)
    ring, width = paint_ring(magnitude, grid), grid.frames_per_step
    passes = []
    for _ in range(2):
        # From the middle of the ring, each step before the next is known, the one before the first too; in the end the first once
        # more, since what lies before it has changed.
        magnitude[15 * width : 16 * width] = target[15 * width : 16 * width]
        for step in [*range(16, 32), *range(16), 16]:
            frames = slice(step * width, (step + 1) * width)
            magnitude[frames] = target[frames]
            start, samples = repaint(ring, magnitude, grid, step * width, width)
            ring[(start + np.arange(len(samples))) % grid.loop_length] = samples
        passes.append(ring.copy())
    wanted = kick_windows(cold, AMEN_LIKE, grid)
    for found in passes:
        pairs = zip(wanted, kick_windows(found, AMEN_LIKE, grid), strict=True)
        assert min(correlation(one, other) for one, other in pairs) > 0.95


def test_a_kick_begins_upwards_as_the_sine_that_it_was() -> None:
    loop = loop_from_pattern(KICKS_ALONE, HIFI.beats_per_minute)
    magnitude, grid = magnitudes(loop, HIFI.beats_per_minute)
    sources = kick_windows(loop, KICKS_ALONE, grid)
    for source, kick in zip(sources, kick_windows(paint_ring(magnitude, grid), KICKS_ALONE, grid), strict=True):
        assert correlation(source, kick) > 0.8


def test_a_step_is_decided_by_itself_and_the_steps_before_it() -> None:
    magnitude, grid = magnitudes(break_loop(HIFI.beats_per_minute), 174.0)
    other, _ = magnitudes(loop_from_pattern(TWO_STEP, HIFI.beats_per_minute), 174.0)
    width = grid.frames_per_step
    for step in (0, 2, 16, 27):
        expected = phases(magnitude, grid, step * width, width)
        assert expected.any()
        seen = (np.arange((step - LOOK_BACK_STEPS) * width, (step + 1) * width)) % grid.n_frames
        changed = other.copy()
        changed[seen] = magnitude[seen]
        assert np.array_equal(phases(changed, grid, step * width, width), expected)
        # And it does look at them.
        changed[seen] = other[seen]
        assert not np.array_equal(phases(changed, grid, step * width, width), expected)


def test_it_does_not_matter_how_many_frames_are_asked_for_at_once() -> None:
    magnitude, grid = magnitudes(break_loop(HIFI.beats_per_minute), 174.0)
    whole = phases(magnitude, grid, 0, grid.n_frames)
    assert whole.shape == (grid.n_frames, low_bins(HIFI))
    for first, count in ((0, 15), (7, 30), (grid.n_frames - 15, 15), (40, 3)):
        assert np.allclose(phases(magnitude, grid, first, count), whole[first : first + count], atol=1e-3)


def test_what_is_decided_is_a_phase_and_the_rest_is_left_free() -> None:
    magnitude, grid = magnitudes(loop_from_pattern(KICKS_ALONE, HIFI.beats_per_minute), HIFI.beats_per_minute)
    size = np.abs(phases(magnitude, grid, 0, grid.n_frames))
    decided = size[:, 0] > 0.5
    assert np.allclose(size[decided], 1.0, atol=1e-4)
    assert not size[~decided].any()
    width = grid.frames_per_step
    for step in KICKS_ALONE["kick"]:
        # The kick's own step and the two frames that see it coming are decided, the fifth step after it is not.
        assert decided[np.arange(step * width, (step + 1) * width)].all()
        assert not decided[(np.arange((step + 5) * width, (step + 6) * width)) % grid.n_frames].any()


def test_nothing_is_decided_in_silence_or_under_a_tone_that_never_starts() -> None:
    grid = LoopGrid.at_tempo(HIFI, HIFI.beats_per_minute)
    silence = np.zeros((grid.n_frames, HIFI.n_bins), dtype=np.float32)
    assert not phases(silence, grid, 0, grid.n_frames).any()
    cycles = 200
    tone = np.asarray(0.3 * np.sin(2 * np.pi * cycles * np.arange(grid.loop_length) / grid.loop_length), dtype=np.float32)
    steady = np.abs(short_time_spectrum(tone, grid.centres, HIFI.n_fft_engine))
    assert not phases(steady, grid, 0, grid.n_frames).any()


def test_a_bass_that_goes_on_sounds_without_holes() -> None:
    loop = sustained_sub_loop(HIFI.beats_per_minute)
    magnitude, grid = magnitudes(loop, HIFI.beats_per_minute)
    band = kick_band(paint_ring(magnitude, grid))
    # Rms over 50 ms: nearly three cycles.
    width = 2205
    level = np.sqrt(np.square(band[: len(band) // width * width]).reshape(-1, width).mean(axis=1))
    source = np.sqrt(np.square(kick_band(loop)).mean())
    assert level.min() > 0.5 * source
    assert level.max() < 1.6 * source
