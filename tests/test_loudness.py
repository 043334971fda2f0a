"""Integrated loudness against values that the standard gives."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.loudness import (
    SILENCE_LUFS,
    TARGET_LOUDNESS_LUFS,
    _k_weighting,
    at_target_loudness,
    integrated_loudness,
    loudness_of_steps,
    step_powers,
)
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, PRESETS, FloatArray, image_from_audio
from tests.sounds import break_loop


def tone(frequency: float, decibels: float, seconds: float, sample_rate: int = ENGINE_SAMPLE_RATE) -> FloatArray:
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.asarray(10.0 ** (decibels / 20.0) * np.sin(2 * np.pi * frequency * time), dtype=np.float32)


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("decibels", [0.0, -20.0, -40.0])
def test_a_997_hz_sine_reads_three_decibels_below_its_peak(decibels: float, sample_rate: int) -> None:
    # BS.1770-4: a full-scale 997 Hz sine in one channel reads -3.01 LKFS.
    loudness = integrated_loudness(tone(997.0, decibels, 5.0, sample_rate), sample_rate)
    assert loudness == pytest.approx(decibels - 3.01, abs=0.03)


def test_the_filters_are_the_standards_at_48_khz() -> None:
    # BS.1770-4, tables 1 and 2.
    shelf, high_pass = _k_weighting(48_000)
    expected = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    assert shelf == pytest.approx(expected, abs=1e-6)
    assert high_pass == pytest.approx([1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621], abs=1e-6)


def test_bass_counts_for_less_and_treble_for_more() -> None:
    middle = integrated_loudness(tone(997.0, -20.0, 3.0))
    assert integrated_loudness(tone(40.0, -20.0, 3.0)) < middle - 4.0
    assert integrated_loudness(tone(6000.0, -20.0, 3.0)) == pytest.approx(middle + 3.3, abs=0.3)


def test_pauses_do_not_count() -> None:
    loud, quiet = tone(997.0, -20.0, 10.0), tone(997.0, -60.0, 10.0)
    # Only the few blocks that straddle the change pull it down.
    assert integrated_loudness(np.concatenate([loud, quiet])) == pytest.approx(-23.01, abs=0.2)


def test_it_does_not_matter_where_a_loop_starts() -> None:
    loop = break_loop(120.0)
    step = round(0.1 * ENGINE_SAMPLE_RATE)
    loop = loop[: len(loop) // step * step]
    loudness = integrated_loudness(loop)
    assert integrated_loudness(np.roll(loop, 7 * step)) == pytest.approx(loudness, abs=1e-3)
    assert integrated_loudness(np.roll(loop, 12_345)) == pytest.approx(loudness, abs=0.2)


def test_a_loop_shorter_than_a_block_has_a_loudness() -> None:
    assert integrated_loudness(tone(1000.0, -20.0, 0.25)) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("gain", [0.01, 1.0, 30.0])
def test_a_loop_is_brought_to_the_target(gain: float) -> None:
    loop = at_target_loudness(np.asarray(gain * break_loop(174.0), dtype=np.float32))
    assert loop.dtype == np.float32
    assert integrated_loudness(loop) == pytest.approx(TARGET_LOUDNESS_LUFS, abs=0.1)


@pytest.mark.parametrize("length", [100, 100_000])
def test_silence_stays_silence(length: int) -> None:
    silence = np.zeros(length, dtype=np.float32)
    assert integrated_loudness(silence) == SILENCE_LUFS
    assert np.array_equal(at_target_loudness(silence), silence)


def test_a_picture_tells_how_loud_its_sound_is() -> None:
    spec = PRESETS["hifi"]
    loop = at_target_loudness(break_loop(spec.beats_per_minute))
    powers = step_powers(image_from_audio(loop, spec), spec)
    assert powers.shape == (spec.steps,)
    assert float(loudness_of_steps(powers)) == pytest.approx(TARGET_LOUDNESS_LUFS, abs=0.2)
    assert loudness_of_steps(np.stack([powers, 0.1 * powers])) == pytest.approx([-16.0, -26.0], abs=0.2)
    assert loudness_of_steps(0.0 * powers) == SILENCE_LUFS
