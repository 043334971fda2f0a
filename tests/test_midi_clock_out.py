"""MIDI clock out: what is sent when, in virtual time, and that our own input follows it."""

from __future__ import annotations

import queue
import random
from dataclasses import replace
from itertools import pairwise

import pytest
import rtmidi

from bridge import midi_clock_out
from bridge.frame_clock import FrameClock
from bridge.midi_clock import CLOCK, CONTINUE, PULSES_PER_BEAT, SONG_POSITION, START, STOP, MidiClock
from bridge.midi_clock_out import IDLE_SECONDS, LOOK_ROOM_SECONDS, ClockSchedule, Message, MidiClockOutput
from bridge.midi_ports import LOOK_SECONDS
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.tempo_reference import TempoReference
from tests.letters import PATIENCE_SECONDS
from tests.midi_peers import FakeClient, FakeSystem

pytestmark = pytest.mark.real_time

ORIGIN = 500.0
Sent = list[tuple[float, Message]]


def frame_at(seconds: float) -> int:
    return round((seconds - ORIGIN) * ENGINE_SAMPLE_RATE)


def clock_of_sound(latency_seconds: float = 0.0) -> FrameClock:
    frames = FrameClock(latency_seconds)
    frames.note(0, ORIGIN)
    return frames


def sent(schedule: ClockSchedule, start: float, end: float, late: random.Random | None = None) -> Sent:
    """What a thread would send, which wakes up up to 2 ms late."""
    messages: Sent = []
    now = start
    while now < end:
        due, next_look = schedule.due(now)
        messages += [(now, message) for message in due]
        assert next_look > now
        now = next_look + (late.uniform(0.0, 0.002) if late else 0.0)
    return messages


def moments(messages: Sent, status: int) -> list[float]:
    return [moment for moment, message in messages if message[0] == status]


def test_pulses_come_when_their_beats_are_heard_less_the_latency() -> None:
    schedule = ClockSchedule(clock_of_sound(latency_seconds=0.02), latency_seconds=0.005)
    schedule.follow(TempoReference(0.0, frame_at(ORIGIN + 1.0), 120.0, False))
    times = moments(sent(schedule, ORIGIN + 1.0, ORIGIN + 11.0), CLOCK)
    raster = 0.5 / PULSES_PER_BEAT
    expected = [ORIGIN + 1.0 + 0.02 - 0.005 + raster * number for number in range(len(times))]
    assert len(times) == pytest.approx(10.0 / raster, abs=2)
    assert times == pytest.approx(expected, abs=3e-5)


def test_start_comes_right_before_the_pulse_of_the_one() -> None:
    schedule = ClockSchedule(clock_of_sound())
    schedule.follow(TempoReference(0.0, frame_at(ORIGIN + 3.0), 126.0, False))
    messages = sent(schedule, ORIGIN, ORIGIN + 2.0)
    assert {message[0] for _, message in messages} == {CLOCK}
    schedule.follow(TempoReference(0.0, frame_at(ORIGIN + 3.0), 126.0, True))
    messages = sent(schedule, ORIGIN + 2.0, ORIGIN + 4.0)
    (start,) = moments(messages, START)
    before = [moment for moment in moments(messages, CLOCK) if moment < start]
    after = [moment for moment in moments(messages, CLOCK) if moment >= start]
    assert after[0] == pytest.approx(ORIGIN + 3.0, abs=3e-5)
    assert before[-1] == pytest.approx(ORIGIN + 3.0 - 60 / 126 / PULSES_PER_BEAT, abs=3e-5)
    assert after[0] - start >= 0.001


def test_a_start_that_was_just_now_is_still_a_start() -> None:
    schedule = ClockSchedule(clock_of_sound())
    schedule.follow(TempoReference(0.0, frame_at(ORIGIN + 1.0), 126.0, True))
    messages = sent(schedule, ORIGIN + 1.0 + IDLE_SECONDS, ORIGIN + 3.0)
    assert [message for _, message in messages][:2] == [(START,), (CLOCK,)]
    # The late pulse is made up for: beat 4 is where it belongs.
    assert moments(messages, CLOCK)[96] == pytest.approx(ORIGIN + 1.0 + 4 * 60 / 126, abs=3e-5)


def test_joining_later_says_the_position_and_continues_there() -> None:
    schedule = ClockSchedule(clock_of_sound())
    # 2100 sixteenths and a little have gone by.
    schedule.follow(TempoReference(525.1, frame_at(ORIGIN + 1.0), 120.0, True))
    messages = sent(schedule, ORIGIN + 1.0, ORIGIN + 3.0)
    assert messages[0][1] == (SONG_POSITION, 2101 % 128, 2101 // 128)
    (go_on,) = moments(messages, CONTINUE)
    following = [moment for moment in moments(messages, CLOCK) if moment >= go_on]
    assert following[0] == pytest.approx(ORIGIN + 1.0 + (525.25 - 525.1) * 0.5, abs=3e-5)


def test_stop_is_sent_at_once_and_pulses_go_on() -> None:
    schedule = ClockSchedule(clock_of_sound())
    running = TempoReference(0.0, frame_at(ORIGIN), 120.0, True)
    schedule.follow(running)
    sent(schedule, ORIGIN, ORIGIN + 1.9)
    schedule.follow(TempoReference(running.beat, running.frame, 120.0, False))
    messages = sent(schedule, ORIGIN + 1.9, ORIGIN + 3.0)
    assert messages[0][1] == (STOP,) and len(moments(messages, STOP)) == 1
    assert len(moments(messages, CLOCK)) == pytest.approx(1.1 * 48, abs=1)


@pytest.mark.parametrize("nudge", [0.1, -0.1])
def test_a_nudge_is_caught_up_with_pulse_by_pulse(nudge: float) -> None:
    schedule = ClockSchedule(clock_of_sound())
    reference = TempoReference(0.0, frame_at(ORIGIN), 126.0, True)
    schedule.follow(reference)
    messages = sent(schedule, ORIGIN, ORIGIN + 2.0)
    schedule.follow(reference.nudged(nudge))
    messages += sent(schedule, ORIGIN + 2.0, ORIGIN + 6.0)
    assert [message[0] for _, message in messages if message[0] != CLOCK] == [START]
    times = moments(messages, CLOCK)
    assert times[240] == pytest.approx(ORIGIN + (10.0 - nudge) * 60 / 126, abs=3e-5)
    assert min(b - a for a, b in pairwise(times)) > 0.45 * 60 / 126 / PULSES_PER_BEAT


def test_a_beat_either_way_stops_the_follower_and_sends_it_there() -> None:
    schedule = ClockSchedule(clock_of_sound())
    reference = TempoReference(0.0, frame_at(ORIGIN), 126.0, True)
    schedule.follow(reference)
    sent(schedule, ORIGIN, ORIGIN + 4.0)
    schedule.follow(reference.nudged(1.0))
    messages = sent(schedule, ORIGIN + 4.0, ORIGIN + 5.0)
    assert [message[0] for _, message in messages if message[0] != CLOCK] == [STOP, SONG_POSITION, CONTINUE]


@pytest.mark.parametrize("seed", range(3))
def test_our_own_input_follows_our_output_through_everything(seed: int) -> None:
    """Start, a new tempo, stop, and on from where the loop went: what the follower plays is what we play."""
    generator = random.Random(seed)
    frames = clock_of_sound()
    schedule, follower = ClockSchedule(frames), MidiClock(clock_of_sound())
    first = TempoReference(0.0, frame_at(ORIGIN + 1.0), 126.0, True)
    second = first.at_tempo(140.0, frame_at(ORIGIN + 8.0))
    stopped = TempoReference(second.beat, second.frame, 140.0, False)
    scenes = [
        (ORIGIN, TempoReference(0.0, first.frame, 126.0, False)),
        (ORIGIN + 0.7, first),
        (ORIGIN + 8.0, second),
        (ORIGIN + 12.0, stopped),
        (ORIGIN + 14.0, second),
    ]
    ends = [moment for moment, _ in scenes[1:]] + [ORIGIN + 20.0]
    for (begin, reference), end in zip(scenes, ends, strict=True):
        schedule.follow(reference)
        latest = None
        for moment, message in sent(schedule, begin, end, generator):
            latest = follower.take(message, moment) or latest
        assert latest is not None
        assert follower.running == reference.running
        assert latest.beats_per_minute == pytest.approx(reference.beats_per_minute, rel=0.005)
        if reference.running:
            assert abs(latest.error_beats(reference, frame_at(end))) * 60 / reference.beats_per_minute < 0.003


def test_a_follower_that_was_away_is_told_where_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem("Drums")
    monkeypatch.setattr(midi_clock_out, "OUTPUT", system.kind())
    said: list[str] = []
    schedule = ClockSchedule(clock_of_sound())
    output = MidiClockOutput("drums", schedule, said.append)
    assert output.open() == "Drums"
    schedule.follow(TempoReference(0.0, frame_at(ORIGIN), 126.0, True))

    def play(start: float, seconds: float) -> list[Message]:
        system.sent.clear()
        now = start
        while now < start + seconds:
            now = output.step(now)
        return [message for message in system.sent if message != (CLOCK,)]

    assert play(ORIGIN - 0.01, 1.0) == [(START,)]
    system.ports = []
    assert play(ORIGIN + 1.0, 1.0) == [] and "Drums has gone" in said[0]
    system.ports = ["Drums 2"]
    # 2 s are 4.2 beats: the next sixteenth but one at the latest.
    (position, go_on) = play(ORIGIN + 2.0, 1.0)
    assert position[0] == SONG_POSITION and position[1] in range(17, 19) and go_on == (CONTINUE,)
    assert len(said) == 2 and output.failed == 0
    output.stop()


def test_a_port_is_looked_after_between_pulses_and_not_before_one(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem("Drums")
    monkeypatch.setattr(midi_clock_out, "OUTPUT", system.kind())
    schedule = ClockSchedule(clock_of_sound())
    output = MidiClockOutput("Drums", schedule)
    output.open()
    schedule.follow(TempoReference(0.0, frame_at(ORIGIN), 400.0, True))
    looks: list[float] = []
    now = ORIGIN
    monkeypatch.setattr(output._port, "look", lambda: looks.append(now))
    while now < ORIGIN + 5.0:
        next_step = output.step(now)
        if looks and looks[-1] == now:
            assert next_step - now >= LOOK_ROOM_SECONDS
        now = next_step
    output.stop()
    assert len(looks) == pytest.approx(5.0 / LOOK_SECONDS, abs=2)


def test_the_thread_sends_and_a_port_that_fails_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(FakeClient):
        def send_message(self, message: Message) -> None:
            if len(refused) < 3:
                refused.append(message)
                raise rtmidi.RtMidiError("the port is gone")
            arrived.put(message)

    refused: list[Message] = []
    arrived: queue.SimpleQueue[Message] = queue.SimpleQueue()
    system = FakeSystem("Drums")
    monkeypatch.setattr(midi_clock_out, "OUTPUT", replace(system.kind(), make=lambda api: Failing(system)))
    frames = FrameClock()
    frames.note(0, 0.0)
    schedule = ClockSchedule(frames)
    schedule.follow(TempoReference(0.0, 0, 240.0, False))
    output = MidiClockOutput("Drums", schedule)
    output.stop()
    assert output.start() == "Drums"
    assert [arrived.get(timeout=PATIENCE_SECONDS) for _ in range(5)] == [(CLOCK,)] * 5
    output.stop()
    last = None
    while not arrived.empty():
        last = arrived.get()
    assert last == (STOP,)
    assert output.failed == 3 and caplog.text.count("the port is gone") == 1
    assert system.clients == 0
