"""Who supplies the beat: keeps the sources of musical time, and passes on what the chosen one says.

Every source writes tempo references, which reach the engine through the mailbox like a hand's controls, and stand in takes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from bridge.clock_input import ClockInput
from bridge.control import Control
from bridge.errors import VamenError
from bridge.frame_clock import FrameClock
from bridge.link_clock import LinkClock
from bridge.mailbox import Mailbox
from bridge.midi_clock import MidiClock
from bridge.sound_process import SoundProcess
from bridge.tempo_reference import TempoReference

logger = logging.getLogger(__name__)

LINK_POLL_SECONDS = 0.01
"""How late a change in Link's session can be noticed."""

FRESH_SECONDS = 4.0
"""A MIDI clock that is there says something once a beat, however slow."""


class Clocks:
    """The outside clocks, one of which may be followed. `change` chooses, `note` keeps up the sound's own time, `stop` ends all.

    `frames` says which frame is heard when. `tell` gets what people should know, from any thread. `offset_seconds` is added to
    the latency that the sound device admits to; `has_midi` says whether a MIDI input is there.
    """

    def __init__(self, mailbox: Mailbox, tell: Callable[[str], None], *, offset_seconds: float, has_midi: bool) -> None:
        self.frames = FrameClock()
        self.source = "internal"
        self.midi = ClockInput(MidiClock(self.frames), self._follow_midi, tell)
        """What the MIDI inputs hand their clock messages to."""
        self._mailbox = mailbox
        self._tell = tell
        self._offset_seconds = offset_seconds
        self._has_midi = has_midi
        self._from_midi: TempoReference | None = None
        self._from_midi_seconds = 0.0
        self._link: LinkClock | None = None
        self._link_lock = threading.Lock()
        self._link_stopping = threading.Event()
        self._link_thread: threading.Thread | None = None

    def change(self, source: str, beats_per_minute: float) -> None:
        """Follow another source from now on, ours at so many beats a minute.

        Raises VamenError where it is not there, and stays with the one before.
        """
        if source == self.source:
            return
        if source == "midi" and not self._has_midi:
            raise VamenError("There is no MIDI input whose clock could be followed; start with --midi-in NAME.")
        self.midi.expect(beats_per_minute)
        link = LinkClock(self.frames, beats_per_minute) if source == "link" else None
        self.stop()
        self.source = source
        if link is not None:
            self._join(link)
        elif source == "midi" and self._from_midi is not None:
            # It may have been running for long, and what it said last still holds; or it has gone long since, and then only its
            # tempo does.
            fresh = time.perf_counter() - self._from_midi_seconds < FRESH_SECONDS
            self._mailbox.put(replace(self._from_midi, running=self._from_midi.running and fresh).control())

    def _follow_midi(self, reference: TempoReference) -> None:
        self._from_midi, self._from_midi_seconds = reference, time.perf_counter()
        if self.source == "midi":
            self._mailbox.put(reference.control())

    def note(self, sound: SoundProcess) -> None:
        """Look at the sound's frame counter, so that moments have frames."""
        frame, seconds = sound.frame, sound.frame_seconds
        if seconds == 0.0 or sound.frame != frame:
            # Not begun, or moved between the two looks: the next look tells.
            return
        self.frames.latency_seconds = sound.latency_seconds + self._offset_seconds
        # The counter was moved at the end of a block that was asked for at that moment.
        self.frames.note(frame - round(sound.block_frames), seconds)

    def taken_by_session(self, control: Control) -> bool:
        """Whether a hand's control is one that Link's session decides on for everybody, and not the engine as well.

        The session has been told. A play is for both, since a stop of before may hold the engine.
        """
        if self._link is None or control.name not in ("tempo", "play", "stop"):
            return False
        with self._link_lock:
            if control.name == "tempo":
                self._link.set_tempo(float(control.values[0]))
            else:
                self._link.set_running(control.name == "play")
        return control.name != "play"

    def stop(self) -> None:
        """Leave Link's session, if we are in one, and follow nobody."""
        self.source = "internal"
        if self._link is not None and self._link_thread is not None:
            self._link_stopping.set()
            self._link_thread.join()
            self._link.stop()
            self._link = self._link_thread = None

    def _join(self, link: LinkClock) -> None:
        self._link = link
        self._link_stopping.clear()
        link.start()
        self._link_thread = threading.Thread(target=self._watch, args=(link,), name="link", daemon=True)
        self._link_thread.start()

    def _watch(self, link: LinkClock) -> None:
        while not self._link_stopping.wait(LINK_POLL_SECONDS):
            try:
                self._look_at(link)
            except Exception:
                # The last line of defence on stage: an error of ours loses one look, not the session.
                logger.exception("looking at the Link session met an error in VAmEn")

    def _look_at(self, link: LinkClock) -> None:
        with self._link_lock:
            reference, sentence = link.poll(), link.look()
        if reference is not None:
            self._mailbox.put(reference.control())
        if sentence is not None:
            self._tell(sentence)
