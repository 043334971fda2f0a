"""Whatever arrives on network and cable: no exception escapes, the sound has no gap, and what is valid takes effect.

VAMEN_FUZZ_PACKETS says how many packets (`make torture`: a million), VAMEN_FUZZ_SEED which ones.
"""

from __future__ import annotations

import socket
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import soundfile

from bridge.control import Control
from bridge.control_map import ControlMap
from bridge.mailbox import Mailbox
from bridge.midi import MidiInput
from bridge.midi_values import position_of
from bridge.model import Model
from bridge.osc import EXPLAINED, OscServer, encode
from bridge.parameters import DECIMALS, MAX_SEED, ControlLayout, Kind, layout_of
from bridge.take import read_take
from tests.conftest import TINY_MODEL
from tests.fuzzing import FUZZED_PACKETS, SEED, Fuzzer, bundle
from tests.letters import Letters
from tests.test_live import playing

pytestmark = pytest.mark.real_time

HOST = "127.0.0.1"
LAYOUT = ControlLayout(axis_names=("density", "tone"), latent_dimensions=4, steps=32)

OSC_PACKETS = FUZZED_PACKETS * 11 // 20
MIDI_MESSAGES = FUZZED_PACKETS * 8 // 20
WIRE_PACKETS = FUZZED_PACKETS // 20
VALID_EVERY = 50

SIZE_IN_FLIGHT = 1500
"""Bytes of a packet on the wire: the buffer that a system grants for sure holds `VALID_EVERY` of them."""


def drawn(number: int, packet: object) -> str:
    """What to say when a packet makes a test fail."""
    return f"VAMEN_FUZZ_SEED={SEED}, packet {number}: {packet!r}"


def test_fuzzed_packets_raise_nothing_and_valid_ones_among_them_take_effect(caplog: pytest.LogCaptureFixture) -> None:
    fuzzer, mailbox = Fuzzer(LAYOUT, SEED), Mailbox()
    server = OscServer(HOST, 0, mailbox, LAYOUT)
    packet = b""
    seen = set()
    for number in range(OSC_PACKETS):
        try:
            if number % VALID_EVERY:
                packet = fuzzer.broken()
                server.take(packet, HOST)
                continue
            packet, meant = fuzzer.valid()
            seen.add(meant.name)
            if number // VALID_EVERY % 4 == 0:
                # A bundle loses what is wrong in it and nothing else.
                packet = bundle(encode("/vamen/nothing"), encode("/vamen/tempo", "fast"), bundle(packet))
            mailbox.drain()
            server.take(packet, HOST)
            assert mailbox.drain() == [meant]
        except Exception as error:
            pytest.fail(f"{drawn(number, packet)}: {error!r}")
    server.stop()
    assert seen == set(fuzzer.exact)
    # Every way of being wrong was there.
    assert set(server.rejected) == set(get_args(Kind)) - {"internal error"}
    assert len(server.rejected) <= len(caplog.records) <= EXPLAINED * len(server.rejected)


def test_fuzzed_packets_do_not_end_the_thread() -> None:
    fuzzer, letters = Fuzzer(LAYOUT, SEED), Letters()
    with OscServer(HOST, 0, letters, LAYOUT) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(500):
            sender.sendto(fuzzer.broken(), (HOST, server.port))
        sender.sendto(encode("/vamen/random", MAX_SEED), (HOST, server.port))
        while letters.next() != Control("random", (), (MAX_SEED,)):
            pass
        assert "internal error" not in server.rejected


def valid_midi(fuzzer: Fuzzer) -> tuple[list[int], Control]:
    """A message that the default map knows, on any channel, and what it means there."""
    draw = fuzzer.random
    channel, value, key = draw.randrange(16), draw.randrange(128), draw.randrange(32)
    return draw.choice(
        (
            ([0xB0 + channel, 1, value], Control("axis", (1,), (round(position_of(value), DECIMALS),))),
            ([0xB0 + channel, 7, value], Control("gain", (), (round(position_of(value) ** 2, DECIMALS),))),
            ([0x90 + channel, 36 + key, 1 + value % 127], Control("trigger", (), (1 + key,))),
        )
    )


def test_fuzzed_bytes_raise_nothing_and_valid_ones_among_them_take_effect(caplog: pytest.LogCaptureFixture) -> None:
    fuzzer, mailbox = Fuzzer(LAYOUT, SEED), Mailbox()
    keys = MidiInput("keys", ControlMap.load(None, LAYOUT), mailbox)
    data: list[int] = []
    for number in range(MIDI_MESSAGES):
        try:
            if number % VALID_EVERY:
                data = fuzzer.midi()
                keys.take(data)
                continue
            data, meant = valid_midi(fuzzer)
            mailbox.drain()
            keys.take(data)
            assert mailbox.drain() == [meant]
        except Exception as error:
            pytest.fail(f"{drawn(number, data)}: {error!r}")
    assert keys.rejected["malformed message"] > MIDI_MESSAGES // 10
    assert len(caplog.records) == 1


def test_fuzzed_packets_on_the_wire_cost_no_sound_and_valid_ones_among_them_are_played(tmp_path: Path) -> None:
    """Packets come in bundles of `VALID_EVERY`, the next when the last of one was played: no more than a buffer holds.

    The last of each is valid, and followed by a draw with a seed and a volume of its own, as one OSC bundle. A mailbox never puts
    a value behind a later event, so the recording shows the valid one just before the draw; the state tells the volume.
    """
    layout = layout_of(Model.load(TINY_MODEL).metadata)
    fuzzer = Fuzzer(layout, SEED)
    take, capture = tmp_path / "take.osc", tmp_path / "capture.wav"
    sent: dict[int, Control] = {}
    options = ["--record", take, "--capture", capture, "--drift", 0, "--blocksize", 1024]
    with playing(*options) as stage:
        stage.wait_for("/vamen/position")
        for number in range(WIRE_PACKETS // VALID_EVERY):
            for _ in range(VALID_EVERY - 1):
                packet = fuzzer.broken()
                # Whoever is subscribed would be sent to, on a port that another program may have; behind a clock tempo and stop
                # are not ours alone.
                elsewhere = b"subscribe" in packet or b"clock" in packet
                stage.send_bytes(b"" if elsewhere else packet[:SIZE_IN_FLIGHT])
            packet, meant = fuzzer.valid()
            # A whole break is recorded step by step, a draw with the seed that it gets, a tap as the tempo that it makes, and a
            # clock only where there is one.
            while len(meant.values) > layout.latent_dimensions or meant == Control("random") or meant.name in ("clock", "tap"):
                packet, meant = fuzzer.valid()
            seed, volume = MAX_SEED - number, (number % 1000 + 1) / 1000
            sent[seed] = meant
            stage.send_bytes(bundle(packet, encode("/vamen/random", seed), encode("/vamen/gain", volume)))
            while stage.wait_for("/vamen/state/gain") != [[pytest.approx(volume, abs=1e-6)]]:
                pass
        stage.send("/vamen/play")
        stage.wait_for("/vamen/position", 4)
        assert stage.end() == 0, drawn(0, stage.errors)
    assert (stage.summary["gaps"], stage.summary["generator failures"]) == ("0", "0")
    assert "Traceback" not in stage.errors
    recorded = [change.control for change in read_take(take, layout)]
    played = {
        int(draw.values[0]): before for before, draw in pairwise(recorded) if draw.name == "random" and draw.values[0] in sent
    }
    assert played == sent, f"VAMEN_FUZZ_SEED={SEED}"
    sound, _ = soundfile.read(capture)
    assert np.isfinite(sound).all() and np.abs(sound).max() > 0.0
