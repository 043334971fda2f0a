"""vamen.pd, the Pure Data twin: vanilla objects only, made from the same rows as the Max patches.

Every address is the name of a receiver: `s /vamen/axis/air` in any open patch turns that axis. What VAmEn says back goes to the
address with /shown behind it, which only sets the slider, so nothing goes in circles. What people touch is on the front; the
rest is in the subpatch `wires`.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.parameters import PARAMETERS, PREFIX
from bridge.told import COLUMN, COLUMN_BANDS, ERROR, EXPORTED, LEARNT, POSITION, REPAINT, STATE
from max_patches.pure_data_file import BLANK, Canvas, button, number, radio, slider
from max_patches.table import BRIDGE_PORT, FEEDBACK, HOST, PURE_DATA_PORT, SLOTS_SHOWN, SUBSCRIBE_MILLISECONDS, Row

PACKETS, STATE_NAME = "vamen-packets", "vamen-state"
KNOBS_X, CHOICES_X, SAID_X, LINE = 20, 260, 700, 34


def build(rows: Iterable[Row]) -> str:
    """The patch for a model's address space."""
    front, wires = Canvas(1080, 760), Canvas(2400, 900)
    front.add(20, 14, "VAmEn", "text")
    _connection(wires)
    _what_comes_back(front, wires)
    heights = {KNOBS_X: 50, CHOICES_X: 50}
    for row in rows:
        if row.spec.name == "subscribe":
            continue
        x = KNOBS_X if row.is_knob else CHOICES_X
        wires.keep_together(12)
        if "<step>" in row.name:
            _one_step(wires, row)
            continue
        heights[x] += _control(front, wires, row, x, heights[x])
        wires.chain(wires.next(f"r {row.address}"), wires.next(_format(row.name)), wires.next(f"s {PACKETS}"))
    front.subpatch("wires", wires, 20, 720)
    return front.text()


def _connection(wires: Canvas) -> None:
    """Both sockets when the patch is opened, then a subscription every few seconds, whichever is started last."""
    order = wires.chain(wires.next("loadbang"), wires.next("t b b b"))
    regularly = wires.next(f"metro {SUBSCRIBE_MILLISECONDS}")
    port, hello = wires.next(f"{PURE_DATA_PORT}", "msg"), wires.next(_format(PARAMETERS["subscribe"].address))
    wires.chain(order, regularly, port, hello, wires.next(f"s {PACKETS}"))
    connect = wires.next(f"connect {HOST} {BRIDGE_PORT}", "msg")
    wires.cord(order, connect, outlet=2)
    sender = wires.chain(connect, wires.next("netsend -u -b"))
    wires.lane()
    packets = wires.chain(wires.next(f"r {PACKETS}"), wires.next("list prepend send"), wires.next("list trim"))
    wires.cord(packets, sender)
    wires.lane()
    listen = wires.next(f"listen {PURE_DATA_PORT}", "msg")
    wires.cord(order, listen, outlet=1)
    received = wires.chain(listen, wires.next("netreceive -u -b"), wires.next("oscparse"), wires.next("list trim"))
    kinds = [_kind(address) for address in (*FEEDBACK, STATE)]
    splitter = wires.chain(received, wires.next(f"route {PREFIX[1:]}"), wires.next("route " + " ".join(kinds)))
    for outlet, kind in enumerate(kinds):
        wires.cord(splitter, wires.next(f"s vamen-{kind}"), outlet=outlet)


def _what_comes_back(front: Canvas, wires: Canvas) -> None:
    wires.lane()
    position = wires.chain(wires.next(_received(POSITION)), wires.next("unpack f f f f"))
    for outlet, name in enumerate(("bar", "beat", "step", "place")):
        wires.cord(position, wires.next(f"s vamen-{name}-shown"), outlet=outlet)
    wires.lane()
    column = wires.chain(wires.next(_received(COLUMN)), wires.next("list prepend 0"))
    wires.chain(column, wires.next("s vamen-column-shown"))
    for address in (REPAINT, LEARNT):
        wires.lane()
        whole = wires.chain(wires.next(_received(address)), wires.next("list split 1"))
        wires.chain(
            whole,
            wires.next("list trim") if address == LEARNT else wires.next("f"),
            wires.next(f"s {_received(address)[2:]}-shown"),
        )
    for index, name in enumerate(("bar", "beat", "step")):
        front.add(SAID_X + 110 * index, 50, number(0, 1e9, BLANK, f"vamen-{name}-shown", name, digits=5))
    front.add(SAID_X, 84, slider(0, 1, BLANK, "vamen-place-shown", "place", width=256))
    front.array("vamen-column-shown", COLUMN_BANDS, SAID_X, 118, 256, 120)
    front.add(SAID_X, 260, f"9 0 0 0 repaint - {_received(REPAINT)[2:]}-shown - 0", "floatatom")
    front.add(SAID_X, 300, f"40 0 0 0 learnt - {_received(LEARNT)[2:]}-shown - 0", "symbolatom")
    for index, address in enumerate((EXPORTED, ERROR)):
        front.add(SAID_X, 340 + 40 * index, f"40 0 0 0 {_kind(address)} - {_received(address)[2:]} - 0", "symbolatom")


def _control(front: Canvas, wires: Canvas, row: Row, x: int, y: int) -> int:
    """What is touched on the front, and what its touch has to go through; returns how high it is."""
    spec, address, shown, touched = row.spec, row.address, f"{row.address}/shown", f"{row.address}/touched"
    if row.is_knob:
        front.add(x, y, slider(row.minimum, row.maximum, address, shown, row.label))
        _state(wires, row, "float", shown)
    elif spec.choices:
        _choices(front, wires, row, x, y)
    elif spec.maximum in ("steps", "slots") and spec.count == "one":
        highest = min(row.maximum, SLOTS_SHOWN) if spec.maximum == "slots" else row.maximum
        front.add(x, y, radio(int(highest - row.minimum) + 1, touched, shown, row.label))
        wires.chain(wires.next(f"r {touched}"), wires.next(f"+ {row.minimum:g}"), wires.next(f"s {address}"))
        index = wires.chain(_state(wires, row, "float", None), wires.next(f"- {row.minimum:g}"))
        wires.chain(index, wires.next("set $1", "msg"), wires.next(f"s {shown}"))
    elif spec.type == "button":
        front.add(x, y, button(address, row.label))
    elif spec.type == "text":
        front.add(x, y, button(address, row.label))
        front.add(x + 120, y, f"18 0 0 0 - - {address} 0", "symbolatom")
    elif spec.count in ("one", "optional"):
        # A number box that is dragged sends everything on its way: it only says what the button sends.
        bare = spec.count == "optional"
        front.add(x, y, button(address if bare else f"{address}/now", row.label))
        front.add(x + 120, y, number(row.minimum, row.maximum, touched, BLANK, ""))
        if bare:
            front.add(x + 230, y, button(f"{address}/now", "this one"))
        held = wires.chain(wires.next(f"r {address}/now"), wires.next(f"f {row.default:g}"))
        wires.cord(wires.next(f"r {touched}"), held, inlet=1)
        wires.chain(held, wires.next(f"s {address}"))
    else:
        return 0
    return LINE


def _choices(front: Canvas, wires: Canvas, row: Row, x: int, y: int) -> None:
    words = row.spec.choices
    front.add(x, y, radio(len(words), f"{row.address}/touched", f"{row.address}/shown", f"{row.label}: {' '.join(words)}"))
    numbers = " ".join(str(index) for index in range(len(words)))
    chosen = wires.chain(wires.next(f"r {row.address}/touched"), wires.next(f"sel {numbers}"))
    sender = wires.next(f"s {row.address}")
    for index, word in enumerate(words):
        message = wires.next(f"symbol {word}", "msg")
        wires.cord(chosen, message, outlet=index)
        wires.cord(message, sender)
    state = _state(wires, row, " ".join(words), None)
    end = wires.next(f"s {row.address}/shown")
    for index in range(len(words)):
        message = wires.next(f"set {index}", "msg")
        wires.cord(state, message, outlet=index)
        wires.cord(message, end)


def _one_step(wires: Canvas, row: Row) -> None:
    """A list whose first numbers, one for each placeholder, belong into the address: `3 0.1 ...` or `3 2 0.1`."""
    parts = row.name.split("/")
    placed = [part.startswith("<") for part in parts]
    name = f"{PREFIX}/" + "/".join(part.strip("<>") for part in parts)
    wires.next(f"{name}: a list of {' and '.join(part.strip('<>') for part in parts[1:])}, then what is set", "text")
    arrived = wires.chain(wires.next(f"r {name}"), wires.next("t a a"))
    address = " ".join(f"${sum(placed[: index + 1])}" if placed[index] else part for index, part in enumerate(parts))
    setting = wires.next(f"set {PREFIX[1:]} {address}", "msg")
    wires.cord(arrived, setting, outlet=1)
    values = wires.next(f"list split {sum(placed)}")
    wires.cord(arrived, values)
    packet = wires.next(_format("/".join("1" if inside else part for part, inside in zip(parts, placed, strict=True))))
    wires.cord(setting, packet)
    wires.cord(values, packet, outlet=1)
    wires.chain(packet, wires.next(f"s {PACKETS}"))


def _state(wires: Canvas, row: Row, selectors: str, shown: str | None) -> int:
    """The state of a row as it comes back; with `shown` it goes there by `set`, otherwise its router is returned."""
    routed = [wires.next(f"r {STATE_NAME}"), *(wires.next(f"route {part}") for part in row.name.split("/"))]
    last = wires.chain(*routed, wires.next(f"route {selectors}"))
    if shown is not None:
        wires.chain(last, wires.next("set $1", "msg"), wires.next(f"s {shown}"))
    return last


def _kind(address: str) -> str:
    return address.removeprefix(f"{PREFIX}/")


def _received(address: str) -> str:
    return f"r vamen-{_kind(address)}"


def _format(name: str) -> str:
    return "oscformat " + " ".join([PREFIX[1:], *name.split("/")])
