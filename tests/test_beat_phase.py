"""The rig's own measures, on captures that are made of known things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray
from bridge.midi_clock import CLOCK, CONTINUE, SONG_POSITION, START, STOP
from tests.benchmarks.listening import Recording
from tests.rigs.__main__ import Patience
from tests.rigs.beat_line import BeatLine
from tests.rigs.beat_phase import BeatPhases, Loop, beat_phases, best_place, envelopes
from tests.rigs.clicks import HEIGHT, calibrated
from tests.rigs.jack_master import runs
from tests.rigs.pictures import Panel, save_phases
from tests.rigs.seams import click_db, gaps
from tests.rigs.transport import Entry, Transport
from tests.rigs.verdicts import drift_ms, figures, unlocked_beats
from tests.sounds import break_loop
from training.ruler.figures import lines

DoubleArray = NDArray[np.float64]

TEMPO, BEATS = 126.0, 24
LOOP = Loop(break_loop(TEMPO), ENGINE_SAMPLE_RATE, 8)
FRAMES_PER_BEAT = len(LOOP.samples) / LOOP.beats
BEGUN = 3.2
"""When beat 0 is due, in seconds of the capture."""


def at_rate(frames_per_second: float) -> Callable[[DoubleArray], DoubleArray]:
    return lambda moments: (moments * frames_per_second).astype(np.float64)


def due(beats: NDArray[np.int64]) -> DoubleArray:
    return BEGUN + beats * 60.0 / TEMPO


def capture(late_seconds: DoubleArray, loop: Loop = LOOP, rate: float = 1.0, noise: float = 0.0) -> FloatArray:
    """A loop of which beat b comes late by late_seconds[b], played at a rate; silence before and after it."""
    frames = np.arange(round((BEGUN + (len(late_seconds) + 1) * 60.0 / TEMPO) * ENGINE_SAMPLE_RATE))
    played = (frames / ENGINE_SAMPLE_RATE - BEGUN) * rate * TEMPO / 60.0
    # The lateness changes 40 ms before a beat, ahead of what is looked at.
    beat = np.floor(played + 0.04 * TEMPO / 60.0).astype(int)
    inside = (beat >= 0) & (beat < len(late_seconds))
    places = (played - late_seconds[np.clip(beat, 0, len(late_seconds) - 1)] * TEMPO / 60.0) * len(loop.samples) / loop.beats
    ring = np.append(loop.samples, loop.samples[0])
    sound = np.interp(places % len(loop.samples), np.arange(len(ring)), ring) * inside
    return (sound + noise * np.random.default_rng(0).standard_normal(len(sound))).astype(np.float32)


def measured(samples: FloatArray, beats: NDArray[np.int64], meant: DoubleArray | None = None, rate: float = 1.0) -> BeatPhases:
    heard = envelopes(samples, ENGINE_SAMPLE_RATE)
    return beat_phases(heard, at_rate(rate * ENGINE_SAMPLE_RATE), [LOOP], beats, due(beats) if meant is None else meant)


def test_beats_that_jitter_are_found_where_they_are() -> None:
    late = np.random.default_rng(1).uniform(-0.02, 0.02, BEATS)
    found = measured(capture(late, noise=0.001), np.arange(BEATS))
    assert found.dropped == () and not found.shift.any()
    assert np.abs(found.phase_ms - 1000.0 * late).max() < 0.2
    assert found.p95_ms == pytest.approx(float(np.percentile(1000.0 * np.abs(late), 95)), abs=0.2)


def test_a_clock_that_drifts_is_seen_to_drift() -> None:
    found = measured(capture(np.zeros(BEATS), rate=1.0005), np.arange(BEATS))
    expected = -0.0005 * (found.due - BEGUN) * 1000.0
    assert len(found.beat) == BEATS and np.abs(found.phase_ms - expected).max() < 0.2


def test_another_painting_of_the_loop_lies_where_the_loop_lies() -> None:
    other = Loop(break_loop(TEMPO, seed=9), ENGINE_SAMPLE_RATE, 8)
    late = np.full(BEATS, 0.0073)
    found = measured(capture(late, other), np.arange(BEATS))
    assert found.dropped == () and np.abs(found.phase_ms - 7.3).max() < 0.5


def test_a_loop_that_is_a_beat_off_is_told() -> None:
    samples = capture(np.zeros(BEATS))
    beats = np.arange(BEATS - 2)
    found = measured(samples, beats, due(beats + 1))
    assert set(found.shift) == {1}


def test_what_is_another_sound_is_dropped() -> None:
    samples = capture(np.zeros(BEATS))
    begin = round((BEGUN + 5 * 60.0 / TEMPO - 0.02) * ENGINE_SAMPLE_RATE)
    samples[begin : begin + round(FRAMES_PER_BEAT)] = 0.1 * np.random.default_rng(2).standard_normal(round(FRAMES_PER_BEAT))
    found = measured(samples, np.arange(BEATS))
    assert 5 in found.dropped and set(found.dropped) <= {4, 5} and not found.shift.any()
    silence = measured(np.zeros(len(samples), np.float32), np.arange(BEATS))
    assert silence.dropped == tuple(range(BEATS)) and silence.p95_ms == np.inf


def test_a_stretch_at_the_edge_of_a_window_has_no_place_between_samples() -> None:
    window = np.zeros((1, 50))
    window[0, :3] = (5.0, 2.0, 1.0)
    place, _ = best_place(window, window[:, :10])
    assert place == 0.0


def pulses(seconds_per_beat: float, beats: float, begun: float = 100.0, jitter: float = 0.001) -> BeatLine:
    beat = np.arange(0.0, beats, 1.0 / 24.0)
    rng = np.random.default_rng(3)
    return BeatLine(beat, begun + beat * seconds_per_beat + jitter * rng.uniform(-1.3, 1.3, len(beat)))


def test_a_line_through_the_pulses_says_when_a_beat_was_meant() -> None:
    line = pulses(60.0 / TEMPO, 20.0)
    beats = line.whole_beats()
    assert beats[0] == 0 or abs(line.beat[0]) < 1e-9
    assert np.abs(line.due(beats) - 100.0 - beats * 60.0 / TEMPO).max() < 0.0005
    assert line.unsteady(TEMPO) == 0
    # Beyond what was said, on the line.
    assert line.due(np.array([24]))[0] == pytest.approx(100.0 + 24 * 60.0 / TEMPO, abs=0.01)


def test_a_master_that_stood_still_is_unsteady() -> None:
    line = pulses(60.0 / TEMPO, 20.0)
    stood = BeatLine(line.beat, line.seconds + 0.02 * (line.beat > 10.0))
    assert stood.unsteady(TEMPO) > 0


def test_a_change_of_tempo_is_found_and_no_line_goes_across_it() -> None:
    first = pulses(60.0 / 126.0, 10.5)
    second = pulses(60.0 / 140.0, 8.0, begun=first.seconds[-1] + 60.0 / 140.0 / 24.0)
    line = BeatLine(np.append(first.beat, first.beat[-1] + 1.0 / 24.0 + second.beat), np.append(first.seconds, second.seconds))
    changed = line.break_near(float(second.seconds[0]) - 0.3)
    assert changed == pytest.approx(float(second.seconds[0]), abs=0.06)
    beats = line.whole_beats()
    expected = np.where(
        beats <= 10, 100.0 + beats * 60.0 / 126.0, second.seconds[0] + (beats - first.beat[-1] - 1.0 / 24.0) * 60.0 / 140.0
    )
    assert np.abs(line.due(beats, (changed,)) - expected).max() < 0.003


def test_what_a_master_says_is_cut_at_its_starts_and_stops() -> None:
    messages = [
        (1.0, [START]), *((1.0 + 0.02 * n, [CLOCK]) for n in range(48)), (2.0, [STOP]), (2.5, [SONG_POSITION, 16, 0]),
        (3.0, [CONTINUE]), *((3.0 + 0.02 * n, [CLOCK]) for n in range(10)),
    ]  # fmt: skip
    first, second = runs(messages, lambda moments: moments)
    assert (first.begun, first.ended) == (1.0, 2.0) and first.pulses.beat[0] == 0.0 and first.pulses.beat[-1] == 47 / 24
    assert second.begun == 3.0 and second.ended == np.inf and second.pulses.beat[0] == 4.0


def test_clicks_set_the_captures_clock() -> None:
    rate, origin, late = 44_118.7, 500.0, 0.0123
    samples = np.zeros((10 * 44_100, 2), np.float32)
    meant: DoubleArray = np.linspace(501.0, 503.75, 12)
    samples[np.rint((meant + late - origin) * rate).astype(int)] = HEIGHT
    recording = Recording(samples, origin, rate, np.zeros(1))
    clock = calibrated(cast(Any, SimpleNamespace(recording=lambda: recording)), meant)
    assert clock.late_seconds == pytest.approx(late, abs=2e-5) and abs(clock.drift) < 1e-4
    assert float(clock.moment_of(clock.frame_at(503.21))) == pytest.approx(503.21, abs=1e-9)
    with pytest.raises(ValueError, match="is not in the capture"):
        calibrated(cast(Any, SimpleNamespace(recording=lambda: recording)), np.linspace(501.4, 504.15, 12))


def test_gaps_and_clicks_are_seen_and_drums_are_none() -> None:
    length = 2 * len(LOOP.samples)
    beats = np.arange(length) / FRAMES_PER_BEAT
    noise = 0.002 * np.random.default_rng(4).standard_normal(len(LOOP.samples)).astype(np.float32)
    loop = Loop(LOOP.samples + noise, LOOP.sample_rate, LOOP.beats)
    samples = np.tile(loop.samples, 2)
    assert gaps(samples, beats, loop) == [] and click_db(samples, (beats,), [loop]) < 0.1
    broken = samples.copy()
    broken[50_000:50_300] = 0.0
    assert gaps(broken, beats, loop) == [(50_000, 300)]
    # A jump half-way between two hits.
    place = round(9.4 * FRAMES_PER_BEAT)
    broken[place:] += 0.1
    assert click_db(broken, (beats,), [loop]) > 6.0


def test_drift_has_an_interval() -> None:
    moments = np.arange(0.0, 120.0, 0.5)
    noise = 0.5 * np.random.default_rng(5).standard_normal(len(moments))
    none, low, high = drift_ms(moments, noise)
    assert -0.6 < low < none < high < 0.6
    _, low, high = drift_ms(moments, noise + 0.02 * moments)
    assert low < 0.02 * moments[-1] < high and high - low < 1.0
    assert drift_ms(moments[:10], noise[:10]) == (np.inf, -np.inf, np.inf)


def test_settling_at_the_start_is_no_drift() -> None:
    moments = np.arange(0.0, 120.0, 0.5)
    noise = 0.2 * np.random.default_rng(6).standard_normal(len(moments))
    settling = np.where(moments < 7.0, -5.0, 0.0)
    _, low, high = drift_ms(moments, noise + settling)
    assert -0.5 < low < high < 0.5
    _, low, high = drift_ms(moments, noise + settling + 0.02 * moments)
    assert low > 1.5


def phases_of(phase_ms: DoubleArray, dropped: tuple[int, ...] = ()) -> BeatPhases:
    beat = np.array([number for number in range(len(phase_ms)) if number not in dropped])
    return BeatPhases(beat, beat * 0.5, phase_ms[beat], np.ones(len(beat)), dropped, np.zeros(1, np.int64))


def test_a_lock_is_four_beats_in_a_row() -> None:
    phase = np.zeros(20)
    assert unlocked_beats(phases_of(phase), 4.75, 120.0, 5.0) == 0.0
    phase[10] = 9.0
    assert unlocked_beats(phases_of(phase), 4.75, 120.0, 5.0) == pytest.approx(0.5)
    assert unlocked_beats(phases_of(phase, (11,)), 4.75, 120.0, 5.0) == pytest.approx(1.5)
    assert unlocked_beats(phases_of(np.full(20, 9.0)), 4.75, 120.0, 5.0) == np.inf


def test_bars_are_held_against_figures_that_may_be_infinite() -> None:
    results = {"jack": {"126": {"p95": 1.0, "wrong": 0, "most_drift": np.inf}, "90": {"p95": np.inf}}}
    verdicts = {line.figure.path: line.verdict for line in lines(results, figures())}
    assert verdicts["jack.126.p95"] == verdicts["jack.126.wrong"] == "met"
    assert verdicts["jack.126.most_drift"].startswith("MISSED") and verdicts["jack.90.p95"].startswith("MISSED")


def test_the_picture_has_every_panel(tmp_path: Path) -> None:
    seconds = np.arange(0.0, 60.0, 0.5)
    panels = [Panel("a", seconds, np.sin(seconds), 5.0), Panel("b", seconds, 20.0 * np.sin(seconds), 3.0, changed=30.0)]
    save_phases(tmp_path / "two.png", panels)
    save_phases(tmp_path / "one.png", panels[:1])
    with Image.open(tmp_path / "two.png") as two, Image.open(tmp_path / "one.png") as one:
        assert two.height > one.height and np.asarray(two).std() > 1.0


def test_pulses_that_the_listener_missed_count_and_those_that_nobody_sent_do_not() -> None:
    period = 60.0 / TEMPO / 24.0
    heard = [number for number in range(400) if number not in range(150, 153) and number not in (300, 304)]
    # JACK hands them out at the beginning of its periods; the master stood still for two pulses' time after the 200th, and the
    # 250th was late.
    raster, stood = 128 / 48_000, 2.0 * period
    moments = [
        100.0 + np.ceil(number * period / raster) * raster + stood * (number > 200) + 0.7 * period * (number == 250)
        for number in heard
    ]
    still = 100.0 + 200 * period + raster

    def own_time(moments: DoubleArray) -> DoubleArray:
        return np.interp(moments, [0.0, still, still + stood, 1000.0], [0.0, still, still, 1000.0 - stood])

    (run,) = runs([(99.99, [0xFA]), *((moment, [0xF8]) for moment in moments)], own_time)
    assert (run.pulses.beat * 24.0).round().astype(int).tolist() == heard
    assert run.pulses.unsteady(TEMPO) > 0


def test_of_runs_behind_a_master_that_stumbles_the_steadiest_is_taken() -> None:
    def run(*unsteady: int) -> Callable[[], Transport]:
        left = iter(unsteady)
        entry = Entry(0.0, 0.0)
        return lambda: Transport(entry, entry, entry, 0.0, 0.0, 0.0, 0.0, 0.0, unsteady=next(left))

    patience = Patience(3)
    assert (found := patience.steadiest(run(0))).tries == 1 and found.steady
    assert (found := patience.steadiest(run(5, 2, 3))).tries == 3 and found.unsteady == 2
    assert (found := patience.steadiest(run(4, 9))).tries == 2 and found.unsteady == 4
    assert patience.steadiest(run(7)).tries == 1
