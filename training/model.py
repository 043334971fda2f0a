"""The step-latent variational autoencoder: one small latent vector for each sixteenth of the loop.

Both halves are convolutional along time, so the same weights serve loops of any number of steps. The decoder's reach is
fixed by construction: it pads nothing along time, its caller gathers neighbours instead. At the rate of one column a
step a single kernel is 3 wide (1 step of reach); at four columns a step four kernels are 3 wide (4 columns, which is the
second step). No layer takes statistics over time, so a step decoded with its neighbours equals the whole loop's.

What all steps of a break have in common (which kit, how it is tuned, filtered, how much room) is one vector, which the encoder
averages over time and writes into every step. So the numbers that are a step's own need to say only what is played there,
and any step still carries all that it takes to paint it beside steps of other breaks.

The decoder adds two pictures of a step: one that convolutions paint, good at what moves and bends, and one added up from
learnt atoms at full resolution, good at what stands still: lines of tonal hits, a cymbal's fixed grain.

A picture that minimises an error has no grain where grain cannot be coded, and sounds like water. So the decoder has two
heads: a picture, and how much noise to paint over it. The noise is fixed: a few tiles of one step, whose mixture
follows from the step's own latent, so that equal latents paint equal pictures and unlike ones unlike grain.

Images here are (batch, n_mels, columns) in 0..1, latents (batch, steps, latent_dimensions).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

REACH = 2
"""Steps on either side of a step that the decoder reads."""
SHUFFLE = 4
"""The decoder ends, and the encoder begins, with blocks of SHUFFLE x SHUFFLE pixels as channels."""
COLUMNS = 4
"""Columns a step in the middle of both halves, where the two-dimensional convolutions are."""
WIDE_KERNELS = COLUMNS * (REACH - 1)
"""Kernels of the decoder that are 3 columns wide at COLUMNS a step: they use up the reach that the step rate leaves."""
SLOPE = 0.1
"""Of every leaky rectifier; onnxruntime fuses them into the convolution before, unlike GELU and SiLU."""

PAINTED_GRAIN = 0.85
"""Share of the grain's measured strength that is painted.

Grain that is not the original's own is an error as large as itself: less of it is nearer to the original in every pixel, more
of it in its texture. Below this share the variance within blocks falls short of four fifths of the original's.
"""
GRAIN_TILES = 4
GRAIN_TURN = 3.0
"""How fast the mixture of the tiles turns with the latent, in radians for each unit."""


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the network; a checkpoint carries them."""

    n_mels: int
    frames_per_step: int
    latent_dimensions: int = 24
    """Numbers a step, those of the kit included."""
    kit_dimensions: int = 16
    """The last of them: which kit plays, how it is tuned and filtered. One vector a break, the same in all its steps."""
    step_width: int = 320
    """Channels at the rate of one column a step, where they cost next to nothing."""
    atoms: int = 384
    """Pictures of one step, at full resolution, that a step adds up."""
    decoder_channels: tuple[int, int, int, int] = (64, 64, 48, 48)
    """From the lowest resolution in frequency (n_mels / 32 rows) to the highest (n_mels / 4)."""
    encoder_channels: tuple[int, int, int, int] = (32, 48, 64, 64)
    """From the highest resolution in frequency (n_mels / 8 rows) to the lowest (n_mels / 64)."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Rebuilds a configuration from a checkpoint's plain values."""
        channels = {key: tuple(values[key]) for key in ("decoder_channels", "encoder_channels")}
        return cls(**{**values, **channels})


class Decoder(nn.Module):
    """(batch, steps + 2 * REACH, latent_dimensions) -> (batch, n_mels, steps * frames_per_step), before the clip to 0..1."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.rows = config.n_mels // (8 * SHUFFLE)
        width = config.step_width
        c0, c1, c2, c3 = config.decoder_channels
        self.join = nn.Conv1d(config.latent_dimensions, width, 3)
        self.mix = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(2))
        self.spread = nn.Conv1d(width, c0 * self.rows * COLUMNS, 1)
        self.choose = nn.Conv1d(width, config.atoms, 1)
        self.atoms = nn.Conv1d(config.atoms, config.n_mels * config.frames_per_step, 1, bias=False)
        nn.init.zeros_(self.atoms.weight)
        self.stage1 = nn.ModuleList([_conv(c0, 2 * c1, wide=False), _conv(c1, c1, wide=True)])
        self.stage2 = nn.ModuleList([_conv(c1, 2 * c2, wide=False), _conv(c2, c2, wide=True)])
        self.stage3 = nn.ModuleList([_conv(c2, 2 * c3, wide=False), _conv(c3, c3, wide=True)])
        self.paint = _conv(c3, 2 * SHUFFLE * SHUFFLE, wide=True)
        # Where a row is in frequency, and a fixed grain to paint noise from: the same in every step.
        self.tiles = nn.ParameterList(
            0.1 * torch.randn(1, channels, self.rows * scale, COLUMNS) for channels, scale in ((c1, 2), (c2, 4), (c3, 8))
        )
        self.row_level = nn.Parameter(torch.full((config.n_mels,), 0.3))
        self.grain_level = nn.Parameter(torch.full((config.n_mels,), 0.03))
        self.grain = Grain(config)

    def forward(self, latent: Tensor) -> Tensor:
        picture, noise = self.heads(latent)
        return picture + PAINTED_GRAIN * noise

    def heads(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """The picture without grain, and the noise to add to it: shapes as ``forward``."""
        step_latent = latent[:, REACH : latent.shape[1] - REACH]
        x = F.leaky_relu(self.join(latent.transpose(1, 2)), SLOPE)
        for layer in self.mix:
            x = x + F.leaky_relu(layer(x), SLOPE)
        batch, _, read = x.shape
        steps = read - 2 * (REACH - 1)
        still = self.atoms(F.leaky_relu(self.choose(x[..., 1:-1]), SLOPE))
        still = still.reshape(batch, self.config.n_mels, -1, steps).transpose(2, 3).reshape(batch, self.config.n_mels, -1)
        x = F.leaky_relu(self.spread(x), SLOPE)
        x = x.reshape(batch, -1, self.rows, COLUMNS, read).transpose(3, 4).reshape(batch, -1, self.rows, COLUMNS * read)
        stages = zip((self.stage1, self.stage2, self.stage3), self.tiles, strict=True)
        for used, ((widen, refine), tile) in enumerate(stages):
            x = double_rows(widen(x))
            x = F.leaky_relu(x + repeat_tile(tile, read, used), SLOPE)
            x = x[..., 1:-1] + F.leaky_relu(refine(x), SLOPE)
        picture, level = F.pixel_shuffle(self.paint(x), SHUFFLE).unbind(1)
        return picture + still + self.row_level[:, None], (level + self.grain_level[:, None]) * self.grain(step_latent)


class Grain(nn.Module):
    """(batch, steps, latent_dimensions) -> noise of unit variance, (batch, n_mels, steps * frames_per_step)."""

    tiles: Tensor
    turn: Tensor
    phase: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.shape = (config.n_mels, config.frames_per_step)
        generator = torch.Generator().manual_seed(0)
        tiles = torch.randn(GRAIN_TILES, config.n_mels * config.frames_per_step, generator=generator)
        turn = torch.randn(config.latent_dimensions, GRAIN_TILES, generator=generator)
        self.register_buffer("tiles", tiles)
        self.register_buffer("turn", GRAIN_TURN * turn / turn.norm(dim=0))
        self.register_buffer("phase", torch.arange(GRAIN_TILES) * 1.7)

    def forward(self, latent: Tensor) -> Tensor:
        mixture = torch.sin(latent @ self.turn + self.phase)
        mixture = mixture * torch.rsqrt(mixture.square().sum(dim=-1, keepdim=True) + 1e-6)
        batch, steps, _ = latent.shape
        noise = (mixture @ self.tiles).reshape(batch, steps, *self.shape)
        return noise.transpose(1, 2).reshape(batch, self.shape[0], steps * self.shape[1])


class Encoder(nn.Module):
    """(batch, n_mels, steps * frames_per_step) -> mean and log variance, each (batch, steps, latent_dimensions).

    Time is a ring: every kernel reads round the ends.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        channels = (SHUFFLE * SHUFFLE, *config.encoder_channels)
        self.shrink = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=(2, 1), padding=(1, 0)) for before, after in pairwise(channels)
        )
        rows = config.n_mels // (16 * SHUFFLE)
        width = config.step_width
        self.row_bias = nn.Parameter(torch.zeros(1, channels[1], 8 * rows, 1))
        self.gather = nn.Conv1d(channels[-1] * rows * COLUMNS, width, 1)
        self.look = nn.Conv1d(width, width, 3)
        self.mix = nn.Conv1d(width, width, 1)
        self.kit_mix = nn.Conv1d(width, width, 1)
        self.posterior = _posterior(width, config.latent_dimensions - config.kit_dimensions)
        self.kit_posterior = _posterior(width, config.kit_dimensions)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = F.pixel_unshuffle(image.unsqueeze(1) - 0.3, SHUFFLE)
        for index, layer in enumerate(self.shrink):
            x = layer(_ring(x))
            x = F.leaky_relu(x + self.row_bias if index == 0 else x, SLOPE)
        batch, channels, rows, columns = x.shape
        x = x.reshape(batch, channels, rows, columns // COLUMNS, COLUMNS).permute(0, 1, 2, 4, 3)
        x = F.leaky_relu(self.gather(x.reshape(batch, channels * rows * COLUMNS, columns // COLUMNS)), SLOPE)
        x = x + F.leaky_relu(self.look(_ring(x)), SLOPE)
        x = x + F.leaky_relu(self.mix(x), SLOPE)
        kit = F.leaky_relu(self.kit_mix(x), SLOPE).mean(dim=-1, keepdim=True)
        halves = zip(self.posterior(x).chunk(2, dim=1), self.kit_posterior(kit).chunk(2, dim=1), strict=True)
        mean, log_variance = (torch.cat([step, all_steps.expand(-1, -1, step.shape[-1])], dim=1) for step, all_steps in halves)
        return mean.transpose(1, 2), log_variance.transpose(1, 2)


class StepVAE(nn.Module):
    """Encoder and decoder together, as they are trained."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def forward(self, image: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One training pass.

        :param image: (batch, n_mels, columns) in 0..1
        :param noise: (batch, steps, latent_dimensions), standard normal; of the kit's dimensions the first step's is used
        :returns: the picture before grain and clip, its grain, the posterior's mean and its log variance
        """
        mean, log_variance = self.encoder(image)
        own = self.config.latent_dimensions - self.config.kit_dimensions
        noise = torch.cat([noise[..., :own], noise[:, :1, own:].expand(-1, noise.shape[1], -1)], dim=-1)
        latent = mean + noise * torch.exp(0.5 * log_variance)
        picture, grain = self.decoder.heads(around(latent))
        return picture, grain, mean, log_variance


def around(latent: Tensor) -> Tensor:
    """The ring's neighbours gathered: (batch, steps, d) -> (batch, steps + 2 * REACH, d); steps >= REACH."""
    return torch.cat([latent[:, -REACH:], latent, latent[:, :REACH]], dim=1)


def _posterior(width: int, dimensions: int) -> nn.Conv1d:
    """Mean and log variance; little noise at first, or the decoder learns to ignore the latent."""
    layer = nn.Conv1d(width, 2 * dimensions, 1)
    with torch.no_grad():
        layer.bias = nn.Parameter(torch.cat([torch.zeros(dimensions), torch.full((dimensions,), -4.0)]))
    return layer


def _conv(channels_in: int, channels_out: int, *, wide: bool) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, (3, 3 if wide else 1), padding=(1, 0))


def _ring(x: Tensor) -> Tensor:
    return torch.cat([x[..., -1:], x, x[..., :1]], dim=-1)


def double_rows(x: Tensor) -> Tensor:
    """(batch, 2 * channels, rows, columns) -> (batch, channels, 2 * rows, columns)"""
    batch, channels, rows, columns = x.shape
    return x.reshape(batch, channels // 2, 2, rows, columns).transpose(2, 3).reshape(batch, channels // 2, 2 * rows, columns)


def repeat_tile(tile: Tensor, steps: int, used: int) -> Tensor:
    """One step's tile under all of them, less the ``used`` columns that narrower results have lost at either end."""
    tiles = tile.repeat(1, 1, 1, steps)
    return tiles[..., used : tiles.shape[-1] - used] if used else tiles
