"""Tells subscribers 60 times a second where the sound is, in a thread: the main loop sleeps while nothing changes."""

from __future__ import annotations

import logging
import threading
import time

from bridge.frame_clock import FrameClock
from bridge.osc_feedback import OscFeedback
from bridge.playhead import Playheads
from bridge.told import COLUMN, POSITION

logger = logging.getLogger(__name__)

FRAMES_PER_SECOND = 60
"""Of pictures: what TouchDesigner, Jitter and most screens draw."""


class Visuals:
    """Sends /vamen/position and /vamen/column of what is heard. While nobody has subscribed the thread sleeps and nothing is
    worked out; `start` begins, `stop` ends it."""

    def __init__(self, playheads: Playheads, feedback: OscFeedback, frames: FrameClock) -> None:
        self._playheads = playheads
        self._feedback = feedback
        self._frames = frames
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="visuals", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopping.set()
        # Whoever sleeps until somebody subscribes sleeps on this.
        self._feedback.anyone.set()
        self._thread.join()

    def tell(self, frame: int) -> None:
        """Send what is heard at a frame, if the engine has said anything about it yet."""
        playhead = self._playheads.at(frame)
        if playhead is not None:
            self._feedback.send(POSITION, *playhead.position(frame))
            self._feedback.send(COLUMN, *playhead.column(frame))

    def _run(self) -> None:
        due = time.perf_counter()
        while not self._stopping.is_set():
            self._feedback.anyone.wait()
            now = time.perf_counter()
            try:
                if self._frames.known:
                    self.tell(max(0, round(self._frames.frame_at(now))))
            except Exception:
                # The last line of defence on stage: an error of ours loses one picture, not the others.
                logger.exception("telling of the position met an error in VAmEn")
            due += 1.0 / FRAMES_PER_SECOND
            if due <= now:
                # Pictures that could not be sent in time are left out.
                due = now + 1.0 / FRAMES_PER_SECOND
            self._stopping.wait(max(0.0, due - time.perf_counter()))
