"""A loop's latent, fitted to its picture: what the encoder says at once, improved by a few steps along the decoder's gradient.

An encoder answers at one look, and worst for loops unlike those that it learnt from. So its answer is only where a search
starts: Kim, Wiseman, Miller, Sontag, Rush: Semi-Amortized Variational Autoencoders (ICML 2018). The steps are those of Adam
(Kingma, Ba, ICLR 2015, algorithm 1), which is nearly blind to how steep the misfit is: a number of the kit moves it tens of
times more than a number of one step.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from bridge.model import Model
from bridge.model_metadata import FloatArray

STEPS = 8
STEP_SIZE = 0.2
"""Of the first step, in units of ``latent_scale``; later ones fall to 0 along a cosine."""
DECAY, SQUARE_DECAY = 0.6, 0.9
"""Of Adam's averages of the gradient and of its square: short, as the search is.

Twelve held-out breaks with the first model that had a gradient: error 4.62 dB as encoded, 4.50 after these 8 steps, 4.50 after
12; averaged error 2.79, 2.66, 2.66."""


def fit_latent(model: Model, image: FloatArray) -> FloatArray:
    """The latent whose picture is nearest to an image, as far as a few steps go; about half a second on one core.

    :param image: (n_mels, n_frames) float32 in 0..1, periodic in time
    :returns: (steps, latent_dimensions) float32; the kit's dimensions are the same in all steps
    """
    return descend(
        model.encode(image),
        lambda latent: model.gradient(latent, image),
        model.metadata.latent_scale,
        model.metadata.kit_dimensions,
    )


def descend(
    latent: FloatArray, gradient: Callable[[FloatArray], FloatArray], latent_scale: FloatArray, kit_dimensions: int
) -> FloatArray:
    """Adam's steps from a latent (steps, latent_dimensions) down a gradient of the same shape, as ``latent_scale`` has too."""
    average, square = np.zeros_like(latent), np.zeros_like(latent)
    for step in range(1, STEPS + 1):
        slope = _tied(gradient(latent), kit_dimensions)
        average += (1.0 - DECAY) * (slope - average)
        square += (1.0 - SQUARE_DECAY) * (np.square(slope) - square)
        length = np.sqrt(square / (1.0 - SQUARE_DECAY**step))
        turned = np.divide(average / (1.0 - DECAY**step), length, out=np.zeros_like(length), where=length > 0.0)
        size = STEP_SIZE * 0.5 * (1.0 + math.cos(math.pi * (step - 1) / STEPS))
        latent = latent - np.float32(size) * latent_scale * turned
    return latent


def _tied(gradient: FloatArray, kit_dimensions: int) -> FloatArray:
    """The gradient where the kit's dimensions, the last of them, are one vector in all steps."""
    own = gradient.shape[1] - kit_dimensions
    kit = gradient[:, own:].sum(axis=0, keepdims=True)
    return np.concatenate([gradient[:, :own], np.repeat(kit, len(gradient), axis=0)], axis=1)
