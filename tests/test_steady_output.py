"""A device that goes and another that comes, under a clock and a PortAudio of the test's own: where the beat is to the frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge import devices, renderer, sound_output, sound_turn, steady_output
from bridge.frame_line import FrameLine
from bridge.limiter import HEADROOM
from bridge.player import TICK_FRAMES, Publication
from bridge.renderer import Renderer
from bridge.sound_memory import SoundMemory, Status
from bridge.sound_output import PacedOutput
from bridge.steady_output import LOOK_SECONDS, DeviceSettings, SteadyOutput
from tests.rig import ramp, wait_until

CAPACITY = 65536
RATE = 44100


@dataclass
class Card:
    """A device that is plugged in. `asks` False: it opens, but never asks for sound; `closes` unset: its closing hangs."""

    name: str
    rate: int = RATE
    latency: float = 0.012
    channels: int = 2
    asks: bool = True
    closes: threading.Event = field(default_factory=threading.Event)


class Stream:
    """A stream as PortAudio's: its first two blocks are asked for at once, the others as they are played."""

    def __init__(self, room: Room, card: Card, arguments: dict[str, Any]) -> None:
        self.latency = card.latency
        self.card = card
        self.arguments = arguments
        self.calls = 0
        self.begun = 0.0
        self._room = room

    @property
    def due(self) -> float:
        return self.begun + max(0, self.calls - 1) * self.arguments["blocksize"] / self.card.rate

    def start(self) -> None:
        self.begun = self._room.now
        self._room.streams.append(self)

    def call(self) -> None:
        block = self.arguments["blocksize"]
        out = np.full((block, self.arguments["channels"]), np.nan, dtype=np.float32)
        self.arguments["callback"](out, block, None, SimpleNamespace(output_underflow=False))
        played = self.begun + (self.calls - 1) * block / self.card.rate
        self._room.heard.append((played + self.card.latency, self.card.name, out[:, -1]))
        self.calls += 1

    def abort(self, ignore_errors: bool = True) -> None:
        if self in self._room.streams:
            self._room.streams.remove(self)

    def close(self, ignore_errors: bool = True) -> None:
        self.card.closes.wait(20.0)


class Room:
    """A stage with its own clock, and PortAudio as it sees what is plugged in: when it starts, and not before."""

    PortAudioError = RuntimeError

    def __init__(self, *cards: Card) -> None:
        self.now = 100.0
        self.plugged = list(cards)
        self.streams: list[Stream] = []
        self.heard: list[tuple[float, str, NDArray[np.float32]]] = []
        self.starts = 1
        self._initialized = 1
        self._listed = list(cards)
        self._look = self.now

    def _terminate(self) -> None:
        self._initialized -= 1

    def _initialize(self) -> None:
        self._initialized += 1
        self.starts += 1
        self._listed = list(self.plugged)

    @property
    def default(self) -> SimpleNamespace:
        return SimpleNamespace(device=(-1, len(self._listed) - 1))

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": "ALSA"}]

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {
                "name": card.name,
                "hostapi": 0,
                "max_output_channels": card.channels,
                "default_samplerate": float(card.rate),
                "default_low_output_latency": card.latency,
            }
            for card in self._listed
        ]

    def OutputStream(self, **arguments: Any) -> Stream:  # noqa: N802
        card = self._listed[arguments["device"]]
        if card not in self.plugged:
            raise RuntimeError("Device unavailable")
        return Stream(self, card, arguments)

    def pull(self, card: Card, *, finishes: bool) -> None:
        self.plugged.remove(card)
        for stream in [stream for stream in self.streams if stream.card is card]:
            self.streams.remove(stream)
            if finishes:
                stream.arguments["finished_callback"]()

    def pass_time(self, output: SteadyOutput, seconds: float) -> None:
        """Let all that is due in these seconds happen, in its order."""
        end = self.now + seconds
        while True:
            due: list[tuple[float, Callable[[], object]]] = [(self._look, output.look)]
            due += [(stream.due, stream.call) for stream in self.streams if stream.card.asks]
            if output._stand_in is not None:
                due.append((output._stand_in.line.seconds, output._stand_in.draw))
            moment, happen = min(due, key=lambda row: row[0])
            if moment > end:
                break
            self.now = max(self.now, moment)
            happen()
            if moment == self._look:
                self._look += LOOK_SECONDS
                for thread in output._closing:
                    thread.join(0.0 if any(not card.closes.is_set() for card in self._listed) else 20.0)
        self.now = end

    def beats(self, name: str, since: float = 0.0) -> NDArray[np.float64]:
        """For each block of unbroken ramp that a card played: how far, in frames, its ramp is behind the clock."""
        behind = []
        for moment, card, samples in self.heard:
            if card == name and moment >= since and samples[0] > 0.001 and (np.diff(samples) > 0.0).all():
                place = float(samples[0]) * 2 * CAPACITY / float(HEADROOM) - 1.0
                behind.append((moment * RATE - place) % CAPACITY)
        return np.array(behind)


@pytest.fixture
def memory() -> Iterator[SoundMemory]:
    shared = SoundMemory(2, CAPACITY)
    shared.rings[0] = ramp(CAPACITY)
    yield shared
    shared.remove()


Opened = tuple[SteadyOutput, list[tuple[str, str]]]


@pytest.fixture
def play(memory: SoundMemory, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Opened]:
    """Opens an output in a room, with the ramp; nothing runs but what `Room.pass_time` calls."""

    def begin(room: Room, line: FrameLine | None = None, **settings: Any) -> Opened:
        for card in room.plugged:
            card.closes.set()
        for module in (renderer, sound_output, sound_turn, steady_output):
            monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: room.now))
        for module in (devices, sound_output):
            monkeypatch.setattr(module, "import_sounddevice", lambda: room)
        monkeypatch.setattr(SteadyOutput, "_run", lambda self: None)
        monkeypatch.setattr(PacedOutput, "_run", lambda self: None)
        told: list[tuple[str, str]] = []
        source = Renderer(memory, None, pytest.fail, line.frame if line else 0)
        source.publish(Publication(0, 0, 0, CAPACITY, 0, 1.0))
        device = DeviceSettings(**{"device": None, "channels": (1, 2), "block_frames": 256, **settings})
        output = SteadyOutput(source, device, lambda *both: told.append(both), line)
        output.start()
        return output, told

    return begin


def test_a_device_that_only_stops_asking_is_left_for_the_default_one(play: Callable[..., Opened], memory: SoundMemory) -> None:
    """Another rate, more latency, fewer channels: the ear hears the beat where it was."""
    scarlett, speakers = Card("Scarlett 18i20", channels=20), Card("Speakers", rate=48000, latency=0.08)
    room = Room(scarlett, speakers)
    output, told = play(room, device="scarlett", channels=(3, 4))
    room.pass_time(output, 2.0)
    assert memory.status[Status.BLOCK_FRAMES] == 256_000
    room.pull(scarlett, finishes=False)
    room.pass_time(output, 0.3)
    assert told == []
    room.pass_time(output, 0.3)
    assert told == [(output.description, steady_output.GONE.format("Scarlett 18i20"))]
    assert output.description == "no sound (Scarlett 18i20 has gone)"
    # What was due while nobody had noticed has been caught up with.
    assert memory.status[Status.FRAME] == pytest.approx(2.6 * RATE, abs=600)
    room.pass_time(output, 2.0)
    assert [description for description, _ in told[1:]] == [output.description]
    assert told[1][1] == f"the sound is back: {output.description}" and output.description.startswith("Speakers, 48000 Hz")
    assert memory.status[Status.BLOCK_FRAMES] == pytest.approx(256_000 * RATE / 48000, abs=1)
    assert memory.status[Status.LATENCY] == pytest.approx(1e9 * output.latency_seconds, abs=1)
    before, after = room.beats("Scarlett 18i20"), room.beats("Speakers")
    assert len(before) > 100 and len(after) > 100
    assert np.median(after) == pytest.approx(np.median(before), abs=2.0)
    assert np.ptp(after) < 2.0


def test_a_device_that_returns_has_the_beat_and_comes_up_softly(play: Callable[..., Opened], memory: SoundMemory) -> None:
    """Its latency is less than before, so frames that the clock has drawn already must not be drawn again."""
    before, after = Card("Dock", latency=0.2), Card("Dock", latency=0.01)
    after.closes.set()
    room = Room(before)
    output, told = play(room)
    room.pass_time(output, 1.0)
    room.pull(before, finishes=True)
    # Said by the stream itself, so the next look is enough.
    room.pass_time(output, LOOK_SECONDS)
    assert len(told) == 1 and "Dock has gone" in told[0][1]
    frames = []
    for _ in range(300):
        room.pass_time(output, 0.01)
        frames.append(int(memory.status[Status.FRAME]))
    assert min(np.diff(frames)) >= 0 and frames[-1] == pytest.approx(4.1 * RATE, abs=600)
    assert len(told) == 1 and room.starts in (4, 5), "an attempt a second"
    room.plugged.append(after)
    returned = room.now
    for _ in range(200):
        room.pass_time(output, 0.01)
        frames.append(int(memory.status[Status.FRAME]))
    assert len(told) == 2 and told[1][1].startswith("the sound is back: Dock")
    assert min(np.diff(frames)) >= 0
    assert np.median(room.beats("Dock", returned)) == pytest.approx(np.median(room.beats("Dock")[:50]), abs=2.0)
    heard = np.concatenate([samples for moment, _, samples in room.heard if moment >= returned])
    first = int(np.flatnonzero(heard)[0])
    rise = heard[first : first + 441] / heard[first + 441]
    assert rise[:20].max() < 0.1 and (np.diff(rise) > -1e-6).all()


def test_a_process_that_was_paused_as_a_whole_keeps_its_device(play: Callable[..., Opened]) -> None:
    card = Card("Card")
    room = Room(card)
    output, told = play(room)
    room.pass_time(output, 1.0)
    room.now += 10.0
    stream = room.streams[0]
    stream.begun += 10.0
    room._look = room.now
    room.pass_time(output, 1.0)
    assert told == [] and room.starts == 1 and stream.calls > 300


def test_a_closing_that_hangs_is_not_waited_for(play: Callable[..., Opened]) -> None:
    """PortAudio, which would wait for it, is not started again; another device that it knew is opened all the same."""
    headset, speakers = Card("Headset"), Card("Speakers")
    room = Room(headset, speakers)
    output, told = play(room, device="headset")
    headset.closes.clear()
    room.pass_time(output, 1.0)
    room.pull(headset, finishes=False)
    room.pass_time(output, 2.0)
    assert len(told) == 1
    room.pass_time(output, 2.0)
    assert len(told) == 2 and output.description.startswith("Speakers")
    assert room.starts == 1
    # When it has come back after all, the next loss is as any other.
    headset.closes.set()
    wait_until(lambda: not any(thread.is_alive() for thread in output._closing), "the closing")
    room.pull(speakers, finishes=True)
    room.plugged.append(headset)
    room.pass_time(output, 2.0)
    assert room.starts == 2 and output.description.startswith("Headset")


def test_a_device_that_opens_and_never_asks_is_tried_again(play: Callable[..., Opened]) -> None:
    card = Card("Card")
    room = Room(card)
    output, told = play(room)
    room.pass_time(output, 1.0)
    room.pull(card, finishes=True)
    room.plugged.append(card)
    card.asks = False
    room.pass_time(output, 3.0)
    assert len(told) == 1 and room.starts == 2
    room.pass_time(output, 2.0)
    card.asks = True
    room.pass_time(output, 4.0)
    assert len(told) == 2 and output.description.startswith("Card")
    beats = room.beats("Card")
    assert np.median(beats[-50:]) == pytest.approx(np.median(beats[:50]), abs=2.0)


def test_the_next_process_begins_on_the_line_of_the_last_one(play: Callable[..., Opened], memory: SoundMemory) -> None:
    card = Card("Card")
    room = Room(card)
    frame = 1000 * TICK_FRAMES
    memory.status[Status.LATENCY] = 10_000_000
    output, told = play(room, line=FrameLine(frame, room.now))
    assert output.description == "no sound (the sound device is looked for)"
    room.pass_time(output, 2.0)
    assert [sentence for _, sentence in told] == [f"the sound is back: {output.description}"]
    assert int(memory.status[Status.LATE]) == 1, "nobody said that the publication was inherited"
    # Frame f of the process before was rendered at 100 s + (f - frame) / RATE and heard 10 ms later.
    expected = (100.0 + 0.01) * RATE - frame
    assert np.median(room.beats("Card")) == pytest.approx(expected % CAPACITY, abs=2.0)


def test_a_device_that_comes_after_the_start_is_taken_and_no_other_than_the_one_that_was_named(
    play: Callable[..., Opened], memory: SoundMemory
) -> None:
    room = Room(Card("Speakers"))
    output, told = play(room, device="scarlett", channels=(3, 4))
    why = "no sound device is called 'scarlett': `vamen devices` lists those that are there"
    assert told == [(output.description, f"there is no sound yet, since {why}")]
    assert output.description == f"no sound ({why})"
    room.pass_time(output, 3.0)
    assert memory.status[Status.FRAME] == pytest.approx(3.0 * RATE, abs=600)
    scarlett = Card("Scarlett 18i20", channels=20)
    scarlett.closes.set()
    room.plugged.append(scarlett)
    room.pass_time(output, 6.0)
    assert told[1:] == [(output.description, f"the sound is there: {output.description}")]
    assert {name for _, name, _ in room.heard} == {"Scarlett 18i20"}
    # The beat is where it would have been: frame 0 was rendered at 100 s.
    heard = np.median(room.beats("Scarlett 18i20"))
    assert heard == pytest.approx((100.0 * RATE + 1e-9 * int(memory.status[Status.LATENCY]) * RATE) % CAPACITY, abs=600)
    # From now on it is one that may go, and the default one stands in for it.
    room.pull(scarlett, finishes=False)
    room.pass_time(output, 3.0)
    assert output.description.startswith("Speakers")
