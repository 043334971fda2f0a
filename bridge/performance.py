"""One evening: the loop that follows the sound's frame counter and runs the engine once a tick."""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bridge.clocks import Clocks
from bridge.control import Control, ControlChange
from bridge.engine import Engine
from bridge.errors import VamenError
from bridge.export_on import ExportOn
from bridge.exporter import Exporter, Reporter
from bridge.feedback import Feedback
from bridge.generator import Ring
from bridge.mailbox import Mailbox
from bridge.mel_spectrogram import BEATS_PER_BAR, ENGINE_SAMPLE_RATE
from bridge.performer import Performer
from bridge.player import FADE_FRAMES, TICK_FRAMES
from bridge.sound_process import SoundProcess
from bridge.take import TakeWriter
from bridge.tempo_reference import CONTROL_NAME as REFERENCE
from bridge.tempo_reference import TempoReference
from bridge.told import State

if TYPE_CHECKING:
    from bridge.midi_clock_out import ClockSchedule

logger = logging.getLogger(__name__)

SHORTEST_SLEEP_SECONDS, LONGEST_SLEEP_SECONDS = 0.0005, TICK_FRAMES / ENGINE_SAMPLE_RATE
"""Between two looks at the sound's frame counter."""

MOST_TICKS_BEHIND = 16
"""A main process that was held up for this much longer than a publication may take leaves out the ticks it missed: what they
would paint is late anyway."""

REHEARSALS = 16
"""Steps painted before the start, to learn how long one takes on this machine; the first only warms it up."""

HEADROOM = 1.5
"""The pace of painting gives a step this many times what the slowest took in rehearsal: a hand that turns without pause asks for
one after the other, and what cannot be done in its time would pile up."""

STEPS_REMEMBERED = 128
"""Jobs whose time says how early a tick has to be run."""

SHARE_IN_TIME = 0.99
"""Of these jobs, so many would have been in time."""

ROUND_TRIP_SECONDS = 0.0015
"""From a painted step to the sound process, and what a wake-up may be late."""

TICK_SECONDS = TICK_FRAMES / ENGINE_SAMPLE_RATE

MOST_CAUTION_SECONDS = 8 * TICK_SECONDS
CAUTION_KEPT = 0.999
"""Every publication that came late makes ticks be run half a tick earlier, up to so much; so much of it is left a tick later."""

LONGEST_STEP_TICKS = 16

QUESTION_SECONDS = 0.2
"""Between two questions to the sound process, whether it lives and has something to say: each costs as much as a tick."""

REST_TICKS = 16
"""For so long the loop sleeps at the most while there is nothing to do: whoever ends the music should not wait."""

LONGEST_END_SECONDS = 1.0
"""How long the end waits for a sound device that has stopped asking for sound."""


@dataclass(slots=True)
class Report:
    """The worst that happened, measured with the clock on the wall."""

    slowest_step_seconds: float = 0.0
    slowest_repaint_frames: int = 0
    """From the last touch of a control until every step had followed it."""
    generator_failures: int = 0
    skips: int = 0
    """Times that ticks were left out in the middle of a repaint."""


class Performance:
    """One evening: from the first loop to the last tick."""

    def __init__(
        self,
        engine: Engine,
        sound: SoundProcess,
        mailbox: Mailbox,
        reporter: Reporter,
        exporter: Exporter,
        performer: Performer | None,
        take: TakeWriter | None,
        clocks: Clocks,
        clock_out: ClockSchedule | None = None,
        export_on: ExportOn | None = None,
    ) -> None:
        self._report = Report()
        self._engine = engine
        self._sound = sound
        self._mailbox = mailbox
        self._reporter = reporter
        self.feedback = Feedback(engine, reporter.feedback, performer)
        self._exporter = exporter
        self._performer = performer
        self._take = take
        self._clocks = clocks
        self._clock_out = clock_out
        self._export_on = export_on
        self._line: TempoReference | None = None
        self._tick = 0
        self._moved_at = 0
        self._repaints = 0
        self._failed = False
        self._at_rest = False
        self._asked = 0.0
        self._step_seconds: deque[float] = deque(maxlen=STEPS_REMEMBERED)

        self._slow_step_seconds = 0.0
        self._caution_seconds = TICK_SECONDS
        self._late = 0

    @property
    def _lead_seconds(self) -> float:
        """How long before its sound a tick is run: as long as nearly every one of the last steps took; more after a late one."""
        # Whoever asks for larger blocks than a tick wants to be safe on a busy machine rather than quick.
        patience = max(0.0, self._sound.block_frames - TICK_FRAMES) / ENGINE_SAMPLE_RATE
        return max(self._slow_step_seconds, TICK_SECONDS) + ROUND_TRIP_SECONDS + self._caution_seconds + patience

    def _remember(self, *seconds: float) -> None:
        """Note how long steps took."""
        self._step_seconds.extend(seconds)
        last = math.ceil(SHARE_IN_TIME * len(self._step_seconds)) - 1
        self._slow_step_seconds = sorted(self._step_seconds)[last]

    def _be_cautious(self) -> None:
        late, self._late = self._sound.late - self._late, self._sound.late
        caution = CAUTION_KEPT * self._caution_seconds + late * TICK_SECONDS / 2
        self._caution_seconds = min(caution, MOST_CAUTION_SECONDS)

    def begin(self) -> None:
        """Paint the first loop, set the clock going, and write the take's head."""
        engine = self._engine
        self._sound.publish(engine.start([Control("clock", (), (self._clocks.source,))]))
        # The first bar sounds meanwhile.
        self._remember(*rehearse(engine.ring))
        ticks = math.ceil(HEADROOM * self._slow_step_seconds / TICK_SECONDS)
        engine.step_ticks = min(ticks, LONGEST_STEP_TICKS)
        self._record(0, engine.state())

    def run(self, stop: threading.Event) -> None:
        """Follow the sound until told to stop."""
        while not stop.is_set():
            self._ask_the_sound()
            if self._at_rest:
                self._rest()
            self._clocks.note(self._sound)
            now = time.perf_counter()
            position, rendered = self._horizon(now)
            behind = int(max(position // TICK_FRAMES - 1, (rendered - 1) // TICK_FRAMES)) - self._tick
            if behind <= 0:
                early = self._early(self._tick + 1, now)
                time.sleep(min(max(early, SHORTEST_SLEEP_SECONDS), LONGEST_SLEEP_SECONDS))
                continue
            if behind > MOST_TICKS_BEHIND:
                self._report.skips += self._engine.painting
                self._tick += behind - 1
            self._tick += 1
            self._run_tick(self._tick)
        self._end()

    def _rest(self) -> None:
        """Sleep until a control comes or the next step is near, and leave out the ticks that were due before that.

        A tick without controls that published nothing and left nothing to paint leaves the engine as it was; so does the next, as
        long as the transport has nothing to look at. A step's first tick is run all the same: the performer may act on it.
        """
        engine = self._engine
        steps_per_beat = engine.model.metadata.spec.steps_per_beat
        step = math.floor(engine.transport.beat_at(self._tick * TICK_FRAMES) * steps_per_beat)
        next_step = engine.transport.frame_of_beat((step + 1) / steps_per_beat) // TICK_FRAMES
        last = min(next_step - 1, engine.transport.next_look - 1, self._tick + REST_TICKS)
        if last <= self._tick:
            return
        seconds = min(self._early(last, time.perf_counter()), REST_TICKS * TICK_SECONDS)
        moment = self._mailbox.wait(max(0.0, seconds))
        while self._tick < last and self._early(self._tick + 1, moment) <= 0.0:
            self._tick += 1
            self._be_cautious()

    def _ask_the_sound(self) -> None:
        now = time.perf_counter()
        if now < self._asked + QUESTION_SECONDS:
            return
        self._asked = now
        if not self._sound.alive:
            self._sound.restart()
        self._tell_problems()

    def _tell_problems(self) -> None:
        for sentence in self._sound.problems():
            # A device may go and come more than once.
            self._reporter.tell(sentence, again=True)

    def _early(self, tick: int, moment: float) -> float:
        """Seconds from a moment until a tick is due, at an even pace; where blocks are out of step with ticks, it is sooner."""
        position, _ = self._horizon(moment)
        return ((tick + 1) * TICK_FRAMES - position) / ENGINE_SAMPLE_RATE

    def _horizon(self, moment: float) -> tuple[float, float]:
        """How far ticks have to be run by a moment, in frames: at an even pace, and in whole blocks of the sound.

        What is painted has to be there before its first frame is rendered; but later is better, since the hand is followed until
        then. Ticks keep their pace: those whose frames are rendered in one block come one after the other.
        """
        frame, moved, block = self._sound.frame, self._sound.frame_seconds, self._sound.block_frames
        if moved == 0.0:
            return 0.0, 0.0
        # A device that has stopped asking for sound is not run away from.
        waited = min((moment - moved) * ENGINE_SAMPLE_RATE, 2 * block)
        ahead = waited + self._lead_seconds * ENGINE_SAMPLE_RATE
        return frame + ahead, frame + ahead // block * block

    def _end(self) -> None:
        """Stop as a hand would, so that the recording ends as the sound does."""
        # The others in a Link session play on.
        self._clocks.stop()
        self._mailbox.put(Control("stop"))
        self._tick += 1
        self._run_tick(self._tick)
        silent = self._tick * TICK_FRAMES + FADE_FRAMES
        deadline = time.monotonic() + LONGEST_END_SECONDS
        while self._sound.alive and self._sound.frame < silent and time.monotonic() < deadline:
            time.sleep(LONGEST_SLEEP_SECONDS)
        self._tell_problems()

    def _run_tick(self, tick: int) -> None:
        engine = self._engine
        self._at_rest = False
        questions = self._mailbox.questions()
        controls = [settled for control in self._mailbox.drain() if (settled := self._settled(control)) is not None]
        hand = controls.copy()
        if self._performer is not None and engine.transport.sounding:
            for control in controls:
                self._performer.touched(control)
            controls += self._performer.controls(engine.transport.beat_at(tick * TICK_FRAMES))
        if self._export_on is not None:
            controls = self._export_on.controls(tick, hand) + controls
        self._record(tick * TICK_FRAMES, controls)
        painting = engine.painting
        jobs, begun = engine.counters.jobs, time.perf_counter()
        try:
            publication = engine.tick(tick, controls)
        except Exception:
            self._recover()
            self._answer(questions)
            return
        if publication is not None:
            self._sound.publish(publication)
        if self._export_on is not None:
            self._export_on.follow(tick)
        self._be_cautious()
        if any(control.name != REFERENCE for control in controls) or (engine.painting and not painting):
            self._moved_at = tick
        if engine.counters.jobs > jobs:
            self._note_step(tick, time.perf_counter() - begun)
        self._at_rest = not controls and publication is None and not engine.painting
        self._pass_on()
        self.feedback.tell(tick * TICK_FRAMES, changed=bool(controls) or publication is not None)
        self._answer(questions)

    def _answer(self, questions: list[Future[State]]) -> None:
        if questions:
            frames = self._clocks.frames
            heard = frames.frame_at(time.perf_counter()) if frames.known else 0.0
            self.feedback.answer(questions, max(0, round(heard)))

    def _settled(self, control: Control) -> Control | None:
        """A control with everything in it that a recording needs: a draw without a seed gets one. None where it is not for us."""
        if control.name == "random" and not control.values:
            return Control("random", (), (secrets.randbelow(2**31),))
        if control.name == "clock":
            try:
                self._clocks.change(str(control.values[0]), self._engine.transport.tempo)
            except VamenError as error:
                self._reporter.tell(str(error))
                return None
        return None if self._clocks.taken_by_session(control) else control

    def _recover(self) -> None:
        """The generator has failed: the sound that is there plays on, and painting starts again from a clean ring."""
        self._report.generator_failures += 1
        if not self._failed:
            logger.exception("the generator failed and starts again; the sound goes on")
            self._reporter.tell("The generator failed and starts again; the sound goes on. The log says where.")
        self._failed = True
        self._engine.start_painting_again()

    def _note_step(self, tick: int, seconds: float) -> None:
        self._remember(seconds)
        self._report.slowest_step_seconds = max(self._report.slowest_step_seconds, seconds)
        counters = self._engine.counters
        if counters.repaints > self._repaints:
            self._repaints = counters.repaints
            frames = (tick - self._moved_at) * TICK_FRAMES + round(self._lead_seconds * ENGINE_SAMPLE_RATE)
            self._report.slowest_repaint_frames = max(self._report.slowest_repaint_frames, frames)
            self.feedback.tell_repaint(1000.0 * frames / ENGINE_SAMPLE_RATE, 1000.0 * seconds)

    def _record(self, frame: int, controls: list[Control]) -> None:
        if self._take is None:
            return
        try:
            for control in controls:
                self._take.write(ControlChange(frame, control))
        except VamenError as error:
            self._take = None
            self._reporter.tell(f"The recording ends here: {error}")

    def _pass_on(self) -> None:
        """Hand what the engine has put down to those whom it concerns."""
        engine = self._engine
        for sentence in engine.errors:
            self._reporter.tell(sentence)
        engine.errors.clear()
        for request in engine.exports:
            self._exporter.put(request)
        engine.exports.clear()
        if self._clock_out is not None and (line := engine.transport.line()) != self._line:
            self._line = line
            self._clock_out.follow(line)

    def figures(self) -> dict[str, int | float]:
        """What the evening came to, by name."""
        counters, report = self._engine.counters, self._report
        return {
            "bars": max(0, math.floor(self._engine.transport.beat_at(self._tick * TICK_FRAMES) / BEATS_PER_BAR)),
            "repaints": counters.repaints,
            "painted steps": counters.painted_steps,
            "slowest repaint (ms)": round(1000 * report.slowest_repaint_frames / ENGINE_SAMPLE_RATE),
            "slowest step (ms)": round(1000 * report.slowest_step_seconds, 1),
            "late repaints": self._sound.late + report.skips,
            "gaps": self._sound.gaps,
            "exports": len(self._exporter.written),
            "refused controls": counters.rejected,
            "generator failures": report.generator_failures,
        }


def rehearse(ring: Ring) -> list[float]:
    """Follow a hand that turns without pause, on a copy of the ring: how long each step took, in seconds."""
    stage = ring.copy()
    seconds = []
    for step in range(REHEARSALS):
        stage.move_to(stage.latent + np.float32(1e-3))
        begun = time.perf_counter()
        stage.paint_step(step)
        seconds.append(time.perf_counter() - begun)
    return seconds[1:]
