"""All sections of the ruler, one after the other, for one model and one data set."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from bridge.errors import VamenError
from bridge.griffin_lim import render_loop
from bridge.mel_spectrogram import FloatArray
from bridge.model import Model
from training import pca
from training.dataset import BreakDataset
from training.descriptors import DESCRIPTIONS
from training.ruler import axes, draws, morph
from training.ruler.bars import HELD_OUT, LOOPS, table
from training.ruler.claims import FORMAT_VERSION, KEY, comparable
from training.ruler.figures import Line, lines
from training.ruler.images import image_figures
from training.ruler.loops import loop_figures
from training.ruler.model_file import fingerprint
from training.ruler.originals import Original, digest, held_out_breaks, spread, unseen_loops
from training.ruler.painter import Painters
from training.ruler.report import Crosstalk, Example, Shown
from training.ruler.sound import sound_figures

HEARD = {"held_out_draw": 32, "held_out_source": 16}
"""Breaks of each split that are made into sound."""
SHOWN_BREAKS = {"held_out_draw": 4, "held_out_source": 2}
SHOWN_DRAWS = 8
SEED = 0
MOST_WORKERS = 8


@dataclass(frozen=True)
class Evaluation:
    """What was measured: `document` is plain JSON values, the rest is for the report."""

    document: dict[str, Any]
    lines: list[Line]
    examples: list[Example]
    crosstalk: Crosstalk
    facts: list[str]
    """Sentences about what was measured."""
    has_claims: bool
    """Whether the model's card claims figures of the same breaks."""

    def claims_sentence(self, worse: int) -> str:
        """How the figures stand to those of the card."""
        if not self.has_claims:
            return "The model's card claims no figures of these breaks."
        return f"{worse} figures are worse than the card claims." if worse else "No figure is worse than the card claims."


class Evaluator:
    """One model beside one data set."""

    def __init__(self, path: Path, data: Path, loops: Sequence[Path], shown: Progress) -> None:
        """
        :raises VamenError: the model, the data set or the loops cannot be used, or do not belong together
        """
        self.path = path
        self.dataset = BreakDataset(data)
        self.workers = min(os.cpu_count() or 1, MOST_WORKERS)
        self.painters = Painters(path, self.workers)
        self.spec = self.painters.metadata.spec
        if self.dataset.spec != self.spec:
            raise VamenError(
                f"{data} holds pictures of preset {self.dataset.spec.name}, {path} paints {self.spec.name}: name its own."
            )
        self.loops, self.left_out = unseen_loops(loops, self.spec) if loops else ([], [])
        self.shown = shown
        self.examples: list[Example] = []

    def measure(self) -> Evaluation:
        """Everything, in the order of the report.

        :raises VamenError: the data set lacks what is needed, or is not what it says
        """
        numbers = self.painters.metadata.numbers
        self.pca = pca.fitted_once(self.dataset, numbers, self._progress(f"principal components ({numbers}, fitted once)"))
        results = {split: self._split(split) for split in HELD_OUT if len(self.dataset.indices(split))}
        if self.loops:
            results |= self._loops()
        model = Model.load(self.path)
        # Each of these is one long line of single decodes: side by side they fill the cores.
        with ThreadPoolExecutor(self.workers) as pool:
            knobs, between = self._progress("knobs"), self._progress("morphs")
            turning = pool.submit(axes.measure, model, self.dataset, SEED, lambda done, of: knobs(done / of))
            drawing = pool.submit(draws.measure, Model.load(self.path), self.dataset, SEED, self._progress("drawn breaks"))
            morphing = pool.submit(morph.measure, Model.load(self.path), self.dataset, SEED)
            drawn, turned, morphed = drawing.result(), turning.result(), morphing.result()
        between(1.0)
        results |= {"draws": drawn.figures, "axes": turned.figures, "morph": morphed}
        self._show_draws(drawn.images[:SHOWN_DRAWS])
        document = {
            "format_version": FORMAT_VERSION,
            "model": {"name": model.metadata.name, "file": self.path.name, "fingerprint": fingerprint(self.path)},
            "data": {key: self.dataset.manifest[key] for key in ("bank_sha256", "seed", "count")} | {"preset": self.spec.name},
            "loops": {"digest": digest(self.loops), "names": [one.original.name for one in self.loops]} if self.loops else None,
            "results": results,
        }
        claims = comparable(model.metadata.training.get(KEY), document)
        names = tuple(axis.name for axis in model.metadata.axes)
        crosstalk = Crosstalk(names, tuple(DESCRIPTIONS), turned.crosstalk)
        return Evaluation(
            document, lines(results, table(results), claims), self.examples, crosstalk, self._facts(), claims is not None
        )

    def _facts(self) -> list[str]:
        manifest = self.dataset.manifest
        made = f"{manifest['count']} breaks of preset {self.spec.name}, made from {len(manifest['sources'])} sounds with seed "
        return [
            f"{made}{manifest['seed']}; figures of sound from {HEARD['held_out_draw']} held-out draws and "
            f"{HEARD['held_out_source']} breaks of held-out sources, each beside its original's sound.",
            "Figures of attacks are medians over all clear attacks. The original is the break's own sound; its own picture "
            "through the same way to sound stands beside.",
            "Principal components are as many as the latent has numbers, fitted on the same training images.",
        ]

    def _split(self, split: str) -> dict[str, Any]:
        indices = self.dataset.indices(split)
        images = self.dataset.images[indices]
        latents = self.painters.encode(images, self._progress(f"encoding {HELD_OUT[split]}"))
        report = self._progress(f"pictures of {HELD_OUT[split]}")
        pictures = image_figures(self.painters, images, latents, self.pca, report)
        heard = spread(np.arange(len(indices)), HEARD[split])
        originals = held_out_breaks(self.dataset, indices[heard])
        painted = self.painters.paint(latents[index] for index in heard)
        report = self._progress(f"sound of {HELD_OUT[split]}")
        sound = sound_figures(originals, painted, self.spec, self.workers, report)
        self._show(HELD_OUT[split], originals[: SHOWN_BREAKS[split]], painted)
        return {"pictures": pictures, "sound": sound}

    def _loops(self) -> dict[str, Any]:
        loops = [unseen.original for unseen in self.loops]
        latents = self.painters.encode(np.stack([loop.image for loop in loops]), self._progress(f"encoding {LOOPS['loops']}"))
        others = self.dataset.images[self.dataset.indices("held_out_draw")]
        report = self._progress(LOOPS["loops"])
        figures = loop_figures(self.painters, loops, latents, others, self.pca, self.workers, report)
        self._show(LOOPS["loops"], loops, self.painters.paint(latents))
        return {"loops": figures}

    def _show(self, section: str, originals: list[Original], painted: list[FloatArray]) -> None:
        for original, image in zip(originals, painted, strict=False):
            tempo = original.beats_per_minute(self.spec)
            ways = {
                "the original's picture": original.image,
                "model": image,
                "principal components": self.pca.reconstruct(original.image[None])[0],
            }
            self.examples.append(
                Example(
                    f"{section}: {original.name}",
                    (
                        Shown("original", original.image, original.samples),
                        *(Shown(caption, one, render_loop(one, self.spec, tempo)) for caption, one in ways.items()),
                    ),
                )
            )

    def _show_draws(self, images: FloatArray) -> None:
        tempo = self.spec.beats_per_minute
        shown = [Shown(f"draw {number}", image, render_loop(image, self.spec, tempo)) for number, image in enumerate(images, 1)]
        self.examples.append(Example("Drawn breaks", tuple(shown)))

    def _progress(self, what: str) -> Callable[[float], None]:
        task = self.shown.add_task(what, total=1.0)
        return lambda part: self.shown.update(task, completed=part)
