"""The two ends of every patch, as abstractions: `vamen.send host port` and `vamen.receive own-port host port`."""

from __future__ import annotations

from bridge.parameters import PARAMETERS, PREFIX
from max_patches.sheet import Sheet
from max_patches.table import FEEDBACK, SUBSCRIBE_MILLISECONDS

OUTLETS = (
    "position: bar beat step place",
    "column: 64 levels, 0 to 1",
    "exported: path of a finished file",
    "error: a sentence",
    "repaint: milliseconds, whole and last step",
    "learnt: address, what moves it",
    "state: /vamen/state/... value",
)


def sending() -> Sheet:
    """Messages such as `/vamen/axis/air 0.8` in, packets out."""
    sheet = Sheet("vamen.send")
    sheet.section("vamen.send HOST PORT: messages in, OSC packets to VAmEn out")
    sheet.lane()
    sheet.chain(sheet.port("inlet", 1, "messages such as /vamen/axis/air 0.8"), sheet.object("udpsend #1 #2"))
    return sheet


def receiving() -> Sheet:
    """What VAmEn says, one outlet each; subscribes by itself and says goodbye when it is closed."""
    sheet = Sheet("vamen.receive")
    sheet.section("vamen.receive OWN-PORT HOST PORT: subscribes to VAmEn at HOST PORT, and what it says comes out below")
    connection(sheet, "#1", "udpsend #2 #3")
    sheet.section("what comes back")
    sheet.lane()
    splitter = sheet.chain(sheet.object("udpreceive #1"), sheet.object("route " + " ".join(FEEDBACK)))
    for index, comment in enumerate(OUTLETS):
        sheet.lane()
        sheet.cord(splitter, sheet.port("outlet", index + 1, comment), outlet=index)
    return sheet


def connection(sheet: Sheet, own_port: str, destination: str) -> None:
    """Subscribes at once and every few seconds, so that whichever is started last is heard; unsubscribes when the patch goes.

    `destination` is the text of the object that takes the messages.
    """
    sheet.lane()
    regularly = sheet.chain(sheet.object("loadmess 1"), sheet.object(f"metro {SUBSCRIBE_MILLISECONDS}"))
    hello = sheet.chain(regularly, sheet.message(f"{PREFIX}/{PARAMETERS['subscribe'].address} {own_port}"))
    goes_there = sheet.object(destination)
    sheet.cord(hello, goes_there)
    if "unsubscribe" in PARAMETERS:
        sheet.lane()
        goodbye = sheet.message(f"{PREFIX}/{PARAMETERS['unsubscribe'].address} {own_port}")
        sheet.chain(sheet.object("freebang"), goodbye, goes_there)
