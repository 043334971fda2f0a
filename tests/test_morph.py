"""In which order the steps of one break give way to those of another."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.model import Model
from bridge.morph import morphed, turning_order
from training.ruler.morph import measure_pairs


def test_weak_steps_turn_first_with_the_sixteenth_they_ring_in_and_the_one_last() -> None:
    order = turning_order(32, 4).tolist()
    assert sorted(order) == list(range(32))
    assert order[:16] == [30, 31, 26, 27, 22, 23, 18, 19, 14, 15, 10, 11, 6, 7, 2, 3]
    assert order[16:20] == [24, 25, 8, 9], "the third beats"
    assert order[20:28] == [28, 29, 20, 21, 12, 13, 4, 5], "the backbeats"
    assert order[28:] == [16, 17, 0, 1], "the ones"


@pytest.mark.parametrize(("steps", "steps_per_beat"), [(16, 4), (64, 4), (16, 2), (8, 1)])
def test_every_step_of_any_loop_turns_once(steps: int, steps_per_beat: int) -> None:
    order = turning_order(steps, steps_per_beat)
    assert sorted(order.tolist()) == list(range(steps))
    assert order[-1] == max(1, steps_per_beat // 2) - 1


def test_as_many_steps_have_turned_as_the_position_says() -> None:
    first, second = np.zeros((32, 3)), np.ones((32, 3))
    turned = [int(morphed(first, second, position, "steps", 4)[:, 0].sum()) for position in (0.0, 0.015, 0.02, 0.5, 0.98, 1.0)]
    assert turned == [0, 0, 1, 16, 31, 32]


def test_between_two_shipped_slots_steps_stay_sharp_and_a_blend_does_not_jump() -> None:
    model = Model.load()
    latents = [slot.latent for slot in model.metadata.slots[:2]]
    figures = measure_pairs(model, [(latents[0], latents[1])])
    assert figures["steps"]["sharpness"] >= 0.85 and figures["steps"]["onsets"] >= 0.85
    assert figures["blend"]["largest_jump"] <= 3.0
