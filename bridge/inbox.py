"""The inbox: a loop that is dropped into FOLDER/in comes back in FOLDER/out, as itself and varied, at the tempo that plays.

Copying takes time, so a file is taken when it has been the same for two looks and says itself that it is whole (the RIFF size
is the file's size less 8, as a careful sampler checks too); one that says nothing, or something else, when it has been the same
for longer. Files in FOLDER/in are only read.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bridge.export_process import Already, ExportProcess, ExportSettings, Never, NotNow
from bridge.exporter import Reporter
from bridge.inbox_job import InboxJob
from bridge.watch_folder import FolderError, WatchFolder
from bridge.whole_file import reason

logger = logging.getLogger(__name__)

IN, OUT = "in", "out"
VARIATIONS = 4
LOOK_SECONDS = 0.5
LOOKS = 2
LOOKS_IN_DOUBT = 8
"""For files that do not say that they are whole: AIFF, FLAC and MP3, and WAVs that were cut off or left behind."""
LOOKS_BETWEEN_ATTEMPTS = 4
NOT_LOOPS = frozenset({".asd", ".crdownload", ".db", ".download", ".ini", ".part", ".tmp"})
"""Suffixes of what lies beside loops (Live's analyses, what systems put into folders) and of downloads under way."""


@dataclass(slots=True)
class _Found:
    """A file in the inbox: its size and time of change, in how many looks they were these, whether it is dealt with, at which
    tempo, and whether it came this evening."""

    stamp: tuple[int, int]
    looks: int = 0
    done: bool = False
    beats_per_minute: float = 0.0
    new: bool = False


class Inbox:
    """Looks into the folder on a thread of its own, and has what it finds worked on by a process of its own."""

    def __init__(self, settings: ExportSettings, reporter: Reporter, beats_per_minute: Callable[[], float]) -> None:
        """`settings.folder` is the watch folder; both folders in it are made. `beats_per_minute` is asked for every loop.

        Raises FolderError when they cannot be made or written to.
        """
        self.folder = settings.folder / IN
        self._results = WatchFolder(settings.folder / OUT)
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise FolderError(f"The folder {self.folder} cannot be made ({reason(error)})") from error
        self._reporter = reporter
        self._beats_per_minute = beats_per_minute
        self._process = ExportProcess(settings, "vamen inbox")
        self._thread = threading.Thread(target=self._run, name="inbox")
        self._closing = threading.Event()
        self._files: dict[Path, _Found] = {}
        self._problem: str | None = None
        self._looked = False

    def start(self) -> None:
        """Begin to look."""
        logger.info("Loops that are put into %s come back in %s.", self.folder, self._results.path)
        self._thread.start()

    def close(self) -> None:
        """Finish the file that is being made, then end; the rest is made on the next evening."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._closing.wait(LOOK_SECONDS):
                self.look()
        finally:
            self._process.end()

    def look(self) -> None:
        """Look once, and deal with what is ready."""
        try:
            found = self._loops()
        except OSError as error:
            self._begin_spell(f"The inbox {self.folder} cannot be read ({reason(error)})")
            return
        self._files = {path: file for path, file in self._files.items() if found.get(path) == file.stamp}
        for path, stamp in sorted(found.items()):
            file = self._files.setdefault(path, _Found(stamp, new=self._looked))
            if file.done:
                continue
            file.looks += 1
            if file.looks >= (LOOKS if _says_it_is_whole(path) else LOOKS_IN_DOUBT):
                self._bring_back(path, file)
            if self._closing.is_set():
                return
        self._looked = True

    def _loops(self) -> dict[Path, tuple[int, int]]:
        """What lies in the inbox and may be a loop, with size and time of change."""
        loops = {}
        for path in self.folder.iterdir():
            if path.name.startswith(".") or path.suffix.lower() in NOT_LOOPS or not path.is_file():
                continue
            with suppress(FileNotFoundError):  # gone since
                status = path.stat()
                loops[path] = status.st_size, status.st_mtime_ns
        return loops

    def _bring_back(self, path: Path, file: _Found) -> None:
        """Have a loop come back as itself and its variations; what is there already is left as it is."""
        file.beats_per_minute = file.beats_per_minute or self._beats_per_minute()
        written = 0
        for variation in range(1 + VARIATIONS):
            if self._closing.is_set():
                return
            answer = self._process.attempt(InboxJob(path, variation, file.beats_per_minute, self._results))
            if isinstance(answer, NotNow):
                self._begin_spell(answer.problem)
                file.looks -= LOOKS_BETWEEN_ATTEMPTS
                return
            if isinstance(answer, Never):
                self._reporter.tell(answer.sentence, again=True)
                break
            written += not isinstance(answer, Already)
        else:
            self._problem = None
        file.done = True
        if written:
            logger.info("%s has come back: %d files in %s.", path.name, written, self._results.path)
        elif file.new and not isinstance(answer, Never):
            logger.info("%s came back before; delete its files in %s to have it made anew.", path.name, self._results.path)

    def _begin_spell(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._reporter.tell(f"{problem}; loops in the inbox wait, and are tried again.", again=True)


def _says_it_is_whole(path: Path) -> bool:
    """Whether a file is a WAV of the length that it states."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
        return start[:4] == b"RIFF" and int.from_bytes(start[4:], "little") == path.stat().st_size - 8
    except OSError:
        return False
