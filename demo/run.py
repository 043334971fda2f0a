"""make demo: the recorded performance goes over a real UDP socket into `vamen play`, and what sounded is kept and checked.

    python demo/run.py                      what `vamen play` takes may follow: --device NAME, --output none, --model M

Written beside this file: performance.wav, performance.png, report.md, and the breaks that the performance asks for, in exports/.
Then the recording that `vamen play` made is rendered once more without a clock: what is silent there was asked for.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from picture import draw, gestures
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from bridge.break_render import write_wav
from bridge.command_line import build_parser
from bridge.control import Control, ControlChange
from bridge.errors import VamenError
from bridge.limiter import CEILING_DBTP, Limiter, true_peak_dbtp
from bridge.mel_spectrogram import BEATS_PER_BAR, ENGINE_SAMPLE_RATE, FloatArray
from bridge.model import Model
from bridge.offline import render_take
from bridge.osc import decode, encode
from bridge.parameters import DEFAULT_BEATS_PER_MINUTE, ControlLayout, format_control, layout_of
from bridge.take import read_take
from bridge.wav_file import pcm24
from bridge.whole_file import replacing

HERE = Path(os.path.relpath(Path(__file__).parent)) if Path(__file__).is_relative_to(Path.cwd()) else Path(__file__).parent

SETTLE_SECONDS = 10.0
"""How long the player may take to paint the state in which the performance begins."""

END_SECONDS = 60.0
"""How long it may take to reach the last bar line after the last message, and to end."""

SILENCE_PEAK = 1e-3
SILENCE_SECONDS = 0.1
BLOCK_FRAMES = 441
"""A silence is a run of blocks whose peaks stay under this, for at least so long."""

console = Console()


@dataclass(frozen=True)
class Performance:
    """What is to be played: the state to begin with, then changes at frames counted from the one of bar 1."""

    opening: list[Control]
    changes: list[ControlChange]
    beats_per_minute: float
    bars: int
    frames: int

    @classmethod
    def read(cls, path: Path, model: Model) -> Performance:
        """Read a take that stays at one tempo; it lasts to the end of the bar of its last change."""
        changes = read_take(path, layout_of(model.metadata))
        tempos = [change for change in changes if change.control.name == "tempo"]
        if any(change.frame > 0 for change in tempos):
            raise VamenError(f"{path} changes its tempo on the way, so its bars are not of one length; leave that out here.")
        tempo = float(tempos[-1].control.values[0]) if tempos else DEFAULT_BEATS_PER_MINUTE
        spec = model.metadata.spec
        loop_length = spec.loop_length(tempo)
        beats = changes[-1].frame * spec.beats / loop_length
        # Whole loops, so that the length is exact even where half a loop is half a sample.
        loops = math.ceil((beats + 1e-6) / spec.beats)
        opening = [change.control for change in changes if change.frame == 0 and change.control.name != "play"]
        later = [change for change in changes if change.frame > 0]
        return cls(opening, later, tempo, loops * spec.beats // BEATS_PER_BAR, loops * loop_length)


@dataclass
class Stage:
    """A running `vamen play` and the socket to it."""

    process: subprocess.Popen[str]
    description: str
    address: tuple[str, int]
    layout: ControlLayout
    socket: socket.socket
    bar: int = 0
    repaints: int = 0

    def __post_init__(self) -> None:
        self.socket.bind(("127.0.0.1", 0))
        self.socket.sendto(encode("/vamen/subscribe", self.socket.getsockname()[1]), self.address)

    def send(self, control: Control) -> None:
        address, _, arguments = format_control(control, self.layout)
        self.socket.sendto(encode(address, *arguments), self.address)

    def listen(self, seconds: float) -> None:
        """Take in one message from the player, if one comes in this time."""
        self.socket.settimeout(max(1e-4, seconds))
        try:
            packet = self.socket.recv(65_536)
        except TimeoutError:
            return
        for message in decode(packet):
            match message:
                case "/vamen/position", [int(bar), *_]:
                    self.bar = bar
                case "/vamen/repaint", _:
                    self.repaints += 1
                case "/vamen/error", [str(sentence)]:
                    console.print(f"vamen: {sentence}", style="yellow", soft_wrap=True)
        if self.process.poll() is not None:
            raise VamenError("`vamen play` has ended in the middle of the performance; run it alone to see why.")

    def listen_until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Take in messages until something is so; False when that takes longer than `seconds`."""
        end = time.perf_counter() + seconds
        while not reached():
            if time.perf_counter() > end:
                return False
            self.listen(0.1)
        return True

    def end(self) -> dict[str, str]:
        """End the player as Ctrl-C does; its figures by name."""
        _interrupt(self.process)
        output, _ = self.process.communicate(timeout=END_SECONDS)
        if self.process.returncode != 0:
            raise VamenError(f"`vamen play` ended with status {self.process.returncode}; run it alone to see why.")
        return dict(line.split(": ", 1) for line in output.splitlines() if ": " in line)


def _interrupt(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        process.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        process.send_signal(signal.SIGINT)


@contextmanager
def on_stage(arguments: Sequence[str], layout: ControlLayout) -> Iterator[Stage]:
    """Start `vamen play` on a free port; whatever happens here, it does not outlive the with block."""
    command = [sys.executable, "-m", "bridge", "play", "--osc-port", "0", *arguments]
    flags = 0
    if sys.platform == "win32":
        # Windows can interrupt a process only together with its group.
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, creationflags=flags)
        assert process.stdout is not None
        try:
            first_line = process.stdout.readline()
            port = re.search(r"OSC port: (\d+)", first_line)
            if port is None:
                process.wait(END_SECONDS)
                log.seek(0)
                raise VamenError(log.read().strip().removeprefix("vamen: ") or "`vamen play` did not start.")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
                yield Stage(process, first_line.strip(), ("127.0.0.1", int(port[1])), layout, connection)
        finally:
            if process.poll() is None:
                _interrupt(process)
                try:
                    process.communicate(timeout=END_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()


def perform(stage: Stage, performance: Performance) -> None:
    """Play it, in its own time, to the last bar line."""
    stage.send(Control("stop"))
    for control in performance.opening:
        stage.send(control)
    stage.listen_until(lambda: stage.repaints > 0, SETTLE_SECONDS)
    columns = (TextColumn("{task.description:<30}"), BarColumn(), MofNCompleteColumn(), TextColumn("bars"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("/vamen/play", total=performance.bars)
        stage.send(Control("play"))
        begun = time.perf_counter()
        stage.bar = 0
        for change in performance.changes:
            due = begun + change.frame / ENGINE_SAMPLE_RATE
            while (left := due - time.perf_counter()) > 0.0:
                stage.listen(left)
                progress.update(task, completed=min(stage.bar, performance.bars))
            stage.send(change.control)
            address, _, arguments = format_control(change.control, stage.layout)
            progress.update(task, description=" ".join([address, *(f"{value:.4}" for value in map(str, arguments))]))
        # A machine that could not keep up is behind the clock on the wall; the player's own position counts.
        stage.listen_until(lambda: stage.bar > performance.bars, END_SECONDS)
        progress.update(task, completed=performance.bars, description="/vamen/stop")


def offline_twin(model: Model, changes: Sequence[ControlChange], start: int, frames: int) -> FloatArray:
    """The recording rendered without a clock, through the limiter: (frames,) from player frame `start` on."""
    limiter = Limiter()
    end = start + frames + limiter.latency_frames
    pieces, done = [], 0
    with Progress(TextColumn("the recording, rendered offline"), BarColumn(), console=console) as progress:
        task = progress.add_task("", total=end)
        for block in render_take(model, changes, DEFAULT_BEATS_PER_MINUTE):
            pieces.append(limiter.process(block))
            done += len(block)
            progress.update(task, completed=min(done, end))
            if done >= end:
                break
    return np.concatenate(pieces)[end - frames : end]


def first_frame(changes: Sequence[ControlChange]) -> int:
    """The player's frame of the one of bar 1: where `play` is heard."""
    return next(change.frame for change in changes if change.control.name == "play" and change.frame > 0)


def longest_gap(samples: FloatArray, twin: FloatArray) -> float:
    """Seconds of the longest silence in samples (n,) while their offline twin (n,) sounds."""
    silent, asked_for = _block_peaks(samples) < SILENCE_PEAK, _block_peaks(twin) < SILENCE_PEAK
    longest = length = 0
    for missing in silent & ~asked_for:
        length = length + 1 if missing else 0
        longest = max(longest, length)
    return longest * BLOCK_FRAMES / ENGINE_SAMPLE_RATE


def _block_peaks(samples: FloatArray) -> FloatArray:
    return np.abs(samples[: len(samples) // BLOCK_FRAMES * BLOCK_FRAMES].reshape(-1, BLOCK_FRAMES)).max(axis=1)


def run(performance_path: Path, folder: Path, arguments: Sequence[str]) -> None:
    """The whole demo. Raises VamenError when something is not as it should be."""
    options = build_parser().parse_args(["play", *arguments])
    model = Model.load(options.model, provider=options.provider)
    layout = layout_of(model.metadata)
    performance = Performance.read(performance_path, model)
    seconds = performance.frames / ENGINE_SAMPLE_RATE
    tempo = f"{performance.beats_per_minute:g} BPM"
    console.print(f"{performance_path}: {performance.bars} bars at {tempo}, {seconds:.0f} seconds.", soft_wrap=True)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vamen-demo-") as scratch:
        take, capture = Path(scratch) / "take.osc", Path(scratch) / "capture.wav"
        files = ["--record", str(take), "--capture", str(capture), "--watch-folder", str(folder / "exports")]
        with on_stage([*arguments, "--drift", "0", *files], layout) as stage:
            console.print(stage.description, soft_wrap=True)
            perform(stage, performance)
            figures = stage.end()
        changes = read_take(take, layout)
        samples, _ = soundfile.read(capture, dtype="float32")
    start = first_frame(changes)
    samples = samples[start : start + performance.frames]
    if len(samples) < performance.frames:
        raise VamenError("The player stopped short of the last bar; run the demo again when the machine is less busy.")
    write_wav(folder / "performance.wav", samples)
    twin = offline_twin(model, changes, start, performance.frames)
    hand = gestures(performance.changes, performance.beats_per_minute, layout)
    with replacing(folder / "performance.png") as temporary:
        draw(samples, model.metadata.spec, performance.bars, hand).save(temporary, format="PNG")
    peak, gap = true_peak_dbtp(samples), longest_gap(samples, twin)
    late = int(figures["late repaints"])
    rows = {
        "bars played": f"{performance.bars} at {tempo}",
        "length": f"{performance.frames} samples, {seconds:.2f} s",
        "repaints": figures["repaints"],
        "slowest repaint": f"{figures['slowest repaint (ms)']} ms",
        "slowest step": f"{figures['slowest step (ms)']} ms",
        "late repaints": figures["late repaints"],
        "provider": figures["provider"],
        "exports": figures["exports"],
        "true peak": f"{peak:.2f} dBTP",
        "equals its offline render": "to the bit" if pcm24(samples) == pcm24(twin) else "no",
    }
    report(folder / "report.md", rows)
    console.print(f"{folder / 'performance.wav'}, performance.png, report.md, exports/", soft_wrap=True)
    if late:
        sentence = f"{late} repaints came late, because this machine was busy: until then the old sound went on."
        console.print(sentence, soft_wrap=True)
    check(performance, figures, peak, gap)


def check(performance: Performance, figures: dict[str, str], peak: float, gap: float) -> None:
    """Raise VamenError for what a performance must not do."""
    asked = sum(change.control.name == "export" for change in performance.changes)
    if peak > CEILING_DBTP:
        raise VamenError(f"The true peak is {peak:.2f} dBTP, above the ceiling of {CEILING_DBTP:g}: the limiter has failed.")
    if gap >= SILENCE_SECONDS:
        raise VamenError(f"There is a silence of {gap:.2f} s that nobody asked for.")
    if int(figures["exports"]) < asked:
        raise VamenError(f"{asked} exports were asked for and {figures['exports']} written; what stands above says why.")
    if int(figures["generator failures"]):
        raise VamenError(f"The generator failed {figures['generator failures']} times; please report it.")


def report(path: Path, rows: dict[str, str]) -> None:
    """Print the table, and keep it as Markdown."""
    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)
    lines = ["| the demo | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    """Exit status 0, 1 with a sentence when something is not as it should be, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(description="Play a recorded performance into `vamen play`; other options go there.")
    parser.add_argument("--performance", type=Path, default=HERE / "performance.osc", metavar="TAKE.osc", help="what to play")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR", help="where the files go (default: this folder)")
    own, arguments = parser.parse_known_args()
    # Both, since a shell starts background jobs with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        run(own.performance, own.out, arguments)
    except VamenError as error:
        console.print(f"demo: {error}", style="red", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("demo: interrupted.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
