"""From a knob's position 0..1 to the value that is meant there, and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Curve:
    """`value(position, low, high)` and its inverse `position(value, low, high)`; low may be above high, not equal to it."""

    value: Callable[[float, float, float], float]
    position: Callable[[float, float, float], float]


CURVES: dict[str, Curve] = {
    "linear": Curve(
        lambda x, low, high: low + x * (high - low),
        lambda value, low, high: (value - low) / (high - low),
    ),
    "exponential": Curve(
        lambda x, low, high: low * (high / low) ** x,
        lambda value, low, high: math.log(value / low) / math.log(high / low),
    ),
    "squared": Curve(
        lambda x, low, high: low + x * x * (high - low),
        lambda value, low, high: math.sqrt((value - low) / (high - low)),
    ),
}


def position_on(curve: Curve, value: float, low: float, high: float) -> float:
    """Where a knob would stand for a value, 0..1; the nearer end for what lies beyond the two ends."""
    if low == high or not min(low, high) <= value <= max(low, high):
        return float(abs(value - high) < abs(value - low))
    return min(max(curve.position(value, low, high), 0.0), 1.0)
