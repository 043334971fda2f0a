"""`max_patches/vamen.pd` in Pure Data itself, without a window: it opens without a word, and plays a live bridge."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.osc import decode
from bridge.parameters import FOR_TAKES_ONLY
from max_patches.generate import FOLDER
from max_patches.pure_data_file import Canvas
from max_patches.table import BRIDGE_PORT, PURE_DATA_PORT, read_layout, rows
from tests.live_take import BLOCK_SIZES, LiveTake, playing
from tests.rig import require_programs, wait_until

pytestmark = pytest.mark.real_time

PATCH = FOLDER / "vamen.pd"
HERTZ, MOVES = 50, 100
"""The hand: this often, so many times."""


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def pure_data(folder: Path, bridge_port: int, driver: Canvas | None = None) -> Iterator[Path]:
    """Pure Data with the patch, moved to ports that are free, and a patch that plays it; hands out the file of what it prints."""
    require_programs("pd")
    patch, printed = folder / "vamen.pd", folder / "printed"
    text = PATCH.read_text(encoding="utf-8")
    assert f"connect 127.0.0.1 {BRIDGE_PORT};" in text and f"listen {PURE_DATA_PORT};" in text
    patch.write_text(
        text.replace(str(BRIDGE_PORT), str(bridge_port)).replace(str(PURE_DATA_PORT), str(free_port())), encoding="utf-8"
    )
    command = ["pd", "-nogui", "-noaudio", "-nomidi", "-stderr", "-open", str(patch)]
    if driver is not None:
        (folder / "driver.pd").write_text(driver.text(), encoding="utf-8")
        command += ["-open", str(folder / "driver.pd")]
    with printed.open("w") as errors:
        process = subprocess.Popen(command, stdout=errors, stderr=errors)
    try:
        yield printed
        assert process.poll() is None, printed.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def player() -> Canvas:
    """A hand that turns `kick` from 0 to 1 at 50 Hz as soon as VAmEn is heard, and then does one of everything else."""
    canvas = Canvas(800, 600)
    first = canvas.chain(canvas.next("r vamen-position"), canvas.next("t b"), canvas.next("f 1"))
    heard = canvas.chain(first, canvas.next("sel 1"), canvas.next("t b b"))
    pace = canvas.chain(heard, canvas.next(f"metro {1000 // HERTZ}"))
    canvas.cord(heard, never_again := canvas.next("0", "msg"), outlet=1)
    canvas.cord(never_again, first, inlet=1)
    count = canvas.chain(pace, canvas.next("f 0"))
    following = canvas.next("+ 1")
    canvas.chain(count, following)
    canvas.cord(following, count, inlet=1)
    canvas.chain(following, canvas.next(f"/ {MOVES}"), canvas.next("s /vamen/axis/kick"))
    last = canvas.chain(following, canvas.next(f"sel {MOVES}"), canvas.next("t b b"))
    stop = canvas.next("0", "msg")
    canvas.cord(last, stop, outlet=1)
    canvas.chain(stop, pace)
    for message, receiver in (
        ("7", "/vamen/random/touched"), ("bang", "/vamen/random/now"), ("1", "/vamen/morph/mode/touched"),
        ("2 0.5 0.25 -0.5 1", "/vamen/latent/step"), ("3 2 0.75", "/vamen/latent/step/dimension"),
        ("4", "/vamen/trigger/touched"), ("0.25", "/vamen/axis/air"), ("bang", "/vamen/export"),
    ):  # fmt: skip
        canvas.chain(last, canvas.next(message, "msg"), canvas.next(f"s {receiver}"))
    for receiver in ("/vamen/axis/air/shown", "/vamen/morph/mode/shown", "vamen-exported"):
        canvas.chain(canvas.next(f"r {receiver}"), canvas.next(f"print {receiver}"))
    return canvas


def test_it_opens_without_a_word(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bridge:
        bridge.bind(("127.0.0.1", 0))
        bridge.settimeout(20.0)
        with pure_data(tmp_path, bridge.getsockname()[1]) as printed:
            packet = bridge.recv(65_536)
            assert printed.read_text() == ""
        [(address, arguments)] = decode(packet)
        assert address == "/vamen/subscribe" and arguments == [pytest.approx(float(arguments[0]))]


def test_it_plays_a_live_bridge_and_the_take_renders_to_the_same_samples(tmp_path: Path) -> None:
    # As in test_live: only a take without a late repaint has a twin, and a loaded machine may have one.
    for attempt, block_frames in enumerate(BLOCK_SIZES):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        take, capture = folder / "take.osc", folder / "capture.wav"
        files = ("--record", take, "--capture", capture, "--watch-folder", folder / "out")
        with playing(*files, "--drift", 0, "--blocksize", block_frames) as stage:
            port = int(stage.first_line.split("OSC port: ")[1].split()[0].rstrip(","))
            with pure_data(folder, port, player()) as printed:
                stage.wait_for("/vamen/exported")
                wait_until(
                    lambda printed=printed: "vamen-exported: " in printed.read_text(), "the file's path to reach Pure Data"
                )
                stage.wait_for("/vamen/position", 4)
                assert stage.end() == 0, stage.errors
                said = printed.read_text()
        assert stage.summary["rejected messages"] == "0", stage.errors
        if stage.summary["late repaints"] == "0":
            break
    assert re.search(r"/vamen/axis/air/shown: set 0.25", said) and "/vamen/morph/mode/shown: set 1" in said, said
    assert "error" not in said, said
    lines = [line.split()[1:] for line in take.read_text().splitlines() if not line.startswith("#")]
    # Where the machine is busy, two moves may meet in one tick, and the later one is taken.
    kick = [float(values[-1]) for values in lines if values[0] == "/vamen/axis/kick"][1:]
    assert len(kick) > 0.5 * MOVES and kick == sorted(kick) and kick[-1] == 1.0
    assert ["/vamen/random", "i", "7"] in lines and ["/vamen/trigger", "i", "4"] in lines
    assert ["/vamen/latent/3/2", "f", "0.750000"] in lines
    assert ["/vamen/latent/2", "ffff", "0.500000", "0.250000", "-0.500000", "1.000000"] in lines
    LiveTake(take, capture, stage).assert_renders_to_what_sounded()


def test_every_address_is_a_receiver() -> None:
    text = PATCH.read_text(encoding="utf-8")
    receivers = set(re.findall(r"^#X obj \d+ \d+ r (/vamen/\S+);$", text, re.MULTILINE))
    sent = {f"/{'/'.join(words.split())}" for words in re.findall(r"^#X obj \d+ \d+ oscformat (.+);$", text, re.MULTILINE)}
    public = [row for row in rows(read_layout()) if row.spec.name not in FOR_TAKES_ONLY]
    for row in public:
        if row.spec.name == "subscribe":
            continue
        assert row.address.replace("<", "").replace(">", "") in receivers, row.address
    assert sent == {re.sub(r"<\w+>", "1", row.address) for row in public}
