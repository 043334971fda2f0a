"""What a hit sounds like, told by its levels in four bands and by how they compare with the other hits of its break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bridge.hits import Hit, band_levels_db
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray

LOOKED_AT_SECONDS = 0.09
"""From the attack on: a hit and not what it rings out into."""

KICK_UNDER_DB, KICK_OVER_DB = 12.0, 6.0
"""A kick's weight is so near to the heaviest hit's, and with its body it stands so high over the wires and the metal in it."""

HAT_OVER_DB, HAT_METAL_DB = 6.0, 4.0
"""In a hat, wires and metal together stand so high over the body, and the metal is at most so much under the wires."""

SNARE_UNDER_DB = 5.0
"""A snare's body and wires are so near to the loudest; a softer one is a ghost."""


def names_of(hits: Sequence[Hit]) -> list[str]:
    """A word for each hit: kick, snare, ghost or hat."""
    levels = np.array([band_levels_db(_beginning(hit)) for hit in hits])
    names = [_kick_or_hat(level, levels[:, 0].max()) for level in levels]
    struck = [_sum_db(level[1:3]) for level in levels]
    loudest = max((level for level, name in zip(struck, names, strict=True) if name is None), default=0.0)
    ghostly = ["snare" if level >= loudest - SNARE_UNDER_DB else "ghost" for level in struck]
    return [name or ghost for name, ghost in zip(names, ghostly, strict=True)]


def numbered(names: Sequence[str]) -> list[str]:
    """Each word with its number among its like, from 1: kick_1, hat_1, kick_2."""
    seen: Counter[str] = Counter()
    out = []
    for name in names:
        seen[name] += 1
        out.append(f"{name}_{seen[name]}")
    return out


def _beginning(hit: Hit) -> FloatArray:
    """The attack, which stands in the middle of the window that it is seen through, and what follows, at the break's level."""
    frames = round(LOOKED_AT_SECONDS * ENGINE_SAMPLE_RATE)
    attack = hit.at_its_level[hit.attack : hit.attack + frames]
    return np.concatenate([np.zeros_like(attack), attack])


def _kick_or_hat(level: NDArray[np.float64], heaviest: float) -> str | None:
    weight, body, wires, metal = level
    if weight >= heaviest - KICK_UNDER_DB and _sum_db(level[:2]) >= max(wires, metal) + KICK_OVER_DB:
        return "kick"
    return "hat" if _sum_db(level[2:]) >= body + HAT_OVER_DB and metal >= wires - HAT_METAL_DB else None


def _sum_db(levels: NDArray[np.float64]) -> float:
    return float(10.0 * np.log10(np.sum(10.0 ** (levels / 10.0))))
