"""The process that writes exports: breaks are painted cold and put into a watch folder there, one after the other.

It is a process of its own, because a thread would share the interpreter with the engine, and while a file is made the hand's
repaints would come late.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from bridge.break_render import RenderedBreak
from bridge.engine import ExportRequest
from bridge.errors import VamenError
from bridge.model import Model, Provider
from bridge.sound_process import signals_held_back
from bridge.watch_folder import FolderError, WatchFolder

logger = logging.getLogger(__name__)

EXPORT_NICENESS = 10
"""The music comes first (POSIX niceness)."""

MOST_DEATHS = 3
"""Of the process over one break, then it is given up: whatever kills it may be the break itself."""


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Where breaks go, and which model paints them."""

    folder: Path
    model: Path | None
    provider: Provider


@dataclass(frozen=True, slots=True)
class ExportJob:
    """One attempt at a break; `number` is the break's, the same in every attempt."""

    number: int
    request: ExportRequest
    folder: WatchFolder


@dataclass(frozen=True, slots=True)
class NotNow:
    """The answer to an attempt that may succeed later: what is in the way, the beginning of a sentence."""

    problem: str


@dataclass(frozen=True, slots=True)
class Never:
    """The answer to an attempt that would fail every time: the sentence that says so."""

    sentence: str


Answer = Path | NotNow | Never
"""Path: of the finished WAV."""


class ExportProcess:
    """The process as its parent sees it: started by the first job, and again by the next one after it was killed."""

    def __init__(self, settings: ExportSettings) -> None:
        self._settings = settings
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

    def attempt(self, job: ExportJob) -> Answer:
        """Have a break painted and written; returns when that is done, or has failed."""
        for _ in range(MOST_DEATHS):
            try:
                return self._ask(job)
            except (EOFError, OSError):
                self.end()
        name = job.request.name
        return Never(f"The export {name!r} is given up: the process that writes exports was killed {MOST_DEATHS} times over it.")

    def end(self) -> None:
        """Let the process end, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.join()
            self._process = None

    def _ask(self, job: ExportJob) -> Answer:
        if self._connection is None:
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe()
            arguments = (theirs, self._settings.model, self._settings.provider)
            process = context.Process(target=run_export_process, args=arguments, name="vamen export", daemon=True)
            with signals_held_back():
                process.start()
            self._process = process
            theirs.close()
        self._connection.send(job)
        answer: Answer = self._connection.recv()
        return answer


def run_export_process(connection: Connection, model_path: Path | None, provider: Provider) -> None:
    """The process from beginning to end: does the jobs that `connection` brings until it closes, or the parent dies."""
    # A terminal signals the whole group; a file that is begun is finished all the same.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(EXPORT_NICENESS)
    parent = multiprocessing.parent_process()
    assert parent is not None
    writer = _Writer(model_path, provider)
    while connection in wait([connection, parent.sentinel]):
        try:
            job: ExportJob = connection.recv()
        except EOFError:
            return
        try:
            answer: Answer = writer.answer(job)
        except FolderError as error:
            answer = NotNow(error.problem)
        except VamenError as error:
            answer = Never(str(error))
        except Exception as error:
            logger.exception("an export failed")
            answer = Never(f"An export failed inside VAmEn ({error}); the log says where.")
        connection.send(answer)


class _Writer:
    """Paints and writes; keeps the break that was painted last, so that what is tried again for hours is painted once."""

    def __init__(self, model_path: Path | None, provider: Provider) -> None:
        self._model_path = model_path
        self._provider = provider
        self._model: Model | None = None
        self._painted: tuple[int, RenderedBreak] | None = None

    def answer(self, job: ExportJob) -> Answer:
        """Raises FolderError while the folder cannot be written to, VamenError when the break can never be painted."""
        job.folder.check()
        if self._model is None:
            try:
                self._model = Model.load(self._model_path, provider=self._provider)
            except VamenError as error:
                # It was there when the playing began: its disk may come back too.
                return NotNow(str(error).removesuffix("."))
        if self._painted is None or self._painted[0] != job.number:
            request = job.request
            rendered = RenderedBreak.of(self._model, request.latent, request.beats_per_minute, name=request.name)
            self._painted = job.number, rendered
        return self._painted[1].written_to(job.folder)
