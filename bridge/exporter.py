"""What leaves the stage while it plays: sentences for people, and breaks for the watch folder.

Breaks are painted in a process of their own: a thread would share the interpreter with the engine, and while a file is made the
hand's repaints would come late.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import queue
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from bridge.break_render import export_break
from bridge.engine import ExportRequest
from bridge.errors import VamenError
from bridge.model import Model, Provider
from bridge.osc import OscFeedback
from bridge.sound_process import signals_held_back
from bridge.watch_folder import WatchFolder

logger = logging.getLogger(__name__)

EXPORT_NICENESS = 10
"""The music comes first (POSIX niceness)."""


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


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Where breaks go, and which model paints them."""

    folder: Path
    model: Path | None
    provider: Provider


class Exporter:
    """Has exports written, one after the other; its process is started by the first. `written` lists the finished files."""

    def __init__(self, settings: ExportSettings | None, reporter: Reporter) -> None:
        self.written: list[Path] = []
        self._settings = settings
        self._reporter = reporter
        self._requests: queue.SimpleQueue[ExportRequest | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="export")
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

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
        while (request := self._requests.get()) is not None:
            if self._settings is None:
                self._reporter.tell("Nothing was exported, because there is no watch folder; start with --watch-folder DIR.")
                continue
            try:
                answer = self._ask(request, self._settings)
            except (EOFError, OSError):
                # The process has died; the next request starts another.
                self._end()
                answer = "An export was lost, because the process that writes exports was killed; ask for it again."
            if isinstance(answer, Path):
                self.written.append(answer)
                self._reporter.feedback.send("/vamen/exported", str(answer))
            else:
                self._reporter.tell(answer)
        self._end()

    def _ask(self, request: ExportRequest, settings: ExportSettings) -> Path | str:
        """The finished file, or the sentence that says why there is none."""
        if self._connection is None:
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe()
            self._process = context.Process(target=run_export_process, args=(theirs, settings), name="vamen export", daemon=True)
            with signals_held_back():
                self._process.start()
            theirs.close()
        self._connection.send(request)
        answer: Path | str = self._connection.recv()
        return answer

    def _end(self) -> None:
        if self._connection is None or self._process is None:
            return
        self._connection.close()
        self._process.join()
        self._connection = self._process = None


def run_export_process(connection: Connection, settings: ExportSettings) -> None:
    """The export process from beginning to end: writes what `connection` brings until it closes, or the parent dies."""
    # A terminal signals the whole group; a file that is begun is finished all the same.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(EXPORT_NICENESS)
    parent = multiprocessing.parent_process()
    assert parent is not None
    model: Model | None = None
    folder: WatchFolder | None = None
    while connection in wait([connection, parent.sentinel]):
        try:
            request: ExportRequest = connection.recv()
        except EOFError:
            return
        try:
            model = model or Model.load(settings.model, provider=settings.provider)
            folder = folder or WatchFolder(settings.folder)
            answer: Path | str = export_break(folder, model, request.latent, request.beats_per_minute, name=request.name)
        except VamenError as error:
            answer = str(error)
        except Exception as error:
            logger.exception("an export failed")
            answer = f"An export failed inside VAmEn ({error}); the log says where."
        connection.send(answer)
