"""`vamen play`: the instrument on stage. Wires network, MIDI, engine, files and the sound's process together.

One loop, in the main thread, follows the sound's frame counter and runs the engine once a tick (`bridge.performance`). Everything
else leaves controls in the mailbox (OSC, MIDI) or takes work off it (exports).
"""

from __future__ import annotations

import argparse
import logging
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from bridge.clocks import Clocks
from bridge.control_map import ControlMap
from bridge.engine import Engine
from bridge.exporter import Exporter, ExportSettings, Reporter
from bridge.mailbox import Mailbox
from bridge.model import Model
from bridge.osc import OscServer
from bridge.parameters import DECIMALS, ControlLayout, layout_of
from bridge.performance import Performance
from bridge.performer import Performer
from bridge.ring_store import SLOWEST_TEMPO, RingStore, live_slots
from bridge.slot_file import load_slots
from bridge.sound_process import SoundProcess
from bridge.take import TakeWriter
from bridge.watch_folder import WatchFolder

ENDING_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]


@contextmanager
def stopping_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM (on Windows Ctrl-Break too) set: handlers of our own, because a shell starts background
    jobs with SIGINT ignored."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in ENDING_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(arguments: argparse.Namespace) -> int:
    """`vamen play`: returns the exit status. Raises VamenError for what can be mended before the start."""
    logging.basicConfig(format="vamen: %(message)s", level=logging.INFO)
    with stopping_signals() as stop, ExitStack() as stack:
        model = Model.load(arguments.model, provider=arguments.provider)
        layout = layout_of(model.metadata)
        mailbox = Mailbox()
        folder = WatchFolder(arguments.watch_folder) if arguments.watch_folder else None
        server = stack.enter_context(OscServer(arguments.osc_host, arguments.osc_port, mailbox, layout))
        midi_name = _open_midi(stack, arguments, mailbox, layout)
        take = stack.enter_context(TakeWriter(arguments.record, layout)) if arguments.record else None
        sound = SoundProcess(
            capacity=model.metadata.spec.loop_length(SLOWEST_TEMPO),
            slots=live_slots(arguments.blocksize),
            output=arguments.output,
            device=arguments.device,
            channels=arguments.channels,
            block_frames=arguments.blocksize,
            capture=arguments.capture,
        )
        stack.callback(sound.close)
        sound.start()
        engine = Engine(model, RingStore(sound.rings, lambda: sound.released_sequence), round(arguments.bpm, DECIMALS))
        for number, latent in load_slots(arguments.slot, model).items():
            engine.space.put_slot(number, latent)
        reporter = Reporter(server.feedback)
        settings = ExportSettings(folder.path, arguments.model, arguments.provider) if folder else None
        exporter = Exporter(settings, reporter)
        exporter.start()
        stack.callback(exporter.close)
        performer = Performer(engine.space.slot(1), seed=secrets.randbelow(2**31)) if arguments.drift else None
        clocks = Clocks(
            mailbox,
            reporter.tell,
            offset_seconds=arguments.offset_ms / 1000.0,
            has_midi=arguments.midi_in is not None,
            beats_per_minute=arguments.bpm,
        )
        stack.callback(clocks.stop)
        clocks.change(arguments.clock)
        performance = Performance(engine, sound, mailbox, reporter, exporter, performer, take, clocks)
        performance.begin()
        _introduce(sound, server, folder, midi_name, model, arguments.clock)
        performance.run(stop)
        exporter.close()
        sound.close()
        _conclude(performance, server, model)
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


def _introduce(
    sound: SoundProcess, server: OscServer, folder: WatchFolder | None, midi_name: str | None, model: Model, clock: str
) -> None:
    parts = [f"sound: {sound.description}", f"clock: {clock}", f"OSC port: {server.port}"]
    if midi_name is not None:
        parts.append(f"MIDI: {midi_name}")
    parts += [f"folder: {folder.path if folder else 'none'}", f"model: {model.metadata.name} ({model.providers[0]})"]
    print("vamen plays. " + " | ".join(parts), flush=True)


def _conclude(performance: Performance, server: OscServer, model: Model) -> None:
    messages = {"messages": server.received, "rejected messages": sum(server.rejected.values()), "provider": model.providers[0]}
    for name, value in (performance.figures() | messages).items():
        print(f"{name}: {value}", flush=True)
