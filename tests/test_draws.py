"""The ruler tells draws that are like the data from draws that are not, and copies from draws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import VamenError
from bridge.latent_space import LatentSpace
from bridge.model_metadata import FloatArray
from tests.break_images import SPEC, make_dataset
from tests.make_tiny_model import metadata
from training.dataset import SPLITS, BreakDataset
from training.ruler import draws, level
from training.ruler.copies import copy_figures
from training.ruler.features import FeatureSpace, describe, find_hits, fingerprint, frechet_distance, group_sizes

DIMENSIONS = 4


class Blocks:
    """A model whose latent is an image's mean over a quarter of the rows and a step, and whose prior is a Gaussian."""

    def __init__(self, mean: FloatArray) -> None:
        self.metadata = replace(metadata(), spec=SPEC, latent_mean=mean, latent_scale=np.full_like(mean, 0.1))

    def encode(self, image: FloatArray) -> FloatArray:
        by_step = image.reshape(DIMENSIONS, -1, SPEC.steps, SPEC.frames_per_step).mean(axis=(1, 3))
        return np.ascontiguousarray(by_step.T)

    def decode_ring(self, latent: FloatArray) -> FloatArray:
        image = latent.T.repeat(SPEC.n_mels // DIMENSIONS, axis=0).repeat(SPEC.frames_per_step, axis=1)
        return np.clip(image, 0.0, 1.0).astype(np.float32)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> BreakDataset:
    made = make_dataset(tmp_path_factory.mktemp("draws") / "data", 56)
    made.split[:] = SPLITS.index("train")
    made.split[1::3] = SPLITS.index("held_out_draw")
    return made


@pytest.fixture(scope="module")
def model(dataset: BreakDataset) -> Blocks:
    blocks = Blocks(np.zeros((SPEC.steps, DIMENSIONS), np.float32))
    return Blocks(np.mean([blocks.encode(image / np.float32(255.0)) for image in dataset.images], axis=0))


def test_frechet_distance_of_known_gaussians() -> None:
    generator = np.random.default_rng(0)
    first = generator.standard_normal((4000, 3)).astype(np.float32)
    second = (2.0 * generator.standard_normal((4000, 3)) + np.array([3.0, 0.0, 0.0])).astype(np.float32)
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(first, second) == pytest.approx(9.0 + 3.0, rel=0.05)  # |3|^2 + 3 (2 - 1)^2


def test_hits_are_found_where_they_stand(dataset: BreakDataset) -> None:
    level_of_silence, level_of_hit = 40, 220
    image = np.full((SPEC.n_mels, SPEC.n_frames), level_of_silence, np.uint8)
    for column in (64, 130, 264):  # on the grid, two columns behind it, in the middle between two sixteenths
        image[:, column : column + 6] = level_of_hit
    image[:, 130:136] -= 64
    hits = find_hits(image, SPEC)
    assert np.abs(hits.offset) * SPEC.frames_per_step == pytest.approx([0.0, 2.0, 8.0], abs=0.6)
    assert hits.level_db == pytest.approx([0.0, -20.0, 0.0], abs=0.5)


def test_the_features_are_as_many_as_their_groups_say(dataset: BreakDataset) -> None:
    raw = np.stack([describe(image, SPEC) for image in dataset.images[:6]])
    assert raw.shape[1] == sum(group_sizes(SPEC))
    assert FeatureSpace(raw, SPEC).project(raw).shape == (6, 64)
    assert np.isfinite(raw).all()


def test_the_floor_lies_below_what_a_poor_prior_draws(
    model: Blocks, dataset: BreakDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draws, "DRAWS", 18)
    monkeypatch.setattr(level, "RENDERED", 1)
    monkeypatch.setattr(level, "EXTREMES", 1)
    result = draws.measure(model, dataset, seed=3)
    figures = result.figures
    distance = figures["frechet"]
    assert 0.0 < distance["floor"] < distance["drawn"] < distance["ceiling"]
    assert distance["through_model"] > 0.0
    assert figures["level_db"]["drawn"] > figures["level_db"]["floor"] >= 0.0
    assert 0.0 <= figures["right_tempo"]["drawn"] <= 1.0 and figures["right_tempo"]["held_out"] > 0.5
    assert figures["spread"]["drawn"] > 0.0
    assert figures["loudness"]["spread_lu"] >= figures["loudness"]["drawn"]["highest"] - figures["loudness"]["drawn"]["lowest"]
    assert np.array_equal(result.images[2], model.decode_ring(LatentSpace(model.metadata).draw(5)))


def test_a_copy_is_seen_and_another_break_is_not(model: Blocks, dataset: BreakDataset) -> None:
    training = dataset.images[dataset.indices("train")[:4]]
    copied = np.stack([model.encode(image / np.float32(255.0)) for image in training])
    others = copied + np.random.default_rng(0).normal(0.0, 0.3, copied.shape).astype(np.float32)
    for latents, share in ((copied, 1.0), (others, 0.0)):
        images = [np.rint(255.0 * model.decode_ring(latent)).astype(np.uint8) for latent in latents]
        figures = copy_figures(model, dataset, latents, images, np.random.default_rng(0))
        assert figures["share"] == share


def test_fingerprints_do_not_see_grain_but_see_a_hit(dataset: BreakDataset) -> None:
    image = dataset.images[0]
    noise = np.random.default_rng(0).integers(-6, 7, image.shape)
    grainy = np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)
    moved = np.roll(image, SPEC.frames_per_step, axis=1)
    plain, with_grain, late = (fingerprint(one, SPEC) for one in (image, grainy, moved))
    assert np.sqrt(np.mean(np.square(plain - with_grain))) < 0.2 * np.sqrt(np.mean(np.square(plain - late)))


def test_too_few_held_out_draws_are_refused(model: Blocks, tmp_path: Path) -> None:
    with pytest.raises(VamenError, match="held-out draws"):
        draws.measure(model, make_dataset(tmp_path / "data", 4))
