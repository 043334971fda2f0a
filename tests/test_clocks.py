"""The sources of the beat: which of them is followed, and what becomes of the others."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bridge import clocks as module
from bridge.clocks import Clocks
from bridge.control import Control
from bridge.errors import VamenError
from bridge.mailbox import Mailbox
from bridge.tempo_reference import TempoReference

RUNNING = TempoReference(3.0, 5000, 126.0, True)


def made(mailbox: Mailbox, has_midi: bool = True) -> Clocks:
    return Clocks(mailbox, lambda sentence: None, offset_seconds=0.01, has_midi=has_midi)


def test_only_the_chosen_source_is_passed_on() -> None:
    mailbox = Mailbox()
    clocks = made(mailbox)
    clocks._follow_midi(RUNNING)
    assert mailbox.drain() == []
    clocks.change("midi", 126.0)
    assert mailbox.drain() == [RUNNING.control()], "what it said before still holds"
    clocks._follow_midi(RUNNING.nudged(1.0))
    assert mailbox.drain() == [RUNNING.nudged(1.0).control()]
    clocks.change("internal", 126.0)
    clocks._follow_midi(RUNNING)
    assert mailbox.drain() == []


def test_a_master_that_went_long_ago_does_not_start_us(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox()
    clocks = made(mailbox)
    clocks._follow_midi(RUNNING)
    now = time.perf_counter() + 60.0
    monkeypatch.setattr(module.time, "perf_counter", lambda: now)
    clocks.change("midi", 126.0)
    (control,) = mailbox.drain()
    told = TempoReference.from_control(control)
    assert told.beats_per_minute == 126.0 and not told.running


def test_a_clock_that_is_not_there_is_refused_and_the_one_before_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = made(Mailbox(), has_midi=False)
    with pytest.raises(VamenError, match=r"There is no MIDI input .* start with --midi-in NAME\."):
        clocks.change("midi", 126.0)
    assert clocks.source == "internal"


class Session:
    """Stands in for a LinkClock."""

    def __init__(self, *_: Any) -> None:
        self.told: list[Any] = []
        self.references = [RUNNING]

    def start(self) -> None:
        self.told.append("joined")

    def stop(self) -> None:
        self.told.append("left")

    def poll(self) -> TempoReference | None:
        return self.references.pop() if self.references else None

    def look(self) -> str | None:
        return None

    def set_tempo(self, beats_per_minute: float) -> None:
        self.told.append(beats_per_minute)

    def set_running(self, running: bool) -> None:
        self.told.append(running)


def test_in_a_link_session_tempo_and_transport_are_everybodys(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    monkeypatch.setattr(module, "LinkClock", lambda *_: session)
    mailbox = Mailbox()
    clocks = made(mailbox)
    assert not clocks.taken_by_session(Control("play"))
    clocks.change("link", 126.0)
    assert mailbox.wait(20.0) and mailbox.drain() == [RUNNING.control()]
    assert [
        clocks.taken_by_session(control) for control in (Control("tempo", (), (140.0,)), Control("play"), Control("stop"))
    ] == [True, False, True], "a play is for the engine too, which a stop may hold"
    assert not clocks.taken_by_session(Control("gain", (), (0.5,)))
    clocks.change("midi", 126.0)
    assert session.told == ["joined", 140.0, True, False, "left"]
    assert not clocks.taken_by_session(Control("tempo", (), (150.0,)))
