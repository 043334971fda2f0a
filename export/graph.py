"""One ONNX graph for decoder and encoder, of which a run executes only one.

onnxruntime runs every node of a graph, whatever outputs are asked for (``only_execute_path_to_fetches`` works in training
builds alone: microsoft/onnxruntime issue 16013). So each half stands in the branch of an ``If`` that is taken only where
its input has a batch of at least one; both inputs default to empty batches, so either can be left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bridge.mel_spectrogram import MelSpectrogramSpec
from bridge.model import DECODED_OUTPUT, ENCODED_OUTPUT, IMAGE_INPUT, LATENT_INPUT

IR_VERSION = 9
OPSET = 17
HALF_PRECISION_FROM = 4096
"""Elements from which on a weight is kept in half precision: half the file. ``half_precision`` rounds before all fitting."""


def join(
    decoder: onnx.GraphProto,
    encoder: onnx.GraphProto,
    spec: MelSpectrogramSpec,
    latent_dimensions: int,
    reach: int,
    properties: Mapping[str, str],
) -> onnx.ModelProto:
    """The model file's graph, from two graphs of one input and one output each.

    :param decoder: latent (batch, steps + 2 * reach, latent_dimensions) -> image (batch, n_mels, columns)
    :param encoder: image (batch, n_mels, columns) -> latent (batch, steps, latent_dimensions)
    :param properties: metadata, from ``ModelMetadata.to_properties``
    """
    latent_shape: list[str | int] = ["batch", "read_steps", latent_dimensions]
    image_shape: list[str | int] = ["images", spec.n_mels, "columns"]
    empty_latent = np.zeros((0, 1 + 2 * reach, latent_dimensions), np.float32)
    empty_image = np.zeros((0, spec.n_mels, spec.n_frames), np.float32)
    nodes = [
        *_when_fed(decoder, LATENT_INPUT, DECODED_OUTPUT, empty_image),
        *_when_fed(encoder, IMAGE_INPUT, ENCODED_OUTPUT, empty_latent),
    ]
    graph = helper.make_graph(
        nodes,
        "vamen",
        inputs=[
            helper.make_tensor_value_info(LATENT_INPUT, TensorProto.FLOAT, latent_shape),
            helper.make_tensor_value_info(IMAGE_INPUT, TensorProto.FLOAT, image_shape),
        ],
        outputs=[
            helper.make_tensor_value_info(DECODED_OUTPUT, TensorProto.FLOAT, ["painted", spec.n_mels, "painted_columns"]),
            helper.make_tensor_value_info(ENCODED_OUTPUT, TensorProto.FLOAT, ["encoded", "steps", latent_dimensions]),
        ],
        initializer=[
            numpy_helper.from_array(empty_latent, LATENT_INPUT),
            numpy_helper.from_array(empty_image, IMAGE_INPUT),
            numpy_helper.from_array(np.array(0, np.int64), "zero_images"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="vamen")
    helper.set_model_props(model, dict(properties))
    onnx.checker.check_model(model)
    return model


def _when_fed(half: onnx.GraphProto, source: str, result: str, empty: np.ndarray) -> list[onnx.NodeProto]:
    """The nodes that compute ``result`` by ``half`` if ``source`` has a batch of at least one, or else give ``empty``."""
    taken = _renamed(half, source, prefix=f"{result}/")
    fallback = f"{result}/empty"
    skipped = helper.make_graph(
        [helper.make_node("Constant", [], [fallback], value=numpy_helper.from_array(empty))],
        f"{result}_skipped",
        inputs=[],
        outputs=[helper.make_tensor_value_info(fallback, TensorProto.FLOAT, [None, None, None])],
    )
    count, fed = f"{source}_count", f"{source}_fed"
    return [
        helper.make_node("Shape", [source], [f"{source}_shape"], start=0, end=1),
        helper.make_node("Squeeze", [f"{source}_shape"], [count]),
        helper.make_node("Greater", [count, "zero_images"], [fed]),
        helper.make_node("If", [fed], [result], name=f"if_{source}", then_branch=taken, else_branch=skipped),
    ]


def _renamed(half: onnx.GraphProto, source: str, prefix: str) -> onnx.GraphProto:
    """``half`` as the branch of an ``If``: it reads ``source`` from outside, and its own names take ``prefix``."""
    [half_input], [half_output] = half.input, half.output

    def rename(name: str) -> str:
        if not name:
            return name  # an optional input that is left out
        return source if name == half_input.name else prefix + name

    nodes = []
    for index, node in enumerate(half.node):
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = f"{prefix}{node.op_type}_{index}"
        copy.input[:] = [rename(name) for name in node.input]
        copy.output[:] = [rename(name) for name in node.output]
        nodes.append(copy)
    weights, widened = [], []
    for tensor in half.initializer:
        weight = onnx.TensorProto()
        weight.CopyFrom(tensor)
        weight.name = prefix + tensor.name
        if tensor.data_type == TensorProto.FLOAT and math.prod(tensor.dims) >= HALF_PRECISION_FROM:
            # The weight keeps its name, by which training finds it; the graph reads it widened, once, when it is loaded.
            weight = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), weight.name)
            widened.append(helper.make_node("Cast", [weight.name], [f"{weight.name}/wide"], to=TensorProto.FLOAT))
        weights.append(weight)
    wide = {node.input[0]: node.output[0] for node in widened}
    for node in nodes:
        node.input[:] = [wide.get(name, name) for name in node.input]
    output = helper.make_tensor_value_info(rename(half_output.name), TensorProto.FLOAT, [None, None, None])
    return helper.make_graph([*widened, *nodes], prefix.rstrip("/"), inputs=[], outputs=[output], initializer=weights)
