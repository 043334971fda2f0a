"""An exported file equals its checkpoint, says what it is, and is not written where it would not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import nn

from bridge.errors import VamenError
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE
from bridge.model import Model
from export import __main__ as command
from export import convert, refine
from export.convert import measured_reach
from tests.break_images import SPEC, make_dataset
from tests.sounds import break_loop
from tests.test_train import SMALL, trainer
from training.dataset import BreakDataset
from training.model import REACH, StepVAE
from training.train import Checkpoint, decode_rings, encode_means


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> BreakDataset:
    return make_dataset(tmp_path_factory.mktemp("data"), count=30)


@pytest.fixture(scope="module")
def run_folder(dataset: BreakDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    trainer(dataset, folder, 12).run()
    return folder


@pytest.fixture(scope="module", autouse=True)
def hasty_axes() -> Iterator[None]:
    """Axes are hardly bent: how well they are is the business of test_axes.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refine, "EPOCHS", (1, 1))
        patch.setattr(refine, "UPDATES", (2, 2))
        yield


@pytest.fixture(scope="module")
def exported(dataset: BreakDataset, run_folder: Path) -> Path:
    home = run_folder / "loop_home_161bpm.wav"
    soundfile.write(home, break_loop(), ENGINE_SAMPLE_RATE, subtype="FLOAT")
    path = run_folder / "small.onnx"
    arguments = [str(run_folder / "checkpoint.pt"), str(path), "--data", str(dataset.path), "--home", str(home)]
    assert command.main(arguments) == 0
    return path


def torch_model(run_folder: Path) -> StepVAE:
    checkpoint = Checkpoint.load(run_folder / "checkpoint.pt")
    model = StepVAE(checkpoint.model_config).eval()
    model.load_state_dict(convert.half_precision(checkpoint.average))
    return model


def test_the_file_paints_and_encodes_as_the_checkpoint_does(exported: Path, run_folder: Path, dataset: BreakDataset) -> None:
    played, model = Model.load(exported), torch_model(run_folder)
    latents = np.random.default_rng(5).standard_normal((1, 48, SMALL.latent_dimensions)).astype(np.float32)
    assert np.abs(played.decode_ring(latents[0]) - decode_rings(model, latents)[0]).max() < 1e-4
    images = dataset.images[:2].astype(np.float32) / 255.0
    assert np.abs(played.encode(images[0]) - encode_means(model, images)[0]).max() < 1e-4


def test_the_file_says_what_it_is(exported: Path, dataset: BreakDataset) -> None:
    metadata = Model.load(exported).metadata
    assert metadata.spec == SPEC and metadata.reach == REACH and metadata.name == "small"
    assert metadata.slots[0].name.startswith("home") and len(metadata.slots) > 1
    assert {source["name"] for source in metadata.training["sources"]} == {f"loop_{index}.flac" for index in range(4)}
    assert metadata.training["scores"]["held_out_draw"]["error_db"] > 0.0
    assert {"pc1", "pc2"} <= {axis.name for axis in metadata.axes}
    card = exported.with_suffix(".md").read_text(encoding="utf-8")
    assert Model.load(exported).sha256 in card and "1969" in card and "loop_3.flac" in card


def test_home_is_the_loop_that_was_named(exported: Path) -> None:
    model = Model.load(exported)
    from bridge.encode import encode_loop, read_loop

    path = exported.parent / "loop_home_161bpm.wav"
    encoded = encode_loop(read_loop(path), model, 0.0, path)
    assert np.allclose(model.metadata.slots[0].latent, encoded, atol=1e-3)


def test_a_second_export_is_the_same_file(exported: Path, dataset: BreakDataset, run_folder: Path) -> None:
    before = Model.load(exported).sha256
    home = run_folder / "loop_home_161bpm.wav"
    arguments = [str(run_folder / "checkpoint.pt"), str(exported), "--data", str(dataset.path), "--home", str(home)]
    assert command.main(arguments) == 0
    assert Model.load(exported).sha256 == before


def test_a_file_that_differs_is_not_written(
    exported: Path, run_folder: Path, monkeypatch: pytest.MonkeyPatch, dataset: BreakDataset
) -> None:
    right = convert.decode_rings
    monkeypatch.setattr(convert, "decode_rings", lambda model, latents: right(model, latents) + np.float32(2e-3))
    path = run_folder / "other.onnx"
    path.write_bytes(b"was here before")
    images = dataset.images[:1].astype(np.float32) / 255.0
    with pytest.raises(VamenError, match=r"differs from its checkpoint \(decoded"):
        convert.write_proved(torch_model(run_folder), Model.load(exported).metadata, path, images)
    assert path.read_bytes() == b"was here before"
    assert not list(run_folder.glob(".*"))


def test_a_decoder_that_looks_too_far_is_refused(exported: Path, run_folder: Path, dataset: BreakDataset) -> None:
    model, metadata = torch_model(run_folder), Model.load(exported).metadata
    assert measured_reach(model, metadata) == REACH
    width = SMALL.step_width
    model.decoder.mix[0] = nn.Conv1d(width, width, 3, padding=1)
    images = dataset.images[:1].astype(np.float32) / 255.0
    with pytest.raises(VamenError, match="reads 3 steps"):
        convert.write_proved(model, metadata, run_folder / "far.onnx", images)
    assert not (run_folder / "far.onnx").exists()


def test_the_wrong_data_set_is_refused(run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(run_folder / "checkpoint.pt"), str(tmp_path / "x.onnx"), "--data", str(tmp_path)]
    assert command.main(arguments) == 2
    assert "no data set" in capsys.readouterr().err


def test_torch_is_not_needed_to_play(exported: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from bridge.model import Model; m = Model.load(sys.argv[1]); m.decode_ring(m.metadata.slots[0].latent); "
        "sys.exit(bool({'torch', 'onnx', 'librosa'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(exported)], check=False, timeout=60).returncode == 0
    assert torch.get_num_threads() >= 1
