"""Latent to samples as one ONNX graph on one provider: decoder, tempo, inversion, phases, Griffin-Lim, attacks.

The decoder's part of a model file and `models/sound.onnx` (export/sound_graph.py) are joined when they are loaded. Tables and
results stay on the provider's device: latents go in, samples come out. On CUDA the work is captured once for each shape as a
CUDA graph, so that a render is one launch; where that cannot be, it runs node by node and sounds the same.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bridge.errors import VamenError, first_line
from bridge.griffin_lim import LoopGrid
from bridge.model import CPU, CUDA, CUDA_OPTIONS, DECODED_OUTPUT, LATENT_INPUT, Model, session_options
from bridge.model_metadata import FloatArray
from bridge.model_parts import joined
from bridge.sound_tables import Tables, sample_capacity, sound_tables

if TYPE_CHECKING:
    import onnxruntime

GRAPH_PATH = Path(__file__).with_name("models") / "sound.onnx"
SAMPLES_OUTPUT = "samples"
TABLE_PREFIX = "sound/"
"""Before the names of the graph's inputs and values, so that they are no model's."""

MOST_SHAPES = 8
"""Shapes that are kept ready at a time; each holds some tens of megabytes."""

GraphProvider = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class _Provider:
    """How onnxruntime calls a provider and its device, its options, and those by which it records a run and replays it."""

    name: str
    device: str
    options: dict[str, str] = field(default_factory=dict)
    captures: dict[str, str] = field(default_factory=dict)


_PROVIDERS: dict[GraphProvider, _Provider] = {
    "cpu": _Provider(CPU, "cpu"),
    # TF32 costs nothing that can be heard (tests/test_sound_graph.py).
    "cuda": _Provider(CUDA, "cuda", CUDA_OPTIONS | {"use_tf32": "1"}, captures={"enable_cuda_graph": "1"}),
}


class SoundGraph:
    """A model's whole way from latent to samples on one provider; one instance serves one thread at a time."""

    providers: list[str]
    """The onnxruntime providers that really serve, the first one preferred."""
    captured: bool
    """Whether renders are replayed as CUDA graphs."""

    def __init__(self, model: Model, provider: GraphProvider) -> None:
        """:raises VamenError: the model's file has gone or changed, or the provider does not serve"""
        self._metadata = model.metadata
        self._provider = _PROVIDERS[provider]
        self._session, self.captured = _opened(joined(model.read_part(DECODED_OUTPUT), _sound_graph()), self._provider)
        self.providers = list(self._session.get_providers())
        if self._provider.name != self.providers[0]:
            raise VamenError(
                f"The provider {provider} was asked for but does not serve here: install what it needs (cuda: the "
                "[cuda] extra and NVIDIA's driver), or use the provider cpu."
            )
        self._shapes: OrderedDict[tuple[int, int, int], _Shape] = OrderedDict()
        self._made = 0

    def render(self, latents: FloatArray, beats_per_minute: float) -> FloatArray:
        """The sounds of periodic latents, as `bridge.griffin_lim.paint_ring` makes them from what the decoder paints.

        :param latents: (batch, steps, latent_dimensions) float32, whole bars; neighbours are gathered round the ring
        :param beats_per_minute: the tempo of all of them
        :returns: (batch, loop_length) float32 at `ENGINE_SAMPLE_RATE`; the same latents in a batch of the same size give the same
            bytes on one machine
        """
        batch, steps, _ = latents.shape
        reach = self._metadata.reach
        grid = LoopGrid.at_tempo(self._metadata.spec, beats_per_minute, steps)
        ring = np.ascontiguousarray(latents[:, np.arange(-reach, steps + reach) % steps], dtype=np.float32)
        shape = self._shape(ring, grid)
        shape.hold(sound_tables(grid))
        shape.latents.update_inplace(ring)
        self._session.run_with_iobinding(shape.binding, shape.options)
        samples: FloatArray = shape.samples.numpy()[:batch, : grid.loop_length].copy()
        return samples

    def _shape(self, ring: FloatArray, grid: LoopGrid) -> _Shape:
        key = (len(ring), grid.steps, grid.n_frames)
        if key not in self._shapes:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.popitem(last=False)
            self._made += 1
            self._shapes[key] = _Shape(self._session, self._provider.device, ring, grid, self._made)
        self._shapes.move_to_end(key)
        return self._shapes[key]


class _Shape:
    """Everything that is bound for one shape, at addresses that stay: a CUDA graph knows nothing else."""

    def __init__(self, session: onnxruntime.InferenceSession, device: str, ring: FloatArray, grid: LoopGrid, number: int) -> None:
        import onnxruntime

        self._device = device
        self._tables = dict(sound_tables(grid))
        self._held = {name: self._value(table) for name, table in self._tables.items()}
        self.latents = self._value(ring)
        room = [len(ring), sample_capacity(grid)]
        self.samples = onnxruntime.OrtValue.ortvalue_from_shape_and_type(room, np.float32, device, 0)
        self.binding = session.io_binding()
        self.binding.bind_ortvalue_input(LATENT_INPUT, self.latents)
        for name, value in self._held.items():
            self.binding.bind_ortvalue_input(TABLE_PREFIX + name, value)
        self.binding.bind_ortvalue_output(SAMPLES_OUTPUT, self.samples)
        self.options = onnxruntime.RunOptions()
        # Each shape is a CUDA graph of its own, by its number.
        self.options.add_run_config_entry("gpu_graph_id", str(number))

    def hold(self, tables: Tables) -> None:
        """Bring what has changed with the tempo to the device."""
        for name, table in tables.items():
            if table is not self._tables[name]:
                self._held[name].update_inplace(table)
        self._tables = tables

    def _value(self, array: np.ndarray[Any, Any]) -> onnxruntime.OrtValue:
        import onnxruntime

        # A copy: what lies on the CPU would otherwise be the caller's own array, and be written to.
        return onnxruntime.OrtValue.ortvalue_from_numpy(array.copy(), self._device, 0)


@lru_cache(maxsize=2)
def graph_of(model: Model) -> SoundGraph | None:
    """The graph that makes a model's sound; None where the model is served by the CPU, whose own path is faster.

    :raises VamenError: the graph cannot be loaded
    """
    for provider, known in _PROVIDERS.items():
        if provider != "cpu" and known.name == model.providers[0]:
            return SoundGraph(model, provider)
    return None


def _sound_graph() -> bytes:
    try:
        return GRAPH_PATH.read_bytes()
    except OSError as error:
        raise VamenError(f"The sound graph {GRAPH_PATH} cannot be read ({error.strerror}): install vamen again.") from error


def _opened(data: bytes, provider: _Provider) -> tuple[onnxruntime.InferenceSession, bool]:
    """A session, and whether its runs are captured."""
    import onnxruntime

    if provider.name not in onnxruntime.get_available_providers():
        raise VamenError(f"This onnxruntime has no {provider.name}: install the one that has, or use the provider cpu.")
    refusal = Exception()
    for captures in (provider.captures, {}) if provider.captures else ({},):
        wanted: list[Any] = [(provider.name, provider.options | captures)]
        if provider.name != CPU:
            wanted.append(CPU)
        try:
            return onnxruntime.InferenceSession(data, session_options(), providers=wanted), bool(captures)
        except Exception as error:  # onnxruntime's errors share no base class but Exception
            # A graph that cannot be captured is refused as a whole; without capturing it runs.
            refusal = error
    raise VamenError(f"onnxruntime cannot load the sound graph on {provider.name}: {first_line(refusal)}") from refusal
