"""Where the model files are that come with VAmEn."""

from __future__ import annotations

from pathlib import Path

MODELS = Path(__file__).parent / "models"
SHIPPED_MODELS = ("hifi", "classic")
"""Their names; the first one plays unless another is asked for."""


def model_path(name: str) -> Path:
    """Where the shipped model of this name is, or would be."""
    return MODELS / f"{name}.onnx"


DEFAULT_PATH = model_path(SHIPPED_MODELS[0])
