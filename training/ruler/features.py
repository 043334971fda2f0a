"""What the ruler compares breaks by: levels in mel bands, hits, and a feature vector (numpy only).

Nothing here was trained: a pretrained network's idea of likeness was learnt from other sounds, and would have to be shipped.
Images are 8-bit, as exports keep them, (n_mels, n_frames), so that a painted break and one of the data set are read alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bridge.mel_spectrogram import Image, MelSpectrogramSpec

FloatArray = np.ndarray[Any, np.dtype[np.float32]]

BANDS = 16
"""Bands of equal width in mel; the lowest is the kick's."""
FLOOR_DB = -60.0
"""Band levels further below full range count as silence: nobody hears them under a break, yet they differ most."""
CELLS_PER_STEP = 4
FEATURES = 64
"""Dimensions of the feature space: a quarter of the 256 breaks that are compared, so that a covariance can be estimated."""
PROJECTION_SEED = 20_000
MODULATION_BANDS = 10
ONSET_RISE_DB = 2.5
"""A hit raises the bands by this much on average, within RISE_COLUMNS."""
RISE_COLUMNS = 2
APART_COLUMNS = 4
"""The strongest rise within so many columns on either side (23 ms) is the hit."""
PEAK_COLUMNS = 6
"""Columns after the rise in which a hit reaches its level."""


def band_power(image: Image, spec: MelSpectrogramSpec) -> FloatArray:
    """Power relative to full range, averaged over the rows of each band: (BANDS, n_frames)."""
    table = np.power(10.0, (np.arange(256) / 255.0 - 1.0) * spec.dynamic_range_db / 10.0).astype(np.float32)
    return table[image].reshape(BANDS, -1, image.shape[1]).mean(axis=1)


def decibels(power: FloatArray) -> FloatArray:
    """Level in dB, not below `FLOOR_DB`."""
    return np.asarray(10.0 * np.log10(np.maximum(power, np.float32(10.0 ** (FLOOR_DB / 10.0)))), dtype=np.float32)


def fingerprint(image: Image, spec: MelSpectrogramSpec) -> FloatArray:
    """Band levels in dB in quarters of a step: (BANDS * steps * CELLS_PER_STEP,).

    Two breaks that differ in one hit differ here by several dB in some cells; the grain of the same hit cancels out.
    """
    power = band_power(image, spec)
    return decibels(power.reshape(BANDS, spec.steps * CELLS_PER_STEP, -1).mean(axis=2)).ravel()


@dataclass(frozen=True)
class Hits:
    """The hits of one break."""

    offset: FloatArray
    """(hit,): time from the nearest sixteenth, in steps, -0.5..0.5"""
    level_db: FloatArray
    """(hit,): below the break's loudest column"""


def onset_envelope(power: FloatArray) -> FloatArray:
    """Mean rise of the band levels over RISE_COLUMNS, in dB, round the ring: (n_frames,)."""
    level = decibels(power)
    return np.maximum(level - np.roll(level, RISE_COLUMNS, axis=1), 0.0).mean(axis=0)


def find_hits(image: Image, spec: MelSpectrogramSpec) -> Hits:
    """Hits of an image; a hit's time is the centre of gravity of its rise, which is finer than a column."""
    power = band_power(image, spec)
    rise = onset_envelope(power)
    before, after = (np.max([np.roll(rise, sign * shift) for shift in range(1, APART_COLUMNS + 1)], axis=0) for sign in (1, -1))
    columns = np.flatnonzero((rise >= ONSET_RISE_DB) & (rise > before) & (rise >= after))
    near = np.arange(-RISE_COLUMNS, RISE_COLUMNS + 1)
    weights = rise[(columns[:, np.newaxis] + near) % len(rise)]
    # Half the lag, since a rise over two columns belongs to the column between them.
    place = (columns + (weights * near).sum(axis=1) / weights.sum(axis=1) - RISE_COLUMNS / 2.0) / spec.frames_per_step
    whole = 10.0 * np.log10(power.mean(axis=0) + 1e-9)
    ahead = (columns[:, np.newaxis] + np.arange(PEAK_COLUMNS)) % len(whole)
    return Hits((place - np.rint(place)).astype(np.float32), (whole[ahead].max(axis=1) - whole.max()).astype(np.float32))


def describe(image: Image, spec: MelSpectrogramSpec) -> FloatArray:
    """All raw features of one image, before `FeatureSpace` scales and projects them.

    Levels of 16 bands at every step (what is played, with what kit); the strongest rise of each step in a low, a middle and a
    high band (where hits begin, and how sharply); the modulation spectrum of the 16 bands (Atlas and Shamma, "Joint acoustic and
    modulation frequency", 2003: groove, rolls and tails, wherever they stand); mean and spread of the 16 levels (the sound as a
    whole). Grain is left out: texture has a figure of its own.
    """
    power = band_power(image, spec)
    level = decibels(power)
    by_step = decibels(power.reshape(BANDS, spec.steps, -1).mean(axis=2))
    thirds = np.stack([part.mean(axis=0) for part in np.array_split(level, (2, 7))])
    rises = np.maximum(thirds - np.roll(thirds, RISE_COLUMNS, axis=1), 0.0).reshape(3, spec.steps, -1).max(axis=2)
    spectrum = np.abs(np.fft.rfft(level - level.mean(axis=1, keepdims=True), axis=1))[:, 1:] / level.shape[1]
    edges = np.unique(np.geomspace(1, spectrum.shape[1], MODULATION_BANDS + 1).astype(int) - 1)[:-1]
    modulation = np.log(np.sqrt(np.add.reduceat(np.square(spectrum), edges, axis=1)) + 0.1)
    sound = np.concatenate([level.mean(axis=1), level.std(axis=1)])
    return np.concatenate([by_step.ravel(), rises.ravel(), modulation.ravel(), sound]).astype(np.float32)


def group_sizes(spec: MelSpectrogramSpec) -> tuple[int, ...]:
    """How many of `describe`'s features are step levels, rises, modulations, and of the whole sound."""
    columns = spec.n_frames // 2
    modulations = len(np.unique(np.geomspace(1, columns, MODULATION_BANDS + 1).astype(int))) - 1
    return BANDS * spec.steps, 3 * spec.steps, BANDS * modulations, 2 * BANDS


class FeatureSpace:
    """The fixed space of Frechet distances: raw features of training images scaled, then projected at random.

    Every feature is brought to mean 0 and variance 1 over training images, every group to the same total variance. The
    projection is orthonormal with a fixed seed: unlike principal components it favours no direction, so what draws get wrong
    in a narrow direction shows as well, and it does not depend on the images. Random projections keep distances (Johnson and
    Lindenstrauss, 1984).
    """

    def __init__(self, training: FloatArray, spec: MelSpectrogramSpec) -> None:
        """:param training: (count, raw features) from `describe`"""
        weights = np.concatenate([np.full(size, size**-0.5) for size in group_sizes(spec)])
        self._mean = training.mean(axis=0)
        self._scale = (weights / np.maximum(training.std(axis=0), 1e-3)).astype(np.float32)
        size = training.shape[1]
        gaussian = np.random.default_rng(PROJECTION_SEED).standard_normal((size, min(FEATURES, size)))
        self._projection = np.linalg.qr(gaussian)[0].astype(np.float32)

    def project(self, raw: FloatArray) -> FloatArray:
        """(count, raw features) -> (count, FEATURES)"""
        return ((raw - self._mean) * self._scale) @ self._projection


def frechet_distance(first: FloatArray, second: FloatArray) -> float:
    """Squared Frechet distance of the Gaussians fitted to two sets (count, features).

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), as Heusel et al., "GANs trained by a two time-scale update rule", 2017, use it.
    """
    means = [part.mean(axis=0, dtype=np.float64) for part in (first, second)]
    roots = []
    traces = 0.0
    for part, mean in zip((first, second), means, strict=True):
        centred = part.astype(np.float64) - mean
        covariance = centred.T @ centred / (len(part) - 1)
        values, vectors = np.linalg.eigh(covariance)
        roots.append((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
        traces += float(np.trace(covariance))
    # tr (C1 C2)^(1/2) is the sum of the singular values of C1^(1/2) C2^(1/2).
    overlap = float(np.linalg.svd(roots[0] @ roots[1], compute_uv=False).sum())
    return float(np.sum(np.square(means[0] - means[1]))) + traces - 2.0 * overlap
