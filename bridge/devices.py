"""The sound devices of this machine, and the one that a name means."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from bridge.errors import VamenError


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """A device that can play. `rate` in Hz is its own default, `latency` in seconds the lowest that it offers.

    `index` is PortAudio's number for it; `is_default` marks what `vamen play` opens when no device is named.
    """

    index: int
    name: str
    host_api: str
    rate: int
    latency: float
    channels: int
    is_default: bool


def import_sounddevice() -> ModuleType:
    """The sounddevice module; raises `VamenError` where PortAudio is missing."""
    try:
        import sounddevice
    except OSError as error:
        # Its wheels hold PortAudio for Windows and macOS, elsewhere it is the system's.
        remedy = "install libportaudio2" if sys.platform == "linux" else "install PortAudio"
        raise VamenError(f"the PortAudio library is missing, so no sound device can be opened: {remedy}") from error
    return sounddevice


def look_for_devices_again() -> None:
    """Let PortAudio see what was plugged in or taken out: it looks only when it starts. No stream may be open meanwhile.

    Raises `VamenError` when it does not start again; another call may do better.
    """
    sounddevice = import_sounddevice()
    try:
        # The module has no public name for it. After a start that failed there is nothing to end.
        while sounddevice._initialized:
            sounddevice._terminate()
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise VamenError(f"PortAudio does not start again ({error.args[0]}): start vamen again") from error


def _default_index(sounddevice: ModuleType) -> int:
    """PortAudio's number of the default output, or -1; on Windows WASAPI's, which is quicker and cleaner than MME's."""
    for host_api in sounddevice.query_hostapis():
        if "WASAPI" in host_api["name"]:
            return int(host_api["default_output_device"])
    return int(sounddevice.default.device[1])


def list_sound_devices() -> list[SoundDevice]:
    """Every device with an output, in PortAudio's order; raises `VamenError` where PortAudio is missing."""
    sounddevice = import_sounddevice()
    host_apis: list[dict[str, Any]] = list(sounddevice.query_hostapis())
    default = _default_index(sounddevice)
    return [
        SoundDevice(
            index=index,
            name=row["name"],
            host_api=host_apis[row["hostapi"]]["name"],
            rate=round(row["default_samplerate"]),
            latency=float(row["default_low_output_latency"]),
            channels=int(row["max_output_channels"]),
            is_default=index == default,
        )
        for index, row in enumerate(sounddevice.query_devices())
        if row["max_output_channels"] > 0
    ]


def find_sound_device(name: str | None) -> SoundDevice:
    """The default device (None), or the one whose name is or contains `name`, whatever the case; WASAPI's before others.

    Raises `VamenError` where there is none.
    """
    devices = list_sound_devices()
    if not devices:
        raise VamenError("there is no sound device on this machine: connect one, or use --output none")
    if name is None:
        default = [device for device in devices if device.is_default]
        return (default or devices)[0]
    wanted = name.casefold()
    matches = [device for device in devices if wanted in device.name.casefold()]
    if not matches:
        raise VamenError(f"no sound device is called {name!r}: `vamen devices` lists those that are there")
    return min(matches, key=lambda device: (device.name.casefold() != wanted, "WASAPI" not in device.host_api))
