"""The engine and the player together: what is heard follows from ticks and state alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bridge.control import Control, ControlChange
from bridge.engine import Engine
from bridge.griffin_lim import render_loop
from bridge.latent_space import LatentSpace
from bridge.mel_spectrogram import PRESETS
from bridge.model import Model
from bridge.offline import render_take
from bridge.player import FADE_FRAMES, TICK_FRAMES, Player, Publication
from bridge.ring_store import RING_SLOTS, RingStore
from tests.make_tiny_model import build

TEMPO = 170.0


@pytest.fixture(scope="session")
def model(tiny_model: Model) -> Model:
    return tiny_model


def change(tick: int, name: str, *values: float | int | str, index: tuple[int, ...] = ()) -> ControlChange:
    return ControlChange(tick * TICK_FRAMES, Control(name, index, values))


def render(model: Model, changes: Sequence[ControlChange] = (), bars: int = 2, tempo: float = TEMPO) -> np.ndarray:
    return np.concatenate(list(render_take(model, changes, tempo, bars)))


def first_difference(one: np.ndarray, other: np.ndarray) -> int:
    """The first frame that differs by more than what a cross-fade between equal rings rounds off."""
    length = min(len(one), len(other))
    different = np.flatnonzero(np.abs(one[:length] - other[:length]) > 1e-5)
    return int(different[0]) if len(different) else length


BUSY_TAKE = [
    change(30, "axis", 0.9, index=(1,)),
    change(90, "random", 3),
    change(200, "tempo", 150.0),
    change(330, "trigger", 9),
    change(350, "trigger", 0),
    change(400, "quantise", "beat"),
    change(401, "slot_recall", 2),
    change(520, "gain", 0.3),
    change(600, "stop"),
    change(640, "play"),
]


def test_two_renders_of_a_take_are_identical(model: Model) -> None:
    assert np.array_equal(render(model, BUSY_TAKE, bars=4), render(model, BUSY_TAKE, bars=4))


@pytest.mark.parametrize("blocks", ["large", "usual", "random"])
def test_blocks_of_any_size_give_the_same_samples(model: Model, blocks: str) -> None:
    spec = model.metadata.spec
    rings = np.zeros((400, spec.loop_length(140.0)), dtype=np.float32)
    # Every ring keeps its row, so that the publications can be played again.
    engine = Engine(model, RingStore(rings, lambda: -1), TEMPO)
    controls = {item.frame // TICK_FRAMES: item.control for item in BUSY_TAKE}
    publications = [engine.start()]
    for tick in range(1, 700):
        publication = engine.tick(tick, [controls[tick]] if tick in controls else [])
        if publication is not None:
            publications.append(publication)
    frames = 720 * TICK_FRAMES
    sizes = {"large": lambda: 65_536, "usual": lambda: 512, "random": lambda: int(generator.integers(1, 5000))}
    generator = np.random.default_rng(5)
    reference = played(rings, publications, frames, lambda: TICK_FRAMES)
    assert np.abs(reference).max() > 0.1
    assert np.array_equal(played(rings, publications, frames, sizes[blocks]), reference)


def played(rings: np.ndarray, publications: list[Publication], frames: int, block_frames) -> np.ndarray:
    player = Player(rings)
    for publication in publications:
        player.publish(publication)
    out = np.empty(frames, dtype=np.float32)
    frame = 0
    while frame < frames:
        size = min(block_frames(), frames - frame)
        player.render(out[frame : frame + size], frame)
        frame += size
    assert player.late == 0
    return out


def test_a_loop_repeats_exactly_and_has_no_seam(model: Model) -> None:
    loop = model.metadata.spec.loop_length(TEMPO)
    sound = render(model, bars=16)
    assert len(sound) == 8 * loop
    rounds = sound.reshape(8, loop)
    assert np.array_equal(rounds, np.broadcast_to(rounds[0], rounds.shape))
    jumps = np.abs(np.diff(np.concatenate([rounds[0], rounds[0][:1]])))
    assert jumps[-1] <= np.quantile(jumps[:-1], 0.999)


@pytest.mark.parametrize("tempo", [60.0, 119.7, 161.5, 170.0, 240.0])
def test_a_take_of_whole_bars_is_exactly_that_long(model: Model, tempo: float) -> None:
    assert len(render(model, bars=2, tempo=tempo)) == round(8 * 60 / tempo * 44_100)


@pytest.mark.parametrize("preset", ["hifi", "classic"])
def test_at_any_tempo_the_engine_plays_what_an_export_renders(tmp_path: Path, preset: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(build(PRESETS[preset]).SerializeToString())
    model = Model.load(path)
    home = LatentSpace(model.metadata).latent()
    assert model.metadata.spec.name == preset
    for tempo in (120.0, 200.0):
        assert np.array_equal(render(model, tempo=tempo), render_loop(model.decode_ring(home), model.metadata.spec, tempo))


def test_a_turned_axis_is_heard_from_its_tick_on(model: Model) -> None:
    turned = render(model, [change(40, "axis", 1.0, index=(1,))])
    heard = first_difference(turned, render(model))
    expected = 40 * TICK_FRAMES
    assert expected <= heard < expected + FADE_FRAMES


def test_in_the_end_every_step_has_followed_the_axis(model: Model) -> None:
    loop = model.metadata.spec.loop_length(TEMPO)
    moved = render(model, [change(40, "axis", 1.0, index=(1,))], bars=6)
    assert np.array_equal(moved[-loop:], moved[-2 * loop : -loop])
    kept = np.abs(moved[-loop:] - render(model)[:loop]).reshape(-1, loop // 6).max(axis=1)
    assert kept.min() > 1e-3, "no part of the loop still sounds as before"


def test_one_changed_step_dirties_the_reach_of_the_decoder_and_no_more(model: Model) -> None:
    rings = np.zeros((8, model.metadata.spec.loop_length(TEMPO)), dtype=np.float32)
    engine = Engine(model, RingStore(rings, lambda: -1), TEMPO)
    engine.start()
    latent = engine.space.latent().copy()
    latent[10] += 1.0
    engine.ring.move_to(latent)
    reach = model.metadata.reach
    assert np.flatnonzero(engine.ring.dirty).tolist() == list(range(10 - reach, 10 + reach + 1))


def test_a_repaint_of_one_step_leaves_the_rest_of_the_loop_alone(model: Model) -> None:
    values = tuple(float(value) for value in np.full(model.metadata.latent_dimensions, 2.0))
    loop = model.metadata.spec.loop_length(TEMPO)
    sound = render(model, [change(40, "latent_step", *values, index=(11,))], bars=4)
    before, after = render(model)[:loop], sound[-loop:]
    different = np.flatnonzero(before != after)
    step, reach, half_window = loop / 32, model.metadata.reach, 512
    assert different[0] >= (10 - reach - 1) * step - 1.1 * half_window
    assert different[-1] <= (10 + reach + 2) * step + 1.1 * half_window


@pytest.mark.parametrize(("word", "beats"), [("beat", 1), ("bar", 4), ("loop", 8)])
def test_a_quantised_change_takes_over_on_its_boundary(model: Model, word: str, beats: int) -> None:
    loop = model.metadata.spec.loop_length(TEMPO)
    take = [change(0, "quantise", word), change(20, "random", 4)]
    heard = first_difference(render(model, take, bars=6), render(model, bars=6))
    lead = (20 + 16) * TICK_FRAMES
    boundary = next(beat * loop / 8 for beat in range(0, 100, beats) if beat * loop / 8 >= lead)
    assert boundary - TICK_FRAMES <= heard <= boundary + FADE_FRAMES


def test_quantised_to_steps_the_sounding_step_ends_as_it_began(model: Model) -> None:
    loop = model.metadata.spec.loop_length(TEMPO)
    take = [change(0, "quantise", "step"), change(60, "random", 4)]
    heard = first_difference(render(model, take, bars=4), render(model, bars=4))
    earliest = 60 * TICK_FRAMES
    sounding = int(earliest / loop * 32)
    # The next step's window reaches half its length back.
    assert heard >= (sounding + 1) * loop / 32 - 512


def test_a_new_tempo_keeps_the_beat(model: Model) -> None:
    rings = np.zeros((16, model.metadata.spec.loop_length(60.0)), dtype=np.float32)
    player = Player(rings)
    engine = Engine(model, RingStore(rings, lambda: player.released_sequence), TEMPO)
    player.publish(engine.start())
    out = np.empty(TICK_FRAMES, dtype=np.float32)
    beats = []
    for tick in range(1, 200):
        player.render(out, (tick - 1) * TICK_FRAMES)
        publication = engine.tick(tick, [Control("tempo", (), (120.0,))] if tick == 50 else [])
        if publication is not None:
            player.publish(publication)
        beats.append(engine.transport.beat_at(tick * TICK_FRAMES))
    steps = np.diff(beats) * 44_100 / TICK_FRAMES * 60
    assert np.allclose(steps[:40], TEMPO, atol=0.01) and np.allclose(steps[-40:], 120.0, atol=0.01)
    # At the takeover the beat goes on from where it was: one tick at either tempo, nothing between.
    assert steps.min() > 119.0 and steps.max() < 171.0
    assert engine.ring.grid.loop_length == model.metadata.spec.loop_length(120.0)


def test_a_trigger_plays_from_its_step_and_lets_go_in_time(model: Model) -> None:
    loop = model.metadata.spec.loop_length(TEMPO)
    plain = render(model, bars=4)
    taken = render(model, [change(50, "trigger", 9), change(80, "trigger", 0)], bars=4)
    start, end = 50 * TICK_FRAMES, 80 * TICK_FRAMES
    step = round(8 * loop / 32)
    inside = slice(start + FADE_FRAMES, end)
    assert np.array_equal(taken[inside], plain[step + FADE_FRAMES : step + end - start])
    assert np.array_equal(taken[:start], plain[:start])
    assert np.array_equal(taken[end + FADE_FRAMES :], plain[end + FADE_FRAMES :])


def test_stop_is_silence_and_play_begins_on_the_one(model: Model) -> None:
    taken = render(model, [change(100, "stop"), change(200, "play")], bars=4)
    stopped, started = 100 * TICK_FRAMES, 200 * TICK_FRAMES
    assert not taken[stopped + FADE_FRAMES : started].any()
    plain = render(model)
    assert np.array_equal(taken[started + FADE_FRAMES : started + 20_000], plain[FADE_FRAMES:20_000])


def test_a_drawn_break_puts_the_axes_back(model: Model) -> None:
    rings = np.zeros((8, model.metadata.spec.loop_length(TEMPO)), dtype=np.float32)
    engine = Engine(model, RingStore(rings, lambda: -1), TEMPO)
    engine.start([Control("axis", (1,), (0.9,))])
    engine.tick(1, [Control("random", (), (3,))])
    assert set(engine.space.axes) == {0.5}
    assert np.array_equal(engine.space.latent(), engine.space.draw(3))


def test_an_empty_slot_is_explained_and_the_music_goes_on(model: Model) -> None:
    sentences: list[str] = []
    sound = np.concatenate(list(render_take(model, [change(30, "slot_recall", 77)], TEMPO, 2, complain=sentences.append)))
    assert np.array_equal(sound, render(model))
    assert len(sentences) == 1 and "Slot 77 is empty" in sentences[0]


def test_an_export_holds_what_sounds(model: Model) -> None:
    requests = []
    changes = [change(0, "random", 9), change(10, "axis", 0.2, index=(2,)), change(20, "export", "mine")]
    list(render_take(model, changes, TEMPO, 2, export=requests.append))
    (request,) = requests
    rings = np.zeros((8, model.metadata.spec.loop_length(TEMPO)), dtype=np.float32)
    engine = Engine(model, RingStore(rings, lambda: -1), TEMPO)
    engine.start([item.control for item in changes[:2]])
    assert np.array_equal(request.latent, engine.space.latent())
    assert (request.name, request.beats_per_minute) == ("mine", TEMPO)


def test_the_state_at_frame_0_brings_another_engine_to_the_same_sound(model: Model) -> None:
    rings = np.zeros((8, model.metadata.spec.loop_length(60.0)), dtype=np.float32)
    engine = Engine(model, RingStore(rings, lambda: -1), 133.0, step_ticks=3)
    moves = [Control("random", (), (2,)), Control("slot_store", (), (40,)), Control("morph_b", (), (40,)),
             Control("morph_mode", (), ("blend",)), Control("morph", (), (0.25,)),
             Control("axis", (2,), (0.75,)), Control("gain", (), (0.5,))]  # fmt: skip
    engine.start(moves)
    twin = Engine(model, RingStore(rings.copy(), lambda: -1), TEMPO)
    twin.start(engine.state())
    assert np.array_equal(twin.ring.samples, engine.ring.samples)
    assert twin.step_ticks == engine.step_ticks
    assert twin.state() == engine.state()
    # And what follows is the same too.
    for tick in range(1, 12):
        controls = [Control("axis", (1,), (0.9,))] if tick == 1 else []
        assert twin.tick(tick, controls) == engine.tick(tick, controls)


def test_painting_starts_again_after_a_failure(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    rings = np.zeros((16, model.metadata.spec.loop_length(TEMPO)), dtype=np.float32)
    player = Player(rings)
    engine = Engine(model, RingStore(rings, lambda: player.released_sequence), TEMPO)
    player.publish(engine.start())
    before = engine.ring.samples.copy()
    with monkeypatch.context() as broken:
        broken.setattr(Model, "decode", lambda *_: (_ for _ in ()).throw(RuntimeError("no memory")))
        with pytest.raises(RuntimeError):
            engine.tick(1, [Control("axis", (1,), (1.0,))])
    assert np.array_equal(engine.ring.samples, before)
    engine.start_painting_again()
    out = np.empty(TICK_FRAMES, dtype=np.float32)
    for tick in range(2, 120):
        player.render(out, (tick - 2) * TICK_FRAMES)
        publication = engine.tick(tick)
        if publication is not None:
            player.publish(publication)
    assert not engine.ring.dirty.any()
    assert not np.array_equal(engine.ring.samples, before)


@pytest.mark.parametrize("control", [Control("trigger", (), (9,)), Control("nudge", (), (2.0,))])
def test_a_place_that_a_take_asks_for_at_its_beginning_is_where_it_begins(tiny_model: Model, control: Control) -> None:
    rings = np.zeros((RING_SLOTS, tiny_model.metadata.spec.loop_length(60.0)), dtype=np.float32)
    engine = Engine(tiny_model, RingStore(rings, lambda: -1), 170.0)
    publication = engine.start([control])
    assert (publication.position - publication.anchor_frame) % publication.loop_length == engine.ring.step_start(8)


@pytest.mark.parametrize(("tick", "step"), [(39, 1), (41, 1), (41, 25), (50, 25)])
def test_a_place_that_is_not_painted_yet_after_a_new_tempo_is_not_silent(model: Model, tick: int, step: int) -> None:
    """A trigger just after a new tempo has taken over, while the steps around its own are still to be painted."""
    taken = render(model, [change(10, "tempo", 130.0), change(tick, "trigger", step)], bars=4)
    pieces = np.abs(taken[: len(taken) // 441 * 441]).reshape(-1, 441).max(axis=1)
    assert pieces.min() > 0.0, "no ten milliseconds of silence"
