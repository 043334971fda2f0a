"""What a run does unless it is told otherwise: one row for a processor, one for a GPU.

Nothing here says how many threads (torch takes every core) or which precision: products are computed in bfloat16 wherever the
hardware has it, in float32 elsewhere (see ``training.train``).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from bridge.errors import VamenError


@dataclass(frozen=True)
class Preset:
    """One row of the table."""

    minutes: float
    """Length of the run."""
    batch: int
    """Images an update, of each process."""
    learning_rate: float
    """From nothing."""
    fine_tuning_rate: float
    """From a model: steps as long as from nothing would first undo what it knows."""


PRESETS = {
    # A night on a laptop. Small batches: where arithmetic is scarce, more updates learn more than steadier ones.
    "cpu": Preset(minutes=480.0, batch=4, learning_rate=1.2e-3, fine_tuning_rate=6e-4),
    # One GPU, which is idle most of the time at small batches; the rate grows with the batch's square root, more or less.
    "gpu": Preset(minutes=20.0, batch=32, learning_rate=2e-3, fine_tuning_rate=1e-3),
}


def choose(name: str | None) -> Preset:
    """The preset of a name, or without one that of this machine.

    :raises VamenError: the GPU's was asked for where torch finds none
    """
    if name == "gpu" and not torch.cuda.is_available():
        raise VamenError("The preset gpu needs a GPU that this torch can use: install a torch with CUDA, or use --preset cpu.")
    return PRESETS[name or ("gpu" if torch.cuda.is_available() else "cpu")]
