"""How fast the sound graph is: latents in this process's memory to samples in it, and how good, beside the path on the CPU.

    python -m tests.benchmarks.graph [--provider cuda|cpu] [--model hifi|classic|MODEL.onnx] [--rounds N]

On a GPU, the figures that count: two bars within 3 ms, and at least 1,000 breaks a second in batches. Exit status 1 where one of
them is missed. On the CPU provider the same graph runs too, only slowly: nobody plays with it there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bridge.errors import VamenError
from bridge.griffin_lim import LoopGrid, paint_ring
from bridge.mel_inversion import linear_magnitude
from bridge.mel_spectrogram import BEATS_PER_BAR, stretch_columns
from bridge.model import Model
from bridge.model_metadata import FloatArray
from bridge.provider_choice import cuda_device
from bridge.shipped_models import SHIPPED_MODELS, model_path
from bridge.sound_graph import SoundGraph
from tests.benchmarks.timing import milliseconds, take_turns
from training.ruler.attacks import convergence

BARS = (1, 2, 4, 8)
BATCHES = (1, 8, 32, 64)
CONVERGENCE_TEMPOS = (80.0, 120.0, 161.5, 174.0)

MOST_MS = 3.0
"""Two bars, latent to samples, median."""
LEAST_BREAKS = 1000.0
"""Breaks of two bars a second, in batches."""
WARM_UP = 3
"""Runs that do not count: the first prepares, the second may be captured."""


def of_bars(latent: FloatArray, bars: int, steps_per_bar: int) -> FloatArray:
    """A latent of so many bars, from one of two: (steps, latent_dimensions)."""
    return np.resize(latent, (bars * steps_per_bar, latent.shape[1]))


def cpu_render(model: Model, latent: FloatArray, beats_per_minute: float) -> tuple[FloatArray, FloatArray, LoopGrid]:
    """The CPU's own samples, the magnitudes that both have to meet, and the grid."""
    spec = model.metadata.spec
    grid = LoopGrid.at_tempo(spec, beats_per_minute, len(latent))
    columns = stretch_columns(model.decode_ring(latent), grid.n_frames, spec.half_window_columns)
    magnitude = linear_magnitude(columns, spec)
    return paint_ring(magnitude, grid), magnitude, grid


def timed(action: Callable[[], object], rounds: int) -> dict[str, float]:
    """Median and percentiles in ms."""
    for _ in range(WARM_UP):
        action()
    return milliseconds(take_turns({"it": action}, rounds)["it"])


def measure(model: Model, graph: SoundGraph, rounds: int) -> tuple[float, float]:
    """Prints the tables; returns what the bars are about: ms for two bars, breaks a second in the best batch."""
    spec, latents = model.metadata.spec, [slot.latent for slot in model.metadata.slots]
    tempo, steps_per_bar = spec.beats_per_minute, BEATS_PER_BAR * spec.steps_per_beat
    print("\n| bars | graph, median ms | p95 | CPU path, median ms |\n|---|---|---|---|")
    two_bars = 0.0
    for bars in BARS:
        latent = of_bars(latents[0], bars, steps_per_bar)
        ours = timed(lambda one=latent[None]: graph.render(one, tempo), rounds)  # type: ignore[misc]
        cpu = timed(lambda one=latent: cpu_render(model, one, tempo), max(3, rounds // 10))  # type: ignore[misc]
        print(f"| {bars} | {ours['median']:.2f} | {ours['p95']:.2f} | {cpu['median']:.1f} |", flush=True)
        two_bars = ours["median"] if bars == 2 else two_bars

    print("\n| breaks in a batch | ms | breaks a second |\n|---|---|---|")
    most = 0.0
    for batch in BATCHES:
        many = np.stack([latents[i % len(latents)] for i in range(batch)])
        figures = timed(lambda many=many: graph.render(many, tempo), max(3, rounds // batch))  # type: ignore[misc]
        rate = 1000.0 * batch / figures["median"]
        print(f"| {batch} | {figures['median']:.2f} | {rate:.0f} |", flush=True)
        most = max(most, rate)

    print("\n| slot | tempo | convergence of the graph, dB | of the CPU path |\n|---|---|---|---|")
    for slot, beats_per_minute in zip(model.metadata.slots, CONVERGENCE_TEMPOS, strict=False):
        expected, magnitude, grid = cpu_render(model, slot.latent, beats_per_minute)
        [samples] = graph.render(slot.latent[None], beats_per_minute)
        errors = (convergence(sound, magnitude, grid) for sound in (samples, expected))
        print(f"| {slot.name} | {beats_per_minute:g} | " + " | ".join(f"{error:.2f}" for error in errors) + " |", flush=True)
    return two_bars, most


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how fast the sound graph takes latents to samples.")
    parser.add_argument("--provider", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--model", default="hifi", help="hifi, classic or a file")
    parser.add_argument("--rounds", type=int, default=200, help="runs a figure is the median of")
    arguments = parser.parse_args()
    try:
        model = Model.load(model_path(arguments.model) if arguments.model in SHIPPED_MODELS else Path(arguments.model))
        graph = SoundGraph(model, arguments.provider)
    except VamenError as error:
        print(error, file=sys.stderr)
        return 2
    device = cuda_device() if arguments.provider == "cuda" else "the CPU"
    captured = "replayed as a CUDA graph" if graph.captured else "run node by node"
    print(f"Model {model.metadata.name}; {device}, served by {graph.providers[0]}, {captured}")
    two_bars, most = measure(model, graph, arguments.rounds)
    met = two_bars <= MOST_MS, most >= LEAST_BREAKS
    print(f"\nTwo bars, latent to samples: {two_bars:.2f} ms, wanted {MOST_MS:g}: {'met' if met[0] else 'missed'}")
    print(f"Breaks a second in batches: {most:.0f}, wanted {LEAST_BREAKS:g}: {'met' if met[1] else 'missed'}")
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
