"""What a start of the playing side loads, and what it costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(path.stem for path in (ROOT / "bridge").glob("*.py") if path.stem != "__init__")


def modules_after(statement: str) -> set[str]:
    """Top-level names in sys.modules of a fresh process after a statement."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


def test_the_command_loads_nothing_heavy() -> None:
    heavy = {"torch", "librosa", "numpy", "scipy", "onnxruntime", "rich", "sounddevice", "soundfile", "rtmidi", "mido", "PIL"}
    assert modules_after("import bridge.__main__") & heavy == set()


def test_no_module_of_the_bridge_loads_the_learning_side() -> None:
    statement = "import importlib\n" + "\n".join(f"importlib.import_module('bridge.{name}')" for name in MODULES)
    assert modules_after(statement) & {"torch", "librosa", "training", "export", "onnx", "numba"} == set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no wait4, which tells a child's processor time")
def test_help_costs_less_than_half_a_second_of_processor_time() -> None:
    command = [sys.executable, "-m", "bridge", "--help"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert b"play" in text
    assert usage.ru_utime + usage.ru_stime < 0.5
