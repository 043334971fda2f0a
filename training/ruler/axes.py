"""What the knobs do: every named axis turned on breaks that no axis was fitted on, as the instrument turns it.

Descriptors (`training.descriptors`) are compared after the overall density has been regressed out of them: from each one the
part that a straight line through the training images predicts from the density is taken away, and what is left is counted in
its own standard deviations over the training images. The density itself is left as it is. Otherwise a knob for ghosts would
be blamed for the tails that any fuller break has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from bridge.break_render import sound_of
from bridge.control import Control
from bridge.latent_space import AXIS_MIDDLE, LatentSpace
from bridge.loudness import integrated_loudness
from bridge.mel_spectrogram import unit_image
from bridge.model_metadata import FloatArray
from training.dataset import BreakDataset
from training.descriptors import AUDIBLE_DB, BACKBEATS, BANDS, DESCRIPTIONS, band_levels, describe, describe_levels, step_rises
from training.ruler.instrument import Instrument
from training.scores import block_level_db

Values = NDArray[np.float64]

BREAKS = 24
"""Held-out draws that every knob is turned on."""
HEARD_BREAKS = 4
"""The first of them are made into sound at both ends of every knob, for the loudness."""
POSITIONS = (0.0, 0.25, 0.5, 0.75, 1.0)
REFERENCE_IMAGES = 600
"""Training images from which standard deviations and the regression on density are taken."""
HIT_DB, SURVIVES_DB = 9.0, 6.0
"""Rise of a hit that counts as there in the stored break, and the one that it must keep."""
SPARED = {"kick": ("kick",), "snare": ("snare",), "chop": ("kick", "snare")}
"""Whose hits an axis may take away: its own, and chop all."""
MIN_MOVES, MIN_SPEARMAN, MAX_BESIDE = 2.0, 0.9, 0.5
"""The bar of a named axis: its own movement in standard deviations, its order, others' movements as a share of its own."""


@dataclass(frozen=True)
class AxesResult:
    """`figures` are plain JSON values; `crosstalk` (axis, descriptor) is the mean movement from 0 to 1 in standard deviations,
    axes in the model's order (`figures["axes"]`), descriptors in the order of `DESCRIPTIONS`."""

    figures: dict[str, Any]
    crosstalk: Values


@dataclass(frozen=True)
class Yardstick:
    """Descriptors without what density explains, in standard deviations of the training images."""

    slope: Values
    """(descriptor,): change of a descriptor for each unit of density; 0 for the density itself."""
    spread: Values
    """(descriptor,): standard deviation of what is left."""

    @classmethod
    def fit(cls, described: Values) -> Yardstick:
        """Least squares on descriptors (count, descriptor) of training images."""
        centred = described - described.mean(axis=0)
        density = centred[:, list(DESCRIPTIONS).index("density")]
        slope = density @ centred / max(float(density @ density), 1e-12)
        slope[list(DESCRIPTIONS).index("density")] = 0.0
        return cls(slope, np.maximum((centred - np.outer(density, slope)).std(axis=0), 1e-6))

    def __call__(self, described: Values) -> Values:
        """(..., descriptor) -> (..., descriptor)"""
        density = described[..., [list(DESCRIPTIONS).index("density")]]
        return np.asarray((described - density * self.slope) / self.spread)


def measure(
    model: Instrument, dataset: BreakDataset, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> AxesResult:
    """Turns every axis on held-out draws, or on training images where the data set holds no draws back.

    :param seed: which draws, and which training images the standard deviations are taken from
    :param progress: told how many axes are done, of how many
    """
    spec, axes = model.metadata.spec, model.metadata.axes
    generator = np.random.default_rng(seed)
    training = generator.permutation(dataset.indices("train"))[:REFERENCE_IMAGES]
    yardstick = Yardstick.fit(np.stack([describe(unit_image(dataset.images[i]), spec) for i in np.sort(training)]))
    held_out = dataset.indices("held_out_draw")
    chosen = generator.permutation(held_out if len(held_out) else training)[:BREAKS]
    latents = [model.encode(unit_image(dataset.images[index])) for index in np.sort(chosen)]
    stored = [_Stored.of(model, latent) for latent in latents]
    rows = []
    for number in range(len(axes)):
        rows.append(_measure_axis(model, number, stored, yardstick))
        if progress is not None:
            progress(number + 1, len(axes))
    crosstalk = np.array([[row["moves_all"][name] for name in DESCRIPTIONS] for row in rows]).reshape(
        len(axes), len(DESCRIPTIONS)
    )
    named = {axis.name: row for axis, row in zip(axes, rows, strict=True) if axis.name in DESCRIPTIONS}
    loudness = [value for row in rows for value in row["loudness_lufs"].values()]
    figures = {
        "breaks": len(stored),
        "seed": seed,
        "axes": {axis.name: row for axis, row in zip(axes, rows, strict=True)},
        "named": len(named),
        "passing": sum(row["passes"] for row in named.values()),
        "middle_is_stored": all(row["middle_is_stored"] for row in rows),
        "loudness_spread_lu": float(np.ptp(loudness)) if loudness else 0.0,
        "hits_survive_least": min((row["hits_survive"] for name, row in named.items() if name != "chop"), default=1.0),
    }
    return AxesResult(figures, crosstalk)


@dataclass(frozen=True)
class _Stored:
    """One break in slot 1, and what is compared with it."""

    space: LatentSpace
    latent: FloatArray
    image: FloatArray
    levels: Values

    @classmethod
    def of(cls, model: Instrument, latent: FloatArray) -> _Stored:
        space = LatentSpace(model.metadata)
        space.put_slot(1, latent)
        space.apply(Control("slot_recall", (), (1,)))
        image = model.decode_ring(space.latent())
        return cls(space, space.latent(), image, band_levels(image, model.metadata.spec))

    def turned(self, number: int, position: float) -> FloatArray:
        """The latent that sounds with one knob (from 0) turned, the others in the middle."""
        self.space.apply(Control("axis", (number + 1,), (position,)))
        latent = self.space.latent()
        self.space.apply(Control("axis", (number + 1,), (AXIS_MIDDLE,)))
        return latent


def _measure_axis(model: Instrument, number: int, stored: list[_Stored], yardstick: Yardstick) -> dict[str, Any]:
    spec, axis = model.metadata.spec, model.metadata.axes[number]
    described = np.zeros((len(POSITIONS), len(stored), len(DESCRIPTIONS)))
    audible: dict[float, list[float]] = {0.0: [], 1.0: []}
    loudness: dict[float, list[float]] = {0.0: [], 1.0: []}
    survived, middle_is_stored = [], True
    for row, position in enumerate(POSITIONS):
        for column, one in enumerate(stored):
            latent = one.turned(number, position)
            if position == AXIS_MIDDLE:
                middle_is_stored &= np.array_equal(latent, one.latent)
                described[row, column] = describe_levels(one.levels, spec.steps)
                continue
            image = model.decode_ring(latent)
            levels = band_levels(image, spec)
            described[row, column] = describe_levels(levels, spec.steps)
            if position not in audible:
                continue
            pair = block_level_db(np.stack([image, one.image]), spec.dynamic_range_db)
            audible[position].append(float(np.abs(pair[0] - pair[1]).mean()))
            survived.append(_hits_survive(one.levels, levels, spec.steps, SPARED.get(axis.name, ())))
            if column < HEARD_BREAKS:
                loudness[position].append(integrated_loudness(sound_of(image, spec, spec.beats_per_minute)))
    seen = yardstick(described)
    shift = seen[-1] - seen[0]
    moves = shift.mean(axis=0)
    figures: dict[str, Any] = {
        "moves_all": dict(zip(DESCRIPTIONS, moves.tolist(), strict=True)),
        "moves_all_absolute": dict(zip(DESCRIPTIONS, np.abs(shift).mean(axis=0).tolist(), strict=True)),
        "audible_db": {"at_0": float(np.mean(audible[0.0])), "at_1": float(np.mean(audible[1.0]))},
        "loudness_lufs": {"at_0": float(np.mean(loudness[0.0])), "at_1": float(np.mean(loudness[1.0]))},
        "hits_survive": float(np.mean(np.reshape(survived, (2, -1)).all(axis=0))),
        "middle_is_stored": middle_is_stored,
    }
    if axis.name in DESCRIPTIONS:
        figures |= _against_the_bar(list(DESCRIPTIONS).index(axis.name), seen, moves)
    return figures


def _against_the_bar(own: int, seen: Values, moves: Values) -> dict[str, Any]:
    """Figures of a named axis beside its bar, from descriptors (position, break, descriptor) in standard deviations."""
    orders = [_order(seen[:, column, own]) for column in range(seen.shape[1])]
    others = np.where(np.arange(len(moves)) == own, 0.0, moves)
    beside = int(np.argmax(np.abs(others)))
    figures: dict[str, Any] = {
        "moves": float(moves[own]),
        "spearman": float(np.mean(orders)),
        "beside": list(DESCRIPTIONS)[beside],
        "beside_moves": float(moves[beside]),
    }
    figures["passes"] = bool(
        figures["moves"] >= MIN_MOVES
        and figures["spearman"] >= MIN_SPEARMAN
        and abs(figures["beside_moves"]) <= MAX_BESIDE * figures["moves"]
    )
    return figures


def _order(values: Values) -> float:
    """Spearman's rank correlation with POSITIONS; 0 where nothing moves."""
    return float(scipy.stats.spearmanr(POSITIONS, values).statistic) if np.ptp(values) > 0.0 else 0.0


def _hits_survive(before: Values, after: Values, steps: int, spared: tuple[str, ...]) -> bool:
    """Whether the kick on the one and the snares on the backbeats that were there still are, those ``spared`` aside."""
    for band, places in (("kick", [0]), ("snare", list(BACKBEATS))):
        if band not in spared:
            audible = (
                np.maximum(levels[BANDS.index(band)], levels[BANDS.index("whole")].max() - AUDIBLE_DB)
                for levels in (before, after)
            )
            rises = [step_rises(level, steps)[places] for level in audible]
            if np.any((rises[0] >= HIT_DB) & (rises[1] < SURVIVES_DB)):
                return False
    return True
