"""The delay-locked loop: jitter away, jumps taken at once; pulses from a seed, in virtual time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.delay_locked_loop import RECOGNISED_PULSES, DelayLockedLoop, Jump

FloatArray = NDArray[np.float64]

RASTER_SECONDS = 0.001
PULSES_PER_BEAT = 24


def period_of(beats_per_minute: float) -> float:
    return 60.0 / (PULSES_PER_BEAT * beats_per_minute)


def jittered(times: FloatArray, jitter_seconds: float, seed: int) -> FloatArray:
    """Times as USB delivers them: Gaussian jitter of the cable, then the next millisecond."""
    noisy = times + np.random.default_rng(seed).normal(0.0, jitter_seconds, len(times))
    return np.ceil(np.sort(noisy) / RASTER_SECONDS) * RASTER_SECONDS


def even(seconds: float, beats_per_minute: float, start: float = 100.0) -> FloatArray:
    period = period_of(beats_per_minute)
    return np.asarray(start + period * np.arange(round(seconds / period)))


def followed(loop: DelayLockedLoop, heard: FloatArray) -> tuple[FloatArray, FloatArray, list[tuple[int, Jump]]]:
    """The line's time and period after each pulse, and the jumps with the number of the pulse that showed them."""
    seconds, periods, jumps = [], [], []
    for number, moment in enumerate(heard):
        jump = loop.update(float(moment))
        if jump is not None:
            jumps.append((number, jump))
        seconds.append(loop.seconds)
        periods.append(loop.period)
    return np.array(seconds), np.array(periods), jumps


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("tempo", [60.0, 90.0, 126.0, 174.0, 240.0])
def test_the_cables_jitter_is_not_heard(tempo: float, seed: int) -> None:
    times = even(60.0, tempo)
    line, periods, jumps = followed(DelayLockedLoop(), jittered(times, 0.001, seed))
    after = round(2.0 / period_of(tempo))
    late = (line - times)[after:]
    # The raster's mean delay of half a millisecond included.
    assert math.sqrt(float(np.mean(late**2))) < 0.001
    assert float(np.percentile(np.abs(late - RASTER_SECONDS / 2), 99)) < 0.0015
    drift = np.polyfit(times[after:], late, 1)[0] * (times[-1] - times[after])
    assert abs(drift) < 0.0002
    assert float(np.mean(periods[after:])) == pytest.approx(period_of(tempo), rel=2e-5)
    assert float(np.std(periods[after:])) < 0.001 * period_of(tempo)
    assert not jumps


@pytest.mark.parametrize("seed", range(10))
def test_the_tempo_is_known_after_eight_pulses_and_well_known_after_a_beat(seed: int) -> None:
    loop = DelayLockedLoop()
    line, periods, _ = followed(loop, jittered(even(0.5, 126.0), 0.001, seed))
    assert periods[RECOGNISED_PULSES - 1] == pytest.approx(period_of(126.0), rel=0.03)
    assert periods[PULSES_PER_BEAT - 1] == pytest.approx(period_of(126.0), rel=0.006)
    assert abs(line[PULSES_PER_BEAT - 1] - even(0.5, 126.0)[PULSES_PER_BEAT - 1] - RASTER_SECONDS / 2) < 0.0012


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("before", "after"), [(126.0, 140.0), (140.0, 126.0), (174.0, 87.0), (87.0, 174.0), (120.0, 123.0)])
def test_a_jump_of_tempo_is_followed_within_a_beat(before: float, after: float, seed: int) -> None:
    first = even(10.0, before)
    times = np.concatenate((first, first[-1] + period_of(after) * np.arange(1, 20 * PULSES_PER_BEAT)))
    line, periods, jumps = followed(DelayLockedLoop(), jittered(times, 0.001, seed))
    beat_later = len(first) + PULSES_PER_BEAT
    assert all(number >= len(first) for number, _ in jumps)
    assert float(np.max(np.abs((line - times)[beat_later:] - RASTER_SECONDS / 2))) < 0.003
    assert periods[beat_later] == pytest.approx(period_of(after), rel=0.01)
    assert periods[beat_later + 2 * PULSES_PER_BEAT] == pytest.approx(period_of(after), rel=0.005)
    assert float(np.mean(periods[beat_later + 96 :])) == pytest.approx(period_of(after), rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_rough_jitter_raises_no_alarm_and_hides_no_jump(seed: int) -> None:
    first = even(60.0, 126.0)
    times = np.concatenate((first, first[-1] + period_of(140.0) * np.arange(1, 400)))
    line, _, jumps = followed(DelayLockedLoop(), jittered(times, 0.003, seed))
    assert all(number >= len(first) for number, _ in jumps)
    bar_later = len(first) + 4 * PULSES_PER_BEAT
    assert float(np.percentile(np.abs((line - times)[bar_later:] - RASTER_SECONDS / 2), 95)) < 0.004


def test_a_moved_phase_keeps_the_tempo() -> None:
    times = even(10.0, 126.0)
    heard = np.where(times > 105.0, times + 0.008, times)
    loop = DelayLockedLoop()
    line, periods, jumps = followed(loop, heard)
    (number, jump) = jumps[0]
    assert len(jumps) == 1 and jump.tempo_kept
    assert jump.shift_seconds == pytest.approx(0.008, abs=1e-6)
    assert number - int(np.argmax(times > 105.0)) < PULSES_PER_BEAT // 2
    assert float(np.max(np.abs((line - heard)[number:]))) < 1e-5
    assert periods[number] == pytest.approx(period_of(126.0), rel=1e-6)


@pytest.mark.parametrize("late", [1, 5, 10, 20])
def test_a_pile_of_late_pulses_moves_little(late: int) -> None:
    """The machine stood still, and `late` pulses were seen at once."""
    times = even(10.0, 126.0)
    heard = times.copy()
    heard[240 : 240 + late] = times[240 + late] - 0.0005
    line, _, jumps = followed(DelayLockedLoop(), heard)
    # What has moved is right again a beat after the pile.
    assert float(np.max(np.abs((line - times)[240 + late + PULSES_PER_BEAT :]))) < 0.003
    assert late > RECOGNISED_PULSES or not jumps


@pytest.mark.parametrize("seed", range(5))
def test_a_master_that_stumbles_has_no_new_tempo(seed: int) -> None:
    """Its sound breaks off twice within a beat, again and again; between, it is on a raster of 2.7 ms (JACK, 128 frames)."""
    generator = np.random.default_rng(seed)
    times = even(30.0, 126.0)
    for first in range(100, len(times), 48):
        times[first:] += generator.uniform(0.015, 0.03)
        times[first + 1 :] += generator.uniform(0.015, 0.03)
    heard = np.ceil(times / 0.00267) * 0.00267
    line, periods, jumps = followed(DelayLockedLoop(), heard)
    assert len(jumps) >= 10
    assert float(np.max(np.abs(periods[24:] / period_of(126.0) - 1.0))) < 0.02
    # Where it goes on is found a third of a beat after it stumbled.
    calm = [number for number in range(112, len(times)) if (number - 100) % 48 >= 12]
    assert float(np.percentile(np.abs((line - times)[calm] - 0.00267 / 2), 95)) < 0.004


def test_a_ramp_is_followed() -> None:
    """126 to 140 BPM over eight bars: half a per cent a second."""
    beats = np.arange(0, 64, 1 / PULSES_PER_BEAT)
    tempo = np.interp(beats, [16, 48], [126.0, 140.0])
    times = 50.0 + np.concatenate(([0.0], np.cumsum(60.0 / tempo[:-1] / PULSES_PER_BEAT)))
    line, _, _ = followed(DelayLockedLoop(), jittered(times, 0.001, 4))
    late = (line - times)[200:] - RASTER_SECONDS / 2
    assert math.sqrt(float(np.mean(late**2))) < 0.001


def test_a_known_period_is_not_sought_again() -> None:
    """A sound server that asks for two blocks at once, from the first pair on."""
    block, rate = 256, 44_103.0
    frames = block * np.arange(4000)
    times = 7.0 + frames / rate
    seen = np.repeat(times[::2], 2)[:4000]
    loop = DelayLockedLoop(0.1, 1 / 44_100.0)
    late = []
    for number, moment in enumerate(seen):
        loop.update(float(moment), block)
        late.append(loop.seconds - times[number])
    settled = np.array(late[100:])
    assert float(np.max(np.abs(settled - np.mean(settled)))) < 0.0008
    assert 1 / loop.period == pytest.approx(rate, rel=2e-5)
