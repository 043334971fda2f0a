"""OSC from pages that have addresses of their own, as TouchOSC's do, by a table in TOML: one row for each fader, pad or button.

    [[osc]]
    address = "/1/fader1"        # what the page sends, with a number from 0 to 1
    target = "/vamen/axis/1"     # an address of the table in bridge/parameters.py
    range = [0.2, 0.8]           # what 0 and 1 mean; the address's own range where it is left out
    curve = "linear"             # or "exponential" (equal ratios), "squared" (fine at the low end)

An XY pad sends two numbers and has `targets`, one for each of them; range and curve are for all. A button is a row whose target
takes no argument, or that fixes it with `value`; it acts on 1, or on a message without a number, and `release` is what 0 sends.
Several rows may have one address.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.control import Control
from bridge.control_map import read_document
from bridge.curve import Curve
from bridge.errors import VamenError
from bridge.map_reading import MAX_ROWS, check_exact, curve_named, is_button, is_resting_axis, playable, value_range
from bridge.parameters import PREFIX, ControlError, ControlLayout, ParameterSpec, parse, shown

PRESSED = 0.5
"""From here on a button counts as pressed."""

_KEYS = {"address", "target", "targets", "range", "curve", "value", "release"}


@dataclass
class _Target:
    """One number of a row's message, and what it moves."""

    address: str
    spec: ParameterSpec
    low: float
    high: float
    curve: Curve
    button: bool
    value: Any
    release: Any
    layout: ControlLayout
    last: Control | None = None

    def act(self, arguments: Sequence[object], source: str) -> list[Control]:
        """What a message with this one argument, or none, means. Raises ControlError where it has no number."""
        if not arguments or arguments[0] is None:
            if not self.button:
                raise ControlError("wrong count", f"{source} is mapped to {self.address} and needs a number.")
            return [self._send(self.value)]
        position = _position(arguments[0], source)
        if not self.button:
            return self._moved_to(position)
        if position >= PRESSED:
            return [self._send(self.value)]
        return [] if self.release is None else [self._send(self.release)]

    def check(self) -> None:
        """Everything that it can ever send must be sendable. Raises ValueError or ControlError."""
        for value in (self.value, self.release):
            check_exact(self.address, value, self.spec, self.layout)
        if self.button:
            self._send(self.value)
        if self.release is not None:
            self._send(self.release)

    def _moved_to(self, position: float) -> list[Control]:
        value = self.curve.value(position, self.low, self.high)
        control = self._send(round(value) if self.spec.type == "int" else value)
        if self.spec.type == "int" and control == self.last:
            # A fader that chooses among slots passes several values on each: only a new choice is one.
            return []
        self.last = control
        return [control]

    def _send(self, value: Any) -> Control:
        return parse(self.address, [] if value is None else [value], self.layout)


class OscMap:
    """The rows of a map by the addresses of the page; `translate` remembers what faders have chosen."""

    def __init__(self, rows: dict[str, list[list[_Target | None]]]) -> None:
        self._rows = rows

    @classmethod
    def load(cls, path: Path, layout: ControlLayout) -> OscMap:
        """Read a map. Axes that the model lacks rest.

        Raises:
            VamenError: the file cannot be read, or a row is wrong; the sentence names the file and the row.
        """
        rows: dict[str, list[list[_Target | None]]] = {}
        for address, targets in _rows(read_document(path)[1], path, layout):
            rows.setdefault(address, []).append(targets)
        return cls(rows)

    def translate(self, address: str, arguments: Sequence[object]) -> list[Control] | None:
        """The controls that a page's message means; None where the map has no such address.

        Raises:
            ControlError: it came with other arguments than its row is for. None of it is meant then.
        """
        if address not in self._rows:
            return None
        controls: list[Control] = []
        for targets in self._rows[address]:
            if len(arguments) > len(targets) or (len(targets) > 1 and len(arguments) < len(targets)):
                raise ControlError(
                    "wrong count",
                    f"{address} is mapped to {len(targets)} target(s) and got {len(arguments)} argument(s): send that many.",
                )
            for number, target in enumerate(targets):
                if target is not None:
                    controls += target.act(arguments[number : number + 1], address)
        return controls


def _position(argument: object, source: str) -> float:
    """A page's number, held to 0..1: one that sends more has another range in its layout."""
    if not isinstance(argument, (float, int)):
        raise ControlError("wrong type", f"{source} takes numbers and got {shown(argument)}: send an int or a float.")
    if not math.isfinite(argument):
        raise ControlError("not finite", f"{source} got {argument}, which cannot be heard: send a finite number.")
    return min(max(float(argument), 0.0), 1.0)


def _rows(document: dict[str, Any], path: Path, layout: ControlLayout) -> Iterator[tuple[str, list[_Target | None]]]:
    tables = document.get("osc")
    if set(document) != {"osc"} or not isinstance(tables, list):
        raise VamenError(f"The OSC map {path} must hold [[osc]] rows and nothing else.")
    if len(tables) > MAX_ROWS:
        raise VamenError(f"The OSC map {path} has {len(tables)} rows; {MAX_ROWS} are the most.")
    for number, table in enumerate(tables, 1):
        try:
            yield _row(table, layout)
        except (ControlError, ValueError, OverflowError) as error:
            raise VamenError(f"Row {number} of the OSC map {path}: {error}") from error


def _row(table: Any, layout: ControlLayout) -> tuple[str, list[_Target | None]]:
    """An address, and what each number that comes with it moves: None where that is an axis that this model lacks."""
    if not isinstance(table, dict):
        raise ValueError("it must be a table with keys and values.")
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise ValueError(f"the key {shown(unknown[0])} is unknown; there are {', '.join(sorted(_KEYS))}.")
    address = table.get("address")
    if not isinstance(address, str) or not address.startswith("/"):
        raise ValueError('it needs an address, what the page sends, in quotes: "/1/fader1".')
    if address.startswith(f"{PREFIX}/"):
        raise ValueError(f"{shown(address)} is VAmEn's own and needs no row.")
    if ("target" in table) == ("targets" in table):
        raise ValueError("it needs a target, an OSC address in quotes, or targets, a list of them.")
    targets = table["targets"] if "targets" in table else [table["target"]]
    if not isinstance(targets, list) or not targets or not all(isinstance(target, str) for target in targets):
        raise ValueError("a target is an OSC address in quotes, and targets is a list of them.")
    return address, [_target(target, table, layout) for target in targets]


def _target(address: str, table: dict[str, Any], layout: ControlLayout) -> _Target | None:
    if is_resting_axis(address, layout):
        return None
    spec = playable(address, layout)
    button = is_button(spec, table)
    if "release" in table and not button:
        raise ValueError("release belongs to a button.")
    low, high = value_range(table, spec, layout, button)
    curve = curve_named(table, low, high)
    target = _Target(address, spec, low, high, curve, button, table.get("value"), table.get("release"), layout)
    target.check()
    return target
