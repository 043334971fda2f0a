"""The player at the desk: moves on bar lines, keeps the rule, comes home, and lets go of what a hand touches."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.control import Control
from bridge.performer import Performer

HOME = np.arange(32 * 3, dtype=np.float64).reshape(32, 3)


def played_bars(performer: Performer, bars: int) -> list[np.ndarray]:
    """The break (16, 3) of every bar, as the ring would play it."""
    sounding, played = HOME, []
    for bar in range(bars):
        # Asked once a beat and a little late, as ticks do.
        for beat in range(4):
            for control in performer.controls(4 * bar + beat + 0.01):
                changed = np.array(control.values).reshape(32, 3)
                now = 16 * (bar % 2) + 4 * beat
                assert np.array_equal(changed[now], sounding[now]), "it may not change what sounds at the moment"
                sounding = changed
        played.append(sounding[16 * (bar % 2) : 16 * (bar % 2) + 16])
    return played


def is_home(bar: int, played: list[np.ndarray]) -> bool:
    return np.array_equal(played[bar], HOME[16 * (bar % 2) : 16 * (bar % 2) + 16])


def test_phrases_are_a_a_a_b_with_a_new_b_every_16_bars_and_home_every_32() -> None:
    played = played_bars(Performer(HOME, seed=1), 68)
    varied = [bar for bar in range(68) if not is_home(bar, played)]
    assert varied == [bar for bar in range(68) if bar % 4 == 3 and bar % 32 >= 4]
    assert np.array_equal(played[7], played[15]) and np.array_equal(played[19], played[31])
    assert not np.array_equal(played[15], played[19])
    assert not np.array_equal(played[15], played[47])


@pytest.mark.parametrize("seed", range(30))
def test_the_one_and_the_backbeats_are_kept(seed: int) -> None:
    played = played_bars(Performer(HOME, seed), 8)
    for step in (0, 1, 4, 5, 12, 13):
        assert np.array_equal(played[7][step], HOME[16 + step])


def test_touching_the_break_ends_it_and_touching_an_axis_does_not() -> None:
    performer = Performer(HOME, seed=1)
    performer.touched(Control("axis", (1,), (0.7,)))
    assert performer.active
    performer.touched(Control("slot_recall", (), (2,)))
    assert all(is_home(bar, played) for played in [played_bars(performer, 20)] for bar in range(20))
