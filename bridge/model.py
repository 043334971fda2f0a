"""The decoder, the encoder and the decoder's gradient of one ``.onnx`` file, run by onnxruntime.

One graph holds all three. Of it only the decoder is loaded, and the others when they are first asked for: whoever plays needs
neither, and onnxruntime would prepare all of them (see bridge/model_parts.py). On the CPU the decoder is loaded twice, for any
number of steps and for a single one, which a hand waits for: where every shape is known, none is worked out in every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bridge.errors import VamenError, first_line
from bridge.halves import in_halves
from bridge.model_graph import ModelGraph
from bridge.model_metadata import FloatArray, ModelMetadata
from bridge.model_parts import part
from bridge.model_rewrites import quicker
from bridge.shipped_models import DEFAULT_PATH
from bridge.whole_file import read_at_most, reason

if TYPE_CHECKING:
    import onnxruntime

MAX_FILE_BYTES = 256_000_000

REMEDY = "check the path, or take hifi or classic, which come with VAmEn"
"""Where a file is no model, for the end of a sentence."""

MAX_MEMORY_BYTES = 2**30
"""For all that onnxruntime computes on the CPU in this process, several times what the shipped models need: a graph of a few
hundred bytes can ask for any amount."""

LATENT_INPUT = "latent"
DECODED_OUTPUT = "decoded_image"
IMAGE_INPUT = "image"
ENCODED_OUTPUT = "encoded_latent"
TRIED_INPUT = "tried_latent"
WANTED_INPUT = "wanted_image"
GRADIENT_OUTPUT = "latent_gradient"

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
CUDA_OPTIONS = {"cudnn_conv_algo_search": "DEFAULT"}
"""cuDNN's own search may choose another algorithm in every run, and renders would differ."""

FEWEST_STEPS_IN_HALF = 8
"""Of a ring that two threads paint: below, the neighbours that both of them read cost what the second thread brings."""

Provider = Literal["cpu", "cuda", "auto"]


class Model:
    """A loaded model; one instance serves one thread at a time."""

    metadata: ModelMetadata
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    providers: list[str]
    """The onnxruntime providers that really serve, the first one preferred."""

    def __init__(self, path: Path, data: bytes, wanted_providers: list[Any], rounded: bool) -> None:
        """:meth:`load` makes one of a file's content."""
        graph = ModelGraph.read(data)
        self.metadata = ModelMetadata.from_properties(graph.properties)
        _check_names(graph)
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._path = path
        self._wanted_providers = wanted_providers
        decoder = part(graph, DECODED_OUTPUT)
        on_cpu = wanted_providers == [CPU]
        played = (quicker(decoder) if on_cpu and rounded else decoder).written()
        any_steps = _Part(played, wanted_providers)
        one_step = any_steps.sizes(LATENT_INPUT, self._one_step_shape)
        self._one_step = _Part(played, wanted_providers, one_step) if on_cpu else any_steps
        self._parts = {DECODED_OUTPUT: any_steps}
        self.providers = any_steps.providers

    @classmethod
    def load(cls, path: Path | str | None = None, *, provider: Provider = "cpu", rounded: bool = True) -> Model:
        """Loads a model file; None stands for the shipped ``hifi`` model.

        :param rounded: whether a CPU paints with rounded weights (bridge/model_rewrites.py), as it does wherever something sounds
        :raises VamenError: the file is missing, no VAmEn model or broken, or the provider is not there
        """
        path = DEFAULT_PATH if path is None else Path(path)
        if provider == "auto":
            # It loads models itself, to time them.
            from bridge.provider_choice import fastest

            provider = fastest(path)
        wanted_providers = _providers(provider)
        data = _read_file(path)
        try:
            model = cls(path, data, wanted_providers, rounded)
        except VamenError as error:
            raise VamenError(f"{path}: {error}") from error
        if provider == "cuda" and CUDA not in model.providers:
            raise VamenError("CUDA was asked for but does not serve here: install the [cuda] extra, or use the provider cpu.")
        model._check_decoder()
        return model

    def decode(self, latent: FloatArray) -> FloatArray:
        """Paints steps whose neighbours the caller has gathered.

        :param latent: (batch, steps + 2 * reach, latent_dimensions) float32; the first and last ``reach`` steps are only read
        :returns: (batch, n_mels, steps * frames_per_step) float32 in 0..1, row 0 is the lowest frequency
        """
        decoder = self._one_step if latent.shape == self._one_step_shape else self._parts[DECODED_OUTPUT]
        return decoder.run({LATENT_INPUT: latent})

    def decode_ring(self, latent: FloatArray) -> FloatArray:
        """Paints a whole loop: every step's neighbours are gathered round the ring.

        :param latent: (steps, latent_dimensions) float32, any number of steps
        :returns: (n_mels, steps * frames_per_step) float32 in 0..1
        """
        reach, spec = self.metadata.reach, self.metadata.spec
        steps, columns = len(latent), spec.frames_per_step
        ring = latent[np.newaxis, np.arange(-reach, steps + reach) % steps]
        if self.providers[0] != CPU:
            return self.decode(ring)[0]
        image = np.empty((spec.n_mels, steps * columns), dtype=np.float32)

        def paint(half: slice) -> None:
            image[:, half.start * columns : half.stop * columns] = self.decode(ring[:, half.start : half.stop + 2 * reach])[0]

        # An onnxruntime session serves several threads at a time.
        in_halves(paint, steps, FEWEST_STEPS_IN_HALF)
        return image

    def encode(self, image: FloatArray) -> FloatArray:
        """The latent of a loop, the mean of the encoder's posterior.

        :param image: (n_mels, steps * frames_per_step) float32 in 0..1, periodic in time
        :returns: (steps, latent_dimensions) float32
        """
        steps = image.shape[1] // self.metadata.spec.frames_per_step
        return self._run(ENCODED_OUTPUT, {IMAGE_INPUT: image[np.newaxis]}, steps)

    def gradient(self, latent: FloatArray, image: FloatArray) -> FloatArray:
        """Where the latent of a loop has to go for its picture to leave a wanted one (the other way to come nearer).

        :param latent: (steps, latent_dimensions) float32, as many steps as the model's spec has
        :param image: (n_mels, steps * frames_per_step) float32 in 0..1, what is wanted
        :returns: (steps, latent_dimensions) float32, the gradient of a mean squared difference (export/gradient.py)
        """
        return self._run(GRADIENT_OUTPUT, {TRIED_INPUT: latent[np.newaxis], WANTED_INPUT: image[np.newaxis]}, len(latent))

    def read_part(self, output: str) -> bytes:
        """The part of this very model that computes an output, as an ONNX model of its own (see `bridge.model_parts.part`).

        :raises VamenError: the file has gone, or is another one by now
        """
        data = _read_file(self._path)
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise VamenError(f"{self._path} has been replaced by another model since it was loaded: start again.")
        return part(ModelGraph.read(data), output).written()

    @property
    def _one_step_shape(self) -> tuple[int, ...]:
        return 1, 1 + 2 * self.metadata.reach, self.metadata.latent_dimensions

    def _run(self, output: str, feeds: dict[str, FloatArray], steps: int) -> FloatArray:
        """An output that is a latent (steps, latent_dimensions)."""
        if output not in self._parts:
            self._parts[output] = _Part(self.read_part(output), self._wanted_providers)
        try:
            latent = self._parts[output].run(feeds)
        except Exception as error:  # onnxruntime's errors share no base class but Exception
            raise VamenError(f"{self._path}: {output} cannot be computed: {first_line(error)}") from error
        expected = (1, steps, self.metadata.latent_dimensions)
        if latent.shape != expected:
            raise VamenError(f"{self._path}: {output} is {latent.shape} instead of {expected}: export the model again.")
        return latent[0]

    def _check_decoder(self) -> None:
        """Paints one step and a whole loop: graphs that were made for another size, or by a stranger, may do one of them only."""
        spec, reach = self.metadata.spec, self.metadata.reach
        for steps in (1, spec.steps):
            latent = np.zeros((1, steps + 2 * reach, self.metadata.latent_dimensions), dtype=np.float32)
            try:
                image = self.decode(latent)
            except Exception as error:  # onnxruntime's errors share no base class but Exception
                raise VamenError(f"{self._path}: the decoder does not run: {first_line(error)}") from error
            expected = (1, spec.n_mels, steps * spec.frames_per_step)
            if image.shape != expected or not np.isfinite(image).all():
                raise VamenError(f"{self._path}: the decoder paints {image.shape} instead of {expected}: export the model again.")


class _Part:
    """What computes one output, ready to run."""

    def __init__(self, data: bytes, providers: list[Any], sizes: Mapping[str, int] | None = None) -> None:
        """:param sizes: of the axes that have names, where they shall be fixed"""
        import onnxruntime

        options = session_options()
        for axis, size in (sizes or {}).items():
            options.add_free_dimension_override_by_name(axis, size)
        try:
            # From bytes, not from the path: a model cannot refer to other files on this machine.
            self._session = onnxruntime.InferenceSession(data, options, providers=providers)
        except Exception as error:  # onnxruntime's errors share no base class but Exception
            raise VamenError(f"This is no model that onnxruntime can load: {first_line(error)}") from error
        self.providers = list(self._session.get_providers())
        self._shapes = {given.name: given.shape for given in self._session.get_inputs()}

    def sizes(self, name: str, shape: tuple[int, ...]) -> dict[str, int]:
        """What the named axes of an input are where it has this shape."""
        return {axis: size for axis, size in zip(self._shapes[name], shape, strict=False) if isinstance(axis, str)}

    def run(self, feeds: dict[str, FloatArray]) -> FloatArray:
        """The output, of those feeds that it depends on."""
        read = {name: np.ascontiguousarray(feeds[name], dtype=np.float32) for name in self._shapes}
        result: FloatArray = self._session.run(None, read)[0]
        return result


def _read_file(path: Path) -> bytes:
    try:
        data = read_at_most(path, MAX_FILE_BYTES)
    except OSError as error:
        raise VamenError(f"The model {path} cannot be read ({reason(error)}); {REMEDY}.") from error
    if data is None:
        raise VamenError(f"{path} is larger than {MAX_FILE_BYTES // 1_000_000} MB: that is no VAmEn model; {REMEDY}.")
    return data


def session_options() -> onnxruntime.SessionOptions:
    """Of every session here: one thread, which never waits for a second one on a busy machine; the same result in every run."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    _limit_memory()
    options.add_session_config_entry("session.use_env_allocators", "1")
    # The default logger fills the screen where CUDA is missing; `providers` says what serves.
    onnxruntime.set_default_logger_severity(4)
    return options


@cache
def _limit_memory() -> None:
    """Give this process the one allocator that all its sessions share; what would pass its limit fails with a sentence."""
    import onnxruntime

    kind, memory = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
    # onnxruntime's own defaults but for the limit: -1 stands for them, 0 for growing by powers of two.
    arena = onnxruntime.OrtArenaCfg(MAX_MEMORY_BYTES, 0, -1, -1)
    onnxruntime.create_and_register_allocator(onnxruntime.OrtMemoryInfo("Cpu", kind, 0, memory), arena)


def _providers(provider: Provider) -> list[Any]:
    import onnxruntime

    if provider == "cpu":
        return [CPU]
    if CUDA in onnxruntime.get_available_providers():
        return [(CUDA, CUDA_OPTIONS), CPU]
    raise VamenError("CUDA was asked for but this onnxruntime lacks it: install the [cuda] extra, or use the provider cpu.")


def _check_names(model: ModelGraph) -> None:
    missing = [
        name
        for names, there in (
            ((LATENT_INPUT, IMAGE_INPUT, TRIED_INPUT, WANTED_INPUT), model.graph.inputs),
            ((DECODED_OUTPUT, ENCODED_OUTPUT, GRADIENT_OUTPUT), model.graph.outputs),
        )
        for name in names
        if name.encode() not in there
    ]
    if missing:
        raise VamenError(f"This is no VAmEn model, since its graph lacks {', '.join(sorted(missing))}; {REMEDY}.")
