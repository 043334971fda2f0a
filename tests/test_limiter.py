"""Below the threshold nothing is touched, above it no meter reads more than the ceiling, and blocks do not matter."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import resample_poly

from bridge.limiter import CEILING_DBTP, CHUNK_FRAMES, HEADROOM, THRESHOLD_DBTP, Limiter, limit_ring, true_peak_dbtp

SAMPLE_RATE = 44100
FloatArray = NDArray[np.float32]

# The interpolation filters printed in ITU-R BS.1770-4, annex 2; the other two phases are these reversed.
STANDARD_FILTERS = [
    [0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625,
     0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500],
    [-0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250,
     0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375],
]  # fmt: skip


def meters(samples: FloatArray) -> dict[str, float]:
    """True peak in dBTP as several meters would read it."""
    filters = STANDARD_FILTERS + [taps[::-1] for taps in STANDARD_FILTERS]
    exact = samples.astype(np.float64)
    readings = {
        "sample peak": np.abs(exact).max(),
        "the standard's filters": max(np.abs(np.convolve(exact, taps)).max() for taps in filters),
        "4 times oversampled": np.abs(resample_poly(exact, 4, 1)).max(),
        "16 times oversampled": np.abs(resample_poly(exact, 16, 1, window=("kaiser", 8.0))).max(),
    }
    return {name: 20.0 * float(np.log10(peak)) for name, peak in readings.items()}


def drum_like(seed: int, seconds: float = 2.0) -> FloatArray:
    """Noise bursts over a falling sine, peaks far above full scale."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE)
    time = np.arange(n) / SAMPLE_RATE % 0.25
    kick = np.sin(2.0 * np.pi * 50.0 * time + 8.0 * np.exp(-40.0 * time)) * np.exp(-10.0 * time)
    noise = rng.standard_normal(n) * np.exp(-30.0 * (time % 0.125))
    return ((1.5 * kick + noise) / HEADROOM).astype(np.float32)


def limited(samples: FloatArray) -> FloatArray:
    """The whole of a signal through the limiter, without the delay."""
    limiter = Limiter()
    tail = np.zeros(limiter.latency_frames, dtype=np.float32)
    return limiter.process(np.concatenate([samples, tail]))[limiter.latency_frames :]


LOUD = {
    "drums": drum_like(0),
    "white noise": (1.6 * np.random.default_rng(1).standard_normal(SAMPLE_RATE)).astype(np.float32),
    "square wave": np.tile(np.repeat(np.array([2.4, -2.4], dtype=np.float32), 227), 100),
    # Between its samples this sine is 3 dB higher than on any of them.
    "sine at a quarter of the rate": (1.9 * np.sin(np.pi / 2 * np.arange(20000) + np.pi / 4)).astype(np.float32),
    "pairs of clicks": np.concatenate([np.array([3.2, -3.2] + 997 * [0.0], dtype=np.float32)] * 30),
}


@pytest.mark.parametrize("name", LOUD)
def test_no_meter_reads_more_than_the_ceiling(name: str) -> None:
    for meter, reading in meters(limited(LOUD[name])).items():
        assert reading <= CEILING_DBTP, meter


@pytest.mark.parametrize("name", LOUD)
def test_a_limited_ring_keeps_the_ceiling_around_the_seam_and_alone(name: str) -> None:
    ring = limit_ring(LOUD[name])
    assert len(ring) == len(LOUD[name])
    for samples in (ring, np.tile(ring, 2)):
        for meter, reading in meters(samples).items():
            assert reading <= CEILING_DBTP, meter


def test_below_the_threshold_the_output_is_the_input_taken_down_and_delayed() -> None:
    samples = drum_like(2)
    samples *= np.float32(10.0 ** ((THRESHOLD_DBTP - 0.01 - true_peak_dbtp(samples * HEADROOM)) / 20.0))
    limiter = Limiter()
    output = limiter.process(samples)
    delay = limiter.latency_frames
    assert 0.0015 * SAMPLE_RATE <= delay <= 0.002 * SAMPLE_RATE
    assert not output[:delay].any()
    np.testing.assert_array_equal(output[delay:], samples[:-delay] * HEADROOM)
    np.testing.assert_array_equal(limit_ring(samples[:12345]), samples[:12345] * HEADROOM)
    assert limiter.gain_reduction_db == 0.0


def test_any_partition_gives_the_same_samples_to_the_bit() -> None:
    rng = np.random.default_rng(3)
    samples = drum_like(4, seconds=0.7)
    samples[10000:24000] *= 0.1  # a stretch at rest, and the way back into limiting
    whole = Limiter().process(samples)
    for sizes in ([1], [7], [256], [65536], [1, 513, 64], rng.integers(1, 3000, 50).tolist()):
        limiter, done = Limiter(), 0
        blocks: list[FloatArray] = []
        while done < len(samples):
            size = sizes[len(blocks) % len(sizes)]
            blocks.append(limiter.process(samples[done : done + size]))
            assert len(blocks[-1]) == len(samples[done : done + size])
            done += size
        np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_the_gain_moves_smoothly_and_comes_back() -> None:
    samples = np.full(2 * SAMPLE_RATE, 0.5, dtype=np.float32)
    samples[10000:10004] = 3.2
    gain = limited(samples) / (samples * HEADROOM)
    lowest = int(gain.argmin())
    assert 9990 <= lowest <= 10010
    assert gain[: lowest - 100].min() == 1.0
    # An attack of about a millisecond: no step larger than a tenth of the way down.
    assert np.abs(np.diff(gain)).max() < 0.1 * (1.0 - gain.min())
    released = (gain[lowest:] - gain.min()) / (1.0 - gain.min())
    assert 0.08 < np.argmax(released > 0.63) / SAMPLE_RATE < 0.15
    assert gain[-1] == 1.0


def test_the_gain_reduction_can_be_read() -> None:
    limiter = Limiter()
    sine = np.sin(2.0 * np.pi * 441.0 / SAMPLE_RATE * np.arange(SAMPLE_RATE)) * 10.0 ** ((THRESHOLD_DBTP + 6.0) / 20.0) / HEADROOM
    for start in range(0, SAMPLE_RATE, 441):
        limiter.process(sine[start : start + 441].astype(np.float32))
    assert limiter.gain_reduction_db == pytest.approx(6.0, abs=0.01)
    limiter.process(np.zeros(SAMPLE_RATE * 3, dtype=np.float32))
    limiter.process(np.zeros(256, dtype=np.float32))
    assert limiter.gain_reduction_db == 0.0


@pytest.mark.parametrize("length", [44101, 44104, 50003])
def test_a_limited_ring_has_one_gain_at_its_seam(length: int) -> None:
    # Loud at the very end: the release has to go on over the seam, and the attack of the next round before it.
    ring = np.full(length, 0.5, dtype=np.float32)
    ring[-300:-296] = 3.2
    ring[40:44] = 2.4
    gain = limit_ring(ring) / (ring * HEADROOM)
    steps = np.abs(np.diff(gain, append=gain[:1]))
    assert steps[-1] <= steps[:-1].max()
    assert steps[-1] < 0.01
    turned = np.roll(ring, 8 * CHUNK_FRAMES)
    if length % CHUNK_FRAMES == 0:
        np.testing.assert_allclose(np.roll(limit_ring(ring), 8 * CHUNK_FRAMES), limit_ring(turned), atol=1e-6)


def test_true_peak_finds_what_lies_between_the_samples() -> None:
    sine = np.sin(np.pi / 2 * np.arange(1000) + np.pi / 4).astype(np.float32)
    assert np.abs(sine).max() == pytest.approx(10.0 ** (-3.01 / 20.0), abs=1e-3)
    assert true_peak_dbtp(sine[200:800] * np.hanning(600).astype(np.float32)) == pytest.approx(0.0, abs=0.1)
    assert true_peak_dbtp(np.zeros(10, dtype=np.float32)) == -np.inf
