"""OSC in over UDP: packets to controls in the mailbox."""

from __future__ import annotations

import ipaddress
import logging
import selectors
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress

from bridge.control import Control
from bridge.errors import VamenError
from bridge.mailbox import Mailbox
from bridge.osc_feedback import OscFeedback
from bridge.osc_map import OscMap
from bridge.osc_packet import Argument
from bridge.osc_packet import decode as decode
from bridge.osc_packet import encode as encode
from bridge.parameters import FOR_TAKES_ONLY, ControlError, ControlLayout, parse
from bridge.told import ERROR
from bridge.whole_file import reason

logger = logging.getLogger(__name__)

RECEIVE_BUFFER_BYTES = 4 * 2**20
"""Asked for, so that packets wait while the generator computes; the system may grant less."""

MAX_PACKET_BYTES = 65536
MAX_BATCH_PACKETS = 256
"""Packets read before the first of them is acted on."""

EXPLAINED = 8
"""Sentences of a kind: as many addresses as a patch may have wrong, fewer than a knob beyond its range can make."""

BROKEN_NETWORK_SECONDS = 0.1
"""How long nothing is read after the system has reported an error."""


class OscServer:
    """Listens on one UDP socket and leaves controls in the mailbox; `start` opens the port and the thread, `stop` ends both.

    Whatever arrives, the thread goes on: what the table does not take is counted by kind in `rejected`, and the first `EXPLAINED`
    sentences of a kind are logged and sent to the subscribers as /vamen/error, each once. A continuous value that was clamped
    counts as "out of range" although its nearest end is taken. `received` counts messages, `rejected` malformed packets too.
    `osc_map` says what addresses mean that are not ours.
    """

    def __init__(
        self,
        host: str,
        port: int,
        mailbox: Mailbox,
        layout: ControlLayout,
        osc_map: OscMap | None = None,
    ) -> None:
        self.feedback = OscFeedback()
        self.keeps: Callable[[Control], bool] = lambda control: False
        """Hears every control first; what it returns True for goes no further."""
        self.received = 0
        self.rejected: Counter[str] = Counter()
        self._explained: dict[str, set[str]] = {}
        self._host = host
        self._port = port
        self._mailbox = mailbox
        self._layout = layout
        self._map = osc_map
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._waker: socket.socket | None = None
        self._settling: deque[threading.Event] = deque()

    @property
    def port(self) -> int:
        """The port that is listened on; after `start` the real one, where 0 was asked for."""
        return self._port

    @property
    def buffer_bytes(self) -> int:
        """What the system granted of `RECEIVE_BUFFER_BYTES`; 0 while it does not listen."""
        return 0 if self._socket is None else self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def start(self) -> None:
        """Open the port and begin to listen. Raises VamenError when the port cannot be had."""
        self._socket = _listen(self._host, self._port)
        self._port = self._socket.getsockname()[1]
        self._waker, woken = socket.socketpair()
        self._waker.setblocking(False)
        woken.setblocking(False)
        self._thread = threading.Thread(target=self._run, args=(self._socket, woken), name="osc", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and forget the subscribers; nothing happens if it was not started."""
        self._stopping.set()
        if self._thread is not None and self._socket is not None and self._waker is not None:
            self._wake()
            self._thread.join()
            self._socket.close()
            self._waker.close()
            self._thread = self._socket = self._waker = None
        self.feedback.close()

    def settle(self, seconds: float) -> bool:
        """Wait until everything that has arrived by now is in the mailbox; False where that takes longer than so many seconds."""
        settled = threading.Event()
        self._settling.append(settled)
        self._wake()
        return settled.wait(seconds)

    def _wake(self) -> None:
        if self._waker is not None:
            # Where the pipe is full, enough is in it to wake anyone.
            with suppress(BlockingIOError):
                self._waker.send(b"\0")

    def __enter__(self) -> OscServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self, listening: socket.socket, woken: socket.socket) -> None:
        with woken, selectors.DefaultSelector() as selector:
            selector.register(listening, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while not self._stopping.is_set():
                if any(key.fileobj is woken for key, _ in selector.select()):
                    woken.recv(MAX_PACKET_BYTES)
                settling = [self._settling.popleft() for _ in range(len(self._settling))]
                self._take_arrived(listening)
                for settled in settling:
                    settled.set()

    def _take_arrived(self, listening: socket.socket) -> None:
        """Everything that waits in the system's buffer."""
        arrived = MAX_BATCH_PACKETS
        while arrived == MAX_BATCH_PACKETS and not self._stopping.is_set():
            # The buffer is emptied first: where it is small, a burst must not wait for what it says.
            packets = self._arrived(listening)
            for packet, sender_host in packets:
                self._take_guarded(packet, sender_host)
            arrived = len(packets)

    def _arrived(self, listening: socket.socket) -> list[tuple[bytes, str]]:
        packets: list[tuple[bytes, str]] = []
        while len(packets) < MAX_BATCH_PACKETS:
            try:
                packet, sender = listening.recvfrom(MAX_PACKET_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                # Windows reports a packet larger than the buffer this way; a broken network must not spin the loop.
                self._reject(ControlError("malformed packet", f"An OSC packet could not be received: {error}."))
                self._stopping.wait(BROKEN_NETWORK_SECONDS)
                break
            packets.append((packet, sender[0]))
        return packets

    def _take_guarded(self, packet: bytes, sender_host: str) -> None:
        try:
            self.take(packet, sender_host)
        except Exception:
            # The last line of defence on stage: an error of ours loses one packet, not the controller.
            logger.exception("an OSC packet of %d bytes met an error in VAmEn", len(packet))
            self.rejected["internal error"] += 1

    def take(self, packet: bytes, sender_host: str) -> None:
        """Do what a packet says; what is wrong with it is counted and explained, not raised."""
        try:
            messages = decode(packet)
        except ControlError as error:
            self._reject(error)
            return
        controls: list[Control] = []
        for address, arguments in messages:
            self.received += 1
            try:
                for control in self._meant(address, arguments):
                    if control.name == "subscribe":
                        self.feedback.subscribe(sender_host, int(control.values[0]))
                    elif control.name == "unsubscribe":
                        self.feedback.unsubscribe(sender_host, int(control.values[0]))
                    if not self.keeps(control):
                        controls.append(control)
            except ControlError as error:
                self._reject(error)
        self._mailbox.put(*controls)

    def _meant(self, address: str, arguments: list[Argument]) -> list[Control]:
        """What a message says, in a page's words or in ours. Raises ControlError."""
        if self._map is not None and (mapped := self._map.translate(address, arguments)) is not None:
            return mapped
        control = parse(address, arguments, self._layout, self._reject)
        if control.name in FOR_TAKES_ONLY:
            raise ControlError("only in takes", f"{address} can only stand in a take; leave it out here.")
        return [control]

    def _reject(self, error: ControlError) -> None:
        self.rejected[error.kind] += 1
        explained, sentence = self._explained.setdefault(error.kind, set()), str(error)
        if sentence in explained or len(explained) >= EXPLAINED:
            return
        explained.add(sentence)
        end = " More of this kind are only counted." if len(explained) == EXPLAINED else ""
        logger.warning("%s: %s%s", error.kind, sentence, end)
        self.feedback.send(ERROR, sentence)


def exposure_warning(host: str) -> str | None:
    """What to say at the start when others than this machine can reach `--osc-host`; None where none can.

    A name that cannot be looked up is warned of too: `OscServer.start` says what is wrong with it.
    """
    try:
        addresses = {
            entry[4][0] for entry in socket.getaddrinfo(host or None, None, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
        }
    except (OSError, UnicodeError):
        addresses = set()
    if addresses and all(ipaddress.ip_address(address).is_loopback for address in addresses):
        return None
    return (
        f"Whoever reaches this machine over the network can play it and fill the watch folder, since OSC is listened for on "
        f"{host or 'every address'}: in a network that is not yours alone, leave --osc-host at its default."
    )


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        _enlarge_receive_buffer(listening)
        listening.setblocking(False)
        listening.bind((host, port))
    except (OSError, OverflowError, UnicodeError) as error:
        listening.close()
        raise VamenError(
            f"VAmEn cannot listen for OSC on port {port} of {host} ({reason(error)}); "
            "end the program that has the port, or choose others with --osc-port and --osc-host."
        ) from error
    return listening


def _enlarge_receive_buffer(listening: socket.socket) -> None:
    """Linux grants what it allows without a word, macOS refuses what is too much."""
    size = RECEIVE_BUFFER_BYTES
    while size > 2**16:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
            return
        except OSError:
            size //= 2
