"""How whole breaks are drawn: pieces of breaks of one kit, put together anew, at the loudness that all breaks have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bridge.loudness import loudness_of_steps

FloatArray = np.ndarray[Any, np.dtype[np.float32]]
CodeArray = np.ndarray[Any, np.dtype[np.int8]]

LEVEL_UNIT_DB = 0.5
"""What one count in `Prior.levels` stands for."""
KIN = 8
"""Breaks nearest in sound to a draw's first one that its other pieces come from."""
OTHER_KIT = 100.0
"""Distance, in squared spreads of the kin's character, that a break of another kit is further away: taken only in need."""
ATTEMPTS = 32
"""Ways to put a break together that are tried for one of the right loudness."""
TOLERANCE_LU = 0.2


@dataclass(frozen=True)
class Prior:
    """What breaks are put together from.

    offset from the latent's mean = centre + g @ components. ``centre`` is made of pieces of ``piece_steps`` steps: half of them
    of one stored break, the others of its kin, each from its own place; the kit is that of the one. So a draw has a phrase and a
    sound of its own, and is no copy. g is a direction drawn uniformly, at a length of ``radius``. One centre of zeros makes it a
    plain linear-Gaussian prior; over whole breaks that draws half of one kit and half of another.
    """

    centres: CodeArray
    """(centre, steps * latent_dimensions), relative to the latent's mean, in units of ``centre_unit``."""
    centre_unit: float
    kits: tuple[int, ...]
    """Kit of each centre, from 0: breaks whose main sound comes from one recording."""
    levels: CodeArray
    """(centre, steps): K-weighted mean square of each step as it is painted, in dB, in units of ``LEVEL_UNIT_DB``."""
    loudness: float
    """LUFS that a draw should have, by its pieces' levels."""
    piece_steps: int
    """Steps of a piece, a divisor of the steps; as many as there are keeps every centre whole."""
    components: FloatArray
    """(component, steps * latent_dimensions), orthogonal rows, each one standard deviation long."""
    radius: float
    """Length of g, in standard deviations."""

    def draw(self, generator: np.random.Generator, kit_dimensions: int) -> FloatArray:
        """A new break, as offsets from the latent's mean.

        :param kit_dimensions: how many of a step's numbers, the last ones, are alike in all steps
        :returns: (steps, latent_dimensions)
        """
        count, steps = self.levels.shape
        centres = self.centres.reshape(count, steps, -1)
        first = int(generator.integers(count))
        kin = self._kin(centres, first)
        pieces = steps // self.piece_steps
        others = generator.random((ATTEMPTS, pieces)).argsort(axis=1) < (pieces + 1) // 2
        donors = np.where(others, kin[generator.integers(len(kin), size=others.shape)], first)
        donors = np.repeat(donors, self.piece_steps, axis=1)
        levels = self.levels[donors, np.arange(steps)] * LEVEL_UNIT_DB
        away = np.abs(loudness_of_steps(np.power(10.0, levels / 10.0)) - self.loudness)
        # The first that is right, not the best of all: there is no reason to prefer the likeness of some breaks.
        chosen = int(np.argmax(away <= TOLERANCE_LU)) if away.min() <= TOLERANCE_LU else int(np.argmin(away))
        pieced = centres[donors[chosen], np.arange(steps)]
        own = pieced.shape[1] - kit_dimensions
        pieced[:, own:] = centres[first, :, own:]
        centre = pieced.ravel() * np.float64(self.centre_unit)
        offset = centre + self._spread(generator)
        return offset.reshape(steps, -1).astype(np.float32)

    def near(self, generator: np.random.Generator) -> FloatArray:
        """The way from a break to one near it, as far as draws are spread around the breaks that they come from.

        :returns: (steps, latent_dimensions)
        """
        return self._spread(generator).reshape(self.levels.shape[1], -1).astype(np.float32)

    def _spread(self, generator: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
        """g @ components: (steps * latent_dimensions,)."""
        direction = generator.standard_normal(len(self.components))
        direction *= self.radius / np.linalg.norm(direction)
        return direction @ self.components

    def _kin(self, centres: CodeArray, first: int) -> np.ndarray[Any, np.dtype[np.intp]]:
        """The centres most like one in their mean over the steps, in which filtered, pitched and roomy breaks differ: (kin,)."""
        if len(centres) == 1:
            return np.zeros(1, dtype=np.intp)
        character = centres.mean(axis=1, dtype=np.float32)
        distance = np.square(character - character[first]).sum(axis=1)
        kits = np.array(self.kits)
        distance += OTHER_KIT * character.var(axis=0).sum() * (kits != kits[first])
        distance[first] = np.inf
        nearest = np.argpartition(distance, min(KIN, len(distance) - 1) - 1)
        return nearest[: min(KIN, len(distance) - 1)]
