"""The rows of a control map, from TOML: everything in them is checked here, so that nothing goes wrong while playing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge.control_row import Current, Row, Source
from bridge.curve import CURVES, Curve
from bridge.errors import VamenError
from bridge.midi_values import FINE, MODES, NO_NRPN, Kind, Mode
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
from bridge.takeover import TAKEOVERS, Knob, Takeover

MAX_ROWS = 4096
"""As many as there are keys and controllers on all channels: every message is looked up in every row."""

MAX_AXES = 64
"""A map may name more axes than the model at hand has: those rows rest."""

NOT_FOR_HANDS = BELONGS_TO_THE_EVENING | FOR_TAKES_ONLY

HIGHEST = {"cc": 127, "cc14": FINE - 1, "nrpn": NO_NRPN - 1, "note": 127, "program": 127}
"""The highest number of each kind of single control."""

KNOBS = ("cc", "cc14", "nrpn")

_KEYS = {*HIGHEST, "notes", "channel", "target", "range", "curve", "mode", "takeover", "value", "release"}


def read_rows(document: dict[str, Any], path: Path, layout: ControlLayout, current: Current) -> Iterator[Row]:
    """The rows of a map's document that do not rest. Raises VamenError with file and row where one is wrong."""
    for number, table in enumerate(tables_of(document, path), 1):
        try:
            row = read_row(table, layout, current)
        except (ControlError, ValueError, OverflowError) as error:
            raise VamenError(f"Row {number} of the control map {path}: {error}") from error
        if row is not None:
            yield row


def tables_of(document: dict[str, Any], path: Path) -> list[Any]:
    """What stands under [[control]], unchecked. Raises VamenError where that is not all, or too much."""
    tables = document.get("control")
    if set(document) != {"control"} or not isinstance(tables, list):
        raise VamenError(f"The control map {path} must hold [[control]] rows and nothing else.")
    if len(tables) > MAX_ROWS:
        raise VamenError(f"The control map {path} has {len(tables)} rows; {MAX_ROWS} are the most.")
    return tables


def read_row(table: Any, layout: ControlLayout, current: Current) -> Row | None:
    """One row, or None when it turns an axis that this model lacks. Raises ValueError or ControlError with a sentence."""
    if not isinstance(table, dict):
        raise ValueError("it must be a table with keys and values.")
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise ValueError(f"the key {shown(unknown[0])} is unknown; there are {', '.join(sorted(_KEYS))}.")
    source = read_source(table)
    address = table.get("target")
    if not isinstance(address, str):
        raise ValueError("it needs a target, an OSC address in quotes.")
    if is_resting_axis(address, layout):
        return None
    spec = playable(address, layout)
    button = is_button(spec, table)
    low, high = value_range(table, spec, layout, button)
    mode, takeover = _mode(table, button), _takeover(table, button)
    row = Row(
        source, address, spec, low, high, curve_named(table, low, high), mode, Knob(takeover),
        button, table.get("value"), table.get("release"), layout, current,
    )  # fmt: skip
    _check_values(row)
    return row


def read_source(table: dict[str, Any]) -> Source:
    """What a row listens to. Raises ValueError with a sentence."""
    sources = [key for key in (*HIGHEST, "notes") if key in table]
    if len(sources) != 1:
        raise ValueError("it needs exactly one of cc, cc14, nrpn, note, notes and program.")
    key = sources[0]
    value = table[key]
    if key == "notes" or (key == "program" and isinstance(value, list)):
        if not (
            isinstance(value, list) and len(value) == 2 and all(_is_number_to(127, end) for end in value) and value[0] < value[1]
        ):
            what = "the first and the last key" if key == "notes" else "one programme, or the first and the last"
            raise ValueError(f"{key} is {what}, two rising whole numbers from 0 to 127.")
        return Source("note" if key == "notes" else "program", range(value[0], value[1] + 1), _channel(table))
    if not _is_number_to(HIGHEST[key], value):
        raise ValueError(f"{key} is a whole number from 0 to {HIGHEST[key]}.")
    kind: Kind = key  # type: ignore[assignment]
    return Source(kind, range(value, value + 1), _channel(table))


def playable(address: str, layout: ControlLayout) -> ParameterSpec:
    """The row of the table that an address belongs to. Raises ControlError or ValueError where a hand cannot play it."""
    if address not in layout.addresses:
        parse(address, [], layout)
    spec = layout.addresses[address][0]
    if spec.count in ("vector", "matrix or vector") or spec.name in NOT_FOR_HANDS:
        raise ValueError(f"{address} cannot be played by hand.")
    return spec


def is_button(spec: ParameterSpec, table: dict[str, Any]) -> bool:
    """Whether a row of a map presses something, rather than turns it."""
    return spec.type in ("button", "text") or spec.count == "optional" or "value" in table


def check_exact(address: str, value: Any, spec: ParameterSpec, layout: ControlLayout) -> None:
    """Raises ValueError for a fixed number that would be clamped, ControlError for one that would be refused."""
    if value is not None and spec.type == "float" and parse(address, [value], layout).values != (value,):
        raise ValueError(f"{address} cannot be {shown(value)}; it goes from {spec.range_text(layout)}.")


def _is_number_to(highest: int, value: Any) -> bool:
    return type(value) is int and 0 <= value <= highest


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def is_resting_axis(address: str, layout: ControlLayout) -> bool:
    """Whether an address is an axis, by its number, that this model lacks and another may have."""
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


def value_range(table: dict[str, Any], spec: ParameterSpec, layout: ControlLayout, button: bool) -> tuple[float, float]:
    """What the ends of a row's knob or fader mean. Raises ValueError with a sentence."""
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


def curve_named(table: dict[str, Any], low: float, high: float) -> Curve:
    """A row's curve between two ends. Raises ValueError with a sentence."""
    name = table.get("curve", "linear")
    if not isinstance(name, str) or name not in CURVES:
        raise ValueError(f"curve is one of {', '.join(CURVES)}.")
    if name == "exponential" and low * high <= 0:
        raise ValueError("an exponential curve needs a range on one side of 0.")
    return CURVES[name]


def _mode(table: dict[str, Any], button: bool) -> Mode:
    mode = table.get("mode", "absolute")
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}.")
    if mode != "absolute" and ("cc" not in table or button):
        raise ValueError("a mode belongs to a cc that turns something.")
    return mode


def _takeover(table: dict[str, Any], button: bool) -> Takeover:
    takeover = table.get("takeover", "none")
    if takeover not in TAKEOVERS:
        raise ValueError(f"takeover is one of {', '.join(TAKEOVERS)}.")
    absolute = any(key in table for key in KNOBS) and table.get("mode", "absolute") == "absolute" and not button
    if takeover != "none" and not absolute:
        raise ValueError("takeover belongs to a knob that stands somewhere: cc, cc14 or nrpn, without a mode of an encoder.")
    return takeover


def _check_values(row: Row) -> None:
    for value in (row.value, row.release):
        check_exact(row.address, value, row.spec, row.layout)
    row.check()
    kind, single = row.source.kind, len(row.source.numbers) == 1
    if row.release is not None and kind != "note":
        raise ValueError("release belongs to note and notes.")
    if kind in ("note", "program") and single and not row.button:
        raise ValueError(f"a single {kind} needs a target without argument, or a value to send.")
