"""What a run starts from: the weights of a model file, so that a break of one's own needs no training from nothing.

A model file is all that ships. The graph keeps the network's own parameter names (see export/convert.py), behind the name of
the output that they serve, and the metadata keep the network's sizes, so that the very network is built again from it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bridge.errors import VamenError
from bridge.mel_spectrogram import MelSpectrogramSpec
from bridge.model import DECODED_OUTPUT, ENCODED_OUTPUT
from bridge.model_metadata import ModelMetadata
from bridge.shipped_models import model_path
from training.model import ModelConfig, StepVAE

MODEL_CONFIG = "model_config"
"""Where the sizes of the network stand in a model file's ``training`` metadata."""


@dataclass(frozen=True)
class Start:
    """A network to go on from, as a model file holds it."""

    file_name: str
    sha256: str
    """Of the file."""
    spec: MelSpectrogramSpec
    """Of the pictures that it paints."""
    model_config: ModelConfig
    weights: dict[str, Tensor]
    """State of a ``StepVAE``, float32; the average over training that was exported."""

    @classmethod
    def load(cls, path: Path) -> Start:
        """Reads a model file, without onnxruntime, which only playing needs.

        :raises VamenError: it is missing, broken, or does not hold all weights of the network as this program builds it, or
            the package onnx is missing
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise VamenError(f"The model {path} cannot be read: {error.strerror or error}.") from error
        model = _parsed(path, content)
        try:
            metadata = ModelMetadata.from_properties({entry.key: entry.value for entry in model.metadata_props})
        except VamenError as error:
            raise VamenError(f"{path}: {error}") from error
        model_config, weights = _network(path, model, metadata)
        return cls(path.name, hashlib.sha256(content).hexdigest(), metadata.spec, model_config, weights)

    def check(self, spec: MelSpectrogramSpec) -> None:
        """:raises VamenError: the model paints pictures of another size than those of ``spec``"""
        sizes = [(one.n_mels, one.frames_per_step) for one in (self.spec, spec)]
        if sizes[0] != sizes[1]:
            raise VamenError(
                f"{self.file_name} paints pictures of another size ({sizes[0][0]} rows, {sizes[0][1]} columns a step) than the "
                f"data set holds ({sizes[1][0]}, {sizes[1][1]}): name another model with --start, or learn with --from-scratch."
            )


def shipped_model(spec: MelSpectrogramSpec) -> Path:
    """The model file that comes with VAmEn for a preset.

    :raises VamenError: none does
    """
    path = model_path(spec.name)
    if not path.is_file():
        raise VamenError(
            f"No model of the preset {spec.name} comes with VAmEn: name one with --start, or learn with --from-scratch."
        )
    return path


def weights_from_model(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """The network in a model file: its sizes, and its state as float32 tensors, buffers included.

    :raises VamenError: as :meth:`Start.load`
    """
    start = Start.load(path)
    return start.model_config, start.weights


def _parsed(path: Path, content: bytes) -> Any:
    """The ``onnx.ModelProto`` in a file's bytes."""
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise VamenError(
            "Starting from a model file needs the package onnx: install it, or learn with --from-scratch."
        ) from error
    try:
        return onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own, which only onnx depends on
        raise VamenError(f"{path} is no ONNX model: name another one with --start, or learn with --from-scratch.") from error


def _network(path: Path, model: Any, metadata: ModelMetadata) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Sizes and state of the network in a parsed file; weights that it keeps in fewer bits are widened."""
    from onnx import TensorProto, numpy_helper

    if MODEL_CONFIG not in metadata.training:
        raise VamenError(f"{path} does not say which network it holds: export it again, or learn with --from-scratch.")
    try:
        model_config = ModelConfig.from_dict(metadata.training[MODEL_CONFIG])
        wanted = StepVAE(model_config).state_dict()
    except (TypeError, KeyError, ValueError, RuntimeError) as error:
        raise VamenError(f"{path} holds a network of another version: export it again, or learn with --from-scratch.") from error
    found: dict[str, Tensor] = {}
    for tensor in model.graph.initializer:
        name = tensor.name.removeprefix(f"{DECODED_OUTPUT}/").removeprefix(f"{ENCODED_OUTPUT}/")
        # A model cannot refer to other files on this machine.
        if name in wanted and tensor.data_location != TensorProto.EXTERNAL:
            found[name] = torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
    wrong = [name for name, value in wanted.items() if name not in found or found[name].shape != value.shape]
    if wrong:
        raise VamenError(
            f"{path} lacks {len(wrong)} of the network's {len(wanted)} weights ({wrong[0]}): export it again, or learn with "
            "--from-scratch."
        )
    return model_config, found
