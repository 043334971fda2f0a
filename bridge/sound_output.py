"""What runs in the sound's own process: player, limiter, capture, and the sound card or a clock that stands in for one.

    publications -> Player -> Limiter -+-> fade at the end -> Resampler -> sound card
                                       +-> capture (24-bit WAV, 44.1 kHz)

It imports neither onnxruntime nor scipy, and keeps no old sound: between a publication and the card lie only the limiter's
look-ahead, half a millisecond of resampling and the card's own buffer.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.devices import SoundDevice, find_sound_device, import_sounddevice
from bridge.errors import VamenError
from bridge.limiter import LATENCY_FRAMES, Limiter
from bridge.player import Player, Publication
from bridge.resampler import Resampler
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.sound_memory import SoundMemory, Status
from bridge.wav_file import WavWriter

FloatArray = NDArray[np.float32]

ENDING_FADE_SECONDS = 0.05
"""The sound fades out over this time when it is told to end, or when the main process has died."""

CAPTURE_QUEUE_SECONDS = 30.0
"""How long the disk may stand still before the capture loses frames."""

STALL_SECONDS = 0.25
"""The clock that stands in for a sound card lets go of time lost beyond this, as a card would."""


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """What the main process asks for. `device` None is the default one; `channels` count from 1."""

    audible: bool
    device: str | None
    channels: tuple[int, ...]
    block_frames: int
    capture: Path | None
    memory_name: str
    slots: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Running:
    """The sound process says: it plays. `latency_seconds` from the player to the device's output; `block_frames` of the player,
    on average, are rendered at a time."""

    description: str
    latency_seconds: float
    block_frames: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The sound process says: it cannot start, in a sentence for the user."""

    sentence: str


class Capture:
    """Writes the limiter's output to a WAV file from a thread of its own; frame i of the file is the player's frame i.

    `add` is called by the sound callback: it takes no lock and never waits. Where the disk is too slow for
    `CAPTURE_QUEUE_SECONDS`, silence stands for the frames that are lost, so that later ones keep their place.
    """

    def __init__(self, path: Path, report: Callable[[str], None]) -> None:
        self.lost_frames = 0
        self._writer = WavWriter(path, skip_frames=LATENCY_FRAMES)
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
            self._report(f"the capture {self._writer.path} ends here ({error.strerror}): the sound goes on without it")

    def _write_queued(self) -> None:
        while self._queue:
            block = self._queue.popleft()
            samples = np.zeros(block, dtype=np.float32) if isinstance(block, int) else block
            self._writer.write(samples)
            self._taken += len(samples)


class Renderer:
    """Makes the limited sound at 44.1 kHz, block after block; the frame counter is its own.

    The counter stands at 0, and nothing is captured, until the first publication is there: a take begins with its first sample.
    `report` takes sentences from any thread. Publications are queued by `publish` from another thread than the one that
    renders.
    """

    def __init__(self, memory: SoundMemory, capture: Capture | None, report: Callable[[str], None]) -> None:
        self.faded = threading.Event()
        self._status = memory.status
        self._player = Player(memory.rings)
        self._limiter = Limiter()
        self._capture = capture
        self._report = report
        self._arrived: deque[Publication] = deque()
        self._frame = 0
        self._called = 0
        self._begun = False
        self._ending = False
        self._fade_frames = round(ENDING_FADE_SECONDS * ENGINE_SAMPLE_RATE)
        self._fade_left = self._fade_frames
        self._failures: set[str] = set()

    def publish(self, publication: Publication) -> None:
        """Hand a publication to the player before its next block."""
        self._arrived.append(publication)

    def finish(self) -> None:
        """Begin to fade out; `faded` is set when it is silent. The capture has no fade."""
        self._ending = True

    def render(self, frames: int) -> FloatArray:
        """The next `frames` samples (frames,)."""
        self._called = round(1e9 * time.perf_counter())
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
                self._status[Status.CAPTURE_LOST] = self._capture.lost_frames
            self._frame += frames
            self._status[Status.LATE] = self._player.late
            self._status[Status.RELEASED_SEQUENCE] = self._player.released_sequence
            self._status[Status.GAIN_REDUCTION] = round(1000.0 * self._limiter.gain_reduction_db)
            self._status[Status.FRAME_TIME] = self._called
            self._status[Status.FRAME] = self._frame
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

    def _faded(self, samples: FloatArray) -> FloatArray:
        left = self._fade_left - np.arange(len(samples), dtype=np.float32)
        self._fade_left = max(0, self._fade_left - len(samples))
        if self._fade_left == 0:
            self.faded.set()
        return samples * np.maximum(left, np.float32(0.0)) / np.float32(self._fade_frames)


class Output(Protocol):
    """Something that asks the renderer for sound, at the pace of sound."""

    description: str
    latency_seconds: float
    block_frames: float

    def start(self) -> None: ...

    def stop(self) -> None: ...


class PacedOutput:
    """No sound, at the pace of sound: the same blocks, drawn by the computer's clock."""

    def __init__(self, renderer: Renderer, block_frames: int, reason: str) -> None:
        self.description = f"no sound ({reason})"
        self.latency_seconds = LATENCY_FRAMES / ENGINE_SAMPLE_RATE
        self.block_frames = float(block_frames)
        self._renderer = renderer
        self._block_frames = block_frames
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="paced output", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._thread.join()

    def _run(self) -> None:
        due = time.perf_counter()
        while not self._stopping:
            try:
                self._renderer.render(self._block_frames)
            except Exception as error:  # whatever it is, the frame counter must go on
                self._renderer.failed(error)
            due += self._block_frames / ENGINE_SAMPLE_RATE
            early = due - time.perf_counter()
            if early > 0.0:
                time.sleep(early)
            elif early < -STALL_SECONDS:
                self._renderer.gap()
                due = time.perf_counter()


class DeviceOutput:
    """The sound card, at its own rate. Raises `VamenError` when it cannot be opened."""

    def __init__(self, renderer: Renderer, device: SoundDevice, channels: tuple[int, ...], block_frames: int) -> None:
        if device.channels == 1:
            channels = (1,)
        if not 1 <= min(channels) <= max(channels) <= device.channels:
            asked = ",".join(map(str, channels))
            raise VamenError(f"{device.name} has {device.channels} output channels, not {asked}: choose others with --channels")
        self._renderer = renderer
        self._columns = [channel - 1 for channel in channels]
        self._resampler = Resampler(device.rate, block_frames) if device.rate != ENGINE_SAMPLE_RATE else None
        sounddevice = import_sounddevice()
        windows = "WASAPI" in device.host_api
        try:
            self._stream = sounddevice.OutputStream(
                device=device.index,
                samplerate=device.rate,
                blocksize=block_frames,
                channels=max(channels),
                dtype="float32",
                latency="low",
                callback=self._callback,
                extra_settings=sounddevice.WasapiSettings(auto_convert=True) if windows else None,
            )
        except sounddevice.PortAudioError as error:
            raise VamenError(f"{device.name} cannot be opened ({error.args[0]}): choose another with --device") from error
        delay = LATENCY_FRAMES + (self._resampler.delay_frames if self._resampler else 0)
        self.latency_seconds = self._stream.latency + delay / ENGINE_SAMPLE_RATE
        self.block_frames = block_frames * ENGINE_SAMPLE_RATE / device.rate
        self.description = f"{device.name}, {device.rate} Hz, {block_frames} frames, {1000.0 * self.latency_seconds:.1f} ms"

    def start(self) -> None:
        self._stream.start()

    def stop(self) -> None:
        self._stream.stop()
        self._stream.close()

    def _callback(self, out: FloatArray, frames: int, _time: Any, status: Any) -> None:
        if status.output_underflow:
            self._renderer.gap()
        out.fill(0.0)
        try:
            if self._resampler is None:
                samples = self._renderer.render(frames)
            else:
                samples = self._resampler.process(self._renderer.render(self._resampler.frames_needed(frames)), frames)
            for column in self._columns:
                out[:, column] = samples
        except Exception as error:  # one that reached PortAudio would end the stream
            self._renderer.failed(error)


def _silence_libraries() -> None:
    """Keep what ALSA and PortAudio print on devices and underruns off the user's terminal; Python's own errors still go there."""
    if sys.stderr is None:
        return
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _open_output(renderer: Renderer, settings: SoundSettings) -> Output:
    """The sound card if it is wanted and there, running; otherwise the clock that stands in for one, which says why."""
    reason = "--output none"
    if settings.audible:
        try:
            device = find_sound_device(settings.device)
            audible = DeviceOutput(renderer, device, settings.channels, settings.block_frames)
            audible.start()
            return audible
        except VamenError as error:
            reason = str(error)
    paced = PacedOutput(renderer, settings.block_frames, reason)
    paced.start()
    return paced


def run_sound_process(connection: Connection, settings: SoundSettings) -> None:
    """The sound process from beginning to end: plays what `connection` brings until it brings None, or the parent dies."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        # A terminal or a supervisor signals the whole group; when the sound ends is for the main process to say.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    _silence_libraries()
    # The callback waits at most this long for another thread of this process to hand over the interpreter.
    sys.setswitchinterval(0.0005)
    parent = multiprocessing.parent_process()
    assert parent is not None
    memory = SoundMemory(settings.slots, settings.capacity, settings.memory_name)
    reports: deque[str] = deque()
    capture = None
    try:
        if settings.capture is not None:
            capture = Capture(settings.capture, reports.append)
    except VamenError as error:
        connection.send(Refused(str(error)))
        return
    renderer = Renderer(memory, capture, reports.append)
    output = _open_output(renderer, settings)
    gc.freeze()
    connection.send(Running(output.description, output.latency_seconds, output.block_frames))
    orphaned = _serve(connection, parent.sentinel, renderer, reports)
    renderer.finish()
    renderer.faded.wait(1.0)
    if capture is not None:
        capture.close()
    if orphaned:
        memory.remove()
    else:
        _send_reports(connection, reports)
    # A device that has gone can hold up its closing, and PortAudio's own at exit, for ever.
    closing = threading.Thread(target=output.stop, daemon=True)
    closing.start()
    closing.join(2.0)
    os._exit(0)


def _serve(connection: Connection, parent_sentinel: int, renderer: Renderer, reports: deque[str]) -> bool:
    """Pass publications on until told to end (False) or until the main process is no more (True)."""
    try:
        while True:
            ready = wait([connection, parent_sentinel], timeout=0.5)
            if connection in ready:
                publication = connection.recv()
                if publication is None:
                    return False
                renderer.publish(publication)
            elif parent_sentinel in ready:
                return True
            _send_reports(connection, reports)
    except (EOFError, OSError):
        return True


def _send_reports(connection: Connection, reports: deque[str]) -> None:
    while reports:
        connection.send(reports.popleft())
