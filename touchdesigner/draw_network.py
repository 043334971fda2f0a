"""Draws network.png for the README, by running the script on operators of paper: `python touchdesigner/draw_network.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parent
KINDS = (
    "baseCOMP", "tableDAT", "constantCHOP", "oscoutCHOP", "oscoutDAT", "executeDAT", "oscinCHOP", "selectCHOP", "renameCHOP",
    "shuffleCHOP", "textDAT", "oscinDAT", "constantMAT", "geometryCOMP", "boxSOP", "cameraCOMP", "renderTOP",
)  # fmt: skip
COLORS = {"CHOP": (86, 158, 88), "DAT": (148, 112, 190), "COMP": (120, 120, 126), "TOP": (104, 104, 200), "MAT": (186, 178, 88),
          "SOP": (80, 140, 190)}  # fmt: skip
"""A colour for each family, much as TouchDesigner has them."""

WIDTH, HEIGHT, MARGIN = 132, 62, 46
REFERENCES = ("material", "instanceop", "instancesop", "camera", "geometry", "callbacks")
"""Parameters that point to another operator: dashed lines."""


class Paper:
    """Takes what the script says to an operator, and remembers it."""

    def __init__(self, kind: str, name: str, path: str) -> None:
        self.kind, self.name, self.path = kind, name, path
        self.children: list[Paper] = []
        self.par = Any
        self.par = type("Parameters", (), {"__getattr__": lambda _, name: ""})()
        self.inputConnectors = [self]
        self.sources: list[Paper] = []
        self.nodeX = self.nodeY = 0

    def create(self, kind: str, name: str) -> Paper:
        self.children.append(Paper(kind, name, f"{self.path}/{name}"))
        return self.children[-1]

    def op(self, name: str) -> Paper | None:
        return next((child for child in self.children if child.name == name), None)

    def connect(self, source: Paper) -> None:
        self.sources.append(source)

    def destroy(self) -> None:
        """Paper burns elsewhere."""

    def clear(self) -> None:
        """It is blank."""

    def appendRow(self, cells: list[object]) -> None:  # noqa: N802
        """Rows are too small to draw."""


def network_of_paper() -> Paper:
    """What the script makes of paper."""
    project = Paper("baseCOMP", "project1", "/project1")
    names: dict[str, Any] = {kind: kind for kind in KINDS}
    names |= {"op": lambda path: project if path == "/project1" else None, "print": lambda *_: None}
    exec((FOLDER / "vamen_touchdesigner.py").read_text(encoding="utf-8"), names)
    return project.children[0]


def draw(network: Paper) -> Image.Image:
    """The operators of a component, its wires as lines and its references as dashes."""
    nodes = network.children
    size = (max(node.nodeX for node in nodes) + WIDTH + 2 * MARGIN, max(-node.nodeY for node in nodes) + HEIGHT + 2 * MARGIN)
    image = Image.new("RGB", size, (38, 38, 40))
    pen = ImageDraw.Draw(image)
    font, small = ImageFont.load_default(14), ImageFont.load_default(11)
    for node in nodes:
        for source in node.sources:
            pen.line([_right(source), _left(node)], fill=(200, 200, 200), width=2)
        for reference in (value for name, value in vars(node.par).items() if name in REFERENCES):
            other = next((other for other in nodes if reference in (other.path, other.name)), None)
            if other is not None:
                _dashes(pen, _middle(other), _middle(node))
    for node in nodes:
        x, y = MARGIN + node.nodeX, MARGIN - node.nodeY
        family = next(family for family in COLORS if node.kind.endswith(family))
        pen.rounded_rectangle([x, y, x + WIDTH, y + HEIGHT], 6, fill=COLORS[family], outline=(20, 20, 20))
        pen.text((x + 10, y + 12), node.name, fill=(255, 255, 255), font=font)
        pen.text((x + 10, y + 36), f"{node.kind.removesuffix(family)} {family}", fill=(235, 235, 235), font=small)
    pen.text((MARGIN, 14), f"{network.path}   (a drawing)", fill=(220, 220, 220), font=font)
    return image


def _left(node: Paper) -> tuple[int, int]:
    return MARGIN + node.nodeX, MARGIN - node.nodeY + HEIGHT // 2


def _right(node: Paper) -> tuple[int, int]:
    return MARGIN + node.nodeX + WIDTH, MARGIN - node.nodeY + HEIGHT // 2


def _middle(node: Paper) -> tuple[int, int]:
    return MARGIN + node.nodeX + WIDTH // 2, MARGIN - node.nodeY + HEIGHT // 2


def _dashes(pen: ImageDraw.ImageDraw, start: tuple[int, int], end: tuple[int, int], count: int = 24) -> None:
    points = [
        (start[0] + (end[0] - start[0]) * at / count, start[1] + (end[1] - start[1]) * at / count) for at in range(count + 1)
    ]
    for first, second in zip(points[::2], points[1::2], strict=False):
        pen.line([first, second], fill=(150, 150, 150), width=1)


if __name__ == "__main__":
    draw(network_of_paper()).save(FOLDER / "network.png", optimize=True)
