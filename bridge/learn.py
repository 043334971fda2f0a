"""What a knob, encoder, button or key is, from the first messages that it sends, and the row of a control map that it makes.

An encoder says how far it was turned, a knob where it stands, in the same kind of message. What tells them apart: an encoder
repeats itself (1 1 2 1), a knob sends a value only when it is another one, and passes through values that no encoder sends.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bridge.midi_values import DATA, FINE, NRPN_FINE, RPN_COARSE, Kind, MidiReader, Mode, steps_of

if TYPE_CHECKING:
    import mido

FEWEST = 3
"""Messages of a knob before it is taken for one."""

FEWEST_TURNS = 6
"""Messages of an encoder before it is taken for one."""

FEWEST_IN_ORDER = 5
"""As many values that only rise or only fall, over a wide way, are no encoder's."""

SURELY_IN_ORDER = 8
WIDE = 24

MOST = 32
"""Messages of one control after which what is likely counts."""

FASTEST_TURN, SLOW_TURN = 16, 2
"""Steps in one message: more than the first an encoder hardly sends, the second or less it sends most of the time."""

PAIRED = 3
"""Changes between coarse and fine half in a row of messages, after which they are one control."""

PRESS = 64
"""CC value from which a button is on, as MIDI 1.0 defines on and off."""

MOST_CONTROLS = 4096

ENCODERS: tuple[Mode, ...] = ("offset", "twos-complement", "signed", "signed-inverted")


@dataclass(frozen=True, slots=True)
class Finding:
    """A control that was recognised: `number` and `channel` (from 0) are its messages'. `pressed`: a button, pad or key."""

    kind: Kind
    channel: int
    number: int
    mode: Mode = "absolute"
    pressed: bool = False


class ControlFinder:
    """Listens until it knows what is moved.

    :param presses_do: a press is all that is needed, so that nothing has to be found out about a CC that rises
    """

    def __init__(self, presses_do: bool) -> None:
        self._presses_do = presses_do
        self._reader = MidiReader()
        self._values: dict[tuple[int, int], deque[int]] = {}
        """By channel and CC: the latest values."""
        self._changes: Counter[tuple[int, int]] = Counter()
        self._data: Counter[tuple[int, int]] = Counter()
        self._latest: tuple[int, int] | None = None

    def hear(self, message: mido.Message) -> Finding | None:
        """Take a message; returns what sends it, once that is clear."""
        if message.type == "note_on" and message.velocity > 0:
            return Finding("note", message.channel, message.note, pressed=True)
        if message.type == "program_change":
            return Finding("program", message.channel, message.program, pressed=True)
        if message.type != "control_change":
            return None
        self._reader.read(message)
        return self._control_change(message.channel, message.control, message.value)

    def _control_change(self, channel: int, control: int, value: int) -> Finding | None:
        if NRPN_FINE <= control <= RPN_COARSE:
            return None
        if control in DATA and (number := self._reader.selected(channel)) is not None:
            if len(self._data) > MOST_CONTROLS:
                self._data.clear()
            self._data[channel, number] += 1
            return Finding("nrpn", channel, number) if self._data[channel, number] > 1 else None
        if self._presses_do and value >= PRESS:
            return Finding("cc", channel, control, pressed=True)
        if control < 2 * FINE:
            coarse = channel, control % FINE
            self._changes[coarse] += self._latest == (channel, (control + FINE) % (2 * FINE))
            if self._changes[coarse] >= PAIRED:
                return Finding("cc14", *coarse)
        self._latest = channel, control
        values = self._values.setdefault(self._latest, deque(maxlen=MOST))
        values.append(value)
        return self._judged(channel, control, list(values))

    def _judged(self, channel: int, control: int, values: list[int]) -> Finding | None:
        if set(values) == {0, 127} and len(values) >= FEWEST:
            return Finding("cc", channel, control, pressed=True)
        if (mode := encoder_mode(values)) is not None:
            return Finding("cc", channel, control, mode)
        # A fine half alone turns round and round; its coarse half may be on its way.
        may_be_half = FINE <= control < 2 * FINE
        if is_knob(values) and (not may_be_half or len(values) == MOST):
            return Finding("cc", channel, control)
        return None


def encoder_mode(values: list[int]) -> Mode | None:
    """The mode of an encoder that sends these values, if they are one's and say which: turned up first, where that matters."""
    repeated = sum(a == b for a, b in pairwise(values))
    if len(values) < FEWEST_TURNS or 4 * repeated < len(values):
        return None
    fitting = [mode for mode in ENCODERS if _fits(values, mode)]
    match fitting:
        case ["offset"] | ["twos-complement"]:
            return fitting[0]
        case ["signed", "signed-inverted"]:
            return "signed" if values[0] < PRESS else "signed-inverted"
        case []:
            return None
    # Turned in one direction only, which several modes spell alike.
    return fitting[0] if len(values) >= MOST else None


def _fits(values: list[int], mode: Mode) -> bool:
    sizes = [abs(steps_of(value, mode)) for value in values]
    slow = sum(size <= SLOW_TURN for size in sizes)
    return all(1 <= size <= FASTEST_TURN for size in sizes) and 2 * slow >= len(sizes)


def is_knob(values: list[int]) -> bool:
    """Whether these are values of a knob that stands somewhere."""
    distinct = len(set(values))
    if len(values) < FEWEST or distinct < FEWEST:
        return False
    repeated = sum(a == b for a, b in pairwise(values))
    between = any(all(abs(steps_of(value, mode)) > FASTEST_TURN for mode in ENCODERS) for value in values)
    if between and 4 * repeated < len(values):
        return True
    run = _run_in_order(values)
    if len(run) >= SURELY_IN_ORDER or (len(run) >= FEWEST_IN_ORDER and abs(run[-1] - run[0]) >= WIDE):
        return True
    return len(values) >= MOST and not any(_fits(values, mode) for mode in ENCODERS)


def _run_in_order(values: list[int]) -> list[int]:
    """The latest values that only rise or only fall."""
    run = values[-1:]
    for value in reversed(values[:-1]):
        if value == run[-1] or (len(run) > 1 and (value < run[-1]) != (run[-1] < run[-2])):
            break
        run.append(value)
    return run


def described(finding: Finding, table: dict[str, Any]) -> str:
    """What was recognised, and made a row of, for people: "CC 21 on channel 1, a knob"."""
    channel = f"on channel {finding.channel + 1}"
    match table:
        case {"notes": [first, last]}:
            return f"keys {first} to {last} {channel}"
        case {"program": [first, last]}:
            return f"programmes {first} to {last} {channel}"
    number = finding.number
    match finding.kind:
        case "note":
            return f"key {number} {channel}"
        case "program":
            return f"programme {number} {channel}"
        case "nrpn":
            return f"NRPN {number} {channel}"
        case "cc14":
            return f"CC {number} with {number + FINE} {channel}, a knob of 14 bits"
    if finding.mode != "absolute":
        return f"CC {number} {channel}, an encoder ({finding.mode})"
    return f"CC {number} {channel}, a {'button' if finding.pressed else 'knob'}"
