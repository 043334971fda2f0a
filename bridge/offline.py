"""Renders a take without a clock: the same engine and player as on stage, driven by a for loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bridge.control import Control, ControlChange
from bridge.engine import Engine, ExportRequest, Schedule
from bridge.mel_spectrogram import FloatArray
from bridge.model import Model
from bridge.player import TICK_FRAMES, Player
from bridge.ring_store import RingStore

RING_SLOTS = 8
"""Rows of the ring store: enough for everything that can be under way between a publication and its sound."""

SLOWEST_TEMPO = 60.0
"""Beats a minute; sets the memory of a row."""

BEATS_PER_BAR = 4


class BarCounter:
    """Beats since frame 0 through changes of tempo, exact to the sample while the tempo stands."""

    def __init__(self, beats: int, loop_length: int) -> None:
        self._beats = beats
        self._segment = (0, 0.0, loop_length)

    def follow(self, frame: int, loop_length: int) -> None:
        """Note that from a frame on a loop has another length."""
        if loop_length != self._segment[2]:
            self._segment = (frame, self.beats_at(frame), loop_length)

    def beats_at(self, frame: int) -> float:
        start, beats, loop_length = self._segment
        return beats + (frame - start) * self._beats / loop_length

    def frame_of(self, beats: float) -> int:
        start, before, loop_length = self._segment
        return start + round((beats - before) * loop_length / self._beats)


def render_take(
    model: Model,
    changes: Sequence[ControlChange],
    beats_per_minute: float,
    bars: int | None = None,
    slots: dict[int, FloatArray] | None = None,
    export: Callable[[ExportRequest], None] | None = None,
    report: Callable[[str], None] | None = None,
) -> Iterator[FloatArray]:
    """The player's output, in blocks of any size, float32 at `ENGINE_SAMPLE_RATE`.

    `changes` in order of frames; those of frame 0 are the state at the start. Without `bars` the end is the bar line after the last
    change, two bars at the least. `export` gets what the take wants as files, `report` one sentence for each control that could not
    be obeyed.
    """
    spec = model.metadata.spec
    rings = np.zeros((RING_SLOTS, spec.loop_length(SLOWEST_TEMPO)), dtype=np.float32)
    player = Player(rings)
    schedule, controls = split_schedule(changes)
    engine = Engine(model, RingStore(rings, lambda: player.released_sequence), beats_per_minute, schedule)
    for number, latent in (slots or {}).items():
        engine.space.put_slot(number, latent)
    player.publish(engine.start(controls.pop(0, [])))
    counter = BarCounter(spec.beats, engine.ring.grid.loop_length)
    last = max(controls, default=0) * TICK_FRAMES
    tick = 0
    while True:
        tick += 1
        frame = (tick - 1) * TICK_FRAMES
        counter.follow(frame, engine.ring.grid.loop_length)
        if bars is not None:
            end = counter.frame_of(bars * BEATS_PER_BAR)
        else:
            end = counter.frame_of(max(2, -(-counter.beats_at(last) // BEATS_PER_BAR)) * BEATS_PER_BAR)
        block = np.empty(min(TICK_FRAMES, end - frame), dtype=np.float32)
        player.render(block, frame)
        yield block
        if frame + len(block) >= end:
            return
        publication = engine.tick(tick, controls.pop(tick, ()))
        if publication is not None:
            player.publish(publication)
        for sentence in engine.errors:
            if report is not None:
                report(sentence)
        engine.errors.clear()
        for request in engine.exports:
            if export is not None:
                export(request)
        engine.exports.clear()


def split_schedule(changes: Sequence[ControlChange]) -> tuple[Schedule, dict[int, list[Control]]]:
    """The schedule that a recording names (else the default), and the other controls by the tick that applies them."""
    schedule = Schedule()
    controls: dict[int, list[Control]] = {}
    for change in changes:
        if change.control.name == "schedule":
            schedule = Schedule(*(int(value) for value in change.control.values))
        else:
            controls.setdefault(-(-change.frame // TICK_FRAMES), []).append(change.control)
    return schedule, controls
