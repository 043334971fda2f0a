"""MIDI clock in: masters that start, stop, jump, lose pulses and vanish, in virtual time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest

from bridge.frame_clock import FrameClock
from bridge.midi_clock import CLOCK, CONTINUE, PULSES_PER_BEAT, SONG_POSITION, START, STOP, ArrivalTimes, MidiClock
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.tempo_reference import TempoReference

ORIGIN = 1000.0
"""The moment at which the sound's frame 0 is heard."""

Event = tuple[float, list[int]]


def exact_frames(rate: float = ENGINE_SAMPLE_RATE) -> FrameClock:
    frames = FrameClock()
    for block in range(1 if rate == ENGINE_SAMPLE_RATE else 40_000):
        frames.note(256 * block, ORIGIN + 256 * block / rate)
    return frames


def pulses(start: float, beats_per_minute: float, count: int) -> list[Event]:
    period = 60.0 / (PULSES_PER_BEAT * beats_per_minute)
    return [(start + period * number, [CLOCK]) for number in range(count)]


def with_jitter(events: Iterable[Event], seed: int, jitter_seconds: float = 0.001) -> list[Event]:
    generator = np.random.default_rng(seed)
    late = [(moment + abs(float(generator.normal(0.0, jitter_seconds))), data) for moment, data in events]
    return sorted(late, key=lambda event: event[0])


def heard(clock: MidiClock, events: Iterable[Event]) -> list[tuple[float, TempoReference]]:
    """Every reference that was told, with the moment."""
    told = [(moment, clock.take(data, moment)) for moment, data in events]
    return [(moment, reference) for moment, reference in told if reference is not None]


def beat_heard_at(reference: TempoReference, moment: float) -> float:
    return reference.beat_at((moment - ORIGIN) * ENGINE_SAMPLE_RATE)


def test_the_tempo_is_known_before_the_one_and_the_one_is_the_pulse_after_start() -> None:
    before = pulses(ORIGIN, 126.0, 100)
    one = before[-1][0] + 60.0 / 126.0 / PULSES_PER_BEAT
    clock = MidiClock(exact_frames())
    waiting = heard(clock, before)
    assert waiting and not any(reference.running for _, reference in waiting)
    assert waiting[-1][1].beats_per_minute == pytest.approx(126.0, rel=1e-6)
    ((moment, begun),) = heard(clock, [(one - 0.002, [START])])
    assert moment < one and begun.running
    assert beat_heard_at(begun, one) == pytest.approx(0.0, abs=1e-4)
    after = heard(clock, pulses(one, 126.0, 24 * 8 + 1))
    assert [round(reference.beat, 3) % 1 for _, reference in after] == pytest.approx([0.0] * len(after), abs=2e-3)
    assert beat_heard_at(after[-1][1], one + 8 * 60.0 / 126.0) == pytest.approx(8.0, abs=1e-4)


def test_a_master_that_is_silent_until_it_starts() -> None:
    clock = MidiClock(exact_frames())
    assert heard(clock, [(ORIGIN, [START])]) == []
    told = heard(clock, pulses(ORIGIN + 0.001, 140.0, 9))
    # The eighth pulse makes it a tempo; by then the one is 7 pulses ago.
    assert len(told) == 1
    assert beat_heard_at(told[0][1], told[0][0]) == pytest.approx(7 / PULSES_PER_BEAT, abs=1e-3)


def test_a_master_that_is_silent_until_it_starts_is_joined_on_its_one_at_the_tempo_that_is_expected() -> None:
    clock = MidiClock(exact_frames())
    clock.expect(126.0)
    assert heard(clock, [(ORIGIN, [START])]) == []
    told = heard(clock, pulses(ORIGIN + 0.001, 140.0, 9))
    assert [reference.beats_per_minute for _, reference in told] == [126.0, pytest.approx(140.0, rel=1e-3)]
    assert told[0][1].running and beat_heard_at(told[0][1], ORIGIN + 0.001) == pytest.approx(0.0, abs=1e-3)
    assert beat_heard_at(told[1][1], ORIGIN + 0.001) == pytest.approx(0.0, abs=1e-3)
    # What a master has told is worth more.
    clock.expect(90.0)
    assert heard(clock, [(ORIGIN + 1.0, [STOP])])[0][1].beats_per_minute == pytest.approx(140.0, rel=1e-3)


def test_a_second_start_enters_at_the_tempo_that_is_known() -> None:
    clock = MidiClock(exact_frames())
    heard(clock, [(ORIGIN, [START]), *pulses(ORIGIN, 140.0, 100)])
    stop = ORIGIN + 1.8
    ((_, stopped),) = heard(clock, [(stop, [STOP])])
    assert not stopped.running
    assert beat_heard_at(stopped, ORIGIN + 4 * 60 / 140) == pytest.approx(4.0, abs=1e-3)
    for pause in (0.1, 5.0):
        one = stop + pause
        told = heard(clock, [(one - 0.001, [START]), (one, [CLOCK])])
        assert told[-1][1].running
        assert beat_heard_at(told[-1][1], one) == pytest.approx(0.0, abs=1e-3)
        assert told[-1][1].beats_per_minute == pytest.approx(140.0, rel=1e-5)
        later = heard(clock, pulses(one + 60 / 140 / 24, 140.0, 300))[-1]
        assert beat_heard_at(later[1], one + 60 / 140 * 12) == pytest.approx(12.0, abs=1e-3)
        stop = one + 60 / 140 / 24 * 300
        heard(clock, [(stop, [STOP])])


def test_continue_goes_on_where_song_position_says_or_where_it_stopped() -> None:
    clock = MidiClock(exact_frames())
    stream = pulses(ORIGIN, 120.0, 400)
    one = stream[50][0]
    heard(clock, [*stream[:50], (one - 0.005, [START]), *stream[50:100], (stream[99][0] + 0.001, [STOP])])
    # 50 pulses were heard, the one among them: the next is pulse 50.
    heard(clock, [*stream[100:150], (stream[149][0] + 0.001, [CONTINUE]), *stream[150:153]])
    told = heard(clock, stream[153:250])[-1]
    assert beat_heard_at(told[1], stream[150][0]) == pytest.approx(50 / PULSES_PER_BEAT, abs=1e-3)
    # 300 sixteenths: bar 18, beat 4.
    heard(clock, [(stream[249][0] + 0.001, [STOP]), (stream[249][0] + 0.002, [SONG_POSITION, 300 % 128, 300 // 128])])
    told = heard(clock, [(stream[249][0] + 0.003, [CONTINUE])])[-1]
    assert beat_heard_at(told[1], stream[250][0]) == pytest.approx(75.0, abs=1e-3)
    told = heard(clock, stream[250:])[-1]
    assert beat_heard_at(told[1], stream[250][0]) == pytest.approx(75.0, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tempo", [90.0, 126.0, 174.0])
def test_a_minute_of_jitter_stays_within_a_millisecond_and_a_half(tempo: float, seed: int) -> None:
    rate = 44_103.0
    clock = MidiClock(exact_frames(rate))
    begin = ORIGIN + 240.0
    stream = pulses(begin, tempo, round(60 * tempo / 60 * PULSES_PER_BEAT))
    told = heard(clock, with_jitter([(begin - 0.01, [START]), *stream], seed))
    lateness = []
    for (_, reference), (moment, _) in pairwise(told):
        # What the sound plays just before the next reference comes.
        beat = reference.beat_at((moment - ORIGIN) * rate)
        lateness.append(((moment - begin) * tempo / 60.0 - beat) * 60.0 / tempo)
    settled = np.array(lateness[5:])
    assert len(settled) > 50
    assert float(np.percentile(np.abs(settled - np.mean(settled)), 95)) < 0.001
    # Jitter only ever comes late: by 0.8 ms on average.
    assert abs(float(np.mean(settled)) - 0.0008) < 0.0004
    assert abs(float(np.polyfit(np.arange(len(settled)), settled, 1)[0])) * len(settled) < 0.0005


@pytest.mark.parametrize("seed", range(5))
def test_a_jump_of_tempo_is_told_within_a_beat(seed: int) -> None:
    first = pulses(ORIGIN, 126.0, 24 * 16)
    second = pulses(first[-1][0] + 60 / 140 / 24, 140.0, 24 * 8)
    clock = MidiClock(exact_frames())
    told = heard(clock, with_jitter([(ORIGIN - 0.01, [START]), *first, *second], seed))
    beat = 60.0 / 140.0
    within = [reference for moment, reference in told if second[0][0] < moment < second[0][0] + 1.1 * beat]
    assert within[-1].beats_per_minute == pytest.approx(140.0, rel=0.01)
    for number in (24, 48, 96):
        current = [reference for moment, reference in told if moment <= second[number][0] + 0.001][-1]
        assert beat_heard_at(current, second[number][0]) == pytest.approx(16 + number / 24, abs=0.003 * 140 / 60)


@pytest.mark.parametrize("seconds", [0.008, 1.5 * 60 / 174 / PULSES_PER_BEAT, 0.093, 0.4])
def test_a_master_that_stood_still_goes_on_where_it_was(seconds: float) -> None:
    stream = pulses(ORIGIN, 174.0, 600)
    stream = stream[:300] + [(moment + seconds, data) for moment, data in stream[300:]]
    told = heard(MidiClock(exact_frames()), with_jitter([(ORIGIN - 0.01, [START]), *stream], 3))
    soon = [reference for moment, reference in told if moment < stream[324][0]][-1]
    for reference in (soon, told[-1][1]):
        assert beat_heard_at(reference, stream[324][0]) == pytest.approx(324 / PULSES_PER_BEAT, abs=0.003 * 174 / 60)
        assert reference.beats_per_minute == pytest.approx(174.0, rel=0.006)


@pytest.mark.parametrize("lost", [1, 3, 20])
@pytest.mark.parametrize("seed", range(3))
def test_lost_pulses_count_since_those_after_them_lie_on_the_raster(lost: int, seed: int) -> None:
    stream = with_jitter(pulses(ORIGIN, 126.0, 700), seed, jitter_seconds=0.0005)
    told = heard(MidiClock(exact_frames()), [(ORIGIN - 0.01, [START]), *stream[:300], *stream[300 + lost :]])
    after = [reference for moment, reference in told if stream[308 + lost][0] <= moment < stream[360 + lost][0]]
    for reference in (after[0], told[-1][1]):
        assert reference.beats_per_minute == pytest.approx(126.0, rel=4e-3)
        assert beat_heard_at(reference, ORIGIN + 480 * 60 / 126 / PULSES_PER_BEAT) == pytest.approx(20.0, abs=0.02)
    assert beat_heard_at(told[-1][1], stream[480][0]) == pytest.approx(20.0, abs=0.003)


def test_song_position_mends_the_beat() -> None:
    stream = pulses(ORIGIN, 126.0, 700)
    clock = MidiClock(exact_frames())
    heard(clock, [(ORIGIN - 0.01, [START]), *stream[:478]])
    told = heard(clock, [(stream[477][0] + 0.001, [SONG_POSITION, 80, 0]), *stream[478:]])
    assert beat_heard_at(told[0][1], stream[478][0]) == pytest.approx(20.0, abs=1e-3)


@pytest.mark.parametrize("slower", [2, 3])
def test_half_the_tempo_is_no_loss_of_every_other_pulse(slower: int) -> None:
    first = pulses(ORIGIN, 180.0, 24 * 16)
    second = pulses(first[-1][0] + slower * 60 / 180 / PULSES_PER_BEAT, 180.0 / slower, 24 * 8)
    told = heard(MidiClock(exact_frames()), [(ORIGIN - 0.01, [START]), *first, *second])
    assert told[-1][1].beats_per_minute == pytest.approx(180.0 / slower, rel=1e-3)
    assert beat_heard_at(told[-1][1], second[168][0]) == pytest.approx(16.0 + 7.0, abs=0.005)


def test_one_very_late_pulse_is_not_a_lost_one() -> None:
    stream = pulses(ORIGIN, 174.0, 600)
    stream[300] = (stream[301][0] - 0.0005, [CLOCK])
    told = heard(MidiClock(exact_frames()), [(ORIGIN - 0.01, [START]), *stream])
    assert beat_heard_at(told[-1][1], stream[576][0]) == pytest.approx(24.0, abs=0.001)


def test_a_vanished_master_is_said_once_and_taken_up_again_on_its_beat() -> None:
    stream = pulses(ORIGIN, 126.0, 2400)
    gone, back = stream[1000][0], stream[1901][0]
    clock = MidiClock(exact_frames())
    before = heard(clock, [(ORIGIN - 0.01, [START]), *stream[:1000]])[-1][1]
    assert clock.look(gone + 0.3) is None
    assert clock.look(gone + 0.6) == "The MIDI clock has stopped coming; 126.0 BPM are kept until it returns."
    assert clock.look(gone + 10.0) is None
    assert clock.running
    told = heard(clock, stream[1901:])
    assert clock.look(stream[-1][0] + 0.01) == "The MIDI clock is back."
    assert clock.look(stream[-1][0] + 0.02) is None
    for reference in (before, told[0][1], told[-1][1]):
        assert beat_heard_at(reference, back) == pytest.approx(1901 / PULSES_PER_BEAT, abs=0.002)


@pytest.mark.parametrize("moved_seconds", [-0.009, 0.004, 0.009])
@pytest.mark.parametrize("seed", range(3))
def test_a_start_may_lay_the_pulses_anew_and_the_tempo_is_kept(moved_seconds: float, seed: int) -> None:
    before = with_jitter(pulses(ORIGIN, 126.0, 240), seed)
    one = ORIGIN + 240 * 60 / 126 / PULSES_PER_BEAT + moved_seconds
    clock = MidiClock(exact_frames())
    heard(clock, before)
    told = heard(clock, [(one - 0.002, [START]), *with_jitter(pulses(one, 126.0, 96), seed + 100)])
    for number in (1, 12, 24, 48, 95):
        moment = one + number * 60 / 126 / PULSES_PER_BEAT
        current = [reference for when, reference in told if when <= moment][-1]
        # A pulse with its 0.8 ms of jitter on average is all that is known of the new raster at first.
        assert abs(beat_heard_at(current, moment) - number / PULSES_PER_BEAT) * 60 / 126 < 0.003
        assert current.beats_per_minute == pytest.approx(126.0, rel=0.002)


@pytest.mark.parametrize("seed", range(3))
def test_a_master_that_returns_keeps_its_tempo_and_may_bring_another(seed: int) -> None:
    for tempo, tolerance in ((126.0, 0.002), (140.0, 0.005)):
        clock = MidiClock(exact_frames())
        heard(clock, with_jitter([(ORIGIN - 0.01, [START]), *pulses(ORIGIN, 126.0, 400)], seed))
        back = ORIGIN + 400 * 60 / 126 / PULSES_PER_BEAT + 3.0
        told = heard(clock, with_jitter(pulses(back, tempo, 96), seed + 50))
        assert told[0][0] == pytest.approx(back, abs=0.005)
        after_a_beat = [reference for when, reference in told if when > back + 60 / tempo]
        assert all(reference.beats_per_minute == pytest.approx(tempo, rel=tolerance) for reference in after_a_beat)


def test_stop_is_told_at_once_wherever_it_comes() -> None:
    """After any number of pulses since a pause, also as the first that is heard of a master after its silence."""
    for count in range(12):
        clock = MidiClock(exact_frames())
        heard(clock, [(ORIGIN - 0.01, [START]), *pulses(ORIGIN, 126.0, 100)])
        back = ORIGIN + 10.0
        heard(clock, pulses(back, 126.0, count))
        ((_, reference),) = heard(clock, [(back + 0.3, [STOP])])
        assert not reference.running and not clock.running
        ((_, reference),) = heard(clock, [(back + 0.4, [START]), (back + 0.401, [CLOCK])])[-1:]
        assert reference.running and reference.beats_per_minute == pytest.approx(126.0, rel=1e-3)
        assert beat_heard_at(reference, back + 0.401) == pytest.approx(0.0, abs=1e-3)


def test_a_stop_before_any_tempo_is_known_is_no_reference() -> None:
    clock = MidiClock(exact_frames())
    assert heard(clock, [(ORIGIN, [STOP]), (ORIGIN, [START]), *pulses(ORIGIN, 126.0, 5), (ORIGIN + 0.2, [STOP])]) == []
    assert not clock.running


def test_a_stopped_master_may_be_silent() -> None:
    clock = MidiClock(exact_frames())
    heard(clock, [(ORIGIN, [START]), *pulses(ORIGIN, 126.0, 100), (ORIGIN + 2.0, [STOP])])
    assert clock.look(ORIGIN + 60.0) is None


def test_what_is_no_clock_is_left_alone() -> None:
    clock = MidiClock(exact_frames())
    assert heard(clock, pulses(ORIGIN, 2000.0, 100)) == []
    others = [[0xB0, 1, 64], [0xFE], [0xF2, 0x80, 0], [0xF2, 1], [], [0xF8, 0xF8], [0xF1, 3]]
    assert heard(clock, [(ORIGIN + 2.0, data) for data in others]) == []
    # Pulses before the sound has played its first frame are listened to, but fall on no frame yet.
    assert heard(MidiClock(FrameClock()), pulses(ORIGIN, 126.0, 100)) == []


def test_arrival_times_leave_out_the_wait_for_our_next_look() -> None:
    generator = np.random.default_rng(2)
    times = ORIGIN + np.cumsum(generator.uniform(0.005, 0.03, 400))
    seen = times + generator.uniform(0.0, 0.002, 400)
    arrivals = ArrivalTimes()
    since = np.concatenate(([0.0], np.diff(times)))
    found = np.array([arrivals.arrival(float(a), float(b)) for a, b in zip(seen, since, strict=True)])
    late = found - times
    assert float(np.max(late[100:]) - np.min(late[100:])) < 2e-4
    assert float(np.min(late)) >= 0.0 and float(np.max(late)) < 0.002
    # A driver that says nothing useful is not believed for long.
    assert arrivals.arrival(float(seen[-1]) + 5.0, 0.0) == float(seen[-1]) + 5.0


def test_what_waited_while_nobody_looked_came_when_the_driver_says() -> None:
    """A process that was paused for two seconds finds a hundred pulses in the queue."""
    times = ORIGIN + 0.02 * np.arange(300)
    arrivals, found, previous, looked = ArrivalTimes(), [], times[0], times[0]
    for number, moment in enumerate(times):
        now = times[199] + 0.001 if 100 <= number < 200 else moment + 0.001
        if now != looked:
            arrivals.look(now)
            looked = now
        found.append(arrivals.arrival(now, moment - previous))
        previous = moment
    assert np.abs(np.array(found) - times - 0.001).max() < 1e-4
