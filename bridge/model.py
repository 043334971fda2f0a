"""The decoder, the encoder and the decoder's gradient of one ``.onnx`` file, run by onnxruntime.

One graph holds all three. Its inputs default to empty batches, so that any may be left out, and a part whose input is left
out stands in the branch of an ``If`` that is then not taken (see export/graph.py).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bridge.errors import VamenError
from bridge.model_metadata import FloatArray, ModelMetadata
from bridge.shipped_models import DEFAULT_PATH

if TYPE_CHECKING:
    import onnxruntime

MAX_FILE_BYTES = 256_000_000

LATENT_INPUT = "latent"
DECODED_OUTPUT = "decoded_image"
IMAGE_INPUT = "image"
ENCODED_OUTPUT = "encoded_latent"
TRIED_INPUT = "tried_latent"
WANTED_INPUT = "wanted_image"
GRADIENT_OUTPUT = "latent_gradient"

Provider = Literal["cpu", "cuda", "auto"]


class Model:
    """A loaded model; one instance serves one thread at a time."""

    metadata: ModelMetadata
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    providers: list[str]
    """The onnxruntime providers that really serve, the first one preferred."""

    def __init__(self, session: onnxruntime.InferenceSession, metadata: ModelMetadata, sha256: str) -> None:
        self._session = session
        self.metadata = metadata
        self.sha256 = sha256
        self.providers = list(session.get_providers())

    @classmethod
    def load(cls, path: Path | str | None = None, *, provider: Provider = "cpu", threads: int = 1) -> Model:
        """Loads a model file; None stands for the shipped ``hifi`` model.

        One thread is as fast for the few steps that are decoded at a time, and never waits for a second one on a busy machine.

        :raises VamenError: the file is missing, no VAmEn model or broken, or the provider is not there
        """
        import onnxruntime

        path = DEFAULT_PATH if path is None else Path(path)
        data = _read_file(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 4
        # The default logger fills the screen where CUDA is missing; `providers` says what serves.
        onnxruntime.set_default_logger_severity(4)
        try:
            # From bytes, not from the path: a model cannot refer to other files on this machine.
            session = onnxruntime.InferenceSession(data, options, providers=_providers(provider))
        except Exception as error:  # onnxruntime's errors share no base class but Exception
            raise VamenError(f"{path} is no model that onnxruntime can load: {_first_line(error)}") from error
        if provider == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
            raise VamenError("CUDA was asked for but does not serve here: install the [cuda] extra, or use the provider cpu.")
        properties = session.get_modelmeta().custom_metadata_map
        try:
            metadata = ModelMetadata.from_properties(properties)
        except VamenError as error:
            raise VamenError(f"{path}: {error}") from error
        _check_names(path, session)
        model = cls(session, metadata, hashlib.sha256(data).hexdigest())
        model._check_decoder(path)
        return model

    def decode(self, latent: FloatArray) -> FloatArray:
        """Paints steps whose neighbours the caller has gathered.

        :param latent: (batch, steps + 2 * reach, latent_dimensions) float32; the first and last ``reach`` steps are only read
        :returns: (batch, n_mels, steps * frames_per_step) float32 in 0..1, row 0 is the lowest frequency
        """
        return self._run(DECODED_OUTPUT, {LATENT_INPUT: latent})

    def decode_ring(self, latent: FloatArray) -> FloatArray:
        """Paints a whole loop: every step's neighbours are gathered round the ring.

        :param latent: (steps, latent_dimensions) float32, any number of steps
        :returns: (n_mels, steps * frames_per_step) float32 in 0..1
        """
        reach = self.metadata.reach
        ring = np.arange(-reach, len(latent) + reach) % len(latent)
        return self.decode(latent[ring][np.newaxis])[0]

    def encode(self, image: FloatArray) -> FloatArray:
        """The latent of a loop, the mean of the encoder's posterior.

        :param image: (n_mels, steps * frames_per_step) float32 in 0..1, periodic in time
        :returns: (steps, latent_dimensions) float32
        """
        return self._run(ENCODED_OUTPUT, {IMAGE_INPUT: image[np.newaxis]})[0]

    def gradient(self, latent: FloatArray, image: FloatArray) -> FloatArray:
        """Where the latent of a loop has to go for its picture to leave a wanted one (the other way to come nearer).

        :param latent: (steps, latent_dimensions) float32, as many steps as the model's spec has
        :param image: (n_mels, steps * frames_per_step) float32 in 0..1, what is wanted
        :returns: (steps, latent_dimensions) float32, the gradient of a mean squared difference (export/gradient.py)
        """
        return self._run(GRADIENT_OUTPUT, {TRIED_INPUT: latent[np.newaxis], WANTED_INPUT: image[np.newaxis]})[0]

    def _run(self, output: str, feeds: dict[str, FloatArray]) -> FloatArray:
        contiguous = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in feeds.items()}
        result: FloatArray = self._session.run([output], contiguous)[0]
        return result

    def _check_decoder(self, path: Path) -> None:
        spec = self.metadata.spec
        shape = (1, 1 + 2 * self.metadata.reach, self.metadata.latent_dimensions)
        try:
            image = self.decode(np.zeros(shape, dtype=np.float32))
        except Exception as error:  # as above
            raise VamenError(f"{path}: the decoder does not run: {_first_line(error)}") from error
        expected = (1, spec.n_mels, spec.frames_per_step)
        if image.shape != expected or not np.isfinite(image).all():
            raise VamenError(f"{path}: the decoder paints {image.shape} instead of {expected}: export the model again.")


def _read_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise VamenError(f"{path} is larger than {MAX_FILE_BYTES // 1_000_000} MB: that is no VAmEn model.")
        return path.read_bytes()
    except OSError as error:
        raise VamenError(f"The model {path} cannot be read: {error.strerror or error}.") from error


def _providers(provider: Provider) -> list[Any]:
    import onnxruntime

    # cuDNN's own search may choose another algorithm in every run, and renders would differ.
    cuda = ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "DEFAULT"})
    if provider == "cpu":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return [cuda, "CPUExecutionProvider"]
    if provider == "auto":
        return ["CPUExecutionProvider"]
    raise VamenError("CUDA was asked for but this onnxruntime lacks it: install the [cuda] extra, or use the provider cpu.")


def _check_names(path: Path, session: onnxruntime.InferenceSession) -> None:
    inputs = {entry.name for entry in (*session.get_inputs(), *session.get_overridable_initializers())}
    outputs = {entry.name for entry in session.get_outputs()}
    missing = ({LATENT_INPUT, IMAGE_INPUT, TRIED_INPUT, WANTED_INPUT} - inputs) | (
        {DECODED_OUTPUT, ENCODED_OUTPUT, GRADIENT_OUTPUT} - outputs
    )
    if missing:
        raise VamenError(f"{path} is no VAmEn model: its graph lacks {', '.join(sorted(missing))}.")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
