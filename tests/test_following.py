"""The engine behind an outside clock: what sounds is on the clock's beat, through changes of tempo, without a gap or a click."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from bridge.control import Control, ControlChange
from bridge.engine import Engine
from bridge.model import Model
from bridge.offline import render_take
from bridge.parameters import layout_of
from bridge.player import SILENCE, TICK_FRAMES, Player, Publication
from bridge.ring_store import RING_SLOTS, RingStore
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.take import TakeWriter, read_take
from bridge.tempo_reference import TempoReference

ONE = 9_000
"""The frame of the master's start."""

ON_THE_BEAT_SECONDS = 0.001


@dataclass
class Evening:
    """What a master and a hand brought about."""

    sound: np.ndarray
    errors: np.ndarray
    """How far what is read lies behind the master, in seconds, for each tick; NaN where it is silent."""
    loop_lengths: list[int] = field(default_factory=list)
    published: list[Publication] = field(default_factory=list)
    engine: Engine | None = None


def clock(tick: int, name: str, *values: float | int | str) -> ControlChange:
    return ControlChange(tick * TICK_FRAMES, Control(name, (), values))


def line_of(changes: list[tuple[float, float]]) -> list[TempoReference]:
    """The master's lines: from each beat on a tempo."""
    lines = [TempoReference(0.0, ONE, changes[0][1], True)]
    for beat, tempo in changes[1:]:
        lines.append(lines[-1].at_tempo(tempo, lines[-1].frame_of_beat(beat)))
    return lines


def true_beat(lines: list[TempoReference], frame: int) -> float:
    return next((line for line in reversed(lines) if line.frame <= frame), lines[0]).beat_at(frame)


def play(model: Model, lines: list[TempoReference], seconds: float, *turns: ControlChange) -> Evening:
    """Each line is told where it begins, and once a beat again, as a MIDI clock does."""
    rings = np.zeros((RING_SLOTS, model.metadata.spec.loop_length(60.0)), dtype=np.float32)
    player = Player(rings)
    engine = Engine(model, RingStore(rings, lambda: player.released_sequence), 150.0)
    ticks = round(seconds * ENGINE_SAMPLE_RATE / TICK_FRAMES)
    evening = Evening(np.zeros(ticks * TICK_FRAMES, dtype=np.float32), np.full(ticks, np.nan), engine=engine)
    player.publish(engine.start([Control("clock", (), ("midi",))]))
    told: tuple[int, int] = (-1, 0)
    for tick in range(ticks):
        frame = tick * TICK_FRAMES
        controls = [turn.control for turn in turns if turn.frame == frame]
        now = sum(line.frame <= frame for line in lines) - 1
        place = (now, int(true_beat(lines, frame)))
        if tick and now >= 0 and place != told:
            told = place
            controls.append(lines[now].control())
        if tick and (publication := engine.tick(tick, controls)) is not None:
            player.publish(publication)
            evening.published.append(publication)
        player.render(evening.sound[frame : frame + TICK_FRAMES], frame)
        if engine.transport.sounding:
            transport = engine.transport
            behind = true_beat(lines, frame) - transport.reading.position_at(frame) / transport.loop_length * 8
            evening.errors[tick] = ((behind + 4) % 8 - 4) * 60.0 / transport.tempo
        evening.loop_lengths.append(engine.ring.grid.loop_length)
    assert player.late == 0
    return evening


def largest_step(sound: np.ndarray) -> float:
    return float(np.abs(np.diff(sound)).max())


def test_a_start_is_entered_on_the_one_and_kept(tiny_model: Model) -> None:
    evening = play(tiny_model, line_of([(0.0, 126.37)]), 8.0)
    entry = ONE // TICK_FRAMES + 1
    assert np.isnan(evening.errors[:entry]).all() and not np.isnan(evening.errors[entry:]).any()
    assert abs(evening.errors[entry]) < ON_THE_BEAT_SECONDS
    # It did not know the room's tempo before, and paints it while the first steps sound.
    assert np.abs(evening.errors[entry + 40 :]).max() < ON_THE_BEAT_SECONDS
    assert evening.loop_lengths[-1] == tiny_model.metadata.spec.loop_length(126.37)


@pytest.mark.parametrize(("before", "after"), [(126.0, 140.0), (174.0, 87.5)])
def test_a_jump_in_tempo_is_on_the_beat_within_one_bar_without_gap_or_click(
    tiny_model: Model, before: float, after: float
) -> None:
    lines = line_of([(0.0, before), (12.5, after)])
    evening = play(tiny_model, lines, lines[1].frame_of_beat(24.0) / ENGINE_SAMPLE_RATE)
    jump, bar_later = lines[1].frame // TICK_FRAMES, lines[1].frame_of_beat(16.5) // TICK_FRAMES
    assert np.abs(evening.errors[jump - 100 : jump]).max() < ON_THE_BEAT_SECONDS
    assert np.abs(evening.errors[bar_later:]).max() < ON_THE_BEAT_SECONDS
    assert evening.loop_lengths[-1] == tiny_model.metadata.spec.loop_length(after)
    sound = evening.sound[ONE + TICK_FRAMES :]
    pieces = np.abs(sound[: len(sound) // 441 * 441]).reshape(-1, 441).max(axis=1)
    assert pieces.min() > 0.0, "no ten milliseconds of silence"
    around = slice(lines[1].frame, lines[1].frame_of_beat(16.5))
    assert largest_step(evening.sound[around]) < 1.2 * largest_step(evening.sound[ONE + 200_000 :])


def test_a_slow_drift_is_painted_as_seldom_as_can_be_and_never_left(tiny_model: Model) -> None:
    """From 150 to 153 BPM in steps of 0.05: what 0.3 % of rate cannot follow is painted."""
    lines = line_of([(beat, 150.0 + 0.05 * beat) for beat in range(61)])
    evening = play(tiny_model, lines, lines[-1].frame / ENGINE_SAMPLE_RATE)
    entry = ONE // TICK_FRAMES
    assert np.abs(evening.errors[entry + 100 :]).max() < 2.0 * ON_THE_BEAT_SECONDS
    assert 4 <= len(set(evening.loop_lengths)) <= 10
    assert all(abs(publication.rate - 1.0) <= 0.003 for publication in evening.published)


def test_repitch_follows_a_jump_without_painting(tiny_model: Model) -> None:
    lines = line_of([(0.0, 150.0), (8.0, 120.0)])
    evening = play(tiny_model, lines, 12.0, clock(1, "tempo_mode", "repitch"))
    assert len(set(evening.loop_lengths)) == 1
    assert evening.published[-1].rate == pytest.approx(0.8, abs=0.003)
    assert np.nanmax(np.abs(evening.errors)) < 2.0 * ON_THE_BEAT_SECONDS


@pytest.mark.parametrize(("quantise", "beats"), [("beat", 1), ("bar", 4), ("loop", 8)])
def test_a_quantised_break_takes_over_on_the_masters_boundary(tiny_model: Model, quantise: str, beats: int) -> None:
    lines = line_of([(0.0, 131.0)])
    turn_tick = lines[0].frame_of_beat(9.3) // TICK_FRAMES
    turns = [clock(1, "quantise", quantise), clock(turn_tick, "random", 5)]
    plain = play(tiny_model, lines, 10.0, turns[0])
    turned = play(tiny_model, lines, 10.0, *turns)
    different = np.flatnonzero(np.abs(plain.sound - turned.sound) > 1e-5)
    boundary = lines[0].frame_of_beat(-(-9.3 // beats) * beats)
    assert boundary - TICK_FRAMES <= different[0] <= boundary + 600


def test_a_master_that_falls_silent_leaves_the_tempo_where_it_was(tiny_model: Model) -> None:
    lines = line_of([(0.0, 131.0)])
    evening = play(tiny_model, lines, 4.0)
    engine = evening.engine
    assert engine is not None
    for tick in range(len(evening.errors), len(evening.errors) + 2000):
        engine.tick(tick)
    now = (len(evening.errors) + 2000) * TICK_FRAMES
    transport = engine.transport
    behind = lines[0].beat_at(now) - transport.reading.position_at(now) / transport.loop_length * 8
    assert transport.sounding and abs((behind + 4) % 8 - 4) < 0.005


def test_a_take_with_a_masters_references_renders_the_same_again(tiny_model: Model, tmp_path: Path) -> None:
    lines = line_of([(0.0, 126.0), (6.0, 140.0)])
    live = play(tiny_model, lines, 6.0)
    layout = layout_of(tiny_model.metadata)
    with TakeWriter(tmp_path / "take.osc", layout) as writer:
        writer.write(ControlChange(0, Control("step_ticks", (), (2,))))
        writer.write(ControlChange(0, Control("morph_mode", (), ("steps",))))
        writer.write(ControlChange(0, Control("clock", (), ("midi",))))
        told: tuple[int, int] = (-1, 0)
        for frame in range(TICK_FRAMES, len(live.sound), TICK_FRAMES):
            now = sum(line.frame <= frame for line in lines) - 1
            if now >= 0 and (place := (now, int(true_beat(lines, frame)))) != told:
                told = place
                writer.write(ControlChange(frame, lines[now].control()))
    blocks = render_take(tiny_model, read_take(tmp_path / "take.osc", layout), 150.0)
    again = np.concatenate(list(blocks))
    length = min(len(again), len(live.sound))
    assert length > 4 * ENGINE_SAMPLE_RATE
    np.testing.assert_array_equal(again[:length], live.sound[:length])


def test_what_is_not_sounding_is_published_as_silence(tiny_model: Model) -> None:
    evening = play(tiny_model, line_of([(0.0, 120.0)]), 0.15)
    assert all(publication.slot == SILENCE for publication in evening.published)
    assert not evening.sound.any()


def longest_silence(sound: np.ndarray) -> int:
    """The longest run of frames in which nothing is heard."""
    heard = np.flatnonzero(np.abs(sound) > 1e-6)
    return int(np.diff(heard, prepend=0, append=len(sound)).max())


@pytest.mark.parametrize(("name", "value", "after"), [("nudge", 4.0, 3), ("nudge", -1.0, 25), ("trigger", 20, 15)])
def test_a_place_that_moves_while_a_tempo_is_painted_is_painted_before_it_is_heard(
    tiny_model: Model, name: str, value: float | int, after: int
) -> None:
    lines = line_of([(0.0, 170.0), (8.0, 120.0)])
    jump = lines[1].frame // TICK_FRAMES
    evening = play(tiny_model, lines, 8.0, clock(jump + after, name, value))
    assert evening.loop_lengths[-1] == tiny_model.metadata.spec.loop_length(120.0)
    assert longest_silence(evening.sound[ONE + TICK_FRAMES :]) < 2 * TICK_FRAMES


def test_a_master_that_begins_again_while_its_tempo_is_painted_makes_no_gap(tiny_model: Model) -> None:
    lines = line_of([(0.0, 170.0), (8.0, 120.0)])
    lines.append(TempoReference(0.0, lines[1].frame + 10 * TICK_FRAMES, 120.0, True))
    evening = play(tiny_model, lines, 8.0)
    assert longest_silence(evening.sound[ONE + TICK_FRAMES :]) < 2 * TICK_FRAMES
    assert abs(evening.errors[-1]) < ON_THE_BEAT_SECONDS


def test_a_tempo_does_not_wait_for_a_break_that_waits_for_its_boundary(tiny_model: Model) -> None:
    """The jump is followed at once, and the break still comes on the loop's line of the new tempo."""
    lines = line_of([(0.0, 126.0), (17.5, 140.0)])
    turns = [clock(1, "quantise", "loop"), clock(lines[0].frame_of_beat(17.3) // TICK_FRAMES, "random", 5)]
    seconds = lines[1].frame_of_beat(26.0) / ENGINE_SAMPLE_RATE
    plain, turned = (play(tiny_model, lines, seconds, *which) for which in (turns[:1], turns))
    beat_later = lines[1].frame_of_beat(18.5) // TICK_FRAMES
    assert np.abs(turned.errors[beat_later:]).max() < ON_THE_BEAT_SECONDS
    assert turned.loop_lengths[beat_later] == tiny_model.metadata.spec.loop_length(140.0)
    different = np.flatnonzero(np.abs(plain.sound - turned.sound) > 1e-5)
    boundary = lines[1].frame_of_beat(24.0)
    assert boundary - TICK_FRAMES <= different[0] <= boundary + 600


@pytest.mark.parametrize("leap", [2.0, -2.0, -64.0])
def test_the_boundary_of_a_break_that_waits_moves_with_the_clock(tiny_model: Model, leap: float) -> None:
    lines = line_of([(0.0, 131.0), (73.0, 131.0)])
    # Repitch, because there a tempo that jumps is not painted either.
    lines[1] = TempoReference(73.0 + leap, lines[1].frame, 137.0, True)
    turns = [
        clock(1, "tempo_mode", "repitch"),
        clock(2, "quantise", "loop"),
        clock(lines[0].frame_of_beat(72.5) // TICK_FRAMES, "random", 5),
    ]
    line = -(-(73.0 + leap) // 8.0) * 8.0
    seconds = lines[1].frame_of_beat(line + 2.0) / ENGINE_SAMPLE_RATE
    plain, turned = (play(tiny_model, lines, seconds, *which) for which in (turns[:2], turns))
    different = np.flatnonzero(np.abs(plain.sound - turned.sound) > 1e-5)
    boundary = lines[1].frame_of_beat(line)
    assert boundary - TICK_FRAMES <= different[0] <= boundary + 600
