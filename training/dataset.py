"""Read a data set that `python -m training.breaks` made: one memory-mapped file of images and its manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import VamenError
from bridge.mel_spectrogram import MelSpectrogramSpec

FORMAT_VERSION = 1
IMAGES_FILE = "images.u8"
MANIFEST_FILE = "manifest.json"
SLICES_FILE = "slices.npz"
SPLITS = ("train", "held_out_draw", "held_out_source")
"""Splits, by the code that the manifest gives each image."""


class BreakDataset:
    """A finished data set.

    `spec` says what an image means; `images` is a read-only memory map, uint8 (count, n_mels, n_frames), low rows first, 255 the
    reference level; `manifest` holds everything else. Raises VamenError for an empty, unfinished or foreign folder.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.manifest = read_manifest(self.path)
        if not self.manifest["complete"]:
            raise VamenError(
                f"The data set in {self.path} is not finished; run the same python -m training.breaks command again."
            )
        self.spec = MelSpectrogramSpec.from_dict(self.manifest["spec"])
        count = int(self.manifest["count"])
        shape = (count, self.spec.n_mels, self.spec.n_frames)
        file = self.path / IMAGES_FILE
        if not file.is_file() or file.stat().st_size != count * self.spec.n_mels * self.spec.n_frames:
            raise VamenError(f"{file} does not hold the {count} images that its manifest promises; build the data set again.")
        self.images: NDArray[np.uint8] = np.memmap(file, dtype=np.uint8, mode="r", shape=shape)
        self.split: NDArray[np.int64] = np.array(self.manifest["split"], dtype=np.int64)
        if self.split.shape != (count,):
            raise VamenError(f"{self.path / MANIFEST_FILE} does not split all {count} images; build the data set again.")

    def indices(self, split: str) -> NDArray[np.int64]:
        """Indices of a split's images, ascending; `split` is one of `SPLITS`. Training and held-out never share a draw."""
        return np.flatnonzero(self.split == SPLITS.index(split))


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a data-set folder; raises VamenError when there is none or it is not ours."""
    file = path / MANIFEST_FILE
    if not file.is_file():
        raise VamenError(f"{path} is no data set (it has no {MANIFEST_FILE}); make one with python -m training.breaks.")
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        version = manifest["format_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise VamenError(f"{file} is no manifest of a data set; build the data set again.") from error
    if version != FORMAT_VERSION:
        raise VamenError(f"{file} has data-set format {version}, this program reads {FORMAT_VERSION}; build the data set again.")
    missing = {"spec", "count", "complete", "split", "seed", "sources"} - manifest.keys()
    if missing:
        raise VamenError(f"{file} lacks {', '.join(sorted(missing))}; build the data set again.")
    return dict(manifest)
