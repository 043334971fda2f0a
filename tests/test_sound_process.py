"""The sound process: plays what is published to the sample, outlives nobody, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge import capture, sound_output
from bridge.capture import Capture
from bridge.devices import SoundDevice
from bridge.errors import VamenError
from bridge.limiter import HEADROOM, LATENCY_FRAMES, Limiter
from bridge.player import SILENCE, TICK_FRAMES, Player, Publication
from bridge.precedence import PRIORITY, take_precedence
from bridge.renderer import Renderer
from bridge.sound_memory import SoundMemory, Status
from bridge.sound_output import DeviceOutput, PacedOutput
from bridge.sound_process import SoundProcess
from bridge.wav_file import HEADER_BYTES, WavWriter
from tests.rig import breaks, null_sinks, ramp, samples_of, wait_until

pytestmark = pytest.mark.real_time

ROOT = Path(__file__).parent.parent
CAPACITY = 65536
SILENT = Publication(0, 0, SILENCE, 1, 0, 0.0)
LOUD = np.random.default_rng(0).standard_normal((8, CAPACITY)).astype(np.float32)

needs_processes_of_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc and /dev/shm")


@pytest.fixture
def sound() -> Iterator[SoundProcess]:
    process = SoundProcess(capacity=CAPACITY, output="none")
    yield process
    process.close()


def pid_of(sound: SoundProcess) -> int:
    """The sound process' number, which is nobody's business but a test's."""
    assert sound._process is not None and sound._process.pid is not None
    return sound._process.pid


def offline(publications: list[Publication], rings: NDArray[np.float32], frames: int, path: Path) -> bytes:
    """The bytes of the file that the same publications make without a process."""
    player, limiter = Player(rings), Limiter()
    for publication in publications:
        player.publish(publication)
    with WavWriter(path, skip_frames=LATENCY_FRAMES) as writer:
        for frame in range(0, frames, 1000):
            block = np.empty(min(1000, frames - frame), dtype=np.float32)
            player.render(block, frame)
            writer.write(limiter.process(block))
    return path.read_bytes()


def samples_of_capture(path: Path) -> NDArray[np.float64]:
    """The samples (n,) of a 24-bit capture, in -1 .. 1."""
    data = path.read_bytes()[HEADER_BYTES:]
    rows = np.frombuffer(data[: len(data) // 3 * 3], dtype=np.uint8).reshape(-1, 3)
    integers = np.pad(rows, ((0, 0), (1, 0))).reshape(-1).view("<i4") >> 8
    return integers / 2.0**23


@needs_processes_of_linux
def test_all_its_threads_run_before_ordinary_programs(sound: SoundProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    # As `vamen` does.
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    with ThreadPoolExecutor(1) as thread:
        if not thread.submit(take_precedence).result():
            pytest.skip("this system lets nobody have a real-time priority")
    sound.start()
    threads = [int(task.name) for task in Path(f"/proc/{pid_of(sound)}/task").iterdir()]
    assert len(threads) > 1
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_RR}
    assert {os.sched_getparam(thread).sched_priority for thread in threads} == {PRIORITY}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has to be asked")
def test_where_the_system_refuses_it_plays_as_an_ordinary_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert not take_precedence()
    monkeypatch.delattr(os, "sched_setscheduler")
    assert not take_precedence()


@pytest.mark.parametrize("block_frames", [256, 300])
def test_the_capture_is_the_offline_render_to_the_byte(tmp_path: Path, block_frames: int) -> None:
    path = tmp_path / "live.wav"
    sound = SoundProcess(capacity=CAPACITY, output="none", block_frames=block_frames, capture=path)
    sound.rings[:] = LOUD
    publications = [Publication(0, 0, 0, 40000, 0, 0.3)]
    sound.start()
    sound.publish(publications[0])
    for sequence in range(1, 7):
        effect = (sound.frame // TICK_FRAMES + 24) * TICK_FRAMES
        publications.append(Publication(sequence, effect, sequence, 50000 + sequence, effect - 999, sequence / 6.0))
        sound.publish(publications[-1])
        wait_until(lambda: sound.frame > publications[-1].effect_frame + 1000, "the publication to sound")
    publications.append(Publication(7, publications[-1].effect_frame + 4096, SILENCE, 1, 0, 0.0))
    sound.publish(publications[-1])
    wait_until(lambda: sound.frame > publications[-1].effect_frame + 1000, "the end")
    assert sound.released_sequence == 7
    assert sound.late == 0, "the machine is too busy for this test: a publication came late"
    sound.close()
    assert (sound.failures, sound.capture_lost, sound.problems()) == (0, 0, [])
    frames = (path.stat().st_size - HEADER_BYTES) // 3 + LATENCY_FRAMES
    assert frames > publications[-1].effect_frame + 1000
    assert path.read_bytes() == offline(publications, LOUD, frames, tmp_path / "offline.wav")


def test_counters_before_start_and_after_close(sound: SoundProcess) -> None:
    assert (sound.frame, sound.released_sequence, sound.late, sound.alive) == (0, -1, 0, False)
    sound.start()
    assert sound.description == "no sound (--output none)"
    assert sound.latency_seconds == pytest.approx(LATENCY_FRAMES / 44100)
    assert sound.frame == 0
    sound.publish(SILENT)
    wait_until(lambda: sound.frame > 5000, "frames")
    sound.close()
    assert sound.frame > 5000
    assert not sound.alive
    sound.close()


def test_a_late_publication_is_counted_and_sounds(sound: SoundProcess) -> None:
    sound.start()
    sound.rings[3] = LOUD[3]
    sound.publish(SILENT)
    wait_until(lambda: sound.frame > 3000, "frames")
    sound.publish(Publication(1, 256, 3, CAPACITY, 0, 2.0))
    wait_until(lambda: sound.late == 1, "the late publication to be counted")
    wait_until(lambda: sound.gain_reduction_db > 3.0, "the limiter to work")
    wait_until(lambda: sound.released_sequence == 1, "the fade to end")


def test_nothing_is_published_before_the_start(sound: SoundProcess) -> None:
    with pytest.raises(VamenError, match="start it before publishing"):
        sound.publish(SILENT)


def test_a_ring_outside_the_store_is_refused(sound: SoundProcess) -> None:
    for slot, length in ((8, 100), (-2, 100), (0, 0), (0, CAPACITY + 1)):
        with pytest.raises(ValueError, match="outside the store"):
            sound.publish(Publication(0, 0, slot, length, 0, 1.0))


def test_a_capture_that_cannot_be_written_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    sound = SoundProcess(capacity=1000, output="none", capture=tmp_path / "no_such_folder" / "a.wav")
    with pytest.raises(VamenError, match="no_such_folder"):
        sound.start()
    assert not sound.alive
    assert sound.rings.size == 0


def test_a_device_that_is_not_there_is_said_and_the_frames_go_on() -> None:
    sound = SoundProcess(capacity=1000, output="audio", device="no such device")
    try:
        sound.start()
        assert sound.description.startswith("no sound (")
        sound.publish(SILENT)
        wait_until(lambda: sound.frame > 2000, "frames")
    finally:
        sound.close()


def test_an_exception_in_the_callback_costs_a_block_and_is_reported_once(sound: SoundProcess) -> None:
    sound.start()
    assert sound._connection is not None
    # Past the check in publish: a ring of no samples.
    sound._connection.send(Publication(0, 0, 0, 0, 0, 1.0))
    wait_until(lambda: sound.failures > 3, "the callback to fail")
    problems: list[str] = []

    def reported() -> bool:
        problems.extend(sound.problems())
        return len(problems) > 0

    wait_until(reported, "the report")
    assert len(problems) == 1 and "sound callback failed (ZeroDivisionError" in problems[0]
    sound.rings[1] = LOUD[1]
    sound.publish(Publication(1, sound.frame, 1, CAPACITY, 0, 2.0))
    wait_until(lambda: sound.gain_reduction_db > 3.0, "sound again")


@needs_processes_of_linux
def test_the_process_loads_no_more_than_it_needs(sound: SoundProcess) -> None:
    sound.start()
    mapped = Path(f"/proc/{pid_of(sound)}/maps").read_text()
    assert "site-packages/numpy/" in mapped
    for package in ("scipy", "onnxruntime", "soundfile", "torch"):
        assert f"site-packages/{package}/" not in mapped


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_signals_to_the_whole_group_do_not_end_the_sound(sound: SoundProcess) -> None:
    sound.start()
    sound.publish(SILENT)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid_of(sound), number)
    reached = sound.frame
    wait_until(lambda: sound.frame > reached + 5000, "frames after the signals")
    assert sound.alive
    sound.close()
    assert sound.problems() == []


PARENT = """
import sys, time
from pathlib import Path
from bridge.player import Publication
from bridge.sound_process import SoundProcess

if __name__ == "__main__":
    sound = SoundProcess(capacity=65536, output="none", capture=Path(sys.argv[1]))
    sound.rings[0] = 0.25
    sound.start()
    sound.publish(Publication(0, 0, 0, 65536, 0, 1.0))
    print(sound._process.pid, sound._memory.name, flush=True)
    while sound.frame < 20000:
        time.sleep(0.01)
    print("playing", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def start_parent(folder: Path, seconds: float) -> tuple[subprocess.Popen[str], int, str]:
    """A main process that plays for some seconds and then ends without closing; the sound's process number and memory."""
    (folder / "parent.py").write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, folder / "parent.py", folder / "capture.wav", str(seconds)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pid, name = parent.stdout.readline().split()
    assert parent.stdout.readline() == "playing\n"
    return parent, int(pid), name


@needs_processes_of_linux
def test_when_the_main_process_is_killed_the_sound_fades_ends_and_leaves_nothing(tmp_path: Path) -> None:
    parent, pid, name = start_parent(tmp_path, 60.0)
    assert len("/" + name) < 30
    assert Path(f"/dev/shm/{name}").exists()
    parent.kill()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the sound process to end")
    wait_until(lambda: not Path(f"/dev/shm/{name}").exists(), "the shared memory to go")
    assert parent.communicate()[1] == ""
    data = (tmp_path / "capture.wav").read_bytes()
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    # Frame 1000 of the file is long past the fade-in.
    assert (
        set(data[HEADER_BYTES + 3000 : HEADER_BYTES + 60000 : 3])
        == {0}
        == set(data[HEADER_BYTES + 3001 : HEADER_BYTES + 60000 : 3])
    )
    assert set(data[HEADER_BYTES + 3002 : HEADER_BYTES + 60000 : 3]) == {round(0x20 * HEADROOM)}


@needs_processes_of_linux
def test_an_interpreter_that_ends_without_closing_ends_the_sound_first(tmp_path: Path) -> None:
    parent, pid, name = start_parent(tmp_path, 0.0)
    assert parent.communicate(timeout=30)[1] == ""
    assert parent.returncode == 0
    assert not Path(f"/proc/{pid}").exists()
    assert not Path(f"/dev/shm/{name}").exists()


@pytest.fixture
def memory() -> Iterator[SoundMemory]:
    shared = SoundMemory(8, CAPACITY)
    shared.rings[:] = LOUD
    yield shared
    shared.remove()


def test_the_end_fades_out_within_its_time(memory: SoundMemory) -> None:
    memory.rings[0] = 0.5
    renderer = Renderer(memory, None, lambda sentence: None)
    renderer.publish(Publication(0, 0, 0, CAPACITY, 0, 1.0))
    renderer.render(5000)
    renderer.finish()
    out = np.concatenate([renderer.render(100) for _ in range(30)])
    fade = round(0.05 * 44100)
    assert renderer.faded.is_set()
    assert not out[fade:].any()
    assert np.abs(np.diff(out, prepend=0.5 * HEADROOM)).max() < 0.0003


def test_a_slow_disk_leaves_silence_and_later_frames_in_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "CAPTURE_QUEUE_SECONDS", 2000 / 44100)
    held = threading.Event()
    original = WavWriter.write

    def slow(self: WavWriter, block: NDArray[np.float32]) -> None:
        held.wait(20.0)
        original(self, block)

    monkeypatch.setattr(WavWriter, "write", slow)
    recording = Capture(tmp_path / "a.wav", pytest.fail)
    for number in range(1, 11):
        recording.add(np.full(500, number / 16, dtype=np.float32))
    held.set()
    recording.close()
    level = 16 * np.concatenate([np.zeros(LATENCY_FRAMES), samples_of_capture(tmp_path / "a.wav")]).reshape(10, 500)
    assert recording.lost_frames == 2500
    assert level[1:, -1].tolist() == [2, 3, 4, 5, 0, 0, 0, 0, 0]


def test_a_full_disk_ends_the_capture_and_not_the_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: WavWriter, block: NDArray[np.float32]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(WavWriter, "write", full)
    reports: list[str] = []
    recording = Capture(tmp_path / "a.wav", reports.append)
    recording.add(np.zeros(256, dtype=np.float32))
    wait_until(lambda: reports, "the report")
    recording.add(np.zeros(256, dtype=np.float32))
    recording.close()
    assert len(reports) == 1 and "No space left on device" in reports[0]


@pytest.mark.parametrize("torn", [0, 1, 2])
def test_a_capture_whose_writer_was_killed_goes_on_in_its_place(tmp_path: Path, torn: int) -> None:
    """Whatever the header says, and with the sample that was being written when it happened."""
    path = tmp_path / "a.wav"
    with WavWriter(path) as writer:
        writer.write(np.full(1001, 0.25, dtype=np.float32))
    path.write_bytes(path.read_bytes()[:40] + bytes(4) + path.read_bytes()[44 : HEADER_BYTES + 3 * 1000 + torn])
    recording = Capture(path, pytest.fail, goes_on_at=1500)
    recording.add(np.full(LATENCY_FRAMES, 0.75, dtype=np.float32))
    recording.add(np.full(500, 0.5, dtype=np.float32))
    recording.close()
    data = path.read_bytes()
    assert (int.from_bytes(data[4:8], "little"), int.from_bytes(data[40:44], "little")) == (len(data) - 8, 6000)
    np.testing.assert_array_equal(samples_of_capture(path), np.repeat([0.25, 0.0, 0.5], [1000, 500, 500]))


class FakePortAudio:
    """A sound card of our own: keeps the arguments that the stream was opened with, and calls back when told to."""

    PortAudioError = RuntimeError

    def __init__(self) -> None:
        self.opened: dict[str, Any] = {}

    def OutputStream(self, **arguments: Any) -> SimpleNamespace:  # noqa: N802
        self.opened = arguments
        return SimpleNamespace(latency=0.01)

    def WasapiSettings(self, *, auto_convert: bool) -> str:  # noqa: N802
        return f"auto_convert={auto_convert}"

    def call_back(self, frames: int, underflow: bool = False) -> NDArray[np.float32]:
        out = np.full((frames, self.opened["channels"]), np.nan, dtype=np.float32)
        self.opened["callback"](out, frames, None, SimpleNamespace(output_underflow=underflow))
        return out


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    fake = FakePortAudio()
    monkeypatch.setattr(sound_output, "import_sounddevice", lambda: fake)
    return fake


def card(rate: int = 44100, channels: int = 2, host_api: str = "ALSA") -> SoundDevice:
    return SoundDevice(0, "Card", host_api, rate, 0.01, channels, True)


def test_the_card_gets_the_limited_sound_on_its_channels(memory: SoundMemory, portaudio: FakePortAudio) -> None:
    renderer = Renderer(memory, None, pytest.fail)
    renderer.publish(Publication(0, 0, 0, 5000, 0, 1.0))
    output = DeviceOutput(renderer, card(channels=6), (2, 5), 256)
    assert portaudio.opened["samplerate"] == 44100 and portaudio.opened["blocksize"] == 256
    assert output.description == "Card, 44100 Hz, 256 frames, 12.0 ms"
    out = np.concatenate([portaudio.call_back(256) for _ in range(20)])
    player, block = Player(memory.rings), np.empty(5120, dtype=np.float32)
    player.publish(Publication(0, 0, 0, 5000, 0, 1.0))
    player.render(block, 0)
    limited = Limiter().process(block)
    assert out.shape == (5120, 5)
    for channel in (1, 4):
        np.testing.assert_array_equal(out[:, channel], limited)
    assert not out[:, [0, 2, 3]].any()


def test_another_rate_is_resampled_without_a_buffer_of_old_sound(memory: SoundMemory, portaudio: FakePortAudio) -> None:
    memory.rings[0] = 0.5 * np.sin(2.0 * np.pi * np.arange(CAPACITY) * 1024 / CAPACITY)
    renderer = Renderer(memory, None, pytest.fail)
    renderer.publish(Publication(0, 0, 0, CAPACITY, 0, 1.0))
    output = DeviceOutput(renderer, card(rate=48000, host_api="Windows WASAPI"), (1, 2), 256)
    assert portaudio.opened["extra_settings"] == "auto_convert=True"
    out = np.concatenate([portaudio.call_back(256) for _ in range(100)])[:, 0]
    delay = output.latency_seconds - 0.01
    time = np.arange(len(out)) / 48000 - delay
    expected = 0.5 * HEADROOM * np.sin(2.0 * np.pi * time * 44100 * 1024 / CAPACITY)
    np.testing.assert_allclose(out[500:], expected[500:], atol=1e-3)
    ahead = int(memory.status[Status.FRAME]) - len(out) * 44100 / 48000
    assert ahead <= output._resampler.delay_frames + 1 if output._resampler else False


def test_a_mono_card_gets_one_channel_and_a_channel_too_many_is_refused(memory: SoundMemory, portaudio: FakePortAudio) -> None:
    renderer = Renderer(memory, None, pytest.fail)
    DeviceOutput(renderer, card(channels=1), (1, 2), 256)
    assert portaudio.call_back(64).shape == (64, 1)
    with pytest.raises(VamenError, match="Card has 2 output channels, not 3,4"):
        DeviceOutput(renderer, card(), (3, 4), 256)


def test_underflows_and_failures_are_counted_and_heard_as_silence(memory: SoundMemory, portaudio: FakePortAudio) -> None:
    reports: list[str] = []
    renderer = Renderer(memory, None, reports.append)
    DeviceOutput(renderer, card(), (1, 2), 256)
    renderer.publish(Publication(0, 0, 0, 0, 0, 1.0))
    assert not portaudio.call_back(256, underflow=True).any()
    assert not portaudio.call_back(256).any()
    counted = [int(memory.status[place]) for place in (Status.GAPS, Status.FAILURES, Status.FRAME)]
    assert counted == [1, 2, 512]
    assert len(reports) == 1


def test_a_card_that_cannot_be_opened_is_named(memory: SoundMemory, portaudio: FakePortAudio) -> None:
    def busy(**_: Any) -> None:
        raise RuntimeError("Device unavailable")

    portaudio.OutputStream = busy  # type: ignore[method-assign, assignment]
    with pytest.raises(VamenError, match=r"Card cannot be opened at \d+ Hz \(Device unavailable\)"):
        DeviceOutput(Renderer(memory, None, pytest.fail), card(), (1, 2), 256)


def test_the_paced_output_keeps_time_and_lets_go_of_a_stall(memory: SoundMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a clock of the test's own, which stands still but for sleeps and one stall of two seconds."""
    now = [100.0]
    frames_at_stall: list[int] = []
    renderer = Renderer(memory, None, pytest.fail)
    renderer.publish(SILENT)

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] >= 101.0 and not frames_at_stall:
            frames_at_stall.append(int(memory.status[Status.FRAME]))
            now[0] += 2.0
        if now[0] >= 104.0:
            output._stopping = True

    monkeypatch.setattr(sound_output, "time", SimpleNamespace(perf_counter=lambda: now[0], sleep=sleep))
    output = PacedOutput(renderer, 441, "test")
    output._run()
    assert frames_at_stall[0] == pytest.approx(44100, abs=900)
    # Three seconds of frames in four: the stall is a gap, as on a card, and not caught up with.
    assert int(memory.status[Status.FRAME]) == pytest.approx(2 * 44100, abs=1800)
    assert int(memory.status[Status.GAPS]) == 1


BARE_CALLBACK = """
import sys, threading
import numpy as np, sounddevice
ring, position, done = np.load(sys.argv[1]), 0, threading.Event()
def callback(out, frames, time, status):
    global position
    out[:] = ring[(position + np.arange(frames)) % len(ring)][:, None]
    position += frames
    if position > 8 * 44100:
        done.set()
with sounddevice.OutputStream(samplerate=44100, blocksize=256, channels=2, dtype="float32", latency="low", callback=callback):
    print("playing", flush=True)
    done.wait(60)
"""


@contextmanager
def bare_callback(ring: Path, sink: str) -> Iterator[None]:
    """Plays the ring of a .npy file round and round into a sink, for eight seconds or as long as the with block."""
    command = [sys.executable, "-c", BARE_CALLBACK, str(ring)]
    environment = {**os.environ, "PULSE_SINK": sink}
    beside = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert beside.stdout is not None and beside.stdout.readline() == b"playing\n"
        yield
    finally:
        beside.kill()
        beside.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="PulseAudio's null sink")
def test_the_card_loses_no_more_frames_than_a_bare_callback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three seconds of a ramp at 256-frame blocks through a paced sink, every frame looked at in the capture.

    The same ramp from a bare callback beside it tells what the machine can do at this moment; a busy one gets three tries.
    """
    np.save(tmp_path / "ramp.npy", ramp(CAPACITY))
    results: list[tuple[int, int]] = []
    with null_sinks("ours", "bare") as sinks:
        for name, value in sinks.environment.items():
            monkeypatch.setenv(name, value)
        while len(results) < 3 and (not results or results[-1][0] > results[-1][1]):
            results.append(play_beside_a_bare_callback(sinks, tmp_path, monkeypatch))
    assert results[-1][0] <= results[-1][1], f"(ours, bare) breaks in each try: {results}"


def play_beside_a_bare_callback(sinks: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Breaks in our capture and in the bare callback's."""
    with sinks.capture("ours") as ours, sinks.capture("bare") as bare, bare_callback(folder / "ramp.npy", "bare"):
        monkeypatch.setenv("PULSE_SINK", "ours")
        sound = SoundProcess(capacity=CAPACITY, output="audio")
        try:
            sound.rings[0] = ramp(CAPACITY)
            sound.start()
            sound.publish(Publication(0, 0, 0, CAPACITY, 0, 1.0))
            assert "256 frames" in sound.description
            wait_until(lambda: sound.frame > 3 * 44100, "three seconds of sound")
            heard, heard_bare = samples_of(ours), samples_of(bare)
            assert sound.failures == 0
        finally:
            sound.close()
    np.testing.assert_array_equal(heard[:, 0], heard[:, 1])
    played = len(heard) - int(np.flatnonzero(heard[:, 0])[0])
    return breaks(heard[:, 0], CAPACITY, HEADROOM), breaks(heard_bare[-played:, 0], CAPACITY, np.float32(1.0))
