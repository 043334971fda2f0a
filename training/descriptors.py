"""What a listener would call the qualities of a break, measured on its image (numpy only).

Bands are in Hz, or as parts of the spec's highest frequency, so that both presets have them. Levels are in dB, onset
strengths are rises of a band's level over ``RISE_COLUMNS`` columns, the strongest of each step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.mel_spectrogram import MelSpectrogramSpec, hz_to_mel, mel_to_hz

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

DESCRIPTIONS = {
    "density": "kick and backbeat only; every sixteenth occupied",
    "chop": "a straight two-step; displaced kicks and late snares",
    "ghosts": "clean gaps; soft snares under the backbeat",
    "kick": "thin, room for a sub; more weight below 110 Hz",
    "air": "dull as a dubplate; crisp cymbals",
    "snare": "the backbeat steps back; the backbeat stands out",
    "room": "dry and gated; long tails between the hits",
    "grit": "pure and tonal; noisy and dense",
}
"""Every descriptor, with what is heard where it is low and where it is high."""

RISE_COLUMNS = 3
LOUD_DB = 30.0
"""Columns this far below the loudest one still tell of the grit."""
EARLY_COLUMNS = 5
"""An analysis window sees a hit this long before it comes; swing and loose timing make hits late rather than early."""
AUDIBLE_DB = 45.0
"""Levels this far below the loudest column of the whole picture count as silence."""
KICK_STEPS = (0, 10, 16, 26)
"""Sixteenths of a two-step's kicks; the snares stand on the backbeats."""
BACKBEATS = (4, 12, 20, 28)

BANDS = ("kick", "body", "snare", "air", "whole", "flatness")
"""Rows of ``band_levels``; flatness is the body's mean level in dB less the level of its mean power."""
MAX_RISE_DB = 24.0
OCCUPIED_DB = (3.0, 15.0)
"""Rise from which a step counts as occupied in part, and wholly; the following pairs are read likewise."""
KICK_HIT_DB = (-14.0, -4.0)
"""Peak of a step relative to the loudest step's, for a kick; then for a snare."""
SNARE_HIT_DB = (-10.0, -3.0)
UNDER_DB = (3.0, 7.0)
"""How far a ghost lies under the backbeat, at least; then, negative, at most; then the rise that makes it a hit."""
FAINT_DB = (-20.0, -15.0)
GHOST_RISE_DB = (2.0, 8.0)
BODY_PERCENTILE = 95
"""Columns of the body that are as loud as this are hits; the room is told by how far the others lie under them."""


def row_frequencies(spec: MelSpectrogramSpec) -> FloatArray:
    """Centre of each row in Hz: (n_mels,)."""
    low, high = hz_to_mel(np.array([spec.f_min, spec.f_max]))
    return mel_to_hz(np.linspace(low, high, spec.n_mels + 2)[1:-1])


def band_levels(image: np.ndarray[Any, Any], spec: MelSpectrogramSpec) -> FloatArray:
    """All that the descriptors look at: levels in dB of ``BANDS``, column by column: (band, n_frames).

    :param image: (n_mels, n_frames) in 0..1
    """
    row_db = (image.astype(np.float64) - 1.0) * spec.dynamic_range_db
    power = np.power(10.0, row_db / 10.0)
    bands = _bands(spec)
    levels = [10.0 * np.log10(power[rows].mean(axis=0)) for rows in bands]
    flatness = row_db[bands[BANDS.index("body")]].mean(axis=0) - levels[BANDS.index("body")]
    return np.stack([*levels, flatness])


def describe_levels(levels: FloatArray, steps: int) -> FloatArray:
    """All descriptors of one break from its ``band_levels``, in the order of ``DESCRIPTIONS``."""
    whole_db = levels[BANDS.index("whole")]
    floor_db = whole_db.max() - AUDIBLE_DB
    kick, body, snare, air, whole = np.maximum(levels[: BANDS.index("flatness")], floor_db)
    flatness = levels[BANDS.index("flatness")]
    kick_rise, snare_rise, air_rise = (step_rises(level, steps) for level in (kick, snare, air))
    occupied = np.maximum(np.maximum(kick_rise, snare_rise), air_rise)
    snare_peak = _by_step(snare, steps).max(axis=1)
    kick_peak = _by_step(kick, steps).max(axis=1)
    backbeat_db = np.median(snare_peak[list(BACKBEATS)])
    elsewhere = np.setdiff1d(np.arange(steps), BACKBEATS)
    kick_hits = kick_rise * _ramp(kick_peak - kick_peak.max(), KICK_HIT_DB)
    snare_hits = snare_rise * _ramp(snare_peak - snare_peak.max(), SNARE_HIT_DB)
    straight = kick_hits[list(KICK_STEPS)].sum() + snare_hits[list(BACKBEATS)].sum()
    under_db = backbeat_db - snare_peak[elsewhere]
    soft = _ramp(under_db, UNDER_DB) * _ramp(-under_db, FAINT_DB) * _ramp(snare_rise[elsewhere], GHOST_RISE_DB)
    loud = whole > whole.max() - LOUD_DB
    return np.array(
        [
            _ramp(occupied, OCCUPIED_DB).mean(),
            1.0 - straight / max(kick_hits.sum() + snare_hits.sum(), 1e-9),
            soft.mean(),
            _mean_db(kick) - _mean_db(whole),
            _mean_db(air) - _mean_db(whole),
            backbeat_db - np.median(snare_peak[elsewhere]),
            (body - np.percentile(body, BODY_PERCENTILE)).mean(),
            flatness[loud].mean(),
        ]
    )


def describe(image: np.ndarray[Any, Any], spec: MelSpectrogramSpec) -> FloatArray:
    """All descriptors of one image (n_mels, n_frames) in 0..1, in the order of ``DESCRIPTIONS``."""
    return describe_levels(band_levels(image, spec), spec.steps)


def describe_all(images: np.ndarray[Any, Any], spec: MelSpectrogramSpec) -> FloatArray:
    """Descriptors of images (count, n_mels, n_frames), 8-bit or 0..1: (count, descriptor)."""
    scale = 255.0 if images.dtype == np.uint8 else 1.0
    return np.stack([describe(image / scale, spec) for image in images])


def _bands(spec: MelSpectrogramSpec) -> list[np.ndarray[Any, np.dtype[np.bool_]]]:
    """Rows of kick, body, snare, air, and of everything."""
    top = spec.f_max
    limits = [(40.0, 110.0), (300.0, 0.27 * top), (0.07 * top, 0.27 * top), (0.36 * top, top), (0.0, np.inf)]
    return [_between(spec, low, high) for low, high in limits]


def _between(spec: MelSpectrogramSpec, low: float, high: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    frequency = row_frequencies(spec)
    return (frequency >= low) & (frequency < high)


def _mean_db(level_db: FloatArray) -> float:
    return float(10.0 * np.log10(np.mean(np.power(10.0, level_db / 10.0))))


def step_rises(level_db: FloatArray, steps: int) -> FloatArray:
    """The strongest rise of a band's level in each step, in dB: (columns,) -> (steps,)."""
    rise = np.clip(level_db - np.roll(level_db, RISE_COLUMNS), 0.0, MAX_RISE_DB)
    return _by_step(rise, steps).max(axis=1)


def _by_step(columns: FloatArray, steps: int) -> FloatArray:
    """(columns,) -> (steps, frames_per_step), each step beginning EARLY_COLUMNS before the grid."""
    return np.roll(columns, EARLY_COLUMNS).reshape(steps, -1)


def _ramp(value: FloatArray, ends: tuple[float, float]) -> FloatArray:
    """0 below the lower end, 1 above the upper one, straight between."""
    low, high = ends
    return np.clip((value - low) / (high - low), 0.0, 1.0)
