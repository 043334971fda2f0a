"""MIDI clock out: so that a drum machine or a sequencer can follow us.

`ClockSchedule` decides which messages are due at a moment, from the tempo reference that the engine follows and the sound's
clock; `MidiClockOutput` sends them to a port from a thread of its own. Pulses go on while nothing sounds, so that the follower
knows the tempo before the one. Start comes before the pulse of the one, continue before the pulse that the song position pointer
has named.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import rtmidi

from bridge.frame_clock import FrameClock
from bridge.midi_clock import CLOCK, CONTINUE, PULSES_PER_BEAT, PULSES_PER_UNIT, SONG_POSITION, START, STOP
from bridge.midi_ports import LOOK_SECONDS, OUTPUT, MidiPort
from bridge.tempo_reference import TempoReference

logger = logging.getLogger(__name__)

Message = tuple[int, ...]

POSITION_UNITS = 2**14
"""The song position pointer wraps here, after 1024 bars."""

MOVED_PULSES = PULSES_PER_BEAT
"""A beat that moved by less is caught up with pulse by pulse; by as much or more the follower is stopped and sent there."""

QUICKEST = 0.5
"""While catching up, pulses come at least this part of a period apart."""

IDLE_SECONDS = 0.01
"""Between two looks when nothing is due: how late a new reference can be noticed, which is told ahead of its sound."""


LOOK_ROOM_SECONDS = 0.004
"""Until the next pulse, so that a look at the ports makes none late."""


class ClockSchedule:
    """What to send, and when. `latency_seconds` is how much earlier than it is heard a pulse is sent (negative: later)."""

    def __init__(self, frames: FrameClock, latency_seconds: float = 0.0) -> None:
        self._frames = frames
        self._latency_seconds = latency_seconds
        self._reference: TempoReference | None = None
        self._followed: TempoReference | None = None
        self._started = False
        self._begin: Message | None = None
        """Start or continue, to be sent right before the pulse `_begin_pulse`."""
        self._begin_pulse = 0
        self._pulse = 0
        self._sent_seconds = -math.inf

    def follow(self, reference: TempoReference) -> None:
        """The line of beats from now on; from any thread."""
        self._reference = reference

    def begin_again(self) -> None:
        """The follower is not the one of before, and knows nothing; from the thread that asks what is due."""
        self._followed, self._started, self._begin = None, False, None

    def due(self, now: float) -> tuple[list[Message], float]:
        """The messages to be sent now, in order, and the moment of the next look (`time.perf_counter`)."""
        reference = self._reference
        if reference is None or not self._frames.known:
            return [], now + IDLE_SECONDS
        messages: list[Message] = []
        if reference is not self._followed:
            messages += self._turn_to(reference, now)
            self._followed = reference
        while (moment := self._moment(self._pulse, reference)) <= now:
            if self._begin is not None and self._pulse >= self._begin_pulse:
                messages.append(self._begin)
                self._begin = None
            messages.append((CLOCK,))
            self._pulse += 1
            self._sent_seconds = now
        if self._begin is not None and self._pulse == self._begin_pulse and self._sent_seconds < now:
            # As early before its pulse as can be, or a follower may take the pulse for one before the start.
            messages.append(self._begin)
            self._begin = None
        return messages, min(moment, now + IDLE_SECONDS)

    def _turn_to(self, reference: TempoReference, now: float) -> list[Message]:
        """What a new reference needs at once: stop, song position; and where pulses go on."""
        place = reference.beat_at(self._frames.frame_at(now + self._latency_seconds)) * PULSES_PER_BEAT
        coming = math.ceil(place)
        messages: list[Message] = []
        moved = abs(coming - self._pulse) >= MOVED_PULSES
        if self._started and (moved or not reference.running):
            messages.append((STOP,))
            self._started, self._begin = False, None
        if not self._started:
            self._pulse = coming
            if reference.running:
                messages += self._set_off(place)
        return messages

    def _set_off(self, place: float) -> list[Message]:
        """Plan to begin: at the one if it is to come or was just now, else at the next sixteenth."""
        self._started = True
        if place < 1.0:
            self._pulse, self._begin_pulse, self._begin = min(self._pulse, 0), 0, (START,)
            return []
        unit = math.ceil(place / PULSES_PER_UNIT)
        self._begin_pulse, self._begin = unit * PULSES_PER_UNIT, (CONTINUE,)
        told = unit % POSITION_UNITS
        return [(SONG_POSITION, told % 128, told // 128)]

    def _moment(self, pulse: int, reference: TempoReference) -> float:
        beat = pulse / PULSES_PER_BEAT
        line = self._frames.seconds_at(reference.frame_of_beat(beat)) - self._latency_seconds
        period = reference.frames_per_beat / PULSES_PER_BEAT / self._frames.frames_per_second
        return max(line, self._sent_seconds + QUICKEST * period)


class MidiClockOutput:
    """Sends a schedule to one MIDI output, found by (part of) its name: `start` opens it and begins, `stop` ends with a stop.

    A port that goes away is taken up again by name, and what hangs on it is then told anew where we are; `tell` is given the
    sentences that say so. A message that the port does not take is counted in `failed`, and the first one logged.
    """

    def __init__(self, name: str, schedule: ClockSchedule, tell: Callable[[str], None] = logger.warning) -> None:
        self.failed = 0
        self._schedule = schedule
        self._tell = tell
        self._port = MidiPort(OUTPUT, name)
        self._next_port_look = 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Open the port and begin to send; returns its full name.

        Raises:
            VamenError: there is no such port, more than one, or it cannot be opened.
        """
        opened: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, args=(opened,), name="midi clock", daemon=True)
        self._thread.start()
        return opened.result()

    def open(self) -> str:
        """Open the port without a thread, for who calls `step` himself; otherwise as `start`."""
        return self._port.open()

    def stop(self) -> None:
        """Stop the follower and close the port; nothing happens if it is not open."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._stopping.clear()
            self._thread = None
        self._port.close()

    def __enter__(self) -> MidiClockOutput:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def step(self, now: float) -> float:
        """Send what is due at `now` (`time.perf_counter`), look after the port; returns the moment of the next step."""
        messages, next_look = self._schedule.due(now)
        for message in messages:
            self._send(message)
        if now >= self._next_port_look and next_look - now >= LOOK_ROOM_SECONDS:
            self._next_port_look = now + LOOK_SECONDS
            sentence = self._port.look()
            if sentence is not None:
                self._schedule.begin_again()
                self._tell(sentence)
        return next_look

    def _run(self, opened: Future[str]) -> None:
        try:
            opened.set_result(self._port.open())
        except Exception as error:
            opened.set_exception(error)
            return
        try:
            while not self._stopping.is_set():
                # Not Event.wait, which on Windows wakes up only every 15 ms; no sleep is longer than IDLE_SECONDS.
                time.sleep(max(0.0, self._step_guarded() - time.perf_counter()))
            self._send((STOP,))
        finally:
            self._port.close()

    def _step_guarded(self) -> float:
        now = time.perf_counter()
        try:
            return self.step(now)
        except Exception:
            # As with MIDI in: an error of ours costs a pulse, not the clock.
            logger.exception("the MIDI clock met an error in VAmEn")
            return now + IDLE_SECONDS

    def _send(self, message: Message) -> None:
        if (client := self._port.client) is None:
            return
        try:
            client.send_message(message)
        except rtmidi.RtMidiError as error:
            self.failed += 1
            if self.failed == 1:
                logger.warning("The MIDI clock cannot be sent (%s). More of these are only counted.", error)
