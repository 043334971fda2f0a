"""The model file as a file: the same decoder without its grain, and what tells one model from another."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from bridge.errors import VamenError
from bridge.model import Model
from bridge.model_metadata import PREFIX

GRAIN_TILES = "decoder.grain.tiles"
"""Ending of the name under which a model file keeps the noise that its grain is mixed from (training/model.py)."""
TRAINING_PROPERTY = PREFIX + "training"


def load_without_grain(path: Path) -> Model | None:
    """The model with its grain's tiles silenced; None where it paints no grain.

    :raises VamenError: the file cannot be read
    """
    proto = read_proto(path)
    tiles = [tensor for tensor in proto.graph.initializer if tensor.name.endswith(GRAIN_TILES)]
    if not tiles:
        return None
    for tensor in tiles:
        values = numpy_helper.to_array(tensor)
        tensor.CopyFrom(numpy_helper.from_array(np.zeros_like(values), tensor.name))
    with tempfile.TemporaryDirectory() as folder:
        silenced = Path(folder) / path.name
        silenced.write_bytes(proto.SerializeToString())
        return Model.load(silenced)


def fingerprint(path: Path) -> str:
    """SHA-256 of all that sounds in a model file: everything but the record of its making, which figures are written into.

    :raises VamenError: the file cannot be read
    """
    proto = read_proto(path)
    kept = [entry for entry in proto.metadata_props if entry.key != TRAINING_PROPERTY]
    kept.sort(key=lambda entry: entry.key)
    del proto.metadata_props[:]
    proto.metadata_props.extend(kept)
    return hashlib.sha256(proto.SerializeToString(deterministic=True)).hexdigest()


def read_proto(path: Path) -> onnx.ModelProto:
    """The file as ONNX holds it.

    :raises VamenError: it cannot be read, or is none
    """
    try:
        return onnx.load_from_string(path.read_bytes())
    except OSError as error:
        raise VamenError(f"The model {path} cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # protobuf's decoding error depends on which of its implementations runs
        raise VamenError(f"{path} is no ONNX file: name the one that `python -m export` wrote.") from error
