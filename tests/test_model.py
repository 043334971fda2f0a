"""One file, three parts: only what is asked for is loaded, and broken files are refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from bridge.errors import VamenError
from bridge.mel_spectrogram import PRESETS
from bridge.model import DECODED_OUTPUT, ENCODED_OUTPUT, FEWEST_STEPS_IN_HALF, GRADIENT_OUTPUT, LATENT_INPUT, Model
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


def test_a_ring_painted_in_halves_is_the_ring_painted_at_once(model: Model) -> None:
    latent = np.random.default_rng(5).normal(0.3, 0.5, (2 * FEWEST_STEPS_IN_HALF + 1, len(DIMENSIONS))).astype(np.float32)
    for steps in (1, 2 * FEWEST_STEPS_IN_HALF - 1, 2 * FEWEST_STEPS_IN_HALF, 2 * FEWEST_STEPS_IN_HALF + 1):
        ring = latent[:steps]
        at_once = model.decode(ring[np.newaxis, np.arange(-1, steps + 1) % steps])[0]
        assert np.abs(model.decode_ring(ring) - at_once).max() < 1e-5
        assert np.array_equal(model.decode_ring(ring), model.decode_ring(ring.copy()))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The outputs of every session that onnxruntime opens from now on."""
    outputs: list[list[str]] = []

    class Watched(onnxruntime.InferenceSession):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            outputs.append([output.name for output in self.get_outputs()])

    monkeypatch.setattr(onnxruntime, "InferenceSession", Watched)
    return outputs


def test_encoder_and_gradient_are_loaded_when_they_are_first_asked_for(opened: list[list[str]]) -> None:
    model = Model.load(PATH)
    latent = patterns()["amen"]
    image = model.decode_ring(latent)
    # For any number of steps, and for one.
    decoders = [[DECODED_OUTPUT], [DECODED_OUTPUT]]
    assert opened == decoders
    model.encode(image)
    model.encode(image)
    assert opened == [*decoders, [ENCODED_OUTPUT]]
    assert model.gradient(latent, image).shape == latent.shape
    assert opened == [*decoders, [ENCODED_OUTPUT], [GRADIENT_OUTPUT]]


def test_one_step_is_painted_by_a_decoder_of_its_own(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    latent = np.random.default_rng(6).normal(0.3, 0.5, (2, 5, len(DIMENSIONS))).astype(np.float32)
    tiles = [model.decode(latent[:1, first : first + 3]) for first in range(3)]
    monkeypatch.setattr(model, "_one_step", None)  # nobody else asks for it
    assert model.decode(latent).shape == (2, 512, 48)
    assert np.allclose(np.concatenate(tiles, axis=2), model.decode(latent[:1]), atol=1e-6)


def test_a_file_replaced_while_its_model_plays_is_not_mixed_with_it(tmp_path: Path) -> None:
    path = tmp_path / "changing.onnx"
    path.write_bytes(PATH.read_bytes())
    model = Model.load(path)
    latent = patterns()["amen"]
    image = model.decode_ring(latent)
    model.encode(image)
    path.write_bytes(PATH.read_bytes() + b"\x10\x00")
    assert model.encode(image).shape == latent.shape  # is there already
    with pytest.raises(VamenError, match=r"changing\.onnx has been replaced"):
        model.gradient(latent, image)
    path.unlink()
    with pytest.raises(VamenError, match=r"changing\.onnx cannot be read"):
        model.gradient(latent, image)
    assert np.array_equal(model.decode_ring(latent), image)


def test_equal_files_give_equal_hashes_and_pictures(model: Model) -> None:
    again = Model.load(PATH)
    assert again.sha256 == model.sha256 and len(model.sha256) == 64
    latent = metadata().draw(np.random.default_rng(3))
    assert np.array_equal(again.decode_ring(latent), model.decode_ring(latent))
    assert model.providers == ["CPUExecutionProvider"]


@pytest.mark.parametrize("name", SHIPPED_MODELS)
def test_unrounded_a_model_paints_what_the_file_does(name: str) -> None:
    path = MODELS / f"{name}.onnx"
    exact = Model.load(path, rounded=False)
    file = onnxruntime.InferenceSession(path, providers=exact.providers)
    latent = exact.metadata.draw(np.random.default_rng(1))
    ring = latent[np.newaxis, np.arange(-exact.metadata.reach, 32 + exact.metadata.reach) % 32]
    expected = file.run([DECODED_OUTPUT], {LATENT_INPUT: ring})[0][0]
    assert np.abs(exact.decode_ring(latent) - expected).max() < 1e-5
    assert np.abs(exact.decode(ring[:, : 1 + 2 * exact.metadata.reach])[0] - expected[:, :16]).max() < 1e-5


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VamenError, match=r"nowhere\.onnx cannot be read"):
        Model.load(tmp_path / "nowhere.onnx")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"RIFF" * 100)
    with pytest.raises(VamenError, match=r"broken\.onnx: The model file's graph"):
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
