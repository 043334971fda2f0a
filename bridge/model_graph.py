"""An ONNX model's graph as far as its bytes are taken apart here: nodes, weights, inputs and outputs, read and written.

The numbers of fields are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.wire_format import Reader, broken, delimited, integer

_MODEL_IR_VERSION, _MODEL_GRAPH, _MODEL_OPERATOR_SET, _MODEL_PROPERTY = 1, 7, 8, 14
_SET_DOMAIN, _SET_VERSION = 1, 2
_PROPERTY_KEY, _PROPERTY_VALUE = 1, 2
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_WEIGHT, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_INTEGER, _ATTRIBUTE_GRAPH, _ATTRIBUTE_INTEGERS, _ATTRIBUTE_TYPE = 1, 3, 6, 8, 20
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (_ATTRIBUTE_GRAPH, 11), (22, 23)
_TYPE_INTEGER, _TYPE_INTEGERS = 2, 7
_TENSOR_DIMENSION, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW_DATA, _VALUE_NAME = 1, 2, 8, 9, 1
_TENSOR_ELSEWHERE = (13, 14)
"""Fields of a tensor whose elements are not in its bytes: where they are, and that they are there."""

_FLOAT, _UINT8, _HALF = 1, 2, 10
_STORED: Mapping[int, np.dtype[Any]] = {_FLOAT: np.dtype("<f4"), _UINT8: np.dtype("u1"), _HALF: np.dtype("<f2")}
"""How the elements of a tensor's type lie in its bytes."""


class Node:
    """A node's bytes, and the names that it reads and gives."""

    def __init__(self, reader: Reader, message: memoryview) -> None:
        self._reader = reader
        self._fields = list(reader.fields(message))
        self.message = message
        self.inputs = self._texts(_NODE_INPUT)
        self.outputs = self._texts(_NODE_OUTPUT)
        self.operator = b"".join(self._texts(_NODE_OPERATOR)[-1:])

    def _texts(self, number: int) -> list[bytes]:
        return [bytes(field.value) for field in self._fields if field.number == number and isinstance(field.value, memoryview)]

    def _attributes(self) -> dict[bytes, memoryview]:
        return self._reader.named(self.message, _NODE_ATTRIBUTE, _ATTRIBUTE_NAME)

    def integers(self) -> dict[bytes, list[int]]:
        """Its attributes by name, each as the integers that it holds; none where it holds something else."""
        numbers = self._reader.numbers
        return {
            name: [*numbers(attribute, _ATTRIBUTE_INTEGER), *numbers(attribute, _ATTRIBUTE_INTEGERS)]
            for name, attribute in self._attributes().items()
        }

    def branch(self) -> Graph | None:
        """The graph that an `If` runs when its condition holds; None where there is none."""
        branch = self._attributes().get(b"then_branch", memoryview(b""))
        graphs = self._reader.texts(branch, _ATTRIBUTE_GRAPH)
        return Graph.read(self._reader, graphs[0]) if graphs else None

    def require_plain(self) -> None:
        """Let nothing pass but ONNX's own operators on tensors that stand in the file.

        A loop may run for ever, and a tensor may be said to lie in another file, or at an address of this process's memory.

        :raises VamenError: it is another operator, holds a graph, or a tensor whose elements are elsewhere
        """
        if any(domain not in (b"", b"ai.onnx") for domain in self._texts(_NODE_DOMAIN)):
            raise broken(f"its operator {shown(self.operator)} is none of ONNX's own")
        for attribute in self._reader.texts(self.message, _NODE_ATTRIBUTE):
            for held in self._reader.fields(attribute):
                if held.number in _ATTRIBUTE_GRAPHS + _ATTRIBUTE_SPARSE:
                    raise broken(f"its operator {shown(self.operator)} holds a graph or a sparse tensor")
                if held.number in _ATTRIBUTE_TENSORS and isinstance(held.value, memoryview):
                    require_here(self._reader, held.value)

    def renamed(self, old: bytes, new: bytes) -> Node:
        """The node, or one like it that reads or gives ``new`` instead of ``old``."""
        if old not in self.inputs and old not in self.outputs:
            return self
        message = b"".join(
            b"".join(delimited(field.number, new))
            if field.number in (_NODE_INPUT, _NODE_OUTPUT) and isinstance(field.value, memoryview) and field.value == old
            else field.written
            for field in self._fields
        )
        return Node(self._reader, memoryview(message))


@dataclass(frozen=True)
class Graph:
    """A graph's nodes in their order, and weights, inputs and outputs by name."""

    nodes: Sequence[Node]
    weights: Mapping[bytes, memoryview]
    inputs: Mapping[bytes, memoryview]
    outputs: Mapping[bytes, memoryview]

    @classmethod
    def read(cls, reader: Reader, message: memoryview) -> Graph:
        """:raises VamenError: the bytes are broken"""
        return cls(
            nodes=[Node(reader, node) for node in reader.texts(message, _GRAPH_NODE)],
            weights=reader.named(message, _GRAPH_WEIGHT, _TENSOR_NAME),
            inputs=reader.named(message, _GRAPH_INPUT, _VALUE_NAME),
            outputs=reader.named(message, _GRAPH_OUTPUT, _VALUE_NAME),
        )

    @property
    def made(self) -> set[bytes]:
        """The names that its nodes give."""
        return {name for node in self.nodes for name in node.outputs}

    @property
    def used(self) -> set[bytes]:
        """The names that its nodes read; an input that is left out has none."""
        return {name for node in self.nodes for name in node.inputs} - {b""}


@dataclass(frozen=True)
class ModelGraph:
    """An ONNX model: its graph, the versions that its operators have, by domain, and its metadata."""

    graph: Graph
    ir_version: int
    operator_sets: Mapping[bytes, int]
    reader: Reader
    """That has read it, and counts what is read."""
    properties: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: bytes) -> ModelGraph:
        """:raises VamenError: the bytes are broken"""
        reader = Reader()
        whole = memoryview(data)
        graphs = reader.texts(whole, _MODEL_GRAPH)
        if len(graphs) != 1:
            raise broken(f"it has {len(graphs)} graphs instead of one")
        return cls(
            Graph.read(reader, graphs[0]),
            reader.number(whole, _MODEL_IR_VERSION),
            {
                reader.text(entry, _SET_DOMAIN): reader.number(entry, _SET_VERSION)
                for entry in reader.texts(whole, _MODEL_OPERATOR_SET)
            },
            reader,
            _properties(reader, whole),
        )

    def written(self) -> bytes:
        """The model's bytes, without its metadata."""
        message = delimited(_GRAPH_NAME, b"vamen")
        graph = self.graph
        for number, values in ((_GRAPH_WEIGHT, graph.weights), (_GRAPH_INPUT, graph.inputs), (_GRAPH_OUTPUT, graph.outputs)):
            for value in values.values():
                message += delimited(number, value)
        for node in graph.nodes:
            message += delimited(_GRAPH_NODE, node.message)
        model = [integer(_MODEL_IR_VERSION, self.ir_version), *delimited(_MODEL_GRAPH, *message)]
        for domain, version in sorted(self.operator_sets.items()):
            model += delimited(_MODEL_OPERATOR_SET, *delimited(_SET_DOMAIN, domain), integer(_SET_VERSION, version))
        return b"".join(model)


def _properties(reader: Reader, model: memoryview) -> dict[str, str]:
    entries = reader.texts(model, _MODEL_PROPERTY)
    try:
        return {reader.text(entry, _PROPERTY_KEY).decode(): reader.text(entry, _PROPERTY_VALUE).decode() for entry in entries}
    except UnicodeDecodeError as error:
        raise broken("its metadata is no text in UTF-8") from error


def new_node(
    operator: str,
    inputs: Iterable[bytes],
    output: bytes,
    domain: bytes = b"",
    **attributes: int | Sequence[int],
) -> Node:
    """A node of one output; its attributes are integers, and lists of such. An input that is left out has an empty name."""
    pieces: list[bytes | memoryview] = []
    for name in inputs:
        pieces += delimited(_NODE_INPUT, name)
    pieces += delimited(_NODE_OUTPUT, output) + delimited(_NODE_OPERATOR, operator.encode()) + delimited(_NODE_DOMAIN, domain)
    for key, value in attributes.items():
        if isinstance(value, int):
            held = [integer(_ATTRIBUTE_INTEGER, value % 2**64), integer(_ATTRIBUTE_TYPE, _TYPE_INTEGER)]
        else:
            held = [*(integer(_ATTRIBUTE_INTEGERS, each % 2**64) for each in value), integer(_ATTRIBUTE_TYPE, _TYPE_INTEGERS)]
        pieces += delimited(_NODE_ATTRIBUTE, *delimited(_ATTRIBUTE_NAME, key.encode()), *held)
    return Node(Reader(), memoryview(b"".join(pieces)))


def new_weight(name: bytes, elements: NDArray[np.float32] | NDArray[np.uint8]) -> memoryview:
    """A weight's message."""
    [kind] = [kind for kind, stored in _STORED.items() if stored == elements.dtype]
    pieces: list[bytes | memoryview] = [integer(_TENSOR_DIMENSION, length) for length in elements.shape]
    pieces += [integer(_TENSOR_TYPE, kind), *delimited(_TENSOR_NAME, name), *delimited(_TENSOR_RAW_DATA, elements.tobytes())]
    return memoryview(b"".join(pieces))


def require_here(reader: Reader, tensor: memoryview) -> None:
    """:raises VamenError: the elements of a tensor are not in its bytes"""
    if any(held.number in _TENSOR_ELSEWHERE for held in reader.fields(tensor)):
        raise broken("the elements of a tensor are said to lie outside the file")


def dimensions(reader: Reader, weight: memoryview) -> list[int]:
    """A weight's shape."""
    return reader.numbers(weight, _TENSOR_DIMENSION)


def real_numbers(reader: Reader, weight: memoryview) -> NDArray[np.floating[Any]] | None:
    """A weight's elements in its shape, where they lie; None where they are no real numbers, or lie elsewhere."""
    kind, shape = reader.number(weight, _TENSOR_TYPE), dimensions(reader, weight)
    raw = reader.texts(weight, _TENSOR_RAW_DATA)
    if kind not in (_FLOAT, _HALF) or not raw or len(raw[-1]) != math.prod(shape) * _STORED[kind].itemsize:
        return None
    elements: NDArray[np.floating[Any]] = np.frombuffer(raw[-1], _STORED[kind]).reshape(shape)
    return elements


def shown(name: bytes) -> str:
    return repr(name.decode(errors="replace")[:80])
