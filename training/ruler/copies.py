"""Whether draws are copies: distances in the model's own latent space, where a copy is at zero.

In pictures a copy would not be seen: a painted training break is farther from its own original (1.8 dB in band levels) than
the nearest one in a hundred training breaks is from another (1.1 dB), because some breaks are one loop as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import Image, unit_image
from bridge.model_metadata import FloatArray
from training.dataset import BreakDataset
from training.ruler.features import fingerprint
from training.ruler.instrument import Instrument

SAMPLED = 400
"""Training images whose nearest other one is looked for."""
CANDIDATES = 4
"""The latent distance is taken to so many training images, the nearest by `fingerprint`: encoding all would take minutes."""
THRESHOLD_PERCENTILE = 1.0


def copy_figures(
    model: Instrument, dataset: BreakDataset, latents: FloatArray, images: list[Image], generator: np.random.Generator
) -> dict[str, Any]:
    """Share of draws nearer to a training image than the nearest hundredth of training images is to another.

    Distances are root mean squares over all steps and dimensions, in units of the latent's scale.

    :param latents: (count, steps, latent_dimensions) of the draws
    :param images: the same painted, 8-bit
    """
    training = dataset.indices("train")
    prints = np.stack([fingerprint(dataset.images[index], dataset.spec) for index in training])
    rows = generator.permutation(len(training))[:SAMPLED]
    encoded: dict[int, FloatArray] = {}

    def latent_of(row: int) -> FloatArray:
        if row not in encoded:
            encoded[row] = model.encode(unit_image(dataset.images[training[row]]))
        return encoded[row]

    def nearest(latent: FloatArray, candidates: NDArray[np.int64]) -> float:
        scaled = [(latent_of(int(row)) - latent) / model.metadata.latent_scale for row in candidates]
        return float(np.sqrt(np.mean(np.square(scaled), axis=(1, 2)).min()))

    among = _nearest_rows(prints, prints[rows], CANDIDATES + 1)
    itself = [nearest(latent_of(int(row)), near[near != row][:CANDIDATES]) for row, near in zip(rows, among, strict=True)]
    drawn_prints = np.stack([fingerprint(image, dataset.spec) for image in images])
    drawn = [nearest(latent, near) for latent, near in zip(latents, _nearest_rows(prints, drawn_prints, CANDIDATES), strict=True)]
    threshold = float(np.percentile(itself, THRESHOLD_PERCENTILE))
    return {
        "share": float(np.mean(np.array(drawn) < threshold)),
        "threshold": threshold,
        "nearest_median": float(np.median(drawn)),
        "nearest_lowest": min(drawn),
        "training_nearest_median": float(np.median(itself)),
    }


def _nearest_rows(prints: FloatArray, wanted: FloatArray, count: int) -> NDArray[np.int64]:
    """The `count` rows of `prints` nearest to each of `wanted`: (len(wanted), count), nearest first."""
    distance = np.square(prints).sum(axis=1) - 2.0 * wanted @ prints.T
    return np.argsort(distance, axis=1)[:, :count]
