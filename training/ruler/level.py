"""How equally loud a model's breaks are, as they leave the instrument: after the limiter, at the canonical tempo."""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.break_render import sound_of
from bridge.loudness import integrated_loudness, loudness_of_steps, step_powers
from bridge.mel_spectrogram import MelSpectrogramSpec
from bridge.model_metadata import FloatArray

RENDERED = 32
"""Draws whose sound is made, the first ones."""
EXTREMES = 8
"""More of them at either end: those that the pictures say are the loudest and the quietest of all draws."""
PERCENTILES = (5.0, 50.0, 95.0)


def level_figures(drawn: FloatArray, slots: list[FloatArray], spec: MelSpectrogramSpec) -> dict[str, Any]:
    """Integrated loudness (ITU-R BS.1770-4) of drawn breaks and stored slots, in LUFS, and their spread in LU.

    Making sound of all draws would take most of the ruler's time; the spread is that of the extremes, which are all among
    those that are made.

    :param drawn: (count, n_mels, n_frames) in 0..1
    :param slots: images of the factory slots
    """
    estimated = np.array([float(loudness_of_steps(step_powers(image, spec))) for image in drawn])
    order = np.argsort(estimated)
    heard = np.union1d(np.arange(min(RENDERED, len(drawn))), np.concatenate([order[:EXTREMES], order[-EXTREMES:]]))
    measured = {
        "drawn": [_loudness(drawn[index], spec) for index in heard],
        "slots": [_loudness(image, spec) for image in slots],
    }
    every = measured["drawn"] + measured["slots"]
    figures: dict[str, Any] = {
        key: {"lowest": min(values), "highest": max(values)}
        | {f"percentile_{at:.0f}": float(np.percentile(values, at)) for at in PERCENTILES}
        for key, values in measured.items()
    }
    return figures | {"spread_lu": max(every) - min(every), "rendered": len(heard)}


def _loudness(image: FloatArray, spec: MelSpectrogramSpec) -> float:
    return integrated_loudness(sound_of(image, spec, spec.beats_per_minute))
