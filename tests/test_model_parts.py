"""One part of a model file as a model of its own, with the `onnx` package as the other reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from bridge import wire_format
from bridge.errors import VamenError
from bridge.model import DECODED_OUTPUT, ENCODED_OUTPUT, GRADIENT_OUTPUT, IMAGE_INPUT, LATENT_INPUT, TRIED_INPUT, WANTED_INPUT
from bridge.model_graph import ModelGraph
from bridge.model_parts import joined, part
from bridge.shipped_models import SHIPPED_MODELS, model_path
from tests.conftest import TINY_MODEL

FILES = [TINY_MODEL, *map(model_path, SHIPPED_MODELS)]
INPUTS = {
    DECODED_OUTPUT: {LATENT_INPUT},
    ENCODED_OUTPUT: {IMAGE_INPUT},
    GRADIENT_OUTPUT: {TRIED_INPUT, WANTED_INPUT},
}


def part_of(data: bytes, output: str) -> bytes:
    return part(ModelGraph.read(data), output).written()


def session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    # What comes beyond, another layout of the channels, is only done outside an `If`, and rounds differently.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_parts_are_models_that_give_what_the_file_gives_to_the_bit(path: Path) -> None:
    data = path.read_bytes()
    whole = session(data)
    latent_dimensions = whole.get_outputs()[1].shape[2]
    generator = np.random.default_rng(0)
    latent = generator.normal(0.0, 1.0, (1, 32, latent_dimensions)).astype(np.float32)
    image = generator.uniform(0.0, 1.0, (1, 512, 512)).astype(np.float32)
    feeds = {LATENT_INPUT: latent[:, :9], IMAGE_INPUT: image, TRIED_INPUT: latent, WANTED_INPUT: image}
    for output, inputs in INPUTS.items():
        made = part_of(data, output)
        onnx.checker.check_model(onnx.load_from_string(made), full_check=True)
        alone = session(made)
        # The tiny model's gradient does not look at the image.
        assert {given.name for given in alone.get_inputs()} == (inputs - {WANTED_INPUT} if path == TINY_MODEL else inputs)
        assert [given.name for given in alone.get_outputs()] == [output]
        assert alone.get_overridable_initializers() == []
        fed = {given.name: feeds[given.name] for given in alone.get_inputs()}
        assert np.array_equal(alone.run(None, fed)[0], whole.run([output], {name: feeds[name] for name in inputs})[0])


def test_a_part_holds_its_own_weights_alone(path: Path) -> None:
    whole = onnx.load(path)
    made = onnx.load_from_string(part_of(path.read_bytes(), ENCODED_OUTPUT))
    assert len(made.SerializeToString()) < 0.8 * path.stat().st_size
    known = {tensor.name: tensor for tensor in whole.graph.initializer}
    assert all(tensor == known[tensor.name] for tensor in made.graph.initializer)
    read = {name for node in made.graph.node for name in node.input}
    assert {tensor.name for tensor in made.graph.initializer} <= read
    assert made.ir_version == whole.ir_version and list(made.opset_import) == list(whole.opset_import)


def test_metadata_and_names_are_those_that_onnx_reads(path: Path) -> None:
    read, whole = ModelGraph.read(path.read_bytes()), onnx.load(path)
    assert read.properties == {entry.key: entry.value for entry in whole.metadata_props}
    assert [name.decode() for name in read.graph.inputs] == [given.name for given in whole.graph.input]
    assert [name.decode() for name in read.graph.outputs] == [given.name for given in whole.graph.output]


def level(name: str = "level", version: int = 17, source: str = DECODED_OUTPUT) -> bytes:
    """A model that takes the mean of a picture, times a number that is fed."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", [source], [name], axes=[1, 2]),
            helper.make_node("Mul", [name, "times"], ["louder"]),
        ],
        "level",
        [
            helper.make_tensor_value_info(source, TensorProto.FLOAT, ["b", 512, "c"]),
            helper.make_tensor_value_info("times", TensorProto.FLOAT, []),
        ],
        [helper.make_tensor_value_info("louder", TensorProto.FLOAT, ["b", 1, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_joined_models_compute_one_after_the_other() -> None:
    decoder = part_of(TINY_MODEL.read_bytes(), DECODED_OUTPUT)
    both = joined(decoder, level())
    onnx.checker.check_model(onnx.load_from_string(both), full_check=True)
    latent = np.random.default_rng(1).normal(0.0, 1.0, (2, 6, 4)).astype(np.float32)
    [picture] = session(decoder).run(None, {LATENT_INPUT: latent})
    running = session(both)
    assert [given.name for given in running.get_inputs()] == [LATENT_INPUT, "times"]
    [louder] = running.run(None, {LATENT_INPUT: latent, "times": np.array(3.0, np.float32)})
    assert np.allclose(louder.ravel(), 3.0 * picture.mean(axis=(1, 2)), rtol=1e-5)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (level(source="other"), "no output of the first"),
        (level(name=f"{DECODED_OUTPUT}/sum"), rf"both have a '{DECODED_OUTPUT}/sum'"),
        (level(version=16), "of different versions"),
    ],
)
def test_models_that_do_not_fit_are_not_joined(second: bytes, said: str) -> None:
    with pytest.raises(VamenError, match=said):
        joined(part_of(TINY_MODEL.read_bytes(), DECODED_OUTPUT), second)


def test_a_file_cut_short_anywhere_is_refused_in_a_sentence() -> None:
    data = TINY_MODEL.read_bytes()
    # Every place near beginning and end, and some between.
    for length in {*range(400), *range(400, len(data), 997), *range(len(data) - 200, len(data))}:
        try:
            part_of(data[:length], DECODED_OUTPUT)
        except VamenError as error:
            assert "\n" not in str(error)
        else:
            assert length > data.rindex(DECODED_OUTPUT.encode())  # only metadata or versions, behind the graph, are lost


def test_bytes_turned_at_random_never_raise_anything_else() -> None:
    generator = np.random.default_rng(2)
    whole = np.frombuffer(TINY_MODEL.read_bytes(), np.uint8)
    refused = 0
    for _ in range(300):
        data = whole.copy()
        data[generator.integers(0, 8000, 4)] = generator.integers(0, 256, 4)
        try:
            part_of(data.tobytes(), DECODED_OUTPUT)
        except VamenError:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 graphs"),
        (b"\x3a\x00\x3a\x00", "2 graphs"),
        (b"\x3b", "wire type 3"),
        (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "ends within a field"),
        (b"\x08" + b"\xff" * 11, "longer than ten bytes"),
        (b"\x3d\x00", "ends within a field"),
        (b"\x3a\x00", "no part of it gives 'decoded_image'"),
        (b"\x3a\x00\x72\x04\x0a\x02\xff\xff", "no text in UTF-8"),
    ],
)
def test_what_is_no_model_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(VamenError, match=said):
        part_of(data, DECODED_OUTPUT)


def test_a_file_of_nothing_but_fields_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_format, "MAX_FIELDS", 1000)
    with pytest.raises(VamenError, match="more than 1000 fields"):
        part_of(b"\x08\x01" * 1001, DECODED_OUTPUT)


def test_a_branch_that_reads_what_is_not_there_is_refused() -> None:
    model = onnx.load(TINY_MODEL)
    kept = [tensor for tensor in model.graph.initializer if not tensor.name.endswith("/kernel")]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    with pytest.raises(VamenError, match="neither an input nor a weight"):
        part_of(model.SerializeToString(), DECODED_OUTPUT)
    with pytest.raises(VamenError, match="no part of it gives 'sound'"):
        part_of(TINY_MODEL.read_bytes(), "sound")
