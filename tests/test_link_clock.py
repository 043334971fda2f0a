"""Ableton Link: against a stand-in in virtual time, and against true peers where Link is installed.

True peers are two instances in this process. They find each other by multicast; a machine that does not let that pass (and the
loopback device of a network namespace before `ip link set lo up multicast on`) has its tests skipped, on CI they fail.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from bridge.errors import VamenError
from bridge.frame_clock import FrameClock
from bridge.link_clock import LinkClock
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.tempo_reference import TempoReference
from tests.rig import wait_until

pytestmark = pytest.mark.real_time

LINK_AHEAD = 123_456_789.0
"""Link's clock in the stand-in is so many microseconds ahead of ours."""

PEER_SECONDS = 5.0


@dataclass
class State:
    """The stand-in's session: a beat, its time in microseconds, the tempo, and who runs since when."""

    beat: float = 0.0
    time: int = 0
    beats_per_minute: float = 120.0
    playing: bool = False
    playing_since: int = 0

    def tempo(self) -> float:
        return self.beats_per_minute

    def isPlaying(self) -> bool:  # noqa: N802
        return self.playing

    def timeForIsPlaying(self) -> int:  # noqa: N802
        return self.playing_since

    def beatAtTime(self, moment: int, quantum: float) -> float:  # noqa: N802
        assert quantum == 4.0
        return self.beat + (moment - self.time) * self.beats_per_minute / 60e6

    def setTempo(self, beats_per_minute: float, moment: int) -> None:  # noqa: N802
        self.beat, self.time, self.beats_per_minute = self.beatAtTime(moment, 4.0), moment, beats_per_minute

    def setIsPlaying(self, playing: bool, moment: int) -> None:  # noqa: N802
        self.playing, self.playing_since = playing, moment

    def setIsPlayingAndRequestBeatAtTime(self, playing: bool, moment: int, beat: float, quantum: float) -> None:  # noqa: N802
        assert quantum == 4.0
        self.setIsPlaying(playing, moment)
        self.beat, self.time = beat, moment


@dataclass
class StandIn:
    """As much of `link.Link` as the adapter uses."""

    state: State = field(default_factory=State)
    others: int = 0
    enabled: bool = False
    startStopSyncEnabled: bool = False  # noqa: N815

    def clock(self) -> StandIn:
        return self

    def micros(self) -> int:
        return round(time.perf_counter() * 1e6 + LINK_AHEAD)

    def numPeers(self) -> int:  # noqa: N802
        return self.others

    def captureAppSessionState(self) -> State:  # noqa: N802
        return replace(self.state)

    def commitAppSessionState(self, state: State) -> None:  # noqa: N802
        self.state = state


class VirtualTime:
    """Stands in for `time.perf_counter`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    virtual = VirtualTime()
    monkeypatch.setattr(time, "perf_counter", virtual.perf_counter)
    return virtual


def sound_since(moment: float, latency_seconds: float = 0.0) -> FrameClock:
    frames = FrameClock(latency_seconds)
    frames.note(0, moment)
    return frames


def test_the_sessions_beat_falls_on_the_frame_that_is_heard_then(virtual: VirtualTime) -> None:
    there = StandIn()
    there.state = State(beat=8.0, time=round(1003.0 * 1e6 + LINK_AHEAD), beats_per_minute=150.0, playing=True)
    clock = LinkClock(sound_since(virtual.now, latency_seconds=0.03), 120.0, there)
    clock.start()
    assert there.enabled and there.startStopSyncEnabled
    reference = clock.poll()
    assert reference is not None and reference.running
    assert reference.beats_per_minute == pytest.approx(150.0, rel=1e-6)
    # Rendered 30 ms before beat 8 is heard.
    assert reference.frame_of_beat(8.0) == pytest.approx((3.0 - 0.03) * ENGINE_SAMPLE_RATE, abs=2)
    clock.stop()
    assert not there.enabled


def test_only_what_is_new_is_told(virtual: VirtualTime) -> None:
    there = StandIn()
    clock = LinkClock(sound_since(virtual.now), 120.0, there)
    assert clock.poll() is not None
    for _ in range(100):
        virtual.now += 0.005
        assert clock.poll() is None
    there.state.setTempo(140.0, there.micros())
    virtual.now += 0.005
    told = clock.poll()
    assert told is not None and told.beats_per_minute == pytest.approx(140.0)
    assert clock.poll() is None


def test_a_planned_start_begins_when_its_time_has_come(virtual: VirtualTime) -> None:
    there = StandIn()
    clock = LinkClock(sound_since(virtual.now), 120.0, there)
    there.state.setIsPlaying(True, there.micros() + 500_000)
    told = clock.poll()
    assert told is not None and not told.running
    virtual.now += 0.501
    told = clock.poll()
    assert told is not None and told.running


def test_our_tempo_start_and_stop_go_to_the_others(virtual: VirtualTime) -> None:
    there = StandIn()
    clock = LinkClock(sound_since(virtual.now), 120.0, there)
    clock.set_running(True)
    virtual.now += 1.0
    clock.set_tempo(174.0)
    assert there.state.beats_per_minute == 174.0 and there.state.beatAtTime(there.micros(), 4.0) == pytest.approx(2.0, abs=1e-5)
    assert there.state.playing
    clock.set_running(False)
    assert not there.state.playing


def test_peers_that_come_and_go_are_said_once(virtual: VirtualTime) -> None:
    there = StandIn()
    clock = LinkClock(sound_since(virtual.now), 120.0, there)
    assert clock.look() is None
    there.others = 2
    assert clock.look() == "Ableton Link: playing with others."
    assert clock.look() is None
    there.others = 0
    assert clock.look() == "Ableton Link: the others have gone; 120.0 BPM are kept until one returns."
    assert clock.look() is None


def test_before_the_first_frame_there_is_nothing_to_tell() -> None:
    assert LinkClock(FrameClock(), 120.0, StandIn()).poll() is None


def test_without_the_extra_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "link", None)
    with pytest.raises(VamenError, match=r"Link is not installed, .*: pip install 'vamen\[link\]'\."):
        LinkClock(FrameClock(), 120.0)


@pytest.fixture
def pair() -> Iterator[tuple[LinkClock, LinkClock]]:
    """Two peers in one session, each with a sound of its own."""
    if importlib.util.find_spec("link") is None:
        pytest.skip("the extra [link] is not installed")
    begun = time.perf_counter()
    ours, theirs = LinkClock(sound_since(begun), 126.0), LinkClock(sound_since(begun - 7.0), 100.0)
    ours.start()
    theirs.start()
    try:
        end = time.monotonic() + PEER_SECONDS
        while not (ours.peers and theirs.peers):
            if time.monotonic() > end:
                message = "this machine lets no multicast pass between Link peers"
                pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
            time.sleep(0.01)
        yield ours, theirs
    finally:
        ours.stop()
        theirs.stop()


def newest(clock: LinkClock) -> TempoReference:
    clock._told = None
    reference = clock.poll()
    assert reference is not None
    return reference


@pytest.mark.peer
def test_two_peers_agree_on_tempo_phase_start_and_stop(pair: tuple[LinkClock, LinkClock]) -> None:
    ours, theirs = pair
    theirs.set_tempo(140.0)
    wait_until(lambda: newest(ours).beats_per_minute == pytest.approx(140.0, rel=1e-4), "the other's tempo")

    def apart() -> float:
        # Frame 0 of theirs was 7 s before ours.
        frame = 44100 * 60
        here, there = newest(ours).beat_at(frame), newest(theirs).beat_at(frame + 7 * ENGINE_SAMPLE_RATE)
        return abs((here - there + 2.0) % 4.0 - 2.0)

    wait_until(lambda: apart() < 0.003 * 140 / 60, "a common phase")
    ours.set_running(True)
    wait_until(lambda: newest(theirs).running, "our start to be heard")
    theirs.set_running(False)
    wait_until(lambda: not newest(ours).running, "the other's stop to be heard")
