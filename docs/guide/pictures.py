"""Draws the guide's pictures: `make guide-pictures`, or `python -m docs.guide.pictures` in the repository's root.

Each carries a hash of what it was drawn from, so that a test can say when it is out of date. That of TouchDesigner's network is
drawn beside its script, by touchdesigner/draw_network.py.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import soundfile
from PIL import Image

from bridge.map_places import MAPS
from bridge.shipped_models import DEFAULT_PATH
from bridge.take import read_take
from docs.guide import breaks, controllers, drawing, patches
from max_patches.table import read_layout

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

TAKE = HERE / "first_take.osc"
TAKE_TEMPO = 170.0
SHOWN_EXPORT = 1
"""Which of the take's exports is drawn, from 0."""

MAX_PATCHES = ROOT / "max_patches"


@dataclass(frozen=True)
class Picture:
    """A picture: the files that it is drawn from, and how."""

    sources: tuple[Path, ...]
    draw: Callable[[], Image.Image]
    colours: int = 128

    def fingerprint(self) -> str:
        """The hash of its sources, which a picture that is up to date carries."""
        return drawing.fingerprint(*(source.read_bytes() for source in self.sources))


def _controller(name: str) -> Picture:
    source = MAPS / f"{name}.toml"
    return Picture((source,), lambda: controllers.draw(controllers.PANELS[name], _text(source), read_layout().axis_names))


def _patch(name: str) -> Picture:
    source = MAX_PATCHES / name
    return Picture((source,), lambda: patches.draw(source.read_bytes()))


def _export() -> Image.Image:
    with TemporaryDirectory() as folder:
        _, exports = _render(Path(folder))
        names = sorted(path.name for path in exports.iterdir())
        return breaks.export_picture(sorted(exports.glob("*.png"))[SHOWN_EXPORT], read_layout().steps, names)


def _take() -> Image.Image:
    with TemporaryDirectory() as folder:
        sound, _ = _render(Path(folder))
        samples, _ = soundfile.read(sound, dtype="float32")
    return breaks.take_picture(_text(TAKE), read_take(TAKE, read_layout()), samples, breaks.bars_in(samples, TAKE_TEMPO))


def _render(folder: Path) -> tuple[Path, Path]:
    """The take's sound and the folder of its exports, made by the command that stands on the page."""
    sound, exports = folder / "first_take.wav", folder / "breaks"
    command = [sys.executable, "-m", "bridge", "render", TAKE, "--out", sound, "--watch-folder", exports]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return sound, exports


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


PICTURES: Mapping[str, Picture] = {
    **{f"controller_{name}.png": _controller(name) for name in controllers.PANELS},
    "max_patch.png": _patch("vamen.maxpat"),
    "live_instrument.png": _patch("vamen instrument.amxd"),
    "export.png": Picture((TAKE, DEFAULT_PATH), _export, colours=48),
    "take.png": Picture((TAKE, DEFAULT_PATH), _take, colours=48),
}
"""By file name."""


def main() -> None:
    """Draw them all beside this file."""
    for name, picture in PICTURES.items():
        drawing.save(picture.draw(), HERE / name, picture.fingerprint(), picture.colours)


if __name__ == "__main__":
    main()
