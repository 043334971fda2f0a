"""A peer of the rig's own in a Link session: says what its session means by the beat, changes its tempo, starts and stops it.

Peers find each other by multicast. Where the network does not let that pass, `.ci/own_network CMD` runs a command in a network
namespace that does.
"""

from __future__ import annotations

import importlib.util
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from bridge.link_clock import MICROSECONDS, QUANTUM, import_link
from tests.rig import wait_until
from tests.rigs.beat_line import BeatLine

LOOK_SECONDS = 0.02
"""Between two looks at the session's beat."""


class LinkMaster:
    """Joins a session at a tempo."""

    def __init__(self, beats_per_minute: float) -> None:
        self._link = import_link().Link(beats_per_minute)
        self._clock = self._link.clock()
        self._said: list[tuple[float, float]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, name="rig's Link peer", daemon=True)

    def start(self) -> None:
        """Join, and look at the beat from now on."""
        self._link.startStopSyncEnabled = True
        self._link.enabled = True
        self._thread.start()

    def close(self) -> None:
        """Leave."""
        self._ending.set()
        self._thread.join()
        self._link.enabled = False

    @property
    def peers(self) -> int:
        """How many others are in the session."""
        return int(self._link.numPeers())

    def wait_for_peer(self) -> None:
        """Until somebody has joined; a network without multicast skips the test, on CI it fails."""
        try:
            wait_until(lambda: self.peers > 0, "a peer")
        except pytest.fail.Exception:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip("this network lets no multicast pass between Link peers: .ci/own_network COMMAND has one that does")

    def set_tempo(self, beats_per_minute: float) -> float:
        """Change the session's tempo; returns when (`time.perf_counter`)."""
        state, now = self._link.captureAppSessionState(), time.perf_counter()
        state.setTempo(beats_per_minute, self._clock.micros())
        self._link.commitAppSessionState(state)
        return now

    def play(self) -> float:
        """Start whoever listens to that; returns when."""
        return self._set_playing(True)

    def stop(self) -> float:
        """Stop them; returns when."""
        return self._set_playing(False)

    def line(self) -> BeatLine:
        """What the session meant by the beat so far."""
        seconds, beats = np.array(self._said).T
        return BeatLine(beats, seconds)

    def _set_playing(self, playing: bool) -> float:
        state, now = self._link.captureAppSessionState(), time.perf_counter()
        state.setIsPlaying(playing, self._clock.micros())
        self._link.commitAppSessionState(state)
        return now

    def _look(self) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            before = time.perf_counter()
            micros = self._clock.micros()
            after = time.perf_counter()
            beat = self._link.captureAppSessionState().beatAtTime(micros, QUANTUM)
            if (after - before) * MICROSECONDS < 200.0:
                self._said.append(((before + after) / 2.0, beat))


@contextmanager
def link_master(beats_per_minute: float) -> Iterator[LinkMaster]:
    """A peer at this tempo for the length of a with block; where Link is not installed the test is skipped, on CI it fails."""
    if importlib.util.find_spec("link") is None:
        reason = "the extra [link] is not installed"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    master = LinkMaster(beats_per_minute)
    try:
        master.start()
        yield master
    finally:
        master.close()
