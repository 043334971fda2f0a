"""Randomised breaks: the same bytes whatever happens on the way, and the rules that make them groove."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.errors import VamenError
from bridge.loudness import TARGET_LOUDNESS_LUFS, integrated_loudness
from bridge.mel_spectrogram import PRESETS
from bridge.onsets import find_onsets
from tests.sounds import hat, kick, snare
from tests.test_sources import BAR as BREAK_BAR
from tests.test_sources import loop
from training import breaks
from training.breaks import BreakMaker, build, held_out_sources, load_bank
from training.dataset import BreakDataset
from training.patterns import BACKBEATS, BAR, HITS, MAIN, STEPS, TOP, Event, Plan, Treatment, in_order, swung
from training.proportions import GROOVES, HAT_FIGURES, PROPORTIONS
from training.render import render_break
from training.slices import SliceBank, make_bank, with_stand_ins
from training.sources import ROLES, Source

HIFI = PRESETS["hifi"]
LENGTH = HIFI.loop_length(HIFI.beats_per_minute)


def source(name: str, samples: np.ndarray, beats: int = 0, role: str = "rest") -> Source:
    peak_one = (samples / np.abs(samples).max()).astype(np.float32)
    return Source(name, hashlib.sha256(name.encode()).hexdigest(), peak_one, beats, role)


@pytest.fixture(scope="module")
def bank() -> SliceBank:
    return make_bank(
        [
            source("amen", loop(), 4),
            source("two-step", loop("k.h.s.h.h.k.s.hh"), 4),
            source("top", loop("h.hhg.h.h.hhg.hh", 120.0), 4),
            source("bd", kick(), role="kick"),
            source("sn", snare(), role="snare"),
            source("hh", hat(), role="hat"),
        ]
    )


@pytest.fixture(scope="module")
def maker(bank: SliceBank) -> BreakMaker:
    return BreakMaker.make(bank, HIFI, 0)


@pytest.fixture(scope="module")
def plans(maker: BreakMaker) -> list[Plan]:
    return [maker.plan(i)[0] for i in range(400)]


def strokes(plan: Plan, bank: SliceBank, role: str) -> set[int]:
    """Sixteenths on which a role sounds, but in the layer of top loops."""
    events = [e for e in plan.events if e.layer != TOP and ROLES[bank.table["role"][e.slice]] == role]
    return {round(e.time) % STEPS for e in events}


def test_kick_on_the_one_and_snares_on_two_and_four_are_the_rule(plans: list[Plan], bank: SliceBank) -> None:
    on_one = np.mean([at in strokes(plan, bank, "kick") for plan in plans for at in (0, BAR)])
    backbeats = np.mean([at in strokes(plan, bank, "snare") for plan in plans for at in BACKBEATS])
    assert on_one >= 0.92
    assert 0.85 <= backbeats < 0.995  # a rule, with variations that play against it


def test_every_maker_and_variation_occurs(plans: list[Plan], bank: SliceBank) -> None:
    assert {plan.maker for plan in plans} == set(breaks.MAKERS)
    events = [e for plan in plans for e in plan.events]
    assert {e.layer for e in events} == {MAIN, HITS, TOP}
    assert any(e.reverse for e in events)
    assert any(e.semitones for e in events)
    treatments = [plan.treatment for plan in plans]
    for field in ("kick_shelf_db", "air_shelf_db", "low_pass_hz", "high_pass_hz", "room_seconds", "drive_db", "bits"):
        share = np.mean([bool(getattr(treatment, field)) for treatment in treatments])
        assert 0.01 < share < 0.6, field
    names = [bank.sources[plan.main_source].name for plan in plans if plan.maker != "mix"]
    assert names.count("amen") / len(names) == pytest.approx(PROPORTIONS.favourite_share, abs=0.1)


def test_breaks_reach_from_sparse_to_dense(plans: list[Plan]) -> None:
    counts = [sum(e.layer != TOP for e in plan.events) for plan in plans]
    assert np.percentile(counts, 5) <= 16
    assert np.percentile(counts, 95) >= 40


def test_main_layer_plays_one_slice_at_a_time(plans: list[Plan]) -> None:
    for plan in plans:
        main = sorted((e for e in plan.events if e.layer == MAIN), key=lambda e: e.time)
        for event, following in itertools.pairwise(main):
            assert event.time + event.length <= following.time + 1e-6


def test_swing_moves_the_off_sixteenth_only() -> None:
    assert [swung(float(t), 0.66) for t in (0, 1, 2, 3)] == pytest.approx([0.0, 1.32, 2.0, 3.32])
    assert [swung(t, 0.5) for t in (0.0, 0.5, 1.0, 7.25, -0.2)] == pytest.approx([0.0, 0.5, 1.0, 7.25, -0.2])


def test_soft_snares_lie_8_to_14_db_under_the_backbeat(bank: SliceBank) -> None:
    table = replace(PROPORTIONS, original=0.0, chop=0.0, pattern=0.0, mix=1.0, roll=0.0, reverse=0.0, layered_hits=0.0)
    maker = BreakMaker.make(bank, HIFI, 3, table)
    under = []
    for index in range(60):
        plan, _ = maker.plan(index)
        snares = [e for e in plan.events if e.layer == HITS and ROLES[bank.table["role"][e.slice]] in ("snare", "ghost")]
        levels = np.array([e.gain_db + bank.table["level_db"][e.slice] for e in snares])
        under += (levels.max() - levels).tolist()
    soft = [difference for difference in under if difference > 0.1]
    assert len(soft) > 100
    low, high = PROPORTIONS.ghost_under_backbeat_db
    assert min(soft) >= low - 0.01 and max(soft) <= high + 0.01


def test_a_loop_in_order_is_that_loop_at_the_images_tempo(bank: SliceBank) -> None:
    samples = render_break(in_order(bank, 0), bank, LENGTH)
    onsets, _ = find_onsets(samples / np.abs(samples).max())
    step = LENGTH / STEPS
    expected = np.array([at for at in range(STEPS) if BREAK_BAR[at % BAR] != "."])
    distance = np.abs(expected[:, None] * step - onsets[None, :]).min(axis=1)
    assert np.median(distance) < 60 and np.mean(distance < 0.01 * 44_100) >= 0.9


def test_grooves_are_whole_bars() -> None:
    for groove in GROOVES:
        assert len(groove.kick) == len(groove.snare) == BAR
        assert groove.kick[0] == "X" or groove.name == "amen 4"
    assert all(len(figure) == BAR for figure in HAT_FIGURES)


def test_a_break_is_a_pure_function_of_its_number(maker: BreakMaker, bank: SliceBank) -> None:
    again = BreakMaker.make(bank, HIFI, 0)
    image, row = maker.make_break(5)
    other, other_row = again.make_break(5)
    assert np.array_equal(image, other) and row == other_row
    assert not np.array_equal(image, maker.make_break(6)[0])
    assert not np.array_equal(image, BreakMaker.make(bank, HIFI, 1).make_break(5)[0])


def test_breaks_have_one_loudness_and_one_length(maker: BreakMaker, bank: SliceBank) -> None:
    for index in range(8):
        samples = render_break(maker.plan(index)[0], bank, LENGTH)
        assert len(samples) == LENGTH and samples.dtype == np.float32
        assert integrated_loudness(samples) == pytest.approx(TARGET_LOUDNESS_LUFS, abs=0.1)


def plan_of(events: list[Event], treatment: Treatment | None = None) -> Plan:
    return Plan("mix", 0, tuple(events), treatment or Treatment())


def test_an_event_sounds_at_its_time_and_wraps_around_the_ring(bank: SliceBank) -> None:
    hit = int(np.flatnonzero(bank.table["source"] == 4)[0])
    middle = render_break(plan_of([Event(16.0, hit, 12.0)]), bank, LENGTH)
    onset = int(np.argmax(np.abs(middle) > 0.1 * np.abs(middle).max()))
    assert onset == pytest.approx(LENGTH / 2, abs=60)
    late = render_break(plan_of([Event(31.5, hit, 12.0)]), bank, LENGTH)
    # Each break is brought to one loudness, whose blocks start with the loop: compare the shape.
    moved = np.roll(late, -round(15.5 * LENGTH / 32))
    assert np.allclose(moved / np.abs(moved).max(), middle / np.abs(middle).max(), atol=1e-4)


def test_pitch_changes_a_slices_length_and_reverse_its_direction(bank: SliceBank) -> None:
    hit = int(np.flatnonzero(bank.table["source"] == 4)[0])
    plain = render_break(plan_of([Event(8.0, hit, 12.0)]), bank, LENGTH)
    higher = render_break(plan_of([Event(8.0, hit, 12.0, semitones=12.0)]), bank, LENGTH)
    extent = lambda x: np.ptp(np.flatnonzero(np.abs(x) > 0.02 * np.abs(x).max()))  # noqa: E731
    assert extent(higher) == pytest.approx(0.5 * extent(plain), rel=0.15)
    backwards = render_break(plan_of([Event(8.0, hit, 12.0, reverse=True)]), bank, LENGTH)
    assert np.argmax(np.abs(backwards)) - 8 * LENGTH // 32 > 0.5 * extent(plain)


def test_treatments_change_what_they_say(bank: SliceBank) -> None:
    rows = {i: np.flatnonzero(bank.table["source"] == i)[0] for i in (3, 4)}
    events = [Event(0.0, int(rows[3]), 12.0, layer=HITS), Event(4.0, int(rows[4]), 12.0, layer=HITS)]

    def share(treatment: Treatment, low: float, high: float) -> float:
        power = np.square(np.abs(np.fft.rfft(render_break(plan_of(events, treatment), bank, LENGTH))))
        frequency = np.fft.rfftfreq(LENGTH, 1 / 44_100)
        return float(10 * np.log10(power[(frequency > low) & (frequency < high)].sum() / power[frequency > 500].sum()))

    assert share(Treatment(kick_shelf_db=-9.0), 30, 80) < share(Treatment(), 30, 80) - 4
    assert share(Treatment(air_shelf_db=-12.0), 8000, 20000) < share(Treatment(), 8000, 20000) - 3
    assert share(Treatment(low_pass_hz=1500.0), 8000, 20000) < share(Treatment(), 8000, 20000) - 15
    assert share(Treatment(high_pass_hz=400.0), 30, 80) < share(Treatment(), 30, 80) - 15
    dry = render_break(plan_of(events), bank, LENGTH)
    wet = render_break(plan_of(events, Treatment(room_seconds=0.6, room_under_db=6.0, room_seed=1)), bank, LENGTH)
    gap = slice(int(0.85 * LENGTH), int(0.95 * LENGTH)), slice(int(0.20 * LENGTH), int(0.26 * LENGTH))
    assert np.square(wet[gap[1]]).mean() > 30 * np.square(dry[gap[1]]).mean()
    assert np.square(wet[gap[0]]).mean() < 1e-6


def test_held_out_sources_never_occur_in_training(bank: SliceBank) -> None:
    many = make_bank(
        [source("amen", loop(), 4)]
        + [source(f"loop{i}", loop(seed_pattern), 4) for i, seed_pattern in enumerate(("k.h.s.h.k.h.s.hh",) * 8)]
        + [source(f"bd{i}", kick(45.0 + i), role="kick") for i in range(6)]
        + [source(f"sn{i}", snare(i), role="snare") for i in range(6)]
    )
    held_out = held_out_sources(many, PROPORTIONS)
    assert 0 not in held_out
    assert len(held_out) == 3
    maker = BreakMaker.make(many, HIFI, 0)
    seen = {0: set(), 1: set(), 2: set()}
    for index in range(1500):
        plan, split = maker.plan(index)
        seen[split] |= {int(many.table["source"][e.slice]) for e in plan.events}
    assert not seen[0] & held_out
    assert not seen[1] & held_out
    assert seen[2] and seen[2] <= held_out


def test_a_small_collection_is_learnt_whole() -> None:
    loops = [source(f"loop{i}", loop(), 4) for i in range(7)]
    assert not held_out_sources(make_bank(loops), PROPORTIONS)
    assert len(held_out_sources(make_bank([*loops, source("loop7", loop(), 4)]), PROPORTIONS)) == 1


def test_the_only_break_of_a_collection_is_not_held_out() -> None:
    hats = [source(f"top{i}", loop("h.hhg.h.h.hhg.hh", 120.0), 4) for i in range(7)]
    names = (f"loop{i}" for i in range(100))
    for name in names:  # until the digest puts it first
        collection = make_bank([*hats, source(name, loop(), 4)])
        digests = sorted(hashlib.sha256(b"held out" + record.sha256.encode()).digest() for record in collection.sources)
        if hashlib.sha256(b"held out" + collection.sources[-1].sha256.encode()).digest() == digests[0]:
            break
    assert not held_out_sources(collection, PROPORTIONS)
    assert BreakMaker.make(collection, HIFI, 0).train.mains


def test_other_strokes_stand_in_where_kick_and_snare_are_missing() -> None:
    sound = make_bank([source("two-step", loop("k.h.s.h.h.k.s.hh"), 4)])
    assert with_stand_ins(sound).sha256 == sound.sha256
    table = sound.table.copy()
    table["role"] = np.where(table["role"] == ROLES.index("rest"), table["role"], ROLES.index("perc"))
    filled = with_stand_ins(replace(sound, table=table)).table
    for role in ("kick", "snare"):
        chosen = np.flatnonzero(filled["role"] == ROLES.index(role))
        assert len(chosen) == 1 and ROLES[sound.table["role"][chosen[0]]] == role


@pytest.mark.parametrize("pattern", ["k.h.s.h.h.k.s.hh", "h.hhh.h.h.hhh.hh"])
def test_one_loop_alone_makes_breaks_of_every_kind(pattern: str, tmp_path: Path) -> None:
    soundfile.write(str(tmp_path / "mine_loop_120bpm.wav"), loop(pattern, 120.0), 44_100)
    maker = BreakMaker.make(load_bank([tmp_path], None)[0], HIFI, 0)
    plans = [maker.plan(index) for index in range(200)]
    assert {plan.maker for plan, _ in plans} == {"original", "chop", "pattern", "mix"}
    assert {split for _, split in plans} == {0, 1}
    for plan, _ in plans[:6]:
        samples = render_break(plan, maker.bank, LENGTH)
        assert np.isfinite(samples).all() and np.abs(samples).max() > 0.01


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix != ".npz"}


def test_the_same_bytes_whatever_the_number_of_workers(bank: SliceBank, tmp_path: Path) -> None:
    for name, workers in (("one", 1), ("three", 3)):
        build(bank, [], tmp_path / name, 20, HIFI, 7, workers)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "three")


def test_an_interrupted_build_continues_to_the_same_bytes(
    bank: SliceBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(bank, [], tmp_path / "whole", 20, HIFI, 7, 1)
    original, made = breaks._make_chunk, []

    def interrupted(maker: BreakMaker, indices: np.ndarray) -> breaks.Chunk:
        if len(made) == 1:
            raise KeyboardInterrupt
        made.append(indices)
        return original(maker, indices)

    monkeypatch.setattr(breaks, "_make_chunk", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(bank, [], tmp_path / "parts", 20, HIFI, 7, 1)
    with pytest.raises(VamenError, match="is not finished"):
        BreakDataset(tmp_path / "parts")
    monkeypatch.setattr(breaks, "_make_chunk", original)
    with pytest.raises(VamenError, match="another seed"):
        build(bank, [], tmp_path / "parts", 20, HIFI, 8, 1)
    with pytest.raises(VamenError, match="another spec"):
        build(bank, [], tmp_path / "parts", 20, PRESETS["classic"], 7, 1)
    build(bank, [], tmp_path / "parts", 20, HIFI, 7, 1)
    assert files_of(tmp_path / "parts") == files_of(tmp_path / "whole")


def test_a_folder_with_something_else_in_it_is_left_alone(bank: SliceBank, tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("photos")
    with pytest.raises(VamenError, match="is no data set"):
        build(bank, [], tmp_path, 4, HIFI, 0, 1)
    assert [file.name for file in tmp_path.iterdir()] == ["holiday.txt"]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training.breaks", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_command_line_from_sounds_and_again_from_the_packed_file(tmp_path: Path) -> None:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    soundfile.write(str(sounds / "my break.wav"), loop(), 44_100)
    (sounds / "readme.txt").write_text("no audio")
    first = run(sounds, "--out", tmp_path / "a", "--count", "9", "--preset", "classic", "--workers", "2")
    assert first.returncode == 0, first.stderr
    assert "left out: readme.txt is no audio" in first.stderr
    again = run(tmp_path / "a" / "slices.npz", "--out", tmp_path / "b", "--count", "9", "--preset", "classic", "--workers", "1")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "a" / "images.u8").read_bytes() == (tmp_path / "b" / "images.u8").read_bytes()
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert manifest["sources"][0]["name"] == "my break.wav" and manifest["sources"][0]["beats"] == 4
    assert manifest["left_out"] == [{"name": "readme.txt", "reason": "is no audio that libsndfile reads"}]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "is empty"),
        (lambda folder: (folder / "a.txt").write_text("text"), "No usable sound"),
        (lambda folder: soundfile.write(str(folder / "hh.wav"), hat(), 44_100), "no break to learn from"),
    ],
)
def test_an_empty_data_set_is_an_error(make: object, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    make(folder)  # type: ignore[operator]
    assert breaks.main([str(folder), "--out", str(tmp_path / "out"), "--count", "4", "--workers", "1"]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_count_of_nothing_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert breaks.main([str(tmp_path), "--out", str(tmp_path / "out"), "--count", "0"]) == 2
    assert "empty data set" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_sigint_keeps_what_is_done_and_the_same_command_continues(bank: SliceBank, tmp_path: Path) -> None:
    bank.save(tmp_path / "slices.npz")
    arguments = [str(tmp_path / "slices.npz"), "--out", str(tmp_path / "out"), "--count", "600", "--workers", "2"]
    process = subprocess.Popen([sys.executable, "-m", "training.breaks", *arguments], stderr=subprocess.PIPE, text=True)
    progress = tmp_path / "out" / breaks.PROGRESS_FILE

    def done() -> int:
        return int(np.count_nonzero(np.fromfile(progress, dtype="<i4")[::4])) if progress.exists() else 0

    while done() == 0 and process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "the same command continues" in errors
    assert "Traceback" not in errors
    assert 0 < done() < 600
