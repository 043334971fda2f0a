"""What a hand can say to the instrument, after parsing and before the engine acts on it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

Value = float | int | str

EVENTS = frozenset({"random", "slot_store", "slot_recall", "play", "stop", "export", "trigger", "subscribe"})
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


class Mailbox:
    """Controls on their way from network and MIDI threads to the engine: the latest value wins, events keep their order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[object, Control] = {}
        self._events = 0

    def put(self, control: Control) -> None:
        """Leave a control for the next tick; never blocks for longer than a dictionary access."""
        with self._lock:
            key: object = (control.name, control.index)
            if control.name in EVENTS:
                self._events += 1
                key = self._events
            # A replaced value moves to the end, so that order of arrival is kept against the events between.
            self._waiting.pop(key, None)
            self._waiting[key] = control

    def drain(self) -> list[Control]:
        """Everything that waits, in order; the mailbox is empty afterwards."""
        with self._lock:
            waiting = list(self._waiting.values())
            self._waiting.clear()
            return waiting
