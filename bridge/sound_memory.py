"""The memory that the main process and the sound process share: a few counters, and the store of loop rings."""

from __future__ import annotations

import secrets
from enum import IntEnum, auto, unique
from multiprocessing.shared_memory import SharedMemory

import numpy as np
from numpy.typing import NDArray


@unique
class Status(IntEnum):
    """Places in the row of counters; each is one aligned 64-bit integer.

    The sound process alone writes them. One that follows a dead one goes on from what that has left.
    """

    FRAME = 0
    """The next frame to be rendered."""
    FRAME_TIME = auto()
    """When that counter was last moved, in nanoseconds of `time.perf_counter`, which all processes share; 0 before."""
    RELEASED_SEQUENCE = auto()
    """Rings of publications before this one may be overwritten."""
    LATE = auto()
    """Publications that came after their frame."""
    GAPS = auto()
    """Times that the device ran out of samples, as far as it says so."""
    GAIN_REDUCTION = auto()
    """The limiter's, in thousandths of a decibel."""
    FAILURES = auto()
    """Exceptions in the sound callback; each cost one block."""
    CAPTURE_LOST = auto()
    """Frames that the capture holds as silence because the disk was too slow."""
    LATENCY = auto()
    """From a frame's rendering to the device's output, in nanoseconds; 0 before there is an output."""
    BLOCK_FRAMES = auto()
    """Frames that are rendered at a time, on average, in thousandths of a frame; 0 before there is an output."""


_STATUS_BYTES = 8 * len(Status)


class SoundMemory:
    """Counters `status` (len(Status),) int64 and `rings` (slots, capacity) float32 in one shared block.

    Made in the main process without a name, attached in the sound process by name. The name stays under the 30 characters that
    macOS takes.
    """

    def __init__(self, slots: int, capacity: int, name: str | None = None) -> None:
        size = _STATUS_BYTES + 4 * slots * capacity
        self._shared = SharedMemory(name or f"vamen-{secrets.token_hex(6)}", create=name is None, size=size)
        self.name = self._shared.name
        self.status: NDArray[np.int64] = np.ndarray(len(Status), dtype=np.int64, buffer=self._shared.buf)
        self.rings: NDArray[np.float32] = np.ndarray(
            (slots, capacity), dtype=np.float32, buffer=self._shared.buf, offset=_STATUS_BYTES
        )
        if name is None:
            self.status[Status.RELEASED_SEQUENCE] = -1

    def remove(self) -> None:
        """Take the memory's name away; it goes when the last view of it does. The counters stay readable here."""
        self.status = self.status.copy()
        self.rings = np.zeros((0, 0), dtype=np.float32)
        self._shared.unlink()
        try:
            self._shared.close()
        except BufferError:
            # A caller still holds a view of the rings: the mapping ends with that view.
            return


class SoundCounters:
    """What the counters say, by name and in everyday units."""

    def __init__(self, memory: SoundMemory) -> None:
        self._memory = memory

    @property
    def latency_seconds(self) -> float:
        """From the player to the device's output; another device may have another. 0 before the start."""
        return self._counter(Status.LATENCY) / 1e9

    @property
    def block_frames(self) -> float:
        """Frames that are rendered at a time, on average."""
        return self._counter(Status.BLOCK_FRAMES) / 1000.0

    @property
    def frame(self) -> int:
        """The next frame to be rendered; counts from the first publication on."""
        return self._counter(Status.FRAME)

    @property
    def frame_seconds(self) -> float:
        """When that counter was last moved, on `time.perf_counter`; 0 before the first frame."""
        return self._counter(Status.FRAME_TIME) / 1e9

    @property
    def released_sequence(self) -> int:
        """Rings of publications before this sequence number are no longer read; -1 before the first."""
        return self._counter(Status.RELEASED_SEQUENCE)

    @property
    def late(self) -> int:
        """Publications that came after their frame had been rendered."""
        return self._counter(Status.LATE)

    @property
    def gaps(self) -> int:
        """Times that the device ran out of samples, as far as it says so."""
        return self._counter(Status.GAPS)

    @property
    def failures(self) -> int:
        """Exceptions in the sound callback, each of which cost one block."""
        return self._counter(Status.FAILURES)

    @property
    def capture_lost(self) -> int:
        """Frames that stand as silence in the capture because the disk was too slow."""
        return self._counter(Status.CAPTURE_LOST)

    @property
    def gain_reduction_db(self) -> float:
        """How far the limiter turns down at the moment, in dB (>= 0)."""
        return self._counter(Status.GAIN_REDUCTION) / 1000.0

    def _counter(self, place: Status) -> int:
        return int(self._memory.status[place])
