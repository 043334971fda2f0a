"""The sound's own process, as the main process sees it.

The callback has an interpreter to itself, so nothing that the generator does can hold it up; the rings lie in shared memory
and are read where they stand. See `bridge.sound_main` for the other side.
"""

from __future__ import annotations

import atexit
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bridge.errors import VamenError
from bridge.frame_line import FrameLine
from bridge.player import SILENCE, Publication
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.sound_main import Inheritance, Refused, Running, SoundSettings, run_sound_process
from bridge.sound_memory import SoundCounters, SoundMemory, Status
from bridge.steady_output import DeviceSettings

START_SECONDS = 30.0
"""How long the sound process may take to start."""

END_SECONDS = 8.0
"""How long it may take to fade, to complete its capture and to end, before it is killed."""

SHORT_LIFE_SECONDS = 5.0
SHORT_LIVES = 3
"""A sound process that has so often in a row ended so soon after its start is not started again."""


class SoundProcess(SoundCounters):
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
        self._settings = SoundSettings(
            audible=output == "audio",
            device=DeviceSettings(device, channels, block_frames),
            capture=capture,
            memory_name="",
            slots=slots,
            capacity=capacity,
        )
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._sent: deque[Publication] = deque()
        """Those that sound or will sound."""
        self._problems: list[str] = []
        self._started = 0.0
        self._short_lives = 0
        self._closed = False
        super().__init__(SoundMemory(slots, capacity))
        # At exit, before multiprocessing waits for a process that would wait for us.
        atexit.register(self.close)

    def start(self) -> None:
        """Start the process and return when its output is open.

        Raises `VamenError` when the capture cannot be written or the process does not come up.
        """
        answer = self._launch(None)
        if isinstance(answer, Running):
            return
        self.close()
        if isinstance(answer, Refused):
            raise VamenError(answer.sentence)
        raise VamenError("the sound process did not start: `vamen doctor` says what is missing")

    def restart(self) -> None:
        """Let another process follow one that has died, or has to: on the beat, with the same counters, in the same capture.

        Its counter begins where it would have been by the clock, and what has been published sounds as it would have. Returns
        when it plays, within about a second; `problems` tells. Raises `VamenError` when processes end again and again.
        """
        running = False
        while not running:
            self._bury()
            short = time.monotonic() - self._started < SHORT_LIFE_SECONDS
            self._short_lives = self._short_lives + 1 if short else 0
            if self._short_lives == SHORT_LIVES:
                raise VamenError(
                    f"the sound process ended {SHORT_LIVES} times within {SHORT_LIFE_SECONDS:.0f} s of its start: "
                    "start vamen again, and ask `vamen doctor` if that happens twice"
                )
            running = isinstance(self._launch(self._inheritance()), Running)
        self._problems.append("the sound process had ended and was started again, on the beat")

    def _launch(self, inheritance: Inheritance | None) -> object:
        """Start a process and return its first answer; None when it ended, or kept silent for `START_SECONDS`."""
        settings = replace(self._settings, memory_name=self._memory.name, inheritance=inheritance)
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=run_sound_process, args=(theirs, settings), name="vamen sound", daemon=True)
        self._started = time.monotonic()
        with signals_held_back():
            self._process.start()
        theirs.close()
        wait([self._connection, self._process.sentinel], timeout=START_SECONDS)
        try:
            answer: object = self._connection.recv() if self._connection.poll() else None
        except (EOFError, OSError):
            return None
        if isinstance(answer, Running):
            self.description = answer.description
        return answer

    def _bury(self) -> None:
        """Hear what the last process has said, and make sure of its end."""
        if self._process is None or self._connection is None:
            raise VamenError("the sound process is not running: start it first")
        self._process.kill()
        self._process.join()
        self._receive()
        self._connection.close()

    def _inheritance(self) -> Inheritance | None:
        """What the next process has to know; None when no frame has been rendered, so that it begins as the first one did."""
        if self._counter(Status.FRAME_TIME) == 0:
            return None
        # The counter stands after the block that was begun at that moment.
        seconds = self.frame_seconds + self.block_frames / ENGINE_SAMPLE_RATE
        return Inheritance(FrameLine(self.frame, seconds), tuple(self._sent))

    @property
    def rings(self) -> NDArray[np.float32]:
        """The store (slots, capacity); write only rows that no publication from `released_sequence` on uses."""
        return self._memory.rings

    @property
    def alive(self) -> bool:
        """Whether the sound process runs."""
        return self._process is not None and self._process.is_alive()

    def publish(self, publication: Publication) -> None:
        """Send a publication; its ring must be written before. One for a process that has died is kept for `restart`.

        Raises `ValueError` for a ring outside the store and `VamenError` before the start.
        """
        slots, capacity = self._settings.slots, self._settings.capacity
        if publication.slot != SILENCE and not (0 <= publication.slot < slots and 0 < publication.loop_length <= capacity):
            raise ValueError(f"{publication} is outside the store of {slots} rings of {capacity} samples")
        if self._connection is None:
            raise VamenError("the sound process is not running: start it before publishing")
        self._sent.append(publication)
        while len(self._sent) > 1 and self._sent[1].effect_frame <= self.frame:
            self._sent.popleft()
        try:
            self._connection.send(publication)
        except OSError:
            # It has died; `alive` tells.
            return

    def problems(self) -> list[str]:
        """Sentences from the sound process since the last call: of a device that has gone, of a callback that failed, of a full
        disk."""
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
                message = self._connection.recv()
                if isinstance(message, Running):
                    self.description = message.description
                else:
                    self._problems.append(str(message))
        except (EOFError, OSError):
            # The other end has gone, and with it everything that it could still say; `alive` tells.
            return


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
