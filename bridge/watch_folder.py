"""The folder that a sampler watches: finished files only, whatever happens to the process that writes them.

An export is NAME.json, NAME.png and NAME.wav, where NAME is STEM_NUMBER or STEM_NUMBER_TAG. Each is written under a temporary
name in the same folder (dot-prefixed, without .wav, so that no watcher takes it for audio), flushed to the disk, and then given
its name in one step that cannot hit an existing file; the WAV comes last, so that a WAV that can be seen is whole and has both
its companions. Whoever gives names has the folder locked meanwhile, so that no number is given twice, whatever the tags. Where a
folder cannot be locked (Windows, some network disks), two that write at once may take one number with different tags; even then
no file is lost.
"""

from __future__ import annotations

import errno
import itertools
import os
import platform
import re
import secrets
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bridge.errors import VamenError
from bridge.export_name import safe_stem
from bridge.latent_document import write_json
from bridge.mel_spectrogram import FloatArray, Image, save_png
from bridge.wav_file import WavWriter
from bridge.whole_file import reason

SUFFIXES = (".json", ".png", ".wav")
"""In the order of publication."""

_HOST = f"{zlib.crc32(platform.node().encode()):08x}"
_RUN = secrets.token_hex(4)
_COUNTER = itertools.count(1)
_TEMPORARY = re.compile(r"\.vamen-(?P<host>[0-9a-f]{8})-(?P<pid>\d{1,9})-(?P<run>[0-9a-f]{8})-\d+\.part")

_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_NO_LOCKS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
_WINDOWS_RETRY_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


class FolderError(VamenError):
    """A folder that cannot be written to as it is now, but may be later: `problem` is that, without a remedy."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.problem}; free it up or choose another one."


class WatchFolder:
    """A folder for exports. One instance serves one thread at a time; several processes may share a folder."""

    def __init__(self, path: Path | str) -> None:
        """Opens the folder, and makes it where it is missing; otherwise as :meth:`check`.

        Raises FolderError when it cannot be made or written to.
        """
        self.path = Path(path)
        with _told(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._mount_point = _mount_point(self.path.resolve())
        self.check()

    def check(self) -> None:
        """Make sure that files can be written now, and clear away what killed runs on this machine left unfinished.

        A folder that has vanished is not made anew, here or by an export: it may have been moved and be moved back, and a new one
        would be in its way; or its disk is unmounted, and what lay under its mount point would be hidden when it returns. So
        whoever writes has to wait for it. Raises FolderError when it cannot be written to.
        """
        with _told(self.path):
            self._require_mounted()
            self._remove_leftovers()
            probe = self._temporary()
            probe.touch()
            probe.unlink()

    def export(
        self,
        name_stem: str,
        samples: FloatArray,
        image: Image,
        sidecar: Mapping[str, Any],
        chunks: bytes = b"",
        tag: str = "",
    ) -> Path:
        """Write one export under `safe_stem(name_stem)`, the next free number and `tag`; returns the WAV's path.

        `samples` (n,) float32 at the engine's rate, `image` uint8 (n_mels, columns), `sidecar` plain JSON values, `chunks` RIFF
        chunks behind the samples. Raises VamenError when the folder cannot be written to; nothing of the attempt is left behind
        then.
        """
        with self.written(samples, image, sidecar, chunks) as unnamed:
            self.wait_for_turn()
            return unnamed.publish(name_stem, tag)

    def wait_for_turn(self) -> None:
        """Called when an export is whole, before it gets its name: for whoever has to wait with that."""

    @contextmanager
    def written(
        self, samples: FloatArray, image: Image, sidecar: Mapping[str, Any], chunks: bytes = b""
    ) -> Iterator[UnnamedExport]:
        """An export whose files are whole, but have no names yet, for whoever has to wait with them.

        Arguments and errors as :meth:`export`; what has not been published when the block ends is gone.
        """
        temporaries = {suffix: self._temporary() for suffix in SUFFIXES}
        try:
            with _told(self.path):
                self._require_mounted()
                write_json(temporaries[".json"], dict(sidecar))
                save_png(temporaries[".png"], image)
                with WavWriter(temporaries[".wav"], chunks=chunks) as writer:
                    writer.write(samples)
                _require_whole(temporaries[".wav"])
                for temporary in temporaries.values():
                    _sync_file(temporary)
            yield UnnamedExport(self.path, temporaries)
        finally:
            for temporary in temporaries.values():
                # A disk that has turned read-only or gone keeps them; a later run clears them away.
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)

    def _require_mounted(self) -> None:
        """Raises OSError when the disk that the folder was on has gone; another one in its place will do."""
        if not os.path.ismount(self._mount_point):
            raise OSError(errno.ENODEV, f"nothing is mounted on {self._mount_point}")

    def _temporary(self) -> Path:
        return self.path / f".vamen-{_HOST}-{os.getpid()}-{_RUN}-{next(_COUNTER)}.part"

    def _remove_leftovers(self) -> None:
        for path in self.path.iterdir():
            match = _TEMPORARY.fullmatch(path.name)
            if match is None or match["host"] != _HOST:
                continue
            ours = (int(match["pid"]), match["run"]) == (os.getpid(), _RUN)
            if not ours and not _is_alive(int(match["pid"])):
                path.unlink(missing_ok=True)


class UnnamedExport:
    """The three files of an export under temporary names, by suffix; :meth:`WatchFolder.written` makes and removes them."""

    def __init__(self, folder: Path, temporaries: Mapping[str, Path]) -> None:
        self._folder = folder
        self._temporaries = temporaries

    def publish(self, name_stem: str, tag: str = "") -> Path:
        """Give the files `safe_stem(name_stem)`, the next free number and `tag` as their names; returns the WAV's path.

        Raises FolderError when the folder cannot be written to.
        """
        stem = safe_stem(name_stem)
        ending = f"_{safe_stem(tag)}" if tag else ""
        with _told(self._folder), _folder_lock(self._folder):
            number = self._next_number(stem)
            while True:
                targets = {suffix: self._folder / f"{stem}_{number:04d}{ending}{suffix}" for suffix in SUFFIXES}
                if self._publish_as(targets):
                    return targets[".wav"]
                number += 1

    def _publish_as(self, targets: Mapping[str, Path]) -> bool:
        """Give all three files their names; False, and none of them named, when one name is taken."""
        named: list[str] = []
        try:
            for suffix in SUFFIXES:
                if suffix == ".wav":
                    _sync_folder(self._folder)
                publish(self._temporaries[suffix], targets[suffix])
                named.append(suffix)
        except OSError as error:
            for suffix in named:
                _take_back(targets[suffix], self._temporaries[suffix])
            if isinstance(error, FileExistsError):
                return False
            raise
        _sync_folder(self._folder)
        return True

    def _next_number(self, stem: str) -> int:
        numbered = re.compile(re.escape(stem) + r"_(\d{4,9})(?:_[^.]+)?\.[a-z]+", re.IGNORECASE)
        taken = [int(match[1]) for path in self._folder.iterdir() if (match := numbered.fullmatch(path.name))]
        return max(taken, default=0) + 1


def publish(temporary: Path, target: Path) -> None:
    """Give a finished file its name without ever overwriting one; raises FileExistsError when it is taken.

    Where the file system has hard links the temporary name stays beside the new one, and is the caller's to remove.
    """
    if os.name == "nt":
        # Windows refuses to rename onto an existing name; virus scanners and indexers hold new files for moments.
        _patiently(lambda: temporary.rename(target))
        return
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _publish_without_links(temporary, target)


def _publish_without_links(temporary: Path, target: Path) -> None:
    """For FAT and some network folders: the sidecar, which no sampler reads, is made exclusively and so reserves the number."""
    if target.suffix == SUFFIXES[0]:
        target.touch(exist_ok=False)
    elif target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    temporary.replace(target)


def _take_back(target: Path, temporary: Path) -> None:
    if temporary.exists():
        target.unlink()
    else:
        target.rename(temporary)


def _patiently(action: Callable[[], object]) -> None:
    for delay in _WINDOWS_RETRY_SECONDS:
        try:
            action()
            return
        except PermissionError:
            time.sleep(delay)
    action()


@contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    """Holds the folder against others that give names in it, where the system can lock a folder; a kill lets go of it."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield
    finally:
        os.close(descriptor)


def _require_whole(wav: Path) -> None:
    """Raises OSError when the RIFF size is not the file's size less 8: what a careful consumer checks too."""
    with wav.open("rb") as file:
        start = file.read(8)
    if start[:4] != b"RIFF" or int.from_bytes(start[4:], "little") != wav.stat().st_size - 8:
        raise OSError(errno.EIO, "the sound file came out incomplete")


def _sync_file(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":
        return  # a folder cannot be opened there
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # some network folders know no such thing
            raise
    finally:
        os.close(descriptor)


def _mount_point(path: Path) -> Path:
    """The nearest folder above an absolute path, or the path itself, that a disk is mounted on."""
    return next(folder for folder in (path, *path.parents) if os.path.ismount(folder))


def _is_alive(pid: int) -> bool:
    """Whether a process of another run with this number exists."""
    if pid == os.getpid():
        return False  # it is this run that has the number now
    if sys.platform == "win32":
        import ctypes

        query_limited_information, still_active = 0x1000, 259
        handle = ctypes.windll.kernel32.OpenProcess(query_limited_information, False, pid)
        if not handle:
            return False
        status = ctypes.c_ulong()
        ctypes.windll.kernel32.GetExitCodeProcess(handle, ctypes.byref(status))
        ctypes.windll.kernel32.CloseHandle(handle)
        return status.value == still_active
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, but alive
    return True


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turns what the system says about a folder into a sentence."""
    try:
        yield
    except OSError as error:
        why = "it is a file" if isinstance(error, FileExistsError) else reason(error)
        raise FolderError(f"The folder {folder} cannot be written to ({why})") from error
