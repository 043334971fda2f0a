"""Files that are read whole, if they are not too large, and that replace an older one only when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.errors import VamenError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder to write to; it becomes `path` at the end, or vanishes when anything is raised.

    Raises VamenError when the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.touch()
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise VamenError(f"{path} cannot be written ({reason(error)}); choose another file or folder.") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_at_most(path: Path, limit: int) -> bytes | None:
    """A file's content; None where it has more than `limit` bytes, which only reading tells of a device or a pipe.

    Raises OSError when it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(limit + 1)
    return data if len(data) <= limit else None


def reason(error: Exception) -> str:
    """An error's own words, without number and path: "No space left on device"."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
