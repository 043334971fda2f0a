"""The tempo that the name of a sound file states."""

from __future__ import annotations

import re
from pathlib import Path

STATED_TEMPO_RANGE = (40.0, 300.0)
"""A number before "bpm" in a file name outside this range is no tempo."""

_STATED_TEMPO = re.compile(r"(\d{2,3}(?:\.\d+)?)[ _-]*bpm|bpm[ _-]*(\d{2,3}(?:\.\d+)?)", re.IGNORECASE)


def tempo_in_name(name: str) -> float | None:
    """The tempo in beats a minute that a file name states ("think_174bpm.wav", "BPM 95 roll.aif"); None when it states none."""
    match = _STATED_TEMPO.search(Path(name).stem)
    if match is None:
        return None
    tempo = float(match[1] or match[2])
    return tempo if STATED_TEMPO_RANGE[0] <= tempo <= STATED_TEMPO_RANGE[1] else None


def without_tempo(stem: str) -> str:
    """A file's stem without the tempo that it states: "think" of "think_174bpm"; what remains may be empty."""
    return _STATED_TEMPO.sub("", stem).strip(" _-")
