"""One row of a control map at work: which events are for it, what they mean, and what its hardware did last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bridge.control import Control
from bridge.curve import Curve, position_on
from bridge.midi_values import FINE, Kind, MidiEvent, Mode, position_of, steps_of
from bridge.parameters import ControlLayout, ParameterSpec, parse
from bridge.takeover import Knob

Current = Callable[[str], float | None]
"""Where the parameter of an address is now, in its own range; None where nothing of the kind is known."""

STEPS_OF_A_KNOB = 128
"""Steps of an encoder from one end to the other; what counts in whole numbers goes one of them a step."""


@dataclass(frozen=True)
class Source:
    """What a row listens to. `numbers` of CCs, notes, programmes or NRPNs; `channel` counts from 0, None stands for every one."""

    kind: Kind
    numbers: range
    channel: int | None = None

    def hears(self, event: MidiEvent) -> bool:
        return event.kind == self.kind and event.number in self.numbers and self.channel in (None, event.channel)

    def replaces(self, other: Source) -> bool:
        """Whether a row for this makes one for the other superfluous: the same hardware, and no wider a row of keys."""
        if other.channel not in (None, self.channel):
            return False
        return len(other.numbers) <= len(self.numbers) and bool(self._messages() & other._messages())

    def _messages(self) -> set[tuple[str, int]]:
        if self.kind == "cc14":
            return {("cc", number + half) for number in self.numbers for half in (0, FINE)}
        return {(self.kind, number) for number in self.numbers}


@dataclass(eq=False)
class Row:
    """`curve` leads from a position 0..1 to the range `low`..`high`; a `button` sends `value`, or nothing with its address."""

    source: Source
    address: str
    spec: ParameterSpec
    low: float
    high: float
    curve: Curve
    mode: Mode
    knob: Knob
    button: bool
    value: Any
    release: Any
    layout: ControlLayout
    current: Current
    _pressed: bool = False
    _held: set[tuple[int, int]] = field(default_factory=set)
    _sent: Control | None = None
    _place: float | None = None
    """The position that was last sent, not rounded as the value was."""

    @property
    def asks(self) -> bool:
        """Whether it needs to know where its parameter is."""
        return self.mode != "absolute" or self.knob.asks or self.source.kind == "nrpn"

    def act(self, event: MidiEvent) -> list[Control]:
        """What an event that the row hears means."""
        if event.kind == "note":
            return self._key(event)
        if event.kind == "program":
            return [self._pressed_control()] if self.button else [self._at(self._among_numbers(event))]
        if event.steps:
            return self._step(event.steps)
        if self.button:
            return self._press(event)
        if self.mode != "absolute":
            return self._step(steps_of(event.value, self.mode))
        place = self.knob.moved(position_of(event.value, event.bits), self._where())
        if place is None:
            return []
        before, control = self._sent, self._move_to(place)
        # A knob that chooses among slots passes several values on each: only a new choice is one.
        return [] if self.spec.type == "int" and control == before else [control]

    def follow(self, event: MidiEvent) -> list[Control]:
        """What the event means that the row was learnt from: a button that is down has been obeyed, a knob moves."""
        if event.kind != "note" and not self.button:
            return self.act(event)
        self._pressed = True
        return []

    def unpress(self) -> None:
        """Take the button for one that is up: whoever holds it may let it go unheard."""
        self._pressed = False

    def let_go(self) -> list[Control]:
        """Forget what is held and where the knob stands: nobody will say any more. Returns what letting go of the keys means."""
        held, self._held = self._held, set()
        self.unpress()
        self.knob.forget()
        return [self._control(self.release)] if held and self.release is not None else []

    def check(self) -> None:
        """Everything that the row can ever send must be sendable. Raises ControlError where it is not."""
        for value in (self.value, self.release):
            if value is not None:
                self._control(value)
        if self.button:
            self._pressed_control()

    def _control(self, *arguments: Any) -> Control:
        return parse(self.address, arguments, self.layout)

    def _at(self, position: float) -> Control:
        value = self.curve.value(position, self.low, self.high)
        return self._control(round(value) if self.spec.type == "int" else value)

    def _pressed_control(self) -> Control:
        return self._control() if self.value is None else self._control(self.value)

    def _among_numbers(self, event: MidiEvent) -> float:
        numbers = self.source.numbers
        return (event.number - numbers.start) / max(1, len(numbers) - 1)

    def _key(self, event: MidiEvent) -> list[Control]:
        key = event.channel, event.number
        if event.value:
            self._held.add(key)
            return [self._pressed_control() if self.button else self._at(self._among_numbers(event))]
        if key in self._held:
            self._held.discard(key)
            if not self._held and self.release is not None:
                return [self._control(self.release)]
        return []

    def _press(self, event: MidiEvent) -> list[Control]:
        # MIDI 1.0's on and off: the upper half is on.
        was_pressed, self._pressed = self._pressed, event.value >> (event.bits - 1) > 0
        return [self._pressed_control()] if self._pressed and not was_pressed else []

    def _where(self) -> float | None:
        """Where the parameter is, as a position; exactly where this row has put it, as long as nobody else moved it."""
        now = self.current(self.address)
        if now is None or (self._sent is not None and self._sent.values == (now,)):
            return self._place
        return position_on(self.curve, now, self.low, self.high)

    def _step(self, steps: int) -> list[Control]:
        if self.button or not steps:
            return []
        before, now = self._sent, self.current(self.address)
        if self.spec.type != "int":
            control = self._move_to(min(max((self._where() or 0.0) + steps / STEPS_OF_A_KNOB, 0.0), 1.0))
        else:
            if now is None:
                now = self.low if before is None else float(before.values[0])
            wanted = now + (steps if self.low <= self.high else -steps)
            control = self._move_to(position_on(self.curve, wanted, self.low, self.high))
        at_its_end = control == before if now is None else control.values == (now,)
        return [] if at_its_end else [control]

    def _move_to(self, place: float) -> Control:
        self._sent, self._place = self._at(place), place
        return self._sent
