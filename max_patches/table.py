"""What the patches are made from: the rows of the bridge's table for the shipped model, and what comes back to a subscriber."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from bridge.command_line import DEFAULT_OSC_PORT
from bridge.model_graph import ModelGraph
from bridge.model_metadata import ModelMetadata
from bridge.parameters import FOR_TAKES_ONLY, PARAMETERS, PREFIX, ControlLayout, ParameterSpec, layout_of
from bridge.shipped_models import DEFAULT_PATH
from bridge.told import COLUMN, ERROR, EXPORTED, LEARNT, POSITION, REPAINT

BRIDGE_PORT = DEFAULT_OSC_PORT
MAX_PORT, DEVICE_PORT, INSTRUMENT_PORT, TOUCHDESIGNER_PORT, PURE_DATA_PORT, HELP_PORT = 9001, 9002, 9003, 9004, 9005, 9006
"""Where each patch listens; different ones, so that all of them can run beside each other."""

HOST = "127.0.0.1"
SUBSCRIBE_MILLISECONDS = 5000
"""Between two subscriptions: a patch that was opened before VAmEn hears from it within so long."""

FEEDBACK = (POSITION, COLUMN, EXPORTED, ERROR, REPAINT, LEARNT)
"""What a subscriber is sent beside STATE/..., in the order of vamen.receive's outlets; the state comes out of the last one."""

CONNECTION = ("subscribe", "unsubscribe")
"""Rows that a patch sends by itself."""

SLOTS_SHOWN = 16
"""Of 128: a row of pads, as on most controllers; the others are reached by MIDI, OSC or a number box."""


@dataclass(frozen=True)
class Row:
    """One address to send to; `name` is it without the prefix. Placeholders other than <axis> still stand in it."""

    name: str
    spec: ParameterSpec
    minimum: float
    maximum: float

    @property
    def address(self) -> str:
        return f"{PREFIX}/{self.name}"

    @property
    def default(self) -> float:
        return (
            float(self.spec.default) if isinstance(self.spec.default, (int, float)) else min(max(0.0, self.minimum), self.maximum)
        )

    @property
    def is_knob(self) -> bool:
        """Whether it is a value that stays: what has one to start with."""
        return self.spec.type == "float" and self.spec.count == "one" and self.spec.default is not None

    @property
    def label(self) -> str:
        """Its name for a panel."""
        return self.name.removeprefix("axis/").replace("/", " ")


@cache
def read_layout() -> ControlLayout:
    """The address space of the shipped model."""
    return layout_of(ModelMetadata.from_properties(ModelGraph.read(DEFAULT_PATH.read_bytes()).properties))


def rows(layout: ControlLayout) -> Iterator[Row]:
    """Every public address, axes by name, in the table's order."""
    for spec in PARAMETERS.values():
        if spec.name in FOR_TAKES_ONLY:
            continue
        names = (
            [spec.address.replace("<axis>", axis) for axis in layout.axis_names] if "<axis>" in spec.address else [spec.address]
        )
        for name in names:
            yield Row(name, spec, spec.minimum, spec.highest(layout))
