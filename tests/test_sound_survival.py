"""A sound that does not stop: the device vanishes, the sound process is killed, the main process is killed or paused.

The capture of a paced sink is the witness: a ramp round and round, whose every sample tells its place.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.limiter import HEADROOM
from bridge.player import Publication
from bridge.sound_process import SoundProcess
from tests.rig import WITHOUT_JACK, NullSinks, breaks, capture_began, null_sinks, ramp, ramp_begins, samples_of, wait_until

CAPACITY = 65536
SAMPLE_RATE = 44100
RAMP = Publication(0, 0, 0, CAPACITY, 0, 1.0)
LARGEST_ERROR_SECONDS = 0.02
KILLS = max(1, int(os.environ.get("VAMEN_KILLS", "20")) // 20)
"""Rounds of the slow kill tests: one in the suite, ten in `make torture`."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="PulseAudio's null sink, and POSIX signals")


@pytest.fixture
def sinks(monkeypatch: pytest.MonkeyPatch) -> Iterator[NullSinks]:
    with null_sinks("ours") as running:
        for name, value in {**running.environment, **WITHOUT_JACK, "PULSE_SINK": "ours"}.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def sound(sinks: NullSinks, tmp_path: Path) -> Iterator[SoundProcess]:
    """The ramp, playing."""
    process = SoundProcess(capacity=CAPACITY, output="audio", capture=tmp_path / "capture.wav")
    try:
        process.rings[0] = ramp(CAPACITY)
        process.start()
        process.publish(RAMP)
        yield process
    finally:
        process.close()


def wait_for(sound: SoundProcess, sentence: str) -> None:
    told: list[str] = []

    def said() -> bool:
        told.extend(sound.problems())
        return any(sentence in problem for problem in told)

    wait_until(said, f"{sentence!r} among {told}")


def last_of(path: Path, seconds: float) -> NDArray[np.float32]:
    return samples_of(path)[-round(seconds * SAMPLE_RATE) :, 0]


def heard_beginning(path: Path) -> float:
    """The moment, modulo the ramp's length, at which the ramp that is played now begins a round."""
    return capture_began(path) + ramp_begins(samples_of(path)[:, 0], CAPACITY, HEADROOM) / SAMPLE_RATE


def off_by(later: float, earlier: float) -> float:
    """How much later than a whole number of rounds, in seconds; negative for sooner."""
    period = CAPACITY / SAMPLE_RATE
    return (later - earlier + period / 2) % period - period / 2


def test_a_killed_server_is_found_again_with_the_beat_where_it_would_have_been(sinks: NullSinks, sound: SoundProcess) -> None:
    for _ in range(KILLS):
        with sinks.capture("ours") as path:
            wait_until(lambda: sound.frame > SAMPLE_RATE // 2, "sound")
            before = heard_beginning(path)
            sinks.stop()
        wait_for(sound, "has gone: the beat goes on in silence")
        assert sound.description.startswith("no sound (")
        reached = sound.frame
        wait_until(lambda: sound.frame > reached + SAMPLE_RATE // 2, "the counter to go on")
        sinks.start()
        with sinks.capture("ours") as path:
            wait_for(sound, "the sound is back: ")
            error = off_by(heard_beginning(path), before)
        print(f"{1000.0 * error:+.1f} ms")
        assert abs(error) < LARGEST_ERROR_SECONDS
        assert sound.description.startswith(("pulse", "default"))
    assert sound.failures == 0


def test_a_killed_sound_process_is_followed_by_another_one_on_the_beat(sinks: NullSinks, sound: SoundProcess) -> None:
    with sinks.capture("ours") as path:
        for _ in range(KILLS):
            wait_until(lambda: breaks_not(path), "the ramp")
            before = ramp_begins(samples_of(path)[:, 0], CAPACITY, HEADROOM)
            assert sound._process is not None and sound._process.pid is not None
            os.kill(sound._process.pid, signal.SIGKILL)
            wait_until(lambda: not sound.alive, "the end")
            reached, late = sound.frame, sound.late
            sound.restart()
            assert sound.frame >= reached
            wait_for(sound, "the sound is back: ")
            wait_until(lambda: breaks_not(path), "the ramp")
            error = off_by(ramp_begins(samples_of(path)[:, 0], CAPACITY, HEADROOM) / SAMPLE_RATE, before / SAMPLE_RATE)
            print(f"{1000.0 * error:+.1f} ms, {sound.frame - reached} frames")
            assert abs(error) < LARGEST_ERROR_SECONDS
            assert (sound.late, sound.failures) == (late, 0)


def breaks_not(path: Path) -> bool:
    last = last_of(path, 0.2)
    return len(last) > 0.19 * SAMPLE_RATE and bool((last > 0.0).all()) and breaks(last, CAPACITY, HEADROOM) == 0
