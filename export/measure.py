"""What a model is worth, in the first figures of its card: scores on held-out breaks."""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.model_metadata import FloatArray
from training import scores
from training.dataset import BreakDataset
from training.model import StepVAE
from training.train import decode_rings, encode_means

MAX_SCORED = 300


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
