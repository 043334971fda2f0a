"""Files that replace an older one only when they are whole."""

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
        raise VamenError(f"{path} cannot be written: {reason(error)}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def reason(error: OSError) -> str:
    """An error's own words, without number and path: "No space left on device"."""
    return error.strerror or str(error)
