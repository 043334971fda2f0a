"""OSC in and out over UDP: packets to controls in the mailbox, feedback to whoever subscribed.

Packets are read here and not with python-osc, whose parser (1.10) goes round for ever on a bundle element of size -4, meets
the recursion limit in nested bundles, sorts their messages by timetag, and writes unknown type tags to the root logger. This
reader takes every timetag as "now", since senders count them from anywhere, and walks bundles in their order.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import selectors
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.control import Control
from bridge.errors import VamenError
from bridge.mailbox import Mailbox
from bridge.parameters import FOR_TAKES_ONLY, ControlError, ControlLayout, parse, shown

logger = logging.getLogger(__name__)

Argument = float | int | str | bytes | None

RECEIVE_BUFFER_BYTES = 4 * 2**20
"""Asked for, so that packets wait while the generator computes; the system may grant less."""

MAX_PACKET_BYTES = 65536
MAX_BATCH_PACKETS = 256
"""Packets read before the first of them is acted on."""

MAX_SUBSCRIBERS = 64
MAX_REFUSALS = 100
"""Packets that a subscriber's machine may refuse before it is forgotten: seconds of feedback, so that a patch can reload."""

STOP_POLL_SECONDS = 0.1

_BUNDLE = b"#bundle\0"
_ONLY_NUMBERS = re.compile("[ifdh]*")
_SIZED = {"i": ">i", "f": ">f", "d": ">d", "h": ">q", "t": ">8s", "c": ">4s", "r": ">4s", "m": ">4s"}
_WITHOUT_DATA: dict[str, Argument] = {"T": True, "F": False, "N": None, "I": None}


def decode(packet: bytes) -> list[tuple[str, list[Argument]]]:
    """The messages (address, arguments) of an OSC packet in their order, bundles inside bundles included.

    Arrays come out flat; what is neither number nor string comes out as bytes or None.

    Raises:
        ControlError: the packet is malformed. None of it is used then: a bundle is one change.
    """
    messages = []
    waiting = [packet]
    while waiting:
        element = waiting.pop()
        if element.startswith(_BUNDLE):
            waiting += reversed(_bundle_elements(element))
        else:
            messages.append(_decode_message(element))
    return messages


def encode(address: str, *values: float | int | str) -> bytes:
    """An OSC message with float32, int32 and string arguments. Raises ValueError for an int beyond 32 bits."""
    tags, data = ",", b""
    for value in values:
        if isinstance(value, str):
            tags, data = tags + "s", data + _padded(value)
        elif isinstance(value, int):
            if not -(2**31) <= value < 2**31:
                raise ValueError(f"{value} does not fit OSC's int32")
            tags, data = tags + "i", data + struct.pack(">i", value)
        else:
            tags, data = tags + "f", data + struct.pack(">f", value)
    return _padded(address) + _padded(tags) + data


def _padded(text: str) -> bytes:
    data = text.encode()
    return data + bytes(4 - len(data) % 4)


def _malformed(why: str) -> ControlError:
    return ControlError("malformed packet", f"An OSC packet could not be read: {why}.")


def _bundle_elements(bundle: bytes) -> list[bytes]:
    elements = []
    position = len(_BUNDLE) + 8
    if len(bundle) < position:
        raise _malformed("a bundle ends inside its timetag")
    while position < len(bundle):
        if position + 4 > len(bundle):
            raise _malformed("a bundle ends inside the size of an element")
        (size,) = struct.unpack_from(">i", bundle, position)
        position += 4
        if size < 0 or size % 4 or position + size > len(bundle):
            raise _malformed(f"an element of a bundle claims {size} bytes")
        elements.append(bundle[position : position + size])
        position += size
    return elements


def _decode_message(data: bytes) -> tuple[str, list[Argument]]:
    if not data.startswith(b"/"):
        raise _malformed(f"{shown(data[:16])} begins neither a message nor a bundle")
    address, position = _string(data, 0)
    if position == len(data):
        # Some old senders leave out the type tags of a message without arguments.
        return address, []
    tags, position = _string(data, position)
    if not tags.startswith(","):
        raise _malformed(f"the type tags {shown(tags)} do not begin with a comma")
    return address, _arguments(tags[1:], data, position)


def _arguments(tags: str, data: bytes, position: int) -> list[Argument]:
    if _ONLY_NUMBERS.fullmatch(tags):
        layout = ">" + tags.replace("h", "q")
        if position + struct.calcsize(layout) > len(data):
            raise _malformed(f"it ends before the arguments that {shown(tags)} promises")
        return list(struct.unpack_from(layout, data, position))
    arguments: list[Argument] = []
    argument: Argument
    for tag in tags:
        if tag in _WITHOUT_DATA:
            arguments.append(_WITHOUT_DATA[tag])
        elif tag in _SIZED:
            argument, position = _sized(_SIZED[tag], data, position)
            arguments.append(argument)
        elif tag in "sS":
            argument, position = _string(data, position)
            arguments.append(argument)
        elif tag == "b":
            size, position = _sized(">i", data, position)
            if not 0 <= size <= len(data) - position:
                raise _malformed(f"a blob claims {size} bytes")
            arguments.append(data[position : position + size])
            position += size + -size % 4
        elif tag not in "[]":
            raise _malformed(f"the type tag {shown(tag)} is unknown")
    return arguments


def _sized(layout: str, data: bytes, position: int) -> tuple[Any, int]:
    end = position + struct.calcsize(layout)
    if end > len(data):
        raise _malformed("it ends inside an argument")
    return struct.unpack_from(layout, data, position)[0], end


def _string(data: bytes, position: int) -> tuple[str, int]:
    end = data.find(b"\0", position)
    padded_end = (end // 4 + 1) * 4
    if end < 0 or padded_end > len(data):
        raise _malformed("it ends inside a string")
    try:
        return data[position:end].decode(), padded_end
    except UnicodeDecodeError as error:
        raise _malformed(f"the string {shown(data[position:end])} is not UTF-8") from error


@dataclass
class _Subscriber:
    socket: socket.socket
    refusals: int = 0


class OscFeedback:
    """Sends messages to every subscriber; never blocks and never raises because of one of them.

    Each has a connected socket of its own, so that the system reports a port where nobody listens any more.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: dict[tuple[str, int], _Subscriber] = {}

    @property
    def subscribers(self) -> list[tuple[str, int]]:
        """Host and port of everyone who is sent to."""
        with self._lock:
            return list(self._subscribers)

    def subscribe(self, host: str, port: int) -> None:
        """Send to this port from now on; again for one who has subscribed only forgives refusals.

        Raises:
            ControlError: there are too many, or no such address can be sent to.
        """
        with self._lock:
            known = self._subscribers.get((host, port))
            if known is not None:
                known.refusals = 0
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
            self._subscribers[host, port] = _Subscriber(connection)
        logger.info("feedback goes to port %d of %s", port, host)

    def send(self, address: str, *values: float | int | str) -> None:
        """Send float32, int32 and string arguments to every subscriber; one whose port stays closed is dropped."""
        packet = encode(address, *values)
        with self._lock:
            for (host, port), subscriber in list(self._subscribers.items()):
                try:
                    subscriber.socket.send(packet)
                except BlockingIOError:
                    # A full send buffer: this one misses a message rather than the music its beat.
                    continue
                except OSError as error:
                    # Refusals are not forgiven by a send in between: the system reports them one send late.
                    subscriber.refusals += 1
                    if subscriber.refusals > MAX_REFUSALS:
                        logger.info("feedback to port %d of %s ends: %s", port, host, error)
                        subscriber.socket.close()
                        del self._subscribers[host, port]

    def close(self) -> None:
        """Forget all subscribers."""
        with self._lock:
            for subscriber in self._subscribers.values():
                subscriber.socket.close()
            self._subscribers.clear()


class OscServer:
    """Listens on one UDP socket and leaves controls in the mailbox; `start` opens the port and the thread, `stop` ends both.

    Whatever arrives, the thread goes on: what the table does not take is counted by kind in `rejected`, and the first of a
    kind is logged, sent to the subscribers as /vamen/error and given to `on_rejected(kind, sentence)`. A continuous value that
    was clamped counts as "out of range" although its nearest end is taken. `received` counts messages, `rejected` malformed
    packets too.
    """

    def __init__(
        self,
        host: str,
        port: int,
        mailbox: Mailbox,
        layout: ControlLayout,
        on_rejected: Callable[[str, str], None] | None = None,
    ) -> None:
        self.feedback = OscFeedback()
        self.keeps: Callable[[Control], bool] = lambda control: False
        """Hears every control first; what it returns True for goes no further."""
        self.received = 0
        self.rejected: Counter[str] = Counter()
        self._host = host
        self._port = port
        self._mailbox = mailbox
        self._layout = layout
        self._on_rejected = on_rejected
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

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
        self._thread = threading.Thread(target=self._run, args=(self._socket,), name="osc", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and forget the subscribers; nothing happens if it was not started."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self.feedback.close()

    def __enter__(self) -> OscServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self, listening: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(listening, selectors.EVENT_READ)
            while not self._stopping.is_set():
                if not selector.select(STOP_POLL_SECONDS):
                    continue
                # The system's buffer is emptied first: where it is small, a burst must not wait for what it says.
                for packet, sender_host in self._arrived(listening):
                    self._take_guarded(packet, sender_host)

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
                self._stopping.wait(STOP_POLL_SECONDS)
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
        controls = []
        for address, arguments in messages:
            self.received += 1
            try:
                control = parse(address, arguments, self._layout, self._reject)
                if control.name in FOR_TAKES_ONLY:
                    raise ControlError("only in takes", f"{address} can only stand in a take; leave it out here.")
                if control.name == "subscribe":
                    self.feedback.subscribe(sender_host, int(control.values[0]))
                if not self.keeps(control):
                    controls.append(control)
            except ControlError as error:
                self._reject(error)
        self._mailbox.put(*controls)

    def _reject(self, error: ControlError) -> None:
        self.rejected[error.kind] += 1
        if self.rejected[error.kind] > 1:
            return
        sentence = str(error)
        logger.warning("%s: %s More of this kind are only counted.", error.kind, sentence)
        self.feedback.send("/vamen/error", sentence)
        if self._on_rejected is not None:
            self._on_rejected(error.kind, sentence)


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
    except (OSError, OverflowError) as error:
        listening.close()
        raise VamenError(
            f"VAmEn cannot listen for OSC on port {port} of {host} ({error}); "
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
