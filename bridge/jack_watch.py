"""Notices that a JACK server has ended, which neither rtmidi nor a client of JACK says.

A client that has lost its server goes on listing the ports there were, and to make another beside it frees it under the hands of
whoever holds it (libjack cleans up first). So every client of this process is made here: a new one only when all that belonged to
a server of before have been given back. That a server has ended is told by the threads of libjack, which then complain through
the function that it has for such lines; with that function ours, they are not printed either.
"""

from __future__ import annotations

import ctypes
import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import rtmidi

logger = logging.getLogger(__name__)

_PRINTER = ctypes.CFUNCTYPE(None, ctypes.c_char_p)


class JackWatch:
    """Makes clients, each of which belongs to the server of its time: `losses` says how many servers have ended by now."""

    def __init__(self) -> None:
        self.losses = 0
        self._lock = threading.Lock()
        self._clients: Counter[int] = Counter()
        # libjack keeps only their addresses.
        self._printers = {
            "jack_set_error_function": _PRINTER(self._complained),
            "jack_set_info_function": _PRINTER(lambda line: None),
        }

    def listen(self) -> None:
        """Take the lines of the libjack that rtmidi is linked with, instead of having them printed."""
        library = ctypes.CDLL(rtmidi._rtmidi.__file__)
        for name, printer in self._printers.items():
            getattr(library, name)(printer)

    def make(self, make: Callable[[], Any]) -> tuple[Any, int]:
        """A client by `make`, and the count of losses that it belongs to.

        Raises:
            RtMidiError: there is no server, or a client of one that has ended is still held.
        """
        with self._lock:
            if self._clients.total() > self._clients[self.losses]:
                raise rtmidi.RtMidiError("the JACK server has ended")
            losses = self.losses
            client = make()
            self._clients[losses] += 1
            return client, losses

    def delete(self, client: Any, losses: int) -> None:
        """Close a client that came from `make`."""
        with self._lock:
            try:
                client.close_port()
            except rtmidi.RtMidiError as error:
                # Its device or server may be gone, and it is to go in any case.
                logger.debug("a MIDI port did not close: %s", error)
            client.delete()
            self._clients[losses] -= 1

    def _complained(self, line: bytes) -> None:
        """libjack has a line to print. What a call of ours meets is raised there; its own threads speak of the server's end."""
        logger.debug("JACK: %s", line)
        if threading.get_ident() not in {thread.ident for thread in threading.enumerate()}:
            self.losses += 1


WATCH = JackWatch()
"""Of this process, since libjack has one function for its lines."""
