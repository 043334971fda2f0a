"""MIDI clock out: so that a drum machine or a sequencer can follow us.

`ClockSchedule` decides which messages are due at a moment, from the tempo reference that the engine follows and the sound's
clock; `MidiClockOutput` sends them from a thread of its own. Pulses go on while nothing sounds, so that the follower knows the
tempo before the one. Start comes before the pulse of the one, continue before the pulse that the song position pointer has named.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

from bridge.frame_clock import FrameClock
from bridge.midi_clock import CLOCK, CONTINUE, PULSES_PER_BEAT, PULSES_PER_UNIT, SONG_POSITION, START, STOP
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
    """Sends a schedule through `send` (a MIDI output's send_message) from a thread; `start` begins, `stop` ends with a stop.

    A message that the port does not take is counted in `failed`, and the first one logged; the clock goes on, since a port that
    went away may come back.
    """

    def __init__(self, schedule: ClockSchedule, send: Callable[[Message], None]) -> None:
        self.failed = 0
        self._schedule = schedule
        self._send = send
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to send."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="midi clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and stop the follower; nothing happens if it was not started."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._thread = None
            self.send((STOP,))

    def send(self, message: Message) -> None:
        """Send one message, whatever the port says."""
        try:
            self._send(message)
        except Exception as error:
            # rtmidi raises what its driver raises, among it SystemError.
            self.failed += 1
            if self.failed == 1:
                logger.warning("The MIDI clock cannot be sent (%s). More of these are only counted.", error)

    def _run(self) -> None:
        while not self._stopping.is_set():
            messages, next_look = self._schedule.due(time.perf_counter())
            for message in messages:
                self.send(message)
            self._stopping.wait(max(0.0, next_look - time.perf_counter()))
