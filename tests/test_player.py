"""What sounds at a frame follows from the publications alone, however the frames are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.player import FADE_FRAMES, SILENCE, TICK_FRAMES, Player, Publication
from bridge.ring_reader import read_at_rate

SLOTS, CAPACITY = 5, 5000
RINGS = np.random.default_rng(0).uniform(-1.0, 1.0, (SLOTS, CAPACITY)).astype(np.float32)
FloatArray = NDArray[np.float32]


def render(publications: list[Publication], frames: int, sizes: Iterator[int] | None = None) -> FloatArray:
    """All publications known from the start; blocks of the sizes, or one block."""
    player = Player(RINGS)
    for publication in publications:
        player.publish(publication)
    out = np.full(frames, np.nan, dtype=np.float32)
    done = 0
    while done < frames:
        size = frames if sizes is None else next(sizes)
        player.render(out[done : done + size], done)
        done += size
    assert player.late == 0
    return out


def expected(publications: list[Publication], frames: int) -> FloatArray:
    """The same from the words of the docstrings, frame by frame in double precision: cross-fades from ring to ring."""
    out = np.zeros(frames)
    for frame in range(frames):
        due = [publication for publication in publications if publication.effect_frame <= frame]
        if not due:
            continue
        current = due[-1]
        before = [publication for publication in due if publication.effect_frame < current.effect_frame]
        weight = min(1.0, (frame - current.effect_frame + 0.5) / current.fade_frames) if current.fade_frames else 1.0
        if frame - current.effect_frame >= current.fade_frames:
            weight = 1.0
        out[frame] = weight * reading(current, frame)
        if before:
            out[frame] += (1.0 - weight) * reading(before[-1], frame)
    return out.astype(np.float32)


def reading(publication: Publication, frame: int) -> float:
    if publication.slot == SILENCE:
        return 0.0
    ring, frames = RINGS[publication.slot, : publication.loop_length], frame - publication.anchor_frame
    if publication.rate == 1.0 and publication.position.is_integer():
        return publication.gain * float(ring[(frames + int(publication.position)) % len(ring)])
    return publication.gain * float(read_at_rate(ring, np.array([publication.position + frames * publication.rate]))[0])


@st.composite
def scores(draw: st.DrawFn) -> list[Publication]:
    """Publications on ticks, some of them on one frame, with fades up to a tick."""
    publications, tick = [], 0
    for sequence in range(draw(st.integers(1, 6))):
        tick += draw(st.integers(0, 5))
        publications.append(
            Publication(
                sequence=sequence,
                effect_frame=tick * TICK_FRAMES,
                slot=draw(st.integers(SILENCE, SLOTS - 1)),
                loop_length=draw(st.integers(1, CAPACITY)),
                anchor_frame=draw(st.integers(-10000, 10000)),
                gain=draw(st.floats(0.0, 1.0, width=32)),
                fade_frames=draw(st.sampled_from([0, 1, FADE_FRAMES, TICK_FRAMES])),
                position=draw(st.sampled_from([0.0, 77.0, 0.5, -300.25])),
                rate=draw(st.sampled_from([1.0, 1.0, 0.9987, 1.0021, 0.5, 1.7])),
            )
        )
    return publications


@settings(max_examples=25, deadline=None)
@given(scores(), st.integers(0, 2**32 - 1))
def test_blocks_of_any_size_give_the_same_samples_to_the_bit(publications: list[Publication], seed: int) -> None:
    frames = publications[-1].effect_frame + 3000
    whole = render(publications, frames)
    rng = np.random.default_rng(seed)
    for largest in (3, 300, 3000):
        pieces = render(publications, frames, iter(lambda: int(rng.integers(1, largest + 1)), None))  # noqa: B023
        np.testing.assert_array_equal(pieces, whole)
    np.testing.assert_allclose(whole, expected(publications, frames), atol=1e-6)


@pytest.mark.parametrize("size", [1, 64, 255, 256, 512, 65536])
def test_a_long_score_in_fixed_blocks(size: int) -> None:
    publications = [
        Publication(
            k,
            k * 1024,
            k % SLOTS if k % 7 else SILENCE,
            CAPACITY - 37 * (k % 9),
            500 * k,
            1.0 - k % 3 / 4,
            rate=(1.0, 1.0013, 0.9995)[k % 3],
        )
        for k in range(60)
    ]
    whole = render(publications, 70000)
    np.testing.assert_array_equal(render(publications, 70000, iter(lambda: size, None)), whole)


def test_nothing_published_is_silence() -> None:
    assert not render([], 1000).any()


def test_a_ring_at_gain_one_is_heard_as_it_is() -> None:
    out = render([Publication(0, 0, 2, 1000, 256, 1.0)], 4000)
    np.testing.assert_array_equal(out[256:], np.resize(RINGS[2, :1000], 3744))


def test_the_first_publication_fades_in_from_silence_and_a_stop_fades_out() -> None:
    rings = np.ones((1, 100), dtype=np.float32)
    player = Player(rings)
    player.publish(Publication(0, 0, 0, 100, 0, 1.0))
    player.publish(Publication(1, 1024, SILENCE, 1, 0, 0.0))
    out = np.empty(2048, dtype=np.float32)
    player.render(out, 0)
    assert np.all(np.diff(out[:FADE_FRAMES]) > 0) and out[0] < 0.01
    assert np.all(out[FADE_FRAMES:1024] == 1.0)
    assert np.all(np.diff(out[1024 : 1024 + FADE_FRAMES]) < 0)
    assert not out[1024 + FADE_FRAMES :].any()
    # No step anywhere larger than the fade's own.
    assert np.abs(np.diff(out, prepend=np.float32(0.0))).max() <= 1.01 / FADE_FRAMES


def test_a_late_publication_sounds_from_the_next_tick_and_is_counted() -> None:
    player = Player(RINGS)
    player.publish(Publication(0, 0, 0, 1000, 0, 1.0))
    out = np.empty(4096, dtype=np.float32)
    player.render(out[:1000], 0)
    player.publish(Publication(1, 512, 1, 1000, 0, 1.0))
    player.render(out[1000:], 1000)
    assert player.late == 1
    np.testing.assert_allclose(
        out, expected([Publication(0, 0, 0, 1000, 0, 1.0), Publication(1, 1024, 1, 1000, 0, 1.0)], 4096), atol=1e-6
    )


def test_a_late_publication_waits_for_a_running_fade() -> None:
    player = Player(RINGS)
    player.publish(Publication(0, 0, 0, 1000, 0, 1.0))
    player.publish(Publication(1, 768, 1, 1000, 0, 1.0, fade_frames=400))
    out = np.empty(4096, dtype=np.float32)
    player.render(out[:900], 0)
    player.publish(Publication(2, 800, 2, 1000, 0, 1.0))
    player.render(out[900:], 900)
    score = [
        Publication(0, 0, 0, 1000, 0, 1.0),
        Publication(1, 768, 1, 1000, 0, 1.0, fade_frames=400),
        Publication(2, 1280, 2, 1000, 0, 1.0),
    ]
    np.testing.assert_allclose(out, expected(score, 4096), atol=1e-6)
    assert player.late == 1


def test_a_burst_of_late_publications_costs_one_tick() -> None:
    player = Player(RINGS)
    out = np.empty(4096, dtype=np.float32)
    player.render(out[:2000], 0)
    for sequence in range(5):
        player.publish(Publication(sequence, 256 * sequence, sequence % SLOTS, 1000, 0, 1.0))
    player.render(out[2000:], 2000)
    assert player.late == 5
    np.testing.assert_allclose(out, expected([Publication(4, 2048, 4, 1000, 0, 1.0)], 4096), atol=1e-6)


def test_when_they_arrive_does_not_matter_while_they_are_in_time() -> None:
    publications = [Publication(k, 512 * k, k % SLOTS, 900 + k, 0, 1.0) for k in range(8)]
    whole = render(publications, 5000)
    player, out, waiting = Player(RINGS), np.empty(5000, dtype=np.float32), list(publications)
    for frame in range(0, 5000, 100):
        while waiting and waiting[0].effect_frame < frame + 100:
            player.publish(waiting.pop(0))
        player.render(out[frame : frame + 100], frame)
    assert player.late == 0
    np.testing.assert_array_equal(out, whole)


@settings(max_examples=25, deadline=None)
@given(scores(), st.integers(0, 2**32 - 1))
def test_released_rings_are_read_no_more(publications: list[Publication], seed: int) -> None:
    """Spoil every ring as soon as the player says so: nobody may hear it."""
    # One ring a publication, as the engine writes them.
    publications = [replace(publication, slot=k) for k, publication in enumerate(publications[:SLOTS])]
    frames = publications[-1].effect_frame + 2000
    whole = render(publications, frames)
    rng = np.random.default_rng(seed)
    rings = RINGS.copy()
    player, out, done = Player(rings), np.empty(frames, dtype=np.float32), 0
    for publication in publications:
        player.publish(publication)
    while done < frames:
        size = int(rng.integers(1, 400))
        player.render(out[done : done + size], done)
        done += size
        for publication in publications:
            if publication.sequence < player.released_sequence:
                rings[publication.slot] = np.nan
    np.testing.assert_array_equal(out, whole)
    assert player.released_sequence == publications[-1].sequence
