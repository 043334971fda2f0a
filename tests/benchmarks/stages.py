"""What each stage of painting takes, at loops of one, two, four and eight bars, at the tempo that `vamen play` begins with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bridge.break_render import steps_per_bar
from bridge.generator import Ring
from bridge.mel_spectrogram import FloatArray
from bridge.model import Model
from bridge.parameters import DEFAULT_BEATS_PER_MINUTE
from tests.benchmarks.timing import milliseconds, seconds_of

BARS = (1, 2, 4, 8)
STEP_STRIDE = 7
"""Steps from one painted tile to the next: prime to every loop's steps."""


class Bench:
    """One loop of `bars` bars: its stages as actions that can be repeated."""

    def __init__(self, model: Model, bars: int) -> None:
        home = model.metadata.slots[0].latent
        steps = bars * steps_per_bar(model.metadata)
        self._model = model
        self._latent: FloatArray = np.tile(home, (-(-steps // len(home)), 1))[:steps]
        self._window = home[np.arange(1 + 2 * model.metadata.reach) % len(home)][np.newaxis]
        self._others = np.random.default_rng(bars)
        self._ring = Ring(model, self._latent, DEFAULT_BEATS_PER_MINUTE)
        self._ring.paint_all()
        self._places = self._steps()
        self._place = 0

    def decode_step(self) -> None:
        self._model.decode(self._window)

    def decode_loop(self) -> None:
        self._model.decode_ring(self._latent)

    def cold(self) -> None:
        self._ring.paint_all()

    def warm(self) -> None:
        self._ring.repaint_all()

    def turn(self) -> None:
        """Give a step the vector of another: not timed, what follows from it is."""
        self._place = next(self._places)
        latent = self._latent.copy()
        latent[self._place] = latent[self._others.integers(len(latent))]
        self._ring.move_to(latent)
        self._ring.spoil(self._place)

    def paint(self) -> None:
        self._ring.paint_step(self._place)

    def _steps(self) -> Iterator[int]:
        step = 0
        while True:
            step = (step + STEP_STRIDE) % len(self._latent)
            yield step


def measure_stages(model: Model, rounds: int, tiles: int) -> dict[str, dict[str, dict[str, float]]]:
    """Milliseconds by stage and number of bars. Lengths take turns in every round."""
    benches = {str(bars): Bench(model, bars) for bars in BARS}
    stages = {"decoder_step": Bench.decode_step, "decoder_loop": Bench.decode_loop, "warm": Bench.warm, "cold": Bench.cold}
    taken: dict[str, dict[str, list[float]]] = {stage: {bars: [] for bars in benches} for stage in (*stages, "tile")}
    for count in range(rounds + 1):
        for stage, action in stages.items():
            for bars, bench in benches.items():
                seconds = seconds_of(lambda: action(bench))  # noqa: B023
                # The first round warms up.
                if count:
                    taken[stage][bars].append(seconds)
    for count in range(tiles + 1):
        for bars, bench in benches.items():
            bench.turn()
            seconds = seconds_of(bench.paint)
            if count:
                taken["tile"][bars].append(seconds)
    return {
        stage: {bars: milliseconds(np.array(seconds)) for bars, seconds in lengths.items()} for stage, lengths in taken.items()
    }


def growth(stages: dict[str, dict[str, dict[str, float]]]) -> dict[str, float]:
    """How many times longer eight bars take than two, and for a tile than one."""
    whole = {stage: stages[stage]["8"]["median"] / stages[stage]["2"]["median"] for stage in ("decoder_loop", "warm", "cold")}
    return {**whole, "tile": stages["tile"]["8"]["median"] / stages["tile"]["1"]["median"]}
