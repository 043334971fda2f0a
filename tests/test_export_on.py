"""Exports by themselves: when the hand has come to rest, or on bar lines; always as controls, and only of what has changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bridge.control import Control, ControlChange
from bridge.engine import Engine, ExportRequest
from bridge.export_on import ExportOn, Moment
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE
from bridge.model import Model
from bridge.offline import render_take
from bridge.performer import Performer
from bridge.player import TICK_FRAMES
from bridge.ring_store import RING_SLOTS, SLOWEST_TEMPO, RingStore

BAR_TICKS = 60 / 240 * 4 * ENGINE_SAMPLE_RATE / TICK_FRAMES
"""At 240 beats a minute, 172 and a bit."""


class Unpainted(Engine):
    """An engine that leaves the painting."""

    def _paint(self, number: int, effect: int) -> None:
        pass


class Evening:
    """What `bridge.performance` does at every tick, without sound or painting: the hand's controls, the player's, the engine."""

    def __init__(self, model: Model, moment: Moment, drift: bool = False) -> None:
        rings = np.zeros((RING_SLOTS, model.metadata.spec.loop_length(SLOWEST_TEMPO)), dtype=np.float32)
        self.engine = Unpainted(model, RingStore(rings, lambda: -1), 240.0)
        self.engine.start()
        self.export_on = ExportOn(moment, self.engine)
        self.performer = Performer(self.engine.space.slot(1), seed=1) if drift else None
        self.changes = [ControlChange(0, control) for control in self.engine.state()]
        self.exports: list[tuple[float, ExportRequest]] = []
        self.tick = 0

    def play(self, bars: float, *hand: Control) -> None:
        """Send controls now, and let so many bars pass."""
        waiting = list(hand)
        for _ in range(round(bars * BAR_TICKS)):
            self.tick += 1
            controls, waiting = waiting, []
            hand_controls = controls.copy()
            if self.performer is not None:
                controls += self.performer.controls(self.engine.transport.beat_at(self.tick * TICK_FRAMES))
            controls = self.export_on.controls(self.tick, hand_controls) + controls
            self.changes += [ControlChange(self.tick * TICK_FRAMES, control) for control in controls]
            self.engine.tick(self.tick, controls)
            self.export_on.follow(self.tick)
            self.exports += [(self.tick / BAR_TICKS, request) for request in self.engine.exports]
            self.engine.exports.clear()

    @property
    def bars(self) -> list[float]:
        """When something was exported, in bars since the start."""
        return [pytest.approx(bar, abs=0.02) for bar, _ in self.exports]


def axis(position: float) -> Control:
    return Control("axis", (1,), (position,))


def test_a_hand_that_has_rested_for_a_bar_has_settled(tiny_model: Model) -> None:
    evening = Evening(tiny_model, "settle")
    evening.play(2.0)
    assert evening.exports == [], "nothing has moved"
    for position in (0.6, 0.7, 0.8):
        evening.play(0.5, axis(position))
    evening.play(4.0)
    # The last turn was at bar 3; one export, a bar later, of what it came to.
    assert evening.bars == [4.0]
    assert evening.exports[0][1].axes[0] == 0.8 and evening.exports[0][1].name == ""
    assert np.array_equal(evening.exports[0][1].latent, evening.engine.space.latent())


def test_what_moves_nothing_neither_settles_nor_keeps_from_settling(tiny_model: Model) -> None:
    evening = Evening(tiny_model, "settle")
    evening.play(0.25, axis(0.9))
    # A controller that repeats itself, the volume, the tempo, a morph's end: none of them is another break.
    for control in (axis(0.9), Control("gain", (), (0.5,)), axis(0.9), Control("morph_b", (), (1,))):
        evening.play(0.25, control)
    assert evening.bars == [1.0]
    evening.play(3.0, Control("tempo", (), (240.0,)), axis(0.9))
    assert len(evening.exports) == 1


def test_what_has_come_back_to_the_last_export_is_not_exported_again(tiny_model: Model) -> None:
    evening = Evening(tiny_model, "settle")
    evening.play(0.5, axis(0.9))
    evening.play(2.0, axis(0.5))
    assert evening.exports == []
    evening.play(0.5, axis(0.7))
    evening.play(0.1, Control("export", (), ("mine",)))
    evening.play(2.0)
    assert [request.name for _, request in evening.exports] == ["mine"], "the hand has exported it itself"


def test_a_break_that_drifts_is_left_alone_until_a_hand_has_moved_it(tiny_model: Model) -> None:
    evening = Evening(tiny_model, "settle", drift=True)
    evening.play(10.0)
    assert evening.exports == []
    evening.play(8.0, axis(0.9))
    # It drifts on meanwhile, and that does not keep the hand from resting.
    assert evening.bars == [11.0]


def test_on_every_bar_line_what_has_changed_is_exported(tiny_model: Model) -> None:
    evening = Evening(tiny_model, "bar")
    evening.play(2.5)
    assert evening.exports == []
    evening.play(0.1, axis(0.9))
    evening.play(0.1, axis(0.8))
    evening.play(3.4, Control("gain", (), (0.5,)))
    evening.play(1.4, Control("random", (), (7,)))
    assert evening.bars == [3.0, 7.0]
    assert [request.axes[0] for _, request in evening.exports] == [0.8, 0.5]
    # Silence has no bar lines.
    evening.play(3.0, Control("stop"), axis(0.1))
    assert len(evening.exports) == 2


def test_on_bar_lines_what_drifts_is_exported_too(tiny_model: Model) -> None:
    evening = Evening(tiny_model, "bar", drift=True)
    evening.play(17.0)
    # Phrases of four bars from the second on: there and back again, each told on the next bar line.
    assert [7.0, 9.0, 11.0, 13.0, 15.0, 17.0][: len(evening.exports)] == evening.bars and len(evening.exports) >= 5


@pytest.mark.parametrize("moment", ["settle", "bar"])
def test_the_take_holds_them_and_renders_to_the_same(moment: Any, tiny_model: Model) -> None:
    evening = Evening(tiny_model, moment)
    evening.play(1.3, axis(0.9))
    evening.play(1.4, Control("slot_recall", (), (1,)), axis(0.2))
    assert len(evening.exports) == 2
    wanted: list[ExportRequest] = []
    for _ in render_take(tiny_model, evening.changes, 240.0, bars=3, export=wanted.append):
        pass
    assert [(request.beats_per_minute, request.axes) for request in wanted] == [
        (request.beats_per_minute, request.axes) for _, request in evening.exports
    ]
    for offline, (_, live) in zip(wanted, evening.exports, strict=True):
        assert np.array_equal(offline.latent, live.latent)
