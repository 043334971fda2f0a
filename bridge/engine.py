"""The engine: controls in, publications out, one tick after the other.

A tick is 256 frames of the sound's own counter, and it is the only clock there is. Which controls a tick applies, which step it
paints, when the result sounds: all follow from the tick's number and the state, so playing live and rendering offline are one.
What tick n decides is heard from frame 256 n on; whoever drives the engine runs the tick early enough for that.

    controls -> latent space, transport -> at most one painted step every `step_ticks` -> Publication

A new tempo, and a quantised change, are painted into a second ring that takes over on the beat once enough steps are ready; the
rest of it is painted before it is heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bridge.control import Control
from bridge.errors import VamenError
from bridge.generator import Ring
from bridge.graph_ring import ring_of
from bridge.latent_space import LatentSpace
from bridge.mel_spectrogram import FloatArray
from bridge.model import Model
from bridge.player import FADE_FRAMES, SILENCE, TICK_FRAMES, Publication
from bridge.ring_store import RingStore
from bridge.transport import Transport

GAIN_FADE_FRAMES = TICK_FRAMES
"""A turned gain knob is a line of straight ramps."""

LEAD_JOBS = 14
"""What is done on a second ring before it takes over: decoding and painting of some eight steps; painting is several times faster
than playing."""

QUANTISE_BEATS = {"beat": 1, "bar": 4, "loop": 8}
"""Beats between two moments at which a quantised change may take over."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A break that the player wants as a file: its latent (steps, latent_dimensions), tempo, wished name ('' = ours), and the
    positions of the axes, 0..1, that it was moved to."""

    latent: FloatArray
    beats_per_minute: float
    name: str
    axes: tuple[float, ...] = ()


@dataclass(slots=True)
class Counters:
    """What happened since the start, for the status line and the subscribers."""

    jobs: int = 0
    """Times that a tick decoded or painted something."""
    painted_steps: int = 0
    repaints: int = 0
    """Times that a moved latent was painted to the end."""
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class _Takeover:
    """A second ring on its way. `ready` is the tick by which enough of it is painted; a quantised one then waits for the beat
    `boundary`, one of those that are `boundary_beats` apart (0: it does not wait)."""

    ring: Ring
    ready: int
    unpainted: NDArray[np.bool_]
    """Steps (steps,) in which there is no sound yet."""
    meanwhile: FloatArray
    """What sounds in those, (loop_length,): the ring before, as a sampler would play it at the new tempo."""
    boundary_beats: int = 0
    boundary: int = 0


@dataclass(slots=True)
class Engine:
    """Pure state machine of the instrument; `store` is where rings are written for the player.

    `errors` collects sentences about controls that could not be obeyed, `exports` what is wanted as files; whoever drives the
    engine empties both.
    """

    model: Model
    store: RingStore
    beats_per_minute: InitVar[float]
    step_ticks: int = 2
    """Ticks from one job to the next. Part of a take's state: live and offline must agree on it."""
    counters: Counters = field(default_factory=Counters)
    errors: list[str] = field(default_factory=list)
    exports: list[ExportRequest] = field(default_factory=list)

    space: LatentSpace = field(init=False)
    transport: Transport = field(init=False)
    gain: float = 1.0
    quantise: str = "off"
    ring: Ring = field(init=False)
    _unpainted: NDArray[np.bool_] = field(init=False)
    """Steps (steps,) of the ring that sounds in which there is nothing yet: those that will be heard last after a new tempo."""
    _meanwhile: FloatArray = field(init=False)
    """What sounds in those, (loop_length,)."""
    _slot: int = SILENCE
    _fade: int = FADE_FRAMES
    _changed: bool = False
    _moved: bool = False
    _busy_until: int = 0
    _finished: bool = False
    _takeover: _Takeover | None = None
    _sequence: int = 0

    def __post_init__(self, beats_per_minute: float) -> None:
        spec = self.model.metadata.spec
        self.space = LatentSpace(self.model.metadata)
        self.transport = Transport(spec.beats, spec.steps_per_beat, beats_per_minute)

    # -- the two entry points -------------------------------------------------------------------------------------------------

    def start(self, controls: Iterable[Control] = ()) -> Publication:
        """Apply the controls of frame 0, paint the first loop from cold, and publish it for frame 0."""
        moves = []
        for control in controls:
            if control.name == "step_ticks":
                self.step_ticks = int(control.values[0])
            elif control.name in ("trigger", "nudge"):
                # They move the place in a loop, and there is none yet.
                moves.append(control)
            else:
                self._apply(control, now=0)
        self.ring = ring_of(self.model, self.space.latent(), self.transport.painted_tempo)
        self.ring.paint_all()
        self._unpainted, self._meanwhile = np.zeros(self.ring.steps, dtype=bool), self.ring.samples
        self.transport.begin(self.ring.grid.loop_length)
        slot = self.store.write(self.ring.samples)
        assert slot is not None, "a new store has free rows"
        self._slot = slot
        for control in moves:
            self._apply(control, now=0)
        self._moved, self._changed, self._fade = False, False, FADE_FRAMES
        return self._publication(effect_frame=0, fade_frames=0)

    def tick(self, number: int, controls: Iterable[Control] = ()) -> Publication | None:
        """Do what belongs to one tick (numbers from 1, rising); returns what the player has to know, if anything changed."""
        effect = number * TICK_FRAMES
        for control in controls:
            self._apply(control, now=effect)
        self._announce(self.transport.follow(number))
        self._follow_latent(number)
        if number >= self._busy_until:
            self._paint(number, effect)
        self._hand_over(number, effect)
        if not self._changed:
            return None
        publication = self._publication(self.transport.effect_frame(effect), self._fade)
        self._changed, self._fade = False, FADE_FRAMES
        return publication

    def start_painting_again(self) -> None:
        """After a failure: forget what was being painted, and paint every step of the sounding ring anew."""
        self._takeover, self._finished, self._busy_until = None, False, 0
        self.ring = self.ring.copy()
        for step in range(self.ring.steps):
            self.ring.spoil(step)
        self.ring.move_to(self.space.latent())

    def state(self) -> list[Control]:
        """The controls of frame 0 that bring a new engine of the same model to this state: how every recording begins."""
        return [
            Control("step_ticks", (), (self.step_ticks,)),
            *self.space.state(),
            Control("gain", (), (self.gain,)),
            Control("quantise", (), (self.quantise,)),
            *self.transport.state(),
        ]

    @property
    def painting(self) -> bool:
        """Whether anything is painted, or waits to be painted or handed over."""
        return self._moved or self._finished or self._takeover is not None or bool(self.ring.dirty.any())

    # -- controls -------------------------------------------------------------------------------------------------------------

    def _apply(self, control: Control, now: int) -> None:
        try:
            match control.name:
                case "tempo" | "tempo_mode" | "clock" | "reference" | "nudge" | "play" | "stop":
                    self._announce(self.transport.apply(control, now))
                case "gain":
                    self.gain = float(control.values[0])
                    self._announce(GAIN_FADE_FRAMES)
                case "trigger":
                    step = int(control.values[0])
                    self._announce(self.transport.trigger(self.ring.step_start(step - 1) if step else None, now))
                case "quantise":
                    self.quantise = str(control.values[0])
                case "step_ticks":
                    raise VamenError(f"{control.name} can only stand at the start of a take; leave it out here.")
                case "subscribe" | "unsubscribe" | "learn":
                    pass
                case "export":
                    name = str(control.values[0]) if control.values else ""
                    tempo = self.transport.export_tempo
                    self.exports.append(ExportRequest(self.space.latent(), tempo, name, self.space.axes))
                case _:
                    self.space.apply(control)
                    self._moved = True
        except VamenError as error:
            self.counters.rejected += 1
            self.errors.append(str(error))

    def _announce(self, fade_frames: int | None) -> None:
        if fade_frames is not None:
            self._changed, self._fade = True, min(fade_frames, self._fade)

    # -- painting -------------------------------------------------------------------------------------------------------------

    def _hand_over(self, number: int, effect: int) -> None:
        """Publish what has been painted: a step of the ring that sounds, or the second ring whose moment has come."""
        takeover = self._keep_appointment(number, effect)
        if takeover is None and not self._finished:
            return
        ring, unpainted, meanwhile = self.ring, self._unpainted, self._meanwhile
        if takeover is not None:
            ring, unpainted, meanwhile = takeover.ring, takeover.unpainted, takeover.meanwhile
        slot = self.store.write(completed(ring, unpainted, meanwhile))
        if slot is None:
            return
        if takeover is not None:
            self.transport.take_over(ring.grid.loop_length, effect)
            self._takeover, self._unpainted, self._meanwhile = None, unpainted, meanwhile
        self.ring, self._slot, self._finished = ring, slot, False
        self._announce(FADE_FRAMES)

    def _follow_latent(self, number: int) -> None:
        """Aim at the latest latent and tempo."""
        takeover = self._takeover
        if self._moved and self.quantise in QUANTISE_BEATS:
            # Meanwhile the ring that sounds is left as it is, so it has to be whole.
            if takeover is None and not self._unpainted.any():
                takeover = self._begin(self.ring.copy(), number, QUANTISE_BEATS[self.quantise])
            # What comes too late for this boundary waits for the next.
            if (
                takeover is not None
                and takeover.boundary_beats
                and self._frame_of(takeover) // TICK_FRAMES - number >= LEAD_JOBS * self.step_ticks
            ):
                takeover.ring.move_to(self.space.latent())
                self._moved = False
        elif self._moved:
            self.ring.move_to(self.space.latent())
            if takeover is not None:
                takeover.ring.move_to(self.space.latent())
            self._moved = False
        if self.transport.wants_painting and (takeover is None or takeover.boundary_beats):
            # The beat cannot wait for a boundary: a break that does is begun again when the tempo is there.
            self._moved = self._moved or takeover is not None
            self._begin(ring_of(self.model, self.ring.latent, self.transport.painted_tempo), number, 0)

    def _begin(self, ring: Ring, number: int, boundary_beats: int) -> _Takeover:
        """Plan the takeover of a second ring: as soon as its first steps are ready, or on the next boundary after that."""
        unpainted = np.full(ring.steps, not boundary_beats)
        meanwhile = ring.samples if boundary_beats else self._stretched_to(ring.grid.loop_length)
        takeover = _Takeover(ring, number + LEAD_JOBS * self.step_ticks, unpainted, meanwhile, boundary_beats)
        self._takeover = self._on_boundary(takeover, number)
        return self._takeover

    def _stretched_to(self, loop_length: int) -> FloatArray:
        """What sounds now, read so that it fills a loop of another length (loop_length,)."""
        samples = completed(self.ring, self._unpainted, self._meanwhile)
        places = np.arange(loop_length) * (len(samples) / loop_length)
        return np.interp(places, np.arange(len(samples) + 1), np.append(samples, samples[:1])).astype(np.float32)

    def _on_boundary(self, takeover: _Takeover, number: int) -> _Takeover:
        """The takeover with the boundary that is meant in tick `number`: the first one after it is ready, wherever the clock has
        moved that; once it is ready, the clock can only take it away by going back."""
        if not (beats := takeover.boundary_beats):
            return takeover
        earliest = self.transport.beat_at(max(takeover.ready, number) * TICK_FRAMES)
        if number < takeover.ready or takeover.boundary - earliest > beats:
            return replace(takeover, boundary=math.ceil(earliest / beats) * beats)
        return takeover

    def _frame_of(self, takeover: _Takeover) -> int:
        """The frame at which it is meant to take over."""
        if takeover.boundary_beats:
            return self.transport.frame_of_beat(takeover.boundary)
        return takeover.ready * TICK_FRAMES

    def _keep_appointment(self, number: int, effect: int) -> _Takeover | None:
        """The second ring, if this is its moment."""
        if (takeover := self._takeover) is None:
            return None
        takeover = self._takeover = self._on_boundary(takeover, number)
        # A few milliseconds early, so that the attack on a boundary is already the new one.
        if number < max(takeover.ready, self._frame_of(takeover) // TICK_FRAMES):
            return None
        sounding = self._step_at(effect)
        if takeover.unpainted[[sounding, (sounding + 1) % takeover.ring.steps]].any():
            # The place was moved to steps in which nothing can be heard yet: they are painted first.
            self._takeover = replace(takeover, ready=number + LEAD_JOBS * self.step_ticks)
            return None
        return takeover

    def _paint(self, number: int, effect: int) -> None:
        """Paint the dirty step that will be heard next, if there is one."""
        takeover = self._takeover
        ring = self.ring if takeover is None else takeover.ring
        unpainted = self._unpainted if takeover is None else takeover.unpainted
        dirty = np.flatnonzero(ring.dirty)
        if not len(dirty):
            return
        if takeover is not None:
            first = self._step_at(max(effect, self._frame_of(takeover)))
        else:
            # A painted step is heard from half a window before it on. With `quantise step` what sounds is left alone.
            heard = effect if self.quantise == "step" else effect + ring.grid.spec.n_fft_engine // 2
            first = self._step_at(heard)
        distance = (dirty - first) % ring.steps
        if takeover is not None:
            distance[~unpainted[dirty]] += ring.steps
        if takeover is None and self.quantise == "step":
            distance[distance == 0] = ring.steps
        self._busy_until = number + self.step_ticks
        step = int(dirty[np.argmin(distance)])
        painted = ring.paint_step(step)
        unpainted[step] &= not painted
        unpainted &= ring.dirty
        self.counters.jobs += 1
        self.counters.painted_steps += painted
        self.counters.repaints += not ring.dirty.any()
        self._finished = painted and takeover is None

    def _step_at(self, frame: int) -> int:
        """The step (from 0) that is meant to sound at a frame."""
        return self.ring.step_at(math.floor(self.transport.place_at(frame)) % self.ring.grid.loop_length)

    def _publication(self, effect_frame: int, fade_frames: int) -> Publication:
        reading = self.transport.reading
        publication = Publication(
            sequence=self._sequence,
            effect_frame=effect_frame,
            slot=self._slot if self.transport.sounding else SILENCE,
            loop_length=self.ring.grid.loop_length,
            anchor_frame=reading.frame,
            gain=self.gain,
            fade_frames=fade_frames,
            position=reading.position,
            rate=reading.rate,
        )
        self._sequence += 1
        self.store.hold(publication)
        return publication


def completed(ring: Ring, unpainted: NDArray[np.bool_], meanwhile: FloatArray) -> FloatArray:
    """A ring's samples (loop_length,), with others (loop_length,) in the steps (steps,) in which there are none yet."""
    if not unpainted.any():
        return ring.samples
    samples = ring.samples.copy()
    for step in np.flatnonzero(unpainted):
        here = slice(ring.step_start(int(step)), ring.step_start(int(step) + 1) if step + 1 < ring.steps else len(samples))
        samples[here] = meanwhile[here]
    return samples
