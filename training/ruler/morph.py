"""What lies between two breaks: whether `steps` keeps hits whole half-way, and whether `blend` moves without a jump."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bridge.control import Control
from bridge.latent_space import LatentSpace, Values
from bridge.mel_spectrogram import FloatArray, unit_image
from bridge.model import Model
from bridge.morph import MorphMode
from training import scores
from training.dataset import BreakDataset

PAIRS = 16
POSITIONS = 100
"""Moves of equal size from one end to the other, between which a blend is looked at."""
LEAST_KEPT = 0.85
"""Share of the ends' mean that sharpness and number of onsets keep half-way with `steps`."""
MOST_JUMP = 3.0
"""Change of the image in one move of `blend`, in units of the median move."""


def measure(model: Model, dataset: BreakDataset, seed: int = 0) -> dict[str, Any]:
    """Both ways to morph between pairs of held-out draws, or of training images where the data set holds no draws back.

    :param seed: which images
    :returns: as `measure_pairs`
    """
    held_out = dataset.indices("held_out_draw")
    indices = held_out if len(held_out) >= 2 * PAIRS else dataset.indices("train")
    chosen = np.random.default_rng(seed).permutation(indices)[: 2 * PAIRS]
    latents = [model.encode(unit_image(dataset.images[index])) for index in chosen]
    return measure_pairs(model, list(zip(latents[::2], latents[1::2], strict=False)))


def measure_pairs(model: Model, pairs: Sequence[tuple[FloatArray, FloatArray]]) -> dict[str, Any]:
    """Both ways to morph between pairs of latents (steps, latent_dimensions).

    :returns: "pairs" (how many); of "steps" and "blend" at 0.5 "onsets" (number) and "sharpness" (energy of the rise at an
        onset), both over the mean of the ends, averaged over the pairs, and "onsets_least" and "sharpness_least", those of the
        worst pair; of "blend" also "largest_jump", the largest change of the image (rms) in one move of 1 % over the median one,
        of the worst pair; and "passes"
    """
    dynamic_range_db = model.metadata.spec.dynamic_range_db
    kept: dict[MorphMode, list[Values]] = {"steps": [], "blend": []}
    jumps = []
    for first, second in pairs:
        space = LatentSpace(model.metadata)
        space.put_slot(1, first)
        space.put_slot(2, second)
        ends = [_attacks(model.decode_ring(space.from_values(space.slot(slot))), dynamic_range_db) for slot in (1, 2)]
        for mode, ratios in kept.items():
            half_way = _attacks(_between(model, space, mode, 0.5), dynamic_range_db)
            ratios.append(half_way / np.maximum(np.mean(ends, axis=0), 1e-12))
        jumps.append(_largest_jump(model, space))
    figures: dict[str, Any] = {"pairs": len(pairs)}
    for mode, ratios in kept.items():
        onsets, sharpness = np.array(ratios).T
        figures[mode] = {
            "onsets": float(onsets.mean()),
            "sharpness": float(sharpness.mean()),
            "onsets_least": float(onsets.min()),
            "sharpness_least": float(sharpness.min()),
        }
    figures["blend"]["largest_jump"] = max(jumps)
    figures["steps"]["passes"] = min(figures["steps"]["onsets"], figures["steps"]["sharpness"]) >= LEAST_KEPT
    figures["blend"]["passes"] = max(jumps) <= MOST_JUMP
    return figures


def _between(model: Model, space: LatentSpace, mode: MorphMode, position: float) -> FloatArray:
    """What is painted where the instrument's own morph from slot 1 to slot 2 stands."""
    space.apply(Control("morph_mode", (), (mode,)))
    space.apply(Control("morph", (), (position,)))
    return model.decode_ring(space.latent())


def _attacks(image: FloatArray, dynamic_range_db: float) -> Values:
    """Number of onsets, and mean energy of their rise: (2,)."""
    energies = scores.attack_energies(image, dynamic_range_db)
    return np.array([len(energies), energies.mean() if len(energies) else 0.0])


def _largest_jump(model: Model, space: LatentSpace) -> float:
    images = (_between(model, space, "blend", move / POSITIONS) for move in range(POSITIONS + 1))
    before = next(images)
    jumps = []
    for image in images:
        jumps.append(float(np.sqrt(np.mean(np.square(image - before)))))
        before = image
    return float(max(jumps) / np.median(jumps))
