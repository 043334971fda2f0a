"""An ONNX model's graph as far as its bytes are taken apart here: nodes, weights, inputs and outputs, read and written.

The numbers of fields are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bridge.wire_format import Reader, broken, delimited, integer

_MODEL_IR_VERSION, _MODEL_GRAPH, _MODEL_OPERATOR_SET = 1, 7, 8
_SET_DOMAIN, _SET_VERSION = 1, 2
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_WEIGHT, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_INTEGER, _ATTRIBUTE_GRAPH, _ATTRIBUTE_INTEGERS, _ATTRIBUTE_TYPE = 1, 3, 6, 8, 20
_TYPE_INTEGER, _TYPE_INTEGERS = 2, 7
_TENSOR_DIMENSION, _TENSOR_NAME, _VALUE_NAME = 1, 8, 1


class Node:
    """A node's bytes, and the names that it reads and gives."""

    def __init__(self, reader: Reader, message: memoryview) -> None:
        self._fields = list(reader.fields(message))
        self.message = message
        self.inputs = self._texts(_NODE_INPUT)
        self.outputs = self._texts(_NODE_OUTPUT)
        self.operator = b"".join(self._texts(_NODE_OPERATOR)[-1:])

    def _texts(self, number: int) -> list[bytes]:
        return [bytes(field.value) for field in self._fields if field.number == number and isinstance(field.value, memoryview)]

    def integers(self, reader: Reader) -> dict[bytes, list[int]]:
        """Its attributes by name, each as the integers that it holds; none where it holds something else."""
        attributes = reader.named(self.message, _NODE_ATTRIBUTE, _ATTRIBUTE_NAME)
        return {
            name: [*reader.numbers(attribute, _ATTRIBUTE_INTEGER), *reader.numbers(attribute, _ATTRIBUTE_INTEGERS)]
            for name, attribute in attributes.items()
        }

    def renamed(self, old: bytes, new: bytes) -> bytes | memoryview:
        """The node's bytes, where it reads or gives ``new`` instead of ``old``."""
        if old not in self.inputs and old not in self.outputs:
            return self.message
        return b"".join(
            b"".join(delimited(field.number, new))
            if field.number in (_NODE_INPUT, _NODE_OUTPUT) and isinstance(field.value, memoryview) and field.value == old
            else field.written
            for field in self._fields
        )


class Graph:
    """A graph's nodes in their order, and weights, inputs and outputs by name."""

    def __init__(self, reader: Reader, message: memoryview) -> None:
        self.nodes = [Node(reader, node) for node in reader.texts(message, _GRAPH_NODE)]
        self.weights = reader.named(message, _GRAPH_WEIGHT, _TENSOR_NAME)
        self.inputs = reader.named(message, _GRAPH_INPUT, _VALUE_NAME)
        self.outputs = reader.named(message, _GRAPH_OUTPUT, _VALUE_NAME)

    @property
    def made(self) -> set[bytes]:
        """The names that its nodes give."""
        return {name for node in self.nodes for name in node.outputs}

    @property
    def read(self) -> set[bytes]:
        """The names that its nodes read; an input that is left out has none."""
        return {name for node in self.nodes for name in node.inputs} - {b""}


class ModelGraph:
    """An ONNX model's graph, and the versions that its operators have, by domain."""

    def __init__(self, data: bytes) -> None:
        self.reader = Reader()
        whole = memoryview(data)
        graphs = self.reader.texts(whole, _MODEL_GRAPH)
        if len(graphs) != 1:
            raise broken(f"it has {len(graphs)} graphs instead of one")
        self.graph = Graph(self.reader, graphs[0])
        self.ir_version = self.reader.number(whole, _MODEL_IR_VERSION)
        self.operator_sets = {
            self.reader.text(entry, _SET_DOMAIN): self.reader.number(entry, _SET_VERSION)
            for entry in self.reader.texts(whole, _MODEL_OPERATOR_SET)
        }

    def branch(self, output: bytes) -> Graph:
        """The graph that the `If` with this output runs when its condition holds."""
        for node in self.graph.nodes:
            if node.operator == b"If" and node.outputs == [output]:
                attributes = self.reader.named(node.message, _NODE_ATTRIBUTE, _ATTRIBUTE_NAME)
                for graph in self.reader.texts(attributes.get(b"then_branch", memoryview(b"")), _ATTRIBUTE_GRAPH):
                    return Graph(self.reader, graph)
        raise broken(f"no part of it gives {shown(output)}")


def written(
    ir_version: int,
    operator_sets: Mapping[bytes, int],
    nodes: Iterable[bytes | memoryview],
    weights: Iterable[memoryview],
    inputs: Iterable[memoryview],
    outputs: Iterable[memoryview],
) -> bytes:
    """A model's bytes from what was read or made."""
    graph = delimited(_GRAPH_NAME, b"vamen")
    for number, messages in ((_GRAPH_NODE, nodes), (_GRAPH_WEIGHT, weights), (_GRAPH_INPUT, inputs), (_GRAPH_OUTPUT, outputs)):
        for message in messages:
            graph += delimited(number, message)
    model = [integer(_MODEL_IR_VERSION, ir_version), *delimited(_MODEL_GRAPH, *graph)]
    for domain, version in sorted(operator_sets.items()):
        model += delimited(_MODEL_OPERATOR_SET, *delimited(_SET_DOMAIN, domain), integer(_SET_VERSION, version))
    return b"".join(model)


def new_node(
    operator: str,
    inputs: Iterable[bytes],
    output: bytes,
    domain: bytes = b"",
    **attributes: int | Sequence[int],
) -> bytes:
    """A node's bytes; its attributes are integers, and lists of such."""
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
    return b"".join(pieces)


def dimensions(reader: Reader, tensor: memoryview) -> list[int]:
    """A weight's shape."""
    return reader.numbers(tensor, _TENSOR_DIMENSION)


def reshaped(reader: Reader, tensor: memoryview, shape: Sequence[int]) -> memoryview:
    """A weight of another shape, with the same elements in their order."""
    kept = [field.written for field in reader.fields(tensor) if field.number != _TENSOR_DIMENSION]
    return memoryview(b"".join([*(integer(_TENSOR_DIMENSION, length) for length in shape), *kept]))


def shown(name: bytes) -> str:
    return repr(name.decode(errors="replace")[:80])
