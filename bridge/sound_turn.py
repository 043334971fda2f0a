"""Whose turn it is to draw the sound: one output's at a time, and the beat stays where it is when another one follows."""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray

from bridge.frame_line import Requests
from bridge.renderer import Renderer
from bridge.sound_output import Output, PacedOutput

FloatArray = NDArray[np.float32]

WARM_UP_SECONDS = 0.2
"""A device that was found again asks so long in vain, until its pace is known: its first requests only fill its buffer."""


class Turn:
    """What one output draws from: the renderer's sound while it is that output's turn, silence before and after.

    `calls` counts its requests, `requests` knows their pace.
    """

    def __init__(self, turns: Turns) -> None:
        self.calls = 0
        self.requests = Requests()
        self._turns = turns
        self._first_call = 0.0
        self._in_vain = 0

    @property
    def frame(self) -> int:
        """The next frame to be rendered."""
        return self._turns.renderer.frame

    def render(self, frames: int) -> FloatArray:
        """The next samples (frames,)."""
        return self._turns.draw(self, frames)

    def gap(self) -> None:
        """Count a gap, unless nobody hears it."""
        if self._turns.playing is self:
            self._turns.renderer.gap()

    def failed(self, error: Exception) -> None:
        """Count an exception."""
        self._turns.renderer.failed(error)

    def warm(self, frames: int, now: float) -> bool:
        """Note a request in vain; whether the pace of all of them is known."""
        if self._in_vain == 0:
            self._first_call = now
        self.requests.note(self._in_vain, now)
        self._in_vain += frames
        return now - self._first_call >= WARM_UP_SECONDS


class Turns:
    """Hands the sound of a renderer to one turn after the other, in whatever threads they draw."""

    def __init__(self, renderer: Renderer) -> None:
        self.renderer = renderer
        self.playing: Turn | None = None
        # Held for a block at a time, and asked for by two only where one output follows another.
        self._lock = threading.Lock()
        self._waiting: Turn | None = None
        self._stand_in: PacedOutput | None = None
        self._latency_seconds = 0.0
        self._block_frames = 0.0
        self._silent_frames = 0

    def take(self, turn: Turn) -> None:
        """It is this turn from now on, and no other one waits."""
        with self._lock:
            self.playing, self._waiting = turn, None
            self._silent_frames = 0

    def wait_for(self, turn: Turn, output: Output, stand_in: PacedOutput) -> None:
        """Let an output's turn follow the stand-in as soon as it is warm.

        It begins within one of its own requests, with the frame that is then due by the stand-in's line; where a frame is longer
        under way to the ear than it was on the device before, it begins so much further on.
        """
        with self._lock:
            self._waiting, self._stand_in = turn, stand_in
            self._latency_seconds, self._block_frames = output.latency_seconds, output.block_frames

    def withdraw(self, turn: Turn) -> bool:
        """Let a turn wait no longer; False when it had followed before."""
        with self._lock:
            waited = self._waiting is turn
            self._waiting = None
        return waited

    def draw(self, turn: Turn, frames: int) -> FloatArray:
        """The next samples (frames,) for a turn."""
        now = time.perf_counter()
        with self._lock:
            turn.calls += 1
            if turn is self._waiting and turn.warm(frames, now):
                self._follow(turn)
            if turn is not self.playing:
                return np.zeros(frames, dtype=np.float32)
            turn.requests.note(self.renderer.frame - self._silent_frames, now)
            silent = min(self._silent_frames, frames)
            self._silent_frames -= silent
            samples = self.renderer.render(frames - silent)
            return np.concatenate([np.zeros(silent, dtype=np.float32), samples]) if silent else samples

    def _follow(self, turn: Turn) -> None:
        assert self._stand_in is not None and turn.requests.line is not None
        later = self._latency_seconds - self.renderer.latency_seconds
        due = self._stand_in.line.frame_at(turn.requests.line.seconds + later)
        missing = round(due) - self.renderer.frame
        self.playing, self._waiting = turn, None
        turn.requests = Requests()
        # The counter never goes back: what has been rendered further than it is due waits for its time.
        self._silent_frames = max(0, -missing)
        self.renderer.heard_through(self._latency_seconds, self._block_frames)
        if missing > 0:
            self.renderer.render(missing)
        self.renderer.fade_in()
