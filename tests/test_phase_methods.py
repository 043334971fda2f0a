"""The ways that the table of phase methods compares: that they are what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from bridge.griffin_lim import LoopGrid
from bridge.mel_spectrogram import PRESETS, FloatArray
from bridge.start_phase import ComplexArray
from tests.benchmarks import phase_schemes as schemes
from tests.benchmarks.phase_methods import Point, at_pairs, at_time, main, mean
from tests.benchmarks.phase_schemes import Scheme
from tests.benchmarks.phase_starts import RingTransform, look_ahead, phase_gradient, single_pass, with_magnitude, zero_phase
from tests.sounds import break_loop

SPEC = PRESETS["hifi"]
GRID = LoopGrid.at_tempo(SPEC, SPEC.beats_per_minute, 16)
PHASORS = np.ones(1, dtype=np.float32)


@pytest.fixture(scope="module")
def spectrum() -> ComplexArray:
    """What a bar of a break sounds like."""
    return RingTransform.of(GRID).analyse(break_loop(SPEC.beats_per_minute, beats=4))


@pytest.fixture(scope="module")
def magnitude(spectrum: ComplexArray) -> FloatArray:
    return np.abs(spectrum)


def after(iterations: int, iterates: Iterator[ComplexArray]) -> ComplexArray:
    return next(islice(iterates, iterations, None))


def error(spectrum: ComplexArray | FloatArray, target: ComplexArray | FloatArray) -> float:
    return float(20.0 * np.log10(np.linalg.norm(spectrum - target) / np.linalg.norm(target) + 1e-9))


def convergence(spectrum: ComplexArray, magnitude: FloatArray) -> float:
    return error(np.abs(RingTransform.of(GRID).consistent(with_magnitude(spectrum, magnitude))), magnitude)


def test_a_sound_comes_back_from_its_spectrum_and_all_else_is_projected() -> None:
    ring, random = RingTransform.of(GRID), np.random.default_rng(0)
    samples = random.standard_normal(GRID.loop_length).astype(np.float32)
    assert np.abs(ring.synthesise(ring.analyse(samples)) - samples).max() < 1e-5
    anything = random.standard_normal((GRID.n_frames, SPEC.n_bins)).astype(np.complex64)
    once = ring.consistent(anything)
    assert error(once, anything) > -3.0
    assert error(ring.consistent(once), once) < -100.0
    assert ring.pairs == 3.0


@pytest.mark.parametrize(
    ("scheme", "pairs"),
    [
        (schemes.griffin_lim, 3.0),
        (schemes.fast, 3.0),
        (schemes.accelerated, 3.0),
        (schemes.reflections, 3.0),
        (schemes.difference_map, 5.0),
        (schemes.multipliers, 3.0),
    ],
)
def test_true_phases_stay_and_others_come_nearer(
    scheme: Scheme, pairs: float, spectrum: ComplexArray, magnitude: FloatArray
) -> None:
    ring = RingTransform.of(GRID)
    assert convergence(after(3, scheme(magnitude, ring, with_magnitude(spectrum, PHASORS))), magnitude) < -80.0
    assert ring.pairs == pairs
    start = phase_gradient(magnitude, ring)
    assert convergence(after(8, scheme(magnitude, ring, start)), magnitude) < convergence(start, magnitude) - 1.0


def test_averaged_reflections_and_multipliers_include_griffin_lim(monkeypatch: pytest.MonkeyPatch, magnitude: FloatArray) -> None:
    ring = RingTransform.of(GRID)
    start = phase_gradient(magnitude, ring)
    expected = with_magnitude(after(5, schemes.griffin_lim(magnitude, ring, start)), magnitude)
    monkeypatch.setattr(schemes, "RAAR_BETA", np.float32(0.5))
    monkeypatch.setattr(schemes, "ADMM_RHO", np.float32(1.0))
    for scheme in (schemes.reflections, schemes.multipliers):
        assert error(with_magnitude(after(5, scheme(magnitude, ring, start)), magnitude), expected) < -50.0


def test_a_weighted_sum_is_griffin_lim_without_what_is_far_away(magnitude: FloatArray) -> None:
    ring = RingTransform.of(GRID)
    start = phase_gradient(magnitude, ring)
    expected = after(1, schemes.griffin_lim(magnitude, ring, start))
    assert error(after(1, schemes.weighted_sums(magnitude, ring, start)), expected) < -30.0


@pytest.mark.parametrize("scheme", [schemes.coarse_to_fine, schemes.fewer_frames_first])
def test_a_part_first_costs_a_part_and_helps(scheme: Scheme, magnitude: FloatArray) -> None:
    ring = RingTransform.of(GRID)
    start = phase_gradient(magnitude, ring)
    prepared = after(1, scheme(magnitude, ring, start))
    assert 2.0 < ring.pairs < 4.0
    assert convergence(prepared, magnitude) < convergence(start, magnitude) - 1.0


def test_a_steady_tone_goes_on_in_a_single_pass() -> None:
    ring = RingTransform.of(GRID)
    cycles = round(1000.0 * GRID.loop_length / 44_100)
    tone = np.sin(2.0 * np.pi * cycles * np.arange(GRID.loop_length) / GRID.loop_length).astype(np.float32)
    magnitude = np.abs(ring.analyse(tone))
    assert convergence(zero_phase(magnitude, ring), magnitude) > -10.0
    assert convergence(single_pass(magnitude, ring), magnitude) < -25.0


def test_looking_ahead_finds_phases_frame_by_frame(magnitude: FloatArray) -> None:
    ring = RingTransform.of(GRID)
    found = look_ahead(magnitude, ring)
    assert convergence(found, magnitude) < convergence(zero_phase(magnitude, ring), magnitude) - 6.0
    assert ring.pairs > 8.0


def test_cells_hold_what_was_reached_in_time() -> None:
    curve = [Point(0.0, 12.0, -10.0), Point(2.0, 18.0, -15.0), Point(4.0, 24.0, -17.0)]
    assert [at_time(curve, budget) for budget in (10.0, 12.0, 20.0, 80.0)] == [None, -10.0, -15.0, -17.0]
    assert [at_pairs(curve, pairs) for pairs in (0, 1, 2, 32)] == [-10.0, -10.0, -15.0, -17.0]
    assert at_pairs([], 1) is None
    assert mean([-10.0, -15.0]) == "-12.5" and mean([-10.0, None]) == "-"


def test_a_folder_that_is_not_there_is_named_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--loops", str(tmp_path / "nowhere")]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "nowhere" in sentence and "Errno" not in sentence
