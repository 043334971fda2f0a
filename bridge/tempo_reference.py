"""Musical time as three numbers: beat b falls on frame f of the sound's counter, at so many beats a minute.

Whoever supplies the tempo (the internal clock, tap, MIDI clock, Ableton Link) writes one `TempoReference`; everything else asks
it which beat a frame is and on which frame a beat falls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from bridge.control import Control
from bridge.errors import VamenError
from bridge.parameters import DECIMALS
from bridge.sample_rate import ENGINE_SAMPLE_RATE

END_OF_RANGE = 0.002
"""What a tempo may lie beyond the end of a range, as a part of it."""

CONTROL_NAME = "reference"
"""The control as which a reference travels through the mailbox and into a take."""


@dataclass(frozen=True, slots=True)
class TempoReference:
    """Beat `beat` (a quarter note, 0 is the one) falls on frame `frame`, at `beats_per_minute`.

    A minute is 60 * 44100 frames of the sound's counter, whatever a clock on the wall says meanwhile. `running` says whether the
    source means it to sound; the line of beats goes on either way. Numbers are rounded to the decimals of a take when the
    reference is made (a millionth of a beat is half a microsecond), so what is played live is what the take plays.

    Raises:
        ValueError: a number is not finite, or the tempo not above 0.
    """

    beat: float
    frame: int
    beats_per_minute: float
    running: bool

    def __post_init__(self) -> None:
        # What is rounded to no tempo at all could be doubled for ever.
        if not (
            math.isfinite(self.beat) and math.isfinite(self.beats_per_minute) and round(self.beats_per_minute, DECIMALS) > 0.0
        ):
            raise ValueError(f"{self.beat} at {self.beats_per_minute} beats a minute is no musical time")
        # Adding 0.0 turns -0.0 into 0.0, as parsing does.
        object.__setattr__(self, "beat", round(float(self.beat), DECIMALS) + 0.0)
        object.__setattr__(self, "frame", int(self.frame))
        object.__setattr__(self, "beats_per_minute", round(float(self.beats_per_minute), DECIMALS))
        object.__setattr__(self, "running", bool(self.running))

    @property
    def frames_per_beat(self) -> float:
        """Frames of the sound's counter from one beat to the next."""
        return 60.0 * ENGINE_SAMPLE_RATE / self.beats_per_minute

    def beat_at(self, frame: float) -> float:
        """The beat at a frame."""
        return self.beat + (frame - self.frame) / self.frames_per_beat

    def frame_of_beat(self, beat: float) -> int:
        """The frame nearest to a beat."""
        return self.frame + round((beat - self.beat) * self.frames_per_beat)

    def at_tempo(self, beats_per_minute: float, frame: int) -> TempoReference:
        """The same beat at `frame`, and another tempo from there on."""
        return replace(self, beat=self.beat_at(frame), frame=frame, beats_per_minute=beats_per_minute)

    def nudged(self, beats: float) -> TempoReference:
        """The line of beats moved: with a positive number every beat comes earlier by so many beats."""
        return replace(self, beat=self.beat + beats)

    def within(self, slowest: float, quickest: float) -> TempoReference:
        """The same line counted in half or double beats, as often as it takes to come into a range of tempos.

        What misses the range by a hair stays as it is: a clock at its very end jitters about it.
        """
        reference = self
        while reference.beats_per_minute < slowest * (1.0 - END_OF_RANGE):
            reference = replace(reference, beat=2.0 * reference.beat, beats_per_minute=2.0 * reference.beats_per_minute)
        while reference.beats_per_minute > quickest * (1.0 + END_OF_RANGE):
            reference = replace(reference, beat=reference.beat / 2.0, beats_per_minute=reference.beats_per_minute / 2.0)
        return reference

    def error_beats(self, other: TempoReference, frame: int) -> float:
        """How many beats further this reference is than another at a frame."""
        return self.beat_at(frame) - other.beat_at(frame)

    def control(self) -> Control:
        """The control that says this: beat, frame, beats a minute, 1 or 0; all floats, since a row of the table has one type."""
        return Control(CONTROL_NAME, (), (self.beat, float(self.frame), self.beats_per_minute, float(self.running)))

    @classmethod
    def from_control(cls, control: Control) -> TempoReference:
        """The reference that a control says; raises VamenError where it is no musical time."""
        beat, frame, beats_per_minute, running = (float(value) for value in control.values)
        try:
            return cls(beat, round(frame), beats_per_minute, running >= 0.5)
        except ValueError as error:
            raise VamenError(f"A clock's reference cannot be followed: {error}.") from error
