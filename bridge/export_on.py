"""Exports that nobody has to ask for: when the hand has come to rest, or on every bar line.

They become ordinary export controls before the engine sees them, so a take contains them, and its offline render makes the same
files. A break has changed when its latent is another one than that of the last export, whoever moved it, or than that of the
start; a tempo that moves changes no break. A hand rests when nothing that it sends changes the break for a bar; a controller that
says the same value again and again rests, and so does a hand while the break drifts by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from bridge.control import Control
from bridge.engine import Engine
from bridge.mel_spectrogram import BEATS_PER_BAR, FloatArray
from bridge.performer import BREAK_CONTROLS
from bridge.player import TICK_FRAMES

MOVING_CONTROLS = BREAK_CONTROLS | {"axis"}
"""What can move the latent."""

Moment = Literal["settle", "bar"]


class ExportOn:
    """Decides, tick by tick, whether the break is to be exported: `controls` before the engine runs a tick, `follow` after it."""

    def __init__(self, moment: Moment, engine: Engine) -> None:
        self._moment = moment
        self._engine = engine
        self._exported = engine.space.latent()
        """Of the last export, or of the start."""
        self._before: FloatArray | None = None
        """The latent before a tick in which a hand may move it."""
        self._moved_tick: int | None = None
        """When a hand last moved the break; None when it has rested for a bar since."""
        self._bar: int | None = None

    def controls(self, tick: int, hand: Sequence[Control]) -> list[Control]:
        """What is to be done before the other controls of a tick; `hand` are those of them that did not come by themselves."""
        latent = self._engine.space.latent
        wanted = self._has_settled(tick) if self._moment == "settle" else self._begins_bar(tick)
        self._before = latent() if any(control.name in MOVING_CONTROLS for control in hand) else None
        if not wanted or np.array_equal(current := latent(), self._exported):
            return []
        self._exported = current
        return [Control("export", (), ("",))]

    def follow(self, tick: int) -> None:
        """Note what a tick has exported and moved."""
        if self._engine.exports:
            self._exported = self._engine.exports[-1].latent
        if self._before is not None and not np.array_equal(self._engine.space.latent(), self._before):
            self._moved_tick = tick

    def _has_settled(self, tick: int) -> bool:
        bar_frames = BEATS_PER_BAR * self._engine.transport.frames_per_beat
        if self._moved_tick is None or (tick - self._moved_tick) * TICK_FRAMES < bar_frames:
            return False
        self._moved_tick = None
        return True

    def _begins_bar(self, tick: int) -> bool:
        """Whether this is the first tick of a bar that is heard."""
        transport = self._engine.transport
        before, self._bar = self._bar, math.floor(transport.beat_at(tick * TICK_FRAMES) / BEATS_PER_BAR)
        return transport.sounding and before is not None and self._bar != before
