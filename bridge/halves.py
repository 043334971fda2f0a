"""Work on both cores: an array's rows in two halves, or two things to do, one on this thread and one on another.

NumPy and SciPy let go of Python's lock while they compute. Where the halves meet does not depend on the machine, so what comes
out does not either.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")

SMALLEST_HALF = 64
"""Frames below which a second thread costs more than it brings; and on a busy machine waiting for it costs milliseconds."""

_one_thread = False


def keep_to_one_thread() -> None:
    """From now on the halves of this process follow each other on the calling thread; they stay halves, and so do results.

    For a process that is one of several, one a core: a second thread would only take turns with another process.
    """
    global _one_thread
    _one_thread = True


@lru_cache(maxsize=1)
def _other_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="second half")


def in_halves(work: Callable[[slice], None], rows: int, smallest_half: int = SMALLEST_HALF) -> None:
    """Call `work` with the two halves of `rows` rows at the same time, or with all of them when halves would be too small.

    What either call raises is raised here, after both have ended.
    """
    if rows < 2 * smallest_half:
        work(slice(0, rows))
        return
    middle = rows // 2
    at_once(lambda: work(slice(0, middle)), lambda: work(slice(middle, rows)))


def at_once(one: Callable[[], T], other: Callable[[], U]) -> tuple[T, U]:
    """What two functions return that run at the same time, the second of them on the other thread.

    What either raises is raised here, after both have ended. The second must not ask for the other thread itself.
    """
    if _one_thread:
        try:
            first = one()
        finally:
            second = other()
        return first, second
    running = _other_thread().submit(other)
    try:
        first = one()
    finally:
        second = running.result()
    return first, second
