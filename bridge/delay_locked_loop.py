"""Turns the jittery times of even pulses into a steady line: when the latest pulse was meant to come, and how far apart they are.

The loop is F. Adriaensen's (Using a DLL to filter time, Linux Audio Conference 2005): a second-order filter, critically damped at
1/sqrt(2), whose gains follow from its bandwidth. Two things are added. It begins as the least-squares line through the pulses so
far (the expanding-memory filter: E. Brookner, Tracking and Kalman Filtering Made Easy, 1998, section 1.2.10), until the gains of
that have fallen to the loop's own: so it knows the tempo after a few pulses. And a jump of tempo or phase is not slewed to: a
cumulative sum of what the line gets wrong (E. S. Page, Continuous Inspection Schemes, Biometrika 1954) tells it from jitter, and
the line is laid anew through the pulses since.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

BANDWIDTH_HZ = 0.5
"""Lets through 1.06 * 2 pi * bandwidth / (pulses a second) of the jitter's power: of 1 ms rms on a MIDI clock at 126 BPM 0.26 ms.
A tempo that is drawn out by 1 % a second is followed 0.01 / (2 pi * bandwidth)^2 = 1 ms late; half the bandwidth would be 4."""

RECOGNISED_PULSES = 8
"""So many pulses make a line: with 1 ms of jitter its tempo at 126 BPM is right to 0.8 % rms, and to 0.16 % after 24."""

REMEMBERED_PULSES = 64

LEAST_JITTER_SECONDS, MOST_JITTER_SECONDS = 0.001, 0.01
"""What the jitter is taken for at the least (the raster of USB and of drivers) and at the most."""

JITTER_MEMORY_PULSES = 64

CLIPPED, ALLOWED, ALARM = 3.0, 1.0, 8.0
"""In units of the jitter: errors beyond the first count as that much (one late pulse moves little), the second is forgiven every
pulse, and a sum beyond the third is a jump. Gaussian jitter of 1 ms raised no false alarm in 37 minutes, of 3 ms six; each costs
the line some of its memory, no more."""

STUMBLING = 2.5
"""In units of the jitter: what pulses may deviate (rms) from the line of a new tempo."""


@dataclass(frozen=True, slots=True)
class Jump:
    """The line was laid anew. The first pulse after the change came `shift_seconds` later than the old line, whose pulses were
    `old_period` seconds apart, had it; `tempo_kept` says that only the phase has moved."""

    shift_seconds: float
    old_period: float
    tempo_kept: bool


@dataclass(slots=True)
class _Suspicion:
    """Page's sum in one direction: `points` (position, seconds) since it last was 0, and the line before them."""

    sign: float
    total: float = 0.0
    points: list[tuple[float, float]] = field(default_factory=list)
    line: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def clear(self) -> None:
        self.total = 0.0
        self.points.clear()

    def add(self, error: float, line: tuple[float, float, float], point: tuple[float, float]) -> None:
        total = self.total + self.sign * error - ALLOWED
        if total <= 0.0:
            self.clear()
            return
        if not self.points:
            self.line = line
        self.total = total
        self.points.append(point)
        del self.points[:-REMEMBERED_PULSES]


class DelayLockedLoop:
    """Follows pulses whose times, in seconds, are even but for jitter.

    `period` (seconds a step) is given where it is known beforehand within a thousandth, as a sound card's is; then only the phase
    is sought at the start, and a jump never changes the period. `pulses` counts those since the line was begun, `seconds` is the
    line's time of the latest one; both mean something from `recognised` on.
    """

    def __init__(self, bandwidth_hz: float = BANDWIDTH_HZ, period: float | None = None) -> None:
        self.pulses = 0
        self.seconds = 0.0
        self.period = period or 0.0
        self.jitter_seconds = LEAST_JITTER_SECONDS
        self._bandwidth_hz = bandwidth_hz
        self._period_known = period is not None
        self._position = 0.0
        self._last_error = 0.0
        self._difference = 0.0
        self._suspicions = (_Suspicion(1.0), _Suspicion(-1.0))

    @property
    def recognised(self) -> bool:
        """Whether enough pulses have come for a line."""
        return self.pulses >= RECOGNISED_PULSES

    def restart(self) -> None:
        """Forget the line (but not a period that was given): the next pulse is the first."""
        self.pulses = 0
        for suspicion in self._suspicions:
            suspicion.clear()

    def lay_through(self, seconds: float) -> None:
        """The next pulse, at `seconds`, is on the line whatever was before.

        A period that was recognised is kept; if it is no longer true, that is a jump, found as soon as a first period would be.
        """
        pulses = self.pulses if self.recognised else 0
        self.restart()
        self.pulses = pulses
        self.seconds = seconds - self.period

    def update(self, seconds: float, steps: float = 1.0) -> Jump | None:
        """A pulse has come, `steps` (> 0) steps after the one before; returns what has changed if that is not jitter."""
        self.pulses += 1
        self._position += steps
        if self.pulses == 1:
            self.seconds = seconds
            return None
        if self.pulses == 2 and not self._period_known:
            self.period = (seconds - self.seconds) / steps
        before = (self._position - steps, self.seconds, self.period)
        predicted = self.seconds + steps * self.period
        error = raw_error = seconds - predicted
        if self.recognised:
            limit = CLIPPED * self.jitter_seconds
            error = min(max(error, -limit), limit)
        phase_gain, period_gain = self._gains(steps)
        self.seconds = predicted + phase_gain * error
        self.period += period_gain * error / steps
        if not self.recognised:
            self._last_error = raw_error
            return None
        for suspicion in self._suspicions:
            suspicion.add(error / self.jitter_seconds, before, (self._position, seconds))
        self._learn_jitter(raw_error)
        self._last_error = raw_error
        for suspicion in self._suspicions:
            if suspicion.total > ALARM and len(suspicion.points) >= RECOGNISED_PULSES:
                return self._jump(suspicion)
        return None

    def _gains(self, steps: float) -> tuple[float, float]:
        """Gains of phase and period: the loop's own, or those of the line through few pulses while they are larger."""
        omega = 2.0 * math.pi * self._bandwidth_hz * self.period * steps
        # Adriaensen's b and c; his loop predicts with the period before its correction, this one with the one after.
        phase, period = math.sqrt(2.0) * omega - omega**2, omega**2
        n = self.pulses
        if self._period_known:
            return max(phase, 1.0 / n), period
        return max(phase, (4 * n - 2) / (n * (n + 1))), max(period, 6 / (n * (n + 1)))

    def _learn_jitter(self, error: float) -> None:
        """From how errors differ from one pulse to the next, which a line that lies wrong does not change."""
        size = min(abs(error - self._last_error), CLIPPED * self.jitter_seconds)
        memory = min(self.pulses - RECOGNISED_PULSES + 1, JITTER_MEMORY_PULSES)
        self._difference += (size - self._difference) / memory
        # Two Gaussian errors of standard deviation sigma differ by 2 / sqrt(pi) * sigma on average.
        sigma = math.sqrt(math.pi) / 2.0 * self._difference
        self.jitter_seconds = min(max(sigma, LEAST_JITTER_SECONDS), MOST_JITTER_SECONDS)

    def _jump(self, suspicion: _Suspicion) -> Jump | None:
        """Lay the line anew through the pulses that are under suspicion; not where they make none (a pile of late ones)."""
        position, seconds, old_period = suspicion.line
        points = np.array(suspicion.points)
        since = points[:, 0] - position
        late = points[:, 1] - seconds - since * old_period
        slope, at_line = np.polyfit(since, late, 1)
        # A new tempo is a bend of the line, a moved phase a step: whichever leaves less. A master that stumbles (its sound breaks
        # off, and again) fits neither, and is not believed to have a new tempo.
        step = float(np.mean(late))
        bend = float(since @ late / (since @ since))
        bent = np.sum((late - bend * since) ** 2) < np.sum((late - step) ** 2)
        rest = float(np.std(late - slope * since))
        tempo_kept = self._period_known or bool(not bent) or rest > STUMBLING * self.jitter_seconds
        if tempo_kept:
            shift = float(np.median(late))
            self.seconds = seconds + float(since[-1]) * old_period + shift
            self.period = old_period
        else:
            period = old_period + float(slope)
            if not old_period / 4.0 < period < old_period * 4.0:
                return None
            shift = float(at_line + slope * since[0])
            self.seconds = seconds + float(at_line) + float(since[-1]) * period
            self.period = period
            self.pulses = len(points)
        for each in self._suspicions:
            each.clear()
        return Jump(shift, old_period, tempo_kept)
