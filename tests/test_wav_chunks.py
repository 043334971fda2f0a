"""What a loop's file says to samplers, read back by libsndfile and by wavinfo: neither of them ours."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from wavinfo import WavInfoReader

from bridge.break_render import export_break, render_break
from bridge.errors import VamenError
from bridge.generator import Ring
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE
from bridge.model import Model
from bridge.watch_folder import WatchFolder
from bridge.wav_chunks import beats_in_acid_chunk, loop_chunks, step_labels
from bridge.wav_file import WavWriter, pcm24

GET_CUE_COUNT, GET_CUE, GET_INSTRUMENT, GET_LOOP_INFO = 0x10CD, 0x10CE, 0x10D0, 0x10E0
"""sndfile.h, SFC_GET_...: soundfile hands them to libsndfile unseen."""

LOOP_FORWARD = 801


def asked_of_libsndfile(path: Path, command: int, size: int) -> bytes:
    library, interface = soundfile._snd, soundfile._ffi
    with soundfile.SoundFile(path) as file:
        answer = interface.new(f"char[{size}]")
        assert library.sf_command(file._file, command, answer, size) == 1, hex(command)
        return bytes(interface.buffer(answer))


@pytest.fixture(scope="module")
def files(tiny_model: Model, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """An export of one, two and four bars at an odd tempo, by bars."""
    folder = WatchFolder(tmp_path_factory.mktemp("exports"))
    latent = np.concatenate([tiny_model.metadata.slots[0].latent] * 2)
    return {bars: export_break(folder, tiny_model, latent[: 16 * bars], 174.37) for bars in (1, 2, 4)}


def step_frames(path: Path, bars: int) -> list[int]:
    length = soundfile.info(path).frames
    return [(2 * step * length + 16 * bars) // (2 * 16 * bars) for step in range(16 * bars)]


@pytest.mark.parametrize("bars", [1, 2, 4])
def test_libsndfile_reads_tempo_loop_and_slices(bars: int, files: dict[int, Path]) -> None:
    path = files[bars]
    length = soundfile.info(path).frames
    assert length == round(bars * 4 * 60 / 174.37 * ENGINE_SAMPLE_RATE)
    # SF_LOOP_INFO: meter, loop mode, beats, tempo, root key.
    upper, lower, mode, beats, tempo, root = struct.unpack_from("<hhiifi", asked_of_libsndfile(path, GET_LOOP_INFO, 44))
    assert (upper, lower, mode, beats, root) == (4, 4, LOOP_FORWARD, 4 * bars, -1), "drums have no root"
    assert tempo == np.float32(174.37)
    # SF_INSTRUMENT: gain and keys, then the loops; libsndfile counts the end as the frame behind the last.
    instrument = asked_of_libsndfile(path, GET_INSTRUMENT, 272)
    assert struct.unpack_from("<i", instrument, 12) == (1,)
    assert struct.unpack_from("<iIII", instrument, 16) == (LOOP_FORWARD, 0, length, 0)
    count = struct.unpack("<I", asked_of_libsndfile(path, GET_CUE_COUNT, 4))[0]
    cues = asked_of_libsndfile(path, GET_CUE, 4 + count * 280)
    points = [struct.unpack_from("<iIiiiI256s", cues, 4 + 280 * number) for number in range(count)]
    assert [point[5] for point in points] == step_frames(path, bars)
    assert [point[6].partition(b"\0")[0].decode() for point in points] == step_labels(16 * bars, 4)


@pytest.mark.parametrize("bars", [1, 2, 4])
def test_wavinfo_reads_the_same(bars: int, files: dict[int, Path]) -> None:
    info: Any = WavInfoReader(str(files[bars]))
    length = soundfile.info(files[bars]).frames
    assert (info.fmt.sample_rate, info.fmt.bits_per_sample, info.data.frame_count) == (44_100, 24, length)
    (loop,) = info.smpl.sample_loops
    assert (loop.loop_type, loop.start, loop.end, loop.repetition_count) == (0, 0, length - 1, 0)
    assert (info.smpl.sample_period_ns, info.smpl.midi_note) == (22_676, 60)
    assert (
        [cue.position for cue in info.cues.cues]
        == [cue.sample_offset for cue in info.cues.cues]
        == step_frames(files[bars], bars)
    )
    labels = {label.name: label.text for label in info.cues.labels}
    assert [labels[cue.name] for cue in info.cues.cues] == step_labels(16 * bars, 4)


def test_our_own_reader_of_acid_chunks_reads_ours(files: dict[int, Path]) -> None:
    assert [beats_in_acid_chunk(path.read_bytes()) for path in files.values()] == [4, 8, 16]


def test_slices_begin_where_the_instrument_triggers_steps(files: dict[int, Path], tiny_model: Model) -> None:
    ring = Ring(tiny_model, tiny_model.metadata.slots[0].latent, 174.37)
    assert [ring.step_start(step) for step in range(32)] == step_frames(files[2], 2)


def test_the_loop_is_the_ring_and_goes_on_into_its_beginning(files: dict[int, Path], tiny_model: Model) -> None:
    ring, _ = render_break(tiny_model, tiny_model.metadata.slots[0].latent, 174.37)
    content = files[2].read_bytes()
    assert content[44 : 44 + 3 * len(ring)] == pcm24(ring), "nothing is added at the ends, faded or cut off"
    # Played twice, the seam bends no more sharply than the sound does elsewhere.
    samples, _ = soundfile.read(files[2])
    bends = np.abs(np.diff(np.tile(samples, 2), n=2))
    seam = len(samples)
    assert bends[seam - 4 : seam + 4].max() <= np.quantile(bends[: seam - 4], 0.999)


def test_labels_count_as_sequencers_do() -> None:
    labels = step_labels(32, 4)
    assert (labels[0], labels[4], labels[5], labels[16], labels[31]) == (
        "01 1.1.1",
        "05 1.2.1",
        "06 1.2.2",
        "17 2.1.1",
        "32 2.4.4",
    )


@pytest.mark.parametrize("frames", [1000, 1001])
def test_chunks_begin_on_even_bytes_and_the_sizes_are_right(frames: int, tmp_path: Path) -> None:
    chunks = loop_chunks(frames, 8, 170.0, ["odd", "even", "x"])
    with WavWriter(tmp_path / "a.wav", chunks=chunks) as writer:
        writer.write(np.zeros(frames, dtype=np.float32))
    content = (tmp_path / "a.wav").read_bytes()
    assert struct.unpack_from("<I", content, 4)[0] == len(content) - 8
    found, position = [], 12
    while position < len(content):
        name, size = struct.unpack_from("<4sI", content, position)
        found.append(name)
        position += 8 + size + size % 2
    assert position == len(content)
    assert found == [b"fmt ", b"data", b"acid", b"smpl", b"cue ", b"LIST"]


def test_a_capture_carries_none(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "a.wav") as writer:
        writer.write(np.zeros(999, dtype=np.float32))
    assert (tmp_path / "a.wav").stat().st_size == 44 + 3 * 999 + 1
    assert beats_in_acid_chunk((tmp_path / "a.wav").read_bytes()) is None


def test_a_file_that_was_cut_off_is_not_called_whole(
    files: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ShortWriter(WavWriter):
        def close(self) -> None:
            super().close()
            self.path.write_bytes(self.path.read_bytes()[:-1])

    monkeypatch.setattr("bridge.watch_folder.WavWriter", ShortWriter)
    with pytest.raises(VamenError, match="incomplete"):
        WatchFolder(tmp_path).export(
            "x", np.zeros(9, np.float32), np.zeros((4, 16), np.uint8), {}, loop_chunks(9, 1, 60.0, ["a"])
        )
