"""What the ruler's sections need of a model."""

from __future__ import annotations

from typing import Protocol

from bridge.model_metadata import FloatArray, ModelMetadata


class Instrument(Protocol):
    """The part of `bridge.model.Model` that is measured."""

    @property
    def metadata(self) -> ModelMetadata: ...
    def decode_ring(self, latent: FloatArray) -> FloatArray: ...
    def encode(self, image: FloatArray) -> FloatArray: ...
