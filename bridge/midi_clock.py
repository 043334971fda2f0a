"""MIDI clock in: 24 pulses a quarter note, start, stop, continue and song position become tempo references.

After start, the next pulse is the one; after continue, the next pulse is where the song position pointer (or the last stop) left
off; a unit of the pointer is 6 pulses (MIDI 1.0 Detailed Specification, System Real Time Messages, and Song Position Pointer).

Beats are counted in pulses, since a sequencer whose sound breaks off stands still for a moment. But where pulses stay away for
whole periods and go on exactly on their raster, they were lost on the way (JACK drops those of a period in which we were not
ready), and count; a master that stood still is on its old raster again only by chance. Where it was away for longer, time counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.delay_locked_loop import RECOGNISED_PULSES, DelayLockedLoop, Jump
from bridge.frame_clock import FrameClock
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.tempo_reference import TempoReference

PULSES_PER_BEAT = 24
PULSES_PER_UNIT = 6
"""Of the song position pointer: a sixteenth."""

CLOCK, START, CONTINUE, STOP, SONG_POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
MESSAGE_LENGTHS = {CLOCK: 1, START: 1, CONTINUE: 1, STOP: 1, SONG_POSITION: 3}
"""In bytes."""

VANISHED_SECONDS = 0.5
"""Without a pulse for so long the source has gone; the slowest tempo has one every 0.125 s."""

TEMPO_RANGE = (20.0, 400.0)
"""Pulses at another pace are no clock."""

SETTLING_PULSES = (RECOGNISED_PULSES, 2 * RECOGNISED_PULSES)
"""After a new tempo the reference is told at these pulses, from then on once a beat."""

GAP_PULSES = 1.5
"""Silence for so many pulses, of which some may have been lost in it."""
LOST_RASTER = 1.0
"""In units of the jitter: pulses after a gap that are no further off, in their median, lie on the raster of those before it."""
TELLING_PULSES = 2 * RECOGNISED_PULSES
"""Within so many after the gap the loop has noticed that the line has moved."""

NEW_RASTER = 3.0
"""In units of the jitter: a first pulse after start or continue that is further off lies on a raster of its own."""

LONGEST_WAIT_SECONDS = 0.1
"""What the driver says a message waited for us: beyond this its clock and ours have come apart."""

DRAWN = 0.001
"""Of the wait, a message: at 50 messages a second a clock that is off by 10 parts in a million is followed 0.2 ms late."""


class ArrivalTimes:
    """When messages came to the driver, from when we took them out of its queue and how long after the one before each came.

    Polling sees a message late, but never early; the driver's own intervals are not late. So the driver's line of times is held
    against ours: pushed back whenever it claims a time later than the moment at which the message was seen, and otherwise drawn
    towards that moment very slowly, in case the driver's clock is another one. Who did not look for a while says so by `look`:
    what waited meanwhile came when the driver says it did.
    """

    def __init__(self) -> None:
        self._seconds: float | None = None
        self._looked: float | None = None
        self._away = 0.0

    def look(self, now: float) -> None:
        """The queue is looked at now, and all that waits in it will be taken out."""
        away = 0.0 if self._looked is None else now - self._looked
        self._away = away if away > LONGEST_WAIT_SECONDS else 0.0
        self._looked = now

    def arrival(self, seen: float, since_last: float) -> float:
        """The time of a message seen at `seen`, which came `since_last` seconds after the one before (0 for the first)."""
        expected = seen if self._seconds is None else min(seen, self._seconds + since_last)
        waited = max(0.0, seen - expected - self._away)
        self._seconds = expected + DRAWN * waited if waited <= LONGEST_WAIT_SECONDS else seen
        return self._seconds


class MidiClock:
    """Follows one master. `take` is called with every message of the port, `look` now and then; both return what is new.

    `running` is what the master said last. `frames` is the sound's clock, which somebody else keeps up.
    """

    def __init__(self, frames: FrameClock) -> None:
        self.running = False
        self._frames = frames
        self._loop = DelayLockedLoop()
        self._period = 0.0
        """Seconds a pulse, as last known or expected; 0 before."""
        self._next = 0
        """Which pulse comes next (0 is the one); stands still while the master does."""
        self._heard_seconds: float | None = None
        self._moved = False
        """Whether the next pulse does not follow the one before."""
        self._vanished = False
        self._since_gap = TELLING_PULSES
        """Pulses since some may have been lost."""

    def expect(self, beats_per_minute: float) -> None:
        """Take this tempo for the master's until its pulses have told: who sends them only while it runs is joined on its one."""
        if not self._period:
            self._period = 60.0 / (PULSES_PER_BEAT * beats_per_minute)

    def take(self, data: Sequence[int], seconds: float) -> TempoReference | None:
        """A message came at `seconds` (`time.perf_counter`); returns the reference if there is a new one to follow."""
        match list(data):
            case [status] if status == CLOCK:
                return self._pulse(seconds)
            case [status] if status == START:
                return self._go(0, seconds)
            case [status] if status == CONTINUE:
                return self._go(self._next, seconds)
            case [status] if status == STOP:
                return self._halt()
            case [status, low, high] if status == SONG_POSITION and low < 0x80 and high < 0x80:
                self._next = PULSES_PER_UNIT * (low + 128 * high)
                self._moved = True
        return None

    def look(self, seconds: float) -> str | None:
        """A sentence if the running master has fallen silent, or is back; each is said once."""
        silent = self._silent(seconds)
        if self.running and silent and not self._vanished:
            self._vanished = True
            return f"The MIDI clock has stopped coming; {self._tempo():.1f} BPM are kept until it returns."
        if self._vanished and not silent:
            self._vanished = False
            return "The MIDI clock is back."
        return None

    def _silent(self, seconds: float) -> bool:
        return self._heard_seconds is not None and seconds - self._heard_seconds > VANISHED_SECONDS

    def _tempo(self) -> float:
        return 60.0 / (PULSES_PER_BEAT * self._period) if self._period else 0.0

    def _halt(self) -> TempoReference | None:
        """Stop: the line goes on through the latest pulse; also where too few have come since a pause for a line of their own."""
        latest = self._next - self.running
        self.running = False
        if self._heard_seconds is None:
            return None
        return self._line(latest, self._loop.seconds if self._loop.recognised else self._heard_seconds)

    def _go(self, pulse: int, seconds: float) -> TempoReference | None:
        """Start or continue: the master runs, and its next pulse is `pulse`."""
        self.running, self._next, self._moved = True, pulse, True
        if not self._loop.recognised or self._silent(seconds):
            # Some masters send pulses only while they run: then the first pulse tells.
            return None
        return self._line(pulse, max(self._loop.seconds + self._period, seconds))

    def _lost(self, jump: Jump) -> int:
        """How many pulses were lost, now that the line has been laid anew."""
        if not self.running or not jump.tempo_kept or self._since_gap > TELLING_PULSES:
            return 0
        periods = round(jump.shift_seconds / jump.old_period)
        on_raster = abs(jump.shift_seconds - periods * jump.old_period) <= LOST_RASTER * self._loop.jitter_seconds
        return max(0, periods) if on_raster else 0

    def _pulse(self, seconds: float) -> TempoReference | None:
        pulse, moved, silent = self._next, self._moved, self._silent(seconds)
        self._moved = False
        gap = self._heard_seconds is not None and seconds - self._heard_seconds > GAP_PULSES * self._period
        self._since_gap = 0 if gap and not moved and not silent else self._since_gap + 1
        if silent and self.running and not moved and self._period and self._heard_seconds is not None:
            # Its beat went on meanwhile, as ours did: the nearest pulse is meant.
            pulse += round((seconds - self._heard_seconds) / self._period) - 1
        if silent or (moved and abs(seconds - self._loop.seconds - self._period) > NEW_RASTER * self._loop.jitter_seconds):
            self._loop.lay_through(seconds)
        self._heard_seconds = seconds
        jump = self._loop.update(seconds)
        if jump is not None:
            pulse += self._lost(jump)
        self._next = pulse + self.running
        if not self._loop.recognised:
            # At the tempo as last known, until the pulses tell.
            return self._line(pulse, seconds) if moved or silent or self._loop.pulses == 1 else None
        if not self._keep_tempo():
            return None
        on_the_beat = (pulse if self.running else self._loop.pulses) % PULSES_PER_BEAT == 0
        if moved or silent or jump is not None or on_the_beat or self._loop.pulses in SETTLING_PULSES:
            return self._line(pulse, self._loop.seconds)
        return None

    def _keep_tempo(self) -> bool:
        """Take the loop's tempo for the last one known; if it is none, begin again."""
        shortest, longest = (60.0 / (PULSES_PER_BEAT * tempo) for tempo in reversed(TEMPO_RANGE))
        if not shortest <= self._loop.period <= longest:
            self._loop.restart()
            return False
        self._period = self._loop.period
        return True

    def _line(self, pulse: int, seconds: float) -> TempoReference | None:
        """A pulse meant for `seconds`, at the tempo as last known, on the sound's counter."""
        if not self._frames.known or not self._period:
            return None
        exact = self._frames.frame_at(seconds)
        frame = round(exact)
        beats_per_frame = 1.0 / (PULSES_PER_BEAT * self._period * self._frames.frames_per_second)
        beat = pulse / PULSES_PER_BEAT + (frame - exact) * beats_per_frame
        return TempoReference(beat, frame, 60.0 * ENGINE_SAMPLE_RATE * beats_per_frame, self.running)
