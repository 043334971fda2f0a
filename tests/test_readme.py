"""What the documents say is so: tables from the code, links that lead somewhere, commands that the parser takes."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from bridge.command_line import build_parser
from bridge.shipped_models import DEFAULT_PATH
from tests.conftest import ROOT

GUIDE = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "guide").glob("*.md"))
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", *GUIDE)
MAX_PICTURE_BYTES = 300_000


def commands(document: str, program: str) -> list[str]:
    """Lines of the document's code blocks that call a program, comments left out."""
    blocks = re.findall(r"```\w*\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.split(" ")[0] == program]


def test_the_tables_are_what_the_code_says() -> None:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert spec is not None and spec.loader is not None
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert tables.with_tables(readme) == readme, "run python docs/tables.py"
    assert "| `/vamen/axis/<axis>` |" in readme and "| CC 1 to 6 |" in readme


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_and_picture_is_there(document: str) -> None:
    page = ROOT / document
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        path = (page.parent / name).resolve()
        if path.is_relative_to(DEFAULT_PATH.parent) and not DEFAULT_PATH.exists():
            continue
        assert path.exists(), target
        if heading:
            lines = path.read_text(encoding="utf-8").splitlines()
            assert heading in {anchor(line) for line in lines if line.startswith("#")}, target


def anchor(line: str) -> str:
    """A heading's name in a link, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")


def test_every_vamen_command_is_one() -> None:
    lines = [line for document in DOCUMENTS for line in commands(document, "vamen")]
    assert len(lines) > 10
    for line in lines:
        parsed = build_parser().parse_args(shlex.split(line)[1:])
        assert callable(parsed.run), line


def test_every_make_target_is_one() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {shlex.split(line)[1] for document in DOCUMENTS for line in commands(document, "make")}
    assert targets >= {"demo", "test", "train-env", "data", "train"}
    assert {target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()


def test_every_module_that_a_command_runs_is_there() -> None:
    modules = re.findall(r"python -m ((?:training|export|tests)[\w.]*)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert modules
    for module in modules:
        path = ROOT / Path(*module.split("."))
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_pictures_are_small() -> None:
    pictures = [path for path in (ROOT / "docs").iterdir() if path.suffix in (".png", ".svg")]
    assert pictures
    assert all(path.stat().st_size < MAX_PICTURE_BYTES for path in pictures)
