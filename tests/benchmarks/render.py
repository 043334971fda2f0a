"""From a picture to sound: ours, librosa's own path, and a Griffin-Lim in torch, at the same loop and against the same target.

The loop lasts exactly `n_frames` hops, two bars at the preset's own tempo. Target is the magnitude of the loop's spectrum,
analysed around the ring; librosa's path begins with librosa's own mel spectrogram (floats, its own filters), ours with our 8-bit
image, torch's with the linear magnitudes that ours finds in that image, whose time counts. NumPy's matrix products run in one
thread on all sides, as `vamen` sets them; librosa's path is no slower for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import librosa
import numpy as np

from bridge.control import Control
from bridge.generator import Ring
from bridge.griffin_lim import LoopGrid, paint_ring, render_loop, repaint_ring
from bridge.latent_space import LatentSpace
from bridge.mel_inversion import linear_magnitude
from bridge.mel_spectrogram import (
    ENGINE_SAMPLE_RATE,
    FloatArray,
    Image,
    MelSpectrogramSpec,
    image_from_audio,
    unit_image,
)
from bridge.model import Model
from tests.benchmarks.timing import Seconds, milliseconds, ratio, seconds_of, take_turns
from tests.benchmarks.torch_griffin_lim import torch_griffin_lim
from tests.sounds import break_loop
from training.ruler.attacks import convergence, magnitudes

THEIR_ITERATIONS = 32
OUR_COLD_POINTS = (0, 1, 2, 4, 8, 16, 32, 64)
OUR_WARM_POINTS = (0, 1, 2, 4, 8)
THEIR_POINTS = (1, 2, 4, 8, 16, 32, 64)
POINT_ROUNDS = 3

AXIS, TURNED = 1, 0.6
"""The warm repaint of the model's own break begins with the sound before this knob was turned from its middle."""

Curve = list[tuple[float, float]]
"""Points (milliseconds, spectral convergence in dB)."""


@dataclass(frozen=True)
class Case:
    """A loop (loop_length,) to be made again from its picture, and the sound (loop_length,) that a warm repaint begins with."""

    name: str
    original: FloatArray
    before: FloatArray
    image: Image
    grid: LoopGrid
    target: FloatArray

    @classmethod
    def of(cls, name: str, original: FloatArray, before: FloatArray, spec: MelSpectrogramSpec) -> Case:
        grid = LoopGrid.at_tempo(spec, spec.beats_per_minute)
        return cls(name, original, before, image_from_audio(original, spec), grid, magnitudes(original, grid))

    def magnitude(self) -> FloatArray:
        """What our inversion finds in the image: (n_frames, n_bins)."""
        return linear_magnitude(unit_image(self.image), self.grid.spec)

    def cold(self) -> FloatArray:
        return render_loop(self.image, self.grid.spec, self.grid.spec.beats_per_minute)

    def warm(self) -> FloatArray:
        return repaint_ring(self.before, self.magnitude(), self.grid)

    def librosa_mel(self) -> FloatArray:
        """librosa's mel power, frames at 0, hop, ..., n: (n_mels, n_frames + 1). It is told that the loop is a ring."""
        spec = self.grid.spec
        around = np.pad(self.original, spec.n_fft // 2, mode="wrap")
        power = np.square(np.abs(librosa.stft(around, n_fft=spec.n_fft, hop_length=spec.hop_length, center=False)))
        return librosa.feature.melspectrogram(S=power, sr=ENGINE_SAMPLE_RATE, n_fft=spec.n_fft, n_mels=spec.n_mels)

    def librosa_magnitude(self, mel: FloatArray) -> FloatArray:
        return librosa.feature.inverse.mel_to_stft(mel, sr=ENGINE_SAMPLE_RATE, n_fft=self.grid.spec.n_fft)

    def librosa_sound(self, magnitude: FloatArray, iterations: int) -> FloatArray:
        spec = self.grid.spec
        return librosa.griffinlim(
            magnitude, n_iter=iterations, hop_length=spec.hop_length, n_fft=spec.n_fft, random_state=0,
            length=self.grid.loop_length,
        )  # fmt: skip

    def torch_sound(self, magnitude: FloatArray, iterations: int) -> FloatArray:
        spec = self.grid.spec
        # Our frames stand at 0, hop, ..., n - hop: the last of torch's is the first again.
        around = np.concatenate([magnitude, magnitude[:1]]).T
        return torch_griffin_lim(around, spec.n_fft, spec.hop_length, iterations)

    def decibels(self, samples: FloatArray) -> float:
        """Spectral convergence: 20 log10 of the norm of the magnitudes' error over the target's."""
        return convergence(samples, self.target, self.grid)


def cases(model: Model) -> list[Case]:
    """A synthetic break, and the break that the model has in its first slot.

    Warm repaints begin with what the instrument would be playing: the sound painted of a picture half-way to the same strokes
    with other noise, and of the slot before a knob was turned.
    """
    spec = model.metadata.spec
    tempo = spec.beats_per_minute
    original = break_loop(tempo)
    halfway = (unit_image(image_from_audio(original, spec)) + unit_image(image_from_audio(break_loop(tempo, seed=7), spec))) / 2
    space = LatentSpace(model.metadata)
    home = render_loop(model.decode_ring(space.latent()), spec, tempo)
    space.apply(Control("axis", (AXIS,), (TURNED,)))
    turned = render_loop(model.decode_ring(space.latent()), spec, tempo)
    return [
        Case.of("break", original, render_loop(halfway, spec, tempo), spec),
        Case.of("home", turned, home, spec),
    ]


def measure_case(case: Case, rounds: int) -> dict[str, object]:
    """Times of both sides in turns, ratios, and spectral convergence."""
    mel = case.librosa_mel()
    actions: dict[str, Callable[[], FloatArray]] = {
        "cold": case.cold,
        "warm": case.warm,
        "librosa": lambda: case.librosa_sound(case.librosa_magnitude(mel), THEIR_ITERATIONS),
        "torch": lambda: case.torch_sound(case.magnitude(), THEIR_ITERATIONS),
    }
    decibels = {name: case.decibels(action()) for name, action in actions.items()}
    taken = take_turns(actions, rounds)
    return {
        name: {
            **milliseconds(taken[name]),
            "convergence_db": decibels[name],
            "above_librosa_db": decibels[name] - decibels["librosa"],
            "times_faster": ratio(taken["librosa"], taken[name]),
            "times_faster_than_torch": ratio(taken["torch"], taken[name]),
        }
        for name in actions
    }


def measure_latent(model: Model, case: Case, rounds: int) -> dict[str, object]:
    """From a latent to sound, the decoder counted in, against librosa from its picture to sound (warmed up by `measure_case`)."""
    mel = case.librosa_mel()
    ring = Ring(model, model.metadata.slots[0].latent, case.grid.spec.beats_per_minute)
    ring.paint_all()
    ring.repaint_all()
    taken: Seconds = take_turns(
        {
            "cold": ring.paint_all,
            "warm": ring.repaint_all,
            "librosa": lambda: case.librosa_sound(case.librosa_magnitude(mel), THEIR_ITERATIONS),
        },
        rounds,
    )
    return {name: {**milliseconds(seconds), "times_faster": ratio(taken["librosa"], seconds)} for name, seconds in taken.items()}


def measure_curves(case: Case) -> dict[str, Curve]:
    """Spectral convergence after each time spent; what comes before the iterations counts."""
    mel = case.librosa_mel()
    ours = seconds_of(lambda: case.magnitude())
    found = case.magnitude()
    theirs = seconds_of(lambda: case.librosa_magnitude(mel))
    their_magnitude = case.librosa_magnitude(mel)
    return {
        "ours, cold": _curve(case, ours, OUR_COLD_POINTS, lambda n: paint_ring(found, case.grid, n), POINT_ROUNDS),
        "ours, warm": _curve(case, ours, OUR_WARM_POINTS, lambda n: repaint_ring(case.before, found, case.grid, n), POINT_ROUNDS),
        "librosa": _curve(case, theirs, THEIR_POINTS, lambda n: case.librosa_sound(their_magnitude, n), 1),
        "torch": _curve(case, ours, THEIR_POINTS, lambda n: case.torch_sound(found, n), POINT_ROUNDS),
    }


def _curve(case: Case, before: float, points: tuple[int, ...], sound: Callable[[int], FloatArray], rounds: int) -> Curve:
    curve = []
    for iterations in points:
        decibels = case.decibels(sound(iterations))
        seconds = min(seconds_of(lambda: sound(iterations)) for _ in range(rounds))  # noqa: B023
        curve.append((1000.0 * (before + seconds), decibels))
    return curve
