"""SLOT.json: breaks of the user's own, encoded, to be played from a slot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import VamenError
from bridge.latent_document import (
    header,
    latent_from_rows,
    read_document,
    require_model,
    rows_from_latent,
    write_json,
)
from bridge.model import Model
from bridge.model_metadata import FloatArray
from bridge.parameters import DOCUMENTED_LAYOUT
from bridge.whole_file import replacing

KIND = "vamen-slots"
LAST_SLOT = DOCUMENTED_LAYOUT.slots


@dataclass(frozen=True)
class SlotBreak:
    """One encoded loop: where it came from, how its beats were read, and its latent (steps, latent_dimensions)."""

    name: str
    source_sha256: str
    beats: int
    beats_per_minute: float
    start_seconds: float
    latent: FloatArray


def write_slot_file(path: Path, breaks: Iterable[SlotBreak], model: Model) -> None:
    """Write a slot file in one go (an existing one is replaced whole).

    Raises VamenError when that fails: before the first break is asked for, where the place is to blame.
    """
    with replacing(path) as temporary:
        entries = [
            {
                "name": entry.name,
                "source_sha256": entry.source_sha256,
                "beats": entry.beats,
                "beats_per_minute": entry.beats_per_minute,
                "start_seconds": entry.start_seconds,
                "latent": rows_from_latent(entry.latent),
            }
            for entry in breaks
        ]
        write_json(temporary, header(KIND, model) | {"breaks": entries})


def load_slot_file(path: Path, model: Model) -> list[FloatArray]:
    """The latents in a slot file, in order, each (steps, latent_dimensions) float32.

    Raises VamenError when it cannot be read, is damaged or empty, or was encoded with another model.
    """
    document = read_document(path, KIND)
    require_model(document, model, path)
    breaks = document.get("breaks")
    if not isinstance(breaks, list) or not breaks or not all(isinstance(entry, dict) for entry in breaks):
        raise VamenError(f"{path} holds no breaks; make it again with `vamen encode`.")
    return [latent_from_rows(entry.get("latent"), model, path, (model.metadata.spec.steps,)) for entry in breaks]


def load_slots(pairs: Iterable[tuple[int, Path]], model: Model) -> dict[int, FloatArray]:
    """What `--slot N=SLOT.json` options put where: slot number (from 1) -> latent; a file of several fills N, N + 1, ...

    Raises VamenError as `load_slot_file` does, and where two files want one slot or the last slot is passed.
    """
    slots: dict[int, FloatArray] = {}
    for first, path in pairs:
        for number, latent in enumerate(load_slot_file(path, model), start=first):
            if number > LAST_SLOT:
                raise VamenError(f"{path} reaches past the last slot ({LAST_SLOT}); give it a lower number than {first}.")
            if number in slots:
                raise VamenError(f"Two --slot options fill slot {number}; give {path} another number than {first}.")
            slots[number] = latent
    return slots
