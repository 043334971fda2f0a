"""Tempo references: beats and frames, and the same numbers after a take."""

from __future__ import annotations

import random

import pytest

from bridge.control import Control
from bridge.errors import VamenError
from bridge.parameters import DECIMALS
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.tempo_reference import CONTROL_NAME, TempoReference


def test_beats_fall_on_frames_and_frames_on_beats() -> None:
    reference = TempoReference(4.0, 100_000, 120.0, True)
    assert reference.frames_per_beat == ENGINE_SAMPLE_RATE / 2
    assert reference.beat_at(100_000) == 4.0
    assert reference.beat_at(100_000 - ENGINE_SAMPLE_RATE) == 2.0
    assert reference.frame_of_beat(12.0) == 100_000 + 4 * ENGINE_SAMPLE_RATE


def test_a_new_tempo_keeps_the_beat_and_a_nudge_moves_it() -> None:
    reference = TempoReference(0.0, 0, 126.0, True)
    quicker = reference.at_tempo(140.0, 1_000_000)
    assert quicker.beat_at(1_000_000) == pytest.approx(reference.beat_at(1_000_000), abs=1e-6)
    assert quicker.frames_per_beat == 60 * ENGINE_SAMPLE_RATE / 140.0
    nudged = reference.nudged(0.25)
    assert nudged.error_beats(reference, 123) == pytest.approx(0.25)
    assert nudged.frame_of_beat(8) < reference.frame_of_beat(8)


def test_what_is_recorded_is_what_was_played() -> None:
    generator = random.Random(1)
    for _ in range(2000):
        frame = generator.randrange(24 * 3600 * ENGINE_SAMPLE_RATE)
        played = TempoReference(generator.uniform(-8, 1e6), frame, generator.uniform(20, 400), generator.random() < 0.5)
        text = [f"{value:.{DECIMALS}f}" for value in played.control().values]
        heard = TempoReference.from_control(Control(CONTROL_NAME, (), tuple(float(token) for token in text)))
        assert heard == played
        assert heard.frame_of_beat(played.beat + 1000) == played.frame_of_beat(played.beat + 1000)


def test_an_hour_from_one_reference_is_right_to_a_tenth_of_a_millisecond() -> None:
    exact = 123.456789123
    reference = TempoReference(0.0, 0, exact, True)
    frames = 3600 * ENGINE_SAMPLE_RATE
    assert abs(reference.beat_at(frames) - frames / ENGINE_SAMPLE_RATE / 60 * exact) * 60 / exact < 1e-4


@pytest.mark.parametrize(("beat", "tempo"), [(float("nan"), 120.0), (0.0, 0.0), (0.0, -1.0), (0.0, 1e-7), (0.0, float("inf"))])
def test_what_is_no_time_is_refused(beat: float, tempo: float) -> None:
    with pytest.raises(ValueError, match="no musical time"):
        TempoReference(beat, 0, tempo, True)


def test_a_reference_that_is_no_musical_time_is_one_sentence() -> None:
    with pytest.raises(
        VamenError, match=r"A clock's reference cannot be followed: 3\.0 at 0\.0 beats a minute is no musical time\."
    ):
        TempoReference.from_control(Control("reference", (), (3.0, 5000.0, 0.0, 1.0)))
