"""The player at the desk while nobody is there: keeps a break moving, on bar lines only.

Two bars of the ring are played as phrases of four, A A A B. A is the break at home; B is A's last bar with its own steps chopped
into another order, the one and the backbeats kept. There is a new B every 16 bars, and every 32 the phrase comes home: A A A A.
"""

from __future__ import annotations

import numpy as np

from bridge.control import Control
from bridge.latent_space import Values
from bridge.mel_spectrogram import BEATS_PER_BAR

PHRASE_BARS = 4
VARIATION_BARS = 16
HOME_BARS = 32

BREAK_CONTROLS = frozenset({"latent", "latent_step", "latent_dimension", "random", "slot_recall", "morph"})
"""Whoever touches one of these has taken the break over."""

CHOP_STEPS = 2
"""Steps that are moved together: eighths, as a drummer's hand or a sampler's pads would."""


class Performer:
    """Decides, at the beginning of every loop, how its second bar goes on; the first bar plays meanwhile.

    `home` (steps, latent_dimensions) is the break in prior units; `seed` chooses the variations.
    """

    def __init__(self, home: Values, seed: int) -> None:
        self._home = home
        self._seed = seed
        self._loops_begun = 0
        self._sounding = home
        self.active = True

    def touched(self, control: Control) -> None:
        """A hand has moved something; if it was the break, leave it alone from now on."""
        if control.name in BREAK_CONTROLS:
            self.active = False

    def controls(self, beat: float) -> list[Control]:
        """What to do at a beat since the start (may be negative before it)."""
        bar = int(beat // BEATS_PER_BAR)
        bars_per_loop = len(self._home) // (BEATS_PER_BAR * 4)
        loop = bar // bars_per_loop
        if loop + 1 < self._loops_begun:
            # Started anew, or a clock has gone back.
            self._loops_begun = loop
        if not self.active or loop < self._loops_begun:
            return []
        self._loops_begun = loop + 1
        wanted = self._plan(loop * bars_per_loop, bars_per_loop)
        if wanted is self._sounding or np.array_equal(wanted, self._sounding):
            return []
        self._sounding = wanted
        return [Control("latent", (), tuple(float(value) for value in wanted.ravel()))]

    def _plan(self, bar: int, bars_per_loop: int) -> Values:
        """The break of the loop that begins at a bar."""
        ends_phrase = (bar + bars_per_loop) % PHRASE_BARS == 0
        if not ends_phrase or bar % HOME_BARS < PHRASE_BARS:
            return self._home
        return chopped(self._home, np.random.default_rng([self._seed, bar // VARIATION_BARS]))


def chopped(home: Values, generator: np.random.Generator) -> Values:
    """A break (steps, latent_dimensions) with its last bar chopped anew from its own steps, the one and the backbeats kept."""
    steps = len(home)
    bar = steps - BEATS_PER_BAR * 4
    varied = home.copy()
    for first in range(bar, steps, CHOP_STEPS):
        place = first - bar
        if place in (0, 4, 12):
            # The one, two and four are the rule that the rest plays against.
            continue
        # A chop comes from the same half of a beat, so that what was on the beat stays on one.
        sources = [start for start in range(0, steps, CHOP_STEPS) if start % 4 == first % 4]
        source = int(generator.choice(sources))
        varied[first : first + CHOP_STEPS] = home[source : source + CHOP_STEPS]
    return varied
