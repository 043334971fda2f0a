"""What `make soak` concludes from an evening's captures."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.bare import RAMP_FRAMES
from tests.benchmarks.differences import gaps
from tests.rig import ramp
from tests.rigs.soak import bare_gaps, beat_frames, slipped_frames

LOOP, BEATS = 60_000, 8


def evening() -> np.ndarray:
    """Ten loops of noise, each a little different (n,)."""
    draw = np.random.default_rng(0)
    loop = draw.integers(-(2**22), 2**22, LOOP)
    return np.concatenate([loop + draw.integers(-(2**18), 2**18, LOOP) for _ in range(10)]).astype(np.int32)


def test_a_beat_that_moved_is_told_by_its_frames() -> None:
    played = evening()
    assert beat_frames(played, LOOP, BEATS) == 0
    late = np.concatenate([played[:200_000], played[200_000 - 300 :]])
    assert beat_frames(late, LOOP, BEATS) == 300


def test_what_was_heard_moves_by_its_gaps_and_by_nothing_else() -> None:
    played = evening()
    silence = np.zeros(441, np.int32)
    heard = np.concatenate([silence, played[:200_000], silence, played[200_000:400_000], played[400_128:]])
    lost = gaps(played, heard)
    assert lost == [441, -128]
    assert slipped_frames(played, heard, sum(lost)) == sum(lost)
    # One that nobody has counted.
    assert slipped_frames(played, heard, 0) == 441 - 128


def test_the_gaps_of_a_bare_callback_add_up_beyond_a_round() -> None:
    rounds = np.tile(ramp(RAMP_FRAMES), 8)
    pause = np.zeros(30_000, np.float32)
    parts = [part for begin in range(0, 5 * RAMP_FRAMES, RAMP_FRAMES) for part in (rounds[begin : begin + RAMP_FRAMES], pause)]
    assert bare_gaps(np.concatenate([*parts, rounds[5 * RAMP_FRAMES : -200], rounds[-100:]])) == [30_000] * 5 + [-100]
