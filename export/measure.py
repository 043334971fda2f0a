"""What a model is worth, in the figures of its card: scores on held-out breaks, and what each axis moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats

from bridge.mel_spectrogram import MelSpectrogramSpec
from bridge.model_metadata import Axis, FloatArray
from training import scores
from training.dataset import BreakDataset
from training.descriptors import DESCRIPTIONS, describe_all
from training.model import StepVAE
from training.train import decode_rings, encode_means

MAX_SCORED = 300
AXIS_BREAKS = 20
AXIS_POSITIONS = (0.0, 0.25, 0.5, 0.75, 1.0)


def unit_images(dataset: BreakDataset, indices: np.ndarray[Any, Any]) -> FloatArray:
    """Images of a data set in 0..1: (count, n_mels, n_frames) float32."""
    return np.stack([dataset.images[index] for index in indices]).astype(np.float32) / np.float32(255.0)


def held_out_scores(model: StepVAE, dataset: BreakDataset, split: str, mean_image: FloatArray) -> dict[str, float]:
    """Scores on one split, which must not be empty."""
    spec = dataset.spec
    originals = unit_images(dataset, dataset.indices(split)[:MAX_SCORED])
    latents = encode_means(model, originals)
    painted = decode_rings(model, latents)
    smooth = decode_rings(model, latents, grain=False)
    range_db = spec.dynamic_range_db
    return {
        "images": len(originals),
        "error_db": scores.error_db(painted, originals, range_db),
        "smooth_error_db": scores.error_db(smooth, originals, range_db),
        "mean_image_error_db": scores.error_db(mean_image[np.newaxis], originals, range_db),
        "averaged_error_db": scores.averaged_error_db(painted, originals, range_db),
        "texture": scores.texture(painted, originals),
        "sharpness": scores.sharpness(painted, originals, range_db),
    }


def axis_effects(
    model: StepVAE, axes: tuple[Axis, ...], latents: FloatArray, mean: FloatArray, spread: FloatArray, spec: MelSpectrogramSpec
) -> dict[str, dict[str, Any]]:
    """How far each named axis moves its own descriptor and the others, decoded, in standard deviations of the data.

    :param latents: (count, steps, latent_dimensions), breaks to turn the knobs on
    :param spread: (descriptor,), standard deviations over the training set
    """
    names = list(DESCRIPTIONS)
    effects = {}
    for axis in axes:
        if axis.name not in DESCRIPTIONS:
            continue
        own = names.index(axis.name)
        moved = np.stack([[turn(axis, latent, mean, position) for latent in latents] for position in AXIS_POSITIONS])
        described = np.stack([describe_all(decode_rings(model, part), spec) for part in moved]) / spread
        shift = np.median(described[-1] - described[0], axis=0)
        others = np.where(np.arange(len(names)) == own, 0.0, shift)
        other = int(np.argmax(np.abs(others)))
        order = [_spearman(described[:, index, own]) for index in range(len(latents))]
        effects[axis.name] = {
            "moves": float(shift[own]),
            "spearman": float(np.median(order)),
            "other": names[other],
            "other_moves": float(shift[other]),
        }
    return effects


def movements(
    model: StepVAE, axis: Axis, latents: FloatArray, mean: FloatArray, spread: FloatArray, spec: MelSpectrogramSpec
) -> FloatArray:
    """Mean change of every descriptor from the knob's 0 to its 1, decoded, in standard deviations: (descriptor,)."""
    ends = [np.stack([turn(axis, latent, mean, position) for latent in latents]) for position in (0.0, 1.0)]
    low, high = (describe_all(decode_rings(model, end), spec) for end in ends)
    return np.asarray((high - low).mean(axis=0) / spread)


def _spearman(values: np.ndarray[Any, Any]) -> float:
    """Rank correlation with AXIS_POSITIONS; 0 where nothing moves."""
    return float(scipy.stats.spearmanr(AXIS_POSITIONS, values).statistic) if np.ptp(values) > 0.0 else 0.0


def turn(axis: Axis, latent: FloatArray, mean: FloatArray, position: float) -> FloatArray:
    """A break with one knob at 0..1, 0.5 being the break as it is: (steps, latent_dimensions)."""
    stored = float(np.sum(axis.weight * (latent - mean)))
    end = max(axis.high, stored) if position > 0.5 else min(axis.low, stored)
    return (latent + axis.direction * np.float32((end - stored) * abs(position - 0.5) * 2.0)).astype(np.float32)
