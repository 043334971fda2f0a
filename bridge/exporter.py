"""What leaves the stage while it plays: sentences for people, and breaks for the watch folder.

An export that cannot be written is not lost. It waits, as the latent and the tempo that it is made of, with those that were asked
for after it, and is tried again; what still waits at the end is put where it can be.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from bridge.engine import ExportRequest
from bridge.export_process import Answer, ExportJob, ExportProcess, Never, NotNow
from bridge.export_process import ExportSettings as ExportSettings
from bridge.osc_feedback import OscFeedback
from bridge.told import ERROR, EXPORTED
from bridge.watch_folder import FolderError, WatchFolder

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
"""Between two attempts at an export that waits; another one that is asked for does not wait for that."""

MOST_WAITING = 10_000
"""Exports; some 30 MB. Nobody asks for so many while a folder is away, but a program gone wild does."""

RESCUE_NAME = "vamen-rescued"
"""Of the folder that takes what the watch folder would not."""


MOST_SENTENCES = 50
"""On the terminal. Whoever starts us may not read what we say, and once a pipe is full the next word would stop the music."""


class Reporter:
    """Says what went wrong: to the subscribers every time, to the terminal the first time, as long as it is not too much."""

    def __init__(self, feedback: OscFeedback) -> None:
        self.feedback = feedback
        self._told: set[str] = set()

    def tell(self, sentence: str, *, again: bool = False) -> None:
        """Pass a sentence on; any thread may.

        :param again: the terminal shall have it even if it was told before, because it has been untrue in between
        """
        if again:
            logger.warning("%s", sentence)
        elif sentence not in self._told and len(self._told) < MOST_SENTENCES:
            self._told.add(sentence)
            logger.warning("%s", sentence)
            if len(self._told) == MOST_SENTENCES:
                logger.warning("So much goes wrong that from here on only subscribers are told what else does.")
        self.feedback.send(ERROR, sentence)


class Exporter:
    """Has exports written, one after the other; `written` lists the finished files."""

    def __init__(self, settings: ExportSettings | None, reporter: Reporter) -> None:
        """Without settings there is no watch folder. Raises FolderError when there is one that cannot be written to."""
        self.written: list[Path] = []
        self._reporter = reporter
        self._folder = WatchFolder(settings.folder) if settings else None
        self._process = ExportProcess(settings) if settings else None
        self._thread = threading.Thread(target=self._run, name="export")
        self._changed = threading.Condition()
        self._waiting: deque[ExportRequest] = deque()
        self._asked = 0
        self._decided = 0
        self._closing = False
        self._problem: str | None = None
        self._late = 0

    def start(self) -> None:
        """Begin to take requests."""
        self._thread.start()

    def put(self, request: ExportRequest) -> None:
        """Have a break written; returns at once."""
        if self._folder is None:
            self._reporter.tell("Nothing was exported, because there is no watch folder; start with --watch-folder DIR.")
            return
        with self._changed:
            taken = len(self._waiting) < MOST_WAITING
            if taken:
                self._waiting.append(request)
                self._asked += 1
                self._changed.notify()
        if not taken:
            self._reporter.tell(f"An export was refused, because {MOST_WAITING} wait already; make their folder writable.")

    def close(self) -> None:
        """Finish what was asked for, wherever it can be written, then end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        if self._folder is None or self._process is None:
            return
        try:
            while self._wait_for_request():
                # Looked at before the attempt: the last one is made after everything has been asked for.
                last, asked = self._closing, self._asked
                answer = self._attempt(self._process, self._folder)
                if isinstance(answer, NotNow):
                    self._begin_spell(answer.problem)
                    if last:
                        self._rescue(self._process)
                        return
                    self._wait_for_change(asked)
                elif not self._waiting:
                    self._end_spell()
        finally:
            self._process.end()

    def _wait_for_request(self) -> bool:
        """Whether there is one; False when there never will be."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return bool(self._waiting)

    def _wait_for_change(self, asked: int) -> None:
        """Wait a little, or until more was asked for than this, or the end has come."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._asked > asked, RETRY_SECONDS)

    def _attempt(self, process: ExportProcess, folder: WatchFolder) -> Answer:
        """Try to write the first that waits; it waits no longer if that is decided."""
        answer = process.attempt(ExportJob(self._decided, self._waiting[0], folder))
        if isinstance(answer, NotNow):
            return answer
        self._decided += 1
        with self._changed:
            self._waiting.popleft()
        if isinstance(answer, Path):
            self.written.append(answer)
            self._late += self._problem is not None
            # Whoever listens has another working folder; Max takes forward slashes on every system.
            self._reporter.feedback.send(EXPORTED, answer.absolute().as_posix())
        elif isinstance(answer, Never):
            self._reporter.tell(answer.sentence)
        return answer

    def _begin_spell(self, problem: str) -> None:
        """A folder that cannot be written to is told of once, until everything that had to wait is written."""
        if self._problem is None:
            self._problem = problem
            self._reporter.tell(f"{problem}; exports wait, and are tried again until they are written.", again=True)

    def _end_spell(self) -> None:
        if self._problem is not None and self._late:
            what = "the export that was waiting is" if self._late == 1 else f"{self._late} exports that were waiting are"
            self._reporter.tell(f"Exports are possible again: {what} written.", again=True)
        self._problem, self._late = None, 0

    def _rescue(self, process: ExportProcess) -> None:
        """Put what waits into the first folder that takes it."""
        self._late = 0
        for folder in _rescue_folders():
            while self._waiting and not isinstance(self._attempt(process, folder), NotNow):
                pass
            if self._late:
                what = "the export that was waiting lies" if self._late == 1 else f"{self._late} exports that were waiting lie"
                self._reporter.tell(f"{self._problem}; {what} in {folder.path} instead.")
                self._late = 0
            if not self._waiting:
                return
        self._reporter.tell(f"{self._problem}, and neither can any other place; {len(self._waiting)} exports are lost.")


def _rescue_folders() -> Iterator[WatchFolder]:
    """One in the user's home, where people look, and one among temporary files: what of them can be made, when its turn comes."""
    for place in (Path.home, tempfile.gettempdir):
        try:
            yield WatchFolder(Path(place()) / RESCUE_NAME)
        except (FolderError, OSError, RuntimeError) as error:
            # The last two mean that there is no such place.
            logger.warning("%s", error)
