"""From the engine's 44.1 kHz to the sound device's own rate, with half a millisecond of delay.

Our own instead of soxr's stream: that one hands its samples out in lumps of 930 and lags 21 ms (5.4 ms in its variable-rate mode;
0.5 ms in its low quality, which is 3.5 dB down at 18 kHz). This one is asked for n frames and says how many it needs for
them, so that the sound card's callback keeps no buffer. Imports numpy only.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bridge.sample_rate import ENGINE_SAMPLE_RATE

FloatArray = NDArray[np.float32]

_TAPS = 48
_KAISER_BETA = 8.0
"""Images 85 dB down; with 48 taps the response is flat within 0.1 dB to 19 kHz."""


class Resampler:
    """Polyphase windowed-sinc interpolator (Crochiere and Rabiner 1983, chapter 3) for a mono stream.

    `delay_frames` is its delay in input frames.
    """

    def __init__(self, output_rate: int, input_rate: int = ENGINE_SAMPLE_RATE) -> None:
        divisor = math.gcd(output_rate, input_rate)
        self._phases = output_rate // divisor
        self._step = input_rate // divisor
        # Towards a lower rate the filter has to end at the lower rate's half, and to be longer in proportion.
        cutoff = min(1.0, output_rate / input_rate)
        self._taps = 2 * math.ceil(_TAPS / 2 / cutoff)
        self.delay_frames = self._taps // 2
        offset = np.arange(self._taps) - (self.delay_frames - 1) - np.arange(self._phases)[:, None] / self._phases
        inside = np.maximum(0.0, 1.0 - (offset / (self._taps / 2)) ** 2)
        filters = np.sinc(cutoff * offset) * np.i0(_KAISER_BETA * np.sqrt(inside))
        self._filters = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
        self._history = np.zeros(self._taps - 1, dtype=np.float32)
        self._position = 0
        """Phases from the history's first sample to the next output frame's first tap."""

    def frames_needed(self, frames: int) -> int:
        """Input frames that have to be handed in to make the next `frames` (>= 1) output frames."""
        last = (self._position + (frames - 1) * self._step) // self._phases
        return max(0, last + self._taps - len(self._history))

    def process(self, block: FloatArray, frames: int) -> FloatArray:
        """Make `frames` output frames (frames,) from the next `frames_needed(frames)` input frames."""
        samples = np.concatenate([self._history, block])
        position = self._position + np.arange(frames) * self._step
        first, phase = np.divmod(position, self._phases)
        resampled = np.einsum("ij,ij->i", sliding_window_view(samples, self._taps)[first], self._filters[phase])
        used, self._position = divmod(self._position + frames * self._step, self._phases)
        self._history = samples[used:]
        return resampled
