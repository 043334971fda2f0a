"""The last stage of the sound: a look-ahead limiter that keeps the true peak at or below -1 dBTP.

It finds peaks between the samples too, by four-fold oversampling (ITU-R BS.1770-4, annex 2), and turns the level down along a
smooth curve that begins before the peak arrives. Nothing depends on how the stream is cut into blocks: gains are decided for
chunks of 8 frames counted from the stream's first, and all sums run in one order, so any partition gives the same samples to the
bit. Everything is taken down by HEADROOM first; below the threshold nothing else happens but the delay. Imports numpy only,
because it runs in the sound's own process.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bridge.sample_rate import ENGINE_SAMPLE_RATE

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]

CEILING_DBTP = -1.0
"""No meter should read more than this true peak after the limiter."""

THRESHOLD_DBTP = -1.4
"""Where limiting begins: meters differ by the ripple of their filters, and four-fold oversampling misses a little at the top.

Measured after the limiter, with the standard's own filters and with 4 and 16-fold oversampling: at most -1.0 for white noise
bursts, at most -1.2 for drum loops."""

HEADROOM = np.float32(0.625)
"""Factor before the limiter, -4.1 dB: room for the peaks of breaks that are all equally loud.

Without it the limiter takes up to 2.2 LU from some breaks and nothing from others, and their attacks with it; with it at most
0.4 LU (see docs/prior.md)."""

RELEASE_SECONDS = 0.1
"""Time constant with which the gain goes back to one."""

CHUNK_FRAMES = 8
LOOK_AHEAD_CHUNKS = 8
LATENCY_FRAMES = CHUNK_FRAMES * (LOOK_AHEAD_CHUNKS + 2) + 7
"""Frames by which the output is later than the input (1.97 ms): look-ahead, half the interpolator, and one chunk to be full."""

_TAPS = 16
_BEFORE = _TAPS // 2 - 1
_AFTER = _TAPS // 2
_THRESHOLD = 10.0 ** (THRESHOLD_DBTP / 20.0)
_RECOVERY = 1.0 - math.exp(-CHUNK_FRAMES / (RELEASE_SECONDS * ENGINE_SAMPLE_RATE))
_RECOVERED = 1.0 - 1e-5

# Binomial weights are a bell curve whose sum is one without any rounding: a gain of exactly one stays exactly one.
_SMOOTHING = [math.comb(LOOK_AHEAD_CHUNKS, j) / 2.0**LOOK_AHEAD_CHUNKS for j in range(LOOK_AHEAD_CHUNKS + 1)]


def _interpolator() -> FloatArray:
    """Windowed-sinc filters for the points 1/4, 1/2 and 3/4 after a sample: (taps, 3, 1), each with a sum of one."""
    offset = np.arange(_TAPS)[:, None] - _BEFORE - np.array([0.25, 0.5, 0.75])
    window = np.i0(5.0 * np.sqrt(1.0 - (offset / (_TAPS / 2)) ** 2))
    taps = np.sinc(offset) * window
    return (taps / taps.sum(axis=0)).astype(np.float32)[:, :, None]


_INTERPOLATOR = _interpolator()
_LARGEST_GAIN = 1.001 * float(np.abs(_INTERPOLATOR).sum(axis=0).max())


def _peaks(samples: FloatArray) -> FloatArray:
    """Largest magnitude at each sample and at the three points up to the next one: (n,).

    `samples` holds `_BEFORE` samples before the n and `_AFTER` after them.
    """
    n = len(samples) - _TAPS + 1
    between = _INTERPOLATOR[0] * samples[:n]
    product = np.empty_like(between)
    for tap in range(1, _TAPS):
        np.multiply(_INTERPOLATOR[tap], samples[tap : tap + n], out=product)
        between += product
    np.abs(between, out=between)
    return np.maximum(between.max(axis=0), np.abs(samples[_BEFORE : _BEFORE + n]))


def true_peak_dbtp(samples: FloatArray) -> float:
    """True peak of samples (n,) in dB relative to full scale, silence outside of them; -inf for silence."""
    padded = np.pad(np.asarray(samples, dtype=np.float32), (_TAPS, _TAPS))
    peak = float(_peaks(padded).max())
    return 20.0 * math.log10(peak) if peak > 0.0 else -math.inf


def _surely_below(samples: FloatArray) -> bool:
    """Whether not even the interpolator's largest gain can bring these samples above the threshold: then no filter is needed."""
    highest, lowest = float(np.maximum.reduce(samples)), float(np.minimum.reduce(samples))
    return max(highest, -lowest) * _LARGEST_GAIN <= _THRESHOLD


def _targets(peaks: NDArray[np.floating]) -> DoubleArray:
    """The gain that each chunk of 8 peaks may have: (8 n,) -> (n,)."""
    highest = peaks.reshape(-1, CHUNK_FRAMES).max(axis=1).astype(np.float64)
    return _THRESHOLD / np.maximum(highest, _THRESHOLD)


def _lowest_ahead(targets: DoubleArray) -> DoubleArray:
    """Least target from the chunk before to the end of the look-ahead: (n - look-ahead - 1,)."""
    n = len(targets) - LOOK_AHEAD_CHUNKS - 1
    lowest = targets[:n].copy()
    for ahead in range(1, LOOK_AHEAD_CHUNKS + 2):
        np.minimum(lowest, targets[ahead : ahead + n], out=lowest)
    return lowest


def _released(lowest: DoubleArray, gain: float) -> DoubleArray:
    """Down at once, up with the release time, from `gain` on: (n,)."""
    if gain == 1.0 and lowest.min(initial=1.0) == 1.0:
        return lowest
    released = []
    for target in lowest.tolist():
        gain = min(target, gain + (1.0 - gain) * _RECOVERY)
        if gain > _RECOVERED:
            gain = 1.0
        released.append(gain)
    return np.array(released)


def _smoothed(gains: DoubleArray) -> DoubleArray:
    """Mean over the look-ahead, by the bell curve: (n - look-ahead,). Every value is at most the target of its two chunks."""
    n = len(gains) - LOOK_AHEAD_CHUNKS
    smoothed = _SMOOTHING[0] * gains[:n]
    for j in range(1, LOOK_AHEAD_CHUNKS + 1):
        smoothed += _SMOOTHING[j] * gains[j : j + n]
    return smoothed


_RAMP = np.arange(CHUNK_FRAMES) / CHUNK_FRAMES


def _gain_curve(boundaries: DoubleArray) -> FloatArray:
    """Straight lines between the gains at the chunks' boundaries: (n + 1,) -> (8 n,)."""
    first = boundaries[:-1, None]
    return (first + (boundaries[1:, None] - first) * _RAMP).astype(np.float32).reshape(-1)


class Limiter:
    """Streaming limiter for mono float32 at 44.1 kHz; `gain_reduction_db` is the largest reduction (>= 0) in the last block."""

    latency_frames = LATENCY_FRAMES

    def __init__(self) -> None:
        self.gain_reduction_db = 0.0
        # As if silence had come before. What has been limited comes first, the rest is as it came; the chunk that is being filled
        # first begins with the stream's first frame.
        self._held = np.zeros(LATENCY_FRAMES, dtype=np.float32)
        self._unmeasured = 0
        self._targets = np.ones(LOOK_AHEAD_CHUNKS + 1)
        self._gains = np.ones(LOOK_AHEAD_CHUNKS)
        self._boundary = np.ones(1)
        self._at_rest = True

    def process(self, block: FloatArray) -> FloatArray:
        """Limit samples (n,) and return (n,), later by `latency_frames`."""
        stream = np.concatenate([self._held, block * HEADROOM])
        unmeasured = self._unmeasured + len(block)
        frames = max(0, (unmeasured - _AFTER) // CHUNK_FRAMES * CHUNK_FRAMES)
        if frames:
            self._advance(stream, len(stream) - unmeasured, frames)
        self._unmeasured = unmeasured - frames
        self._held = stream[len(block) :]
        return stream[: len(block)]

    def _advance(self, stream: FloatArray, measured: int, frames: int) -> None:
        """Measure the frames from `measured` on, and limit as many that are ready by that."""
        surroundings = stream[measured - _BEFORE : measured + frames + _AFTER]
        self.gain_reduction_db = 0.0
        if self._at_rest and _surely_below(surroundings):
            return
        curve = self._gain_curve(surroundings)
        if curve is not None:
            ready = measured - CHUNK_FRAMES * (LOOK_AHEAD_CHUNKS + 1)
            stream[ready : ready + frames] *= curve

    def _gain_curve(self, surroundings: FloatArray) -> FloatArray | None:
        targets = np.concatenate([self._targets, _targets(_peaks(surroundings))])
        gains = np.concatenate([self._gains, _released(_lowest_ahead(targets), float(self._gains[-1]))])
        boundaries = np.concatenate([self._boundary, _smoothed(gains)])
        self._targets = targets[-LOOK_AHEAD_CHUNKS - 1 :]
        self._gains = gains[-LOOK_AHEAD_CHUNKS:]
        self._boundary = boundaries[-1:]
        self._at_rest = all(float(part.min()) == 1.0 for part in (self._targets, self._gains, self._boundary))
        lowest = float(boundaries.min())
        if lowest == 1.0:
            return None
        self.gain_reduction_db = -20.0 * math.log10(lowest)
        return _gain_curve(boundaries)


def limit_ring(samples: FloatArray) -> FloatArray:
    """Take down and limit a loop (n,) that is played round and round, so that it stays periodic and n samples long; no delay.

    The same curve as the stream's, but with the surroundings of both ends taken from around the ring; a last chunk that is not
    full is a shorter one. Played once, between silences, the loop keeps the ceiling too.
    """
    samples = np.asarray(samples, dtype=np.float32) * HEADROOM
    n = len(samples)
    chunks = -(-n // CHUNK_FRAMES)
    around = samples[np.arange(-_BEFORE, n + _AFTER) % n]
    peaks = np.zeros(chunks * CHUNK_FRAMES, dtype=np.float64)
    peaks[:n] = _peaks(around)
    silence = np.zeros(_TAPS + _AFTER, dtype=np.float32)
    peaks[0] = max(peaks[0], _peaks(np.concatenate([silence, samples[:_TAPS]])).max())
    peaks[n - 1] = max(peaks[n - 1], _peaks(np.concatenate([samples[-_TAPS:], silence])).max())
    targets = _targets(peaks)
    ahead = _lowest_ahead(targets[np.arange(-1, chunks + LOOK_AHEAD_CHUNKS) % chunks])
    # After one time round the release has passed the deepest point, and from there on every round is the same.
    settled = _released(ahead, 1.0)
    gains = _released(ahead, float(settled[-1]))
    boundaries = _smoothed(gains[np.arange(-LOOK_AHEAD_CHUNKS, chunks) % chunks])
    edges = np.append(np.arange(chunks) * CHUNK_FRAMES, n)
    curve = np.interp(np.arange(n), edges, np.append(boundaries, boundaries[0]))
    return samples * curve.astype(np.float32)
