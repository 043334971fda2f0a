"""OSC senders and a receiver that we did not write, all beside one running `vamen play`.

They play one after the other, oscdump listens, and a gain marks where each has ended: once it is echoed, everything before
it has come. The recording holds what each of them meant and nothing else, and renders offline to what sounded.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.control import Control, ControlChange
from bridge.model import Model
from bridge.osc import decode
from bridge.parameters import layout_of
from bridge.take import read_take
from tests.live_take import LiveTake, live_take
from tests.rig import Playing, require_programs, wait_until

pytestmark = [pytest.mark.peer, pytest.mark.real_time]

HOST = "127.0.0.1"
PEERS = Path(__file__).parent / "peers"
BLOCK_SIZES = (1024, 4096, 4096, 8192)


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
]
"""A line for each type tag that it has; what is no number and no word is refused."""


STREAM = [
    [Control("axis", (1,), (0.2,)), Control("axis", (3,), (0.85,)), Control("quantise", (), ("step",))],
    [Control("axis", (1,), (0.35,)), Control("axis", (3,), (0.7,))],
    [Control("axis", (1,), (0.5,)), Control("axis", (3,), (0.55,)), Control("gain", (), (0.8,))],
    [Control("trigger", (), (9,))],
    [Control("trigger", (), (0,))],
    [
        Control("slot_store", (), (12,)),
        Control("morph_a", (), (1,)),
        Control("morph_b", (), (12,)),
        Control("morph", (), (0.25,)),
    ],
    [Control("random", (), (170,))],
]
"""What stream.osc means, bundle by bundle: oscdump's record of what a program in JavaScript sent."""

NPM = [
    [Control("axis", (1,), (0.25,))],
    [Control("axis", (2,), (0.123457,))],
    [Control("random", (), (2147483647,))],
    [Control("gain", (), (1.0,))],
    [Control("slot_store", (), (128,))],
    [Control("quantise", (), ("beat",))],
    [Control("morph_a", (), (1,)), Control("morph_b", (), (128,)), Control("morph", (), (0.5,)), Control("gain", (), (0.75,))],
    [Control("nudge", (), (0.25,))],
]
"""What peers/sender.js means. A button that it lets go does nothing; a bundle in bundles, for in an hour or two, acts now."""


def missing_npm_osc() -> str | None:
    """Why the npm package cannot play; None where it can."""
    wanted = json.loads((PEERS / "package.json").read_text())["dependencies"]["osc"]
    installed = PEERS / "node_modules" / "osc" / "package.json"
    if shutil.which("node") is None:
        return "not installed: node"
    if not installed.exists() or json.loads(installed.read_text())["version"] != wanted:
        return f"not installed: the npm package osc {wanted} (make peers)"
    return None


def oscsend(port: int) -> None:
    for line, _ in OSCSEND:
        subprocess.run(["oscsend", HOST, str(port), *line.split()], check=True)


def oscsendfile(port: int) -> None:
    # At half its speed, so that no bundle meets the one before it in the mailbox, where the later value wins.
    subprocess.run(["oscsendfile", HOST, str(port), PEERS / "stream.osc", "0.5"], check=True)


def npm_osc(port: int) -> None:
    subprocess.run(["node", "sender.js", str(port)], cwd=PEERS, input="\n" * 9, text=True, check=True, timeout=30)


SENDERS = {0.91: oscsend, 0.92: oscsendfile, 0.93: npm_osc}
"""By the gain that marks their end."""


@dataclass
class Evening:
    """What the peers did, and what came of it."""

    live: LiveTake
    changes: list[ControlChange]
    """What the recording holds behind the state that it begins with."""
    dump: Path
    """What oscdump wrote."""

    def of(self, sender: Callable[[int], None]) -> list[ControlChange]:
        """The changes that one sender made."""
        gains = [change.control.values[0] if change.control.name == "gain" else None for change in self.changes]
        ends = {played: gains.index(mark) for mark, played in SENDERS.items()}
        begins = [0, *(end + 1 for end in ends.values())]
        return self.changes[begins[list(ends).index(sender)] : ends[sender]]


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory, tiny_model: Model) -> Evening:
    require_programs("oscsend", "oscsendfile", "oscdump")
    folder = tmp_path_factory.mktemp("evening")
    dump = folder / "dump.txt"

    def perform(stage: Playing) -> None:
        stage.wait_for("/vamen/position", 2)
        with listening(dump) as port:
            stage.send("/vamen/subscribe", port)
            for mark, sender in SENDERS.items():
                if sender is not npm_osc or missing_npm_osc() is None:
                    sender(stage.port)
                stage.send("/vamen/gain", mark)
                while stage.wait_for("/vamen/state/gain") != [[pytest.approx(mark)]]:
                    pass
            stage.send("/vamen/axis/nobody", 0.5)
            stage.wait_for("/vamen/error")
            stage.send("/vamen/export", "größe")
            stage.wait_for("/vamen/exported")
            wait_until(lambda: b"/vamen/exported" in dump.read_bytes(), "oscdump to hear of the export")

    live = live_take(folder, perform, "--drift", 0, "--watch-folder", folder / "exports", block_sizes=BLOCK_SIZES)
    changes = [change for change in read_take(live.take, layout_of(tiny_model.metadata)) if change.frame > 0]
    return Evening(live, changes, dump)


@contextmanager
def listening(dump: Path) -> Iterator[int]:
    """oscdump, which listens at the port that is handed out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    with dump.open("wb") as file:
        oscdump = subprocess.Popen(["oscdump", "-L", str(port)], stdout=file)
    try:
        wait_until(lambda: is_taken(port), "oscdump to listen")
        yield port
    finally:
        oscdump.kill()
        oscdump.wait()


def is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def assert_means(changes: list[ControlChange], bundles: list[list[Control]]) -> None:
    """These controls and no others, those of each bundle at one moment."""
    assert [change.control for change in changes] == [control for bundle in bundles for control in bundle]
    for bundle in bundles:
        frames = {change.frame for change in changes[: len(bundle)]}
        assert len(frames) == 1
        changes = changes[len(bundle) :]


def test_oscsend_plays_with_every_type_that_it_has(evening: Evening) -> None:
    assert_means(evening.of(oscsend), [[control] for _, control in OSCSEND if control is not None])


def test_oscsendfile_plays_a_stream_that_oscdump_recorded(evening: Evening) -> None:
    assert_means(evening.of(oscsendfile), STREAM)


def test_the_npm_package_osc_plays_bundles_in_bundles_whatever_their_time(evening: Evening) -> None:
    if (reason := missing_npm_osc()) is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    assert_means(evening.of(npm_osc), NPM)


def test_the_recording_of_all_of_them_renders_offline_to_what_sounded(evening: Evening) -> None:
    # One more than the words, bytes and nothings of oscsend, and the button that npm's lets go: an axis that there is not.
    refused = sum(control is None for _, control in OSCSEND) + (missing_npm_osc() is None) + 1
    assert evening.live.stage.summary["rejected messages"] == str(refused)
    evening.live.assert_renders_to_what_sounded()


def printed(packet: bytes) -> list[str]:
    """A packet's messages as oscdump prints them, for the types that a receiver of ours has to know."""
    lines = []
    for address, arguments in decode(packet):
        tags = packet[packet.index(b",") + 1 :].split(b"\0", 1)[0].decode()
        spellings = {"f": "{:f}".format, "i": str, "s": '"{}"'.format}
        words = [spellings[tag](argument) for tag, argument in zip(tags, arguments, strict=True)]
        lines.append(" ".join([address, tags, *words]))
    return lines


def test_oscdump_reads_all_that_we_send(evening: Evening) -> None:
    """It and a socket of ours have heard the same: float32, int32 and strings, nothing else."""
    read = [line.split(" ", 1)[1] for line in evening.dump.read_text(encoding="utf-8").splitlines()]
    sent = [line for packet in evening.live.stage.packets for line in printed(packet)]
    read, sent = (lines[: 1 + [line.split(" ")[0] for line in lines].index("/vamen/exported")] for lines in (read, sent))
    # It came later than we, and was told all that has a state at once; what changed from then on both were told.
    states, told = ([line for line in lines if line.startswith("/vamen/state/")] for lines in (read, sent))
    later = states[len({line.split(" ")[0] for line in states}) :]
    assert later and later == told[-len(later) :]
    events, heard = ([line for line in lines if not line.startswith("/vamen/state/")] for lines in (read, sent))
    assert events == heard[-len(events) :]
    known = {line.split(" ")[0] for line in read}
    assert known >= {f"/vamen/{name}" for name in ("position", "repaint", "exported", "error", "state/axis/kick", "state/tempo")}


def test_what_npm_installs_is_one_exact_version_from_nowhere_in_particular() -> None:
    """Which registry it comes from is for each machine to say."""
    (wanted,) = json.loads((PEERS / "package.json").read_text())["dependencies"].values()
    lock = (PEERS / "package-lock.json").read_text()
    assert json.loads(lock)["packages"]["node_modules/osc"]["version"] == wanted
    assert '"resolved"' not in lock
