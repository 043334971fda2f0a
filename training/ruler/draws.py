"""What the prior draws: 256 breaks as the instrument draws them, beside 256 that no training image shares a draw with.

Every distance stands beside two others: that of training images from the same held-out ones, as many of them (the floor: what
chance makes of it), and, for the Frechet distance, that of held-out images with their pixels shuffled (the ceiling).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.spatial.distance
import scipy.stats
from numpy.typing import NDArray

from bridge.errors import VamenError
from bridge.latent_space import LatentSpace
from bridge.mel_spectrogram import Image, MelSpectrogramSpec, unit_image
from bridge.model_metadata import FloatArray
from training.dataset import BreakDataset
from training.ruler.copies import copy_figures
from training.ruler.features import FeatureSpace, Hits, band_power, describe, find_hits, frechet_distance, onset_envelope
from training.ruler.instrument import Instrument
from training.ruler.level import level_figures

DRAWS = 256
MIN_HELD_OUT = 16
FLOOR_SETS = 4
"""Sets of DRAWS training images whose mean distance from the held-out ones is the floor."""
USUAL_TEMPO = 120.0
TEMPO_TOLERANCE = 0.04
TEMPO_RATIOS = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class DrawsResult:
    """`figures` are plain JSON values, `images` the drawn breaks in 0..1, float32 (count, n_mels, n_frames)."""

    figures: dict[str, Any]
    images: FloatArray


@dataclass(frozen=True)
class Breaks:
    """What is kept of a set of breaks."""

    raw: FloatArray
    """(count, raw features)"""
    hits: list[Hits]
    right_tempo: float
    """Share whose estimated tempo is the right one, half or double."""

    @classmethod
    def of(cls, images: list[Image], spec: MelSpectrogramSpec) -> Breaks:
        """Reads 8-bit images."""
        return cls(
            np.stack([describe(image, spec) for image in images]),
            [find_hits(image, spec) for image in images],
            float(np.mean([has_right_tempo(image, spec) for image in images])),
        )

    def pooled(self, name: str) -> NDArray[np.float64]:
        """One property of all hits: (hit,)."""
        return np.concatenate([getattr(hit, name) for hit in self.hits]).astype(np.float64)


def measure(
    model: Instrument, dataset: BreakDataset, seed: int = 0, report: Callable[[float], None] | None = None
) -> DrawsResult:
    """The whole section; the draws are those of the seeds from `seed` on, as `/vamen/random` plays them.

    :param report: is told the part done, 0..1
    :raises VamenError: the data set holds too few held-out draws to compare with
    """
    if len(dataset.indices("held_out_draw")) < MIN_HELD_OUT:
        raise VamenError(
            f"The data set {dataset.path} holds fewer than {MIN_HELD_OUT} held-out draws: make one of 1000 images or more."
        )
    tell = report or (lambda _part: None)
    spec = dataset.spec
    generator = np.random.default_rng(seed)
    space = LatentSpace(model.metadata)
    latents = [space.draw(seed + number) for number in range(DRAWS)]
    images = np.stack([model.decode_ring(latent) for latent in latents])
    tell(0.2)
    held_out = [dataset.images[index] for index in dataset.indices("held_out_draw")[:DRAWS]]
    through = [_grey(model.decode_ring(model.encode(unit_image(image)))) for image in held_out]
    tell(0.35)
    training = generator.permutation(dataset.indices("train"))[: FLOOR_SETS * DRAWS]
    floors = [
        Breaks.of([dataset.images[index] for index in part], spec)
        for part in np.array_split(training, max(1, round(len(training) / len(held_out))))
    ]
    sets = {"drawn": Breaks.of([_grey(image) for image in images], spec), "through_model": Breaks.of(through, spec)}
    held = Breaks.of(held_out, spec)
    tell(0.55)
    shuffled = np.stack([describe(generator.permuted(image.ravel()).reshape(image.shape), spec) for image in held_out])
    feature_space = FeatureSpace(np.concatenate([one.raw for one in floors]), spec)

    def frechet(raw: FloatArray) -> float:
        return frechet_distance(feature_space.project(raw), feature_space.project(held.raw))

    def distribution(name: str, unit: float) -> dict[str, float]:
        distances = {key: wasserstein(one.pooled(name), held.pooled(name)) * unit for key, one in sets.items()}
        return distances | {"floor": float(np.mean([wasserstein(one.pooled(name), held.pooled(name)) for one in floors])) * unit}

    milliseconds = 60_000.0 / spec.beats_per_minute / spec.steps_per_beat
    figures: dict[str, Any] = {
        "count": len(images),
        "held_out": len(held_out),
        "frechet": {key: frechet(one.raw) for key, one in sets.items()}
        | {"floor": float(np.mean([frechet(one.raw) for one in floors])), "ceiling": frechet(shuffled)},
        "timing_ms": distribution("offset", milliseconds),
        "level_db": distribution("level_db", 1.0),
        "hits": {key: len(one.pooled("offset")) / len(one.hits) for key, one in (sets | {"held_out": held}).items()},
        "right_tempo": {key: one.right_tempo for key, one in (sets | {"held_out": held}).items()},
        "spread": {key: spread(feature_space.project(one.raw)) for key, one in (sets | {"held_out": held}).items()},
    }
    tell(0.65)
    figures["copies"] = copy_figures(model, dataset, np.stack(latents), [_grey(image) for image in images], generator)
    tell(0.85)
    figures["loudness"] = level_figures(images, [model.decode_ring(slot.latent) for slot in model.metadata.slots], spec)
    tell(1.0)
    return DrawsResult(figures, images)


def wasserstein(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """First Wasserstein distance of two samples, in their unit: too stiff counts as too loose does."""
    return float(scipy.stats.wasserstein_distance(first, second))


def spread(features: FloatArray) -> float:
    """Median distance of two breaks of a set: a prior that keeps drawing the same one has less than the held-out images."""
    return float(np.median(scipy.spatial.distance.pdist(features)))


def has_right_tempo(image: Image, spec: MelSpectrogramSpec) -> bool:
    """Whether the tempo estimated from the image's onsets is the canonical one, half or double, within 4 %.

    The autocorrelation of the onset envelope round the ring, weighted by a log-normal curve around 120 BPM, one octave wide
    (Ellis, "Beat tracking by dynamic programming", 2007), is highest at the lag of the tempo.
    """
    envelope = onset_envelope(band_power(image, spec))
    spectrum = np.fft.rfft(envelope - envelope.mean())
    correlation = np.fft.irfft(np.square(np.abs(spectrum)), len(envelope))
    lags = np.arange(1, len(envelope) // 2 + 1)
    tempos = spec.beats_per_minute * (len(envelope) / spec.beats) / lags
    likely = np.exp(-0.5 * np.square(np.log2(tempos / USUAL_TEMPO)))
    estimated = tempos[np.argmax(correlation[lags] * likely)]
    return any(abs(estimated / (ratio * spec.beats_per_minute) - 1.0) <= TEMPO_TOLERANCE for ratio in TEMPO_RATIOS)


def _grey(image: FloatArray) -> Image:
    """An image in 0..1 as exports keep it, 8-bit."""
    return np.rint(image * 255.0).astype(np.uint8)
