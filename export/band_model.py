"""A small stand-in for the decoder: from latents straight to the levels of a few bands.

The axes are fitted by gradient on what they make of breaks. All that their descriptors look at are six levels a column, and
those a small network learns from decoded breaks in a minute; a step of the fit then costs a hundredth of what the decoder would.
"""

from __future__ import annotations

import numpy as np
import torch
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional as F

from bridge.model_metadata import FloatArray
from training.descriptors import BANDS
from training.model import REACH, around

WIDTH = 160
BATCH = 16
LEARNING_RATE = 2e-3


class BandModel(nn.Module):
    """Latents (break, steps, latent_dimensions) -> levels in dB (break, band, n_frames)."""

    scale: Tensor
    level_mean: Tensor
    level_spread: Tensor

    def __init__(self, scale: FloatArray, level_mean: FloatArray, level_spread: FloatArray, frames_per_step: int) -> None:
        super().__init__()
        self.register_buffer("scale", torch.from_numpy(scale))
        self.register_buffer("level_mean", torch.from_numpy(level_mean)[:, None])
        self.register_buffer("level_spread", torch.from_numpy(level_spread)[:, None])
        self.frames_per_step = frames_per_step
        self.join = nn.Conv1d(len(scale), WIDTH, 2 * REACH + 1)
        self.mix = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 1) for _ in range(2))
        self.spread = nn.Conv1d(WIDTH, len(BANDS) * frames_per_step, 1)

    def forward(self, latent: Tensor) -> Tensor:
        x = F.silu(self.join(around(latent / self.scale).transpose(1, 2)))
        for layer in self.mix:
            x = x + F.silu(layer(x))
        batch, _, steps = x.shape
        levels = self.spread(x).reshape(batch, len(BANDS), self.frames_per_step, steps).transpose(2, 3)
        return levels.reshape(batch, len(BANDS), steps * self.frames_per_step) * self.level_spread + self.level_mean

    @classmethod
    def of(cls, latents: FloatArray, levels: FloatArray, seed: int) -> BandModel:
        """An untrained one for breaks like these, arrays as for ``train``."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return cls(
                scale=np.maximum(latents.std(axis=(0, 1)), 1e-3),
                level_mean=levels.mean(axis=(0, 2)),
                level_spread=np.maximum(levels.std(axis=(0, 2)), 1e-3),
                frames_per_step=levels.shape[2] // latents.shape[1],
            )


def train(model: BandModel, latents: FloatArray, levels: FloatArray, epochs: int, seed: int) -> None:
    """Trains a stand-in, in place.

    :param latents: (break, steps, latent_dimensions) float32
    :param levels: (break, band, n_frames) float32 in dB, measured on what the decoder paints of them
    """
    generator = torch.Generator().manual_seed(seed)
    inputs, targets = torch.from_numpy(latents), torch.from_numpy(levels)
    optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for _ in track(range(epochs), "teaching the stand-in for the decoder"):
        for chosen in torch.split(torch.randperm(len(inputs), generator=generator), BATCH):
            difference = (model(inputs[chosen]) - targets[chosen]) / model.level_spread
            optimiser.zero_grad()
            difference.square().mean().backward()
            optimiser.step()
        schedule.step()
