"""A bare sound callback: what PortAudio and Python lose on this machine when nothing else is asked of them.

    python -m tests.benchmarks.bare

Plays `tests.rig.ramp` round and round at 256-frame blocks until it is killed, on the device and with the settings that `vamen
play` asks for. The callback copies a slice and nothing else: what it costs is what any callback costs.
"""

from __future__ import annotations

import threading
from typing import Any

from bridge.devices import find_sound_device, import_sounddevice
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray
from tests.rig import ramp

RAMP_FRAMES = 65536
BLOCK_FRAMES = 256


def main() -> None:
    # A whole number of blocks: none goes over the ring's end.
    ring, position = ramp(RAMP_FRAMES)[:, None], 0

    def callback(out: FloatArray, frames: int, time: Any, status: Any) -> None:
        nonlocal position
        out[:] = ring[position : position + frames]
        position = (position + frames) % RAMP_FRAMES

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
        print("playing", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
