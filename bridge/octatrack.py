"""`.ot` files: what Elektron's Octatrack keeps beside a sample, above all its slices.

The layout, 832 bytes, all numbers big-endian, is that of OctaChainer (Kai Drange, public domain), whose author read it off the
machine's own files. Lengths are in hundredths of a bar. The checksum is the sum of all bytes between the header and itself.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from bridge.mel_spectrogram import BEATS_PER_BAR
from bridge.sample_rate import ENGINE_SAMPLE_RATE

MOST_SLICES = 64

_HEADER = b"FORM\0\0\0\0DPS1SMPA"
_UNKNOWN = bytes([0, 0, 0, 0, 0, 2, 0])
_SETTINGS = struct.Struct(">IIIIIHBIII")
"""Tempo, length and length of the loop, stretch, loop, gain, trigger quantisation; first frame, end and loop's first frame."""
_SLICE = struct.Struct(">III")
_COUNT = struct.Struct(">I")
_CHECKSUM = struct.Struct(">H")

_TEMPO_UNITS = 24
_LENGTH_UNITS, _LENGTH_STEP = 100, 25
_GAIN_0_DB = 48
_OFF = 0
_QUANTISE_DIRECT = 0xFF
_NO_LOOP = 0xFFFFFFFF


def ot_file(frames: int, slices: Sequence[tuple[int, int]], beats_per_minute: float) -> bytes:
    """The file beside a WAV of `frames` frames at `ENGINE_SAMPLE_RATE`, which is the machine's own.

    Slices go from a frame up to another, which is no longer part of them. The sample is not stretched, not looped, triggered at
    once, at 0 dB.
    """
    assert len(slices) <= MOST_SLICES
    bars = frames * beats_per_minute / (60.0 * ENGINE_SAMPLE_RATE * BEATS_PER_BAR)
    # The machine counts in quarters of a bar.
    length = round(bars * _LENGTH_UNITS / _LENGTH_STEP) * _LENGTH_STEP
    tempo = round(beats_per_minute * _TEMPO_UNITS)
    settings = _SETTINGS.pack(tempo, length, length, _OFF, _OFF, _GAIN_0_DB, _QUANTISE_DIRECT, 0, frames, 0)
    table = b"".join(_SLICE.pack(start, end, _NO_LOOP) for start, end in slices).ljust(MOST_SLICES * _SLICE.size, b"\0")
    summed = _UNKNOWN + settings + table + _COUNT.pack(len(slices))
    return _HEADER + summed + _CHECKSUM.pack(sum(summed) & 0xFFFF)
