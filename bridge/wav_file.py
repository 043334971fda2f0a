"""24-bit mono WAV files, with one rounding for everything that is written.

Our own few lines instead of libsndfile, so that the capture of a live take and its offline render are the same bytes, and so
that a capture whose process was killed can still be opened: the header is brought up to date after every write.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from bridge.errors import VamenError
from bridge.sample_rate import ENGINE_SAMPLE_RATE

BYTES_PER_SAMPLE = 3
_FULL_SCALE = 1 << 23
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
HEADER_BYTES = _HEADER.size
_LARGEST_SIZE = 0xFFFFFFFF


def pcm24(samples: NDArray[np.float32]) -> bytes:
    """Samples (n,) in -1 .. 1 as little-endian 24-bit integers: round half to even, clipped to the 24 bits."""
    scaled = np.rint(np.asarray(samples, dtype=np.float64) * _FULL_SCALE)
    integers = np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1).astype("<i4")
    return integers.view(np.uint8).reshape(-1, 4)[:, :BYTES_PER_SAMPLE].tobytes()


def wav_header(frames: int, sample_rate: int = ENGINE_SAMPLE_RATE, extra_bytes: int = 0) -> bytes:
    """The 44 bytes before the samples of a 24-bit mono file; `extra_bytes` of further chunks follow the samples.

    Sizes beyond 4 GiB (9 hours) are written as the largest that fits, which readers take as "to the end of the file".
    """
    data = frames * BYTES_PER_SAMPLE
    riff = HEADER_BYTES - 8 + data + data % 2 + extra_bytes
    return _HEADER.pack(
        b"RIFF", min(riff, _LARGEST_SIZE), b"WAVE", b"fmt ", 16, 1, 1,
        sample_rate, sample_rate * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE, 8 * BYTES_PER_SAMPLE,
        b"data", min(data, _LARGEST_SIZE),
    )  # fmt: skip


class WavWriter:
    """Writes mono float32 blocks to a 24-bit WAV file, as a context manager.

    The first `skip_frames` samples written are left out: with the limiter's latency, frame i of the file is frame i of the
    player. `goes_on_at` is the frame at which a file of ours is continued, whose writer was killed: silence stands for those that
    it lacks. `chunks` are whole RIFF chunks that follow the samples. Raises `VamenError` when the file cannot be made; that it
    cannot be continued, and errors while writing (a full disk), come as `OSError`.
    """

    def __init__(
        self,
        path: Path,
        sample_rate: int = ENGINE_SAMPLE_RATE,
        skip_frames: int = 0,
        goes_on_at: int | None = None,
        chunks: bytes = b"",
    ) -> None:
        self.path = path
        self.frames = 0
        self._sample_rate = sample_rate
        self._skip = skip_frames
        self._chunks = chunks
        try:
            self._file = path.open("wb" if goes_on_at is None else "r+b")
        except OSError as error:
            if goes_on_at is not None:
                raise
            raise VamenError(f"{path} cannot be written ({error.strerror}); choose another file or folder.") from error
        if goes_on_at is None:
            self._file.write(wav_header(0, sample_rate))
        else:
            self._go_on(goes_on_at)

    def _go_on(self, frame: int) -> None:
        """Find the end of the whole samples, which the header need not know yet, and fill up with silence."""
        size = self._file.seek(0, os.SEEK_END)
        self.frames = min(max(0, size - HEADER_BYTES) // BYTES_PER_SAMPLE, frame)
        try:
            self._file.truncate(self._file.seek(HEADER_BYTES + self.frames * BYTES_PER_SAMPLE))
            self._file.write(bytes((frame - self.frames) * BYTES_PER_SAMPLE))
            self.frames = frame
            self.flush()
        except OSError:
            self._file.close()
            raise

    def write(self, block: NDArray[np.float32]) -> None:
        """Append samples (n,), n of any size."""
        skipped = min(self._skip, len(block))
        self._skip -= skipped
        self._file.write(pcm24(block[skipped:]))
        self.frames += len(block) - skipped

    def flush(self) -> None:
        """Make what was written readable by others, header and all."""
        end = self._file.tell()
        self._file.write(bytes(self.frames * BYTES_PER_SAMPLE % 2) + self._chunks)
        self._file.seek(0)
        self._file.write(wav_header(self.frames, self._sample_rate, len(self._chunks)))
        self._file.seek(end)
        self._file.flush()

    def close(self) -> None:
        """Complete the file; a second call does nothing."""
        if not self._file.closed:
            try:
                self.flush()
            finally:
                self._file.close()

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()
