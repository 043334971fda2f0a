"""What a start of the playing side loads, what it costs, and what the learning side can do without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sounds import kick, snare
from tests.test_breaks import source
from training.slices import make_bank

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


# torch, what its metadata say it requires, and what those require; nvidia and triton are its GPU build's.
TORCH = {"torch", "torchgen", "functorch", "filelock", "typing_extensions", "setuptools", "sympy", "mpmath", "networkx", "jinja2"}
TORCH |= {"markupsafe", "fsspec", "nvidia", "triton"}
BARE = f"""
import sys, sysconfig
from importlib.machinery import PathFinder
sysconfig.get_config_vars()  # from a module of the standard library whose name says which platform it is
there = {TORCH | {"numpy", "scipy", "bridge", "training"}} | sys.stdlib_module_names
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *more: find(name, *more) if name.partition(".")[0] in there else None
from training import breaks, train
slices, data, run = sys.argv[1:]
assert breaks.main([slices, "--out", data, "--count", "4", "--preset", "classic", "--workers", "1"]) == 0
assert train.main([data, "--out", run, "--from-scratch", "--updates", "1", "--batch", "1"]) == 0
"""


def test_breaks_and_training_need_torch_numpy_and_scipy_alone(tmp_path: Path) -> None:
    make_bank([source("bd", kick(), role="kick"), source("sn", snare(), role="snare")]).save(tmp_path / "slices.npz")
    command = [sys.executable, "-c", BARE, *(str(tmp_path / name) for name in ("slices.npz", "data", "run"))]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.count("Pictures are left out") == 1
    made = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {"images.u8", "manifest.json", "checkpoint.pt", "000001-drawn.wav"} <= made
    assert not {name for name in made if name.endswith(".png")}
