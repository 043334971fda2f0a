"""The sound's frame counter against the wall's clock."""

from __future__ import annotations

import random

import pytest

from bridge.frame_clock import FrameClock
from bridge.sample_rate import ENGINE_SAMPLE_RATE

BLOCK = 256


def played(clock: FrameClock, blocks: int, rate: float, start: float, seed: int, first_frame: int = 0) -> None:
    """Callbacks that come up to 3 ms late, two at a time, and are looked at now and then."""
    generator = random.Random(seed)
    for pair in range(0, blocks, 2):
        frame = first_frame + (pair + 1) * BLOCK
        if generator.random() < 0.7:
            clock.note(frame, start + frame / rate + generator.uniform(0.0, 0.003))


@pytest.mark.parametrize("rate", [44_100.0, 44_097.0, 44_104.0])
def test_frames_and_moments_are_told_from_uneven_callbacks(rate: float) -> None:
    clock = FrameClock(latency_seconds=0.02)
    played(clock, 10_000, rate, 50.0, seed=1)
    frame = 10_000 * BLOCK
    # Mean lateness of the callbacks and latency are part of the line.
    assert clock.seconds_at(frame) == pytest.approx(50.0 + frame / rate + 0.0015 + 0.02, abs=0.0004)
    assert clock.frames_per_second == pytest.approx(rate, rel=2e-5)
    assert clock.frame_at(clock.seconds_at(1234.5)) == pytest.approx(1234.5, abs=1e-3)


def test_nothing_is_known_before_the_first_frame() -> None:
    clock = FrameClock()
    assert not clock.known
    with pytest.raises(RuntimeError, match="no frame"):
        clock.frame_at(0.0)
    clock.note(0, 3.0)
    assert clock.known and clock.seconds_at(ENGINE_SAMPLE_RATE) == pytest.approx(4.0)


def test_time_that_the_device_lost_moves_the_line_and_not_the_rate() -> None:
    clock = FrameClock()
    for block in range(2000):
        clock.note(block * BLOCK, block * BLOCK / ENGINE_SAMPLE_RATE)
    jumps = []
    for block in range(2000, 2100):
        jumps.append(clock.note(block * BLOCK, block * BLOCK / ENGINE_SAMPLE_RATE + 0.25))
    shifts = [jump.shift_seconds for jump in jumps if jump is not None]
    assert shifts == [pytest.approx(0.25, abs=1e-3)]
    assert clock.seconds_at(0) == pytest.approx(0.25, abs=1e-3)
    assert clock.frames_per_second == pytest.approx(ENGINE_SAMPLE_RATE, rel=1e-5)


def test_a_new_sound_process_counts_anew() -> None:
    clock = FrameClock()
    played(clock, 500, ENGINE_SAMPLE_RATE, 10.0, seed=2)
    clock.note(0, 400.0)
    clock.note(0, 999.0)
    assert clock.frame_at(401.0) == pytest.approx(ENGINE_SAMPLE_RATE, rel=1e-4)
