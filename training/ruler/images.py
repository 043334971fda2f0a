"""Held-out error, averaged error, texture and sharpness of painted images, beside principal components and the mean image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import FloatArray, unit_image
from training.pca import PrincipalComponents
from training.ruler.painter import Painter, Painters
from training.scores import Tally

CHUNK = 16
"""Images that a thread holds at once."""

Progress = Callable[[float], None]
"""Is told the part done, 0..1."""


def image_figures(
    painters: Painters,
    originals: NDArray[Any],
    latents: Sequence[FloatArray],
    pca: PrincipalComponents,
    progress: Progress,
) -> dict[str, Any]:
    """Figures of some originals (count, n_mels, n_frames), 8-bit or in 0..1, beside what stands for them.

    :param latents: what is painted, one (steps, latent_dimensions) for each
    :returns: "images", how many, and error_db, averaged_error_db, texture and sharpness of "model" (as it sounds), "smooth" (the
        model without its grain), "pca" (principal components, as many as the latent has numbers) and "mean_image"
    """
    range_db = painters.metadata.spec.dynamic_range_db
    mean_image = pca.mean.reshape(pca.shape)

    def tallied(painter: Painter, start: int) -> dict[str, Tally]:
        part = unit_image(originals[start : start + CHUNK])
        chosen = latents[start : start + CHUNK]
        ways = {
            "model": np.stack([painter.model.decode_ring(latent) for latent in chosen]),
            "smooth": np.stack([painter.smooth.decode_ring(latent) for latent in chosen]),
            "pca": pca.reconstruct(part),
            "mean_image": np.broadcast_to(mean_image, part.shape),
        }
        tallies = {way: Tally(range_db) for way in ways}
        for way, painted in ways.items():
            tallies[way].add(painted, part)
        return tallies

    total: dict[str, Tally] = {}
    starts = range(0, len(originals), CHUNK)
    for done, tallies in enumerate(painters.each(tallied, starts), start=1):
        for way, tally in tallies.items():
            total.setdefault(way, Tally(range_db)).merge(tally)
        progress(done / len(starts))
    return {"images": len(originals)} | {way: tally.figures() for way, tally in total.items()}
