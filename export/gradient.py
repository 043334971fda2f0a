"""How a latent has to change for its picture to come nearer to a wanted one, as a module that ONNX can hold.

ONNX has no differentiation, so what reverse accumulation does to the decoder is written out here, layer by layer
(Baydin, Pearlmutter, Radul, Siskind: Automatic Differentiation in Machine Learning, JMLR 18, 2018, section 3.2). A test holds
it to torch's own. What follows a gradient, and why, is in bridge/fit.py.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.model import COLUMNS, REACH, SHUFFLE, SLOPE, StepVAE, around, double_rows, repeat_tile

BLOCK = 4
"""Rows and columns whose average counts beside every single pixel, as the ruler counts them."""
BLOCK_WEIGHT = 2.7
JUMP_WEIGHT = 2.0
"""Of blocks, and of jumps in time averaged over BLOCK rows (attacks), beside 1 for single pixels. Latents of 6 held-out breaks
after 10 steps: error -2.4 %, averaged error -4.4 %, sharpness 0.85 to 0.87; without jumps -2.2 %, -4.1 %, 0.865."""


def misfit(picture: Tensor, image: Tensor) -> Tensor:
    """What the gradient is the gradient of: (batch,), from the decoder's picture without grain and the wanted image."""
    error = picture.clamp(0.0, 1.0) - image
    blocks = F.avg_pool2d(error.unsqueeze(1), BLOCK)
    jumps = F.avg_pool2d(error.unsqueeze(1), (BLOCK, 1)).diff(dim=-1)
    terms = ((1.0, error.unsqueeze(1)), (BLOCK_WEIGHT, blocks), (JUMP_WEIGHT, jumps))
    total = torch.zeros(len(image))
    for weight, term in terms:
        total = total + weight * term.square().mean(dim=(1, 2, 3))
    return total


class LatentGradient(nn.Module):
    """Latent (batch, steps, latent_dimensions) and image (batch, n_mels, columns) in 0..1 -> gradient of ``misfit``."""

    def __init__(self, model: StepVAE) -> None:
        super().__init__()
        self.decoder = model.decoder

    def forward(self, latent: Tensor, image: Tensor) -> Tensor:
        # The forward pass of Decoder.heads, keeping the slope of every rectifier.
        decoder = self.decoder
        x, join_slope = _rectified(decoder.join(around(latent).transpose(1, 2)))
        mix_slopes = []
        for layer in decoder.mix:
            added, slope = _rectified(layer(x))
            mix_slopes.append(slope)
            x = x + added
        chosen, choose_slope = _rectified(decoder.choose(x[..., 1:-1]))
        wide, spread_slope = _rectified(decoder.spread(x))
        batch, _, read = x.shape
        steps = read - 2
        y = wide.reshape(batch, -1, decoder.rows, COLUMNS, read).transpose(3, 4)
        y = y.reshape(batch, -1, decoder.rows, COLUMNS * read)
        stages = list(zip((decoder.stage1, decoder.stage2, decoder.stage3), decoder.tiles, strict=True))
        slopes = []
        for used, ((widen, refine), tile) in enumerate(stages):
            y, widen_slope = _rectified(double_rows(widen(y)) + repeat_tile(tile, read, used))
            added, refine_slope = _rectified(refine(y))
            slopes.append((widen_slope, refine_slope))
            y = y[..., 1:-1] + added
        still = decoder.atoms(chosen).reshape(batch, decoder.config.n_mels, -1, steps).transpose(2, 3)
        still = still.reshape(batch, decoder.config.n_mels, -1)
        picture = F.pixel_shuffle(decoder.paint(y), SHUFFLE)[:, 0] + still + decoder.row_level[:, None]

        # And back.
        towards_picture = _misfit_gradient(picture, image)
        back = F.pixel_unshuffle(towards_picture.unsqueeze(1), SHUFFLE)
        back = F.conv_transpose2d(back, decoder.paint.weight[: SHUFFLE * SHUFFLE], padding=(1, 0))
        for ((widen, refine), _), (widen_slope, refine_slope) in zip(reversed(stages), reversed(slopes), strict=True):
            back = F.pad(back, (1, 1)) + F.conv_transpose2d(back * refine_slope, refine.weight, padding=(1, 0))
            back = F.conv_transpose2d(_halve_rows(back * widen_slope), widen.weight, padding=(1, 0))
        back = back.reshape(batch, -1, decoder.rows, read, COLUMNS).transpose(3, 4).reshape(batch, -1, read)
        back = F.conv_transpose1d(back * spread_slope, decoder.spread.weight)
        still = towards_picture.reshape(batch, decoder.config.n_mels, steps, -1).transpose(2, 3).reshape(batch, -1, steps)
        still = F.conv_transpose1d(still, decoder.atoms.weight) * choose_slope
        back = back + F.pad(F.conv_transpose1d(still, decoder.choose.weight), (1, 1))
        for weight, slope in zip(reversed([layer.weight for layer in decoder.mix]), reversed(mix_slopes), strict=True):
            back = back + F.conv_transpose1d(back * slope, cast(Tensor, weight))
        back = F.conv_transpose1d(back * join_slope, decoder.join.weight).transpose(1, 2)
        inner = back[:, REACH:-REACH]
        first, last = back[:, -REACH:], back[:, :REACH]  # what was gathered round the ends belongs to the other end
        return torch.cat([inner[:, :REACH] + first, inner[:, REACH:-REACH], inner[:, -REACH:] + last], dim=1)


def _misfit_gradient(picture: Tensor, image: Tensor) -> Tensor:
    """Gradient of ``misfit`` as its picture: (batch, n_mels, columns)."""
    error = (picture.clamp(0.0, 1.0) - image).unsqueeze(1)
    pixels = image.shape[1] * image.shape[2]
    rows = F.avg_pool2d(error, (BLOCK, 1))
    blocks = F.avg_pool2d(rows, (1, BLOCK))
    jumps = rows[..., 1:] - rows[..., :-1]
    # A pixel has a share of 1 / BLOCK**2 in its block, of which there are pixels / BLOCK**2: the sizes cancel.
    jump_share = 2.0 * JUMP_WEIGHT / (pixels - image.shape[1])
    summed = 2.0 * error / pixels
    summed = summed + 2.0 * BLOCK_WEIGHT / pixels * F.interpolate(blocks, scale_factor=(BLOCK, BLOCK))
    by_row = jump_share * (F.pad(jumps, (1, 0)) - F.pad(jumps, (0, 1)))
    summed = summed + F.interpolate(by_row, scale_factor=(BLOCK, 1))
    inside = ((picture > 0.0) & (picture < 1.0)).to(picture.dtype)
    return summed[:, 0] * inside


def _rectified(x: Tensor) -> tuple[Tensor, Tensor]:
    """A leaky rectifier, and its slope at every element."""
    slope = (x > 0.0).to(x.dtype) * (1.0 - SLOPE) + SLOPE
    return x * slope, slope


def _halve_rows(x: Tensor) -> Tensor:
    """The reverse of ``double_rows``."""
    batch, channels, rows, columns = x.shape
    return x.reshape(batch, channels, rows // 2, 2, columns).transpose(2, 3).reshape(batch, channels * 2, rows // 2, columns)
