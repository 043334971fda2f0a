"""Rounded products for convolutions of kernel 1, expansions for tiles: nearly the same pictures, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bridge import wire_format
from bridge.errors import VamenError
from bridge.mel_spectrogram import FloatArray
from bridge.model import DECODED_OUTPUT, Model
from bridge.model_graph import ModelGraph
from bridge.model_parts import part
from bridge.model_rewrites import BLOCK, quicker, rounded
from bridge.shipped_models import SHIPPED_MODELS, model_path
from bridge.wire_format import Reader
from tests.conftest import TINY_MODEL
from tests.test_model_parts import session

MEAN_DIFFERENCE, LARGEST_DIFFERENCE = 0.15, 1.0
"""Decibels by which a picture may differ from that of the file's own decoder."""


def rewritten(data: bytes) -> bytes:
    return quicker(ModelGraph.read(data)).written()


@pytest.mark.parametrize("name", SHIPPED_MODELS)
def test_a_shipped_decoder_paints_breaks_as_the_file_does(name: str) -> None:
    model = Model.load(model_path(name))
    metadata = model.metadata
    made = quicker(part(ModelGraph.read(model_path(name).read_bytes()), DECODED_OUTPUT)).written()
    onnx.checker.check_model(onnx.load_from_string(made), full_check=True)
    operators = [node.op_type for node in onnx.load_from_string(made).graph.node]
    # What mixes a step's channels twice, spreads them, and chooses and adds up atoms.
    assert operators.count("MatMulNBits") == 5 and "Tile" not in operators
    exact = Model.load(model_path(name), rounded=False)
    generator = np.random.default_rng(0)
    latents = [*(slot.latent for slot in metadata.slots[:4]), *(metadata.draw(generator) for _ in range(4))]
    for latent in latents:
        apart = np.abs(model.decode_ring(latent) - exact.decode_ring(latent)) * metadata.spec.dynamic_range_db
        assert 0.0 < apart.mean() < MEAN_DIFFERENCE and apart.max() < LARGEST_DIFFERENCE


def test_a_model_without_such_convolutions_stays_as_it_is() -> None:
    decoder = part(ModelGraph.read(TINY_MODEL.read_bytes()), DECODED_OUTPUT)
    assert quicker(decoder) is decoder


KERNEL = np.random.default_rng(1).standard_normal((6, 2 * BLOCK, 1)).astype(np.float32)
KERNEL[2, :BLOCK] = 0.0
BIAS = np.arange(6, dtype=np.float32)


def layer(
    kernel: FloatArray = KERNEL,
    read_again: bool = False,
    half: bool = True,
    bias: bool = True,
    **attributes: Any,
) -> bytes:
    """A model of one convolution."""
    nodes = [helper.make_node("Conv", ["x", "wide" if half else "kernel", *(["bias"] if bias else [])], ["y"], **attributes)]
    if half:
        nodes.insert(0, helper.make_node("Cast", ["kernel"], ["wide"], to=TensorProto.FLOAT))
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", len(kernel), *("t" * (kernel.ndim - 2))])]
    if read_again:
        nodes.append(helper.make_node("ReduceSum", ["wide"], ["total"], keepdims=0))
        outputs.append(helper.make_tensor_value_info("total", TensorProto.FLOAT, []))
    weights = [numpy_helper.from_array(kernel.astype(np.float16) if half else kernel, "kernel")]
    if bias:
        weights.append(numpy_helper.from_array(BIAS[: len(kernel)], "bias"))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", "c", *("s" * (kernel.ndim - 2))])]
    graph = helper.make_graph(nodes, "layer", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def packed(model: bytes) -> bytes:
    """As a writer of proto3 has it: a tensor's three dimensions in one field."""
    apart = b"".join(b"\x08" + bytes([length]) for length in KERNEL.shape)
    assert model.count(apart) == 1
    return model.replace(apart, b"\x0a\x04" + bytes([*KERNEL.shape[:2], 0x81, 0x00]))


def worth(kernel: FloatArray) -> FloatArray:
    """What a kernel (out, in) is worth once it is rounded."""
    counts, scales = rounded(kernel)
    assert counts.min() >= 1 and counts.dtype == np.uint8
    blocks = (counts.astype(np.float32) - 128.0) * scales[..., np.newaxis]
    assert np.all(np.abs(blocks - kernel.reshape(blocks.shape)) <= scales[..., np.newaxis] * 0.5001)
    whole: FloatArray = blocks.reshape(kernel.shape)
    return whole


def test_a_kernel_is_rounded_by_blocks() -> None:
    # More rows than are rounded at once, of very different sizes.
    sizes = np.logspace(-6, 6, 600, dtype=np.float32)[:, np.newaxis]
    kernel = sizes * np.random.default_rng(4).standard_normal((600, 3 * BLOCK)).astype(np.float32)
    assert np.abs(worth(kernel) - kernel).max(axis=1).max() > 0.0
    assert np.array_equal(worth(np.zeros((2, BLOCK), np.float32)), np.zeros((2, BLOCK)))


@pytest.mark.parametrize(
    "model",
    [
        layer(),
        layer(kernel_shape=[1], pads=[0, 0], strides=[1], dilations=[1], group=1),
        packed(layer()),
        layer(half=False),
        layer(bias=False),
    ],
    ids=["bare", "written out", "packed", "single precision", "no bias"],
)
def test_a_layer_becomes_a_product_of_rounded_weights(model: bytes) -> None:
    made = rewritten(model)
    operators = {node.op_type for node in onnx.load_from_string(made).graph.node}
    assert operators == {"Transpose", "MatMulNBits"}
    x = np.random.default_rng(2).standard_normal((3, 2 * BLOCK, 5)).astype(np.float32)
    bias = BIAS[:, np.newaxis] if any(b"bias" in node.inputs for node in ModelGraph.read(model).graph.nodes) else 0.0
    half = any(node.operator == b"Cast" for node in ModelGraph.read(model).graph.nodes)
    kernel = KERNEL[..., 0].astype(np.float16).astype(np.float32) if half else KERNEL[..., 0]
    [y] = session(made).run(["y"], {"x": x})
    # The steps are rounded too: by half of a 127th of the largest in a block.
    most = np.abs(worth(kernel)).sum(axis=1)[:, np.newaxis] * np.abs(x).max() / 127.0
    assert np.all(np.abs(y - np.einsum("oi,bit->bot", worth(kernel), x) - bias) < most)
    [exact] = session(model).run(["y"], {"x": x})
    assert 0.0 < np.abs(y - exact).mean() < 0.01 * exact.std()


@pytest.mark.parametrize(
    "model",
    [
        lambda: layer(strides=[2]),
        lambda: layer(pads=[1, 0]),
        lambda: layer(KERNEL[:, :BLOCK], group=2),
        lambda: layer(auto_pad="SAME_UPPER", strides=[2]),
        lambda: layer(np.repeat(KERNEL, 3, axis=2)),
        lambda: layer(KERNEL[..., np.newaxis]),
        lambda: layer(KERNEL[:, 1:]),
        lambda: layer(KERNEL * np.float32(np.inf), half=False),
        lambda: layer(read_again=True),
    ],
    ids=[
        "strides",
        "pads",
        "groups",
        "auto_pad",
        "kernel of 3",
        "two dimensions",
        "no whole blocks",
        "no numbers",
        "kernel read twice",
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in multiply")
def test_every_other_convolution_stays_one(model: Callable[[], bytes]) -> None:
    read = ModelGraph.read(model())
    assert quicker(read) is read


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
    made = rewritten(model.SerializeToString())
    assert "Tile" not in [node.op_type for node in onnx.load_from_string(made).graph.node]
    x = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    assert np.array_equal(session(made).run(["y"], {"x": x, "repeats": np.array(repeats)})[0], np.tile(x, repeats))


def test_a_file_cut_short_anywhere_is_refused_in_a_sentence() -> None:
    data = layer(kernel_shape=[1], group=1)
    for length in range(len(data)):
        try:
            rewritten(data[:length])
        except VamenError as error:
            assert "\n" not in str(error)


def test_a_file_of_nothing_but_numbers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_format, "MAX_FIELDS", 100)
    with pytest.raises(VamenError, match="more than 100 fields"):
        Reader().numbers(memoryview(b"\x0a\x7f" + b"\x01" * 127), 1)
