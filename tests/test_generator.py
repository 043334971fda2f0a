"""A ring painted step by step is the ring painted at once: the same picture, and as near to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.signal

from bridge.control import Control
from bridge.generator import Ring
from bridge.latent_space import LatentSpace
from bridge.mel_spectrogram import PRESETS, short_time_spectrum
from bridge.model import Model
from tests.make_tiny_model import build


def moved_latents(model: Model) -> tuple[np.ndarray, np.ndarray]:
    space = LatentSpace(model.metadata)
    stored = space.latent()
    space.apply(Control("axis", (1,), (1.0,)))
    space.apply(Control("latent_step", (5,), (1.0,) * model.metadata.latent_dimensions))
    return stored, space.latent()


def paint_until_clean(ring: Ring, first: int) -> int:
    """Paint the dirty step that comes next, as the engine does, from step `first` on; how many different ones it took."""
    painted = set()
    while ring.dirty.any():
        dirty = np.flatnonzero(ring.dirty)
        first = int(dirty[np.argmin((dirty - first) % ring.steps)])
        if ring.paint_step(first):
            painted.add(first)
    return len(painted)


def distance_in_db(ring: Ring) -> float:
    """Spectral convergence of a ring's sound to the magnitudes it was painted from."""
    target = ring._magnitude
    spectrum = short_time_spectrum(ring.samples, ring.grid.centres, ring.grid.spec.n_fft_engine)
    seen = np.abs(spectrum[:, : target.shape[1]])
    return float(20 * np.log10(np.linalg.norm(seen - target) / np.linalg.norm(target)))


@pytest.fixture(scope="module")
def shipped_model() -> Model:
    """The tiny model's pictures are no sound's; how near a sound comes to its picture takes a trained one."""
    return Model.load()


@pytest.mark.parametrize("tempo", [90.0, 161.4990234375, 200.0])
@pytest.mark.parametrize("first", [0, 19])
def test_painted_step_by_step_a_ring_is_what_it_is_painted_at_once(shipped_model: Model, tempo: float, first: int) -> None:
    stored, wanted = moved_latents(shipped_model)
    ring, twin = Ring(shipped_model, stored, tempo), Ring(shipped_model, wanted, tempo)
    ring.paint_all()
    twin.paint_all()
    ring.move_to(wanted)
    paint_until_clean(ring, first)
    assert np.allclose(ring._magnitude, twin._magnitude, rtol=1e-3, atol=1e-4 * twin._magnitude.max())
    assert distance_in_db(ring) < distance_in_db(twin) + 1.0


def test_a_new_ring_can_be_painted_from_nothing(tiny_model: Model) -> None:
    _, latent = moved_latents(tiny_model)
    ring, twin = Ring(tiny_model, latent, 140.0), Ring(tiny_model, latent, 140.0)
    twin.paint_all()
    paint_until_clean(ring, 0)
    assert np.allclose(ring._magnitude, twin._magnitude, rtol=1e-3, atol=1e-4 * twin._magnitude.max())
    assert distance_in_db(ring) < distance_in_db(twin) + 3.0


@pytest.mark.parametrize("tempo", [120.0, 200.0])
def test_steps_of_a_classic_ring_are_stretched_as_the_whole_of_it(tmp_path: Path, tempo: float) -> None:
    path = tmp_path / "classic.onnx"
    path.write_bytes(build(PRESETS["classic"]).SerializeToString())
    model = Model.load(path)
    stored, wanted = moved_latents(model)
    ring, twin = Ring(model, stored, tempo), Ring(model, wanted, tempo)
    ring.paint_all()
    twin.paint_all()
    ring.move_to(wanted)
    paint_until_clean(ring, 0)
    assert np.allclose(ring._magnitude, twin._magnitude, rtol=1e-3, atol=1e-4 * twin._magnitude.max())


@pytest.mark.parametrize("first", [0, 11, 19])
def test_a_recalled_kick_does_not_depend_on_the_step_painted_first(shipped_model: Model, first: int) -> None:
    space = LatentSpace(shipped_model.metadata)
    home, other = (space.from_values(space.slot(number)) for number in (1, 2))
    twin, ring = Ring(shipped_model, home, 170.0), Ring(shipped_model, other, 170.0)
    twin.paint_all()
    ring.paint_all()
    ring.move_to(home)
    assert paint_until_clean(ring, first) == 32
    heard, wanted, steps = low_bands(ring, twin)
    assert len(steps) > 4
    assert min(np.corrcoef(heard[step], wanted[step])[0, 1] for step in steps) > 0.95


def test_a_kick_rings_on_in_the_step_painted_first(shipped_model: Model) -> None:
    space = LatentSpace(shipped_model.metadata)
    home, other = (space.from_values(space.slot(number)) for number in (1, 2))
    twin, sounding = Ring(shipped_model, home, 170.0), Ring(shipped_model, other, 170.0)
    twin.paint_all()
    sounding.paint_all()
    likeness = []
    for first in range(32):
        ring = sounding.copy()
        ring.move_to(home)
        while ring.dirty[first]:
            ring.paint_step(first)
        heard, wanted, steps = low_bands(ring, twin)
        step = slice(len(wanted) * first // 32, len(wanted) * (first + 1) // 32)
        if step in steps:
            likeness.append(np.corrcoef(heard[step], wanted[step])[0, 1])
    assert len(likeness) > 4
    assert np.mean(likeness) > 0.95


def low_bands(ring: Ring, twin: Ring) -> tuple[np.ndarray, np.ndarray, list[slice]]:
    """Below 150 Hz: what a ring plays, what it should play, and the steps in which that is loud."""
    band = scipy.signal.butter(4, [30.0, 150.0], "bandpass", fs=44_100, output="sos")
    length = len(twin.samples)
    heard, wanted = (scipy.signal.sosfiltfilt(band, np.tile(each.samples, 3))[length : 2 * length] for each in (ring, twin))
    steps = [slice(length * step // 32, length * (step + 1) // 32) for step in range(32)]
    return heard, wanted, [step for step in steps if np.std(wanted[step]) > 0.3 * np.std(wanted)]


def test_a_copy_is_painted_on_its_own(tiny_model: Model) -> None:
    stored, wanted = moved_latents(tiny_model)
    ring = Ring(tiny_model, stored, 170.0)
    ring.paint_all()
    before = ring.samples.copy()
    twin = ring.copy()
    twin.move_to(wanted)
    twin.paint_step(3)
    assert np.array_equal(ring.samples, before) and not ring.dirty.any()
    assert not np.array_equal(twin.samples, before)


def test_a_latent_that_does_not_move_dirties_nothing(tiny_model: Model) -> None:
    stored, _ = moved_latents(tiny_model)
    ring = Ring(tiny_model, stored, 170.0)
    ring.paint_all()
    ring.move_to(stored.copy())
    assert not ring.dirty.any()


def test_what_is_no_sound_is_refused(tiny_model: Model) -> None:
    stored, _ = moved_latents(tiny_model)
    ring = Ring(tiny_model, stored, 170.0)
    ring.paint_all()
    before = ring.samples.copy()
    broken = stored.copy()
    broken[7] = np.nan
    ring.move_to(broken)
    with pytest.raises(FloatingPointError), np.errstate(all="ignore"):
        for step in range(32):
            while ring.dirty[step]:
                ring.paint_step(step)
    assert np.isfinite(ring.samples).all() and len(ring.samples) == len(before)


def test_the_tempo_of_a_ring_is_that_of_its_samples(tiny_model: Model) -> None:
    stored, _ = moved_latents(tiny_model)
    ring = Ring(tiny_model, stored, 171.3)
    assert ring.beats_per_minute == pytest.approx(171.3, abs=1e-3)
    assert ring.grid.loop_length == round(8 * 60 / 171.3 * 44_100)
    assert [ring.step_at(ring.step_start(step)) for step in range(32)] == list(range(32))
