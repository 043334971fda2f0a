"""The device's rate: asked for n frames it says exactly what it needs, and a tone comes out as that tone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.resampler import Resampler

INPUT_RATE = 44100


def resampled(samples: NDArray[np.float32], rate: int, sizes: list[int]) -> NDArray[np.float32]:
    """All output blocks (of the sizes, over and over) that the samples suffice for."""
    resampler, done = Resampler(rate, max(sizes)), 0
    blocks: list[NDArray[np.float32]] = []
    while True:
        size = sizes[len(blocks) % len(sizes)]
        needed = resampler.frames_needed(size)
        if done + needed > len(samples):
            return np.concatenate(blocks)
        blocks.append(resampler.process(samples[done : done + needed], size))
        assert len(blocks[-1]) == size
        done += needed


def tone(frequency: float, rate: int, n: int) -> NDArray[np.float32]:
    return (0.5 * np.sin(2.0 * np.pi * frequency * np.arange(n) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [48000, 88200, 96000, 192000, 32000, 16000])
def test_a_tone_keeps_pitch_level_and_phase(rate: int) -> None:
    for frequency in (50.0, 997.0, 6000.0, 12000.0, 18000.0):
        if frequency > 0.4 * rate:
            continue
        output = resampled(tone(frequency, INPUT_RATE, 30000), rate, [256])
        delay = Resampler(rate, 256).delay_frames / INPUT_RATE
        time = np.arange(len(output)) / rate - delay
        expected = 0.5 * np.sin(2.0 * np.pi * frequency * time)
        inside = slice(2000, -2000)
        assert np.abs(output - expected)[inside].max() < 0.5 * 10.0 ** (-70.0 / 20.0)


@pytest.mark.parametrize("rate", [48000, 44000, 96000])
def test_block_sizes_do_not_change_the_sound(rate: int) -> None:
    samples = np.random.default_rng(0).standard_normal(6000).astype(np.float32)
    whole = resampled(samples, rate, [1000])
    for sizes in ([1], [128], [256, 3, 700]):
        pieces = resampled(samples, rate, sizes)
        shared = min(len(whole), len(pieces))
        np.testing.assert_allclose(pieces[:shared], whole[:shared], atol=1e-6)


def test_an_hour_needs_an_hour_of_input() -> None:
    resampler = Resampler(48000, 256)
    taken = 0
    for _ in range(4000):
        needed = resampler.frames_needed(256)
        resampler.process(np.zeros(needed, dtype=np.float32), 256)
        taken += needed
    # What was taken is what the output stands for, plus the delay, and never more than a frame of either.
    assert taken - resampler.delay_frames == pytest.approx(4000 * 256 * INPUT_RATE / 48000, abs=resampler.delay_frames)


def test_the_delay_is_half_a_millisecond() -> None:
    assert Resampler(48000, 256).delay_frames / INPUT_RATE < 0.0006
