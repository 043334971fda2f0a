"""Bars are met or missed by the right amount, and a card's claims are held to, within their tolerance."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.evaluate_shipped import SELECTION, select
from training.ruler.bars import picture_figures, table
from training.ruler.claims import FORMAT_VERSION, comparable
from training.ruler.figures import Bar, Figure, lines, look_up, worse

PICTURES = {
    way: {"error_db": error, "averaged_error_db": averaged, "texture": texture, "sharpness": sharpness}
    for way, (error, averaged, texture, sharpness) in {
        "model": (4.5, 3.2, 0.7, 1.2),
        "smooth": (4.0, 3.1, 0.4, 0.9),
        "pca": (4.1, 4.0, 0.3, 0.8),
        "mean_image": (13.0, 12.0, 0.1, 0.1),
    }.items()
}
RESULTS = {"held_out_draw": {"pictures": PICTURES}}


def test_bars_on_both_sides_and_beside_another_figure() -> None:
    error, averaged, texture, sharpness = lines(RESULTS, picture_figures("draws", "held_out_draw", bars=True))
    assert error.missed_by == pytest.approx(0.4) and error.verdict == "MISSED by 0.40 dB"  # the grain's, above PCA's 4.1
    assert averaged.asked == "at most 3.00 dB" and averaged.missed_by == pytest.approx(0.2)
    assert texture.missed_by == pytest.approx(0.1) and sharpness.missed_by == pytest.approx(0.05)
    assert "without grain 4" in error.beside and "PCA 4.10" in error.beside and "mean image 13" in error.beside
    [met] = lines({"a": 0.85}, (Figure("s", "a", "a", bar=Bar(0.85, 1.15)),))
    assert met.verdict == "met" and met.missed_by == 0.0


def test_what_is_no_bar_has_no_verdict_and_what_was_not_measured_no_line() -> None:
    found = lines({"held_out_source": {"pictures": PICTURES}}, table({}))
    assert len(found) == 4 and all(line.verdict == line.asked == "" for line in found)
    assert look_up(RESULTS, "held_out_draw.pictures.model.texture") == 0.7
    assert look_up(RESULTS, "held_out_draw.pictures.model") is None and look_up(RESULTS, "nowhere.at.all") is None


def test_a_figure_is_worse_than_claimed_on_its_own_side_only() -> None:
    less, more = Figure("s", "a", "a", "dB", "less"), Figure("s", "a", "a", "", "more")
    one, neither = Figure("s", "a", "a", "", "one"), Figure("s", "a", "a")
    assert worse(less, 4.2, 4.0) and not worse(less, 4.05, 4.0) and not worse(less, 3.0, 4.0)
    assert worse(more, 0.8, 0.9) and not worse(more, 1.0, 0.9)
    assert worse(one, 0.8, 1.1) and worse(one, 1.3, 0.9) and not worse(one, 1.05, 0.9)
    assert not worse(neither, 0.0, 9.0)
    assert worse(less, float("nan"), 4.0)


def test_a_claim_that_is_not_kept_is_named() -> None:
    claimed = {"held_out_draw": {"pictures": {"model": {**PICTURES["model"], "error_db": 4.0}}}}
    found = {line.figure.path: line for line in lines(RESULTS, table(RESULTS), claimed)}
    assert found["held_out_draw.pictures.model.error_db"].worse_than_claimed
    assert not found["held_out_draw.pictures.model.texture"].worse_than_claimed


def test_claims_of_other_breaks_are_not_compared_and_of_other_loops_left_out() -> None:
    results = {"held_out_draw": PICTURES, "loops": PICTURES}
    claimed = {"format_version": FORMAT_VERSION, "data": {"seed": 0}, "loops": {"digest": "a"}, "results": results}
    assert comparable(claimed, claimed) == results
    assert comparable(claimed, {**claimed, "data": {"seed": 1}}) is None
    assert comparable(claimed, {**claimed, "loops": None}) == {"held_out_draw": PICTURES}
    assert comparable(None, claimed) is None


def test_the_selection_takes_out_again_and_keeps_unseen_loops_apart() -> None:
    files = [Path("b") / name for name in ("elec_snare.flac", "elec_plip.flac", "loop_garzul.flac", "loop_amen.flac", "x.txt")]
    learnt, unseen = select(files, SELECTION.read_text(encoding="utf-8"))
    assert [file.name for file in learnt] == ["elec_snare.flac", "loop_amen.flac"]
    assert [file.name for file in unseen] == ["loop_garzul.flac"]
