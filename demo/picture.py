"""A performance as a picture: its mel spectrogram in lines of eight bars, and above each line what the hand did.

The README's, which is the same on every machine:

    vamen render demo/performance.osc --out demo/performance.wav
    python demo/picture.py
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from compose import BARS, BEATS_PER_MINUTE, LAYOUT
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from bridge.control import ControlChange
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, PRESETS, FloatArray, MelSpectrogramSpec, mel_power
from bridge.parameters import ControlLayout, format_control
from bridge.take import read_take

HERE = Path(__file__).parent

BARS_A_LINE = 8
LANES = 4
MARGIN = 26

NIGHT, GRID, FAINT, TEXT = (13, 12, 20), (64, 60, 84), (140, 136, 160), (246, 232, 206)
FLAME = ((13, 12, 20), (49, 22, 84), (128, 32, 104), (214, 66, 72), (248, 148, 52), (252, 236, 164))
"""Colours from silence to the loudest, evenly spaced."""
SHOWN_RANGE_DB = 66.0


@dataclass(frozen=True)
class Gesture:
    """Something that the hand did: from a beat to a beat (the same for a button), counted from the beginning."""

    start: float
    end: float
    text: str


def gestures(changes: Iterable[ControlChange], beats_per_minute: float, layout: ControlLayout) -> list[Gesture]:
    """What the hand did in a take: each turn of a knob as one gesture, each button as another."""
    beats_per_frame = beats_per_minute / (60.0 * ENGINE_SAMPLE_RATE)
    found = []
    turns: dict[str, list[list[tuple[float, float]]]] = {}
    for change in changes:
        beat, (address, _, arguments) = change.frame * beats_per_frame, format_control(change.control, layout)
        name = address.removeprefix("/vamen/").removeprefix("axis/")
        if change.control.name in ("axis", "morph"):
            movements = turns.setdefault(name, [])
            if not movements or beat - movements[-1][-1][0] > 1.0:
                movements.append([])
            movements[-1].append((beat, float(arguments[0])))
        elif change.control.name in ("slot_recall", "random", "export"):
            found.append(Gesture(beat, beat, f"{name} {arguments[0]}"))
        elif change.control.name == "stop":
            found.append(Gesture(beat, beat, name))
    for name, movements in turns.items():
        for points in movements:
            (start, low), (end, high) = points[0], points[-1]
            if len(points) > 1:
                found.append(Gesture(start, end, f"{name} {low:.1f} to {high:.1f}"))
    return sorted(found, key=lambda gesture: gesture.start)


@dataclass(frozen=True)
class Size:
    """Pixels."""

    bar_width: int
    strip_height: int
    """A divisor of the image's rows."""
    text: int


LARGE = Size(bar_width=200, strip_height=128, text=13)
SMALL = Size(bar_width=140, strip_height=64, text=13)


def draw(samples: FloatArray, spec: MelSpectrogramSpec, bars: int, hand: Sequence[Gesture], size: Size = LARGE) -> Any:
    """The picture (a Pillow image) of samples (n,) that last `bars` bars; `hand` in order of time."""
    lines = -(-bars // BARS_A_LINE)
    width, lane_height = BARS_A_LINE * size.bar_width, size.text + 4
    hand_height = LANES * lane_height + 2 * size.text
    picture = PillowImage.new("RGB", (2 * MARGIN + width, MARGIN + lines * (hand_height + size.strip_height)), NIGHT)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size.text)
    strip = _coloured(samples, spec, bars, size)
    for line in range(lines):
        top = line * (hand_height + size.strip_height) + hand_height
        picture.paste(PillowImage.fromarray(strip[:, line * width : (line + 1) * width]), (MARGIN, top))
        for place in range(BARS_A_LINE):
            x = MARGIN + place * size.bar_width
            pen.line((x, top - 10, x, top + size.strip_height), GRID)
            pen.text((x + 5, top - 3), str(line * BARS_A_LINE + place + 1), FAINT, font, anchor="ls")
        _draw_hand(pen, font, hand, line, top - 10, size)
    return picture


def _draw_hand(pen: Any, font: Any, hand: Sequence[Gesture], line: int, bottom: int, size: Size) -> None:
    """The gestures of one line of bars, each in the lowest lane that is free."""
    first, last = (4 * BARS_A_LINE * edge for edge in (line, line + 1))
    taken = [0.0] * LANES
    for gesture in hand:
        if not first <= gesture.start < last:
            continue
        start, end = (MARGIN + (beat - first) * size.bar_width / 4 for beat in (gesture.start, min(gesture.end, last)))
        lane = next((lane for lane in range(LANES) if taken[lane] <= start), LANES - 1)
        y = bottom - size.text // 2 - lane * (size.text + 4)
        pen.text((start + 2, y - 2), gesture.text, TEXT, font, anchor="ls")
        pen.line((start, y, max(end, start + 4), y), TEXT)
        taken[lane] = max(end, start + pen.textlength(gesture.text, font)) + size.text


def _coloured(samples: FloatArray, spec: MelSpectrogramSpec, bars: int, size: Size) -> NDArray[np.uint8]:
    """The spectrogram in colours, low frequencies at the bottom: (strip_height, bars * bar_width, 3)."""
    # Images are rings; a bar of silence keeps the beginning from being seen in the end.
    padded = np.pad(samples, (0, len(samples) // bars))
    columns = bars * size.bar_width
    power = mel_power(padded, spec, columns + size.bar_width)[::-1, :columns]
    level = 10.0 * np.log10(np.maximum(power.reshape(size.strip_height, -1, columns).mean(axis=1), 1e-12))
    brightness = np.clip(1.0 + (level - level.max()) / SHOWN_RANGE_DB, 0.0, 1.0)
    at = np.linspace(0.0, 1.0, len(FLAME))
    return np.stack([np.interp(brightness, at, channel) for channel in zip(*FLAME, strict=True)], axis=-1).astype(np.uint8)


def main() -> None:
    """Draw demo/performance.wav into docs/performance.png, small enough for a README."""
    import soundfile

    samples, _ = soundfile.read(HERE / "performance.wav", dtype="float32")
    changes = [change for change in read_take(HERE / "performance.osc", LAYOUT) if change.frame > 0]
    picture = draw(samples, PRESETS["hifi"], BARS, gestures(changes, BEATS_PER_MINUTE, LAYOUT), SMALL)
    picture.quantize(128).save(HERE.parent / "docs" / "performance.png", optimize=True)


if __name__ == "__main__":
    main()
