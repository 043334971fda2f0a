"""A sound card that any machine has: PulseAudio's null sinks, paced like a card, whose every sample can be read back.

`norewinds=1` because without it the first frames are lost. The server has a directory and a socket of its own and touches no
other that may be running. Capture and player share one clock, so a frame that is missing in the capture was not played in time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

CHANNELS = 2
PATIENCE_SECONDS = 20.0


def require_programs(*programs: str) -> None:
    """Skip the test where a program is missing; on CI fail it, so that no check is left out unseen."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        reason = f"not installed: {', '.join(missing)} (apt-get install pulseaudio pulseaudio-utils libasound2-plugins)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return as soon as `condition` holds; fail the test when it does not come true."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited {PATIENCE_SECONDS:.0f} s in vain for {what}")
        time.sleep(0.005)


class NullSinks:
    """A PulseAudio server with silent sinks `names`, each float32 stereo at `sample_rate`."""

    def __init__(self, folder: Path, names: tuple[str, ...], sample_rate: int) -> None:
        require_programs("pulseaudio", "pactl", "parec")
        self.sample_rate = sample_rate
        self._folder = folder
        self._names = names
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to play here; PULSE_SINK picks the sink."""
        return {"PULSE_SERVER": f"unix:{self._folder / 'socket'}", "PULSE_RUNTIME_PATH": str(self._folder)}

    def start(self) -> None:
        sinks = [
            f"module-null-sink sink_name={name} format=float32le rate={self.sample_rate} channels={CHANNELS} norewinds=1"
            for name in self._names
        ]
        modules = [f"module-native-protocol-unix socket={self._folder / 'socket'} auth-anonymous=1", *sinks]
        options = ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disallow-exit"]
        command = ["pulseaudio", *options, *(word for module in modules for word in ("-L", module))]
        home = {"HOME": str(self._folder), "XDG_RUNTIME_DIR": str(self._folder)}
        with (self._folder / "pulseaudio.log").open("wb") as log:
            self._server = subprocess.Popen(command, env={**os.environ, **home}, stdout=log, stderr=log)
        wait_until(self._is_up, "PulseAudio to come up")

    def stop(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def _is_up(self) -> bool:
        command = ["pactl", "info"]
        return subprocess.run(command, env={**os.environ, **self.environment}, capture_output=True, check=False).returncode == 0

    @contextmanager
    def capture(self, name: str) -> Iterator[Path]:
        """Record what sink `name` plays inside the with block into the file that is handed out; read it by `samples_of`."""
        path = self._folder / f"{name}.raw"
        command = ["parec", "-d", f"{name}.monitor", "--format=float32le", "--latency-msec=20"]
        command += [f"--rate={self.sample_rate}", f"--channels={CHANNELS}"]
        with path.open("wb") as file:
            recorder = subprocess.Popen(command, env={**os.environ, **self.environment}, stdout=file)
        try:
            wait_until(lambda: path.stat().st_size > 0, f"parec to record from {name}")
            yield path
        finally:
            recorder.terminate()
            recorder.wait()


def samples_of(path: Path) -> NDArray[np.float32]:
    """The frames of a capture: (n, channels)."""
    samples = np.fromfile(path, dtype="<f4")
    return samples[: len(samples) // CHANNELS * CHANNELS].reshape(-1, CHANNELS)


@contextmanager
def null_sinks(*names: str, sample_rate: int = 44100) -> Iterator[NullSinks]:
    """A server with these sinks for the length of a with block."""
    # Not under pytest's own folders: a socket's path must stay under 108 characters.
    with tempfile.TemporaryDirectory(prefix="vamen-rig-") as folder:
        sinks = NullSinks(Path(folder), names, sample_rate)
        try:
            sinks.start()
            yield sinks
        finally:
            sinks.stop()


def ramp(frames: int) -> NDArray[np.float32]:
    """A ring whose every sample tells its place: (k + 1) / (2 frames), exact in float32 for powers of two."""
    return (np.arange(1, frames + 1) / (2 * frames)).astype(np.float32)


def breaks(samples: NDArray[np.float32], frames: int, gain: np.float32) -> int:
    """How often a capture (n,) of the ramp, played round and round at a gain, is broken by lost, repeated or foreign frames.

    What comes before the ramp's first steady 1,000 frames (the fade-in) is not looked at.
    """
    place = np.rint(samples.astype(np.float64) * (2 * frames) / gain).astype(np.int64) - 1
    exact = samples == ((place + 1) / (2 * frames)).astype(np.float32) * gain
    steady = exact[1:] & exact[:-1] & (samples[1:] > 0.0) & (np.diff(place) % frames == 1)
    run = np.flatnonzero(np.convolve(steady, np.ones(1000), "valid") == 1000)
    if len(run) == 0:
        pytest.fail("the ramp is nowhere in the capture")
    return int(np.count_nonzero(np.diff(steady[run[0] :].astype(np.int8)) == -1))
