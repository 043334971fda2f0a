"""Packets to try the instrument with: valid ones of every row of the table, and broken ones of every kind we could think of."""

from __future__ import annotations

import math
import os
import random
import string
import struct

import numpy as np

from bridge.control import Control, Value
from bridge.osc import encode
from bridge.parameters import BELONGS_TO_THE_EVENING, DECIMALS, FOR_TAKES_ONLY, ControlLayout, ParameterSpec

FUZZED_PACKETS = int(os.environ.get("VAMEN_FUZZ_PACKETS", "50000"))
SEED = int(os.environ.get("VAMEN_FUZZ_SEED", "2026"))

MEANS_ITSELF_ONLY_LATER = FOR_TAKES_ONLY | BELONGS_TO_THE_EVENING | {"tap"}
"""What does not arrive as it was sent: refused from a hand, turned into a tempo, or meant for the program."""

NUMBER_TAGS = {"f": ">f", "d": ">d", "i": ">i", "h": ">q"}
ALL_TAGS = "ifdhsSbtcrmTFNI[]"
LONGEST_PACKET = 65_507
"""Bytes: no UDP datagram holds more."""


def text(value: str) -> bytes:
    """An OSC string: NUL-terminated, filled up to four bytes."""
    data = value.encode()
    return data + bytes(4 - len(data) % 4)


def bundle(*elements: bytes, timetag: int = 1) -> bytes:
    return b"#bundle\0" + struct.pack(">Q", timetag) + b"".join(struct.pack(">i", len(e)) + e for e in elements)


class Fuzzer:
    """Draws packets for one layout; the same seed draws the same ones."""

    def __init__(self, layout: ControlLayout, seed: int) -> None:
        self.random = random.Random(seed)
        self._layout = layout
        self._addresses = list(layout.addresses)
        kinds: dict[str, list[str]] = {}
        for address, (spec, _) in layout.addresses.items():
            kinds.setdefault(spec.name, []).append(address)
        self._addresses_by_kind = kinds
        self.exact = [name for name in kinds if name not in MEANS_ITSELF_ONLY_LATER]

    def valid(self) -> tuple[bytes, Control]:
        """A message as it should be, every row of the table as likely as any other, and the control that it means."""
        # A row has as many addresses as it has axes, steps or dimensions.
        return self._message(self.random.choice(self._addresses_by_kind[self.random.choice(self.exact)]))

    def broken(self) -> bytes:
        """A packet that is noise, well-formed nonsense, or a valid one that something happened to; some are valid still."""
        draw = self.random
        match draw.randrange(11):
            case 0:
                packet = draw.choice((b"", b"/", b"/vamen/", b"#bundle\0", b"#bundle\0" + bytes(8))) + self._noise(80)
            case 1:
                packet = self._nonsense()
            case 2:
                packet = self._flipped(self._any())
            case 3:
                packet = self._any()
                packet = packet[: draw.randrange(len(packet) + 1)]
            case 4:
                packet = self._inserted(self._any(), self._noise(9))
            case 5:
                first, second = self._any(), self._any()
                packet = first[: draw.randrange(len(first) + 1)] + second[draw.randrange(len(second) + 1) :]
            case 6:
                packet = self._with_a_wrong_length(self._any())
            case 7:
                elements = [draw.choice((self._any, self._nonsense))() for _ in range(draw.randrange(5))]
                packet = bundle(*elements, timetag=draw.getrandbits(64))
            case 8:
                packet = self._flipped(bundle(self._any(), self._any()))
            case 9:
                packet = self._any()
                for _ in range(draw.choice((1, 2, 5, 300))):
                    packet = bundle(packet)
            case _:
                packet = self._overfull()
        return packet[:LONGEST_PACKET]

    def midi(self) -> list[int]:
        """The bytes of a MIDI message, or of none."""
        draw = self.random
        data = list(self._noise(6))
        if draw.random() < 0.7:
            data[:1] = [draw.choice((0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0)) + draw.randrange(16)]
        elif draw.random() < 0.5:
            data[:1] = [draw.randrange(0xF0, 0x100)]
        if draw.random() < 0.5:
            data[1:] = [byte & 0x7F for byte in data[1:]]
        return data

    def _any(self) -> bytes:
        return self._message(self.random.choice(self._addresses_by_kind[self.random.choice(list(self._addresses_by_kind))]))[0]

    def _message(self, address: str) -> tuple[bytes, Control]:
        spec, index = self._layout.addresses[address]
        if spec.type == "button":
            packet = self.random.choice((text(address), text(address) + text(","), encode(address, 1), encode(address, 1.0)))
            return packet, Control(spec.name, index)
        if spec.type == "text":
            values = tuple(self._word(spec) for _ in range(self._count(spec)))
            meant: tuple[Value, ...] = values or ("",)
            return encode(address, *values), Control(spec.name, index, meant)
        tags, data, numbers = "", b"", []
        for _ in range(self._count(spec)):
            tag, packed, number = self._number(spec)
            tags, data = tags + tag, data + packed
            numbers.append(number)
        return text(address) + text("," + tags) + data, Control(spec.name, index, tuple(numbers))

    def _count(self, spec: ParameterSpec) -> int:
        vector, matrix = self._layout.latent_dimensions, self._layout.latent_dimensions * self._layout.steps
        counts = {
            "one": (1,),
            "optional": (0, 1),
            "vector": (vector,),
            "matrix or vector": (vector, matrix),
            "reference": (4,),
        }
        return self.random.choice(counts[spec.count])

    def _number(self, spec: ParameterSpec) -> tuple[str, bytes, Value]:
        """A number within the row's range as a tag and bytes, and what it means."""
        low, high = math.ceil(spec.minimum), math.floor(spec.highest(self._layout))
        if spec.type == "int":
            whole = self.random.randint(low, high)
            # A float holds whole numbers up to 2^24 only.
            tag = self.random.choice("ihdf" if whole < 2**24 else "ihd")
            return tag, struct.pack(NUMBER_TAGS[tag], whole), whole
        tag = self.random.choice("ffdih")
        if tag in "ih":
            whole = self.random.randint(max(low, -(2**31)), min(high, 2**31 - 1))
            return tag, struct.pack(NUMBER_TAGS[tag], whole), float(whole)
        number = self.random.uniform(spec.minimum, spec.highest(self._layout))
        kept = float(np.float32(number)) if tag == "f" else number
        return tag, struct.pack(NUMBER_TAGS[tag], number), round(kept, DECIMALS) + 0.0

    def _word(self, spec: ParameterSpec) -> str:
        if spec.choices:
            return self.random.choice(spec.choices)
        return "x" + "".join(
            self.random.choices(string.ascii_letters + string.digits + "._+-\u00e9", k=self.random.randrange(40))
        )

    def _noise(self, most: int) -> bytes:
        return self.random.randbytes(self.random.randrange(most))

    def _nonsense(self) -> bytes:
        """A well-formed message with arguments that nobody asked for."""
        draw = self.random
        address = draw.choice(self._addresses)
        match draw.randrange(4):
            case 0:
                address = address[: draw.randrange(1, len(address) + 1)]
            case 1:
                address += draw.choice(("/", "/1", "0", "*", "\u00e9", " ", "//", "/" * 1000))
        tags = "".join(draw.choices(ALL_TAGS, k=draw.choice((0, 1, 1, 1, 2, 3, 4, 128))))
        return text(address) + text("," + tags) + b"".join(self._argument(tag) for tag in tags)

    def _argument(self, tag: str) -> bytes:
        draw = self.random
        match tag:
            case "f" | "d":
                number = draw.choice((math.nan, math.inf, -math.inf, -0.0, 1e-40, 3e38, -1.0, draw.uniform(-300.0, 300.0)))
                return struct.pack(NUMBER_TAGS[tag], number)
            case "i":
                return struct.pack(">i", draw.choice((-(2**31), 2**31 - 1, -1, 0, draw.randint(-300, 300))))
            case "h":
                return struct.pack(">q", draw.choice((-(2**63), 2**63 - 1, 2**53 + 1, draw.randint(-300, 300))))
            case "s" | "S":
                strange = ("", "..", "../../x", "/etc/passwd", "NUL", "a" * 3000, "\u202e", "%s%n", "C:\\x", "bar", "midi", " ")
                return text(draw.choice(strange))
            case "b":
                size = draw.choice((0, 3, 4, 100, -1, 2**31 - 1, -(2**31)))
                return struct.pack(">i", size) + bytes(max(0, min(size + -size % 4, 100)))
            case "t":
                return draw.randbytes(8)
            case "c" | "r" | "m":
                return draw.randbytes(4)
        return b""

    def _flipped(self, packet: bytes) -> bytes:
        data = bytearray(packet)
        for _ in range(self.random.randrange(1, 5)):
            place = self.random.randrange(len(data))
            data[place] = (
                data[place] ^ 1 << self.random.randrange(8) if self.random.random() < 0.5 else self.random.randrange(256)
            )
        return bytes(data)

    def _inserted(self, packet: bytes, noise: bytes) -> bytes:
        place = self.random.randrange(len(packet) + 1)
        return packet[:place] + noise + packet[place:]

    def _with_a_wrong_length(self, packet: bytes) -> bytes:
        wrong = self.random.choice((-4, -8, -(2**31), 2**31 - 1, 2**16, 0, 1, len(packet) - 4, len(packet) + 4))
        return b"#bundle\0" + bytes(8) + struct.pack(">i", wrong) + packet

    def _overfull(self) -> bytes:
        """Thousands of one thing."""
        draw = self.random
        many = draw.choice((129, 1000, 15_000))
        address = text(draw.choice(self._addresses))
        match draw.randrange(4):
            case 0:
                return address + text("," + draw.choice("TNIif[]") * many) + bytes(draw.choice((0, 4 * many)))
            case 1:
                return b"#bundle\0" + bytes(8 + 4 * many)
            case 2:
                return text("/" + "a" * many)
            case _:
                return bundle(*[text("/vamen/x")] * (many // 20))
