"""How good a painted image is, in figures that a model card states (numpy only; losses.py is what training minimises).

All images are (count, n_mels, columns) in 0..1, 1 being the spec's whole range of ``dynamic_range_db``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.float32]]
Sums = np.ndarray[Any, np.dtype[np.float64]]

BLOCK = 4
"""Rows and columns that are averaged, in power, before the averaged error; grain is what they hold beside their mean."""
ONSET_RISE_DB = 3.0
"""A column is an onset where the rows rise by this much on average and no neighbour rises more."""


@dataclass
class Tally:
    """The figures of any number of images, added in parts, so that a whole split need not be held at once."""

    dynamic_range_db: float
    images: int = 0
    _error: Sums = field(default_factory=lambda: np.zeros(2))
    _averaged_error: Sums = field(default_factory=lambda: np.zeros(2))
    _grain: Sums = field(default_factory=lambda: np.zeros(2))
    _rises: Sums = field(default_factory=lambda: np.zeros(2))

    def add(self, painted: FloatArray, original: FloatArray) -> None:
        """Counts some images beside their originals, which have the same shape."""
        self.images += len(original)
        self._error += _squared_error(painted, original)
        self._averaged_error += _averaged_squared_error(painted, original, self.dynamic_range_db)
        self._grain += _grain(painted, original)
        self._rises += _rises(painted, original, self.dynamic_range_db)

    def merge(self, other: Tally) -> None:
        """Counts what another tally has counted."""
        self.images += other.images
        self._error += other._error
        self._averaged_error += other._averaged_error
        self._grain += other._grain
        self._rises += other._rises

    def figures(self) -> dict[str, float]:
        """Error, averaged error (dB), texture and sharpness of all images together, as the functions below define them."""
        return {
            "error_db": _root_mean(self._error) * self.dynamic_range_db,
            "averaged_error_db": _root_mean(self._averaged_error),
            "texture": _ratio(self._grain),
            "sharpness": _ratio(self._rises),
        }


def error_db(painted: FloatArray, original: FloatArray, dynamic_range_db: float) -> float:
    """Root mean square difference in dB."""
    return _root_mean(_squared_error(painted, original)) * dynamic_range_db


def averaged_error_db(painted: FloatArray, original: FloatArray, dynamic_range_db: float) -> float:
    """Root mean square difference in dB after averaging power over blocks of 4 rows x 4 columns: grain left out."""
    return _root_mean(_averaged_squared_error(painted, original, dynamic_range_db))


def texture(painted: FloatArray, original: FloatArray) -> float:
    """Variance within blocks, painted over original: 1 keeps a noise's grain, below 1 smooths it away."""
    return _ratio(_grain(painted, original))


def sharpness(painted: FloatArray, original: FloatArray, dynamic_range_db: float) -> float:
    """Energy of the rise in level (4 rows averaged) at the original's onsets, painted over original: below 1 is blurred."""
    return _ratio(_rises(painted, original, dynamic_range_db))


def onsets(image: FloatArray, dynamic_range_db: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Columns in which hits begin: (columns,), from an image (n_mels, columns)."""
    rise = _rise(_row_blocks(image)).mean(axis=0) * dynamic_range_db
    return (rise > ONSET_RISE_DB) & (rise >= np.roll(rise, 1)) & (rise > np.roll(rise, -1))


def attack_energies(image: FloatArray, dynamic_range_db: float) -> FloatArray:
    """Energy of the rise in level (4 rows averaged) at each onset of an image (n_mels, columns): (onsets,)."""
    rise = _rise(_row_blocks(image))[:, onsets(image, dynamic_range_db)]
    return np.asarray(np.square(rise).sum(axis=0))


def block_level_db(images: FloatArray, dynamic_range_db: float) -> FloatArray:
    """Level in dB below full range of the power averaged over blocks: (count, n_mels / 4, columns / 4)."""
    power = np.power(10.0, (images - 1.0) * np.float32(dynamic_range_db / 10.0))
    return 10.0 * np.log10(_blocks(power).mean(axis=(2, 4)))


def _squared_error(painted: FloatArray, original: FloatArray) -> Sums:
    """Sum, and how many were summed; so is the next one's."""
    return np.array([np.sum(np.square(painted - original), dtype=np.float64), max(painted.size, original.size)])


def _averaged_squared_error(painted: FloatArray, original: FloatArray, dynamic_range_db: float) -> Sums:
    difference = block_level_db(painted, dynamic_range_db) - block_level_db(original, dynamic_range_db)
    return np.array([np.sum(np.square(difference), dtype=np.float64), difference.size])


def _grain(painted: FloatArray, original: FloatArray) -> Sums:
    """Sums of the variances within blocks, of painted and original."""
    return np.array([np.sum(_blocks(images).var(axis=(2, 4)), dtype=np.float64) for images in (painted, original)])


def _rises(painted: FloatArray, original: FloatArray, dynamic_range_db: float) -> Sums:
    """Energies of the rises at the original's onsets, of painted and original."""
    energies = np.zeros(2)
    for made, wanted in zip(painted, original, strict=True):
        rises = [_rise(_row_blocks(image)) for image in (made, wanted)]
        columns = onsets(wanted, dynamic_range_db)
        energies += [float(np.sum(np.square(rise[:, columns]))) for rise in rises]
    return energies


def _root_mean(sums: Sums) -> float:
    return float(np.sqrt(sums[0] / sums[1]))


def _ratio(sums: Sums) -> float:
    """Of nothing to nothing it is 1: what has no grain and no onset is kept as it is."""
    return float(sums[0] / sums[1]) if sums[1] > 0.0 else 1.0


def _blocks(images: FloatArray) -> FloatArray:
    count, rows, columns = images.shape
    return images.reshape(count, rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)


def _row_blocks(image: FloatArray) -> FloatArray:
    return image.reshape(-1, BLOCK, image.shape[-1]).mean(axis=1)


def _rise(image: FloatArray) -> FloatArray:
    """Increase from the column before, round the ring; falls count as nothing."""
    return np.maximum(image - np.roll(image, 1, axis=-1), 0.0)
