"""The whole ruler on a small model and a few breaks: a first measurement, its claims, and a model that is worse than they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, PRESETS
from export.claims import main as claims_command
from tests.conftest import TINY_MODEL
from tests.sounds import break_loop, hat, kick, snare
from tests.test_breaks import source
from tests.test_sources import loop
from training import evaluate
from training.breaks import build
from training.dataset import MANIFEST_FILE, SPLITS
from training.ruler import axes, copies, draws, evaluator, level, morph
from training.ruler.bars import HELD_OUT, LOOPS
from training.slices import make_bank


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    sources = [source("amen", loop(), 4)]
    sources += [source(name, hit, role=name) for name, hit in (("kick", kick()), ("snare", snare()), ("hat", hat()))]
    build(make_bank(sources), [], folder, 30, PRESETS["hifi"], 0, 1)
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    manifest["split"] = [SPLITS.index("held_out_draw")] * 6 + [SPLITS.index("held_out_source")] * 2 + [0] * 22
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest))
    return folder


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sizes of a measurement that is over in seconds."""
    monkeypatch.setattr(evaluator, "HEARD", dict.fromkeys(HELD_OUT, 1))
    monkeypatch.setattr(draws, "DRAWS", 6)
    monkeypatch.setattr(draws, "MIN_HELD_OUT", 6)
    monkeypatch.setattr(axes, "BREAKS", 2)
    monkeypatch.setattr(axes, "HEARD_BREAKS", 1)
    monkeypatch.setattr(copies, "SAMPLED", 8)
    monkeypatch.setattr(level, "RENDERED", 2)
    monkeypatch.setattr(level, "EXTREMES", 1)
    monkeypatch.setattr(morph, "PAIRS", 2)


def test_what_is_measured_is_claimed_and_what_is_worse_than_claimed_fails(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, figures = tmp_path / "tiny.onnx", tmp_path / "figures.json"
    model.write_bytes(TINY_MODEL.read_bytes())
    (tmp_path / "loops").mkdir()
    soundfile.write(tmp_path / "loops" / "own_161bpm.wav", break_loop(), ENGINE_SAMPLE_RATE, subtype="FLOAT")
    command = [str(model), str(data), "--loops", str(tmp_path / "loops"), "--json", str(figures)]

    assert evaluate.main(command) == 0
    printed = capsys.readouterr().out
    sections = (*HELD_OUT.values(), *LOOPS.values(), "drawn breaks", "knobs", "morphs")
    assert all(section in printed for section in sections) and "claims no figures" in printed
    page = figures.with_suffix(".html").read_text()
    assert page.count("<audio") >= 10 and "own_161bpm" in page

    measured = figures.read_text()
    claimed = json.loads(measured)
    claimed["results"]["held_out_draw"]["pictures"]["model"]["error_db"] -= 1.0
    figures.write_text(json.dumps(claimed))
    assert claims_command([str(model), str(figures)]) == 0
    capsys.readouterr()
    assert evaluate.main(command) == 1
    assert "1 figures are worse than the card claims" in capsys.readouterr().out
    assert figures.read_text() == measured
