"""One lane of a Max patch for one row of the table: what it looks like follows from the row's type and count, not from its name.

A value that stays is a dial or a menu and shows what VAmEn says back, by `set`, which sends nothing: so no value goes in circles.
What happens once (a seed, a nudge) is a number and a button, since a number box that is dragged sends everything on its way.
"""

from __future__ import annotations

from typing import Any

from py2max.core.box import Box

from bridge.told import STATE
from max_patches.sheet import TEXT_HEIGHT, Place, Sheet
from max_patches.table import SLOTS_SHOWN, Row

TO_BRIDGE, FROM_BRIDGE = "vamen.to", "vamen.from"
"""What a patch of anybody's may send to and receive by name while vamen.maxpat is open."""

AMBER, INK, SLATE, PAPER = (0.96, 0.65, 0.14, 1.0), (0.09, 0.10, 0.12, 1.0), (0.20, 0.22, 0.26, 1.0), (0.90, 0.91, 0.93, 1.0)
PAD: dict[str, Any] = {"bgcolor": list(SLATE), "textcolor": list(PAPER), "rounded": 4.0, "fontsize": 11.0, "parameter_enable": 0}
FIELD: dict[str, Any] = {"bgcolor": list(SLATE), "textcolor": list(PAPER), "fontsize": 11.0, "parameter_enable": 0}
BUTTON_WIDTH, BUTTON_HEIGHT, NUMBER_WIDTH = 80, 22, 70
CAPTION: dict[str, Any] = {"textcolor": list(PAPER), "fontsize": 11.0}

FLOAT, INT, ENUM = 0, 1, 2
"""parameter_type as Max saves it."""
SHOWN_AS_INT, SHOWN_AS_FLOAT, SHOWN_BY_TEXT = 0, 1, 9
"""parameter_unitstyle as Max saves it."""
HIDDEN = 2
"""parameter_invisible of what Live neither automates nor stores."""


def dial(sheet: Sheet, row: Row, shown: Place, source: str | None, target: str, *, in_live: bool = False) -> Box:
    """A live.dial over the row's range; with `source` it shows the state that comes back."""
    sheet.lane()
    before = _state(sheet, row, source, "prepend set")
    knob = sheet.parameter("live.dial", row.label, shown, **dial_settings(row, in_live=in_live))
    if before is not None:
        sheet.cord(before, knob)
    return sheet.chain(knob, sheet.object(f"prepend {row.address}"), sheet.object(f"s {target}"))


def dial_settings(row: Row, *, in_live: bool) -> dict[str, Any]:
    """A parameter's range, start and unit as Max saves them.

    In Live it is automatable and begins with the row's default. Elsewhere it has no start, since Max would send that whenever the
    patch is opened, and the break that sounds would change.
    """
    wide = row.maximum - row.minimum > 2
    return {
        "parameter_mmin": float(row.minimum), "parameter_mmax": float(row.maximum), "parameter_type": FLOAT,
        "parameter_unitstyle": SHOWN_BY_TEXT if wide else SHOWN_AS_FLOAT, **({"parameter_units": "%.1f"} if wide else {}),
        **(starting(row.default) | {"parameter_modmode": 3} if in_live else {"parameter_invisible": HIDDEN}),
    }  # fmt: skip


def starting(value: float) -> dict[str, Any]:
    """What a parameter is until somebody moves it."""
    return {"parameter_initial": [value], "parameter_initial_enable": 1}


def menu(sheet: Sheet, row: Row, shown: Place, source: str | None, target: str) -> Box:
    """A umenu of the row's words."""
    sheet.lane()
    before = _state(sheet, row, source, "prepend setsymbol")
    words = sheet.interface("umenu", max(shown[2], 90), TEXT_HEIGHT, shown, items=menu_items(row.spec.choices), **FIELD)
    if before is not None:
        sheet.cord(before, words)
    prefix, end = sheet.object(f"prepend {row.address}"), sheet.object(f"s {target}")
    sheet.cord(words, prefix, outlet=1)
    return sheet.chain(prefix, end)


def menu_items(words: tuple[str, ...]) -> list[str]:
    """The items as Max saves them: with a comma between two."""
    return [part for word in words for part in (word, ",")][:-1]


def button(sheet: Sheet, row: Row, shown: Place, target: str) -> Box:
    """A button that sends the bare address."""
    sheet.lane()
    return sheet.chain(_pad(sheet, row.label, shown), sheet.message(row.address), sheet.object(f"s {target}"))


def number(sheet: Sheet, row: Row, shown: Place, source: str | None, target: str) -> Box:
    """A number box that sends while it is dragged: for a slot at an end of the morph, where every one on the way will do."""
    sheet.lane()
    before = _state(sheet, row, source, "prepend set")
    box = sheet.interface("number", NUMBER_WIDTH, TEXT_HEIGHT, shown, **_range(row), **FIELD)
    if before is not None:
        sheet.cord(before, box)
    return sheet.chain(box, sheet.object(f"prepend {row.address}"), sheet.object(f"s {target}"))


def event(sheet: Sheet, row: Row, shown: Place, target: str) -> Box:
    """A number and a button that sends it; where the row can do without a number, a second button."""
    x, y, width, height = shown
    sheet.lane()
    kind, store = ("flonum", "f") if row.spec.type == "float" else ("number", "i")
    value = sheet.interface(kind, NUMBER_WIDTH, TEXT_HEIGHT, (x, y + height + 4, width, height), **_range(row), **FIELD)
    held = sheet.object(f"{store} {row.default if store == 'f' else int(row.default)}")
    prefix, end = sheet.object(f"prepend {row.address}"), sheet.object(f"s {target}")
    sheet.cord(value, held, inlet=1)
    sheet.chain(held, prefix, end)
    bare = row.spec.count == "optional"
    place = (x, y + 2 * (height + 4), width, height) if bare else shown
    sheet.lane()
    sheet.cord(_pad(sheet, "this one" if bare else row.label, place), held)
    return button(sheet, row, shown, target) if bare else end


def text(sheet: Sheet, row: Row, shown: Place, target: str) -> Box:
    """A field for a word, sent with return; where the row can do without one, a button."""
    x, y, width, height = shown
    below = (x, y + height + 4, width, height)
    sheet.lane()
    field = sheet.interface("textedit", 120, TEXT_HEIGHT, below, keymode=1, lines=1, outputmode=1, **FIELD)
    end = sheet.chain(
        field, sheet.object("route text"), sheet.object("tosymbol"), sheet.object(f"prepend {row.address}"),
        sheet.object(f"s {target}"),
    )  # fmt: skip
    return button(sheet, row, shown, target) if row.spec.count == "optional" else end


def pads(sheet: Sheet, row: Row, shown: Place, target: str) -> Box:
    """A row of pads, one for each number."""
    lowest = int(row.minimum)
    highest = SLOTS_SHOWN if row.spec.maximum == "slots" else int(row.maximum)
    sheet.lane()
    numbers = [str(number) for number in range(lowest, highest + 1)]
    colors: dict[str, Any] = {
        "tabcolor": list(SLATE),
        "textcolor": list(PAPER),
        "clicktabcolor": list(AMBER),
        "htabcolor": list(SLATE),
    }
    pad = sheet.interface(
        "tab", 600, TEXT_HEIGHT, shown, tabs=numbers, button=1, spacing_x=3.0, fontsize=10.0, parameter_enable=0, **colors
    )
    index = sheet.chain(pad, sheet.object(f"+ {lowest}"))
    return sheet.chain(index, sheet.object(f"prepend {row.address}"), sheet.object(f"s {target}"))


def control(sheet: Sheet, row: Row, shown: Place, source: str | None, target: str) -> Box:
    """The lane that suits the row's type; rows of the latent have lanes of their own (latent.py)."""
    spec = row.spec
    if row.is_knob:
        return dial(sheet, row, shown, source, target)
    if spec.choices:
        return menu(sheet, row, shown, source, target)
    if spec.type == "button":
        return button(sheet, row, shown, target)
    if spec.type == "text":
        return text(sheet, row, shown, target)
    if spec.maximum == "slots" and spec.count == "one":
        return number(sheet, row, shown, source, target)
    return event(sheet, row, shown, target)


def _state(sheet: Sheet, row: Row, source: str | None, last: str) -> Box | None:
    if source is None:
        return None
    return sheet.chain(sheet.object(f"r {source}"), sheet.object(f"route {STATE}/{row.name}"), sheet.object(last))


def _pad(sheet: Sheet, label: str, shown: Place) -> Box:
    return sheet.interface("textbutton", BUTTON_WIDTH, BUTTON_HEIGHT, shown, text=label, mode=0, **PAD)


def _range(row: Row) -> dict[str, Any]:
    if row.spec.type == "float":
        return {"minimum": float(row.minimum), "maximum": float(row.maximum), "format": 6}
    return {"minimum": int(row.minimum), "maximum": int(row.maximum)}
