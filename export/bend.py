"""One axis bent by gradient until its knob moves its own descriptor, straight, and as little else as it can.

The loss is written in what a knob does to breaks: turned to a few positions, as `bridge.latent_space` turns it, they are
listened to by way of the stand-in (`export.band_model`). Sought is the whole way from the knob's 0 to its 1, in the latents' own
principal directions and standard deviations, so that likely changes are found before unlikely ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from bridge.model_metadata import Axis, FloatArray
from export.band_model import BandModel
from export.torch_descriptors import Heard, listen
from training.descriptors import BACKBEATS, DESCRIPTIONS
from training.ruler.axes import HIT_DB, SPARED, Yardstick

WANTED_MOVEMENT = 3.0
"""Standard deviations of its own descriptor that a knob should move from 0 to 1: the bar is 2, decoder and ears lose some."""
POSITIONS = (-1.0, -0.5, 0.5, 1.0)
"""Where the knob is listened to, -1 and 1 being its ends and 0 the stored break."""
BREAKS = 16
"""Breaks listened to in one update."""
LEARNING_RATE = 0.06
SMALLEST_EIGENVALUE = 0.01
"""Floor of the latents' principal variances, as a share of their mean."""
IMPOSSIBLE_EIGENVALUE = 1e-6
"""What is below this share of their mean is no variance."""

EACH_BESIDE, MEAN_BESIDE = 0.3, 0.6
"""Weights of other descriptors' movements: squared in each break, and of the mean over breaks from end to end."""
SHORT, ORDER, HITS, LEVEL, FAR, STRETCH = 1.0, 2.0, 1.0, 0.02, 0.001, 10.0
"""Weights of moving too little, of standing still between positions, of lost hits, of loudness (a squared dB), of unlikely
changes (a squared standard deviation) and of knobs that reach much less or more far than the breaks do."""
LEAST_STEP = 0.4
"""Share of an even movement that there must be between neighbouring positions."""
HIT_SPARE_DB, HIT_SCALE_DB = 4.0, 4.0
"""How far above HIT_DB a hit's rise may come down unpunished, and the excess that counts as one."""
STRETCHES = (0.8, 1.8)
"""How much less or further than the percentiles of the breaks a knob may reach."""


@dataclass(frozen=True)
class Surroundings:
    """What the axes of one model are bent in."""

    hear: BandModel
    latents: Tensor
    """(break, steps, latent_dimensions)"""
    mean: Tensor
    """(steps, latent_dimensions)"""
    principal: Tensor
    """(size, direction): columns are the latents' principal directions, one standard deviation long."""
    slope: Tensor
    spread: Tensor
    """Both (descriptor,): see `training.ruler.axes.Yardstick`."""

    @classmethod
    def of(cls, hear: BandModel, latents: FloatArray, yardstick: Yardstick) -> Surroundings:
        """From training breaks (break, steps, latent_dimensions)."""
        mean = latents.mean(axis=0)
        flat = (latents - mean).reshape(len(latents), -1).astype(np.float64)
        variances, directions = np.linalg.eigh(flat.T @ flat / len(flat))
        # Where no break differs at all, as in a kit that changes between steps, the knob is not to go either.
        lived = variances > IMPOSSIBLE_EIGENVALUE * variances.mean()
        principal = directions[:, lived] * np.sqrt(np.maximum(variances[lived], SMALLEST_EIGENVALUE * variances.mean()))
        tensors = (
            torch.from_numpy(array.astype(np.float32)) for array in (latents, mean, principal, yardstick.slope, yardstick.spread)
        )
        return cls(hear, *tensors)

    def heard(self, latents: Tensor) -> Heard:
        """Breaks (break, steps, latent_dimensions) by ear, descriptors in the yardstick's units."""
        heard = listen(self.hear(latents), latents.shape[1])
        density = heard.descriptors[:, list(DESCRIPTIONS).index("density")]
        return replace(heard, descriptors=(heard.descriptors - density[:, None] * self.slope) / self.spread)


def bend(axis: Axis, around: Surroundings, updates: int, seed: int) -> Axis:
    """The named axis with a better direction and range; its weight stays.

    :param updates: steps of gradient descent (Adam) on as many small batches of breaks
    """
    whole_way = torch.from_numpy(((axis.high - axis.low) * axis.direction).ravel())
    # The directions are orthogonal, so this is the coordinate along each.
    sought = (whole_way @ around.principal / around.principal.square().sum(dim=0)).requires_grad_()
    optimiser = torch.optim.Adam([sought], LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    generator = np.random.default_rng(seed)
    for _ in range(updates):
        chosen = generator.permutation(len(around.latents))[:BREAKS]
        [sought.grad] = torch.autograd.grad(_loss(axis, sought, around, around.latents[chosen]), [sought])
        optimiser.step()
        schedule.step()
    way = (around.principal @ sought.detach()).numpy().reshape(axis.direction.shape)
    gain = float(np.sum(axis.weight.astype(np.float64) * way))
    if gain <= 0.0:  # the descriptor hardly follows this model's latent: better the axis as it was than one turned round
        return axis
    stretch = gain / (axis.high - axis.low)
    return replace(axis, direction=(way / gain).astype(np.float32), low=axis.low * stretch, high=axis.high * stretch)


def _loss(axis: Axis, sought: Tensor, around: Surroundings, stored: Tensor) -> Tensor:
    own = list(DESCRIPTIONS).index(axis.name)
    count, positions = len(stored), torch.tensor(POSITIONS)
    way = around.principal @ sought
    weight = torch.from_numpy(axis.weight.ravel())
    gain = weight @ way
    stretch = gain / (axis.high - axis.low)
    coordinate = (stored - around.mean).reshape(count, -1) @ weight
    above = (torch.maximum(axis.high * stretch, coordinate) - coordinate) / gain
    below = (coordinate - torch.minimum(axis.low * stretch, coordinate)) / gain
    shares = positions[:, None] * torch.where(positions[:, None] > 0.0, above, below)
    turned = stored + shares[:, :, None, None] * way.reshape(stored.shape[1:])
    heard = around.heard(torch.cat([stored[None], turned]).flatten(0, 1))
    descriptors = heard.descriptors.reshape(len(positions) + 1, count, -1)
    moved = descriptors[1:] - descriptors[0]
    wanted = WANTED_MOVEMENT * shares
    whole = (moved[-1] - moved[0]).mean(dim=0)
    others = torch.ones(len(whole))
    others[own] = 0.0
    middle = len(positions) // 2
    steps = torch.cat([moved[:middle, :, own], torch.zeros(1, count), moved[middle:, :, own]]).diff(dim=0)
    wanted_steps = torch.cat([wanted[:middle], torch.zeros(1, count), wanted[middle:]]).diff(dim=0)
    hits = heard.hits.reshape(len(positions) + 1, count, -1)
    kept = (hits[0] >= HIT_DB) * _guarded(axis.name)
    lost = torch.relu(hits[0].clamp(max=HIT_DB + HIT_SPARE_DB) - hits[1:]) / HIT_SCALE_DB
    level = heard.level_db.reshape(len(positions) + 1, count)
    return (
        (moved[:, :, own] - wanted).square().mean()
        + SHORT * torch.relu(WANTED_MOVEMENT - whole[own]).square()
        + ORDER * torch.relu(LEAST_STEP * wanted_steps - steps).square().mean()
        + EACH_BESIDE * (moved.square() * others).sum(dim=2).mean()
        + MEAN_BESIDE * (whole.square() * others).sum()
        + HITS * (lost.square() * kept).sum(dim=2).mean()
        + LEVEL * (level[1:] - level[0]).square().mean()
        + FAR * sought.square().sum()
        + STRETCH * (torch.relu(STRETCHES[0] - stretch).square() + torch.relu(stretch - STRETCHES[1]).square())
    )


def _guarded(name: str) -> Tensor:
    """1 for every one of `Heard.hits` that the axis must leave, 0 for others."""
    spared = SPARED.get(name, ())
    return torch.tensor([float("kick" not in spared)] + [float("snare" not in spared)] * len(BACKBEATS))
