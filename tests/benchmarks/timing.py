"""Timing in turns, so that a slow minute of the machine hits both sides of every ratio."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Seconds = dict[str, NDArray[np.float64]]


def seconds_of(action: Callable[[], object]) -> float:
    """How long an action takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def take_turns(actions: Mapping[str, Callable[[], object]], rounds: int) -> Seconds:
    """The actions one after the other, round after round: seconds (rounds,) by name. Whoever asks has warmed them up."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            taken[name].append(seconds_of(action))
    return {name: np.array(seconds) for name, seconds in taken.items()}


def milliseconds(seconds: NDArray[np.float64]) -> dict[str, float]:
    """Median and percentiles in ms."""
    names = {"median": 50, "p95": 95, "p99": 99, "worst": 100}
    return {name: float(np.percentile(1000.0 * seconds, place)) for name, place in names.items()}


def ratio(slow: NDArray[np.float64], fast: NDArray[np.float64]) -> float:
    """Median of how many times faster one action was than the other in the same round."""
    return float(np.median(slow / fast))
