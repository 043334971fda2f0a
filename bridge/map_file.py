"""Changes one row in the text of a control map and leaves everything else in it as its owner wrote it."""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from bridge.control_map import MAX_MAP_BYTES, read_document
from bridge.control_row import Source
from bridge.errors import VamenError
from bridge.map_reading import MAX_ROWS, read_source, tables_of
from bridge.whole_file import reason, replacing

_HEADER = re.compile(r"\s*\[\[\s*(control|\"control\"|'control')\s*\]\]\s*(#.*)?")


def save_row(path: Path, base: Path | None, table: dict[str, Any]) -> None:
    """Put a row into the map at `path`, in place of rows for the same hardware; where there is no file, into a copy of `base`.

    The file is replaced when the new one is whole and says what it should.

    Raises:
        VamenError: it cannot be read, changed or written; then it is as it was.
    """
    # What a link leads to is changed, and the link stays one.
    path = path.resolve()
    origin = path if path.exists() else base
    text, document = ("", {"control": []}) if origin is None else read_document(origin)
    changed = with_row(text, tables_of(document, origin or path), table, path).encode()
    if len(changed) > MAX_MAP_BYTES:
        raise VamenError(f"The control map {path} would be larger than {MAX_MAP_BYTES} bytes; take rows out of it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VamenError(f"{path.parent} cannot be made ({reason(error)}); give a map of your own with --map FILE.") from error
    with replacing(path) as temporary:
        with temporary.open("wb") as file:
            file.write(changed)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)


def with_row(text: str, tables: list[Any], table: dict[str, Any], path: Path) -> str:
    """A map's text with a row in place of the first one for the same hardware, others for it taken out; else at its end.

    `tables` are the rows that TOML reads in the text. Raises VamenError where they cannot be told apart in it.
    """
    # Not splitlines: what else Unicode takes for line ends may stand in comments.
    lines = text.split("\n")
    begins = [number for number, line in enumerate(lines) if _HEADER.fullmatch(line.rstrip("\r"))]
    if len(begins) != len(tables):
        raise _unchangeable(path)
    source = read_source(table)
    replaced = [number for number, old in enumerate(tables) if _gives_way(old, source)]
    line_end = "\r" if "\r\n" in text else ""
    new = [line + line_end for line in format_row(table)]
    expected = [old for number, old in enumerate(tables) if number not in replaced]
    if not replaced:
        changed = _appended(lines, new, line_end)
        expected.append(table)
    else:
        for number in reversed(replaced):
            begin = begins[number]
            lines[begin : _end(lines, begin, [*begins, len(lines)][number + 1])] = new if number == replaced[0] else []
        changed = lines
        expected.insert(replaced[0], table)
    result = "\n".join(changed)
    try:
        understood = tomllib.loads(result)
    except tomllib.TOMLDecodeError as error:
        raise _unchangeable(path) from error
    if understood != {"control": expected}:
        raise _unchangeable(path)
    if len(expected) > MAX_ROWS:
        raise VamenError(f"The control map {path} would have {len(expected)} rows; {MAX_ROWS} are the most.")
    return result


def format_row(table: dict[str, Any]) -> list[str]:
    """A row's lines in TOML."""
    return ["[[control]]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]


def _gives_way(old: Any, source: Source) -> bool:
    try:
        return source.replaces(read_source(old))
    except (ValueError, TypeError):
        # A row that is wrong is its owner's to mend.
        return False


def _end(lines: list[str], begin: int, limit: int) -> int:
    """The line after the last of a row that says anything: comments after that belong to what comes next."""
    last = max(number for number in range(begin, limit) if (line := lines[number].strip()) and not line.startswith("#"))
    return last + 1


def _appended(lines: list[str], new: list[str], line_end: str) -> list[str]:
    if lines == [""]:
        return [*new, ""]
    if lines[-1]:
        return [*lines[:-1], lines[-1] + line_end, line_end, *new, ""]
    return [*lines[:-1], line_end, *new, ""]


def _unchangeable(path: Path) -> VamenError:
    return VamenError(
        f"The control map {path} is not written in [[control]] rows, one below the other, so that none can be changed."
    )
