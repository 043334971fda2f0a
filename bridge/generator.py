"""Paints the ring of step tiles: from a latent to the samples of a loop, one step at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.griffin_lim import HURRIED_ITERATIONS, REPAINT_ITERATIONS, LoopGrid, paint_ring, repaint, repaint_ring
from bridge.low_band import LOOK_BACK_STEPS
from bridge.mel_inversion import linear_magnitude
from bridge.mel_spectrogram import FloatArray, stretch_columns
from bridge.model import Model

DECODED_AT_ONCE = 4
"""Steps decoded at once while a ring is repainted: they share the neighbours that each of them needs."""


class Ring:
    """One loop at one tempo: its samples, the picture they were painted from, and which steps are out of date.

    `samples` (loop_length,) float32 is what sounds. A step is `dirty` when the latent has changed within the decoder's reach.
    """

    def __init__(self, model: Model, latent: FloatArray, beats_per_minute: float) -> None:
        self._model = model
        self._spec = model.metadata.spec
        self.grid = LoopGrid.at_tempo(self._spec, beats_per_minute, len(latent))
        self.samples = np.zeros(self.grid.loop_length, dtype=np.float32)
        self._latent = latent
        self._image = np.zeros((self._spec.n_mels, len(latent) * self._spec.frames_per_step), dtype=np.float32)
        self._magnitude = np.zeros((self.grid.n_frames, self._spec.n_bins), dtype=np.float32)
        self._undecoded = np.ones(len(latent), dtype=bool)
        self._stale = np.ones(len(latent), dtype=bool)
        self.dirty: NDArray[np.bool_] = np.ones(len(latent), dtype=bool)
        self._just_moved = False

    @property
    def latent(self) -> FloatArray:
        """What is aimed at: (steps, latent_dimensions)."""
        return self._latent

    @property
    def steps(self) -> int:
        return len(self._latent)

    @property
    def beats_per_minute(self) -> float:
        """The tempo whose loop is exactly this ring's number of samples."""
        beats = self.steps / self._spec.steps_per_beat
        return beats * 60.0 * self._spec.loop_length(60.0, 1) / self.grid.loop_length

    def step_start(self, step: int) -> int:
        """First sample of a step (from 0)."""
        return int(self.grid.centres[step * (self.grid.n_frames // self.steps)])

    def step_at(self, position: int) -> int:
        """The step (from 0) that sounds at a sample of the loop."""
        # The last step whose rounded start is not behind the position.
        return -(-(2 * position + 1) * self.steps // (2 * self.grid.loop_length)) - 1

    def column_at(self, position: int) -> FloatArray:
        """The picture's column that sounds at a sample of the loop: (n_mels,) in 0..1, the lowest frequency first."""
        return self._image[:, position * self._image.shape[1] // self.grid.loop_length]

    def copy(self) -> Ring:
        """A ring of the same sound that can be painted on its own."""
        twin = Ring(self._model, self._latent, self.beats_per_minute)
        twin.grid = self.grid
        twin.samples = self.samples.copy()
        twin._image = self._image.copy()
        twin._magnitude = self._magnitude.copy()
        twin._undecoded = self._undecoded.copy()
        twin._stale = self._stale.copy()
        twin.dirty = self.dirty.copy()
        return twin

    def move_to(self, latent: FloatArray) -> None:
        """Aim at another latent (steps, latent_dimensions): marks what has to be painted anew, paints nothing."""
        changed = np.any(latent != self._latent, axis=1)
        if not changed.any():
            return
        reach = self._model.metadata.reach
        seen = np.zeros_like(changed)
        for shift in range(-reach, reach + 1):
            seen |= np.roll(changed, shift)
        self._undecoded |= seen
        # The frames of a step are stretched from its own columns and those of the steps on either side; but where only those have
        # changed, what moves is too little to be painted for its own sake.
        self._stale |= seen | np.roll(seen, -1) | np.roll(seen, 1)
        self.dirty |= seen
        self._latent = latent
        self._just_moved = True

    def spoil(self, step: int) -> None:
        """Mark a step (from 0) as out of date, so that it is decoded and painted again."""
        self._undecoded[step] = self._stale[step] = self.dirty[step] = True

    def paint_all(self) -> None:
        """Paint every step from cold, as an export does."""
        self._refresh_all()
        self.samples = paint_ring(self._magnitude, self.grid)

    def repaint_all(self) -> None:
        """Paint every step into the sound that is there, from its phases."""
        self._refresh_all()
        self.samples = repaint_ring(self.samples, self._magnitude, self.grid)

    def _refresh_all(self) -> None:
        self._image = self._model.decode_ring(self._latent)
        self._magnitude = linear_magnitude(self._stretched(self._image, self.grid.n_frames), self._spec)
        self._undecoded[:] = self._stale[:] = self.dirty[:] = False

    def paint_step(self, step: int) -> bool:
        """Paint one step (from 0) into the sound that is there; False where its picture is not ready and was only worked on.

        No call takes much longer than another, so that a hand that turns is never waited for. Right after a move a step is
        painted at once, from its own new columns; it stays dirty until those around it are new too.
        """
        hurried, self._just_moved = self._just_moved, False
        # The steps before it decide the phase of its low band: a kick that rings on must not depend on where the hand began.
        first = step if hurried else step - LOOK_BACK_STEPS
        read = np.arange(first - 1, step + 2)
        if hurried:
            self._decode(step, 1)
        elif self._undecoded[read % self.steps].any():
            missing = read[self._undecoded[read % self.steps]][0] + np.arange(DECODED_AT_ONCE)
            needed = missing[self._undecoded[missing % self.steps]]
            self._decode(int(needed[0]), int(needed[-1] - needed[0]) + 1)
            return False
        self._refresh(first, step)
        frames_per_step = self.grid.frames_per_step
        start, new = repaint(
            self.samples,
            self._magnitude,
            self.grid,
            step * frames_per_step,
            frames_per_step,
            HURRIED_ITERATIONS if hurried else REPAINT_ITERATIONS,
        )
        if not np.isfinite(new).all():
            raise FloatingPointError(f"step {step + 1} came out as something that is no sound")
        self.samples[np.arange(start, start + len(new)) % self.grid.loop_length] = new
        around = np.arange(step - LOOK_BACK_STEPS - 1, step + 2) % self.steps
        self.dirty[step] = self._undecoded[around].any()
        return True

    def _refresh(self, first: int, last: int) -> None:
        """Bring the magnitudes of steps up to date with the picture. Steps count from 0 and may be negative: they go round."""
        steps, columns, frames = self.steps, self._spec.frames_per_step, self.grid.frames_per_step
        stale = np.arange(first, last + 1)
        stale = stale[self._stale[stale % steps]]
        if not len(stale):
            return
        first, count = int(stale[0]), last + 1 - int(stale[0])
        # A step's frames are stretched from its own columns and those of the steps on either side.
        around = np.arange((first - 1) * columns, (last + 2) * columns) % self._image.shape[1]
        stretched = self._stretched(self._image[:, around], (count + 2) * frames)[:, frames : (count + 1) * frames]
        rows = np.arange(first * frames, (first + count) * frames) % self.grid.n_frames
        self._magnitude[rows] = linear_magnitude(stretched, self._spec)
        for step in range(first, last + 1):
            self._stale[step % steps] = self._undecoded[np.arange(step - 1, step + 2) % steps].any()

    def _stretched(self, image: FloatArray, n_frames: int) -> FloatArray:
        return stretch_columns(image, n_frames, self._spec.half_window_columns)

    def _decode(self, first: int, count: int) -> None:
        reach = self._model.metadata.reach
        ring = np.arange(first - reach, first + count + reach) % self.steps
        image = self._model.decode(self._latent[ring][np.newaxis])[0]
        wanted = np.arange(first, first + count) % self.steps
        self._image.reshape(-1, self.steps, self._spec.frames_per_step)[:, wanted] = image.reshape(len(image), count, -1)
        self._undecoded[wanted] = False
