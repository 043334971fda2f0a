"""What a run starts from: the weights of a model file, so that a break of one's own needs no training from nothing.

A model file is all that ships. The graph keeps the network's own parameter names (see export/convert.py), behind the name of
the output that they serve, and the metadata keep the network's sizes, so that the very network is built again from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from bridge.errors import VamenError
from bridge.mel_spectrogram import MelSpectrogramSpec
from bridge.model import DECODED_OUTPUT, DEFAULT_PATH, ENCODED_OUTPUT, Model
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
        """Reads a model file.

        :raises VamenError: it is missing, broken, or does not hold all weights of the network as this program builds it
        """
        played = Model.load(path)
        model_config, weights = weights_from_model(path)
        return cls(path.name, played.sha256, played.metadata.spec, model_config, weights)

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
    path = DEFAULT_PATH.with_name(f"{spec.name}.onnx")
    if not path.is_file():
        raise VamenError(
            f"No model of the preset {spec.name} comes with VAmEn: name one with --start, or learn with --from-scratch."
        )
    return path


def weights_from_model(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """The network in a model file: its sizes, and its state as float32 tensors, buffers included.

    Weights that the file keeps in fewer bits are widened.

    :raises VamenError: the file is missing, no VAmEn model, or does not hold every weight of its network
    """
    metadata = Model.load(path).metadata
    if MODEL_CONFIG not in metadata.training:
        raise VamenError(f"{path} does not say which network it holds: export it again, or learn with --from-scratch.")
    try:
        model_config = ModelConfig.from_dict(metadata.training[MODEL_CONFIG])
        wanted = StepVAE(model_config).state_dict()
    except (TypeError, KeyError, ValueError, RuntimeError) as error:
        raise VamenError(f"{path} holds a network of another version: export it again, or learn with --from-scratch.") from error
    found: dict[str, Tensor] = {}
    for node in onnx.load_model_from_string(path.read_bytes()).graph.node:
        for attribute in node.attribute:
            for tensor in attribute.g.initializer:
                name = tensor.name.removeprefix(f"{DECODED_OUTPUT}/").removeprefix(f"{ENCODED_OUTPUT}/")
                if name in wanted:
                    found[name] = torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
    wrong = [name for name, value in wanted.items() if name not in found or found[name].shape != value.shape]
    if wrong:
        raise VamenError(
            f"{path} lacks {len(wrong)} of the network's {len(wanted)} weights ({wrong[0]}): export it again, or learn with "
            "--from-scratch."
        )
    return model_config, found
