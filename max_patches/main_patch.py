"""vamen.maxpat: everything that VAmEn can be told, and what it says, on one panel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bridge.parameters import ControlLayout
from bridge.told import COLUMN, COLUMN_BANDS, ERROR, EXPORTED, LEARNT, POSITION, REPAINT
from max_patches import latent
from max_patches.controls import AMBER, CAPTION, FIELD, FROM_BRIDGE, INK, SLATE, TO_BRIDGE, control, menu_items, pads
from max_patches.sheet import TEXT_HEIGHT, Place, Sheet
from max_patches.table import BRIDGE_PORT, CONNECTION, FEEDBACK, HOST, MAX_PORT, Row

PANEL_WIDTH, PANEL_HEIGHT, MORE_HEIGHT = 940, 640, 100
BUFFERS = "vamen.breaks"
"""The polybuffer~ that finished files are appended to."""

NAMES = {address: "vamen." + address.rsplit("/", 1)[1] for address in FEEDBACK}
"""Under which name each kind of feedback can be received in any patch, while this one is open."""

SENTENCES: dict[str, Place] = {
    REPAINT: (478, 12, 150, 20), LEARNT: (640, 12, 280, 20), ERROR: (190, 38, 280, 20), EXPORTED: (478, 38, 442, 20),
}  # fmt: skip
"""Feedback that is shown as text, and where."""

PLACES: dict[str, Place] = {
    "morph/a": (20, 472, 50, 22), "morph/b": (76, 472, 50, 22), "morph": (136, 452, 54, 54), "morph/mode": (200, 472, 80, 22),
    "play": (310, 452, 58, 24), "stop": (372, 452, 58, 24), "tap": (434, 452, 58, 24), "nudge": (496, 452, 58, 24),
    "clock": (310, 500, 120, 22), "tempo": (566, 452, 54, 54), "gain": (626, 452, 54, 54),
    "quantise": (696, 472, 90, 22), "tempo/mode": (696, 518, 90, 22), "random": (820, 452, 100, 24),
    "export": (20, 556, 120, 24), "learn": (160, 556, 120, 24),
}  # fmt: skip
"""Where rows that have a place of their own stand on the panel; any other finds one below them."""

MORE = (20, PANEL_HEIGHT + 24, 96, 24)
"""Place of the first row that has none; the others follow to its right."""


def build(layout: ControlLayout, rows: Iterable[Row]) -> Sheet:
    """The patch for a model's address space."""
    waiting = {row.name: row for row in rows if row.spec.name not in CONNECTION}
    axes = [waiting.pop(name) for name in list(waiting) if name.startswith("axis/")]
    latents = {row.spec.count: row for row in [waiting.pop(name) for name in list(waiting) if name.split("/")[0] == "latent"]}
    rows_of_pads = [waiting.pop(row.name) for row in list(waiting.values()) if _is_row_of_pads(row)]
    homeless = [name for name in waiting if name not in PLACES]
    sheet = Sheet("VAmEn", opens_in_presentation=True)
    _frame(sheet, PANEL_HEIGHT + (MORE_HEIGHT if homeless else 0))
    sheet.section("to and from VAmEn")
    sheet.lane()
    sheet.chain(sheet.object(f"r {TO_BRIDGE}"), sheet.object(f"vamen.send {HOST} {BRIDGE_PORT}"))
    _what_comes_back(sheet)
    sheet.section("axes: the middle is the break as stored")
    for index, row in enumerate(axes):
        column, line = index % 5, index // 5
        control(sheet, row, (20 + 62 * column, 84 + 70 * line, 56, 62), FROM_BRIDGE, TO_BRIDGE)
    _two_axes(sheet, layout)
    sheet.section("steps and slots")
    # The row that the playhead belongs to comes first.
    for line, row in enumerate(sorted(rows_of_pads, key=lambda row: row.spec.maximum != "steps")):
        sheet.lane()
        sheet.caption(row.label, (20, 304 + 42 * line, 90, 20), **CAPTION)
        pads(sheet, row, (110, 302 + 42 * line, 810, 26), TO_BRIDGE)
    sheet.section("morph, transport, draws and files")
    x, y, width, height = MORE
    for name, row in waiting.items():
        shown = PLACES.get(name)
        if shown is None:
            shown, x = (x, y, width, height), x + width + 12
        if row.spec.choices or row.spec.maximum == "slots":
            sheet.lane()
            sheet.caption(row.label, (shown[0], shown[1] - 18, shown[2] + 20, 18), **CAPTION)
        control(sheet, row, shown, FROM_BRIDGE, TO_BRIDGE)
    sheet.section("the latent itself: every number of every step")
    whole, step, number = (latents[count] for count in ("matrix or vector", "vector", "one"))
    latent.vectors(sheet, whole, step, layout, (310, 556, 150, 22), (470, 556, 310, 70), TO_BRIDGE)
    latent.single(sheet, number, layout, (310, 602, 42, 22), TO_BRIDGE)
    return sheet


def _is_row_of_pads(row: Row) -> bool:
    spec = row.spec
    return spec.count == "one" and (spec.maximum == "steps" or (spec.maximum == "slots" and row.name.startswith("slot/")))


def _frame(sheet: Sheet, height: int) -> None:
    """The panels behind everything; they come first, since Max draws boxes in the order of the file."""
    sheet.section("VAmEn: an instrument that plays breakbeats nobody has recorded")
    sheet.lane()
    panel: dict[str, Any] = {"mode": 0, "rounded": 0, "background": 1, "ignoreclick": 1}
    sheet.interface("panel", 90, 40, (0, 0, PANEL_WIDTH, height), bgcolor=list(INK), **panel)
    sheet.lane()
    sheet.interface("panel", 90, 40, (0, 0, PANEL_WIDTH, 64), bgcolor=list(SLATE), **panel)
    sheet.lane()
    sheet.caption("VAmEn", (18, 12, 160, 40), fontsize=28.0, fontface=1, textcolor=list(AMBER))


def _what_comes_back(sheet: Sheet) -> None:
    """What vamen.receive hands out is sent on by name; then the displays."""
    sheet.lane()
    receive = sheet.object(f"vamen.receive {MAX_PORT} {HOST} {BRIDGE_PORT}")
    sheet.row()
    for outlet, name in enumerate([*NAMES.values(), FROM_BRIDGE]):
        sheet.lane()
        sheet.cord(receive, sheet.object(f"s {name}"), outlet=outlet)
    sheet.section("what comes back")
    display: dict[str, Any] = {**FIELD, "ignoreclick": 1}
    sheet.lane()
    position = sheet.chain(sheet.object(f"r {NAMES[POSITION]}"), sheet.object("unpack 0 0 0 0."))
    playhead = sheet.interface(
        "slider", 200, 20, (134, 286, 786, 12), orientation=1, floatoutput=1, size=1.0, min=0.0, thickness=4.0,
        knobcolor=list(AMBER), bgcolor=list(SLATE), ignoreclick=1, parameter_enable=0,
    )  # fmt: skip
    for outlet, name in enumerate(("bar", "beat", "step")):
        sheet.lane()
        sheet.caption(name, (190 + 90 * outlet, 12, 40, 20), **CAPTION)
        sheet.cord(
            position, sheet.interface("number", 60, TEXT_HEIGHT, (228 + 90 * outlet, 12, 46, 22), **display), outlet=outlet
        )
    sheet.cord(position, playhead, outlet=3)
    sheet.lane()
    arrived = sheet.object(f"r {NAMES[COLUMN]}")
    column = sheet.interface(
        "multislider", 256, 60, (510, 84, 410, 176), size=COLUMN_BANDS, setminmax=[0.0, 1.0], setstyle=1, settype=1,
        slidercolor=list(AMBER), bgcolor=list(SLATE), ignoreclick=1, parameter_enable=0,
    )  # fmt: skip
    sheet.cord(arrived, column)
    sheet.lane()
    sheet.chain(sheet.object(f"r {NAMES[EXPORTED]}"), sheet.object("prepend append"), sheet.object(f"polybuffer~ {BUFFERS}"))
    for address, shown in SENTENCES.items():
        sheet.lane()
        setting = sheet.chain(sheet.object(f"r {NAMES[address]}"), sheet.object("prepend set"))
        sheet.cord(setting, sheet.caption(address.rsplit("/", 1)[1], shown, **CAPTION))


def _two_axes(sheet: Sheet, layout: ControlLayout) -> None:
    """A pad that moves two axes at once; menus say which."""
    sheet.lane()
    pad = sheet.interface(
        "pictslider", 140, 140, (346, 84, 146, 146), jump=1, leftvalue=0, rightvalue=127, bottomvalue=0, topvalue=127,
        parameter_enable=0,
    )  # fmt: skip
    for outlet in range(2):
        first = layout.axis_names[outlet]
        sheet.lane()
        names = layout.axis_names[outlet:] + layout.axis_names[:outlet]
        choice = sheet.interface("umenu", 90, TEXT_HEIGHT, (346 + 75 * outlet, 238, 71, 22), items=menu_items(names), **FIELD)
        address = sheet.object("sprintf set /vamen/axis/%s")
        sheet.cord(choice, address, outlet=1)
        sheet.lane()
        scaled = sheet.object("scale 0 127 0. 1.")
        prefix = sheet.object(f"prepend /vamen/axis/{first}")
        sheet.cord(pad, scaled, outlet=outlet)
        sheet.chain(scaled, prefix, sheet.object(f"s {TO_BRIDGE}"))
        sheet.cord(address, prefix)
