"""Where the model files are that come with VAmEn."""

from __future__ import annotations

from pathlib import Path

MODELS = Path(__file__).parent / "models"
SHIPPED_MODELS = ("hifi", "classic")
"""Their names; the first one plays unless another is asked for."""
DEFAULT_PATH = MODELS / f"{SHIPPED_MODELS[0]}.onnx"
