"""`vamen devices` and `vamen doctor`: what is there, and whether it works."""

from __future__ import annotations

import argparse
import io
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from bridge import __version__
from bridge.break_render import render_break
from bridge.errors import VamenError
from bridge.map_places import shipped_maps
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray
from bridge.model import Model
from bridge.precedence import PRIORITY, take_precedence
from bridge.provider_choice import Timing, cpu_seconds, graph_seconds, median_seconds, remember
from bridge.sound_graph import SoundGraph

if TYPE_CHECKING:
    from bridge.midi_ports import PortKind

PLAY_SECONDS = 7.0
"""How long the self-test plays; with the renders before it, it takes about ten seconds."""

MOVES = 8
SECONDS_BETWEEN_MOVES = 0.5
"""The hand moves in the first seconds and rests in the others, so that a slow machine too gets to the end of a repaint."""

START_SECONDS = 60.0
"""How long the self-test waits for the first sound before it calls the instrument broken."""

SILENCE_PEAK = 1e-3
MOST_LATE_SHARE = 0.25
"""A machine on which more painted steps than this come late cannot follow a hand."""


def list_devices() -> int:
    """`vamen devices`: every sound device, MIDI port and control map, or the sentence that says why there is none."""
    from bridge.midi_ports import INPUT, OUTPUT

    _print_sound_devices()
    _print_midi_ports(INPUT)
    _print_midi_ports(OUTPUT)
    print(f"Control maps for --map: {', '.join(shipped_maps())}")
    return 0


def run(arguments: argparse.Namespace) -> int:
    """`vamen doctor`: prints what is there, tests it, ends with a verdict; exit status 0 when the instrument can be played."""
    print(f"vamen {__version__}")
    list_devices()
    _print_precedence()
    _print_providers(arguments.model)
    try:
        model = Model.load(arguments.model, provider=arguments.provider)
        _print_card(model)
        verdict = self_test(model, arguments)
    except VamenError as error:
        print(f"Verdict: not ready. {error}")
        return 1
    print(f"Verdict: ready. {verdict}")
    return 0


def self_test(model: Model, arguments: argparse.Namespace) -> str:
    """Render breaks, then play for some seconds with a hand on the controls; returns a remark for the verdict.

    Raises VamenError when the instrument cannot be played.
    """
    latent = model.metadata.slots[0].latent
    decode_seconds = median_seconds(lambda: model.decode_ring(latent))
    tempo = model.metadata.spec.beats_per_minute
    render_seconds = median_seconds(lambda: render_break(model, latent, tempo))
    loop_seconds = model.metadata.spec.loop_length(tempo) / ENGINE_SAMPLE_RATE
    print(
        f"Self-test: a break is painted in {1000 * decode_seconds:.0f} ms and rendered in {1000 * render_seconds:.0f} ms, "
        f"{loop_seconds / render_seconds:.0f} times faster than it plays"
    )
    if render_seconds > loop_seconds:
        raise VamenError("This machine renders more slowly than it would have to play; use a faster one, or vamen sample.")
    return _play(model, arguments)


def _play(model: Model, arguments: argparse.Namespace) -> str:
    from bridge import live
    from bridge.command_line import build_parser

    with tempfile.TemporaryDirectory(prefix="vamen") as folder:
        capture = Path(folder) / "capture.wav"
        port = _free_port()
        options = ["--output", "none", "--osc-port", str(port), "--capture", str(capture), "--provider", arguments.provider]
        if arguments.model is not None:
            options += ["--model", str(arguments.model)]
        transcript = _Transcript()
        hand = _Hand(port, [axis.name for axis in model.metadata.axes], transcript.started)
        hand.start()
        try:
            with redirect_stdout(transcript):
                live.run(build_parser().parse_args(["play", *options]))
        finally:
            hand.let_go()
        figures = transcript.figures()
        samples, _ = soundfile.read(str(capture), dtype="float32")
    return judge(samples, figures, model.metadata.spec.steps)


def judge(samples: FloatArray, figures: dict[str, str], steps: int) -> str:
    """What the self-test's capture (n,) and the figures that `vamen play` printed amount to, as a remark for the verdict.

    A repaint paints at most `steps` steps, each of which can be late. Raises VamenError when nothing was heard, nothing
    followed the hand, or too much of it came late.
    """
    repaints, late, gaps = (int(figures[name]) for name in ("repaints", "late repaints", "gaps"))
    seconds = len(samples) / ENGINE_SAMPLE_RATE
    print(f"Self-test: {seconds:.1f} s played, {repaints} repaints, {late} steps late, {gaps} gaps")
    if len(samples) == 0 or not np.isfinite(samples).all() or np.abs(samples).max() < SILENCE_PEAK:
        raise VamenError("Nothing was heard in the self-test; try another --model, and report it with what stands above.")
    if repaints == 0:
        raise VamenError("The sound did not follow the controls; check that no firewall holds up UDP on this machine itself.")
    if late > MOST_LATE_SHARE * repaints * steps:
        raise VamenError("Too much came late: close other programs, or use a faster machine.")
    if late or gaps:
        return "Some steps came late; with other programs closed there will be fewer."
    return "Everything sounded in time."


class _Hand(threading.Thread):
    """Turns the axes over OSC once the instrument plays, then ends it as Ctrl-C would."""

    def __init__(self, port: int, axis_names: list[str], playing: threading.Event) -> None:
        super().__init__(name="self-test")
        self._port = port
        self._axis_names = axis_names
        self._playing = playing
        self._released = threading.Event()

    def let_go(self) -> None:
        """Touch nothing any more; returns when that is so."""
        self._released.set()
        self._playing.set()
        self.join()

    def run(self) -> None:
        from pythonosc.udp_client import SimpleUDPClient

        self._playing.wait(START_SECONDS)
        client = SimpleUDPClient("127.0.0.1", self._port)
        for move in range(MOVES):
            if self._released.wait(SECONDS_BETWEEN_MOVES):
                return
            if self._axis_names:
                client.send_message(f"/vamen/axis/{self._axis_names[move % len(self._axis_names)]}", 1.0)
            else:
                client.send_message("/vamen/random", move)
        if not self._released.wait(PLAY_SECONDS - MOVES * SECONDS_BETWEEN_MOVES):
            signal.raise_signal(signal.SIGINT)


class _Transcript(io.StringIO):
    """What `vamen play` prints: a line when it starts, "name: value" lines at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.started = threading.Event()

    def write(self, text: str) -> int:
        if text.strip():
            self.started.set()
        return super().write(text)

    def figures(self) -> dict[str, str]:
        """The values by name."""
        pairs = (line.partition(": ") for line in self.getvalue().splitlines()[1:])
        return {name: value for name, _, value in pairs}


def _print_sound_devices() -> None:
    from bridge.devices import list_sound_devices

    try:
        with _native_libraries_silent():
            devices = list_sound_devices()
    except VamenError as error:
        print(f"Sound devices: none: {error}")
        return
    print("Sound devices:" if devices else "Sound devices: none; vamen plays to its watch folder and --capture")
    for device in devices:
        mark = "*" if device.is_default else " "
        print(
            f" {mark} {device.name} ({device.host_api}): {device.rate} Hz, {1000 * device.latency:.1f} ms, "
            f"{device.channels} {'channel' if device.channels == 1 else 'channels'}"
        )


def _print_midi_ports(kind: PortKind) -> None:
    from bridge.midi_ports import list_ports

    try:
        with _native_libraries_silent():
            ports = list_ports(kind)
    except VamenError as error:
        print(f"{kind.noun}s: none: {error}")
        return
    print(f"{kind.noun}s:" if ports else f"{kind.noun}s: none")
    for port in ports:
        print(f"   {port}")


def _print_precedence() -> None:
    """Says whether the sound's process may run before ordinary ones, on the systems where it has to ask for that."""
    if not hasattr(os, "sched_setscheduler"):
        return
    # In a thread of its own, which alone would get it.
    with ThreadPoolExecutor(1) as thread:
        allowed = thread.submit(take_precedence).result()
    if allowed:
        print("The sound runs before other programs.")
    else:
        print(
            "The sound waits its turn behind other programs, and may be interrupted when they are busy: let your user have a "
            f"real-time priority of {PRIORITY} (rtprio in /etc/security/limits.d; often the group audio or realtime has it)."
        )


def _print_providers(model_path: Path | None) -> None:
    """Says which providers really serve, how fast each is, and which is the faster; remembers that for `--provider auto`."""
    print("onnxruntime providers:")
    try:
        model = Model.load(model_path, provider="cpu")
    except VamenError as error:
        print(f"   cpu: does not serve: {error}")
        return
    step, loop = cpu_seconds(model)
    print(f"   cpu: serves as {model.providers[0]}, a step in {1000 * step:.1f} ms, a loop in {1000 * loop:.1f} ms")
    faster = "cpu"
    try:
        with _native_libraries_silent():
            graph = SoundGraph(model, "cuda")
    except VamenError as error:
        print(f"   cuda: does not serve: {error}")
    else:
        timing = Timing(step, loop, graph_seconds(model, graph))
        captured = "" if graph.captured else ", not captured as a CUDA graph"
        print(f"   cuda: serves as {', '.join(graph.providers)}, a loop in {1000 * timing.graph_loop:.1f} ms{captured}")
        remember(model, timing)
        faster = timing.faster
    print(f"   auto: {faster}")


def _print_card(model: Model) -> None:
    metadata, spec = model.metadata, model.metadata.spec
    print(f"Model: {metadata.name}, sha256 {model.sha256:.12}, served by {model.providers[0]}")
    print(
        f"   image {spec.n_mels} x {spec.n_frames}, {spec.sample_rate} Hz, {spec.steps} steps of {metadata.latent_dimensions} "
        f"dimensions, reach {metadata.reach}"
    )
    print(f"   axes: {', '.join(axis.name for axis in metadata.axes) or 'none'}")
    print(f"   slots: {', '.join(slot.name for slot in metadata.slots)}")
    for name, value in _scalars(metadata.training):
        print(f"   {name}: {value}")


def _scalars(training: dict[str, Any]) -> list[tuple[str, Any]]:
    """The plain values of a model's training record, those of its scores too: what fits on a line each."""
    flat = {**training, **(training["scores"] if isinstance(training.get("scores"), dict) else {})}
    return [(name, value) for name, value in flat.items() if isinstance(value, str | int | float)]


@contextmanager
def _native_libraries_silent() -> Iterator[None]:
    """Keeps what ALSA, JACK and CUDA print by themselves off the terminal; what they report as errors is told in a sentence."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
