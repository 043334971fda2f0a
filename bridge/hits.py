"""Single hits cut from a break, so that all of them, at their levels and places, are the break again.

A cut lies before an attack, where the hit before it fades out while the next one fades in, the two gains always 1 together: so
nothing is lost, no attack is touched, and no hit begins or ends with a click. Cuts fall on the ticks of a sequencer, so that a
MIDI file can say exactly where a hit belongs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray, frame_positions
from bridge.octatrack import MOST_SLICES
from bridge.onsets import ring_onsets

TICKS_PER_BEAT = 960
"""What sequencers count in."""

FADE_FRAMES = 220
"""5 ms, one after the other: short of what a player feels, long enough for the tail of a kick."""

MARGIN_FRAMES = 22
"""An attack is found to the half millisecond."""

PEAK = 10.0 ** (-1.0 / 20.0)
"""Of a hit's file, full scale = 1, but for hits so faint that it would be their noise that was raised."""

MOST_RAISED_DB = 24.0

BANDS_HZ = ((25.0, 130.0), (130.0, 900.0), (900.0, 6000.0), (6000.0, 20_000.0))
"""A kick's weight, a drum's body, a snare's wires, a hat's metal."""

LEAST_RISE_DB = 4.0
"""In one of the bands, from the 15 ms before an attack to those after it. In the shipped slots that were looked at, hits have 5
and more, and what else is taken for one, the grain of a tail, nearly always 2 and less."""

RISE_FRAMES = 661


@dataclass(frozen=True)
class Hit:
    """One hit as its file holds it: `samples` (n,), `gain_db` that brings them back to the break's level, where in the break they
    begin (`tick`, and the `frame` that it falls on; less than 0 where an attack on the one needs it), and where in them the
    attack is."""

    samples: FloatArray
    gain_db: float
    tick: int
    frame: int
    attack: int

    @property
    def at_its_level(self) -> FloatArray:
        """As in the break."""
        return (self.samples * 10.0 ** (self.gain_db / 20.0)).astype(np.float32)


def cut_hits(ring: FloatArray, steps: int, steps_per_beat: int) -> list[Hit]:
    """The hits of a break (n,), periodic, of `steps` steps, in their order; one in which nothing is struck is one hit.

    What begins in the last half of a step is the beginning of the next round, come early.
    """
    length = len(ring)
    ticks_per_step = TICKS_PER_BEAT // steps_per_beat
    frames = frame_positions(steps * ticks_per_step, length)
    attacks = _attacks(ring, steps)
    before = (attacks - FADE_FRAMES - MARGIN_FRAMES) % length
    ticks = np.searchsorted(frames, before, side="right") - 1
    starts = frames[ticks]
    early = ticks >= len(frames) - ticks_per_step // 2
    ticks, starts = ticks - early * len(frames), starts - early * length
    order = np.argsort(starts)
    attacks, ticks, starts = attacks[order], ticks[order], starts[order]
    ends = np.append(starts[1:], starts[0] + length) + FADE_FRAMES
    hits = []
    for attack, tick, start, end in zip(attacks.tolist(), ticks.tolist(), starts.tolist(), ends.tolist(), strict=True):
        piece = np.take(ring, np.arange(start, end), mode="wrap")
        rise = np.square(np.sin(np.pi / 2 * (np.arange(FADE_FRAMES) + 0.5) / FADE_FRAMES))
        piece[:FADE_FRAMES] *= rise
        piece[-FADE_FRAMES:] *= 1.0 - rise
        gain_db = _gain_db(piece)
        samples = (piece / 10.0 ** (gain_db / 20.0)).astype(np.float32)
        hits.append(Hit(samples, gain_db, tick, start, (attack - start) % length))
    return hits


def _attacks(ring: FloatArray, steps: int) -> NDArray[np.int64]:
    """Where hits begin, those that are too near to another one or too many left out, the weakest first; one at the least."""
    found, strengths = ring_onsets(ring, steps)
    rising = np.array([_rise_db(ring, place) >= LEAST_RISE_DB for place in found.tolist()], dtype=bool)
    places, strengths = found[rising], strengths[rising]
    apart = 2 * (FADE_FRAMES + MARGIN_FRAMES)
    chosen: list[int] = []
    for place in places[np.argsort(-strengths, kind="stable")].tolist():
        distances = [abs((place - other + len(ring) // 2) % len(ring) - len(ring) // 2) for other in chosen]
        if len(chosen) < MOST_SLICES and all(distance >= apart for distance in distances):
            chosen.append(place)
    return np.array(sorted(chosen) or [0], dtype=np.int64)


def _rise_db(ring: FloatArray, place: int) -> float:
    """How much louder the band that rises most is behind a place than before it."""
    behind, before = (
        band_levels_db(np.take(ring, np.arange(start, start + RISE_FRAMES), mode="wrap"))
        for start in (place, place - MARGIN_FRAMES - RISE_FRAMES)
    )
    return float((behind - before).max())


def band_levels_db(samples: FloatArray) -> NDArray[np.float64]:
    """Energy of a sound (n,) in each of `BANDS_HZ`, in dB: (4,). Its ends are faded where it does not end by itself."""
    size = 1 << (len(samples) - 1).bit_length()
    power = np.square(np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size)))
    frequency = np.fft.rfftfreq(size, 1.0 / ENGINE_SAMPLE_RATE)
    energy = [power[(frequency >= low) & (frequency < high)].sum() for low, high in BANDS_HZ]
    return 10.0 * np.log10(np.array(energy) + 1e-9)


def _gain_db(samples: FloatArray) -> float:
    """How far a hit lies under the peak that its file has, in dB with as many decimals as are written down."""
    peak = max(float(np.abs(samples).max()), 1e-9)
    return round(max(20.0 * np.log10(peak / PEAK), -MOST_RAISED_DB), 4)
