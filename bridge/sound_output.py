"""What asks for sound, block after block: the sound card, or a clock that stands in for one.

Both draw from a source: the renderer itself, or the turn that `bridge.steady_output` gives them of it.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.devices import SoundDevice, import_sounddevice
from bridge.errors import VamenError
from bridge.frame_line import FrameLine
from bridge.limiter import LATENCY_FRAMES
from bridge.resampler import Resampler
from bridge.sample_rate import ENGINE_SAMPLE_RATE

FloatArray = NDArray[np.float32]

STALL_SECONDS = 0.25
"""The clock that stands in for a sound card lets go of time lost beyond this, as a card would."""


class Source(Protocol):
    """Where an output gets its samples, and what it has to say about them."""

    @property
    def frame(self) -> int:
        """The next frame to be rendered."""
        ...

    def render(self, frames: int) -> FloatArray:
        """The next samples (frames,) at 44.1 kHz."""
        ...

    def gap(self) -> None:
        """The output ran dry."""
        ...

    def failed(self, error: Exception) -> None:
        """Rendering raised this."""
        ...


class Output(Protocol):
    """Something that asks a source for sound, at the pace of sound.

    `latency_seconds` from the source to the device's output; `block_frames` are asked for at a time, on average.
    """

    description: str
    latency_seconds: float
    block_frames: float

    def start(self) -> None: ...

    def stop(self) -> None: ...


class PacedOutput:
    """No sound, at the pace of sound: the same blocks, drawn by the computer's clock.

    `line` says which frame is due when; one that is handed in is kept to, otherwise it begins now.
    """

    def __init__(self, source: Source, block_frames: int, reason: str, line: FrameLine | None = None) -> None:
        self.description = f"no sound ({reason})"
        self.latency_seconds = LATENCY_FRAMES / ENGINE_SAMPLE_RATE
        self.block_frames = float(block_frames)
        self.line = line or FrameLine(source.frame, time.perf_counter())
        self._source = source
        self._block_frames = block_frames
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="paced output", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._thread.join()

    def draw(self) -> float:
        """Draw one block; returns how many seconds remain until the next one is due."""
        try:
            self._source.render(self._block_frames)
        except Exception as error:  # whatever it is, the frame counter must go on
            self._source.failed(error)
        now, due = time.perf_counter(), self.line.seconds + self._block_frames / ENGINE_SAMPLE_RATE
        if due < now - STALL_SECONDS:
            self._source.gap()
            due = now
        self.line = FrameLine(self._source.frame, due)
        return max(0.0, due - now)

    def _run(self) -> None:
        while not self._stopping:
            early = self.draw()
            if early > 0.0:
                time.sleep(early)


class DeviceOutput:
    """The sound card, at its own rate.

    `finished` is set when its stream has ended, as it does when a server dies; many drivers only stop asking. Raises `VamenError`
    when it cannot be opened or started.
    """

    def __init__(self, source: Source, device: SoundDevice, channels: tuple[int, ...], block_frames: int) -> None:
        if device.channels == 1:
            channels = (1,)
        if not 1 <= min(channels) <= max(channels) <= device.channels:
            asked = ",".join(map(str, channels))
            raise VamenError(f"{device.name} has {device.channels} output channels, not {asked}: choose others with --channels")
        self.name = device.name
        self.finished = threading.Event()
        self._source = source
        self._columns = [channel - 1 for channel in channels]
        self._resampler = Resampler(device.rate, block_frames) if device.rate != ENGINE_SAMPLE_RATE else None
        self._sounddevice = import_sounddevice()
        windows = "WASAPI" in device.host_api
        try:
            self._stream = self._sounddevice.OutputStream(
                device=device.index,
                samplerate=device.rate,
                blocksize=block_frames,
                channels=max(channels),
                dtype="float32",
                latency="low",
                callback=self._callback,
                finished_callback=self.finished.set,
                extra_settings=self._sounddevice.WasapiSettings(auto_convert=True) if windows else None,
            )
        except self._sounddevice.PortAudioError as error:
            raise VamenError(
                f"{device.name} cannot be opened at {device.rate} Hz ({error.args[0]}): close what else uses it, set its rate in "
                "the system's sound settings, or choose another with --device"
            ) from error
        delay = LATENCY_FRAMES + (self._resampler.delay_frames if self._resampler else 0)
        self.latency_seconds = self._stream.latency + delay / ENGINE_SAMPLE_RATE
        self.block_frames = block_frames * ENGINE_SAMPLE_RATE / device.rate
        self.description = f"{device.name}, {device.rate} Hz, {block_frames} frames, {1000.0 * self.latency_seconds:.1f} ms"

    def start(self) -> None:
        try:
            self._stream.start()
        except self._sounddevice.PortAudioError as error:
            self._stream.close()
            raise VamenError(f"{self.name} does not start ({error.args[0]}): choose another with --device") from error

    def stop(self) -> None:
        """Play what is in its buffer, and close."""
        self._stream.stop()
        self._stream.close()

    def abandon(self) -> None:
        """Close what may be dead already; that can take for ever."""
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)

    def _callback(self, out: FloatArray, frames: int, _time: Any, status: Any) -> None:
        if status.output_underflow:
            self._source.gap()
        out.fill(0.0)
        try:
            if self._resampler is None:
                samples = self._source.render(frames)
            else:
                samples = self._resampler.process(self._source.render(self._resampler.frames_needed(frames)), frames)
            for column in self._columns:
                out[:, column] = samples
        except Exception as error:  # one that reached PortAudio would end the stream
            self._source.failed(error)
