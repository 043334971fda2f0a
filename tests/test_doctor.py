"""`vamen devices` and `vamen doctor`."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bridge import devices, doctor, midi_ports
from bridge.__main__ import main
from bridge.devices import SoundDevice
from bridge.doctor import judge
from bridge.errors import VamenError
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE
from bridge.midi_ports import INPUT, PortKind
from bridge.model import Model
from bridge.provider_choice import Timing
from tests.conftest import TINY_MODEL

pytestmark = pytest.mark.real_time

SOUND = np.full(7 * ENGINE_SAMPLE_RATE, 0.5, dtype=np.float32)


def figures(repaints: int = 10, late: int = 0, gaps: int = 0) -> dict[str, str]:
    return {"repaints": str(repaints), "late repaints": str(late), "gaps": str(gaps)}


@pytest.fixture
def no_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> list[SoundDevice]:
        raise VamenError("PortAudio is missing: install libportaudio2")

    def no_midi(kind: PortKind) -> list[str]:
        raise VamenError("This system offers no MIDI; start a JACK server")

    monkeypatch.setattr(devices, "list_sound_devices", missing)
    monkeypatch.setattr(midi_ports, "list_ports", no_midi)


def test_devices_are_listed_with_rate_and_latency(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        SoundDevice(0, "Headphones", "ALSA", 48_000, 0.0087, 2, is_default=True),
        SoundDevice(3, "Desk", "JACK", 96_000, 0.0027, 1, is_default=False),
    ]
    monkeypatch.setattr(devices, "list_sound_devices", lambda: rows)
    monkeypatch.setattr(midi_ports, "list_ports", lambda kind: ["Knobs:Knobs MIDI 1"] if kind is INPUT else [])
    assert main(["devices"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Sound devices:",
        " * Headphones (ALSA): 48000 Hz, 8.7 ms, 2 channels",
        "   Desk (JACK): 96000 Hz, 2.7 ms, 1 channel",
        "MIDI inputs:",
        "   Knobs:Knobs MIDI 1",
        "MIDI outputs: none",
        "Control maps for --map: default, launchcontrolxl, minilab3, mpkmini3, nanokontrol2, twister, xtouchmini",
    ]


@pytest.mark.usefixtures("no_devices")
def test_what_is_missing_is_said_and_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices"]) == 0
    assert "install libportaudio2" in (out := capsys.readouterr().out)
    assert "start a JACK server" in out


@pytest.mark.usefixtures("no_devices")
def test_doctor_plays_and_says_ready(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    # This is about what the doctor does, not about how busy the machine is that tests run on.
    monkeypatch.setattr(doctor, "MOST_LATE_SHARE", 1e9)
    assert main(["doctor", "--model", str(TINY_MODEL), "--provider", "cpu"]) == 0
    out = capfd.readouterr().out
    assert "cpu: serves as CPUExecutionProvider" in out
    assert "Model: tiny" in out
    assert "axes: kick, snare, air, room" in out
    assert out.splitlines()[-1].startswith("Verdict: ready.")


@pytest.mark.usefixtures("no_devices")
def test_doctor_without_a_model_is_not_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--model", str(tmp_path / "none.onnx")]) == 1
    verdict = capsys.readouterr().out.splitlines()[-1]
    assert verdict.startswith("Verdict: not ready.")
    assert "none.onnx" in verdict


def test_the_verdict_follows_from_what_was_heard() -> None:
    assert judge(SOUND, figures(), 32) == "Everything sounded in time."
    assert "late" in judge(SOUND, figures(late=3), 32)
    assert "late" in judge(SOUND, figures(gaps=1), 32)
    with pytest.raises(VamenError, match="Nothing was heard"):
        judge(SOUND * 0, figures(), 32)
    with pytest.raises(VamenError, match="Nothing was heard"):
        judge(SOUND[:0], figures(), 32)
    with pytest.raises(VamenError, match="Nothing was heard"):
        judge(SOUND * np.float32("nan"), figures(), 32)
    with pytest.raises(VamenError, match="did not follow"):
        judge(SOUND, figures(repaints=0), 32)
    with pytest.raises(VamenError, match="came late"):
        judge(SOUND, figures(repaints=2, late=50), 32)


def test_native_libraries_are_silenced_and_heard_again(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(VamenError), doctor._native_libraries_silent():
        os.write(2, b"ALSA lib ...")
        raise VamenError("told in a sentence")
    os.write(2, b"afterwards")
    assert capfd.readouterr().err == "afterwards"


def test_it_says_whether_the_sound_has_to_wait(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_setscheduler", lambda *_: None, raising=False)
    monkeypatch.setattr(doctor, "take_precedence", lambda: True)
    doctor._print_precedence()
    assert capsys.readouterr().out == "The sound runs before other programs.\n"
    monkeypatch.setattr(doctor, "take_precedence", lambda: False)
    doctor._print_precedence()
    assert "let your user have a real-time priority of 5" in capsys.readouterr().out


def test_providers_are_said_with_their_times(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_gpu(model: Model, provider: str) -> None:
        raise VamenError("No GPU here")

    remembered: list[Timing] = []
    monkeypatch.setattr(doctor, "remember", lambda model, timing: remembered.append(timing))
    monkeypatch.setattr(doctor, "cpu_seconds", lambda model: (0.008, 0.05))
    monkeypatch.setattr(doctor, "SoundGraph", no_gpu)
    doctor._print_providers(TINY_MODEL)
    lines = capsys.readouterr().out.splitlines()
    assert "   cpu: serves as CPUExecutionProvider, a step in 8.0 ms, a loop in 50.0 ms" in lines
    assert "   cuda: does not serve: No GPU here" in lines
    assert lines[-1] == "   auto: cpu"
    assert not remembered

    gpu = SimpleNamespace(providers=["CUDAExecutionProvider", "CPUExecutionProvider"], captured=True)
    monkeypatch.setattr(doctor, "SoundGraph", lambda model, provider: gpu)
    monkeypatch.setattr(doctor, "graph_seconds", lambda model, graph: 0.003)
    doctor._print_providers(TINY_MODEL)
    lines = capsys.readouterr().out.splitlines()
    assert "   cuda: serves as CUDAExecutionProvider, CPUExecutionProvider, a loop in 3.0 ms" in lines
    assert lines[-1] == "   auto: cuda"
    assert remembered == [Timing(0.008, 0.05, 0.003)]
