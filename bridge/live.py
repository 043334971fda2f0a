"""`vamen play`: the instrument on stage. Wires network, MIDI, engine, files and the sound's process together.

One loop, in the main thread, follows the sound's frame counter and runs the engine once a tick (`bridge.performance`). Everything
else leaves controls in the mailbox (OSC, MIDI) or takes work off it (exports).
"""

from __future__ import annotations

import argparse
import logging
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

from bridge.clocks import Clocks
from bridge.control_map import ControlMap
from bridge.current_values import LiveValues
from bridge.discovery import Announcement
from bridge.engine import Engine
from bridge.errors import VamenError
from bridge.export_on import ExportOn
from bridge.exporter import Exporter, ExportSettings, Reporter
from bridge.learning import Learning
from bridge.mailbox import Mailbox
from bridge.map_places import DEFAULT_MAP, played_map
from bridge.model import Model
from bridge.osc import OscServer, exposure_warning
from bridge.osc_map import OscMap
from bridge.oscquery_server import QueryServer, query_server
from bridge.parameters import DECIMALS, layout_of
from bridge.performance import Performance
from bridge.performer import Performer
from bridge.ring_store import SLOWEST_TEMPO, RingStore, live_slots
from bridge.slot_file import load_slots
from bridge.sound_process import SoundProcess
from bridge.take import TakeWriter
from bridge.visuals import Visuals
from bridge.watch_folder import WatchFolder

if TYPE_CHECKING:
    from bridge.midi_clock_out import ClockSchedule

logger = logging.getLogger(__name__)

Tell = Callable[[str], None]

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
    # MIDI and OSC wait at most this long for the interpreter while the engine has it: beside a busy thread our MIDI clock came
    # 14 ms late with Python's own 5 ms, and 3 ms with this.
    sys.setswitchinterval(0.0005)
    with stopping_signals() as stop, ExitStack() as stack:
        if not arguments.watch_folder and (arguments.inbox or arguments.export_on != "command"):
            option = "--inbox" if arguments.inbox else f"--export-on {arguments.export_on}"
            raise VamenError(f"{option} has nowhere to put its files: give --watch-folder DIR too.")
        model = Model.load(arguments.model, provider=arguments.provider)
        layout = layout_of(model.metadata)
        mailbox = Mailbox()
        folder = WatchFolder(arguments.watch_folder) if arguments.watch_folder else None
        osc_map = OscMap.load(arguments.osc_map, layout) if arguments.osc_map else None
        server = stack.enter_context(OscServer(arguments.osc_host, arguments.osc_port, mailbox, layout, osc_map=osc_map))
        if (warning := exposure_warning(arguments.osc_host)) is not None:
            logger.warning("%s", warning)
        query = query_server(arguments.osc_host, arguments.oscquery_port, server, mailbox, layout)
        stack.callback(query.stop)
        reporter = Reporter(server.feedback)
        # Clocks and ports come and go, and each time is worth a word.
        tell = partial(reporter.tell, again=True)
        clocks = Clocks(
            mailbox,
            tell,
            offset_seconds=arguments.offset_ms / 1000.0,
            has_midi=bool(arguments.midi_in) or arguments.midi_virtual,
        )
        stack.callback(clocks.stop)
        values = LiveValues(layout, mailbox)
        learning = Learning(layout, played_map(arguments.map), server.feedback.send, reporter.tell)
        midi_names = _open_midi(stack, arguments, mailbox, values, clocks, tell, learning)
        server.keeps = learning.take
        clock_out = None
        if arguments.midi_clock_out is not None:
            clock_out, name = _open_clock_out(stack, arguments.midi_clock_out, clocks, tell)
            midi_names.append(name)
        clocks.change(arguments.clock, arguments.bpm)
        slots = load_slots(arguments.slot, model)
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
        for number, latent in slots.items():
            engine.space.put_slot(number, latent)
        values.instrument = engine
        settings = ExportSettings(folder.path, arguments.model, arguments.provider) if folder else None
        exporter = Exporter(settings, reporter)
        exporter.start()
        stack.callback(exporter.close)
        if settings is not None and arguments.inbox:
            from bridge.inbox import Inbox

            inbox = Inbox(settings, reporter, lambda: engine.transport.export_tempo)
            inbox.start()
            stack.callback(inbox.close)
        performer = Performer(engine.space.slot(1), seed=secrets.randbelow(2**31)) if arguments.drift else None
        export_on = None if arguments.export_on == "command" else ExportOn(arguments.export_on, engine)
        performance = Performance(engine, sound, mailbox, reporter, exporter, performer, take, clocks, clock_out, export_on)
        performance.begin()
        visuals = Visuals(performance.feedback.playheads, server.feedback, clocks.frames)
        visuals.start()
        stack.callback(visuals.stop)
        announcement = Announcement(arguments.osc_host, server.port, query.port)
        announcement.start()
        stack.callback(announcement.stop)
        _introduce(sound, server, query, folder, midi_names, model, arguments.clock)
        performance.run(stop)
        exporter.close()
        sound.close()
        _conclude(performance, server, model)
    return 0


def _open_midi(
    stack: ExitStack,
    arguments: argparse.Namespace,
    mailbox: Mailbox,
    values: LiveValues,
    clocks: Clocks,
    tell: Tell,
    learning: Learning,
) -> list[str]:
    """Open every MIDI input that is named, and our own; a map is kept for each, since it knows which keys are down."""
    path = played_map(arguments.map)
    control_map = ControlMap.load(path, values.layout, values)
    if path not in (arguments.map, DEFAULT_MAP):
        logger.info("what MIDI moves was learnt before: %s", path)
    names: list[str] = []
    for wanted in [*arguments.midi_in, *([None] if arguments.midi_virtual else [])]:
        from bridge.midi import MidiInput

        learning.maps.append(control_map)
        midi = MidiInput(wanted, control_map, mailbox, clocks.midi, tell, learning)
        names.append(midi.start())
        stack.callback(midi.stop)
        control_map = ControlMap.load(path, values.layout, values)
    return names


def _open_clock_out(stack: ExitStack, wanted: str, clocks: Clocks, tell: Tell) -> tuple[ClockSchedule, str]:
    from bridge.midi_clock_out import ClockSchedule, MidiClockOutput

    schedule = ClockSchedule(clocks.frames)
    output = MidiClockOutput(wanted, schedule, tell)
    name = output.start()
    stack.callback(output.stop)
    return schedule, f"clock to {name}"


def _introduce(
    sound: SoundProcess,
    server: OscServer,
    query: QueryServer,
    folder: WatchFolder | None,
    midi_names: list[str],
    model: Model,
    clock: str,
) -> None:
    parts = [f"sound: {sound.description}", f"clock: {clock}", f"OSC port: {server.port}", f"OSCQuery port: {query.port}"]
    if midi_names:
        parts.append(f"MIDI: {', '.join(midi_names)}")
    parts += [f"folder: {folder.path if folder else 'none'}", f"model: {model.metadata.name} ({model.providers[0]})"]
    print("vamen plays. " + " | ".join(parts), flush=True)


def _conclude(performance: Performance, server: OscServer, model: Model) -> None:
    messages = {"messages": server.received, "rejected messages": sum(server.rejected.values()), "provider": model.providers[0]}
    for name, value in (performance.figures() | messages).items():
        print(f"{name}: {value}", flush=True)
