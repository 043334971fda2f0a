"""Tap tempo: the tempo of a hand that taps along."""

from __future__ import annotations

from collections import deque
from statistics import median

from bridge.parameters import PARAMETERS

INTERVALS = 8
"""The median of so many last intervals: two bars' worth; a tap that comes 30 ms late then moves nothing."""

OUTLIER = 0.25
"""An interval this part longer or shorter than the median so far is no jitter of a hand (which is below a tenth): a new count."""

BOUNCE = 0.5
"""Taps closer than this part of the shortest beat are one tap of a pad that bounces."""


class TapTempo:
    """Taps in, beats a minute out, within the range of /vamen/tempo."""

    def __init__(self) -> None:
        tempo = PARAMETERS["tempo"]
        assert isinstance(tempo.maximum, float), "the table gives the tempo's range in numbers"
        self._range = (tempo.minimum, tempo.maximum)
        self._last: float | None = None
        self._intervals: deque[float] = deque(maxlen=INTERVALS)

    def tap(self, seconds: float) -> float | None:
        """A tap at `seconds` (any steady clock); returns the tempo from the second tap of a count on.

        A tap that does not fit those before (a pause, a missed tap, another tempo) begins a new count and returns None.
        """
        slowest, quickest = self._range
        last = self._last
        if last is not None and 0.0 <= seconds - last < BOUNCE * 60.0 / quickest:
            return None
        self._last = seconds
        if last is None:
            return None
        interval = seconds - last
        usual = median(self._intervals) if self._intervals else min(interval, 60.0 / slowest)
        if not (1.0 - OUTLIER) * usual <= interval <= (1.0 + OUTLIER) * usual:
            self._intervals.clear()
            return None
        self._intervals.append(interval)
        return min(max(60.0 / median(self._intervals), slowest), quickest)
