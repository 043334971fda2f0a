"""The prior, fitted on the latents of training images: how the instrument draws breaks."""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.model_metadata import FloatArray, Prior
from bridge.prior import LEVEL_UNIT_DB
from export.level import Leveller

CENTRES = 2000
"""Training breaks that the prior puts new ones together from, at most; each costs 0.4 KB of the file with 8 dimensions a step."""
PIECE_BEATS = 1
VARIATION = 0.1
"""Standard deviation of the variation around a piece, in units of that between breaks of a kit."""
COMPONENTS = 24
HIGHEST_CODE = 127


def fit_prior(
    latents: FloatArray, kits: np.ndarray[Any, Any], mean: FloatArray, steps_per_beat: int, leveller: Leveller, seed: int
) -> Prior:
    """A prior that recombines breaks of one kit.

    :param latents: (count, steps, latent_dimensions)
    :param kits: (count,): which breaks share their main source
    :param mean: (steps, latent_dimensions)
    """
    chosen = np.random.default_rng(seed).permutation(len(latents))[:CENTRES]
    levelled, powers = leveller.level(latents[chosen])
    centres = (levelled - mean).reshape(len(chosen), -1)
    unit = max(float(np.abs(centres).max()), 1e-6) / HIGHEST_CODE
    within = np.concatenate(
        [centres[kits[chosen] == kit] - centres[kits[chosen] == kit].mean(axis=0) for kit in np.unique(kits[chosen])]
    )
    _, lengths, directions = np.linalg.svd(within.astype(np.float64), full_matrices=False)
    count = min(COMPONENTS, len(lengths))
    components = directions[:count] * (VARIATION * lengths[:count] / np.sqrt(len(within)))[:, np.newaxis]
    level_codes = np.rint(10.0 * np.log10(np.maximum(powers, 1e-12)) / LEVEL_UNIT_DB)
    return Prior(
        centres=np.rint(centres / unit).astype(np.int8),
        centre_unit=unit,
        kits=tuple(int(kit) for kit in np.unique(kits[chosen], return_inverse=True)[1]),
        levels=np.clip(level_codes, -HIGHEST_CODE, HIGHEST_CODE).astype(np.int8),
        loudness=leveller.loudness,
        piece_steps=PIECE_BEATS * steps_per_beat,
        components=components.astype(np.float32),
        radius=float(np.sqrt(count)),
    )
