"""Breaks brought to one loudness in the latent, where the instrument keeps them.

All training breaks are equally loud, but what a decoder paints of them is not: what it blurs it paints lower.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.progress import track

from bridge.loudness import loudness_of_steps, step_powers
from bridge.mel_spectrogram import MelSpectrogramSpec
from bridge.model_metadata import FloatArray, Slot

Paint = Callable[[FloatArray], FloatArray]
"""Images (count, n_mels, n_frames) in 0..1 of latents (count, steps, latent_dimensions)."""

PROBED = 400
"""Breaks from which direction and target are taken, at most."""
BATCH = 32
ROUNDS = 3
TOLERANCE_LU = 0.15
QUIETEST_STEP_DB = -60.0
"""A step's level below this is silence; how deep it is says nothing of a latent."""


@dataclass(frozen=True)
class Leveller:
    """Moves latents until their images are equally loud."""

    paint: Paint
    spec: MelSpectrogramSpec
    direction: FloatArray
    """(latent_dimensions,): the likeliest change of a step's vector that makes it 1 dB louder."""
    loudness: float
    """LUFS of every levelled break, before the limiter: the median of those it was fitted on."""

    @classmethod
    def fit(cls, latents: FloatArray, paint: Paint, spec: MelSpectrogramSpec) -> Leveller:
        """:param latents: (count, steps, latent_dimensions)"""
        probed = latents[:PROBED]
        powers = painted_powers(probed, paint, spec)
        level = np.maximum(10.0 * np.log10(np.maximum(powers, 1e-12)), QUIETEST_STEP_DB).ravel()
        vectors = probed.reshape(len(level), -1)
        centred = level - level.mean()
        # Where all levels are one, nothing is known to change them, and nothing is moved.
        direction = centred @ (vectors - vectors.mean(axis=0)) / max(float(centred @ centred), 1e-9)
        return cls(paint, spec, direction.astype(np.float32), float(np.median(loudness_of_steps(powers))))

    def level(self, latents: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The latents (count, steps, latent_dimensions) levelled, and what their steps then sound like: powers (count, steps).

        A few rounds of painting and moving; a break that is not there after the last stays where it is.
        """
        levelled = latents.copy()
        powers = painted_powers(levelled, self.paint, self.spec)
        for _ in range(ROUNDS):
            missing = self.loudness - loudness_of_steps(powers)
            off = np.flatnonzero(np.abs(missing) > TOLERANCE_LU)
            if not len(off):
                break
            levelled[off] += missing[off, np.newaxis, np.newaxis].astype(np.float32) * self.direction
            powers[off] = painted_powers(levelled[off], self.paint, self.spec)
        return levelled, powers

    def slots(self, slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
        """The slots, levelled."""
        levelled, _ = self.level(np.stack([slot.latent for slot in slots]))
        return tuple(Slot(slot.name, latent) for slot, latent in zip(slots, levelled, strict=True))


def painted_powers(latents: FloatArray, paint: Paint, spec: MelSpectrogramSpec) -> np.ndarray[Any, np.dtype[np.float32]]:
    """`step_powers` of the images of latents (count, steps, latent_dimensions): (count, steps)."""
    rows = []
    for start in track(range(0, len(latents), BATCH), f"listening to {len(latents)} painted breaks"):
        rows += [step_powers(image, spec) for image in paint(latents[start : start + BATCH])]
    return np.stack(rows)
