"""Tempos in file names, as people and sample packs write them."""

from __future__ import annotations

import pytest

from bridge.stated_tempo import tempo_in_name


@pytest.mark.parametrize(
    ("name", "tempo"),
    [
        ("think_174bpm.wav", 174.0),
        ("BPM 95 roll.aif", 95.0),
        ("loop-92.5-bpm.flac", 92.5),
        ("break 97.5 bpm.wav", 97.5),
        ("amen.wav", None),
        ("loop_97.wav", None),
        ("take_9bpm.wav", None),
        ("999bpm.wav", None),
    ],
)
def test_tempo_in_name(name: str, tempo: float | None) -> None:
    assert tempo_in_name(name) == tempo
