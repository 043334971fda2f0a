"""Breaks drawn by several processes, written and named as if one had drawn them: what `vamen sample -n 1000` runs on.

Every process has a model and a watch folder of its own and asks for one seed at a time. It draws, renders and writes under
temporary names, and waits until all breaks of earlier seeds have their names; so numbers follow the seeds, whoever is faster.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from bridge.errors import VamenError
from bridge.halves import keep_to_one_thread
from bridge.model import Model
from bridge.sample import SampleSettings, written_draws
from bridge.sound_process import signals_held_back
from bridge.watch_folder import WatchFolder

BREAKS_FOR_A_PROCESS = 8
"""That have to be drawn for another process to pay: it takes as long to start."""


@dataclass(frozen=True)
class _Rendered:
    """A process's word that its break is written, and waits for its name."""


class _StoppedError(Exception):
    """Nobody wants the break any more."""


def process_count(breaks: int) -> int:
    """How many processes draw so many breaks: one a core that this process may use, less where there is little to do."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, breaks // BREAKS_FOR_A_PROCESS))


def written_by_processes(seeds: Sequence[int], settings: SampleSettings, processes: int) -> Generator[Path]:
    """As `sample.written_draws`, by several processes: the same files under the same names, in the order of the seeds.

    All processes have ended when the iteration ends, however it does. Raises VamenError when the folder cannot be written to,
    or a process dies.
    """
    workers: dict[Connection, SpawnProcess] = {}
    try:
        for _ in range(processes):
            connection, process = _start(settings)
            workers[connection] = process
        yield from _in_order(seeds, workers)
    finally:
        # Each ends when it next looks, and takes an unnamed break with it.
        for connection in workers:
            connection.close()
        for process in workers.values():
            process.join()


def _start(settings: SampleSettings) -> tuple[Connection, SpawnProcess]:
    # A fork would copy the threads of onnxruntime and of the progress display half alive.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=draw_until_closed, args=(theirs, settings), name="vamen sample", daemon=True)
    with signals_held_back():
        process.start()
    theirs.close()
    return ours, process


def _in_order(seeds: Sequence[int], workers: Mapping[Connection, SpawnProcess]) -> Generator[Path]:
    """Hands out seeds and turns until every break has its name."""
    given = iter(enumerate(seeds))
    drawing: dict[Connection, int] = {}
    rendered: dict[int, Connection] = {}
    named = 0

    def give_seed(connection: Connection) -> None:
        if (job := next(given, None)) is not None:
            drawing[connection], seed = job
            _send(connection, seed, workers)

    for connection in workers:
        give_seed(connection)
    while named < len(seeds):
        ready = wait(list(workers))
        for connection in [each for each in workers if each in ready]:
            answer = _received(connection, workers)
            if isinstance(answer, _Rendered):
                rendered[drawing[connection]] = connection
            else:
                named += 1
                give_seed(connection)
                yield answer
        if (next_one := rendered.pop(named, None)) is not None:
            _send(next_one, None, workers)


def _received(connection: Connection, workers: Mapping[Connection, SpawnProcess]) -> _Rendered | Path:
    try:
        answer: _Rendered | Path | VamenError = connection.recv()
    except (EOFError, OSError) as error:
        raise _died(workers[connection]) from error
    if isinstance(answer, VamenError):
        raise answer
    return answer


def _send(connection: Connection, what: int | None, workers: Mapping[Connection, SpawnProcess]) -> None:
    try:
        connection.send(what)
    except OSError as error:
        raise _died(workers[connection]) from error


def _died(process: SpawnProcess) -> VamenError:
    process.join()
    return VamenError(
        f"A process that draws breaks has died (exit status {process.exitcode}): what was listed is whole, draw the rest again."
    )


class _Parent:
    """The parent, as a process sees it that draws for it: what it sends, until it stops listening."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def wait(self) -> int | None:
        """A seed to draw, or None for the turn to give a break its name. Raises _StoppedError when nothing more will come."""
        try:
            brought: int | None = self._connection.recv()
        except (EOFError, OSError) as error:
            raise _StoppedError from error
        return brought

    def answer(self, answer: _Rendered | Path | VamenError) -> None:
        """Raises _StoppedError when nobody listens."""
        try:
            self._connection.send(answer)
        except OSError as error:
            raise _StoppedError from error


class _InTurn(WatchFolder):
    """A watch folder that names a break when those before it have their names."""

    def __init__(self, path: Path, parent: _Parent) -> None:
        super().__init__(path)
        self._parent = parent

    def wait_for_turn(self) -> None:
        self._parent.answer(_Rendered())
        self._parent.wait()


def draw_until_closed(connection: Connection, settings: SampleSettings) -> None:
    """A process from beginning to end: a break for every seed that `connection` brings, until it closes or the parent dies."""
    # A terminal signals the whole group; a break that is being named is named all the same.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_to_one_thread()
    parent = _Parent(connection)
    try:
        try:
            model = Model.load(settings.model, provider="cpu")
            folder = _InTurn(settings.out, parent)
            while (seed := parent.wait()) is not None:
                for path in written_draws(folder, model, [seed], settings):
                    parent.answer(path)
        except VamenError as error:
            parent.answer(error)
    except _StoppedError:
        pass  # what was not named is gone already
