"""What a start from a model is worth on breaks that it never saw: the same updates from it and from nothing, side by side.

    python -m tests.benchmarks.fine_tuning LOOPS... [--start MODEL.onnx] [--images 300] [--updates 150] [--seed 0]

Files that the model's own training used are left out by their SHA-256. The rest becomes a small data set; scored are further
breaks from the same loops, by another seed, that neither run sees. About five minutes on two idle cores.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from bridge.errors import VamenError
from bridge.model import Model
from bridge.model_metadata import FloatArray
from bridge.shipped_models import DEFAULT_PATH
from training import presets, scores
from training.breaks import BreakMaker, build
from training.dataset import BreakDataset
from training.model import StepVAE
from training.slices import make_bank
from training.sources import read_sources
from training.train import TrainConfig, Trainer, reconstruct

SCORED = 32
SCORES = 6
"""How often each run is scored, beside its very beginning."""
WARM_UP = 10
"""Updates over which the rate rises; a run this short has no hundred to spare."""


def unseen_data(paths: list[Path], start: Model, out: Path, count: int, seed: int) -> tuple[BreakDataset, FloatArray]:
    """A data set from those files that the model does not name among its sources, and breaks held out from it.

    :returns: the data set, and images (SCORED, n_mels, n_frames) in 0..1
    :raises VamenError: the model knows all of them, or no break can be made from the others
    """
    known = {source["sha256"] for source in start.metadata.training["sources"]}
    sources, left_out = read_sources(paths)
    fresh = [source for source in sources if source.sha256 not in known]
    if not fresh:
        raise VamenError(f"The model learnt from all {len(sources)} sounds given: name some that it never saw.")
    print(f"{len(fresh)} sounds that the model never saw: {', '.join(source.name for source in fresh)}")
    bank = make_bank(fresh)
    build(bank, left_out, out, count, start.metadata.spec, seed, workers=1)
    others = BreakMaker.make(bank, start.metadata.spec, seed + 1)
    held_out = np.stack([others.make_break(index)[0] for index in range(SCORED)])
    return BreakDataset(out), held_out.astype(np.float32) / np.float32(255.0)


def curve(trainer: Trainer, held_out: FloatArray, updates: int) -> list[tuple[int, dict[str, float]]]:
    """Trains, and scores the averaged weights now and then: updates made, and figures by name."""
    scored = {round(updates * part / SCORES) for part in range(SCORES + 1)}
    points = []
    for update in range(updates + 1):
        if update in scored:
            points.append((update, score(trainer, held_out)))
            print(f"  {update} updates: " + ", ".join(f"{name} {value:.2f}" for name, value in points[-1][1].items()), flush=True)
        if update < updates:
            trainer.step(update / updates)
    return points


def score(trainer: Trainer, held_out: FloatArray) -> dict[str, float]:
    """Errors in dB, texture and sharpness of the averaged weights."""
    averaged = StepVAE(trainer.model_config).eval()
    averaged.load_state_dict({name: value.cpu() for name, value in trainer.average.items()})
    painted = reconstruct(averaged, held_out)
    range_db = trainer.dataset.spec.dynamic_range_db
    return {
        "error, dB": scores.error_db(painted, held_out, range_db),
        "averaged error, dB": scores.averaged_error_db(painted, held_out, range_db),
        "texture": scores.texture(painted, held_out),
        "sharpness": scores.sharpness(painted, held_out, range_db),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fine_tuning", description=__doc__.splitlines()[0])
    parser.add_argument("loops", nargs="+", type=Path, help="sound files or folders")
    parser.add_argument("--start", type=Path, default=DEFAULT_PATH, help="a model file (default: the shipped one)")
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--updates", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    preset = presets.choose(None)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        try:
            dataset, held_out = unseen_data(options.loops, Model.load(options.start), work / "data", options.images, options.seed)
            curves = {}
            for name, start, rate, share in (
                ("from the model", options.start, preset.fine_tuning_rate, 0.0),
                ("from nothing", None, preset.learning_rate, TrainConfig.divergence_share),
            ):
                config = TrainConfig(
                    seed=options.seed,
                    updates=options.updates,
                    batch=preset.batch,
                    learning_rate=rate,
                    warm_up=WARM_UP,
                    divergence_share=share,
                )
                print(f"{name}:")
                curves[name] = curve(Trainer(dataset, work / name, config, start=start), held_out, options.updates)
        except VamenError as error:
            print(error, file=sys.stderr)
            return 2
    names = list(curves["from nothing"][0][1])
    print(f"\n| updates | {' | '.join(f'{start}: {name}' for start in curves for name in names)} |")
    print("|---" * (1 + len(curves) * len(names)) + "|")
    for points in zip(*curves.values(), strict=True):
        figures = [f"{point[1][name]:.2f}" for point in points for name in names]
        print(f"| {points[0][0]} | {' | '.join(figures)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
