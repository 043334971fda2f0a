"""What a rig has found, as a table for the terminal and as Markdown."""

from __future__ import annotations

from rich.table import Table

from tests.benchmarks.report import machine
from training.ruler.figures import Line


def report(found: list[Line], unmeasured: list[str]) -> tuple[Table, str]:
    """The figures as a table for the terminal, and as Markdown."""
    table = Table("what", "measured", "asked", "verdict", "beside")
    rows = [f"{machine()}\n", "| what | measured | asked | verdict | beside |", "|---|---|---|---|---|"]
    section = ""
    for line in found:
        if line.figure.section != section:
            section = line.figure.section
            table.add_section()
            table.add_row(f"[bold]{section}")
            rows.append(f"| **{section}** | | | | |")
        table.add_row(line.figure.label, line.stated, line.asked, line.verdict, line.beside)
        rows.append(f"| {line.figure.label} | {line.stated} | {line.asked} | {line.verdict} | {line.beside} |")
    judged = [line for line in found if line.figure.bar is not None]
    met = sum(line.verdict == "met" for line in judged)
    closing = f"{met} of {len(judged)} bars met."
    if unmeasured:
        closing += f" Not measured: {'; '.join(unmeasured)}."
    table.caption = closing
    return table, "\n".join([*rows, "", closing])
