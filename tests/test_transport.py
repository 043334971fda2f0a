"""The transport: on the one whoever supplies the beat, and never a jump where a glide will do."""

from __future__ import annotations

import pytest

from bridge.control import Control
from bridge.errors import VamenError
from bridge.player import TICK_FRAMES
from bridge.reading import Reading
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.tempo_reference import TempoReference
from bridge.transport import CUT_FADE_FRAMES, DEAD_ZONE_SECONDS, MOST_RATE_CHANGE, Transport

BEATS = 8
TEMPO = 126.0


def loop_of(beats_per_minute: float) -> int:
    return round(BEATS * 60.0 * ENGINE_SAMPLE_RATE / beats_per_minute)


class Stage:
    """A transport, tick after tick, and every reading that it had."""

    def __init__(self, clock: str = "midi", tempo: float = TEMPO) -> None:
        self.transport = Transport(BEATS, 4, tempo)
        self.transport.apply(Control("clock", (), (clock,)), 0)
        self.transport.begin(loop_of(tempo))
        self.number = 0
        self.entries: list[int] = []
        self.cuts = 0

    def say(self, name: str, *values: float | str) -> int | None:
        return self.transport.apply(Control(name, (), values), (self.number + 1) * TICK_FRAMES)

    def follow(self, beat: float, frame: int, tempo: float = TEMPO, running: bool = True) -> None:
        self.transport.apply(TempoReference(beat, frame, tempo, running).control(), (self.number + 1) * TICK_FRAMES)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * ENGINE_SAMPLE_RATE / TICK_FRAMES)):
            self.number += 1
            now = self.number * TICK_FRAMES
            before, sounded = self.transport.reading, self.transport.sounding
            self.transport.follow(self.number)
            after = self.transport.reading
            if self.transport.sounding and not sounded:
                self.entries.append(self.transport.effect_frame(now))
            elif sounded and abs(after.position_at(now) - before.position_at(now)) > 0.5:
                self.cuts += 1

    def error_seconds(self) -> float:
        """How far the reading is behind the reference, at its nearest turn of the loop."""
        transport, now = self.transport, self.number * TICK_FRAMES
        assert transport.reference is not None
        meant = transport.reference.beat_at(now) / BEATS * transport.loop_length
        half = transport.loop_length / 2
        return ((meant - transport.reading.position_at(now) + half) % transport.loop_length - half) / ENGINE_SAMPLE_RATE


def entry_at(bar: int) -> int:
    """Where the sound begins so that it is there on a bar line: just before it, in the tick that holds it."""
    return max(bar - CUT_FADE_FRAMES, bar // TICK_FRAMES * TICK_FRAMES)


def playing(offset_seconds: float = 0.0, tempo: float = TEMPO) -> Stage:
    """On the one since frame 10000, and then told that the beat is so much earlier."""
    stage = Stage()
    stage.follow(0.0, 10_000)
    stage.run(1.0)
    assert stage.transport.sounding
    stage.follow(0.0, 10_000 - round(offset_seconds * ENGINE_SAMPLE_RATE), tempo)
    return stage


def test_it_is_silent_until_the_clock_starts_and_enters_on_the_one() -> None:
    stage = Stage()
    stage.run(1.0)
    assert not stage.transport.sounding
    one = 60_123
    stage.follow(0.0, one)
    stage.run(1.0)
    assert stage.entries == [entry_at(one)] == [one - CUT_FADE_FRAMES]
    assert stage.transport.reading.position_at(one) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(("late_beats", "enters_at"), [(0.1, None), (0.2, 4.0), (2.0, 4.0), (5.0, 8.0)])
def test_a_start_that_comes_late_is_entered_at_once_or_on_the_next_bar(late_beats: float, enters_at: float | None) -> None:
    stage = Stage()
    first = TICK_FRAMES
    reference = TempoReference(late_beats, first, TEMPO, True)
    stage.follow(late_beats, first)
    stage.run(4.0)
    assert stage.entries == [first if enters_at is None else entry_at(reference.frame_of_beat(enters_at))]
    assert abs(stage.error_seconds()) < 1e-4


def test_a_stop_is_silence_and_a_continue_waits_for_the_bar() -> None:
    stage = playing()
    stage.follow(2.0, 50_000, running=False)
    stage.run(0.1)
    assert not stage.transport.sounding
    now = stage.number * TICK_FRAMES
    stage.follow(6.5, now)
    stage.run(3.0)
    assert stage.entries[1:] == [entry_at(TempoReference(6.5, now, TEMPO, True).frame_of_beat(8.0))]


def test_drift_is_followed_by_gliding() -> None:
    stage = playing(0.005)
    stage.run(0.1)
    assert 1.0 < stage.transport.reading.rate <= 1.0 + MOST_RATE_CHANGE
    stage.run(6.0)
    assert abs(stage.error_seconds()) < DEAD_ZONE_SECONDS + 1e-4 and stage.cuts == 0
    stage.follow(stage.transport.beat_at(stage.number * TICK_FRAMES), stage.number * TICK_FRAMES, TEMPO * 1.001)
    stage.run(6.0)
    assert stage.transport.reading.rate == pytest.approx(1.001, abs=2e-4)
    assert abs(stage.error_seconds()) < DEAD_ZONE_SECONDS + 1e-4 and stage.cuts == 0
    assert not stage.transport.wants_painting


@pytest.mark.parametrize("offset", [0.05, -0.05, 0.2])
def test_a_phase_that_has_moved_is_cut_to_at_once(offset: float) -> None:
    stage = playing(offset)
    stage.run(0.02)
    assert abs(stage.error_seconds()) < 1e-4 and stage.cuts == 1


def test_another_tempo_is_painted_and_taken_over_on_the_beat() -> None:
    stage = playing()
    now = stage.number * TICK_FRAMES
    stage.follow(stage.transport.beat_at(now), now, 140.0)
    stage.run(0.2)
    transport = stage.transport
    assert transport.wants_painting and transport.reading.rate <= 1.0 + MOST_RATE_CHANGE and stage.cuts == 0
    transport.take_over(loop_of(140.0), stage.number * TICK_FRAMES)
    assert abs(stage.error_seconds()) < 0.5 / ENGINE_SAMPLE_RATE
    assert transport.reading.rate == pytest.approx(1.0, abs=1e-5) and not transport.wants_painting


def test_repitch_reads_the_ring_faster_and_paints_nothing() -> None:
    stage = playing()
    stage.say("tempo_mode", "repitch")
    now = stage.number * TICK_FRAMES
    stage.follow(stage.transport.beat_at(now), now, 140.0)
    stage.run(3.0)
    assert stage.transport.reading.rate == pytest.approx(140.0 / TEMPO, rel=1e-4)
    assert not stage.transport.wants_painting and abs(stage.error_seconds()) < 5e-4
    stage.say("tempo_mode", "paint")
    assert stage.transport.wants_painting


def test_the_internal_clock_repitches_and_comes_back_to_the_very_samples() -> None:
    stage = Stage("internal")
    stage.say("tempo_mode", "repitch")
    stage.say("tempo", 63.0)
    stage.run(1.0)
    assert stage.transport.reading.rate == pytest.approx(0.5, rel=1e-4)
    assert stage.transport.frames_per_beat == pytest.approx(60.0 * ENGINE_SAMPLE_RATE / 63.0)
    stage.say("tempo", TEMPO)
    stage.run(1.0)
    assert stage.transport.reading == Reading(stage.transport.reading.frame, 0.0, 1.0)


def test_a_tempo_out_of_range_is_counted_in_other_beats() -> None:
    slow, quick = TempoReference(3.0, 0, 50.0, True).within(60.0, 240.0), TempoReference(3.0, 0, 300.0, True).within(60.0, 240.0)
    assert (slow.beat, slow.beats_per_minute) == (6.0, 100.0) and (quick.beat, quick.beats_per_minute) == (1.5, 150.0)
    assert TempoReference(3.0, 0, 59.95, True).within(60.0, 240.0).beats_per_minute == 59.95


def test_the_tempo_of_an_outside_clock_is_not_the_hands() -> None:
    with pytest.raises(VamenError, match=r"The tempo is the midi clock's: /vamen/clock internal"):
        playing().say("tempo", 90.0)


def test_back_to_the_internal_clock_the_sound_goes_on_at_its_tempo() -> None:
    stage = playing(tempo=TEMPO * 1.002)
    stage.run(3.0)
    before = stage.transport.reading
    stage.say("clock", "internal")
    assert stage.transport.sounding and stage.transport.reading == before
    assert stage.transport.tempo == pytest.approx(TEMPO * 1.002)
    assert stage.transport.wants_painting, "at the exact tempo"
    stage.transport.take_over(loop_of(TEMPO * 1.002), stage.number * TICK_FRAMES)
    assert stage.transport.reading.rate == 1.0
    silent = Stage()
    silent.say("clock", "internal")
    assert not silent.transport.sounding
    silent.say("play")
    assert silent.transport.sounding


def test_a_reference_of_a_clock_that_was_left_is_not_followed() -> None:
    stage = Stage("internal")
    stage.follow(3.0, 5000, 90.0)
    assert stage.transport.reference is None and stage.transport.tempo == TEMPO


@pytest.mark.parametrize("clock", ["internal", "midi"])
def test_a_nudge_moves_every_beat(clock: str) -> None:
    stage = playing() if clock == "midi" else Stage("internal")
    stage.run(1.0)
    now = (stage.number + 1) * TICK_FRAMES
    before = stage.transport.beat_at(now)
    stage.say("nudge", 0.25)
    assert stage.transport.beat_at(now) == pytest.approx(before + 0.25, abs=1e-4)
    stage.run(0.5)
    if clock == "midi":
        assert stage.cuts == 1 and abs(stage.error_seconds()) < 5e-4
        stage.follow(0.0, 10_000)
        stage.run(0.5)
        assert stage.cuts == 1, "what the clock says later is nudged as well"


def test_stop_and_play_by_hand_hold_while_the_clock_runs() -> None:
    stage = playing()
    stage.say("stop")
    stage.run(3.0)
    assert not stage.transport.sounding
    stage.say("play")
    stage.run(3.0)
    beat = stage.transport.beat_at(stage.entries[-1] + CUT_FADE_FRAMES)
    assert stage.transport.sounding and beat == pytest.approx(round(beat / 4) * 4, abs=1e-3)


def test_its_state_makes_another_like_it() -> None:
    stage = playing()
    stage.say("nudge", 0.5)
    stage.say("tempo_mode", "repitch")
    other = Transport(BEATS, 4, 90.0)
    for control in stage.transport.state():
        other.apply(control, 0)
    assert other.reference == stage.transport.reference and other.state() == stage.transport.state()


def test_a_triggered_step_keeps_the_clocks_rate() -> None:
    stage = playing(tempo=TEMPO * 1.002)
    stage.run(2.0)
    stage.transport.trigger(1000, stage.number * TICK_FRAMES)
    assert stage.transport.reading.position_at(stage.number * TICK_FRAMES) == pytest.approx(1000.0)
    assert stage.transport.reading.rate == pytest.approx(1.002, abs=1e-3)
    stage.transport.trigger(None, stage.number * TICK_FRAMES)
    assert abs(stage.error_seconds()) < 5e-4


def test_a_tempo_that_wanders_and_comes_back_is_not_painted_and_one_that_stays_is() -> None:
    stage = playing()
    for turn in range(20):
        now = stage.number * TICK_FRAMES
        stage.follow(stage.transport.beat_at(now), now, TEMPO * (1.004 if turn % 3 else 0.999))
        stage.run(0.5)
        assert not stage.transport.wants_painting
    stage.follow(stage.transport.beat_at(now), now, TEMPO * 1.004)
    stage.run(2.0)
    assert stage.transport.wants_painting and stage.cuts == 0


@pytest.mark.parametrize(("edge", "octave"), [(60.0, 2.0), (240.0, 0.5)])
def test_a_tempo_that_jitters_about_the_end_of_the_range_stays_in_one_octave(edge: float, octave: float) -> None:
    stage = Stage(tempo=120.0)
    beyond = edge * (0.99 if octave > 1.0 else 1.01)
    stage.follow(0.0, 10_000, beyond)
    stage.run(1.0)
    for turn in range(20):
        now = stage.number * TICK_FRAMES
        assert stage.transport.reference is not None
        beat = stage.transport.reference.beat_at(now) / octave
        stage.follow(beat, now, edge * (1.004 if turn % 2 else 0.996))
        assert stage.transport.tempo == pytest.approx(120.0, rel=0.005)
        stage.run(0.2)
    assert stage.cuts == 0
    stage.follow(0.0, now, 100.0)
    assert stage.transport.tempo == 100.0


def test_a_nudge_leaves_the_octave_alone() -> None:
    stage = Stage(tempo=120.0)
    stage.follow(0.0, 10_000, 59.0)
    stage.follow(0.0, 10_000, 60.5)
    stage.say("nudge", 0.5)
    stage.follow(0.0, 10_000, 60.5)
    assert stage.transport.reference == TempoReference(0.5, 10_000, 121.0, True)


def test_who_waited_for_a_clock_and_left_it_waits_again_when_it_is_back() -> None:
    stage = Stage()
    stage.say("clock", "internal")
    stage.run(0.1)
    assert not stage.transport.sounding
    stage.say("clock", "link")
    stage.follow(0.0, 20_000)
    stage.run(1.0)
    assert stage.transport.sounding
    stage.say("stop")
    stage.say("clock", "internal")
    stage.say("clock", "midi")
    stage.follow(8.0, stage.number * TICK_FRAMES)
    stage.run(3.0)
    assert not stage.transport.sounding, "a hand has stopped it"
