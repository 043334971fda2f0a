"""OSCQuery over real sockets: who reads after a write reads what was written, and nobody can block anybody."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bridge.oscquery_server
from bridge.engine import Engine
from bridge.errors import VamenError
from bridge.feedback import Feedback
from bridge.mailbox import Mailbox
from bridge.model import Model
from bridge.osc import OscServer
from bridge.osc_packet import encode
from bridge.oscquery_server import MAX_CONNECTIONS, MAX_REQUEST_BYTES, query_server
from bridge.parameters import layout_of
from tests.fuzzing import bundle
from tests.letters import PATIENCE_SECONDS
from tests.test_live import playing
from tests.test_oscquery import check_node
from tests.test_playhead import started

pytestmark = pytest.mark.real_time

HOST = "127.0.0.1"


def get(port: int, target: str) -> tuple[int, Any]:
    """A request by a client that is not ours."""
    connection = HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status == 200:
            assert answer.getheader("Content-Type") == "application/json"
        return answer.status, json.loads(text) if text else None
    finally:
        connection.close()


class Instrument:
    """The OSC server, the OSCQuery server and a main loop between them that does nothing but obey and answer."""

    def __init__(self, engine: Engine) -> None:
        self.mailbox = Mailbox()
        layout = layout_of(engine.model.metadata)
        self.osc = OscServer(HOST, 0, self.mailbox, layout)
        self.osc.start()
        self.query = query_server(HOST, 0, self.osc, self.mailbox, layout)
        self._feedback = Feedback(engine, self.osc.feedback, None)
        self._engine = engine
        self._stopping = threading.Event()
        self._loop = threading.Thread(target=self._run, daemon=True)
        self._loop.start()

    def _run(self) -> None:
        tick = 0
        while not self._stopping.is_set():
            self.mailbox.wait(0.05)
            tick += 1
            questions = self.mailbox.questions()
            self._engine.tick(tick, self.mailbox.drain())
            self._feedback.answer(questions, tick * 256)

    def send(self, packet: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(packet, (HOST, self.osc.port))

    def stop(self) -> None:
        self.query.stop()
        self.osc.stop()
        self._stopping.set()
        self._loop.join()


@pytest.fixture(scope="module")
def instrument(tiny_model: Model) -> Iterator[Instrument]:
    instrument = Instrument(started(tiny_model))
    yield instrument
    instrument.stop()


def test_a_write_shows_in_the_next_read(instrument: Instrument) -> None:
    for number in range(30):
        instrument.send(encode("/vamen/gain", number / 64))
        assert get(instrument.query.port, "/vamen/gain?VALUE") == (200, {"VALUE": [number / 64]})
        nested = bundle(encode("/vamen/latent/1/1", number / 32), bundle(encode("/vamen/quantise", ["off", "bar"][number % 2])))
        instrument.send(nested)
        status, tree = get(instrument.query.port, "/vamen")
        assert status == 200 and tree["CONTENTS"]["quantise"]["VALUE"] == [["off", "bar"][number % 2]]
        assert tree["CONTENTS"]["latent"]["CONTENTS"]["1"]["CONTENTS"]["1"]["VALUE"] == [number / 32]


def test_a_write_after_thousands_of_others_shows_too(instrument: Instrument) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(2000):
            sender.sendto(encode("/vamen/axis/1", number / 2000), (HOST, instrument.osc.port))
        sender.sendto(encode("/vamen/axis/1", 0.25), (HOST, instrument.osc.port))
    assert get(instrument.query.port, "/vamen/axis/1?VALUE") == (200, {"VALUE": [0.25]})


@given(st.binary(max_size=300))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_answered_or_not_and_the_next_client_is(
    instrument: Instrument, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    for text in (data + b"\r\n\r\n", b"GET " + data + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + data):
        with socket.create_connection((HOST, instrument.query.port), PATIENCE_SECONDS) as stranger:
            stranger.sendall(text)
            stranger.shutdown(socket.SHUT_WR)
            answered(stranger)
    assert get(instrument.query.port, "/vamen/gain?TYPE") == (200, {"TYPE": "f"})
    assert caplog.text == ""


def answered(connection: socket.socket) -> bytes:
    """Everything until the other end closes."""
    heard = b""
    try:
        while piece := connection.recv(65_536):
            heard += piece
    except ConnectionError:
        # What it had not read was thrown away with the connection.
        pass
    return heard


def test_those_who_say_nothing_make_room(instrument: Instrument) -> None:
    with ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection((HOST, instrument.query.port), PATIENCE_SECONDS))
            for _ in range(3 * MAX_CONNECTIONS)
        ]
        for connection in silent[-MAX_CONNECTIONS:]:
            connection.sendall(b"GET /vamen/gain HTTP/1.1\r\nX-Slow: ")
        assert get(instrument.query.port, "/vamen/gain?VALUE")[0] == 200
        # The first came long ago, so it was their turn to go.
        assert all(answered(connection) == b"" for connection in silent[:MAX_CONNECTIONS])


def test_a_request_without_an_end_ends(instrument: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_connection((HOST, instrument.query.port), PATIENCE_SECONDS) as endless:
        # What has come by then is a question.
        endless.sendall(b"GET /x HTTP/1.1\r\nX-Long: ".ljust(MAX_REQUEST_BYTES, b"x"))
        assert answered(endless).startswith(b"HTTP/1.1 404")
    with socket.create_connection((HOST, instrument.query.port), PATIENCE_SECONDS) as deaf:
        # Asks for everything and takes nothing of it.
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert get(instrument.query.port, "/vamen/gain?VALUE")[0] == 200
    monkeypatch.setattr(bridge.oscquery_server, "REQUEST_SECONDS", 0.05)
    with socket.create_connection((HOST, instrument.query.port), PATIENCE_SECONDS) as slow:
        slow.sendall(b"GET /")
        assert answered(slow) == b""


@pytest.mark.parametrize(("text", "status"), [(b"POST / HTTP/1.1\r\n\r\n", b"501"), (b"GET http://[ HTTP/1.1\r\n\r\n", b"400")])
def test_what_is_no_question_is_refused(instrument: Instrument, text: bytes, status: bytes) -> None:
    with socket.create_connection((HOST, instrument.query.port), PATIENCE_SECONDS) as client:
        client.sendall(text)
        assert answered(client).split()[1] == status


def test_a_main_loop_that_is_held_up_is_not_waited_for_for_ever(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge.oscquery_server, "ANSWER_SECONDS", 0.02)
    layout, mailbox = layout_of(tiny_model.metadata), Mailbox()
    with OscServer(HOST, 0, mailbox, layout) as osc:
        query = query_server(HOST, None, osc, mailbox, layout)
        assert get(query.port, "/vamen/gain?VALUE") == (503, None)
        assert get(query.port, "/vamen/gain?RANGE")[0] == 200
        query.stop()
        query.stop()


def test_the_port_is_the_osc_ports_number_or_another_but_never_one_less_than_asked_for(tiny_model: Model) -> None:
    layout, mailbox = layout_of(tiny_model.metadata), Mailbox()
    with OscServer(HOST, 0, mailbox, layout) as osc, socket.socket() as taken:
        taken.bind((HOST, osc.port))
        taken.listen()
        query = query_server(HOST, None, osc, mailbox, layout)
        assert query.port not in (0, osc.port)
        with pytest.raises(VamenError, match=rf"TCP port {osc.port} of 127\.0\.0\.1 .*--oscquery-port"):
            query_server(HOST, osc.port, osc, mailbox, layout)
        query.stop()
    with OscServer(HOST, 0, mailbox, layout) as osc:
        query = query_server(HOST, None, osc, mailbox, layout)
        assert query.port == osc.port
        query.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux answers on all of 127.0.0.0/8")
def test_only_the_address_that_was_asked_for_is_listened_on(instrument: Instrument) -> None:
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", instrument.query.port))


def test_vamen_play_tells_what_it_is_told() -> None:
    with playing("--drift", 0, "--oscquery-port", 0) as stage:
        port = int(stage.first_line.split("OSCQuery port: ")[1].split(" ")[0])
        for step in range(4):
            stage.send("/vamen/axis/1", step / 16)
            stage.send("/vamen/morph/mode", ["blend", "steps"][step % 2])
            stage.send("/vamen/clock", "midi")
            _, tree = get(port, "/")
            nodes = dict(check_node(tree, "/"))
            assert nodes["/vamen/axis/1"]["VALUE"] == [step / 16]
            assert nodes["/vamen/morph/mode"]["VALUE"] == [["blend", "steps"][step % 2]]
        # There is no MIDI input, so it is not so; why is what was said last.
        assert nodes["/vamen/clock"]["VALUE"] == ["internal"] == nodes["/vamen/state/clock"]["VALUE"]
        assert "--midi-in" in nodes["/vamen/error"]["VALUE"][0]
        host = get(port, "/x?HOST_INFO")[1]
        assert f"OSC port: {host['OSC_PORT']} " in stage.first_line
        before, began = get(port, "/vamen/position?VALUE")[1]["VALUE"], time.monotonic()
        while get(port, "/vamen/position?VALUE")[1]["VALUE"] == before:
            assert time.monotonic() < began + PATIENCE_SECONDS
        stage.finish()
