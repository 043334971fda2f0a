"""Knobs: descriptors hear what their names say, fitting finds what moves one each, and the ruler tells good from bad."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, PRESETS, image_from_audio, unit_image
from bridge.model import Model
from bridge.model_metadata import Axis, FloatArray, ModelMetadata
from export import bend as bending
from export.axes import fit_axes
from export.band_model import BandModel, train
from export.bend import Surroundings, bend
from export.torch_descriptors import listen
from tests.break_images import SPEC, make_dataset
from tests.make_tiny_model import build
from tests.sounds import AMEN_LIKE, FOUR_TO_THE_FLOOR, KICKS_ALONE, TWO_STEP, loop_from_pattern
from training.dataset import BreakDataset
from training.descriptors import BANDS, DESCRIPTIONS, band_levels, describe, describe_levels
from training.ruler.axes import Yardstick, measure
from training.ruler.axis_pictures import save_axis, save_crosstalk


def described(samples: np.ndarray) -> dict[str, float]:
    spec = PRESETS["hifi"]
    return dict(zip(DESCRIPTIONS, describe(image_from_audio(samples, spec) / 255.0, spec), strict=True))


def test_descriptors_hear_what_their_names_say() -> None:
    tempo = SPEC.beats_per_minute
    amen = described(loop_from_pattern(AMEN_LIKE, tempo))
    two_step = described(loop_from_pattern(TWO_STEP, tempo))
    kicks = described(loop_from_pattern(KICKS_ALONE, tempo))
    assert kicks["density"] < amen["density"] < two_step["density"]
    assert two_step["chop"] < amen["chop"]
    assert two_step["ghosts"] < amen["ghosts"]
    assert kicks["kick"] > amen["kick"]
    assert kicks["snare"] < amen["snare"] and kicks["air"] < amen["air"]
    hiss = 0.003 * np.random.default_rng(0).standard_normal(len(loop_from_pattern(AMEN_LIKE, tempo)))
    wet = described(loop_from_pattern(AMEN_LIKE, tempo) + hiss.astype(np.float32))
    assert wet["room"] > amen["room"]
    tone = 0.1 * np.sin(2.0 * np.pi * 600.0 * np.arange(len(hiss)) / ENGINE_SAMPLE_RATE)
    assert described((tone + hiss).astype(np.float32))["grit"] < described((30.0 * hiss).astype(np.float32))["grit"]


def test_axes_move_their_own_coordinate_alone() -> None:
    generator = np.random.default_rng(0)
    latents = generator.standard_normal((400, 32, 3)).astype(np.float32)
    mixing = generator.standard_normal((96, len(DESCRIPTIONS)))
    described = latents.reshape(400, -1) @ mixing
    axes, explained = fit_axes(latents, described, SPEC)
    named = [axis for axis in axes if axis.name in DESCRIPTIONS]
    assert len(named) == len(DESCRIPTIONS) and min(explained.values()) > 0.5
    crossing = np.array([[np.sum(a.weight * b.direction) for b in named] for a in named])
    assert np.allclose(crossing, np.eye(len(named)), atol=1e-3)
    for index, axis in enumerate(named):
        assert axis.low < 0.0 < axis.high
        assert np.corrcoef(latents.reshape(400, -1) @ axis.weight.ravel(), described[:, index])[0, 1] > 0.6


def test_a_descriptor_that_the_latent_does_not_hold_gets_no_axis() -> None:
    generator = np.random.default_rng(0)
    latents = generator.standard_normal((400, 32, 3)).astype(np.float32)
    described = latents.reshape(400, -1)[:, : len(DESCRIPTIONS)].astype(np.float64)
    described[:, 3] = generator.standard_normal(400)
    described[:, 4] = 1.0
    names = {axis.name for axis in fit_axes(latents, described, SPEC)[0]}
    assert set(DESCRIPTIONS) - names == {"kick", "air"}


def break_levels() -> FloatArray:
    patterns = (AMEN_LIKE, TWO_STEP, FOUR_TO_THE_FLOOR, KICKS_ALONE)
    loops = (loop_from_pattern(pattern, SPEC.beats_per_minute) for pattern in patterns)
    return np.stack([band_levels(unit_image(image_from_audio(loop, SPEC)), SPEC) for loop in loops])


def test_descriptors_in_torch_are_the_same() -> None:
    levels = break_levels()
    expected = np.stack([describe_levels(one, SPEC.steps) for one in levels])
    assert np.allclose(listen(torch.from_numpy(levels), SPEC.steps).descriptors.numpy(), expected, atol=1e-9)


def test_a_silent_step_can_learn_to_hold_a_hit() -> None:
    levels = torch.from_numpy(break_levels()[3:]).requires_grad_()
    ghosts = listen(levels, SPEC.steps).descriptors[0, list(DESCRIPTIONS).index("ghosts")]
    ghosts.backward()
    assert float(ghosts.detach()) == 0.0
    assert levels.grad is not None and float(levels.grad[0, BANDS.index("snare")].abs().max()) > 0.0


def test_what_density_explains_is_taken_away() -> None:
    generator = np.random.default_rng(0)
    described = generator.standard_normal((500, len(DESCRIPTIONS)))
    described[:, 2] += 3.0 * described[:, 0]
    seen = Yardstick.fit(described)(described)
    assert abs(np.corrcoef(seen[:, 0], seen[:, 2])[0, 1]) < 1e-6
    assert np.allclose(seen.std(axis=0), 1.0)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> BreakDataset:
    return make_dataset(tmp_path_factory.mktemp("data"), count=24)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(build(SPEC).SerializeToString())
    return Model.load(path)


@dataclass(frozen=True)
class Retuned:
    """A model with other metadata."""

    model: Model
    metadata: ModelMetadata

    def decode_ring(self, latent: FloatArray) -> FloatArray:
        return self.model.decode_ring(latent)

    def encode(self, image: FloatArray) -> FloatArray:
        return self.model.encode(image)


def test_the_ruler_tells_a_good_knob_from_bad_ones(tiny: Model, dataset: BreakDataset) -> None:
    [kick, _, air, _] = tiny.metadata.axes
    axes = (
        replace(kick, low=-1.5, high=1.5),
        replace(air, direction=-air.direction, weight=-air.weight, low=-1.5, high=1.5),
        replace(kick, name="grit", low=-6.0, high=6.0),
    )
    result = measure(Retuned(tiny, replace(tiny.metadata, axes=axes)), dataset)
    knobs = result.figures["axes"]
    assert knobs["kick"]["moves"] > 0.5 and knobs["kick"]["spearman"] > 0.9 and knobs["kick"]["middle_is_stored"]
    assert knobs["air"]["moves"] < 0.0 and knobs["air"]["spearman"] < 0.0 and not knobs["air"]["passes"]
    assert knobs["kick"]["hits_survive"] == 1.0, "its own hits are its own affair"
    assert knobs["grit"]["hits_survive"] == 0.0, "others have to leave the kick on the one"
    assert knobs["kick"]["audible_db"]["at_1"] > 0.3
    assert result.figures["named"] == 3 and result.figures["middle_is_stored"]
    assert result.crosstalk.shape == (3, len(DESCRIPTIONS))
    assert result.crosstalk[0, list(DESCRIPTIONS).index("kick")] == knobs["kick"]["moves"]


def test_a_middle_that_is_not_the_stored_slot_is_noticed(
    tiny: Model, dataset: BreakDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.latent_space.AXIS_MIDDLE", 0.3)
    one = replace(tiny.metadata, axes=(replace(tiny.metadata.axes[0], low=-6.0, high=6.0),))
    assert not measure(Retuned(tiny, one), dataset).figures["middle_is_stored"]


def test_pictures_of_the_knobs(tiny: Model, tmp_path: Path) -> None:
    from PIL import Image

    save_axis(tmp_path / "kick.png", tiny, 0)
    save_crosstalk(tmp_path / "crosstalk.png", ["kick"], np.array([[3.0, -3.0] + [0.0] * (len(DESCRIPTIONS) - 2)]))
    pixels = np.asarray(Image.open(tmp_path / "kick.png"), dtype=float)
    left, middle, right = np.array_split(pixels, 3, axis=1)
    assert left.mean() < middle.mean() < right.mean()
    squares = np.asarray(Image.open(tmp_path / "crosstalk.png"))[34, [82, 146, 210]]
    assert squares.tolist() == [[255, 0, 0], [0, 0, 255], [255, 255, 255]]


def test_the_stand_in_learns_levels_from_latents() -> None:
    generator = np.random.default_rng(0)
    latents = generator.standard_normal((32, SPEC.steps, 2)).astype(np.float32)
    columns = np.repeat(latents, SPEC.frames_per_step, axis=1).transpose(0, 2, 1)
    levels = np.concatenate([columns, columns, np.roll(columns, SPEC.frames_per_step, axis=2)], axis=1) * np.float32(10.0)
    model = BandModel.of(latents, levels, seed=0)
    train(model, latents[:28], levels[:28], epochs=12, seed=0)
    with torch.no_grad():
        error = model(torch.from_numpy(latents[28:])).numpy() - levels[28:]
    assert np.sqrt(np.mean(np.square(error))) < 0.4 * levels.std()


class KickAndAir(torch.nn.Module):
    """Levels of two-dimensional latents: the first is the level of the kick, the second that of the cymbals."""

    def __init__(self) -> None:
        super().__init__()
        self.levels = torch.from_numpy(break_levels()[0]).float()

    def forward(self, latent: Tensor) -> Tensor:
        levels = self.levels.repeat(len(latent), 1, 1)
        columns = latent.repeat_interleave(SPEC.frames_per_step, dim=1)
        moved = torch.zeros_like(levels)
        moved[:, BANDS.index("kick")] = columns[:, :, 0]
        moved[:, BANDS.index("air")] = columns[:, :, 1]
        return levels + moved


def test_bending_takes_away_what_a_knob_drags_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bending, "BREAKS", 8)
    latents = np.random.default_rng(0).standard_normal((64, SPEC.steps, 2)).astype(np.float32)
    hear = KickAndAir()
    described = listen(hear(torch.from_numpy(3.0 * latents)), SPEC.steps).descriptors.numpy().astype(np.float64)
    yardstick = Yardstick.fit(described)
    weight = np.full((SPEC.steps, 2), 0.5 / SPEC.steps, np.float32)
    slanted = Axis("kick", "less; more", np.ones_like(weight), weight, low=-1.0, high=1.0)
    around = Surroundings.of(hear, latents, yardstick)
    bent = bend(slanted, around, updates=60, seed=0)
    assert np.isclose(np.sum(bent.weight * bent.direction), 1.0, atol=1e-4)

    def moves(axis: Axis) -> dict[str, float]:
        ends = torch.from_numpy(np.stack([axis.low * axis.direction, axis.high * axis.direction]))
        low, high = around.heard(ends).descriptors.numpy()
        return dict(zip(DESCRIPTIONS, high - low, strict=True))

    before, after = moves(slanted), moves(bent)
    assert abs(before["air"]) > 0.5 * abs(before["kick"])
    assert after["kick"] > 2.0 and abs(after["air"]) < 0.25 * after["kick"]
