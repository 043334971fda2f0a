"""`python -m training.ruler.axis_pictures MODEL.onnx DATA FOLDER`: the pictures that document a model's knobs.

For every axis the home slot with its knob at 0, 0.5 and 1, side by side, and one picture of what each knob moves.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from bridge.control import Control
from bridge.errors import VamenError
from bridge.latent_space import AXIS_MIDDLE, LatentSpace
from bridge.model import Model
from training.dataset import BreakDataset
from training.descriptors import DESCRIPTIONS
from training.pictures import save_rows
from training.ruler.axes import Values, measure

SHOWN_POSITIONS = (0.0, AXIS_MIDDLE, 1.0)
CELL, HEAD = 64, 80
"""Sides of the cross-talk picture's squares, and room for names, in pixels."""
FULL_COLOUR = 2.0
"""Movement in standard deviations that is painted in full colour, red upwards and blue downwards."""


def save_axis(path: Path, model: Model, number: int) -> None:
    """The home slot with one knob (from 0) at 0, 0.5 and 1, low frequencies at the bottom, every other row and column."""
    space = LatentSpace(model.metadata)
    images = []
    for position in SHOWN_POSITIONS:
        space.apply(Control("axis", (number + 1,), (position,)))
        images.append(model.decode_ring(space.latent())[::2, ::2])
    save_rows(path, [np.stack(images)])


def save_crosstalk(path: Path, names: list[str], crosstalk: Values) -> None:
    """Movements (axis, descriptor) in standard deviations as coloured squares with their numbers."""
    picture = Image.new("RGB", (HEAD + CELL * len(DESCRIPTIONS), CELL // 2 + CELL * len(names)), "white")
    draw = ImageDraw.Draw(picture)
    for column, descriptor in enumerate(DESCRIPTIONS):
        draw.text((HEAD + CELL * (column + 0.5), CELL // 4), descriptor, fill="black", anchor="mm")
    for row, (name, moves) in enumerate(zip(names, crosstalk, strict=True)):
        top = CELL // 2 + CELL * row
        draw.text((HEAD - 8, top + CELL // 2), name, fill="black", anchor="rm")
        for column, value in enumerate(moves):
            left = HEAD + CELL * column
            pale = round(255 * (1.0 - min(abs(float(value)) / FULL_COLOUR, 1.0)))
            colour = (255, pale, pale) if value > 0.0 else (pale, pale, 255)
            draw.rectangle((left, top, left + CELL - 2, top + CELL - 2), fill=colour)
            draw.text((left + CELL // 2, top + CELL // 2), f"{value:+.2f}", fill="black", anchor="mm")
    picture.save(path, format="PNG")


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.ruler.axis_pictures", description="Picture a model's knobs.")
    parser.add_argument("model", type=Path, metavar="MODEL.onnx")
    parser.add_argument("data", type=Path, metavar="DATA", help="a data set of the model's preset, made by training.breaks")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the pictures go; made if it is not there")
    options = parser.parse_args(arguments)
    try:
        model = Model.load(options.model)
        result = measure(model, BreakDataset(options.data))
    except VamenError as error:
        print(error, file=sys.stderr)
        return 2
    options.folder.mkdir(parents=True, exist_ok=True)
    names = [axis.name for axis in model.metadata.axes]
    for number, name in enumerate(names):
        save_axis(options.folder / f"{name}.png", model, number)
    save_crosstalk(options.folder / "crosstalk.png", names, result.crosstalk)
    return 0


if __name__ == "__main__":
    sys.exit(main())
