"""Training resumes to the bit, stops when asked, and several processes learn as one; the model keeps its promises."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bridge.errors import VamenError
from tests.break_images import SPEC, make_dataset
from tests.conftest import ROOT
from training import scores, train
from training.dataset import BreakDataset
from training.losses import LossWeights, divergence, grain, picture_terms
from training.model import REACH, ModelConfig, StepVAE, around
from training.train import Checkpoint, TrainConfig, Trainer

SMALL = ModelConfig(SPEC.n_mels, SPEC.frames_per_step, 5, 2, 16, 12, (8, 8, 8, 8), (8, 8, 8, 8))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> BreakDataset:
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def trainer(dataset: BreakDataset, out: Path, updates: int) -> Trainer:
    return Trainer(dataset, out, TrainConfig(updates=updates, batch=2, warm_up=2), model_config=SMALL)


def recorded(run: Trainer, monkeypatch: pytest.MonkeyPatch, stop_after: int | None = None) -> list[float]:
    """Runs to the end, or until SIGTERM after some updates; the losses of all updates."""
    losses: list[float] = []
    step = run.step

    def spy(progress: float) -> dict[str, float]:
        terms = step(progress)
        losses.append(terms["loss"])
        if len(losses) == stop_after:
            os.kill(os.getpid(), signal.SIGTERM)
        return terms

    monkeypatch.setattr(run, "step", spy)
    run.run()
    return losses


def test_an_interrupted_run_goes_on_to_the_bit(dataset: BreakDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    whole = recorded(trainer(dataset, tmp_path / "whole", 6), monkeypatch)
    first = recorded(trainer(dataset, tmp_path / "parts", 6), monkeypatch, stop_after=3)
    assert signal.getsignal(signal.SIGTERM) is handler
    resumed = trainer(dataset, tmp_path / "parts", 6)
    assert resumed.resumed and resumed.update == 3
    assert first + recorded(resumed, monkeypatch) == whole
    ends = [Checkpoint.load(tmp_path / name / "checkpoint.pt") for name in ("whole", "parts")]
    assert ends[0].update == ends[1].update == 6
    for name, value in ends[0].average.items():
        assert torch.equal(value, ends[1].average[name]), name
        assert torch.equal(ends[0].model[name], ends[1].model[name]), name


def test_a_run_leaves_curves_pictures_and_sounds(dataset: BreakDataset, tmp_path: Path) -> None:
    trainer(dataset, tmp_path, 2).run()
    made = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {"checkpoint.pt", "curves.png", "samples.png", "000002.png", "000002-drawn.wav", "000002-painted.wav"} <= made
    checkpoint = Checkpoint.load(tmp_path / "checkpoint.pt")
    assert checkpoint.spec == SPEC and checkpoint.model_config == SMALL and checkpoint.weights == LossWeights()
    assert "held-out error, dB" in checkpoint.history[-1]


def test_it_learns(dataset: BreakDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = TrainConfig(updates=60, batch=2, warm_up=5, learning_rate=1e-2)
    losses = recorded(Trainer(dataset, tmp_path, config, model_config=SMALL), monkeypatch)
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])


def test_two_processes_make_the_update_of_one_with_both_batches(dataset: BreakDataset, tmp_path: Path) -> None:
    # It finds a free port itself: one that was free a moment ago may be another test's by now.
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command += ["-m", "tests.train_small", str(dataset.path), str(tmp_path / "two"), "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=240, env=environment)
    assert found.returncode == 0, found.stderr
    alone = Trainer(dataset, tmp_path / "one", TrainConfig(updates=2, batch=2, warm_up=2), model_config=SMALL, precise=True)
    own_batch = alone._batch

    def both() -> tuple[torch.Tensor, torch.Tensor, slice]:
        alone.processes.count = 2
        parts = []
        for alone.processes.rank in (0, 1):
            parts.append(own_batch())
        alone.processes.count, alone.processes.rank = 1, 0
        return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts]), parts[0][2]

    alone._batch = both  # type: ignore[method-assign]
    for update in range(2):
        alone.step(update / 2)
    together = Checkpoint.load(tmp_path / "two" / "checkpoint.pt")
    assert together.update == 2
    for name, value in alone.model.state_dict().items():
        assert torch.allclose(value, together.model[name], atol=2e-4), name


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VamenError, match="There is no checkpoint"):
        Checkpoint.load(tmp_path / "checkpoint.pt")
    (tmp_path / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(VamenError, match="is no VAmEn checkpoint"):
        Checkpoint.load(tmp_path / "checkpoint.pt")


def test_a_run_on_other_pictures_is_not_gone_on_with(
    dataset: BreakDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer(dataset, tmp_path, 1).run()
    other = make_dataset(tmp_path / "data", count=4)
    monkeypatch.setattr(other, "spec", train.MelSpectrogramSpec.from_dict({**SPEC.to_dict(), "f_min": 30.0}))
    with pytest.raises(VamenError, match="another kind"):
        trainer(other, tmp_path, 1)


def test_the_command_line_names_a_missing_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main([str(tmp_path), "--out", str(tmp_path / "run"), "--updates", "1"]) == 2
    assert "no data set" in capsys.readouterr().err


def test_a_step_with_its_neighbours_equals_the_whole() -> None:
    torch.manual_seed(0)
    model = StepVAE(SMALL).eval()
    torch.nn.init.normal_(model.decoder.atoms.weight, std=0.1)
    latents = torch.randn(2, 32, SMALL.latent_dimensions)
    ring = around(latents)
    with torch.no_grad():
        whole = model.decoder(ring)
        for step in (0, 13, 31):
            alone = model.decoder(ring[:, step : step + 2 * REACH + 1])
            assert (alone - whole[..., step * 16 : step * 16 + 16]).abs().max() < 1e-5


def test_the_encoder_takes_time_for_a_ring() -> None:
    torch.manual_seed(0)
    encoder = StepVAE(SMALL).eval().encoder
    image = torch.rand(1, SPEC.n_mels, SPEC.n_frames)
    with torch.no_grad():
        mean, _ = encoder(image)
        turned, _ = encoder(image.roll(7 * 16, dims=-1))
    assert torch.allclose(turned, mean.roll(7, dims=1), atol=1e-5)


def test_the_kit_is_one_vector_in_all_steps_and_its_noise_too() -> None:
    torch.manual_seed(0)
    model = StepVAE(SMALL).eval()
    image = torch.rand(2, SPEC.n_mels, SPEC.n_frames)
    with torch.no_grad():
        mean, log_variance = model.encoder(image)
        own = SMALL.latent_dimensions - SMALL.kit_dimensions
        for values in (mean, log_variance):
            assert torch.equal(values[..., own:], values[:, :1, own:].expand(-1, SPEC.steps, -1))
            assert not torch.equal(values[:, 0, :own], values[:, 1, :own])
        noise = torch.randn(2, SPEC.steps, SMALL.latent_dimensions)
        again = noise.clone()
        again[:, 1:, own:] = 0.0
        assert torch.equal(model(image, noise)[0], model(image, again)[0])


def test_the_kit_costs_once_a_break() -> None:
    mean = torch.zeros(2, 4, 3)
    mean[..., 2] = 2.0
    _, nats = divergence(mean, torch.zeros(2, 4, 3), kit_dimensions=1, free_nats=0.0)
    assert float(nats) == pytest.approx(2.0 / (2 * 4 + 1))


def test_equal_latents_paint_equal_grain_and_unlike_ones_do_not() -> None:
    torch.manual_seed(1)
    noise = StepVAE(SMALL).decoder.grain
    latents = torch.randn(1, 2, SMALL.latent_dimensions).repeat(1, 2, 1)
    painted = noise(latents).reshape(SPEC.n_mels, 4, 16)
    assert torch.equal(painted[:, 0], painted[:, 2])
    alike = float(torch.corrcoef(torch.stack([painted[:, 0].ravel(), painted[:, 1].ravel()]))[0, 1])
    assert abs(alike) < 0.9
    assert painted.std() == pytest.approx(1.0, abs=0.1)


def test_grain_alone_is_what_the_texture_term_sees() -> None:
    torch.manual_seed(0)
    target = 0.5 + 0.05 * torch.randn(2, 64, 64)
    flat = torch.full_like(target, 0.5)
    other_grain = 0.05 * torch.randn(2, 64, 64)
    watched = slice(16, 48)
    without = picture_terms(flat, torch.zeros_like(target), target, watched)
    with_grain = picture_terms(flat, other_grain, target, watched)
    assert with_grain["texture"] < 0.2 * without["texture"]
    assert with_grain["absolute"] == without["absolute"]
    assert not picture_terms(flat.clone().requires_grad_(), other_grain, target, watched)["texture"].requires_grad
    assert grain(target).mean() == pytest.approx(0.05, rel=0.2)


def test_divergence_is_free_below_the_free_nats() -> None:
    near = torch.full((2, 4, 3), 0.1), torch.zeros(2, 4, 3)
    costly, nats = divergence(*near, kit_dimensions=0, free_nats=0.1)
    assert float(costly) == pytest.approx(0.1)
    assert float(nats) == pytest.approx(0.005)
    far = torch.full((2, 4, 3), 2.0), torch.zeros(2, 4, 3)
    assert float(divergence(*far, kit_dimensions=0, free_nats=0.1)[0]) == pytest.approx(2.0)


def test_scores_know_blur_from_grain(dataset: BreakDataset) -> None:
    original = dataset.images[:4].astype(np.float32) / 255.0
    assert scores.error_db(original, original, 80.0) == 0.0
    assert scores.texture(original, original) == scores.sharpness(original, original, 80.0) == 1.0
    blurred = sum(np.roll(original, shift, axis=-1) for shift in range(-2, 3)) / 5.0
    assert scores.sharpness(blurred, original, 80.0) < 0.7
    assert scores.texture(blurred, original) < 0.7
    noise = 0.03 * np.random.default_rng(0).standard_normal(original.shape).astype(np.float32)
    assert scores.texture(original + noise, original) > 1.05
    assert scores.averaged_error_db(original + noise, original, 80.0) < 0.6 * scores.error_db(original + noise, original, 80.0)
