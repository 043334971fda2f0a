"""Tap tempo."""

from __future__ import annotations

import random

import pytest

from bridge.tap_tempo import TapTempo


def tapped(
    taps: TapTempo, start: float, beats_per_minute: float, count: int, jitter: float = 0.0, seed: int = 0
) -> list[float | None]:
    generator = random.Random(seed)
    period = 60.0 / beats_per_minute
    return [taps.tap(start + number * period + generator.gauss(0.0, jitter)) for number in range(count)]


def test_the_second_tap_gives_a_tempo() -> None:
    assert tapped(TapTempo(), 5.0, 126.0, 3) == [None, pytest.approx(126.0), pytest.approx(126.0)]


@pytest.mark.parametrize("tempo", [62.0, 90.0, 126.0, 174.0, 235.0])
def test_a_hand_that_shakes_is_right_within_two_percent(tempo: float) -> None:
    errors = []
    for seed in range(20):
        found = tapped(TapTempo(), 0.0, tempo, 12, jitter=0.012 * 60 / tempo, seed=seed)[-1]
        assert found is not None
        errors.append(abs(found / tempo - 1.0))
    assert max(errors) < 0.02


def test_one_clumsy_tap_moves_nothing_much() -> None:
    taps = TapTempo()
    tapped(taps, 0.0, 120.0, 8)
    taps.tap(4.03)
    assert taps.tap(4.5) == pytest.approx(120.0, rel=1e-6)


def test_a_pause_a_missed_tap_and_another_tempo_begin_anew() -> None:
    taps = TapTempo()
    tapped(taps, 0.0, 120.0, 8)
    assert tapped(taps, 60.0, 90.0, 3) == [None, pytest.approx(90.0), pytest.approx(90.0)]
    assert taps.tap(60.0 + 4 * 60 / 90) is None
    assert taps.tap(60.0 + 5 * 60 / 90) == pytest.approx(90.0)
    last = 60.0 + 5 * 60 / 90
    assert taps.tap(last + 60 / 174) is None
    assert taps.tap(last + 2 * 60 / 174) == pytest.approx(174.0)


def test_a_pad_that_bounces_is_one_tap() -> None:
    taps = TapTempo()
    found = [taps.tap(moment) for beat in range(6) for moment in (beat * 0.5, beat * 0.5 + 0.02)]
    assert found[2::2] == [pytest.approx(120.0)] * 5
    assert found[1::2] == [None] * 6


def test_the_range_of_the_instrument_is_kept() -> None:
    assert tapped(TapTempo(), 0.0, 55.0, 4)[-1] == 60.0
    assert tapped(TapTempo(), 0.0, 260.0, 4)[-1] == 240.0
    assert tapped(TapTempo(), 0.0, 20.0, 4) == [None] * 4
