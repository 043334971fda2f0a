"""When a master meant its beats: straight lines through what it was heard to say, which jitters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DoubleArray = NDArray[np.float64]

REACH_BEATS = 2.0
"""The line for a beat goes through what was said in so many beats on either side: of MIDI pulses that jitter by 1 ms it leaves
less than 0.1 ms."""

FEWEST_POINTS = 6
"""That make a line."""

STEADY_SECONDS = 0.002
"""A beat longer or shorter by more than this was not meant so: the master had no processor time."""


@dataclass(frozen=True)
class BeatLine:
    """A master said at `seconds` (n,), rising, that beats `beat` (n,), with their fractions, had come."""

    beat: DoubleArray
    seconds: DoubleArray

    def due(self, beats: NDArray[np.int64], breaks: Sequence[float] = ()) -> DoubleArray:
        """When the master meant each of some beats, which may lie beyond what it said. At the moments `breaks` its tempo changed:
        no line goes across them."""
        edges = np.searchsorted(self.seconds, [-np.inf, *breaks, np.inf])
        found = np.empty(len(beats))
        for place, beat in enumerate(beats):
            nearest = int(np.argmin(np.abs(self.beat - beat)))
            part = int(np.searchsorted(edges, nearest, side="right")) - 1
            said, moments = self.beat[edges[part] : edges[part + 1]], self.seconds[edges[part] : edges[part + 1]]
            near = np.abs(said - beat) <= max(REACH_BEATS, abs(self.beat[nearest] - beat) + REACH_BEATS)
            line = np.polyfit(said[near] - beat, moments[near] - moments[0], 1)
            found[place] = moments[0] + line[1]
        return found

    def whole_beats(self) -> NDArray[np.int64]:
        """The beats that were said to come."""
        return np.arange(int(np.ceil(self.beat[0])), int(self.beat[-1]) + 1)

    def between(self, first: float, last: float) -> BeatLine:
        """What was said from one moment to another."""
        inside = (self.seconds >= first) & (self.seconds < last)
        return BeatLine(self.beat[inside], self.seconds[inside])

    def unsteady(self, beats_per_minute: float) -> int:
        """How many beats were not as long as this tempo makes them."""
        lengths = np.diff(self.due(self.whole_beats()))
        return int(np.count_nonzero(np.abs(lengths - 60.0 / beats_per_minute) > STEADY_SECONDS))

    def break_near(self, seconds: float) -> float:
        """When the tempo that was changed at about `seconds` really was: from where on another line fits."""
        within = np.flatnonzero(np.abs(self.beat - np.interp(seconds, self.seconds, self.beat)) <= REACH_BEATS)
        first, last = int(within[0]), int(within[-1]) + 1

        def rest(at: int) -> float:
            """What two lines leave, squared."""
            return sum(
                float(np.polyfit(self.beat[side] - self.beat[first], self.seconds[side] - seconds, 1, full=True)[1].sum())
                for side in (slice(first, at), slice(at, last))
            )

        return float(self.seconds[min(range(first + FEWEST_POINTS, last - FEWEST_POINTS), key=rest)])
