"""Learns a step-latent VAE from a data set of break images.

    python -m training.train DATA --out RUN
    python -m training.train DATA --out RUN --from-scratch --minutes 90
    torchrun --nproc_per_node 4 -m training.train -- DATA --out RUN --updates 20000

A run starts from the model that ships for the data set's preset, from another one with ``--start``, or from nothing.
The same command goes on where an interrupted run stopped. All randomness (which images, how they are turned, which
noise) is a function of seed, process and update alone, so nothing but the tensors has to be restored; with ``--updates``
on a CPU a resumed run repeats the uninterrupted one to the bit. With ``--minutes`` the schedule follows the clock.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import scipy.io.wavfile
import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from bridge.errors import VamenError
from bridge.griffin_lim import render_loop
from bridge.mel_spectrogram import BEATS_PER_BAR, ENGINE_SAMPLE_RATE, MelSpectrogramSpec, image_from_audio
from training import pictures, presets, scores
from training.dataset import BreakDataset
from training.image_store import ImageStore
from training.losses import LossWeights, divergence, picture_terms
from training.model import GRAIN_TILES, ModelConfig, StepVAE, around
from training.start import Start, shipped_model

CHECKPOINT_VERSION = 1
START_FROM_NOTHING = "nothing"
CHECKPOINT_SECONDS = 120.0
SAMPLE_SECONDS = 480.0
"""Between two rounds of scores, pictures and sounds, which cost about as much as ten updates on a CPU."""
LOG_UPDATES = 20
SCORED_IMAGES = 24
LATENTS_FOR_DRAWS = 384


@dataclass(frozen=True)
class TrainConfig:
    """What a run was asked to do; a checkpoint carries it, and a resumed run goes on with it."""

    seed: int = 0
    updates: int | None = None
    minutes: float | None = None
    batch: int = 4
    """Images an update, of each process."""
    learning_rate: float = 1.2e-3
    warm_up: int = 100
    """Updates over which the learning rate rises."""
    weight_decay: float = 0.01
    average_decay: float = 0.996
    """Of the exponential moving average of the weights, which is what gets exported."""
    divergence_share: float = 0.2
    """Part of the run over which the divergence's weight rises to its full value; 0 for a start from a model."""


@dataclass
class Checkpoint:
    """Everything a run needs to go on, and an export to know."""

    config: TrainConfig
    model_config: ModelConfig
    weights: LossWeights
    spec: MelSpectrogramSpec
    model: dict[str, Tensor]
    average: dict[str, Tensor]
    """The exponential moving average of the model's weights."""
    optimiser: dict[str, Any]
    update: int
    seconds: float
    history: list[dict[str, float]]
    provenance: dict[str, str]
    """Commit, hardware and versions; ``start`` is the file that the run started from, or START_FROM_NOTHING."""

    def save(self, path: Path) -> None:
        """Writes the file in one piece: whoever reads it sees the old one or the new one."""
        fields = {
            "checkpoint_version": CHECKPOINT_VERSION,
            "config": asdict(self.config),
            "model_config": self.model_config.to_dict(),
            "weights": self.weights.to_dict(),
            "spec": self.spec.to_dict(),
            **{key: getattr(self, key) for key in ("model", "average", "optimiser", "update", "seconds", "history")},
            "provenance": self.provenance,
        }
        part = path.with_name(f".{path.name}.part")
        torch.save(fields, part)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Reads a checkpoint (plain values and tensors only, nothing is unpickled).

        :raises VamenError: the file is missing, broken, or of another version
        """
        try:
            fields = torch.load(path, map_location="cpu", weights_only=True)
            version = fields["checkpoint_version"]
            if version != CHECKPOINT_VERSION:
                raise VamenError(
                    f"The checkpoint {path} is of version {version}, not {CHECKPOINT_VERSION}: train again, or use the commit "
                    "that made it."
                )
            return cls(
                config=TrainConfig(**fields["config"]),
                model_config=ModelConfig.from_dict(fields["model_config"]),
                weights=LossWeights(**fields["weights"]),
                spec=MelSpectrogramSpec.from_dict(fields["spec"]),
                **{key: fields[key] for key in ("model", "average", "optimiser", "update", "seconds", "history")},
                provenance=fields["provenance"],
            )
        except FileNotFoundError as error:
            raise VamenError(f"There is no checkpoint {path}: train first with `python -m training.train`.") from error
        except VamenError:
            raise
        except Exception as error:  # torch.load raises many kinds on a foreign or broken file
            raise VamenError(f"{path} is no VAmEn checkpoint ({type(error).__name__}): train again.") from error


class Processes:
    """This process among those that torchrun started, or alone."""

    def __init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        local = int(os.environ.get("LOCAL_RANK", "0"))
        cuda = torch.cuda.is_available()
        self.device = torch.device("cuda", local) if cuda else torch.device("cpu")
        if self.count > 1:
            torch.distributed.init_process_group("nccl" if cuda else "gloo")

    def agree(self, progress: float, stop: bool) -> tuple[float, bool]:
        """The first process's progress, and whether any process was asked to stop."""
        if self.count == 1:
            return progress, stop
        flags = torch.tensor([progress if self.rank == 0 else 0.0, float(stop)], dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(flags)
        return float(flags[0]), bool(flags[1] > 0.0)

    def close(self) -> None:
        """Part from the others once all are here: torchrun ends those that still write when one has gone in disorder."""
        if self.count > 1:
            torch.distributed.barrier()
            torch.distributed.destroy_process_group()


class Objective(nn.Module):
    """The loss as one module, so that DistributedDataParallel sees one forward pass."""

    def __init__(self, model: StepVAE, weights: LossWeights) -> None:
        super().__init__()
        self.model = model
        self.weights = weights

    def forward(self, image: Tensor, noise: Tensor, watched: slice, divergence_scale: float, precise: bool) -> dict[str, Tensor]:
        """All terms and their weighted sum, "loss"; see losses.py for shapes."""
        with torch.autocast(image.device.type, dtype=torch.bfloat16, enabled=not precise):
            picture, grain, mean, log_variance = self.model(image, noise)
        terms = picture_terms(picture.float(), grain.float(), image, watched)
        kit_dimensions = self.model.config.kit_dimensions
        costly, nats = divergence(mean.float(), log_variance.float(), kit_dimensions, self.weights.free_nats)
        loss = self.weights.divergence * divergence_scale * costly
        for name, term in terms.items():
            loss = loss + getattr(self.weights, name) * term
        return {"loss": loss, **terms, "nats": nats}


class Trainer:
    """One run: its state, one update, and what it writes.

    :param start: the model file that a new run starts from, None for nothing; a run that is gone on with does not read it
    :raises VamenError: the run or the start learnt other pictures than the data set's, or is unusable
    """

    def __init__(
        self,
        dataset: BreakDataset,
        out: Path,
        config: TrainConfig,
        *,
        model_config: ModelConfig | None = None,
        start: Path | None = None,
        precise: bool | None = None,
    ) -> None:
        self.dataset = dataset
        self.out = out
        self.processes = Processes()
        device = self.processes.device
        path = out / "checkpoint.pt"
        found = Checkpoint.load(path) if path.exists() else None
        if found is not None and found.spec != dataset.spec:
            raise VamenError(f"The run {out} learnt pictures of another kind than the data set's: choose another folder.")
        spec = dataset.spec
        self.config = found.config if found else config
        begun = Start.load(start) if start is not None and found is None else None
        if begun is not None:
            begun.check(spec)
            model_config = begun.model_config
        asked = model_config or ModelConfig(spec.n_mels, spec.frames_per_step)
        self.model_config = found.model_config if found else asked
        self.weights = found.weights if found else LossWeights()
        torch.manual_seed(self.config.seed)
        self.model = StepVAE(self.model_config)
        self.train_indices = dataset.indices("train")
        self.images = ImageStore.for_training(dataset, device, self.train_indices)
        if found is not None:
            self.model.load_state_dict(found.model)
        elif begun is not None:
            self.model.load_state_dict(begun.weights)
        if found is None and (begun is None or begun.spec != spec):
            # Where a hit begins and how it rings is alike in pictures of any rate; how loud and how grainy a row is, is not.
            _start(self.model, dataset, self.train_indices, self.config.seed)
        self.model.to(device)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=self.config.learning_rate, betas=(0.9, 0.98), weight_decay=self.config.weight_decay
        )
        self.update, self.seconds, self.history = 0, 0.0, list[dict[str, float]]()
        if found is not None:
            self.average = {k: v.to(device) for k, v in found.average.items()}
            self.optimiser.load_state_dict(found.optimiser)
            self.update, self.seconds, self.history = found.update, found.seconds, found.history
        origin = f"{begun.file_name}, SHA-256 {begun.sha256}" if begun else START_FROM_NOTHING
        self.provenance = found.provenance if found else {"start": origin, **_provenance(device, self.processes.count)}
        self.resumed = found is not None
        self.precise = not _has_bfloat16(device) if precise is None else precise
        self.objective: nn.Module = Objective(self.model, self.weights)
        if self.processes.count > 1:
            self.objective = DistributedDataParallel(self.objective)
        self.stop = False
        self._logged = self.seconds

    def run(self) -> None:
        """Trains to the end of the schedule, or until SIGINT or SIGTERM; a checkpoint stands either way."""
        started = time.monotonic() - self.seconds
        saved = sampled = time.monotonic()
        with _stopping(self):
            while True:
                self.seconds = time.monotonic() - started
                progress, stop = self.processes.agree(self._progress(), self.stop)
                if progress >= 1.0 or stop:
                    break
                terms = self.step(progress)
                if self.update % LOG_UPDATES == 0 or self.update == 1:
                    self._log(terms, progress)
                now = time.monotonic()
                if now - saved > CHECKPOINT_SECONDS:
                    self.write(samples=now - sampled > SAMPLE_SECONDS)
                    saved = time.monotonic()
                    sampled = saved if now - sampled > SAMPLE_SECONDS else sampled
        self.write(samples=True)
        # DistributedDataParallel holds the group as well, whose threads must have ended before the process does.
        self.objective = Objective(self.model, self.weights)
        gc.collect()
        self.processes.close()

    def step(self, progress: float) -> dict[str, float]:
        """One update at a place (0..1) in the schedule; returns the terms of the loss."""
        image, noise, watched = self._batch()
        rate = self.config.learning_rate * min(1.0, (self.update + 1) / self.config.warm_up)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * progress)))
        share = self.config.divergence_share
        scale = min(1.0, progress / share) if share > 0.0 else 1.0
        terms = self.objective(image, noise, watched, scale, self.precise)
        self.optimiser.zero_grad(set_to_none=True)
        terms["loss"].backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.update += 1
        decay = min(self.config.average_decay, (1.0 + self.update) / (10.0 + self.update))
        with torch.no_grad():
            values = list(self.model.state_dict().values())
            torch._foreach_lerp_(list(self.average.values()), values, 1.0 - decay)
        return {name: float(term.detach()) for name, term in terms.items()}

    def checkpoint(self) -> Checkpoint:
        """The run's state now."""
        return Checkpoint(
            config=self.config,
            model_config=self.model_config,
            weights=self.weights,
            spec=self.dataset.spec,
            model={k: v.detach().cpu().contiguous() for k, v in self.model.state_dict().items()},
            average={k: v.cpu().contiguous() for k, v in self.average.items()},
            optimiser=self.optimiser.state_dict(),
            update=self.update,
            seconds=self.seconds,
            history=self.history,
            provenance=self.provenance,
        )

    def write(self, *, samples: bool) -> None:
        """Checkpoint and curves, and scores, pictures and sounds if asked for; by the first process alone."""
        if self.processes.rank != 0:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        if samples:
            self._sample()
        self.checkpoint().save(self.out / "checkpoint.pt")
        curves: dict[str, list[tuple[float, float]]] = {}
        for line in self.history:
            for name in line.keys() - {"update", "seconds"}:
                curves.setdefault(name, []).append((line["update"], line[name]))
        pictures.save_curves(self.out / "curves.png", dict(sorted(curves.items())))

    def _progress(self) -> float:
        if self.config.updates is not None:
            return self.update / self.config.updates
        assert self.config.minutes is not None
        return self.seconds / (60.0 * self.config.minutes)

    def _batch(self) -> tuple[Tensor, Tensor, slice]:
        """Images of the next update, the noise for their latents, and a quarter of the columns for the grain."""
        config, spec = self.config, self.dataset.spec
        first = (self.update * self.processes.count + self.processes.rank) * config.batch
        count = len(self.train_indices)
        chosen = []
        for position in range(first, first + config.batch):
            epoch, offset = divmod(position, count)
            chosen.append(int(self.train_indices[_order(config.seed, epoch, count)[offset]]))
        generator = torch.Generator().manual_seed(_mix(config.seed, self.processes.rank, self.update))
        images = self.images.take(chosen)
        bars = max(1, spec.beats // BEATS_PER_BAR)
        turns = torch.randint(bars, (config.batch,), generator=generator) * (spec.n_frames // bars)
        images = torch.stack([image.roll(int(turn), dims=-1) for image, turn in zip(images, turns, strict=True)])
        shape = (config.batch, spec.steps, self.model_config.latent_dimensions)
        noise = torch.randn(shape, generator=generator)
        quarter = spec.n_frames // 4
        first_column = quarter * (_mix(config.seed, self.update) % 4)
        return images.float() / 255.0, noise.to(images.device), slice(first_column, first_column + quarter)

    def _log(self, terms: dict[str, float], progress: float) -> None:
        if self.processes.rank != 0:
            return
        self.history.append({"update": float(self.update), "seconds": self.seconds, **terms})
        images = LOG_UPDATES * self.config.batch * self.processes.count
        rate = images / max(self.seconds - self._logged, 1e-9)
        self._logged = self.seconds
        figures = "  ".join(f"{name} {value:.5f}" for name, value in terms.items())
        print(f"{100.0 * progress:5.1f} %  update {self.update}  {rate:.1f} images/s  {figures}", flush=True)

    def _sample(self) -> None:
        """Scores of the averaged weights on held-out draws; original, painted and drawn as pictures and sounds."""
        spec = self.dataset.spec
        averaged = StepVAE(self.model_config).to(self.processes.device)
        averaged.load_state_dict(self.average)
        held_out = self.dataset.indices("held_out_draw")[:SCORED_IMAGES]
        originals = self._images(held_out if len(held_out) else self.train_indices[:SCORED_IMAGES])
        painted = reconstruct(averaged, originals)
        range_db = spec.dynamic_range_db
        figures = {
            "held-out error, dB": scores.error_db(painted, originals, range_db),
            "held-out averaged error, dB": scores.averaged_error_db(painted, originals, range_db),
            "held-out texture": scores.texture(painted, originals),
            "held-out sharpness": scores.sharpness(painted, originals, range_db),
        }
        self.history.append({"update": float(self.update), "seconds": self.seconds, **figures})
        print("  ".join(f"{name} {value:.3f}" for name, value in figures.items()), flush=True)
        latents = encode_means(averaged, self._images(self.train_indices[:LATENTS_FOR_DRAWS]))
        draws = decode_rings(averaged, gaussian_draws(latents, 4, self.config.seed))
        folder = self.out / "samples"
        folder.mkdir(exist_ok=True)
        pictures.save_rows(self.out / "samples.png", [originals[:4], painted[:4], draws])
        pictures.save_rows(folder / f"{self.update:06d}.png", [originals[:4], painted[:4], draws])
        for name, image in (("original", originals[0]), ("painted", painted[0]), ("drawn", draws[0])):
            sound = np.tile(render_loop(image, spec, spec.beats_per_minute), 2)
            scipy.io.wavfile.write(folder / f"{self.update:06d}-{name}.wav", ENGINE_SAMPLE_RATE, sound)

    def _images(self, indices: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
        return np.stack([self.dataset.images[index] for index in indices]).astype(np.float32) / np.float32(255.0)


@torch.no_grad()
def encode_means(model: StepVAE, images: np.ndarray[Any, np.dtype[np.float32]], batch: int = 16) -> Any:
    """Posterior means of images (count, n_mels, columns) in 0..1: (count, steps, latent_dimensions) float32."""
    device = next(model.parameters()).device
    parts = (torch.from_numpy(images[start : start + batch]) for start in range(0, len(images), batch))
    return np.concatenate([model.encoder(part.to(device))[0].cpu().numpy() for part in parts])


@torch.no_grad()
def decode_rings(model: StepVAE, latents: np.ndarray[Any, np.dtype[np.float32]], batch: int = 16, *, grain: bool = True) -> Any:
    """Images of whole loops, with or without grain: (count, steps, latent_dimensions) -> (count, n_mels, columns) in 0..1."""
    device = next(model.parameters()).device
    parts = (torch.from_numpy(latents[start : start + batch]) for start in range(0, len(latents), batch))
    paint = model.decoder if grain else lambda latent: model.decoder.heads(latent)[0]
    return np.concatenate([paint(around(part.to(device))).clamp(0.0, 1.0).cpu().numpy() for part in parts])


def reconstruct(model: StepVAE, images: np.ndarray[Any, np.dtype[np.float32]]) -> Any:
    """Images through the encoder's means and the decoder: the same shape."""
    return decode_rings(model, encode_means(model, images))


def gaussian_draws(latents: np.ndarray[Any, np.dtype[np.float32]], count: int, seed: int) -> Any:
    """New latents from a Gaussian with the given latents' mean and covariance: (count, steps, latent_dimensions)."""
    flat = latents.reshape(len(latents), -1)
    weights = np.random.default_rng(seed).standard_normal((count, len(flat))) / math.sqrt(len(flat))
    drawn = flat.mean(axis=0) + weights @ (flat - flat.mean(axis=0))
    return drawn.reshape(count, *latents.shape[1:]).astype(np.float32)


def _start(model: StepVAE, dataset: BreakDataset, indices: np.ndarray[Any, Any], seed: int) -> None:
    """Rows begin at their mean level over some training images, and grain is what white noise looks like in the spec."""
    spec = dataset.spec
    some = np.stack([dataset.images[index] for index in indices[:64]])
    level = some.astype(np.float32).mean(axis=(0, 2)) / np.float32(255.0)
    hiss = 0.1 * np.random.default_rng(seed).standard_normal(spec.loop_length(spec.beats_per_minute)).astype(np.float32)
    noise = image_from_audio(hiss, spec).astype(np.float32)
    noise = (noise - noise.mean(axis=1, keepdims=True)) / noise.std(axis=1, keepdims=True)
    width = spec.frames_per_step
    # Every third step: neighbouring analysis windows overlap.
    tiles = np.stack([noise[:, 3 * tile * width :][:, :width].ravel() for tile in range(GRAIN_TILES)])
    with torch.no_grad():
        model.decoder.row_level.copy_(torch.from_numpy(level))
        model.decoder.grain.tiles.copy_(torch.from_numpy(tiles))


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def _mix(*numbers: int) -> int:
    """One 63-bit seed from several numbers, no two of them alike in practice."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]) >> 1


_ORDERS: dict[tuple[int, int, int], np.ndarray[Any, Any]] = {}


def _order(seed: int, epoch: int, count: int) -> np.ndarray[Any, Any]:
    """The order in which an epoch visits the training images; the last two are kept."""
    key = (seed, epoch, count)
    if key not in _ORDERS:
        while len(_ORDERS) > 1:
            _ORDERS.pop(next(iter(_ORDERS)))
        _ORDERS[key] = np.random.default_rng([seed, epoch]).permutation(count)
    return _ORDERS[key]


def _provenance(device: torch.device, processes: int) -> dict[str, str]:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    capabilities = torch.cpu.get_capabilities()
    processor = str(capabilities.get("cpu_name", platform.processor()))
    hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{processor}, {torch.get_num_threads()} threads"
    return {
        "commit": commit or "unknown",
        "hardware": f"{processes} x {hardware}",
        "processes": str(processes),
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }


@contextmanager
def _stopping(trainer: Trainer) -> Iterator[None]:
    """SIGINT and SIGTERM ask for a checkpoint and the end, instead of ending the process where it stands."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        trainer.stop = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not 0.0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not positive")
        return value

    return number


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.train", description="Learn a model from break images.")
    parser.add_argument("data", type=Path, help="a folder that `python -m training.breaks` made")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder; an interrupted run there is gone on with")
    beginning = parser.add_mutually_exclusive_group()
    beginning.add_argument("--start", type=Path, metavar="MODEL", help="start from this model file (default: the shipped one)")
    beginning.add_argument("--from-scratch", action="store_true", help="start from nothing")
    parser.add_argument("--preset", choices=sorted(presets.PRESETS), help="length, batch and learning rate for this hardware")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--updates", type=_positive(int), help="length of the run in updates")
    length.add_argument("--minutes", type=_positive(float), help="length of the run by the clock")
    parser.add_argument("--seed", type=int, default=TrainConfig.seed)
    parser.add_argument("--batch", type=_positive(int), help="images an update, of each process")
    parser.add_argument("--learning-rate", type=_positive(float))
    options = parser.parse_args(arguments)
    try:
        dataset = BreakDataset(options.data)
        preset = presets.choose(options.preset)
        resuming = (options.out / "checkpoint.pt").exists()
        start = None if options.from_scratch or resuming else options.start or shipped_model(dataset.spec)
        config = TrainConfig(
            seed=options.seed,
            updates=options.updates,
            minutes=options.minutes or (None if options.updates else preset.minutes),
            batch=options.batch or preset.batch,
            learning_rate=options.learning_rate or (preset.fine_tuning_rate if start else preset.learning_rate),
            divergence_share=0.0 if start else TrainConfig.divergence_share,
        )
        trainer = Trainer(dataset, options.out, config, start=start)
        if trainer.resumed:
            print(f"Going on at update {trainer.update} of the run in {options.out}, with its own settings.")
        else:
            print(f"Starting from {trainer.provenance['start']}.")
        trainer.run()
    except VamenError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
