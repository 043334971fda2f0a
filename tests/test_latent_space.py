"""Knobs, slots and morphs: what they do to the latent."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.control import Control
from bridge.errors import VamenError
from bridge.latent_space import LatentSpace
from bridge.model import Model


@pytest.fixture
def space(tiny_model: Model) -> LatentSpace:
    return LatentSpace(tiny_model.metadata)


def coordinate(model: Model, number: int, latent: np.ndarray) -> float:
    axis = model.metadata.axes[number - 1]
    return float(np.sum(axis.weight * (latent - model.metadata.latent_mean)))


def test_the_middle_is_the_break_as_stored(space: LatentSpace, tiny_model: Model) -> None:
    space.apply(Control("axis", (1,), (0.9,)))
    space.apply(Control("axis", (1,), (0.5,)))
    assert np.array_equal(space.latent(), space.from_values(space.slot(1)))


def test_the_ends_of_a_knob_lead_to_the_percentiles_of_the_training_set(space: LatentSpace, tiny_model: Model) -> None:
    for number, axis in enumerate(tiny_model.metadata.axes, start=1):
        stored = coordinate(tiny_model, number, space.latent())
        for position, end in ((0.0, min(axis.low, stored)), (1.0, max(axis.high, stored)), (0.75, None)):
            space.apply(Control("axis", (number,), (position,)))
            wanted = (stored + max(axis.high, stored)) / 2 if end is None else end
            assert coordinate(tiny_model, number, space.latent()) == pytest.approx(wanted, abs=1e-4)
        space.apply(Control("axis", (number,), (0.5,)))


def test_a_knob_never_turns_back_where_the_break_lies_beyond_the_data(space: LatentSpace, tiny_model: Model) -> None:
    axis = tiny_model.metadata.axes[0]
    far = (tiny_model.metadata.latent_mean + axis.direction * (axis.high + 2.0)).astype(np.float32)
    space.put_slot(9, far)
    space.apply(Control("slot_recall", (), (9,)))
    before = coordinate(tiny_model, 1, space.latent())
    space.apply(Control("axis", (1,), (1.0,)))
    assert coordinate(tiny_model, 1, space.latent()) == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize("mode", ["steps", "blend"])
def test_a_morph_ends_at_its_slots(space: LatentSpace, mode: str) -> None:
    space.apply(Control("morph_mode", (), (mode,)))
    for control in (Control("morph_a", (), (2,)), Control("morph_b", (), (3,)), Control("morph", (), (0.0,))):
        space.apply(control)
    assert np.array_equal(space.latent(), space.from_values(space.slot(2)))
    space.apply(Control("morph", (), (1.0,)))
    assert np.array_equal(space.latent(), space.from_values(space.slot(3)))


def test_half_way_steps_are_one_break_or_the_other_and_a_blend_is_between(space: LatentSpace) -> None:
    for control in (Control("morph_a", (), (1,)), Control("morph_b", (), (2,)), Control("morph", (), (0.5,))):
        space.apply(control)
    first, second = (space.from_values(space.slot(number)) for number in (1, 2))
    turned = np.arange(32) % 4 >= 2
    assert np.array_equal(space.latent(), np.where(turned[:, None], second, first))
    space.apply(Control("morph_mode", (), ("blend",)))
    assert np.array_equal(space.latent(), np.where(turned[:, None], second, first)), "the morph has not been moved yet"
    space.apply(Control("morph", (), (0.5,)))
    middle = (space.slot(1) + space.slot(2)) / 2
    assert np.allclose(space.latent(), space.from_values(middle), atol=1e-5)


def test_a_hand_that_moves_a_little_turns_one_step(space: LatentSpace) -> None:
    space.put_slot(40, space.latent() + 1.0)
    space.apply(Control("morph_b", (), (40,)))
    turned, before = [], space.latent()
    for position in np.arange(1, 129) / 128:
        space.apply(Control("morph", (), (float(position),)))
        turned.append(np.flatnonzero(np.any(space.latent() != before, axis=1)))
        before = space.latent()
    assert max(len(steps) for steps in turned) == 1
    assert sorted(np.concatenate(turned).tolist()) == list(range(32))


def test_one_vector_stands_for_all_steps_and_a_matrix_for_each(space: LatentSpace, tiny_model: Model) -> None:
    dimensions = tiny_model.metadata.latent_dimensions
    space.apply(Control("latent", (), tuple(0.1 * value for value in range(dimensions))))
    assert np.array_equal(
        space.latent(), space.from_values(np.tile([[round(0.1 * value, 6) for value in range(dimensions)]], (32, 1)))
    )
    matrix = np.round(np.random.default_rng(0).uniform(-2, 2, (32, dimensions)), 6)
    space.apply(Control("latent", (), tuple(matrix.ravel())))
    assert np.array_equal(space.latent(), space.from_values(matrix))
    with pytest.raises(VamenError, match="send"):
        space.apply(Control("latent", (), (0.0,) * (dimensions + 1)))


def test_a_stored_slot_comes_back_to_the_bit(space: LatentSpace) -> None:
    for control in (Control("random", (), (5,)), Control("axis", (2,), (0.8,)), Control("slot_store", (), (50,))):
        space.apply(control)
    stored = space.latent()
    space.apply(Control("random", (), (6,)))
    space.apply(Control("slot_recall", (), (50,)))
    # Six decimals of the prior's scale are far below what a pixel could show.
    assert np.allclose(space.latent(), stored, atol=1e-5)
    again = space.latent()
    space.apply(Control("slot_recall", (), (50,)))
    assert np.array_equal(space.latent(), again)


def test_an_empty_slot_is_named(space: LatentSpace) -> None:
    with pytest.raises(VamenError, match="Slot 99 is empty"):
        space.apply(Control("slot_recall", (), (99,)))
