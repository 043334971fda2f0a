"""Where control maps are: those that come with VAmEn, by name, and the user's own, which learning makes.

A map of the user's own goes before the one of the same name that comes with VAmEn.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

MAPS = Path(__file__).parent / "maps"
DEFAULT_MAP = MAPS / "default.toml"

LEARNT = "learnt"
"""Name of the user's own map that is played where no other is asked for."""


def shipped_maps() -> list[str]:
    """Names of the maps that come with VAmEn."""
    return sorted(path.stem for path in MAPS.glob("*.toml"))


def own_map(name: str) -> Path:
    """Where the user's own map of this name is, or would be: in the folder that the system has for settings."""
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return folder / "vamen" / f"{name}.toml"


def map_path(text: str) -> Path:
    """What `--map` means: a file, or the name of one that comes with VAmEn unless there is such a file."""
    path = Path(text)
    if path.exists() or text not in shipped_maps():
        return path
    return own if (own := own_map(text)).exists() else MAPS / f"{text}.toml"


def played_map(asked: Path | None) -> Path:
    """The map that is played when this one, or none, was asked for."""
    if asked is not None:
        return asked
    return own if (own := own_map(LEARNT)).exists() else DEFAULT_MAP


def place_to_learn(played: Path) -> Path:
    """The file that takes what is learnt while this map is played: nothing is written among those that come with VAmEn."""
    if played == DEFAULT_MAP:
        return own_map(LEARNT)
    return own_map(played.stem) if played.parent == MAPS else played
