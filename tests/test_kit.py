"""A kit: what is in the folder plays the break again, in readers that are not ours, or in readers written from the layout."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from bridge import kit
from bridge.__main__ import main
from bridge.break_render import render_break
from bridge.hit_names import names_of
from bridge.hits import cut_hits
from bridge.mel_spectrogram import FloatArray
from bridge.model import Model
from bridge.octatrack import ot_file
from bridge.shipped_models import DEFAULT_PATH
from tests.conftest import TINY_MODEL
from tests.test_hits import error_db, sum_of


def vamen_kit(*arguments: object) -> int:
    return main(["kit", *map(str, arguments), "--model", str(TINY_MODEL), "--provider", "cpu"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kits") / "mine"
    assert vamen_kit("--out", path, "--slot", 1, "--bpm", 174.37) == 0
    return path


@pytest.fixture(scope="module")
def ring(tiny_model: Model) -> FloatArray:
    return render_break(tiny_model, tiny_model.metadata.slots[0].latent, 174.37)[0]


def manifest(folder: Path) -> list[dict[str, object]]:
    return json.loads((folder / "kit.json").read_text())["hits"]


def read(path: Path) -> FloatArray:
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 44_100
    return samples


def regions(path: Path) -> list[dict[str, str]]:
    """An SFZ file's regions with what their group says."""
    group: dict[str, str] = {}
    found: list[dict[str, str]] = []
    for line in path.read_text().splitlines():
        header, *opcodes = line.partition("//")[0].split() or [""]
        pairs = dict(opcode.split("=", 1) for opcode in opcodes)
        if header == "<group>":
            group = pairs
        elif header == "<region>":
            found.append(group | pairs)
    return found


def mixed(folder: Path, starts: list[int], gains_db: list[float], files: list[str], length: int) -> FloatArray:
    total = np.zeros(length)
    for start, gain_db, file in zip(starts, gains_db, files, strict=True):
        samples = read(folder / file)
        np.add.at(total, (start + np.arange(len(samples))) % length, samples * 10 ** (gain_db / 20))
    return total.astype(np.float32)


def test_the_files_with_their_gains_at_their_places_are_the_break(folder: Path, ring: FloatArray) -> None:
    hits = manifest(folder)
    total = mixed(folder, *([hit[field] for hit in hits] for field in ("frame", "gain_db", "file")), len(ring))  # type: ignore[arg-type]
    assert error_db(total, ring) < -80.0
    assert sorted(path.name for path in folder.glob("*.wav")) == [hit["file"] for hit in hits], "in the order of their names"
    assert len(hits) > 1


def test_the_sfz_played_by_the_midi_file_is_the_break(folder: Path, ring: FloatArray) -> None:
    by_key = {int(region["key"]): region for region in regions(folder / "mine.sfz")}
    assert list(by_key) == list(range(36, 36 + len(by_key)))
    assert all(region["loop_mode"] == "one_shot" and region["amp_veltrack"] == "0" for region in by_key.values())
    pattern = mido.MidiFile(folder / "mine_174.37bpm_2bars.mid")
    assert (pattern.type, pattern.ticks_per_beat) == (0, 960)
    (track,) = pattern.tracks
    now, notes, tempo = 0, [], 0.0
    for message in track:
        now += message.time
        if message.type == "note_on":
            notes.append((now, message.note))
        elif message.type == "set_tempo":
            tempo = mido.tempo2bpm(message.tempo)
    assert now == 8 * 960, "two bars, to the tick"
    assert tempo == pytest.approx(174.37, abs=1e-3)
    lead = json.loads((folder / "kit.json").read_text())["lead_ticks"]
    starts = [(2 * (tick - lead) * len(ring) + 7680) // (2 * 7680) for tick, _ in notes]
    played = [by_key[note] for _, note in notes]
    total = mixed(
        folder, starts, [float(region["volume"]) for region in played], [region["sample"] for region in played], len(ring)
    )
    assert error_db(total, ring) < -80.0
    assert [note for _, note in notes] == list(by_key), "keys rise as the break goes on"


def test_the_ot_file_cuts_the_chain_into_the_hits(folder: Path, ring: FloatArray) -> None:
    content = (folder / "octatrack" / "mine.ot").read_bytes()
    chain = read(folder / "octatrack" / "mine.wav")
    assert len(content) == 832 and content[:16] == b"FORM\0\0\0\0DPS1SMPA"
    tempo, trim, loop, stretch, looped = struct.unpack_from(">5I", content, 0x17)
    gain, quantise = struct.unpack_from(">HB", content, 0x2B)
    first, end, _ = struct.unpack_from(">3I", content, 0x2E)
    assert tempo == round(174.37 * 24) and trim == loop and trim % 25 == 0
    assert trim / 100 == pytest.approx(len(chain) / 44_100 * 174.37 / 240, abs=0.13)
    assert (stretch, looped, gain, quantise, first, end) == (0, 0, 0x30, 0xFF, 0, len(chain))
    (count,) = struct.unpack_from(">I", content, 0x33A)
    slices = [struct.unpack_from(">3I", content, 0x3A + 12 * number) for number in range(64)]
    assert struct.unpack_from(">H", content, 0x33E)[0] == sum(content[0x10:0x33E]) % 65_536
    hits = manifest(folder)
    assert count == len(hits) and set(slices[count:]) <= {(0, 0, 0)}
    total = np.zeros(len(ring), dtype=np.float32)
    for hit, (start, stop, loop_point) in zip(hits, slices[:count], strict=True):
        assert loop_point == 0xFFFFFFFF and stop - start == hit["frames"]
        np.add.at(total, (int(str(hit["frame"])) + np.arange(stop - start)) % len(ring), chain[start:stop])
    assert error_db(total, ring) < -80.0


def test_velocities_tell_the_gains_to_whom_nobody_else_does(folder: Path) -> None:
    gains = {int(str(hit["key"])): float(str(hit["gain_db"])) for hit in manifest(folder)}
    (track,) = mido.MidiFile(folder / "mine_174.37bpm_2bars.mid").tracks
    velocities = {message.note: message.velocity for message in track if message.type == "note_on"}
    loudest = max(gains.values())
    assert max(velocities.values()) == 127
    for key, velocity in velocities.items():
        assert 40 * np.log10(velocity / 127) == pytest.approx(gains[key] - loudest, abs=0.5)


def test_checksums_of_ot_files_count_every_byte() -> None:
    content = ot_file(64 * 65_535, [(65_535 * number, 65_535 * number + 65_535) for number in range(64)], 120.0)
    assert struct.unpack_from(">H", content, 0x33E)[0] == sum(content[0x10:0x33E]) % 65_536
    assert sum(content[0x10:0x33E]) > 65_535, "it goes round"


def test_a_kit_of_a_sidecar_is_that_export_and_its_own_sidecar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--model", str(TINY_MODEL), "--provider", "cpu"]
    assert main(["sample", "-n", "1", "--bars", "1", "--bpm", "150", "--out", str(tmp_path / "breaks"), *options]) == 0
    (sidecar,) = (tmp_path / "breaks").glob("*.json")
    assert vamen_kit(sidecar, "--out", tmp_path / "kit") == 0
    assert (tmp_path / "kit" / "kit_150bpm_1bar.mid").exists()
    assert main(["render", str(tmp_path / "kit" / "kit.json"), "--out", str(tmp_path / "again.wav"), *options]) == 0
    assert (tmp_path / "again.wav").read_bytes() == sidecar.with_suffix(".wav").read_bytes()
    assert vamen_kit("--seed", 3, "--out", tmp_path / "drawn") == 0
    assert json.loads((tmp_path / "drawn" / "kit.json").read_text())["origin"] == {"draw": 3}


def test_the_folder_appears_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "kit"

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(kit, "write_json", fail)
        assert vamen_kit("--out", out) == 2
    assert "No space left on device" in capsys.readouterr().err and list(tmp_path.iterdir()) == []
    out.mkdir()
    assert vamen_kit("--out", out) == 0, "an empty folder is as good as none"
    before = sorted(out.rglob("*"))
    assert vamen_kit("--out", out) == 2
    assert "not empty" in capsys.readouterr().err and sorted(out.rglob("*")) == before
    assert vamen_kit("--out", tmp_path / "other", "--slot", 99) == 2
    assert "Slot 99 is empty" in capsys.readouterr().err


@pytest.mark.skipif(not DEFAULT_PATH.exists(), reason="the shipped model is not here")
def test_the_hits_of_all_shipped_slots_are_their_breaks() -> None:
    model = Model.load(DEFAULT_PATH, provider="cpu")
    for number, slot in enumerate(model.metadata.slots, 1):
        ring, _ = render_break(model, slot.latent, 170.0)
        hits = cut_hits(ring, 32, 4)
        error = error_db(sum_of(hits, len(ring)), ring)
        print(f"slot {number}: {len(hits)} hits ({', '.join(names_of(hits))}), {error:.0f} dB")
        assert 8 <= len(hits) <= 64
        assert error < -80.0
