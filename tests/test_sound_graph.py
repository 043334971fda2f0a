"""The sound graph: each of its steps beside the CPU's own, and all of them as one session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch.overrides import TorchFunctionMode

from bridge.attack_envelope import attack_gain, frame_energy
from bridge.errors import VamenError
from bridge.griffin_lim import LoopGrid, paint_ring
from bridge.low_band import low_band_phase
from bridge.mel_inversion import linear_magnitude
from bridge.mel_spectrogram import PRESETS, FloatArray, image_from_audio, stretch_columns, unit_image
from bridge.model import Model
from bridge.shipped_models import model_path
from bridge.sound_graph import GRAPH_PATH, SoundGraph, graph_of
from bridge.sound_tables import sound_tables
from bridge.start_phase import phase_paths, start_phases
from export import sound_graph as graph
from export.sound_image import inverted, stretched
from export.sound_phases import low_band
from export.sound_phases import start_phases as graph_start_phases
from tests.make_tiny_model import PATH as TINY
from tests.sounds import KICKS_ALONE, break_loop, loop_from_pattern
from tests.test_griffin_lim import convergence
from tests.test_low_band import correlation, kick_band
from training.ruler.attacks import MOST_BEFORE_DB, beside_attacks, find_attacks

TEMPOS = [80.0, 120.0, 161.5, 174.0]
BOTH = pytest.mark.parametrize("preset", ["hifi", "classic"])

CUDA_OPERATIONS = frozenset(
    [
        "Abs", "Add", "And", "Cast", "Clip", "Concat", "Cos", "CumSum", "Div", "Equal", "Exp", "Floor", "Gather",
        "GatherElements", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Log", "MatMul", "Max", "Min", "Mod", "Mul",
        "Neg", "Or", "Pad", "Pow", "Reciprocal", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "Relu", "Reshape",
        "Round", "Sin", "Slice", "Split", "Sqrt", "Sub", "Sum", "Transpose", "Unsqueeze", "Where",
    ]
)  # fmt: skip
"""That onnxruntime's CUDA provider has for the types at hand (docs/OperatorKernels.md of microsoft/onnxruntime)."""


class Case:
    """A picture at a tempo, as the graph and as the CPU have it."""

    def __init__(self, preset: str, tempo: float, loop: FloatArray | None = None) -> None:
        self.spec = PRESETS[preset]
        self.grid = LoopGrid.at_tempo(self.spec, tempo)
        self.tables = {name: torch.from_numpy(table) for name, table in sound_tables(self.grid).items()}
        self.loop = break_loop(self.spec.beats_per_minute) if loop is None else loop
        self.image = unit_image(image_from_audio(self.loop, self.spec))
        self.columns = stretch_columns(self.image, self.grid.n_frames, self.spec.half_window_columns)
        self.magnitude = linear_magnitude(self.columns, self.spec)

    def sound(self) -> FloatArray:
        image = torch.from_numpy(self.image).unsqueeze(0)
        with torch.no_grad():
            samples = graph.SoundGraph(list(self.tables))(image, *self.tables.values())
        return np.asarray(samples[0, : self.grid.loop_length])

    def before_attacks(self, samples: FloatArray) -> float:
        """Median by which it is louder ahead of attacks than the original, in dB."""
        attacks = find_attacks(self.loop)
        return float(np.median(beside_attacks(attacks, samples, len(samples) / len(self.loop)), axis=0)[1])


@BOTH
@pytest.mark.parametrize("tempo", TEMPOS)
def test_tempo_and_inversion_are_the_cpus(preset: str, tempo: float) -> None:
    case = Case(preset, tempo)
    levels = stretched(torch.from_numpy(case.image).unsqueeze(0), case.tables)
    assert np.abs(levels[0].numpy().T - case.columns).max() < 2e-6
    magnitude = inverted(levels, case.tables)[0].numpy()
    assert np.linalg.norm(magnitude - case.magnitude) < 1e-5 * np.linalg.norm(case.magnitude)


@BOTH
@pytest.mark.parametrize("tempo", [120.0, 174.0])
def test_the_low_band_is_decided_as_on_the_cpu(preset: str, tempo: float) -> None:
    case = Case(preset, tempo)
    grid = case.grid
    expected = low_band_phase(case.magnitude, grid.frames_per_step, grid.hop, case.spec, 0, grid.n_frames)
    phasor, decided = (part[0].numpy() for part in low_band(torch.from_numpy(case.magnitude).unsqueeze(0), case.tables))
    # A bin of no magnitude has no phase there.
    sounding = case.magnitude[:, : expected.shape[1]] > 1e-4 * case.magnitude.max()
    assert np.array_equal((np.abs(expected) > 0.5) & sounding, (decided[:, :1] > 0.5) & sounding)
    apart = np.abs((phasor[..., 0] + 1j * phasor[..., 1]) * decided - expected)[sounding]
    assert np.quantile(apart, 0.99) < 0.02


def test_starting_phases_are_the_cpus_in_the_bar_where_both_begin() -> None:
    case = Case("hifi", 161.5)
    grid, magnitude = case.grid, case.magnitude.copy()
    # The graph begins in the quietest frame of each bar, the CPU in the first frame that it is given.
    magnitude[0] = 0.0
    bar = slice(0, grid.n_frames // 2)
    low = low_band_phase(magnitude, grid.frames_per_step, grid.hop, case.spec, 0, grid.n_frames)
    around = magnitude[np.arange(-1, grid.n_frames + 1) % grid.n_frames]
    expected = start_phases(phase_paths(around, low.shape[1], None, grid.hop, case.spec.n_fft_engine), low)
    decided = (low[:, 1:2] != 0).astype(np.float32)
    pairs = np.stack([low.real, low.imag], axis=2)
    batch = (torch.from_numpy(part).unsqueeze(0) for part in (magnitude, pairs, decided))
    found = graph_start_phases(*batch, case.tables)[0].numpy()
    agreement = np.real(np.conj(expected) * (found[:, 0] + 1j * found[:, 1]))[bar]
    loud = magnitude[bar] > 1e-2 * magnitude.max()
    # A widest path that is a tie may turn either way.
    assert (agreement[loud] > 0.99).mean() > 0.98


@BOTH
def test_attacks_are_calmed_as_on_the_cpu(preset: str) -> None:
    case = Case(preset, 120.0)
    n_fft, grid = case.spec.n_fft_engine, case.grid
    samples = paint_ring(case.magnitude, grid, iterations=1)
    expected = attack_gain(
        samples, np.append(grid.centres, grid.loop_length), frame_energy(case.magnitude, n_fft),
        np.ones(grid.n_frames, dtype=bool), n_fft,
    )  # fmt: skip
    room = np.zeros(case.tables["inverse_window_sum"].shape, dtype=np.float32)
    room[: grid.loop_length] = samples
    batch = (torch.from_numpy(part).unsqueeze(0) for part in (room, case.magnitude))
    found = graph.attack_gain(*batch, case.tables)[0, : grid.loop_length].numpy()
    assert expected.min() < 0.5
    assert np.abs(found - expected).max() < 1e-3


@contextmanager
def tf32() -> Iterator[None]:
    """Matrix products whose factors keep ten bits of their fractions, as an NVIDIA GPU's fast ones do."""

    def rounded(values: torch.Tensor) -> torch.Tensor:
        return ((values.contiguous().view(torch.int32) + 0x1000) & ~0x1FFF).view(torch.float32)

    class Rounding(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if function in (torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__):
                args = tuple(rounded(factor) for factor in args)
            return function(*args, **(kwargs or {}))

    with Rounding():
        yield


@pytest.mark.parametrize("tempo", [120.0, 161.5])
def test_a_sound_is_no_worse_than_the_cpus_and_its_kicks_are_in_phase(tempo: float) -> None:
    for loop in (break_loop(161.5), loop_from_pattern(KICKS_ALONE, 161.5)):
        case = Case("hifi", tempo, loop)
        expected = paint_ring(case.magnitude, case.grid)
        found = case.sound()
        with tf32():
            coarse = case.sound()
        assert not np.array_equal(found, coarse)
        for samples in (found, coarse):
            assert convergence(samples, case.magnitude, case.grid) < convergence(expected, case.magnitude, case.grid) + 0.02
            assert correlation(kick_band(samples), kick_band(expected)) > 0.995
            assert case.before_attacks(samples) < max(case.before_attacks(expected) + 0.5, MOST_BEFORE_DB)


def test_a_black_image_is_silence() -> None:
    case = Case("hifi", 161.5)
    case.image = np.zeros_like(case.image)
    assert not case.sound().any()


def test_the_file_is_what_export_writes() -> None:
    assert graph.sound_model().SerializeToString() == GRAPH_PATH.read_bytes()


def test_a_cuda_graph_can_hold_it() -> None:
    operations = {node.op_type for node in onnx.load(GRAPH_PATH).graph.node}
    assert operations <= CUDA_OPERATIONS


@BOTH
def test_shipped_models_sound_no_worse_than_on_the_cpu(preset: str) -> None:
    # The graph paints with the file's own weights.
    model = Model.load(model_path(preset), rounded=False)
    session = SoundGraph(model, "cpu")
    assert session.providers == ["CPUExecutionProvider"]
    for tempo, slot in zip(TEMPOS, model.metadata.slots, strict=False):
        grid = LoopGrid.at_tempo(model.metadata.spec, tempo)
        [samples] = session.render(slot.latent[np.newaxis], tempo)
        columns = stretch_columns(model.decode_ring(slot.latent), grid.n_frames, grid.spec.half_window_columns)
        magnitude = linear_magnitude(columns, grid.spec)
        expected = paint_ring(magnitude, grid)
        assert samples.shape == expected.shape
        assert convergence(samples, magnitude, grid) < convergence(expected, magnitude, grid)
        assert correlation(kick_band(samples), kick_band(expected)) > 0.99


@pytest.fixture(scope="module")
def tiny() -> Model:
    return Model.load(TINY)


def latents(model: Model, count: int) -> FloatArray:
    return np.stack([slot.latent for slot in model.metadata.slots[:count]])


def test_a_tempo_that_moves_a_little_sounds_as_if_nothing_had_been_there_before(tiny: Model) -> None:
    first, fresh = SoundGraph(tiny, "cpu"), SoundGraph(tiny, "cpu")
    one = latents(tiny, 1)
    first.render(one, 170.0)
    assert LoopGrid.at_tempo(tiny.metadata.spec, 170.0).n_frames == LoopGrid.at_tempo(tiny.metadata.spec, 171.0).n_frames
    again, expected = first.render(one, 171.0), fresh.render(one, 171.0)
    assert np.array_equal(again, expected)
    assert np.array_equal(again, first.render(one, 171.0))


def test_a_batch_is_its_breaks_and_one_bar_or_four_are_rendered_too(tiny: Model) -> None:
    session = SoundGraph(tiny, "cpu")
    two = latents(tiny, 2)
    batch = session.render(two, 161.5)
    for latent, samples in zip(two, batch, strict=True):
        [alone] = session.render(latent[np.newaxis], 161.5)
        assert np.linalg.norm(samples - alone) < 0.03 * np.linalg.norm(alone)
    bar = session.render(two[:, :16], 120.0)
    four = session.render(np.concatenate([two, two], axis=1), 120.0)
    assert bar.shape == (2, 88_200)
    assert four.shape == (2, 352_800)
    assert np.isfinite(four).all()


def test_a_model_that_was_replaced_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    shutil.copy(TINY, path)
    model = Model.load(path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(VamenError, match="replaced"):
        SoundGraph(model, "cpu")


def test_cuda_that_does_not_serve_is_said_in_a_sentence(tiny: Model) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.InferenceSession(str(TINY), providers=["CUDAExecutionProvider"]).get_providers():
        pytest.skip("CUDA serves here")
    with pytest.raises(VamenError, match="use the provider cpu"):
        SoundGraph(tiny, "cuda")


def test_what_the_cpu_serves_has_no_graph(tiny: Model) -> None:
    assert graph_of(tiny) is None
