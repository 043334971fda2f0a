"""The two Max for Live devices: the controls on a strip, Live's tempo and transport, and a file format that Live reads.

A device listens to Live and tells VAmEn, never the other way round: what VAmEn says back moves no dial, since every move of a
dial by its patch would be a step in Live's undo history, and automation would argue with it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from py2max.core.box import Box

from bridge.told import ERROR, EXPORTED, STATE
from max_patches.abstractions import connection
from max_patches.controls import CAPTION, ENUM, INT, SHOWN_AS_INT, SHOWN_BY_TEXT, dial, starting
from max_patches.sheet import Place, Sheet
from max_patches.table import BRIDGE_PORT, HOST, Row

TO_BRIDGE = "---to"
"""Three dashes: Live gives each copy of a device a name of its own."""
EXPORTED_NAME, TEMPO_NAME = "---exported", "---tempo"

GIVEN_BY_LIVE = frozenset({"tempo", "tap", "nudge", "play", "stop", "clock"})
"""Rows that have no control on a device: Live's own transport says these."""

STRIP_HEIGHT = 169
DIAL_WIDTH, DIAL_HEIGHT = 46, 50
CREATED = 3850070400
"""1 January 2026 in Max's seconds since 1904: what the files state as their date, so that they come out the same every day."""

FORMAT_VERSION, META = 4, 0


def midi_device(rows: Iterable[Row], own_port: int) -> Sheet:
    """vamen.amxd: automatable dials, Live's tempo and transport; MIDI passes through."""
    sheet, width = strip("VAmEn", rows, own_port)
    sheet.section("MIDI passes through")
    sheet.lane()
    sheet.chain(sheet.object("midiin"), sheet.object("midiout"))
    sheet.strip = (width, STRIP_HEIGHT)
    return sheet


def strip(title: str, rows: Iterable[Row], own_port: int) -> tuple[Sheet, int]:
    """What both devices have, and how wide it is in pixels."""
    sheet = Sheet(title, opens_in_presentation=True)
    _to_bridge(sheet, own_port)
    _transport(sheet)
    offered = [row for row in rows if row.spec.name not in GIVEN_BY_LIVE]
    sheet.section("dials: Live automates them and keeps them with the set")
    x = 8
    knobs = [row for row in offered if row.is_knob]
    for index, row in enumerate(knobs):
        dial(
            sheet,
            row,
            (x + DIAL_WIDTH * (index // 2), 10 + 56 * (index % 2), DIAL_WIDTH, DIAL_HEIGHT),
            None,
            TO_BRIDGE,
            in_live=True,
        )
    x += DIAL_WIDTH * ((len(knobs) + 1) // 2) + 10
    sheet.section("menus")
    menus = [row for row in offered if row.spec.choices]
    for index, row in enumerate(menus):
        _menu(sheet, row, (x + 86 * (index // 4), 8 + 36 * (index % 4), 76, 15))
    x += 86 * ((len(menus) + 3) // 4)
    sheet.section("buttons, with the number that they send where they send one")
    buttons = [row for row in offered if _has_button(row)]
    for index, row in enumerate(buttons):
        _button(sheet, row, (x + 116 * (index // 7), 8 + 22 * (index % 7), 15, 15))
    return sheet, x + 116 * ((len(buttons) + 6) // 7)


def _has_button(row: Row) -> bool:
    spec = row.spec
    return spec.type == "button" or spec.count == "optional" or (row.name.startswith("slot/") and spec.maximum == "slots")


def _to_bridge(sheet: Sheet, own_port: int) -> None:
    sheet.section("to VAmEn; its port is 9000 unless it was started with another --osc-port")
    sheet.lane()
    sender = sheet.object(f"udpsend {HOST} {BRIDGE_PORT}")
    sheet.lane()
    sheet.cord(sheet.object(f"r {TO_BRIDGE}"), sender)
    sheet.lane()
    port = sheet.parameter(
        "live.numbox", "port", (8, 128, 50, 15), parameter_type=0, parameter_unitstyle=SHOWN_AS_INT, parameter_mmin=1.0,
        parameter_mmax=65535.0, parameter_invisible=1, **starting(float(BRIDGE_PORT)),
    )  # fmt: skip
    sheet.cord(sheet.chain(port, sheet.object("prepend port")), sender)
    connection(sheet, str(own_port), f"s {TO_BRIDGE}")
    sheet.section("from VAmEn")
    sheet.lane()
    said = sheet.chain(sheet.object(f"udpreceive {own_port}"), sheet.object(f"route {ERROR} {EXPORTED} {STATE}/tempo"))
    for outlet, name in enumerate(("---error", EXPORTED_NAME, TEMPO_NAME)):
        sheet.lane()
        sheet.cord(said, sheet.object(f"s {name}"), outlet=outlet)
    sheet.lane()
    shown = sheet.chain(sheet.object("r ---error"), sheet.object("prepend set"))
    sheet.cord(shown, sheet.caption("VAmEn", (8, 148, 330, 18), **CAPTION))


def _transport(sheet: Sheet) -> None:
    """Tempo, play and stop as Live changes them, if `follow` is on. The tempo goes again before the start: VAmEn may be new."""
    sheet.section("Live's tempo and transport")
    sheet.lane()
    follow = sheet.parameter(
        "live.toggle",
        "follow",
        (66, 128, 15, 15),
        parameter_type=ENUM,
        parameter_enum=["off", "on"],
        parameter_mmax=1,
        **starting(1),
    )
    sheet.caption("follow Live", (84, 126, 80, 18), **CAPTION)
    sheet.lane()
    tempo = _observer(sheet, "tempo")
    held = sheet.object("f")
    tempo_gate = sheet.object("gate")
    sheet.cord(tempo, held)
    sheet.cord(held, tempo_gate, inlet=1)
    sheet.cord(follow, tempo_gate)
    sheet.chain(tempo_gate, sheet.object("prepend /vamen/tempo"), sheet.object(f"s {TO_BRIDGE}"))
    sheet.lane()
    playing = _observer(sheet, "is_playing")
    play_gate = sheet.object("gate")
    sheet.cord(playing, play_gate, inlet=1)
    sheet.cord(follow, play_gate)
    which = sheet.chain(play_gate, sheet.object("sel 1 0"))
    start = sheet.object("t b b")
    sheet.cord(which, start)
    sheet.cord(start, held, outlet=1)
    sheet.chain(start, sheet.message("/vamen/play"), sheet.object(f"s {TO_BRIDGE}"))
    sheet.lane()
    stop = sheet.message("/vamen/stop")
    sheet.cord(which, stop, outlet=1)
    sheet.chain(stop, sheet.object(f"s {TO_BRIDGE}"))


def _observer(sheet: Sheet, name: str) -> Box:
    """A live.observer of one property of the Live set, as Ableton's own devices attach it: first what, then which property."""
    ready = sheet.chain(sheet.object("live.thisdevice"), sheet.message("path live_set"), sheet.object("live.path"))
    order = sheet.object("t b l")
    observer = sheet.chain(ready, order, sheet.message(f"property {name}"), sheet.object("live.observer"))
    sheet.cord(order, observer, outlet=1, inlet=1)
    return observer


def _menu(sheet: Sheet, row: Row, shown: Place) -> None:
    x, y, width, height = shown
    words = list(row.spec.choices)
    sheet.lane()
    sheet.caption(row.label, (x, y, width, 16), **CAPTION)
    box = sheet.parameter(
        "live.menu", row.label, (x, y + 16, width, height), parameter_type=ENUM, parameter_enum=words,
        parameter_mmax=len(words) - 1, parameter_unitstyle=SHOWN_BY_TEXT, **starting(words.index(str(row.spec.default))),
    )  # fmt: skip
    prefix = sheet.object(f"prepend {row.address}")
    sheet.cord(box, prefix, outlet=1)
    sheet.chain(prefix, sheet.object(f"s {TO_BRIDGE}"))


def _button(sheet: Sheet, row: Row, shown: Place) -> None:
    x, y, _, height = shown
    sheet.lane()
    sheet.caption(row.label, (x + 18, y - 2, 60, 18), **CAPTION)
    press = sheet.parameter("live.button", row.label, shown, parameter_type=ENUM, parameter_enum=["off", "on"], parameter_mmax=1)
    if row.spec.count == "one" and row.spec.type == "int":
        held, prefix = sheet.object(f"i {int(row.minimum)}"), sheet.object(f"prepend {row.address}")
        sheet.chain(press, held, prefix, sheet.object(f"s {TO_BRIDGE}"))
        sheet.lane()
        which = sheet.parameter(
            "live.numbox", f"{row.label} number", (x + 80, y, 30, height), short=row.label, parameter_type=INT,
            parameter_unitstyle=SHOWN_AS_INT, parameter_mmin=float(row.minimum), parameter_mmax=float(row.maximum),
            **starting(row.minimum),
        )  # fmt: skip
        sheet.cord(which, held, inlet=1)
    else:
        sheet.chain(press, sheet.message(row.address), sheet.object(f"s {TO_BRIDGE}"))


def device_bytes(document: Mapping[str, Any], kind: bytes) -> bytes:
    """An unfrozen .amxd of a patcher: `kind` is b"mmmm" for a MIDI device, b"iiii" for an instrument."""
    patcher = {
        **document["patcher"], "latency": 0, "is_mpe": 0, "minimum_live_version": "", "minimum_max_version": "",
        "platform_compatibility": 0, "project": _project(kind),
    }  # fmt: skip
    content = json.dumps({"patcher": patcher}, indent=1).encode() + b"\n\0"
    head = b"ampf" + struct.pack("<I", FORMAT_VERSION) + kind + b"meta" + struct.pack("<II", 4, META)
    return head + b"ptch" + struct.pack("<I", len(content)) + content


def _project(kind: bytes) -> dict[str, Any]:
    return {
        "version": 1, "creationdate": CREATED, "modificationdate": CREATED, "viewrect": [0.0, 0.0, 300.0, 500.0],
        "autoorganize": 1, "hideprojectwindow": 1, "showdependencies": 1, "autolocalize": 0, "contents": {"patchers": {}},
        "layout": {}, "searchpath": {}, "detailsvisible": 0, "amxdtype": int.from_bytes(kind, "big"), "readonly": 0,
        "devpathtype": 0, "devpath": ".", "sortmode": 0, "viewmode": 0, "includepackages": 0,
    }  # fmt: skip
