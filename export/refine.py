"""Axes corrected by what they do when decoded.

Directions that leave each other's linear coordinates alone still drag other descriptors along, since descriptors are not
linear in the latent. So every named axis is bent by gradient (`export.bend`) on a stand-in for the decoder
(`export.band_model`), which is then shown what the decoder makes of the bent axes' ends, and the axes are bent once more.
"""

from __future__ import annotations

import numpy as np
from rich.progress import track

from bridge.mel_spectrogram import MelSpectrogramSpec
from bridge.model_metadata import Axis, FloatArray
from export.band_model import BandModel, train
from export.bend import Surroundings, bend
from training.descriptors import DESCRIPTIONS, band_levels
from training.model import StepVAE
from training.ruler.axes import Yardstick
from training.train import decode_rings

PAINTED = 600
"""Breaks that the stand-in learns from at first, at most, and as many once more somewhere along a knob."""
PAINTED_ENDS = 24
"""Breaks painted at both ends of every bent axis, before it is bent once more."""
EPOCHS = (40, 15)
UPDATES = (200, 150)
"""Of the stand-in and of each axis, in the two rounds."""
PAINTING_BATCH = 2
"""The decoder's intermediate results of more loops at a time leave the processor's cache."""


def refine(
    model: StepVAE, axes: tuple[Axis, ...], latents: FloatArray, described: np.ndarray, spec: MelSpectrogramSpec, seed: int = 0
) -> tuple[Axis, ...]:
    """The named axes with corrected directions and ranges; the others as they are.

    :param latents: (break, steps, latent_dimensions) of training breaks
    :param described: (break, descriptor) of their images
    """
    named = [axis for axis in axes if axis.name in DESCRIPTIONS]
    if not named:
        return axes
    generator = np.random.default_rng(seed)
    some = latents[generator.permutation(len(latents))[:PAINTED]]
    learnt = np.concatenate([some, _somewhere(some, named, generator)])
    levels = _painted_levels(model, learnt, spec)
    stand_in = BandModel.of(learnt, levels, seed)
    yardstick = Yardstick.fit(described)
    for number, (epochs, updates) in enumerate(zip(EPOCHS, UPDATES, strict=True)):
        if number > 0:
            ends = _ends(latents, named, generator)
            learnt = np.concatenate([learnt, ends])
            levels = np.concatenate([levels, _painted_levels(model, ends, spec)])
        train(stand_in, learnt, levels, epochs, seed + number)
        around = Surroundings.of(stand_in, latents, yardstick)
        shown = f"bending axes, round {number + 1} of {len(UPDATES)}"
        named = [bend(axis, around, updates, seed) for axis in track(named, shown)]
    bent = {axis.name: axis for axis in named}
    return tuple(bent.get(axis.name, axis) for axis in axes)


def _somewhere(latents: FloatArray, axes: list[Axis], generator: np.random.Generator) -> FloatArray:
    """Each break moved along one of the axes, by up to its whole range, and a little towards another break."""
    turned = np.stack([axes[index % len(axes)].direction * _range(axes[index % len(axes)]) for index in range(len(latents))])
    others = latents[generator.permutation(len(latents))] - latents[generator.permutation(len(latents))]
    along = generator.uniform(-1.0, 1.0, (len(latents), 1, 1))
    astray = generator.uniform(0.0, 0.5, (len(latents), 1, 1))
    return (latents + along * turned + astray * others).astype(np.float32)


def _ends(latents: FloatArray, axes: list[Axis], generator: np.random.Generator) -> FloatArray:
    """Breaks half an axis' range to either side of themselves: (axes * 2 * PAINTED_ENDS, steps, latent_dimensions) at most."""
    ends = []
    for axis in axes:
        some = latents[generator.permutation(len(latents))[:PAINTED_ENDS]]
        ends += [some + side * axis.direction * _range(axis) for side in (-0.5, 0.5)]
    return np.concatenate(ends).astype(np.float32)


def _range(axis: Axis) -> float:
    return axis.high - axis.low


def _painted_levels(model: StepVAE, latents: FloatArray, spec: MelSpectrogramSpec) -> FloatArray:
    """Band levels in dB of what the decoder paints: (break, band, n_frames) float32."""
    starts = track(range(0, len(latents), PAINTING_BATCH), f"painting {len(latents)} breaks for the axes")
    parts = (decode_rings(model, latents[start : start + PAINTING_BATCH]) for start in starts)
    return np.stack([band_levels(image, spec) for part in parts for image in part]).astype(np.float32)
