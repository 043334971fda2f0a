"""Cut sources into slices, and pack slices and samples into one small file that needs only numpy to be read."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import VamenError
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray
from bridge.onsets import find_onsets
from training.sources import ROLES, Source

FORMAT_VERSION = 1
STEPS_PER_BEAT = 4

SNAP_STEPS = 0.38
"""An attack at most this far from a sixteenth belongs to it; other attacks lie between two sixteenths."""

PRE_ROLL = 22
"""Samples (0.5 ms) that a slice starts before its attack."""


@dataclass(frozen=True)
class SourceRecord:
    """What the packed file says about one source; `start` and `length` are samples in the packed audio."""

    name: str
    sha256: str
    beats: int
    role: str
    start: int
    length: int

    @property
    def beats_per_minute(self) -> float:
        """Tempo of a loop, 0 for a hit."""
        return 60.0 * self.beats * ENGINE_SAMPLE_RATE / self.length


SLICE_FIELDS = np.dtype(
    [
        ("source", "<i4"),  # index into the source table
        ("step", "<f4"),  # position on the loop's sixteenth grid; 0 for a hit
        ("offset", "<f4"),  # how late the attack is against the grid, in sixteenths
        ("start", "<i4"),  # first sample, in the packed audio
        ("length", "<i4"),  # samples until the next attack of the same source
        ("role", "<i4"),  # index into ROLES
        ("level_db", "<f4"),  # rms of the first 60 ms, dB relative to full scale
    ]
)


@dataclass(frozen=True)
class SliceBank:
    """All sources and slices: everything that randomising breaks needs.

    `audio` (n,) is int16; `table` (k,) has the fields of `SLICE_FIELDS`, ordered by source and position.
    """

    sources: tuple[SourceRecord, ...]
    audio: NDArray[np.int16]
    table: NDArray[Any]

    @property
    def sha256(self) -> str:
        """Digest of the content: two banks with the same digest make the same breaks."""
        digest = hashlib.sha256(self._description().encode())
        digest.update(self.audio.tobytes())
        digest.update(self.table.tobytes())
        return digest.hexdigest()

    def of_source(self, source: int) -> NDArray[np.int64]:
        """Indices of a source's slices, in order."""
        return np.flatnonzero(self.table["source"] == source)

    def samples(self, first: int, last: int) -> FloatArray:
        """Packed audio from sample `first` to `last` as float32 in -1..1."""
        return self.audio[first:last].astype(np.float32) / np.float32(32767.0)

    def save(self, path: Path) -> None:
        """Write the packed file."""
        temporary = path.with_name("." + path.name)
        with temporary.open("wb") as file:
            description = np.frombuffer(self._description().encode(), dtype=np.uint8)
            np.savez_compressed(file, description=description, audio=self.audio, table=self.table)
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> SliceBank:
        """Read a packed file; raises VamenError when it is none."""
        try:
            with np.load(path, allow_pickle=False) as packed:
                description = json.loads(packed["description"].tobytes())
                if description["format_version"] != FORMAT_VERSION:
                    raise VamenError(f"{path} has packed-slices format {description['format_version']}; pack the sounds again.")
                sources = tuple(SourceRecord(**record) for record in description["sources"])
                return cls(sources, packed["audio"], packed["table"].astype(SLICE_FIELDS))
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise VamenError(f"{path} is no packed slices file; make one with python -m training.breaks.") from error

    def _description(self) -> str:
        return json.dumps({"format_version": FORMAT_VERSION, "sources": [vars(s) for s in self.sources]})


def make_bank(sources: list[Source]) -> SliceBank:
    """Slice every source and pack the result."""
    records: list[SourceRecord] = []
    rows: list[tuple[float, ...]] = []
    chunks: list[NDArray[np.int16]] = []
    start = 0
    for index, source in enumerate(sources):
        records.append(SourceRecord(source.name, source.sha256, source.beats, source.role, start, len(source.samples)))
        rows += [(index, step, offset, start + at, length, role, level) for step, offset, at, length, role, level in cut(source)]
        chunks.append(np.rint(source.samples * 0.98 * 32767.0).astype(np.int16))
        start += len(source.samples)
    return SliceBank(tuple(records), np.concatenate(chunks), np.array(rows, dtype=SLICE_FIELDS))


def with_stand_ins(bank: SliceBank) -> SliceBank:
    """The bank with a kick and a snare in every loop of at least four attacks: where one is missing, another stroke stands in.

    For the kick that is the stroke with most below 120 Hz, for the snare the one with most from 180 Hz to 5 kHz; never the
    only one of the other role.
    """
    table = bank.table.copy()
    for index, source in enumerate(bank.sources):
        slices = [i for i in bank.of_source(index) if ROLES[table["role"][i]] != "rest"]
        if not source.beats or len(slices) < 4:
            continue
        for role, other, bands in (("kick", "snare", [0]), ("snare", "kick", [1, 2])):
            roles = {int(i): ROLES[table["role"][i]] for i in slices}
            if role in roles.values():
                continue
            spare = list(roles.values()).count(other) > 1
            free = [i for i in roles if spare or roles[i] != other]
            starts = [int(table["start"][i]) for i in free]
            levels = [_band_levels(bank.samples(start, start + _samples(0.06)), 0, _samples(0.06)) for start in starts]
            loudest = int(np.argmax(np.array(levels)[:, bands].sum(axis=1)))
            table["role"][free[loudest]] = ROLES.index(role)
    return SliceBank(bank.sources, bank.audio, table)


def cut(source: Source) -> list[tuple[float, float, int, int, int, float]]:
    """Slices of a source as (step, offset, start, length, role, level_db); a hit is one slice.

    A loop gets one slice a sixteenth, which starts at the attack that belongs to that sixteenth (its distance to the grid is
    kept as `offset`), or on the grid with the role "rest"; attacks between two sixteenths are slices at half steps.
    """
    samples = source.samples
    if source.beats == 0:
        return [(0.0, 0.0, 0, len(samples), ROLES.index(source.role), _level_db(samples[: _samples(0.06)]))]
    step_length = len(samples) / (source.beats * STEPS_PER_BEAT)
    positions, strengths = find_onsets(samples)
    attacks: dict[float, tuple[int, float]] = {}
    for position, strength in zip(positions.tolist(), strengths.tolist(), strict=True):
        place = position / step_length
        nearest = round(place)
        step = float(nearest) if abs(place - nearest) <= SNAP_STEPS else np.floor(place) + 0.5
        if step < source.beats * STEPS_PER_BEAT and strength > attacks.get(step, (0, 0.0))[1]:
            attacks[step] = (position, strength)
    steps = sorted({*attacks, *map(float, range(source.beats * STEPS_PER_BEAT))})
    starts = [max(0, attacks[s][0] - PRE_ROLL) if s in attacks else round(s * step_length) for s in steps]
    roles = _loop_roles(samples, steps, starts, attacks)
    slices = []
    for index, (step, start, role) in enumerate(zip(steps, starts, roles, strict=True)):
        ends = [starts[j] for j in range(index + 1, len(steps)) if roles[j] != "rest"]
        length = max(1, (ends[0] if ends else len(samples)) - start)
        offset = (start + PRE_ROLL) / step_length - step if step in attacks else 0.0
        level = _level_db(samples[start : start + _samples(0.06)])
        slices.append((step, offset, start, length, ROLES.index(role), level))
    return slices


def _samples(seconds: float) -> int:
    return round(seconds * ENGINE_SAMPLE_RATE)


def _level_db(segment: FloatArray) -> float:
    return float(10.0 * np.log10(np.mean(np.square(segment)) + 1e-9))


def _loop_roles(samples: FloatArray, steps: list[float], starts: list[int], attacks: dict[float, tuple[int, float]]) -> list[str]:
    """Role of each slice, from how its band energies rise against what was there and against the loop's loudest."""
    after = np.array([_band_levels(samples, start, start + _samples(0.06)) for start in starts])
    before = np.array([_band_levels(samples, start - _samples(0.03), start) for start in starts])
    rise = after - before
    loudest = after[[s in attacks for s in steps]].max(axis=0, initial=-90.0)
    roles = []
    for index, step in enumerate(steps):
        low, body, noise, _ = after[index] - loudest
        knock = rise[index, 1]
        thump = low > -9.0 and after[index, 0] > after[index, 1] - 3.0 and knock > 3.0 and (rise[index, 0] > 3.0 or knock > 12.0)
        if step not in attacks:
            roles.append("rest")
        elif thump and low > max(body, noise) - 2.0:
            roles.append("kick")
        elif noise > -8.0 and body > -11.0 and noise + body > -15.0 and rise[index, 2] > 4.0:
            roles.append("snare")
        elif thump:
            roles.append("kick")
        elif noise > -20.0 and body > -20.0 and rise[index, 1] > 4.0 and after[index, 2] > after[index, 3] - 3.0:
            roles.append("ghost")
        elif rise[index, 3] > 2.0:
            roles.append("hat")
        else:
            roles.append("perc")
    return roles


def _band_levels(samples: FloatArray, first: int, last: int) -> list[float]:
    """Levels in dB below 120 Hz, 180..1000 Hz, 1..5 kHz and above 6 kHz."""
    segment = samples[max(0, first) : max(0, last)]
    if len(segment) < 64:
        return [-90.0] * 4
    power = np.square(np.abs(np.fft.rfft(segment * np.hanning(len(segment)), 4096))) / np.sum(np.square(np.hanning(len(segment))))
    frequency = np.fft.rfftfreq(4096, 1.0 / ENGINE_SAMPLE_RATE)
    edges = ((0.0, 120.0), (180.0, 1000.0), (1000.0, 5000.0), (6000.0, 18000.0))
    return [float(10.0 * np.log10(power[(frequency >= a) & (frequency < b)].mean() + 1e-9)) for a, b in edges]
