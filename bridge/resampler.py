"""From the engine's 44.1 kHz to the sound device's own rate, with half a millisecond of delay.

Our own instead of soxr's stream: that one hands its samples out in lumps of 930 and lags 21 ms (5.4 ms in its variable-rate mode;
0.5 ms in its low quality, which is 3.5 dB down at 18 kHz). This one is asked for n frames and says how many it needs for
them, so that the sound card's callback keeps no buffer. Imports numpy only.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bridge.sample_rate import ENGINE_SAMPLE_RATE

FloatArray = NDArray[np.float32]

_TAPS = 48
_KAISER_BETA = 8.0
"""Images 85 dB down; with 48 taps the response is flat within 0.1 dB to 19 kHz."""


def windowed_sinc(offset: NDArray[np.float64], taps: int, cutoff: float = 1.0) -> FloatArray:
    """Filters (n, taps) for the sound between samples: `offset` (n, taps) is how far each sample lies from the place wanted.

    A sinc under a Kaiser window of so many taps, each row of sum 1; `cutoff` as a part of half the rate.
    """
    inside = np.maximum(0.0, 1.0 - (offset / (taps / 2)) ** 2)
    filters = np.sinc(cutoff * offset) * np.i0(_KAISER_BETA * np.sqrt(inside))
    return (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)


class Resampler:
    """Polyphase windowed-sinc interpolator (Crochiere and Rabiner 1983, chapter 3) for a mono stream.

    It is asked for at most `largest_block` output frames at a time. `delay_frames` is its delay in input frames.
    """

    def __init__(self, output_rate: int, largest_block: int, input_rate: int = ENGINE_SAMPLE_RATE) -> None:
        divisor = math.gcd(output_rate, input_rate)
        self._phases = output_rate // divisor
        # Towards a lower rate the filter has to end at the lower rate's half, and to be longer in proportion.
        cutoff = min(1.0, output_rate / input_rate)
        self._taps = 2 * math.ceil(_TAPS / 2 / cutoff)
        self.delay_frames = self._taps // 2
        # One row for each output frame of a period, and on for a block, so that any block's filters are a slice.
        position = np.arange(self._phases + largest_block + 1) * (input_rate // divisor)
        self._first, phase = np.divmod(position, self._phases)
        offset = np.arange(self._taps) - (self.delay_frames - 1) - (phase / self._phases)[:, None]
        self._filters = windowed_sinc(offset, self._taps, cutoff)
        self._history = np.zeros(self._taps - 1, dtype=np.float32)
        self._row = 0

    def frames_needed(self, frames: int) -> int:
        """Input frames that have to be handed in to make the next `frames` (>= 1) output frames."""
        last = int(self._first[self._row + frames - 1] - self._first[self._row])
        return max(0, last + self._taps - len(self._history))

    def process(self, block: FloatArray, frames: int) -> FloatArray:
        """Make `frames` output frames (frames,) from the next `frames_needed(frames)` input frames."""
        samples = np.concatenate([self._history, block])
        end = self._row + frames
        first = self._first[self._row : end] - self._first[self._row]
        # Every window of the samples, without a copy; sliding_window_view makes the same for ten times the time.
        stride = samples.itemsize
        windows: FloatArray = np.ndarray(
            (len(samples) - self._taps + 1, self._taps), samples.dtype, samples, strides=(stride, stride)
        )
        resampled = np.einsum("ij,ij->i", windows[first], self._filters[self._row : end])
        self._history = samples[self._first[end] - self._first[self._row] :]
        self._row = end % self._phases
        return resampled
