"""A model's graph rewritten so that onnxruntime computes the same faster; the file itself stays what it is.

A convolution of kernel 1 along time is one product of its weights with every step. As a convolution onnxruntime multiplies the
weights as they lie; as a product it lays them out for the processor when it loads, and then reads them as fast as memory gives
them, which is all the time that a layer of megabytes takes for a step or two.

A `Tile` copies each row of a few elements one repetition after the other; an `Expand` doubles what it has copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bridge.model_graph import ModelGraph, Node, dimensions, new_node, reshaped, written

_DOMAIN, _DOMAIN_VERSION = b"com.microsoft", 1
"""Where onnxruntime's product is that takes its operands transposed; the standard one's would be turned round, when it loads."""

_ALLOWS_ZERO = 14
"""The version of the operators from which on a `Reshape` to nothing is one."""

_INT64 = 7
"""Among the types of onnx.proto."""

_PLAIN: Mapping[bytes, list[int]] = {b"kernel_shape": [1], b"strides": [1], b"pads": [0, 0], b"dilations": [1], b"group": [1]}
"""The attributes of a convolution that is a product of its weights with every step."""


def quicker(data: bytes) -> bytes:
    """A model with the same weights and results, but for rounding, without convolutions of kernel 1 along time, and tiles.

    :param data: an ONNX model's bytes, such as `bridge.model_parts.part` gives
    :returns: the same bytes where there is neither
    :raises VamenError: the bytes are broken
    """
    model = ModelGraph(data)
    graph = model.graph
    reads = Counter(name for node in graph.nodes for name in node.inputs)
    casts = [node for node in graph.nodes if node.operator == b"Cast" and node.inputs and node.outputs]
    widened = {node.outputs[0]: node.inputs[0] for node in casts}
    expands = model.operator_sets.get(b"", 0) >= _ALLOWS_ZERO
    weights = dict(graph.weights)
    nodes: list[bytes | memoryview] = []
    for node in graph.nodes:
        if node.operator == b"Tile" and expands and len(node.inputs) == 2 and len(node.outputs) == 1:
            nodes += _expanded(*node.inputs, *node.outputs)
            continue
        weight = _weight(node, widened, model)
        # What another node reads as well keeps its shape.
        if weight is None or any(reads[name] > 1 for name in {weight, node.inputs[1]}):
            nodes.append(node.message)
            continue
        weights[weight] = reshaped(model.reader, weights[weight], dimensions(model.reader, weights[weight])[:2])
        nodes += _product(node)
    if len(nodes) == len(graph.nodes):
        return data
    return written(
        model.ir_version,
        {**model.operator_sets, _DOMAIN: _DOMAIN_VERSION},
        nodes,
        weights.values(),
        graph.inputs.values(),
        graph.outputs.values(),
    )


def _weight(node: Node, widened: Mapping[bytes, bytes], model: ModelGraph) -> bytes | None:
    """The name of the kernel (out, in, 1) of a node that is such a convolution, maybe kept in half precision; None for others."""
    if node.operator != b"Conv" or len(node.inputs) not in (2, 3) or len(node.outputs) != 1:
        return None
    if any(values != _PLAIN.get(name) for name, values in node.integers(model.reader).items()):
        return None
    name = widened.get(node.inputs[1], node.inputs[1])
    tensor = model.graph.weights.get(name)
    if tensor is None or name in model.graph.inputs:
        return None
    shape = dimensions(model.reader, tensor)
    return name if len(shape) == 3 and shape[2] == 1 else None


def _product(node: Node) -> list[bytes]:
    """(batch, in, steps) times (out, in), plus a bias (out,) where there is one, as (batch, out, steps)."""
    source, weight, *bias = node.inputs
    [result] = node.outputs
    product, sum_ = result + b"/product", result + b"/sum"
    nodes = [new_node("FusedMatMul", [source, weight], product, _DOMAIN, transA=1, transB=1)]
    if any(bias):
        nodes.append(new_node("Add", [product, *bias], sum_))
    return [*nodes, new_node("Transpose", [sum_ if any(bias) else product], result, perm=[0, 2, 1])]


def _expanded(source: bytes, repeats: bytes, result: bytes) -> list[bytes]:
    """`repeats` (rank,) times `source`: with an axis of length 1 before each of its axes, which is then expanded.

    onnxruntime works out when it loads what follows from the shape of a weight.
    """

    def name(what: str) -> bytes:
        return result + b"/" + what.encode()

    # (rank, 2) as one list: for each axis the one before it, and itself.
    return [
        new_node("Constant", [], name("second"), value_ints=[1]),
        new_node("Constant", [], name("flat"), value_ints=[-1]),
        new_node("Shape", [source], name("shape")),
        new_node("Unsqueeze", [name("shape"), name("second")], name("lengths")),
        new_node("Equal", [name("lengths"), name("lengths")], name("true")),
        new_node("Cast", [name("true")], name("ones"), to=_INT64),
        new_node("Concat", [name("ones"), name("lengths")], name("pairs"), axis=1),
        new_node("Reshape", [name("pairs"), name("flat")], name("apart")),
        new_node("Reshape", [source, name("apart")], name("source"), allowzero=1),
        new_node("Unsqueeze", [repeats, name("second")], name("times")),
        new_node("Concat", [name("times"), name("lengths")], name("wanted_pairs"), axis=1),
        new_node("Reshape", [name("wanted_pairs"), name("flat")], name("wanted")),
        new_node("Expand", [name("source"), name("wanted")], name("expanded")),
        new_node("Mul", [repeats, name("shape")], name("wanted_shape")),
        new_node("Reshape", [name("expanded"), name("wanted_shape")], result, allowzero=1),
    ]
