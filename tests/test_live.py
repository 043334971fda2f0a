"""`vamen play` as a process of its own: real sockets, real signals, the capture as witness."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import ROOT, TINY_MODEL, RunVamen
from tests.live_take import live_take, playing
from tests.rig import START_SECONDS, Playing, wait_until

pytestmark = pytest.mark.real_time


def perform(stage: Playing) -> None:
    """A few seconds of everything, paced by the instrument's own position messages."""
    stage.wait_for("/vamen/position", 4)
    stage.send("/vamen/axis/1", 0.9)
    stage.wait_for("/vamen/position", 6)
    stage.send("/vamen/random", 7)
    stage.send("/vamen/axis/kick", 0.2)
    stage.wait_for("/vamen/position", 16)
    stage.send("/vamen/trigger", 9)
    stage.wait_for("/vamen/position", 3)
    stage.send("/vamen/trigger", 0)
    stage.send("/vamen/tempo", 140.0)
    stage.send("/vamen/gain", 0.5)
    stage.wait_for("/vamen/position", 24)


def test_a_live_take_renders_offline_to_the_same_samples(tmp_path: Path) -> None:
    live_take(tmp_path, perform, "--drift", 1).assert_renders_to_what_sounded()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number: int, tmp_path: Path) -> None:
    shared = Path("/dev/shm")
    before = set(shared.iterdir()) if shared.exists() else set()
    with playing() as stage:
        stage.wait_for("/vamen/position")
        assert stage.end(number) == 0
    # Nothing but the note that a subscriber has come.
    assert [line for line in stage.errors.splitlines() if "feedback goes to" not in line] == []
    assert int(stage.summary["generator failures"]) == 0
    if shared.exists():
        assert not [path.name for path in set(shared.iterdir()) - before if path.name.startswith("vamen") and not in_use(path)]


def in_use(path: Path) -> bool:
    """Whether a process has this shared memory mapped: another instrument on the same machine, then."""
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):
            if str(path) in maps.read_text():
                return True
    return False


def test_it_starts_in_the_background_of_a_shell_and_still_obeys(tmp_path: Path) -> None:
    # A shell without job control starts background processes with SIGINT ignored.
    command = (
        f"trap '' INT; '{sys.executable}' -m bridge play --model '{TINY_MODEL}' --output none --osc-port 0 "
        f"> '{tmp_path}/out' 2>&1 & "
        f"pid=$!; while ! grep -q plays '{tmp_path}/out'; do sleep 0.1; done; kill -INT $pid; wait $pid; exit $?"
    )
    assert subprocess.run(["sh", "-c", command], cwd=ROOT, timeout=START_SECONDS, check=False).returncode == 0


def test_noise_on_the_wire_does_not_stop_the_music(tmp_path: Path) -> None:
    capture = tmp_path / "capture.wav"
    generator = np.random.default_rng(1)
    with playing("--capture", capture, "--drift", 0) as stage:
        stage.wait_for("/vamen/position")
        for packet in (b"", b"/", b"/vamen/axis/1\0\0\0,f\0\0", b"#bundle\0" + bytes(8) + b"\xff\xff\xff\xff", bytes(1024)):
            stage.send_bytes(packet)
        for _ in range(2000):
            stage.send_bytes(generator.bytes(int(generator.integers(1, 200))))
        stage.send("/vamen/tempo", float("nan"))
        stage.send("/vamen/axis/nobody", 0.5)
        stage.send("/vamen/slot/recall", 99)
        stage.send("/vamen/quantise", "sometimes")
        stage.send("/vamen/export", "nowhere")
        sentences = " ".join(str(arguments) for arguments in stage.wait_for("/vamen/error", 5))
        stage.send("/vamen/axis/1", 1.0)
        stage.wait_for("/vamen/repaint")
        stage.wait_for("/vamen/position", 8)
        assert stage.end() == 0
    assert int(stage.summary["rejected messages"]) >= 2000
    assert "Slot 99 is empty" in sentences + stage.errors and "--watch-folder" in sentences + stage.errors
    assert_never_silent(capture)


def test_an_export_appears_in_the_watch_folder_and_can_be_made_again(tmp_path: Path, run_vamen: RunVamen) -> None:
    with playing("--watch-folder", tmp_path / "folder") as stage:
        stage.wait_for("/vamen/position")
        stage.send("/vamen/export", "first")
        path = Path(str(stage.wait_for("/vamen/exported")[0][0]))
        assert stage.end() == 0
    assert stage.summary["exports"] == "1"
    again = tmp_path / "again.wav"
    rendered = run_vamen("render", ROOT / path.with_suffix(".json"), "--out", again, "--model", TINY_MODEL)
    assert rendered.returncode == 0, rendered.stderr
    assert again.read_bytes() == (ROOT / path).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "nowhere.onnx"], "nowhere.onnx"),
        (["--map", "nowhere.toml"], "nowhere.toml"),
        (["--slot", "3=nowhere.json"], "nowhere.json"),
        (["--capture", "no/such/folder/out.wav"], "out.wav"),
        (["--record", "no/such/folder/take.osc"], "take.osc"),
        (["--midi-in", "no such controller"], "MIDI"),
    ],
)
def test_what_cannot_start_says_so_in_one_sentence(arguments: list[str], said: str, run_vamen: RunVamen) -> None:
    result = run_vamen("play", "--model", TINY_MODEL, "--output", "none", "--osc-port", 0, *arguments)
    assert result.returncode == 2
    # JACK's library has remarks of its own.
    (sentence,) = [line for line in result.stderr.splitlines() if line.startswith("vamen: ")]
    assert said in sentence and "Traceback" not in result.stderr


def test_a_taken_port_is_named(run_vamen: RunVamen) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        result = run_vamen("play", "--model", TINY_MODEL, "--output", "none", "--osc-port", port)
    assert result.returncode == 2 and str(port) in result.stderr


def test_when_the_main_process_is_killed_the_sound_process_ends_too() -> None:
    with playing() as stage:
        stage.wait_for("/vamen/position")
        children = child_processes(stage.process.pid)
        assert children
        stage.process.kill()
        stage.process.communicate()
        deadline = time.monotonic() + START_SECONDS
        while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def child_processes(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task/{parent}/children")
    if not tasks.exists():
        pytest.skip("this system lists no children of a process under /proc")
    return [int(child) for child in tasks.read_text().split()]


FAULTY = """
import sys
from bridge.generator import Ring
from bridge.__main__ import main

paint_step, calls = Ring.paint_step, 0

def faulty(self, step):
    global calls
    calls += 1
    if 40 <= calls < 43:
        raise FloatingPointError("an exception hits the generator")
    return paint_step(self, step)

Ring.paint_step = faulty
sys.exit(main())
"""


def test_an_exception_in_the_generator_is_told_and_the_sound_goes_on(tmp_path: Path) -> None:
    capture = tmp_path / "capture.wav"
    with playing("--capture", capture, "--drift", 0, program=("-c", FAULTY)) as stage:
        stage.wait_for("/vamen/position", 4)
        stage.send("/vamen/axis/1", 1.0)
        assert "generator failed and starts again" in str(stage.wait_for("/vamen/error"))
        stage.wait_for("/vamen/repaint")
        stage.wait_for("/vamen/position", 8)
        stage.send("/vamen/random", 3)
        stage.wait_for("/vamen/repaint")
        stage.wait_for("/vamen/position", 36)
        assert stage.end() == 0
    assert stage.summary["generator failures"] == "3" and "an exception hits the generator" in stage.errors
    assert_never_silent(capture)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_sound_process_is_followed_by_another(tmp_path: Path) -> None:
    capture = tmp_path / "capture.wav"
    with playing("--capture", capture, "--drift", 0) as stage:
        stage.wait_for("/vamen/position", 20)
        os.kill(sound_process_of(stage), signal.SIGKILL)
        assert "was started again, on the beat" in str(stage.wait_for("/vamen/error"))
        stage.wait_for("/vamen/position", 40)
        assert stage.end() == 0
    sound, _ = soundfile.read(capture)
    loop = round(8 * 60 / 170.0 * 44100)
    silent = np.flatnonzero(np.abs(sound) < 1e-7)
    away = np.flatnonzero(np.convolve(np.diff(silent) == 1, np.ones(2000), "valid") == 2000)
    # Where nobody drew the sound there is silence; behind it and both fades the loop is where it would have been.
    back = int(silent[away[np.flatnonzero(np.diff(away, append=len(sound)) > 1)[0]]]) + 4000
    assert 40_000 < back < len(sound) - 20_000
    np.testing.assert_allclose(sound[back : back + 10_000], sound[back % loop :][:10_000], atol=1e-6)


def sound_process_of(stage: Playing) -> int:
    children = child_processes(stage.process.pid)
    return next(child for child in children if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes())


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_while_the_main_process_is_paused_the_sound_plays_on_and_then_obeys_again(tmp_path: Path) -> None:
    capture = tmp_path / "capture.wav"
    with playing("--capture", capture, "--drift", 0) as stage:
        stage.wait_for("/vamen/position", 8)
        os.kill(stage.process.pid, signal.SIGSTOP)
        size = capture.stat().st_size
        wait_until(lambda: capture.stat().st_size > size + 3 * 2 * 44100, "two seconds of sound without the main process")
        os.kill(stage.process.pid, signal.SIGCONT)
        stage.send("/vamen/axis/1", 1.0)
        stage.wait_for("/vamen/repaint")
        stage.wait_for("/vamen/position", 8)
        assert stage.end() == 0
    assert stage.summary["gaps"] == "0"
    assert_never_silent(capture)


def assert_never_silent(capture: Path) -> None:
    """Not a single 50 ms of silence but at the end, which was asked for."""
    sound, rate = soundfile.read(capture)
    sound = sound[: -rate // 2]
    loud = np.abs(sound[: len(sound) // 2205 * 2205].reshape(-1, 2205)).max(axis=1)
    assert len(loud) > 5 and loud.min() > 0.0


def test_a_host_that_others_can_reach_is_warned_of() -> None:
    with playing("--osc-host", "0.0.0.0") as stage:
        stage.wait_for("/vamen/position")
        assert stage.end() == 0
    assert "Whoever reaches this machine over the network can play it" in stage.errors
