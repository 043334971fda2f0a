"""A bare sound callback: what PortAudio and Python lose on this machine when nothing else is asked of them.

    python -m tests.benchmarks.bare

Plays `tests.rig.ramp` round and round at 256-frame blocks until it is killed.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from bridge.devices import import_sounddevice
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray
from tests.rig import ramp

RAMP_FRAMES = 65536
BLOCK_FRAMES = 256


def main() -> None:
    ring, position = ramp(RAMP_FRAMES), 0

    def callback(out: FloatArray, frames: int, time: Any, status: Any) -> None:
        nonlocal position
        out[:] = ring[(position + np.arange(frames)) % len(ring)][:, None]
        position += frames

    stream = import_sounddevice().OutputStream(
        samplerate=ENGINE_SAMPLE_RATE, blocksize=BLOCK_FRAMES, channels=2, dtype="float32", latency="low", callback=callback
    )
    with stream:
        print("playing", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
