"""What runs in the sound's own process: player, limiter, capture, and the sound card or a clock that stands in for one.

    publications -> Player -> Limiter -+-> fade at the end -> Resampler -> sound card
                                       +-> capture (24-bit WAV, 44.1 kHz)

It imports neither onnxruntime nor scipy, and keeps no old sound: between a publication and the card lie only the limiter's
look-ahead, half a millisecond of resampling and the card's own buffer.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from bridge.capture import ENDED, Capture
from bridge.errors import VamenError
from bridge.frame_line import FrameLine
from bridge.player import TICK_FRAMES, Publication
from bridge.precedence import take_precedence
from bridge.renderer import Renderer
from bridge.sound_memory import SoundMemory
from bridge.sound_output import Output, PacedOutput
from bridge.steady_output import DeviceSettings, SteadyOutput


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What a sound process that died leaves to the next: which frame was due when, and the publications that may still sound."""

    line: FrameLine
    publications: tuple[Publication, ...]


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """What the main process asks for; `audible` False plays to nobody, at the device's block size."""

    audible: bool
    device: DeviceSettings
    capture: Path | None
    memory_name: str
    slots: int
    capacity: int
    inheritance: Inheritance | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """The sound process says what it plays through: when it has started, and whenever that changes."""

    description: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The sound process says: it cannot start, in a sentence for the user."""

    sentence: str


class Reports:
    """What the sound process has to say, put in by any of its threads and sent by one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: deque[Running | str] = deque()

    def problem(self, sentence: str) -> None:
        """Say a sentence to the user."""
        self._waiting.append(sentence)

    def change(self, description: str, sentence: str) -> None:
        """Say what it plays through now, and a sentence on it."""
        self._waiting += [Running(description), sentence]

    def send(self) -> None:
        """Pass on what waits; raises `OSError` when there is nobody."""
        while self._waiting:
            self._connection.send(self._waiting.popleft())


def _silence_libraries() -> None:
    """Keep what ALSA and PortAudio print on devices and underruns off the user's terminal; Python's own errors still go there."""
    if sys.stderr is None:
        return
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _begin_capture(settings: SoundSettings, reports: Reports, frame: int) -> Capture | None:
    """The capture, if one is wanted. Raises `VamenError` when it cannot be begun; one that cannot be continued is only told."""
    if settings.capture is None:
        return None
    if settings.inheritance is None:
        return Capture(settings.capture, reports.problem)
    try:
        return Capture(settings.capture, reports.problem, goes_on_at=frame)
    except OSError as error:
        reports.problem(ENDED.format(settings.capture, error.strerror))
        return None


def _first_line(inheritance: Inheritance | None) -> FrameLine | None:
    """The next tick on an inherited line: there publications that are overdue are taken up at once."""
    if inheritance is None:
        return None
    line = inheritance.line
    frame = math.ceil(line.frame_at(time.perf_counter()) / TICK_FRAMES) * TICK_FRAMES
    return FrameLine(frame, line.seconds_at(frame))


def _open_output(renderer: Renderer, settings: SoundSettings, reports: Reports, line: FrameLine | None) -> Output:
    """What plays, running: the sound card, and a clock while there is none, or that clock alone."""
    output: Output
    if settings.audible:
        output = SteadyOutput(renderer, settings.device, reports.change, line)
    else:
        output = PacedOutput(renderer, settings.device.block_frames, "--output none", line)
        renderer.heard_through(output.latency_seconds, output.block_frames)
    output.start()
    return output


def run_sound_process(connection: Connection, settings: SoundSettings) -> None:
    """The sound process from beginning to end: plays what `connection` brings until it brings None, or the parent dies."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        # A terminal or a supervisor signals the whole group; when the sound ends is for the main process to say.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    _silence_libraries()
    # Before there is any other thread: those that are started from here on inherit it.
    take_precedence()
    # The callback waits at most this long for another thread of this process to hand over the interpreter.
    sys.setswitchinterval(0.0005)
    parent = multiprocessing.parent_process()
    assert parent is not None
    memory = SoundMemory(settings.slots, settings.capacity, settings.memory_name)
    reports = Reports(connection)
    line = _first_line(settings.inheritance)
    frame = line.frame if line else 0
    try:
        capture = _begin_capture(settings, reports, frame)
    except VamenError as error:
        connection.send(Refused(str(error)))
        return
    inherited = settings.inheritance.publications if settings.inheritance else ()
    renderer = Renderer(memory, capture, reports.problem, frame, inherited)
    output = _open_output(renderer, settings, reports, line)
    gc.freeze()
    connection.send(Running(output.description))
    orphaned = _serve(connection, parent.sentinel, renderer, reports)
    renderer.finish()
    renderer.faded.wait(1.0)
    if capture is not None:
        capture.close()
    if orphaned:
        memory.remove()
    else:
        reports.send()
    # A device that has gone can hold up its closing, and PortAudio's own at exit, for ever.
    closing = threading.Thread(target=output.stop, daemon=True)
    closing.start()
    closing.join(2.0)
    os._exit(0)


def _serve(connection: Connection, parent_sentinel: int, renderer: Renderer, reports: Reports) -> bool:
    """Pass publications on until told to end (False) or until the main process is no more (True)."""
    try:
        while True:
            ready = wait([connection, parent_sentinel], timeout=0.5)
            if connection in ready:
                publication = connection.recv()
                if publication is None:
                    return False
                renderer.publish(publication)
            elif parent_sentinel in ready:
                return True
            reports.send()
    except (EOFError, OSError):
        return True
