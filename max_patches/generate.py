"""Writes every patch of this folder from the bridge's table: `python -m max_patches.generate`, or `make patches`.

Running it again changes nothing; a test compares what is checked in with what would be written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from max_patches import abstractions, help_patch, main_patch, pure_data
from max_patches.live_devices import device_bytes, midi_device
from max_patches.live_instrument import instrument
from max_patches.table import DEVICE_PORT, INSTRUMENT_PORT, read_layout, rows

FOLDER = Path(__file__).parent


def files() -> Mapping[str, bytes]:
    """The content of every generated file, by its name."""
    layout = read_layout()
    every_row = list(rows(layout))
    patches = {
        "vamen.maxpat": main_patch.build(layout, every_row),
        "vamen.help.maxpat": help_patch.build(every_row),
        "vamen.send.maxpat": abstractions.sending(),
        "vamen.receive.maxpat": abstractions.receiving(),
    }
    devices = {
        "vamen.amxd": device_bytes(midi_device(every_row, DEVICE_PORT).document(), b"mmmm"),
        "vamen instrument.amxd": device_bytes(instrument(every_row, INSTRUMENT_PORT).document(), b"iiii"),
    }
    pure_data_patch = {"vamen.pd": pure_data.build(every_row).encode()}
    return {name: _json(sheet.document()) for name, sheet in patches.items()} | devices | pure_data_patch


def _json(document: Mapping[str, object]) -> bytes:
    return (json.dumps(document, indent=1) + "\n").encode()


def main() -> None:
    """Write them all into this folder."""
    for name, content in files().items():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
