"""Break loops made from nothing, for tests and benchmarks: the repository holds no one's recordings.

Everything is mono float32 at `ENGINE_SAMPLE_RATE` and follows from its arguments alone. A loop is a ring: a sound that
outlasts the end goes on at the start.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from bridge.loudness import at_target_loudness
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray

STEPS_PER_BEAT = 4

Pattern = dict[str, dict[int, float]]
"""What is struck: hit -> {sixteenth: velocity 0..1}."""

AMEN_LIKE: Pattern = {
    "kick": {0: 1.0, 2: 0.8, 10: 0.9, 11: 0.8, 16: 1.0, 18: 0.8, 26: 0.9},
    "snare": {4: 1.0, 7: 0.25, 9: 0.3, 12: 1.0, 15: 0.25, 20: 1.0, 23: 0.3, 25: 0.25, 28: 1.0, 30: 0.4},
    "hat": {step: 0.5 if step % 4 else 0.8 for step in range(0, 32, 2)},
}
TWO_STEP: Pattern = {
    "kick": {0: 1.0, 10: 0.9, 16: 1.0, 26: 0.9},
    "snare": {4: 1.0, 12: 1.0, 20: 1.0, 28: 1.0, 14: 0.3},
    "hat": dict.fromkeys(range(32), 0.4),
}
FOUR_TO_THE_FLOOR: Pattern = {
    "kick": dict.fromkeys(range(0, 32, 4), 1.0),
    "snare": {4: 0.7, 12: 0.7, 20: 0.7, 28: 0.7},
    "hat": dict.fromkeys(range(2, 32, 4), 0.6),
}
KICKS_ALONE: Pattern = {"kick": dict.fromkeys(range(0, 32, 8), 1.0)}


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * ENGINE_SAMPLE_RATE)) / ENGINE_SAMPLE_RATE


def _band(samples: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    return sosfilt(butter(2, (low, high), "bandpass", fs=ENGINE_SAMPLE_RATE, output="sos"), samples)


def kick(tail_hz: float = 50.0, decay_seconds: float = 0.09) -> FloatArray:
    """A bass drum: a sine that falls to `tail_hz` within 30 ms, with a short click."""
    time = _time(0.35)
    # The integral of tail + 130 Hz * exp(-t / 18 ms).
    cycles = tail_hz * time + 130.0 * 0.018 * (1.0 - np.exp(-time / 0.018))
    body = np.sin(2.0 * np.pi * cycles) * np.exp(-time / decay_seconds)
    click = np.sin(2.0 * np.pi * 1800.0 * time) * np.exp(-time / 0.002)
    return np.asarray(body + 0.2 * click, dtype=np.float32)


def snare(seed: int = 0) -> FloatArray:
    """A snare: two drum modes under a burst of noise."""
    time = _time(0.22)
    noise = _band(np.random.default_rng(seed).standard_normal(len(time)), 700.0, 9000.0)
    drum = np.sin(2.0 * np.pi * 185.0 * time) + 0.6 * np.sin(2.0 * np.pi * 330.0 * time)
    return np.asarray(0.5 * drum * np.exp(-time / 0.045) + 0.8 * noise * np.exp(-time / 0.06), dtype=np.float32)


def hat(seed: int = 0) -> FloatArray:
    """A closed hi-hat: noise above 7 kHz that is gone after 80 ms."""
    time = _time(0.08)
    noise = _band(np.random.default_rng(seed).standard_normal(len(time)), 7000.0, 16_000.0)
    return np.asarray(0.7 * noise * np.exp(-time / 0.02), dtype=np.float32)


def loop_from_pattern(
    pattern: Pattern, beats_per_minute: float, seed: int = 0, beats: int = 8, tail_hz: float = 50.0
) -> FloatArray:
    """A ring of exactly `beats` beats at `TARGET_LOUDNESS_LUFS`: (n,). The pattern's two bars are cut short, or repeated.

    The seed moves the noise, not the notes.
    """
    length = round(beats * 60.0 / beats_per_minute * ENGINE_SAMPLE_RATE)
    steps = beats * STEPS_PER_BEAT
    hits = {"kick": kick(tail_hz), "snare": snare(seed), "hat": hat(seed + 1)}
    ring = np.zeros(length, dtype=np.float32)
    for name, strokes in pattern.items():
        hit = hits[name]
        for step in range(steps):
            if (velocity := strokes.get(step % 32)) is not None:
                places = (round(step * length / steps) + np.arange(len(hit))) % length
                ring[places] += np.float32(velocity) * hit
    return at_target_loudness(ring)


def break_loop(beats_per_minute: float = 161.5, seed: int = 0, beats: int = 8) -> FloatArray:
    """A busy break, in the manner of the Amen, as a ring of `beats` beats at `TARGET_LOUDNESS_LUFS`: (n,)."""
    return loop_from_pattern(AMEN_LIKE, beats_per_minute, seed, beats)


def sustained_sub_loop(beats_per_minute: float = 161.5, frequency: float = 54.0) -> FloatArray:
    """Snares and hats over a bass tone that never stops, 8 beats: the low band has no onset to hold on to."""
    ring = loop_from_pattern({name: AMEN_LIKE[name] for name in ("snare", "hat")}, beats_per_minute)
    cycles = round(frequency * len(ring) / ENGINE_SAMPLE_RATE)
    sub = 0.25 * np.sin(2.0 * np.pi * cycles * np.arange(len(ring)) / len(ring))
    return at_target_loudness(np.asarray(ring + sub, dtype=np.float32))
