"""Peers for the MIDI tests: a system whose ports come and go at will, in memory, and a JACK server of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import rtmidi

from bridge import midi_ports
from bridge.midi_ports import PortKind
from tests.letters import PATIENCE_SECONDS
from tests.rig import require_programs

Event = tuple[list[int], float]


class FakeSystem:
    """What rtmidi would show of a system with `ports`; `dead` says that it has no MIDI, `busy` that others hold every port.

    `waiting` are the messages on their way in, `sent` those that went out; both only while the port that was opened is there.
    """

    def __init__(self, *ports: str) -> None:
        self.ports = list(ports)
        self.dead = False
        self.busy = False
        self.waiting: list[Event] = []
        self.sent: list[tuple[int, ...]] = []
        self.clients = 0

    def kind(self) -> PortKind:
        return PortKind("MIDI input", "--midi-in", "in", lambda api: FakeClient(self))

    def unplug(self, port: str) -> None:
        self.ports.remove(port)


class FakeClient:
    """Stands for rtmidi.MidiIn and MidiOut alike: silent on a port that has gone, even when one of its name is back."""

    def __init__(self, system: FakeSystem) -> None:
        if system.dead:
            raise rtmidi.RtMidiError("no MIDI")
        self._system = system
        self._open: str | None = None
        system.clients += 1

    @property
    def _alive(self) -> bool:
        return any(port is self._open for port in self._system.ports)

    def get_ports(self) -> list[str]:
        if self._system.dead:
            raise rtmidi.RtMidiError("no MIDI")
        return list(self._system.ports)

    def open_port(self, number: int, name: str) -> None:
        if self._system.busy:
            raise rtmidi.RtMidiError("in use")
        self._open = self._system.ports[number]

    def open_virtual_port(self, name: str) -> None:
        self._open = f"vamen:{name}"
        self._system.ports.append(self._open)

    def close_port(self) -> None:
        self._open = None

    def delete(self) -> None:
        self._system.clients -= 1

    def get_message(self) -> Event | None:
        return self._system.waiting.pop(0) if self._system.waiting and self._alive else None

    def send_message(self, message: tuple[int, ...]) -> None:
        if self._alive:
            self._system.sent.append(message)


class JackServer:
    """jackd with its dummy driver, under a name of its own that this process and its children then speak to."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._children: list[subprocess.Popen[str]] = []
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["-d", "dummy", "-r", "48000", "-p", "128", "-C", "2", "-P", "2"]
        command = ["jackd", "-n", self._name, "-r", *options]
        # It dies of SIGPIPE when it ends before its clients, unless that is ignored, as Python does; and a server that died keeps
        # one of the eight places that JACK has for servers.
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, restore_signals=False)
        wait = ["jack_wait", "-s", self._name, "-w", "-t", str(int(PATIENCE_SECONDS))]
        subprocess.run(wait, check=True, capture_output=True)

    def stop(self) -> None:
        """End it, which its clients cannot tell from a death."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait()

    def run(self, *command: str) -> subprocess.Popen[str]:
        """Start a client of the server that ends with it; its standard input is a pipe."""
        quiet = subprocess.DEVNULL
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, text=True)
        self._children.append(child)
        return child

    @contextmanager
    def running(self, *command: str) -> Iterator[None]:
        """A client of the server for the length of a with block."""
        child = self.run(*command)
        yield
        child.terminate()
        child.wait()

    def end(self) -> None:
        for child in self._children:
            child.terminate()
            child.wait()
        self.stop()


@contextmanager
def jack_server() -> Iterator[JackServer]:
    """A JACK server for the length of a with block; the system's own MIDI is hidden meanwhile."""
    if sys.platform != "linux":
        pytest.skip("JACK's dummy driver is started on Linux only")
    require_programs("jackd", "jack_wait", "jack_midi_clock", "jack_transport", "jack_lsp")
    name = f"vamen-test-{os.getpid()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", name)
        patch.setenv("JACK_NO_START_SERVER", "1")
        patch.setenv("JACK_NO_AUDIO_RESERVATION", "1")
        patch.setattr(midi_ports, "ALSA_SEQUENCER", Path("/nonexistent"))
        server = JackServer(name)
        try:
            server.start()
            yield server
        finally:
            server.end()
