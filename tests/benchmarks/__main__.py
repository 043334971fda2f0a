"""`make bench`: how fast the instrument is, beside librosa and torch, and from the knob to the ear. `make bench-long`: longer.

    python -m tests.benchmarks [--long] [--only PART] [--out DIR]

Prints a Markdown table with every bar as met or missed, and leaves it as `report.md` beside `results.json`, `knob_to_ear.png` and
`quality_against_time.png`. The machine must have nothing else to do. Exit status 1 where a bar is missed, and with CI=true where
one could not be measured. The live parts need PulseAudio and its ALSA plugin; the sound card is a paced null sink, nothing is
heard.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

# As `vamen` does, and before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bridge.errors import VamenError
from bridge.model import Model
from bridge.whole_file import replacing
from tests.benchmarks.bars import BLOCK_SIZES
from tests.benchmarks.endurance import measure_endurance
from tests.benchmarks.knob import measure_cell
from tests.benchmarks.report import Verdict, machine, markdown
from tests.rig import NullSinks, null_sinks

DEFAULT_OUT = Path("runs/bench")

PARTS = ("knob", "endurance", "render", "stages")
LIVE_PARTS = ("knob", "endurance")

TURNS, LONG_TURNS = 100, 500
IDLE_SECONDS = 20.0
SWEEP_SECONDS, LONG_SWEEP_SECONDS = 20.0, 300.0
RENDER_ROUNDS, STAGE_ROUNDS, TILES = 5, 7, 100

SINKS = ("ours", "bare")
PROGRAMS = ("pulseaudio", "pactl", "parec")

Results = dict[str, Any]


def measure_knob(model: Model, results: Results, sinks: NullSinks, turns: int) -> Iterator[str]:
    """Every cell of knob to ear; says what comes next before each."""
    results["knob"] = {}
    for loaded in (False, True):
        for blocksize in BLOCK_SIZES:
            yield f"knob to ear, blocks of {blocksize}{', loaded' if loaded else ''}"
            cell = measure_cell(sinks, SINKS[0], model.metadata, blocksize, loaded, turns)
            results["knob"][cell.name] = cell.figures()
            results.setdefault("starts", []).append(cell.first_sound_seconds)


def endure(results: Results, sinks: NullSinks, seconds: float) -> Iterator[str]:
    """The machine at rest and a knob without pause, as above."""
    yield f"at rest, and a knob turned for {seconds:.0f} s without pause"
    with tempfile.TemporaryDirectory(prefix="vamen-bench-") as folder:
        found = measure_endurance(sinks, *SINKS, Path(folder), IDLE_SECONDS, seconds)
    results["endurance"] = found
    results.setdefault("starts", []).append(found["first_sound_seconds"])


def measure_renders(model: Model, results: Results) -> Iterator[str]:
    """Ours beside librosa and torch, as above."""
    # Heavy imports, which the live parts should not share their memory with.
    from tests.benchmarks.render import cases, measure_case, measure_curves, measure_latent

    # What librosa has to say about its own narrow filters is known (see bridge.mel_spectrogram) and not the point here.
    warnings.filterwarnings("ignore", message="Empty filters detected")
    results["render"], loops = {}, cases(model)
    for case in loops:
        yield f"picture to sound, {case.name}"
        results["render"][case.name] = measure_case(case, RENDER_ROUNDS)
    yield "latent to sound"
    results["latent"] = measure_latent(model, loops[-1], RENDER_ROUNDS)
    yield "quality against time"
    results["curves"] = measure_curves(loops[0])


def measure_stages(model: Model, results: Results) -> Iterator[str]:
    """Decoder, tile, repaint and render at all lengths, as above."""
    from tests.benchmarks import stages

    yield "stages"
    results["stages"] = stages.measure_stages(model, STAGE_ROUNDS, TILES)
    results["growth"] = stages.growth(results["stages"])


def missing_for_live_parts() -> str:
    """Why the live parts cannot be measured here; empty where they can."""
    if sys.platform != "linux":
        return "PulseAudio's null sink and /proc are Linux's"
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    return (
        f"not installed: {', '.join(missing)} (apt-get install pulseaudio pulseaudio-utils libasound2-plugins)" if missing else ""
    )


def measure(model: Model, parts: tuple[str, ...], long: bool, results: Results) -> Iterator[str]:
    """All parts, one after the other."""
    with ExitStack() as stack:
        if set(parts) & set(LIVE_PARTS):
            sinks = stack.enter_context(null_sinks(*SINKS))
            if "knob" in parts:
                yield from measure_knob(model, results, sinks, LONG_TURNS if long else TURNS)
            if "endurance" in parts:
                yield from endure(results, sinks, LONG_SWEEP_SECONDS if long else SWEEP_SECONDS)
    if starts := results.get("starts"):
        results["start"] = {"median": float(np.median(starts)), "worst": max(starts), "starts": len(starts)}
    if "render" in parts:
        yield from measure_renders(model, results)
    if "stages" in parts:
        yield from measure_stages(model, results)


def save(out: Path, results: Results, text: str) -> None:
    """Leave figures, report and pictures in a folder."""
    from tests.benchmarks.pictures import save_curves, save_histogram

    out.mkdir(parents=True, exist_ok=True)
    for name, content in (("results.json", json.dumps(results, indent=1) + "\n"), ("report.md", text + "\n")):
        with replacing(out / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    if "knob" in results:
        cells = {name.replace("_", ", "): cell["milliseconds"] for name, cell in results["knob"].items()}
        save_histogram(out / "knob_to_ear.png", cells)
    if "curves" in results:
        title = "spectral convergence after so much time, two bars (lower is better)"
        save_curves(out / "quality_against_time.png", title, results["curves"])


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure how fast the instrument is.")
    parser.add_argument("--long", action="store_true", help="500 turns a cell, five minutes of turning (some 45 minutes in all)")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where to leave the results (%(default)s)")
    options = parser.parse_args(arguments)
    parts: tuple[str, ...] = (options.only,) if options.only else PARTS
    reason = missing_for_live_parts()
    if reason:
        parts = tuple(part for part in parts if part not in LIVE_PARTS)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    results: Results = {"machine": machine()}
    try:
        model = Model.load()
        with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task("", total=None)
            for what in measure(model, parts, options.long, results):
                shown.update(task, description=what)
    except VamenError as error:
        print(error, file=sys.stderr)
        return 2
    verdict = Verdict.of(results, whole=options.only is None)
    text = markdown(results, verdict, f"Knob to ear, start and rest were not measured: {reason}." if reason else "")
    save(options.out, results, text)
    print(text)
    return verdict.exit_status


if __name__ == "__main__":
    sys.exit(main())
