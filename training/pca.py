"""Principal component analysis of whole images: what as many numbers as a model's latent could say without learning.

The yardstick of the evaluation. It is fitted once on a data set's training images and kept beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from training.dataset import BreakDataset

FloatArray = np.ndarray[Any, np.dtype[np.float32]]

PCA_FILE = "pca-{dimensions}.npz"
OVERSAMPLING = 32
POWER_ITERATIONS = 2
CHUNK = 250
"""Images that are unpacked to float32 at once: 250 MB of them."""


@dataclass(frozen=True)
class PrincipalComponents:
    """A mean image and the directions of largest variance around it."""

    mean: FloatArray
    """(n_mels * n_frames,), in 0..1"""
    components: FloatArray
    """(dimensions, n_mels * n_frames), orthonormal"""
    shape: tuple[int, int]

    def reconstruct(self, images: FloatArray) -> FloatArray:
        """Images (count, n_mels, n_frames) in 0..1 projected on the components, clipped to 0..1: the same shape."""
        flat = images.reshape(len(images), -1) - self.mean
        projected = (flat @ self.components.T) @ self.components + self.mean
        return np.asarray(np.clip(projected, 0.0, 1.0), np.float32).reshape(len(images), *self.shape)


def fit(dataset: BreakDataset, dimensions: int, seed: int, report: Callable[[float], None]) -> PrincipalComponents:
    """Components of a data set's training images, by randomised subspace iteration.

    Halko, Martinsson, Tropp: Finding Structure with Randomness (SIAM Review 53, 2011), algorithms 4.4 and 5.1.

    :param dimensions: how many; at most the training images less one
    :param report: is told the part done, 0..1
    """
    indices = dataset.indices("train")
    spec = dataset.spec
    pixels = spec.n_mels * spec.n_frames
    dimensions = min(dimensions, len(indices) - 1)
    width = min(dimensions + OVERSAMPLING, len(indices))
    passes = 2 + POWER_ITERATIONS
    done = 0

    def chunks() -> Iterator[FloatArray]:
        nonlocal done
        for start in range(0, len(indices), CHUNK):
            part = indices[start : start + CHUNK]
            yield dataset.images[part].reshape(len(part), pixels).astype(np.float32) / np.float32(255.0)
            done += len(part)
            report(done / (passes * len(indices)))

    total = np.zeros(pixels, np.float64)
    for images in chunks():
        total += images.sum(axis=0)
    mean = (total / len(indices)).astype(np.float32)
    generator = np.random.default_rng(seed)
    sketch = np.zeros((width, pixels), np.float32)
    for images in chunks():
        sketch += generator.standard_normal((width, len(images)), np.float32) @ (images - mean)
    directions = _orthonormal_rows(sketch)
    for _ in range(POWER_ITERATIONS):
        product = np.zeros((width, pixels), np.float32)
        for images in chunks():
            images -= mean
            product += (images @ directions.T).T @ images
        directions = _orthonormal_rows(product)
    return PrincipalComponents(mean, np.ascontiguousarray(directions[:dimensions]), (spec.n_mels, spec.n_frames))


def fitted_once(dataset: BreakDataset, dimensions: int, report: Callable[[float], None]) -> PrincipalComponents:
    """The components kept beside the data set, fitted (and kept) first where there are none of this data set.

    They are kept in half precision: 8e-4 of a component's length, far below what is compared.
    """
    path = dataset.path / PCA_FILE.format(dimensions=dimensions)
    manifest = dataset.manifest
    key = f"{manifest['bank_sha256']} {manifest['seed']} {manifest['count']} {dataset.spec.name}"
    if path.is_file():
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["key"]) == key:
                shape = (dataset.spec.n_mels, dataset.spec.n_frames)
                return PrincipalComponents(kept["mean"], kept["components"].astype(np.float32), shape)
    found = fit(dataset, dimensions, 0, report)
    rounded = found.components.astype(np.float16)
    part = path.with_name(f".{path.stem}.part.npz")
    np.savez(part, key=np.array(key), mean=found.mean, components=rounded)
    part.replace(path)
    return replace(found, components=rounded.astype(np.float32))  # as it will be read the next time


def _orthonormal_rows(matrix: FloatArray) -> FloatArray:
    """Rows of the same span, by falling singular value."""
    gram = matrix.astype(np.float64) @ matrix.T.astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    order = np.argsort(values)[::-1]
    scale = 1.0 / np.sqrt(np.maximum(values[order], values.max() * 1e-12))
    return ((vectors[:, order] * scale).T.astype(np.float32)) @ matrix
