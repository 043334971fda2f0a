"""A sound card that any machine has: PulseAudio's null sinks, paced like a card, whose every sample can be read back.

`norewinds=1` because without it the first frames are lost. The server has a directory and a socket of its own and touches no
other that may be running. Capture and player share one clock, so a frame that is missing in the capture was not played in time.
"""

from __future__ import annotations

import os
import queue
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.osc_packet import Argument, decode, encode

WITHOUT_JACK = {"JACK_NO_START_SERVER": "1", "JACK_DEFAULT_SERVER": "vamen-rig-none"}
"""Beside a test that has a JACK server running, PortAudio must not find that and play there."""

CHANNELS = 2
PATIENCE_SECONDS = 20.0
START_SECONDS = 60.0
"""How long `vamen play` may take to start, to answer and to end on a busy machine."""


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
    """A PulseAudio server with silent sinks `names`, each float32 stereo at `sample_rate`.

    `stop` kills it as a crash would; `start` after that brings it back on the same socket. Captures end with it.
    """

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


class Playing:
    """A running `vamen play`: its port, what it prints, and a socket to talk to it."""

    def __init__(self, process: subprocess.Popen[str], port: int, first_line: str) -> None:
        self.process = process
        self.first_line = first_line
        self.port = port
        self.summary: dict[str, str] = {}
        self.packets: list[bytes] = []
        """All that has been heard, as it came."""
        self.latest: dict[str, list[Argument]] = {}
        """What was heard last at each address."""
        self._address = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._heard: queue.SimpleQueue[tuple[str, list[Argument]]] = queue.SimpleQueue()
        self._ears = threading.Thread(target=self._hear, daemon=True)
        self._ears.start()
        self.send("/vamen/subscribe", self._socket.getsockname()[1])

    def send(self, address: str, *values: float | int | str) -> None:
        self._socket.sendto(encode(address, *values), self._address)

    def send_bytes(self, packet: bytes) -> None:
        self._socket.sendto(packet, self._address)

    def wait_for(self, address: str, times: int = 1) -> list[list[Argument]]:
        """The arguments of the next messages with this address: what paces the tests, instead of sleeping.

        Of the position's, which come 60 times a second, the first in every step counts.
        """
        found: list[list[Argument]] = []
        while len(found) < times:
            heard, arguments = self._heard.get(timeout=START_SECONDS)
            if heard == address:
                found.append(arguments)
        return found

    def _hear(self) -> None:
        """Listen without pause: what the system has no room for while a test does something else is lost."""
        step: Argument = None
        while packet := self._socket.recv(65_536):
            self.packets.append(packet)
            for address, arguments in decode(packet):
                self.latest[address] = arguments
                if address == "/vamen/column" or (address == "/vamen/position" and arguments[2] == step):
                    continue
                if address == "/vamen/position":
                    step = arguments[2]
                self._heard.put((address, arguments))

    def finish(self) -> None:
        """End it, and fail the test with what it said where that was no clean end."""
        status = self.end()
        if status:
            pytest.fail(f"`vamen play` ended with status {status}: {self.errors}")

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=START_SECONDS)
        self.summary = dict(line.split(": ", 1) for line in output.splitlines() if ": " in line)
        self.errors = errors
        self._socket.sendto(b"", self._socket.getsockname())
        self._ears.join()
        self._socket.close()
        return self.process.returncode


def ramp(frames: int) -> NDArray[np.float32]:
    """A ring whose every sample tells its place: (k + 1) / (2 frames), exact in float32 for powers of two."""
    return (np.arange(1, frames + 1) / (2 * frames)).astype(np.float32)


def places(samples: NDArray[np.float32], frames: int, gain: np.float32) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where in the ramp each sample (n,) of a capture is, and whether it and the one before follow each other, to the bit."""
    place = np.rint(samples.astype(np.float64) * (2 * frames) / gain).astype(np.int64) - 1
    exact = samples == ((place + 1) / (2 * frames)).astype(np.float32) * gain
    steady = exact[1:] & exact[:-1] & (samples[1:] > 0.0) & (np.diff(place) % frames == 1)
    return place, np.concatenate([[False], steady])


def breaks(samples: NDArray[np.float32], frames: int, gain: np.float32) -> int:
    """How often a capture (n,) of the ramp, played round and round at a gain, is broken by lost, repeated or foreign frames.

    What comes before the ramp's first steady 1,000 frames (the fade-in) is not looked at.
    """
    steady = places(samples, frames, gain)[1][1:]
    run = np.flatnonzero(np.convolve(steady, np.ones(1000), "valid") == 1000)
    if len(run) == 0:
        pytest.fail("the ramp is nowhere in the capture")
    return int(np.count_nonzero(np.diff(steady[run[0] :].astype(np.int8)) == -1))


def ramp_begins(samples: NDArray[np.float32], frames: int, gain: np.float32) -> int:
    """The frame of a capture (n,), modulo `frames`, at which the ramp begins its rounds; the last 100 steady frames say it."""
    place, steady = places(samples, frames, gain)
    last = np.flatnonzero(steady)[-100:]
    assert len(last) == 100, "the ramp is nowhere in the capture"
    return int(np.median((last - place[last]) % frames))


def capture_began(path: Path, sample_rate: int = 44100, arrivals: int = 60) -> float:
    """The moment (time.perf_counter) of a running capture's first frame, if none of its frames came later than the soonest."""
    began: list[float] = []
    size = path.stat().st_size

    def another() -> bool:
        nonlocal size
        seconds, now = time.perf_counter(), path.stat().st_size
        if now > size:
            size = now
            began.append(seconds - size / (4 * CHANNELS * sample_rate))
        return len(began) >= arrivals

    wait_until(another, f"{arrivals} pieces of the capture")
    return min(began)
