"""Where in the bar and in the loop the sound is, and what of the picture sounds there: for those who draw it."""

from __future__ import annotations

import copy
import math
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bridge.engine import Engine
from bridge.generator import Ring
from bridge.mel_spectrogram import BEATS_PER_BAR
from bridge.told import COLUMN_BANDS
from bridge.transport import Transport


@dataclass(frozen=True, slots=True)
class Playhead:
    """How the engine plays from `frame` on. The transport is a copy, so any thread may read it while the engine goes on."""

    frame: int
    transport: Transport
    ring: Ring
    steps_per_beat: int

    @classmethod
    def of(cls, engine: Engine, frame: int) -> Playhead:
        """As the engine has decided it for this frame and those after it."""
        return cls(frame, copy.copy(engine.transport), engine.ring, engine.model.metadata.spec.steps_per_beat)

    def position(self, frame: int) -> tuple[int, int, int, float]:
        """Bar, beat and step (from 1) of the music at a frame, and the place of the loop that sounds then, 0 to 1.

        A step that is triggered moves the place alone: the beat goes on.
        """
        beat = self.transport.beat_at(frame)
        bar, beat_in_bar = divmod(math.floor(beat), BEATS_PER_BAR)
        step = math.floor(beat * self.steps_per_beat) % self.ring.steps
        return bar + 1, beat_in_bar + 1, step + 1, self._place(frame) / self.ring.grid.loop_length

    def column(self, frame: int) -> tuple[float, ...]:
        """The picture's column that sounds at a frame, in `COLUMN_BANDS` bands from low to high; all 0 where nothing sounds.

        1 is the picture's reference level, 0 the end of the dynamic range below it.
        """
        if not self.transport.sounding:
            return (0.0,) * COLUMN_BANDS
        column = self.ring.column_at(math.floor(self._place(frame)))
        first_rows, rows = _bands(len(column))
        return tuple((np.add.reduceat(column, first_rows) / rows).clip(0.0, 1.0).tolist())

    def _place(self, frame: int) -> float:
        """The place that sounds at a frame, in samples of the loop."""
        return self.transport.place_at(frame) % self.ring.grid.loop_length


@lru_cache(maxsize=4)
def _bands(n_mels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first row of a picture in each band, and how many of its rows there are: (COLUMN_BANDS,) each."""
    edges = np.arange(COLUMN_BANDS + 1) * n_mels // COLUMN_BANDS
    return edges[:-1], np.maximum(np.diff(edges), 1)


class Playheads:
    """The last decisions of the engine, some of which are not heard yet: one thread writes them, another reads."""

    def __init__(self) -> None:
        self._noted: deque[Playhead] = deque()

    @property
    def empty(self) -> bool:
        return not self._noted

    def note(self, playhead: Playhead) -> None:
        """Add what holds from a later frame on."""
        self._noted.append(playhead)

    def at(self, frame: int) -> Playhead | None:
        """What holds at a frame, where no later call asks about an earlier one; None where nothing has been noted."""
        while len(self._noted) > 1 and self._noted[1].frame <= frame:
            self._noted.popleft()
        return self._noted[0] if self._noted else None

    def clear(self) -> None:
        """Nobody reads them any more."""
        self._noted.clear()
