"""The process that writes exports: breaks are painted cold and put into a watch folder there, one after the other. The inbox has
one of its own kind, so that no export waits for it.

It is a process of its own, because a thread would share the interpreter with the engine, and while a file is made the hand's
repaints would come late.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bridge.break_render import requested_break
from bridge.engine import ExportRequest
from bridge.errors import VamenError
from bridge.model import Model, Provider
from bridge.sound_process import signals_held_back
from bridge.watch_folder import FolderError, WatchFolder

logger = logging.getLogger(__name__)

Made = TypeVar("Made")

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
class NotNow:
    """The answer to an attempt that may succeed later: what is in the way, the beginning of a sentence."""

    problem: str


@dataclass(frozen=True, slots=True)
class Never:
    """The answer to an attempt that would fail every time: the sentence that says so."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Already:
    """The answer to a job whose file is there, from an earlier evening perhaps."""


Answer = Path | NotNow | Never | Already
"""Path: of the finished WAV."""


class Job(Protocol):
    """What the process is asked to do."""

    @property
    def what(self) -> str:
        """The beginning of a sentence about it."""

    def answer(self, worker: Worker) -> Answer:
        """Do it, in the process.

        Raises FolderError or ModelGoneError where it may succeed later, VamenError where it never will.
        """


@dataclass(frozen=True, slots=True)
class ExportJob:
    """One attempt at a break; `number` is the break's, the same in every attempt."""

    number: int
    request: ExportRequest
    folder: WatchFolder

    @property
    def what(self) -> str:
        return f"The export {self.request.name!r}"

    def answer(self, worker: Worker) -> Answer:
        self.folder.check()
        model = worker.model()
        return worker.once(self.number, lambda: requested_break(model, self.request)).written_to(self.folder)


class ExportProcess:
    """The process as its parent sees it: started by the first job, and again by the next one after it was killed."""

    def __init__(self, settings: ExportSettings, name: str = "vamen export") -> None:
        self._settings = settings
        self._name = name
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

    def attempt(self, job: Job) -> Answer:
        """Have a job done; returns when it is, or has failed."""
        for _ in range(MOST_DEATHS):
            try:
                return self._ask(job)
            except (EOFError, OSError):
                self.end()
        return Never(f"{job.what} is given up: the process that writes exports was killed {MOST_DEATHS} times over it.")

    def end(self) -> None:
        """Let the process end, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.join()
            self._process = None

    def _ask(self, job: Job) -> Answer:
        if self._connection is None:
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe()
            arguments = (theirs, self._settings.model, self._settings.provider)
            process = context.Process(target=run_export_process, args=arguments, name=self._name, daemon=True)
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
    worker = Worker(model_path, provider)
    while connection in wait([connection, parent.sentinel]):
        try:
            job: Job = connection.recv()
        except EOFError:
            return
        try:
            answer = job.answer(worker)
        except (FolderError, ModelGoneError) as error:
            answer = NotNow(error.problem)
        except VamenError as error:
            answer = Never(str(error))
        except Exception as error:
            logger.exception("an export failed")
            answer = Never(f"An export failed inside VAmEn ({error}); the log says where.")
        connection.send(answer)


class ModelGoneError(Exception):
    """A model that cannot be read now, but was there when the playing began; `problem` is the beginning of a sentence."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Worker:
    """What the process keeps from job to job: the model, and what was made last, so that what is tried again for hours is made
    once."""

    def __init__(self, model_path: Path | None, provider: Provider) -> None:
        self._model_path = model_path
        self._provider = provider
        self._model: Model | None = None
        self._made: tuple[object, Any] | None = None

    def model(self) -> Model:
        """Raises ModelGoneError while it cannot be read: its disk may come back."""
        if self._model is None:
            try:
                self._model = Model.load(self._model_path, provider=self._provider)
            except VamenError as error:
                raise ModelGoneError(str(error).removesuffix(".")) from error
        return self._model

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """What `make` gives; if the last call had the same key, what it gave then."""
        if self._made is None or self._made[0] != key:
            self._made = key, make()
        made: Made = self._made[1]
        return made
