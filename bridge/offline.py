"""Renders a take without a clock: the same engine and player as on stage, driven by a for loop."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bridge.break_render import requested_break
from bridge.control import Control, ControlChange
from bridge.control_map import ControlMap
from bridge.current_values import FollowedValues
from bridge.engine import Engine, ExportRequest
from bridge.latent_space import LatentSpace
from bridge.limiter import Limiter
from bridge.map_places import played_map
from bridge.mel_spectrogram import BEATS_PER_BAR, FloatArray
from bridge.model import Model
from bridge.parameters import DEFAULT_BEATS_PER_MINUTE, layout_of
from bridge.player import TICK_FRAMES, Player
from bridge.ring_store import RING_SLOTS, SLOWEST_TEMPO, RingStore
from bridge.slot_file import load_slots
from bridge.take import read_midi, read_take
from bridge.watch_folder import WatchFolder
from bridge.wav_file import WavWriter
from bridge.whole_file import replacing

MIDI_SUFFIXES = (".mid", ".midi")


class BarCounter:
    """Beats since frame 0 through changes of tempo, exact to the sample while the tempo stands."""

    def __init__(self, frames_per_beat: float) -> None:
        self._segment = (0, 0.0, frames_per_beat)

    def follow(self, frame: int, frames_per_beat: float) -> None:
        """Note that from a frame on a beat has another length."""
        if frames_per_beat != self._segment[2]:
            self._segment = (frame, self.beats_at(frame), frames_per_beat)

    def beats_at(self, frame: int) -> float:
        start, beats, frames_per_beat = self._segment
        return beats + (frame - start) / frames_per_beat

    def frame_of(self, beats: float) -> int:
        start, before, frames_per_beat = self._segment
        return start + round((beats - before) * frames_per_beat)


def render_take(
    model: Model,
    changes: Sequence[ControlChange],
    beats_per_minute: float,
    bars: int | None = None,
    slots: dict[int, FloatArray] | None = None,
    export: Callable[[ExportRequest], None] | None = None,
    complain: Callable[[str], None] | None = None,
) -> Iterator[FloatArray]:
    """The player's output, in blocks of any size, float32 at `ENGINE_SAMPLE_RATE`.

    `changes` in order of frames; those of frame 0 are the state at the start. Without `bars` the end is the bar line after the
    last change, two bars at the least. `export` gets what the take wants as files, `complain` one sentence for each control that
    could not be obeyed.
    """
    spec = model.metadata.spec
    rings = np.zeros((RING_SLOTS, spec.loop_length(SLOWEST_TEMPO)), dtype=np.float32)
    player = Player(rings)
    controls = by_tick(changes)
    engine = Engine(model, RingStore(rings, lambda: player.released_sequence), beats_per_minute)
    for number, latent in (slots or {}).items():
        engine.space.put_slot(number, latent)
    player.publish(engine.start(controls.pop(0, [])))
    counter = BarCounter(engine.transport.frames_per_beat)
    last = max(controls, default=0) * TICK_FRAMES
    tick = 0
    while True:
        tick += 1
        frame = (tick - 1) * TICK_FRAMES
        counter.follow(frame, engine.transport.frames_per_beat)
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
            if complain is not None:
                complain(sentence)
        engine.errors.clear()
        for request in engine.exports:
            if export is not None:
                export(request)
        engine.exports.clear()


def by_tick(changes: Sequence[ControlChange]) -> dict[int, list[Control]]:
    """Controls by the tick that applies them; tick 0 is the state at the start."""
    controls: dict[int, list[Control]] = {}
    for change in changes:
        control = change.control
        if control.name == "random" and not control.values:
            # A draw without a seed is a surprise on stage, but a take has to sound the same every time.
            control = Control("random", (), (change.frame,))
        controls.setdefault(-(-change.frame // TICK_FRAMES), []).append(control)
    return controls


def run(arguments: argparse.Namespace) -> int:
    """`vamen render` of a take or a MIDI file: returns the exit status. Raises VamenError for what can be mended."""
    model = Model.load(arguments.model, provider=arguments.provider)
    layout = layout_of(model.metadata)
    if arguments.take.suffix.lower() in MIDI_SUFFIXES:
        changes = _read_midi(arguments, model)
    else:
        changes = read_take(arguments.take, layout)
    folder = WatchFolder(arguments.watch_folder) if arguments.watch_folder else None

    def export(request: ExportRequest) -> None:
        if folder is None:
            report("The take asks for an export, but there is no watch folder; give --watch-folder DIR.")
        else:
            print(requested_break(model, request).written_to(folder))

    blocks = render_take(
        model,
        changes,
        DEFAULT_BEATS_PER_MINUTE if arguments.bpm is None else arguments.bpm,
        arguments.bars,
        load_slots(arguments.slot, model),
        export,
        report,
    )
    limiter = Limiter()
    with replacing(arguments.out) as temporary, WavWriter(temporary, skip_frames=limiter.latency_frames) as writer:
        for block in blocks:
            writer.write(limiter.process(block))
        writer.write(limiter.process(np.zeros(limiter.latency_frames, dtype=np.float32)))
    return 0


def _read_midi(arguments: argparse.Namespace, model: Model) -> list[ControlChange]:
    """A MIDI file through the control map, which is told where the engine will be by then."""
    layout = layout_of(model.metadata)
    space = LatentSpace(model.metadata)
    for number, latent in load_slots(arguments.slot, model).items():
        space.put_slot(number, latent)
    values = FollowedValues(layout, space, DEFAULT_BEATS_PER_MINUTE if arguments.bpm is None else arguments.bpm)
    control_map = ControlMap.load(played_map(arguments.map), layout, values)
    if control_map.asks_where_parameters_are:
        return read_midi(arguments.take, control_map, values.follow)
    return read_midi(arguments.take, control_map)


def report(sentence: str) -> None:
    """Say what could not be obeyed; the render goes on, as the instrument would on stage."""
    print(f"vamen: {sentence}", file=sys.stderr)
