"""What a hand can say to the instrument, after parsing and before the engine acts on it."""

from __future__ import annotations

from dataclasses import dataclass

Value = float | int | str

EVENTS = frozenset(
    {"random", "slot_store", "slot_recall", "play", "stop", "nudge", "export", "trigger", "subscribe", "unsubscribe"}
)
"""Controls that each count; of all others only the latest value within a tick matters."""


@dataclass(frozen=True, slots=True)
class Control:
    """One checked message. `name` is a parameter's name in `bridge.parameters`, `index` holds the numbers in its address
    (from 1: axis; step; step and dimension), `values` its arguments in the table's types and ranges."""

    name: str
    index: tuple[int, ...] = ()
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlChange:
    """A control and the engine frame (44.1 kHz, a multiple of the tick) at which it is applied."""

    frame: int
    control: Control
