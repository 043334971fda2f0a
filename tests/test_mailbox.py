"""The mailbox: the latest value wins, events keep their order, nothing is lost between threads."""

from __future__ import annotations

import threading
import time

import pytest

from bridge.control import Control
from bridge.mailbox import Mailbox


def axis(number: int, value: float) -> Control:
    return Control("axis", (number,), (value,))


def test_the_latest_value_wins_and_the_mailbox_is_empty_afterwards() -> None:
    mailbox = Mailbox()
    for value in (0.1, 0.2, 0.3):
        mailbox.put(axis(1, value))
    mailbox.put(axis(2, 0.9))
    assert mailbox.drain() == [axis(1, 0.3), axis(2, 0.9)]
    assert mailbox.drain() == []


def test_every_event_counts_in_its_order() -> None:
    mailbox = Mailbox()
    events = [Control("random", (), (7,)), Control("random", (), (7,)), Control("export", (), ("",)), Control("random", (), (8,))]
    for event in events:
        mailbox.put(event)
    assert mailbox.drain() == events


def test_a_replaced_value_comes_after_the_events_before_it() -> None:
    mailbox = Mailbox()
    mailbox.put(axis(1, 0.1))
    mailbox.put(Control("random", (), (7,)))
    mailbox.put(axis(1, 0.2))
    assert mailbox.drain()[-1] == axis(1, 0.2)


def test_a_value_before_an_event_is_not_replaced_by_one_behind_it() -> None:
    mailbox = Mailbox()
    said = [axis(1, 0.1), Control("slot_store", (), (1,)), axis(1, 0.2)]
    for control in said:
        mailbox.put(control)
    assert mailbox.drain() == said


def test_what_is_put_together_arrives_together() -> None:
    mailbox = Mailbox()
    done = threading.Event()

    def sender() -> None:
        for value in range(3000):
            mailbox.put(axis(1, float(value)), axis(2, float(value)))
        done.set()

    thread = threading.Thread(target=sender)
    thread.start()
    drained: list[list[Control]] = []
    while not done.is_set():
        drained.append(mailbox.drain())
    thread.join()
    pairs = [controls for controls in drained if controls]
    assert pairs and all(len(pair) == 2 and pair[0].values == pair[1].values for pair in pairs)


def test_no_event_is_lost_between_threads() -> None:
    mailbox = Mailbox()
    drained: list[Control] = []
    senders = [
        threading.Thread(target=lambda: [mailbox.put(Control("trigger", (), (step % 32 + 1,))) for step in range(2000)])
        for _ in range(3)
    ]
    for sender in senders:
        sender.start()
    while any(sender.is_alive() for sender in senders):
        drained += mailbox.drain()
    drained += mailbox.drain()
    assert len(drained) == 6000


def test_who_waits_is_woken_by_a_control_and_told_since_when_it_waits() -> None:
    mailbox = Mailbox()
    mailbox.put()
    asked = time.perf_counter()
    assert mailbox.wait(0.0) >= asked, "nothing waits"
    mailbox.put(axis(1, 0.1))
    since = mailbox.wait(60.0)
    mailbox.put(axis(2, 0.1))
    assert asked <= since <= time.perf_counter() and mailbox.wait(60.0) == since
    mailbox.drain()
    asked = time.perf_counter()
    assert mailbox.wait(0.0) >= asked
    thread = threading.Timer(0.0, mailbox.put, [axis(1, 0.2)])
    thread.start()
    assert mailbox.wait(60.0) >= asked
    thread.join()
    assert mailbox.drain() == [axis(1, 0.2)]


def test_taps_become_the_tempo_that_they_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([10.0, 10.5, 11.0])
    monkeypatch.setattr("bridge.mailbox.time.perf_counter", lambda: next(moments))
    mailbox = Mailbox()
    mailbox.put(Control("tap"))
    assert mailbox.drain() == []
    mailbox.put(Control("tap"))
    mailbox.put(Control("tap"))
    assert mailbox.drain() == [Control("tempo", (), (120.0,))]
