"""Breaks drawn: an export with its slices above a folder's names, and a take's text under the sound that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageColor, ImageDraw

from bridge.control import ControlChange
from bridge.mel_spectrogram import BEATS_PER_BAR, ENGINE_SAMPLE_RATE, PRESETS, FloatArray, Image, image_from_audio, load_png
from docs.guide.drawing import COOL, FAINT, INK, LINE, PAPER, WARM, blank, font, inside

WIDTH, LEFT = 1400, 20
STRIP_HEIGHT, LINE_HEIGHT = 256, 30
FADED, DARK = 0.35, 0.85
"""Of the picture's range: what is fainter is left white, what is louder is all ink, so that strokes stand out."""

FLAG = 28
COLUMNS = 2
"""In which a take's lines are set."""


def export_picture(image: Path, steps: int, names: Sequence[str]) -> PillowImage.Image:
    """An export's own picture, cut at its steps, and below it the names of the folder that it is in."""
    rows = -(-len(names) // COLUMNS)
    top = 64
    picture, pen = blank(WIDTH, top + STRIP_HEIGHT + 66 + rows * LINE_HEIGHT + 20)
    pen.text((LEFT, 10), f"{image.stem}: two bars, {steps} slices", INK, font(22))
    _strip(picture, load_png(image), top)
    for step in range(steps):
        left, right = (LEFT + (WIDTH - 2 * LEFT) * edge / steps for edge in (step, step + 1))
        pen.line((left, top, left, top + STRIP_HEIGHT), LINE if step % 4 == 0 else FAINT, 2 if step % 16 == 0 else 1)
        inside(pen, (left, top - 24, right, top), str(step + 1), 15, INK if step % 4 == 0 else FAINT)
    heading = top + STRIP_HEIGHT + 20
    pen.text((LEFT, heading), "in the folder, sorted by name", INK, font(22))
    for number, name in enumerate(names):
        place = heading + 40 + number % rows * LINE_HEIGHT
        colour = INK if name.endswith(".wav") else FAINT
        pen.text((LEFT + number // rows * WIDTH / COLUMNS, place), name, colour, font(20))
    return picture


def take_picture(text: str, changes: Sequence[ControlChange], samples: FloatArray, bars: int) -> PillowImage.Image:
    """What a take sounds like, (n,) at `ENGINE_SAMPLE_RATE`, and its lines, each with its number where it acts."""
    lines = text.splitlines()
    rows = -(-len(lines) // COLUMNS)
    top = 44 + 2 * (FLAG + 6)
    picture, pen = blank(WIDTH, top + STRIP_HEIGHT + 30 + rows * LINE_HEIGHT + 20)
    pen.text((LEFT, 8), "above: what sounds, bar by bar, and where each line acts; below: the take", INK, font(20))
    _strip(picture, image_from_audio(samples, PRESETS["hifi"], WIDTH - 2 * LEFT), top)
    for bar in range(bars):
        x = LEFT + (WIDTH - 2 * LEFT) * bar / bars
        pen.line((x, top, x, top + STRIP_HEIGHT), LINE)
        pen.text((x + 6, top + STRIP_HEIGHT + 2), f"bar {bar + 1}", FAINT, font(15))
    pixels_per_frame = (WIDTH - 2 * LEFT) / len(samples)
    taken = [0.0, 0.0]
    for number, change in enumerate(changes, 1):
        x = LEFT + change.frame * pixels_per_frame
        lane = 0 if taken[0] <= x else 1
        left = max(x, taken[lane])
        _flag(pen, left, top - (lane + 1) * (FLAG + 6), str(number))
        pen.line((x, top - 6, x, top), INK)
        taken[lane] = left + FLAG + 4
    for number, line in enumerate(lines, 1):
        column, place = divmod(number - 1, rows)
        x, y = LEFT + column * WIDTH / COLUMNS, top + STRIP_HEIGHT + 30 + place * LINE_HEIGHT
        _flag(pen, x, y, str(number))
        pen.text((x + FLAG + 10, y + 2), line, INK, font(19))
    return picture


def bars_in(samples: FloatArray, beats_per_minute: float) -> int:
    """Bars that samples (n,) last."""
    return round(len(samples) * beats_per_minute / (60.0 * ENGINE_SAMPLE_RATE * BEATS_PER_BAR))


def _flag(pen: ImageDraw.ImageDraw, x: float, y: float, text: str) -> None:
    box = (x, y, x + FLAG, y + FLAG - 4)
    pen.rounded_rectangle(box, 5, WARM, LINE)
    inside(pen, box, text, 15)


def _strip(picture: PillowImage.Image, image: Image, top: int) -> None:
    """An image uint8 (n_mels, n_frames), ink on paper, across the whole width."""
    width = WIDTH - 2 * LEFT
    darkness = np.clip((image[::-1] / 255.0 - FADED) / (DARK - FADED), 0.0, 1.0)
    ends = [np.array(ImageColor.getrgb(colour), dtype=np.float64) for colour in (PAPER, INK)]
    coloured: NDArray[np.uint8] = np.rint(ends[0] + darkness[..., np.newaxis] * (ends[1] - ends[0])).astype(np.uint8)
    picture.paste(PillowImage.fromarray(coloured).resize((width, STRIP_HEIGHT), PillowImage.Resampling.BOX), (LEFT, top))
    ImageDraw.Draw(picture).rectangle((LEFT, top, LEFT + width, top + STRIP_HEIGHT), outline=COOL)
