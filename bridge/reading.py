"""How a ring is read: which place of it sounds at which frame."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """Sample `position` of a ring sounds at frame `frame`, and from there `rate` samples a frame; positions grow past the end."""

    frame: int = 0
    position: float = 0.0
    rate: float = 1.0

    def position_at(self, frame: int) -> float:
        """The place that sounds at a frame."""
        return self.position + (frame - self.frame) * self.rate

    def frame_of(self, position: float) -> int:
        """The frame nearest to a place."""
        return self.frame + round((position - self.position) / self.rate)

    def at(self, frame: int, rate: float) -> Reading:
        """The same place at a frame, and another rate from there on."""
        return reading_at(frame, self.position_at(frame), rate)


def reading_at(frame: int, position: float, rate: float) -> Reading:
    """A reading that has `position` at a frame; at rate 1 to half a sample, so that the ring's own samples sound."""
    if rate == 1.0:
        return Reading(frame - round(position), 0.0, 1.0)
    return Reading(frame, position, rate)
