"""`vamen sample`: breaks from the prior, as files."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from bridge.break_render import export_break, steps_per_bar
from bridge.latent_space import LatentSpace
from bridge.mel_spectrogram import FloatArray
from bridge.model import Model
from bridge.model_metadata import ModelMetadata
from bridge.parameters import MAX_SEED
from bridge.watch_folder import WatchFolder


def run(arguments: argparse.Namespace) -> int:
    """`vamen sample -n 8 --seed 0 --bpm 170 --bars 2 --out DIR`."""
    from rich.console import Console
    from rich.progress import Progress

    model = Model.load(arguments.model, provider=arguments.provider)
    folder = WatchFolder(arguments.out)
    seeds = [(arguments.seed + i) % (MAX_SEED + 1) for i in range(arguments.count)]
    console = Console(stderr=True)
    # A piped stdout stays the list of files and nothing else; on a terminal the bar makes room for them.
    with Progress(
        console=console, transient=True, redirect_stdout=sys.stdout.isatty(), disable=not console.is_terminal
    ) as progress:
        for seed in progress.track(seeds, description="Drawing breaks"):
            latent = draw_bars(model.metadata, seed, arguments.bars)
            print(export_break(folder, model, latent, arguments.bpm, origin={"draw": seed}), flush=True)
    return 0


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
