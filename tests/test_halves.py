"""Two halves, on two threads or on one: always the same halves, and no error of either is lost."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from bridge import halves
from bridge.halves import in_halves, keep_to_one_thread
from bridge.model import FEWEST_STEPS_IN_HALF, Model


@pytest.fixture(params=["two threads", "one thread"])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many threads work, in this test alone."""
    monkeypatch.setattr(halves, "_one_thread", False)
    if request.param == "one thread":
        keep_to_one_thread()
        return 1
    return 2


def test_the_same_halves_whoever_works(threads: int) -> None:
    seen: list[tuple[slice, int]] = []
    in_halves(lambda half: seen.append((half, threading.get_ident())), 9, smallest_half=4)
    assert sorted(half.start for half, _ in seen) == [0, 4] and sorted(half.stop for half, _ in seen) == [4, 9]
    assert len({thread for _, thread in seen}) == threads


def test_halves_that_would_be_too_small_are_one(threads: int) -> None:
    seen: list[slice] = []
    in_halves(seen.append, 7, smallest_half=4)
    assert seen == [slice(0, 7)]


@pytest.mark.parametrize("broken", [0, 5])
def test_an_error_is_raised_when_both_have_ended(threads: int, broken: int) -> None:
    ended: list[int] = []

    def work(half: slice) -> None:
        ended.append(half.start)
        if half.start == broken:
            raise ValueError(f"rows from {broken}")

    with pytest.raises(ValueError, match=f"rows from {broken}"):
        in_halves(work, 10, smallest_half=1)
    assert sorted(ended) == [0, 5]


def test_a_ring_is_the_same_to_the_bit_on_one_thread(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "_one_thread", False)
    latent = tiny_model.metadata.slots[0].latent[: 2 * FEWEST_STEPS_IN_HALF + 1]
    on_two = tiny_model.decode_ring(latent)
    keep_to_one_thread()
    assert np.array_equal(tiny_model.decode_ring(latent), on_two)
