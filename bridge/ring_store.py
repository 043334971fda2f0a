"""Rows of memory in which finished loops wait for the player: a row that may be read is never written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bridge.errors import VamenError
from bridge.mel_spectrogram import FloatArray
from bridge.player import SILENCE, TICK_FRAMES, Publication

RING_SLOTS = 12
"""Rows of a store: enough for everything that can be under way between a publication and its sound."""


def live_slots(block_frames: int) -> int:
    """Rows of the store of a sound in blocks of so many frames: in larger ones every tick's publication may be under way."""
    return RING_SLOTS + block_frames // TICK_FRAMES


SLOWEST_TEMPO = 60.0
"""Beats a minute; it sets the memory of a row."""


class RingStore:
    """Hands out rows of `rings` (slots, capacity), float32, for loops to be published.

    `released()` is the player's `released_sequence`: rows of earlier publications may be used again.
    """

    def __init__(self, rings: NDArray[np.float32], released: Callable[[], int]) -> None:
        self._rings = rings
        self._released = released
        self._held: deque[tuple[int, int]] = deque()

    def write(self, samples: FloatArray) -> int | None:
        """Copy a loop (n,) into a free row and return its number, or None while every row may still be read.

        Raises VamenError when the loop is longer than a row.
        """
        slots, capacity = self._rings.shape
        if len(samples) > capacity:
            raise VamenError(f"A loop of {len(samples)} samples does not fit into the {capacity} set aside; raise the tempo.")
        released = self._released()
        while len(self._held) > 1 and self._held[0][0] < released:
            self._held.popleft()
        used = {slot for _, slot in self._held}
        for slot in range(slots):
            if slot not in used:
                self._rings[slot, : len(samples)] = samples
                return slot
        return None

    def hold(self, publication: Publication) -> None:
        """Remember that a publication reads its row until a later one has taken over."""
        if publication.slot != SILENCE:
            self._held.append((publication.sequence, publication.slot))
