"""A data set of a few small pictures of breaks, for the tests of training and export."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from bridge.mel_spectrogram import PRESETS, image_from_audio
from tests.sounds import AMEN_LIKE, FOUR_TO_THE_FLOOR, KICKS_ALONE, TWO_STEP, Pattern, loop_from_pattern
from training.dataset import FORMAT_VERSION, IMAGES_FILE, MANIFEST_FILE, SPLITS, BreakDataset

SPEC = replace(PRESETS["hifi"], name="small", n_mels=64)
PATTERNS: tuple[Pattern, ...] = (AMEN_LIKE, TWO_STEP, FOUR_TO_THE_FLOOR, KICKS_ALONE)


def make_dataset(path: Path, count: int = 24) -> BreakDataset:
    """Writes breaks whose hits are as loud as chance has it; the last two are held out, by draw and by source."""
    generator = np.random.default_rng(0)
    images = []
    for index in range(count):
        pattern = {
            drum: {step: velocity * float(generator.uniform(0.2, 1.0)) for step, velocity in hits.items()}
            for drum, hits in PATTERNS[index % len(PATTERNS)].items()
        }
        images.append(image_from_audio(loop_from_pattern(pattern, SPEC.beats_per_minute, seed=index), SPEC))
    path.mkdir(parents=True, exist_ok=True)
    np.stack(images).tofile(path / IMAGES_FILE)
    manifest = {
        "format_version": FORMAT_VERSION,
        "complete": True,
        "count": count,
        "seed": 0,
        "spec": SPEC.to_dict(),
        "bank_sha256": "0" * 64,
        "sources": [{"name": f"loop_{index}.flac", "sha256": "0" * 64} for index in range(len(PATTERNS))],
        "makers": ["pattern"],
        "maker": [0] * count,
        "main_source": [index % len(PATTERNS) for index in range(count)],
        "split": [SPLITS.index("train")] * (count - 2) + [SPLITS.index("held_out_draw"), SPLITS.index("held_out_source")],
    }
    (path / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")
    return BreakDataset(path)
