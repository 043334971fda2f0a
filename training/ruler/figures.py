"""A figure of the ruler's beside its bar and beside what a model card claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Better = Literal["less", "more", "one"]

RELATIVE_TOLERANCE = 0.02
"""A figure may be this much worse than the card claims: rounding differs between processors, and an onset may go either way."""
ABSOLUTE_TOLERANCE = {"dB": 0.05, "ms": 0.1, "LU": 0.05, "sd": 0.02, "": 0.005}
"""Or this much, by unit."""


@dataclass(frozen=True)
class Bar:
    """From `at_least` to `at_most`, both in the figure's unit, or in units of the figure at the path `times`."""

    at_least: float | None = None
    at_most: float | None = None
    times: str = ""

    def limits(self, figures: Mapping[str, Any]) -> tuple[float | None, float | None]:
        """Both ends in the figure's own unit; None where that end is open."""
        unit = float(look_up(figures, self.times) or 0.0) if self.times else 1.0
        low, high = self.at_least, self.at_most
        return (None if low is None else low * unit, None if high is None else high * unit)


@dataclass(frozen=True)
class Figure:
    """One figure of the report: where it stands among the results, and how to read it."""

    section: str
    path: str
    label: str
    unit: str = ""
    better: Better | None = None
    bar: Bar | None = None
    beside: tuple[tuple[str, str], ...] = ()
    """Names and paths of figures to read it beside."""


@dataclass(frozen=True)
class Line:
    """A figure as the report states it."""

    figure: Figure
    value: float
    beside: str
    asked: str
    """What the bar asks for; empty where there is none."""
    missed_by: float
    """How far the value lies outside its bar, in its unit; 0 where the bar is met or there is none."""
    verdict: str
    """"met", "MISSED by ...", or empty."""
    claimed: float | None
    worse_than_claimed: bool

    @property
    def stated(self) -> str:
        """The value with its unit."""
        return number(self.value, self.figure.unit)


def lines(figures: Mapping[str, Any], table: tuple[Figure, ...], claims: Mapping[str, Any] | None = None) -> list[Line]:
    """What can be said of results (nested, as the sections give them): a line for each figure of the table that is there.

    :param claims: the results that a model card states, of the same data
    """
    found = []
    for figure in table:
        value = look_up(figures, figure.path)
        if value is None:
            continue
        claimed = look_up(claims, figure.path) if claims is not None else None
        beside = [(name, look_up(figures, path)) for name, path in figure.beside]
        low, high = figure.bar.limits(figures) if figure.bar else (None, None)
        missed_by = max(0.0 if low is None else low - value, 0.0 if high is None else value - high, 0.0)
        found.append(
            Line(
                figure=figure,
                value=value,
                beside=", ".join(f"{name} {number(other, '')}" for name, other in beside if other is not None),
                asked=_asked(low, high, figure.unit),
                missed_by=missed_by,
                verdict="" if figure.bar is None else f"MISSED by {number(missed_by, figure.unit)}" if missed_by else "met",
                claimed=claimed,
                worse_than_claimed=claimed is not None and worse(figure, value, claimed),
            )
        )
    return found


def look_up(figures: Mapping[str, Any] | None, path: str) -> float | None:
    """The number at a path of keys joined by dots; None where there is none."""
    value: Any = figures
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return float(value) if isinstance(value, int | float) else None


def worse(figure: Figure, value: float, claimed: float) -> bool:
    """Whether a value is worse than a claimed one by more than the tolerances; figures without a better way never are."""
    if figure.better is None:
        return False
    tolerance = max(RELATIVE_TOLERANCE * abs(claimed), ABSOLUTE_TOLERANCE[figure.unit])
    distance = {"less": value - claimed, "more": claimed - value, "one": abs(value - 1.0) - abs(claimed - 1.0)}
    return not distance[figure.better] <= tolerance


def number(value: float, unit: str) -> str:
    """A value for people: three significant digits at least, and its unit."""
    text = f"{value:.0f}" if float(value).is_integer() and not unit else f"{value:.2f}" if abs(value) < 100.0 else f"{value:.0f}"
    if 0.0 < abs(value) < 0.01:
        text = f"{value:.1g}"
    return f"{text} {unit}".rstrip()


def _asked(low: float | None, high: float | None, unit: str) -> str:
    if low is not None and high is not None:
        return f"{number(low, '')} to {number(high, unit)}"
    if low is not None:
        return f"at least {number(low, unit)}"
    return f"at most {number(high, unit)}" if high is not None else ""
