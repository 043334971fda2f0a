"""How an export is called: breaks_170bpm_2bars_0042_density-70, of plain letters whatever a stranger asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from bridge.latent_space import AXIS_MIDDLE
from bridge.parameters import DECIMALS

MAX_STEM_BYTES = 120
FALLBACK_NAME = "breaks"

MOST_NAME_CHARACTERS = 24
"""Of a wished name; it is cut before anything follows it, so that what follows is never cut."""

TOLD_FROM = 0.05
"""An axis that is off its middle by so much is told of: less is a knob that was not quite put back."""

MOST_AXES_TOLD = 2

_RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3])", re.IGNORECASE)


def export_stem(name: str, beats_per_minute: float, bars: int) -> str:
    """What stands before the number: a wished name (anything that a stranger sent, '' = ours), tempo and bars."""
    length = "1bar" if bars == 1 else f"{bars}bars"
    return f"{name[:MOST_NAME_CHARACTERS] or FALLBACK_NAME}_{tempo_text(beats_per_minute)}bpm_{length}"


def axes_tag(names: Sequence[str], positions: Sequence[float]) -> str:
    """What stands behind the number: the axes farthest from their middle with their positions in percent; '' for none.

    Two at the most, the farthest first; of those equally far the first.
    """
    off = [round(abs(position - AXIS_MIDDLE), DECIMALS) for position in positions]
    farthest = sorted(range(len(off)), key=lambda axis: -off[axis])[:MOST_AXES_TOLD]
    told = [f"{names[axis].replace('.', '-')}-{round(100 * positions[axis])}" for axis in farthest if off[axis] >= TOLD_FROM]
    return "_".join(told)


def tempo_text(beats_per_minute: float) -> str:
    """A tempo as it stands in a file name, at most two decimals: 170, 161.5."""
    return f"{beats_per_minute:.2f}".rstrip("0").rstrip(".")


def safe_stem(text: str) -> str:
    """A file name without number and suffix from anything a stranger sent: letters, digits, `-` and `_`, and dots in numbers.

    It cannot leave the folder, hide itself, be a device of Windows', or be longer than a file system takes.
    """
    kept = "".join(character if character.isalnum() or character in "-_." else "_" for character in normalise(text))
    kept = re.sub(r"(?<![0-9])\.|\.(?![0-9])", "_", kept)
    stem = kept.encode()[:MAX_STEM_BYTES].decode(errors="ignore").strip("-_.") or FALLBACK_NAME
    return f"_{stem}" if _RESERVED_ON_WINDOWS.fullmatch(stem.partition(".")[0]) else stem


def normalise(text: str) -> str:
    """One spelling for every way to write the same letters (macOS stores another one than Linux would send)."""
    return unicodedata.normalize("NFC", text)
