"""The constant between the clock and a capture: clicks through the same sink, played at moments that are known.

    python -m tests.rigs.clicks COUNT

A bare callback, opened as `vamen play` opens its own, plays `COUNT` clicks `PERIOD_FRAMES` apart, and prints as JSON when each
was meant to be heard on `time.perf_counter`: when its frame was asked for, on a straight line through all callbacks, plus the
latency that PortAudio states. What a capture hears later than that is PortAudio's ignorance and the rig's own, and the same for
every program that plays through this sink.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.devices import find_sound_device, import_sounddevice
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray
from tests.benchmarks.listening import Listener, Recording
from tests.conftest import ROOT
from tests.rig import NullSinks

DoubleArray = NDArray[np.float64]

PERIOD_FRAMES = ENGINE_SAMPLE_RATE // 4
FIRST_FRAME = PERIOD_FRAMES // 2
"""Of the first click: when the sound system has settled."""

HEIGHT = 0.5
BLOCK_FRAMES = 256
"""As `vamen play` asks for."""

SOUGHT_SECONDS = 0.1
"""How far from its moment a click is sought."""

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class CaptureClock:
    """Which frame of a recording a program meant for which moment (`time.perf_counter`, which on Linux is `time.monotonic`).

    `late_seconds` is the constant by which clicks were heard later than meant, `spread_ms` the least and the most that single
    ones differ from it, `drift` by what part of itself time in the capture and on the clock came apart from the first to the
    last.
    """

    recording: Recording
    late_seconds: float
    spread_ms: tuple[float, float]
    drift: float

    @property
    def samples(self) -> FloatArray:
        """The left channel (n,)."""
        return self.recording.samples[:, 0]

    def frame_at(self, moment: ArrayLike) -> DoubleArray:
        """The frames, with their fractions, that were meant for some moments."""
        return (np.asarray(moment, dtype=np.float64) + self.late_seconds - self.recording.origin) * self.recording.sample_rate

    def moment_of(self, frame: ArrayLike) -> DoubleArray:
        """When some frames were meant to be heard."""
        return np.asarray(frame, dtype=np.float64) / self.recording.sample_rate + self.recording.origin - self.late_seconds


def play_clicks(sinks: NullSinks, sink: str, count: int) -> DoubleArray:
    """Play clicks on a sink from a process of their own; returns when each was meant to be heard (count,)."""
    environment = {**os.environ, **sinks.environment, "PULSE_SINK": sink}
    command = [sys.executable, "-m", "tests.rigs.clicks", str(count)]
    played = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    )
    return np.array(json.loads(played.stdout))


def calibrated(ear: Listener, meant: DoubleArray) -> CaptureClock:
    """All that was heard so far, with the clock that clicks meant for the moments `meant` (n,) set.

    Raises ValueError where one is not in the recording.
    """
    recording = ear.recording()
    late = np.array([_heard(recording, moment) for moment in meant]) - meant
    constant = float(np.median(late))
    drift = float(np.polyfit(meant - meant[0], late - constant, 1)[0])
    return CaptureClock(
        recording, constant, (1000.0 * float(late.min() - constant), 1000.0 * float(late.max() - constant)), drift
    )


def _heard(recording: Recording, moment: float) -> float:
    """When the click that was meant for a moment was heard."""
    frame, reach = recording.frame_at(moment), round(SOUGHT_SECONDS * recording.sample_rate)
    window = np.abs(recording.samples[max(0, frame - reach) : frame + reach, 0])
    # A sink at another rate than ours makes a click lower and wider.
    if window.max(initial=0.0) < HEIGHT / 2.0:
        raise ValueError(f"the click of {moment:.3f} s is not in the capture")
    return recording.seconds_at(max(0, frame - reach) + int(np.argmax(window)))


def main() -> None:
    count = int(sys.argv[1])
    position, asked = 0, []
    done = threading.Event()

    def callback(out: FloatArray, frames: int, _time: Any, _status: Any) -> None:
        nonlocal position
        asked.append((position, time.perf_counter()))
        out.fill(0.0)
        out[(np.arange(position, position + frames) - FIRST_FRAME) % PERIOD_FRAMES == 0] = HEIGHT
        position += frames
        if position > FIRST_FRAME + (count - 1) * PERIOD_FRAMES:
            done.set()

    stream = import_sounddevice().OutputStream(
        device=find_sound_device(None).index,
        samplerate=ENGINE_SAMPLE_RATE,
        blocksize=BLOCK_FRAMES,
        channels=2,
        dtype="float32",
        latency="low",
        callback=callback,
    )
    with stream:
        done.wait(PATIENCE_SECONDS)
        # What is still in the buffer must be heard.
        time.sleep(0.1)
        latency = stream.latency
    frames, moments = np.array([each for each in asked if each[0] >= FIRST_FRAME // 2]).T
    period, offset = np.polyfit(frames, moments - moments[0], 1)
    clicks = FIRST_FRAME + PERIOD_FRAMES * np.arange(count)
    print(json.dumps((moments[0] + offset + period * clicks + latency).tolist()))


if __name__ == "__main__":
    main()
