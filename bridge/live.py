"""`vamen play`: the instrument on stage. Wires network, MIDI, engine, files and the sound's process together.

One loop, in the main thread, follows the sound's frame counter and runs the engine once a tick. Everything else leaves
controls in the mailbox (OSC, MIDI) or takes work off it (exports).
"""

from __future__ import annotations

import argparse
import logging
import math
import queue
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from bridge.break_render import BEATS_PER_BAR, export_break
from bridge.control import Control, ControlChange, Mailbox
from bridge.control_map import ControlMap
from bridge.engine import Engine, ExportRequest, Schedule
from bridge.errors import VamenError
from bridge.generator import Ring
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE
from bridge.model import Model
from bridge.osc import OscFeedback, OscServer
from bridge.parameters import DECIMALS, ControlLayout, layout_of
from bridge.performer import Performer
from bridge.player import TICK_FRAMES
from bridge.ring_store import RING_SLOTS, SLOWEST_TEMPO, RingStore
from bridge.slot_file import load_slots
from bridge.sound_process import SoundProcess
from bridge.take import TakeWriter
from bridge.watch_folder import WatchFolder

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.001
"""How often the sound's frame counter is looked at; a tick is 5.8 ms."""

MOST_TICKS_BEHIND = 16
"""A main process that was held up for longer leaves out the ticks it missed: what they would paint is late anyway."""

REHEARSALS = 6
"""Steps painted before the start, to learn how long one takes on this machine; the first only warms it up."""

HEADROOM = 1.5
"""A step is given this many times what it took in rehearsal."""

LONGEST_STEP_TICKS = 16


@dataclass(slots=True)
class Report:
    """Figures of a performance, printed at its end."""

    slowest_step_seconds: float = 0.0
    slowest_repaint_frames: int = 0
    generator_failures: int = 0
    exports: int = 0


class Reporter:
    """Says what went wrong: to the subscribers every time, to the terminal the first time."""

    def __init__(self, feedback: OscFeedback) -> None:
        self.feedback = feedback
        self._told: set[str] = set()

    def tell(self, sentence: str) -> None:
        """Pass a sentence on; any thread may."""
        if sentence not in self._told:
            self._told.add(sentence)
            logger.warning("%s", sentence)
        self.feedback.send("/vamen/error", sentence)


class Exporter:
    """Writes exports in a thread of its own, with a model of its own, so that a render does not hold the engine up."""

    def __init__(self, folder: WatchFolder | None, load_model: Callable[[], Model], reporter: Reporter) -> None:
        self._folder = folder
        self._load_model = load_model
        self._reporter = reporter
        self._requests: queue.SimpleQueue[ExportRequest | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="export")
        self.written: list[Path] = []

    def start(self) -> None:
        """Begin to take requests."""
        self._thread.start()

    def put(self, request: ExportRequest) -> None:
        """Have a break written; returns at once."""
        self._requests.put(request)

    def close(self) -> None:
        """Finish what was asked for, then end."""
        self._requests.put(None)
        self._thread.join()

    def _run(self) -> None:
        model: Model | None = None
        while (request := self._requests.get()) is not None:
            try:
                if self._folder is None:
                    raise VamenError("Nothing was exported, because there is no watch folder; start with --watch-folder DIR.")
                model = model or self._load_model()
                path = export_break(self._folder, model, request.latent, request.beats_per_minute, name=request.name)
            except VamenError as error:
                self._reporter.tell(str(error))
            except Exception as error:
                logger.exception("an export failed")
                self._reporter.tell(f"An export failed inside VAmEn ({error}); the log says where.")
            else:
                self.written.append(path)
                self._reporter.feedback.send("/vamen/exported", str(path))


class Performance:
    """One evening: from the first loop to the last tick."""

    def __init__(
        self,
        engine: Engine,
        sound: SoundProcess,
        mailbox: Mailbox,
        reporter: Reporter,
        exporter: Exporter,
        performer: Performer | None,
        take: TakeWriter | None,
    ) -> None:
        self.report = Report()
        self._engine = engine
        self._sound = sound
        self._mailbox = mailbox
        self._reporter = reporter
        self._feedback = reporter.feedback
        self._exporter = exporter
        self._performer = performer
        self._take = take
        self._step = -1
        self._moved_at: int | None = None
        self._repaints = 0
        self._failed = False
        self.tick = 0

    def begin(self) -> None:
        """Paint the first loop, write the take's head, and set the clock going."""
        engine = self._engine
        publication = engine.start()
        engine.schedule = Schedule(rehearse(engine.ring), engine.schedule.margin_ticks)
        self._record(0, engine.state())
        self._sound.publish(publication)

    def run(self, stop: threading.Event) -> None:
        """Follow the sound until told to stop."""
        while not stop.is_set():
            if not self._sound.alive:
                raise VamenError("The sound process has ended; start vamen again, and ask `vamen doctor` if it happens twice.")
            frame = self._sound.frame
            behind = frame // TICK_FRAMES - self.tick
            if behind <= 0:
                time.sleep(POLL_SECONDS)
                continue
            self.tick = frame // TICK_FRAMES if behind > MOST_TICKS_BEHIND else self.tick + 1
            self._run_tick(self.tick)
        # The end of a take is a stop: what follows it is silence, live as offline.
        self._record((self.tick + 1) * TICK_FRAMES, [Control("stop", (), ())])

    def _run_tick(self, tick: int) -> None:
        engine = self._engine
        controls = [self._settled(control) for control in self._mailbox.drain()]
        if self._performer is not None and engine.playing:
            for control in controls:
                self._performer.touched(control)
            controls += self._performer.controls(engine.beat_at(tick * TICK_FRAMES))
        self._record(tick * TICK_FRAMES, controls)
        painted, begun = engine.counters.painted_steps, time.perf_counter()
        try:
            publication = engine.tick(tick, controls)
        except Exception:
            self._recover()
            return
        if publication is not None:
            self._sound.publish(publication)
        if engine.counters.painted_steps > painted:
            self._note_step(tick, time.perf_counter() - begun)
        self._tell(tick, controls)

    def _settled(self, control: Control) -> Control:
        """A control with everything in it that a recording needs: a draw without a seed gets one."""
        if control.name == "random" and not control.values:
            return Control("random", (), (secrets.randbelow(2**31),))
        return control

    def _recover(self) -> None:
        """The generator has failed: the sound that is there plays on, and painting starts again from a clean ring."""
        self.report.generator_failures += 1
        if not self._failed:
            logger.exception("the generator failed and starts again; the sound goes on")
            self._reporter.tell("The generator failed and starts again; the sound goes on. The log says where.")
        self._failed = True
        self._engine.start_painting_again()

    def _note_step(self, tick: int, seconds: float) -> None:
        self.report.slowest_step_seconds = max(self.report.slowest_step_seconds, seconds)
        counters = self._engine.counters
        if self._moved_at is None:
            self._moved_at = tick
        if counters.repaints > self._repaints:
            self._repaints = counters.repaints
            frames = (tick - self._moved_at + self._engine.schedule.step_ticks) * TICK_FRAMES
            self.report.slowest_repaint_frames = max(self.report.slowest_repaint_frames, frames)
            self._moved_at = None
            self._feedback.send("/vamen/repaint", 1000.0 * frames / ENGINE_SAMPLE_RATE, 1000.0 * seconds)

    def _record(self, frame: int, controls: list[Control]) -> None:
        if self._take is None:
            return
        try:
            for control in controls:
                self._take.write(ControlChange(frame, control))
        except VamenError as error:
            self._take = None
            self._reporter.tell(f"The recording ends here: {error}")

    def _tell(self, tick: int, controls: list[Control]) -> None:
        """Keep the subscribers informed."""
        engine = self._engine
        for sentence in (*engine.errors, *self._sound.problems()):
            self._reporter.tell(sentence)
        engine.errors.clear()
        for request in engine.exports:
            self._exporter.put(request)
        engine.exports.clear()
        if not self._feedback.subscribers:
            return
        if controls:
            self._send_state()
        beat = engine.beat_at(tick * TICK_FRAMES)
        step = math.floor(beat * engine.model.metadata.spec.steps_per_beat)
        if step != self._step:
            self._step = step
            bar, beat_in_bar = divmod(math.floor(beat), BEATS_PER_BAR)
            self._feedback.send("/vamen/position", bar + 1, beat_in_bar + 1, step % engine.ring.steps + 1)

    def _send_state(self) -> None:
        engine, send = self._engine, self._feedback.send
        for axis, position in zip(engine.model.metadata.axes, engine.space.axes, strict=True):
            send(f"/vamen/state/axis/{axis.name}", position)
        send("/vamen/state/tempo", engine.beats_per_minute)
        send("/vamen/state/gain", engine.gain)
        send("/vamen/state/quantise", engine.quantise)
        send("/vamen/state/playing", int(engine.playing))


def rehearse(ring: Ring) -> int:
    """Ticks to give a step on this machine: paint a few on a copy of the ring, and look at the clock."""
    stage = ring.copy()
    seconds = []
    for step in range(REHEARSALS):
        stage.spoil(step)
        begun = time.perf_counter()
        stage.paint_step(step)
        seconds.append(time.perf_counter() - begun)
    ticks = math.ceil(max(seconds[1:]) * HEADROOM * ENGINE_SAMPLE_RATE / TICK_FRAMES)
    return min(max(ticks, Schedule().step_ticks), LONGEST_STEP_TICKS)


@contextmanager
def stopping_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set: handlers of our own, because a shell starts background jobs with SIGINT ignored."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(arguments: argparse.Namespace) -> int:
    """`vamen play`: returns the exit status. Raises VamenError for what can be mended before the start."""
    logging.basicConfig(format="vamen: %(message)s", level=logging.INFO)
    with stopping_signals() as stop, ExitStack() as stack:

        def load_model() -> Model:
            return Model.load(arguments.model, provider=arguments.provider)

        model = load_model()
        layout = layout_of(model.metadata)
        mailbox = Mailbox()
        folder = WatchFolder(arguments.watch_folder) if arguments.watch_folder else None
        server = stack.enter_context(OscServer(arguments.osc_host, arguments.osc_port, mailbox, layout))
        midi_name = _open_midi(stack, arguments, mailbox, layout)
        take = stack.enter_context(TakeWriter(arguments.record, layout)) if arguments.record else None
        sound = SoundProcess(
            capacity=model.metadata.spec.loop_length(SLOWEST_TEMPO),
            slots=RING_SLOTS,
            output=arguments.output,
            device=arguments.device,
            channels=arguments.channels,
            block_frames=arguments.blocksize,
            capture=arguments.capture,
        )
        stack.callback(sound.close)
        sound.start()
        # A block is rendered whole, so a publication must be there before the block that holds its frame.
        schedule = Schedule(margin_ticks=math.ceil(arguments.blocksize / TICK_FRAMES) + 1)
        engine = Engine(model, RingStore(sound.rings, lambda: sound.released_sequence), round(arguments.bpm, DECIMALS), schedule)
        for number, latent in load_slots(arguments.slot, model).items():
            engine.space.put_slot(number, latent)
        reporter = Reporter(server.feedback)
        exporter = Exporter(folder, load_model, reporter)
        exporter.start()
        stack.callback(exporter.close)
        performer = Performer(engine.space.slot(1), seed=secrets.randbelow(2**31)) if arguments.drift else None
        performance = Performance(engine, sound, mailbox, reporter, exporter, performer, take)
        performance.begin()
        _introduce(sound, server, folder, midi_name, model)
        performance.run(stop)
        exporter.close()
        sound.close()
        _conclude(performance, sound, server, exporter, model)
    return 0


def _open_midi(stack: ExitStack, arguments: argparse.Namespace, mailbox: Mailbox, layout: ControlLayout) -> str | None:
    control_map = ControlMap.load(arguments.map, layout)
    if arguments.midi_in is None:
        return None
    from bridge.midi import MidiInput

    midi = MidiInput(arguments.midi_in, control_map, mailbox)
    name = midi.start()
    stack.callback(midi.stop)
    return name


def _introduce(sound: SoundProcess, server: OscServer, folder: WatchFolder | None, midi_name: str | None, model: Model) -> None:
    parts = [f"sound: {sound.description}", "clock: internal", f"OSC port: {server.port}"]
    if midi_name is not None:
        parts.append(f"MIDI: {midi_name}")
    parts += [f"folder: {folder.path if folder else 'none'}", f"model: {model.metadata.name} ({model.providers[0]})"]
    print("vamen plays. " + " | ".join(parts), flush=True)


def _conclude(performance: Performance, sound: SoundProcess, server: OscServer, exporter: Exporter, model: Model) -> None:
    report, engine = performance.report, performance._engine
    figures = {
        "bars": max(0, math.floor(engine.beat_at(performance.tick * TICK_FRAMES) / BEATS_PER_BAR)),
        "repaints": engine.counters.repaints,
        "slowest repaint (ms)": round(1000 * report.slowest_repaint_frames / ENGINE_SAMPLE_RATE),
        "slowest step (ms)": round(1000 * report.slowest_step_seconds, 1),
        "late repaints": sound.late,
        "gaps": sound.gaps,
        "exports": len(exporter.written),
        "messages": server.received,
        "rejected messages": sum(server.rejected.values()) + engine.counters.rejected,
        "generator failures": report.generator_failures,
        "provider": model.providers[0],
    }
    for name, value in figures.items():
        print(f"{name}: {value}", flush=True)
