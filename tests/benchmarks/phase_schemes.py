"""Ways to bring phases nearer to magnitudes, each as its paper has it, each on the same transforms.

A scheme is given magnitudes (m, n_bins), a ring's transform and starting phasors, and yields one spectrum after the other: the
sound found so far is the synthesis of that spectrum's phases with the magnitudes. P is `with_magnitude`, C is
`RingTransform.consistent`; one C is one pair of transforms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import FloatArray
from bridge.start_phase import ComplexArray
from tests.benchmarks.phase_starts import RingTransform, with_magnitude

Scheme = Callable[[FloatArray, RingTransform, ComplexArray], Iterator[ComplexArray]]

FAST_MOMENTUM = np.float32(0.99)
ALPHA, BETA, GAMMA = np.float32(1.0), np.float32(1.25), np.float32(1.25)
"""Of the accelerated Griffin-Lim algorithm, as `bridge.griffin_lim` has them."""
RAAR_BETA = np.float32(0.7)
MAP_BETA = np.float32(0.8)
ADMM_RHO = np.float32(0.5)
"""Best of those tried on `tests.sounds.break_loop` at 4 to 16 iterations; RAAR with 0.5 and ADMM with 1 are Griffin-Lim."""
COARSE_ITERATIONS = 4
"""Iterations at a fraction of the bins or of the frames, before those on all of them."""
LWS_REACH = 2
"""Bins on either side that a local weighted sum takes in."""


def griffin_lim(magnitude: FloatArray, ring: RingTransform, phasor: ComplexArray) -> Iterator[ComplexArray]:
    """c = C P c. Griffin and Lim, "Signal estimation from modified short-time Fourier transform", IEEE TASSP 1984."""
    spectrum = phasor
    while True:
        yield spectrum
        spectrum = ring.consistent(with_magnitude(spectrum, magnitude))


def fast(magnitude: FloatArray, ring: RingTransform, phasor: ComplexArray) -> Iterator[ComplexArray]:
    """With momentum. Perraudin, Balazs and Sondergaard, "A fast Griffin-Lim algorithm", WASPAA 2013."""
    return accelerated(magnitude, ring, phasor, FAST_MOMENTUM, FAST_MOMENTUM, np.float32(1.0))


def accelerated(
    magnitude: FloatArray,
    ring: RingTransform,
    phasor: ComplexArray,
    alpha: np.float32 = ALPHA,
    beta: np.float32 = BETA,
    gamma: np.float32 = GAMMA,
) -> Iterator[ComplexArray]:
    """Nenov, Nguyen, Balazs and Bot, "Accelerated Griffin-Lim algorithm", IEEE TSP 2024. With beta = alpha and gamma = 1 it is
    the fast one."""
    spectrum = phasor
    yield spectrum
    spectrum = before = trail = ring.consistent(with_magnitude(spectrum, magnitude))
    while True:
        yield spectrum
        seen = (1 - gamma) * trail + gamma * ring.consistent(with_magnitude(spectrum, magnitude))
        step = seen - before
        spectrum, trail, before = seen + alpha * step, seen + beta * step, seen


def reflections(magnitude: FloatArray, ring: RingTransform, phasor: ComplexArray) -> Iterator[ComplexArray]:
    """Relaxed averaged alternating reflections: c = beta (c + C (2 P c - c) - P c) + (1 - beta) P c.

    Luke, "Relaxed averaged alternating reflections for diffraction imaging", Inverse Problems 2005; for sound Kobayashi, Tanaka,
    Yatabe and Oikawa, "Acoustic application of phase reconstruction algorithms in optics", ICASSP 2022. The start is C P c.
    """
    yield phasor
    spectrum = ring.consistent(with_magnitude(phasor, magnitude))
    while True:
        yield spectrum
        loud = with_magnitude(spectrum, magnitude)
        spectrum = RAAR_BETA * (spectrum + ring.consistent(2 * loud - spectrum)) + (1 - 2 * RAAR_BETA) * loud


def difference_map(magnitude: FloatArray, ring: RingTransform, phasor: ComplexArray) -> Iterator[ComplexArray]:
    """c = c + beta (P g(c) - C f(c)), f = P + (c - P) / beta, g = C - (c - C) / beta: two pairs of transforms.

    Elser, "Phase retrieval by iterated projections", JOSA A 2003; for sound Kobayashi et al. 2022. The start is C P c.
    """
    yield phasor
    spectrum = other = ring.consistent(with_magnitude(phasor, magnitude))
    while True:
        yield other
        loud, smooth = with_magnitude(spectrum, magnitude), ring.consistent(spectrum)
        one = ring.consistent(loud + (spectrum - loud) / MAP_BETA)
        other = with_magnitude(smooth - (spectrum - smooth) / MAP_BETA, magnitude)
        spectrum = spectrum + MAP_BETA * (other - one)


def multipliers(magnitude: FloatArray, ring: RingTransform, phasor: ComplexArray) -> Iterator[ComplexArray]:
    """Alternating direction method of multipliers: x = P (z - u), z = (rho (x + u) + C (x + u)) / (1 + rho), u = u + x - z.

    Masuyama, Yatabe and Oikawa, "Griffin-Lim like phase recovery via alternating direction method of multipliers", IEEE SPL 2019.
    """
    spectrum, dual = phasor, np.zeros_like(phasor)
    while True:
        yield spectrum
        both = with_magnitude(spectrum, magnitude) + dual
        near = (ADMM_RHO * both + ring.consistent(both)) / (1 + ADMM_RHO)
        dual = both - near
        spectrum = near - dual


def weighted_sums(magnitude: FloatArray, ring: RingTransform, phasor: ComplexArray) -> Iterator[ComplexArray]:
    """Griffin-Lim without transforms: C as a sum over nearby bins and frames. An iteration counts as a pair of transforms.

    Le Roux, Kameoka, Ono and Sagayama, "Fast signal reconstruction from magnitude STFT spectrogram based on spectrogram
    consistency", DAFx 2010; all bins at once, not the loud ones first.
    """
    n_bins, overlap = ring.n_bins, int((ring.n_fft - 1) // ring.hop)
    place = np.arange(ring.n_fft) - ring.n_fft / 2
    total = np.sum([_hann(place - frame * ring.hop, ring.n_fft) ** 2 for frame in range(-overlap, overlap + 1)], axis=0)
    reach = np.arange(-LWS_REACH, LWS_REACH + 1)
    turn = np.exp(-2j * np.pi * np.outer(reach, place) / ring.n_fft) / ring.n_fft
    spectrum = phasor
    while True:
        yield spectrum
        loud = with_magnitude(spectrum, magnitude)
        spectrum = np.zeros_like(loud)
        for frame in range(-overlap, overlap + 1):
            product = _hann(place, ring.n_fft) * _hann(place - frame * ring.hop, ring.n_fft) / total
            steps = np.arange(-LWS_REACH, n_bins + LWS_REACH) * (frame * ring.hop / ring.n_fft)
            mirrored = [loud[:, LWS_REACH:0:-1].conj(), loud, loud[:, -2 : -2 - LWS_REACH : -1].conj()]
            other = np.roll(np.concatenate(mirrored, axis=1), -frame, axis=0) * np.exp(-2j * np.pi * steps).astype(np.complex64)
            for offset, weight in zip(reach, (turn @ product).astype(np.complex64), strict=True):
                spectrum += weight * other[:, LWS_REACH - offset : LWS_REACH - offset + n_bins]
        ring.pairs += 1.0


def coarse_to_fine(magnitude: FloatArray, ring: RingTransform, phasor: ComplexArray) -> Iterator[ComplexArray]:
    """Accelerated iterations on the sound decimated by 4 and by 2, then on all of it."""
    yield phasor
    for factor in (4, 2):
        n_bins = ring.n_fft // factor // 2 + 1
        part = RingTransform(ring.centres // factor, ring.length // factor, ring.n_fft // factor, n_bins)
        found = _after(COARSE_ITERATIONS, magnitude[:, :n_bins] / np.float32(factor), part, phasor[:, :n_bins])
        # The highest bins see what decimation folds over.
        kept = n_bins - 8
        phasor = np.concatenate([found[:, :kept], phasor[:, kept:]], axis=1)
        phasor = with_magnitude(phasor, np.ones(1, dtype=np.float32))
        ring.pairs += part.pairs / factor
    yield from accelerated(magnitude, ring, phasor)


def fewer_frames_first(magnitude: FloatArray, ring: RingTransform, phasor: ComplexArray) -> Iterator[ComplexArray]:
    """Accelerated iterations on every second frame, then on all of them."""
    yield phasor
    part = RingTransform(ring.centres[::2], ring.length, ring.n_fft, ring.n_bins)
    found = _after(COARSE_ITERATIONS, magnitude[::2], part, phasor[::2])
    ring.pairs += part.pairs / 2
    sound = part.synthesise(with_magnitude(found, magnitude[::2]))
    # That synthesis is half a one, and the first analysis is what the accelerated iterations begin with.
    ring.pairs += 0.25
    yield from accelerated(magnitude, ring, ring.analyse(sound))


def _after(iterations: int, magnitude: FloatArray, ring: RingTransform, phasor: ComplexArray) -> ComplexArray:
    steps = accelerated(magnitude, ring, phasor)
    for _ in range(iterations):
        next(steps)
    return next(steps)


def _hann(place: NDArray[Any], n_fft: int) -> NDArray[Any]:
    """A Hann window around 0 at any places: 0 outside."""
    return np.where(np.abs(place) < n_fft / 2, 0.5 + 0.5 * np.cos(2 * np.pi * place / n_fft), 0.0)
