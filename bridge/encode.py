"""`vamen encode`: the user's own breaks, as slots."""

from __future__ import annotations

import argparse
import hashlib
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from bridge.errors import VamenError
from bridge.fit import fit_latent
from bridge.loudness import at_target_loudness
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray, MelSpectrogramSpec, image_from_audio, unit_image
from bridge.model import Model
from bridge.slot_file import SlotBreak, write_slot_file
from bridge.stated_tempo import tempo_in_name
from bridge.wav_chunks import beats_in_acid_chunk
from bridge.whole_file import reason

MAX_SECONDS = 120.0
MAX_FILE_BYTES = 256_000_000
SILENCE_PEAK = 1e-3
"""A file whose samples never exceed this (-60 dB of full scale) is silence."""

SLOWEST_GUESS = 90.0
"""A loop of unknown length is taken to have the power of two of beats that puts its tempo, in beats a minute, from here to
twice that."""


@dataclass(frozen=True)
class Loop:
    """A sound file cut to whole beats: `samples` (n,) mono at `ENGINE_SAMPLE_RATE`, `beats` in them and how that is known.

    `sha256` is the file's, in hexadecimal.
    """

    samples: FloatArray
    beats: int
    known_from: str
    sha256: str

    @property
    def beats_per_minute(self) -> float:
        """The tempo that follows from length and beats."""
        return 60.0 * self.beats * ENGINE_SAMPLE_RATE / len(self.samples)


def run(arguments: argparse.Namespace) -> int:
    """`vamen encode LOOP... --out SLOT.json`."""
    model = Model.load(arguments.model, provider=arguments.provider)
    write_slot_file(arguments.out, _encoded(arguments, model), model)
    count = len(arguments.loops)
    slots = "1 slot" if count == 1 else f"{count} slots"
    first = len(model.metadata.slots) + 1
    print(f"{arguments.out}: {slots} for model {model.metadata.name}; play with `vamen play --slot {first}={arguments.out}`")
    return 0


def _encoded(arguments: argparse.Namespace, model: Model) -> Iterator[SlotBreak]:
    for path in arguments.loops:
        loop = read_loop(path, arguments.beats)
        yield SlotBreak(
            name=path.stem,
            source_sha256=loop.sha256,
            beats=loop.beats,
            beats_per_minute=round(loop.beats_per_minute, 4),
            start_seconds=arguments.start,
            latent=encode_loop(loop, model, arguments.start, path),
        )
        taken = f", {model.metadata.spec.beats} of them taken" if loop.beats > model.metadata.spec.beats else ""
        print(f"{path.name}: {loop.beats} beats at {loop.beats_per_minute:.1f} BPM (from {loop.known_from}){taken}")


def encode_loop(loop: Loop, model: Model, start_seconds: float, path: Path) -> FloatArray:
    """The latent (steps, latent_dimensions) of a loop; the rest, and the errors raised, as `loop_image`."""
    return fit_latent(model, loop_image(loop, model.metadata.spec, start_seconds, path))


def loop_image(loop: Loop, spec: MelSpectrogramSpec, start_seconds: float, path: Path) -> FloatArray:
    """The image (n_mels, n_frames) in 0..1 of a loop whose beat one is at `start_seconds`; `path` is for messages.

    The loop is a ring: what lies before the start is moved to its end. Raises VamenError when the start lies outside it, or
    its beats do not fill the image.
    """
    start = round(start_seconds * ENGINE_SAMPLE_RATE)
    if abs(start) >= len(loop.samples):
        raise VamenError(
            f"{path} is {len(loop.samples) / ENGINE_SAMPLE_RATE:.2f} s long, so --start {start_seconds:g} is outside; "
            "choose one that lies in it."
        )
    samples = fill_image(np.roll(loop.samples, -start), loop.beats, spec, path)
    return unit_image(image_from_audio(at_target_loudness(samples), spec))


def fill_image(samples: FloatArray, beats: int, spec: MelSpectrogramSpec, path: Path) -> FloatArray:
    """A loop (n,) repeated or cut to exactly `spec.beats` beats.

    Raises VamenError when `beats` is neither a divisor of them nor more than they are.
    """
    if beats > spec.beats:
        return samples[: round(len(samples) * spec.beats / beats)]
    if spec.beats % beats:
        raise VamenError(
            f"{path} has {beats} beats, which do not repeat to the {spec.beats} of a slot; "
            "cut it to one or two bars, or correct the count with --beats."
        )
    return np.tile(samples, spec.beats // beats)


def read_loop(path: Path, beats: int | None = None) -> Loop:
    """A sound file as a loop; errors as :func:`read_content` and :func:`loop_of`."""
    return loop_of(read_content(path), path, beats)


def read_content(path: Path) -> bytes:
    """A sound file's bytes. Raises VamenError when it cannot be read, or is larger than any loop."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise VamenError(f"{path} is larger than {MAX_FILE_BYTES // 1_000_000} MB; cut the loop out of it.")
        return path.read_bytes()
    except OSError as error:
        raise VamenError(f"{path} cannot be read: {reason(error)}; name a sound file.") from error


def loop_of(content: bytes, path: Path, beats: int | None = None) -> Loop:
    """A sound file's bytes as a loop; beats from the argument, else the acid chunk, else the name, else its length.

    Raises VamenError when it is no sound file, silent, too long, or shorter than one beat.
    """
    samples = _mono_at_engine_rate(content, path)
    found, known_from = (beats, "--beats") if beats is not None else _beats_in(content, len(samples) / ENGINE_SAMPLE_RATE, path)
    return Loop(samples, found, known_from, sha256_of(content))


def sha256_of(content: bytes) -> str:
    """Of a file's bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _beats_in(content: bytes, seconds: float, path: Path) -> tuple[int, str]:
    """A file's beats, and where they are known from."""
    if (chunk_beats := beats_in_acid_chunk(content)) is not None:
        return chunk_beats, "its acid chunk"
    if (tempo := tempo_in_name(path.name)) is not None:
        if round(seconds * tempo / 60.0) < 1:
            raise VamenError(f"{path} is shorter than one beat at the {tempo:g} BPM in its name; say --beats.")
        return round(seconds * tempo / 60.0), "its name"
    power = math.ceil(math.log2(SLOWEST_GUESS * seconds / 60.0))
    if power < 0:
        raise VamenError(f"{path} is {seconds:.2f} s long, less than one beat; use a whole loop, or say --beats.")
    return 2**power, "its length"


def _mono_at_engine_rate(content: bytes, path: Path) -> FloatArray:
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            if file.frames > MAX_SECONDS * file.samplerate:
                raise VamenError(f"{path} is {file.frames / file.samplerate:.0f} s long; cut a loop of whole bars out of it.")
            sample_rate = file.samplerate
            mono = file.read(dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise VamenError(f"{path} is no sound file that can be read here; use WAV, AIFF, FLAC, Ogg or MP3.") from error
    if not np.isfinite(mono).all():
        raise VamenError(f"{path} holds samples that are not finite numbers; export it again.")
    if len(mono) == 0 or np.abs(mono).max() < SILENCE_PEAK:
        raise VamenError(f"{path} is silent; use a loop that sounds.")
    return resample_ring(np.ascontiguousarray(mono), sample_rate)


def resample_ring(samples: FloatArray, sample_rate: int) -> FloatArray:
    """A periodic loop (n,) brought to `ENGINE_SAMPLE_RATE`, without a seam: (round(n * 44100 / sample_rate),)."""
    if sample_rate == ENGINE_SAMPLE_RATE:
        return samples
    # A margin that is a whole number of samples at both rates, wrapped around the ring, feeds the filter at both ends.
    unit = sample_rate // math.gcd(sample_rate, ENGINE_SAMPLE_RATE)
    margin = unit * -(-sample_rate // (20 * unit))
    length = round(len(samples) * ENGINE_SAMPLE_RATE / sample_rate)
    wrapped = np.take(samples, np.arange(-margin, len(samples) + margin), mode="wrap")
    resampled = soxr.resample(wrapped, sample_rate, ENGINE_SAMPLE_RATE, quality="VHQ")
    skip = margin * ENGINE_SAMPLE_RATE // sample_rate
    return np.ascontiguousarray(resampled[skip : skip + length])
