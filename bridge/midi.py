"""MIDI in: a port of the system, its messages through the control map into the mailbox, its clock to whoever follows that.

The driver fills a queue that a thread of ours empties. A callback into Python would make the driver wait for the interpreter's
lock: under JACK its period passes meanwhile, and what it had not handed over yet is overwritten (beside a busy machine 14 of 240
bursts of 129 messages arrived with stale ones among them; through the queue none of 240).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future

import mido

from bridge.clock_input import ClockInput
from bridge.control_map import ControlMap
from bridge.learning import Learning
from bridge.mailbox import Mailbox
from bridge.midi_clock import MESSAGE_LENGTHS, ArrivalTimes
from bridge.midi_ports import INPUT, LOOK_SECONDS, VIRTUAL_NAME, MidiPort, VirtualPort

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.002
"""How often the queue is looked at: a third of a tick of the engine."""

CLOCK_LOOK_SECONDS = 0.05

ACTIVE_SENSING = 0xFE


class MidiInput:
    """One MIDI input, found by (part of) its name, or without one a port of our own that others find by its name.

    `start` opens it and begins to listen, `stop` ends both.

    Whatever arrives, the thread goes on. `received` counts messages, `rejected` those that are no MIDI; clock and active sensing
    come by the dozen and do not count. With `clock` the port can be its master. A port that goes away lets go of its keys and is
    taken up again by name; `tell` is given the sentences that say so.
    """

    def __init__(
        self,
        name: str | None,
        control_map: ControlMap,
        mailbox: Mailbox,
        clock: ClockInput | None = None,
        tell: Callable[[str], None] = logger.warning,
        learning: Learning | None = None,
    ) -> None:
        self.received = 0
        self.rejected: Counter[str] = Counter()
        self._wanted = VIRTUAL_NAME if name is None else name
        self._control_map = control_map
        self._mailbox = mailbox
        self._clock = clock
        self._tell = tell
        self._learning = learning
        self._port = VirtualPort() if name is None else MidiPort(INPUT, name)
        self._arrivals = ArrivalTimes()
        self._next_port_look = self._next_clock_look = 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Open the port and begin to listen; returns its full name.

        Raises:
            VamenError: there is no such port, more than one, or it cannot be opened.
        """
        opened: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, args=(opened,), name="midi", daemon=True)
        self._thread.start()
        return opened.result()

    def stop(self) -> None:
        """Close the port; nothing happens if it was not started."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._stopping.clear()
            self._thread = None

    def __enter__(self) -> MidiInput:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take(self, data: list[int], seconds: float | None = None) -> None:
        """Do what the bytes of one MIDI message say, which came at `seconds` (`time.perf_counter`; now where it is left out).

        What is none is counted, and the first explained.
        """
        if data and MESSAGE_LENGTHS.get(data[0]) == len(data):
            if self._clock is not None:
                self._clock.take(self, data, time.perf_counter() if seconds is None else seconds)
            return
        if data == [ACTIVE_SENSING]:
            return
        self.received += 1
        try:
            message = mido.Message.from_bytes(data)
        except (ValueError, LookupError, TypeError) as error:
            self.rejected["malformed message"] += 1
            if self.rejected["malformed message"] == 1:
                shown = " ".join(f"{byte:02x}" for byte in data[:16])
                logger.warning("%s sent no MIDI message (%s: %s). More of these are only counted.", self._wanted, shown, error)
            return
        learnt = None if self._learning is None else self._learning.hear(message, self._control_map)
        for control in self._control_map.translate(message) if learnt is None else learnt:
            self._mailbox.put(control)

    def poll(self, now: float) -> None:
        """Take what waits at `now` (`time.perf_counter`), and look after port and clock; the thread does so every 2 ms."""
        if now >= self._next_port_look:
            self._next_port_look = now + LOOK_SECONDS
            self._look_after_port()
        if (client := self._port.client) is not None:
            self._arrivals.look(now)
            while (event := client.get_message()) is not None:
                data, since_last = event
                self.take(data, self._arrivals.arrival(time.perf_counter(), since_last))
        if self._clock is not None and now >= self._next_clock_look:
            # After what waited: who was paused for a while must not think that nothing came.
            self._next_clock_look = now + CLOCK_LOOK_SECONDS
            self._clock.look(now)

    def _run(self, opened: Future[str]) -> None:
        try:
            opened.set_result(self._port.open())
        except Exception as error:
            opened.set_exception(error)
            return
        try:
            while not self._stopping.wait(POLL_SECONDS):
                self._poll_guarded()
        finally:
            self._port.close()

    def _poll_guarded(self) -> None:
        try:
            self.poll(time.perf_counter())
        except Exception:
            # The last line of defence on stage: an error of ours loses one message, not the controller.
            logger.exception("a MIDI message met an error in VAmEn")
            self.rejected["internal error"] += 1

    def _look_after_port(self) -> None:
        sentence = self._port.look()
        if sentence is not None:
            self._tell(sentence)
        if self._port.client is None:
            # Nobody will say any more that keys and buttons were let go.
            for control in self._control_map.let_go():
                self._mailbox.put(control)
