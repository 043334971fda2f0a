"""Brings the README's tables up to date with the code: `python docs/tables.py`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from bridge.map_places import DEFAULT_MAP
from bridge.parameters import markdown_table

README = Path(__file__).parent.parent / "README.md"

_LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")


def midi_table() -> str:
    """The default control map, neighbouring controls that do neighbouring things in one row."""
    rows: list[list[tuple[str, str]]] = []
    for control in tomllib.loads(DEFAULT_MAP.read_text(encoding="utf-8"))["control"]:
        cell = _source(control), _meaning(control)
        if rows and tuple(map(_counted_up, rows[-1][-1])) == cell:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    lines = ["| MIDI | moves |", "|---|---|"]
    for row in rows:
        (source, meaning), (last_source, last_meaning) = row[0], row[-1]
        if len(row) > 1:
            source, meaning = f"{source} to {last_source.removeprefix('CC ')}", f"{meaning} to {last_meaning}"
        lines.append(f"| {source} | {meaning} |")
    return "\n".join(lines) + "\n"


def _source(control: dict[str, Any]) -> str:
    if "notes" in control:
        first, last = control["notes"]
        return f"notes {first} to {last}"
    return f"CC {control['cc']}"


def _meaning(control: dict[str, Any]) -> str:
    message = f"`{control['target']} {control['value']}`" if "value" in control else f"`{control['target']}`"
    if "range" in control:
        first, last = control["range"]
        message += f", {first} to {last}"
    if "release" in control:
        message += f"; `{control['release']}` when the last key is let go"
    return message


def _counted_up(text: str) -> str:
    """The text with its last number one higher."""
    return _LAST_NUMBER.sub(lambda match: str(int(match[1]) + 1), text)


def with_tables(readme: str) -> str:
    """A README with the text between its `<!-- table NAME -->` and `<!-- end -->` marks made anew."""
    for name, table in (("osc", markdown_table()), ("midi", midi_table())):
        pattern = re.compile(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(readme):
            raise ValueError(f"the README has no place for the table {name!r}")
        readme = pattern.sub(lambda match, table=table: match[1] + table + match[2], readme)  # type: ignore[misc]
    return readme


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
