"""The sound's own process, as the main process sees it.

The callback has an interpreter to itself, so nothing that the generator does can hold it up; the rings lie in shared memory
and are read where they stand. See `bridge.sound_output` for the other side.
"""

from __future__ import annotations

import atexit
import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bridge.errors import VamenError
from bridge.player import SILENCE, Publication
from bridge.sound_memory import SoundMemory, Status
from bridge.sound_output import Refused, Running, SoundSettings, run_sound_process

START_SECONDS = 30.0
"""How long the sound process may take to start."""

END_SECONDS = 8.0
"""How long it may take to fade, to complete its capture and to end, before it is killed."""


class SoundProcess:
    """Plays publications from shared rings, through the limiter, on a sound card or silently at the same pace.

    Nothing runs before `start`, and no frame is counted or captured before the first publication, so that one of frame 0 sounds
    from the first sample on. `close` frees the memory, started or not.

    `output` "none" plays to nobody; "audio" without a device that can be opened does the same and says why in `description`.
    `channels` count from 1, `block_frames` are the device's. `capture` is written as 24-bit WAV, 44.1 kHz, one channel; its
    frame i is the player's frame i through the limiter.
    """

    def __init__(
        self,
        *,
        capacity: int,
        slots: int = 8,
        output: Literal["audio", "none"] = "audio",
        device: str | None = None,
        channels: tuple[int, ...] = (1, 2),
        block_frames: int = 256,
        capture: Path | None = None,
    ) -> None:
        self.description = "not started"
        self.latency_seconds = 0.0
        self.block_frames = float(block_frames)
        self._output = output
        self._device = device
        self._channels = channels
        self._block_frames = block_frames
        self._capture = capture
        self._shape = (slots, capacity)
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._problems: list[str] = []
        self._closed = False
        self._memory = SoundMemory(slots, capacity)
        # At exit, before multiprocessing waits for a process that would wait for us.
        atexit.register(self.close)

    def start(self) -> None:
        """Start the process and return when its output is open.

        Raises `VamenError` when the capture cannot be written or the process does not come up.
        """
        slots, capacity = self._shape
        settings = SoundSettings(
            audible=self._output == "audio",
            device=self._device,
            channels=self._channels,
            block_frames=self._block_frames,
            capture=self._capture,
            memory_name=self._memory.name,
            slots=slots,
            capacity=capacity,
        )
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=run_sound_process, args=(theirs, settings), name="vamen sound", daemon=True)
        with signals_held_back():
            self._process.start()
        theirs.close()
        wait([self._connection, self._process.sentinel], timeout=START_SECONDS)
        try:
            answer = self._connection.recv() if self._connection.poll() else None
        except EOFError:
            answer = None
        if not isinstance(answer, Running):
            self.close()
            if isinstance(answer, Refused):
                raise VamenError(answer.sentence)
            raise VamenError("the sound process did not start: `vamen doctor` says what is missing")
        self.description = answer.description
        self.latency_seconds = answer.latency_seconds
        self.block_frames = answer.block_frames

    @property
    def rings(self) -> NDArray[np.float32]:
        """The store (slots, capacity); write only rows that no publication from `released_sequence` on uses."""
        return self._memory.rings

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

    @property
    def alive(self) -> bool:
        """Whether the sound process runs."""
        return self._process is not None and self._process.is_alive()

    def publish(self, publication: Publication) -> None:
        """Send a publication; its ring must be written before.

        Raises `ValueError` for a ring outside the store and `VamenError` when the sound process has gone.
        """
        slots, capacity = self._shape
        if publication.slot != SILENCE and not (0 <= publication.slot < slots and 0 < publication.loop_length <= capacity):
            raise ValueError(f"{publication} is outside the store of {slots} rings of {capacity} samples")
        if self._connection is None:
            raise VamenError("the sound process is not running: start it before publishing")
        try:
            self._connection.send(publication)
        except OSError as error:
            raise VamenError("the sound process has ended: start vamen again") from error

    def problems(self) -> list[str]:
        """Sentences from the sound process since the last call: a failed callback, a capture that the disk refused."""
        self._receive()
        problems, self._problems = self._problems, []
        return problems

    def close(self) -> None:
        """Fade out, complete the capture, end the process and free the memory; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._process is not None and self._process.pid is not None:
            self._end()
        self._memory.remove()
        atexit.unregister(self.close)

    def _end(self) -> None:
        assert self._process is not None and self._connection is not None
        try:
            self._connection.send(None)
        except OSError:
            self._problems.append("the sound process had ended before it was told to")
        self._process.join(END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
            self._problems.append("the sound process did not end and was killed: its capture may be cut short")
        self._receive()
        self._connection.close()

    def _receive(self) -> None:
        if self._connection is None or self._connection.closed:
            return
        try:
            while self._connection.poll():
                self._problems.append(str(self._connection.recv()))
        except (EOFError, OSError):
            # The other end has gone, and with it everything that it could still say; `alive` tells.
            return

    def _counter(self, place: Status) -> int:
        return int(self._memory.status[place])


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let a new process begin with SIGINT and SIGTERM blocked, until it ignores them itself (POSIX)."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
