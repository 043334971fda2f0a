"""vamen.help.maxpat: the two abstractions at work, and the whole table to look things up in."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.parameters import DOCUMENTED_LAYOUT
from max_patches.abstractions import OUTLETS
from max_patches.sheet import Sheet
from max_patches.table import BRIDGE_PORT, HELP_PORT, HOST, Row

STEPS = (
    "1  Start VAmEn in a terminal: vamen play",
    "2  Open vamen.maxpat beside this one: the numbers at its top run, and every control is at hand",
    "3  In patches of your own: vamen.send HOST PORT takes messages, vamen.receive OWN-PORT HOST PORT hands out what comes back",
    "4  While vamen.maxpat is open, s vamen.to reaches VAmEn from any patch, and r vamen.position hears it",
    "5  Files: vamen play --watch-folder breaks. Each path goes into the polybuffer~ vamen.breaks",
)


def build(rows: Iterable[Row]) -> Sheet:
    """The help patch; it opens as a patch, since it is there to be copied from."""
    sheet = Sheet("VAmEn help")
    sheet.section("VAmEn in five minutes")
    for line in STEPS:
        sheet.note(line)
    sheet.section("sending: click a message, or drag the number")
    sheet.lane()
    messages = [
        sheet.message(text)
        for text in ("/vamen/axis/air 0.8", "/vamen/morph/mode blend", "/vamen/slot/recall 2", "/vamen/random")
    ]
    sender = sheet.object(f"vamen.send {HOST} {BRIDGE_PORT}")
    for message in messages:
        sheet.cord(message, sender)
    sheet.lane()
    number = sheet.interface("flonum", 70, 22, minimum=0.0, maximum=1.0, format=6, parameter_enable=0)
    sheet.cord(sheet.chain(number, sheet.object("prepend /vamen/axis/kick")), sender)
    sheet.section("receiving: it subscribes by itself")
    sheet.lane()
    receiver = sheet.object(f"vamen.receive {HELP_PORT} {HOST} {BRIDGE_PORT}")
    sheet.row()
    for outlet, comment in enumerate(OUTLETS):
        sheet.lane()
        setting = sheet.object("prepend set")
        sheet.cord(receiver, setting, outlet=outlet)
        sheet.chain(setting, sheet.message("-"))
        sheet.note(comment)
    sheet.section("everything that it can be told")
    listed = [(row.address, row.spec) for row in rows]
    sheet.lane()
    for address, spec in listed:
        details = " ".join(part for part in (spec.argument_text(), spec.range_text(DOCUMENTED_LAYOUT)) if part)
        sheet.note(f"{address}   {details}   {spec.help}")
    return sheet
