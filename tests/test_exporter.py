"""A watch folder that vanishes, fills up or turns read-only, an export process that is killed: all is said, and nothing lost."""

from __future__ import annotations

import json
import multiprocessing
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bridge import exporter as exporter_module
from bridge.engine import ExportRequest
from bridge.export_process import MOST_DEATHS
from bridge.exporter import MOST_SENTENCES, RESCUE_NAME, Exporter, ExportSettings, Reporter
from bridge.model import Model
from tests.conftest import TINY_MODEL
from tests.rig import wait_until
from tests.small_disk import SmallDisk, needs_mount, run_in_namespace, small_disk
from tests.test_live import playing
from tests.test_watch_folder import require_whole_exports, temporaries

pytestmark = pytest.mark.real_time


class Stage:
    """An exporter with a watch folder, what it told, and what it announced as written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[str] = []
        self.announced: list[Path] = []
        feedback: Any = SimpleNamespace(send=self._send)
        self.exporter = Exporter(ExportSettings(folder, TINY_MODEL, "cpu"), Reporter(feedback))
        self.exporter.start()
        self._latent = Model.load(TINY_MODEL).metadata.slots[0].latent

    def _send(self, address: str, value: str) -> None:
        if address == "/vamen/exported":
            self.announced.append(Path(value))
        else:
            self.told.append(value)

    def ask(self, *names: str) -> None:
        """Ask for short files; the first number of the latent says which, so that a sidecar shows what it was made of."""
        for number, name in enumerate(names):
            latent = self._latent.copy()
            latent[0, 0] = number / 8
            self.exporter.put(ExportRequest(latent, 240.0, name))

    def wait_for(self, told: int = 0, announced: int = 0) -> None:
        wait_until(lambda: len(self.told) >= told and len(self.announced) >= announced, f"{told} sentences, {announced} exports")


def export_processes() -> list[multiprocessing.process.BaseProcess]:
    return [process for process in multiprocessing.active_children() if process.name == "vamen export"]


def names(paths: list[Path]) -> list[str]:
    return [path.name.partition("_")[0] for path in paths]


@pytest.fixture
def stage_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[Path], Stage]]:
    """Makes stages whose retries are quick and whose home is the test's own; closes them at the end."""
    monkeypatch.setattr(exporter_module, "RETRY_SECONDS", 0.05)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    stages: list[Stage] = []

    def make(folder: Path) -> Stage:
        stages.append(Stage(folder))
        return stages[-1]

    yield make
    for stage in stages:
        stage.exporter.close()
    assert export_processes() == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as disk:
        yield disk


def require_spell(stage: Stage, reason: str) -> None:
    """Said once when it began and once when it ended; everything has landed in its order, as what was asked for."""
    began, ended = stage.told
    assert reason in began and began.endswith("; exports wait, and are tried again until they are written.")
    assert re.fullmatch(r"Exports are possible again: (3 exports that were waiting are) written\.", ended)
    assert names(stage.announced) == ["one", "two", "three"] and stage.exporter.written == stage.announced
    firsts = [json.loads(path.with_suffix(".json").read_text())["latent"][0][0] for path in stage.announced]
    assert firsts == [0.0, 0.125, 0.25]
    require_whole_exports(stage.folder)
    assert temporaries(stage.folder) == []


@needs_mount
def test_a_full_disk_keeps_exports_waiting_until_there_is_room(disk: SmallDisk, stage_at: Callable[[Path], Stage]) -> None:
    stage = stage_at(disk.path / "watched")
    disk.fill()
    stage.ask("one", "two", "three")
    stage.wait_for(told=1)
    assert list(stage.folder.iterdir()) == []
    disk.make_room()
    stage.wait_for(told=2, announced=3)
    require_spell(stage, "No space left on device")


@needs_mount
def test_a_disk_that_turns_read_only_is_waited_for(disk: SmallDisk, stage_at: Callable[[Path], Stage]) -> None:
    stage = stage_at(disk.path)
    disk.set_read_only(True)
    stage.ask("one", "two", "three")
    stage.wait_for(told=1)
    disk.set_read_only(False)
    stage.wait_for(told=2, announced=3)
    require_spell(stage, "Read-only file system")


@needs_mount
@pytest.mark.parametrize("below", ["", "watched"])
def test_nothing_is_put_under_the_mount_point_of_a_disk_that_has_gone(
    below: str, disk: SmallDisk, stage_at: Callable[[Path], Stage]
) -> None:
    stage = stage_at(disk.path / below)
    disk.unmount()
    # A folder of that name is there all the same; what is put into it would be hidden by the disk's return.
    (disk.path / below).mkdir(exist_ok=True)
    stage.ask("one", "two", "three")
    stage.wait_for(told=1)
    assert [path for path in disk.path.rglob("*") if path.is_file()] == []
    disk.mount()
    (disk.path / below).mkdir(exist_ok=True)
    stage.wait_for(told=2, announced=3)
    require_spell(stage, f"nothing is mounted on {disk.path}")


def test_a_folder_that_is_moved_away_is_waited_for(tmp_path: Path, stage_at: Callable[[Path], Stage]) -> None:
    stage = stage_at(tmp_path / "watched")
    stage.folder.rename(tmp_path / "moved")
    stage.ask("one", "two", "three")
    stage.wait_for(told=1)
    assert not stage.folder.exists(), "a new folder would be in the way of the one that comes back"
    (tmp_path / "moved").rename(stage.folder)
    stage.wait_for(told=2, announced=3)
    require_spell(stage, "No such file or directory")
    # Another spell is said again.
    stage.folder.rename(tmp_path / "moved")
    stage.ask("four")
    stage.wait_for(told=3)
    (tmp_path / "moved").rename(stage.folder)
    stage.wait_for(told=4, announced=4)
    assert stage.told[2] == stage.told[0] and "the export that was waiting is written" in stage.told[3]


def test_another_export_does_not_wait_for_the_next_attempt(
    tmp_path: Path, stage_at: Callable[[Path], Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter_module, "RETRY_SECONDS", 3600.0)
    stage = stage_at(tmp_path / "watched")
    stage.folder.rename(tmp_path / "moved")
    stage.ask("one")
    stage.wait_for(told=1)
    (tmp_path / "moved").rename(stage.folder)
    stage.ask("two")
    stage.wait_for(announced=2)
    assert names(stage.announced) == ["one", "two"]


def test_what_still_waits_at_the_end_is_put_into_the_home_folder(tmp_path: Path, stage_at: Callable[[Path], Stage]) -> None:
    stage = stage_at(tmp_path / "watched")
    stage.folder.rmdir()
    stage.ask("one", "two")
    stage.exporter.close()
    rescue = tmp_path / "home" / RESCUE_NAME
    assert [path.parent for path in stage.announced] == [rescue] * 2 and names(stage.announced) == ["one", "two"]
    assert require_whole_exports(rescue) == 2
    assert stage.told[-1].endswith(f"; 2 exports that were waiting lie in {rescue} instead.")
    assert not stage.folder.exists()


def test_the_last_attempt_comes_before_the_rescue(
    tmp_path: Path, stage_at: Callable[[Path], Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter_module, "RETRY_SECONDS", 3600.0)
    stage = stage_at(tmp_path / "watched")
    stage.folder.rmdir()
    stage.ask("one")
    stage.wait_for(told=1)
    stage.folder.mkdir()
    stage.exporter.close()
    assert [path.parent for path in stage.announced] == [stage.folder]
    assert not (tmp_path / "home" / RESCUE_NAME).exists()


def test_where_there_is_no_home_temporary_files_take_it(
    tmp_path: Path, stage_at: Callable[[Path], Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home" / RESCUE_NAME).touch()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    stage = stage_at(tmp_path / "watched")
    stage.folder.rmdir()
    stage.ask("one")
    stage.exporter.close()
    assert require_whole_exports(tmp_path / "temporary" / RESCUE_NAME) == 1


def test_a_flood_of_exports_without_a_folder_has_an_end(
    tmp_path: Path, stage_at: Callable[[Path], Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter_module, "MOST_WAITING", 1000)
    for place in ("home", "temporary"):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / RESCUE_NAME).touch()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    stage = stage_at(tmp_path / "watched")
    stage.folder.rmdir()
    stage.ask(*["flood"] * 1005)
    assert [sentence for sentence in stage.told if "1000 wait already" in sentence] == [stage.told[-1]] * 5
    stage.exporter.close()
    assert "1000 exports are lost" in stage.told[-1]


def test_an_export_survives_the_death_of_its_process(tmp_path: Path, stage_at: Callable[[Path], Stage]) -> None:
    stage = stage_at(tmp_path / "watched")
    stage.folder.rename(tmp_path / "moved")
    stage.ask("one", "two")
    stage.wait_for(told=1)
    [process] = export_processes()
    process.kill()
    process.join()
    (tmp_path / "moved").rename(stage.folder)
    stage.wait_for(announced=2)
    assert names(stage.announced) == ["one", "two"] and len(stage.told) == 2


def test_an_export_that_kills_its_process_is_given_up(tmp_path: Path, stage_at: Callable[[Path], Stage]) -> None:
    stage = stage_at(tmp_path / "watched")
    killed: set[int | None] = set()
    stage.ask("deadly")

    def kill() -> bool:
        for process in export_processes():
            if not stage.told:
                killed.add(process.pid)
                process.kill()
        return bool(stage.told)

    wait_until(kill, "the export to be given up")
    assert stage.told == [
        f"The export 'deadly' is given up: the process that writes exports was killed {MOST_DEATHS} times over it."
    ]
    assert len(killed) == MOST_DEATHS
    stage.ask("one")
    stage.wait_for(announced=1)
    assert names(stage.announced) == ["one"] and len(stage.told) == 1


def test_the_terminal_is_told_everything_once_but_not_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[str] = []
    feedback: Any = SimpleNamespace(send=lambda address, sentence: sent.append(sentence))
    reporter = Reporter(feedback)
    for number in range(1000):
        reporter.tell(f"Slot {number // 2} is empty.")
    assert len(sent) == 1000 and len(caplog.records) == MOST_SENTENCES + 1
    reporter.tell("The disk is full.", again=True)
    assert len(caplog.records) == MOST_SENTENCES + 2


@needs_mount
def test_playing_goes_on_while_the_disk_is_full_and_nothing_is_lost(
    disk: SmallDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with playing("--watch-folder", disk.path / "watched", "--bpm", 240) as stage:
        disk.fill()
        stage.send("/vamen/export", "one")
        stage.send("/vamen/export", "two")
        [[sentence]] = stage.wait_for("/vamen/error")
        assert "No space left on device" in str(sentence)
        stage.wait_for("/vamen/position", 8)
        disk.make_room()
        landed = [Path(str(arguments[0])) for arguments in stage.wait_for("/vamen/exported", 2)]
        assert names(landed) == ["one", "two"]
        disk.set_read_only(True)
        stage.send("/vamen/export", "three")
        assert "Read-only file system" in str(stage.wait_for("/vamen/error", 2)[-1])
        assert stage.end() == 0
    assert (stage.summary["exports"], stage.summary["gaps"], stage.summary["generator failures"]) == ("3", "0", "0")
    assert require_whole_exports(disk.path / "watched") == 2
    assert require_whole_exports(tmp_path / RESCUE_NAME) == 1
    assert str(tmp_path / RESCUE_NAME) in stage.errors and "Traceback" not in stage.errors


def test_whoever_is_not_root_runs_all_of_this_in_a_namespace() -> None:
    run_in_namespace(__file__)


def test_listeners_are_told_where_a_file_is_whatever_their_own_folder(
    stage_at: Callable[[Path], Stage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stage = stage_at(Path("breaks"))
    stage.ask("one")
    stage.wait_for(announced=1)
    assert stage.announced == [tmp_path / "breaks" / stage.exporter.written[0].name]
