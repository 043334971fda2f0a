"""One file, two halves: decoding never runs the encoder, and broken files are refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from bridge.errors import VamenError
from bridge.mel_spectrogram import PRESETS
from bridge.model import DECODED_OUTPUT, ENCODED_OUTPUT, Model
from bridge.shipped_models import MODELS, SHIPPED_MODELS
from tests.make_tiny_model import DIMENSIONS, FLOOR, NEIGHBOUR, PATH, build, metadata, patterns, shapes


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(PATH)


def test_the_committed_fixture_is_what_the_script_makes() -> None:
    made, committed = build(), onnx.load(PATH)
    assert made.graph == committed.graph
    assert {p.key for p in made.metadata_props} == {p.key for p in committed.metadata_props}
    assert metadata().spec == Model.load(PATH).metadata.spec


def test_decode_paints_what_the_formula_says(model: Model) -> None:
    rows, columns = shapes()
    latent = np.random.default_rng(0).normal(0.3, 0.5, (1, 6, len(DIMENSIONS))).astype(np.float32)
    mixed = latent[:, 1:-1] + NEIGHBOUR * (latent[:, :-2] + latent[:, 2:])
    expected = np.clip(FLOOR + np.einsum("bsd,dm,dt->bmst", mixed, rows, columns).reshape(1, 512, 64), 0.0, 1.0)
    assert np.abs(model.decode(latent) - expected).max() < 1e-5


def test_ring_gathers_neighbours_round_the_ring(model: Model) -> None:
    latent = patterns()["amen"]
    whole = model.decode_ring(latent)
    assert whole.shape == (512, 512)
    turned = model.decode_ring(np.roll(latent, 5, axis=0))
    assert np.allclose(turned, np.roll(whole, 5 * 16, axis=1), atol=1e-6)
    one = model.decode(latent[[31, 0, 1]][np.newaxis])[0]
    assert np.allclose(one, whole[:, :16], atol=1e-6)


def test_encode_undoes_decode_for_a_break_within_range(model: Model) -> None:
    latent = np.full((8, len(DIMENSIONS)), 0.2, dtype=np.float32)
    decoded = model.decode_ring(latent)
    # The tiny encoder ignores neighbours, which add their tenth on either side.
    assert np.allclose(model.encode(decoded), latent * (1.0 + 2.0 * NEIGHBOUR), atol=1e-3)


def test_decoding_runs_no_node_of_the_encoder(tmp_path: Path) -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "profile")
    session = onnxruntime.InferenceSession(PATH.read_bytes(), options, providers=["CPUExecutionProvider"])
    model = Model(session, metadata(), sha256="")
    model.decode(np.zeros((1, 3, len(DIMENSIONS)), dtype=np.float32))
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    ran = {event["name"] for event in events if event.get("cat") == "Node"}
    assert any(name.startswith(f"{DECODED_OUTPUT}/Conv") for name in ran)
    assert not any(name.startswith(ENCODED_OUTPUT) for name in ran)


def test_equal_files_give_equal_hashes_and_pictures(model: Model) -> None:
    again = Model.load(PATH)
    assert again.sha256 == model.sha256 and len(model.sha256) == 64
    latent = metadata().draw(np.random.default_rng(3))
    assert np.array_equal(again.decode_ring(latent), model.decode_ring(latent))
    assert model.providers == ["CPUExecutionProvider"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VamenError, match=r"nowhere\.onnx cannot be read"):
        Model.load(tmp_path / "nowhere.onnx")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"RIFF" * 100)
    with pytest.raises(VamenError, match=r"broken\.onnx is no model"):
        Model.load(path)
    path.write_bytes(PATH.read_bytes()[:20_000])
    with pytest.raises(VamenError, match=r"broken\.onnx"):
        Model.load(path)


def test_a_foreign_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.onnx"
    foreign = build()
    foreign.graph.output[0].name = foreign.graph.node[3].output[0] = "x"
    path.write_bytes(foreign.SerializeToString())
    with pytest.raises(VamenError, match=DECODED_OUTPUT):
        Model.load(path)


def test_a_model_without_metadata_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.onnx"
    bare = build()
    del bare.metadata_props[:]
    path.write_bytes(bare.SerializeToString())
    with pytest.raises(VamenError, match="lacks the field 'format_version'"):
        Model.load(path)


def test_a_decoder_that_paints_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.onnx"
    small = build()
    for tensor in small.graph.initializer:
        if tensor.name.endswith("/columns"):
            tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor)[..., :8], tensor.name))
    path.write_bytes(small.SerializeToString())
    with pytest.raises(VamenError, match=r"small\.onnx: the decoder"):
        Model.load(path)


@pytest.mark.parametrize("name", SHIPPED_MODELS)
def test_the_shipped_models_are_what_the_instrument_promises(name: str) -> None:
    path = MODELS / f"{name}.onnx"
    shipped = Model.load(path)
    metadata = shipped.metadata
    assert path.stat().st_size <= 16_000_000
    assert metadata.spec == PRESETS[name] and metadata.reach <= 2
    assert len(metadata.axes) >= 6 and "amen" in metadata.slots[0].name
    assert shipped.sha256 in path.with_suffix(".md").read_text(encoding="utf-8")
    latent = metadata.draw(np.random.default_rng(0))
    whole = shipped.decode_ring(latent)
    assert whole.shape == (512, 512) and 0.0 <= whole.min() < 0.2 and 0.5 < whole.max() <= 1.0
    for step in (0, 9, 31):
        neighbours = np.arange(step - metadata.reach, step + metadata.reach + 1) % 32
        tile = shipped.decode(latent[neighbours][np.newaxis])[0]
        assert np.abs(tile - whole[:, step * 16 : step * 16 + 16]).max() < 1e-5
    assert np.abs(shipped.encode(whole) - latent).mean() < np.abs(metadata.latent_mean - latent).mean()
