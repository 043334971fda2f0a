"""What a VAmEn model file says about itself, and how that is stored in ONNX ``metadata_props``.

Everything the player needs beside the graph stands here: the picture's specification, the latent's scales, the prior
that draws whole breaks, the named axes that the knobs turn, and the factory slots. There are no silent defaults: a file
that lacks a field, or holds a malformed one, is refused by the field's name.

Properties are strings. Scalars and small structures are JSON; an array is ``"32x8:" + base64`` of little-endian float32, or
of int8 where that is enough.
Nothing is unpickled, and sizes are checked before anything is decoded, so a hostile file cannot exhaust the memory.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from bridge.errors import VamenError, first_line
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, MelSpectrogramSpec
from bridge.parameters import PARAMETERS
from bridge.prior import Prior as Prior

FORMAT_VERSION = 3
PREFIX = "vamen."

MAX_PROPERTY_CHARACTERS = 8_000_000
MAX_ARRAY_ELEMENTS = 4_000_000
SPEC_LIMITS = {
    "sample_rate": 384_000,
    "n_fft": 65_536,
    "hop_length": 65_536,
    "n_mels": 4_096,
    "n_frames": 65_536,
    "beats": 64,
    "steps": 256,
}
MAX_SPEC_ELEMENTS = 2**23
"""Of the picture, of its filter bank, and of the spectrum of a loop at the slowest tempo: what is allocated follows from products
of what has limits of its own. The presets have up to 2^20."""

MAX_LATENT_DIMENSIONS = 64
MAX_REACH = 8
MAX_AXES = 64
MAX_SLOTS = 64
MAX_TEXT_CHARACTERS = 500

_AXIS_NAME = re.compile(r"[a-z][a-z0-9_-]*")

FLOAT32 = np.dtype("<f4")
INT8 = np.dtype("i1")

T = TypeVar("T")
FloatArray = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Axis:
    """One knob: a direction through the space of whole breaks, and the coordinate that it moves."""

    name: str
    """One word in lower case, part of the OSC address ``/vamen/axis/<name>``."""
    description: str
    """What a listener hears at 0 and at 1."""
    direction: FloatArray
    """(steps, latent_dimensions): added to the latent, it raises the coordinate by 1."""
    weight: FloatArray
    """(steps, latent_dimensions): coordinate = sum(weight * (latent - latent_mean)); sum(weight * direction) == 1."""
    low: float
    """Where the knob's 0 leads: the coordinate's 5th percentile in the training set, or further where that moves too little."""
    high: float
    """Where the knob's 1 leads: the 95th percentile, or further."""


@dataclass(frozen=True)
class Slot:
    """A break that comes with the model; the first one is home."""

    name: str
    latent: FloatArray
    """(steps, latent_dimensions)"""


@dataclass(frozen=True)
class ModelMetadata:
    """All that a model file says about itself; every field is required."""

    format_version: int
    """Version of this very structure; a newer one is refused."""
    name: str
    spec: MelSpectrogramSpec
    """The picture that the decoder paints."""
    latent_dimensions: int
    """d: the length of the vector of one step."""
    kit_dimensions: int
    """How many of them, the last ones, say which kit plays: alike in all steps of a break, and one break's own."""
    reach: int
    """R: how many steps on either side of a step the decoder reads."""
    latent_mean: FloatArray
    """(steps, latent_dimensions): mean of the training set's posterior means."""
    latent_scale: FloatArray
    """(steps, latent_dimensions): their standard deviation, positive."""
    prior: Prior
    axes: tuple[Axis, ...]
    slots: tuple[Slot, ...]
    """Factory slots, at least one; the first is home."""
    training: dict[str, Any]
    """How it was made: recipe, seed, commit, hardware, updates, scores, sources with hashes."""

    def draw(self, generator: np.random.Generator) -> FloatArray:
        """A new break from the prior.

        :returns: latent (steps, latent_dimensions) float32
        """
        return (self.latent_mean + self.prior.draw(generator, self.kit_dimensions)).astype(np.float32)

    @property
    def numbers(self) -> int:
        """How many numbers make a break: those of its steps, and once those of its kit."""
        return self.spec.steps * (self.latent_dimensions - self.kit_dimensions) + self.kit_dimensions

    def to_properties(self) -> dict[str, str]:
        """The metadata as strings for ``metadata_props``, every key beginning with ``vamen.``."""
        fields: dict[str, str] = {
            "format_version": str(self.format_version),
            "name": self.name,
            "spec": _json(self.spec.to_dict()),
            "latent_dimensions": str(self.latent_dimensions),
            "kit_dimensions": str(self.kit_dimensions),
            "reach": str(self.reach),
            "latent_mean": _pack(self.latent_mean),
            "latent_scale": _pack(self.latent_scale),
            "prior": _json(
                {
                    "centres": _pack(self.prior.centres, INT8),
                    "centre_unit": self.prior.centre_unit,
                    "kits": list(self.prior.kits),
                    "levels": _pack(self.prior.levels, INT8),
                    "loudness": self.prior.loudness,
                    "piece_steps": self.prior.piece_steps,
                    "components": _pack(self.prior.components),
                    "radius": self.prior.radius,
                }
            ),
            "axes": _json(
                [
                    {
                        "name": axis.name,
                        "description": axis.description,
                        "direction": _pack(axis.direction),
                        "weight": _pack(axis.weight),
                        "low": axis.low,
                        "high": axis.high,
                    }
                    for axis in self.axes
                ]
            ),
            "slots": _json([{"name": slot.name, "latent": _pack(slot.latent)} for slot in self.slots]),
            "training": _json(self.training),
        }
        return {PREFIX + key: value for key, value in fields.items()}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> ModelMetadata:
        """Reads what :meth:`to_properties` wrote.

        :raises VamenError: naming the field that is missing, malformed or too large, or the newer format version
        """
        format_version = _read(properties, "format_version", int)
        if format_version > FORMAT_VERSION:
            raise VamenError(
                f"The model's format_version is {format_version}, this VAmEn knows {FORMAT_VERSION}: install a newer VAmEn."
            )
        if format_version < FORMAT_VERSION:
            raise VamenError(
                f"The model's format_version is {format_version}, this VAmEn knows {FORMAT_VERSION}: export it again from its "
                "checkpoint, or train it again."
            )
        name = _read(properties, "name", _text)
        spec = _read(properties, "spec", lambda text: _spec(_mapping(json.loads(text))))
        latent_dimensions = _read(properties, "latent_dimensions", int)
        _require(
            1 <= latent_dimensions <= MAX_LATENT_DIMENSIONS,
            "latent_dimensions",
            f"is {latent_dimensions}, not 1 to {MAX_LATENT_DIMENSIONS}",
        )
        kit_dimensions = _read(properties, "kit_dimensions", int)
        _require(
            0 <= kit_dimensions < latent_dimensions, "kit_dimensions", f"is {kit_dimensions}, not 0 to {latent_dimensions - 1}"
        )
        reach = _read(properties, "reach", int)
        _require(0 <= reach <= MAX_REACH, "reach", f"is {reach}, not 0 to {MAX_REACH}")
        shape = (spec.steps, latent_dimensions)
        latent_scale = _read(properties, "latent_scale", lambda text: _unpack(text, shape))
        _require(bool((latent_scale > 0.0).all()), "latent_scale", "is not positive everywhere")
        training = _read(properties, "training", lambda text: _mapping(json.loads(text)))
        return cls(
            format_version=format_version,
            name=name,
            spec=spec,
            latent_dimensions=latent_dimensions,
            kit_dimensions=kit_dimensions,
            reach=reach,
            latent_mean=_read(properties, "latent_mean", lambda text: _unpack(text, shape)),
            latent_scale=latent_scale,
            prior=_read(properties, "prior", lambda text: _prior(_mapping(json.loads(text)), *shape)),
            axes=_read(properties, "axes", lambda text: _axes(json.loads(text), shape)),
            slots=_read(properties, "slots", lambda text: _slots(json.loads(text), shape)),
            training=training,
        )


def _spec(fields: Mapping[str, Any]) -> MelSpectrogramSpec:
    for key in SPEC_LIMITS.keys() & fields.keys():
        value = fields[key]
        if not isinstance(value, int) or not 1 <= value <= SPEC_LIMITS[key]:
            raise ValueError(f"{key} is {value!r}, not a whole number from 1 to {SPEC_LIMITS[key]}")
    for key in ("f_min", "f_max", "reference_level_db", "dynamic_range_db"):
        _number(fields[key])
    _text(fields["name"])
    spec = MelSpectrogramSpec.from_dict(dict(fields))
    if not 0.0 <= spec.f_min < spec.f_max <= spec.sample_rate / 2 <= ENGINE_SAMPLE_RATE / 2:
        raise ValueError(f"{spec.f_min} to {spec.f_max} Hz at a sample rate of {spec.sample_rate} Hz is no range of frequencies")
    if not spec.dynamic_range_db > 0.0 or spec.hop_length > spec.n_fft:
        raise ValueError("dynamic_range_db is not positive, or hop_length is longer than n_fft")
    frames = spec.frames_for(spec.loop_length(PARAMETERS["tempo"].minimum))
    if max(spec.n_mels * spec.n_frames, spec.n_mels * spec.n_bins, (spec.n_fft_engine // 2 + 1) * frames) > MAX_SPEC_ELEMENTS:
        raise ValueError("pictures and spectra of this size are more than any real model has")
    return spec


def _prior(fields: Mapping[str, Any], steps: int, latent_dimensions: int) -> Prior:
    size = steps * latent_dimensions
    prior = Prior(
        centres=_unpack(fields["centres"], (None, size), INT8),
        centre_unit=_number(fields["centre_unit"]),
        kits=tuple(fields["kits"]),
        levels=_unpack(fields["levels"], (None, steps), INT8),
        loudness=_number(fields["loudness"]),
        piece_steps=fields["piece_steps"],
        components=_unpack(fields["components"], (None, size)),
        radius=_number(fields["radius"]),
    )
    count = len(prior.centres)
    if len(prior.kits) != count or not all(isinstance(kit, int) and 0 <= kit < count for kit in prior.kits):
        raise ValueError(f"kits does not name one of {count} kits for each centre")
    if len(prior.levels) != count:
        raise ValueError(f"levels has {len(prior.levels)} rows for {count} centres")
    if prior.centre_unit <= 0.0:
        raise ValueError(f"centre_unit {prior.centre_unit} is not positive")
    if not isinstance(prior.piece_steps, int) or prior.piece_steps < 1 or steps % prior.piece_steps:
        raise ValueError(f"piece_steps {prior.piece_steps!r} does not divide {steps} steps")
    if prior.radius <= 0.0:
        raise ValueError(f"radius {prior.radius} is not positive")
    return prior


def _axes(entries: Any, shape: tuple[int, int]) -> tuple[Axis, ...]:
    axes = []
    for entry in _entries(entries, MAX_AXES):
        axis = Axis(
            name=_text(entry["name"]),
            description=_text(entry["description"]),
            direction=_unpack(entry["direction"], shape),
            weight=_unpack(entry["weight"], shape),
            low=_number(entry["low"]),
            high=_number(entry["high"]),
        )
        if not axis.low < axis.high:
            raise ValueError(f"axis {axis.name!r} runs from {axis.low} to {axis.high}")
        gain = float(np.sum(axis.weight.astype(np.float64) * axis.direction))
        if not math.isclose(gain, 1.0, abs_tol=1e-3):
            raise ValueError(f"axis {axis.name!r} has sum(weight * direction) {gain:.6f} instead of 1")
        axes.append(axis)
        if not _AXIS_NAME.fullmatch(axis.name):
            raise ValueError(f"{axis.name!r:.40} cannot be an axis's part of an OSC address: that is one word in lower case")
    _require_unique("axes", [axis.name for axis in axes])
    return tuple(axes)


def _slots(entries: Any, shape: tuple[int, int]) -> tuple[Slot, ...]:
    slots = tuple(Slot(_text(entry["name"]), _unpack(entry["latent"], shape)) for entry in _entries(entries, MAX_SLOTS))
    if not slots:
        raise ValueError("there is no slot, the first one is home")
    return slots


def _read(properties: Mapping[str, str], field: str, parse: Callable[[str], T]) -> T:
    text = properties.get(PREFIX + field)
    if text is None:
        raise VamenError(f"The model file lacks the field {field!r}: take one that `python -m export` made, or hifi or classic.")
    _require(len(text) <= MAX_PROPERTY_CHARACTERS, field, f"has {len(text)} characters, more than any real model")
    try:
        return parse(text)
    except VamenError as error:
        raise VamenError(f"The model file's field {field!r} is malformed: {first_line(error)}") from error
    except KeyError as error:
        raise VamenError(f"The model file's field {field!r} is malformed: it lacks {first_line(error)}.") from error
    except (ValueError, TypeError, RecursionError, ArithmeticError) as error:
        raise VamenError(f"The model file's field {field!r} is malformed: {first_line(error)}.") from error


def _require(condition: bool, field: str, problem: str) -> None:
    if not condition:
        raise VamenError(f"The model file's field {field!r} {problem}: export it again with `python -m export`.")


def _require_unique(what: str, names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"two {what} share a name")


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


def _entries(value: Any, limit: int) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > limit:
        raise ValueError(f"it is not a list of at most {limit} entries")
    return [_mapping(entry) for entry in value]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_CHARACTERS:
        raise ValueError(f"a text is empty or longer than {MAX_TEXT_CHARACTERS} characters")
    if not value.isprintable():
        # A terminal, which is where it ends up, obeys control characters.
        raise ValueError(f"a text holds control characters: {value!r:.40}")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _pack(array: np.ndarray[Any, Any], stored: np.dtype[Any] = FLOAT32) -> str:
    shape = "x".join(str(length) for length in array.shape)
    return f"{shape}:{base64.b64encode(np.ascontiguousarray(array, dtype=stored).tobytes()).decode('ascii')}"


def _unpack(text: Any, shape: tuple[int | None, ...], dtype: np.dtype[Any] = FLOAT32) -> np.ndarray[Any, Any]:
    """Array from text, in the machine's own byte order; None in ``shape`` stands for any length of at least 1."""
    if not isinstance(text, str) or ":" not in text:
        raise ValueError("an array is not of the form SHAPE:BASE64")
    header, _, payload = text.partition(":")
    if len(header) > 40:
        raise ValueError("an array's shape is too long")
    stored = tuple(int(length) for length in header.split("x"))
    matches = len(stored) == len(shape) and all(
        length >= 1 and wanted in (None, length) for length, wanted in zip(stored, shape, strict=True)
    )
    if not matches:
        raise ValueError(f"an array has shape {stored} instead of {shape}".replace("None", "any"))
    if math.prod(stored) > MAX_ARRAY_ELEMENTS:
        raise ValueError(f"an array has more than {MAX_ARRAY_ELEMENTS} elements")
    try:
        data = base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise ValueError(f"an array is not base64 ({error})") from error
    if len(data) != dtype.itemsize * math.prod(stored):
        raise ValueError(f"an array of shape {stored} has {len(data)} bytes")
    array = np.frombuffer(data, dtype=dtype).astype(dtype.newbyteorder("=")).reshape(stored)
    if not np.isfinite(array).all():
        raise ValueError("an array holds a value that is not finite")
    array.flags.writeable = False
    return array
