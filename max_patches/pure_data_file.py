"""Pure Data's file format: a canvas of numbered objects and the cords between them, and its sliders, pads and numbers.

After the file format that Pure Data documents (msp.ucsd.edu, "Pd file format") and what Pure Data 0.53 writes itself.
"""

from __future__ import annotations

from itertools import pairwise

MARGIN, LANE_WIDTH, LINE = 20, 300, 26
COLORS = "#fcfcfc #000000 #000000"
BLANK = "empty"
"""The name that stands for no name."""


class Canvas:
    """A patch or subpatch; objects are known by their number."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._lines: list[str] = []
        self._cords: list[str] = []
        self._count = 0
        self._x, self._y = MARGIN, MARGIN

    def add(self, x: int, y: int, text: str, kind: str = "obj") -> int:
        """An object at a place; returns its number."""
        self._lines.append(f"#X {kind} {x} {y} {_escaped(text)}")
        self._count += 1
        return self._count - 1

    def next(self, text: str, kind: str = "obj") -> int:
        """An object under the last one of the column; returns its number."""
        self._y += LINE
        return self.add(self._x, self._y - LINE, text, kind)

    def lane(self) -> None:
        """Go on at the top of a new column."""
        self._x, self._y = self._x + LANE_WIDTH, MARGIN

    def keep_together(self, objects: int) -> None:
        """Begin a new column where the rest of this one holds fewer objects."""
        if self._y + objects * LINE > self._size[1]:
            self.lane()

    def cord(self, source: int, destination: int, outlet: int = 0, inlet: int = 0) -> None:
        """Connect two objects."""
        self._cords.append(f"#X connect {source} {outlet} {destination} {inlet}")

    def chain(self, *objects: int) -> int:
        """Connect objects one after the other by their first ports; returns the last."""
        for source, destination in pairwise(objects):
            self.cord(source, destination)
        return objects[-1]

    def array(self, name: str, size: int, x: int, y: int, width: int, height: int) -> None:
        """A graph of an array whose values go from 0 to 1."""
        self._lines += [
            "#N canvas 0 0 450 300 (subpatch) 0", f"#X array {name} {size} float 2", "#A 0 " + " ".join(["0"] * size),
            f"#X coords 0 1 {size} 0 {width} {height} 1 0 0", f"#X restore {x} {y} graph",
        ]  # fmt: skip
        self._count += 1

    def subpatch(self, name: str, canvas: Canvas, x: int, y: int) -> None:
        """A patch of its own in a box."""
        width, height = canvas._size
        self._lines += [
            f"#N canvas 80 80 {width} {height} {name} 0",
            *canvas._lines,
            *canvas._cords,
            f"#X restore {x} {y} pd {name}",
        ]
        self._count += 1

    def text(self) -> str:
        """The file's content."""
        width, height = self._size
        return ";\n".join([f"#N canvas 40 40 {width} {height} 12", *self._lines, *self._cords]) + ";\n"


def _escaped(text: str) -> str:
    """In a file, comma and semicolon end a message and a dollar begins an argument of the patch, but not after a backslash."""
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("$", "\\$")


def _label(text: str) -> str:
    return text.replace(" ", "_") or BLANK


def slider(minimum: float, maximum: float, send: str, receive: str, label: str, width: int = 128) -> str:
    """A horizontal slider with its label at the right."""
    return f"hsl {width} 18 {minimum:g} {maximum:g} 0 0 {send} {receive} {_label(label)} {width + 6} 9 0 12 {COLORS} 0 1"


def number(minimum: float, maximum: float, send: str, receive: str, label: str, digits: int = 10) -> str:
    """A number box with its label at the right."""
    place = f"{9 * digits + 4} 9 0 12"
    return f"nbx {digits} 18 {minimum:.10g} {maximum:.10g} 0 0 {send} {receive} {_label(label)} {place} {COLORS} 0 256"


def radio(count: int, send: str, receive: str, label: str) -> str:
    """A row of pads, of which the touched one sends its number from 0 on, with its label above."""
    return f"hradio {min(18, 400 // count)} 1 0 {count} {send} {receive} {_label(label)} 0 -8 0 10 {COLORS} 0"


def button(send: str, label: str) -> str:
    """A button with its label at the right."""
    return f"bng 18 250 50 0 {send} {BLANK} {_label(label)} 24 9 0 12 {COLORS}"
