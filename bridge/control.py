"""What a hand can say to the instrument, after parsing and before the engine acts on it."""

from __future__ import annotations

import threading
import time
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
        self._filled = threading.Event()
        self._since = 0.0

    def put(self, *controls: Control) -> None:
        """Leave controls for the next tick, all of them for the same one; never blocks for longer than it takes to store them."""
        if not controls:
            return
        with self._lock:
            if not self._waiting:
                self._since = time.perf_counter()
            for control in controls:
                if control.name in EVENTS:
                    self._events += 1
                    self._waiting[self._events] = control
                    continue
                # A value never replaces one from before an event: what a slot stores is what was set by then.
                key = (self._events, control.name, control.index)
                self._waiting.pop(key, None)
                self._waiting[key] = control
            self._filled.set()

    def wait(self, seconds: float) -> float:
        """Sleep until a control waits, but no longer than so long; returns since when one does (`time.perf_counter`), or now."""
        self._filled.wait(seconds)
        with self._lock:
            return self._since if self._waiting else time.perf_counter()

    def drain(self) -> list[Control]:
        """Everything that waits, in order; the mailbox is empty afterwards."""
        with self._lock:
            waiting = list(self._waiting.values())
            self._waiting.clear()
            self._filled.clear()
            return waiting
