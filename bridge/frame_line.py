"""Which frame is due when: the straight line on which the sound's frame counter stays, whoever asks for its blocks.

Callbacks come unevenly (sound servers ask for two blocks at once, and for several when a stream begins), so the line goes
through the median of the last requests. `bridge.frame_clock` follows the counter from outside, over minutes; this one is
laid when a device has gone, and has to be right from a tenth of a second.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

from bridge.sample_rate import ENGINE_SAMPLE_RATE

REQUESTS_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class FrameLine:
    """`frame` is due at `seconds` of `time.perf_counter`, and every other one at the pace of the engine's rate."""

    frame: int
    seconds: float

    def frame_at(self, seconds: float) -> float:
        """The frame, with its fraction, that is due at a moment."""
        return self.frame + (seconds - self.seconds) * ENGINE_SAMPLE_RATE

    def seconds_at(self, frame: float) -> float:
        """The moment at which a frame is due."""
        return self.seconds + (frame - self.frame) / ENGINE_SAMPLE_RATE


class Requests:
    """The last requests for frames, as one line."""

    def __init__(self) -> None:
        self._last: deque[FrameLine] = deque(maxlen=REQUESTS_REMEMBERED)

    def note(self, frame: int, seconds: float) -> None:
        """`frame` was the first of those that were asked for at `seconds`."""
        self._last.append(FrameLine(frame, seconds))

    @property
    def line(self) -> FrameLine | None:
        """The line through the median of the requests; None before the first."""
        if not self._last:
            return None
        last = self._last[-1]
        return FrameLine(last.frame, median(request.seconds_at(last.frame) for request in self._last.copy()))
