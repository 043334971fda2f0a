"""A model file's parts as ONNX models of their own, and two such models joined: onnxruntime then prepares only what plays.

The file holds decoder, encoder and gradient in the branches of three `If` (export/graph.py), and onnxruntime prepares every
branch when it loads, wanted or not.
"""

from __future__ import annotations

from bridge.model_graph import ModelGraph, shown, written
from bridge.wire_format import Reader, broken

_MODEL_PROPERTY = 14
_PROPERTY_KEY, _PROPERTY_VALUE = 1, 2


def part(data: bytes, output: str) -> bytes:
    """The part of a model file that computes one output, as an ONNX model of its own: the same nodes and weights.

    :param data: a model file's bytes
    :param output: the name of an output that an `If` of the file gives
    :returns: an ONNX model without metadata; its inputs are those that the part reads, and none of them has a default
    :raises VamenError: the bytes are broken, no `If` gives this output, or its branch reads what is neither input nor weight
    """
    model = ModelGraph(data)
    wanted = output.encode()
    branch = model.branch(wanted)
    made = branch.made
    if wanted not in model.graph.outputs or len(branch.outputs) != 1 or not branch.outputs.keys() <= made:
        raise broken(f"{shown(wanted)} is not computed in it")
    [result] = branch.outputs
    inputs = model.graph.inputs
    weights = {name: tensor for name, tensor in (model.graph.weights | branch.weights).items() if name not in inputs}
    read = branch.read - made
    if missing := read - inputs.keys() - weights.keys():
        raise broken(f"{shown(wanted)} is computed from {shown(min(missing))}, which is neither an input nor a weight")
    return written(
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
    one, two = ModelGraph(first), ModelGraph(second)
    fed = one.graph.outputs.keys() & two.graph.inputs.keys()
    if not fed:
        raise broken("no output of the first of two models is an input of the second")
    unfed = {name: value for name, value in two.graph.inputs.items() if name not in fed}
    known = one.graph.inputs.keys() | one.graph.weights.keys() | one.graph.made
    if collisions := known & (unfed.keys() | two.graph.weights.keys() | two.graph.made):
        raise broken(f"two models that are joined both have a {shown(min(collisions))}")
    if any(one.operator_sets.get(domain, version) != version for domain, version in two.operator_sets.items()):
        raise broken("the operators of two models that are joined are of different versions")
    return written(
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
    graph = ModelGraph(data).graph
    return (
        {name.decode(errors="replace") for name in graph.inputs},
        {name.decode(errors="replace") for name in graph.outputs},
    )
