"""The phase of the beats over time, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.pictures import BAR, COLOURS, FAINT, GRID, INK, TEXT_PIXELS
from tests.rigs.on_the_one import Followed

DoubleArray = NDArray[np.float64]

WIDTH, PANEL_HEIGHT = 900, 150
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 34, 30
GAP = 30
"""Between two panels, for the name of the lower."""

MOST_MS = 8.0
"""The highest and the lowest that is drawn; what lies farther off is a mark on the edge."""
TICKS_MS = (-5.0, 0.0, 5.0)
DOT = 2


@dataclass(frozen=True)
class Panel:
    """Phases (n,) in ms at some seconds (n,), under a name; `bar_ms` is what they are asked to be within, `changed` when the
    tempo was changed, in the same seconds."""

    name: str
    seconds: DoubleArray
    phase_ms: DoubleArray
    bar_ms: float
    changed: float | None = None


def panel(name: str, followed: Followed, bar_ms: float) -> Panel:
    """A run's phases over the seconds since its first beat."""
    phases, changed = followed.phases, followed.changed
    begun = phases.due[0] if len(phases.due) else 0.0
    return Panel(name, phases.due - begun, phases.phase_ms, bar_ms, None if changed is None else changed - begun)


def save_phases(path: Path, panels: Sequence[Panel]) -> None:
    """One panel below the other, each over its own seconds."""
    font = ImageFont.load_default(TEXT_PIXELS)
    height = TOP + len(panels) * (PANEL_HEIGHT + GAP) + BOTTOM
    picture = Image.new("RGB", (WIDTH, height), "white")
    pen = ImageDraw.Draw(picture)
    pen.text((LEFT, 8), "how much later than the master meant each beat was heard, in ms, over seconds", INK, font)
    for row, drawn in enumerate(panels):
        _draw(pen, font, drawn, TOP + GAP + row * (PANEL_HEIGHT + GAP), COLOURS[row % len(COLOURS)])
    picture.save(path, format="PNG", optimize=True)


def _draw(
    pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, drawn: Panel, top: int, colour: str
) -> None:
    longest = max(float(drawn.seconds[-1]), 1.0) if len(drawn.seconds) else 1.0

    def x(seconds: float) -> float:
        return LEFT + seconds / longest * (WIDTH - LEFT - RIGHT)

    def y(milliseconds: float) -> float:
        return top + (MOST_MS - milliseconds) / (2.0 * MOST_MS) * PANEL_HEIGHT

    p95 = float(np.percentile(np.abs(drawn.phase_ms), 95)) if len(drawn.phase_ms) else np.inf
    pen.text((LEFT, top - 4), f"{drawn.name}: {len(drawn.seconds)} beats, p95 {p95:.2f} ms", INK, font, anchor="lb")
    for tick in TICKS_MS:
        pen.line((LEFT, y(tick), WIDTH - RIGHT, y(tick)), GRID)
        pen.text((LEFT - 8, y(tick)), f"{tick:g}", FAINT, font, anchor="rm")
    for bar in (-drawn.bar_ms, drawn.bar_ms):
        pen.line((LEFT, y(bar), WIDTH - RIGHT, y(bar)), BAR)
    if drawn.changed is not None:
        pen.line((x(drawn.changed), top, x(drawn.changed), top + PANEL_HEIGHT), FAINT)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if longest / step <= 13)
    for tick in np.arange(0.0, longest + 0.01, step):
        pen.text((x(tick), top + PANEL_HEIGHT + 2), f"{tick:g}", FAINT, font, anchor="mt")
    for seconds, phase in zip(drawn.seconds, np.clip(drawn.phase_ms, -MOST_MS, MOST_MS), strict=True):
        pen.ellipse((x(seconds) - DOT, y(phase) - DOT, x(seconds) + DOT, y(phase) + DOT), colour)
