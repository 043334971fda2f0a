"""What the guide's pictures are drawn with: one palette, one typeface, text that says when it does not fit."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

PAPER, INK, LINE, FAINT = "#fffdf8", "#24212f", "#3d3a52", "#8a859e"
WARM, COOL, BODY = "#fbe3c4", "#f1eef8", "#e9e6f0"

FINGERPRINT = "drawn from"
"""Under this name a picture carries the hash of what it was drawn from."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""


def blank(width: int, height: int, colour: str = PAPER) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty picture, and a pen for it."""
    picture = Image.new("RGB", (width, height), colour)
    return picture, ImageDraw.Draw(picture)


def font(pixels: float) -> ImageFont.FreeTypeFont:
    """Pillow's own typeface, the same on every machine."""
    typeface = ImageFont.load_default(pixels)
    assert isinstance(typeface, ImageFont.FreeTypeFont)
    return typeface


def inside(pen: ImageDraw.ImageDraw, box: Box, text: str, pixels: float, colour: str = INK) -> None:
    """Write a text into the middle of a box, a line for each line of it. Raises ValueError where it does not fit."""
    left, top, right, bottom = box
    typeface = font(pixels)
    found = pen.multiline_textbbox(((left + right) / 2, (top + bottom) / 2), text, typeface, "mm", 2, "center")
    if found[0] < left or found[2] > right or found[1] < top or found[3] > bottom:
        raise ValueError(f"{text!r} does not fit into {box}: {found}")
    pen.multiline_text(((left + right) / 2, (top + bottom) / 2), text, colour, typeface, "mm", 2, "center")


def fingerprint(*sources: bytes) -> str:
    """A hash of everything that a picture is drawn from."""
    return hashlib.sha256(b"".join(hashlib.sha256(source).digest() for source in sources)).hexdigest()


def save(picture: Image.Image, path: Path, made_from: str, colours: int) -> None:
    """Write a PNG of few colours that knows the fingerprint of what it was drawn from."""
    about = PngImagePlugin.PngInfo()
    about.add_text(FINGERPRINT, made_from)
    picture.quantize(colours, dither=Image.Dither.NONE).save(path, format="PNG", optimize=True, pnginfo=about)


def drawn_from(path: Path) -> str:
    """The fingerprint that a picture carries."""
    with Image.open(path) as picture:
        return str(picture.info.get(FINGERPRINT, ""))
