"""Makes tests/fixtures/tiny.onnx, a VAmEn model of a few KB whose every latent dimension can be heard and seen.

Run it as ``python -m tests.make_tiny_model``. Its picture is
clip(floor + sum_d (z[s, d] + 0.1 * (z[s - 1, d] + z[s + 1, d])) * rows[d] x columns[d], 0, 1), with the dimensions
kick, snare, hat and room; its encoder is the least-squares inverse of that, neighbours left out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bridge.mel_spectrogram import PRESETS, MelSpectrogramSpec
from bridge.model_metadata import FORMAT_VERSION, Axis, FloatArray, ModelMetadata, Prior, Slot
from export.graph import join

PATH = Path(__file__).parent / "fixtures" / "tiny.onnx"
SPEC = PRESETS["hifi"]
"""Of the file; tests make models of other presets as they need them."""
DIMENSIONS = ("kick", "snare", "hat", "room")
NEIGHBOUR = 0.1
FLOOR = 0.1


def shapes(spec: MelSpectrogramSpec = SPEC) -> tuple[FloatArray, FloatArray]:
    """What each dimension paints: rows (4, n_mels) times columns (4, frames_per_step)."""
    row = np.linspace(0.0, 1.0, spec.n_mels)
    column = np.arange(spec.frames_per_step)
    rows = np.stack(
        [
            np.exp(-((row - 0.04) ** 2) / 0.004),
            np.exp(-((row - 0.3) ** 2) / 0.05),
            1.0 / (1.0 + np.exp(-(row - 0.7) * 25.0)),
            np.exp(-((row - 0.4) ** 2) / 0.2),
        ]
    )
    columns = np.stack(
        [
            np.exp(-column / 10.0),
            np.exp(-column / 6.0),
            np.exp(-column / 2.5),
            np.full(spec.frames_per_step, 0.4),
        ]
    )
    return (0.5 * rows).astype(np.float32), columns.astype(np.float32)


def patterns(spec: MelSpectrogramSpec = SPEC) -> dict[str, FloatArray]:
    """Latents (steps, 4) of three breaks, by name; the first is the beginning of the Amen's own pattern."""
    breaks = {
        "amen": {"kick": (0, 2, 10, 11), "snare": (4, 7, 9, 12, 15)},
        "two-step": {"kick": (0, 10), "snare": (4, 12)},
        "rolling": {"kick": (0, 3, 6, 10), "snare": (4, 12, 14, 15)},
    }
    latents = {}
    for name, hits in breaks.items():
        latent = np.full((spec.steps, len(DIMENSIONS)), 0.05, dtype=np.float32)
        latent[::2, 2] = 1.0
        latent[:, 3] = 0.3
        for drum, steps in hits.items():
            for step in steps:
                latent[[step, step + 16], DIMENSIONS.index(drum)] = 1.4
        latents[name] = latent
    return latents


def metadata(spec: MelSpectrogramSpec = SPEC) -> ModelMetadata:
    slots = tuple(Slot(name, latent) for name, latent in patterns(spec).items())
    mean = np.mean([slot.latent for slot in slots], axis=0).astype(np.float32)
    scale = np.full_like(mean, 0.35)
    generator = np.random.default_rng(0)
    components = np.linalg.qr(generator.standard_normal((mean.size, 6)))[0].T * 1.5
    axes = []
    for dimension, name in enumerate(("kick", "snare", "air", "room")):
        weight = np.zeros_like(mean)
        weight[:, dimension] = 1.0 / spec.steps
        direction = np.zeros_like(mean)
        direction[:, dimension] = 1.0
        axes.append(Axis(name, f"less {name}; more {name}", direction, weight, low=-0.3, high=0.3))
    return ModelMetadata(
        format_version=FORMAT_VERSION,
        name="tiny",
        spec=spec,
        latent_dimensions=len(DIMENSIONS),
        kit_dimensions=0,
        reach=1,
        latent_mean=mean,
        latent_scale=scale,
        prior=Prior(
            centres=np.zeros((1, mean.size), np.int8),
            centre_unit=1.0,
            kits=(0,),
            levels=np.zeros((1, spec.steps), np.int8),
            loudness=0.0,
            piece_steps=spec.steps,
            components=components.astype(np.float32),
            radius=2.4,
        ),
        axes=tuple(axes),
        slots=slots,
        training={"recipe": "made by hand in tests/make_tiny_model.py", "sources": []},
    )


def build(spec: MelSpectrogramSpec = SPEC) -> onnx.ModelProto:
    rows, columns = shapes(spec)
    dimensions = len(DIMENSIONS)
    painted = np.einsum("dm,dt->dmt", rows, columns).reshape(dimensions, -1)
    inverse = np.linalg.inv(painted @ painted.T)
    # (n_mels, d), then (frames_per_step * d, d): the encoder as two matrix products.
    gather = np.einsum("dt,de->tde", columns, inverse).reshape(-1, dimensions)
    kernel = np.tile(np.array([NEIGHBOUR, 1.0, NEIGHBOUR], np.float32), (dimensions, 1, 1))
    decoder = helper.make_graph(
        [
            helper.make_node("Transpose", ["z"], ["by_dimension"], perm=[0, 2, 1]),
            helper.make_node("Conv", ["by_dimension", "kernel"], ["mixed"], group=dimensions),
            helper.make_node("Unsqueeze", ["mixed", "time_axis"], ["mixed_column"]),
            helper.make_node("Mul", ["mixed_column", "columns"], ["envelope"]),
            helper.make_node("Reshape", ["envelope", "grid_shape"], ["envelope_row"]),
            helper.make_node("MatMul", ["rows", "envelope_row"], ["sum"]),
            helper.make_node("Add", ["sum", "floor"], ["raised"]),
            helper.make_node("Clip", ["raised", "zero", "one"], ["painted"]),
        ],
        "decoder",
        [value("z", "batch", "read_steps", dimensions)],
        [value("painted", "batch", spec.n_mels, "columns")],
        constants(
            rows=rows.T,
            columns=columns[np.newaxis, :, np.newaxis, :],
            kernel=kernel,
            floor=np.float32(FLOOR),
            zero=np.float32(0.0),
            one=np.float32(1.0),
            time_axis=np.array([3]),
            grid_shape=np.array([0, dimensions, -1]),
        ),
    )
    encoder = helper.make_graph(
        [
            helper.make_node("Sub", ["picture", "floor"], ["lowered"]),
            helper.make_node("Transpose", ["lowered"], ["by_column"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["by_column", "rows"], ["by_drum"]),
            helper.make_node("Reshape", ["by_drum", "step_shape"], ["by_step"]),
            helper.make_node("MatMul", ["by_step", "gather"], ["z"]),
        ],
        "encoder",
        [value("picture", "batch", spec.n_mels, "columns")],
        [value("z", "batch", "steps", dimensions)],
        constants(
            rows=rows.T,
            gather=gather,
            floor=np.float32(FLOOR),
            step_shape=np.array([0, -1, spec.frames_per_step * dimensions]),
        ),
    )
    # What it encodes it paints again exactly: there is nothing to improve.
    gradient = helper.make_graph(
        [helper.make_node("Sub", ["tried", "tried"], ["nothing"])],
        "gradient",
        [value("tried", "batch", "steps", dimensions), value("wanted", "batch", spec.n_mels, "columns")],
        [value("nothing", "batch", "steps", dimensions)],
    )
    return join(decoder, encoder, gradient, spec, dimensions, reach=1, properties=metadata(spec).to_properties())


def value(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def constants(**arrays: np.ndarray) -> list[onnx.TensorProto]:
    return [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in arrays.items()]


if __name__ == "__main__":
    PATH.write_bytes(build().SerializeToString())
    print(f"{PATH}: {PATH.stat().st_size} bytes")
