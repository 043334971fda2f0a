"""`make rig`: is it on the one behind masters that we did not write? Told from what a sound card would have played.

    python -m tests.rigs [--only PART] [--seconds S] [--out DIR]

Follows `jack_midi_clock` for two minutes at each of three tempos and through a change, a Link peer through another, starts, stops
and continues it and lets the master vanish. Prints a table with every bar as met or missed, and leaves it as `report.md` beside
`results.json` and pictures of the phase over time. Some fifteen minutes on a machine that has nothing else to do; Linux with
PulseAudio, JACK and jack_midi_clock, and the extra [link]. Exit status 1 where a bar is missed, and with CI=true where one could
not be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

# As `vamen` does, and before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bridge.errors import VamenError
from bridge.model import Model
from bridge.whole_file import replacing
from tests.rig import null_sinks
from tests.rigs import transport
from tests.rigs.on_the_one import CLICKS, SINK, Followed, behind_jack, behind_link
from tests.rigs.pictures import Panel, panel, save_phases
from tests.rigs.reports import report
from tests.rigs.verdicts import (
    CHANGE,
    JACK_TEMPOS,
    MOST_LINK_PHASE_MS,
    MOST_PHASE_MS,
    change_figures,
    figures,
    steady_figures,
    transport_figures,
)  # fmt: skip
from training.ruler.figures import Line, lines

DEFAULT_OUT = Path("runs/rig")
PARTS = ("jack", "change", "transport", "link", "rate")

SECONDS = 120.0
"""Of each tempo."""
CHANGE_SECONDS, OTHER_RATE_SECONDS = 20.0, 30.0
TRIES, SPARE_RUNS = 3, 2
"""Runs of one thing until its master was steady, and of all of them beyond the first: twenty minutes in all."""
LONG_CLICKS = 80
"""For twenty seconds before the first run, which is long enough to see whether two clocks drift, instead of two."""

Results = dict[str, Any]
Pictures = dict[str, list[Panel]]
Measured = TypeVar("Measured", Followed, transport.Transport)


def measure(model: Model, part: str, seconds: float, patience: Patience, results: Results, pictures: Pictures) -> Iterator[str]:
    """One part; says what comes next before each run."""
    first, then = CHANGE
    jack = results.setdefault("jack", {})
    with null_sinks(SINK) as sinks:
        match part:
            case "jack":
                for tempo in JACK_TEMPOS:
                    yield f"jack_midi_clock at {tempo:g} BPM for {seconds:.0f} s"
                    clicks = LONG_CLICKS if tempo == JACK_TEMPOS[0] else CLICKS
                    followed = patience.steadiest(partial(behind_jack, sinks, model, tempo, seconds, clicks=clicks))
                    jack[f"{tempo:g}"] = steady_figures(followed)
                    pictures.setdefault("jack", []).append(panel(f"jack_midi_clock, {tempo:g} BPM", followed, MOST_PHASE_MS))
            case "change":
                yield "jack_midi_clock from 126 to 140 BPM"
                followed = patience.steadiest(partial(behind_jack, sinks, model, first, CHANGE_SECONDS, then))
                jack["change"] = change_figures(followed, then, MOST_PHASE_MS)
                pictures["change"] = [panel(f"jack_midi_clock, {first:g} to {then:g} BPM", followed, MOST_PHASE_MS)]
            case "transport":
                yield "start, stop, continue, and a master that vanishes"
                results["transport"] = transport_figures(patience.steadiest(partial(transport.behind_jack, sinks, model)))
            case "link":
                yield f"Ableton Link at 126 BPM for {seconds:.0f} s, then at 140"
                followed = behind_link(sinks, model, first, seconds, then, CHANGE_SECONDS)
                results["link"] = {
                    "steady": steady_figures(followed, last=followed.changed or 0.0),
                    "change": change_figures(followed, then, MOST_LINK_PHASE_MS),
                }
                pictures["link"] = [panel(f"Ableton Link, {first:g} to {then:g} BPM", followed, MOST_LINK_PHASE_MS)]
    if part == "rate":
        yield "jack_midi_clock at 126 BPM, a sink at 48000 Hz"
        with null_sinks(SINK, sample_rate=48000) as sinks:
            jack["48000"] = steady_figures(patience.steadiest(partial(behind_jack, sinks, model, first, OTHER_RATE_SECONDS)))


class Patience:
    """With a master that stumbles: `spare` runs are left."""

    def __init__(self, spare: int) -> None:
        self.spare = spare

    def steadiest(self, run: Callable[[], Measured]) -> Measured:
        """A run whose master was steady; of up to TRIES in which it stumbled, the one in which it did so least."""
        found = [run()]
        while not found[-1].steady and len(found) < TRIES and self.spare > 0:
            self.spare -= 1
            found.append(run())
        return replace(min(found, key=lambda each: each.unsteady), tries=len(found))


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.rigs", description="Is it on the one?")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="of each tempo (%(default)s)")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where to leave the results (%(default)s)")
    options = parser.parse_args(arguments)
    parts = (options.only,) if options.only else PARTS
    results: Results = {}
    pictures: Pictures = {}
    unmeasured: list[str] = []
    patience = Patience(SPARE_RUNS)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None)
        for part in parts:
            try:
                for what in measure(Model.load(), part, options.seconds, patience, results, pictures):
                    shown.update(task, description=what)
                    # After each run, so that whoever loses patience has what there is.
                    save(options.out, results, pictures, unmeasured)
            except (VamenError, pytest.skip.Exception, pytest.fail.Exception) as error:
                unmeasured.append(f"{part} ({error})")
    found = save(options.out, results, pictures, unmeasured)
    table, _ = report(found, unmeasured)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    missed = any(line.verdict not in ("", "met") for line in found)
    return int(missed or (bool(unmeasured) and os.environ.get("CI") == "true"))


def save(out: Path, results: Results, pictures: Pictures, unmeasured: list[str]) -> list[Line]:
    """Leave figures, report and pictures in a folder; returns the report's lines."""
    found = lines(results, figures())
    _, text = report(found, unmeasured)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in (("results.json", json.dumps(results, indent=1) + "\n"), ("report.md", text + "\n")):
        with replacing(out / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    for name, panels in pictures.items():
        save_phases(out / f"{name}.png", panels)
    return found


if __name__ == "__main__":
    sys.exit(main())
