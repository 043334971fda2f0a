"""Ableton Link: tempo, phase over a bar, start and stop, shared with every program in the local network.

Link is under the GPL (version 2 or later), and so is whatever is installed together with it; that is why LinkPython-extern is an
extra of its own and is loaded only where `--clock link` asks for it.
"""

from __future__ import annotations

import importlib
import time
from typing import Any

from bridge.errors import VamenError
from bridge.frame_clock import FrameClock
from bridge.mel_spectrogram import BEATS_PER_BAR
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.tempo_reference import TempoReference

QUANTUM = float(BEATS_PER_BAR)
"""Peers agree on the beat modulo this."""

TOLD_SECONDS = 0.0002
"""A line that has moved by less is not worth telling: Link's own measurement is not better."""

MICROSECONDS = 1e6


def import_link() -> Any:
    """The `link` module; raises `VamenError` where the extra is not installed."""
    try:
        return importlib.import_module("link")
    except ImportError as error:
        raise VamenError(
            "Ableton Link is not installed, because it is under the GPL and VAmEn is not: pip install 'vamen[link]'."
        ) from error


class LinkClock:
    """One peer of the Link session in this network. `start` joins it, `stop` leaves.

    `poll` is asked for the reference, `set_tempo` and `set_running` say ours to the others. Beats are 0 modulo 4 on the bar's
    one, for every peer; how many bars there were before is everyone's own. `link` is for tests.
    """

    def __init__(self, frames: FrameClock, beats_per_minute: float, link: Any = None) -> None:
        """Raises VamenError where Link is not installed."""
        self._frames = frames
        self._link = link if link is not None else import_link().Link(beats_per_minute)
        self._clock = self._link.clock()
        self._told: TempoReference | None = None
        self._had_peers = False

    def start(self) -> None:
        """Look for peers, and join them: their tempo becomes ours."""
        self._link.startStopSyncEnabled = True
        self._link.enabled = True

    def stop(self) -> None:
        """Leave the session."""
        self._link.enabled = False

    @property
    def peers(self) -> int:
        """How many others are in the session."""
        return int(self._link.numPeers())

    def look(self) -> str | None:
        """A sentence if the last peer has gone, or one has come; each is said once."""
        has_peers = self.peers > 0
        if has_peers == self._had_peers:
            return None
        self._had_peers = has_peers
        if has_peers:
            return "Ableton Link: playing with others."
        tempo = self._link.captureAppSessionState().tempo()
        return f"Ableton Link: the others have gone; {tempo:.1f} BPM are kept until one returns."

    def poll(self) -> TempoReference | None:
        """The session's line of beats, if it is not the one that was told last (beyond what clocks drift)."""
        if not self._frames.known:
            return None
        state = self._link.captureAppSessionState()
        ahead = self._microseconds_ahead()
        now = time.perf_counter()
        frame = round(self._frames.frame_at(now))
        moment = self._frames.seconds_at(frame)
        # A start that is planned for later is not one yet.
        running = bool(state.isPlaying()) and state.timeForIsPlaying() <= round(now * MICROSECONDS + ahead)
        beat = state.beatAtTime(round(moment * MICROSECONDS + ahead), QUANTUM)
        beats_per_minute = state.tempo() * ENGINE_SAMPLE_RATE / self._frames.frames_per_second
        reference = TempoReference(beat, frame, beats_per_minute, running)
        if self._told is not None and not self._differs(reference, self._told):
            return None
        self._told = reference
        return reference

    def set_tempo(self, beats_per_minute: float) -> None:
        """Everybody plays at this tempo from now on; the phase stays."""
        state = self._link.captureAppSessionState()
        state.setTempo(beats_per_minute, self._clock.micros())
        self._link.commitAppSessionState(state)

    def set_running(self, running: bool) -> None:
        """Start or stop everybody who listens to that. Alone, the one is now; with others, the bar goes on."""
        state = self._link.captureAppSessionState()
        now = self._clock.micros()
        if running:
            state.setIsPlayingAndRequestBeatAtTime(True, now, 0.0, QUANTUM)
        else:
            state.setIsPlaying(False, now)
        self._link.commitAppSessionState(state)

    def _microseconds_ahead(self) -> float:
        """Link's clock less ours; measured each time, since on Linux only ours is slewed by NTP."""
        before = time.perf_counter()
        link_now = self._clock.micros()
        return float(link_now - (before + time.perf_counter()) / 2.0 * MICROSECONDS)

    def _differs(self, reference: TempoReference, told: TempoReference) -> bool:
        if reference.running != told.running:
            return True
        apart = abs(reference.error_beats(told, reference.frame)) * 60.0 / reference.beats_per_minute
        return apart > TOLD_SECONDS
