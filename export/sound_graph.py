"""Latent to samples on a machine with a GPU: everything after the decoder as one ONNX graph.

    python -m export.sound_graph

writes bridge/models/sound.onnx. The steps are those of the path on the CPU (bridge/griffin_lim.py and what it calls), each put
so that nothing is searched for, no shape depends on a value, and every step is a few operations on whole arrays: the Fourier
transform is a matrix product, frames are gathered and overlap by gathering, what runs along time is found by masks or by
doubling. So a CUDA graph can hold it. All that follows from spec and tempo comes in as inputs, from `bridge.sound_tables`: one
file serves every model and every tempo.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

from bridge.attack_envelope import _BLOCKS_PER_HOP as BLOCKS_PER_HOP
from bridge.attack_envelope import _ITERATIONS as ATTACK_ITERATIONS
from bridge.attack_envelope import _MOST_RISE as MOST_RISE
from bridge.attack_envelope import _SILENCE as SILENCE
from bridge.attack_envelope import _TOLERANCE as TOLERANCE
from bridge.griffin_lim import _RELAXATION as RELAXATION
from bridge.griffin_lim import _TRAIL as TRAIL
from bridge.griffin_lim import COLD_ITERATIONS, LoopGrid
from bridge.mel_spectrogram import PRESETS
from bridge.model import DECODED_OUTPUT
from bridge.sound_graph import GRAPH_PATH, SAMPLES_OUTPUT, TABLE_PREFIX
from bridge.sound_tables import OVERLAPS, sound_tables
from export.graph import IR_VERSION, OPSET
from export.onnx_operations import added, parted, reshaped, taken
from export.sound_image import Tables, inverted, stretched
from export.sound_phases import low_band, start_phases

ITERATIONS = COLD_ITERATIONS + 2
"""Of the accelerated Griffin-Lim algorithm: a few more than on the CPU, so that coarser products are made up for."""


def griffin_lim(magnitude: Tensor, start: Tensor, low: Tensor, decided: Tensor, tables: Tables) -> Tensor:
    """The sound after `ITERATIONS` of the accelerated algorithm, as `paint_ring`: (batch, samples).

    The algorithm keeps averages of spectra that are all spectra of sounds; so it may as well keep averages of the sounds, which
    are a quarter as large. Here they are kept as they are before the windows' sum is divided out.
    """
    # The low band's part of the sound does not change: it is made once, and its bins are silent in what follows.
    free = magnitude * (1.0 - decided * tables["is_low_bin"])
    held = (taken(magnitude, tables["low_bins"], 2) * decided).unsqueeze(3) * low
    fixed = added(*_overlapping(reshaped(held, 0, 0, -1) @ tables["low_synthesis"], tables))
    relaxation = float(RELAXATION)
    now_share, before_share = (1 - relaxation) * float(1 + TRAIL), -(1 - relaxation) * float(TRAIL)
    wanted = free.unsqueeze(2)
    spectrum = wanted * start
    now = before = heard = added(*_overlapping(reshaped(spectrum, 0, 0, -1) @ tables["synthesis"], tables), fixed)
    for iteration in range(ITERATIONS):
        if iteration:
            now, before = added(heard * relaxation, now * now_share, before * before_share), now
        moved = (now + (now - before)) * tables["inverse_window_sum"]
        seen = reshaped(taken(moved, tables["frame_samples"]) @ tables["analysis"], 0, 0, 2, -1)
        real, imaginary = parted(seen.square(), 2, 2)
        last = iteration == ITERATIONS - 1
        # In the last iteration the low band is free to meet what lies around it.
        wanted = magnitude.unsqueeze(2) if last else wanted
        spectrum = seen * (wanted / (real + imaginary).sqrt().clamp(min=1e-12))
        heard = added(*_overlapping(reshaped(spectrum, 0, 0, -1) @ tables["synthesis"], tables), *([] if last else [fixed]))
    return heard * tables["inverse_window_sum"]


def _overlapping(frames: Tensor, tables: Tables) -> list[Tensor]:
    """What each of the frames (batch, n_frames, n_fft) that cover a sample gives to it: `OVERLAPS` of (batch, samples)."""
    gathered = parted(taken(reshaped(frames, 0, -1), tables["overlap"]), 1, OVERLAPS)
    return [reshaped(part, 0, -1) for part in gathered]


def attack_gain(samples: Tensor, magnitude: Tensor, tables: Tables) -> Tensor:
    """As `bridge.attack_envelope.attack_gain` of a whole ring: (batch, samples)."""
    energy = (magnitude.square() * tables["energy_share"]).sum(2, keepdim=True)
    power = (taken(samples.square(), tables["block_samples"]) * tables["block_share"]).sum(2)
    before = taken(power, tables["blocks_beside"]).mean(2) + SILENCE
    after = reshaped(before, 0, -1, BLOCKS_PER_HOP)
    for _ in range(ATTACK_ITERATIONS):
        found = (taken(reshaped(after, 0, -1), tables["seen_blocks"]) @ tables["seen_weight"]).clamp(min=SILENCE)
        ratio = (energy / found).clamp(max=MOST_RISE)
        change = taken(reshaped(ratio, 0, -1), tables["seeing_frames"]) @ tables["seeing_weight"]
        after = after * change**1.75
    gain = (TOLERANCE * (reshaped(after, 0, -1) / before).sqrt()).clamp(max=1.0)
    left, right = (taken(gain, tables["sample_blocks"][side]) for side in (0, 1))
    return left + (right - left) * tables["sample_fraction"]


class SoundGraph(nn.Module):
    """A painted image (batch, n_mels, columns) in 0..1, and the tables of its loop -> samples (batch, sample capacity)."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.names = names

    def forward(self, image: Tensor, *tables: Tensor) -> Tensor:
        named = dict(zip(self.names, tables, strict=True))
        magnitude = inverted(stretched(image, named), named)
        low, decided = low_band(magnitude, named)
        start = start_phases(magnitude, low, decided, named)
        samples = griffin_lim(magnitude, start, low, decided, named)
        return samples * attack_gain(samples, magnitude, named)


def sound_model() -> onnx.ModelProto:
    """The graph as a model file: inputs `decoded_image` and the tables, output `samples`, every axis free."""
    spec = PRESETS["hifi"]
    tables = sound_tables(LoopGrid.at_tempo(spec, spec.beats_per_minute))
    names = [TABLE_PREFIX + name for name in tables]
    free = {
        name: {axis: f"{name}_{axis}" for axis in range(table.ndim)} for name, table in zip(names, tables.values(), strict=True)
    }
    buffer: Any = io.BytesIO()  # torch's own annotation forgets that it takes a file object
    with warnings.catch_warnings():
        # The tracing exporter is deprecated but the only one that needs nothing beside torch and onnx.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            SoundGraph(list(tables)).eval(),
            (torch.rand(2, spec.n_mels, spec.n_frames), *map(torch.from_numpy, tables.values())),
            buffer,
            dynamo=False,
            opset_version=OPSET,
            input_names=[DECODED_OUTPUT, *names],
            output_names=[SAMPLES_OUTPUT],
            dynamic_axes={DECODED_OUTPUT: {0: "batch", 1: "rows", 2: "columns"}, SAMPLES_OUTPUT: {0: "batch", 1: "room"}, **free},
        )
    return _tidied(onnx.load_from_string(buffer.getvalue()).graph)


def _tidied(graph: onnx.GraphProto) -> onnx.ModelProto:
    """The same graph with what is constant worked out and kept once, and with short names."""
    constants: dict[str, np.ndarray] = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        if all(name in constants for name in node.input):
            evaluated = ReferenceEvaluator(_as_model([node], node.input, node.output, constants))
            results: Any = evaluated.run(None, {name: constants[name] for name in node.input})
            constants.update(zip(node.output, results, strict=True))
        else:
            nodes.append(node)
    kept: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}
    names = {"": "", **{value.name: value.name for value in (*graph.input, *graph.output)}}
    for node in nodes:
        for name in node.input:
            if name in names:
                continue
            array = np.asarray(constants[name])
            tensor = kept.setdefault(
                (str(array.dtype), array.shape, array.tobytes()), numpy_helper.from_array(array, f"{TABLE_PREFIX}c{len(kept)}")
            )
            names[name] = tensor.name
        for name in node.output:
            names.setdefault(name, f"{TABLE_PREFIX}{len(names)}")
    for node in nodes:
        node.name, node.doc_string = "", ""
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    model = helper.make_model(
        helper.make_graph(nodes, "sound", graph.input, graph.output, list(kept.values())),
        opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="vamen",
    )  # fmt: skip
    onnx.checker.check_model(model)
    return model


def _as_model(
    nodes: list[onnx.NodeProto], inputs: Iterable[str], outputs: Iterable[str], constants: dict[str, np.ndarray]
) -> onnx.ModelProto:
    given = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.asarray(constants[name]).dtype), None)
        for name in dict.fromkeys(inputs)
    ]
    found = [helper.make_value_info(name, onnx.TypeProto()) for name in outputs]
    return helper.make_model(
        helper.make_graph(nodes, "constant", given, found), opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )


def main() -> int:
    model = sound_model()
    GRAPH_PATH.write_bytes(model.SerializeToString())
    print(f"{GRAPH_PATH}: {GRAPH_PATH.stat().st_size} bytes, {len(model.graph.node)} operations")
    return 0


if __name__ == "__main__":
    sys.exit(main())
