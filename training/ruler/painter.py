"""A model's halves as the ruler uses them: with grain and without, on every core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from numpy.typing import NDArray

from bridge.fit import fit_latent
from bridge.mel_spectrogram import FloatArray, unit_image
from bridge.model import Model
from bridge.model_metadata import ModelMetadata
from training.ruler.model_file import load_without_grain

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Painter:
    """One instance of the model, and one without grain (the same where it paints none)."""

    model: Model
    smooth: Model


class Painters:
    """A painter for each thread: an instance serves one at a time."""

    def __init__(self, path: Path, threads: int) -> None:
        """
        :raises VamenError: the file is no model
        """
        self._free: SimpleQueue[Painter] = SimpleQueue()
        self.threads = threads
        for _ in range(threads):
            model = Model.load(path)
            self._free.put(Painter(model, load_without_grain(path) or model))
        self.metadata: ModelMetadata = model.metadata

    def each(self, work: Callable[[Painter, Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """What `work` makes of every item, in order: independent of the number of threads."""

        def job(item: Item) -> Result:
            painter = self._free.get()
            try:
                return work(painter, item)
            finally:
                self._free.put(painter)

        with ThreadPoolExecutor(self.threads) as pool:
            yield from pool.map(job, items)

    def encode(self, images: NDArray[Any], progress: Callable[[float], None]) -> list[FloatArray]:
        """Latents (steps, latent_dimensions) of images (count, n_mels, n_frames), 8-bit or in 0..1, as `vamen encode` finds them.

        :param progress: is told the part done, 0..1
        """
        latents = []
        for latent in self.each(lambda painter, image: fit_latent(painter.model, unit_image(image)), images):
            latents.append(latent)
            progress(len(latents) / len(images))
        return latents

    def paint(self, latents: Iterable[FloatArray]) -> list[FloatArray]:
        """Images (n_mels, n_frames) in 0..1 of latents (steps, latent_dimensions)."""
        return list(self.each(lambda painter, latent: painter.model.decode_ring(latent), latents))
