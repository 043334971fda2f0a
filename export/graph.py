"""One ONNX graph for decoder, encoder and the decoder's gradient, of which a run executes only one.

onnxruntime runs every node of a graph, whatever outputs are asked for (``only_execute_path_to_fetches`` works in training
builds alone: microsoft/onnxruntime issue 16013). So each part stands in the branch of an ``If`` that is taken only where
its input has a batch of at least one; all inputs default to empty batches, so any can be left out. Weights stand outside the
branches, where decoder and gradient share them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bridge.mel_spectrogram import MelSpectrogramSpec
from bridge.model import (
    DECODED_OUTPUT,
    ENCODED_OUTPUT,
    GRADIENT_OUTPUT,
    IMAGE_INPUT,
    LATENT_INPUT,
    TRIED_INPUT,
    WANTED_INPUT,
)

IR_VERSION = 9
OPSET = 17
HALF_PRECISION_FROM = 4096
"""Elements from which on a weight is kept in half precision: half the file. ``half_precision`` rounds before all fitting."""


def join(
    decoder: onnx.GraphProto,
    encoder: onnx.GraphProto,
    gradient: onnx.GraphProto,
    spec: MelSpectrogramSpec,
    latent_dimensions: int,
    reach: int,
    properties: Mapping[str, str],
) -> onnx.ModelProto:
    """The model file's graph, from three graphs of one output each. Weights of one name and content are kept once.

    :param decoder: latent (batch, steps + 2 * reach, latent_dimensions) -> image (batch, n_mels, columns)
    :param encoder: image (batch, n_mels, columns) -> latent (batch, steps, latent_dimensions)
    :param gradient: latent of a ring (batch, steps, latent_dimensions), wanted image (batch, n_mels, columns) -> gradient of how
        far the painted image is from the wanted one, as the latent
    :param properties: metadata, from ``ModelMetadata.to_properties``
    """
    ring_shape: list[str | int] = ["tried", "tried_steps", latent_dimensions]
    inputs: dict[str, list[str | int]] = {
        LATENT_INPUT: ["batch", "read_steps", latent_dimensions],
        IMAGE_INPUT: ["images", spec.n_mels, "columns"],
        TRIED_INPUT: ring_shape,
        WANTED_INPUT: ["tried", spec.n_mels, "wanted_columns"],
    }
    outputs: dict[str, list[str | int]] = {
        DECODED_OUTPUT: ["painted", spec.n_mels, "painted_columns"],
        ENCODED_OUTPUT: ["encoded", "steps", latent_dimensions],
        GRADIENT_OUTPUT: ring_shape,
    }
    empty_latent = np.zeros((0, 1 + 2 * reach, latent_dimensions), np.float32)
    empty_image = np.zeros((0, spec.n_mels, spec.n_frames), np.float32)
    weights = _Weights()
    nodes = [
        *_when_fed(decoder, [LATENT_INPUT], DECODED_OUTPUT, empty_image, weights),
        *_when_fed(encoder, [IMAGE_INPUT], ENCODED_OUTPUT, empty_latent, weights),
        *_when_fed(gradient, [TRIED_INPUT, WANTED_INPUT], GRADIENT_OUTPUT, empty_latent, weights),
    ]
    defaults: dict[str, np.ndarray] = {
        LATENT_INPUT: empty_latent,
        IMAGE_INPUT: empty_image,
        TRIED_INPUT: empty_latent,
        WANTED_INPUT: empty_image,
        "zero_images": np.array(0, np.int64),
    }
    graph = helper.make_graph(
        nodes,
        "vamen",
        inputs=[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        outputs=[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        initializer=[*(numpy_helper.from_array(array, name) for name, array in defaults.items()), *weights.kept],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="vamen")
    helper.set_model_props(model, dict(properties))
    onnx.checker.check_model(model)
    return model


class _Weights:
    """The tensors of all parts, each kept once."""

    def __init__(self) -> None:
        self.kept: list[onnx.TensorProto] = []
        self._by_name: dict[str, onnx.TensorProto] = {}

    def keep(self, tensor: onnx.TensorProto, prefix: str) -> onnx.TensorProto:
        """What stands for a part's weight in the file: the same of a part before, or a copy, its name behind ``prefix``."""
        values = numpy_helper.to_array(tensor)
        if tensor.data_type == TensorProto.FLOAT and math.prod(tensor.dims) >= HALF_PRECISION_FROM:
            values = values.astype(np.float16)
        before = self._by_name.get(tensor.name)
        if before is not None:
            known = numpy_helper.to_array(before)
            if known.dtype == values.dtype and np.array_equal(known, values):
                return before
        weight = numpy_helper.from_array(values, prefix + tensor.name)
        self._by_name.setdefault(tensor.name, weight)
        self.kept.append(weight)
        return weight


def _when_fed(
    part: onnx.GraphProto, sources: list[str], result: str, empty: np.ndarray, weights: _Weights
) -> list[onnx.NodeProto]:
    """The nodes that compute ``result`` by ``part`` if the first source has a batch of at least one, or else give ``empty``."""
    taken = _renamed(part, sources, f"{result}/", weights)
    fallback = f"{result}/empty"
    skipped = helper.make_graph(
        [helper.make_node("Constant", [], [fallback], value=numpy_helper.from_array(empty))],
        f"{result}_skipped",
        inputs=[],
        outputs=[helper.make_tensor_value_info(fallback, TensorProto.FLOAT, [None, None, None])],
    )
    [source, *_] = sources
    count, fed = f"{source}_count", f"{source}_fed"
    return [
        helper.make_node("Shape", [source], [f"{source}_shape"], start=0, end=1),
        helper.make_node("Squeeze", [f"{source}_shape"], [count]),
        helper.make_node("Greater", [count, "zero_images"], [fed]),
        helper.make_node("If", [fed], [result], name=f"if_{source}", then_branch=taken, else_branch=skipped),
    ]


def _renamed(part: onnx.GraphProto, sources: list[str], prefix: str, weights: _Weights) -> onnx.GraphProto:
    """``part`` as the branch of an ``If``: it reads sources and weights from outside, and its own names take ``prefix``."""
    [part_output] = part.output
    names = {"": ""}  # an optional input that is left out
    names |= {given.name: source for given, source in zip(part.input, sources, strict=True)}
    widened = []
    for tensor in part.initializer:
        weight = weights.keep(tensor, prefix)
        names[tensor.name] = weight.name
        if weight.data_type != tensor.data_type:
            # Read widened inside the branch: onnxruntime folds that once when it loads, and fuses as if it were a weight.
            names[tensor.name] = f"{prefix}{tensor.name}/wide"
            widened.append(helper.make_node("Cast", [weight.name], [names[tensor.name]], to=TensorProto.FLOAT))
    nodes = []
    for index, node in enumerate(part.node):
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = f"{prefix}{node.op_type}_{index}"
        copy.input[:] = [names.get(name, prefix + name) for name in node.input]
        copy.output[:] = [names.get(name, prefix + name) for name in node.output]
        nodes.append(copy)
    output = helper.make_tensor_value_info(prefix + part_output.name, TensorProto.FLOAT, [None, None, None])
    return helper.make_graph([*widened, *nodes], prefix.rstrip("/"), inputs=[], outputs=[output])
