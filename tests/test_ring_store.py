"""Rows that may be read are never written, whatever the order of publishing and playing."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.errors import VamenError
from bridge.player import SILENCE, TICK_FRAMES, Player, Publication
from bridge.ring_store import RingStore, live_slots


def publication(sequence: int, slot: int, effect_frame: int, length: int) -> Publication:
    return Publication(sequence, effect_frame, slot, length, anchor_frame=0, gain=1.0)


@pytest.mark.parametrize("seed", range(20))
def test_a_row_keeps_its_loop_until_the_player_has_left_it(seed: int) -> None:
    generator = np.random.default_rng(seed)
    rings = np.zeros((6, 1000), dtype=np.float32)
    player = Player(rings)
    store = RingStore(rings, lambda: player.released_sequence)
    wanted: dict[int, float] = {}
    sequence, frame, slot, effect = 0, 0, SILENCE, 0
    for value in range(1, 400):
        if generator.random() < 0.6:
            written = store.write(np.full(1000, value, dtype=np.float32))
            if written is not None:
                slot = written
                effect = max(effect, frame + int(generator.integers(0, 4)) * TICK_FRAMES)
                made = publication(sequence, slot, effect, 1000)
                wanted[sequence] = value
                store.hold(made)
                player.publish(made)
                sequence += 1
        out = np.empty(TICK_FRAMES, dtype=np.float32)
        player.render(out, frame)
        frame += TICK_FRAMES
        if player.released_sequence >= 0:
            # The last frame of a tick lies behind any fade.
            assert out[-1] == wanted[player.released_sequence]


def test_when_every_row_may_still_be_read_there_is_none() -> None:
    rings = np.zeros((2, 10), dtype=np.float32)
    store = RingStore(rings, lambda: -1)
    for sequence in range(2):
        slot = store.write(np.ones(10, dtype=np.float32))
        assert slot is not None
        store.hold(publication(sequence, slot, 0, 10))
    assert store.write(np.ones(10, dtype=np.float32)) is None


def test_a_loop_longer_than_a_row_is_refused() -> None:
    store = RingStore(np.zeros((2, 10), dtype=np.float32), lambda: -1)
    with pytest.raises(VamenError, match="raise the tempo"):
        store.write(np.ones(11, dtype=np.float32))


def test_a_sound_in_large_blocks_has_a_row_for_every_tick_of_one() -> None:
    block_frames = 8192
    ring_store = RingStore(np.zeros((live_slots(block_frames), 4), dtype=np.float32), lambda: 0)
    for sequence in range(block_frames // TICK_FRAMES):
        slot = ring_store.write(np.ones(4, dtype=np.float32))
        assert slot is not None
        ring_store.hold(publication(sequence, slot, TICK_FRAMES * sequence, 4))
