"""OSC packets to messages and back.

Packets are read here and not with python-osc, whose parser (1.10) goes round for ever on a bundle element of size -4, meets
the recursion limit in nested bundles, sorts their messages by timetag, and writes unknown type tags to the root logger. This
reader takes every timetag as "now", since senders count them from anywhere, and walks bundles in their order.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from bridge.parameters import ControlError, shown

Argument = float | int | str | bytes | None

_BUNDLE = b"#bundle\0"
_ONLY_NUMBERS = re.compile("[ifdh]*")
_SIZED = {"i": ">i", "f": ">f", "d": ">d", "h": ">q", "t": ">8s", "c": ">4s", "r": ">4s", "m": ">4s"}
_WITHOUT_DATA: dict[str, Argument] = {"T": True, "F": False, "N": None, "I": None}


def decode(packet: bytes) -> list[tuple[str, list[Argument]]]:
    """The messages (address, arguments) of an OSC packet in their order, bundles inside bundles included.

    Arrays come out flat; what is neither number nor string comes out as bytes or None.

    Raises:
        ControlError: the packet is malformed. None of it is used then: a bundle is one change.
    """
    messages = []
    waiting = [packet]
    while waiting:
        element = waiting.pop()
        if element.startswith(_BUNDLE):
            waiting += reversed(_bundle_elements(element))
        else:
            messages.append(_decode_message(element))
    return messages


def encode(address: str, *values: float | int | str) -> bytes:
    """An OSC message with float32, int32 and string arguments. Raises ValueError for an int beyond 32 bits."""
    tags, layout = [","], [">"]
    data: list[float | int | bytes] = []
    for value in values:
        if isinstance(value, str):
            tags.append("s")
            text = _padded(value)
            layout.append(f"{len(text)}s")
            data.append(text)
        elif isinstance(value, int):
            if not -(2**31) <= value < 2**31:
                raise ValueError(f"{value} does not fit OSC's int32")
            tags.append("i")
            layout.append("i")
            data.append(value)
        else:
            tags.append("f")
            layout.append("f")
            data.append(value)
    return _padded(address) + _padded("".join(tags)) + struct.pack("".join(layout), *data)


def _padded(text: str) -> bytes:
    data = text.encode()
    return data + bytes(4 - len(data) % 4)


def _malformed(why: str) -> ControlError:
    return ControlError("malformed packet", f"An OSC packet could not be read: {why}.")


def _bundle_elements(bundle: bytes) -> list[bytes]:
    elements = []
    position = len(_BUNDLE) + 8
    if len(bundle) < position:
        raise _malformed("a bundle ends inside its timetag")
    while position < len(bundle):
        if position + 4 > len(bundle):
            raise _malformed("a bundle ends inside the size of an element")
        (size,) = struct.unpack_from(">i", bundle, position)
        position += 4
        if size < 0 or size % 4 or position + size > len(bundle):
            raise _malformed(f"an element of a bundle claims {size} bytes")
        elements.append(bundle[position : position + size])
        position += size
    return elements


def _decode_message(data: bytes) -> tuple[str, list[Argument]]:
    if not data.startswith(b"/"):
        raise _malformed(f"{shown(data[:16])} begins neither a message nor a bundle")
    address, position = _string(data, 0)
    if position == len(data):
        # Some old senders leave out the type tags of a message without arguments.
        return address, []
    tags, position = _string(data, position)
    if not tags.startswith(","):
        raise _malformed(f"the type tags {shown(tags)} do not begin with a comma")
    return address, _arguments(tags[1:], data, position)


def _arguments(tags: str, data: bytes, position: int) -> list[Argument]:
    if _ONLY_NUMBERS.fullmatch(tags):
        layout = ">" + tags.replace("h", "q")
        if position + struct.calcsize(layout) > len(data):
            raise _malformed(f"it ends before the arguments that {shown(tags)} promises")
        return list(struct.unpack_from(layout, data, position))
    arguments: list[Argument] = []
    argument: Argument
    for tag in tags:
        if tag in _WITHOUT_DATA:
            arguments.append(_WITHOUT_DATA[tag])
        elif tag in _SIZED:
            argument, position = _sized(_SIZED[tag], data, position)
            arguments.append(argument)
        elif tag in "sS":
            argument, position = _string(data, position)
            arguments.append(argument)
        elif tag == "b":
            size, position = _sized(">i", data, position)
            if not 0 <= size <= len(data) - position:
                raise _malformed(f"a blob claims {size} bytes")
            arguments.append(data[position : position + size])
            position += size + -size % 4
        elif tag not in "[]":
            raise _malformed(f"the type tag {shown(tag)} is unknown")
    return arguments


def _sized(layout: str, data: bytes, position: int) -> tuple[Any, int]:
    end = position + struct.calcsize(layout)
    if end > len(data):
        raise _malformed("it ends inside an argument")
    return struct.unpack_from(layout, data, position)[0], end


def _string(data: bytes, position: int) -> tuple[str, int]:
    end = data.find(b"\0", position)
    padded_end = (end // 4 + 1) * 4
    if end < 0 or padded_end > len(data):
        raise _malformed("it ends inside a string")
    try:
        return data[position:end].decode(), padded_end
    except UnicodeDecodeError as error:
        raise _malformed(f"the string {shown(data[position:end])} is not UTF-8") from error
