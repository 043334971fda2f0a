"""`vamen sample`: breaks from the prior, as files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bridge.break_render import export_break, steps_per_bar
from bridge.latent_space import LatentSpace
from bridge.mel_spectrogram import FloatArray
from bridge.model import CPU, Model, Provider
from bridge.model_metadata import ModelMetadata
from bridge.parameters import MAX_SEED
from bridge.watch_folder import WatchFolder

if TYPE_CHECKING:
    from rich.progress import Progress


@dataclass(frozen=True)
class SampleSettings:
    """What all breaks of one `vamen sample` have in common."""

    model: Path | None
    """None stands for the shipped model."""
    provider: Provider
    out: Path
    bars: int
    beats_per_minute: float


def run(arguments: argparse.Namespace) -> int:
    """`vamen sample -n 8 --seed 0 --bpm 170 --bars 2 --out DIR`."""
    from bridge.sample_processes import process_count, written_by_processes

    settings = SampleSettings(arguments.model, arguments.provider, arguments.out, arguments.bars, arguments.bpm)
    # Loaded here even where other processes draw: what is wrong with model or folder is said before any of them starts.
    model = Model.load(settings.model, provider=settings.provider)
    folder = WatchFolder(settings.out)
    seeds = [(arguments.seed + i) % (MAX_SEED + 1) for i in range(arguments.count)]
    # Several processes on one GPU would only wait for each other.
    processes = process_count(len(seeds)) if model.providers[0] == CPU else 1
    here = processes == 1
    breaks = written_draws(folder, model, seeds, settings) if here else written_by_processes(seeds, settings, processes)
    with closing(breaks), _progress() as progress:
        for path in progress.track(breaks, total=len(seeds), description="Drawing breaks"):
            print(path, flush=True)
    return 0


def written_draws(folder: WatchFolder, model: Model, seeds: Sequence[int], settings: SampleSettings) -> Generator[Path]:
    """Draws and renders a break of every seed and writes it into the folder: the WAVs' paths, each as soon as it is whole.

    This is the one place where seeds become files. Raises VamenError when the folder cannot be written to.
    """
    for seed in seeds:
        latent = draw_bars(model.metadata, seed, settings.bars)
        yield export_break(folder, model, latent, settings.beats_per_minute, origin={"draw": seed})


def draw_bars(metadata: ModelMetadata, seed: int, bars: int) -> FloatArray:
    """The latent (16 * bars, latent_dimensions) of draw `seed` with 1, 2 or 4 bars.

    Two bars are what `/vamen/random` with this seed plays, one bar is their first; four are the two bars and the two again, with
    the last bar's weak steps (all but the four beats) from another draw: a fill that leads back to the one.
    """
    space = LatentSpace(metadata)
    latent = space.draw(seed)
    bar = steps_per_bar(metadata)
    if bars == 1:
        return latent[:bar]
    if bars == 2:
        return latent
    other = space.draw(int(np.random.SeedSequence([seed, bars]).generate_state(1)[0]) & MAX_SEED)
    weak = np.arange(len(latent)) % metadata.spec.steps_per_beat != 0
    weak[:-bar] = False
    return np.concatenate([latent, np.where(weak[:, None], other, latent)])


def _progress() -> Progress:
    """How far it is, how fast it goes and how long it will take, on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:.1f} a second")

    console = Console(stderr=True)
    # A piped stdout stays the list of files and nothing else; on a terminal the bar makes room for them.
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        disable=not console.is_terminal,
    )
