"""Which frame of the sound is heard at a moment of the wall's clock, and the other way round.

The sound process says now and then which frame it began to render and when. Its callbacks come unevenly (sound servers ask for
two blocks at once), so a delay-locked loop lays a line through them; where the device lost time, the line jumps with it.
"""

from __future__ import annotations

from bridge.delay_locked_loop import DelayLockedLoop, Jump
from bridge.sample_rate import ENGINE_SAMPLE_RATE

BANDWIDTH_HZ = 0.1
"""Crystals drift slowly; of callbacks at 172 Hz that jitter by 3 ms, 0.2 ms are left."""


class FrameClock:
    """A line through (frame, seconds on `time.perf_counter`), kept up by `note` in one thread and read in any.

    `latency_seconds` from a frame's rendering to the ear: what the device says, plus the player's own offset. All moments are
    those of hearing.
    """

    def __init__(self, latency_seconds: float = 0.0) -> None:
        self.latency_seconds = latency_seconds
        self._loop = DelayLockedLoop(BANDWIDTH_HZ, 1.0 / ENGINE_SAMPLE_RATE)
        self._line: tuple[int, float, float] | None = None
        """A frame, its moment of rendering and the seconds a frame: replaced as one, since other threads read it."""

    @property
    def known(self) -> bool:
        """Whether a frame has been rendered yet; before that nothing else can be asked."""
        return self._line is not None

    @property
    def frames_per_second(self) -> float:
        """The sound's rate on the wall's clock, in Hz."""
        return 1.0 / self._now()[2]

    def note(self, frame: int, seconds: float) -> Jump | None:
        """The sound began to render `frame` at `seconds`; the same frame twice says nothing. Returns a loss of time.

        A counter that goes back belongs to a new sound process: the line begins again.
        """
        steps = 0 if self._line is None else frame - self._line[0]
        if self._line is not None and steps == 0:
            return None
        if steps < 0:
            self._loop.restart()
        jump = self._loop.update(seconds, steps)
        self._line = (frame, self._loop.seconds, self._loop.period)
        return jump

    def frame_at(self, seconds: float) -> float:
        """The frame (with its fraction) that is heard at a moment."""
        frame, rendered, period = self._now()
        return frame + (seconds - self.latency_seconds - rendered) / period

    def seconds_at(self, frame: float) -> float:
        """The moment at which a frame is heard."""
        known, rendered, period = self._now()
        return rendered + (frame - known) * period + self.latency_seconds

    def _now(self) -> tuple[int, float, float]:
        if self._line is None:
            raise RuntimeError("no frame has been rendered yet: ask `known` first")
        return self._line
