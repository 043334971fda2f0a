"""A controller with its shipped map, drawn: every knob, fader and button where it is, and on it what it moves."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image, ImageDraw

from docs.guide.drawing import BODY, FAINT, INK, LINE, PAPER, WARM, blank, font, inside

Key = tuple[str, int]
"""A row's kind and number: ("cc", 16), ("note", 36)."""

Kind = Literal["knob", "fader", "button"]

PLAIN = {"slot/recall": "slot", "slot/store": "store", "quantise": "quantise", "random": "new\nbreak", "morph/mode": "morph:"}
"""What stands on a button for an address."""


@dataclass(frozen=True)
class Spot:
    """A knob, fader or button at a place (its middle, in pixels); `name` is what is printed on the hardware."""

    kind: Kind
    key: Key
    x: float
    y: float
    name: str = ""


@dataclass(frozen=True)
class Panel:
    """A controller's face."""

    title: str
    width: int
    height: int
    spots: Sequence[Spot]


def row(kind: Kind, keys: Sequence[Key], x: float, y: float, pitch: float, name: str = "") -> list[Spot]:
    """Spots side by side."""
    return [Spot(kind, key, x + pitch * place, y, name) for place, key in enumerate(keys)]


def ccs(*numbers: int) -> list[Key]:
    return [("cc", number) for number in numbers]


def notes(*numbers: int) -> list[Key]:
    return [("note", number) for number in numbers]


NANOKONTROL2 = Panel(
    "Korg nanoKONTROL2, CC mode: --map nanokontrol2", 1400, 500,
    [
        *row("button", [("cc", 46)], 70, 150, 0, "CYCLE"), *row("button", [("cc", 42)], 70, 330, 0, "STOP"),
        *row("button", [("cc", 41)], 150, 330, 0, "PLAY"), *row("button", [("cc", 45)], 230, 330, 0, "REC"),
        *row("knob", ccs(*range(16, 24)), 370, 120, 136),
        *row("button", ccs(*range(32, 40)), 336, 230, 136, "S"), *row("button", ccs(*range(48, 56)), 336, 312, 136, "M"),
        *row("button", ccs(*range(64, 72)), 336, 394, 136, "R"), *row("fader", ccs(*range(8)), 408, 318, 136),
    ],
)  # fmt: skip

LAUNCH_CONTROL_XL = Panel(
    "Novation Launch Control XL, factory template 1: --map launchcontrolxl", 1400, 876,
    [
        *row("knob", ccs(*range(13, 21)), 130, 120, 163), *row("knob", ccs(*range(29, 37)), 130, 250, 163),
        *row("knob", ccs(*range(49, 57)), 130, 380, 163), *row("fader", ccs(*range(77, 85)), 130, 580, 163),
        *row("button", notes(41, 42, 43, 44, 57, 58, 59, 60), 130, 756, 163),
        *row("button", notes(73, 74, 75, 76, 89, 90, 91, 92), 130, 826, 163),
    ],
)  # fmt: skip

PANELS: Mapping[str, Panel] = {"nanokontrol2": NANOKONTROL2, "launchcontrolxl": LAUNCH_CONTROL_XL}
"""By the name of the shipped map."""

KNOB, FADER, FADER_WIDTH, BUTTON, BUTTON_HEIGHT = 34, 106, 20, 34, 27
"""Half the size of each, in pixels."""


def meanings(toml: str) -> dict[Key, dict[str, Any]]:
    """Each single knob and key of a control map with its row; of a row of keys each has its own value."""
    found: dict[Key, dict[str, Any]] = {}
    for table in tomllib.loads(toml)["control"]:
        if "notes" in table:
            (first, last), (low, high) = table["notes"], table["range"]
            for number in range(first, last + 1):
                value = low + (number - first) * (high - low) // (last - first)
                found["note", number] = {"target": table["target"], "value": value}
        else:
            kind = "cc" if "cc" in table else "note"
            found[kind, table[kind]] = table
    return found


def label(table: Mapping[str, Any], axis_names: Sequence[str]) -> str:
    """What a row moves, in a word or two; empty where it is an axis that the model lacks."""
    name = table["target"].removeprefix("/vamen/")
    if name.startswith("axis/"):
        number = int(name.removeprefix("axis/"))
        return axis_names[number - 1] if number <= len(axis_names) else ""
    if "value" not in table:
        return {"slot/recall": "slot"}.get(name, PLAIN.get(name, name.replace("/", " ")))
    return f"{PLAIN.get(name, name)}\n{table['value']}"


def draw(panel: Panel, toml: str, axis_names: Sequence[str]) -> Image.Image:
    """The picture. Raises ValueError where a row of the map has no place on the panel."""
    rows = meanings(toml)
    if homeless := set(rows) - {spot.key for spot in panel.spots}:
        raise ValueError(f"{panel.title} has no place for {sorted(homeless)}")
    picture, pen = blank(panel.width, panel.height)
    pen.rounded_rectangle((8, 8, panel.width - 9, panel.height - 9), 18, BODY, LINE, 2)
    pen.text((30, 24), panel.title, INK, font(24))
    for spot in panel.spots:
        table = rows.get(spot.key)
        _draw_spot(pen, spot, "" if table is None else label(table, axis_names))
    return picture


def _draw_spot(pen: ImageDraw.ImageDraw, spot: Spot, text: str) -> None:
    x, y, colour = spot.x, spot.y, WARM if text else PAPER
    if spot.kind == "button":
        box = (x - BUTTON - 4, y - BUTTON_HEIGHT, x + BUTTON + 4, y + BUTTON_HEIGHT)
        pen.rounded_rectangle(box, 6, colour, LINE, 2)
        inside(pen, box, text, 16)
        pen.text((x, box[1] - 2), spot.name, FAINT, font(14), "mb")
        return
    if spot.kind == "knob":
        pen.ellipse((x - KNOB, y - KNOB, x + KNOB, y + KNOB), colour, LINE, 2)
        angle = math.radians(-60)
        pen.line((x, y, x + KNOB * math.cos(angle), y + KNOB * math.sin(angle)), LINE, 4)
        below = y + KNOB
    else:
        pen.rounded_rectangle((x - 4, y - FADER, x + 4, y + FADER), 4, PAPER, LINE, 2)
        pen.rounded_rectangle((x - FADER_WIDTH, y - 28, x + FADER_WIDTH, y + 4), 5, colour, LINE, 2)
        below = y + FADER
    inside(pen, (x - 66, below + 2, x + 66, below + 32), text or "-", 19, INK if text else FAINT)
