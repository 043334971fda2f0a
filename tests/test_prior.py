"""Draws are put together from breaks of one kit, at one loudness, and are no copies; the fit brings breaks to that loudness."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.loudness import loudness_of_steps, step_powers
from bridge.mel_spectrogram import PRESETS
from bridge.model_metadata import FloatArray
from bridge.prior import LEVEL_UNIT_DB, Prior
from export.level import Leveller
from export.prior import fit_prior

SPEC = PRESETS["hifi"]
STEPS = SPEC.steps
MEAN = np.zeros((STEPS, 2), np.float32)


def prior_of(values: list[int], kits: tuple[int, ...], levels: np.ndarray, loudness: float) -> Prior:
    """Each centre is one value throughout, and nothing is varied."""
    centres = np.repeat(np.array(values, np.int8)[:, np.newaxis], STEPS * 2, axis=1)
    components = np.eye(1, STEPS * 2, dtype=np.float32)
    return Prior(centres, 1.0, kits, levels.astype(np.int8), loudness, 4, components, 1e-6)


def test_half_of_a_draw_is_one_break_and_half_its_kin() -> None:
    # Kit 0 holds 1 to 9 and kit 1 holds 101 to 109, so that each has as many kin as are wanted.
    values = [*range(1, 10), *range(101, 110)]
    prior = prior_of(values, (0,) * 9 + (1,) * 9, np.zeros((18, STEPS)), 0.0)
    generator = np.random.default_rng(0)
    kits = set()
    for _ in range(30):
        pieces = np.rint(prior.draw(generator, 0)).reshape(8, 8)
        assert (pieces == pieces[:, :1]).all()
        drawn = pieces[:, 0]
        assert max(np.unique(drawn, return_counts=True)[1]) >= 4 and len(np.unique(drawn)) > 1
        assert (drawn < 100).all() or (drawn > 100).all()
        kits.add(bool(drawn[0] < 100))
    assert kits == {True, False}


def test_a_draw_has_one_kit_that_of_its_own_break() -> None:
    prior = prior_of(list(range(1, 10)), (0,) * 9, np.zeros((9, STEPS)), 0.0)
    generator = np.random.default_rng(0)
    for _ in range(10):
        drawn = np.rint(prior.draw(generator, 1))
        assert len(np.unique(drawn[:, 1])) == 1 < len(np.unique(drawn[:, 0]))
        assert np.sum(drawn[:, 0] == drawn[0, 1]) >= STEPS // 2


def test_draws_have_the_loudness_that_was_asked_for() -> None:
    generator = np.random.default_rng(1)
    # -22 to -14 dB, another level in every step, and up to 3 dB between breaks.
    codes = generator.integers(-44, -28, (40, STEPS)) + generator.integers(-6, 7, (40, 1))
    plain = loudness_of_steps(10.0 ** (codes * LEVEL_UNIT_DB / 10.0))
    wanted = float(np.median(plain))
    prior = prior_of(list(range(1, 41)), (0,) * 40, codes, wanted)
    heard = []
    for _ in range(20):
        donors = np.rint(prior.draw(generator, 0)[:, 0]).astype(int) - 1
        heard.append(loudness_of_steps(10.0 ** (codes[donors, np.arange(STEPS)] * LEVEL_UNIT_DB / 10.0)))
    away, before = (np.abs(np.array(values) - wanted) for values in (heard, plain))
    assert np.median(away) < 0.3 < 1.5 < np.median(before)
    assert away.max() < 1.5 < 3.0 < before.max()


def test_a_single_break_is_drawn_as_it_is() -> None:
    prior = prior_of([3], (0,), np.zeros((1, STEPS)), 0.0)
    assert np.allclose(prior.draw(np.random.default_rng(0), 0), 3.0, atol=1e-3)


def paint(latents: FloatArray) -> FloatArray:
    """The first dimension is a step's level, from -50 dB on in units of 10 dB; the second is nothing that can be heard."""
    level = np.clip((30.0 + 10.0 * latents[:, :, 0]) / SPEC.dynamic_range_db, 0.0, 1.0)
    columns = level.repeat(SPEC.frames_per_step, axis=1)
    return np.broadcast_to(columns[:, np.newaxis], (len(latents), SPEC.n_mels, SPEC.n_frames)).astype(np.float32)


@pytest.fixture(scope="module")
def latents() -> FloatArray:
    generator = np.random.default_rng(0)
    made = generator.normal(0.0, 0.5, (40, STEPS, 2))
    made[:, :, 0] += generator.normal(0.0, 0.3, (40, 1))  # some breaks are 3 dB louder than others
    return made.astype(np.float32)


def test_levelled_breaks_are_equally_loud(latents: FloatArray) -> None:
    leveller = Leveller.fit(latents, paint, SPEC)
    assert leveller.direction == pytest.approx([0.1, 0.0], abs=0.01)
    levelled, powers = leveller.level(latents)
    before, after = (np.array([loudness_of_steps(step_powers(one, SPEC)) for one in paint(z)]) for z in (latents, levelled))
    assert np.ptp(before) > 5.0 and np.ptp(after) < 0.4
    assert loudness_of_steps(powers) == pytest.approx(after, abs=1e-3)


def test_a_fitted_prior_holds_the_breaks_and_draws_them_anew(latents: FloatArray) -> None:
    kits = np.arange(40) % 2 + 5
    latents = latents + np.float32(3.0) * (kits == 6)[:, np.newaxis, np.newaxis] * np.array([0.0, 1.0], np.float32)
    leveller = Leveller.fit(latents, paint, SPEC)
    prior = fit_prior(latents, kits, MEAN, SPEC.steps_per_beat, leveller, seed=0)
    held = prior.centres.reshape(40, STEPS, 2) * prior.centre_unit
    wanted = leveller.level(latents[np.random.default_rng(0).permutation(40)])[0]
    assert np.abs(held - wanted).max() <= 0.51 * prior.centre_unit
    assert sorted(prior.kits) == [0] * 20 + [1] * 20
    generator = np.random.default_rng(2)
    for _ in range(8):
        drawn = prior.draw(generator, 0)
        loudness = loudness_of_steps(step_powers(paint(drawn[np.newaxis])[0], SPEC))
        assert loudness == pytest.approx(leveller.loudness, abs=1.0)
