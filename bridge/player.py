"""Reads the loop ring: the last stage before the sound card, the WAV file or the capture.

Imports numpy only, because it runs in the sound's own process. It never looks at a clock: what sounds at a frame follows from
the publications it was given and from the frame number, so blocks of any size give the same samples to the bit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.ring_reader import read_at_rate

TICK_FRAMES = 256
"""Frames of the sound's counter between two decisions of the engine."""

FADE_FRAMES = 128
"""Length of the cross-fade between an old ring and a repainted one, in frames; shorter than a tick, so fades never overlap."""

SILENCE = -1
"""The slot of a publication that plays nothing."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Everything the player needs to know from `effect_frame` on; it replaces the publication before it.

    `slot` is the ring's row in the store (or `SILENCE`), `loop_length` its samples. Sample `position` (which may lie between two)
    sounds at `anchor_frame`, and `rate` samples are read a frame, round and round. `gain` is a linear factor. The change
    cross-fades over `fade_frames`.
    """

    sequence: int
    effect_frame: int
    slot: int
    loop_length: int
    anchor_frame: int
    gain: float
    fade_frames: int = FADE_FRAMES
    position: float = 0.0
    rate: float = 1.0


NOTHING = Publication(sequence=-1, effect_frame=0, slot=SILENCE, loop_length=1, anchor_frame=0, gain=0.0)


class Player:
    """Plays publications from a store of rings (slots, capacity), float32.

    `late` counts publications that came after their frame had been rendered; they sound from the next tick that is free.
    `released_sequence`: rings of publications before this sequence number are no longer read and may be overwritten.
    """

    def __init__(self, rings: NDArray[np.float32]) -> None:
        self._rings = rings
        self._pending: deque[Publication] = deque()
        self._current = NOTHING
        self._previous = NOTHING
        self._switch_frame = 0
        self.late = 0

    def publish(self, publication: Publication) -> None:
        """Queue a publication; effect frames must not decrease."""
        self._pending.append(publication)

    @property
    def released_sequence(self) -> int:
        return self._previous.sequence

    def render(self, out: NDArray[np.float32], frame: int) -> None:
        """Write the samples of frames frame .. frame + len(out) - 1 into `out` (n,). Frames must be asked for in order."""
        if self._previous is self._current and not self._pending:
            self._read(out, self._current, frame)
            return
        done = 0
        while done < len(out):
            start = frame + done
            self._take_over(start)
            end = frame + len(out)
            if self._pending:
                end = min(end, self._effect_of(self._pending[0], start))
            fade_end = self._switch_frame + self._current.fade_frames
            if start < fade_end:
                end = min(end, fade_end)
                self._cross_fade(out[done : end - frame], start)
            else:
                self._previous = self._current
                self._read(out[done : end - frame], self._current, start)
            done = end - frame

    def _effect_of(self, publication: Publication, now: int) -> int:
        """The frame at which a publication takes over: its own, or for a late one the next tick after a running fade."""
        if publication.effect_frame >= now:
            return publication.effect_frame
        if self._switch_frame == now:
            # Whatever else is late joins the change that begins here.
            return now
        free = max(now, self._switch_frame + self._current.fade_frames)
        return -(-free // TICK_FRAMES) * TICK_FRAMES

    def _take_over(self, now: int) -> None:
        while self._pending and self._effect_of(self._pending[0], now) == now:
            publication = self._pending.popleft()
            if publication.effect_frame < now:
                self.late += 1
            if self._switch_frame < now or self._current is NOTHING:
                self._previous = self._current
            # Otherwise two publications start on one frame: the fade runs from what sounded before both.
            self._current = publication
            self._switch_frame = now

    def _cross_fade(self, out: NDArray[np.float32], start: int) -> None:
        fade = self._current.fade_frames
        weight = (np.arange(start - self._switch_frame, start - self._switch_frame + len(out)) + np.float32(0.5)).astype(
            np.float32
        )
        weight /= np.float32(fade)
        old = np.empty_like(out)
        self._read(old, self._previous, start)
        self._read(out, self._current, start)
        out *= weight
        old *= np.float32(1.0) - weight
        out += old

    def _read(self, out: NDArray[np.float32], publication: Publication, start: int) -> None:
        if publication.slot == SILENCE:
            out[:] = 0.0
            return
        ring = self._rings[publication.slot]
        gain = np.float32(publication.gain)
        if publication.rate != 1.0 or not publication.position.is_integer():
            # From the absolute frame each time, never added up: nothing drifts, and blocks of any size read the same places.
            frames = np.arange(start - publication.anchor_frame, start - publication.anchor_frame + len(out), dtype=np.float64)
            positions = publication.position + frames * publication.rate
            np.multiply(read_at_rate(ring[: publication.loop_length], positions), gain, out=out)
            return
        position = (start - publication.anchor_frame + int(publication.position)) % publication.loop_length
        done = 0
        while done < len(out):
            count = min(len(out) - done, publication.loop_length - position)
            np.multiply(ring[position : position + count], gain, out=out[done : done + count])
            done += count
            position = 0
