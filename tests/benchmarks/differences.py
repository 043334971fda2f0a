"""Finding in a capture what a hand has changed, and where the sound was broken.

At a gain that leaves the limiter at rest a loop repeats to the sample, so what differs from the loop before is what was changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import FloatArray

AUDIBLE = 1e-4
"""A sample has changed when it differs by more than this (-80 dB)."""

WINDOW = 256
"""Frames that must repeat for two places of a capture to be the same place of the ring."""

LONGEST_SLIP = 8192
"""Frames by which gaps may have moved a loop against the one before."""

SHORTEST_GAP = 16
"""Zeros in a row that are taken for frames which the player owed."""


def slip(samples: FloatArray, frame: int, loop_length: int) -> int | None:
    """How many frames after its due time a loop repeats just before `frame`: 0, or what gaps have moved it by; None where nothing
    repeats."""
    due = frame - WINDOW - loop_length
    low = max(0, due - LONGEST_SLIP)
    window = samples[frame - WINDOW : frame]
    if due < 0 or np.abs(window).max() < 10.0 * AUDIBLE:
        return None
    places = np.lib.stride_tricks.sliding_window_view(samples[low : due + WINDOW], WINDOW)
    alike = np.flatnonzero(np.abs(places - window).max(axis=1) <= AUDIBLE)
    return due - low - int(alike[-1]) if len(alike) else None


class NotHeard(Enum):
    """Why no frame can be named at which a turn is heard."""

    LOST = "nothing changed in the time in which a change could be told"
    UNCLEAR = "when the turn came the sound was not that of a loop before, so nothing can be told"


def heard(
    samples: FloatArray, sent: Sequence[int], loop_length: int, touched: int, settled: int, expected: int, longest: int
) -> list[int | NotHeard]:
    """The frame at which each turn is heard in samples (n,): the first from its frame `sent` on that differs from a loop before.

    What an earlier turn has touched is no measure a loop later: from `touched` frames before it until `settled` frames after it
    was heard; if it was lost, `longest` frames after it was sent, and if it was unclear, `expected` frames. A turn that comes a
    loop after such a time is unclear. Lost is what is not heard before such a time begins, or within `longest` frames.
    """
    found: list[int | NotHeard] = []
    spoilt: list[tuple[int, int]] = []
    for frame in sent:
        moved = slip(samples, frame, loop_length)
        place = NotHeard.UNCLEAR if moved is None else _first_change(samples, frame, loop_length + moved, spoilt, longest)
        found.append(place)
        waited = {NotHeard.LOST: longest, NotHeard.UNCLEAR: expected}
        spoilt.append((frame - touched, place + settled if isinstance(place, int) else frame + waited[place]))
    return found


def _first_change(samples: FloatArray, frame: int, lag: int, spoilt: Sequence[tuple[int, int]], longest: int) -> int | NotHeard:
    """As above for one turn, with `lag` frames from a loop to the next."""
    begin, end = frame, min(frame + longest, len(samples))
    if any(first <= frame - lag < last for first, last in spoilt):
        return NotHeard.UNCLEAR
    while begin < end:
        differs = np.abs(samples[begin:end] - samples[begin - lag : end - lag]) > AUDIBLE
        if not differs.any():
            return NotHeard.LOST
        place = begin + int(np.argmax(differs))
        if any(frame - lag < first < place - lag for first, _ in spoilt):
            return NotHeard.LOST
        silent = _silence(samples, place)
        resumed = place + silent
        expected = samples[place - lag : place - lag + WINDOW]
        goes_on = samples[resumed : resumed + WINDOW]
        if silent < SHORTEST_GAP or len(goes_on) < WINDOW or np.abs(goes_on - expected).max() > AUDIBLE:
            return place
        # The player owed these frames; the loop goes on later by as many.
        lag, begin = lag + silent, resumed
    return NotHeard.LOST


def _silence(samples: FloatArray, frame: int) -> int:
    """Zeros in a row from a frame on."""
    loud = np.flatnonzero(samples[frame:])
    return int(loud[0]) if len(loud) else len(samples) - frame


def gaps(played: NDArray[np.int32], captured: NDArray[np.int32]) -> list[int]:
    """By how many frames each gap (lost, repeated or foreign frames) has put a capture (m,) behind what was played (n,);
    negative where it is ahead.

    Both are counted from the capture's first frame that is not silent; the capture may begin earlier and end sooner.
    """
    start = int(np.flatnonzero(captured)[0])
    position = int(np.flatnonzero(played)[0])
    found: list[int] = []
    while start < len(captured) and position < len(played):
        length = min(len(captured) - start, len(played) - position)
        wrong = captured[start : start + length] != played[position : position + length]
        if not wrong.any():
            break
        broken = int(np.argmax(wrong))
        behind = start - position
        start, position = _resume(played, captured, start + broken, position + broken)
        goes_on = start < len(captured)
        found.append(start - position - behind if goes_on else 0)
    return found


def _resume(played: NDArray[np.int32], captured: NDArray[np.int32], start: int, position: int) -> tuple[int, int]:
    """Where a broken capture is again what was played, in frames of both; their ends where it never is."""
    while start + WINDOW <= len(captured):
        window = captured[start : start + WINDOW]
        if np.count_nonzero(window) > WINDOW // 2:
            low, high = max(0, position - LONGEST_SLIP), position + LONGEST_SLIP
            for place in low + np.flatnonzero(played[low:high] == window[0]):
                if np.array_equal(played[place : place + WINDOW], window):
                    return start, int(place)
        start += WINDOW // 4
    return len(captured), len(played)
