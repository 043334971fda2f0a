"""What the main loop tells: to subscribers when it changes, to newcomers all of it, and the answers to those who ask."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

from bridge.control import Value
from bridge.engine import Engine
from bridge.osc_feedback import OscFeedback
from bridge.performer import Performer
from bridge.playhead import Playhead, Playheads
from bridge.told import COLUMN, EVENTS, POSITION, REPAINT, State, state_of


@dataclass
class Feedback:
    """Called in the main loop only. While nobody has subscribed nothing is worked out, but for those who ask."""

    engine: Engine
    outlet: OscFeedback
    performer: Performer | None
    playheads: Playheads = field(default_factory=Playheads)
    """For the thread that tells of the position."""
    _told: dict[str, tuple[Value, ...]] = field(default_factory=dict)

    def tell(self, frame: int, changed: bool) -> None:
        """After a tick that begins at a frame: tell what is new. `changed` says whether it may have changed anything."""
        if not self.outlet.anyone.is_set():
            self.playheads.clear()
            return
        newcomers = self.outlet.newcomers()
        if changed or newcomers or self.playheads.empty:
            self.playheads.note(Playhead.of(self.engine, frame))
            state = self._state()
            new = {address for address, values in state.items() if self._told.get(address) != values}
            self._told = state
            for address, values in state.items():
                if address in new:
                    self.outlet.send(address, *values)
                    continue
                for newcomer in newcomers:
                    self.outlet.send_to(newcomer, address, *values)

    def tell_repaint(self, milliseconds: float, step_milliseconds: float) -> None:
        """A repaint has come to its end so long after the last touch, its last step having taken so long."""
        self.outlet.send(REPAINT, milliseconds, step_milliseconds)

    def answer(self, questions: Iterable[Future[State]], frame: int) -> None:
        """Say what is so now, and what is heard at a frame."""
        for question in questions:
            playhead = Playhead.of(self.engine, frame)
            told = self._state() | {POSITION: playhead.position(frame), COLUMN: playhead.column(frame)}
            told |= {address: last for address in EVENTS if (last := self.outlet.latest(address)) is not None}
            question.set_result(State(told, self.engine.space.values))

    def _state(self) -> dict[str, tuple[Value, ...]]:
        return state_of(self.engine, self.performer is not None and self.performer.active)
