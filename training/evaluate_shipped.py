"""`python -m training.evaluate_shipped [SOURCE...]`: the ruler on the shipped models, from sounds to verdict (`make evaluate`).

The evaluation set of each preset is made from the given sounds, or from those of Debian's sonic-pi-samples that the shipped
models learnt from, with the recipe's count and seed: the same breaks are held out, and the same ones fitted, as in training.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bridge.errors import VamenError
from bridge.mel_spectrogram import PRESETS
from bridge.model import Model
from bridge.shipped_models import SHIPPED_MODELS, model_path
from training.breaks import build, load_bank
from training.evaluate import evaluate

PACKAGE = "sonic-pi-samples"
SELECTION = Path(__file__).with_name("sonic_pi_samples.txt")
COUNT, SEED = 10_000, 0
"""Of the recipe that the shipped models' cards state."""


def package_files() -> list[Path]:
    """All files of the installed package.

    :raises VamenError: it is not installed, or this is no Debian
    """
    dpkg = shutil.which("dpkg-query")
    listed = subprocess.run([dpkg, "--listfiles", PACKAGE], capture_output=True, text=True, check=False) if dpkg else None
    if listed is None or listed.returncode != 0:
        raise VamenError(
            f"The package {PACKAGE} is not installed here: install it (Debian: apt-get install {PACKAGE}), or name the sounds "
            "to evaluate on, as in make evaluate SOURCES=~/loops."
        )
    return [Path(line) for line in listed.stdout.splitlines()]


def select(files: list[Path], selection: str) -> tuple[list[Path], list[Path]]:
    """Those files that the selection's patterns name, by file name: what was learnt from, and unseen loops.

    :param selection: the text of `SELECTION`, whose first lines say how it is read
    """
    learnt: dict[str, Path] = {}
    unseen: dict[str, Path] = {}
    for line in selection.splitlines():
        words = line.split()
        if not words or words[0] == "#":
            continue
        named = {file.name: file for file in files if fnmatch.fnmatchcase(file.name, words[-1])}
        if words[0] == "-":
            learnt = {name: file for name, file in learnt.items() if name not in named}
        elif words[0] == "unseen":
            unseen |= named
        else:
            learnt |= named
    return [learnt[name] for name in sorted(learnt)], [unseen[name] for name in sorted(unseen)]


def evaluate_shipped(sources: list[Path], loops: list[Path], data: Path, out: Path) -> bool:
    """Evaluates every shipped model; whether none is worse than its card claims.

    :raises VamenError: the sounds cannot be used, or something cannot be written
    """
    if not sources:
        sources, unseen = select(package_files(), SELECTION.read_text(encoding="utf-8"))
        loops = loops or unseen
    bank, left_out = load_bank(sources, None)
    out.mkdir(parents=True, exist_ok=True)
    as_claimed = True
    for name in SHIPPED_MODELS:
        model = model_path(name)
        preset = Model.load(model).metadata.spec.name
        build(bank, left_out, data / preset, COUNT, PRESETS[preset], SEED, os.cpu_count() or 1)
        evaluation = evaluate(model, data / preset, loops, out / f"{model.stem}.json")
        as_claimed &= not any(line.worse_than_claimed for line in evaluation.lines)
    return as_claimed


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate_shipped", description="Measure the shipped models.")
    parser.add_argument("sources", nargs="*", type=Path, metavar="SOURCE", help=f"loops and hits (default: {PACKAGE}, by dpkg)")
    parser.add_argument("--loops", nargs="*", type=Path, default=[], metavar="LOOP", help="loops that no training image used")
    parser.add_argument("--data", type=Path, default=Path("data/evaluation"), help="the sets are kept here, by preset")
    parser.add_argument("--out", type=Path, default=Path("runs/evaluation"), help="reports are written here")
    options = parser.parse_args(arguments)
    try:
        return 0 if evaluate_shipped(options.sources, options.loops, options.data, options.out) else 1
    except VamenError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
