"""Which of several MIDI inputs is the master: a drum machine on one, a controller on another, and both may send a clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from bridge.midi_clock import CONTINUE, START, VANISHED_SECONDS, MidiClock
from bridge.tempo_reference import TempoReference


class ClockInput:
    """Lets one MidiClock follow one port at a time; every port's thread may call.

    The port whose clock came first keeps it until it has been silent for VANISHED_SECONDS; then the next that sends one has it.
    But where it fell silent while it ran, another needs to say start or continue: a drum machine that idles at a tempo of its own
    must not take over a piece. `follow` is given every new reference, `tell` every sentence of the clock.
    """

    def __init__(self, clock: MidiClock, follow: Callable[[TempoReference], None], tell: Callable[[str], None]) -> None:
        self._clock = clock
        self._follow = follow
        self._tell = tell
        self._lock = threading.Lock()
        self._master: object = None
        self._heard_seconds = 0.0

    def take(self, port: object, data: Sequence[int], seconds: float) -> None:
        """A clock message came from `port` at `seconds` (`time.perf_counter`)."""
        with self._lock:
            if port is not self._master:
                if self._master is not None and not self._free_for(data, seconds):
                    return
                self._master = port
            self._heard_seconds = seconds
            reference = self._clock.take(data, seconds)
            if reference is not None:
                self._follow(reference)

    def expect(self, beats_per_minute: float) -> None:
        """Take this tempo for a master's that has not told its own."""
        with self._lock:
            self._clock.expect(beats_per_minute)

    def look(self, seconds: float) -> None:
        """Call now and then: says when the clock has fallen silent or is back."""
        with self._lock:
            sentence = self._clock.look(seconds)
        if sentence is not None:
            self._tell(sentence)

    def _free_for(self, data: Sequence[int], seconds: float) -> bool:
        silent = seconds - self._heard_seconds > VANISHED_SECONDS
        return silent and (not self._clock.running or data[0] in (START, CONTINUE))
