"""python -m training.breaks: from break loops and single hits to a data set of randomised two-bar breaks.

Break i is a pure function of the packed slices, the seed and i: the same bytes whatever the number of workers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import VamenError
from bridge.mel_spectrogram import PRESETS, Image, MelSpectrogramSpec, image_from_audio
from training.dataset import FORMAT_VERSION, IMAGES_FILE, MANIFEST_FILE, SLICES_FILE, SPLITS, read_manifest
from training.patterns import Plan, Pool, can_make_breaks, compose, make_pool
from training.pictures import can_draw
from training.proportions import PROPORTIONS, Proportions
from training.render import render_break
from training.slices import SliceBank, make_bank, with_stand_ins
from training.sources import LeftOut, read_sources

MAKERS = ("original", "chop", "pattern", "mix")
PROGRESS_FILE = "progress.i32"
SHEET_FILE = "contact_sheet.png"
CHUNK = 8
FEWEST_LOOPS, FEWEST_HITS = 8, 4
"""Loops, and hits of one role, below which none is held out, so that a small collection is learnt whole."""


@dataclass(frozen=True)
class BreakMaker:
    """Everything that decides what break i is."""

    bank: SliceBank
    spec: MelSpectrogramSpec
    seed: int
    table: Proportions
    train: Pool
    held_out: Pool

    @classmethod
    def make(cls, bank: SliceBank, spec: MelSpectrogramSpec, seed: int, table: Proportions = PROPORTIONS) -> BreakMaker:
        """Split the sources; raises VamenError when they hold no kick and no snare to make a break from."""
        held_out = held_out_sources(bank, table)
        training = [i for i in range(len(bank.sources)) if i not in held_out]
        maker = cls(bank, spec, seed, table, make_pool(bank, training, table), make_pool(bank, sorted(held_out), table))
        if not can_make_breaks(maker.train):
            raise VamenError(
                "The sounds hold no break to learn from; add a loop of at least four strokes, or single hits of kick and snare."
            )
        return maker

    def plan(self, index: int) -> tuple[Plan, int]:
        """The plan of break `index` and the code of its split."""
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, index]))
        place = rng.random()
        split = 0
        if place < self.table.held_out_draws:
            split = 1
        elif place > 1.0 - self.table.held_out_source_breaks and can_make_breaks(self.held_out):
            split = 2
        pool = self.held_out if split == 2 else self.train
        return compose(self.bank, pool, self.table, self.spec.beats_per_minute, rng), split

    def make_break(self, index: int) -> tuple[Image, tuple[int, int, int, int]]:
        """Image of break `index`, and its row of the progress file: done, split, maker, main source."""
        plan, split = self.plan(index)
        samples = render_break(plan, self.bank, self.spec.loop_length(self.spec.beats_per_minute))
        return image_from_audio(samples, self.spec), (1, split, MAKERS.index(plan.maker), plan.main_source)


def held_out_sources(bank: SliceBank, table: Proportions) -> set[int]:
    """Sources that no training break may use: of the loops, and of the hits of each role, those with the lowest digests.

    Favourites never; only where there are enough of a kind (FEWEST_LOOPS, FEWEST_HITS); and none at all where no break could be
    made from the others.
    """
    held_out: set[int] = set()
    kinds: dict[str, list[int]] = {}
    for index, source in enumerate(bank.sources):
        if not any(word in source.name.lower() for word in table.favourites):
            kinds.setdefault("loop" if source.beats else source.role, []).append(index)
    for kind, members in kinds.items():
        if len(members) >= (FEWEST_LOOPS if kind == "loop" else FEWEST_HITS):
            members.sort(key=lambda i: hashlib.sha256(b"held out" + bank.sources[i].sha256.encode()).digest())
            held_out.update(members[: max(1, round(table.held_out_sources * len(members)))])
    others = [index for index in range(len(bank.sources)) if index not in held_out]
    return held_out if can_make_breaks(make_pool(bank, others, table)) else set()


def load_bank(paths: list[Path], beats_per_minute: float | None) -> tuple[SliceBank, list[LeftOut]]:
    """The slices of the given files and folders, or of one packed file.

    Where nothing has both a kick and a snare, the likeliest strokes of the loops stand in for them.
    """
    if len(paths) == 1 and paths[0].suffix == ".npz":
        if beats_per_minute is not None:
            raise VamenError(f"{paths[0]} is packed with its beats counted; leave --bpm out, or give the sounds themselves.")
        return SliceBank.load(paths[0]), []
    sources, left_out = read_sources(paths, beats_per_minute)
    bank = make_bank(sources)
    every = make_pool(bank, list(range(len(bank.sources))), PROPORTIONS)
    return bank if can_make_breaks(every) else with_stand_ins(bank), left_out


def build(
    bank: SliceBank, left_out: list[LeftOut], out: Path, count: int, spec: MelSpectrogramSpec, seed: int, workers: int
) -> None:
    """Make the data set in `out`, or go on with it where it was interrupted.

    Raises VamenError when `out` holds something else, and KeyboardInterrupt (with all finished images kept) on SIGINT.
    """
    maker = BreakMaker.make(bank, spec, seed)
    manifest = new_manifest(maker, left_out, count)
    out.mkdir(parents=True, exist_ok=True)
    if any(not file.name.startswith(".") for file in out.iterdir()):
        old = read_manifest(out)
        for key in ("count", "seed", "spec", "bank_sha256", "proportions"):
            if old.get(key) != manifest[key]:
                raise VamenError(f"{out} holds a data set with another {key.replace('_', ' ')}; give an empty folder.")
        if old["complete"]:
            print(f"{out} is complete: {count} images.")
            return
    else:
        _check_space(out, count * spec.n_mels * spec.n_frames)
        write_json(out / MANIFEST_FILE, manifest)
    bank.save(out / SLICES_FILE)
    shape = (count, spec.n_mels, spec.n_frames)
    images = _memory_map(out / IMAGES_FILE, np.dtype(np.uint8), shape)
    progress = _memory_map(out / PROGRESS_FILE, np.dtype("<i4"), (count, 4))
    todo = np.flatnonzero(progress[:, 0] == 0)
    report = ProgressReport(count, count - len(todo))
    try:
        for indices, chunk, rows in _make_all(maker, out / SLICES_FILE, todo, workers):
            images[indices] = chunk
            progress[indices] = rows
            report.add(len(indices))
    finally:
        images.flush()
        progress.flush()
        report.end()
    finish(out, manifest, images, progress)


def _check_space(out: Path, needed: int) -> None:
    """Raise VamenError when the images do not fit: a memory-mapped file that meets a full disk kills the process."""
    free = shutil.disk_usage(out).free
    if free < needed + 2**26:
        raise VamenError(f"{out} has room for {free / 1e9:.1f} GB, the images need {needed / 1e9:.1f} GB; make room, or fewer.")


def finish(out: Path, manifest: dict[str, Any], images: NDArray[np.uint8], progress: NDArray[np.int32]) -> None:
    """Draw the contact sheet, complete the manifest and remove the progress file."""
    write_contact_sheet(out / SHEET_FILE, images)
    columns = [progress[:, k].tolist() for k in (1, 2, 3)]
    manifest |= {"split": columns[0], "maker": columns[1], "main_source": columns[2], "complete": True}
    manifest["split_counts"] = {name: columns[0].count(code) for code, name in enumerate(SPLITS)}
    write_json(out / MANIFEST_FILE, manifest)
    (out / PROGRESS_FILE).unlink()
    print(f"{out}: {len(images)} images, " + ", ".join(f"{n} {name}" for name, n in manifest["split_counts"].items()))


def new_manifest(maker: BreakMaker, left_out: list[LeftOut], count: int) -> dict[str, Any]:
    """What is known before the first image is made."""
    held_out = held_out_sources(maker.bank, maker.table)
    return {
        "format_version": FORMAT_VERSION,
        "complete": False,
        "count": count,
        "seed": maker.seed,
        "spec": maker.spec.to_dict(),
        "bank_sha256": maker.bank.sha256,
        "sources": [
            {
                "name": source.name,
                "sha256": source.sha256,
                "beats": source.beats,
                "role": "loop" if source.beats else source.role,
                "beats_per_minute": round(source.beats_per_minute, 3) if source.beats else None,
                "held_out": index in held_out,
            }
            for index, source in enumerate(maker.bank.sources)
        ],
        "left_out": [{"name": item.name, "reason": item.reason} for item in left_out],
        # Through JSON, so that a manifest read back compares equal.
        "proportions": json.loads(json.dumps(maker.table.to_dict())),
        "makers": list(MAKERS),
        "splits": list(SPLITS),
        "split": [],
    }


def write_contact_sheet(path: Path, images: NDArray[np.uint8], columns: int = 6, rows: int = 8) -> None:
    """A PNG of evenly spaced images, low frequencies at the bottom, at half size; nothing where Pillow is missing."""
    if not can_draw():
        return
    from PIL import Image as PillowImage

    shown = np.linspace(0, len(images) - 1, min(len(images), columns * rows)).astype(int)
    height, width = images.shape[1] // 2, images.shape[2] // 2
    sheet = np.full((-(-len(shown) // columns) * (height + 2), columns * (width + 2)), 96, dtype=np.uint8)
    for place, index in enumerate(shown):
        small = images[index].astype(np.float32).reshape(height, 2, width, 2).mean(axis=(1, 3))[::-1]
        y, x = place // columns * (height + 2), place % columns * (width + 2)
        sheet[y : y + height, x : x + width] = np.rint(small)
    PillowImage.fromarray(sheet).save(path)


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Replace a file in one go, so that an interruption leaves the old one or the new one."""
    temporary = path.with_name("." + path.name)
    temporary.write_text(json.dumps(values, indent=1), encoding="utf-8")
    temporary.replace(path)


class ProgressReport:
    """One line that counts images: redrawn on a terminal, now and then elsewhere."""

    def __init__(self, count: int, done: int) -> None:
        self.count, self.done, self.start_done = count, done, done
        self.started = self.shown = time.monotonic()

    def add(self, images: int) -> None:
        """Count images, and show the line when it is time."""
        self.done += images
        now = time.monotonic()
        if now - self.shown > (0.2 if sys.stderr.isatty() else 15.0):
            self.shown = now
            rate = (self.done - self.start_done) / (now - self.started)
            left = (self.count - self.done) / rate
            self.write(f"{self.done} of {self.count} images, {rate:.1f} a second, {left / 60:.0f} min left")

    def end(self) -> None:
        """The last line."""
        seconds = max(time.monotonic() - self.started, 1e-9)
        made = self.done - self.start_done
        self.write(f"{made} images in {seconds:.1f} s, {made / seconds:.1f} a second" + " " * 12)
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def write(self, line: str) -> None:
        """Show a line: over the last one on a terminal, below it elsewhere."""
        start, end = ("\r", "  ") if sys.stderr.isatty() else ("", "\n")
        print(start + line, end=end, file=sys.stderr, flush=True)


Chunk = tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int32]]

_worker_maker: BreakMaker | None = None


def _make_all(maker: BreakMaker, slices_file: Path, todo: NDArray[np.int64], workers: int) -> Iterator[Chunk]:
    """All missing breaks in chunks, in no certain order."""
    chunks = [todo[k : k + CHUNK] for k in range(0, len(todo), CHUNK)]
    if workers <= 1 or len(chunks) <= 1:
        for indices in chunks:
            yield _make_chunk(maker, indices)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _start_worker, (slices_file, maker.spec, maker.seed, maker.table)) as pool:
        yield from pool.imap_unordered(_make_chunk_in_worker, chunks)


def _start_worker(slices_file: Path, spec: MelSpectrogramSpec, seed: int, table: Proportions) -> None:
    # An interruption is the parent's to handle: it keeps what is done and ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    global _worker_maker
    _worker_maker = BreakMaker.make(SliceBank.load(slices_file), spec, seed, table)


def _make_chunk_in_worker(indices: NDArray[np.int64]) -> Chunk:
    assert _worker_maker is not None
    return _make_chunk(_worker_maker, indices)


def _make_chunk(maker: BreakMaker, indices: NDArray[np.int64]) -> Chunk:
    made = [maker.make_break(int(index)) for index in indices]
    return indices, np.stack([image for image, _ in made]), np.array([row for _, row in made], dtype=np.int32)


def _memory_map(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
    """A writable memory map of a file that is made, filled with zeros, if it is not there."""
    return np.memmap(path, dtype=dtype, mode="r+" if path.exists() else "w+", shape=shape)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m training.breaks",
        description="From break loops and single hits to a data set of randomised two-bar breaks.",
    )
    parser.add_argument(
        "sources", nargs="+", type=Path, metavar="SOURCE", help="sound files or folders, or a slices.npz made earlier"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DATA", help="folder of the data set")
    parser.add_argument("--count", type=int, default=10_000, help="images (default 10000)")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="hifi", help="what an image is (default hifi)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same bytes (default 0)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--bpm", type=float, help="tempo of all loops; otherwise from file names, or estimated")
    options = parser.parse_args(arguments)
    try:
        if options.count < 1:
            raise VamenError(f"--count {options.count} asks for an empty data set; ask for at least one image.")
        if options.seed < 0:
            raise VamenError(f"--seed {options.seed} is negative; give 0 or more.")
        if options.bpm is not None and not 20.0 <= options.bpm <= 400.0:
            raise VamenError(f"--bpm {options.bpm:g} is no tempo between 20 and 400 beats a minute.")
        bank, left_out = load_bank(options.sources, options.bpm)
        for item in left_out:
            print(f"left out: {item.name} {item.reason}", file=sys.stderr)
        loops = [source for source in bank.sources if source.beats]
        hits = len(bank.sources) - len(loops)
        print(f"{len(loops)} loops, {hits} single hits, {len(left_out)} files left out", file=sys.stderr)
        for source in loops:
            print(f"  {source.name}: {source.beats} beats at {source.beats_per_minute:.1f} BPM", file=sys.stderr)
        build(bank, left_out, options.out, options.count, PRESETS[options.preset], options.seed, options.workers)
    except VamenError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted; the same command continues.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
