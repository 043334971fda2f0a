"""OSC senders and a receiver that we did not write, each beside a running `vamen play`.

Of each sender the recording holds what was meant and nothing else, and renders offline to what sounded. A last message, the
tempo, tells by its echo that everything before it has come.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.control import Control, ControlChange
from bridge.model import Model
from bridge.osc import decode
from bridge.parameters import layout_of
from bridge.take import read_take
from tests.live_take import LiveTake, live_take, playing
from tests.rig import Playing, require_programs, wait_until

pytestmark = [pytest.mark.peer, pytest.mark.real_time]

HOST = "127.0.0.1"
PEERS = Path(__file__).parent / "peers"
BLOCK_SIZES = (1024, 4096, 4096, 8192)
MUSIC_BYTES = 3 * 2 * 44_100
"""Of the capture: what is heard of a performance, two seconds."""

LAST_TEMPO = 172.5
END = [Control("tempo", (), (LAST_TEMPO,)), Control("stop")]


def performance(stage: Playing, send: Callable[[int], None]) -> None:
    """Have a peer send to the port once the music plays; return when all of it was obeyed, and heard for a while."""
    stage.wait_for("/vamen/position", 2)
    send(stage.port)
    while stage.wait_for("/vamen/state/tempo") != [[LAST_TEMPO]]:
        pass


def recorded(folder: Path, send: Callable[[int], None]) -> LiveTake:
    def perform(stage: Playing) -> None:
        performance(stage, send)
        capture = max(folder.glob("*.wav"))
        wait_until(lambda: capture.stat().st_size > MUSIC_BYTES, "two seconds of music")

    return live_take(folder, perform, "--drift", 0, block_sizes=BLOCK_SIZES)


def played(live: LiveTake, model: Model) -> list[ControlChange]:
    """The controls that the recording holds, without the state that it begins with."""
    return [change for change in read_take(live.take, layout_of(model.metadata)) if change.frame > 0]


OSCSEND: list[tuple[str, Control | None]] = [
    ("/vamen/axis/kick f 0.123456", Control("axis", (1,), (0.123456,))),
    ("/vamen/axis/snare d 0.25", Control("axis", (2,), (0.25,))),
    ("/vamen/axis/air T", Control("axis", (3,), (1.0,))),
    ("/vamen/axis/room F", Control("axis", (4,), (0.0,))),
    ("/vamen/slot/store i 128", Control("slot_store", (), (128,))),
    ("/vamen/random h 2147483647", Control("random", (), (2147483647,))),
    ("/vamen/quantise s beat", Control("quantise", (), ("beat",))),
    ("/vamen/morph/mode S blend", Control("morph_mode", (), ("blend",))),
    ("/vamen/gain c x", None),
    ("/vamen/gain m 90407f00", None),
    ("/vamen/gain N", None),
    ("/vamen/gain I", None),
    (f"/vamen/tempo f {LAST_TEMPO}", Control("tempo", (), (LAST_TEMPO,))),
]
"""A line for each type tag that it has; what is no number and no word is refused."""


def test_oscsend_plays_with_every_type_that_it_has(tmp_path: Path, tiny_model: Model) -> None:
    require_programs("oscsend")

    def send(port: int) -> None:
        for line, _ in OSCSEND:
            subprocess.run(["oscsend", HOST, str(port), *line.split()], check=True)

    live = recorded(tmp_path, send)
    meant = [control for _, control in OSCSEND if control is not None]
    assert [change.control for change in played(live, tiny_model)] == [*meant, END[-1]]
    assert live.stage.summary["rejected messages"] == str(len(OSCSEND) - len(meant))
    live.assert_renders_to_what_sounded()


def test_oscsendfile_plays_a_stream_that_oscdump_recorded(tmp_path: Path, tiny_model: Model) -> None:
    """`stream.osc` is oscdump's record of what a program in JavaScript sent; messages of one bundle have one time in it."""
    require_programs("oscsendfile", "oscsend")

    def send(port: int) -> None:
        # At half its speed, so that no bundle meets the one before it in the mailbox, where the later value wins.
        subprocess.run(["oscsendfile", HOST, str(port), PEERS / "stream.osc", "0.5"], check=True)
        subprocess.run(["oscsend", HOST, str(port), "/vamen/tempo", "f", str(LAST_TEMPO)], check=True)

    live = recorded(tmp_path, send)
    changes = played(live, tiny_model)
    assert [change.control for change in changes] == [
        Control("axis", (1,), (0.2,)), Control("axis", (3,), (0.85,)), Control("quantise", (), ("step",)),
        Control("axis", (1,), (0.35,)), Control("axis", (3,), (0.7,)),
        Control("axis", (1,), (0.5,)), Control("axis", (3,), (0.55,)), Control("gain", (), (0.8,)),
        Control("trigger", (), (9,)), Control("trigger", (), (0,)),
        Control("slot_store", (), (12,)), Control("morph_a", (), (1,)), Control("morph_b", (), (12,)),
        Control("morph", (), (0.25,)), Control("random", (), (170,)), *END,
    ]  # fmt: skip
    # Each bundle is one change.
    for first, last in ((0, 3), (3, 5), (5, 8), (10, 14)):
        assert len({change.frame for change in changes[first:last]}) == 1
    assert live.stage.summary["rejected messages"] == "0"
    live.assert_renders_to_what_sounded()


def require_npm_osc() -> None:
    """Skip the test without node or the package of package.json; on CI fail it."""
    wanted = json.loads((PEERS / "package.json").read_text())["dependencies"]["osc"]
    installed = PEERS / "node_modules" / "osc" / "package.json"
    if shutil.which("node") is None:
        reason = "not installed: node"
    elif not installed.exists() or json.loads(installed.read_text())["version"] != wanted:
        reason = f"not installed: the npm package osc {wanted} (make peers)"
    else:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def test_the_npm_package_osc_plays_bundles_in_bundles_whatever_their_time(tmp_path: Path, tiny_model: Model) -> None:
    """What it sends for in an hour or two acts now: senders count their time from anywhere."""
    require_npm_osc()
    packets = 9

    def send(port: int) -> None:
        command = ["node", "sender.js", str(port)]
        subprocess.run(command, cwd=PEERS, input="\n" * packets, text=True, check=True, timeout=30)

    live = recorded(tmp_path, send)
    changes = played(live, tiny_model)
    assert [change.control for change in changes] == [
        Control("axis", (1,), (0.25,)), Control("axis", (2,), (0.123457,)), Control("random", (), (2147483647,)),
        Control("gain", (), (1.0,)), Control("slot_store", (), (128,)), Control("quantise", (), ("beat",)),
        Control("morph_a", (), (1,)), Control("morph_b", (), (128,)), Control("morph", (), (0.5,)), Control("gain", (), (0.75,)),
        *END,
    ]  # fmt: skip
    assert len({change.frame for change in changes[6:10]}) == 1
    # A button that was let go.
    assert live.stage.summary["rejected messages"] == "1"
    live.assert_renders_to_what_sounded()


def printed(packet: bytes) -> list[str]:
    """A packet's messages as oscdump prints them, for the types that a receiver of ours has to know."""
    lines = []
    for address, arguments in decode(packet):
        tags = packet[packet.index(b",") + 1 :].split(b"\0", 1)[0].decode()
        spellings = {"f": "{:f}".format, "i": str, "s": '"{}"'.format}
        words = [spellings[tag](argument) for tag, argument in zip(tags, arguments, strict=True)]
        lines.append(" ".join([address, tags, *words]))
    return lines


def test_oscdump_reads_all_that_we_send(tmp_path: Path) -> None:
    """Two subscribers, a socket of ours and oscdump, have heard the same: float32, int32 and strings, nothing else."""
    require_programs("oscdump")
    dump = tmp_path / "dump.txt"
    with playing("--watch-folder", tmp_path / "folder") as stage:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        with dump.open("wb") as file:
            oscdump = subprocess.Popen(["oscdump", "-L", str(port)], stdout=file)
        try:
            wait_until(lambda: is_taken(port), "oscdump to listen")
            stage.send("/vamen/subscribe", port)
            stage.wait_for("/vamen/position", 4)
            stage.send("/vamen/axis/kick", 0.9)
            stage.wait_for("/vamen/repaint")
            stage.send("/vamen/axis/nobody", 0.5)
            stage.wait_for("/vamen/error")
            stage.send("/vamen/export", "größe")
            stage.wait_for("/vamen/exported")
            wait_until(lambda: b"/vamen/exported" in dump.read_bytes(), "oscdump to hear of the export")
            assert stage.end() == 0
        finally:
            oscdump.kill()
            oscdump.wait()
    read = [line.split(" ", 1)[1] for line in dump.read_text(encoding="utf-8").splitlines()]
    read = read[: 1 + next(number for number, line in enumerate(read) if line.startswith("/vamen/exported"))]
    sent = [line for packet in stage.packets for line in printed(packet)]
    assert read == sent[-len(read) :]
    known = {line.split(" ")[0] for line in read}
    assert known >= {f"/vamen/{name}" for name in ("position", "repaint", "exported", "error", "state/axis/kick", "state/tempo")}


def is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def test_what_npm_installs_is_one_exact_version_from_nowhere_in_particular() -> None:
    """Which registry it comes from is for each machine to say."""
    (wanted,) = json.loads((PEERS / "package.json").read_text())["dependencies"].values()
    lock = (PEERS / "package-lock.json").read_text()
    assert json.loads(lock)["packages"]["node_modules/osc"]["version"] == wanted
    assert '"resolved"' not in lock
