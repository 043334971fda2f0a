"""Names of sound devices, and one sentence where there is nothing to name."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from bridge import devices
from bridge.devices import find_sound_device, import_sounddevice, list_sound_devices
from bridge.errors import VamenError


def device_row(name: str, host_api: int, outputs: int, rate: float = 48000.0) -> dict[str, Any]:
    return {
        "name": name,
        "hostapi": host_api,
        "max_output_channels": outputs,
        "default_samplerate": rate,
        "default_low_output_latency": 0.01,
    }


def fake_portaudio(rows: list[dict[str, Any]], host_apis: list[tuple[str, int]], default: int) -> SimpleNamespace:
    return SimpleNamespace(
        query_devices=lambda: rows,
        query_hostapis=lambda: [{"name": name, "default_output_device": index} for name, index in host_apis],
        default=SimpleNamespace(device=(-1, default)),
    )


WINDOWS = fake_portaudio(
    [
        device_row("Speakers (Realtek)", 0, 2, 44100.0),
        device_row("Microphone", 0, 0),
        device_row("Speakers (Realtek)", 1, 2),
        device_row("Scarlett 18i20", 1, 20, 96000.0),
    ],
    [("MME", 0), ("Windows WASAPI", 2)],
    default=0,
)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "import_sounddevice", lambda: WINDOWS)


@pytest.mark.usefixtures("windows")
def test_inputs_are_left_out_and_rows_say_what_they_are() -> None:
    rows = list_sound_devices()
    assert [(row.index, row.name, row.host_api, row.rate, row.channels) for row in rows] == [
        (0, "Speakers (Realtek)", "MME", 44100, 2),
        (2, "Speakers (Realtek)", "Windows WASAPI", 48000, 2),
        (3, "Scarlett 18i20", "Windows WASAPI", 96000, 20),
    ]


@pytest.mark.usefixtures("windows")
def test_wasapi_comes_before_other_ways_to_the_same_device() -> None:
    assert find_sound_device(None).index == 2
    assert find_sound_device("speakers").index == 2


@pytest.mark.usefixtures("windows")
def test_a_part_of_the_name_is_enough() -> None:
    assert find_sound_device("scarlett").index == 3
    with pytest.raises(VamenError, match="no sound device is called 'Babyface'"):
        find_sound_device("Babyface")


def test_an_exact_name_wins_over_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [device_row("pulse: default", 0, 2), device_row("default", 0, 2)]
    monkeypatch.setattr(devices, "import_sounddevice", lambda: fake_portaudio(rows, [("ALSA", 0)], 0))
    assert find_sound_device("default").index == 1


def test_no_device_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "import_sounddevice", lambda: fake_portaudio([], [], -1))
    assert list_sound_devices() == []
    with pytest.raises(VamenError, match="no sound device on this machine"):
        find_sound_device(None)


def test_a_missing_portaudio_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def find_spec(self, name: str, path: object, target: object = None) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(VamenError, match="install libportaudio2"):
        import_sounddevice()
