"""Hits cut from a break: together they are the break, alone they do not click, and their names say what they are."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.hit_names import names_of, numbered
from bridge.hits import FADE_FRAMES, PEAK, TICKS_PER_BEAT, Hit, cut_hits
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray
from bridge.octatrack import MOST_SLICES
from tests.sounds import AMEN_LIKE, FOUR_TO_THE_FLOOR, TWO_STEP, Pattern, loop_from_pattern, sustained_sub_loop


def sum_of(hits: list[Hit], length: int) -> FloatArray:
    """The hits with their gains at their places, round a loop of so many samples."""
    total = np.zeros(length, dtype=np.float32)
    for hit in hits:
        np.add.at(total, (hit.frame + np.arange(len(hit.samples))) % length, hit.at_its_level)
    return total


def error_db(found: FloatArray, wanted: FloatArray) -> float:
    return float(20 * np.log10(max(np.linalg.norm(found - wanted), 1e-12) / np.linalg.norm(wanted)))


@pytest.mark.parametrize("pattern", [AMEN_LIKE, TWO_STEP, FOUR_TO_THE_FLOOR], ids=["amen", "two-step", "four"])
@pytest.mark.parametrize("beats_per_minute", [90.0, 174.37])
def test_the_hits_are_the_break_and_begin_on_ticks(pattern: Pattern, beats_per_minute: float) -> None:
    ring = loop_from_pattern(pattern, beats_per_minute)
    hits = cut_hits(ring, 32, 4)
    assert error_db(sum_of(hits, len(ring)), ring) < -100.0
    for hit in hits:
        assert hit.frame == (2 * hit.tick * len(ring) + 8 * TICKS_PER_BEAT) // (16 * TICKS_PER_BEAT)
        assert FADE_FRAMES <= hit.attack < 2 * FADE_FRAMES
    assert [hit.tick for hit in hits] == sorted(hit.tick for hit in hits) and -TICKS_PER_BEAT // 8 <= hits[0].tick < 0
    # What was put on a sixteenth is found within 3 ms of it.
    places = np.array([(hit.frame + hit.attack) / len(ring) * 32 for hit in hits])
    near = np.abs(places - np.rint(places)) * len(ring) / 32 < 0.003 * ENGINE_SAMPLE_RATE
    struck = {step for strokes in pattern.values() for step in strokes}
    found = set(np.rint(places[near]).astype(int).tolist())
    assert found <= struck and len(found) >= 0.9 * len(struck) and len(hits) <= 1.1 * len(struck)


def test_hits_begin_and_end_in_silence_and_are_as_loud_as_they_can_be() -> None:
    for hit in cut_hits(sustained_sub_loop(), 32, 4):
        assert abs(hit.samples[0]) < 1e-3 and abs(hit.samples[-1]) < 1e-3
        assert np.abs(hit.samples).max() == pytest.approx(PEAK, abs=1e-4)


def test_a_tone_that_is_cut_does_not_click(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = np.sin(2 * np.pi * 100 * np.arange(88_200) / 88_200).astype(np.float32)
    monkeypatch.setattr("bridge.hits._attacks", lambda ring, steps: np.array([0, 20_001, 50_003]))
    hits = cut_hits(ring, 16, 4)
    assert len(hits) == 3 and error_db(sum_of(hits, len(ring)), ring) < -100.0
    for hit in hits:
        steps = np.abs(np.diff(np.concatenate([[0.0], hit.samples, [0.0]])))
        # The tone's own steepest place is 0.006 a sample; cut off at once, it would step by up to 1.
        assert steps.max() < 0.02


def test_the_one_that_comes_early_is_cut_before_it_and_goes_round_the_seam() -> None:
    ring = np.roll(loop_from_pattern(TWO_STEP, 120.0), -200)
    hits = cut_hits(ring, 32, 4)
    assert error_db(sum_of(hits, len(ring)), ring) < -100.0
    assert hits[0].frame + hits[0].attack == pytest.approx(-200, abs=100), "it is the first, not the last"


def test_silence_is_one_hit_and_not_raised_for_ever() -> None:
    (silence,) = cut_hits(np.zeros(88_200, dtype=np.float32), 16, 4)
    assert np.abs(silence.samples).max() == 0.0 and silence.gain_db == -24.0


def test_there_are_no_more_hits_than_an_octatrack_has_slices() -> None:
    length = 4 * 44_100 * 2
    ring = np.zeros(length, dtype=np.float32)
    generator = np.random.default_rng(0)
    for place in range(0, length, length // 100):
        ring[place : place + 400] = generator.standard_normal(400) * 0.2 * np.exp(-np.arange(400) / 80)
    hits = cut_hits(ring, 64, 4)
    assert len(hits) == MOST_SLICES
    assert error_db(sum_of(hits, len(ring)), ring) < -100.0


def test_names_say_what_is_struck() -> None:
    ring = loop_from_pattern(AMEN_LIKE, 120.0)
    hits = cut_hits(ring, 32, 4)
    named = {round((hit.frame + hit.attack) / len(ring) * 32) % 32: name for hit, name in zip(hits, names_of(hits), strict=True)}
    # A kick under a hat is a kick, and so is a snare under one a snare; the pattern's quiet snares are ghosts.
    assert all(named.get(step, "kick") == "kick" for step in AMEN_LIKE["kick"])
    assert all(named[step] == "snare" for step in (4, 12, 20, 28))
    assert all(named.get(step, "hat") == "hat" for step in (6, 14, 22))
    assert [named[step] for step in (7, 9, 15) if step in named] and all(
        named.get(step, "ghost") == "ghost" for step in (7, 9, 15, 23, 25)
    )


def test_like_hits_are_numbered() -> None:
    assert numbered(["kick", "hat", "kick", "snare", "hat"]) == ["kick_1", "hat_1", "kick_2", "snare_1", "hat_2"]
