"""Serves the address space over HTTP, without ever keeping the music waiting.

A connection brings one short request within a moment, or it ends. Where there are too many, the oldest one makes room, so that
nobody is kept out by those who say nothing. One answer is made at a time.
"""

from __future__ import annotations

import io
import logging
import os
import socket
import socketserver
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

from bridge.errors import VamenError
from bridge.mailbox import Mailbox
from bridge.osc import OscServer
from bridge.oscquery import AddressSpace, Json, Values, host_info
from bridge.parameters import ControlLayout
from bridge.told import State

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 16
MAX_WAITING = 128
"""Connections that the system keeps until we look: one more would have to be tried again a second later."""

MAX_REQUEST_BYTES = 8192
"""Of a request's line and headers; what comes after them is not read."""

REQUEST_SECONDS = 2.0
"""For a request to arrive, and again for its answer to be taken."""

STOP_POLL_SECONDS = 0.25


ANSWER_SECONDS = 1.0
"""How long the main loop may take to say what is so; it does at its next tick."""


def query_server(host: str, port: int | None, server: OscServer, mailbox: Mailbox, layout: ControlLayout) -> QueryServer:
    """A started server for the OSC server's address space; what was sent to that before a value is asked for shows in it.

    Without a port it is the OSC server's number, or any that is free where another program has that. Raises VamenError when a
    port that was asked for cannot be had.
    """

    def values() -> State:
        if not server.settle(ANSWER_SECONDS):
            raise TimeoutError
        return mailbox.ask().result(ANSWER_SECONDS)

    space, info = AddressSpace(layout), host_info("VAmEn", server.port)
    query = QueryServer(host, server.port if port is None else port, space, info, values)
    try:
        query.start()
    except VamenError:
        if port is not None:
            raise
        query = QueryServer(host, 0, space, info, values)
        query.start()
    return query


class QueryServer:
    """Listens on one TCP port; `start` opens it, `stop` closes it.

    `values` is called in the server's threads whenever somebody wants to know a value; it may raise TimeoutError.
    """

    def __init__(self, host: str, port: int, space: AddressSpace, host_info: Json, values: Values) -> None:
        self._host = host
        self._port = port
        self._handler = type("Handler", (_Handler,), {"space": space, "host_info": host_info, "values": staticmethod(values)})
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; after `start` the real one, where 0 was asked for."""
        return self._port

    def start(self) -> None:
        """Open the port and begin to answer. Raises VamenError when the port cannot be had."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            self._server = _Server(family, (self._host, self._port), self._handler)
        except (OSError, OverflowError) as error:
            raise VamenError(
                f"VAmEn cannot answer OSCQuery on TCP port {self._port} of {self._host or 'every address'} ({error}); "
                "end the program that has the port, or choose another with --oscquery-port."
            ) from error
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_POLL_SECONDS,), name="oscquery", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port; nothing happens if it was not started."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = self._thread = None


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread a connection, and `MAX_CONNECTIONS` of them."""

    daemon_threads = True
    block_on_close = False
    # On Windows this would let another program take the port away.
    allow_reuse_address = os.name == "posix"
    request_queue_size = MAX_WAITING

    def __init__(self, family: socket.AddressFamily, address: tuple[str, int], handler: type[_Handler]) -> None:
        self.address_family = family
        self._open: dict[socket.socket, None] = {}
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            while len(self._open) >= MAX_CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                # Whoever reads from it or writes to it in another thread is told; it may have gone already.
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            # The last line of defence on stage: an error of ours loses one answer. Clients that go away are none.
            logger.exception("an OSCQuery request met an error in VAmEn")


class _Handler(BaseHTTPRequestHandler):
    """One request and its answer."""

    space: AddressSpace
    host_info: Json
    values: Values

    protocol_version = "HTTP/1.1"
    server_version = "VAmEn"
    sys_version = ""
    _one_at_a_time = threading.Lock()

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BytesIO(self._request_text())
        self.connection.settimeout(REQUEST_SECONDS)

    def _request_text(self) -> bytes:
        """What has come when the headers end, time is over, or it is too much."""
        until = time.monotonic() + REQUEST_SECONDS
        text = b""
        while len(text) < MAX_REQUEST_BYTES and b"\r\n\r\n" not in text and b"\n\n" not in text:
            self.connection.settimeout(max(0.001, until - time.monotonic()))
            try:
                piece = self.connection.recv(MAX_REQUEST_BYTES - len(text))
            except TimeoutError:
                return b""
            if not piece:
                break
            text += piece
        return text

    def do_GET(self) -> None:
        try:
            status, pieces = self.space.answer(self.path, self.host_info, self.values)
            with self._one_at_a_time:
                text = "".join(pieces).encode()
        except ValueError:
            # A target that is no URL.
            status, text = 400, b""
        except TimeoutError:
            status, text = 503, b""
        self.send_response(status)
        self.send_header("Connection", "close")
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing is said about requests: a client that asks 60 times a second would fill the terminal."""
