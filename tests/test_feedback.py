"""State is told when it changes, all of it to whoever comes; nothing is worked out for nobody."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import bridge.feedback
from bridge.control import Control
from bridge.engine import Engine
from bridge.feedback import Feedback
from bridge.mailbox import Mailbox
from bridge.model import Model
from bridge.osc_feedback import OscFeedback
from bridge.osc_packet import Argument, decode, encode
from bridge.parameters import PARAMETERS, ControlLayout, layout_of
from bridge.performer import Performer
from bridge.told import COLUMN, POSITION, STATE, WITH_STATE, state_of, told_specs
from tests.letters import PATIENCE_SECONDS
from tests.test_playhead import FEWEST_BYTES_THAT_MAX_TAKES, started


class Ears:
    """A subscriber: `heard` is everything since the last call, by address."""

    def __init__(self, outlet: OscFeedback) -> None:
        self._outlet = outlet
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE_SECONDS)
        self.address = self.socket.getsockname()

    def subscribe(self) -> None:
        self._outlet.subscribe(*self.address)

    def heard(self) -> dict[str, list[Argument]]:
        self._outlet.send("/end", self.address[1])
        found: dict[str, list[Argument]] = {}
        while True:
            [(address, arguments)] = decode(self.socket.recv(6000))
            if address == "/end" and arguments == [self.address[1]]:
                return found
            if address != "/end":
                assert address not in found, "told twice"
                found[address] = arguments


@pytest.fixture
def engine(tiny_model: Model) -> Engine:
    return started(tiny_model)


@pytest.fixture
def outlet() -> Iterator[OscFeedback]:
    outlet = OscFeedback()
    yield outlet
    outlet.close()


@pytest.fixture
def two(outlet: OscFeedback) -> Iterator[list[Ears]]:
    with ExitStack() as stack:
        both = [Ears(outlet), Ears(outlet)]
        for ears in both:
            stack.enter_context(ears.socket)
        yield both


def test_everything_with_a_state_is_in_the_table(engine: Engine) -> None:
    layout = layout_of(engine.model.metadata)
    state = state_of(engine, drifting=True)
    axes = {f"{STATE}/axis/{name}" for name in layout.axis_names}
    named = {f"{STATE}/{PARAMETERS[name].address}" for name in WITH_STATE if name != "axis"}
    others = {spec.address for spec in told_specs(layout) if spec.address.startswith(STATE)}
    assert set(state) == axes | named | others
    assert state[f"{STATE}/slot/recall"] == (2,) and state[f"{STATE}/drift"] == (1,)


def test_a_newcomer_is_told_everything_and_the_others_what_has_changed(
    engine: Engine, outlet: OscFeedback, two: list[Ears]
) -> None:
    first, second = two
    feedback = Feedback(engine, outlet, Performer(engine.space.slot(1), seed=1))
    first.subscribe()
    feedback.tell(256, changed=True)
    everything = first.heard()
    assert everything.keys() == state_of(engine, True).keys() and everything[f"{STATE}/gain"] == [1.0]
    engine.tick(1, [Control("gain", (), (0.25,)), Control("axis", (1,), (0.75,))])
    feedback.tell(256, changed=True)
    axis = engine.model.metadata.axes[0].name
    assert first.heard() == {f"{STATE}/gain": [0.25], f"{STATE}/axis/{axis}": [0.75]}
    feedback.tell(512, changed=True)
    assert first.heard() == {}
    second.subscribe()
    feedback.tell(768, changed=True)
    assert second.heard() == everything | {f"{STATE}/gain": [0.25], f"{STATE}/axis/{axis}": [0.75]}
    assert first.heard() == {}
    # A patch that was loaded anew asks again.
    second.subscribe()
    engine.tick(3, [Control("tempo", (), (150.0,))])
    feedback.tell(1024, changed=True)
    assert first.heard() == {f"{STATE}/tempo": [150.0]}
    assert len(second.heard()) == len(everything)


@pytest.mark.parametrize(
    ("control", "told"),
    [
        (Control("slot_recall", (), (3,)), {"slot/recall": 3}),
        (Control("morph", (), (0.25,)), {"morph": 0.25}),
        (Control("morph_a", (), (2,)), {"morph/a": 2}),
        (Control("morph_b", (), (3,)), {"morph/b": 3}),
        (Control("morph_mode", (), ("blend",)), {"morph/mode": "blend"}),
        (Control("tempo_mode", (), ("repitch",)), {"tempo/mode": "repitch"}),
        (Control("quantise", (), ("bar",)), {"quantise": "bar"}),
        (Control("clock", (), ("midi",)), {"clock": "midi", "playing": 0}),
        (Control("stop"), {"playing": 0}),
        (Control("slot_recall", (), (77,)), {}),
    ],
)
def test_what_a_control_changes_is_told(
    engine: Engine, outlet: OscFeedback, two: list[Ears], control: Control, told: dict[str, Any]
) -> None:
    feedback = Feedback(engine, outlet, None)
    two[0].subscribe()
    feedback.tell(0, changed=True)
    two[0].heard()
    engine.tick(1, [control])
    feedback.tell(256, changed=True)
    assert two[0].heard() == {f"{STATE}/{address}": [value] for address, value in told.items()}


def test_for_nobody_nothing_is_worked_out(engine: Engine, outlet: OscFeedback, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("worked out for nobody")

    monkeypatch.setattr(bridge.feedback, "state_of", refuse)
    monkeypatch.setattr(bridge.feedback.Playhead, "of", refuse)
    feedback = Feedback(engine, outlet, None)
    feedback.tell(256, changed=True)
    assert feedback.playheads.empty


def test_questions_are_answered_with_what_is_so_after_the_controls_before_them(engine: Engine, outlet: OscFeedback) -> None:
    mailbox, feedback = Mailbox(), Feedback(engine, outlet, None)
    mailbox.put(Control("gain", (), (0.5,)), Control("latent_dimension", (3, 2), (1.5,)))
    question = mailbox.ask()
    mailbox.put(Control("gain", (), (0.75,)))
    assert mailbox.wait(0.0) > 0.0
    questions = mailbox.questions()
    assert questions == [question] and mailbox.questions() == []
    engine.tick(1, mailbox.drain())
    outlet.send("/vamen/exported", "a.wav")
    feedback.answer(questions, 40_000)
    state = question.result(0.0)
    assert state.told[f"{STATE}/gain"] == (0.75,) and state.latent[2, 1] == 1.5
    assert state.told["/vamen/exported"] == ("a.wav",) and "/vamen/error" not in state.told
    assert len(state.told[COLUMN]) == 64 and state.told[POSITION][0] == 1


def test_every_packet_is_one_that_max_takes(engine: Engine) -> None:
    told = state_of(engine, drifting=False)
    assert max(len(encode(address, *values)) for address, values in told.items()) < 100
    layout = ControlLayout(axis_names=tuple("abc"), latent_dimensions=24, steps=32)
    for spec in told_specs(layout):
        assert len(spec.tags) == len(spec.ranges) and set(spec.tags) <= set("ifs")
        assert len(encode(spec.address, *(0.5 for _ in spec.tags))) < FEWEST_BYTES_THAT_MAX_TAKES / 10
