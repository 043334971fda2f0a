"""What those who draw are told: where the sound is, and what of the picture sounds there."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bridge.control import Control
from bridge.engine import Engine
from bridge.feedback import Feedback
from bridge.frame_clock import FrameClock
from bridge.graph_ring import GraphRing
from bridge.griffin_lim import render_loop
from bridge.model import Model
from bridge.osc_feedback import OscFeedback
from bridge.osc_packet import decode, encode
from bridge.playhead import Playhead, Playheads
from bridge.ring_store import RING_SLOTS, RingStore
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.told import COLUMN, COLUMN_BANDS, POSITION
from bridge.visuals import FRAMES_PER_SECOND, Visuals
from tests.letters import PATIENCE_SECONDS

TEMPO = 172.0
FEWEST_BYTES_THAT_MAX_TAKES = 5096


@pytest.fixture
def engine(tiny_model: Model) -> Engine:
    return started(tiny_model)


def started(model: Model) -> Engine:
    rings = np.zeros((RING_SLOTS, model.metadata.spec.loop_length(TEMPO)), dtype=np.float32)
    released = iter(range(10_000))
    engine = Engine(model, RingStore(rings, lambda: next(released)), TEMPO)
    engine.start([Control("slot_recall", (), (2,))])
    return engine


def frames_of(engine: Engine) -> list[int]:
    """A second and a half of two loops' frames, as often as they are told."""
    loop = engine.ring.grid.loop_length
    return list(range(0, 2 * loop, ENGINE_SAMPLE_RATE // FRAMES_PER_SECOND))


def test_position_is_bar_beat_step_and_place(engine: Engine) -> None:
    loop = engine.ring.grid.loop_length
    playhead = Playhead.of(engine, 0)
    for frame in frames_of(engine):
        bar, beat, step, place = playhead.position(frame)
        assert place == pytest.approx(frame % loop / loop, abs=1e-9) and 0.0 <= place < 1.0
        sixteenths = frame * 32 // loop
        assert (bar, beat, step) == (sixteenths // 16 + 1, sixteenths // 4 % 4 + 1, sixteenths % 32 + 1)


def test_the_column_is_that_of_the_picture_which_sounds(engine: Engine) -> None:
    picture = engine.model.decode_ring(engine.space.latent())
    rows = picture.shape[0] // COLUMN_BANDS
    bands = picture.reshape(COLUMN_BANDS, rows, -1).mean(axis=1)
    loop = engine.ring.grid.loop_length
    playhead = Playhead.of(engine, 0)
    for frame in frames_of(engine):
        here = bands[:, frame % loop * picture.shape[1] // loop]
        assert np.allclose(playhead.column(frame), np.clip(here, 0.0, 1.0), atol=2e-3)
    assert np.ptp([playhead.column(frame) for frame in frames_of(engine)]) > 0.3


def test_a_triggered_step_moves_the_place_and_not_the_beat(engine: Engine) -> None:
    frame = 200 * 256
    before = Playhead.of(engine, 0)
    engine.tick(200, [Control("trigger", (), (9,))])
    triggered = Playhead.of(engine, frame)
    assert triggered.position(frame)[:3] == before.position(frame)[:3]
    assert triggered.position(frame)[3] == pytest.approx(8 / 32, abs=1e-4)
    assert triggered.column(frame) == before.column(engine.ring.step_start(8))


def test_where_nothing_sounds_the_column_is_empty(engine: Engine) -> None:
    engine.tick(10, [Control("stop")])
    assert Playhead.of(engine, 2560).column(2560) == (0.0,) * COLUMN_BANDS


def test_what_is_told_is_what_is_heard_and_not_what_was_decided_last(engine: Engine) -> None:
    playheads = Playheads()
    assert playheads.at(0) is None
    for frame in (0, 512, 1024):
        playheads.note(Playhead.of(engine, frame))
    assert [playhead and playhead.frame for playhead in map(playheads.at, (100, 511, 512, 1023, 5000, 6000))] == [
        0, 0, 512, 512, 1024, 1024,
    ]  # fmt: skip
    assert not playheads.empty
    playheads.clear()
    assert playheads.empty and playheads.at(6000) is None


def test_a_playhead_stays_as_it_was_noted_while_the_engine_goes_on(engine: Engine) -> None:
    noted = Playhead.of(engine, 0)
    before = [noted.position(frame) for frame in frames_of(engine)]
    engine.tick(1, [Control("nudge", (), (0.5,)), Control("stop")])
    assert [noted.position(frame) for frame in frames_of(engine)] == before
    assert Playhead.of(engine, 256).position(512) != noted.position(512)


def test_a_ring_painted_by_a_graph_has_columns_too(tiny_model: Model) -> None:
    spec = tiny_model.metadata.spec
    latent = tiny_model.metadata.slots[0].latent
    picture = tiny_model.decode_ring(latent)
    samples = render_loop(picture, spec, spec.beats_per_minute)
    graph: Any = SimpleNamespace(render=lambda latents, tempo: [samples])
    ring = GraphRing(tiny_model, graph, latent, spec.beats_per_minute)
    ring.paint_all()
    hop = ring.grid.loop_length / picture.shape[1]
    # Sharp attacks are what a spectrum of the sound shows otherwise than the picture.
    errors = [np.abs(ring.column_at(round(column * hop)) - picture[:, column]).mean() for column in range(0, picture.shape[1], 7)]
    assert np.median(errors) < 0.06
    assert ring.column_at(0).shape == (spec.n_mels,) == ring.column_at(ring.grid.loop_length - 1).shape


@pytest.fixture
def ears() -> Any:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(PATIENCE_SECONDS)
        yield listening


def test_visuals_send_what_the_engine_says_of_that_frame(engine: Engine, ears: socket.socket) -> None:
    outlet = OscFeedback()
    outlet.subscribe(*ears.getsockname())
    feedback = Feedback(engine, outlet, None)
    feedback.tell(0, changed=True)
    visuals = Visuals(feedback.playheads, outlet, FrameClock())
    while decode(ears.recv(2000))[0][0] != "/vamen/state/drift":
        pass
    for frame in (0, 40_000, 99_999):
        visuals.tell(frame)
        packets = [ears.recv(6000), ears.recv(6000)]
        expected = Playhead.of(engine, 0)
        assert packets == [encode(POSITION, *expected.position(frame)), encode(COLUMN, *expected.column(frame))]
        [(_, position)], [(_, column)] = map(decode, packets)
        assert [type(value) for value in position] == [int, int, int, float] and len(column) == COLUMN_BANDS
        assert max(map(len, packets)) < FEWEST_BYTES_THAT_MAX_TAKES / 10
    outlet.close()


def test_the_thread_tells_while_somebody_listens_and_sleeps_otherwise(engine: Engine, ears: socket.socket) -> None:
    outlet, frames = OscFeedback(), FrameClock()
    feedback = Feedback(engine, outlet, None)
    visuals = Visuals(feedback.playheads, outlet, frames)
    visuals.start()
    frames.note(0, 0.0)
    for _ in range(2):
        outlet.subscribe(*ears.getsockname())
        feedback.tell(0, changed=False)
        heard = {address for _ in range(60) for address, _ in decode(ears.recv(6000))}
        assert heard >= {POSITION, COLUMN}
        outlet.unsubscribe(*ears.getsockname())
        assert not outlet.anyone.is_set()
        feedback.tell(256, changed=True)
        assert feedback.playheads.empty
    visuals.stop()
