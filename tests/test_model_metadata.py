"""Metadata survives the round trip, and nothing malformed gets in."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from bridge.errors import VamenError
from bridge.model_metadata import FORMAT_VERSION, MAX_PROPERTY_CHARACTERS, PREFIX, ModelMetadata, Slot
from bridge.prior import Prior
from export.prior import CENTRES
from tests.make_tiny_model import metadata
from training.model import ModelConfig

PROPERTIES = metadata().to_properties()


def changed(field: str, value: str) -> dict[str, str]:
    return {**PROPERTIES, PREFIX + field: value}


def changed_json(field: str, **values: object) -> dict[str, str]:
    return changed(field, json.dumps({**json.loads(PROPERTIES[PREFIX + field]), **values}))


def test_round_trip_keeps_every_bit() -> None:
    read = ModelMetadata.from_properties(PROPERTIES)
    assert read.to_properties() == PROPERTIES
    original = metadata()
    assert np.array_equal(read.latent_mean, original.latent_mean)
    assert np.array_equal(read.axes[1].weight, original.axes[1].weight)
    assert read.spec == original.spec
    assert [slot.name for slot in read.slots] == [slot.name for slot in original.slots]


@pytest.mark.parametrize("key", sorted(PROPERTIES))
def test_a_missing_field_is_refused_by_name(key: str) -> None:
    field = key.removeprefix(PREFIX)
    with pytest.raises(VamenError, match=f"lacks the field '{field}'"):
        ModelMetadata.from_properties({k: v for k, v in PROPERTIES.items() if k != key})


@pytest.mark.parametrize("key", sorted(set(PROPERTIES) - {PREFIX + "name"}))
@pytest.mark.parametrize("value", ["", "nonsense", "[]", "{}", "-1", "1x1:AAAA", "[" * 100_000])
def test_a_malformed_field_is_refused_by_name(key: str, value: str) -> None:
    field = key.removeprefix(PREFIX)
    if (field, value) in {("axes", "[]"), ("training", "{}")}:
        pytest.skip("empty, but well-formed")
    with pytest.raises(VamenError, match=field):
        ModelMetadata.from_properties({**PROPERTIES, key: value})


def test_a_prior_of_the_shipped_size_comes_back() -> None:
    small = metadata()
    steps, spec = small.spec.steps, small.spec
    dimensions = ModelConfig(spec.n_mels, spec.frames_per_step).latent_dimensions
    wide = np.ones((steps, dimensions), np.float32)
    codes = np.random.default_rng(0).integers(-127, 128, (CENTRES, steps * dimensions)).astype(np.int8)
    levels, components = np.zeros((CENTRES, steps), np.int8), np.ones((24, wide.size), np.float32)
    prior = Prior(codes, 0.1, (0,) * CENTRES, levels, -16.0, 4, components, 1.0)
    shipped = replace(
        small,
        latent_dimensions=dimensions,
        latent_mean=wide,
        latent_scale=wide,
        prior=prior,
        axes=(),
        slots=(Slot("home", wide),),
    )
    assert np.array_equal(ModelMetadata.from_properties(shipped.to_properties()).prior.centres, codes)


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(VamenError, match="newer VAmEn"):
        ModelMetadata.from_properties(changed("format_version", str(FORMAT_VERSION + 1)))


def test_an_older_format_is_refused() -> None:
    with pytest.raises(VamenError, match=r"format_version is 1, .* export it again"):
        ModelMetadata.from_properties(changed("format_version", "1"))


@pytest.mark.parametrize(
    ("properties", "complaint"),
    [
        (changed_json("spec", n_mels=10**9), "n_mels"),
        (changed_json("spec", steps=0), "steps"),
        (changed_json("spec", f_max=float("nan")), "finite"),
        (changed_json("prior", radius=float("inf")), "finite"),
        (changed_json("prior", radius=-1.0), "positive"),
        (changed_json("prior", kits=[0, 0]), "kits"),
        (changed_json("prior", kits=["0"]), "kits"),
        (changed_json("prior", kits=[1]), "kits"),
        (changed_json("prior", centre_unit=0.0), "positive"),
        (changed_json("prior", levels=f"2x32:{base64.b64encode(bytes(64)).decode()}"), "rows"),
        (changed_json("prior", centres=f"1x128:{base64.b64encode(bytes(512)).decode()}"), "bytes"),
        (changed_json("prior", piece_steps=5), "piece_steps"),
        (changed_json("prior", piece_steps=0), "piece_steps"),
        (changed("latent_dimensions", "1000000"), "latent_dimensions"),
        (changed("reach", "1000"), "reach"),
        (changed("latent_mean", "32x5:AAAA"), "shape"),
        (changed("latent_mean", "32x4:AAAA"), "bytes"),
        (changed("latent_mean", "32x4:!!!!"), "base64"),
        (changed_json("prior", components="99999999999999x128:AAAA"), "elements"),
        (changed("training", "x" * (MAX_PROPERTY_CHARACTERS + 1)), "characters"),
        (changed("slots", "[]"), "home"),
    ],
)
def test_hostile_sizes_and_values_are_refused(properties: dict[str, str], complaint: str) -> None:
    with pytest.raises(VamenError, match=complaint):
        ModelMetadata.from_properties(properties)


def test_an_array_with_nan_is_refused() -> None:
    broken = metadata().latent_mean.copy()
    broken[3, 1] = np.nan
    text = "32x4:" + base64.b64encode(broken.tobytes()).decode()
    with pytest.raises(VamenError, match=r"latent_mean.*finite"):
        ModelMetadata.from_properties(changed("latent_mean", text))


def test_an_axis_whose_weight_does_not_undo_its_direction_is_refused() -> None:
    axes = json.loads(PROPERTIES[PREFIX + "axes"])
    axes[0]["weight"] = axes[1]["weight"]
    with pytest.raises(VamenError, match="instead of 1"):
        ModelMetadata.from_properties(changed("axes", json.dumps(axes)))


def test_draws_lie_at_the_radius_and_follow_the_seed() -> None:
    read = ModelMetadata.from_properties(PROPERTIES)
    generator = np.random.default_rng(7)
    draws = [read.draw(generator) for _ in range(20)]
    again = read.draw(np.random.default_rng(7))
    assert np.array_equal(draws[0], again)
    components = read.prior.components.astype(np.float64)
    for draw in draws:
        offset = (draw - read.latent_mean).ravel()
        coordinates = components @ offset / np.sum(components**2, axis=1)
        assert np.linalg.norm(coordinates) == pytest.approx(read.prior.radius, rel=1e-4)
