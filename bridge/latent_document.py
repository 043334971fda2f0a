"""JSON documents that carry latents: the sidecar beside an export, and the slot file that `vamen encode` writes.

Both begin with the same header (kind, format version, VAmEn's version, the model's name and hash), and both may come from a
stranger: sizes and types are checked before anything is used, and nothing but JSON is ever read from them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from bridge import __version__
from bridge.errors import VamenError
from bridge.model import Model
from bridge.model_metadata import FloatArray
from bridge.whole_file import read_at_most, reason

FORMAT_VERSION = 1
MAX_DOCUMENT_BYTES = 16_000_000
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)

Document = dict[str, Any]


def header(kind: str, model: Model) -> Document:
    """The fields that every document begins with; `kind` is its name, as in "vamen-break"."""
    return {
        "format": kind,
        "format_version": FORMAT_VERSION,
        "vamen_version": __version__,
        "model": {"name": model.metadata.name, "sha256": model.sha256},
    }


def rows_from_latent(latent: FloatArray) -> list[list[float]]:
    """A latent (steps, latent_dimensions) as rows of numbers, each the shortest that reads back as the same float32."""
    return [[float(str(value)) for value in row] for row in np.asarray(latent, dtype=np.float32)]


def latent_from_rows(rows: Any, model: Model, path: Path, step_counts: tuple[int, ...]) -> FloatArray:
    """The latent that `rows_from_latent` wrote: (steps, latent_dimensions) float32, steps being one of `step_counts`.

    Raises VamenError that names the file for rows of another shape and for anything but finite numbers.
    """
    columns = model.metadata.latent_dimensions
    shaped = isinstance(rows, list) and len(rows) in step_counts and all(isinstance(r, list) and len(r) == columns for r in rows)
    if not shaped or not all(_is_number(value) for row in rows for value in row):
        steps = " or ".join(map(str, step_counts))
        raise VamenError(f"{path} is damaged: its latent is not {steps} rows of {columns} numbers; make the file again.")
    return np.array(rows, dtype=np.float32)


def number_field(document: Document, field: str, low: float, high: float, path: Path) -> float:
    """A number from `low` to `high` in a document; raises VamenError that names file and field otherwise."""
    value = document.get(field)
    if not _is_number(value) or not low <= value <= high:
        raise VamenError(f"{path} is damaged: {field} is {value!r:.40}, not {low:g} to {high:g}; make the file again.")
    return float(value)


def write_json(path: Path, document: Document) -> None:
    """Write a document; rows of numbers stay on one line, so that a person can read a step and git can diff one."""
    path.write_text(_layout(document) + "\n", encoding="utf-8", newline="\n")


def read_document(path: Path, kind: str) -> Document:
    """Read a document of one kind. Raises VamenError when it cannot be read, or is another kind or a newer format."""
    try:
        data = read_at_most(path, MAX_DOCUMENT_BYTES)
    except OSError as error:
        raise VamenError(f"{path} cannot be read ({reason(error)}); check the path.") from error
    if data is None:
        raise VamenError(f"{path} is larger than {MAX_DOCUMENT_BYTES // 1_000_000} MB, so it is none of VAmEn's; check the path.")
    try:
        document = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise VamenError(f"{path} is no JSON file of VAmEn's; check the path.") from error
    if not isinstance(document, dict) or document.get("format") != kind:
        raise VamenError(f"{path} is no {kind} file; check the path.")
    if document.get("format_version") != FORMAT_VERSION:
        raise VamenError(
            f"{path} has format_version {document.get('format_version')!r:.20}, this VAmEn knows {FORMAT_VERSION}: "
            "install the VAmEn that wrote it."
        )
    return document


def require_model(document: Document, model: Model, path: Path) -> None:
    """Raises VamenError when a document belongs to another model: its latents would mean something else here."""
    entry = document.get("model")
    named = entry if isinstance(entry, dict) else {}
    if named.get("sha256") != model.sha256:
        raise VamenError(
            f"{path} was made with another model ({named.get('name', 'unnamed')!s:.40}, sha256 {named.get('sha256', '?')!s:.12}) "
            f"than the one in use ({model.metadata.name}, sha256 {model.sha256:.12}): pass its model with --model."
        )


def _is_number(value: Any) -> TypeGuard[int | float]:
    """Whether float32 holds it: a JSON number may have hundreds of digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_FLOAT32


def _layout(value: Any, indent: str = "") -> str:
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        fields = [f"{deeper}{json.dumps(key)}: {_layout(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(fields) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return "[\n" + ",\n".join(deeper + _layout(item, deeper) for item in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
