"""A model's work as sound: attacks at three tempos, and the whole way from an original to the sound of its latent.

Every figure is taken twice: for the picture that the model painted, and for the original's own picture ("image"), which says
what the way from pictures to sound costs without any model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import mir_eval
import numpy as np
from numpy.typing import NDArray

from bridge.griffin_lim import LoopGrid, render_loop
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray, MelSpectrogramSpec
from bridge.onsets import ring_onsets
from training.ruler.attacks import beside_attacks, convergence, find_attacks, magnitudes
from training.ruler.originals import Original

TEMPOS = (80.0, 120.0, 170.0)
"""Beats a minute at which attacks are measured."""
ONSET_SECONDS = 0.01
"""An onset is found again within this."""
WAYS = ("model", "image")

Progress = Callable[[float], None]
Figures = dict[str, Any]
_Job = tuple[Original, dict[str, FloatArray], MelSpectrogramSpec]
_Found = dict[tuple[str, Any], NDArray[np.float64]]


def sound_figures(
    originals: Sequence[Original], painted: Sequence[FloatArray], spec: MelSpectrogramSpec, workers: int, progress: Progress
) -> Figures:
    """Figures of originals beside what a model painted for them, images (n_mels, n_frames) in 0..1.

    :returns: "breaks" and "attacks", how many; by way and tempo ("80") the medians over all attacks of rise_more_ms,
        before_more_db and later_ms against the original sound; by way, at the original's own tempo, the means over the breaks of
        convergence_db (spectral convergence), onset_precision, onset_recall and onset_f
    """
    jobs = [
        (original, {"model": image, "image": original.image}, spec) for original, image in zip(originals, painted, strict=True)
    ]
    measured = []
    for found in _measure_all(jobs, workers):
        measured.append(found)
        progress(len(measured) / len(jobs))
    figures: Figures = {"breaks": len(measured), "attacks": sum(len(found["model", TEMPOS[0]]) for found in measured)}
    for way in WAYS:
        figures[way] = {}
        for tempo in TEMPOS:
            attacks = np.concatenate([found[way, tempo] for found in measured])
            rise, before, later = np.median(attacks, axis=0) if len(attacks) else np.zeros(3)
            figures[way][f"{tempo:.0f}"] = {
                "rise_more_ms": 1000.0 * float(rise),
                "before_more_db": float(before),
                "later_ms": 1000.0 * float(later),
            }
        whole = np.mean([found[way, "whole"] for found in measured], axis=0)
        names = ("convergence_db", "onset_precision", "onset_recall", "onset_f")
        figures[way] |= dict(zip(names, map(float, whole), strict=True))
    return figures


def onset_seconds(samples: FloatArray, spec: MelSpectrogramSpec) -> NDArray[np.float64]:
    """Seconds at which hits begin in a ring of whole beats (n,), increasing; the ring turned by half a step, so that two that are
    compared have no hit on their seam."""
    places, _ = ring_onsets(samples, spec.steps)
    return np.sort((places + len(samples) // (2 * spec.steps)) % len(samples)) / ENGINE_SAMPLE_RATE


def onset_scores(reference: NDArray[np.float64], found: NDArray[np.float64]) -> tuple[float, float, float]:
    """Precision, recall and F of onsets in seconds, within `ONSET_SECONDS` (mir_eval)."""
    f, precision, recall = mir_eval.onset.f_measure(reference, found, window=ONSET_SECONDS)
    return float(precision), float(recall), float(f)


def _measure_all(jobs: list[_Job], workers: int) -> Iterator[_Found]:
    if workers == 1:
        yield from map(_measure, jobs)
        return
    # Fresh processes: a fork would copy onnxruntime's and the progress display's threads half alive.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_measure, jobs)


def _measure(job: _Job) -> _Found:
    """Of one break, by way: (attack, 3) at each tempo, and under "whole" convergence in dB and the onsets' three scores."""
    original, images, spec = job
    attacks = find_attacks(original.samples)
    own_tempo = original.beats_per_minute(spec)
    grid = LoopGrid.at_tempo(spec, own_tempo)
    truth = magnitudes(original.samples, grid)
    onsets = onset_seconds(original.samples, spec)
    found: _Found = {}
    for way, image in images.items():
        for tempo in TEMPOS:
            sound = render_loop(image, spec, tempo)
            found[way, tempo] = beside_attacks(attacks, sound, len(sound) / len(original.samples))
        sound = render_loop(image, spec, own_tempo)
        scores = onset_scores(onsets, onset_seconds(sound, spec))
        found[way, "whole"] = np.array([convergence(sound, truth, grid), *scores])
    return found
