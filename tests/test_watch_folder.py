"""The watch folder: whatever happens to the writer, no watcher sees half a file, and no file that was there is lost."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import watch_folder
from bridge.errors import VamenError
from bridge.export_name import MAX_STEM_BYTES, safe_stem
from bridge.mel_spectrogram import FloatArray, Image, load_png
from bridge.watch_folder import UnnamedExport, WatchFolder
from tests.conftest import ROOT, TINY_MODEL

STEM = "breaks_170bpm_2bars"
KILLS = int(os.environ.get("VAMEN_KILLS", "10"))
SAMPLES: FloatArray = np.linspace(-0.5, 0.5, 999, dtype=np.float32)
IMAGE: Image = np.arange(64, dtype=np.uint8).reshape(4, 16)
SIDECAR = {"latent": [[0.5, 1.0]]}

needs_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has neither fork nor SIGKILL")


def export(folder: WatchFolder, stem: str = STEM, tag: str = "") -> Path:
    return folder.export(stem, SAMPLES, IMAGE, SIDECAR, tag=tag)


def temporaries(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".")]


def require_whole_exports(folder: Path) -> int:
    """Every WAV in the folder is whole and has its companions; nothing that a watcher takes for audio is anything else."""
    sounds = [path for path in folder.iterdir() if ".wav" in path.name]
    for sound in sounds:
        content = sound.read_bytes()
        assert content[:4] == b"RIFF", sound
        assert int.from_bytes(content[4:8], "little") == len(content) - 8, sound
        assert load_png(sound.with_suffix(".png")).size > 0
        assert json.loads(sound.with_suffix(".json").read_text())["latent"]
    return len(sounds)


def test_an_export_is_three_files_with_a_name_that_sorts_and_tells(tmp_path: Path) -> None:
    folder = WatchFolder(tmp_path / "new" / "folder")
    first, second = export(folder), export(folder)
    assert [path.name for path in (first, second)] == [f"{STEM}_0001.wav", f"{STEM}_0002.wav"]
    assert len(list(folder.path.iterdir())) == 6
    assert require_whole_exports(folder.path) == 2
    assert np.array_equal(load_png(first.with_suffix(".png")), IMAGE)
    assert json.loads(first.with_suffix(".json").read_text()) == SIDECAR


def test_what_is_written_waits_for_its_name_and_takes_the_number_of_that_moment(tmp_path: Path) -> None:
    folder = WatchFolder(tmp_path)
    with folder.written(SAMPLES, IMAGE, SIDECAR) as unnamed:
        assert len(temporaries(tmp_path)) == len(list(tmp_path.iterdir())) == 3
        assert export(WatchFolder(tmp_path)).name == f"{STEM}_0001.wav"
        assert unnamed.publish(STEM).name == f"{STEM}_0002.wav"
    with folder.written(SAMPLES, IMAGE, SIDECAR):
        pass  # nobody wants it any more
    assert require_whole_exports(tmp_path) == 2 and len(list(tmp_path.iterdir())) == 6


def test_numbers_go_on_after_the_last(tmp_path: Path) -> None:
    (tmp_path / f"{STEM}_0041.wav").write_bytes(b"mine")
    (tmp_path / "other_170bpm_2bars_0099.wav").write_bytes(b"mine")
    assert export(WatchFolder(tmp_path)).name == f"{STEM}_0042.wav"
    (tmp_path / f"{STEM}_12345.png").write_bytes(b"mine")
    assert export(WatchFolder(tmp_path)).name == f"{STEM}_12346.wav"


@pytest.fixture(params=["links", "no links"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system with hard links, and one without (FAT on a stick)."""

    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("file_system")
@pytest.mark.parametrize("suffix", watch_folder.SUFFIXES)
def test_a_name_taken_in_the_meantime_is_never_overwritten(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Somebody takes names 1 and 2 after the folder was looked through: only the publication itself can notice.
    monkeypatch.setattr(UnnamedExport, "_next_number", lambda self, stem: 1)
    folder = WatchFolder(tmp_path)
    theirs = [tmp_path / f"{STEM}_000{number}{suffix}" for number in (1, 2)]
    for path in theirs:
        path.write_bytes(b"theirs")
    assert export(folder).name == f"{STEM}_0003.wav"
    assert [path.read_bytes() for path in theirs] == [b"theirs"] * 2
    assert len(list(tmp_path.iterdir())) == 5
    assert temporaries(tmp_path) == []


@pytest.mark.usefixtures("file_system")
def test_two_writers_share_a_folder(tmp_path: Path) -> None:
    def write(tag: str) -> None:
        folder = WatchFolder(tmp_path)
        for _ in range(10):
            export(folder, tag=tag)

    # Three names for one number would not collide: it is the folder's lock that keeps numbers apart.
    threads = [threading.Thread(target=write, args=[tag]) for tag in ("", "density-70", "kick-20_hats-90")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert require_whole_exports(tmp_path) == 30
    assert len(list(tmp_path.iterdir())) == 90
    numbers = sorted(path.name.removeprefix(f"{STEM}_")[:4] for path in tmp_path.glob("*.wav"))
    assert numbers == [f"{number:04d}" for number in range(1, 31)]


def test_numbers_go_on_whatever_the_tag(tmp_path: Path) -> None:
    folder = WatchFolder(tmp_path)
    names = [export(folder, tag=tag).name for tag in ("", "density-70", "", "../x.wav", "density-70")]
    ends = ["0001", "0002_density-70", "0003", "0004_x_wav", "0005_density-70"]
    assert names == [f"{STEM}_{end}.wav" for end in ends] == sorted(names)


@pytest.mark.skipif(os.name == "nt", reason="a folder cannot be locked there")
def test_where_a_folder_cannot_be_locked_it_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert export(WatchFolder(tmp_path)).name == f"{STEM}_0001.wav"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("breaks_161.5bpm", "breaks_161.5bpm"),
        ("../../etc/passwd", "etc_passwd"),
        ("/etc/passwd", "etc_passwd"),
        ("C:\\Windows\\x", "C__Windows_x"),
        ("a\0b", "a_b"),
        ("CON", "_CON"),
        ("com1.5", "_com1.5"),
        ("nul", "_nul"),
        ("console", "console"),
        (".hidden", "hidden"),
        ("x.wav", "x_wav"),
        ("trailing. ", "trailing"),
        ("...", "breaks"),
        ("", "breaks"),
        ("-rf", "rf"),
        ("breve \u00e9", "breve_\u00e9"),
        ("breve e\u0301", "breve_\u00e9"),
        ("\ud800", "breaks"),
    ],
)
def test_a_strangers_name_becomes_a_plain_one(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300) | st.text(alphabet="./\\: \0conprnaux19", max_size=30))
def test_no_name_leaves_the_folder(name: str) -> None:
    stem = safe_stem(name)
    assert Path(stem).name == stem
    assert not stem.startswith((".", "-"))
    assert not set(stem) & set('/\\:*?"<>|\0')
    assert 0 < len(stem.encode()) <= MAX_STEM_BYTES + 1
    assert safe_stem(stem) in (stem, stem.strip("_"), f"_{stem}")
    assert stem.partition(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}


def test_a_name_from_outside_ends_up_inside(tmp_path: Path) -> None:
    folder = WatchFolder(tmp_path / "folder")
    for name in ("../out", "/tmp/out", "NUL", "a" * 5000, "\u5289" * 300):
        assert export(folder, name).parent == folder.path
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert require_whole_exports(folder.path) == 5


@pytest.mark.parametrize("step", range(1, 4))
def test_a_full_disk_leaves_nothing_and_is_said(step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = WatchFolder(tmp_path)
    export(folder)
    before = sorted(tmp_path.iterdir())
    synchronise, calls = os.fsync, 0

    def fill_up(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synchronise(descriptor)

    monkeypatch.setattr(os, "fsync", fill_up)
    with pytest.raises(VamenError, match="No space left on device") as told:
        export(folder)
    assert str(tmp_path) in str(told.value)
    assert sorted(tmp_path.iterdir()) == before
    assert export(folder).name == f"{STEM}_0002.wav"


def test_a_wav_that_came_out_short_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = WatchFolder(tmp_path)
    monkeypatch.setattr(watch_folder, "_sync_file", lambda path: None)

    class ShortWriter(watch_folder.WavWriter):
        def close(self) -> None:
            super().close()
            os.truncate(self.path, 100)

    monkeypatch.setattr(watch_folder, "WavWriter", ShortWriter)
    with pytest.raises(VamenError, match="incomplete"):
        export(folder)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(VamenError, match=r"folder .*file"):
        WatchFolder(tmp_path / "file")
    with pytest.raises(VamenError, match=r"folder .*below"):
        WatchFolder(tmp_path / "file" / "below")


def killed_child(action: Callable[[], None]) -> None:
    """Runs an action in a forked process, which has to end by SIGKILL."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "the child was not killed"


class KillAtCall:
    """Counts calls of the file system and kills the process just before or after one of them."""

    def __init__(self, call: int) -> None:
        self.left = call

    def watch(self, function: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **options: object) -> object:
            self._count()
            result = function(*arguments, **options)
            self._count()
            return result

        return counted

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


WATCHED = ("fsync", "link", "unlink", "replace", "rename")


@needs_posix
@pytest.mark.usefixtures("file_system")
def test_a_kill_at_any_step_leaves_no_partial_wav(tmp_path: Path) -> None:
    folder = WatchFolder(tmp_path)
    export(folder)

    def export_until(call: int) -> None:
        killer = KillAtCall(call)
        for name in WATCHED:
            setattr(os, name, killer.watch(getattr(os, name)))
        export(folder)
        # All steps of one export have been passed.
        os.kill(os.getpid(), signal.SIGKILL)

    seen = set()
    for call in range(30):
        killed_child(partial(export_until, call))
        seen.add(require_whole_exports(tmp_path))
    # The last children got through: the steps were all there.
    assert max(seen) > 5
    WatchFolder(tmp_path)
    assert temporaries(tmp_path) == []


@needs_posix
def test_leftovers_of_the_living_and_of_others_stay(tmp_path: Path) -> None:
    folder = WatchFolder(tmp_path)
    own = folder._temporary()
    alive = tmp_path / own.name.replace(f"-{os.getpid()}-", f"-{os.getppid()}-")
    elsewhere = tmp_path / own.name.replace(watch_folder._HOST, "00000000")
    foreign = tmp_path / ".vamen-notes.part"
    earlier = tmp_path / own.name.replace(watch_folder._RUN, "00000000")
    for path in (own, alive, elsewhere, foreign, earlier):
        path.touch()
    WatchFolder(tmp_path)
    # A number that came round again: this process has it, but another run left the file.
    assert sorted(tmp_path.iterdir()) == sorted([own, alive, elsewhere, foreign])


@needs_posix
def test_kill_vamen_while_it_exports(tmp_path: Path) -> None:
    """SIGKILL at random moments, two at a time in one folder; the seed makes the delays, not the moments, repeatable."""
    delays = random.Random(0)
    command = [
        sys.executable, "-m", "bridge", "sample", "-n", "100000", "--bars", "1", "--bpm", "240", "--provider", "cpu",
        "--model", str(TINY_MODEL), "--out", str(tmp_path),
    ]  # fmt: skip
    for _ in range(KILLS // 2):
        processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        try:
            for process in processes:
                assert process.stdout is not None
                assert process.stderr is not None
                assert process.stdout.readline(), process.stderr.read().decode()
                # The moment is the point of this test; it waits for nothing.
                threading.Event().wait(delays.uniform(0.0, 0.2))
                process.kill()
        finally:
            for process in processes:
                process.kill()
                process.communicate()
    assert require_whole_exports(tmp_path) >= KILLS
    WatchFolder(tmp_path)
    assert temporaries(tmp_path) == []
