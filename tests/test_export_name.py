"""Names of exports: they sort, they tell, and they are plain."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.break_render import requested_break
from bridge.engine import ExportRequest
from bridge.export_name import axes_tag, export_stem
from bridge.model import Model
from bridge.watch_folder import WatchFolder

NAMES = ("density", "kick", "low.end")


@pytest.mark.parametrize(
    ("positions", "tag"),
    [
        ((0.5, 0.5, 0.5), ""),
        ((0.7, 0.5, 0.5), "density-70"),
        ((0.54, 0.5, 0.46), ""),
        ((0.5, 0.45, 0.5), "kick-45"),
        ((0.6, 0.1, 0.5), "kick-10_density-60"),
        ((0.4, 0.1, 1.0), "low-end-100_kick-10"),
        ((0.0, 1.0, 0.0), "density-0_kick-100"),
    ],
)
def test_the_axes_farthest_off_are_told_two_at_the_most(positions: tuple[float, ...], tag: str) -> None:
    assert axes_tag(NAMES, positions) == tag


def test_stems_tell_name_tempo_and_bars() -> None:
    assert export_stem("", 161.5, 1) == "breaks_161.5bpm_1bar"
    assert export_stem("mine", 170.0, 2) == "mine_170bpm_2bars"
    assert export_stem("x" * 100, 170.0, 4) == "x" * 24 + "_170bpm_4bars"


def test_an_export_is_told_by_its_axes_unless_it_has_a_name(tiny_model: Model, tmp_path: Path) -> None:
    folder = WatchFolder(tmp_path)
    latent, axes = tiny_model.metadata.slots[0].latent[:16], (0.7,) + (0.5,) * (len(tiny_model.metadata.axes) - 1)
    first = tiny_model.metadata.axes[0].name

    def export(name: str, positions: tuple[float, ...] = axes) -> str:
        return requested_break(tiny_model, ExportRequest(latent, 240.0, name, positions)).written_to(folder).name

    assert export("") == f"breaks_240bpm_1bar_0001_{first}-70.wav"
    assert export("", ()) == "breaks_240bpm_1bar_0002.wav"
    assert export("mine") == "mine_240bpm_1bar_0001.wav"
    assert export("", (0.1, *axes[1:])) == f"breaks_240bpm_1bar_0003_{first}-10.wav"
    assert {path.suffix for path in tmp_path.glob("breaks_240bpm_1bar_0001*")} == {".json", ".png", ".wav"}
