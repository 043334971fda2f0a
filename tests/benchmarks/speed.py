"""How long the way from a latent to sound takes on this machine, beside librosa's own way from a mel picture to sound.

    python -m tests.benchmarks.speed [--model MODEL.onnx] [--provider auto|cpu|cuda]

Prints a Markdown table of medians. librosa's way (`mel_to_stft`, then `griffinlim` with 32 iterations) is run in the same process
on the same loop, so that the ratio holds for one machine in one state.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np

from bridge.break_render import bars_of, render_break
from bridge.errors import VamenError
from bridge.generator import Ring
from bridge.griffin_lim import render_loop
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray, image_from_audio
from bridge.model import Model
from tests.sounds import break_loop

LIBROSA_ITERATIONS = 32


def median_seconds(action: Callable[[], object], repeats: int) -> float:
    """Median time of an action in seconds, after one run that does not count."""
    action()
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def librosa_render(mel: FloatArray, n_fft: int, hop_length: int) -> FloatArray:
    """librosa's own path from mel power (n_mels, n_frames) to samples."""
    magnitude = librosa.feature.inverse.mel_to_stft(mel, sr=ENGINE_SAMPLE_RATE, n_fft=n_fft)
    return librosa.griffinlim(magnitude, n_iter=LIBROSA_ITERATIONS, hop_length=hop_length, n_fft=n_fft, random_state=0)


def measure(model: Model) -> list[tuple[str, float]]:
    """Rows of the table: what was done, and its median time in seconds."""
    metadata, spec = model.metadata, model.metadata.spec
    tempo = spec.beats_per_minute
    home = metadata.slots[0].latent
    window = home[np.arange(1 + 2 * metadata.reach) % len(home)][np.newaxis]
    rows = [
        ("decoder, one step", median_seconds(lambda: model.decode(window), 30)),
        (f"decoder, {len(home)} steps", median_seconds(lambda: model.decode_ring(home), 15)),
    ]
    ring = Ring(model, home, tempo)
    ring.paint_all()

    def repaint_step() -> None:
        ring.spoil(4)
        ring.paint_step(4)

    rows.append(("one step repainted in a sounding ring", median_seconds(repaint_step, 15)))
    for latent in (home[: len(home) // 2], home, np.concatenate([home, home])):
        rows.append((f"latent to sound, bars: {bars_of(latent, metadata)}", cold_seconds(model, latent, tempo)))
    loop = break_loop(tempo)
    image = image_from_audio(loop, spec)
    n_fft, hop_length = spec.n_fft_engine, round(spec.hop_length * ENGINE_SAMPLE_RATE / spec.sample_rate)
    mel = librosa.feature.melspectrogram(y=loop, sr=ENGINE_SAMPLE_RATE, n_fft=n_fft, hop_length=hop_length, n_mels=spec.n_mels)
    rows.append(("image to sound, bars: 2", median_seconds(lambda: render_loop(image, spec, tempo), 7)))
    rows.append(("image to sound, bars: 2, librosa", median_seconds(lambda: librosa_render(mel, n_fft, hop_length), 3)))
    return rows


def cold_seconds(model: Model, latent: FloatArray, beats_per_minute: float) -> float:
    return median_seconds(lambda: render_break(model, latent, beats_per_minute), 7)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how long latent to sound takes.")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--provider", choices=["auto", "cpu", "cuda"], default="auto")
    arguments = parser.parse_args()
    # What librosa has to say about its own narrow filters is known (see bridge.mel_spectrogram) and not the point here.
    warnings.filterwarnings("ignore", message="Empty filters detected")
    try:
        model = Model.load(arguments.model, provider=arguments.provider)
    except VamenError as error:
        print(error, file=sys.stderr)
        return 2
    rows = measure(model)
    print(f"Model {model.metadata.name}, {model.providers[0]}; medians\n\n| what | ms |\n|---|---|")
    for what, seconds in rows:
        print(f"| {what} | {1000 * seconds:.1f} |")
    ours, librosas = rows[-2][1], rows[-1][1]
    print(f"\nFrom the same loop's image to sound: {librosas / ours:.0f} times faster than librosa's path.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
