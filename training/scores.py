"""How good a painted image is, in figures that a model card states (numpy only; losses.py is what training minimises).

All images are (count, n_mels, columns) in 0..1, 1 being the spec's whole range of ``dynamic_range_db``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.float32]]

BLOCK = 4
"""Rows and columns that are averaged, in power, before the averaged error; grain is what they hold beside their mean."""
ONSET_RISE_DB = 3.0
"""A column is an onset where the rows rise by this much on average and no neighbour rises more."""


def error_db(painted: FloatArray, original: FloatArray, dynamic_range_db: float) -> float:
    """Root mean square difference in dB."""
    return float(np.sqrt(np.mean(np.square(painted - original))) * dynamic_range_db)


def averaged_error_db(painted: FloatArray, original: FloatArray, dynamic_range_db: float) -> float:
    """Root mean square difference in dB after averaging power over blocks of 4 rows x 4 columns: grain left out."""
    difference = block_level_db(painted, dynamic_range_db) - block_level_db(original, dynamic_range_db)
    return float(np.sqrt(np.mean(np.square(difference))))


def texture(painted: FloatArray, original: FloatArray) -> float:
    """Variance within blocks, painted over original: 1 keeps a noise's grain, below 1 smooths it away."""
    return float(_grain_variance(painted) / _grain_variance(original))


def sharpness(painted: FloatArray, original: FloatArray, dynamic_range_db: float) -> float:
    """Energy of the rise in level (4 rows averaged) at the original's onsets, painted over original: below 1 is blurred."""
    energies = np.zeros(2)
    for made, wanted in zip(painted, original, strict=True):
        rises = [_rise(_row_blocks(image)) for image in (made, wanted)]
        columns = onsets(wanted, dynamic_range_db)
        energies += [float(np.sum(np.square(rise[:, columns]))) for rise in rises]
    return float(energies[0] / energies[1])


def onsets(image: FloatArray, dynamic_range_db: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Columns in which hits begin: (columns,), from an image (n_mels, columns)."""
    rise = _rise(_row_blocks(image)).mean(axis=0) * dynamic_range_db
    return (rise > ONSET_RISE_DB) & (rise >= np.roll(rise, 1)) & (rise > np.roll(rise, -1))


def block_level_db(images: FloatArray, dynamic_range_db: float) -> FloatArray:
    """Level in dB below full range of the power averaged over blocks: (count, n_mels / 4, columns / 4)."""
    power = np.power(10.0, (images - 1.0) * np.float32(dynamic_range_db / 10.0))
    return 10.0 * np.log10(_blocks(power).mean(axis=(2, 4)))


def _grain_variance(images: FloatArray) -> float:
    return float(np.mean(_blocks(images).var(axis=(2, 4))))


def _blocks(images: FloatArray) -> FloatArray:
    count, rows, columns = images.shape
    return images.reshape(count, rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)


def _row_blocks(image: FloatArray) -> FloatArray:
    return image.reshape(-1, BLOCK, image.shape[-1]).mean(axis=1)


def _rise(image: FloatArray) -> FloatArray:
    """Increase from the column before, round the ring; falls count as nothing."""
    return np.maximum(image - np.roll(image, 1, axis=-1), 0.0)
