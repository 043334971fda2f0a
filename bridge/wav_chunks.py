"""What a loop's file says to samplers: `acid` (beats and tempo), `smpl` (it is a loop), `cue` and its labels (slices).

Slices are the steps, all of them, each at the very frame at which the step begins, and not the onsets: slice n is what
`/vamen/trigger n` plays, every file of two bars has 32, so that pads, step sequences and MIDI patterns made for one file play the
next one too; and slices that are played on the grid are the file again, to the sample. Single hits, cut before their attacks, are
what `vamen kit` makes. Layouts (all little-endian): RIFF MCI (Microsoft, IBM 1991) for `cue` and `LIST adtl`, RIFF New Multimedia
Data Types (Microsoft 1994) for `smpl`; `acid`, which was never published, as libsndfile reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from bridge.mel_spectrogram import BEATS_PER_BAR, frame_positions
from bridge.sample_rate import ENGINE_SAMPLE_RATE

_CHUNK = struct.Struct("<4sI")
_ACID = struct.Struct("<IHHfIHHf")
"""Flags, root note, 0x8000, 0, beats, lower and upper number of the meter, beats a minute."""
_SMPL = struct.Struct("<9I")
_SMPL_LOOP = struct.Struct("<6I")
"""Name, type (0 forward), first and last frame, fraction, count (0: for ever)."""
_CUE_POINT = struct.Struct("<II4sIII")

_ACID_ONE_SHOT, _ACID_STRETCH = 1, 4
_ROOT_NOTE = 60
_MOST_BEATS = 1024


def loop_chunks(frames: int, beats: int, beats_per_minute: float, labels: Sequence[str]) -> bytes:
    """The chunks behind the samples of a loop of `frames` frames and `beats` beats, one slice for each label, evenly spaced."""
    acid = _ACID.pack(_ACID_STRETCH, _ROOT_NOTE, 0x8000, 0.0, beats, BEATS_PER_BAR, BEATS_PER_BAR, beats_per_minute)
    nanoseconds = round(1e9 / ENGINE_SAMPLE_RATE)
    smpl = _SMPL.pack(0, 0, nanoseconds, _ROOT_NOTE, 0, 0, 0, 1, 0) + _SMPL_LOOP.pack(0, 0, 0, frames - 1, 0, 0)
    return _chunk(b"acid", acid) + _chunk(b"smpl", smpl) + cue_chunks(frame_positions(len(labels), frames).tolist(), labels)


def cue_chunks(starts: Sequence[int], labels: Sequence[str]) -> bytes:
    """The chunks that cut a file into slices, each with the frame at which it begins and a label."""
    points = [_CUE_POINT.pack(number, start, b"data", 0, 0, start) for number, start in enumerate(starts, 1)]
    names = [_chunk(b"labl", struct.pack("<I", number) + label.encode() + b"\0") for number, label in enumerate(labels, 1)]
    return _chunk(b"cue ", struct.pack("<I", len(points)) + b"".join(points)) + _chunk(b"LIST", b"adtl" + b"".join(names))


def step_labels(steps: int, steps_per_beat: int) -> list[str]:
    """The steps' names: number, and bar, beat and sixteenth as sequencers count them: "05 1.2.1"."""
    labels = []
    for step in range(steps):
        beat, sixteenth = divmod(step, steps_per_beat)
        bar, beat = divmod(beat, BEATS_PER_BAR)
        labels.append(f"{step + 1:02d} {bar + 1}.{beat + 1}.{sixteenth + 1}")
    return labels


def beats_in_acid_chunk(content: bytes) -> int | None:
    """Beats that a WAV's acid chunk states; None when it has none, marks a one-shot, or is no WAV."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return None
    position = 12
    while position + _CHUNK.size <= len(content):
        name, size = _CHUNK.unpack_from(content, position)
        position += _CHUNK.size
        if name == b"acid" and size >= _ACID.size and position + _ACID.size <= len(content):
            flags, _, _, _, beats, _, _, _ = _ACID.unpack_from(content, position)
            return beats if not flags & _ACID_ONE_SHOT and 1 <= beats <= _MOST_BEATS else None
        position += size + size % 2  # chunks are padded to even
    return None


def _chunk(name: bytes, content: bytes) -> bytes:
    """A chunk with the byte that makes it even, which its size does not count."""
    return _CHUNK.pack(name, len(content)) + content + bytes(len(content) % 2)
