"""The `vamen` command: options, and how errors reach the user."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bridge import __main__ as command
from bridge import __version__, parameters
from bridge.command_line import build_parser
from bridge.errors import VamenError
from bridge.shipped_models import MODELS
from tests.conftest import TINY_MODEL, RunVamen


def parse(*arguments: str) -> argparse.Namespace:
    return build_parser().parse_args(arguments)


def test_play_has_the_documented_defaults() -> None:
    play = vars(parse("play"))
    del play["run"]
    assert play == {
        "model": None, "bpm": 170.0, "clock": "internal", "osc_host": "127.0.0.1", "osc_port": 9000, "midi_in": [],
        "midi_virtual": False, "osc_map": None, "oscquery_port": None,
        "map": None, "output": "audio", "device": None, "channels": (1, 2), "watch_folder": None, "record": None,
        "capture": None, "drift": 1, "slot": [], "provider": "auto", "blocksize": 256, "midi_clock_out": None, "offset_ms": 0.0,
        "export_on": "command", "inbox": False,
    }  # fmt: skip


def test_play_takes_every_option() -> None:
    play = parse(
        "play", "--channels", "3,4", "--slot", "9=a.json", "--slot", "10=b=c.json", "--drift", "0", "--bpm", "174.5",
        "--midi-in", "drums", "--midi-in", "knobs", "--clock", "midi", "--offset-ms", "-12.5",
    )  # fmt: skip
    assert play.channels == (3, 4)
    assert (play.midi_in, play.clock, play.offset_ms) == (["drums", "knobs"], "midi", -12.5)
    assert play.slot == [(9, Path("a.json")), (10, Path("b=c.json"))]
    assert play.drift == 0
    assert play.bpm == 174.5


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["play", "--bpm", "59"], "60 to 240"),
        (["play", "--bpm", "nan"], "60 to 240"),
        (["play", "--bpm", "fast"], "60 to 240"),
        (["play", "--osc-port", "70000"], "0 to 65535"),
        (["play", "--channels", "1,1"], "twice"),
        (["play", "--channels", "0,1"], "1 to 256"),
        (["play", "--slot", "129=a.json"], "1 to 128"),
        (["play", "--slot", "a.json"], "N=SLOT.json"),
        (["play", "--drift", "2"], "invalid choice"),
        (["sample", "--out", "x", "--bars", "3"], "invalid choice"),
        (["sample", "--out", "x", "-n", "0"], "1 to"),
        (["sample", "--out", "x", "--seed", "-1"], "0 to 2147483647"),
        (["sample"], "--out"),
        (["render", "a.osc"], "--out"),
        (["play", "--export-on", "beat"], "invalid choice"),
        (["kit", "--out", "x", "--slot", "1", "--seed", "1"], "not allowed with argument --slot"),
        (["kit", "a.json", "--out", "x", "--seed", "1"], "not allowed with argument SIDECAR.json"),
        (["kit"], "--out"),
        ([], "COMMAND"),
    ],
)
def test_a_wrong_option_is_explained_with_status_2(arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(*arguments)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err


def test_help_of_play_shows_every_osc_address(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("play", "--help")
    assert parameters.help_text().strip() in capsys.readouterr().out


@pytest.mark.parametrize("subcommand", ["play", "render", "sample", "encode", "learn", "devices", "doctor"])
def test_every_subcommand_has_help(subcommand: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(subcommand, "--help")
    assert ended.value.code == 0
    assert f"usage: vamen {subcommand}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("--version")
    assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


def failing_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(arguments: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr("bridge.command_line._sample", fail)


def test_what_the_user_can_mend_is_one_sentence_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing_with(monkeypatch, VamenError("The thing is broken for a reason; mend it."))
    assert command.main(["sample", "--out", "x"]) == 2
    assert capsys.readouterr().err == "vamen: The thing is broken for a reason; mend it.\n"


def test_an_interrupt_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    failing_with(monkeypatch, KeyboardInterrupt())
    assert command.main(["sample", "--out", "x"]) == 130
    assert capsys.readouterr().err == "vamen: interrupted.\n"


def test_our_own_mistakes_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    failing_with(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        command.main(["sample", "--out", "x"])


def test_a_process_says_one_sentence_without_traceback(run_vamen: RunVamen, tmp_path: Path) -> None:
    finished = run_vamen("sample", "--out", tmp_path, "--model", tmp_path / "missing.onnx")
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.startswith("vamen: ")
    assert "missing.onnx" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_a_shipped_model_goes_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    parse = build_parser().parse_args
    assert parse(["sample", "--out", "x", "--model", "classic"]).model == MODELS / "classic.onnx"
    (tmp_path / "classic").touch()
    assert parse(["sample", "--out", "x", "--model", "classic"]).model == Path("classic")
    assert parse(["sample", "--out", "x", "--model", "mine.onnx"]).model == Path("mine.onnx")


@pytest.mark.parametrize("option", [("--bpm", "120"), ("--bars", "4"), ("--watch-folder", "x"), ("--slot", "1=x.json")])
def test_a_sidecar_is_not_rendered_otherwise_than_it_says(
    option: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["render", str(tmp_path / "a.json"), "--out", str(tmp_path / "a.wav"), "--model", str(TINY_MODEL)]
    assert command.main([*arguments, *option]) == 2
    assert option[0] in capsys.readouterr().err
