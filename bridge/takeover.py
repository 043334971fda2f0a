"""A knob that stands elsewhere than what it turns: jump there, wait for it, or share out the way that is left.

All places are positions 0..1 on the knob's way.
"""

from __future__ import annotations

from typing import Literal

Takeover = Literal["none", "pick-up", "scale"]
TAKEOVERS: tuple[Takeover, ...] = ("none", "pick-up", "scale")


class Knob:
    """An absolute knob: remembers where it stood, which is all that pick-up and value scaling have to know of it."""

    def __init__(self, takeover: Takeover) -> None:
        self._takeover = takeover
        self._stood: float | None = None

    @property
    def asks(self) -> bool:
        """Whether it has to know where the parameter is."""
        return self._takeover != "none"

    def forget(self) -> None:
        """It may be turned unseen from here on."""
        self._stood = None

    def moved(self, position: float, parameter: float | None) -> float | None:
        """Where the parameter goes when the knob has come to a position; None: it stays.

        :param parameter: where the parameter is now; None where nobody knows, and there is nothing to wait for
        """
        stood, self._stood = self._stood, position
        if self._takeover == "none" or parameter is None or parameter == stood:
            return position
        if stood is None or position == stood:
            return position if position == parameter else None
        if self._takeover == "pick-up":
            return position if min(stood, position) < parameter < max(stood, position) or position == parameter else None
        # What is left of the parameter's way is spread over what is left of the knob's, so that both arrive together.
        if position > stood:
            return parameter + (position - stood) * (1.0 - parameter) / (1.0 - stood)
        return parameter - (stood - position) * parameter / stood
