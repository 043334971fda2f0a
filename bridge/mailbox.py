"""Where controls wait for the engine's next tick."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

from bridge.control import EVENTS, Control
from bridge.parameters import DECIMALS
from bridge.tap_tempo import TapTempo

if TYPE_CHECKING:
    from bridge.told import State


class Mailbox:
    """Controls on their way from network and MIDI threads to the engine: the latest value wins, events keep their order.

    A tap means the moment at which it came, which only here is still known: what waits for the engine is the tempo tapped.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[object, Control] = {}
        self._under_way: list[Control] = []
        self._events = 0
        self._filled = threading.Event()
        self._since = 0.0
        self._taps = TapTempo()
        self._questions: list[Future[State]] = []

    def put(self, *controls: Control) -> None:
        """Leave controls for the next tick, all of them for the same one; never blocks for longer than it takes to store them."""
        now = time.perf_counter()
        with self._lock:
            meant = [self._tapped(now) if control.name == "tap" else control for control in controls]
            taken = [control for control in meant if control is not None]
            if not taken:
                return
            if not self._waiting:
                self._since = now
            for control in taken:
                if control.name in EVENTS:
                    self._events += 1
                    self._waiting[self._events] = control
                    continue
                # A value never replaces one from before an event: what a slot stores is what was set by then.
                key = (self._events, control.name, control.index)
                self._waiting.pop(key, None)
                self._waiting[key] = control
            self._filled.set()

    def ask(self) -> Future[State]:
        """Ask for the state once everything that waits by now has been acted on; any thread may."""
        question: Future[State] = Future()
        with self._lock:
            self._questions.append(question)
            self._filled.set()
        return question

    def questions(self) -> list[Future[State]]:
        """Every question that nobody has taken yet. To be taken before the controls that it is about are drained."""
        with self._lock:
            questions, self._questions = self._questions, []
            return questions

    def wait(self, seconds: float) -> float:
        """Sleep until a control waits, but no longer than so long; returns since when one does (`time.perf_counter`), or now."""
        self._filled.wait(seconds)
        with self._lock:
            return self._since if self._waiting else time.perf_counter()

    def drain(self) -> list[Control]:
        """Everything that waits, in order; the mailbox is empty afterwards."""
        with self._lock:
            self._under_way = list(self._waiting.values())
            self._waiting.clear()
            if not self._questions:
                self._filled.clear()
            return list(self._under_way)

    def pending(self) -> list[Control]:
        """What waits, and before it what was taken last, in order: an engine may not have acted on all of it yet."""
        with self._lock:
            return [*self._under_way, *self._waiting.values()]

    def _tapped(self, now: float) -> Control | None:
        """The tempo that a hand means which taps now, if it means one yet."""
        beats_per_minute = self._taps.tap(now)
        return None if beats_per_minute is None else Control("tempo", (), (round(beats_per_minute, DECIMALS),))
