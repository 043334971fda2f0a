"""MIDI in: a port of the system, its messages through the control map into the mailbox.

The driver fills a queue that a thread of ours empties. A callback into Python would make the driver wait for the interpreter's
lock: under JACK its period passes meanwhile, and what it had not handed over yet is overwritten (beside a busy machine 14 of 240
bursts of 129 messages arrived with stale ones among them; through the queue none of 240).
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import Counter
from pathlib import Path

import mido
import rtmidi

from bridge.control_map import ControlMap
from bridge.errors import VamenError
from bridge.mailbox import Mailbox

logger = logging.getLogger(__name__)

ALSA_SEQUENCER = Path("/dev/snd/seq")
CLIENT_NAME = "vamen"

POLL_SECONDS = 0.002
"""How often the queue is looked at: a third of a tick of the engine."""

QUEUED_MESSAGES = 4096


def list_ports() -> list[str]:
    """The names of the MIDI inputs that could be opened now.

    Raises:
        VamenError: the system has no MIDI at all.
    """
    midi_in = _midi_in()
    try:
        return list(midi_in.get_ports())
    finally:
        midi_in.delete()


class MidiInput:
    """One MIDI input, found by (part of) its name; `start` opens it and begins to listen, `stop` ends both.

    Whatever arrives, the thread goes on. `received` counts messages, `rejected` those that are no MIDI.
    """

    def __init__(self, name: str, control_map: ControlMap, mailbox: Mailbox) -> None:
        self.received = 0
        self.rejected: Counter[str] = Counter()
        self._wanted = name
        self._control_map = control_map
        self._mailbox = mailbox
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Open the port and begin to listen; returns its full name.

        Raises:
            VamenError: there is no such port, more than one, or it cannot be opened.
        """
        midi_in = _midi_in()
        try:
            ports = list(midi_in.get_ports())
            number = _find(self._wanted, ports)
            midi_in.open_port(number, name="in")
        except VamenError:
            midi_in.delete()
            raise
        except rtmidi.RtMidiError as error:
            midi_in.delete()
            raise VamenError(
                f"The MIDI input {self._wanted!r} cannot be opened ({error}); close other programs that use it."
            ) from error
        self._thread = threading.Thread(target=self._run, args=(midi_in,), name="midi", daemon=True)
        self._thread.start()
        return ports[number]

    def stop(self) -> None:
        """Close the port; nothing happens if it was not started."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> MidiInput:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take(self, data: list[int]) -> None:
        """Do what the bytes of one MIDI message say; what is none is counted, and the first explained."""
        self.received += 1
        try:
            message = mido.Message.from_bytes(data)
        except (ValueError, LookupError, TypeError) as error:
            self.rejected["malformed message"] += 1
            if self.rejected["malformed message"] == 1:
                shown = " ".join(f"{byte:02x}" for byte in data[:16])
                logger.warning("%s sent no MIDI message (%s: %s). More of these are only counted.", self._wanted, shown, error)
            return
        for control in self._control_map.translate(message):
            self._mailbox.put(control)

    def _run(self, midi_in: rtmidi.MidiIn) -> None:
        try:
            while not self._stopping.wait(POLL_SECONDS):
                while (event := midi_in.get_message()) is not None:
                    self._take_guarded(event[0])
        finally:
            midi_in.close_port()
            midi_in.delete()

    def _take_guarded(self, data: list[int]) -> None:
        try:
            self.take(data)
        except Exception:
            # The last line of defence on stage: an error of ours loses one message, not the controller.
            logger.exception("a MIDI message met an error in VAmEn")
            self.rejected["internal error"] += 1


def _midi_in() -> rtmidi.MidiIn:
    """A MIDI client: the system's own API; on Linux without ALSA's sequencer (containers, servers) JACK's."""
    api = rtmidi.API_UNSPECIFIED
    if sys.platform == "linux" and not ALSA_SEQUENCER.exists():
        api = rtmidi.API_UNIX_JACK
    try:
        return rtmidi.MidiIn(api, CLIENT_NAME, QUEUED_MESSAGES)
    except rtmidi.RtMidiError as error:
        remedy = (
            "load ALSA's sequencer (modprobe snd-seq) or start a JACK server" if sys.platform == "linux" else "check the drivers"
        )
        raise VamenError(f"This system offers no MIDI ({error}); {remedy}, or play without --midi-in.") from error


def _find(wanted: str, ports: list[str]) -> int:
    """The number of the one port that is meant: by its whole name, else by the part of it, whatever the case."""
    if wanted in ports:
        return ports.index(wanted)
    found = [number for number, port in enumerate(ports) if wanted.casefold() in port.casefold()]
    if len(found) == 1:
        return found[0]
    there = ", ".join(ports[number] for number in found) if found else ", ".join(ports) or "none at all"
    reason = "fits several MIDI inputs" if found else "is none of the MIDI inputs"
    raise VamenError(f"{wanted!r} {reason} (there are: {there}); name one of them, or part of its name that no other has.")
