"""`make soak`: does it hold for an evening? Random controls without pause beside a load on every core, told from a capture.

    python -m tests.rigs.soak [--minutes M] [--out DIR]

`vamen play` at 256-frame blocks and a bare callback play into two paced sinks, an endless FFT on each core beside them. A hand
sends 200 messages a second: axes, latents, morphs, slots, draws, triggers, gain, quantise. What would move the beat (tempo,
clock, nudge, tap, play, stop) it leaves alone, because the beat is measured: in the end it puts everything back, and the loop
must be where it was in the beginning, on the frame counter and in what the sink played. Ctrl-C ends the evening early and
measures what there is.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# As `vamen` does, and before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE
from bridge.model import Model
from bridge.parameters import DEFAULT_BEATS_PER_MINUTE
from bridge.whole_file import replacing
from tests.benchmarks.bare import RAMP_FRAMES
from tests.benchmarks.differences import gaps
from tests.benchmarks.endurance import ENDING_FRAMES, as_integers, bare_callback, samples_of_wav
from tests.benchmarks.instrument import Started, busy_cores, footprints, started
from tests.rig import NullSinks, null_sinks, places, samples_of
from tests.rigs.reports import report
from training.ruler.figures import Bar, Figure, lines

DEFAULT_OUT = Path("runs/soak")

OURS, BARE = "ours", "bare"
SEED = 1
MESSAGES_PER_SECOND = 200
MOST_BEHIND_SECONDS = 0.5
"""A hand that was held up for longer leaves out what it missed."""

SETTLED_SHARE = 1.0 / 6.0
"""Of the evening; memory is compared with what it was then: five minutes of thirty."""
LOOK_SECONDS = 5.0
"""Between two looks at the memory."""
LAST_LOOKS = 6

QUIET_SECONDS = 8.0
"""Without a hand, at the beginning and at the end, so that the loop can be heard: two rounds and more."""

MATCH_FRAMES = 32768
"""Of the loop that are sought in what sounded, at the beginning and at the end."""

MOST_MOVED_FRAMES = 44.0
"""A millisecond: painted another time, a loop is most like itself give or take some frames."""

SLIP_FRAMES = ENGINE_SAMPLE_RATE
"""How far what is heard is sought from where the gaps have moved it: less than half a loop, since those are all alike."""

FIGURES = (
    Figure("Gaps", "gaps.more", "gaps in the capture beyond a bare callback's", better="less", bar=Bar(at_most=0.0),
           beside=(("ours", "gaps.ours"), ("seconds lost", "gaps.ours_seconds"),
                   ("bare", "gaps.bare"), ("seconds lost", "gaps.bare_seconds"))),
    Figure("Memory", "memory.growth", "growth after the first sixth", "MB", better="less", bar=Bar(at_most=5.0),
           beside=(("then", "memory.settled"), ("at the end", "memory.end"))),
    Figure("Beat", "beat.frames", "frames by which the loop has moved against the frame counter", better="less",
           bar=Bar(at_most=MOST_MOVED_FRAMES)),
    Figure("Beat", "beat.heard_frames", "frames by which what was heard has moved against that, but for the gaps", better="less",
           bar=Bar(at_most=0.0)),
    Figure("The evening", "evening.seconds", "seconds"),
    Figure("The evening", "evening.messages", "messages",
           beside=(("repaints", "evening.repaints"), ("late repaints", "evening.late_repaints"), ("refused", "evening.refused"))),
    Figure("The evening", "evening.generator_failures", "exceptions in the generator", bar=Bar(at_most=0.0)),
)  # fmt: skip


class Hand:
    """Sends random controls; `put_back` ends as everything began."""

    def __init__(self, stage: Started, model: Model) -> None:
        self.sent = 0
        self._playing = stage.playing
        self._axes = len(model.metadata.axes)
        self._steps, self._dimensions = model.metadata.spec.steps, model.metadata.latent_dimensions
        self._random = random.Random(SEED)

    def move(self) -> None:
        """One message."""
        draw = self._random
        kind = draw.random()
        if kind < 0.7:
            self._send(f"axis/{draw.randint(1, self._axes)}", draw.random())
        elif kind < 0.85:
            step, dimension = draw.randint(1, self._steps), draw.randint(1, self._dimensions)
            self._send(f"latent/{step}/{dimension}", draw.gauss(0.0, 1.0))
        elif kind < 0.92:
            self._send("morph", draw.random())
        elif kind < 0.96:
            self._send("gain", draw.uniform(0.3, 1.0))
        elif kind < 0.98:
            self._send("random", draw.randrange(2**31))
        elif kind < 0.985:
            self._send("slot/recall", draw.randint(1, 4))
        elif kind < 0.99:
            self._send("slot/store", draw.randint(20, 40))
        elif kind < 0.995:
            self._send("quantise", draw.choice(("off", "step", "beat", "bar", "loop")))
        else:
            self._send("trigger", draw.randint(0, self._steps))

    def put_back(self) -> None:
        """The break at home, at full gain, where the loop is."""
        for address, value in (("quantise", "off"), ("trigger", 0), ("gain", 1.0), ("slot/recall", 1)):
            self._send(address, value)

    def _send(self, address: str, value: float | int | str) -> None:
        self._playing.send(f"/vamen/{address}", value)
        self.sent += 1


@dataclass
class Evening:
    """What is noted while it lasts."""

    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    """Of all processes, what is shared divided among those that share it."""


def play(hand: Hand, stage: Started, seconds: float, evening: Evening) -> Iterator[None]:
    """Move and look for so many seconds; comes back now and then."""
    begun = due = time.monotonic()
    looked = -LOOK_SECONDS
    while (elapsed := time.monotonic() - begun) < seconds:
        hand.move()
        if elapsed >= looked + LOOK_SECONDS:
            looked = elapsed
            evening.seconds.append(elapsed)
            memory = footprints(stage.playing.process.pid)
            evening.megabytes.append(sum(footprint.proportional for footprint in memory))
            yield
        due = max(due + 1.0 / MESSAGES_PER_SECOND, time.monotonic() - MOST_BEHIND_SECONDS)
        time.sleep(max(0.0, due - time.monotonic()))


def memory_figures(evening: Evening) -> dict[str, float]:
    """The median of the last looks beside that of those after the first sixth."""
    megabytes = np.array(evening.megabytes)
    settled = int(len(megabytes) * SETTLED_SHARE)
    then, end = (float(np.median(part)) for part in (megabytes[settled : settled + LAST_LOOKS], megabytes[-LAST_LOOKS:]))
    return {"settled": then, "end": end, "growth": end - then}


def beat_frames(played: NDArray[np.int32], loop_length: int, beats: int) -> int:
    """By how many frames the loop of the end lies off that of the beginning, counted round and round.

    Both are the same break, painted at the beginning from cold and at the end step by step: the peak of their correlation tells.
    It is sought within a beat, since the bars of a break are nearly alike and another painting of one may be more like the other.
    """
    begin = ENGINE_SAMPLE_RATE
    first = played[begin : begin + loop_length].astype(np.float64)
    late = (len(played) - ENDING_FRAMES - MATCH_FRAMES - begin) // loop_length * loop_length + begin
    last = played[late - loop_length : late].astype(np.float64)
    alike = np.fft.irfft(np.fft.rfft(last) * np.conj(np.fft.rfft(first)), loop_length)
    reach = loop_length // beats
    return int(np.argmax(np.roll(alike, reach)[: 2 * reach + 1])) - reach


def slipped_frames(played: NDArray[np.int32], heard: NDArray[np.int32], lost: int) -> int:
    """By how much more what was heard lies behind what was played at the end than at the beginning, `lost` of it in gaps."""

    def behind(place: int, around: int) -> int:
        wanted = played[place : place + MATCH_FRAMES]
        low = max(0, place + around - SLIP_FRAMES)
        window = heard[low : place + around + SLIP_FRAMES + MATCH_FRAMES]
        size = 1 << (len(window) + MATCH_FRAMES).bit_length()
        alike = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(wanted, size)), size)[: len(window)]
        return low + int(np.argmax(alike)) - place

    offset = int(np.flatnonzero(heard)[0]) - int(np.flatnonzero(played)[0])
    first = behind(ENGINE_SAMPLE_RATE, offset)
    last = behind(min(len(played), len(heard) - first - lost) - ENDING_FRAMES - 2 * MATCH_FRAMES, first + lost)
    return last - first


def bare_gaps(samples: NDArray[np.float32]) -> list[int]:
    """The same as `gaps` for a capture (n,) of the bare callback's ramp.

    Its rounds are all alike: a gap is taken for less than half of one, 0.74 s.
    """
    place, steady = places(samples, RAMP_FRAMES, np.float32(1.0))
    first = int(np.flatnonzero(steady)[RAMP_FRAMES // 64])
    at = np.flatnonzero(steady[first:]) + first
    behind = at - place[at]
    moved = np.diff(behind)[np.diff(at) > 1]
    return [int(frames) for frames in (moved + RAMP_FRAMES // 2) % RAMP_FRAMES - RAMP_FRAMES // 2]


def measure(sinks: NullSinks, folder: Path, seconds: float, shown: Progress) -> tuple[dict[str, Any], Evening]:
    """The evening from its first loop to the last, and what it came to."""
    model, evening = Model.load(), Evening()
    capture = folder / "played.wav"
    task = shown.add_task("an evening", total=seconds)
    with sinks.capture(OURS) as heard_path, started(sinks, OURS, "--drift", 0, "--blocksize", 256, "--capture", capture) as stage:
        hand = Hand(stage, model)
        with sinks.capture(BARE) as bare_path, bare_callback(sinks, BARE), busy_cores():
            time.sleep(QUIET_SECONDS)
            begun = time.monotonic()
            try:
                for _ in play(hand, stage, seconds, evening):
                    shown.update(task, completed=evening.seconds[-1], description=f"{evening.megabytes[-1]:.1f} MB")
            except KeyboardInterrupt:
                shown.update(task, description="ended early")
            elapsed = time.monotonic() - begun
            hand.put_back()
            time.sleep(QUIET_SECONDS)
        stage.playing.finish()
    shown.update(task, completed=seconds, description="listening to it")
    played, heard = samples_of_wav(capture), as_integers(samples_of(heard_path)[:, 0])
    ours = gaps(played, heard[:-ENDING_FRAMES])
    bare = bare_gaps(samples_of(bare_path)[:-ENDING_FRAMES, 0])
    spec = model.metadata.spec
    summary = stage.playing.summary
    results: dict[str, Any] = {
        "gaps": {
            "ours": len(ours),
            "ours_seconds": sum(ours) / ENGINE_SAMPLE_RATE,
            "bare": len(bare),
            "bare_seconds": sum(bare) / ENGINE_SAMPLE_RATE,
            "more": max(0, len(ours) - len(bare)),
        },
        "memory": memory_figures(evening),
        "beat": {
            "frames": abs(beat_frames(played, spec.loop_length(DEFAULT_BEATS_PER_MINUTE), spec.beats)),
            "heard_frames": abs(slipped_frames(played, heard, sum(ours)) - sum(ours)),
        },
        "evening": {
            "seconds": elapsed,
            "messages": hand.sent,
            "repaints": int(summary["repaints"]),
            "late_repaints": int(summary["late repaints"]),
            "refused": int(summary["rejected messages"]) + int(summary["refused controls"]),
            "generator_failures": int(summary["generator failures"]),
        },
    }
    return results, evening


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status: 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.rigs.soak", description="Does it hold for an evening?")
    parser.add_argument("--minutes", type=float, default=30.0, metavar="M", help="how long the hand moves (%(default)s)")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where to leave the results (%(default)s)")
    options = parser.parse_args(arguments)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with (
        tempfile.TemporaryDirectory(prefix="vamen-soak-") as folder,
        null_sinks(OURS, BARE) as sinks,
        Progress(*columns, console=Console(stderr=True), transient=True) as shown,
    ):
        results, evening = measure(sinks, Path(folder), 60.0 * options.minutes, shown)
    found = lines(results, FIGURES)
    table, text = report(found, [])
    options.out.mkdir(parents=True, exist_ok=True)
    memory = {"seconds": evening.seconds, "megabytes": evening.megabytes}
    content = json.dumps({**results, "looks": memory}, indent=1) + "\n"
    for name, written in (("results.json", content), ("report.md", text + "\n")):
        with replacing(options.out / name) as temporary:
            temporary.write_text(written, encoding="utf-8")
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    return int(any(line.verdict not in ("", "met") for line in found))


if __name__ == "__main__":
    sys.exit(main())
