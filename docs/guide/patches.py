"""Max patches and Max for Live devices, as their files say that they look: drawings, no photographs of Max."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image, ImageDraw

from docs.guide.drawing import Box, blank, font

SCALE = 1.5
"""Pixels of the picture for one of Max's."""

AMXD_HEADER_BYTES = 32
"""Before the patcher's JSON in an unfrozen .amxd, which ends with a newline and a zero."""

INK, SLATE, PAPER, AMBER, EDGE = "#17191f", "#333842", "#e6e8ed", "#f5a624", "#5b6270"
MARGIN = 6
"""Round a strip, which has no panel of its own."""

Fields = Mapping[str, Any]


def presentation(content: bytes) -> Fields:
    """The patcher of a .maxpat or .amxd file."""
    text = content[AMXD_HEADER_BYTES:].rstrip(b"\0") if content.startswith(b"ampf") else content
    patcher: Fields = json.loads(text)["patcher"]
    return patcher


def draw(content: bytes) -> Image.Image:
    """The presentation view of a patch. Raises ValueError where it shows an object that there is no drawing for."""
    boxes = [entry["box"] for entry in presentation(content)["boxes"] if entry["box"].get("presentation")]
    edges = [_corners(box) for box in boxes]
    margin = 0 if any(box["maxclass"] == "panel" for box in boxes) else MARGIN
    width, height = (math.ceil(max(edge[side] for edge in edges)) + margin for side in (2, 3))
    picture, pen = blank(width, height, INK)
    for box, corners in zip(boxes, edges, strict=True):
        shape = SHAPES.get(box["maxclass"])
        if shape is None:
            raise ValueError(f"there is no drawing for Max's {box['maxclass']}")
        shape(pen, corners, box)
    return picture


def _corners(box: Fields) -> Box:
    x, y, width, height = box["presentation_rect"]
    return SCALE * x, SCALE * y, SCALE * (x + width), SCALE * (y + height)


def _name(box: Fields) -> str:
    values = box.get("saved_attribute_attributes", {}).get("valueof", {})
    return str(values.get("parameter_shortname") or values.get("parameter_longname") or "")


def _panel(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    pen.rectangle(at, tuple(round(255 * part) for part in box["bgcolor"][:3]))


def _comment(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    large = box.get("fontsize", 12.0) > 20
    pen.text((at[0] + 3, (at[1] + at[3]) / 2), box["text"], AMBER if large else PAPER, font(SCALE * (28 if large else 11)), "lm")


def _dial(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    left, top, right, bottom = at
    middle, radius = (left + right) / 2, min(right - left, bottom - top) * 0.28
    y = (top + bottom) / 2 + radius * 0.35
    pen.text((middle, top), _name(box), PAPER, font(SCALE * 10), "ma")
    ring = (middle - radius, y - radius, middle + radius, y + radius)
    pen.arc(ring, 135, 405, EDGE, 5)
    pen.arc(ring, 135, 270, AMBER, 5)
    pen.line((middle, y, middle, y - radius), PAPER, 3)


def _field(pen: ImageDraw.ImageDraw, at: Box, text: str, mark: bool = True) -> None:
    left, top, right, bottom = at
    pen.rounded_rectangle(at, 4, SLATE, EDGE)
    middle = (top + bottom) / 2
    if mark:
        pen.polygon([(left + 5, middle - 5), (left + 5, middle + 5), (left + 11, middle)], AMBER)
    typeface = font(min(SCALE * 10, (bottom - top) * 0.7))
    while text and pen.textlength(text, typeface) > right - left - 16:
        text = text[:-1]
    pen.text((left + (15 if mark else 6), middle), text, PAPER, typeface, "lm")


def _number(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    _field(pen, at, "")


def _menu(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    values = box.get("saved_attribute_attributes", {}).get("valueof", {})
    words = values.get("parameter_enum") or [item for item in box.get("items", [""]) if item != ","]
    _field(pen, at, words[0])


def _text_field(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    _field(pen, at, "", mark=False)


def _button(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    pen.rounded_rectangle(at, 6, SLATE, EDGE)
    pen.text(((at[0] + at[2]) / 2, (at[1] + at[3]) / 2), box.get("text", ""), PAPER, font(SCALE * 11), "mm")


def _round_button(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    pen.ellipse(at, SLATE, AMBER, 2)


def _toggle(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    pen.rectangle(at, AMBER, EDGE)


def _pads(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    words = box["tabs"]
    left, top, right, bottom = at
    step = (right - left) / len(words)
    for place, word in enumerate(words):
        pad = (left + place * step + 2, top, left + (place + 1) * step - 2, bottom)
        pen.rounded_rectangle(pad, 4, SLATE, EDGE)
        pen.text(((pad[0] + pad[2]) / 2, (top + bottom) / 2), word, PAPER, font(SCALE * 9), "mm")


def _slider(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    pen.rectangle(at, SLATE)
    place = at[0] + 0.3 * (at[2] - at[0])
    pen.rectangle((place, at[1], place + 6, at[3]), AMBER)


def _pad(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    left, top, right, bottom = at
    pen.rectangle(at, SLATE, EDGE)
    x, y = left + 0.6 * (right - left), top + 0.35 * (bottom - top)
    pen.line((x, top, x, bottom), EDGE)
    pen.line((left, y, right, y), EDGE)
    pen.ellipse((x - 8, y - 8, x + 8, y + 8), AMBER)


def _bars(pen: ImageDraw.ImageDraw, at: Box, box: Fields) -> None:
    """As many bars as it has, of some heights: a kick and a hat, say."""
    left, top, right, bottom = at
    count = int(box.get("size", 64))
    pen.rectangle(at, SLATE)
    width = (right - left) / count
    for place in range(count):
        where = place / count
        level = 0.9 * math.exp(-(((where - 0.08) / 0.1) ** 2)) + 0.35 * math.exp(-(((where - 0.75) / 0.25) ** 2)) + 0.05
        x = left + place * width
        pen.rectangle((x, bottom - min(level, 1.0) * (bottom - top), x + width - 1, bottom), AMBER)


SHAPES: Mapping[str, Callable[[ImageDraw.ImageDraw, Box, Fields], None]] = {
    "panel": _panel, "comment": _comment, "live.dial": _dial, "number": _number, "flonum": _number, "live.numbox": _number,
    "umenu": _menu, "live.menu": _menu, "textedit": _text_field, "textbutton": _button, "live.button": _round_button,
    "live.toggle": _toggle, "tab": _pads, "slider": _slider, "pictslider": _pad, "multislider": _bars,
}  # fmt: skip
"""How each of Max's objects is drawn."""
