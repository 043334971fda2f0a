"""At rest, and with a knob that turns without pause: gaps, late repaints, memory and processor time, beside a bare callback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from bridge.mel_spectrogram import FloatArray
from bridge.wav_file import BYTES_PER_SAMPLE, pcm24
from tests.benchmarks.bare import BLOCK_FRAMES, RAMP_FRAMES
from tests.benchmarks.differences import gaps
from tests.benchmarks.instrument import family, footprints, processor_seconds, started
from tests.benchmarks.knob import first_sound
from tests.benchmarks.listening import listening
from tests.conftest import ROOT
from tests.rig import NullSinks, breaks

SETTLE_SECONDS = 1.0
"""Between the first sound and the first measurement."""

BARE = "bare callback"

ENDING_FRAMES = 8192
"""Left out at the end of a capture: what sounds after the instrument was told to end fades, in what is heard only."""


@contextmanager
def bare_callback(sinks: NullSinks, sink: str) -> Iterator[int]:
    """`tests.benchmarks.bare` on a sink for the length of a with block: its process's number."""
    environment = {**os.environ, **sinks.environment, "PULSE_SINK": sink}
    command = [sys.executable, "-m", "tests.benchmarks.bare"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )  # fmt: skip
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        process.wait()


def measure_endurance(
    sinks: NullSinks, ours: str, bare: str, folder: Path, idle_seconds: float, sweep_seconds: float
) -> dict[str, object]:
    """Play untouched, then with a knob that turns 200 times a second, a bare callback on its own sink beside it all the time.

    What PortAudio, the driver and the interpreter's wake-up take for any callback is measured in the same seconds, and taken off
    what the instrument takes in `own_idle_percent_of_a_core`; `idle_percent_of_a_core` is all of it.
    """
    capture = folder / "endurance.wav"
    options = ("--drift", 0, "--blocksize", BLOCK_FRAMES, "--capture", capture)
    with listening(sinks, ours) as ear, started(sinks, ours, *options) as stage:
        pid = stage.playing.process.pid
        with listening(sinks, bare) as beside, bare_callback(sinks, bare) as bare_pid:
            processes = {**family(pid), BARE: bare_pid}
            time.sleep(SETTLE_SECONDS)
            idle = _percent(processes, lambda: time.sleep(idle_seconds))
            command = [sys.executable, "-m", "tests.benchmarks.hand", "sweep", str(stage.port), str(sweep_seconds)]
            turning = _percent(processes, lambda: subprocess.run(command, cwd=ROOT, check=True))
            bare_samples = beside.recording().samples
        memory = footprints(pid)
        heard = ear.recording()
        stage.playing.end()
    summary = stage.playing.summary
    painted = int(summary["painted steps"])
    bare_idle, bare_turning = idle.pop(BARE), turning.pop(BARE)
    return {
        "first_sound_seconds": first_sound(heard) - stage.begun,
        "processes": {
            footprint.name: {
                "resident": footprint.resident,
                "proportional": footprint.proportional,
                "idle": idle[footprint.name],
                "turning": turning[footprint.name],
            }
            for footprint in memory
        },
        "resident_megabytes": sum(footprint.resident for footprint in memory),
        "proportional_megabytes": sum(footprint.proportional for footprint in memory),
        "idle_percent_of_a_core": sum(idle.values()),
        "turning_percent_of_a_core": sum(turning.values()),
        "bare_idle_percent_of_a_core": bare_idle,
        "bare_turning_percent_of_a_core": bare_turning,
        "own_idle_percent_of_a_core": sum(idle.values()) - bare_idle,
        "seconds": sweep_seconds,
        "painted_steps": painted,
        "late_repaints": int(summary["late repaints"]),
        "late_percent": 100.0 * int(summary["late repaints"]) / max(painted, 1),
        "gaps": len(gaps(samples_of_wav(capture), as_integers(heard.samples[:-ENDING_FRAMES, 0]))),
        "bare_gaps": breaks(bare_samples[:-ENDING_FRAMES, 0], RAMP_FRAMES, np.float32(1.0)),
    }


def as_integers(samples: FloatArray) -> NDArray[np.int32]:
    """Samples (n,) as the numbers that our 24-bit files hold: (n,)."""
    data = np.frombuffer(pcm24(samples), dtype=np.uint8).reshape(-1, BYTES_PER_SAMPLE)
    return np.pad(data, ((0, 0), (1, 0))).reshape(-1).view("<i4") >> 8


def samples_of_wav(path: Path) -> NDArray[np.int32]:
    """The numbers in a 24-bit WAV of one channel: (n,)."""
    samples, _ = soundfile.read(path, dtype="int32")
    return samples >> 8


def _percent(processes: dict[str, int], action: Callable[[], object]) -> dict[str, float]:
    """Processor time that each process, by name and number, used during an action, in per cent of one core."""
    before, begun = processor_seconds(processes), time.monotonic()
    action()
    elapsed = time.monotonic() - begun
    return {name: 100.0 * (seconds - before[name]) / elapsed for name, seconds in processor_seconds(processes).items()}
