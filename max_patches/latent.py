"""The latent in a Max patch: one multislider for any step or all of them, and three numbers for a single one of its numbers."""

from __future__ import annotations

from py2max.core.box import Box

from bridge.parameters import ControlLayout
from max_patches.controls import AMBER, FIELD, INK, NUMBER_WIDTH, menu_items
from max_patches.sheet import TEXT_HEIGHT, Place, Sheet
from max_patches.table import Row


def vectors(
    sheet: Sheet, whole: Row, step: Row, layout: ControlLayout, menu_shown: Place, sliders_shown: Place, target: str
) -> None:
    """A menu of addresses, that of all steps and each step's, and a slider for each dimension that goes there."""
    sheet.lane()
    addresses = (whole.address, *(step.address.replace("<step>", str(number)) for number in range(1, layout.steps + 1)))
    choice = sheet.interface("umenu", 150, TEXT_HEIGHT, menu_shown, items=menu_items(addresses), **FIELD)
    choosing = sheet.object("prepend set")
    sheet.cord(choice, choosing, outlet=1)
    sheet.lane()
    sliders = sheet.interface(
        "multislider", 240, 60, sliders_shown, size=layout.latent_dimensions, setminmax=[whole.minimum, whole.maximum],
        setstyle=1, settype=1, contdata=1, slidercolor=list(AMBER), bgcolor=list(INK), parameter_enable=0,
    )  # fmt: skip
    prefix = sheet.object(f"prepend {whole.address}")
    sheet.cord(choosing, prefix)
    sheet.chain(sliders, prefix, sheet.object(f"s {target}"))


def single(sheet: Sheet, row: Row, layout: ControlLayout, shown: Place, target: str) -> None:
    """Step, dimension and value: the value is sent when it is moved."""
    x, y, width, height = shown
    format_text = row.address.replace("<step>", "%ld").replace("<dimension>", "%ld")
    sheet.lane()
    step = _whole(sheet, layout.steps, shown)
    address = sheet.object(f"sprintf set {format_text}")
    prefix = sheet.object(f"prepend {format_text.replace('%ld', '1')}")
    end = sheet.object(f"s {target}")
    sheet.chain(step, address, prefix, end)
    sheet.lane()
    dimension = _whole(sheet, layout.latent_dimensions, (x + width + 4, y, width, height))
    both = sheet.object("t b i")
    sheet.cord(dimension, both)
    sheet.cord(both, address, outlet=1, inlet=1)
    sheet.cord(both, address)
    sheet.lane()
    value = sheet.interface(
        "flonum", NUMBER_WIDTH, TEXT_HEIGHT, (x + 2 * (width + 4), y, width + 20, height), minimum=row.minimum,
        maximum=row.maximum, format=6, **FIELD,
    )  # fmt: skip
    sheet.cord(value, prefix)


def _whole(sheet: Sheet, highest: int, shown: Place) -> Box:
    return sheet.interface("number", NUMBER_WIDTH, TEXT_HEIGHT, shown, minimum=1, maximum=highest, **FIELD)
