"""The demo: the shipped performance, and a short one from socket to report."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from bridge.mel_spectrogram import BEATS_PER_BAR, PRESETS
from bridge.model import Model
from bridge.parameters import layout_of
from bridge.shipped_models import DEFAULT_PATH
from bridge.take import read_take
from demo import compose
from tests.conftest import ROOT, TINY_MODEL

pytestmark = pytest.mark.real_time

SHORT = """\
00000000.00000000 /vamen/tempo f 240.000000
00000000.00000000 /vamen/axis/air f 0.200000
00000000.00000000 /vamen/quantise s "step"
00000000.00000000 /vamen/play i 1
00000000.20cda37f /vamen/axis/kick f 0.900000
00000000.40038600 /vamen/export s "short"
00000001.be9bcd11 /vamen/stop i 1
"""
"""Two bars at 240 BPM, the last quarter of a second silent because it asks for that."""

SHORT_FRAMES = PRESETS["hifi"].loop_length(240.0)


@pytest.fixture
def run_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """demo/run.py as a module; it finds its neighbours as a script does."""
    monkeypatch.syspath_prepend(str(ROOT / "demo"))
    return importlib.import_module("run")


def demo_command(folder: Path) -> list[str]:
    performance = folder / "short.osc"
    performance.write_text(SHORT)
    command = [sys.executable, str(ROOT / "demo" / "run.py"), "--performance", str(performance), "--out", str(folder / "out")]
    return [*command, "--model", str(TINY_MODEL), "--output", "none"]


def test_the_shipped_performance_is_what_its_score_says(tmp_path: Path) -> None:
    compose.write(tmp_path / "performance.osc")
    assert (tmp_path / "performance.osc").read_bytes() == compose.PATH.read_bytes(), "run python demo/compose.py"


def test_the_shipped_performance_can_be_played_by_the_shipped_model() -> None:
    layout, slots = compose.LAYOUT, 8
    if DEFAULT_PATH.exists():
        metadata = Model.load().metadata
        layout, slots = layout_of(metadata), len(metadata.slots)
    changes = read_take(compose.PATH, layout)
    bar_frames = PRESETS["hifi"].loop_length(compose.BEATS_PER_MINUTE) * BEATS_PER_BAR / PRESETS["hifi"].beats
    assert compose.BARS >= 32
    assert (compose.BARS - 1) * bar_frames < changes[-1].frame < compose.BARS * bar_frames
    names = [change.control.name for change in changes]
    assert names[-1] == "stop"
    assert [change.control.name for change in changes if change.frame == 0][-1] == "play"
    assert names.count("export") >= 4
    assert {change.control.values[0] for change in changes if change.control.name == "slot_recall"} <= set(range(1, slots + 1))


def test_a_short_performance_from_the_socket_to_the_report(tmp_path: Path) -> None:
    finished = subprocess.run(demo_command(tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    out = tmp_path / "out"
    samples, sample_rate = soundfile.read(out / "performance.wav")
    assert (len(samples), sample_rate) == (SHORT_FRAMES, 44_100)
    assert np.abs(samples[:-11_025]).max() > 0.01
    assert np.abs(samples[-5_000:]).max() == 0.0, "the take ends with a stop"
    rows = dict(line.strip("| ").split(" | ") for line in (out / "report.md").read_text().splitlines()[2:])
    assert rows["bars played"] == "2 at 240 BPM"
    assert int(rows["repaints"]) >= 1
    assert rows["exports"] == "1"
    assert rows["provider"].endswith("ExecutionProvider")
    if rows["late repaints"] == "0":
        assert rows["equals its offline render"] == "to the bit"
    assert sorted(path.name for path in (out / "exports").iterdir()) == [
        f"short_240bpm_2bars_0001{suffix}" for suffix in (".json", ".png", ".wav")
    ]
    assert all(row in finished.stdout for row in rows.values())
    assert (out / "performance.png").stat().st_size > 10_000


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is a signal of POSIX here")
def test_ctrl_c_ends_the_demo_and_what_it_started(tmp_path: Path) -> None:
    process = subprocess.Popen(demo_command(tmp_path), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    while "vamen plays" not in (line := process.stdout.readline()):
        assert line, "the demo ended before it played"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)  # the player holds the pipe's other end no longer
    assert process.returncode == 130
    assert output.endswith("demo: interrupted.\n") and "Traceback" not in output
    assert not (tmp_path / "out" / "performance.wav").exists()


def test_a_silence_counts_only_where_the_offline_render_sounds(run_module: ModuleType) -> None:
    twin = np.full(44_100, 0.1, dtype=np.float32)
    twin[:8_820] = 0.0
    samples = twin.copy()
    assert run_module.longest_gap(samples, twin) == 0.0
    samples[13_230:22_050] = 0.0
    assert run_module.longest_gap(samples, twin) == pytest.approx(0.2)


def test_what_a_performance_must_not_do_is_said_in_a_sentence(run_module: ModuleType, tmp_path: Path, tiny_model: Model) -> None:
    path = tmp_path / "short.osc"
    path.write_text(SHORT)
    performance = run_module.Performance.read(path, tiny_model)
    figures = {"exports": "1", "generator failures": "0"}
    run_module.check(performance, figures, peak=-1.2, gap=0.05)
    for wrong, word in (
        ((figures, -0.9, 0.0), "peak"),
        ((figures, -1.2, 0.2), "silence"),
        ((figures | {"exports": "0"}, -1.2, 0.0), "exports"),
        ((figures | {"generator failures": "1"}, -1.2, 0.0), "generator"),
    ):
        with pytest.raises(run_module.VamenError, match=word):
            run_module.check(performance, *wrong)


def test_a_performance_with_two_tempos_is_refused(run_module: ModuleType, tmp_path: Path, tiny_model: Model) -> None:
    path = tmp_path / "short.osc"
    path.write_text(SHORT.replace("00000001.be9bcd11 /vamen/stop i 1", "00000001.be9bcd11 /vamen/tempo f 120.0"))
    with pytest.raises(run_module.VamenError, match="tempo"):
        run_module.Performance.read(path, tiny_model)
