"""What several test modules share: the tiny model, and `vamen` as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.model import Model

ROOT = Path(__file__).parent.parent
TINY_MODEL = Path(__file__).parent / "fixtures" / "tiny.onnx"

RunVamen = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def tiny_model() -> Model:
    """The few KB of model that stand in for a trained one; see make_tiny_model.py."""
    return Model.load(TINY_MODEL)


@pytest.fixture
def run_vamen() -> RunVamen:
    """Runs `python -m bridge ARGUMENTS` to its end."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bridge", *map(str, arguments)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    return run
