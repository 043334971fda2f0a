"""Reading sound files: what is a loop, what a hit, what is left out and why."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from bridge.errors import VamenError
from bridge.onsets import find_onsets
from tests.sounds import hat, kick, snare
from training.slices import SliceBank, make_bank
from training.sources import ROLES, Source, count_beats, read_sources, without_hum

RATE = 44_100
BAR = "k.k.s.hghgkks.hg"
"""One bar: kick, snare, ghost, hat."""


def loop(pattern: str = BAR, tempo: float = 140.0, rate: int = RATE) -> NDArray[np.float64]:
    """A bar (or several) of synthetic drums, exactly as long as the pattern's sixteenths; hits are cut at its end."""
    step = 15.0 / tempo * RATE
    out = np.zeros(round(len(pattern) * step))
    strokes = {"k": kick(decay_seconds=0.05), "s": snare(), "g": 0.22 * snare(), "h": 0.15 * hat()}
    for at, stroke in enumerate(pattern):
        if stroke in strokes:
            sound = strokes[stroke][: len(out) - round(at * step)]
            out[round(at * step) : round(at * step) + len(sound)] += sound
    out *= 0.8 / np.abs(out).max()
    return out if rate == RATE else soxr.resample(out, RATE, rate)


def write(path: Path, samples: NDArray[np.float64], rate: int = RATE) -> Path:
    soundfile.write(str(path), samples, rate)
    return path


def test_a_loop_of_any_rate_and_width_becomes_mono_at_the_engine_rate(tmp_path: Path) -> None:
    mono = loop(rate=48_000)
    write(tmp_path / "my break.flac", np.stack([mono, mono], axis=1), 48_000)
    sources, left_out = read_sources([tmp_path])
    assert not left_out
    assert sources[0].beats == 4
    assert sources[0].beats_per_minute == pytest.approx(140.0, abs=0.01)
    assert sources[0].samples.ndim == 1 and sources[0].samples.dtype == np.float32


def test_beats_come_from_the_given_tempo_then_the_name_then_the_length(tmp_path: Path) -> None:
    samples = loop(tempo=120.0)  # 2 s: 4 beats at 120, 2 at 60, 8 at 240
    write(tmp_path / "loop_60bpm.wav", samples)
    write(tmp_path / "loop_plain.wav", 0.9 * samples)
    beats = {source.name: source.beats for source in read_sources([tmp_path])[0]}
    assert beats == {"loop_60bpm.wav": 2, "loop_plain.wav": 4}
    assert {source.beats for source in read_sources([tmp_path], 240.0)[0]} == {8}


@pytest.mark.parametrize(("estimate", "beats"), [(165.0, 8), (95.0, 4)])
def test_an_ambiguous_length_is_settled_by_the_estimated_tempo(
    estimate: float, beats: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "loop_fast.wav", loop("k.s.k.s.k.s.k.s." * 2, tempo=172.0))  # 8 beats at 172 or 4 at 86
    monkeypatch.setattr(librosa.feature, "tempo", lambda **_: np.array([estimate]))
    (source,), _ = read_sources([tmp_path])
    assert source.beats == beats


def test_librosa_estimates_the_tempo_of_an_ambiguous_length() -> None:
    eighths = loop("khshkhshkhshkhsh" * 2, tempo=172.0)
    assert count_beats(eighths.astype(np.float32), None) in (4, 8)


def test_hits_get_their_role_from_the_name_or_from_the_spectrum(tmp_path: Path) -> None:
    write(tmp_path / "a1.wav", kick())
    write(tmp_path / "a2.wav", 0.8 * snare())
    write(tmp_path / "a3.wav", hat())
    write(tmp_path / "sn_odd.wav", 0.9 * kick())
    roles = {source.name: source.role for source in read_sources([tmp_path])[0]}
    assert roles == {"a1.wav": "kick", "a2.wav": "snare", "a3.wav": "hat", "sn_odd.wav": "snare"}


def test_everything_unusable_is_named_with_its_reason(tmp_path: Path) -> None:
    t = np.arange(4 * RATE) / RATE
    noise = np.random.default_rng(3).standard_normal(len(t))
    (tmp_path / "notes.txt").write_text("no audio")
    write(tmp_path / "loop_break.wav", loop())
    write(tmp_path / "loop_copy.wav", loop())
    write(tmp_path / "loop_quiet.wav", np.zeros(RATE))
    write(tmp_path / "loop_drone.wav", 0.3 * np.sin(2 * np.pi * 110 * t) + 0.02 * noise)
    write(tmp_path / "loop_blip.wav", loop("k.", tempo=140.0))
    write(tmp_path / "loop_empty.wav", np.zeros(0))
    sources, left_out = read_sources([tmp_path])
    assert [source.name for source in sources] == ["loop_break.wav"]
    reasons = {item.name: item.reason for item in left_out}
    assert "no audio" in reasons["notes.txt"]
    assert "silent" in reasons["loop_quiet.wav"]
    assert "silent" in reasons["loop_empty.wav"]
    assert "drone" in reasons["loop_drone.wav"]
    assert "shorter than one beat" in reasons["loop_blip.wav"]
    assert "loop_break.wav" in reasons["loop_copy.wav"]


def test_a_loop_shorter_than_a_beat_at_the_given_tempo_is_named(tmp_path: Path) -> None:
    write(tmp_path / "loop_a.wav", loop("k.s.", tempo=140.0))
    with pytest.raises(VamenError, match=r"loop_a\.wav is shorter than one beat at 60 BPM"):
        read_sources([tmp_path], 60.0)


def test_nothing_usable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VamenError, match="is empty"):
        read_sources([tmp_path])
    with pytest.raises(VamenError, match="There is no file or folder"):
        read_sources([tmp_path / "nowhere"])
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(VamenError, match=r"No usable sound.*a\.wav is no audio"):
        read_sources([tmp_path])


def test_onsets_are_found_to_the_millisecond() -> None:
    samples = loop(tempo=140.0).astype(np.float32)
    step = 15.0 / 140.0 * RATE
    expected = np.array([round(i * step) for i, stroke in enumerate(BAR) if stroke != "."])
    found, strengths = find_onsets(samples / np.abs(samples).max())
    assert len(found) == len(strengths)
    distance = np.abs(expected[:, None] - found[None, :]).min(axis=1)
    assert distance.max() <= 0.0025 * RATE
    assert len(found) <= len(expected) + 2


def test_slices_of_a_loop_have_their_strokes_roles(tmp_path: Path) -> None:
    samples = (loop() / 0.8).astype(np.float32)
    bank = make_bank([Source("loop", "0" * 64, samples, 4, "rest")])
    whole = bank.table[bank.table["step"] == np.round(bank.table["step"])]
    letter = {"rest": ".", "kick": "k", "snare": "s", "ghost": "g", "hat": "h"}
    letters = "".join(letter.get(ROLES[role], "?") for role in whole["role"])
    wrong = sum(a != b for a, b in zip(letters, BAR, strict=True))
    assert letters[0] == "k" and letters[4] == "s" and letters[12] == "s"
    assert wrong <= 2, letters


def test_a_packed_file_reads_back_equal_and_foreign_files_are_refused(tmp_path: Path) -> None:
    drums = (loop() / 0.8).astype(np.float32)
    bank = make_bank([Source("loop", "ab", drums, 4, "rest"), Source("k", "cd", kick(), 0, "kick")])
    bank.save(tmp_path / "slices.npz")
    again = SliceBank.load(tmp_path / "slices.npz")
    assert again.sources == bank.sources
    assert again.sha256 == bank.sha256
    assert np.array_equal(again.table, bank.table)
    for name, content in (("a.npz", b"not a zip"), ("b.npz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(VamenError, match="no packed slices"):
            SliceBank.load(tmp_path / name)
    np.savez(tmp_path / "c.npz", other=np.zeros(3))
    with pytest.raises(VamenError, match="no packed slices"):
        SliceBank.load(tmp_path / "c.npz")


def test_a_steady_hum_is_taken_from_under_a_loop_and_a_kick_is_not() -> None:
    drums = (loop() / 0.8).astype(np.float32)
    assert np.array_equal(without_hum(drums), drums)
    cycles = round(52.0 * len(drums) / RATE)
    hum = np.sin(2 * np.pi * cycles * np.arange(len(drums)) / len(drums)).astype(np.float32)
    cleaned = without_hum(0.3 * drums + 0.6 * hum)
    line = lambda x: abs(np.fft.rfft(x)[cycles]) / len(x)  # noqa: E731
    assert line(cleaned) < 0.01 * line(0.6 * hum)
    assert np.corrcoef(cleaned, drums)[0, 1] > 0.9
