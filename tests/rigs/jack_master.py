"""A master that we did not write: `jack_midi_clock` on a JACK server of its own, with tempo and transport from `jack_transport`.

A listener of the rig's own hears the same port. From the intervals that JACK's driver states, and a line through the pulses
around each beat, it knows when the master means a beat; from the frames of JACK's transport, by which the master counts, how many
pulses it has missed.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import rtmidi
from numpy.typing import NDArray

from bridge.midi_clock import (
    CLOCK,
    CONTINUE,
    PULSES_PER_BEAT,
    PULSES_PER_UNIT,
    SONG_POSITION,
    START,
    STOP,
    ArrivalTimes,
)  # fmt: skip
from tests.rig import PATIENCE_SECONDS, require_programs, wait_until
from tests.rigs.beat_line import BeatLine

DoubleArray = NDArray[np.float64]

PROGRAMS = ("jackd", "jack_wait", "jack_connect", "jack_midi_clock", "jack_transport")
PORT = "jack_midi_clock:mclk_out"
LISTENER, LISTENER_PORT = "rig", "in"
TRANSPORT_WATCH = "rig's watch"
SERVER_RATE = 48000

POLL_SECONDS = 0.001

REMEMBERED_PULSES = 8 * PULSES_PER_BEAT
TELLING_PULSES = 4
"""After one: where they lie says whether some were missed behind it."""


@dataclass(frozen=True)
class Run:
    """What a master said from one start (or continue) to the stop: `pulses` its beats, counted from the one, `begun` and `ended`
    when start and stop came (`ended` is infinite while it runs)."""

    pulses: BeatLine
    begun: float
    ended: float


OwnTime = Callable[[DoubleArray], DoubleArray]
"""From moments (n,) to the master's own seconds, which stand still whenever it does."""


def runs(messages: Sequence[tuple[float, Sequence[int]]], own_time: OwnTime) -> list[Run]:
    """What a master said, from (seconds, bytes) of its messages, cut at its starts and stops.

    JACK drops what it has for a listener that is not ready in time: pulses that are missing by the master's own time count.
    """
    found: list[Run] = []
    pulses: list[tuple[int, float]] = []
    number, begun = 0, None

    def end(seconds: float) -> None:
        if begun is not None and pulses:
            numbers, moments = np.array(pulses).T
            found.append(Run(BeatLine((numbers + _lost_before(own_time(moments))) / PULSES_PER_BEAT, moments), begun, seconds))
        pulses.clear()

    for seconds, data in messages:
        match list(data):
            case [status] if status in (START, CONTINUE):
                end(seconds)
                begun, number = seconds, 0 if status == START else number
            case [status] if status == STOP:
                end(seconds)
                begun = None
            case [status, low, high] if status == SONG_POSITION:
                number = PULSES_PER_UNIT * (low + 128 * high)
            case [status] if status == CLOCK and begun is not None:
                pulses.append((number, seconds))
                number += 1
    end(np.inf)
    return found


def _lost_before(own_seconds: DoubleArray) -> NDArray[np.int64]:
    """How many pulses a listener missed before each that it heard at the master's own seconds (n,), counted from the first on."""
    lost = np.zeros(len(own_seconds), dtype=np.int64)
    for last in range(PULSES_PER_BEAT, len(own_seconds) - TELLING_PULSES):
        # Of whole beats, since JACK's periods are a coarse raster; and of several, since some may have been missed in one.
        remembered = own_seconds[max(0, last - REMEMBERED_PULSES) : last + 1]
        period = float(np.median(remembered[PULSES_PER_BEAT:] - remembered[:-PULSES_PER_BEAT])) / PULSES_PER_BEAT
        # One that is only late is made up for by those that follow it.
        ahead = (own_seconds[last + 1 : last + 1 + TELLING_PULSES] - own_seconds[last]) / period
        missed = int(np.min(np.rint(ahead - np.arange(1, TELLING_PULSES + 1))))
        lost[last + 1 :] += max(0, missed)
    return lost


class JackMaster:
    """The server, its transport, the clock and the rig's listener; `messages` (seconds, bytes) is what the clock has said."""

    def __init__(self, server: str) -> None:
        self.messages: list[tuple[float, list[int]]] = []
        self._places: list[tuple[float, int]] = []
        """When each of the server's periods began, by its own clock, and on which frame of its transport."""
        self._behind = np.inf
        """Seconds by which the server's clock lies behind ours: the least that a look at a period came after it had begun."""
        self._server = server
        self._children: list[subprocess.Popen[str]] = []
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="rig's listener", daemon=True)

    def start(self, beats_per_minute: float) -> None:
        """Start all of it, standing at the one."""
        # With real-time priority where the system gives it; where it does not, jackd goes on without.
        self._run("jackd", "-n", self._server, "-R", "-d", "dummy", "-r", str(SERVER_RATE), "-p", "128", "-C", "2", "-P", "2")
        wait_until(self._is_up, "jackd to come up")
        self._thread.start()
        self._listening.wait(PATIENCE_SECONDS)
        self._transport = self._run("jack_transport")
        self.set_tempo(beats_per_minute)
        self._say("master")
        self.rewind()
        self.start_clock()

    def play(self) -> None:
        self._say("play")

    def stop(self) -> None:
        self._say("stop")

    def rewind(self) -> None:
        """Back to the one."""
        self._say("locate 0")

    def set_tempo(self, beats_per_minute: float) -> None:
        self._say(f"tempo {beats_per_minute:g}")

    def start_clock(self) -> None:
        """Start `jack_midi_clock`, and have the listener hear it."""
        self._clock = self._run("jack_midi_clock")
        wait_until(self._connected, "jack_midi_clock to come up")

    def kill_clock(self) -> None:
        """End `jack_midi_clock` without a word to anybody."""
        self._clock.kill()
        self._clock.wait()

    def heard(self, status: int) -> int:
        """How many messages of a kind have come."""
        return sum(data[0] == status for _, data in self.messages)

    def until(self, status: int, action: Callable[[], None]) -> None:
        """Do something, and wait until the clock has said so."""
        before = self.heard(status)
        action()
        wait_until(lambda: self.heard(status) > before, f"jack_midi_clock to send {status:#x}")

    def own_time(self, moments: DoubleArray) -> DoubleArray:
        """An `OwnTime`, by the frames of the transport."""
        seconds, frames = np.array(self._places).T
        return np.interp(moments, seconds + self._behind, frames) / SERVER_RATE

    def close(self) -> None:
        """End all of it."""
        if self._listening.is_set():
            self._listening.clear()
            self._thread.join()
        for child in reversed(self._children):
            # Not killed: a server that has not signed off takes one of JACK's eight places until the machine starts again.
            child.terminate()
            child.communicate()

    def _is_up(self) -> bool:
        answer = subprocess.run(["jack_wait", "-s", self._server, "-c"], capture_output=True, text=True, check=False).stdout
        return answer.strip() == "running"

    def _connected(self) -> bool:
        command = ["jack_connect", PORT, f"{LISTENER}:{LISTENER_PORT}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _say(self, sentence: str) -> None:
        assert self._transport.stdin is not None
        self._transport.stdin.write(sentence + "\n")
        self._transport.stdin.flush()

    def _run(self, *command: str) -> subprocess.Popen[str]:
        nowhere = subprocess.DEVNULL
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, text=True)
        self._children.append(child)
        return child

    def _listen(self) -> None:
        # Not above: where there is no libjack it cannot be imported.
        import jack

        midi_in = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, LISTENER, 4096)
        midi_in.ignore_types(timing=False)
        midi_in.open_virtual_port(LISTENER_PORT)
        arrivals = ArrivalTimes()
        # Never activated: it only looks at the transport.
        transport = jack.Client(TRANSPORT_WATCH, no_start_server=True, servername=self._server)
        self._listening.set()
        while self._listening.is_set():
            place = transport.transport_query_struct()[1]
            begun = 1e-6 * place.usecs
            if not self._places or begun > self._places[-1][0]:
                self._places.append((begun, place.frame))
                # Linux has several monotonic clocks, a quarter of a second apart after a day.
                self._behind = min(self._behind, time.perf_counter() - begun)
            while (event := midi_in.get_message()) is not None:
                self.messages.append((arrivals.arrival(time.perf_counter(), event[1]), event[0]))
            time.sleep(POLL_SECONDS)
        transport.close()
        midi_in.close_port()
        midi_in.delete()


@contextmanager
def jack_master(beats_per_minute: float) -> Iterator[JackMaster]:
    """A master at this tempo that stands at the one, for the length of a with block; programs started in it find its server."""
    require_programs(*PROGRAMS)
    server = f"vamen-rig-{os.getpid()}"
    own = {"JACK_DEFAULT_SERVER": server, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    master = JackMaster(server)
    try:
        master.start(beats_per_minute)
        yield master
    finally:
        master.close()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
