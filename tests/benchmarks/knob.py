"""Knob to ear: from a packet that leaves another process to the changed sample in what a sound card would play."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE
from bridge.model_metadata import ModelMetadata
from bridge.parameters import DEFAULT_BEATS_PER_MINUTE
from tests.benchmarks.differences import NotHeard, heard
from tests.benchmarks.hand import STEPS_TOUCHED
from tests.benchmarks.instrument import busy_cores, started
from tests.benchmarks.listening import Recording, listening
from tests.conftest import ROOT
from tests.rig import NullSinks

GAIN = 0.25
"""Leaves the limiter at rest whatever is painted."""

LOST_SECONDS = 1.0
"""A turn that is not heard within this is lost."""

SETTLED_SECONDS = 0.05
"""After a turn was heard, the next step may follow a little later than it begins."""

SETTLE_SECONDS, LOADED_SETTLE_SECONDS = 0.12, 0.22
"""What a turn is given until its sound has settled; where it takes longer, the turn a loop later cannot be told."""


@dataclass(frozen=True)
class Cell:
    """What the turns of one cell came to: how long each took (found,), in ms, how many were lost, how many there was nothing to
    compare with for, by how much chunks of the capture came early and late (5th and 95th percentile, ms), the time to the first
    sound in seconds."""

    blocksize: int
    loaded: bool
    milliseconds: NDArray[np.float64] = field(repr=False)
    lost: int
    unclear: int
    jitter_ms: tuple[float, float]
    first_sound_seconds: float
    summary: dict[str, str]

    @property
    def name(self) -> str:
        """The cell's key in the results."""
        return f"{self.blocksize}_{'loaded' if self.loaded else 'unloaded'}"

    def figures(self) -> dict[str, object]:
        """For the results: percentiles and all the turns."""
        percentiles = np.percentile(self.milliseconds, (50, 95, 99, 100)) if len(self.milliseconds) else np.full(4, np.inf)
        return {
            **dict(zip(("median", "p95", "p99", "worst"), map(float, percentiles), strict=True)),
            "lost": self.lost,
            "unclear": self.unclear,
            "turns": len(self.milliseconds) + self.lost + self.unclear,
            "jitter_ms": self.jitter_ms,
            "late_repaints": int(self.summary["late repaints"]),
            "milliseconds": [round(float(value), 2) for value in self.milliseconds],
        }


def measure_cell(sinks: NullSinks, sink: str, metadata: ModelMetadata, blocksize: int, loaded: bool, turns: int) -> Cell:
    """Play at one block size, turn, listen. The load begins when the music plays."""
    spec = metadata.spec
    loop_length = spec.loop_length(DEFAULT_BEATS_PER_MINUTE)
    loop_seconds = loop_length / ENGINE_SAMPLE_RATE
    settle = LOADED_SETTLE_SECONDS if loaded else SETTLE_SECONDS
    with listening(sinks, sink) as ear, ExitStack() as stack:
        stage = stack.enter_context(started(sinks, sink, "--drift", 0, "--blocksize", blocksize))
        stage.playing.send("/vamen/gain", GAIN)
        if loaded:
            stack.enter_context(busy_cores())
        time.sleep(1.1 * loop_seconds)
        arguments = [stage.port, loop_seconds, spec.steps, metadata.latent_dimensions, settle, turns, blocksize + loaded]
        command = [sys.executable, "-m", "tests.benchmarks.hand", "turn", *map(str, arguments)]
        hand = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        time.sleep(LOST_SECONDS)
        stage.playing.end()
        recording = ear.recording()
    sent = [recording.frame_at(1e-9 * int(line)) for line in hand.stdout.split()]
    step_frames = loop_length / spec.steps
    rate = recording.sample_rate
    found = heard(
        recording.samples[:, 0],
        sent,
        loop_length,
        touched=round(STEPS_TOUCHED * step_frames),
        settled=round(SETTLED_SECONDS * rate),
        expected=round(settle * rate),
        longest=round(LOST_SECONDS * rate),
    )
    taken = [1000.0 * (place - frame) / rate for place, frame in zip(found, sent, strict=True) if isinstance(place, int)]
    low, high = np.percentile(recording.jitter_ms, (5, 95))
    return Cell(
        blocksize=blocksize,
        loaded=loaded,
        milliseconds=np.array(taken),
        lost=found.count(NotHeard.LOST),
        unclear=found.count(NotHeard.UNCLEAR),
        jitter_ms=(float(low), float(high)),
        first_sound_seconds=first_sound(recording) - stage.begun,
        summary=stage.playing.summary,
    )


def first_sound(recording: Recording) -> float:
    """The moment of `time.monotonic` in which the first sample that is not silence sounds."""
    return recording.seconds_at(int(np.flatnonzero(recording.samples[:, 0])[0]))
