"""What leaves the stage while it plays: sentences for people, and breaks for the watch folder."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path

from bridge.break_render import export_break
from bridge.engine import ExportRequest
from bridge.errors import VamenError
from bridge.model import Model
from bridge.osc import OscFeedback
from bridge.watch_folder import WatchFolder

logger = logging.getLogger(__name__)


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
