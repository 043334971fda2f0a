"""From one break to another: a step at a time, or all of them at once.

A decoder knows no break half-way between two kits: what it paints there is mush. So the usual way is to turn step after step
from one break to the other, each of them whole; a hit goes together with the sixteenth in which it rings on. What carries the
beat stays longest: off-beat eighths turn first, then the third beats, the backbeats, and the ones, the last of each first, so
that the end of a phrase gives way before its beginning. The one of the whole loop is the last.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import BEATS_PER_BAR

MorphMode = Literal["steps", "blend"]


@lru_cache(maxsize=4)
def turning_order(steps: int, steps_per_beat: int) -> NDArray[np.int64]:
    """The steps of a loop (from 0) in the order in which they turn: (steps,)."""
    per_eighth = max(1, steps_per_beat // 2)

    def weight(step: int) -> tuple[int, int, int]:
        beat, within = divmod(step, steps_per_beat)
        on_beat = 3 if beat % BEATS_PER_BAR == 0 else 2 if beat % 2 else 1
        return on_beat if within < per_eighth else 0, -(step // per_eighth), step

    order = np.array(sorted(range(steps), key=weight))
    order.setflags(write=False)
    return order


def morphed(
    first: NDArray[np.float64], second: NDArray[np.float64], position: float, mode: MorphMode, steps_per_beat: int
) -> NDArray[np.float64]:
    """What lies at a position, 0..1, between two breaks (steps, latent_dimensions).

    With "steps", as many steps are the second's as the position's share of them, rounded; with "blend", every number is on the
    straight line between the two.
    """
    if mode == "blend":
        return np.asarray((1.0 - position) * first + position * second)
    steps = len(first)
    turned = turning_order(steps, steps_per_beat)[: int(position * steps + 0.5)]
    values = first.copy()
    values[turned] = second[turned]
    return values
