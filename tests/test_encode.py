"""The user's own breaks as slots."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.__main__ import main
from bridge.encode import fill_image, read_loop, resample_ring
from bridge.errors import VamenError
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray
from bridge.model import Model
from bridge.slot_file import load_slot_file, load_slots
from bridge.wav_chunks import beats_in_acid_chunk
from tests.conftest import TINY_MODEL
from tests.sounds import TWO_STEP, loop_from_pattern


def synthetic_break(beats: int = 8, beats_per_minute: float = 170.0) -> FloatArray:
    return loop_from_pattern(TWO_STEP, beats_per_minute, beats=beats)


def write(path: Path, samples: FloatArray, sample_rate: int = ENGINE_SAMPLE_RATE) -> Path:
    soundfile.write(path, samples, sample_rate, subtype="FLOAT" if path.suffix == ".wav" else "PCM_24")
    return path


def with_acid_chunk(path: Path, *, flags: int, beats: int) -> None:
    chunk = struct.pack("<4sI", b"acid", 24) + struct.pack("<IHHfIHHf", flags, 60, 0x8000, 0.0, beats, 4, 4, 170.0)
    # An odd chunk before it: its pad byte has to be stepped over.
    content = path.read_bytes() + struct.pack("<4sI3sx", b"junk", 3, b"abc") + chunk
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])


def encode(loop: Path, out: Path, *options: str) -> int:
    return main(["encode", str(loop), "--out", str(out), "--model", str(TINY_MODEL), "--provider", "cpu", *options])


def test_beats_come_from_option_then_chunk_then_name_then_length(tmp_path: Path) -> None:
    # 8 beats at 170 are 2.82 s: from its length alone this is 8 beats, in 90 to 180.
    samples = synthetic_break(beats=8, beats_per_minute=170.0)
    path = write(tmp_path / "loop_85bpm.wav", samples)
    assert (read_loop(path).beats, read_loop(path).known_from) == (4, "its name")
    with_acid_chunk(path, flags=4, beats=16)
    assert (read_loop(path).beats, read_loop(path).known_from) == (16, "its acid chunk")
    assert (read_loop(path, beats=2).beats, read_loop(path, beats=2).known_from) == (2, "--beats")
    plain = write(tmp_path / "loop.wav", samples)
    assert (read_loop(plain).beats, read_loop(plain).known_from) == (8, "its length")
    assert read_loop(plain).beats_per_minute == pytest.approx(170.0, abs=0.01)


@pytest.mark.parametrize("beats_per_minute", [90.0, 91.0, 120.0, 136.9, 179.0])
@pytest.mark.parametrize("beats", [1, 2, 4, 16])
def test_length_alone_puts_the_tempo_in_90_to_180(beats: int, beats_per_minute: float, tmp_path: Path) -> None:
    loop = read_loop(write(tmp_path / "loop.wav", synthetic_break(beats, beats_per_minute)))
    assert loop.beats == beats
    assert 90.0 <= loop.beats_per_minute <= 180.0


def test_a_one_shot_or_a_broken_chunk_states_no_beats(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", synthetic_break(4))
    with_acid_chunk(path, flags=1, beats=4)
    assert beats_in_acid_chunk(path.read_bytes()) is None
    with_acid_chunk(path := write(tmp_path / "b.wav", synthetic_break(4)), flags=4, beats=7)
    content = path.read_bytes()
    assert beats_in_acid_chunk(content) == 7
    for length in range(len(content) - 1, len(content) - 40, -1):
        assert beats_in_acid_chunk(content[:length]) is None
    assert beats_in_acid_chunk(b"") is None


def test_any_rate_and_channels_give_the_same_loop(tmp_path: Path) -> None:
    samples = synthetic_break(4, 120.0)
    reference = read_loop(write(tmp_path / "a.wav", samples)).samples
    at_48k = resampled_by_fft(samples, 96_000)
    stereo = np.stack([at_48k, at_48k * 0.2], axis=1) / 2.0  # so that 24-bit FLAC does not clip
    other = read_loop(write(tmp_path / "b.flac", stereo, 48_000)).samples
    assert len(other) == len(reference)
    # Above 20 kHz lies the resampler's own slope.
    error, level = (np.abs(np.fft.rfft(x)[: 20 * len(x) // 44]) for x in (other - 0.3 * reference, 0.3 * reference))
    assert np.linalg.norm(error) < 1e-3 * np.linalg.norm(level)


def resampled_by_fft(samples: FloatArray, length: int) -> FloatArray:
    """Periodic band-limited resampling, the ideal that a resampler comes near to."""
    spectrum = np.fft.rfft(samples)
    padded = np.zeros(length // 2 + 1, dtype=complex)
    padded[: len(spectrum)] = spectrum
    return np.fft.irfft(padded, length).astype(np.float32) * np.float32(length / len(samples))


def test_resampling_goes_round_the_ring() -> None:
    # Whole periods of a sine in the loop: a seam would show as an error at the ends.
    time = np.arange(48_000) / 48_000
    resampled = resample_ring(np.sin(2 * np.pi * 100.0 * time).astype(np.float32), 48_000)
    expected = np.sin(2 * np.pi * 100.0 * np.arange(44_100) / 44_100)
    assert len(resampled) == 44_100
    assert np.abs(resampled - expected).max() < 1e-3


def test_one_bar_repeats_and_a_long_loop_is_cut(tiny_model: Model) -> None:
    spec = tiny_model.metadata.spec
    bar = np.arange(1000, dtype=np.float32)
    assert np.array_equal(fill_image(bar, 4, spec, Path("a")), np.tile(bar, 2))
    assert np.array_equal(fill_image(bar, 8, spec, Path("a")), bar)
    assert np.array_equal(fill_image(bar, 16, spec, Path("a")), bar[:500])
    assert len(fill_image(bar, 12, spec, Path("a"))) == 667
    with pytest.raises(VamenError, match=r"3 beats.*--beats"):
        fill_image(bar, 3, spec, Path("a"))


def test_an_encoded_loop_holds_its_pattern(tmp_path: Path, tiny_model: Model) -> None:
    path = write(tmp_path / "mine.wav", synthetic_break(4, 120.0))
    assert encode(path, tmp_path / "slot.json") == 0
    (latent,) = load_slot_file(tmp_path / "slot.json", tiny_model)
    assert latent.shape == (32, 4)
    first, second = latent.reshape(2, 16, 4)
    assert np.abs(first - second).max() < 0.05
    # The bar was repeated, and kick and backbeats stand out in the dimensions that paint them (kick; snare and room).
    assert set(np.argsort(first[:, 0])[-2:]) == {0, 10}
    assert set(np.argsort(first[:, 1] + first[:, 3])[-2:]) == {4, 12}


def test_start_moves_beat_one(tmp_path: Path, tiny_model: Model) -> None:
    samples = synthetic_break(8, 120.0)
    beat = ENGINE_SAMPLE_RATE // 2
    path = write(tmp_path / "late.wav", np.roll(samples, beat))
    straight = write(tmp_path / "straight.wav", samples)
    assert encode(path, tmp_path / "late.json", "--start", "0.5") == 0
    assert encode(straight, tmp_path / "straight.json") == 0
    (shifted,) = load_slot_file(tmp_path / "late.json", tiny_model)
    (latent,) = load_slot_file(tmp_path / "straight.json", tiny_model)
    assert np.array_equal(shifted, latent)


def test_several_loops_fill_slots_in_a_row(tmp_path: Path, tiny_model: Model, capsys: pytest.CaptureFixture[str]) -> None:
    loops = [write(tmp_path / f"{tempo}.wav", synthetic_break(4, tempo)) for tempo in (100, 140)]
    out = tmp_path / "kit.json"
    assert main(["encode", *map(str, loops), "--out", str(out), "--model", str(TINY_MODEL)]) == 0
    # The first that the model itself does not fill.
    assert f"`vamen play --slot {len(tiny_model.metadata.slots) + 1}={out}`" in capsys.readouterr().out
    slots = load_slots([(9, out)], tiny_model)
    assert list(slots) == [9, 10]
    with pytest.raises(VamenError, match="slot 10"):
        load_slots([(9, out), (10, out)], tiny_model)
    with pytest.raises(VamenError, match="last slot"):
        load_slots([(128, out)], tiny_model)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"not audio", "no sound file"), (b"", "no sound file"), (None, "cannot be read")],
)
def test_what_is_no_sound_is_named(content: bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "loop.wav"
    if content is not None:
        path.write_bytes(content)
    assert encode(path, tmp_path / "slot.json") == 2
    error = capsys.readouterr().err
    assert str(path) in error
    assert said in error
    assert not (tmp_path / "slot.json").exists()


def test_silence_and_fragments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VamenError, match="silent"):
        read_loop(write(tmp_path / "silence.wav", np.zeros(44_100, dtype=np.float32)))
    with pytest.raises(VamenError, match="less than one beat"):
        read_loop(write(tmp_path / "hit.wav", synthetic_break(4)[:9000]))
    with pytest.raises(VamenError, match="cut a loop"):
        read_loop(write(tmp_path / "song.wav", np.tile(synthetic_break(8), 50)))
    with pytest.raises(VamenError, match="60 BPM in its name"):
        read_loop(write(tmp_path / "hit_60bpm.wav", synthetic_break(4)[:9000]))


def test_a_start_outside_the_loop_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "loop.wav", synthetic_break(4, 120.0))
    assert encode(path, tmp_path / "slot.json", "--start", "2.5") == 2
    assert "--start 2.5" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = write(tmp_path / "loop.wav", synthetic_break(4))
    monkeypatch.setattr("bridge.encode.encode_loop", lambda *_: pytest.fail("a loop was encoded"))
    assert encode(loop, tmp_path / "none" / "mine.json") == 2
    assert "mine.json cannot be written (No such file or directory); choose another" in capsys.readouterr().err


def test_a_slot_of_another_model_or_a_damaged_one_is_refused(tmp_path: Path, tiny_model: Model) -> None:
    path = tmp_path / "slot.json"
    encode(write(tmp_path / "loop.wav", synthetic_break(4)), path)
    document = json.loads(path.read_text())

    def refused(said: str, **fields: object) -> None:
        path.write_text(json.dumps(document | fields))
        with pytest.raises(VamenError, match=said):
            load_slot_file(path, tiny_model)

    refused("another model.*--model", model={"name": "other", "sha256": "0" * 64})
    refused("another model", model=None)
    refused("format_version", format_version=2)
    refused("no vamen-slots file", format="vamen-break")
    refused("no breaks", breaks=[])
    refused("no breaks", breaks=[3])
    rows = document["breaks"][0]["latent"]
    for latent in (rows[:-1], [*rows[:-1], rows[-1][:-1]], [*rows[:-1], [0, 0, 0, "x"]], [*rows[:-1], [0, 0, 0, True]], None):
        refused("damaged", breaks=[{"latent": latent}])
    path.write_text(json.dumps(document).replace(str(rows[0][0]), "NaN"))
    with pytest.raises(VamenError, match="damaged"):
        load_slot_file(path, tiny_model)
    for text in ("", "[" * 100_000, "{}", "\x00"):
        path.write_text(text)
        with pytest.raises(VamenError, match=r"slot\.json"):
            load_slot_file(path, tiny_model)
