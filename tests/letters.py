"""A mailbox that a test can wait on, for controls that come from other threads and programs."""

from __future__ import annotations

import queue

from bridge.control import Control
from bridge.mailbox import Mailbox

PATIENCE_SECONDS = 20.0


class Letters(Mailbox):
    """Every control that was put, in order, none replaced by a later one."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived: queue.SimpleQueue[Control] = queue.SimpleQueue()

    def put(self, *controls: Control) -> None:
        for control in controls:
            self._arrived.put(control)

    def next(self, timeout: float = PATIENCE_SECONDS) -> Control:
        """The next control; raises queue.Empty when none comes in time."""
        return self._arrived.get(timeout=timeout)

    def empty(self) -> bool:
        return self._arrived.empty()
