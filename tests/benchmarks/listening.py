"""Listening to a paced sink: what it plays, and when on the clock on the wall each frame sounded.

A null sink hands a chunk to its monitor at the moment in which it would hand it to a card, so a chunk's first frame sounds when
the chunk arrives. Arrivals jitter, the sink's pace does not: the time of frame j is j / rate + c, a straight line through the
arrivals. Its slope is fitted too, because PulseAudio counts chunks in whole microseconds and so is up to 0.05 % fast. What single
chunks differ from the line by is reported.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import FloatArray
from tests.rig import CHANNELS, NullSinks, wait_until

LATENCY_MILLISECONDS = 2
"""Asked of the recorder: how much it may gather before it hands it on."""

SAME_CHUNK_SECONDS = 0.0005
"""What arrives within this of the read before it was cut in two by the pipe."""

FITS, TRUSTED_PERCENT = 3, 90.0
"""The line is fitted anew through the arrivals that are nearest to it, so that a chunk that a busy machine held up does not tilt
it."""

FRAME_BYTES = 4 * CHANNELS


@dataclass(frozen=True)
class Recording:
    """What a sink played: `samples` (n, channels). Frame 0 sounded at `origin` in seconds of `time.monotonic`, and from there on
    `sample_rate` frames a second; `jitter_ms` (chunks,) is what the arrival of a chunk differs from that by."""

    samples: FloatArray
    origin: float
    sample_rate: float
    jitter_ms: NDArray[np.float64]

    def frame_at(self, seconds: float) -> int:
        """The first frame that sounds at or after a moment of `time.monotonic`."""
        return int(np.ceil((seconds - self.origin) * self.sample_rate))

    def seconds_at(self, frame: int) -> float:
        """When a frame sounded."""
        return self.origin + frame / self.sample_rate


def timed(samples: FloatArray, firsts: NDArray[np.int64], arrivals: NDArray[np.float64]) -> Recording:
    """A recording of samples (n, channels) whose chunks begin at frames `firsts` (m,) and came at `arrivals` (m,), in seconds."""
    trusted = np.ones(len(firsts), dtype=bool)
    origin, period = 0.0, 1.0
    for _ in range(FITS):
        period, offset = np.polyfit(firsts[trusted] - firsts[0], arrivals[trusted] - arrivals[0], 1)
        origin = arrivals[0] + offset - firsts[0] * period
        residual = arrivals - origin - firsts * period
        trusted = np.abs(residual - np.median(residual)) <= np.percentile(np.abs(residual - np.median(residual)), TRUSTED_PERCENT)
    late = float(np.median(residual))
    return Recording(samples, float(origin) + late, 1.0 / float(period), 1000.0 * (residual - late))


class Listener:
    """Records one sink from the moment it is made; `recording` may be asked for at any time, `close` ends it."""

    def __init__(self, sinks: NullSinks, name: str) -> None:
        command = ["parec", "-d", f"{name}.monitor", "--format=float32le", f"--latency-msec={LATENCY_MILLISECONDS}"]
        command += [f"--rate={sinks.sample_rate}", f"--channels={CHANNELS}"]
        self._recorder = subprocess.Popen(command, env={**os.environ, **sinks.environment}, stdout=subprocess.PIPE)
        self._chunks: list[tuple[float, bytes]] = []
        self._thread = threading.Thread(target=self._read, name=f"listener {name}", daemon=True)
        self._thread.start()
        wait_until(lambda: self._chunks, f"parec to record from {name}")

    def _read(self) -> None:
        assert self._recorder.stdout is not None
        descriptor = self._recorder.stdout.fileno()
        while data := os.read(descriptor, 1 << 20):
            self._chunks.append((time.monotonic(), data))

    def recording(self) -> Recording:
        """Everything that has been heard so far."""
        chunks = list(self._chunks)
        data = b"".join(chunk for _, chunk in chunks)
        samples = np.frombuffer(data[: len(data) // FRAME_BYTES * FRAME_BYTES], dtype="<f4").reshape(-1, CHANNELS)
        arrivals = np.array([arrival for arrival, _ in chunks])
        begins = np.cumsum([0, *(len(chunk) for _, chunk in chunks[:-1])]) // FRAME_BYTES
        whole = np.diff(arrivals, prepend=-np.inf) > SAME_CHUNK_SECONDS
        return timed(samples, begins[whole], arrivals[whole])

    def close(self) -> None:
        """End the recording."""
        self._recorder.terminate()
        self._recorder.wait()
        self._thread.join()


@contextmanager
def listening(sinks: NullSinks, name: str) -> Iterator[Listener]:
    """A listener for the length of a with block."""
    listener = Listener(sinks, name)
    try:
        yield listener
    finally:
        listener.close()
