"""A ring read between its samples: the samples themselves at whole places, a clean sound everywhere else."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.ring_reader import TAPS, read_at_rate
from bridge.sample_rate import ENGINE_SAMPLE_RATE

LENGTH = 124_511
RING = np.random.default_rng(0).uniform(-1.0, 1.0, LENGTH).astype(np.float32)


def sine(cycles: int) -> np.ndarray:
    return np.sin(2.0 * np.pi * cycles * np.arange(LENGTH) / LENGTH).astype(np.float32)


def test_at_whole_places_the_samples_themselves_sound() -> None:
    places = np.arange(1000.0) + LENGTH - 500
    np.testing.assert_array_equal(read_at_rate(RING, places), RING[np.arange(LENGTH - 500, LENGTH + 500) % LENGTH])


@pytest.mark.parametrize("hertz", [100, 1000, 10_000, 18_000])
def test_between_samples_the_errors_are_80_db_down(hertz: int) -> None:
    cycles = round(hertz * LENGTH / ENGINE_SAMPLE_RATE)
    for rate in (0.997, 1.00037, 1.5):
        places = -700.3 + rate * np.arange(20_000)
        heard, meant = read_at_rate(sine(cycles), places), np.sin(2.0 * np.pi * cycles * places / LENGTH)
        assert 20.0 * np.log10(np.std(heard - meant) / np.std(meant)) < -80.0


def test_blocks_of_any_size_read_the_same_to_the_bit() -> None:
    generator, places = np.random.default_rng(1), 77.3 + 1.0013 * np.arange(30_000)
    whole, done, pieces = read_at_rate(RING, places), 0, []
    while done < len(places):
        size = int(generator.integers(1, 700))
        pieces.append(read_at_rate(RING, places[done : done + size]))
        done += size
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_a_ring_shorter_than_the_filter_goes_round_in_it() -> None:
    ring = RING[: TAPS // 3]
    places = 0.25 + np.arange(50.0)
    np.testing.assert_array_equal(
        read_at_rate(ring, places), read_at_rate(np.resize(ring, 100 * len(ring)), places + 30 * len(ring))
    )
