"""One table of everything that the instrument says over OSC: to subscribers, and to whoever reads it over OSCQuery.

What has a state comes back under /vamen/state with the rest of its own address: /vamen/gain is told as /vamen/state/gain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.control import Value
from bridge.parameters import PARAMETERS, PREFIX, ControlLayout, ParameterSpec

if TYPE_CHECKING:
    from bridge.engine import Engine
    from bridge.latent_space import Values

STATE = f"{PREFIX}/state"
POSITION, COLUMN = f"{PREFIX}/position", f"{PREFIX}/column"
REPAINT, EXPORTED, ERROR = f"{PREFIX}/repaint", f"{PREFIX}/exported", f"{PREFIX}/error"
LEARNING, LEARNT = f"{PREFIX}/learning", f"{PREFIX}/learnt"
EVENTS = (REPAINT, EXPORTED, ERROR, LEARNING, LEARNT)
"""What is told when it happens; its value is what was told last."""

COLUMN_BANDS = 64
"""Of a spectrogram column that is told: as many as a row of sliders shows, and with all of them a packet stays small."""

WITH_STATE = (
    "axis", "slot_recall", "morph", "morph_a", "morph_b", "morph_mode", "tempo", "tempo_mode", "clock", "quantise", "gain",
)  # fmt: skip
"""Parameters whose value is told when it changes, and to every new subscriber."""


@dataclass(frozen=True)
class ToldSpec:
    """One message that is sent: its type tags and, for each of them, the range (low, high; None is open), or None."""

    address: str
    tags: str
    help: str
    ranges: tuple[tuple[float, float | None] | None, ...]


def told_specs(layout: ControlLayout) -> list[ToldSpec]:
    """Every message that is sent, but for those of `WITH_STATE`, whose types and ranges are their parameters'."""
    switch = ((0, 1),)
    return [
        ToldSpec(
            POSITION,
            "iiif",
            "bar, beat and step from 1, and the place of the loop that sounds; 60 times a second",
            ((1, None), (1, 4), (1, layout.steps), (0.0, 1.0)),
        ),
        ToldSpec(
            COLUMN,
            "f" * COLUMN_BANDS,
            "the spectrogram's column that sounds, from low to high; 60 times a second",
            ((0.0, 1.0),) * COLUMN_BANDS,
        ),
        ToldSpec(f"{STATE}/playing", "i", "1 while anything is meant to be heard", switch),
        ToldSpec(f"{STATE}/drift", "i", "1 while breaks change by themselves", switch),
        ToldSpec(
            REPAINT,
            "ff",
            "milliseconds from the last touch to the last step that follows it, and of that step alone",
            ((0.0, None), (0.0, None)),
        ),
        ToldSpec(EXPORTED, "s", "path of a finished file", (None,)),
        ToldSpec(ERROR, "s", "what went wrong, in a sentence", (None,)),
        ToldSpec(LEARNING, "ss", "the address that a knob is waited for, or none yet, and what is to be done", (None, None)),
        ToldSpec(LEARNT, "ss", "the address that has been learnt, and what moves it", (None, None)),
    ]


def state_address(spec: ParameterSpec, axis_name: str = "") -> str:
    """Where the value of a parameter is told; an axis by its name."""
    return f"{STATE}/{spec.address.replace('<axis>', axis_name)}"


@dataclass(frozen=True, slots=True)
class State:
    """Everything that has a value at a moment: `told` by the address under which it is told, and the break in prior units,
    (steps, latent_dimensions)."""

    told: dict[str, tuple[Value, ...]]
    latent: Values


def state_of(engine: Engine, drifting: bool) -> dict[str, tuple[Value, ...]]:
    """What is told under /vamen/state, by address."""
    space, transport = engine.space, engine.transport
    values: dict[str, Value] = {
        "slot_recall": space.recalled_slot,
        "morph": space.morph_position,
        "morph_a": space.morph_ends[0],
        "morph_b": space.morph_ends[1],
        "morph_mode": space.morph_mode,
        "tempo": transport.tempo,
        "tempo_mode": transport.tempo_mode,
        "clock": transport.clock,
        "quantise": engine.quantise,
        "gain": engine.gain,
    }
    told: dict[str, tuple[Value, ...]] = {
        state_address(PARAMETERS["axis"], axis.name): (position,)
        for axis, position in zip(engine.model.metadata.axes, space.axes, strict=True)
    }
    told |= {state_address(PARAMETERS[name]): (value,) for name, value in values.items()}
    told[f"{STATE}/playing"] = (int(transport.sounding),)
    told[f"{STATE}/drift"] = (int(drifting),)
    return told
