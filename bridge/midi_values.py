"""What the bytes of knobs and pads mean: positions, turns, keys, programmes. High resolution comes in halves.

A pair of CC n (coarse) and n + 32 (fine) and the data of an NRPN come in either order, or the fine half alone while the coarse
one stays: the coarse half is kept, and either of them is news. A fine half before any coarse one says nothing yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import mido

Kind = Literal["cc", "cc14", "nrpn", "note", "program"]
Mode = Literal["absolute", "signed", "signed-inverted", "offset", "twos-complement"]
MODES: tuple[Mode, ...] = ("absolute", "signed", "signed-inverted", "offset", "twos-complement")
"""How the values of a CC are meant: where a knob stands, or in one of four ways how many steps an encoder was turned."""

FINE = 32
"""CC n + 32 is the fine half of CC n, for n below 32."""

DATA_COARSE, DATA_FINE, INCREMENT, DECREMENT = 6, 38, 96, 97
NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE = 98, 99, 100, 101
DATA = (DATA_COARSE, DATA_FINE, INCREMENT, DECREMENT)
NO_NRPN = 0x3FFF
"""127 and 127: from here on data belongs to no NRPN (MIDI 1.0, "Registered and Non-Registered Parameters")."""


def position_of(value: int, bits: int = 7) -> float:
    """A value of so many bits as a position 0..1, with its middle (64, 8192) exactly in the middle, where a knob has its detent.

    This is MIDI 2.0's min-centre-max scaling (M2-115-U, "Bit Scaling and Resolution").
    """
    middle = 1 << (bits - 1)
    return value / (2 * middle) if value <= middle else 0.5 + (value - middle) / (2 * middle - 2)


def steps_of(value: int, mode: Mode) -> int:
    """How far an encoder was turned, up or with a minus down; 0 and the resting value of a mode are no turn."""
    match mode:
        case "signed" | "signed-inverted":
            up = value <= 64
            steps = value if up else 64 - value
            return steps if mode == "signed" else -steps
        case "offset":
            return value - 64 if value else 0
        case "twos-complement":
            return value if value <= 64 else value - 128
    raise ValueError("an absolute value is no turn")


@dataclass(frozen=True, slots=True)
class MidiEvent:
    """Something that a hand did: `value` is where a knob stands (7 bits, 14 for cc14 and nrpn), or how hard a key was struck
    (0: let go). An NRPN that is counted up or down has `steps` instead. `channel` counts from 0."""

    kind: Kind
    channel: int
    number: int
    value: int = 0
    steps: int = 0

    @property
    def bits(self) -> int:
        return 14 if self.kind in ("cc14", "nrpn") else 7


class MidiReader:
    """Events of one input. `nrpns` are the numbers that are listened for; data of others is taken for the plain CC it may be.

    Of one message there can be several events: CC 1 is one, and half of the pair 1 and 33.
    """

    def __init__(self, nrpns: frozenset[int] = frozenset()) -> None:
        self.nrpns = nrpns
        self._selected: dict[int, list[int | None]] = {}
        """By channel: the halves of an NRPN's number, coarse and fine."""
        self._halves: dict[tuple[Kind, int, int], list[int | None]] = {}
        """By kind, channel and number: the coarse and the fine half of the latest value."""

    def forget(self) -> None:
        """Know nothing of what came before, as when a port has gone."""
        self._selected.clear()
        self._halves.clear()

    def read(self, message: mido.Message) -> list[MidiEvent]:
        """What a message means; most kinds of messages mean nothing."""
        match message.type:
            case "control_change":
                return self._control_change(message.channel, message.control, message.value)
            case "note_on" | "note_off":
                # Running status makes many keyboards send a note on with velocity 0 for a note off.
                velocity = message.velocity if message.type == "note_on" else 0
                return [MidiEvent("note", message.channel, message.note, velocity)]
            case "program_change":
                return [MidiEvent("program", message.channel, message.program)]
        return []

    def _control_change(self, channel: int, control: int, value: int) -> list[MidiEvent]:
        if control in (NRPN_COARSE, NRPN_FINE):
            self._selected.setdefault(channel, [None, None])[control == NRPN_FINE] = value
        elif control in (RPN_COARSE, RPN_FINE):
            self._selected.pop(channel, None)
        elif control in DATA and (number := self.selected(channel)) in self.nrpns and number is not None:
            return self._data(channel, number, control, value)
        events = [MidiEvent("cc", channel, control, value)]
        if control < 2 * FINE and (whole := self._whole("cc14", channel, control % FINE, control >= FINE, value)) is not None:
            events.append(whole)
        return events

    def selected(self, channel: int) -> int | None:
        """The NRPN that data on a channel belongs to (from 0), None for none."""
        coarse, fine = self._selected.get(channel, (None, None))
        if coarse is None or fine is None or (number := coarse << 7 | fine) == NO_NRPN:
            return None
        return number

    def _data(self, channel: int, number: int, control: int, value: int) -> list[MidiEvent]:
        if control in (INCREMENT, DECREMENT):
            return [MidiEvent("nrpn", channel, number, steps=1 if control == INCREMENT else -1)]
        whole = self._whole("nrpn", channel, number, control == DATA_FINE, value)
        return [] if whole is None else [whole]

    def _whole(self, kind: Kind, channel: int, number: int, is_fine: bool, value: int) -> MidiEvent | None:
        halves = self._halves.setdefault((kind, channel, number), [None, 0])
        halves[is_fine] = value
        coarse, fine = halves
        return None if coarse is None else MidiEvent(kind, channel, number, coarse << 7 | (fine or 0))
