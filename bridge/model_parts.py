"""A model file's parts as ONNX models of their own, and two such models joined: onnxruntime then prepares only what plays.

The file holds decoder, encoder and gradient in the branches of three `If` (export/graph.py), and onnxruntime prepares every
branch when it loads, wanted or not. The numbers of fields are those of onnx.proto
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bridge.wire_format import Reader, broken, delimited, integer

_MODEL_IR_VERSION, _MODEL_GRAPH, _MODEL_OPERATOR_SET, _MODEL_PROPERTY = 1, 7, 8, 14
_SET_DOMAIN, _SET_VERSION = 1, 2
_PROPERTY_KEY, _PROPERTY_VALUE = 1, 2
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_WEIGHT, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATOR, _NODE_ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_GRAPH = 1, 6
_TENSOR_NAME, _VALUE_NAME = 8, 1


def part(data: bytes, output: str) -> bytes:
    """The part of a model file that computes one output, as an ONNX model of its own: the same nodes and weights.

    :param data: a model file's bytes
    :param output: the name of an output that an `If` of the file gives
    :returns: an ONNX model without metadata; its inputs are those that the part reads, and none of them has a default
    :raises VamenError: the bytes are broken, no `If` gives this output, or its branch reads what is neither input nor weight
    """
    model = _Model(data)
    wanted = output.encode()
    branch = model.branch(wanted)
    made = branch.made
    if wanted not in model.graph.outputs or len(branch.outputs) != 1 or not branch.outputs.keys() <= made:
        raise broken(f"{_shown(wanted)} is not computed in it")
    [result] = branch.outputs
    inputs = model.graph.inputs
    weights = {name: tensor for name, tensor in (model.graph.weights | branch.weights).items() if name not in inputs}
    read = branch.read - made
    if missing := read - inputs.keys() - weights.keys():
        raise broken(f"{_shown(wanted)} is computed from {_shown(min(missing))}, which is neither an input nor a weight")
    return _written(
        model.ir_version,
        model.operator_sets,
        nodes=[node.renamed(result, wanted) for node in branch.nodes],
        weights=[tensor for name, tensor in weights.items() if name in read],
        inputs=[value for name, value in inputs.items() if name in read],
        outputs=[model.graph.outputs[wanted]],
    )


def joined(first: bytes, second: bytes) -> bytes:
    """Two ONNX models as one: each output of the first feeds the second's input of the same name.

    :param first: an ONNX model's bytes, such as :func:`part` gives
    :param second: another one's; but for what is fed, no name of an input, a weight or a node's output is in both
    :returns: an ONNX model with the first's inputs, those of the second's that the first does not feed, and the second's outputs
    :raises VamenError: either is broken, nothing is fed, names collide, or their operators are of different versions
    """
    one, two = _Model(first), _Model(second)
    fed = one.graph.outputs.keys() & two.graph.inputs.keys()
    if not fed:
        raise broken("no output of the first of two models is an input of the second")
    unfed = {name: value for name, value in two.graph.inputs.items() if name not in fed}
    known = one.graph.inputs.keys() | one.graph.weights.keys() | one.graph.made
    if collisions := known & (unfed.keys() | two.graph.weights.keys() | two.graph.made):
        raise broken(f"two models that are joined both have a {_shown(min(collisions))}")
    if any(one.operator_sets.get(domain, version) != version for domain, version in two.operator_sets.items()):
        raise broken("the operators of two models that are joined are of different versions")
    return _written(
        max(one.ir_version, two.ir_version),
        one.operator_sets | two.operator_sets,
        nodes=[node.message for node in (*one.graph.nodes, *two.graph.nodes)],
        weights=[*one.graph.weights.values(), *two.graph.weights.values()],
        inputs=[*one.graph.inputs.values(), *unfed.values()],
        outputs=two.graph.outputs.values(),
    )


def properties(data: bytes) -> dict[str, str]:
    """A model file's metadata, its ``metadata_props``.

    :raises VamenError: the bytes are broken
    """
    reader = Reader()
    entries = reader.texts(memoryview(data), _MODEL_PROPERTY)
    try:
        return {reader.text(entry, _PROPERTY_KEY).decode(): reader.text(entry, _PROPERTY_VALUE).decode() for entry in entries}
    except UnicodeDecodeError as error:
        raise broken("its metadata is no text in UTF-8") from error


def interface(data: bytes) -> tuple[set[str], set[str]]:
    """The names of a model file's inputs and of its outputs.

    :raises VamenError: the bytes are broken
    """
    graph = _Model(data).graph
    return (
        {name.decode(errors="replace") for name in graph.inputs},
        {name.decode(errors="replace") for name in graph.outputs},
    )


class _Node:
    """A node's bytes, and the names that it reads and gives."""

    def __init__(self, reader: Reader, message: memoryview) -> None:
        self._fields = list(reader.fields(message))
        self.message = message
        self.inputs = self._texts(_NODE_INPUT)
        self.outputs = self._texts(_NODE_OUTPUT)
        self.operator = b"".join(self._texts(_NODE_OPERATOR)[-1:])

    def _texts(self, number: int) -> list[bytes]:
        return [bytes(field.value) for field in self._fields if field.number == number and isinstance(field.value, memoryview)]

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


class _Graph:
    """A graph's nodes in their order, and weights, inputs and outputs by name."""

    def __init__(self, reader: Reader, message: memoryview) -> None:
        self.nodes = [_Node(reader, node) for node in reader.texts(message, _GRAPH_NODE)]
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


class _Model:
    """An ONNX model's graph, and the versions that its operators have, by domain."""

    def __init__(self, data: bytes) -> None:
        self.reader = Reader()
        whole = memoryview(data)
        graphs = self.reader.texts(whole, _MODEL_GRAPH)
        if len(graphs) != 1:
            raise broken(f"it has {len(graphs)} graphs instead of one")
        self.graph = _Graph(self.reader, graphs[0])
        self.ir_version = self.reader.number(whole, _MODEL_IR_VERSION)
        self.operator_sets = {
            self.reader.text(entry, _SET_DOMAIN): self.reader.number(entry, _SET_VERSION)
            for entry in self.reader.texts(whole, _MODEL_OPERATOR_SET)
        }

    def branch(self, output: bytes) -> _Graph:
        """The graph that the `If` with this output runs when its condition holds."""
        for node in self.graph.nodes:
            if node.operator == b"If" and node.outputs == [output]:
                attributes = self.reader.named(node.message, _NODE_ATTRIBUTE, _ATTRIBUTE_NAME)
                for graph in self.reader.texts(attributes.get(b"then_branch", memoryview(b"")), _ATTRIBUTE_GRAPH):
                    return _Graph(self.reader, graph)
        raise broken(f"no part of it gives {_shown(output)}")


def _written(
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


def _shown(name: bytes) -> str:
    return repr(name.decode(errors="replace")[:80])
