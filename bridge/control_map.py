"""MIDI messages to controls, by a table in TOML: one row for each knob, pad or row of keys.

    [[control]]
    cc = 1                       # or: note = 60, or: notes = [36, 67]
    channel = 10                 # 1 to 16; every channel where it is left out
    target = "/vamen/axis/1"     # an address of the table in bridge/parameters.py
    range = [0.2, 0.8]           # what the knob's ends mean; the address's own range where it is left out
    curve = "linear"             # or "exponential" (equal ratios), "squared" (fine at the low end)

A button is a row whose target takes no argument, or that fixes it with `value`; it acts when a CC rises to 64 or above, or
when a note begins. With `notes` the range is spread over the keys, and `release` is sent when the last of them is let go.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bridge.control import Control
from bridge.errors import VamenError, first_line
from bridge.parameters import (
    BELONGS_TO_THE_EVENING,
    FOR_TAKES_ONLY,
    PREFIX,
    ControlError,
    ControlLayout,
    ParameterSpec,
    parse,
    shown,
)
from bridge.whole_file import read_at_most, reason

if TYPE_CHECKING:
    import mido

CURVES: dict[str, Callable[[float, float, float], float]] = {
    "linear": lambda x, low, high: low + x * (high - low),
    "exponential": lambda x, low, high: low * (high / low) ** x,
    "squared": lambda x, low, high: low + x * x * (high - low),
}
"""From a position 0..1 and the two ends of the range to the value."""

DEFAULT_MAP = Path(__file__).parent / "maps" / "default.toml"

BUTTON_THRESHOLD = 64
"""CC value from which a button counts as pressed, as MIDI 1.0 defines on and off."""

MAX_MAP_BYTES = 2**18
MAX_LINE_BYTES = 1000
"""A key of a hundred thousand parts, a.a.a..., would take `tomllib` hours: it looks at every beginning of a key."""

MAX_ROWS = 4096
"""As many as there are keys and controllers on all channels: every message is looked up in every row."""

MAX_AXES = 64
"""A map may name more axes than the model at hand has: those rows rest."""

NOT_FOR_HANDS = BELONGS_TO_THE_EVENING | FOR_TAKES_ONLY

_KEYS = {"cc", "note", "notes", "channel", "target", "range", "curve", "value", "release"}


def position_of(value: int) -> float:
    """A 7-bit value as a position 0..1, with 64 exactly in the middle, where a knob has its detent.

    This is MIDI 2.0's min-centre-max scaling (M2-115-U, "Bit Scaling and Resolution").
    """
    return value / 128 if value <= 64 else 0.5 + (value - 64) / 126


@dataclass
class _Row:
    """One row of the map and what its hardware did last."""

    kind: Literal["cc", "note"]
    numbers: range
    channel: int | None
    address: str
    spec: ParameterSpec
    low: float
    high: float
    curve: Callable[[float, float, float], float]
    button: bool
    value: Any
    release: Any
    layout: ControlLayout
    pressed: bool = False
    held: set[tuple[int, int]] = field(default_factory=set)
    last: Control | None = None

    def control(self, *arguments: Any) -> Control:
        return parse(self.address, arguments, self.layout)

    def at(self, position: float) -> Control:
        """The control that a position 0..1 of the knob means."""
        value = self.curve(position, self.low, self.high)
        return self.control(round(value) if self.spec.type == "int" else value)

    def pressed_control(self) -> Control:
        return self.control() if self.value is None else self.control(self.value)

    def turn(self, value: int) -> list[Control]:
        """What a CC's new value (0..127) means."""
        if self.button:
            was_pressed, self.pressed = self.pressed, value >= BUTTON_THRESHOLD
            return [self.pressed_control()] if self.pressed and not was_pressed else []
        control = self.at(position_of(value))
        if self.spec.type == "int" and control == self.last:
            # A knob that chooses among slots passes several values on each: only a new choice is one.
            return []
        self.last = control
        return [control]

    def key(self, channel: int, note: int, down: bool) -> list[Control]:
        """What a key that goes down or up means."""
        if down:
            self.held.add((channel, note))
            if self.button:
                return [self.pressed_control()]
            return [self.at((note - self.numbers.start) / max(1, len(self.numbers) - 1))]
        if (channel, note) in self.held:
            self.held.discard((channel, note))
            if not self.held and self.release is not None:
                return [self.control(self.release)]
        return []


class ControlMap:
    """The rows of a map; `translate` keeps what is held and pressed, so each MIDI input or file needs a map of its own."""

    def __init__(self, rows: list[_Row], layout: ControlLayout) -> None:
        self.layout = layout
        self._rows = rows

    @classmethod
    def load(cls, path: Path | None, layout: ControlLayout) -> ControlMap:
        """Read a map, or the one that VAmEn brings along. Rows for axes that the model lacks rest.

        Raises:
            VamenError: the file cannot be read, or a row is wrong; the sentence names the file and the row.
        """
        path = path or DEFAULT_MAP
        return cls(list(_rows(read_document(path)[1], path, layout)), layout)

    def translate(self, message: mido.Message) -> list[Control]:
        """The controls that a MIDI message means; most kinds of messages mean none."""
        if message.type == "control_change":
            kind, number = "cc", message.control
        elif message.type in ("note_on", "note_off"):
            kind, number = "note", message.note
        else:
            return []
        controls = []
        for row in self._rows:
            if row.kind != kind or number not in row.numbers or row.channel not in (None, message.channel):
                continue
            if kind == "cc":
                controls += row.turn(message.value)
            else:
                # Running status makes many keyboards send a note on with velocity 0 for a note off.
                controls += row.key(message.channel, number, message.type == "note_on" and message.velocity > 0)
        return controls


def read_document(path: Path) -> tuple[str, dict[str, Any]]:
    """A map's text and what TOML makes of it. Raises VamenError where it cannot be read, is too large or is no TOML."""
    try:
        data = read_at_most(path, MAX_MAP_BYTES)
    except OSError as error:
        raise VamenError(f"The control map {path} cannot be read ({reason(error)}); check the path.") from error
    if data is None:
        raise VamenError(f"The control map {path} is larger than {MAX_MAP_BYTES} bytes; give a file of [[control]] rows.")
    if max(map(len, data.split(b"\n"))) > MAX_LINE_BYTES:
        raise VamenError(f"The control map {path} has a line of more than {MAX_LINE_BYTES} bytes; put what it says on several.")
    try:
        text = data.decode()
        return text, tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise VamenError(f"The control map {path} is not TOML ({first_line(error)}); correct it there.") from error


def _rows(document: dict[str, Any], path: Path, layout: ControlLayout) -> Iterator[_Row]:
    tables = document.get("control")
    if set(document) != {"control"} or not isinstance(tables, list):
        raise VamenError(f"The control map {path} must hold [[control]] rows and nothing else.")
    if len(tables) > MAX_ROWS:
        raise VamenError(f"The control map {path} has {len(tables)} rows; {MAX_ROWS} are the most.")
    for number, table in enumerate(tables, 1):
        try:
            row = _row(table, layout)
        except (ControlError, ValueError, OverflowError) as error:
            raise VamenError(f"Row {number} of the control map {path}: {error}") from error
        if row is not None:
            yield row


def _row(table: Any, layout: ControlLayout) -> _Row | None:
    """One row, or None when it turns an axis that this model lacks. Raises ValueError or ControlError with a sentence."""
    if not isinstance(table, dict):
        raise ValueError("it must be a table with keys and values.")
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise ValueError(f"the key {shown(unknown[0])} is unknown; there are {', '.join(sorted(_KEYS))}.")
    kind, numbers = _source(table)
    address = table.get("target")
    if not isinstance(address, str):
        raise ValueError("it needs a target, an OSC address in quotes.")
    if _is_resting_axis(address, layout):
        return None
    if address not in layout.addresses:
        parse(address, [], layout)
    spec = layout.addresses[address][0]
    if spec.count in ("vector", "matrix or vector") or spec.name in NOT_FOR_HANDS:
        raise ValueError(f"{address} cannot be played from MIDI.")
    button = spec.type in ("button", "text") or spec.count == "optional" or "value" in table
    low, high = _range(table, spec, layout, button)
    row = _Row(
        kind, numbers, _channel(table), address, spec, low, high, _curve(table, low, high),
        button, table.get("value"), table.get("release"), layout,
    )  # fmt: skip
    _check_values(row)
    return row


def _source(table: dict[str, Any]) -> tuple[Literal["cc", "note"], range]:
    sources = [key for key in ("cc", "note", "notes") if key in table]
    if len(sources) != 1:
        raise ValueError("it needs exactly one of cc, note and notes.")
    key = sources[0]
    if key == "notes":
        span = table[key]
        if not (isinstance(span, list) and len(span) == 2 and all(_is_data_byte(end) for end in span) and span[0] < span[1]):
            raise ValueError("notes is the first and the last key, two rising whole numbers from 0 to 127.")
        return "note", range(span[0], span[1] + 1)
    if not _is_data_byte(table[key]):
        raise ValueError(f"{key} is a whole number from 0 to 127.")
    return ("cc" if key == "cc" else "note"), range(table[key], table[key] + 1)


def _is_data_byte(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 127


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_resting_axis(address: str, layout: ControlLayout) -> bool:
    number = address.removeprefix(f"{PREFIX}/axis/")
    return number.isdecimal() and number.isascii() and len(layout.axis_names) < int(number[:9]) <= MAX_AXES


def _channel(table: dict[str, Any]) -> int | None:
    """The channel as mido counts it, from 0."""
    channel = table.get("channel")
    if channel is None:
        return None
    if type(channel) is not int or not 1 <= channel <= 16:
        raise ValueError("channel is a whole number from 1 to 16.")
    return channel - 1


def _range(table: dict[str, Any], spec: ParameterSpec, layout: ControlLayout, button: bool) -> tuple[float, float]:
    lowest, highest = spec.minimum, spec.highest(layout)
    if "range" not in table:
        return lowest, highest
    span = table["range"]
    if button:
        raise ValueError("a button has no range.")
    if not (isinstance(span, list) and len(span) == 2 and all(_is_number(end) for end in span)):
        raise ValueError("range is two numbers, what the low end and the high end mean.")
    if not all(lowest <= end <= highest for end in span):
        raise ValueError(f"range must lie within {spec.range_text(layout)}.")
    return span[0], span[1]


def _curve(table: dict[str, Any], low: float, high: float) -> Callable[[float, float, float], float]:
    name = table.get("curve", "linear")
    if not isinstance(name, str) or name not in CURVES:
        raise ValueError(f"curve is one of {', '.join(CURVES)}.")
    if name == "exponential" and low * high <= 0:
        raise ValueError("an exponential curve needs a range on one side of 0.")
    return CURVES[name]


def _check_values(row: _Row) -> None:
    """Everything that the row can ever send must be sendable."""
    fixed = [value for value in (row.value, row.release) if value is not None]
    for value in fixed:
        control = parse(row.address, [value], row.layout)
        if row.spec.type == "float" and control.values != (value,):
            raise ValueError(f"{row.address} cannot be {shown(value)}; it goes from {row.spec.range_text(row.layout)}.")
    if row.button:
        row.pressed_control()
    if row.release is not None and row.kind != "note":
        raise ValueError("release belongs to note and notes.")
    if row.kind == "note" and len(row.numbers) == 1 and not row.button:
        raise ValueError("a single note needs a target without argument, or a value to send.")
