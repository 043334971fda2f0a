"""`python -m training.evaluate MODEL.onnx DATA [--loops DIR] [--json OUT.json]`: the ruler.

One table of figures with every bar as met or missed, and one HTML report with pictures side by side and sound beside them. All
choices come from fixed seeds. Exit status 1 where a figure is worse than the model's card claims of the same breaks.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from bridge.errors import VamenError
from bridge.whole_file import replacing
from training.ruler.evaluator import Evaluation, Evaluator
from training.ruler.report import html, terminal_table

TABLE_WIDTH = 160
"""Of a table that is written to a file or a log, in characters; a terminal has its own."""


def evaluate(model: Path, data: Path, loops: Sequence[Path], out: Path) -> Evaluation:
    """Measures, prints the table, and writes `out` (JSON) and the HTML report beside it.

    :raises VamenError: model, data set or loops cannot be used, or the report cannot be written
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        evaluator = Evaluator(model, data, loops, shown)
        evaluation = evaluator.measure()
    for item in evaluator.left_out:
        print(f"left out: {item.name}: {item.reason}", file=sys.stderr)
    console = Console() if sys.stdout.isatty() else Console(width=TABLE_WIDTH)
    console.print(terminal_table(f"{model} on {data}", evaluation.lines))
    bars = [line for line in evaluation.lines if line.asked]
    met = sum(not line.missed_by for line in bars)
    worse = [line for line in evaluation.lines if line.worse_than_claimed]
    verdict = f"{met} of {len(bars)} bars met. {evaluation.claims_sentence(len(worse))}"
    console.print(verdict)
    page = out.with_suffix(".html")
    facts = [verdict, *evaluation.facts]
    for path, text in (
        (page, html(f"{model.name} by the ruler", facts, evaluation.lines, evaluation.examples, evaluation.crosstalk)),
        (out, json.dumps(evaluation.document, indent=1, sort_keys=True, allow_nan=False) + "\n"),
    ):
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    console.print(f"{page}, {out}")
    return evaluation


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description="Measure a model file.")
    parser.add_argument("model", type=Path, metavar="MODEL.onnx")
    parser.add_argument("data", type=Path, metavar="DATA", help="a data set of the model's preset, made by training.breaks")
    parser.add_argument("--loops", type=Path, metavar="DIR", help="a folder of loops that no training image used")
    parser.add_argument("--json", type=Path, metavar="OUT.json", help="all figures (default: MODEL.evaluation.json, here)")
    options = parser.parse_args(arguments)
    out = options.json or Path(f"{options.model.stem}.evaluation.json")
    try:
        evaluation = evaluate(options.model, options.data, [options.loops] if options.loops else [], out)
    except VamenError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if any(line.worse_than_claimed for line in evaluation.lines) else 0


if __name__ == "__main__":
    sys.exit(main())
