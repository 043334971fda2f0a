"""A sound that does not stop: the device vanishes, the sound process is killed, the main process is killed or paused.

The capture of a paced sink is the witness: a ramp round and round, whose every sample tells its place. `VAMEN_KILLS` (`make
torture`) says how often each is tried.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from bridge import sound_process
from bridge.errors import VamenError
from bridge.limiter import HEADROOM
from bridge.player import TICK_FRAMES, Publication
from bridge.sound_process import SoundProcess
from tests.conftest import ROOT
from tests.rig import (
    PATIENCE_SECONDS,
    WITHOUT_JACK,
    NullSinks,
    breaks,
    capture_began,
    null_sinks,
    places,
    ramp,
    ramp_begins,
    samples_of,
    wait_until,
)
from tests.test_sound_process import SILENT, bare_callback, samples_of_capture

CAPACITY = 65536
SAMPLE_RATE = 44100
LARGEST_ERROR_SECONDS = 0.02
KILLS = max(1, int(os.environ.get("VAMEN_KILLS", "10")) // 20)
"""Rounds of the slow kill tests: one in the suite, ten in `make torture`."""

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(sys.platform != "linux", reason="PulseAudio's null sink, and POSIX signals"),
]


@pytest.fixture
def sinks(monkeypatch: pytest.MonkeyPatch) -> Iterator[NullSinks]:
    with null_sinks("ours", "bare") as running:
        for name, value in {**running.environment, **WITHOUT_JACK, "PULSE_SINK": "ours"}.items():
            monkeypatch.setenv(name, value)
        yield running


@contextmanager
def ramp_playing(capture: Path | None = None) -> Iterator[SoundProcess]:
    sound = SoundProcess(capacity=CAPACITY, output="audio", capture=capture)
    try:
        sound.rings[0] = ramp(CAPACITY)
        sound.start()
        sound.publish(Publication(0, 0, 0, CAPACITY, 0, 1.0))
        yield sound
    finally:
        sound.close()


def kill(sound: SoundProcess) -> None:
    assert sound._process is not None and sound._process.pid is not None
    os.kill(sound._process.pid, signal.SIGKILL)
    wait_until(lambda: not sound.alive, "the end")


def wait_for(sound: SoundProcess, sentence: str) -> None:
    told: list[str] = []

    def said() -> bool:
        told.extend(sound.problems())
        return any(sentence in problem for problem in told)

    wait_until(said, f"{sentence!r} among {told}")


def wait_for_frames(sound: SoundProcess, frames: int) -> None:
    reached = sound.frame
    wait_until(lambda: sound.frame > reached + frames, "the counter to go on")


def wait_for_ramp(path: Path) -> None:
    """Return when the last fifth of a second of the capture is the ramp and nothing else."""

    def unbroken() -> bool:
        last = samples_of(path)[-SAMPLE_RATE // 5 :, 0]
        return len(last) == SAMPLE_RATE // 5 and bool(places(last, CAPACITY, HEADROOM)[1][1:].all())

    wait_until(unbroken, "the ramp")


def round_begins(path: Path) -> float:
    """When the ramp, as it is played now, begins a round, in seconds of the capture."""
    return ramp_begins(samples_of(path)[:, 0], CAPACITY, HEADROOM) / SAMPLE_RATE


def off_by(later: float, earlier: float) -> float:
    """How much later than a whole number of rounds, in seconds; negative for sooner."""
    period = CAPACITY / SAMPLE_RATE
    return (later - earlier + period / 2) % period - period / 2


def test_a_killed_server_is_found_again_with_the_beat_where_it_would_have_been(sinks: NullSinks) -> None:
    with ramp_playing() as sound:
        for _ in range(KILLS):
            with sinks.capture("ours") as path:
                wait_for_ramp(path)
                before = capture_began(path) + round_begins(path)
                sinks.stop()
            wait_for(sound, "has gone: the beat goes on in silence")
            assert sound.description.startswith("no sound (")
            wait_for_frames(sound, SAMPLE_RATE // 2)
            sinks.start()
            with sinks.capture("ours") as path:
                wait_for(sound, "the sound is back: ")
                wait_for_ramp(path)
                error = off_by(capture_began(path) + round_begins(path), before)
            assert abs(error) < LARGEST_ERROR_SECONDS, f"off by {1000.0 * error:+.1f} ms"
            assert "256 frames" in sound.description
        assert sound.failures == 0


def test_a_killed_sound_process_is_followed_on_the_beat(sinks: NullSinks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_process, "SHORT_LIFE_SECONDS", 0.0)
    with ramp_playing() as sound, sinks.capture("ours") as path:
        for _ in range(KILLS):
            wait_for_ramp(path)
            before = round_begins(path)
            kill(sound)
            reached, late = sound.frame, sound.late
            sound.restart()
            assert sound.frame >= reached
            wait_for(sound, "the sound is back: ")
            wait_for_ramp(path)
            error = off_by(round_begins(path), before)
            assert abs(error) < LARGEST_ERROR_SECONDS, f"off by {1000.0 * error:+.1f} ms"
            assert (sound.late, sound.failures) == (late, 0)


def test_what_was_published_to_a_killed_process_sounds_in_the_next_and_in_the_same_capture(tmp_path: Path) -> None:
    """Without a card: the file that both write is the offline render but for the time between them, which is silent."""
    sound = SoundProcess(capacity=CAPACITY, output="none", capture=tmp_path / "capture.wav")
    try:
        sound.rings[0], sound.rings[1] = ramp(CAPACITY), -ramp(CAPACITY)
        sound.start()
        sound.publish(SILENT)
        sound.publish(Publication(1, 1024, 0, CAPACITY, 0, 1.0))
        wait_until(lambda: sound.frame > SAMPLE_RATE, "frames")
        kill(sound)
        died, late = sound.frame, sound.late
        # Nobody is there to hear of it yet.
        effect = (died // TICK_FRAMES + 400) * TICK_FRAMES
        sound.publish(Publication(2, effect, 1, CAPACITY, 0, 1.0))
        sound.restart()
        begun = sound.frame
        wait_until(lambda: sound.frame > effect + 20000, "the second publication")
        assert (sound.late, sound.failures, sound.gaps) == (late, 0, 0)
        assert sound.released_sequence == 2
        assert sound.problems() == ["the sound process had ended and was started again, on the beat"]
    finally:
        sound.close()
    samples = samples_of_capture(tmp_path / "capture.wav")
    expected = HEADROOM * ramp(CAPACITY)[np.arange(len(samples)) % CAPACITY] * np.where(np.arange(len(samples)) < effect, 1, -1)
    right = np.abs(samples - expected) < 2.0**-23
    silent = samples == 0.0
    assert right[2000 : died - SAMPLE_RATE // 2].all()
    assert right[begun + 1000 : effect - 200].all() and right[effect + 200 :].all()
    changes = np.flatnonzero(np.diff(silent.astype(np.int8), prepend=0))[1:]
    assert len(changes) == 3 and changes[1] <= died <= changes[2] <= begun + TICK_FRAMES


def test_a_capture_that_has_gone_when_its_process_was_killed_is_told_and_not_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "capture.wav"
    sound = SoundProcess(capacity=1000, output="none", capture=path)
    try:
        sound.start()
        sound.publish(SILENT)
        wait_until(lambda: sound.frame > 1000, "frames")
        kill(sound)
        path.unlink()
        sound.restart()
        wait_for(sound, f"the capture {path} ends here (No such file or directory)")
        wait_for_frames(sound, 1000)
    finally:
        sound.close()
    assert not path.exists()


def test_a_process_that_is_killed_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = SoundProcess(capacity=1000, output="none")
    try:
        sound.start()
        for _ in range(sound_process.SHORT_LIVES - 1):
            kill(sound)
            sound.restart()
        kill(sound)
        with pytest.raises(VamenError, match="ended 3 times within 5 s of its start"):
            sound.restart()
        assert not sound.alive
    finally:
        sound.close()


PARENT = """
import sys
from bridge.player import Publication
from bridge.sound_process import SoundProcess
from tests.rig import ramp

if __name__ == "__main__":
    sound = SoundProcess(capacity=65536, output="audio")
    sound.rings[0] = ramp(65536)
    sound.start()
    sound.publish(Publication(0, 0, 0, 65536, 0, 1.0))
    print(sound._process.pid, sound._memory.name, flush=True)
    sys.stdin.readline()
    sound.publish(Publication(1, sound.frame + 8192, -1, 1, 0, 0.0))
    while sound.released_sequence < 1:
        pass
    print(sound.late, sound.failures, sound.problems(), flush=True)
    sound.close()
"""


class Parent:
    """A main process in a session of its own, that plays the ramp; told to, it ends with silence and says what happened."""

    def __init__(self, folder: Path) -> None:
        script = folder / "parent.py"
        script.write_text(PARENT)
        self.process = subprocess.Popen(
            [sys.executable, script],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        pid, self.memory = self.process.stdout.readline().split()
        self.sound_pid = int(pid)

    def left(self) -> list[str]:
        """What there is of it: processes of its session, and its shared memory."""
        session = str(self.process.pid)
        left = [str(path) for path in (Path("/dev/shm") / self.memory,) if path.exists()]
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[3] == session and fields[0] != "Z":
                left.append(f"process {stat.parent.name}")
        return left


def test_a_killed_main_process_lets_the_sound_fade_and_leaves_nothing(sinks: NullSinks, tmp_path: Path) -> None:
    for _ in range(KILLS):
        with sinks.capture("ours") as path:
            parent = Parent(tmp_path)
            wait_for_ramp(path)
            assert len(parent.left()) == 4, "main and sound process, their resource tracker and their memory"
            parent.process.kill()
            assert parent.process.communicate()[1] == ""
            wait_until(lambda: not parent.left(), "everything to go")  # noqa: B023
            wait_until(lambda: not samples_of(path)[-SAMPLE_RATE // 5 :].any(), "silence")
            samples = samples_of(path)[:, 0]
        place, steady = places(samples, CAPACITY, HEADROOM)
        last = int(np.flatnonzero(steady)[-1])
        end = int(np.flatnonzero(samples)[-1])
        assert 0.04 < (end - last) / SAMPLE_RATE < 0.06
        expected = HEADROOM * ramp(CAPACITY)[(place[last] + np.arange(end + 1 - last)) % CAPACITY]
        level = samples[last : end + 1] / expected
        assert np.diff(level).max() <= 1e-6 and np.diff(level).min() > -2.0 / (end - last), "an even fade"


def test_a_main_process_that_is_paused_does_not_silence_the_sound(sinks: NullSinks, tmp_path: Path) -> None:
    """Three seconds of it; the same ramp from a bare callback beside it tells what the machine can do at this moment."""
    np.save(tmp_path / "ramp.npy", ramp(CAPACITY))
    results: list[tuple[int, int]] = []
    while len(results) < 3 and (not results or results[-1][0] > results[-1][1]):
        results.append(pause_beside_a_bare_callback(sinks, tmp_path))
    assert results[-1][0] <= results[-1][1], f"(ours, bare) breaks in each try: {results}"


def pause_beside_a_bare_callback(sinks: NullSinks, folder: Path) -> tuple[int, int]:
    """Breaks in our capture and in the bare callback's."""
    with sinks.capture("ours") as ours, sinks.capture("bare") as bare, bare_callback(folder / "ramp.npy", "bare"):
        parent = Parent(folder)
        wait_for_ramp(ours)
        parent.process.send_signal(signal.SIGSTOP)
        begun = len(samples_of(ours))
        wait_until(lambda: len(samples_of(ours)) > begun + 3 * SAMPLE_RATE, "three seconds of sound")
        heard, heard_bare = samples_of(ours)[:, 0], samples_of(bare)[:, 0]
        parent.process.send_signal(signal.SIGCONT)
        wait_until(lambda: places(samples_of(ours)[-1000:, 0], CAPACITY, HEADROOM)[1][1:].all(), "the ramp")
        assert parent.process.communicate("end\n", timeout=PATIENCE_SECONDS) == ("0 0 []\n", "")
        assert parent.process.returncode == 0
        assert parent.left() == []
    played = len(heard) - int(np.flatnonzero(heard)[0])
    return breaks(heard, CAPACITY, HEADROOM), breaks(heard_bare[-played:], CAPACITY, np.float32(1.0))
