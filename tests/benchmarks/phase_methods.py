"""What was tried for sound from magnitudes on the CPU, side by side: after equal time, and after equally many transforms.

    python -m tests.benchmarks.phase_methods [--loops DIR] [--png OUT.png]

Prints Markdown tables of spectral convergence in dB (lower is better) and draws a few of the curves. Every way but the
instrument's own loop is a few lines of NumPy on common transforms (`phase_starts`, `phase_schemes`), so time is only fair among
these; the count of transforms is fair to all. The machine must have nothing else to do; two minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter

# As `vamen` does, and before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from bridge.errors import VamenError
from bridge.griffin_lim import LoopGrid, paint_ring
from bridge.mel_inversion import linear_magnitude
from bridge.mel_spectrogram import PRESETS, FloatArray, MelSpectrogramSpec, stretch_columns, unit_image
from bridge.model import Model
from bridge.shipped_models import SHIPPED_MODELS, model_path
from tests.benchmarks import phase_schemes as schemes
from tests.benchmarks import phase_starts as starts
from tests.benchmarks.fidelity import originals
from tests.benchmarks.phase_schemes import Scheme
from tests.benchmarks.phase_starts import RingTransform, Start, with_magnitude
from tests.benchmarks.pictures import save_curves
from training.ruler.attacks import convergence, magnitudes
from training.sources import list_files

BUDGETS_MS = (10.0, 20.0, 40.0, 80.0)
PAIRS = (0, 1, 2, 4, 8, 16, 32)
RUNS = 3
OWN_LOOPS = 2
PLAYED_ITERATIONS = (*range(9), 10, 12, 16, 20, 24, 28, 32)

DEFAULT_PNG = Path("runs/griffin_lim.png")
AS_PLAYED = "as the instrument plays"
DRAWN = (AS_PLAYED, "our start, accelerated", "our start, Griffin-Lim", "random phase, fast")


@dataclass(frozen=True)
class Target:
    """Magnitudes (n_frames, n_bins) that a sound is to have."""

    magnitude: FloatArray
    grid: LoopGrid


@dataclass(frozen=True)
class Point:
    """Where one way has come: pairs of transforms and milliseconds spent, spectral convergence in dB."""

    pairs: float
    milliseconds: float
    decibels: float


Curve = list[Point]


@dataclass(frozen=True)
class Step:
    """The sound (loop_length,) after so many pairs of transforms and seconds."""

    pairs: float
    seconds: float
    samples: FloatArray


def loops(paths: list[Path]) -> list[Target]:
    """Loops of two bars with the magnitudes that they have; synthesised ones where no file is given."""
    spec = PRESETS[SHIPPED_MODELS[0]]
    grid = LoopGrid.at_tempo(spec, spec.beats_per_minute)
    found = islice(originals(paths, spec), None if paths else OWN_LOOPS)
    return [Target(magnitudes(samples, grid), grid) for _, samples in found]


def slots() -> list[Target]:
    """The first slots of the shipped models: magnitudes that no sound has."""
    found = []
    for name in SHIPPED_MODELS:
        model = Model.load(model_path(name))
        spec = model.metadata.spec
        grid = LoopGrid.at_tempo(spec, spec.beats_per_minute)
        image = unit_image(model.decode_ring(model.metadata.slots[0].latent))
        found.append(Target(linear_magnitude(stretch_columns(image, grid.n_frames, spec.half_window_columns), spec), grid))
    return found


def ways(spec: MelSpectrogramSpec) -> dict[str, tuple[Start, Scheme]]:
    """Starts with one scheme, schemes with one start, and what others do."""
    ours = partial(starts.kicks_first, spec=spec)
    first = {
        "zero phase": starts.zero_phase,
        "random phase": starts.random_phase,
        "single pass (SPSI)": starts.single_pass,
        "phase gradient": starts.phase_gradient,
        "RTISI-LA, 2 sweeps": starts.look_ahead,
        "our start": ours,
    }
    then = {
        "Griffin-Lim": schemes.griffin_lim,
        "fast": schemes.fast,
        "RAAR": schemes.reflections,
        "difference map": schemes.difference_map,
        "ADMM": schemes.multipliers,
        "local weighted sums": schemes.weighted_sums,
        "every second frame first": schemes.fewer_frames_first,
        "coarse to fine": schemes.coarse_to_fine,
    }
    return (
        {"random phase, Griffin-Lim": (starts.random_phase, schemes.griffin_lim)}
        | {"random phase, fast": (starts.random_phase, schemes.fast)}
        | {f"{name}, accelerated": (start, schemes.accelerated) for name, start in first.items()}
        | {f"our start, {name}": (ours, scheme) for name, scheme in then.items()}
    )


def measure(target: Target) -> dict[str, Curve]:
    """Each way's curve up to the most pairs of transforms that are asked for; empty where it does not fit the target.

    Time includes the start and the last synthesis: the median of `RUNS` runs, all ways in turns, so that a slow moment of the
    machine hits all.
    """
    grid = target.grid
    steps: Mapping[str, Callable[[], Iterator[Step]]] = {
        name: partial(_steps, target, start, scheme)
        for name, (start, scheme) in ways(grid.spec).items()
        # What is decimated has to keep whole hops.
        if scheme is not schemes.coarse_to_fine or not np.any(grid.centres % 4)
    } | {AS_PLAYED: partial(_steps_as_played, target)}
    found = {
        name: [(step.pairs, convergence(step.samples, target.magnitude, grid)) for step in begin()]
        for name, begin in steps.items()
    }
    rounds = [{name: [step.seconds for step in begin()] for name, begin in steps.items()} for _ in range(RUNS)]
    return {
        name: [
            Point(pairs, 1000.0 * float(np.median(seconds)), decibels)
            for (pairs, decibels), *seconds in zip(found[name], *(taken[name] for taken in rounds), strict=True)
        ]
        for name in steps
    }


def _steps(target: Target, start: Start, scheme: Scheme) -> Iterator[Step]:
    ring, ending = RingTransform.of(target.grid), RingTransform.of(target.grid)
    begun = perf_counter()
    iterates = scheme(target.magnitude, ring, start(target.magnitude, ring))
    spent = perf_counter() - begun
    while ring.pairs < PAIRS[-1]:
        begun = perf_counter()
        spectrum = next(iterates)
        spent += perf_counter() - begun
        begun = perf_counter()
        samples = ending.synthesise(with_magnitude(spectrum, target.magnitude))
        yield Step(ring.pairs, spent + perf_counter() - begun, samples)


def _steps_as_played(target: Target) -> Iterator[Step]:
    """`paint_ring`: its own loop, low phases kept as decided, attacks calmed at the end."""
    for iterations in PLAYED_ITERATIONS:
        begun = perf_counter()
        samples = paint_ring(target.magnitude, target.grid, iterations)
        yield Step(iterations, perf_counter() - begun, samples)


def curves(targets: Iterable[Target]) -> dict[str, list[Curve]]:
    """Each way's curves, a target each."""
    measured = [measure(target) for target in targets]
    return {name: [found.get(name, []) for found in measured] for name in (*ways(PRESETS["hifi"]), AS_PLAYED)}


def at_time(curve: Curve, milliseconds: float) -> float | None:
    """The last dB reached within a time; None where nothing is."""
    return next((point.decibels for point in reversed(curve) if point.milliseconds <= milliseconds), None)


def at_pairs(curve: Curve, pairs: float) -> float | None:
    """The last dB reached within so many pairs of transforms; None where nothing is."""
    return next((point.decibels for point in reversed(curve) if point.pairs <= pairs + 1e-6), None)


def mean(values: Iterable[float | None]) -> str:
    """A cell: the mean in dB, a dash where one is missing."""
    known = list(values)
    return "-" if None in known else f"{np.mean([value for value in known if value is not None]):.1f}"


def table(head: list[str], rows: Mapping[str, list[str]]) -> str:
    """A Markdown table with the rows' names in front."""
    lines = [head, ["---"] * len(head), *([name, *cells] for name, cells in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def time_table(of_loops: Mapping[str, list[Curve]], of_slots: Mapping[str, list[Curve]]) -> str:
    """dB after equal times, and what the start and a pair of transforms cost on the loops."""
    rows = {}
    for name, found in of_loops.items():
        begun = np.mean([curve[0].milliseconds for curve in found])
        paces = [(c[-1].milliseconds - c[0].milliseconds) / (c[-1].pairs - c[0].pairs) for c in found]
        cells = [f"{begun:.0f}", f"{np.mean(paces):.1f}"]
        for side in (found, of_slots[name]):
            cells += [mean(at_time(curve, budget) for curve in side) for budget in BUDGETS_MS]
        rows[name] = cells
    head = [f"{side}, {budget:.0f} ms" for side in ("loops", "slots") for budget in BUDGETS_MS]
    return table(["", "to the start, ms", "a pair, ms", *head], rows)


def pairs_table(found: Mapping[str, list[Curve]], side: str) -> str:
    """dB after equally many pairs of transforms."""
    rows = {name: [mean(at_pairs(curve, pairs) for curve in of) for pairs in PAIRS] for name, of in found.items()}
    return table([f"{side}, pairs of transforms", *map(str, PAIRS)], rows)


def drawn(found: list[Curve]) -> list[tuple[float, float]]:
    """The mean of a way's curves: (milliseconds, dB) points."""
    points = np.array([[(point.milliseconds, point.decibels) for point in curve] for curve in found]).mean(axis=0)
    return [(float(milliseconds), float(decibels)) for milliseconds, decibels in points]


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.phase_methods", description="Compare ways to find phases.")
    parser.add_argument("--loops", type=Path, metavar="DIR", help="a folder of loops to take instead of synthesised ones")
    parser.add_argument("--png", type=Path, default=DEFAULT_PNG, metavar="OUT.png", help="where to draw (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        paths = [] if options.loops is None else list_files([options.loops])
        of_loops, of_slots = curves(loops(paths)), curves(slots())
        options.png.parent.mkdir(parents=True, exist_ok=True)
        title = "spectral convergence after so much time, loops (lower is better)"
        save_curves(options.png, title, {name: drawn(of_loops[name]) for name in DRAWN})
    except (VamenError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    tables = time_table(of_loops, of_slots), pairs_table(of_loops, "loops"), pairs_table(of_slots, "slots")
    print("\n\n".join(tables))
    return 0


if __name__ == "__main__":
    sys.exit(main())
