"""Breaks drawn into files, and files made again from their sidecars."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from bridge import break_render
from bridge.__main__ import INTERRUPTED_STATUS, main
from bridge.break_render import export_break, render_break
from bridge.errors import VamenError
from bridge.export_name import tempo_text
from bridge.latent_space import LatentSpace
from bridge.limiter import CEILING_DBTP, true_peak_dbtp
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, load_png
from bridge.model import Model
from bridge.sample import SampleSettings, draw_bars, written_draws
from bridge.sample_processes import process_count, written_by_processes
from bridge.watch_folder import WatchFolder
from tests.conftest import ROOT, TINY_MODEL
from tests.rig import wait_until


def vamen(*arguments: object) -> int:
    return main([*map(str, arguments), "--model", str(TINY_MODEL), "--provider", "cpu"])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_sample_writes_the_asked_for_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert vamen("sample", "-n", 2, "--seed", 5, "--bpm", 161.5, "--out", tmp_path) == 0
    stems = ["breaks_161.5bpm_2bars_0001", "breaks_161.5bpm_2bars_0002"]
    assert names(tmp_path) == [f"{stem}{suffix}" for stem in stems for suffix in (".json", ".png", ".wav")]
    assert capsys.readouterr().out.split() == [str(tmp_path / f"{stem}.wav") for stem in stems]
    sidecar = json.loads((tmp_path / f"{stems[1]}.json").read_text())
    assert sidecar["origin"] == {"draw": 6}
    # The same command once more: the same breaks beside the first, over none of them.
    assert vamen("sample", "-n", 2, "--seed", 5, "--bpm", 161.5, "--out", tmp_path) == 0
    assert len(names(tmp_path)) == 12
    first, third = (tmp_path / f"breaks_161.5bpm_2bars_000{number}.wav" for number in (1, 3))
    assert first.read_bytes() == third.read_bytes()


def settings(folder: Path) -> SampleSettings:
    return SampleSettings(model=TINY_MODEL, provider="cpu", out=folder, bars=1, beats_per_minute=240.0)


def drawn(folder: Path, seeds: list[int]) -> list[Path]:
    return list(written_draws(WatchFolder(folder), Model.load(TINY_MODEL), seeds, settings(folder)))


def test_several_processes_write_the_files_of_one(tmp_path: Path) -> None:
    seeds = [7, 3, 2**31 - 1, 0, 11]
    alone, together = drawn(tmp_path / "alone", seeds), list(written_by_processes(seeds, settings(tmp_path / "together"), 2))
    assert [path.name for path in together] == [path.name for path in alone]
    assert names(tmp_path / "together") == names(tmp_path / "alone")
    for name in names(tmp_path / "alone"):
        assert (tmp_path / "together" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    assert multiprocessing.active_children() == []


def test_processes_are_started_where_there_is_enough_to_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert [process_count(breaks) for breaks in (1, 2, 15, 16, 24, 1000)] == [1, 1, 1, 2, 3, 4]


def test_whoever_stops_listening_keeps_what_is_whole(tmp_path: Path) -> None:
    breaks = written_by_processes(list(range(40)), settings(tmp_path), 2)
    seen = [next(breaks), next(breaks)]
    breaks.close()
    assert multiprocessing.active_children() == []
    left = names(tmp_path)
    assert not [name for name in left if name.endswith(".part")]
    # One more may just have been given its name; none lacks a companion.
    assert {path.name for path in seen} <= set(left) and len(left) in (6, 9)


def test_a_process_that_dies_is_an_error_and_not_silence(tmp_path: Path) -> None:
    breaks = written_by_processes(list(range(40)), settings(tmp_path), 2)
    next(breaks)
    multiprocessing.active_children()[0].kill()
    with pytest.raises(VamenError, match=r"A process that draws breaks has died \(exit status -9\)"):
        list(breaks)
    assert multiprocessing.active_children() == []


def test_what_a_process_cannot_write_is_said_as_here(tmp_path: Path) -> None:
    unwritable = tmp_path / "file"
    unwritable.write_text("no folder")
    with pytest.raises(VamenError) as said:
        drawn(unwritable, [0])
    with pytest.raises(VamenError) as said_by_process:
        list(written_by_processes([0, 1], settings(unwritable), 2))
    assert str(said_by_process.value) == str(said.value)


def group_exists(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_ctrl_c_ends_all_processes_and_leaves_whole_files(tmp_path: Path) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core, one process")
    command = [sys.executable, "-m", "bridge", "sample", "-n", "4000", "--bars", "1", "--out", str(tmp_path / "breaks")]
    with subprocess.Popen(
        [*command, "--model", str(TINY_MODEL), "--provider", "cpu"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        first = Path(process.stdout.readline().strip())
        # To the whole group, as a terminal does.
        os.killpg(process.pid, signal.SIGINT)
        listed, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED_STATUS and said == "vamen: interrupted.\n"
    wait_until(lambda: not group_exists(process.pid), "the last process to go")
    left = names(tmp_path / "breaks")
    assert not [name for name in left if name.endswith(".part")]
    wavs = [name for name in left if name.endswith(".wav")]
    assert {first.name, *(Path(line).name for line in listed.split())} <= set(wavs) and len(left) == 3 * len(wavs)


@pytest.mark.parametrize(("bars", "word"), [(1, "bar"), (2, "bars"), (4, "bars")])
@pytest.mark.parametrize("beats_per_minute", [90, 174.37])
def test_a_file_is_exactly_whole_bars_and_its_sidecar_makes_it_again(
    bars: int, word: str, beats_per_minute: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vamen("sample", "-n", 1, "--bars", bars, "--bpm", beats_per_minute, "--out", tmp_path) == 0
    stem = f"breaks_{beats_per_minute}bpm_{bars}{word}_0001"
    path = tmp_path / f"{stem}.wav"
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (44_100, 3, 1)
        assert file.getnframes() == round(bars * 4 * 60 / beats_per_minute * ENGINE_SAMPLE_RATE)
    assert load_png(path.with_suffix(".png")).shape == (512, 256 * bars)
    assert vamen("render", path.with_suffix(".json"), "--out", tmp_path / "again.wav") == 0
    assert (tmp_path / "again.wav").read_bytes() == path.read_bytes()
    assert capsys.readouterr().err == ""


def test_draws_are_those_of_the_instrument(tiny_model: Model) -> None:
    metadata = tiny_model.metadata
    draw = LatentSpace(metadata).draw(3)
    assert np.array_equal(draw_bars(metadata, 3, 2), draw)
    assert np.array_equal(draw_bars(metadata, 3, 1), draw[:16])
    four = draw_bars(metadata, 3, 4)
    assert np.array_equal(four[:48], np.concatenate([draw, draw[:16]]))
    changed = np.any(four[48:] != draw[16:], axis=1)
    assert np.array_equal(changed, np.arange(16) % 4 != 0)


def test_renders_are_equal_to_the_bit_and_under_the_ceiling(tiny_model: Model) -> None:
    latent = tiny_model.metadata.slots[0].latent
    first, image = render_break(tiny_model, latent, 170.0)
    second, _ = render_break(Model.load(TINY_MODEL), latent.copy(), 170.0)
    assert np.array_equal(first, second)
    assert first.dtype == np.float32
    assert image.dtype == np.uint8
    assert true_peak_dbtp(np.tile(first, 3)) <= CEILING_DBTP
    assert np.abs(first).max() > 0.05


@pytest.mark.parametrize(("beats_per_minute", "text"), [(170.0, "170"), (161.5, "161.5"), (100.004, "100"), (60.25, "60.25")])
def test_tempo_in_a_file_name(beats_per_minute: float, text: str) -> None:
    assert tempo_text(beats_per_minute) == text


def test_a_long_foreign_name_keeps_tempo_and_bars(tiny_model: Model, tmp_path: Path) -> None:
    latent = tiny_model.metadata.slots[0].latent[:16]
    path = export_break(WatchFolder(tmp_path), tiny_model, latent, 120.0, name="../" + "\U00020000" * 100)
    assert path.parent == tmp_path
    assert path.name.endswith("_120bpm_1bar_0001.wav")


def written_sidecar(tmp_path: Path, **fields: object) -> Path:
    """A sidecar of one drawn bar with some fields changed."""
    if not (tmp_path / "breaks_240bpm_1bar_0001.json").exists():
        vamen("sample", "-n", 1, "--bars", 1, "--bpm", 240, "--out", tmp_path)
    document = json.loads((tmp_path / "breaks_240bpm_1bar_0001.json").read_text())
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(document | fields))
    return path


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"beats_per_minute": 1e9}, "beats_per_minute"),
        ({"beats_per_minute": "fast"}, "beats_per_minute"),
        ({"beats_per_minute": None}, "beats_per_minute"),
        ({"latent": [[0.0] * 4] * 17}, "latent"),
        ({"latent": [[0.0] * 4] * 100_000}, "latent"),
        ({"latent": 5}, "latent"),
        ({"model": {"name": "other", "sha256": "00"}}, "another model (other"),
        ({"format_version": 99}, "format_version"),
    ],
)
def test_a_strangers_sidecar_is_refused_in_a_sentence(
    fields: dict[str, object], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written_sidecar(tmp_path, **fields)
    capsys.readouterr()
    assert vamen("render", path, "--out", tmp_path / "x.wav") == 2
    error = capsys.readouterr().err
    assert said in error
    assert str(path) in error
    assert error.count("\n") == 1
    assert not (tmp_path / "x.wav").exists()


def test_another_version_is_said_and_rendered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written_sidecar(tmp_path, vamen_version="0.0.1")
    assert vamen("render", path, "--out", tmp_path / "x.wav") == 0
    assert "0.0.1" in capsys.readouterr().err
    assert (tmp_path / "x.wav").stat().st_size == (tmp_path / "breaks_240bpm_1bar_0001.wav").stat().st_size


def test_a_render_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written_sidecar(tmp_path)
    out = tmp_path / "x.wav"
    out.write_bytes(b"old")

    class FullDisk(break_render.WavWriter):
        def write(self, block: object) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(break_render, "WavWriter", FullDisk)
    assert vamen("render", path, "--out", out) == 2
    assert f"{out} cannot be written (No space left on device); choose" in capsys.readouterr().err
    assert out.read_bytes() == b"old"
    assert not [name for name in names(tmp_path) if name.endswith(".part")]
    assert vamen("render", path, "--out", tmp_path / "missing" / "x.wav") == 2
    assert "missing" in capsys.readouterr().err
