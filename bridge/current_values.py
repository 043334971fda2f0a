"""Where the parameters are now, for encoders that turn on from there and knobs that stand elsewhere."""

from __future__ import annotations

from typing import Protocol

from bridge.control import Control
from bridge.errors import VamenError
from bridge.latent_space import AXIS_MIDDLE, LatentSpace
from bridge.mailbox import Mailbox
from bridge.parameters import PARAMETERS, ControlLayout

MOVES_THE_LATENT = frozenset(
    {"axis", "latent", "latent_step", "latent_dimension", "random", "slot_recall", "slot_store"}
    | {"morph", "morph_a", "morph_b", "morph_mode"}
)


class Tempo(Protocol):
    @property
    def tempo(self) -> float:
        """Beats a minute."""


class Instrument(Protocol):
    """What is asked: the engine, or whatever follows controls as that does."""

    @property
    def space(self) -> LatentSpace: ...

    @property
    def gain(self) -> float: ...

    @property
    def transport(self) -> Tempo: ...


def value_of(instrument: Instrument, name: str, index: tuple[int, ...]) -> float | None:
    """A parameter's value in its own range; None where nothing of the kind is kept."""
    space = instrument.space
    match name:
        case "axis":
            return space.axes[index[0] - 1]
        case "gain":
            return instrument.gain
        case "tempo":
            return instrument.transport.tempo
        case "morph":
            return space.morph_position
        case "morph_a" | "morph_b":
            return float(space.morph_ends[name == "morph_b"])
        case "slot_recall":
            return float(space.recalled_slot)
        case "latent_dimension":
            return space.number(*index)
        case "nudge":
            # Each is a move of its own, from where the beat is now.
            return 0.0
    return None


class LiveValues:
    """Values of an instrument that plays: what waits in the mailbox counts as done, or fast turns would count once a tick.

    Any thread may ask.
    """

    def __init__(self, layout: ControlLayout, mailbox: Mailbox) -> None:
        self.instrument: Instrument | None = None
        """None until it is there: everything is where it starts."""
        self.layout = layout
        self._mailbox = mailbox

    def __call__(self, address: str) -> float | None:
        spec, index = self.layout.addresses[address]
        for control in reversed(self._mailbox.pending()):
            if control.name == spec.name and control.index == index and spec.name != "nudge":
                return _number(control)
            if control.name in ("random", "slot_recall") and spec.name == "axis":
                return AXIS_MIDDLE
        if self.instrument is not None:
            return value_of(self.instrument, spec.name, index)
        default = PARAMETERS[spec.name].default
        return default if isinstance(default, float) else None


class FollowedValues:
    """Values of an instrument that has obeyed the controls followed so far: for a file that is translated before it plays."""

    def __init__(self, layout: ControlLayout, space: LatentSpace, beats_per_minute: float) -> None:
        self.space = space
        self.gain = 1.0
        self.tempo = beats_per_minute
        self._layout = layout

    @property
    def transport(self) -> FollowedValues:
        return self

    def __call__(self, address: str) -> float | None:
        spec, index = self._layout.addresses[address]
        return value_of(self, spec.name, index)

    def follow(self, control: Control) -> None:
        """Be where the engine is after this control; what it refuses changes nothing here either."""
        match control.name:
            case "gain":
                self.gain = float(control.values[0])
            case "tempo":
                self.tempo = float(control.values[0])
            case name if name in MOVES_THE_LATENT:
                self._apply(control)

    def _apply(self, control: Control) -> None:
        try:
            self.space.apply(control)
        except VamenError:
            # The engine meets the same when it plays, and says so.
            return


def _number(control: Control) -> float | None:
    value = control.values[0] if control.values else None
    return float(value) if isinstance(value, (int, float)) else None
