"""Ports of the system's MIDI: found by name, opened, and taken up again when they have been away.

A port that goes leaves a client behind on which nothing comes any more; no driver says so. Whoever uses a port therefore asks it
to `look` now and then. A returned port may be called a little differently: ALSA and Windows number the ports in their names anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rtmidi

from bridge.errors import VamenError
from bridge.jack_watch import WATCH

ALSA_SEQUENCER = Path("/dev/snd/seq")
CLIENT_NAME = "vamen"
VIRTUAL_NAME = "VAmEn"
"""Of the input that others find and send to."""

LOOK_SECONDS = 0.25
"""Between two looks at whether a port is still there. A list of ports takes half a millisecond; a plug that lost touch may be
back under the same name half a second later, and a look must fall in between."""

QUEUED_MESSAGES = 4096

_NUMBERS = re.compile(r" \d+(:\d+)?$")
"""With ALSA client and port ("nanoKONTROL2 28:0"), on Windows the number of the device ("nanoKONTROL2 1")."""


@dataclass(frozen=True, slots=True)
class PortKind:
    """Inputs or outputs: what a sentence calls one, the option that names it, the name of our end, and how a client is made."""

    noun: str
    option: str
    own_name: str
    make: Callable[[int], Any]


def _make_input(api: int) -> Any:
    client = rtmidi.MidiIn(api, CLIENT_NAME, QUEUED_MESSAGES)
    # The driver says of a message how long after the one before it came; one that is left out would be missing in that.
    client.ignore_types(sysex=False, timing=False, active_sense=False)
    return client


INPUT = PortKind("MIDI input", "--midi-in", "in", _make_input)
OUTPUT = PortKind("MIDI output", "--midi-clock-out", "clock", lambda api: rtmidi.MidiOut(api, CLIENT_NAME))


def list_ports(kind: PortKind) -> list[str]:
    """The names of the inputs or outputs that could be opened now.

    Raises:
        VamenError: the system has no MIDI at all.
    """
    client, losses = _client(kind)
    try:
        return list(client.get_ports())
    finally:
        WATCH.delete(client, losses)


class MidiPort:
    """A port by (part of) its name: `open` finds it, from then on `look` says that it has gone or is back, `close` ends both.

    All of them in one thread: macOS tells of ports that come and go only the thread in which its MIDI was begun.
    """

    def __init__(self, kind: PortKind, wanted: str) -> None:
        self.name = ""
        """In full, as last found."""
        self._kind = kind
        self._wanted = wanted
        self._client: Any = None
        self._losses = 0
        self._connected = False
        self._others: set[str] = set()
        """Ports that have been there beside this one or without it all the time: none of them is this one, come back."""

    @property
    def client(self) -> Any:
        """rtmidi's MidiIn or MidiOut that is open on the port; None while the port is away."""
        return self._client if self._connected else None

    def open(self) -> str:
        """Open the port; returns its full name.

        Raises:
            VamenError: there is no such port, more than one, or it cannot be opened.
        """
        self._client, self._losses = _client(self._kind)
        try:
            ports = list(self._client.get_ports())
            self._connect(_find(self._wanted, ports, self._kind), ports)
        except VamenError:
            self.close()
            raise
        except rtmidi.RtMidiError as error:
            self.close()
            raise VamenError(
                f"The {self._kind.noun} {self._wanted!r} cannot be opened ({error}); close other programs that use it."
            ) from error
        return self.name

    def look(self) -> str | None:
        """Take up the port again if it is back; returns a sentence when it is, or has gone."""
        was_connected = self._connected
        try:
            self._look()
        except (VamenError, rtmidi.RtMidiError):
            # No MIDI at the moment, or the port is somebody else's: the next look tries again.
            self.close()
        if was_connected and not self._connected:
            return f"The {self._kind.noun} {self.name} has gone; it is taken up again when it returns."
        if self._connected and not was_connected:
            return f"The {self._kind.noun} {self.name} is back."
        return None

    def close(self) -> None:
        """Close the port and the client; nothing happens if there is none."""
        self._connected = False
        if self._client is not None:
            client, self._client = self._client, None
            WATCH.delete(client, self._losses)

    def _look(self) -> None:
        if self._losses != WATCH.losses:
            self.close()
        if self._client is None:
            self._client, self._losses = _client(self._kind)
        ports = list(self._client.get_ports())
        if self._connected:
            if self.name in ports:
                self._others = set(ports) - {self.name}
                return
            self._connected = False
            self._client.close_port()
        self._others.intersection_update(ports)
        if (number := self._returned(ports)) is not None:
            self._connect(number, ports)

    def _connect(self, number: int, ports: list[str]) -> None:
        self._client.open_port(number, name=self._kind.own_name)
        self.name = ports[number]
        self._others = set(ports) - {self.name}
        self._connected = True

    def _returned(self, ports: list[str]) -> int | None:
        """Which port is this one, come back, if one is and only one."""
        new = [number for number, port in enumerate(ports) if port not in self._others]
        for found in (
            [number for number in new if ports[number] == self.name],
            [number for number in new if _without_numbers(ports[number]) == _without_numbers(self.name)],
            _having(self._wanted, ports, new),
        ):
            if found:
                return found[0] if len(found) == 1 else None
        return None


class VirtualPort:
    """An input of our own, that other programs find and send to by its name; used as a `MidiPort` is."""

    def __init__(self) -> None:
        self.client: Any = None
        """rtmidi's MidiIn; None while there is none, because the system's MIDI has gone."""
        self._losses = 0

    def open(self) -> str:
        """Make the port; returns its name.

        Raises:
            VamenError: the system has no MIDI, or none in which programs make ports.
        """
        if sys.platform == "win32":
            raise VamenError("Programs cannot make MIDI ports on Windows: make one with loopMIDI, and name it to --midi-in.")
        client, self._losses = _client(INPUT)
        try:
            client.open_virtual_port(VIRTUAL_NAME)
        except (rtmidi.RtMidiError, NotImplementedError) as error:
            WATCH.delete(client, self._losses)
            raise VamenError(
                f"The MIDI input {VIRTUAL_NAME} cannot be made ({error}); use a port of the system with --midi-in NAME."
            ) from error
        self.client = client
        return VIRTUAL_NAME

    def look(self) -> str | None:
        """Make the port again where its JACK server has ended; returns a sentence when it has gone or is back."""
        was_there = self.client is not None
        if self._losses != WATCH.losses:
            self.close()
        if self.client is None:
            try:
                self.open()
            except VamenError:
                # No MIDI at the moment: the next look tries again.
                self.close()
        if was_there == (self.client is not None):
            return None
        if was_there:
            return f"The MIDI input {VIRTUAL_NAME} has gone; it is made again when the system's MIDI returns."
        return f"The MIDI input {VIRTUAL_NAME} is back."

    def close(self) -> None:
        """Take the port away; nothing happens if there is none."""
        if self.client is not None:
            client, self.client = self.client, None
            WATCH.delete(client, self._losses)


def _client(kind: PortKind) -> tuple[Any, int]:
    """A MIDI client: of the system's own API; on Linux without ALSA's sequencer (containers, servers) JACK's."""
    api = rtmidi.API_UNSPECIFIED
    if sys.platform == "linux" and not ALSA_SEQUENCER.exists():
        api = rtmidi.API_UNIX_JACK
        WATCH.listen()
    try:
        return WATCH.make(lambda: kind.make(api))
    except rtmidi.RtMidiError as error:
        remedy = (
            "load ALSA's sequencer (modprobe snd-seq) or start a JACK server" if sys.platform == "linux" else "check the drivers"
        )
        raise VamenError(f"This system offers no MIDI ({error}); {remedy}, or play without {kind.option}.") from error


def _without_numbers(port: str) -> str:
    return _NUMBERS.sub("", port)


def _having(part: str, ports: list[str], numbers: list[int]) -> list[int]:
    """Those among the numbers whose port has this part in its name, whatever the case."""
    return [number for number in numbers if part.casefold() in ports[number].casefold()]


def _find(wanted: str, ports: list[str], kind: PortKind) -> int:
    """The number of the one port that is meant: by its whole name, else by the part of it, whatever the case."""
    if wanted in ports:
        return ports.index(wanted)
    found = _having(wanted, ports, list(range(len(ports))))
    if len(found) == 1:
        return found[0]
    there = ", ".join(ports[number] for number in found) if found else ", ".join(ports) or "none at all"
    reason = f"fits several {kind.noun}s" if found else f"is none of the {kind.noun}s"
    raise VamenError(f"{wanted!r} {reason} (there are: {there}); name one of them, or part of its name that no other has.")
