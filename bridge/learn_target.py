"""What is to be learnt: an address, perhaps with a value, and the row of a control map that it makes with a control found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridge.control import Control, Value
from bridge.learn import Finding
from bridge.map_reading import playable
from bridge.parameters import PREFIX, ControlLayout, ParameterSpec, check, format_control

KEYS_FOR_SLOTS = 8
"""Keys in a row that are given a slot each, and slots that a knob goes through: as many as pads stand side by side."""

Table = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """An address of the table. `value` is what a button or pad is to send, and `fixed` says that nothing else is wanted."""

    address: str
    spec: ParameterSpec
    value: Value | None = None
    fixed: bool = False

    @property
    def presses_do(self) -> bool:
        """Whether it is obeyed at a press, and nothing has to be turned."""
        return self.fixed or self.spec.type in ("button", "text") or self.spec.count == "optional"

    def row(self, finding: Finding, layout: ControlLayout) -> Table:
        """The row that a control found makes. Raises ValueError with a sentence where the two do not go together."""
        if self.value is not None and (self.fixed or finding.pressed or self.spec.type == "text"):
            return _source(finding) | {"target": self.address, "value": self.value}
        if self.spec.type == "text" and self.spec.choices:
            choices = self.spec.choices
            raise ValueError(f"{self.address} wants one of {', '.join(choices)}: learn {self._short}={choices[0]}.")
        if self.presses_do:
            return _source(finding) | {"target": self.address}
        if finding.kind in ("note", "program"):
            return self._keys(finding, layout)
        if self.spec.type == "int" and finding.pressed:
            raise ValueError(f"{self.address} wants a number: learn {self._short}=1, or touch it by OSC first.")
        row = _source(finding) | {"target": self.address}
        if self.spec.type == "int":
            row["range"] = [max(1, round(self.spec.minimum)), self._most(layout)]
        return row

    def _keys(self, finding: Finding, layout: ControlLayout) -> Table:
        """Keys in a row from the one that was pressed on, or programmes from the first on."""
        if self.spec.type != "int":
            raise ValueError(f"A key cannot turn {self.address}: move a knob.")
        first = finding.number if finding.kind == "note" else 0
        count = min(self._most(layout) if finding.kind == "note" else round(self.spec.highest(layout)), 128 - first)
        if count < 2:
            raise ValueError(f"{self.address} wants several keys from this one on: press a lower one.")
        source = {"notes" if finding.kind == "note" else "program": [first, first + count - 1]}
        row = source | {"channel": finding.channel + 1, "target": self.address, "range": [1, count]}
        # Whoever plays steps on keys goes back to where the loop would be when the last key is let go.
        return row | {"release": 0} if self.spec.minimum == 0 and finding.kind == "note" else row

    def _most(self, layout: ControlLayout) -> int:
        return KEYS_FOR_SLOTS if self.spec.maximum == "slots" else round(self.spec.highest(layout))

    @property
    def _short(self) -> str:
        return self.address.removeprefix(f"{PREFIX}/")


def target_of(text: str, layout: ControlLayout) -> Target:
    """What was asked for: "axis/1", "/vamen/axis/density", "slot/recall=3".

    Raises:
        ControlError, ValueError: there is no such address, it cannot be played, or does not take the value; both say so.
    """
    name, separator, word = text.partition("=")
    name = name.strip("/")
    address = f"{PREFIX}/{name.removeprefix(PREFIX[1:] + '/')}"
    spec = playable(address, layout)
    address = _portable(address, spec, layout)
    if not separator:
        return Target(address, spec)
    if spec.type == "button":
        raise ValueError(f"{address} takes no value: leave out ={word}.")
    argument: Value = word
    if spec.type != "text":
        try:
            argument = int(word) if spec.type == "int" else float(word)
        except ValueError:
            raise ValueError(f"{address} takes a number and got {word!r}.") from None
    (value,) = check(spec, [argument], layout, address)
    return Target(address, spec, value, fixed=True)


def touched_target(control: Control, layout: ControlLayout) -> Target:
    """What a control that came by OSC stands for. Raises ControlError or ValueError where a hand cannot play it."""
    address, _, _ = format_control(control, layout)
    spec = playable(address, layout)
    value = control.values[0] if control.values and control.values[0] != "" else None
    return Target(_portable(address, spec, layout), spec, value)


def _portable(address: str, spec: ParameterSpec, layout: ControlLayout) -> str:
    """The address by the axis's number: other models' axes have other names."""
    return f"{PREFIX}/axis/{layout.addresses[address][1][0]}" if spec.name == "axis" else address


def _source(finding: Finding) -> Table:
    source: Table = {finding.kind: finding.number, "channel": finding.channel + 1}
    return source if finding.mode == "absolute" else source | {"mode": finding.mode}
