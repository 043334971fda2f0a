"""What comes back from the inbox: a loop as the model hears it, and variations on it, in a process of its own.

Variations are near the loop, moved as far as draws are spread around the breaks that they come from, with the last bar chopped
anew as the player at the desk does it. Chance is seeded by the file's content, so that the same file has the same variations.
What is in the folder of results says in its sidecar which file it came from: it is not made a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.break_render import KIND, RenderedBreak
from bridge.encode import encode_loop, loop_of, read_content, sha256_of
from bridge.errors import VamenError
from bridge.export_process import Already, Answer, Worker
from bridge.latent_document import read_document
from bridge.latent_space import LatentSpace
from bridge.mel_spectrogram import FloatArray
from bridge.model_metadata import ModelMetadata
from bridge.performer import chopped
from bridge.stated_tempo import without_tempo
from bridge.watch_folder import WatchFolder

NAMELESS = "loop"
"""What a file is called here whose name is nothing but a tempo."""


@dataclass(frozen=True, slots=True)
class InboxJob:
    """One of the files that a loop comes back as: `variation` 0 is itself."""

    path: Path
    variation: int
    beats_per_minute: float
    folder: WatchFolder

    @property
    def what(self) -> str:
        return f"The loop {self.path}"

    def answer(self, worker: Worker) -> Answer:
        self.folder.check()
        content = read_content(self.path)
        sha256 = sha256_of(content)
        if self.variation in variations_in(self.folder.path, sha256):
            return Already()
        model = worker.model()
        latent = worker.once(sha256, lambda: encode_loop(loop_of(content, self.path), model, 0.0, self.path))
        if self.variation:
            latent = variation_of(latent, model.metadata, sha256, self.variation)
        rendered = RenderedBreak.of(
            model,
            latent,
            self.beats_per_minute,
            name=without_tempo(self.path.stem) or NAMELESS,
            tag=f"variation-{self.variation}" if self.variation else "self",
            origin={"loop": self.path.name, "sha256": sha256, "variation": self.variation},
        )
        return rendered.written_to(self.folder)


def variation_of(latent: FloatArray, metadata: ModelMetadata, sha256: str, number: int) -> FloatArray:
    """A break near a latent (steps, latent_dimensions): variation `number`, from 1, of the file with this hash."""
    space = LatentSpace(metadata)
    generator = np.random.default_rng([int(sha256[:16], 16), number])
    near = latent + metadata.prior.near(generator)
    return space.from_values(chopped(space.to_values(near), generator))


def variations_in(folder: Path, sha256: str) -> set[int]:
    """Which variations of the file with this hash are in a folder of results."""
    found = set()
    for path in folder.glob("*.json"):
        try:
            origin = read_document(path, KIND).get("origin")
        except VamenError:
            continue  # somebody else's file
        if isinstance(origin, dict) and origin.get("sha256") == sha256 and isinstance(origin.get("variation"), int):
            found.add(origin["variation"])
    return found
