"""How well a loop survives the way image -> sound -> image, and whether the bars set for it are met.

    python -m tests.benchmarks.fidelity [LOOP...] [--preset hifi|classic] [--json OUT.json] [--png OUT.png]

Loops are any sound files of whole beats; with none given, loops that this repository synthesises. Each is brought to the two
bars, the tempo (as a tape is), the loudness and the band of an image: that is the original. Its image is rendered at three tempos
and set beside the original, and at the image's own tempo beside what librosa makes of it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from bridge.encode import fill_image, read_loop
from bridge.errors import VamenError
from bridge.griffin_lim import LoopGrid, paint_ring, render_loop, repaint
from bridge.loudness import at_target_loudness
from bridge.mel_inversion import linear_magnitude
from bridge.mel_spectrogram import (
    ENGINE_SAMPLE_RATE,
    PRESETS,
    FloatArray,
    Image,
    MelSpectrogramSpec,
    image_from_audio,
    mel_filter_bank,
    power_from_image,
    save_png,
    spectrum_scale,
    stretch_columns,
    unit_image,
)
from tests import sounds
from training.ruler.attacks import (
    MOST_BEFORE_DB,
    MOST_RISE_MS,
    Attack,
    beside_attacks,
    convergence,
    find_attacks,
    magnitudes,
    retimed,
    within_band,
)

TEMPOS = (120.0, None, 200.0)
"""Beats a minute; None is the spec's own tempo."""

KICK_BAND_HZ = (30.0, 150.0)
KICK_SECONDS = 0.12

LEAST_CORRELATION = 0.95


@dataclass(frozen=True)
class Measurement:
    """What one loop shows at one tempo. "More" and "later" are against the original; librosa's figures exist at one tempo."""

    loop: str
    beats_per_minute: float
    image_error_db: float
    convergence_db: float | None
    librosa_convergence_db: float | None
    attacks: int
    rise_more_ms: float
    librosa_rise_more_ms: float | None
    before_more_db: float
    librosa_before_more_db: float | None
    attack_later_ms: float
    kicks: int
    kick_repainted: float
    kick_recalled: float
    seam: float
    render_ms: float
    step_ms: float
    librosa_ms: float | None


def against_attacks(attacks: list[Attack], samples: FloatArray, ratio: float) -> tuple[float, float, float]:
    """Medians over the attacks of an original, for a ring `ratio` times as long: seconds of rise that it has more, dB before the
    attack that it has more, seconds that it comes later."""
    if not attacks:
        return 0.0, 0.0, 0.0
    rise, before, later = np.median(beside_attacks(attacks, samples, ratio), axis=0)
    return float(rise), float(before), float(later)


def kick_band(samples: FloatArray) -> NDArray[np.float64]:
    """The ring between 30 and 150 Hz, filtered without delay: (n,)."""
    bands = butter(4, KICK_BAND_HZ, "bandpass", fs=ENGINE_SAMPLE_RATE, output="sos")
    return np.asarray(sosfiltfilt(bands, np.tile(samples, 3))[len(samples) : 2 * len(samples)])


def correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Normalised inner product of two signals: -1..1."""
    norm = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / norm if norm > 0.0 else 1.0


def find_kicks(samples: FloatArray) -> list[int]:
    """Samples at which the kick band of an original rises by 9 dB within 25 ms, to a quarter of its peak or more."""
    band = kick_band(samples)
    width = round(0.02 * ENGINE_SAMPLE_RATE)
    level = np.sqrt(np.convolve(np.square(np.concatenate([band[-width:], band])), np.ones(width) / width, "valid")[1:])
    ms = ENGINE_SAMPLE_RATE // 1000
    gain = np.where(level > 0.25 * level.max(), level / np.maximum(np.roll(level, 25 * ms), 1e-6), 0.0)
    kicks = []
    while gain.max() >= 10.0 ** (9.0 / 20.0):
        place = int(np.argmax(gain))
        kicks.append((place - width // 2) % len(samples))
        gain[(place + np.arange(-100 * ms, 100 * ms)) % len(level)] = 0.0
    return sorted(kicks)


def kick_correlation(one: NDArray[np.float64], other: NDArray[np.float64], kicks: list[int]) -> float:
    """The least correlation of two kick bands over the first 120 ms of each kick; 1 where there is none."""
    span = np.arange(round(KICK_SECONDS * ENGINE_SAMPLE_RATE))
    return min((correlation(one[(k + span) % len(one)], other[(k + span) % len(other)]) for k in kicks), default=1.0)


def image_error(one: Image, other: FloatArray, spec: MelSpectrogramSpec) -> float:
    """Rms difference in dB of two images, of which the other is given as 0..1."""
    return float(np.sqrt(np.square(unit_image(one) - other).mean()) * spec.dynamic_range_db)


def repainted(ring: FloatArray, magnitude: FloatArray, target: FloatArray, grid: LoopGrid) -> tuple[FloatArray, float]:
    """`ring`, in which `magnitude` sounds, with every step painted anew to `target`, and the fastest step in seconds.

    Much as the engine does it: one step after the other from the middle of the ring, the magnitudes of the step before the first
    known and those of each before the next, and in the end the first once more, since what lies before it has changed.
    """
    ring, magnitude = ring.copy(), magnitude.copy()
    width = grid.frames_per_step
    order = np.roll(np.arange(grid.steps), grid.steps // 2)
    before = slice((order[0] - 1) * width, order[0] * width)
    magnitude[before] = target[before]
    fastest = float("inf")
    for step in [*order, order[0]]:
        first = step * width
        magnitude[first : first + width] = target[first : first + width]
        began = time.perf_counter()
        start, samples = repaint(ring, magnitude, grid, first, width)
        fastest = min(fastest, time.perf_counter() - began)
        ring[(start + np.arange(len(samples))) % grid.loop_length] = samples
    return ring, fastest


def librosa_path(image: Image, spec: MelSpectrogramSpec) -> FloatArray:
    """What librosa makes of an image at its own tempo, with our filter bank: NNLS, then 32 iterations of Griffin-Lim."""
    import librosa

    # Its frames stand at 0, hop, ..., n: the last is the ring's first again.
    power = power_from_image(np.concatenate([image, image[:, :1]], axis=1), spec)
    # Its solver stops by absolute tolerances: levels have to be those of its own spectrograms, not of full scale = 1.
    magnitude = np.sqrt(librosa.util.nnls(mel_filter_bank(spec), power / spectrum_scale(spec.n_fft) ** 2))
    samples = librosa.griffinlim(
        magnitude, n_iter=32, hop_length=spec.hop_length, n_fft=spec.n_fft, random_state=0,
        length=spec.n_frames * spec.hop_length,
    )  # fmt: skip
    if spec.sample_rate != ENGINE_SAMPLE_RATE:
        return retimed(samples, spec.loop_length(spec.beats_per_minute))
    return np.asarray(samples, dtype=np.float32)


def measure(name: str, original: FloatArray, spec: MelSpectrogramSpec, tempo: float | None) -> Measurement:
    """All figures for one ring of two bars at the spec's own tempo (n,), rendered at `tempo` (None: that tempo; librosa too)."""
    own_length = spec.loop_length(spec.beats_per_minute)
    beats_per_minute = tempo or spec.beats_per_minute
    grid = LoopGrid.at_tempo(spec, beats_per_minute)
    ratio = grid.loop_length / own_length
    image = image_from_audio(original, spec)
    attacks = find_attacks(original)
    kicks = [round(kick * ratio) for kick in find_kicks(original)]

    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        sound = render_loop(image, spec, beats_per_minute)
        seconds.append(time.perf_counter() - began)
    rise, before, later = against_attacks(attacks, sound, ratio)

    at_tempo = stretch_columns(unit_image(image), grid.n_frames, spec.half_window_columns)
    target = linear_magnitude(at_tempo, spec)
    elsewhere = np.roll(target, 5 * grid.frames_per_step, axis=0)
    changed, step_seconds = repainted(paint_ring(elsewhere, grid), elsewhere, target, grid)
    recalled, _ = repainted(changed, target, target, grid)
    band = kick_band(sound)

    ours = theirs = theirs_rise = theirs_before = theirs_seconds = None
    if tempo is None:
        truth = magnitudes(original, grid)
        ours = convergence(sound, truth, grid)
        began = time.perf_counter()
        librosa_sound = librosa_path(image, spec)
        theirs_seconds = time.perf_counter() - began
        theirs = convergence(librosa_sound, truth, grid)
        theirs_rise, theirs_before, _ = against_attacks(attacks, librosa_sound, ratio)

    return Measurement(
        loop=name,
        beats_per_minute=beats_per_minute,
        image_error_db=image_error(image_from_audio(sound, spec, grid.n_frames), at_tempo, spec),
        convergence_db=ours,
        librosa_convergence_db=theirs,
        attacks=len(attacks),
        rise_more_ms=1000.0 * rise,
        librosa_rise_more_ms=None if theirs_rise is None else 1000.0 * theirs_rise,
        before_more_db=before,
        librosa_before_more_db=theirs_before,
        attack_later_ms=1000.0 * later,
        kicks=len(kicks),
        kick_repainted=kick_correlation(band, kick_band(changed), kicks),
        kick_recalled=kick_correlation(kick_band(changed), kick_band(recalled), kicks),
        seam=float(abs(sound[0] - sound[-1]) / np.quantile(np.abs(np.diff(sound)), 0.999)),
        render_ms=1000.0 * min(seconds),
        step_ms=1000.0 * step_seconds,
        librosa_ms=None if theirs_seconds is None else 1000.0 * theirs_seconds,
    )


def originals(paths: list[Path], spec: MelSpectrogramSpec) -> Iterator[tuple[str, FloatArray]]:
    """Names and rings of two bars at a spec's own tempo, loudness and band; loops from `tests.sounds` when no path is given."""
    tempo = spec.beats_per_minute
    rings: list[tuple[str, FloatArray]] = []
    for path in paths:
        loop = read_loop(path)
        rings.append((path.stem, fill_image(loop.samples, loop.beats, spec, path)))
    if not paths:
        rings = [
            ("break", sounds.break_loop(tempo)),
            ("two step", sounds.loop_from_pattern(sounds.TWO_STEP, tempo, seed=1, tail_hz=58.0)),
            ("four to the floor", sounds.loop_from_pattern(sounds.FOUR_TO_THE_FLOOR, tempo, seed=2)),
            ("kicks alone", sounds.loop_from_pattern(sounds.KICKS_ALONE, tempo)),
            ("sustained sub", sounds.sustained_sub_loop(tempo)),
        ]
    length = spec.loop_length(tempo)
    for name, ring in rings:
        yield name, at_target_loudness(within_band(retimed(ring, length), spec))


@dataclass(frozen=True)
class Bar:
    """One thing that is asked for: in how many cases it holds, and the worst of them."""

    text: str
    held: int
    cases: int
    worst: float

    @property
    def met(self) -> bool:
        """Whether it holds everywhere."""
        return self.held == self.cases


def bars(measurements: list[Measurement]) -> list[Bar]:
    """The bars, over all loops and tempos."""

    def bar(text: str, excess: list[float], limit: float) -> Bar:
        return Bar(text, sum(value <= limit for value in excess), len(excess), max(excess))

    kicks = [min(m.kick_repainted, m.kick_recalled) for m in measurements if m.kicks]
    beside_librosa = [
        m.convergence_db - m.librosa_convergence_db
        for m in measurements
        if m.convergence_db is not None and m.librosa_convergence_db is not None
    ]
    return [
        bar("spectral convergence no worse than librosa's (dB worse)", beside_librosa, 0.0),
        bar(
            f"attacks rise within {MOST_RISE_MS:g} ms more (ms more, median)",
            [m.rise_more_ms for m in measurements],
            MOST_RISE_MS,
        ),
        bar(
            f"energy before attacks at most {MOST_BEFORE_DB:g} dB more (dB more, median)",
            [m.before_more_db for m in measurements],
            MOST_BEFORE_DB,
        ),
        Bar(
            f"kicks correlate at least {LEAST_CORRELATION:g} between renders, repaints and recalls (least)",
            sum(value >= LEAST_CORRELATION for value in kicks),
            len(kicks),
            min(kicks, default=1.0),
        ),
        bar("no seam (jump at the loop point over the 99.9th percentile)", [m.seam for m in measurements], 1.0),
    ]


def table(measurements: list[Measurement]) -> str:
    """Markdown; librosa's figures in brackets."""

    def beside(ours: float, theirs: float | None) -> str:
        return f"{ours:.1f}" if theirs is None else f"{ours:.1f} ({theirs:.1f})"

    lines = [
        "| loop | BPM | image error dB | convergence dB | rise ms more | before dB more | kicks: repaint, recall | seam | "
        "render ms | step ms |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for m in measurements:
        found = "" if m.convergence_db is None else beside(m.convergence_db, m.librosa_convergence_db)
        kicks = f"{m.kicks}: {m.kick_repainted:.3f}, {m.kick_recalled:.3f}" if m.kicks else "none"
        lines.append(
            f"| {m.loop} | {m.beats_per_minute:.1f} | {m.image_error_db:.2f} | {found} "
            f"| {beside(m.rise_more_ms, m.librosa_rise_more_ms)} | {beside(m.before_more_db, m.librosa_before_more_db)} "
            f"| {kicks} | {m.seam:.2f} | {beside(m.render_ms, m.librosa_ms)} | {m.step_ms:.1f} |"
        )
    return "\n".join(lines)


def contact_sheet(images: list[tuple[Image, Image]]) -> Image:
    """Originals on the left, what became of them on the right, one pair below the other, at half height."""
    rows = [np.concatenate([before, np.full((512, 4), 255, np.uint8), after], axis=1)[::2] for before, after in reversed(images)]
    return np.concatenate(rows, axis=0)


def main(arguments: list[str]) -> int:
    """Print the table and the bars; exit status 1 where one is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fidelity", description=__doc__.split("\n")[0])
    parser.add_argument("loops", nargs="*", type=Path, metavar="LOOP")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="hifi")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--png", type=Path, help="write the images before and after here")
    options = parser.parse_args(arguments)
    spec = PRESETS[options.preset]

    measurements, images = [], []
    try:
        for name, original in originals(options.loops, spec):
            for tempo in TEMPOS:
                print(f"{name} at {tempo or spec.beats_per_minute:.1f} BPM", file=sys.stderr)
                measurements.append(measure(name, original, spec, tempo))
            before = image_from_audio(original, spec)
            images.append((before, image_from_audio(render_loop(before, spec, spec.beats_per_minute), spec)))
    except VamenError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    reached = bars(measurements)
    print(table(measurements))
    print()
    for bar in reached:
        print(f"- {'met' if bar.met else 'MISSED'}: {bar.text}: {bar.held} of {bar.cases}, worst {bar.worst:.2f}")
    if options.json:
        figures = {
            "preset": spec.name,
            "measurements": [asdict(m) for m in measurements],
            "bars": [asdict(bar) for bar in reached],
        }
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if options.png:
        save_png(options.png, contact_sheet(images))
    return 0 if all(bar.met for bar in reached) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
