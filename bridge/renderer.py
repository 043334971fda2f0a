"""Makes the sound: publications in, limited blocks out, and the frame counter that everything else goes by."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bridge.capture import Capture
from bridge.limiter import Limiter
from bridge.player import Player, Publication
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.sound_memory import SoundMemory, Status

FloatArray = NDArray[np.float32]

ENDING_FADE_SECONDS = 0.05
"""The sound fades out over this time when it is told to end, or when the main process has died."""

RETURN_FADE_SECONDS = 0.01
"""The sound fades in over this time when a device has been found again."""


class Renderer:
    """Makes the limited sound at 44.1 kHz, block after block; the frame counter is its own.

    The counter stands at 0, and nothing is captured, until the first publication is there: a take begins with its first sample.
    A renderer that follows one whose process has died begins at `frame` instead, a multiple of TICK_FRAMES, with the `inherited`
    publications, and its counters go on from those in the memory. `report` takes sentences from any thread. Publications are
    queued by `publish` from another thread than the one that renders.
    """

    def __init__(
        self,
        memory: SoundMemory,
        capture: Capture | None,
        report: Callable[[str], None],
        frame: int = 0,
        inherited: Sequence[Publication] = (),
    ) -> None:
        self.faded = threading.Event()
        self._status = memory.status
        self._player = Player(memory.rings)
        self._limiter = Limiter()
        self._capture = capture
        self._report = report
        self._arrived: deque[Publication] = deque(inherited)
        self._frame = frame
        # What was in time for the process before is late for this one, but it has been counted, or need not be.
        overdue = sum(publication.effect_frame < frame for publication in inherited)
        self._late_before = int(self._status[Status.LATE]) - overdue
        self._lost_before = int(self._status[Status.CAPTURE_LOST])
        self._released_before = int(self._status[Status.RELEASED_SEQUENCE])
        self._begun = False
        self._ending = False
        self._fade_frames = round(ENDING_FADE_SECONDS * ENGINE_SAMPLE_RATE)
        self._fade_left = self._fade_frames
        self._rise_frames = round(RETURN_FADE_SECONDS * ENGINE_SAMPLE_RATE)
        self._rise_left = 0
        self._failures: set[str] = set()

    @property
    def frame(self) -> int:
        """The next frame to be rendered."""
        return self._frame

    @property
    def latency_seconds(self) -> float:
        """What `heard_through` was told last; of a process that has died, what it was told."""
        return int(self._status[Status.LATENCY]) / 1e9

    def heard_through(self, latency_seconds: float, block_frames: float) -> None:
        """Note how long after its rendering a frame is heard, and how many are asked for at a time, on average."""
        self._status[Status.LATENCY] = round(1e9 * latency_seconds)
        self._status[Status.BLOCK_FRAMES] = round(1000.0 * block_frames)

    def publish(self, publication: Publication) -> None:
        """Hand a publication to the player before its next block."""
        self._arrived.append(publication)

    def finish(self) -> None:
        """Begin to fade out; `faded` is set when it is silent. The capture has no fade."""
        self._ending = True

    def fade_in(self) -> None:
        """Let the next frames come up from silence. The capture has no fade."""
        self._rise_left = self._rise_frames

    def render(self, frames: int) -> FloatArray:
        """The next `frames` samples (frames,)."""
        called = time.perf_counter()
        limited = np.zeros(frames, dtype=np.float32)
        if not self._begun and not self._arrived:
            return self._faded(limited) if self._ending else limited
        self._begun = True
        try:
            while self._arrived:
                self._player.publish(self._arrived.popleft())
            block = np.empty(frames, dtype=np.float32)
            self._player.render(block, self._frame)
            limited = self._limiter.process(block)
        finally:
            # Whatever happened, time went on.
            if self._capture is not None:
                self._capture.add(limited)
                self._status[Status.CAPTURE_LOST] = self._lost_before + self._capture.lost_frames
            self._frame += frames
            self._status[Status.LATE] = self._late_before + self._player.late
            self._status[Status.RELEASED_SEQUENCE] = max(self._released_before, self._player.released_sequence)
            self._status[Status.GAIN_REDUCTION] = round(1000.0 * self._limiter.gain_reduction_db)
            self._status[Status.FRAME_TIME] = round(1e9 * called)
            self._status[Status.FRAME] = self._frame
        if self._rise_left:
            limited = self._risen(limited)
        return self._faded(limited) if self._ending else limited

    def gap(self) -> None:
        """Count one time that the output ran dry."""
        self._status[Status.GAPS] += 1

    def failed(self, error: Exception) -> None:
        """Count an exception in the callback, and report the first of its kind."""
        self._status[Status.FAILURES] += 1
        sentence = f"the sound callback failed ({type(error).__name__}: {error}): one block was silent, it goes on"
        if sentence not in self._failures:
            self._failures.add(sentence)
            self._report(sentence)

    def _risen(self, samples: FloatArray) -> FloatArray:
        left = self._rise_left - np.arange(len(samples), dtype=np.float32)
        self._rise_left = max(0, self._rise_left - len(samples))
        return samples - samples * np.maximum(left, np.float32(0.0)) / np.float32(self._rise_frames)

    def _faded(self, samples: FloatArray) -> FloatArray:
        left = self._fade_left - np.arange(len(samples), dtype=np.float32)
        self._fade_left = max(0, self._fade_left - len(samples))
        if self._fade_left == 0:
            self.faded.set()
        return samples * np.maximum(left, np.float32(0.0)) / np.float32(self._fade_frames)
