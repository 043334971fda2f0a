"""Messages to everyone who subscribed, each on a socket of their own."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from dataclasses import dataclass, field

from bridge.control import Value
from bridge.osc_packet import encode
from bridge.parameters import ControlError

logger = logging.getLogger(__name__)

MAX_SUBSCRIBERS = 64
MAX_REFUSALS = 600
"""Packets that a subscriber's machine may refuse before it is forgotten: some ten seconds of feedback, of
which the system reports every other packet, so that a patch can reload."""


@dataclass(eq=False)
class Subscriber:
    """Someone who is sent to. The socket is connected, so that the system reports a port where nobody listens any more."""

    host: str
    port: int
    socket: socket.socket
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Nobody sends while it is closed: the system may give its number to another socket at once."""
    refusals: int = 0


class OscFeedback:
    """Sends messages to every subscriber, from any thread; never blocks and never raises because of one of them.

    `anyone` is set while there are subscribers: who tells them something can sleep on it.
    """

    def __init__(self) -> None:
        self.anyone = threading.Event()
        self._lock = threading.Lock()
        self._subscribers: tuple[Subscriber, ...] = ()
        """Replaced as one, so that sending needs no lock."""
        self._newcomers: list[Subscriber] = []
        self._latest: dict[str, tuple[Value, ...]] = {}

    @property
    def subscribers(self) -> list[tuple[str, int]]:
        """Host and port of everyone who is sent to."""
        return [(subscriber.host, subscriber.port) for subscriber in self._subscribers]

    def subscribe(self, host: str, port: int) -> None:
        """Send to this port from now on; for one who has subscribed already, refusals are forgiven and it counts as new.

        Raises:
            ControlError: there are too many, or no such address can be sent to.
        """
        with self._lock:
            if (known := self._known(host, port)) is not None:
                known.refusals = 0
                self._newcomers.append(known)
                return
            if len(self._subscribers) >= MAX_SUBSCRIBERS:
                raise ControlError(
                    "not subscribed", f"Port {port} of {host} gets no feedback: {MAX_SUBSCRIBERS} subscribers are the most."
                )
            connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
            connection.setblocking(False)
            try:
                connection.connect((host, port))
            except OSError as error:
                connection.close()
                raise ControlError("not subscribed", f"Port {port} of {host} gets no feedback: {error}.") from error
            newcomer = Subscriber(host, port, connection)
            self._subscribers += (newcomer,)
            self._newcomers.append(newcomer)
            self.anyone.set()
        logger.info("feedback goes to port %d of %s", port, host)

    def unsubscribe(self, host: str, port: int) -> None:
        """Send nothing more to this port. Raises ControlError where nothing was sent to it."""
        with self._lock:
            known = self._known(host, port)
            if known is None:
                raise ControlError("not subscribed", f"Port {port} of {host} got no feedback: give the port that was subscribed.")
            self._forget(known)
        logger.info("feedback to port %d of %s ends, as it asked", port, host)

    def newcomers(self) -> list[Subscriber]:
        """Everyone who has subscribed since the last call and is still there."""
        if not self._newcomers:
            return []
        with self._lock:
            newcomers, self._newcomers = self._newcomers, []
            return [newcomer for newcomer in dict.fromkeys(newcomers) if newcomer in self._subscribers]

    def latest(self, address: str) -> tuple[Value, ...] | None:
        """What was sent last with this address, or would have been if somebody had subscribed; None where nothing was."""
        return self._latest.get(address)

    def send(self, address: str, *values: Value) -> None:
        """Send float32, int32 and string arguments to every subscriber; one whose port stays closed is dropped."""
        self._latest[address] = values
        if self._subscribers:
            packet = encode(address, *values)
            for subscriber in self._subscribers:
                self._send_to(subscriber, packet)

    def send_to(self, subscriber: Subscriber, address: str, *values: Value) -> None:
        """The same for one of them."""
        self._send_to(subscriber, encode(address, *values))

    def _send_to(self, subscriber: Subscriber, packet: bytes) -> None:
        try:
            with subscriber.lock:
                subscriber.socket.send(packet)
        except BlockingIOError:
            # A full send buffer: this one misses a message rather than the music its beat.
            return
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                # The same, as macOS says it.
                return
            # Refusals are not forgiven by a send in between: the system reports them one send late.
            subscriber.refusals += 1
            if subscriber.refusals <= MAX_REFUSALS:
                return
            with self._lock:
                if subscriber not in self._subscribers:
                    return
                self._forget(subscriber)
            logger.info("feedback to port %d of %s ends: %s", subscriber.port, subscriber.host, error)

    def close(self) -> None:
        """Forget all subscribers."""
        with self._lock:
            for subscriber in self._subscribers:
                self._forget(subscriber)

    def _known(self, host: str, port: int) -> Subscriber | None:
        return next((known for known in self._subscribers if (known.host, known.port) == (host, port)), None)

    def _forget(self, subscriber: Subscriber) -> None:
        """Called with the lock held. Another thread that is about to send gets an OSError, which counts for nobody any more."""
        self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)
        if not self._subscribers:
            self.anyone.clear()
        with subscriber.lock:
            subscriber.socket.close()
