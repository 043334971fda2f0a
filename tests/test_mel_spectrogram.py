"""The image of a loop: what its rows, columns and pixels stand for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import VamenError
from bridge.mel_spectrogram import (
    ENGINE_SAMPLE_RATE,
    PRESETS,
    STRETCH_REACH,
    FloatArray,
    MelSpectrogramSpec,
    analysis_window,
    frame_positions,
    image_from_audio,
    load_png,
    mel_filter_bank,
    mel_power,
    power_from_image,
    save_png,
    short_time_spectrum,
    stretch_columns,
    unit_image,
)
from tests.sounds import break_loop

HIFI, CLASSIC = PRESETS["hifi"], PRESETS["classic"]
BOTH = pytest.mark.parametrize("spec", PRESETS.values(), ids=PRESETS.keys())


def sine(frequency: float, amplitude: float, length: int) -> FloatArray:
    """A ring of a whole number of cycles nearest to `frequency` in Hz."""
    cycles = round(frequency * length / ENGINE_SAMPLE_RATE)
    return np.asarray(amplitude * np.sin(2 * np.pi * cycles * np.arange(length) / length), dtype=np.float32)


@pytest.fixture(scope="module")
def break_image() -> FloatArray:
    """A busy break as the model sees it, at the canonical tempo of `hifi`."""
    return unit_image(image_from_audio(break_loop(HIFI.beats_per_minute), HIFI))


@BOTH
def test_no_row_of_the_filter_bank_is_narrower_than_a_bin(spec: MelSpectrogramSpec) -> None:
    bank = mel_filter_bank(spec)
    assert bank.shape == (spec.n_mels, spec.n_bins)
    # A triangle that reaches a whole bin to either side weighs at least one bin with a half or more.
    assert bank.max(axis=1).min() >= 0.5 - 1e-6
    # Every bin from the first above f_min to the last but two below f_max is heard.
    assert bank[:, 1:-3].sum(axis=0).min() > 0.5
    assert not bank.flags.writeable


@BOTH
def test_two_bars_of_either_preset_have_one_tempo(spec: MelSpectrogramSpec) -> None:
    assert spec.beats_per_minute == pytest.approx(161.5, rel=2e-3)
    assert (spec.n_mels, spec.n_frames, spec.frames_per_step) == (512, 512, 16)


@BOTH
@pytest.mark.parametrize("beats", [4, 8, 16])
def test_a_loop_is_exact_to_the_sample_and_its_steps_are_whole_frames(spec: MelSpectrogramSpec, beats: int) -> None:
    for beats_per_minute in np.arange(60.0, 240.5, 0.5):
        length = spec.loop_length(float(beats_per_minute), beats)
        assert length == round(beats * 60.0 / beats_per_minute * 44_100)
        steps = beats * spec.steps_per_beat
        n_frames = spec.frames_for(length, steps)
        assert n_frames % steps == 0
        hop = spec.hop_length * ENGINE_SAMPLE_RATE / spec.sample_rate
        # The window overlaps itself four times or nearly so at every tempo.
        assert 0.9 * hop < length / n_frames < 1.1 * hop


@given(n_frames=st.integers(32, 6000), hop=st.floats(200.0, 300.0))
def test_frames_stand_at_rounded_places(n_frames: int, hop: float) -> None:
    length = round(n_frames * hop)
    places = frame_positions(n_frames, length)
    assert np.abs(places - np.arange(n_frames) * (length / n_frames)).max() <= 0.5 + 1e-6
    assert places[0] == 0
    assert places[-1] < length


@pytest.mark.parametrize("n_fft", [1024, 1764])
def test_frames_wrap_around_and_their_phase_refers_to_their_centre(n_fft: int) -> None:
    length = 9_001
    samples = np.random.default_rng(0).standard_normal(length).astype(np.float32)
    centres = frame_positions(40, length)
    offsets = np.roll(np.arange(-(n_fft // 2), n_fft // 2), -(n_fft // 2))
    framed = samples[(centres[:, None] + offsets) % length] * np.roll(analysis_window(n_fft), -(n_fft // 2))
    assert np.array_equal(short_time_spectrum(samples, centres, n_fft), scipy.fft.rfft(framed, axis=1))


def test_rolling_a_loop_by_a_frame_rolls_its_image() -> None:
    loop = break_loop(HIFI.beats_per_minute)
    loop = np.resize(loop, HIFI.loop_length(HIFI.beats_per_minute))
    image = image_from_audio(loop, HIFI)
    for frames in (1, 16, 511):
        rolled = image_from_audio(np.roll(loop, frames * HIFI.hop_length), HIFI)
        assert np.array_equal(rolled, np.roll(image, frames, axis=1))


@BOTH
def test_a_pixel_is_a_level_below_full_scale(spec: MelSpectrogramSpec) -> None:
    length = spec.loop_length(spec.beats_per_minute)
    for decibels in (0.0, -20.0, -60.0):
        image = image_from_audio(sine(1000.0, 10.0 ** (decibels / 20.0), length), spec)
        expected = 255.0 * (1.0 + decibels / 80.0)
        # A sine between two bins reads up to 1.4 dB low, and so does one between two rows.
        assert expected - 9.0 <= image.max() <= expected + 1.0


def test_a_quiet_sound_does_not_change_because_a_loud_one_leaves() -> None:
    length = HIFI.loop_length(HIFI.beats_per_minute)
    hat = sine(9000.0, 0.1, length)
    both = image_from_audio(hat + sine(60.0, 0.8, length), HIFI)
    alone = image_from_audio(hat, HIFI)
    top = slice(400, 512)
    assert np.abs(both[top].astype(int) - alone[top]).max() <= 1


def test_classic_does_not_see_above_its_own_nyquist_frequency() -> None:
    image = image_from_audio(sine(6000.0, 1.0, CLASSIC.loop_length(CLASSIC.beats_per_minute)), CLASSIC)
    assert image.max() == 0


def test_a_loop_shorter_than_a_window_is_refused() -> None:
    with pytest.raises(VamenError, match="fewer than one analysis window"):
        image_from_audio(np.zeros(1000, dtype=np.float32), HIFI)


def test_a_black_pixel_is_silence_and_grey_levels_go_both_ways() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    power = power_from_image(ramp, HIFI)
    assert (power[0] == 0.0).all()
    assert np.allclose(10.0 * np.log10(power[1:]), 80.0 * (ramp[1:] / 255.0 - 1.0), atol=1e-3)
    assert np.array_equal(power, power_from_image(unit_image(ramp), HIFI))


def test_mel_power_of_a_loop_that_is_silent_is_nothing() -> None:
    assert mel_power(np.zeros(20_000, dtype=np.float32), HIFI, 64).max() == 0.0


def test_at_the_canonical_tempo_the_image_comes_back_unchanged(break_image: FloatArray) -> None:
    assert np.array_equal(stretch_columns(break_image, 512, HIFI.half_window_columns), break_image)


def test_without_an_attack_columns_are_interpolated_evenly() -> None:
    position = 2 * np.pi * np.arange(512) / 512
    image = np.tile(np.asarray(0.5 + 0.2 * np.sin(position), dtype=np.float32), (512, 1))
    stretched = stretch_columns(image, 640, HIFI.half_window_columns)
    assert np.allclose(stretched[0], 0.5 + 0.2 * np.sin(2 * np.pi * np.arange(640) / 640), atol=1e-3)


@pytest.mark.parametrize("n_frames", [352, 416, 480, 544, 704, 1024, 1376])
def test_an_attack_keeps_its_pace_and_its_place_at_any_tempo(n_frames: int) -> None:
    image = np.full((512, 512), 0.1, dtype=np.float32)
    # A window hears a hit at column c from c - 2 on, wholly from c + 1; then it decays.
    onsets = np.array([0, 64, 128, 192, 256, 320, 384, 448])
    for shift, level in ((-1, 0.6), (0, 0.8), (1, 0.9), (2, 0.9), (3, 0.88)):
        image[:, onsets + shift] = level
    for after in range(4, 40):
        image[:, (onsets + after) % 512] = 0.88 * 0.95 ** (after - 3)
    row = stretch_columns(image, n_frames, HIFI.half_window_columns)[0]
    for onset in onsets:
        around = np.arange(-6, 7)
        found = row[(round(onset * n_frames / 512) + around) % n_frames]
        wanted = image[0, (onset + around) % 512]
        # Where the level passes one half, in frames against columns.
        rises = [np.interp(0.5, line[3:7], around[3:7]) for line in (found, wanted)]
        assert abs(rises[0] - rises[1]) < 0.6 + 0.4 * abs(n_frames / 512 - 1)
        # From a fifth to three quarters takes as many frames as it took columns.
        widths = [np.interp(0.75, line[3:8], around[3:8]) - np.interp(0.2, line[3:8], around[3:8]) for line in (found, wanted)]
        assert widths[0] == pytest.approx(widths[1], abs=0.75)


@pytest.mark.parametrize("n_frames", [352, 480, 704, 1376])
def test_a_stretched_step_follows_from_its_neighbours_alone(break_image: FloatArray, n_frames: int) -> None:
    columns, frames = 16, n_frames // 32
    assert columns >= STRETCH_REACH
    whole = stretch_columns(break_image, n_frames, HIFI.half_window_columns)
    for step in range(32):
        around = np.arange((step - 1) * columns, (step + 2) * columns) % 512
        piece = stretch_columns(break_image[:, around], 3 * frames, HIFI.half_window_columns)[:, frames : 2 * frames]
        assert np.allclose(piece, whole[:, step * frames : (step + 1) * frames], atol=1e-4)


def test_stretching_never_reads_backwards(break_image: FloatArray) -> None:
    # A ramp in one row tells from where each frame is read; the other rows hold the break's attacks.
    image = break_image.copy()
    image[0] = np.arange(512) / 51_200.0
    for n_frames in range(352, 1377, 32):
        read = stretch_columns(image, n_frames, HIFI.half_window_columns)[0, n_frames // 32 : -n_frames // 32]
        assert (np.diff(read) > 0.0).all()


def test_a_png_holds_the_very_pixels_with_low_frequencies_below(tmp_path: Path) -> None:
    from PIL import Image as PillowImage

    image = np.random.default_rng(0).integers(0, 256, (512, 64)).astype(np.uint8)
    save_png(tmp_path / "image.png", image)
    assert np.array_equal(load_png(tmp_path / "image.png"), image)
    with PillowImage.open(tmp_path / "image.png") as picture:
        assert picture.size == (64, 512)
        assert np.array_equal(np.asarray(picture)[-1], image[0])


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(VamenError, match=r"notes\.png cannot be read as a picture"):
        load_png(tmp_path / "notes.png")


@BOTH
def test_a_spec_survives_json_and_names_a_missing_field(spec: MelSpectrogramSpec) -> None:
    values = spec.to_dict()
    assert MelSpectrogramSpec.from_dict(values) == spec
    del values["hop_length"]
    with pytest.raises(VamenError, match="hop_length"):
        MelSpectrogramSpec.from_dict(values)


def test_a_spec_that_does_not_divide_is_refused() -> None:
    with pytest.raises(VamenError, match="500 frames"):
        MelSpectrogramSpec.from_dict({**HIFI.to_dict(), "n_frames": 500})
    with pytest.raises(VamenError, match="even number of samples"):
        MelSpectrogramSpec.from_dict({**CLASSIC.to_dict(), "n_fft": 410})
