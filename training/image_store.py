"""The training images where an update reaches them fastest: in a GPU's own memory where they fit, else in the file."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.dataset import BreakDataset

MEMORY_SHARE = 0.5
"""Of a GPU's free memory that images may take; network, gradients and activations need the rest."""


class ImageStore:
    """Images of a data set by index.

    :param held: the images that are copied to ``device`` once; None leaves all of them in the memory-mapped file
    """

    def __init__(self, dataset: BreakDataset, device: torch.device, held: np.ndarray[Any, Any] | None) -> None:
        self.dataset = dataset
        self.device = device
        self._place = {} if held is None else {int(index): place for place, index in enumerate(held)}
        self._held: Tensor | None = None
        if held is not None:
            self._held = torch.empty((len(held), *dataset.images.shape[1:]), dtype=torch.uint8, device=device)
            for index, place in self._place.items():
                self._held[place] = torch.from_numpy(np.array(dataset.images[index]))

    @classmethod
    def for_training(cls, dataset: BreakDataset, device: torch.device, indices: np.ndarray[Any, Any]) -> ImageStore:
        """Holds the images of these indices on a GPU with room for them; a processor reads the file as fast."""
        fits = False
        if device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(device)
            fits = len(indices) * dataset.spec.n_mels * dataset.spec.n_frames <= MEMORY_SHARE * free
        return cls(dataset, device, indices if fits else None)

    def take(self, indices: list[int]) -> Tensor:
        """(len(indices), n_mels, n_frames) uint8 on the device."""
        if self._held is not None:
            return self._held[[self._place[index] for index in indices]]
        return torch.from_numpy(np.stack([self.dataset.images[index] for index in indices])).to(self.device)
