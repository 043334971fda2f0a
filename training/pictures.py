"""Pictures of a training run, drawn with Pillow: curves, and images above one another; left out where Pillow is missing."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import ImageDraw

WIDTH, HEIGHT, MARGIN = 480, 220, 24
COLOURS = ("#1f77b4", "#d62728")


@cache
def can_draw() -> bool:
    """Whether Pillow is there; where it is not, the first call says so on stderr."""
    try:
        import PIL  # noqa: F401
    except ModuleNotFoundError:
        print("Pictures are left out because Pillow is not installed; `pip install pillow` brings them back.", file=sys.stderr)
        return False
    return True


def save_curves(path: Path, curves: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """One panel for each curve, as (x, y) points in order of x; the y axis is logarithmic where all values are positive."""
    if not can_draw():
        return
    from PIL import Image, ImageDraw

    columns = 3
    rows = max(1, -(-len(curves) // columns))
    picture = Image.new("RGB", (columns * WIDTH, rows * HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    for index, (title, points) in enumerate(curves.items()):
        left, top = index % columns * WIDTH, index // columns * HEIGHT
        _panel(draw, left, top, title, points)
    picture.save(path, format="PNG")


def save_rows(path: Path, rows: Sequence[NDArray[np.floating]]) -> None:
    """Images (count, n_mels, columns) in 0..1: each row's pictures side by side, low frequencies at the bottom."""
    if not can_draw():
        return
    from PIL import Image

    lines = [np.concatenate([np.pad(image[::-1], ((2, 2), (2, 2))) for image in row], axis=1) for row in rows]
    widest = max(line.shape[1] for line in lines)
    lines = [np.pad(line, ((0, 0), (0, widest - line.shape[1]))) for line in lines]
    pixels = np.rint(np.clip(np.concatenate(lines, axis=0), 0.0, 1.0) * 255.0).astype(np.uint8)
    Image.fromarray(pixels).save(path, format="PNG")


def _panel(draw: ImageDraw.ImageDraw, left: int, top: int, title: str, points: Sequence[tuple[float, float]]) -> None:
    x, y = np.array(points, dtype=float).reshape(-1, 2).T
    label = title if len(y) == 0 else f"{title}: {y[-1]:.4g} after {x[-1]:.0f} updates (lowest {y.min():.4g})"
    draw.text((left + MARGIN, top + 4), label, fill="black")
    box = (left + MARGIN, top + MARGIN, left + WIDTH - 8, top + HEIGHT - 8)
    draw.rectangle(box, outline="#bbbbbb")
    if len(y) < 2:
        return
    level = np.log(y) if (y > 0.0).all() else y
    across = (x - x[0]) / max(float(x[-1] - x[0]), 1e-9)
    up = (level - level.min()) / max(float(np.ptp(level)), 1e-9)
    horizontal = box[0] + across * (box[2] - box[0])
    vertical = box[3] - up * (box[3] - box[1])
    draw.line(list(zip(horizontal, vertical, strict=True)), fill=COLOURS[0], width=1)
