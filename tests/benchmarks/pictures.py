"""Two pictures of the benchmark: how long turns of a knob take to be heard, and what quality costs in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.bars import MOST_KNOB_MS

WIDTH, PANEL_HEIGHT, PLOT_HEIGHT = 900, 110, 460
LEFT, RIGHT, TOP, BOTTOM = 130, 20, 34, 30
TEXT_PIXELS = 13

INK, FAINT, GRID, BAR = "#222222", "#777777", "#dddddd", "#d62728"
COLOURS = ("#1f77b4", "#17becf", "#ff7f0e", "#2ca02c")

BIN_MS = 1.0
TIME_TICKS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


def save_histogram(path: Path, cells: Mapping[str, Sequence[float]]) -> None:
    """One row for each cell: its name and the milliseconds of its turns (n,), all on one scale; the bar as a red line."""
    font = ImageFont.load_default(TEXT_PIXELS)
    picture = Image.new("RGB", (WIDTH, TOP + PANEL_HEIGHT * len(cells) + BOTTOM), "white")
    pen = ImageDraw.Draw(picture)
    longest = max([MOST_KNOB_MS, *(value for values in cells.values() for value in values)])
    edges = np.arange(0.0, 10.0 * np.ceil(longest / 10.0) + BIN_MS, BIN_MS)
    scale = (WIDTH - LEFT - RIGHT) / edges[-1]
    pen.text((LEFT, 8), "knob to ear: turns heard after so many ms", INK, font)
    for row, (name, values) in enumerate(cells.items()):
        base = TOP + PANEL_HEIGHT * (row + 1) - 8
        counts, _ = np.histogram(values, edges)
        height = (PANEL_HEIGHT - 24) / max(int(counts.max(initial=1)), 1)
        for place in np.flatnonzero(counts):
            x = LEFT + edges[place] * scale
            pen.rectangle((x, base - counts[place] * height, x + max(1.0, BIN_MS * scale - 1.0), base), COLOURS[0])
        pen.line((LEFT, base, WIDTH - RIGHT, base), GRID)
        pen.text((LEFT - 10, base), name, INK, font, anchor="rs")
        if len(values):
            median, p95 = np.percentile(values, (50, 95))
            pen.text((LEFT - 10, base - 18), f"{median:.1f}, p95 {p95:.1f}", FAINT, font, anchor="rs")
    bottom = TOP + PANEL_HEIGHT * len(cells) - 8
    x = LEFT + MOST_KNOB_MS * scale
    pen.line((x, TOP, x, bottom), BAR)
    for tick in _round_ticks(float(edges[-1])):
        pen.text((LEFT + tick * scale, bottom + 6), f"{tick:g}", FAINT, font, anchor="mt")
    picture.save(path, format="PNG", optimize=True)


def save_curves(path: Path, title: str, curves: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Spectral convergence in dB (up) over milliseconds spent (along, logarithmic) for each named curve of points (ms, dB)."""
    font = ImageFont.load_default(TEXT_PIXELS)
    picture = Image.new("RGB", (WIDTH, TOP + PLOT_HEIGHT + BOTTOM), "white")
    pen = ImageDraw.Draw(picture)
    points = np.array([point for curve in curves.values() for point in curve])
    (first, lowest), (last, highest) = points.min(axis=0), points.max(axis=0)
    floor, ceiling = 2.0 * np.floor(lowest / 2.0), 2.0 * np.ceil(highest / 2.0)
    begin, end = np.log(first / 1.3), np.log(last * 1.3)

    def place(milliseconds: float, decibels: float) -> tuple[float, float]:
        across = (np.log(milliseconds) - begin) / (end - begin)
        return LEFT + across * (WIDTH - LEFT - RIGHT), TOP + (ceiling - decibels) / (ceiling - floor) * PLOT_HEIGHT

    pen.text((LEFT, 8), title, INK, font)
    for tick in TIME_TICKS_MS:
        if begin <= np.log(tick) <= end:
            x, _ = place(tick, floor)
            pen.line((x, TOP, x, TOP + PLOT_HEIGHT), GRID)
            pen.text((x, TOP + PLOT_HEIGHT + 6), f"{tick:g} ms", FAINT, font, anchor="mt")
    for level in np.arange(floor, ceiling + 1.0, 2.0):
        _, y = place(first, level)
        pen.line((LEFT, y, WIDTH - RIGHT, y), GRID)
        pen.text((LEFT - 8, y), f"{level:.0f} dB", FAINT, font, anchor="rm")
    for colour, (name, curve) in zip(COLOURS[: len(curves)], curves.items(), strict=True):
        line = [place(*point) for point in curve]
        pen.line(line, colour, width=2)
        for x, y in line:
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), colour)
        pen.text((line[-1][0] - 4, line[-1][1] - 8), name, colour, font, anchor="rs")
    picture.save(path, format="PNG", optimize=True)


def _round_ticks(longest: float) -> list[float]:
    step = next(step for step in (5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0) if longest / step <= 12.0)
    return [float(tick) for tick in np.arange(0.0, longest + 0.1, step)]
