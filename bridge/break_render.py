"""A break as a file: the cold render that every export is, and its sidecar, from which the same bytes can be made again."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge import __version__
from bridge.export_name import FALLBACK_NAME, axes_tag, export_stem
from bridge.griffin_lim import render_loop
from bridge.latent_document import (
    Document,
    header,
    latent_from_rows,
    number_field,
    read_document,
    require_model,
    rows_from_latent,
)
from bridge.limiter import limit_ring
from bridge.mel_spectrogram import BEATS_PER_BAR, ENGINE_SAMPLE_RATE, FloatArray, Image, MelSpectrogramSpec
from bridge.model import Model, Provider
from bridge.model_metadata import ModelMetadata
from bridge.parameters import DOCUMENTED_LAYOUT, PARAMETERS
from bridge.provider_choice import cuda_device
from bridge.sound_graph import graph_of
from bridge.watch_folder import WatchFolder
from bridge.wav_chunks import loop_chunks, step_labels
from bridge.wav_file import WavWriter
from bridge.whole_file import replacing

if TYPE_CHECKING:
    from bridge.engine import ExportRequest

KIND = "vamen-break"
BAR_COUNTS = (1, 2, 4)
"""Lengths of a break that is exported, in bars."""


def render_break(model: Model, latent: FloatArray, beats_per_minute: float) -> tuple[FloatArray, Image]:
    """Paint and render a break from cold: nothing but the model, the latent and the tempo has a say.

    `latent` is (steps, latent_dimensions) of one, two or four bars. Returns the periodic samples (n,) at
    `ENGINE_SAMPLE_RATE`, true peak at most -1 dBTP, and the painted image uint8 (n_mels, columns).
    """
    image = model.decode_ring(latent)
    pixels = np.rint(image * 255.0).astype(np.uint8)
    graph = graph_of(model)
    if graph is None:
        return sound_of(image, model.metadata.spec, beats_per_minute), pixels
    # Alone, whatever else is rendered: in a batch of another size a GPU may add up in another order.
    [samples] = graph.render(latent[np.newaxis], beats_per_minute)
    return limit_ring(samples), pixels


def sound_of(image: FloatArray, spec: MelSpectrogramSpec, beats_per_minute: float) -> FloatArray:
    """The periodic samples (n,) of a painted image in 0..1 (n_mels, columns), as they leave the instrument at full gain."""
    return limit_ring(render_loop(image, spec, beats_per_minute))


def bars_of(latent: FloatArray, metadata: ModelMetadata) -> int:
    """Bars in a latent (steps, latent_dimensions) of whole bars."""
    return len(latent) // steps_per_bar(metadata)


def steps_per_bar(metadata: ModelMetadata) -> int:
    """Steps in one bar of four beats."""
    return BEATS_PER_BAR * metadata.spec.steps_per_beat


def sidecar(model: Model, latent: FloatArray, beats_per_minute: float, origin: Document | None = None) -> Document:
    """What makes a break's file again; `origin` says where the latent came from (plain JSON values), for people."""
    return header(KIND, model) | {
        "provider": provider_of(model),
        "spec": model.metadata.spec.to_dict(),
        "sample_rate": ENGINE_SAMPLE_RATE,
        "beats_per_minute": beats_per_minute,
        "bars": bars_of(latent, model.metadata),
        "origin": origin or {},
        "latent": rows_from_latent(latent),
    }


@dataclass(frozen=True)
class RenderedBreak:
    """A break as it goes into a watch folder, in the order of `WatchFolder.export`'s arguments."""

    name_stem: str
    samples: FloatArray
    """(n,) at `ENGINE_SAMPLE_RATE`."""
    image: Image
    sidecar: Document
    chunks: bytes
    tag: str

    @classmethod
    def of(
        cls,
        model: Model,
        latent: FloatArray,
        beats_per_minute: float,
        *,
        name: str = FALLBACK_NAME,
        tag: str = "",
        origin: Document | None = None,
    ) -> RenderedBreak:
        """Render a break; `name` may be anything a stranger sent, `tag` stands behind the file's number, the rest is as in
        :func:`render_break` and :func:`sidecar`."""
        samples, image = render_break(model, latent, beats_per_minute)
        stem = export_stem(name, beats_per_minute, bars_of(latent, model.metadata))
        chunks = chunks_of(len(samples), len(latent), model.metadata.spec, beats_per_minute)
        return cls(stem, samples, image, sidecar(model, latent, beats_per_minute, origin), chunks, tag)

    def written_to(self, folder: WatchFolder) -> Path:
        """The path of the finished WAV. Raises FolderError when the folder cannot be written to."""
        return folder.export(self.name_stem, self.samples, self.image, self.sidecar, self.chunks, self.tag)


def export_break(
    folder: WatchFolder,
    model: Model,
    latent: FloatArray,
    beats_per_minute: float,
    *,
    name: str = FALLBACK_NAME,
    tag: str = "",
    origin: Document | None = None,
) -> Path:
    """Render a break into a watch folder and return the finished WAV's path; arguments and errors as in `RenderedBreak`."""
    return RenderedBreak.of(model, latent, beats_per_minute, name=name, tag=tag, origin=origin).written_to(folder)


def requested_break(model: Model, request: ExportRequest) -> RenderedBreak:
    """Render what was asked for. A break that was given no name is told by the axes it was moved along; a name says enough."""
    names = [axis.name for axis in model.metadata.axes]
    tag = "" if request.name or not request.axes else axes_tag(names, request.axes)
    return RenderedBreak.of(model, request.latent, request.beats_per_minute, name=request.name, tag=tag)


def chunks_of(frames: int, steps: int, spec: MelSpectrogramSpec, beats_per_minute: float) -> bytes:
    """What the file of a break of `frames` frames and `steps` steps says to samplers."""
    return loop_chunks(frames, steps // spec.steps_per_beat, beats_per_minute, step_labels(steps, spec.steps_per_beat))


def provider_of(model: Model) -> Provider:
    """The command line's name of what serves a model."""
    return "cuda" if "CUDAExecutionProvider" in model.providers else "cpu"


def render_sidecar(path: Path, out: Path, *, model_path: Path | None, provider: Provider) -> None:
    """Make the WAV that a sidecar describes: the very bytes of the export, on the same machine and version.

    `provider` "auto" stands for the one that the export was made with, where that is here. Raises VamenError when the sidecar or
    its model cannot be used, or `out` cannot be written; says on stderr when version or provider differ, since bytes may differ
    then.
    """
    document = read_document(path, KIND)
    model = _load_model(document, model_path, provider)
    latent, tempo = _break_in(document, model, path)
    for what, here in (("vamen_version", __version__), ("provider", provider_of(model))):
        if document.get(what) != here:
            print(f"vamen: {path} says {what} {document.get(what)!s:.20}, here it is {here}: bytes may differ.", file=sys.stderr)
    samples, _ = render_break(model, latent, tempo)
    write_wav(out, samples, chunks_of(len(samples), len(latent), model.metadata.spec, tempo))


def read_break(path: Path, model: Model) -> tuple[FloatArray, float]:
    """The latent (steps, latent_dimensions) and the tempo that a sidecar holds. Raises VamenError when it cannot be used."""
    return _break_in(read_document(path, KIND), model, path)


def _break_in(document: Document, model: Model, path: Path) -> tuple[FloatArray, float]:
    require_model(document, model, path)
    step_counts = tuple(bars * steps_per_bar(model.metadata) for bars in BAR_COUNTS)
    latent = latent_from_rows(document.get("latent"), model, path, step_counts)
    tempo_spec = PARAMETERS["tempo"]
    tempo = number_field(document, "beats_per_minute", tempo_spec.minimum, tempo_spec.highest(DOCUMENTED_LAYOUT), path)
    return latent, tempo


def write_wav(path: Path, samples: FloatArray, chunks: bytes = b"") -> None:
    """Write mono samples (n,), and RIFF chunks behind them, as a 24-bit WAV that replaces an existing file only when it is whole.

    Raises VamenError when that fails.
    """
    with replacing(path) as temporary, WavWriter(temporary, chunks=chunks) as writer:
        writer.write(samples)


def _load_model(document: dict[str, Any], model_path: Path | None, provider: Provider) -> Model:
    if provider != "auto":
        return Model.load(model_path, provider=provider)
    if document.get("provider") == "cuda" and cuda_device() is not None:
        return Model.load(model_path, provider="cuda")
    return Model.load(model_path, provider="cpu")
