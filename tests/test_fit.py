"""The written-out gradient is the gradient, the file's is the same, and following it brings a latent nearer to its loop."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch

from bridge.fit import STEPS, descend, fit_latent
from bridge.model import Model
from export.convert import misfit_gradient, model_proto
from export.gradient import LatentGradient, misfit
from tests.break_images import SPEC
from tests.test_start import metadata, network
from training.model import StepVAE, around

FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@pytest.fixture(scope="module")
def model() -> StepVAE:
    """Not trained, but away from its first weights, of which some are zero and hide their gradients; and it clips."""
    network_ = network()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in network_.parameters():
            weight += 0.05 * torch.randn(weight.shape, generator=generator)
    return network_


@pytest.fixture(scope="module")
def played(model: StepVAE, tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tmp_path_factory.mktemp("model") / "small.onnx"
    path.write_bytes(model_proto(model, metadata()).SerializeToString())
    return Model.load(path)


def images(count: int) -> FloatArray:
    return np.random.default_rng(3).random((count, SPEC.n_mels, SPEC.n_frames), dtype=np.float32)


def latents(model: StepVAE, count: int) -> FloatArray:
    shape = (count, SPEC.steps, model.config.latent_dimensions)
    return 2.0 * np.random.default_rng(4).standard_normal(shape).astype(np.float32)


def test_the_written_out_gradient_is_the_gradient(model: StepVAE) -> None:
    exact = StepVAE(model.config).double()
    exact.load_state_dict(model.state_dict())
    tried = torch.from_numpy(latents(model, 2)).double().requires_grad_()
    wanted = torch.from_numpy(images(2)).double()
    picture, _ = exact.decoder.heads(around(tried))
    assert 0.01 < float(((picture < 0.0) | (picture > 1.0)).double().mean()) < 0.99
    [right] = torch.autograd.grad(misfit(picture, wanted).sum(), tried)
    written = LatentGradient(exact)(tried.detach(), wanted)
    largest = float(right.abs().max())
    assert largest > 0.0 and float((written - right).detach().abs().max()) < 1e-12 * largest


def test_the_files_gradient_is_the_networks(model: StepVAE, played: Model) -> None:
    [latent], [image] = latents(model, 1), images(1)
    own = misfit_gradient(model, latent, image)
    assert np.abs(played.gradient(latent, image) - own).max() < 1e-3 * np.abs(own).max()


def test_decoder_and_gradient_share_their_weights(model: StepVAE) -> None:
    names = [tensor.name for tensor in model_proto(model, metadata()).graph.initializer]
    assert len([name for name in names if name.endswith("decoder.atoms.weight")]) == 1


def test_a_fitted_latent_is_nearer_to_its_loop(model: StepVAE, played: Model) -> None:
    def pictured(latent: FloatArray) -> torch.Tensor:
        with torch.no_grad():
            return model.decoder.heads(around(torch.from_numpy(latent[np.newaxis])))[0]

    wanted = pictured(0.3 * latents(model, 1)[0]).clamp(0.0, 1.0)
    image = wanted[0].numpy()
    encoded, fitted = played.encode(image), fit_latent(played, image)
    assert float(misfit(pictured(fitted), wanted)) < 0.7 * float(misfit(pictured(encoded), wanted))
    moved = (fitted - encoded)[:, model.config.latent_dimensions - model.config.kit_dimensions :]
    assert np.abs(moved).min() > 0.0 and np.ptp(moved, axis=0).max() < 1e-6


def test_the_descent_finds_the_bottom_of_a_bowl() -> None:
    bottom = np.array([[0.2, -0.1], [0.0, 0.3]], np.float32)
    scale = np.ones((2, 2), np.float32)
    found = descend(np.zeros((2, 2), np.float32), lambda latent: latent - bottom, scale, 0)
    assert np.abs(found - bottom).max() < 0.1 and STEPS < 20
    assert np.array_equal(descend(bottom, lambda latent: np.zeros_like(latent), scale, 0), bottom)


def test_the_graph_is_well_formed(model: StepVAE) -> None:
    onnx.checker.check_model(model_proto(model, metadata()), full_check=True)
