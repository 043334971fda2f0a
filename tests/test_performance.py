"""The loop that follows the sound: it sleeps while there is nothing to do, and nobody can tell from what sounds."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bridge.performance
from bridge.clocks import Clocks
from bridge.control import Control, ControlChange, Value
from bridge.engine import Engine
from bridge.mailbox import Mailbox
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE
from bridge.model import Model
from bridge.osc_feedback import OscFeedback
from bridge.performance import Performance
from bridge.performer import Performer
from bridge.player import SILENCE, TICK_FRAMES, Publication
from bridge.playhead import Playheads
from bridge.ring_store import RING_SLOTS, RingStore
from bridge.tempo_reference import TempoReference

SECONDS = 9.5
WAKING_SECONDS = 1e-6


class Stage(Mailbox):
    """A clock that only sleeping moves, a sound that keeps its pace, and a hand whose `turns` come when their time has come."""

    def __init__(self, block_frames: int, turns: list[tuple[float, Control]]) -> None:
        super().__init__()
        self.block_frames = float(block_frames)
        self.late = self.gaps = 0
        self.latency_seconds = 0.0
        self.alive = True
        self.published: list[Publication] = []
        self.looks = 0
        self.stop = threading.Event()
        self._turns = sorted(turns, key=lambda turn: turn[0])
        self._now = 100.0

    def perf_counter(self) -> float:
        return self._now

    monotonic = perf_counter

    def sleep(self, seconds: float) -> None:
        until = self._now + seconds + WAKING_SECONDS
        while self._turns and self._turns[0][0] + 100.0 <= until:
            self._turn()
        self._now = until
        self.looks += 1
        if self._now >= 100.0 + SECONDS:
            self.stop.set()

    def wait(self, seconds: float) -> float:
        if not self._waiting and self._turns and self._turns[0][0] + 100.0 <= self._now + seconds:
            self._turn()
            self._now += WAKING_SECONDS
        elif not self._waiting:
            self.sleep(seconds)
        return super().wait(0.0)

    def _turn(self) -> None:
        moment, control = self._turns.pop(0)
        self._now = max(self._now, moment + 100.0)
        self.put(control)

    @property
    def frame(self) -> int:
        return int((self._now - 100.0) * ENGINE_SAMPLE_RATE // self.block_frames + 1) * int(self.block_frames)

    @property
    def frame_seconds(self) -> float:
        return 100.0 + (self.frame / self.block_frames - 1) * self.block_frames / ENGINE_SAMPLE_RATE

    def publish(self, publication: Publication) -> None:
        self.late += publication.effect_frame < self.frame and publication.sequence > 0
        self.published.append(publication)

    def problems(self) -> list[str]:
        return []


@dataclass
class Evening:
    """What an evening came to: its take, what was published, the messages to subscribers, how often the loop looked."""

    changes: list[ControlChange] = field(default_factory=list)
    published: list[Publication] = field(default_factory=list)
    told: list[tuple[Any, ...]] = field(default_factory=list)
    playheads: Playheads = field(default_factory=Playheads)
    late: int = 0
    looks: int = 0
    ticks: int = 0


class Told(OscFeedback):
    """Writes down what would go to one subscriber."""

    def __init__(self, told: list[tuple[Any, ...]]) -> None:
        super().__init__()
        self.anyone.set()
        self._told = told

    def send(self, address: str, *values: Value) -> None:
        self._told.append((address, *values))


def play(
    monkeypatch: pytest.MonkeyPatch,
    model: Model,
    turns: list[tuple[float, Control]],
    block_frames: int = 256,
    resting: bool = True,
) -> Evening:
    evening = Evening()
    stage = Stage(block_frames, turns)
    monkeypatch.setattr(bridge.performance, "time", stage)
    monkeypatch.setattr("bridge.mailbox.time", stage)
    # Waking late, the loop takes what came meanwhile into a tick that was due before it.
    monkeypatch.setattr(bridge.performance, "SHORTEST_SLEEP_SECONDS", WAKING_SECONDS)
    if not resting:
        monkeypatch.setattr(Performance, "_rest", lambda self: None)
    rings = np.zeros((RING_SLOTS, model.metadata.spec.loop_length(120.0)), dtype=np.float32)
    engine = Engine(model, RingStore(rings, lambda: stage.published[-3].sequence if len(stage.published) > 2 else -1), 170.0)
    tick = engine.tick

    def counted(number: int, controls: list[Control]) -> Publication | None:
        evening.ticks += 1
        return tick(number, controls)

    monkeypatch.setattr(Engine, "tick", lambda self, number, controls: counted(number, controls))
    reporter: Any = SimpleNamespace(feedback=Told(evening.told), tell=evening.told.append)
    take: Any = SimpleNamespace(write=evening.changes.append)
    exporter: Any = SimpleNamespace(put=evening.told.append, written=[])
    performer = Performer(engine.space.slot(1), seed=1)
    sound: Any = stage
    clocks = Clocks(stage, evening.told.append, offset_seconds=0.0, has_midi=True)
    performance = Performance(engine, sound, stage, reporter, exporter, performer, take, clocks)
    performance.begin()
    engine.step_ticks = 2
    performance.run(stage.stop)
    monkeypatch.undo()
    evening.published, evening.late, evening.looks = stage.published, stage.late, stage.looks
    evening.playheads = performance.feedback.playheads
    return evening


def busy_hand(seed: int) -> Iterator[tuple[float, Control]]:
    generator = np.random.default_rng(seed)
    for moment in generator.uniform(0.5, SECONDS - 0.5, 12):
        kind = int(generator.integers(6))
        yield (
            float(moment),
            (
                Control("axis", (1,), (float(generator.uniform()),)),
                Control("gain", (), (float(generator.uniform()),)),
                Control("trigger", (), (int(generator.integers(33)),)),
                Control("random", (), (int(generator.integers(100)),)),
                Control("tempo", (), (float(generator.uniform(120.0, 200.0)),)),
                Control("quantise", (), (str(generator.choice(["off", "step", "beat"])),)),
            )[kind],
        )


@pytest.mark.parametrize(("seed", "block_frames"), [(0, 256), (1, 1024)])
def test_a_control_finds_its_tick_whether_or_not_the_loop_slept(
    monkeypatch: pytest.MonkeyPatch, tiny_model: Model, seed: int, block_frames: int
) -> None:
    turns = list(busy_hand(seed))
    rested, awake = (play(monkeypatch, tiny_model, turns, block_frames, resting) for resting in (True, False))
    # The state of the beginning, and what belongs to the last tick.
    assert len(rested.changes) > len(turns)
    assert rested.changes[:-1] == awake.changes[:-1]
    assert rested.published[:-1] == awake.published[:-1]
    assert rested.told == awake.told and rested.late == awake.late == 0


def test_a_clock_is_followed_whether_or_not_the_loop_slept(monkeypatch: pytest.MonkeyPatch, tiny_model: Model) -> None:
    """A master whose every beat comes with jitter of its own, that changes its tempo and stops."""
    generator = np.random.default_rng(2)
    turns = [(0.3, Control("clock", (), ("midi",)))]
    line = TempoReference(-0.2, round(0.5 * ENGINE_SAMPLE_RATE), 168.7, True)
    for beat in range(24):
        if beat == 12:
            line = line.at_tempo(150.0, line.frame_of_beat(beat))
        frame = line.frame_of_beat(beat)
        told = TempoReference(beat + float(generator.normal(0.0, 0.002)), frame, line.beats_per_minute, beat < 22)
        turns.append((frame / ENGINE_SAMPLE_RATE, told.control()))
    rested, awake = (play(monkeypatch, tiny_model, turns, 256, resting) for resting in (True, False))
    assert rested.changes[:-1] == awake.changes[:-1]
    assert rested.published[:-1] == awake.published[:-1] and rested.told == awake.told
    assert rested.late == awake.late == 0 and rested.ticks < 0.8 * awake.ticks
    sounding = [publication.effect_frame for publication in rested.published if publication.slot != SILENCE]
    # The first loop of all sounds until the clock is changed; from then on the first beat and the stop are the clock's.
    first = next(frame for frame in sounding if frame > 0.4 * ENGINE_SAMPLE_RATE)
    assert first == pytest.approx(turns[1][0] * ENGINE_SAMPLE_RATE, abs=4 * TICK_FRAMES)
    assert sounding[-1] < turns[-2][0] * ENGINE_SAMPLE_RATE + TICK_FRAMES
    assert len({publication.loop_length for publication in rested.published}) == 3


@pytest.mark.parametrize("block_frames", [128, 300])
def test_blocks_out_of_step_with_ticks_make_no_control_late(
    monkeypatch: pytest.MonkeyPatch, tiny_model: Model, block_frames: int
) -> None:
    turns = [(moment, Control("gain", (), (moment / SECONDS,))) for moment in np.linspace(0.5, SECONDS - 0.5, 40).tolist()]
    rested, awake = (play(monkeypatch, tiny_model, turns, block_frames, resting) for resting in (True, False))
    frames = [[item.frame for item in evening.changes if item.control.name == "gain"] for evening in (rested, awake)]
    assert len(frames[0]) == len(frames[1]) == len(turns) + 1
    # Which tick it is hangs on when the loop happened to look.
    assert np.abs(np.subtract(*frames)).max() <= TICK_FRAMES and sum(frames[0]) <= sum(frames[1])
    assert rested.late == 0


def test_at_rest_few_ticks_are_run_and_the_position_is_known(monkeypatch: pytest.MonkeyPatch, tiny_model: Model) -> None:
    rested, awake = (play(monkeypatch, tiny_model, [], 256, resting) for resting in (True, False))
    assert rested.told == awake.told
    where: list[list[Any]] = [[], []]
    for heard, evening in zip(where, (rested, awake), strict=True):
        for frame in range(0, round((SECONDS - 0.1) * ENGINE_SAMPLE_RATE), ENGINE_SAMPLE_RATE // 60):
            playhead = evening.playheads.at(frame)
            assert playhead is not None
            heard.append((playhead.position(frame), playhead.column(frame)))
    assert where[0] == where[1]
    bars, steps = [position[0] for position, _ in where[0]], {position[2] for position, _ in where[0]}
    assert bars == sorted(bars) and bars[-1] == math.ceil(SECONDS * 170.0 / 60.0 / 4) and steps == set(range(1, 33))
    assert awake.ticks > 0.99 * SECONDS * ENGINE_SAMPLE_RATE / TICK_FRAMES
    assert rested.looks < 0.3 * awake.looks
    assert rested.published[:-1] == awake.published[:-1] and len(rested.published) > 10, "the performer varies the break"


def test_the_end_leaves_a_link_session_and_stops_nobody_else(monkeypatch: pytest.MonkeyPatch, tiny_model: Model) -> None:
    told: list[Any] = []
    line = TempoReference(0.0, ENGINE_SAMPLE_RATE, 170.0, True)
    session = SimpleNamespace(
        start=lambda: told.append("joined"),
        stop=lambda: told.append("left"),
        poll=lambda: None,
        look=lambda: None,
        set_running=told.append,
    )
    monkeypatch.setattr("bridge.clocks.LinkClock", lambda *_: session)
    evening = play(monkeypatch, tiny_model, [(0.5, Control("clock", (), ("link",))), (1.0, line.control())])
    assert told == ["joined", "left"]
    assert evening.changes[-1].control == Control("stop") and evening.published[-1].slot == SILENCE
    assert any(publication.slot != SILENCE for publication in evening.published[-20:-1])
