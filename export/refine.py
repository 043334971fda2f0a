"""Axes corrected by what they do when decoded.

Directions that leave each other's linear coordinates alone still drag other descriptors along, since descriptors are
not linear in the latent. So the movements are measured on decoded breaks, and the directions mixed to undo them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bridge.mel_spectrogram import MelSpectrogramSpec
from bridge.model_metadata import Axis, FloatArray
from export.measure import movements
from training.descriptors import DESCRIPTIONS
from training.model import StepVAE

DAMPING = 0.2
"""How much of a correction is given up for directions that stay near the data; 0 would undo all cross-talk."""
WANTED_MOVEMENT = 2.6
"""Standard deviations of its own descriptor that a knob should move from 0 to 1."""
MAX_STRETCH = 1.6
"""How far a knob may be stretched beyond the data's percentiles for that."""


def refine(
    model: StepVAE,
    axes: tuple[Axis, ...],
    latents: FloatArray,
    mean: FloatArray,
    spread: np.ndarray[Any, Any],
    spec: MelSpectrogramSpec,
) -> tuple[Axis, ...]:
    """The named axes with corrected directions and ranges; the others as they are.

    :param latents: (count, steps, latent_dimensions), breaks to measure on
    :param spread: (descriptor,), standard deviations over the training set
    """
    named = [axis for axis in axes if axis.name in DESCRIPTIONS]
    own = [list(DESCRIPTIONS).index(axis.name) for axis in named]
    moved = np.stack([movements(model, axis, latents, mean, spread, spec) for axis in named], axis=1)[own]
    product = moved.T @ moved
    mixing = np.linalg.solve(product + DAMPING * np.mean(np.diag(product)) * np.eye(len(named)), moved.T)
    spans = np.stack([(axis.high - axis.low) * axis.direction for axis in named])
    corrected = []
    for index, axis in enumerate(named):
        direction = np.tensordot(mixing[:, index], spans, axes=1)
        # A correction that would turn the axis round belongs to one that moves nothing: it stays as it was.
        gain = float(np.sum(axis.weight * direction))
        turned = replace(axis, direction=(direction / gain).astype(np.float32)) if gain > 0.0 else axis
        reached = float(movements(model, turned, latents, mean, spread, spec)[own[index]])
        stretch = float(np.clip(WANTED_MOVEMENT / max(reached, 1e-6), 1.0, MAX_STRETCH))
        corrected.append(replace(turned, low=turned.low * stretch, high=turned.high * stretch))
    return (*corrected, *(axis for axis in axes if axis.name not in DESCRIPTIONS))
