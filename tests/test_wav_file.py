"""One rounding for every file: what libsndfile reads back is the sample to the nearest of 24 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.errors import VamenError
from bridge.wav_file import WavWriter, pcm24


def read(path: Path) -> tuple[np.ndarray, soundfile._SoundFileInfo]:
    samples, _ = soundfile.read(path, dtype="int32")
    return samples >> 8, soundfile.info(path)


@pytest.mark.peer
def test_libsndfile_reads_what_was_written(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-1.0, 1.0, 10001).astype(np.float32)
    with WavWriter(tmp_path / "a.wav") as writer:
        writer.write(samples)
    integers, info = read(tmp_path / "a.wav")
    assert (info.samplerate, info.channels, info.subtype, info.format) == (44100, 1, "PCM_24", "WAV")
    np.testing.assert_array_equal(integers, np.rint(samples.astype(np.float64) * 2**23).clip(-(2**23), 2**23 - 1))


def test_rounding_is_half_to_even_and_clips() -> None:
    steps = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 2.0**23, -(2.0**23), 2.0**24, -(2.0**24), 2.0**23 - 1], dtype=np.float32)
    written = np.frombuffer(pcm24(steps / np.float32(2**23)), dtype=np.uint8).reshape(-1, 3).astype(np.int32)
    values = written[:, 0] | written[:, 1] << 8 | written[:, 2] << 16
    values -= (values >> 23) << 24
    assert values.tolist() == [0, 2, 2, 0, -2, 2**23 - 1, -(2**23), 2**23 - 1, -(2**23), 2**23 - 1]


def test_blocks_do_not_change_the_bytes(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).standard_normal(5003).astype(np.float32)
    with WavWriter(tmp_path / "whole.wav", skip_frames=87) as writer:
        writer.write(samples)
    with WavWriter(tmp_path / "pieces.wav", skip_frames=87) as writer:
        for start in range(0, len(samples), 31):
            writer.write(samples[start : start + 31])
            writer.flush()
    assert (tmp_path / "whole.wav").read_bytes() == (tmp_path / "pieces.wav").read_bytes()
    assert read(tmp_path / "whole.wav")[1].frames == 5003 - 87


@pytest.mark.parametrize("frames", [0, 1, 2, 999])
def test_riff_sizes_fit_the_file(tmp_path: Path, frames: int) -> None:
    path = tmp_path / "a.wav"
    with WavWriter(path) as writer:
        writer.write(np.zeros(frames, dtype=np.float32))
    data = path.read_bytes()
    assert len(data) % 2 == 0
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert int.from_bytes(data[40:44], "little") == 3 * frames


def test_an_unfinished_file_can_be_read_as_far_as_it_was_flushed(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    writer = WavWriter(path)
    writer.write(np.full(1001, 0.25, dtype=np.float32))
    writer.flush()
    integers, _ = read(path)
    assert integers.tolist() == [2**21] * 1001
    writer.write(np.full(10, 0.5, dtype=np.float32))
    writer.close()
    writer.close()
    assert read(path)[0].tolist() == [2**21] * 1001 + [2**22] * 10


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(VamenError, match="no_such_folder"):
        WavWriter(tmp_path / "no_such_folder" / "a.wav")
