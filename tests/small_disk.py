"""A disk of a few hundred kilobytes that a test may fill, unmount and set read-only: a tmpfs, for which it has to be root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SMALL_DISK_BYTES = 2_000_000


class SmallDisk:
    """A tmpfs on `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def mount(self) -> None:
        self._run("mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "vamen-test", self.path)

    def unmount(self) -> None:
        self._run("umount", self.path)

    def set_read_only(self, read_only: bool) -> None:
        # root is not held up by a folder's permissions, but by those of its disk.
        self._run("mount", "-o", f"remount,{'ro' if read_only else 'rw'}", self.path)

    def fill(self) -> None:
        """Leave less than a page."""
        with self._ballast.open("wb", buffering=0) as file:
            while file.write(bytes(2**20)) == 2**20:
                pass

    def make_room(self) -> None:
        self._ballast.unlink()

    def _run(self, *command: object) -> None:
        subprocess.run(list(map(str, command)), check=True, capture_output=True)


def may_mount() -> bool:
    """Whether this process may; others run the module once more in a namespace of its own (see `run_in_namespace`)."""
    return sys.platform == "linux" and os.geteuid() == 0


needs_mount = pytest.mark.skipif(
    not may_mount(), reason="only root mounts; where namespaces are allowed another test does it all"
)


def run_in_namespace(module: str) -> None:
    """Run a test module as the root of a user namespace, for whoever is not root; skips where the system has none."""
    if may_mount():
        pytest.skip("root runs the others of this module as they are")
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    if sys.platform != "linux" or subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        reason = "needs Linux, and root or user namespaces, to mount a small disk"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    tests = [sys.executable, "-m", "pytest", "-q", module]
    result = subprocess.run([*command, *tests], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    """A disk that is mounted on a new folder; whatever is mounted there at the end is unmounted."""
    path.mkdir()
    disk = SmallDisk(path)
    disk.mount()
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False, capture_output=True)
