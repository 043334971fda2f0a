"""`python -m export RUN/checkpoint.pt MODEL.onnx`: one file that plays, from a checkpoint, and its card beside it.

The prior, the axes and the factory slots are fitted here, on the training images as the encoder sees them.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from bridge.encode import loop_image, read_loop
from bridge.errors import VamenError
from bridge.fit import descend
from bridge.model_metadata import FORMAT_VERSION, FloatArray, ModelMetadata, Slot
from export.axes import fit_axes
from export.card import card
from export.convert import half_precision, misfit_gradient, write_proved
from export.level import Leveller
from export.measure import held_out_scores, unit_images
from export.prior import fit_prior
from export.refine import refine
from training import descriptors
from training.dataset import BreakDataset
from training.descriptors import describe_all
from training.model import REACH, StepVAE
from training.start import MODEL_CONFIG
from training.train import START_FROM_NOTHING, Checkpoint, decode_rings, encode_means

FITTED_IMAGES = 4000
"""Training images that prior and axes are fitted on, at most."""
FACTORY_SLOTS = 8
SLOTS_PER_SOURCE = 3
PROVED_IMAGES = 4
BATCH = 64


def export(checkpoint_path: Path, out: Path, data: Path, home: Path | None, name: str) -> ModelMetadata:
    """Writes the model file and its card.

    :raises VamenError: an input is unusable, or the file is not equal to the checkpoint
    """
    checkpoint = Checkpoint.load(checkpoint_path)
    dataset = BreakDataset(data)
    if dataset.spec != checkpoint.spec:
        raise VamenError(f"The data set {data} holds pictures of another kind than the checkpoint learnt: name the right one.")
    model = StepVAE(checkpoint.model_config).eval()
    model.load_state_dict(half_precision(checkpoint.average))
    fitted = np.sort(np.random.default_rng(0).permutation(dataset.indices("train"))[:FITTED_IMAGES])
    latents, described = _fitting_set(model, dataset, fitted, checkpoint_path)
    mean, latent_scale = latents.mean(axis=0), np.maximum(latents.std(axis=0), 1e-3)
    leveller = Leveller.fit(latents, lambda part: np.asarray(decode_rings(model, part)), dataset.spec)
    axes, explained = fit_axes(latents, described, dataset.spec)
    print("Variance of each descriptor that its axis explains: " + ", ".join(f"{k} {v:.2f}" for k, v in explained.items()))
    kits = np.array(dataset.manifest["main_source"])[fitted]
    axes = refine(model, axes, latents, described, dataset.spec)
    mean_image = unit_images(dataset, fitted[::10]).mean(axis=0)
    provenance = checkpoint.provenance
    metadata = ModelMetadata(
        format_version=FORMAT_VERSION,
        name=name,
        spec=dataset.spec,
        latent_dimensions=checkpoint.model_config.latent_dimensions,
        kit_dimensions=checkpoint.model_config.kit_dimensions,
        reach=REACH,
        latent_mean=mean,
        latent_scale=latent_scale,
        prior=fit_prior(latents, kits, mean, dataset.spec.steps_per_beat, leveller, seed=0),
        axes=axes,
        slots=leveller.slots(_slots(model, dataset, fitted, latents, latent_scale, home)),
        training={
            "recipe": f"`{_command(checkpoint)}` after "
            f"`python -m training.breaks SOURCES --out DATA --count {dataset.manifest['count']} --preset {dataset.spec.name} "
            f"--seed {dataset.manifest['seed']}`",
            "export": "`python -m export RUN/checkpoint.pt MODEL.onnx --data DATA" + (" --home LOOP`" if home else "`"),
            "seed": checkpoint.config.seed,
            **provenance,
            MODEL_CONFIG: checkpoint.model_config.to_dict(),
            "updates": checkpoint.update,
            "minutes": round(checkpoint.seconds / 60.0, 1),
            "images": len(dataset.indices("train")),
            "scores": {
                split: held_out_scores(model, dataset, split, mean_image)
                for split in ("held_out_draw", "held_out_source")
                if len(dataset.indices(split))
            },
            "sources": [{key: source[key] for key in ("name", "sha256")} for source in dataset.manifest["sources"]],
        },
    )
    differences = write_proved(model, metadata, out, unit_images(dataset, fitted[:PROVED_IMAGES]))
    sha256 = hashlib.sha256(out.read_bytes()).hexdigest()
    out.with_suffix(".md").write_text(card(metadata, out.name, sha256), encoding="utf-8")
    figures = ", ".join(f"{key} {value:.2g}" for key, value in differences.items())
    print(f"{out}: {out.stat().st_size} bytes; largest differences from the checkpoint: {figures}")
    return metadata


def _fitting_set(
    model: StepVAE, dataset: BreakDataset, fitted: np.ndarray[Any, Any], checkpoint_path: Path
) -> tuple[FloatArray, np.ndarray[Any, Any]]:
    """Posterior means and descriptors of the training images, kept beside the checkpoint for the next export."""
    code = Path(descriptors.__file__).read_bytes()
    pictures = hashlib.sha256(f"{dataset.manifest['bank_sha256']} {dataset.manifest['seed']}".encode() + fitted.tobytes() + code)
    described = _kept(
        checkpoint_path.with_name("descriptors.npy"),
        pictures.hexdigest(),
        fitted,
        lambda images: describe_all(images, dataset.spec),
        dataset,
    )
    pictures.update(checkpoint_path.read_bytes())
    latents = _kept(
        checkpoint_path.with_name("latents.npy"),
        pictures.hexdigest(),
        fitted,
        lambda images: encode_means(model, images),
        dataset,
    )
    return latents, described


def _kept(
    path: Path,
    key: str,
    fitted: np.ndarray[Any, Any],
    compute: Callable[[FloatArray], np.ndarray[Any, Any]],
    dataset: BreakDataset,
) -> np.ndarray[Any, Any]:
    """What ``compute`` makes of the images, from ``path`` if it was kept there under the same key."""
    key_path = path.with_suffix(".key")
    if path.exists() and key_path.exists() and key_path.read_text(encoding="utf-8") == key:
        return np.asarray(np.load(path, allow_pickle=False))
    parts = []
    for start in track(range(0, len(fitted), BATCH), f"{path.stem} of {len(fitted)} training images"):
        parts.append(compute(unit_images(dataset, fitted[start : start + BATCH])))
    result = np.concatenate(parts)
    np.save(path, result)
    key_path.write_text(key, encoding="utf-8")
    return result


def _slots(
    model: StepVAE,
    dataset: BreakDataset,
    fitted: np.ndarray[Any, Any],
    latents: FloatArray,
    latent_scale: FloatArray,
    home: Path | None,
) -> tuple[Slot, ...]:
    """Home, if a loop is named, then the most typical training break of each of the largest families (maker and source)."""
    slots: list[Slot] = []
    if home is not None:
        image = loop_image(read_loop(home), dataset.spec, 0.0, home)
        encoded = encode_means(model, image[np.newaxis])[0]
        kit_dimensions = model.config.kit_dimensions
        latent = descend(encoded, lambda tried: misfit_gradient(model, tried, image), latent_scale, kit_dimensions)
        slots.append(Slot(_plain_name(home.name), latent))
    manifest = dataset.manifest
    families: dict[tuple[int, int], list[int]] = {}
    for position, index in enumerate(fitted):
        families.setdefault((manifest["maker"][index], manifest["main_source"][index]), []).append(position)
    used: dict[int, int] = {}
    for (maker, source), positions in sorted(families.items(), key=lambda family: -len(family[1])):
        if len(slots) == FACTORY_SLOTS:
            break
        if used.get(source, 0) == SLOTS_PER_SOURCE:
            continue
        used[source] = used.get(source, 0) + 1
        family = latents[positions]
        typical = int(np.argmin(((family - family.mean(axis=0)) ** 2).sum(axis=(1, 2))))
        slots.append(Slot(f"{manifest['makers'][maker]} of {_plain_name(manifest['sources'][source]['name'])}", family[typical]))
    return tuple(slots)


def _plain_name(file_name: str) -> str:
    return Path(file_name).stem.removeprefix("loop_").replace("_", " ")


def _command(checkpoint: Checkpoint) -> str:
    """What was run to learn this, with all that its result depends on."""
    config = checkpoint.config
    length = f"--updates {config.updates}" if config.updates is not None else f"--minutes {config.minutes:g}"
    origin = checkpoint.provenance.get("start", START_FROM_NOTHING)  # older checkpoints had no choice
    start = "--from-scratch" if origin == START_FROM_NOTHING else f"--start {origin.partition(',')[0]}"
    processes = checkpoint.provenance.get("processes", "1")  # older checkpoints do not say
    program = "python -m training.train" if processes == "1" else f"torchrun --nproc_per_node {processes} -m training.train --"
    options = f"{start} {length} --seed {config.seed} --batch {config.batch} --learning-rate {config.learning_rate:g}"
    return f"{program} DATA --out RUN {options}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m export", description="Make a model file from a training checkpoint.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("model", type=Path, help="the .onnx file to write; its card is written beside it")
    parser.add_argument("--data", type=Path, required=True, help="the data set that the checkpoint learnt from")
    parser.add_argument("--home", type=Path, help="the loop that becomes factory slot 1")
    parser.add_argument("--name", help="of the model (default: the file's)")
    options = parser.parse_args(arguments)
    try:
        export(options.checkpoint, options.model, options.data, options.home, options.name or options.model.stem)
    except VamenError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
