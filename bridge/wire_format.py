"""Protobuf's wire format, as far as ONNX files need it: messages taken apart into fields, and put together from them.

A message is a run of fields, each a varint ``number << 3 | wire type`` and what the type says
(https://protobuf.dev/programming-guides/encoding). onnx itself, which could read its files, is no small thing to install.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bridge.errors import VamenError

MAX_FIELDS = 100_000
"""That are looked at in one file: ten times those of a shipped model, and few enough for memory, whoever made the file."""

_VARINT, _LENGTH_DELIMITED = 0, 2
_FIXED_LENGTHS = {1: 8, 5: 4}


class Field(NamedTuple):
    """One field of a message."""

    number: int
    value: int | memoryview
    """An integer, or the bytes of what is longer."""
    written: memoryview
    """The whole field, number included."""


class Reader:
    """Takes messages apart; refuses what does not end where it says, and a file of too many fields."""

    def __init__(self) -> None:
        self._fields_left = MAX_FIELDS

    def fields(self, message: memoryview) -> Iterator[Field]:
        """The fields of a message in their order.

        :raises VamenError: it is broken, or more fields were read than any real file has
        """
        position = 0
        while position < len(message):
            self._count()
            start = position
            key, position = _varint(message, position)
            number, wire_type = key >> 3, key & 7
            value: int | memoryview
            if wire_type == _VARINT:
                value, position = _varint(message, position)
            else:
                length, position = _length(message, position, wire_type)
                if length > len(message) - position:
                    raise broken("it ends within a field")
                value = message[position : position + length]
                position += length
            yield Field(number, value, message[start:position])

    def _count(self) -> None:
        self._fields_left -= 1
        if self._fields_left < 0:
            raise broken(f"it has more than {MAX_FIELDS} fields")

    def texts(self, message: memoryview, number: int) -> list[memoryview]:
        """What stands in the length-delimited fields of one number: texts, tensors, messages."""
        return [field.value for field in self.fields(message) if field.number == number and isinstance(field.value, memoryview)]

    def number(self, message: memoryview, number: int) -> int:
        """The integer in the fields of one number; 0 where there is none."""
        values = [field.value for field in self.fields(message) if field.number == number and isinstance(field.value, int)]
        return values[-1] if values else 0

    def numbers(self, message: memoryview, number: int) -> list[int]:
        """All integers in the fields of one number, each in a field of its own or packed into one."""
        numbers: list[int] = []
        for field in self.fields(message):
            if field.number != number:
                continue
            if isinstance(field.value, int):
                numbers.append(field.value)
                continue
            position = 0
            while position < len(field.value):
                self._count()
                value, position = _varint(field.value, position)
                numbers.append(value)
        return numbers

    def text(self, message: memoryview, number: int) -> bytes:
        """The text in the fields of one number; empty where there is none."""
        return b"".join(bytes(text) for text in self.texts(message, number)[-1:])

    def named(self, message: memoryview, number: int, name: int) -> dict[bytes, memoryview]:
        """The messages in the fields of one number, by the text that each has in its field ``name``."""
        return {self.text(inner, name): inner for inner in self.texts(message, number)}


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """The integer at a position, and where it ends."""
    if position < len(message) and message[position] < 0x80:  # as most are: a model has thousands
        return message[position], position + 1
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise broken("it ends within a field")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise broken("an integer is longer than ten bytes")


def _length(message: memoryview, position: int, wire_type: int) -> tuple[int, int]:
    """How long the value of a field is that is no integer, and where it begins."""
    if wire_type == _LENGTH_DELIMITED:
        return _varint(message, position)
    if wire_type in _FIXED_LENGTHS:
        return _FIXED_LENGTHS[wire_type], position
    raise broken(f"a field is of the unknown wire type {wire_type}")


def _encoded(value: int) -> bytes:
    """An integer as a varint."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def integer(number: int, value: int) -> bytes:
    """The field of this number with a value of at least 0."""
    return _encoded(number << 3 | _VARINT) + _encoded(value)


def delimited(number: int, *value: bytes | memoryview) -> list[bytes | memoryview]:
    """The field of this number with a text, a tensor or a message, in pieces, as its value may be: nothing is copied."""
    return [_encoded(number << 3 | _LENGTH_DELIMITED) + _encoded(sum(map(len, value))), *value]


def broken(problem: str) -> VamenError:
    """What to raise about a model's bytes."""
    return VamenError(f"The model file's graph cannot be used, {problem}: export it again, or take the file from where it came.")
