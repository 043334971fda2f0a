"""Where the hand is in the latent space: a break as stored, and what the knobs make of it.

The break is kept in *prior units*, z = latent_mean + value * latent_scale, rounded to the six decimals that a recording
holds, so that a take read back gives the same latent to the bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.control import Control
from bridge.errors import VamenError
from bridge.mel_spectrogram import FloatArray
from bridge.model_metadata import ModelMetadata
from bridge.morph import MorphMode, morphed
from bridge.parameters import DECIMALS, DOCUMENTED_LAYOUT, PARAMETERS

AXIS_MIDDLE = 0.5
"""An axis here leaves the break as stored."""

Values = NDArray[np.float64]

LIMIT = PARAMETERS["latent"].highest(DOCUMENTED_LAYOUT)
"""Farthest from the prior's mean that a message, and so a recording, can say, in prior units."""


def rounded(values: NDArray[np.floating]) -> Values:
    """Values as a recording holds them. Python's round, because numpy's can miss the nearest decimal by one bit."""
    flat = [round(float(value), DECIMALS) for value in values.ravel()]
    return np.array(flat, dtype=np.float64).reshape(values.shape)


class LatentSpace:
    """Slots, axes and morph of one player; `latent()` is what should sound."""

    def __init__(self, metadata: ModelMetadata) -> None:
        self._metadata = metadata
        self._factory = {number: self.to_values(slot.latent) for number, slot in enumerate(metadata.slots, start=1)}
        self._slots = dict(self._factory)
        self._break = self._slots[1]
        self._axes = [AXIS_MIDDLE] * len(metadata.axes)
        self._morph_ends = [1, min(2, len(metadata.slots))]
        self.morph_mode: MorphMode = "steps"
        self.morph_position = 0.0
        """Where the morph was last moved to."""
        self.recalled_slot = 1
        """The slot that was last recalled."""

    def to_values(self, latent: FloatArray) -> Values:
        """A latent (steps, latent_dimensions) in prior units, rounded."""
        values = (latent.astype(np.float64) - self._metadata.latent_mean) / self._metadata.latent_scale
        return rounded(np.clip(values, -LIMIT, LIMIT))

    def from_values(self, values: Values) -> FloatArray:
        """Prior units back to a latent (steps, latent_dimensions), float32."""
        return (self._metadata.latent_mean + values * self._metadata.latent_scale).astype(np.float32)

    def draw(self, seed: int) -> FloatArray:
        """A new break from the prior, the same for the same seed: (steps, latent_dimensions)."""
        return self.from_values(self.to_values(self._metadata.draw(np.random.default_rng(seed))))

    def put_slot(self, number: int, latent: FloatArray) -> None:
        """Load a break into a slot (from 1), as `--slot` does."""
        self._slots[number] = self.to_values(latent)

    def slot(self, number: int) -> Values:
        """The break of a slot (from 1) in prior units; raises VamenError when nothing was stored there."""
        try:
            return self._slots[number]
        except KeyError:
            held = ", ".join(str(key) for key in sorted(self._slots))
            raise VamenError(f"Slot {number} is empty (there are breaks in {held}); store one there first.") from None

    @property
    def axes(self) -> tuple[float, ...]:
        """Positions of the axes, 0..1, in the model's order."""
        return tuple(self._axes)

    @property
    def values(self) -> Values:
        """The break as stored, in prior units: (steps, latent_dimensions). Another break is another array."""
        return self._break

    @property
    def morph_ends(self) -> tuple[int, int]:
        """The slots (from 1) at the morph's 0 and 1."""
        return self._morph_ends[0], self._morph_ends[1]

    def number(self, step: int, dimension: int) -> float:
        """One number of the break as stored, in prior units; both count from 1."""
        return float(self._break[step - 1, dimension - 1])

    def latent(self) -> FloatArray:
        """What should sound: the break, moved along every axis that is off its middle: (steps, latent_dimensions)."""
        metadata = self._metadata
        latent = self.from_values(self._break)
        moved = latent.copy()
        for position, axis in zip(self._axes, metadata.axes, strict=True):
            if position == AXIS_MIDDLE:
                continue
            stored = float(np.sum(axis.weight * (latent - metadata.latent_mean), dtype=np.float64))
            # A break that lies beyond the data's end already stays where it is, so that a knob never turns back.
            end = max(axis.high, stored) if position > AXIS_MIDDLE else min(axis.low, stored)
            moved += axis.direction * np.float32((end - stored) * abs(position - AXIS_MIDDLE) * 2.0)
        return moved

    def apply(self, control: Control) -> None:
        """Act on a control that moves the latent. Raises VamenError for an empty slot, or a matrix of another size."""
        match control.name:
            case "axis":
                self._axes[control.index[0] - 1] = float(control.values[0])
            case "latent":
                self._set_matrix(control)
            case "latent_step":
                self._break = self._break.copy()
                self._break[control.index[0] - 1] = np.array(control.values, dtype=np.float64)
            case "latent_dimension":
                self._break = self._break.copy()
                self._break[control.index[0] - 1, control.index[1] - 1] = float(control.values[0])
            case "random":
                self._jump(self.to_values(self._metadata.draw(np.random.default_rng(int(control.values[0])))))
            case "slot_recall":
                self._jump(self.slot(int(control.values[0])))
                self.recalled_slot = int(control.values[0])
            case "slot_store":
                self._slots[int(control.values[0])] = self.to_values(self.latent())
            case "morph_a" | "morph_b":
                self._morph_ends[control.name == "morph_b"] = int(control.values[0])
            case "morph":
                first, second = (self.slot(number) for number in self._morph_ends)
                steps_per_beat = self._metadata.spec.steps_per_beat
                self._break = rounded(morphed(first, second, float(control.values[0]), self.morph_mode, steps_per_beat))
                self.morph_position = float(control.values[0])
            case "morph_mode":
                self.morph_mode = "blend" if control.values[0] == "blend" else "steps"
            case _:
                raise ValueError(f"{control.name} does not move the latent")

    def _jump(self, values: Values) -> None:
        """A new break puts the knobs back to their middle."""
        self._break = values
        self._axes = [AXIS_MIDDLE] * len(self._axes)

    def _set_matrix(self, control: Control) -> None:
        values = np.array(control.values, dtype=np.float64)
        dimensions = self._break.shape[1]
        if values.size not in (dimensions, self._break.size):
            raise VamenError(
                f"/vamen/latent came with {values.size} values; "
                f"send {dimensions} for all steps alike or {self._break.size} for the matrix."
            )
        self._break = np.ascontiguousarray(np.broadcast_to(values.reshape(-1, dimensions), self._break.shape))

    def state(self) -> list[Control]:
        """The controls that bring a new LatentSpace of the same model to this state, in order."""
        controls: list[Control] = []
        for number, values in sorted(self._slots.items()):
            if not np.array_equal(values, self._factory.get(number, ())):
                controls += [Control("latent", (), tuple(values.ravel())), Control("slot_store", (), (number,))]
        controls.append(Control("latent", (), tuple(self._break.ravel())))
        controls += [Control("morph_a", (), (self._morph_ends[0],)), Control("morph_b", (), (self._morph_ends[1],))]
        controls.append(Control("morph_mode", (), (self.morph_mode,)))
        controls += [Control("axis", (number,), (position,)) for number, position in enumerate(self._axes, start=1)]
        return controls
