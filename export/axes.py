"""The axes, fitted on the latents of training images: what the knobs turn."""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.mel_spectrogram import MelSpectrogramSpec
from bridge.model_metadata import Axis, FloatArray
from training.descriptors import DESCRIPTIONS

RIDGE_SHARES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Candidates for the ridge, as shares of the latents' mean variance; the best on the held-back fifth is taken."""
LOW_PERCENTILE, HIGH_PERCENTILE = 5.0, 95.0
PRINCIPAL_AXES = 2
MIN_EXPLAINED = 0.05
"""A descriptor of whose variance the latent explains less than this gets no axis."""


def fit_axes(
    latents: FloatArray, descriptors: np.ndarray[Any, Any], spec: MelSpectrogramSpec
) -> tuple[tuple[Axis, ...], dict[str, float]]:
    """Knobs that move one descriptor each, and the leading principal axes.

    A weight matrix W is ridge-regressed for each descriptor, after the density has been regressed out of the others. The
    directions are the columns of S W (W' S W)^-1, S being the latents' covariance: the likeliest changes that raise one
    coordinate and leave those of the other axes alone.

    :param latents: (count, steps, latent_dimensions)
    :param descriptors: (count, descriptor), in the order of DESCRIPTIONS
    :returns: the axes, and the share of each descriptor's variance that its coordinate explains (held-back fifth)
    """
    shape = latents.shape[1:]
    names = list(DESCRIPTIONS)
    flat = latents.reshape(len(latents), -1).astype(np.float64)
    centred = flat - flat.mean(axis=0)
    targets = (descriptors - descriptors.mean(axis=0)) / (descriptors.std(axis=0) + 1e-9)
    density = targets[:, [names.index("density")]]
    plain = targets - density @ (density.T @ targets) / float((density**2).sum())
    plain[:, names.index("density")] = density[:, 0]
    fitted = {name: _ridge(centred, plain[:, index]) for index, name in enumerate(names)}
    explained = {name: share for name, (_, share) in fitted.items()}
    named = [name for name in names if explained[name] >= MIN_EXPLAINED]
    weights = np.stack([fitted[name][0] for name in named], axis=1)
    covariance = centred.T @ centred / len(centred)
    gram = weights.T @ covariance @ weights
    directions = covariance @ weights @ np.linalg.inv(gram)
    axes = [
        _axis(name, DESCRIPTIONS[name], weights[:, index], directions[:, index], centred, shape)
        for index, name in enumerate(named)
    ]
    _, vectors = np.linalg.eigh(covariance)
    for number in range(PRINCIPAL_AXES):
        vector = vectors[:, -1 - number]
        vector = vector * np.sign(vector.sum())
        description = f"principal axis {number + 1} of the training breaks: its 5th percentile; its 95th"
        axes.append(_axis(f"pc{number + 1}", description, vector, vector, centred, shape))
    return tuple(axes), explained


def _axis(
    name: str,
    description: str,
    weight: np.ndarray[Any, Any],
    direction: np.ndarray[Any, Any],
    centred: np.ndarray[Any, Any],
    shape: tuple[int, ...],
) -> Axis:
    coordinate = centred @ weight
    low, high = np.percentile(coordinate, [LOW_PERCENTILE, HIGH_PERCENTILE])
    return Axis(
        name=name,
        description=description,
        direction=direction.reshape(shape).astype(np.float32),
        weight=weight.reshape(shape).astype(np.float32),
        low=float(low),
        high=float(high),
    )


def _ridge(inputs: np.ndarray[Any, Any], target: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], float]:
    """Ridge regression with the strength that predicts a held-back fifth best: weights and the variance explained there."""
    fifth = len(inputs) // 5
    scale = float(np.mean(inputs**2)) * len(inputs)
    if np.var(target) < 1e-9:
        return np.zeros(inputs.shape[1]), 0.0
    best: tuple[float, float] | None = None
    for share in RIDGE_SHARES:
        weight = _solve(inputs[fifth:], target[fifth:], share * scale)
        explained = 1.0 - np.var(target[:fifth] - inputs[:fifth] @ weight) / np.var(target[:fifth])
        best = max(best, (float(explained), share)) if best else (float(explained), share)
    assert best is not None
    return _solve(inputs, target, best[1] * scale), best[0]


def _solve(inputs: np.ndarray[Any, Any], target: np.ndarray[Any, Any], ridge: float) -> np.ndarray[Any, Any]:
    return np.linalg.solve(inputs.T @ inputs + ridge * np.eye(inputs.shape[1]), inputs.T @ target)
