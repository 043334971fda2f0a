"""What the benchmark found as Markdown: the bars, and the figures behind them."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.bars import MOST_IDLE_PERCENT, figures
from training.ruler.figures import Figure, Line, lines


@dataclass(frozen=True)
class Verdict:
    """All figures that were measured, and those with a bar that should have been and were not."""

    lines: list[Line]
    unmeasured: list[Figure]

    @classmethod
    def of(cls, results: Mapping[str, Any], whole: bool) -> Verdict:
        """What results say; `whole` where they should hold every part."""
        found = lines(results, figures())
        paths = {line.figure.path for line in found}
        bars = [figure for figure in figures() if figure.bar is not None]
        return cls(found, [figure for figure in bars if figure.path not in paths] if whole else [])

    @property
    def judged(self) -> list[Line]:
        """The lines that have a bar."""
        return [line for line in self.lines if line.figure.bar is not None]

    @property
    def met(self) -> int:
        """How many bars are met."""
        return sum(line.verdict == "met" for line in self.judged)

    @property
    def exit_status(self) -> int:
        """1 where a bar is missed, and on CI where one was not measured; else 0."""
        unseen = bool(self.unmeasured) and os.environ.get("CI") == "true"
        return int(self.met < len(self.judged) or unseen)


def machine() -> str:
    """The machine in a line."""
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line.split(":", 1)[1].strip() for line in information.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0] if names else cpu
    return f"{os.cpu_count()} cores, {cpu}, {platform.system()}, Python {platform.python_version()}"


def markdown(results: Mapping[str, Any], verdict: Verdict, remark: str) -> str:
    """The report: a line for each figure, tables of cells, stages and processes, a remark, and the verdict."""
    rows = ["| what | measured | asked | verdict | beside |", "|---|---|---|---|---|"]
    section = ""
    for line in verdict.lines:
        if line.figure.section != section:
            section = line.figure.section
            rows.append(f"| **{section}** | | | | |")
        rows.append(f"| {line.figure.label} | {line.stated} | {line.asked} | {line.verdict} | {line.beside} |")
    for figure in verdict.unmeasured:
        rows.append(f"| {figure.section}: {figure.label} | not measured | | | |")
    parts = [f"{machine()}\n", *rows, ""]
    if "knob" in results:
        parts += _knob_table(results["knob"])
    if "stages" in results:
        parts += _stage_table(results["stages"])
    if "endurance" in results:
        parts += _process_table(results["endurance"])
    missed = [line.figure.label for line in verdict.judged if line.verdict != "met"]
    parts += [remark] if remark else []
    parts.append(f"{verdict.met} of {len(verdict.judged) + len(verdict.unmeasured)} bars met.")
    parts += [f"Missed: {'; '.join(missed)}."] if missed else []
    return "\n".join(parts)


def _knob_table(cells: Mapping[str, Any]) -> list[str]:
    names = ("median", "p95", "p99", "worst")
    rows = [
        "| knob to ear, ms | median | p95 | p99 | worst | turns | lost | unclear | chunks early, late ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for cell, found in cells.items():
        blocksize, load = cell.split("_")
        low, high = found["jitter_ms"]
        times = " | ".join(f"{found[name]:.1f}" for name in names)
        counts = f"{found['turns']} | {found['lost']} | {found['unclear']}"
        rows.append(f"| blocks of {blocksize}, {load} | {times} | {counts} | {low:.1f}, {high:.1f} |")
    return [*rows, ""]


def _stage_table(stages: Mapping[str, Any]) -> list[str]:
    lengths = list(next(iter(stages.values())))
    rows = [f"| ms, median (p95), bars: | {' | '.join(lengths)} |", "|---|" + "---|" * len(lengths)]
    for stage, found in stages.items():
        cells = " | ".join(f"{found[bars]['median']:.1f} ({found[bars]['p95']:.1f})" for bars in lengths)
        rows.append(f"| {stage.replace('_', ', ')} | {cells} |")
    return [*rows, ""]


def _process_table(endurance: Mapping[str, Any]) -> list[str]:
    idle, bare = endurance["idle_percent_of_a_core"], endurance["bare_idle_percent_of_a_core"]
    rows = [
        "| process | resident MB | shared pages counted once, MB | idle, % of a core | while a knob turns |",
        "|---|---|---|---|---|",
    ]
    columns = (("resident", 0), ("proportional", 0), ("idle", 1), ("turning", 1))
    for name, found in endurance["processes"].items():
        rows.append(f"| {name} | {' | '.join(f'{found[column]:.{digits}f}' for column, digits in columns)} |")
    rows.append(f"| a bare callback, beside it | | | {bare:.1f} | {endurance['bare_turning_percent_of_a_core']:.1f} |")
    place = "above" if idle > MOST_IDLE_PERCENT else "within"
    judged = (
        f"At rest all processes together take {idle:.1f} % of a core, which is {place} {MOST_IDLE_PERCENT:.0f} %. A callback "
        f"that copies a slice takes {bare:.1f} % in the same seconds, and the bar is held against the difference."
    )
    return [*rows, "", judged, ""]
