"""What is smeared ahead of an attack is taken away; what belongs there stays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.attack_envelope import attack_gain, frame_energy, hops_in_half_window
from bridge.mel_spectrogram import FloatArray, frame_positions, short_time_spectrum
from tests.sounds import break_loop

N_FFT, HOP, HOPS = 1024, 256, 64
LENGTH = HOPS * HOP
CENTRES = np.append(frame_positions(HOPS, LENGTH), LENGTH)
EVERY_FRAME = np.ones(HOPS, dtype=bool)


def energies(samples: FloatArray) -> NDArray[np.float64]:
    return frame_energy(np.abs(short_time_spectrum(samples, CENTRES[:-1], N_FFT)), N_FFT)


def burst() -> FloatArray:
    """Silence, then noise that decays from sample 8000 on."""
    samples = np.zeros(LENGTH, dtype=np.float32)
    tail = np.arange(LENGTH - 8000)
    samples[8000:] = np.random.default_rng(0).standard_normal(len(tail)) * np.exp(-tail / 1500.0)
    return samples


def test_the_energy_of_a_frame_is_that_of_its_windowed_samples() -> None:
    samples = burst()
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    frame = samples[CENTRES[33] - 512 : CENTRES[33] + 512] * window
    assert energies(samples)[33] == pytest.approx(float(np.square(frame).sum()), rel=2e-3)


def test_a_whisper_ahead_of_a_hit_is_taken_away_and_the_hit_is_not() -> None:
    clean = burst()
    smeared = clean.copy()
    smeared[7600:8000] = 0.05 * np.random.default_rng(1).standard_normal(400)
    gain = attack_gain(smeared, CENTRES, energies(clean), EVERY_FRAME, N_FFT)
    assert gain.shape == (LENGTH,)
    assert gain.dtype == np.float32
    assert gain.max() <= 1.0
    assert np.square((gain * smeared)[7600:7900]).sum() < 0.05 * np.square(smeared[7600:7900]).sum()
    assert gain[8060:9000].min() > 0.9


def test_a_sound_that_has_its_energies_keeps_them() -> None:
    loop = break_loop(120.0)[:LENGTH]
    calmed = loop * attack_gain(loop, CENTRES, energies(loop), EVERY_FRAME, N_FFT)
    # Silence right before a hit may become more silent.
    assert np.square(calmed - loop).sum() < 1e-3 * np.square(loop).sum()


def test_a_ring_has_no_beginning() -> None:
    clean = burst()
    smeared = clean.copy()
    smeared[7600:8000] = 0.05
    wanted = energies(clean)
    gain = attack_gain(smeared, CENTRES, wanted, EVERY_FRAME, N_FFT)
    # The hit is turned to just after the ring's first sample.
    turn = 31 * HOP
    turned = attack_gain(np.roll(smeared, -turn), CENTRES, np.roll(wanted, -31), EVERY_FRAME, N_FFT)
    assert np.allclose(turned, np.roll(gain, -turn), atol=1e-5)


def test_frames_that_are_not_ones_own_keep_their_sound() -> None:
    loop = break_loop(120.0)[:LENGTH]
    own = np.zeros(HOPS, dtype=bool)
    own[20:30] = True
    gain = attack_gain(loop, CENTRES, np.zeros(HOPS), own, N_FFT)
    margin = hops_in_half_window(N_FFT, HOP)
    assert (gain[: (20 - margin) * HOP] == 1.0).all()
    assert (gain[(29 + margin) * HOP + 1 :] == 1.0).all()
    assert gain[22 * HOP : 27 * HOP].max() < 0.05


def test_silence_is_no_division_by_zero() -> None:
    silence = np.zeros(LENGTH, dtype=np.float32)
    with np.errstate(all="raise", under="ignore"):
        for wanted in (np.zeros(HOPS), np.ones(HOPS)):
            assert np.isfinite(attack_gain(silence, CENTRES, wanted, EVERY_FRAME, N_FFT)).all()
