"""What the ruler sets a model's work beside: held-out breaks with their sound, and loops from a folder of the user's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.encode import fill_image, read_loop
from bridge.errors import VamenError
from bridge.loudness import at_target_loudness
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray, MelSpectrogramSpec, image_from_audio, unit_image
from training.breaks import BreakMaker
from training.dataset import SLICES_FILE, BreakDataset
from training.proportions import PROPORTIONS
from training.render import render_break
from training.ruler.attacks import within_band
from training.slices import SliceBank
from training.sources import LeftOut, list_files

MOST_GREY_LEVELS = 0.5
"""Mean difference between a stored image and that of the break made again: rounding on another machine is far below it."""


@dataclass(frozen=True)
class Original:
    """A break before any model has seen it.

    `samples` (n,) is a ring of two bars at `ENGINE_SAMPLE_RATE` within the band of its spec, `image` (n_mels, n_frames) its
    picture in 0..1.
    """

    name: str
    samples: FloatArray
    image: FloatArray

    def beats_per_minute(self, spec: MelSpectrogramSpec) -> float:
        """Its own tempo."""
        return 60.0 * spec.beats * ENGINE_SAMPLE_RATE / len(self.samples)


@dataclass(frozen=True)
class UnseenLoop:
    """A loop of the user's: its file's SHA-256 in hexadecimal, and the two bars of it that a model is given."""

    sha256: str
    original: Original


def spread(indices: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """At most `count` of some indices, evenly spaced."""
    return indices if len(indices) <= count else indices[np.linspace(0, len(indices) - 1, count).astype(int)]


def held_out_breaks(dataset: BreakDataset, indices: NDArray[np.int64]) -> list[Original]:
    """Breaks of a data set with their sound, which is made again from the packed slices.

    :raises VamenError: the slices are missing, or make other breaks than those of the data set
    """
    if dataset.manifest["proportions"] != json.loads(json.dumps(PROPORTIONS.to_dict())):
        raise VamenError(f"The breaks of {dataset.path} were made by another version; build the data set again.")
    bank = SliceBank.load(dataset.path / SLICES_FILE)
    maker = BreakMaker.make(bank, dataset.spec, int(dataset.manifest["seed"]))
    length = dataset.spec.loop_length(dataset.spec.beats_per_minute)
    breaks = []
    for index in indices:
        samples = render_break(maker.plan(int(index))[0], bank, length)
        stored = dataset.images[index]
        differences = np.abs(image_from_audio(samples, dataset.spec).astype(np.int16) - stored)
        if differences.mean() > MOST_GREY_LEVELS:
            raise VamenError(f"Break {index} of {dataset.path} does not come out as it is stored; build the data set again.")
        breaks.append(Original(f"break {index}", within_band(samples, dataset.spec), unit_image(stored)))
    return breaks


def unseen_loops(paths: Sequence[Path], spec: MelSpectrogramSpec) -> tuple[list[UnseenLoop], list[LeftOut]]:
    """The loops in files and folders, at their own tempos, brought to an image's loudness; what cannot be used, with its reason.

    :raises VamenError: nothing in them can be used
    """
    loops: list[UnseenLoop] = []
    left_out: list[LeftOut] = []
    for path in list_files(paths):
        try:
            loop = read_loop(path)
            samples = at_target_loudness(fill_image(loop.samples, loop.beats, spec, path))
            image = unit_image(image_from_audio(samples, spec))
        except VamenError as error:
            left_out.append(LeftOut(path.name, str(error)))
            continue
        loops.append(UnseenLoop(loop.sha256, Original(path.stem, within_band(samples, spec), image)))
    if not loops:
        raise VamenError(f"{paths[0]} holds no loop that can be used ({left_out[0].reason}); give a folder of break loops.")
    return loops, left_out


def digest(loops: list[UnseenLoop]) -> str:
    """Names a set of loops by their content, so that figures of different sets are never compared."""
    return hashlib.sha256(" ".join(sorted(unseen.sha256 for unseen in loops)).encode()).hexdigest()
