"""`vamen kit`: a folder of single hits cut from a break, for a Drum Rack, an Octatrack or any sampler.

    DIR/01_kick_1.wav ...   the hits, in the order in which they are struck; by name order is how a Drum Rack takes them
    DIR/NAME.sfz            each hit on its key, from 36 up, at its gain
    DIR/NAME_170bpm_2bars.mid   the break on these keys
    DIR/kit.json            the break's sidecar, with each hit's gain and place
    DIR/octatrack/NAME.wav, NAME.ot   all hits at their levels in one chain, sliced

Hits are as loud as their files can be; their gains bring them back. Velocities tell about the same to a sampler that knows no
gains, and the .sfz, which has them, turns velocities off.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from bridge.break_render import bars_of, read_break, render_break, sidecar
from bridge.errors import VamenError
from bridge.export_name import safe_stem, tempo_text
from bridge.hit_names import names_of, numbered
from bridge.hits import TICKS_PER_BEAT, Hit, cut_hits
from bridge.latent_document import Document, write_json
from bridge.latent_space import LatentSpace
from bridge.mel_spectrogram import BEATS_PER_BAR, FloatArray
from bridge.model import Model
from bridge.octatrack import ot_file
from bridge.parameters import DEFAULT_BEATS_PER_MINUTE
from bridge.wav_chunks import cue_chunks
from bridge.wav_file import WavWriter
from bridge.whole_file import reason

FIRST_KEY = 36
"""The lowest pad of a Drum Rack."""

DRUM_CHANNEL = 9
NOTE_TICKS = TICKS_PER_BEAT // 8

MANIFEST = "kit.json"
CHAIN_FOLDER = "octatrack"


def run(arguments: argparse.Namespace) -> int:
    """`vamen kit --out DIR [--slot N | SIDECAR.json | --seed S] [--bpm BPM]`."""
    model = Model.load(arguments.model, provider=arguments.provider)
    tempo = arguments.bpm
    origin: Document
    if arguments.sidecar is not None:
        latent, own_tempo = read_break(arguments.sidecar, model)
        tempo, origin = tempo or own_tempo, {"sidecar": arguments.sidecar.name}
    elif arguments.seed is not None:
        latent, origin = LatentSpace(model.metadata).draw(arguments.seed), {"draw": arguments.seed}
    else:
        slots, number = model.metadata.slots, arguments.slot or 1
        if number > len(slots):
            raise VamenError(f"Slot {number} is empty: model {model.metadata.name} has 1 to {len(slots)}; choose another.")
        latent, origin = slots[number - 1].latent, {"slot": number}
    hits = write_kit(arguments.out, model, latent, tempo or DEFAULT_BEATS_PER_MINUTE, origin)
    print(f"{arguments.out}: {', '.join(hits)}")
    return 0


def write_kit(folder: Path, model: Model, latent: FloatArray, beats_per_minute: float, origin: Document) -> list[str]:
    """Cut a break into a kit and write it; returns the hits' names.

    The folder appears whole, or not at all. Raises VamenError when it cannot be written, or is there and not empty.
    """
    folder = folder.resolve()
    _require_free(folder)
    spec = model.metadata.spec
    ring, _ = render_break(model, latent, beats_per_minute)
    hits = cut_hits(ring, len(latent), spec.steps_per_beat)
    names = numbered(names_of(hits))
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    stem = safe_stem(folder.name)
    bars = bars_of(latent, model.metadata)
    files = [f"{number:02d}_{name}.wav" for number, name in enumerate(names, 1)]
    try:
        (temporary / CHAIN_FOLDER).mkdir(parents=True)
        for file, hit in zip(files, hits, strict=True):
            _write_wav(temporary / file, hit.samples)
        _write_chain(temporary / CHAIN_FOLDER / stem, hits, names, beats_per_minute)
        (temporary / f"{stem}.sfz").write_text(sfz_text(files, hits), encoding="utf-8")
        length = "1bar" if bars == 1 else f"{bars}bars"
        lead = lead_ticks(hits)
        write_pattern(temporary / f"{stem}_{tempo_text(beats_per_minute)}bpm_{length}.mid", hits, beats_per_minute, bars, lead)
        document = sidecar(model, latent, beats_per_minute, origin)
        document["ticks_per_beat"], document["lead_ticks"] = TICKS_PER_BEAT, lead
        document["hits"] = [_entry(file, key, hit) for key, (file, hit) in enumerate(zip(files, hits, strict=True), FIRST_KEY)]
        write_json(temporary / MANIFEST, document)
        with suppress(FileNotFoundError):
            folder.rmdir()
        temporary.rename(folder)
    except OSError as error:
        raise VamenError(f"The folder {folder} cannot be written ({reason(error)}); choose another one.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return names


def _require_free(folder: Path) -> None:
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise VamenError(f"The folder {folder} cannot be looked into ({reason(error)}); choose another one.") from error
    if taken:
        raise VamenError(f"{folder} is there already and not empty; a kit needs a folder of its own: choose another name.")


def _entry(file: str, key: int, hit: Hit) -> Document:
    return {
        "file": file,
        "key": key,
        "gain_db": hit.gain_db,
        "tick": hit.tick,
        "frame": hit.frame,
        "frames": len(hit.samples),
        "attack_frame": hit.attack,
    }


def sfz_text(files: Sequence[str], hits: Sequence[Hit]) -> str:
    """The instrument in SFZ 1: gains carry the levels, so velocities are not listened to."""
    lines = [
        "// Written by VAmEn. Every key plays one hit at its level in the break.",
        "<group> loop_mode=one_shot amp_veltrack=0",
    ]
    for key, (file, hit) in enumerate(zip(files, hits, strict=True), FIRST_KEY):
        lines.append(f"<region> sample={file} key={key} pitch_keycenter={key} volume={hit.gain_db:.4f}")
    return "\n".join(lines) + "\n"


def lead_ticks(hits: Sequence[Hit]) -> int:
    """How much later than in the break the whole pattern is played, in ticks, so that what begins before the one can be played:
    as a hit's file begins before its attack, the one itself usually does."""
    return max(0, -hits[0].tick)


def write_pattern(path: Path, hits: Sequence[Hit], beats_per_minute: float, bars: int, lead: int) -> None:
    """The break as a MIDI file of type 0: every hit a note on its key, `lead` ticks after the tick at which it begins."""
    from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

    ticks = bars * BEATS_PER_BAR * TICKS_PER_BEAT
    events = [(0, 0, MetaMessage("set_tempo", tempo=bpm2tempo(beats_per_minute))), (0, 0, MetaMessage("time_signature"))]
    loudest = max(hit.gain_db for hit in hits)
    for key, hit in enumerate(hits, FIRST_KEY):
        tick = hit.tick + lead
        # As General MIDI samplers hear velocities: amplitude as their square.
        velocity = max(1, round(127 * 10.0 ** ((hit.gain_db - loudest) / 40.0)))
        events.append((tick, 2, Message("note_on", channel=DRUM_CHANNEL, note=key, velocity=velocity)))
        events.append((min(tick + NOTE_TICKS, ticks), 1, Message("note_off", channel=DRUM_CHANNEL, note=key)))
    track, now = MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(MetaMessage("end_of_track", time=ticks - now))
    MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, tracks=[track]).save(path)


def _write_chain(stem: Path, hits: Sequence[Hit], names: Sequence[str], beats_per_minute: float) -> None:
    """All hits at their levels in one file, one after the other, with the slices in an .ot file and as cue points."""
    ends = np.cumsum([len(hit.samples) for hit in hits]).tolist()
    starts = [0, *ends[:-1]]
    _write_wav(stem.with_name(f"{stem.name}.wav"), np.concatenate([hit.at_its_level for hit in hits]), cue_chunks(starts, names))
    slices = list(zip(starts, ends, strict=True))
    stem.with_name(f"{stem.name}.ot").write_bytes(ot_file(ends[-1], slices, beats_per_minute))


def _write_wav(path: Path, samples: FloatArray, chunks: bytes = b"") -> None:
    with WavWriter(path, chunks=chunks) as writer:
        writer.write(samples)
