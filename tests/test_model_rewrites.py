"""Products for convolutions of kernel 1 and expansions for tiles: the same pictures, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bridge import wire_format
from bridge.errors import VamenError
from bridge.model import DECODED_OUTPUT, LATENT_INPUT
from bridge.model_parts import part
from bridge.model_rewrites import quicker
from bridge.shipped_models import SHIPPED_MODELS, model_path
from bridge.wire_format import Reader
from tests.conftest import TINY_MODEL
from tests.test_model_parts import session


@pytest.mark.parametrize("name", SHIPPED_MODELS)
def test_a_shipped_decoder_paints_what_the_file_does(name: str) -> None:
    data = model_path(name).read_bytes()
    made = quicker(part(data, DECODED_OUTPUT))
    onnx.checker.check_model(onnx.load_from_string(made), full_check=True)
    operators = [node.op_type for node in onnx.load_from_string(made).graph.node]
    # What mixes a step's channels twice, spreads them, and chooses and adds up atoms.
    assert operators.count("FusedMatMul") == 5 and "Tile" not in operators
    whole, alone = session(data), session(made)
    latent = np.random.default_rng(0).normal(0.0, 1.0, (2, 20, 24)).astype(np.float32)
    for batch, steps in ((1, 5), (1, 7), (1, 20), (2, 9)):
        fed = {LATENT_INPUT: latent[:batch, :steps]}
        assert np.abs(alone.run(None, fed)[0] - whole.run([DECODED_OUTPUT], fed)[0]).max() < 1e-5


def test_a_model_without_such_convolutions_stays_as_it_is() -> None:
    decoder = part(TINY_MODEL.read_bytes(), DECODED_OUTPUT)
    assert quicker(decoder) is decoder


KERNEL = np.random.default_rng(1).standard_normal((6, 4, 1)).astype(np.float32)
BIAS = np.arange(6, dtype=np.float32)


def layer(kernel: np.ndarray = KERNEL, read_again: bool = False, **attributes: Any) -> bytes:
    """A model of one convolution, its kernel in half precision."""
    nodes = [
        helper.make_node("Cast", ["kernel"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["x", "wide", "bias"], ["y"], **attributes),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", len(kernel), "t"])]
    if read_again:
        nodes.append(helper.make_node("ReduceSum", ["wide"], ["total"], keepdims=0))
        outputs.append(helper.make_tensor_value_info("total", TensorProto.FLOAT, []))
    graph = helper.make_graph(
        nodes,
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", "c", "s"])],
        outputs,
        [numpy_helper.from_array(kernel.astype(np.float16), "kernel"), numpy_helper.from_array(BIAS[: len(kernel)], "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def packed(model: bytes) -> bytes:
    """As a writer of proto3 has it: a tensor's three dimensions in one field."""
    apart = b"".join(b"\x08" + bytes([length]) for length in KERNEL.shape)
    assert model.count(apart) == 1
    return model.replace(apart, b"\x0a\x04" + bytes([*KERNEL.shape[:2], 0x81, 0x00]))


@pytest.mark.parametrize(
    "model",
    [layer(), layer(kernel_shape=[1], pads=[0, 0], strides=[1], dilations=[1], group=1), packed(layer())],
    ids=["bare", "written out", "packed"],
)
def test_a_layer_kept_in_half_precision_becomes_a_product(model: bytes) -> None:
    made = quicker(model)
    assert "Conv" not in [node.op_type for node in onnx.load_from_string(made).graph.node]
    x = np.random.default_rng(2).standard_normal((3, 4, 5)).astype(np.float32)
    [y] = session(made).run(["y"], {"x": x})
    expected = np.einsum("oi,bit->bot", KERNEL[..., 0].astype(np.float16), x, dtype=np.float32) + BIAS[:, np.newaxis]
    assert np.abs(y - expected).max() < 1e-5


@pytest.mark.parametrize(
    "model",
    [
        lambda: layer(strides=[2]),
        lambda: layer(pads=[1, 0]),
        lambda: layer(KERNEL[:, :2], group=2),
        lambda: layer(auto_pad="SAME_UPPER", strides=[2]),
        lambda: layer(np.repeat(KERNEL, 3, axis=2)),
        lambda: layer(KERNEL[..., np.newaxis]),
        lambda: layer(read_again=True),
    ],
    ids=["strides", "pads", "groups", "auto_pad", "kernel of 3", "two dimensions", "kernel read twice"],
)
def test_every_other_convolution_stays_one(model: Callable[[], bytes]) -> None:
    data = model()
    assert quicker(data) is data


@pytest.mark.parametrize(
    ("shape", "repeats"), [((2, 3, 4), (1, 1, 5)), ((2, 3, 4), (3, 1, 2)), ((4,), (3,)), ((2, 3), (2, 0)), ((0, 3), (2, 2))]
)
def test_a_tile_is_expanded_to_the_same(shape: tuple[int, ...], repeats: tuple[int, ...]) -> None:
    graph = helper.make_graph(
        [helper.make_node("Tile", ["x", "repeats"], ["y"])],
        "tile",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [None] * len(shape)),
            helper.make_tensor_value_info("repeats", TensorProto.INT64, [len(shape)]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * len(shape))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    made = quicker(model.SerializeToString())
    assert "Tile" not in [node.op_type for node in onnx.load_from_string(made).graph.node]
    x = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    assert np.array_equal(session(made).run(["y"], {"x": x, "repeats": np.array(repeats)})[0], np.tile(x, repeats))


def test_a_file_cut_short_anywhere_is_refused_in_a_sentence() -> None:
    data = layer(kernel_shape=[1], group=1)
    for length in range(len(data)):
        try:
            quicker(data[:length])
        except VamenError as error:
            assert "\n" not in str(error)


def test_a_file_of_nothing_but_numbers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_format, "MAX_FIELDS", 100)
    with pytest.raises(VamenError, match="more than 100 fields"):
        Reader().numbers(memoryview(b"\x0a\x7f" + b"\x01" * 127), 1)
