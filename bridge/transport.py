"""Where in the loop we are: who supplies the beat, whether it sounds, and how the ring is read so that it is on the one.

The internal clock's tempo is the one whose loop is exactly the ring's number of samples, and nothing has to be followed. An
outside clock says which beat falls on which frame (`TempoReference`); the ring is then read at a rate near 1 that keeps to it.
What happens at a tick follows from the tick and the controls alone.
"""

from __future__ import annotations

import math

from bridge.control import Control
from bridge.errors import VamenError
from bridge.mel_spectrogram import BEATS_PER_BAR
from bridge.parameters import DECIMALS, DOCUMENTED_LAYOUT, PARAMETERS
from bridge.player import FADE_FRAMES, TICK_FRAMES
from bridge.reading import Reading, reading_at
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.tempo_reference import TempoReference

CUT_FADE_FRAMES = 32
"""Cross-fade when the loop starts or is re-triggered: short, so that the attack on the one stays an attack."""

MOST_RATE_CHANGE = 0.003
"""While pitch is to stay, the ring is read at most this much faster or slower: 5 cents, which nobody hears. A tempo that is
farther off is painted anew."""

SURELY_ANOTHER_TEMPO = 0.006
ANOTHER_TEMPO_SECONDS = 1.5
"""What is less far off has to be so for a while: the tempo of a MIDI clock that jitters by 3 ms wanders by 0.4 % and returns."""

CATCH_UP_SECONDS = 1.0
"""What is missing to the beat is caught up with in about so long."""

DEAD_ZONE_SECONDS = 0.0002
"""Less than this is not followed: it is what clocks jitter by."""

CUT_SECONDS = 0.015
"""More than this is no drift: the ring is read on from the right place, with a short cross-fade."""

LATE_BEATS = 0.125
"""So long after a bar line it still can be entered; the start that was meant to be on it may have come a moment late."""

OCTAVE_KEPT = 0.02
"""A clock that was counted in half or double beats has to come into the range of tempos by this part of its tempo before it is
counted in its own: at the edge its jitter would throw us from one to the other."""

NEVER = 2**62
"""A tick that does not come."""

_TEMPO = PARAMETERS["tempo"]
SLOWEST, QUICKEST = _TEMPO.minimum, _TEMPO.highest(DOCUMENTED_LAYOUT)


class Transport:
    """Musical time, start and stop; `loop_length` samples of the ring that sounds are `beats` beats.

    `apply` and `follow` return over how many frames what sounds is to change, or None where it does not.
    """

    def __init__(self, beats: int, steps_per_beat: int, beats_per_minute: float) -> None:
        self.loop_length = 0
        self.beats_per_minute = beats_per_minute
        """What a hand has asked for."""
        self.clock = "internal"
        self.tempo_mode = "paint"
        self.playing = True
        self.reference: TempoReference | None = None
        """What the outside clock said last, nudged, in the octave of tempo that we play; None with the internal clock."""
        self.next_look = 0
        """Nothing happens by itself in ticks before this one."""
        self._beats = beats
        self._steps_per_beat = steps_per_beat
        self._reading = Reading()
        self._triggered: Reading | None = None
        self._entered = False
        self._waited = False
        """Whether it is silent because it waited for an outside clock when that was left."""
        self._entry_frame = 0
        self._nudged = 0.0
        self._octave = 1.0
        """How many of our beats are one of the clock's."""
        self._looked = 0
        self._off_frames = 0
        """For how long the ring has been off the clock's tempo by more than its rate may make up for."""

    def begin(self, loop_length: int) -> None:
        """The ring that sounds from frame 0 on."""
        self.loop_length = loop_length
        self._reading, self._triggered = Reading(), None

    def state(self) -> list[Control]:
        """The controls of frame 0 that bring another transport to this state."""
        controls = [
            Control("tempo", (), (self.beats_per_minute,)),
            Control("tempo_mode", (), (self.tempo_mode,)),
            Control("clock", (), (self.clock,)),
        ]
        if self.reference is not None:
            controls.append(self.reference.nudged(-self._nudged).control())
            controls.append(Control("nudge", (), (self._nudged,)))
        return [*controls, Control("play" if self.playing else "stop")]

    # -- asked by others ------------------------------------------------------------------------------------------------------

    @property
    def sounding(self) -> bool:
        """Whether anything is meant to be heard."""
        return self.playing and (self.clock == "internal" or self._entered)

    @property
    def tempo(self) -> float:
        """Beats a minute, whoever supplies them."""
        # Read once, because other threads ask too.
        reference = self.reference
        return self.beats_per_minute if reference is None else reference.beats_per_minute

    @property
    def export_tempo(self) -> float:
        """The tempo of a file: what a hand has set, or what an outside clock most likely means, which jitters about it."""
        return self.beats_per_minute if self.reference is None else round(self.painted_tempo, 1)

    @property
    def painted_tempo(self) -> float:
        """The tempo at which a new ring is to be painted."""
        return min(max(self.tempo, SLOWEST), QUICKEST)

    @property
    def reading(self) -> Reading:
        """How the ring is read now."""
        return self._reading if self._triggered is None else self._triggered

    @property
    def frames_per_beat(self) -> float:
        """Frames of the sound's counter from one beat to the next."""
        if self.reference is not None:
            return self.reference.frames_per_beat
        return self.loop_length / self._reading.rate / self._beats

    def beat_at(self, frame: int) -> float:
        """Beats since the one at a frame of the sound's counter (may be negative, and grows beyond one loop)."""
        if self.reference is not None:
            return self.reference.beat_at(frame)
        return self._reading.position_at(frame) / self.loop_length * self._beats

    def frame_of_beat(self, beat: float) -> int:
        """Frame at which a beat, counted as in `beat_at`, falls."""
        if self.reference is not None:
            return self.reference.frame_of_beat(beat)
        return self._reading.frame_of(beat * self.loop_length / self._beats)

    def line(self) -> TempoReference:
        """The line of beats that we play, for those who follow us."""
        if self.reference is not None:
            return TempoReference(self.reference.beat, self.reference.frame, self.reference.beats_per_minute, self.sounding)
        beats_per_minute = 60.0 * ENGINE_SAMPLE_RATE / self.frames_per_beat
        return TempoReference(self.beat_at(self._reading.frame), self._reading.frame, beats_per_minute, self.sounding)

    def place_at(self, frame: int) -> float:
        """The place of the ring that is meant to sound at a frame, in samples that go on past its end."""
        if self._triggered is None and self.reference is not None:
            return self.reference.beat_at(frame) / self._beats * self.loop_length
        return self.reading.position_at(frame)

    @property
    def wants_painting(self) -> bool:
        """Whether the tempo calls for another ring than the one that sounds."""
        if self.tempo_mode == "repitch":
            return False
        if self.reference is None:
            return self.loop_length != self._length_at(self.beats_per_minute)
        off = self._off_tempo()
        if not self.sounding or off > SURELY_ANOTHER_TEMPO:
            return off > MOST_RATE_CHANGE
        return off > MOST_RATE_CHANGE and self._off_frames > ANOTHER_TEMPO_SECONDS * ENGINE_SAMPLE_RATE

    def _off_tempo(self) -> float:
        """How far the ring's own tempo is from the clock's, as a part of it."""
        return abs(self.loop_length / self._length_at(self.painted_tempo) - 1.0)

    # -- what a hand says -----------------------------------------------------------------------------------------------------

    def apply(self, control: Control, now: int) -> int | None:
        """Do what a control says, from frame `now` on. Raises VamenError where that cannot be."""
        match control.name:
            case "tempo":
                if self.clock != "internal":
                    raise VamenError(f"The tempo is the {self.clock} clock's: /vamen/clock internal takes it into your hand.")
                self.beats_per_minute = float(control.values[0])
                self._look_at_once()
            case "tempo_mode":
                self.tempo_mode = str(control.values[0])
                self._look_at_once()
            case "clock":
                return self._change_clock(str(control.values[0]), now)
            case "reference":
                self._take(TempoReference.from_control(control))
            case "nudge":
                return self._nudge(float(control.values[0]), now)
            case "play":
                return self._play(now)
            case "stop":
                self.playing = self._entered = self._waited = False
                return FADE_FRAMES
            case _:
                raise ValueError(f"{control.name} is nothing that the transport knows")
        return None

    def trigger(self, position: int | None, now: int) -> int:
        """Read from a place on, whatever the beat; None goes back to the loop as if nothing had happened."""
        self._triggered = None if position is None else reading_at(now, position, self._reading.rate)
        return CUT_FADE_FRAMES

    def _play(self, now: int) -> int:
        self.playing, self._waited = True, False
        if self.clock == "internal":
            self._reading, self._triggered = Reading(now, 0.0, self._reading.rate), None
        self._look_at_once()
        return CUT_FADE_FRAMES

    def _nudge(self, beats: float, now: int) -> int:
        if self.reference is not None:
            self._nudged = round(self._nudged + beats, DECIMALS)
            self.reference = self.reference.nudged(beats)
            self._look_at_once()
            return FADE_FRAMES
        place = self._reading.position_at(now) + beats * self.loop_length / self._beats
        self._reading = reading_at(now, place, self._reading.rate)
        return FADE_FRAMES

    def _change_clock(self, clock: str, now: int) -> int | None:
        if clock == self.clock:
            return None
        sounding = self.sounding
        if clock == "internal":
            # What sounds goes on as it is, and what is silent stays so.
            self.beats_per_minute = round(self.painted_tempo, DECIMALS)
            self._waited = self.playing and not sounding
            self.playing = sounding
        elif self._waited:
            self.playing, self._waited = True, False
        self.clock, self.reference, self._entered, self._nudged, self._octave = clock, None, False, 0.0, 1.0
        self._look_at_once()
        return FADE_FRAMES

    # -- what an outside clock says -------------------------------------------------------------------------------------------

    def _take(self, reference: TempoReference) -> None:
        """Follow a reference from outside: in the octave in which we play, nudged by all that was nudged so far."""
        if self.clock == "internal":
            # The last word of a clock that has been left.
            return
        slowest = SLOWEST * (1.0 + OCTAVE_KEPT) if self._octave > 1.0 else SLOWEST
        quickest = QUICKEST / (1.0 + OCTAVE_KEPT) if self._octave < 1.0 else QUICKEST
        folded = reference.within(slowest, quickest)
        self._octave = round(folded.beats_per_minute / reference.beats_per_minute, DECIMALS)
        self.reference = folded.nudged(self._nudged)
        self._look_at_once()

    def follow(self, number: int) -> int | None:
        """Keep to the clock in tick `number`."""
        if number < self.next_look:
            return None
        now = number * TICK_FRAMES
        if self.clock == "internal":
            self.next_look = NEVER
            return self._read_at(now, self._own_rate())
        if self.reference is None or not self.reference.running or not self.playing:
            self.next_look = NEVER
            was, self._entered = self._entered, False
            return FADE_FRAMES if was else None
        self.next_look = max(number + 1, self._next_step(now) // TICK_FRAMES)
        self._off_frames = self._off_frames + now - self._looked if self._off_tempo() > MOST_RATE_CHANGE else 0
        self._looked = now
        if not self._entered:
            return self._enter(number, now)
        return self._correct(now)

    def _next_step(self, now: int) -> int:
        """The frame at which the next step begins."""
        step = math.floor(self.beat_at(now) * self._steps_per_beat) + 1
        return self.frame_of_beat(step / self._steps_per_beat)

    def _enter(self, number: int, now: int) -> int | None:
        """Begin to sound in the tick that holds the bar line."""
        bar = math.ceil((self.beat_at(now) - LATE_BEATS) / BEATS_PER_BAR) * BEATS_PER_BAR
        frame = self.frame_of_beat(bar)
        if frame // TICK_FRAMES > number:
            return None
        self._entered, self._triggered = True, None
        self._entry_frame = frame - CUT_FADE_FRAMES
        self._reading = Reading(now, self.place_at(now), self._clock_rate())
        return CUT_FADE_FRAMES

    def effect_frame(self, now: int) -> int:
        """The frame from which a change in the tick that begins at `now` sounds: the tick's own, but for an entry on the bar."""
        return min(max(now, self._entry_frame), now + TICK_FRAMES - 1)

    def _correct(self, now: int) -> int | None:
        """Keep the reading on the line of beats."""
        assert self.reference is not None
        wanted = self.reference.beat_at(now) / self._beats * self.loop_length
        half = self.loop_length / 2
        behind = (wanted - self._reading.position_at(now) + half) % self.loop_length - half
        rate = self._clock_rate()
        if self.wants_painting and abs(self._reading.rate - 1.0) > MOST_RATE_CHANGE:
            # No longer repitched, but in tempo until the ring that is painted for it is there.
            return None
        if abs(behind) > CUT_SECONDS * ENGINE_SAMPLE_RATE and not self.wants_painting:
            self._reading = Reading(now, wanted, rate)
            self._follow_triggered(now)
            return FADE_FRAMES
        if abs(behind) > DEAD_ZONE_SECONDS * ENGINE_SAMPLE_RATE:
            rate += min(max(behind / ENGINE_SAMPLE_RATE / CATCH_UP_SECONDS, -MOST_RATE_CHANGE), MOST_RATE_CHANGE)
        return self._read_at(now, self._limited(rate))

    def _read_at(self, now: int, rate: float) -> int | None:
        if rate == self._reading.rate:
            return None
        self._reading = self._reading.at(now, rate)
        self._follow_triggered(now)
        return FADE_FRAMES

    def _follow_triggered(self, now: int) -> None:
        if self._triggered is not None:
            self._triggered = self._triggered.at(now, self._reading.rate)

    # -- rings ----------------------------------------------------------------------------------------------------------------

    def take_over(self, loop_length: int, now: int) -> None:
        """Another ring sounds from frame `now` on: the beat stays what it is, or becomes what the clock says."""
        if loop_length == self.loop_length:
            return
        places = [
            reading.position_at(now) * loop_length / self.loop_length
            for reading in (self._reading, self._triggered)
            if reading is not None
        ]
        self.loop_length = loop_length
        if self.reference is None:
            rate = self._repitched() if self.tempo_mode == "repitch" else 1.0
        else:
            places[0] = self.reference.beat_at(now) / self._beats * loop_length
            rate = self._clock_rate()
        self._reading = reading_at(now, places[0], rate)
        self._triggered = None if self._triggered is None else reading_at(now, places[1], rate)
        self._look_at_once()

    def _own_rate(self) -> float:
        """At which the internal clock reads the ring that sounds; while another is painted for the tempo, as it was."""
        if self.loop_length == self._length_at(self.beats_per_minute):
            return 1.0
        return self._repitched() if self.tempo_mode == "repitch" else self._reading.rate

    def _repitched(self) -> float:
        """The rate at which the ring has the tempo that is wanted."""
        return self.loop_length * self.tempo / self._length_of_a_minute()

    def _clock_rate(self) -> float:
        """At which a ring has an outside clock's tempo, as far as that may be."""
        return self._limited(self._repitched())

    def _limited(self, rate: float) -> float:
        if self.tempo_mode == "repitch":
            return rate
        return min(max(rate, 1.0 - MOST_RATE_CHANGE), 1.0 + MOST_RATE_CHANGE)

    def _length_at(self, beats_per_minute: float) -> int:
        return round(self._length_of_a_minute() / beats_per_minute)

    def _length_of_a_minute(self) -> float:
        """Samples of a loop at one beat a minute."""
        return self._beats * 60.0 * ENGINE_SAMPLE_RATE

    def _look_at_once(self) -> None:
        self.next_look = 0
