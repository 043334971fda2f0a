"""The inbox: a loop that is dropped comes back as itself and varied, once; what is broken is said once; nothing is touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.errors import VamenError
from bridge.export_process import Already, ExportSettings, Never, NotNow, Worker
from bridge.exporter import Reporter
from bridge.inbox import LOOKS, LOOKS_BETWEEN_ATTEMPTS, LOOKS_IN_DOUBT, VARIATIONS, Inbox
from bridge.inbox_job import InboxJob, variation_of, variations_in
from bridge.model import Model
from bridge.stated_tempo import without_tempo
from bridge.watch_folder import WatchFolder
from tests.conftest import TINY_MODEL, RunVamen
from tests.rig import wait_until
from tests.sounds import TWO_STEP, loop_from_pattern
from tests.test_live import playing
from tests.test_watch_folder import require_whole_exports


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A WAV of two bars at 140 BPM."""
    path = tmp_path_factory.mktemp("loop") / "loop.wav"
    soundfile.write(path, loop_from_pattern(TWO_STEP, 140.0), 44_100, subtype="PCM_16")
    return path.read_bytes()


class Desk:
    """An inbox that is looked into by hand, whose process is this one, and what it told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[str] = []
        self.jobs: list[InboxJob] = []
        self.answer: Callable[[InboxJob], Any] = lambda job: Already()
        feedback: Any = SimpleNamespace(send=lambda address, sentence: self.told.append(sentence))
        self.inbox = Inbox(ExportSettings(folder, TINY_MODEL, "cpu"), Reporter(feedback), lambda: 240.0)
        monkeypatch.setattr(self.inbox, "_process", SimpleNamespace(attempt=self._attempt))

    def _attempt(self, job: InboxJob) -> Any:
        self.jobs.append(job)
        return self.answer(job)

    def look(self, times: int) -> list[str]:
        """The names of the loops that were taken in so many looks, each once for every file it comes back as."""
        before = len(self.jobs)
        for _ in range(times):
            self.inbox.look()
        return [job.path.name for job in self.jobs[before:]]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_a_whole_wav_is_taken_when_it_rests_and_once(desk: Desk, loop: bytes) -> None:
    (desk.inbox.folder / "a.wav").write_bytes(loop)
    assert desk.look(LOOKS - 1) == []
    assert desk.look(1) == ["a.wav"] * (1 + VARIATIONS)
    assert [job.variation for job in desk.jobs] == list(range(1 + VARIATIONS))
    assert {job.beats_per_minute for job in desk.jobs} == {240.0}
    assert desk.look(2 * LOOKS_IN_DOUBT) == []


def test_a_file_that_grows_is_waited_for(desk: Desk, loop: bytes) -> None:
    path = desk.inbox.folder / "a.wav"
    for end in range(1000, 9000, 1000):
        path.write_bytes(loop[:end])
        assert desk.look(1) == []
    # It stands still, but says that it is longer: nobody takes it yet.
    assert desk.look(LOOKS_IN_DOUBT - 2) == []
    path.write_bytes(loop)
    assert desk.look(LOOKS) == ["a.wav"] * (1 + VARIATIONS)
    assert desk.told == []


def test_what_cannot_say_that_it_is_whole_is_taken_later(desk: Desk, loop: bytes) -> None:
    (desk.inbox.folder / "cut.wav").write_bytes(loop[:-1000])
    (desk.inbox.folder / "a.flac").write_bytes(b"fLaC")
    assert desk.look(LOOKS_IN_DOUBT - 1) == []
    assert set(desk.look(1)) == {"cut.wav", "a.flac"}


def test_what_lies_beside_loops_is_none(desk: Desk, loop: bytes) -> None:
    for name in (".DS_Store", "a.wav.asd", "Thumbs.db", "desktop.ini", "b.wav.part", "c.crdownload"):
        (desk.inbox.folder / name).write_bytes(loop)
    (desk.inbox.folder / "folder").mkdir()
    assert desk.look(2 * LOOKS_IN_DOUBT) == []


def test_a_broken_file_is_told_of_once_and_again_when_it_is_another(desk: Desk) -> None:
    path = desk.inbox.folder / "a.wav"
    path.write_bytes(b"RIFF")
    desk.answer = lambda job: Never(f"{job.path} is no sound file.")
    desk.look(3 * LOOKS_IN_DOUBT)
    assert desk.told == [f"{path} is no sound file."] and len(desk.jobs) == 1
    path.write_bytes(b"RIFF, but longer")
    desk.look(3 * LOOKS_IN_DOUBT)
    assert len(desk.told) == 2


def test_a_folder_that_cannot_be_written_is_told_of_once_and_tried_again(desk: Desk, loop: bytes) -> None:
    (desk.inbox.folder / "a.wav").write_bytes(loop)
    desk.answer = lambda job: NotNow("The folder is full")
    assert desk.look(LOOKS + 2 * LOOKS_BETWEEN_ATTEMPTS) == ["a.wav"] * 3
    assert desk.told == ["The folder is full; loops in the inbox wait, and are tried again."]
    desk.answer = lambda job: Already()
    assert len(desk.look(LOOKS_BETWEEN_ATTEMPTS)) == 1 + VARIATIONS


def test_an_inbox_that_has_gone_is_told_of_and_looked_into_again(desk: Desk, loop: bytes) -> None:
    away = desk.inbox.folder.with_name("away")
    desk.inbox.folder.rename(away)
    desk.look(5)
    assert len(desk.told) == 1 and str(desk.inbox.folder) in desk.told[0]
    away.rename(desk.inbox.folder)
    (desk.inbox.folder / "a.wav").write_bytes(loop)
    assert desk.look(LOOKS) == ["a.wav"] * (1 + VARIATIONS)


@pytest.fixture(scope="module")
def worker() -> Worker:
    return Worker(TINY_MODEL, "cpu")


def job(folder: Path, content: bytes, variation: int, name: str = "think 140bpm.wav") -> InboxJob:
    path = folder / name
    path.write_bytes(content)
    return InboxJob(path, variation, 174.37, WatchFolder(folder / "out"))


def test_a_loop_comes_back_at_the_tempo_under_a_name_that_tells(tmp_path: Path, loop: bytes, worker: Worker) -> None:
    jobs = [job(tmp_path, loop, variation) for variation in range(3)]
    before = jobs[0].path.stat()
    paths = [each.answer(worker) for each in jobs]
    ends = ("0001_self", "0002_variation-1", "0003_variation-2")
    assert paths == [tmp_path / "out" / f"think_174.37bpm_2bars_{end}.wav" for end in ends]
    assert require_whole_exports(tmp_path / "out") == 3
    assert {soundfile.info(path).frames for path in paths} == {round(8 * 60 / 174.37 * 44_100)}
    assert jobs[0].path.read_bytes() == loop and jobs[0].path.stat().st_mtime_ns == before.st_mtime_ns
    assert [each.answer(worker) for each in jobs] == [Already()] * 3
    # The same file under another name, too.
    assert job(tmp_path, loop, 1, "renamed.wav").answer(worker) == Already()
    assert isinstance(job(tmp_path, loop, 3).answer(worker), Path)


def test_variations_follow_from_the_content_and_are_near(tiny_model: Model) -> None:
    metadata = tiny_model.metadata
    home = metadata.slots[0].latent
    first, again, second, other = (
        variation_of(home, metadata, sha256, number)
        for sha256, number in (("ab" * 32, 1), ("ab" * 32, 1), ("ab" * 32, 2), ("cd" * 32, 1))
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second) and not np.array_equal(first, other)
    # Nearer to where they come from than two draws are to each other.
    draws = [metadata.draw(np.random.default_rng(seed)) for seed in range(8)]
    apart = np.mean([np.linalg.norm(a - b) for a in draws for b in draws if a is not b])
    assert np.linalg.norm(first[:16] - home[:16]) < apart


def test_strangers_sidecars_among_the_results_are_passed_over(tmp_path: Path) -> None:
    for name, content in (("a", "{"), ("b", "[]"), ("c", '{"format": "vamen-break", "format_version": 1, "origin": 5}')):
        (tmp_path / f"{name}.json").write_text(content)
    assert variations_in(tmp_path, "ab") == set()


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no sound file"), (b"RIFF" + bytes(100), "no sound file"), (b"silence", "silent"), (b"long", "s long; cut a loop")],
)
def test_what_is_no_loop_is_said_in_a_sentence(content: bytes, said: str, tmp_path: Path, worker: Worker) -> None:
    if content in (b"silence", b"long"):
        frames = 44_100 if content == b"silence" else 125 * 8000
        soundfile.write(tmp_path / "x.wav", np.zeros(frames, dtype=np.int16), 44_100 if content == b"silence" else 8000)
        content = (tmp_path / "x.wav").read_bytes()
    with pytest.raises(VamenError, match=said) as told:
        job(tmp_path, content, 0, "x.wav").answer(worker)
    assert str(tmp_path / "x.wav") in str(told.value)


def test_a_tempo_in_a_name_is_not_told_twice() -> None:
    names = ("think_174bpm", "BPM 95 roll", "160 bpm", "amen break")
    assert [without_tempo(name) for name in names] == ["think", "roll", "", "amen break"]


@pytest.fixture
def played(tmp_path: Path, loop: bytes, run_vamen: RunVamen) -> Iterator[Path]:
    """A watch folder after an evening in which a loop was dropped that grew, and a broken one; and a knob was turned."""
    folder = tmp_path / "folder"
    options = ["--watch-folder", folder, "--inbox", "--export-on", "settle", "--bpm", 200, "--drift", 0]
    with playing(*options, "--record", tmp_path / "take.osc") as stage:
        (folder / "in" / "broken.wav").write_bytes(b"no sound at all")
        growing = folder / "in" / "mine.wav"
        growing.write_bytes(loop[:5000])
        stage.wait_for("/vamen/position", 4)
        with growing.open("ab") as file:
            file.write(loop[5000:])
        stage.send("/vamen/axis/1", 0.9)
        [[exported]] = stage.wait_for("/vamen/exported")
        assert str(exported).endswith("-90.wav")
        [[sentence]] = stage.wait_for("/vamen/error")
        assert str(folder / "in" / "broken.wav") in str(sentence)
        wait_until(lambda: len(list((folder / "out").glob("mine_*.wav"))) == 1 + VARIATIONS, "the loop to come back")
        assert stage.end() == 0, stage.errors
    assert stage.summary["generator failures"] == "0" and stage.summary["exports"] == "1"
    assert stage.errors.count("broken.wav") == 1 and "mine.wav has come back: 5 files" in stage.errors
    yield folder


@pytest.mark.real_time
def test_an_evening_with_an_inbox(played: Path, tmp_path: Path, loop: bytes, run_vamen: RunVamen) -> None:
    out = played / "out"
    assert require_whole_exports(out) == 1 + VARIATIONS
    names = sorted(path.name for path in out.glob("*.wav"))
    assert names[0] == "mine_200bpm_2bars_0001_self.wav" and names[-1] == f"mine_200bpm_2bars_0005_variation-{VARIATIONS}.wav"
    assert (played / "in" / "mine.wav").read_bytes() == loop
    origin = json.loads((out / "mine_200bpm_2bars_0002_variation-1.json").read_text())["origin"]
    assert (origin["loop"], origin["variation"]) == ("mine.wav", 1)
    # What it exported by itself stands in the take, and comes out of it as the same file.
    rendered = run_vamen(
        "render",
        tmp_path / "take.osc",
        "--out",
        tmp_path / "take.wav",
        "--watch-folder",
        tmp_path / "again",
        "--model",
        TINY_MODEL,
    )
    assert rendered.returncode == 0, rendered.stderr
    (live,), (offline,) = list(played.glob("*.wav")), list((tmp_path / "again").glob("*.wav"))
    assert offline.name == live.name and offline.read_bytes() == live.read_bytes()


@pytest.mark.parametrize("option", [["--inbox"], ["--export-on", "settle"]])
def test_without_a_folder_it_says_which_option_is_missing(option: list[str], run_vamen: RunVamen) -> None:
    result = run_vamen("play", "--model", TINY_MODEL, "--output", "none", "--osc-port", 0, *option)
    assert result.returncode == 2 and " ".join(option) in result.stderr and "--watch-folder DIR" in result.stderr
