"""Turn the plan of a break into samples: a ring of exactly two bars, in which tails wrap around."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from bridge.loudness import at_target_loudness
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray
from training.patterns import STEPS, TOP, Event, Plan, Treatment
from training.slices import PRE_ROLL, SliceBank

FADE_OUT = 176
"""Samples (4 ms) over which a slice that is cut off fades."""

FADE_IN = 12

KICK_SHELF_HZ = 110.0
AIR_SHELF_HZ = 5000.0


def render_break(plan: Plan, bank: SliceBank, loop_length: int) -> FloatArray:
    """The break as a periodic loop of `loop_length` samples at `ENGINE_SAMPLE_RATE`, at the target loudness: float32 (n,)."""
    body = np.zeros(loop_length, dtype=np.float32)
    top = np.zeros(loop_length, dtype=np.float32)
    for event in plan.events:
        _add_event(top if event.layer == TOP else body, event, bank, loop_length / STEPS)
    spectrum = scipy.fft.rfft(body)
    if top.any():
        spectrum += scipy.fft.rfft(top) * _high_pass(_frequencies(loop_length), plan.top_high_pass_hz)
    return at_target_loudness(_treat(spectrum, plan.treatment, loop_length))


def _add_event(ring: FloatArray, event: Event, bank: SliceBank, step_length: float) -> None:
    row = bank.table[event.slice]
    ratio = 2.0 ** (event.semitones / 12.0)
    wanted = round(event.length * step_length)
    count = min(wanted, int((int(row["length"]) - 4) / ratio), len(ring))
    if count < 64:
        return
    start = int(row["start"])
    source = bank.samples(start, start + int(np.ceil(count * ratio)) + 4)
    sound = source[:count].copy() if ratio == 1.0 else _resample(source, ratio, count)
    if event.reverse:
        sound = sound[::-1].copy()
    fade = min(FADE_OUT, count // 2)
    sound[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    sound[:FADE_IN] *= np.linspace(0.0, 1.0, FADE_IN, dtype=np.float32)
    sound *= np.float32(10.0 ** (event.gain_db / 20.0))
    at = (round(event.time * step_length) - (0 if event.reverse else PRE_ROLL)) % len(ring)
    first = min(count, len(ring) - at)
    ring[at : at + first] += sound[:first]
    ring[: count - first] += sound[first:]


def _resample(source: FloatArray, ratio: float, count: int) -> FloatArray:
    """`count` samples read at a speed of `ratio`, by cubic (Catmull-Rom) interpolation."""
    position = np.arange(count) * ratio
    index = position.astype(np.int64)
    t = (position - index).astype(np.float32)
    padded = np.concatenate([source[:1], source, np.zeros(4, np.float32)])
    a, b, c, d = (padded[index + k] for k in range(4))
    return b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))


def _treat(spectrum: NDArray[np.complex64], treatment: Treatment, loop_length: int) -> FloatArray:
    """Grit, then filters and room, all on the ring."""
    frequency = _frequencies(loop_length)
    if treatment.drive_db or treatment.bits is not None:
        samples = scipy.fft.irfft(spectrum, loop_length)
        samples = samples / max(float(np.abs(samples).max()), 1e-6)
        if treatment.drive_db:
            samples = np.tanh(samples * 10.0 ** (treatment.drive_db / 20.0))
        if treatment.bits is not None:
            levels = 2.0 ** (treatment.bits - 1)
            samples = np.rint(samples * levels) / levels
        spectrum = scipy.fft.rfft(samples.astype(np.float32))
    response = np.ones(len(spectrum), dtype=np.complex64)
    s = 1j * frequency
    if treatment.kick_shelf_db:
        response *= (s + KICK_SHELF_HZ * 10.0 ** (treatment.kick_shelf_db / 20.0)) / (s + KICK_SHELF_HZ)
    if treatment.air_shelf_db:
        response *= (s * 10.0 ** (treatment.air_shelf_db / 20.0) + AIR_SHELF_HZ) / (s + AIR_SHELF_HZ)
    if treatment.low_pass_hz is not None:
        ratio = s / treatment.low_pass_hz
        response *= 1.0 / (ratio * ratio + 1.3 * ratio + 1.0)
    if treatment.high_pass_hz is not None:
        response *= _high_pass(frequency, treatment.high_pass_hz)
    # Nothing below hearing: it would cost loudness and paint the lowest rows.
    response *= _high_pass(frequency, 22.0)
    if treatment.room_seconds:
        response *= 1.0 + _room(treatment, loop_length)
    return np.asarray(scipy.fft.irfft(spectrum * response, loop_length), dtype=np.float32)


def _room(treatment: Treatment, loop_length: int) -> NDArray[np.complex64]:
    """Spectrum of a small room's reverberation: noise that decays by 60 dB in `room_seconds`, dull and without bass."""
    rng = np.random.default_rng(treatment.room_seed)
    count = min(loop_length, round(treatment.room_seconds * 1.2 * ENGINE_SAMPLE_RATE))
    decay = 10.0 ** (-3.0 * np.arange(count) / (treatment.room_seconds * ENGINE_SAMPLE_RATE))
    response = np.zeros(loop_length, dtype=np.float32)
    delay = int(rng.integers(200, 700))
    tail = (rng.standard_normal(count) * decay)[: loop_length - delay]
    response[delay : delay + len(tail)] = tail / np.sqrt(np.sum(np.square(tail)))
    frequency = _frequencies(loop_length)
    shape = _high_pass(frequency, 180.0) / (1.0 + 1j * frequency / rng.uniform(2500.0, 9000.0))
    return scipy.fft.rfft(response) * shape.astype(np.complex64) * np.float32(10.0 ** (-treatment.room_under_db / 20.0))


def _high_pass(frequency: NDArray[np.float32], corner_hz: float) -> NDArray[np.complex64]:
    ratio = 1j * frequency / corner_hz
    return np.asarray(ratio * ratio / (ratio * ratio + 1.4 * ratio + 1.0), dtype=np.complex64)


def _frequencies(loop_length: int) -> NDArray[np.float32]:
    return np.fft.rfftfreq(loop_length, 1.0 / ENGINE_SAMPLE_RATE).astype(np.float32)
