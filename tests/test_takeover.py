"""Knobs that stand elsewhere than the sound."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.takeover import Knob, Takeover


def played(takeover: Takeover, parameter: float, positions: list[float]) -> list[float]:
    """Where the parameter is after each move of the knob."""
    knob = Knob(takeover)
    places = []
    for position in positions:
        place = knob.moved(position, parameter)
        parameter = parameter if place is None else place
        places.append(parameter)
    return places


def test_without_takeover_the_sound_jumps_to_the_knob() -> None:
    assert played("none", 0.5, [0.9, 0.1]) == [0.9, 0.1]


def test_pick_up_waits_until_the_knob_passes_and_then_follows() -> None:
    assert played("pick-up", 0.5, [0.1, 0.3, 0.49, 0.52, 0.6, 0.2]) == [0.5, 0.5, 0.5, 0.52, 0.6, 0.2]
    assert played("pick-up", 0.5, [0.9, 0.7, 0.5, 0.4]) == [0.5, 0.5, 0.5, 0.4]
    assert played("pick-up", 0.5, [0.5, 0.6]) == [0.5, 0.6]


def test_pick_up_waits_anew_when_somebody_else_has_moved_the_sound() -> None:
    knob = Knob("pick-up")
    assert [knob.moved(position, 0.5) for position in (0.4, 0.6)] == [None, 0.6]
    assert knob.moved(0.7, 0.6) == 0.7
    assert knob.moved(0.8, 0.2) is None and knob.moved(0.3, 0.2) is None
    assert knob.moved(0.1, 0.2) == 0.1


def test_scaling_spreads_what_is_left_and_both_arrive_together() -> None:
    assert played("scale", 0.5, [0.2, 0.6, 1.0, 0.3]) == [0.5, pytest.approx(0.75), pytest.approx(1.0), pytest.approx(0.3)]
    assert played("scale", 0.8, [0.4, 0.2, 0.0, 0.5]) == [0.8, pytest.approx(0.4), pytest.approx(0.0), pytest.approx(0.5)]


@given(st.floats(0.0, 1.0), st.lists(st.floats(0.0, 1.0), min_size=2, max_size=20))
@settings(max_examples=100, deadline=None)
def test_scaling_never_leaves_the_way_and_follows_the_hand(parameter: float, positions: list[float]) -> None:
    places = played("scale", parameter, positions)
    assert all(-1e-9 <= place <= 1.0 + 1e-9 for place in places)
    for position, place, before, after in zip(positions, places, positions[1:], places[1:], strict=False):
        if position != before:
            assert (after - place) * (before - position) >= -1e-9


def test_where_nobody_knows_where_the_sound_is_the_knob_says_so() -> None:
    for takeover in ("pick-up", "scale"):
        assert Knob(takeover).moved(0.7, None) == 0.7


def test_a_knob_that_was_away_may_stand_anywhere() -> None:
    knob = Knob("pick-up")
    knob.moved(0.4, 0.5)
    knob.forget()
    assert knob.moved(0.6, 0.5) is None
