"""What a model file claims about itself: the results that `python -m export.claims` wrote into it, once they were measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.ruler.bars import LOOPS

FORMAT_VERSION = 1
"""Of an evaluation as JSON."""
KEY = "evaluation"
"""Where it stands in a model's record of its making (`ModelMetadata.training`)."""


def comparable(claimed: Mapping[str, Any] | None, measured: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The claimed results that a new measurement can be held against, or None.

    Those of other breaks say nothing about these; those of other loops are left out.
    """
    if claimed is None or claimed["format_version"] != measured["format_version"] or claimed["data"] != measured["data"]:
        return None
    results: dict[str, Any] = dict(claimed["results"])
    if claimed["loops"] != measured["loops"]:
        for key in LOOPS:
            results.pop(key, None)
    return results
