"""Reading a data set back, and refusing what is none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import VamenError
from bridge.mel_spectrogram import PRESETS
from training.dataset import SPLITS, BreakDataset


def make(folder: Path, **changes: object) -> Path:
    spec = PRESETS["hifi"]
    manifest = {
        "format_version": 1, "complete": True, "count": 4, "seed": 0,
        "spec": spec.to_dict(), "sources": [], "split": [0, 2, 0, 1],
    } | changes  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({k: v for k, v in manifest.items() if v is not None}))
    images = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((1, 512, 512), dtype=np.uint8)
    images.tofile(folder / "images.u8")
    return folder


def test_images_spec_and_splits_come_back(tmp_path: Path) -> None:
    dataset = BreakDataset(make(tmp_path))
    assert dataset.spec == PRESETS["hifi"]
    assert dataset.images.shape == (4, 512, 512) and isinstance(dataset.images, np.memmap)
    assert dataset.images[3, 100, 100] == 3
    assert [dataset.indices(split).tolist() for split in SPLITS] == [[0, 2], [3], [1]]
    with pytest.raises(ValueError, match="read-only"):
        dataset.images[0] = 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"complete": False}, "is not finished"),
        ({"format_version": 99}, "format 99"),
        ({"split": None}, "lacks split"),
        ({"split": [0]}, "does not split all 4"),
        ({"count": 5, "split": [0] * 5}, "does not hold the 5 images"),
        ({"format_version": None}, "is no manifest"),
        ({"spec": {"name": "hifi"}}, "spec is not complete"),
    ],
)
def test_what_is_no_data_set_is_refused_in_a_sentence(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(VamenError, match=message):
        BreakDataset(make(tmp_path, **changes))


def test_an_empty_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(VamenError, match="is no data set"):
            BreakDataset(folder)


def test_a_manifest_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[1,")
    with pytest.raises(VamenError, match="is no manifest"):
        BreakDataset(tmp_path)
