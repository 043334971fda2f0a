"""What a painted image is judged by. All images are (batch, n_mels, columns), 1 being the spec's whole range in dB.

Plain differences alone make a picture whose attacks are blurred and whose noise is smoothed away, since the mean of all
grains is no grain. So beside them stand the same after averaging over blocks (the level of a noise, whatever its grain)
and differences in time (attacks). The decoder's second head, the strength of the grain, learns from the local standard
deviation alone, and the picture beneath is left out of that: neither has to give way to the other.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

LEAK = 0.05
"""Slope of the gradient where the painted image leaves 0..1 and is clipped."""
LARGE_JUMPS = 4.0
"""How much more the square of a wrong jump in time counts than its size: attacks are few, and tens of dB high."""
TEXTURE_BLOCK = 4
"""Rows and columns over which grain is measured."""


@dataclass(frozen=True)
class LossWeights:
    """How much each term counts; a checkpoint carries them."""

    absolute: float = 0.6
    squared: float = 12.0
    block_squared: float = 32.0
    attack: float = 2.0
    texture: float = 2.0
    divergence: float = 2e-3
    free_nats: float = 0.1
    """Divergence per latent dimension that costs nothing."""

    def to_dict(self) -> dict[str, float]:
        """Plain values, for a checkpoint."""
        return asdict(self)


def soft_clip(painted: Tensor) -> Tensor:
    """Clipped to 0..1 but for a small slope outside, along which the gradient finds its way back."""
    clipped = painted.clamp(0.0, 1.0)
    return clipped + LEAK * (painted - clipped)


def picture_terms(picture: Tensor, noise: Tensor, target: Tensor, watched: slice) -> dict[str, Tensor]:
    """The terms that compare two images, each a mean over the batch.

    :param picture: without grain, before the clip to 0..1
    :param noise: the grain to add to it
    :param watched: the columns in which grain is compared: a part is enough for so slow a quantity, and costs less
    """
    error = soft_clip(picture) - target
    with_grain = soft_clip(picture[..., watched].detach() + noise[..., watched])
    blocks = [error.unsqueeze(1)]
    for _ in range(3):
        blocks.append(F.avg_pool2d(blocks[-1], 2))
    jumps = _row_blocks(error).diff(dim=-1)
    return {
        "absolute": error.abs().mean(),
        "squared": error.square().mean(),
        "block_squared": torch.stack([block.square().mean() for block in blocks[1:]]).mean(),
        "attack": jumps.abs().mean() + LARGE_JUMPS * jumps.square().mean(),
        "texture": (grain(with_grain) - grain(target[..., watched])).abs().mean(),
    }


def grain(image: Tensor) -> Tensor:
    """Standard deviation inside overlapping blocks, averaged over their neighbourhood: (batch, 1, rows, columns)."""
    x = image.unsqueeze(1)
    mean = F.avg_pool2d(x, TEXTURE_BLOCK, stride=TEXTURE_BLOCK // 2)
    square = F.avg_pool2d(x.square(), TEXTURE_BLOCK, stride=TEXTURE_BLOCK // 2)
    # The floor keeps the root's gradient finite where a picture is flat: 0.8 dB of an 80 dB range.
    variance = F.avg_pool2d((square - mean.square()).clamp_min(0.0), (4, 2), stride=(2, 1))
    return (variance + 1e-4).sqrt()


def divergence(mean: Tensor, log_variance: Tensor, kit_dimensions: int, free_nats: float) -> tuple[Tensor, Tensor]:
    """Kullback-Leibler divergence from a standard normal prior, in nats for each number that a break is made of.

    :param mean: (batch, steps, latent_dimensions), as log_variance; the last ``kit_dimensions`` are alike in all steps and
        count once a break
    :returns: the term to minimise, free below ``free_nats`` for each dimension, and the plain mean
    """
    nats = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)
    by_dimension = nats.mean(dim=(0, 1))
    share = by_dimension.new_full(by_dimension.shape, float(nats.shape[1]))
    share[len(share) - kit_dimensions :] = 1.0
    share = share / share.sum()
    return (share * by_dimension.clamp_min(free_nats)).sum(), (share * by_dimension).sum()


def _row_blocks(image: Tensor) -> Tensor:
    """Averages of 4 rows, every column kept: what an attack looks like without its grain."""
    return F.avg_pool2d(image.unsqueeze(1), (4, 1)).squeeze(1)
