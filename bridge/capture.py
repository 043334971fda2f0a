"""Writes what the limiter puts out to a WAV file, beside the sound and without ever holding it up."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.limiter import LATENCY_FRAMES
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.wav_file import WavWriter

FloatArray = NDArray[np.float32]

CAPTURE_QUEUE_SECONDS = 30.0
"""How long the disk may stand still before the capture loses frames."""

ENDED = "the capture {} ends here ({}): the sound goes on without it"


class Capture:
    """Writes the limiter's output to a WAV file from a thread of its own; frame i of the file is the player's frame i.

    `add` is called by the sound callback: it takes no lock and never waits. Where the disk is too slow for
    `CAPTURE_QUEUE_SECONDS`, silence stands for the frames that are lost, so that later ones keep their place. `goes_on_at`
    continues a file that another process began, at that frame. Raises `VamenError` when the file cannot be made, and `OSError`
    when it cannot be continued.
    """

    def __init__(self, path: Path, report: Callable[[str], None], goes_on_at: int | None = None) -> None:
        self.lost_frames = 0
        self._writer = WavWriter(path, skip_frames=LATENCY_FRAMES, goes_on_at=goes_on_at)
        self._report = report
        self._queue: deque[FloatArray | int] = deque()
        self._added = 0
        self._taken = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture")
        self._thread.start()

    def add(self, block: FloatArray) -> None:
        """Queue samples (n,), which nobody may change afterwards."""
        if self._closing.is_set():
            return
        if self._added - self._taken > CAPTURE_QUEUE_SECONDS * ENGINE_SAMPLE_RATE:
            self.lost_frames += len(block)
            self._queue.append(len(block))
        else:
            self._queue.append(block)
        self._added += len(block)

    def close(self) -> None:
        """Write what is queued and complete the file."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._writer:
                while not self._closing.wait(0.25):
                    self._write_queued()
                    self._writer.flush()
                self._write_queued()
        except OSError as error:
            self._closing.set()
            self._queue.clear()
            self._report(ENDED.format(self._writer.path, error.strerror))

    def _write_queued(self) -> None:
        while self._queue:
            block = self._queue.popleft()
            samples = np.zeros(block, dtype=np.float32) if isinstance(block, int) else block
            self._writer.write(samples)
            self._taken += len(samples)
