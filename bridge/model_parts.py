"""A model file's parts as ONNX models of their own, and two such models joined: onnxruntime then prepares only what plays.

The file holds decoder, encoder and gradient in the branches of three `If` (export/graph.py), and onnxruntime prepares every
branch when it loads, wanted or not.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.model_graph import Graph, ModelGraph, require_here, shown
from bridge.wire_format import broken


def part(model: ModelGraph, output: str) -> ModelGraph:
    """The part of a model file that computes one output, as an ONNX model of its own: the same nodes and weights.

    :param model: a model file's graph
    :param output: the name of an output that an `If` of the file gives
    :returns: an ONNX model without metadata; its inputs are those that the part reads, and none of them has a default
    :raises VamenError: the file is broken, no `If` gives this output, its branch reads what is neither input nor weight, or holds
        what a stranger could do harm with (:meth:`Node.require_plain`)
    """
    wanted = output.encode()
    branch = _branch(model.graph, wanted)
    made = branch.made
    if wanted not in model.graph.outputs or len(branch.outputs) != 1 or not branch.outputs.keys() <= made:
        raise broken(f"{shown(wanted)} is not computed in it")
    [result] = branch.outputs
    inputs = model.graph.inputs
    weights = {name: weight for name, weight in {**model.graph.weights, **branch.weights}.items() if name not in inputs}
    read = branch.used - made
    if missing := read - inputs.keys() - weights.keys():
        raise broken(f"{shown(wanted)} is computed from {shown(min(missing))}, which is neither an input nor a weight")
    graph = Graph(
        nodes=[node.renamed(result, wanted) for node in branch.nodes],
        weights={name: weight for name, weight in weights.items() if name in read},
        inputs={name: value for name, value in inputs.items() if name in read},
        outputs={wanted: model.graph.outputs[wanted]},
    )
    for node in graph.nodes:
        node.require_plain()
    for weight in graph.weights.values():
        require_here(model.reader, weight)
    return replace(model, graph=graph, properties={})


def _branch(graph: Graph, output: bytes) -> Graph:
    """The graph that the `If` with this output runs when its condition holds."""
    for node in graph.nodes:
        if node.operator == b"If" and node.outputs == [output] and (branch := node.branch()) is not None:
            return branch
    raise broken(f"no part of it gives {shown(output)}")


def joined(first: bytes, second: bytes) -> bytes:
    """Two ONNX models as one: each output of the first feeds the second's input of the same name.

    :param first: an ONNX model's bytes, such as those of a :func:`part`
    :param second: another one's; but for what is fed, no name of an input, a weight or a node's output is in both
    :returns: an ONNX model with the first's inputs, those of the second's that the first does not feed, and the second's outputs
    :raises VamenError: either is broken, nothing is fed, names collide, or their operators are of different versions
    """
    one, two = ModelGraph.read(first), ModelGraph.read(second)
    fed = one.graph.outputs.keys() & two.graph.inputs.keys()
    if not fed:
        raise broken("no output of the first of two models is an input of the second")
    unfed = {name: value for name, value in two.graph.inputs.items() if name not in fed}
    known = one.graph.inputs.keys() | one.graph.weights.keys() | one.graph.made
    if collisions := known & (unfed.keys() | two.graph.weights.keys() | two.graph.made):
        raise broken(f"two models that are joined both have a {shown(min(collisions))}")
    if any(one.operator_sets.get(domain, version) != version for domain, version in two.operator_sets.items()):
        raise broken("the operators of two models that are joined are of different versions")
    graph = Graph(
        nodes=[*one.graph.nodes, *two.graph.nodes],
        weights={**one.graph.weights, **two.graph.weights},
        inputs={**one.graph.inputs, **unfed},
        outputs=two.graph.outputs,
    )
    versions = {**one.operator_sets, **two.operator_sets}
    return replace(one, graph=graph, ir_version=max(one.ir_version, two.ir_version), operator_sets=versions).written()
