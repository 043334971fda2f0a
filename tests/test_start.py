"""A run can start from what ships: the network comes back from a model file as it was."""

from __future__ import annotations

import inspect
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from bridge.errors import VamenError
from bridge.model import DECODED_OUTPUT, Model
from bridge.model_metadata import FORMAT_VERSION, ModelMetadata, Prior, Slot
from export.convert import half_precision, model_proto
from tests.break_images import SPEC, make_dataset
from tests.make_tiny_model import PATH as TINY
from tests.test_train import SMALL
from training import presets, train
from training.dataset import BreakDataset
from training.image_store import ImageStore
from training.model import REACH, StepVAE
from training.start import MODEL_CONFIG, Start, shipped_model, weights_from_model
from training.train import START_FROM_NOTHING, TrainConfig, Trainer, decode_rings, encode_means


def network() -> StepVAE:
    torch.manual_seed(3)
    model = StepVAE(SMALL).eval()
    with torch.no_grad():  # as a run leaves it: levels by row, and grain that is not the constructor's
        for value in (model.decoder.row_level, model.decoder.grain_level, model.decoder.grain.tiles):
            value.copy_(torch.rand_like(value))
        model.decoder.atoms.weight.normal_(std=0.1)
    model.load_state_dict(half_precision(model.state_dict()))  # as an export rounds it
    return model


def metadata() -> ModelMetadata:
    shape = (SPEC.steps, SMALL.latent_dimensions)
    flat = np.zeros((1, SPEC.steps * SMALL.latent_dimensions), np.float32)
    return ModelMetadata(
        format_version=FORMAT_VERSION,
        name="small",
        spec=SPEC,
        latent_dimensions=SMALL.latent_dimensions,
        kit_dimensions=SMALL.kit_dimensions,
        reach=REACH,
        latent_mean=np.zeros(shape, np.float32),
        latent_scale=np.ones(shape, np.float32),
        prior=Prior(flat.astype(np.int8), 1.0, (0,), np.zeros((1, SPEC.steps), np.int8), 0.0, SPEC.steps, flat + 1.0, 1.0),
        axes=(),
        slots=(Slot("home", np.zeros(shape, np.float32)),),
        training={MODEL_CONFIG: SMALL.to_dict()},
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.onnx"
    path.write_bytes(model_proto(network(), metadata()).SerializeToString())
    return path


def rewritten(path: Path, out: Path, change: object) -> Path:
    """The file with every weight gone through ``change``."""
    model = onnx.load(path)
    kept = [change(tensor) for tensor in model.graph.initializer]  # type: ignore[operator]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    out.write_bytes(model.SerializeToString())
    return out


def test_the_network_comes_back_from_its_file(path: Path) -> None:
    model_config, weights = weights_from_model(path)
    assert model_config == SMALL
    state = network().state_dict()
    assert weights.keys() == state.keys()
    assert all(torch.equal(weights[name], value) for name, value in state.items())
    rebuilt, played = StepVAE(model_config).eval(), Model.load(path)
    rebuilt.load_state_dict(weights)
    generator = np.random.default_rng(0)
    latents = generator.standard_normal((1, SPEC.steps, SMALL.latent_dimensions)).astype(np.float32)
    image = generator.random((SPEC.n_mels, SPEC.n_frames), dtype=np.float32)
    assert np.abs(played.decode_ring(latents[0]) - decode_rings(rebuilt, latents)[0]).max() < 1e-5
    assert np.abs(played.encode(image) - encode_means(rebuilt, image[np.newaxis])[0]).max() < 1e-5


def test_large_weights_take_half_the_room(path: Path) -> None:
    kept = {tensor.name: tensor.data_type for tensor in onnx.load(path).graph.initializer}
    assert kept[f"{DECODED_OUTPUT}/decoder.atoms.weight"] == onnx.TensorProto.FLOAT16
    assert kept[f"{DECODED_OUTPUT}/decoder.row_level"] == onnx.TensorProto.FLOAT


def test_a_start_needs_onnx_and_no_onnxruntime(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert Start.load(path).model_config == SMALL
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(VamenError, match="needs the package onnx"):
        Start.load(path)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VamenError, match="cannot be read"):
        Start.load(tmp_path / "gone.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(VamenError, match="is no ONNX model"):
        Start.load(tmp_path / "text.onnx")
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(VamenError, match="lacks the field 'format_version'"):
        Start.load(tmp_path / "empty.onnx")


def test_a_weight_in_another_file_is_not_read(tmp_path: Path, path: Path) -> None:
    def elsewhere(tensor: onnx.TensorProto) -> onnx.TensorProto:
        if tensor.name.endswith("decoder.row_level"):
            tensor.data_location = onnx.TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="weights.bin")
        return tensor

    with pytest.raises(VamenError, match=r"lacks 1 of .* \(decoder.row_level\)"):
        weights_from_model(rewritten(path, tmp_path / "elsewhere.onnx", elsewhere))


def test_a_file_that_lost_a_weight_is_refused(tmp_path: Path, path: Path) -> None:
    def renamed(tensor: onnx.TensorProto) -> onnx.TensorProto:
        tensor.name = tensor.name.replace("decoder.row_level", "folded")
        return tensor

    with pytest.raises(VamenError, match=r"lacks 1 of the network's \d+ weights \(decoder.row_level\)"):
        weights_from_model(rewritten(path, tmp_path / "lost.onnx", renamed))


def test_a_file_that_does_not_name_its_network_is_refused() -> None:
    with pytest.raises(VamenError, match="does not say which network"):
        weights_from_model(TINY)


def test_a_network_of_another_version_is_refused(tmp_path: Path) -> None:
    other = replace(metadata(), training={MODEL_CONFIG: {**SMALL.to_dict(), "attention_heads": 4}})
    (tmp_path / "other.onnx").write_bytes(model_proto(network(), other).SerializeToString())
    with pytest.raises(VamenError, match="another version"):
        weights_from_model(tmp_path / "other.onnx")


def test_a_model_of_pictures_of_another_size_is_no_start(path: Path) -> None:
    start = Start.load(path)
    start.check(SPEC)
    assert start.file_name == "small.onnx" and start.sha256 == Model.load(path).sha256
    with pytest.raises(VamenError, match="another size"):
        start.check(replace(SPEC, n_mels=2 * SPEC.n_mels))


def test_a_start_from_another_preset_takes_rows_and_grain_from_the_data(
    dataset: BreakDataset, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Start.load(path)
    monkeypatch.setattr(Start, "load", lambda _path: replace(start, spec=replace(SPEC, f_min=30.0)))
    run = Trainer(dataset, tmp_path, CONFIG, start=path)
    fresh = Trainer(dataset, tmp_path, CONFIG, model_config=SMALL).model.decoder
    assert torch.equal(run.model.decoder.join.weight, network().decoder.join.weight)
    assert torch.equal(run.model.decoder.row_level, fresh.row_level)
    assert torch.equal(run.model.decoder.grain.tiles, fresh.grain.tiles)


def test_there_is_no_shipped_model_of_a_preset_of_ones_own() -> None:
    with pytest.raises(VamenError, match="No model of the preset small"):
        shipped_model(SPEC)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> BreakDataset:
    return make_dataset(tmp_path_factory.mktemp("data"))


CONFIG = TrainConfig(updates=4, batch=2, warm_up=2, divergence_share=0.0)


def test_a_run_starts_where_the_model_file_ends(dataset: BreakDataset, path: Path, tmp_path: Path) -> None:
    run = Trainer(dataset, tmp_path, CONFIG, start=path)
    for name, value in network().state_dict().items():
        assert torch.equal(run.model.state_dict()[name], value) and torch.equal(run.average[name], value), name
    assert run.model_config == SMALL
    assert run.provenance["start"] == f"small.onnx, SHA-256 {Model.load(path).sha256}"
    assert Trainer(dataset, tmp_path, CONFIG, model_config=SMALL).provenance["start"] == START_FROM_NOTHING


def test_a_run_that_is_gone_on_with_keeps_its_own_start(dataset: BreakDataset, path: Path, tmp_path: Path) -> None:
    Trainer(dataset, tmp_path, replace(CONFIG, updates=1), start=path).run()
    again = Trainer(dataset, tmp_path, CONFIG, start=tmp_path / "gone.onnx")
    assert again.resumed and again.update == 1
    assert again.provenance["start"].startswith("small.onnx")


def test_a_start_knows_more_than_nothing_does(dataset: BreakDataset, tmp_path: Path) -> None:
    longer = TrainConfig(updates=60, batch=2, warm_up=5, learning_rate=1e-2)
    teacher = Trainer(dataset, tmp_path, longer, model_config=SMALL)
    for update in range(60):
        teacher.step(update / 60)
    model = StepVAE(SMALL).eval()
    model.load_state_dict(half_precision(teacher.average))
    taught = tmp_path / "taught.onnx"
    taught.write_bytes(model_proto(model, metadata()).SerializeToString())
    started = Trainer(dataset, tmp_path, CONFIG, start=taught).step(0.0)
    nothing = Trainer(dataset, tmp_path, CONFIG, model_config=SMALL).step(0.0)
    assert started["squared"] < 0.7 * nothing["squared"]


def test_a_started_run_pays_for_its_divergence_at_once(dataset: BreakDataset, path: Path, tmp_path: Path) -> None:
    scales = []
    run = Trainer(dataset, tmp_path, CONFIG, start=path)
    named = inspect.signature(run.objective.forward)
    run.objective.register_forward_pre_hook(lambda _, given: scales.append(named.bind(*given).arguments["divergence_scale"]))
    run.step(0.0)
    assert scales == [1.0]


def test_held_images_are_those_of_the_file(dataset: BreakDataset) -> None:
    device = torch.device("cpu")
    held = ImageStore(dataset, device, dataset.indices("train"))
    read = ImageStore.for_training(dataset, device, dataset.indices("train"))
    chosen = [int(index) for index in dataset.indices("train")[[7, 2, 7]]]
    assert torch.equal(held.take(chosen), read.take(chosen))
    assert torch.equal(read.take([2])[0], torch.from_numpy(np.array(dataset.images[2])))


def test_the_command_line_chooses_start_and_preset(
    dataset: BreakDataset, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[Trainer] = []
    monkeypatch.setattr(Trainer, "run", lambda run: made.append(run))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    arguments = [str(dataset.path), "--out", str(tmp_path / "run")]
    assert train.main([*arguments, "--start", str(path)]) == 0
    assert "Starting from small.onnx" in capsys.readouterr().out
    cpu = presets.PRESETS["cpu"]
    config = made[-1].config
    assert (config.minutes, config.updates, config.batch) == (cpu.minutes, None, cpu.batch)
    assert (config.learning_rate, config.divergence_share) == (cpu.fine_tuning_rate, 0.0)
    assert train.main([*arguments, "--from-scratch", "--updates", "5", "--batch", "3"]) == 0
    config = made[-1].config
    assert (config.minutes, config.updates, config.batch) == (None, 5, 3)
    assert (config.learning_rate, config.divergence_share) == (cpu.learning_rate, TrainConfig.divergence_share)
    assert train.main(arguments) == 2
    assert "No model of the preset small" in capsys.readouterr().err
    assert train.main([*arguments, "--preset", "gpu"]) == 2
    assert "needs a GPU" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        train.main([*arguments, "--minutes", "0"])
