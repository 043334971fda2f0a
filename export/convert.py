"""From torch modules to ONNX graphs, and the proof that the file does the same."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from bridge.errors import VamenError
from bridge.model import Model
from bridge.model_metadata import FloatArray, ModelMetadata
from export.gradient import LatentGradient, misfit
from export.graph import HALF_PRECISION_FROM, OPSET, join
from training.model import REACH, StepVAE, around
from training.start import weights_from_model
from training.train import decode_rings, encode_means

MAX_FILE_BYTES = 16_000_000
MAX_DIFFERENCE = 1e-3
"""Largest difference between the file and the checkpoint that is let through, in units of the 0..1 range."""
MAX_LATENT_DIFFERENCE = 1e-2
"""The same for encoded latents, in units of their scale."""
MAX_GRADIENT_DIFFERENCE = 1e-2
"""Between the file's gradient and torch's own, over the largest number in it."""
MAX_TILE_DIFFERENCE = 1e-5
"""Between a step decoded with its neighbours and the same step of the whole loop."""


class PaintedImage(nn.Module):
    """The decoder with its picture clipped to 0..1."""

    def __init__(self, model: StepVAE) -> None:
        super().__init__()
        self.decoder = model.decoder

    def forward(self, latent: Tensor) -> Tensor:
        return self.decoder(latent).clamp(0.0, 1.0)


class PosteriorMean(nn.Module):
    """The encoder's mean alone."""

    def __init__(self, model: StepVAE) -> None:
        super().__init__()
        self.encoder = model.encoder

    def forward(self, image: Tensor) -> Tensor:
        mean: Tensor = self.encoder(image)[0]
        return mean


def half_precision(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A network's state with its large weights rounded as the file keeps them, so that the file is that network exactly."""
    return {
        name: value.half().float() if value.numel() >= HALF_PRECISION_FROM and value.dtype == torch.float32 else value
        for name, value in weights.items()
    }


def model_proto(model: StepVAE, metadata: ModelMetadata) -> onnx.ModelProto:
    """The whole model file of a trained model in evaluation mode."""
    spec = metadata.spec
    steps = spec.steps
    latent = torch.zeros(2, steps + 2 * REACH, metadata.latent_dimensions)
    image = torch.zeros(2, spec.n_mels, spec.n_frames)
    decoder = _graph(PaintedImage(model), {"latent": latent}, time_axis=1)
    encoder = _graph(PosteriorMean(model), {"image": image}, time_axis=2)
    gradient = _graph(LatentGradient(model), {"latent": latent[:, 2 * REACH :], "image": image}, time_axis=None)
    return join(decoder, encoder, gradient, spec, metadata.latent_dimensions, REACH, metadata.to_properties())


def write_proved(model: StepVAE, metadata: ModelMetadata, path: Path, images: FloatArray) -> dict[str, float]:
    """Writes the file, loads it as a player would, compares it with the checkpoint, and only then gives it its name.

    The network is also built again from the file, as training on one's own breaks does, and compared in the same way.

    :param images: (count, n_mels, n_frames) in 0..1, real pictures to encode
    :returns: the differences found
    :raises VamenError: a difference, or the file, is too large; nothing is then left at ``path``
    """
    reach = measured_reach(model, metadata)
    if reach > REACH:
        raise VamenError(f"The decoder reads {reach} steps to either side instead of {REACH}: this model cannot be played.")
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(model_proto(model, metadata).SerializeToString())
        played = Model.load(part, rounded=False)
        differences = compare(model, played, images)
        compare(_rebuilt(part), played, images)
        size = part.stat().st_size
        if size > MAX_FILE_BYTES:
            raise VamenError(f"The model file would have {size} bytes, more than {MAX_FILE_BYTES}: train a smaller model.")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return {**differences, "bytes": float(size), "reach": float(reach)}


def compare(model: StepVAE, played: Model, images: FloatArray) -> dict[str, float]:
    """Largest differences between file and checkpoint, by name.

    :raises VamenError: one of them is too large
    """
    metadata = played.metadata
    generator = np.random.default_rng(0)
    scale, mean = metadata.latent_scale, metadata.latent_mean
    random = [generator.standard_normal((count, *mean.shape)) * 2.0 * scale + mean for count in (1, 3)]
    drawn = np.stack([metadata.draw(generator) for _ in range(4)])
    double = np.concatenate([drawn[:2], drawn[2:]], axis=1)
    differences = {"decoded": 0.0}
    for latents in (*(part.astype(np.float32) for part in random), drawn, double):
        with torch.no_grad():
            gathered = around(torch.from_numpy(latents)).numpy()
        apart = np.abs(played.decode(gathered) - decode_rings(model, latents)).max()
        differences["decoded"] = max(differences["decoded"], float(apart))
    encoded, means = np.stack([played.encode(image) for image in images]), encode_means(model, images)
    differences["encoded"] = float((np.abs(encoded - means) / scale).max())
    differences["gradient"] = max(_gradient_difference(model, played, *pair) for pair in zip(means, images, strict=True))
    whole = played.decode_ring(drawn[0])
    width, steps = metadata.spec.frames_per_step, len(mean)
    tiles = [played.decode(drawn[0][np.arange(step - REACH, step + REACH + 1) % steps][np.newaxis])[0] for step in range(steps)]
    differences["tile"] = float(np.abs(np.concatenate(tiles, axis=1) - whole).max())
    assert whole.shape[1] == steps * width
    limits = {
        "decoded": MAX_DIFFERENCE,
        "encoded": MAX_LATENT_DIFFERENCE,
        "gradient": MAX_GRADIENT_DIFFERENCE,
        "tile": MAX_TILE_DIFFERENCE,
    }
    for name, limit in limits.items():
        if not differences[name] <= limit:
            raise VamenError(
                f"The exported model differs from its checkpoint ({name}: {differences[name]:.2g}, at most {limit:g} is let "
                "through), so it was not written: report this with the checkpoint."
            )
    return differences


def misfit_gradient(model: StepVAE, latent: FloatArray, image: FloatArray) -> FloatArray:
    """Torch's own gradient of ``misfit``: latent (steps, latent_dimensions), image (n_mels, n_frames) -> as the latent."""
    tried = torch.from_numpy(latent[np.newaxis]).requires_grad_()
    picture, _ = model.decoder.heads(around(tried))
    [gradient] = torch.autograd.grad(misfit(picture, torch.from_numpy(image[np.newaxis])).sum(), tried)
    result: FloatArray = gradient[0].numpy()
    return result


def _gradient_difference(model: StepVAE, played: Model, latent: FloatArray, image: FloatArray) -> float:
    own = misfit_gradient(model, latent, image)
    return float(np.abs(played.gradient(latent, image) - own).max() / np.abs(own).max())


def measured_reach(model: StepVAE, metadata: ModelMetadata) -> int:
    """How many steps to either side a change of one step's latent is seen, in a ring that is longer than any reach."""
    generator = torch.Generator().manual_seed(0)
    steps, width = metadata.spec.steps, metadata.spec.frames_per_step
    latents = torch.randn(1, steps, metadata.latent_dimensions, generator=generator)
    middle = steps // 2
    moved = latents.clone()
    moved[:, middle] += 1.0
    with torch.no_grad():
        change = (model.decoder(around(latents)) - model.decoder(around(moved))).abs()
    changed = change.reshape(metadata.spec.n_mels, steps, width).amax(dim=(0, 2)) > 0.0
    return int((torch.nonzero(changed).squeeze(1) - middle).abs().max())


def _rebuilt(path: Path) -> StepVAE:
    model_config, weights = weights_from_model(path)
    model = StepVAE(model_config).eval()
    model.load_state_dict(weights)
    return model


def _graph(module: nn.Module, examples: dict[str, Tensor], time_axis: int | None) -> Any:
    """A module as ONNX, with a free batch and, unless ``time_axis`` is None, free time."""
    buffer: Any = io.BytesIO()  # torch's own annotation forgets that it takes a file object
    free = {0: "batch"} if time_axis is None else {0: "batch", time_axis: "time"}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated but the only one that needs nothing beside torch and onnx.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(examples.values()),
            buffer,
            dynamo=False,
            opset_version=OPSET,
            # Folded weights lose their names, by which a run that starts from the file finds them; onnxruntime folds anyway.
            do_constant_folding=False,
            input_names=list(examples),
            output_names=["output"],
            dynamic_axes=dict.fromkeys(examples, free),
        )
    return onnx.load_from_string(buffer.getvalue()).graph
