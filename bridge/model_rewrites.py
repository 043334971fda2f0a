"""A model's graph rewritten so that a CPU paints nearly the same faster; the file itself stays what it is.

A convolution of kernel 1 along time is one product of its weights with every step. For a step or two it takes as long as its
weights take to come from memory. So they are rounded to eight bits, in blocks with a scale each, and so are the steps when they
come; what is added up are integers (onnxruntime's `MatMulNBits`). A picture then differs by less than a tenth of a decibel on
average.

A `Tile` copies each row of a few elements one repetition after the other; an `Expand` doubles what it has copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import FloatArray
from bridge.model_graph import ModelGraph, Node, dimensions, new_node, new_weight, real_numbers

_DOMAIN, _DOMAIN_VERSION = b"com.microsoft", 1

BLOCK = 32
"""Weights that share a scale. Larger blocks are no faster, and round more."""

_BITS, _ZERO, _LARGEST = 8, 128, 127
"""Of a rounded weight: it is kept as a number from 1 to 255, of which 128 stands for nothing."""

_ROWS_AT_ONCE = 256
"""Of a kernel that is rounded."""

_ROUNDS_STEPS = 4
"""The `accuracy_level` at which the operator rounds the other factor too; below, it widens the weights in every run."""

_ALLOWS_ZERO = 14
"""The version of the operators from which on a `Reshape` to nothing is one."""

_INT64 = 7
"""Among the types of onnx.proto."""

_PLAIN: Mapping[bytes, list[int]] = {b"kernel_shape": [1], b"strides": [1], b"pads": [0, 0], b"dilations": [1], b"group": [1]}
"""The attributes of a convolution that is a product of its weights with every step."""


def quicker(model: ModelGraph) -> ModelGraph:
    """A model that gives nearly the same, without convolutions of kernel 1 along time, and without tiles.

    :returns: the same model where there is neither
    :raises VamenError: its bytes are broken
    """
    graph = model.graph
    reads = Counter(name for node in graph.nodes for name in node.inputs)
    casts = [node for node in graph.nodes if node.operator == b"Cast" and node.inputs and node.outputs]
    widened = {node.outputs[0]: node.inputs[0] for node in casts}
    expands = model.operator_sets.get(b"", 0) >= _ALLOWS_ZERO
    weights, replaced = dict(graph.weights), set[bytes]()
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.operator == b"Tile" and expands and len(node.inputs) == 2 and len(node.outputs) == 1:
            nodes += _expanded(*node.inputs, *node.outputs)
            continue
        kernel = _kernel(node, widened, model)
        # What another node reads as well stays as it is.
        if kernel is None or any(reads[name] > 1 for name in (kernel.name, node.inputs[1])):
            nodes.append(node)
            continue
        replaced |= {kernel.name, node.inputs[1]}
        weights |= {name: new_weight(name, elements) for name, elements in kernel.parts.items()}
        nodes += _product(node, kernel)
    if len(nodes) == len(graph.nodes):
        return model
    kept = [node for node in nodes if replaced.isdisjoint(node.outputs)]
    weights = {name: weight for name, weight in weights.items() if name not in replaced}
    return replace(
        model,
        graph=replace(graph, nodes=kept, weights=weights),
        operator_sets={**model.operator_sets, _DOMAIN: _DOMAIN_VERSION},
    )


@dataclass(frozen=True)
class _Kernel:
    """The kernel (out, in) of a convolution that is a product, rounded."""

    name: bytes
    rows: int
    columns: int
    parts: Mapping[bytes, NDArray[np.uint8] | FloatArray]
    """By their names what :func:`rounded` makes of it, in its order."""


def _kernel(node: Node, widened: Mapping[bytes, bytes], model: ModelGraph) -> _Kernel | None:
    """The kernel of a node that is such a convolution, maybe kept in half precision; None for others."""
    if node.operator != b"Conv" or len(node.inputs) not in (2, 3) or len(node.outputs) != 1:
        return None
    if any(values != _PLAIN.get(name) for name, values in node.integers().items()):
        return None
    name = widened.get(node.inputs[1], node.inputs[1])
    weight = model.graph.weights.get(name)
    if weight is None or name in model.graph.inputs:
        return None
    shape = dimensions(model.reader, weight)
    if len(shape) != 3 or shape[1] % BLOCK != 0 or shape[2] != 1 or 0 in shape:
        return None
    elements = real_numbers(model.reader, weight)
    if elements is None:
        return None
    with np.errstate(invalid="ignore"):
        counts, scales = rounded(elements[..., 0])
    if not np.isfinite(scales).all():
        return None
    return _Kernel(name, shape[0], shape[1], {name + b"/counts": counts, name + b"/scales": scales})


def rounded(kernel: NDArray[np.floating[Any]]) -> tuple[NDArray[np.uint8], FloatArray]:
    """A kernel (out, in) in eight bits, (out, in / BLOCK, BLOCK), and what one is worth in each block, (out, in / BLOCK)."""
    blocks = kernel.reshape(len(kernel), -1, BLOCK)
    counts = np.empty(blocks.shape, np.uint8)
    scales = np.empty(blocks.shape[:2], np.float32)
    # Some rows at a time: memory that is used for the first time takes longer than the arithmetic.
    for first in range(0, len(blocks), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        some = blocks[rows].astype(np.float32)
        scales[rows] = np.abs(some).max(axis=-1) / np.float32(_LARGEST)
        some /= np.maximum(scales[rows], np.finfo(np.float32).tiny)[..., np.newaxis]
        counts[rows] = np.rint(some, out=some) + np.float32(_ZERO)
    return counts, scales


def _product(node: Node, kernel: _Kernel) -> list[Node]:
    """(batch, in, steps) times the rounded kernel (out, in), plus a bias (out,) where there is one, as (batch, out, steps)."""
    source, _, *bias = node.inputs
    [result] = node.outputs
    turned, product = result + b"/turned", result + b"/product"
    # Neither zeros nor an order of columns are given.
    left_out = [b"", b""] if any(bias) else []
    return [
        new_node("Transpose", [source], turned, perm=[0, 2, 1]),
        new_node(
            "MatMulNBits",
            [turned, *kernel.parts, *left_out, *filter(None, bias)],
            product,
            _DOMAIN,
            K=kernel.columns,
            N=kernel.rows,
            bits=_BITS,
            block_size=BLOCK,
            accuracy_level=_ROUNDS_STEPS,
        ),
        new_node("Transpose", [product], result, perm=[0, 2, 1]),
    ]


def _expanded(source: bytes, repeats: bytes, result: bytes) -> list[Node]:
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
