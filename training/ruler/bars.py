"""All figures of the report in order, with the bars that are set for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.ruler.attacks import MOST_BEFORE_DB, MOST_RISE_MS
from training.ruler.figures import Bar, Better, Figure
from training.ruler.morph import LEAST_KEPT, MOST_JUMP
from training.ruler.sound import TEMPOS

HELD_OUT = {"held_out_draw": "held-out draws", "held_out_source": "held-out sources"}
"""Splits that are held back, by their key in the results."""
HALF_WAY = Bar(at_least=LEAST_KEPT)
LOOPS = {"loops": "unseen loops"}
"""The same for loops that the user named, by their key in the results."""


def table(results: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The figures of a report; what was not measured has no line in it."""
    found: list[Figure] = []
    for key, section in (*HELD_OUT.items(), *LOOPS.items()):
        bars = key == "held_out_draw"
        found += picture_figures(section, key, bars=bars)
        found += heard_figures(section, key, bars=bars)
        if key in LOOPS:
            found.append(Figure(section, f"{key}.recognised", "nearest to their own original among all", "", "more"))
    return (*found, *draw_figures(), *axis_figures(results), *morph_figures())


def morph_figures() -> tuple[Figure, ...]:
    """Figures of `training.ruler.morph`."""
    section = "morphs"

    def kept(name: str, label: str) -> Figure:
        beside = (("worst pair", f"morph.steps.{name}_least"), ("blend", f"morph.blend.{name}"))
        return Figure(section, f"morph.steps.{name}", f"{label} half-way by steps, over the ends'", "", "more", HALF_WAY, beside)

    return (
        kept("onsets", "number of onsets"),
        kept("sharpness", "sharpness"),
        Figure(
            section, "morph.blend.largest_jump", "largest jump of a blend, over the median", "", "less", Bar(at_most=MOST_JUMP)
        ),
    )


def draw_figures() -> tuple[Figure, ...]:
    """Figures of `training.ruler.draws`."""
    section = "drawn breaks"

    def distance(name: str, label: str, unit: str, beside: tuple[str, ...]) -> Figure:
        paths = tuple((other.replace("_", " "), f"draws.{name}.{other}") for other in beside)
        return Figure(section, f"draws.{name}.drawn", label, unit, "less", Bar(at_most=2.0, times=f"draws.{name}.floor"), paths)

    held_out = ("through_model", "held_out")

    def beside(name: str) -> tuple[tuple[str, str], ...]:
        return tuple((other.replace("_", " "), f"draws.{name}.{other}") for other in held_out)

    levels = tuple((name, f"draws.loudness.{path}") for name, path in (
        ("draws from", "drawn.lowest"), ("to", "drawn.highest"), ("slots from", "slots.lowest"), ("to", "slots.highest"),
    ))  # fmt: skip
    return (
        distance("frechet", "Frechet distance from held-out draws", "", ("floor", "through_model", "ceiling")),
        distance("timing_ms", "timing against the grid, distance from held-out draws", "ms", ("floor", "through_model")),
        distance("level_db", "levels of hits, distance from held-out draws", "dB", ("floor", "through_model")),
        Figure(
            section, "draws.right_tempo.drawn", "estimated tempo right, half or double", "", "more",
            Bar(at_least=0.9, times="draws.right_tempo.held_out"), beside("right_tempo"),
        ),
        Figure(
            section, "draws.copies.share", "nearer to a training image than the training images' 1st percentile", "", "less",
            Bar(at_most=0.03),
        ),
        Figure(section, "draws.spread.drawn", "spread among themselves", "", "more", None, beside("spread")),
        Figure(
            section, "draws.loudness.spread_lu", "loudness between draws and stored slots", "LU", "less", Bar(at_most=1.5), levels
        ),
    )  # fmt: skip


def axis_figures(results: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Figures of `training.ruler.axes`, knob by knob."""
    section = "knobs"
    found = [
        Figure(section, "axes.passing", "named knobs that pass", "", "more", Bar(at_least=6.0), (("named", "axes.named"),)),
        Figure(section, "axes.middle_is_stored", "0.5 is the stored slot, to the bit", "", "more", Bar(at_least=1.0)),
        Figure(section, "axes.hits_survive_least", "breaks whose kick on the one and backbeats survive a knob", "", "more"),
        Figure(section, "axes.loudness_spread_lu", "loudness between the knobs' ends", "LU", "less"),
    ]
    for name, measured in results.get("axes", {}).get("axes", {}).items():
        path = f"axes.axes.{name}"
        audible = (("at 0", f"{path}.audible_db.at_0"), ("at 1", f"{path}.audible_db.at_1"))
        if "moves" not in measured:
            found.append(Figure(section, f"{path}.audible_db.at_1", f"{name}: audible at 1", "dB", None, None, audible[:1]))
            continue
        beside = (
            (f"{measured['beside']} moves", f"{path}.beside_moves"),
            ("Spearman", f"{path}.spearman"),
            *((f"dB changed {at}", heard) for at, heard in audible),
        )
        label = f"{name}: moves its own" + ("" if measured["passes"] else ", does not pass")
        found.append(Figure(section, f"{path}.moves", label, "sd", "more", None, beside))
    return tuple(found)


def picture_figures(section: str, key: str, *, bars: bool) -> tuple[Figure, ...]:
    """Figures of `training.ruler.images.image_figures` under a key of the results."""

    def beside(name: str) -> tuple[tuple[str, str], ...]:
        return tuple(
            (label, f"{key}.pictures.{way}.{name}")
            for label, way in (("without grain", "smooth"), ("PCA", "pca"), ("mean image", "mean_image"))
        )

    def path(name: str) -> str:
        return f"{key}.pictures.model.{name}"

    def bar(at_least: float | None = None, at_most: float | None = None, times: str = "") -> Bar | None:
        return Bar(at_least, at_most, f"{key}.pictures.{times}" if times else "") if bars else None

    return (
        Figure(section, path("error_db"), "error, rms", "dB", "less", bar(at_most=1.0, times="pca.error_db"), beside("error_db")),
        Figure(
            section, path("averaged_error_db"), "error after averaging power over 4 x 4", "dB", "less",
            bar(at_most=0.75, times="pca.averaged_error_db"), beside("averaged_error_db"),
        ),
        Figure(section, path("texture"), "texture", "", "one", bar(0.8, 1.25), beside("texture")),
        Figure(section, path("sharpness"), "sharpness", "", "one", bar(0.85, 1.15), beside("sharpness")),
    )  # fmt: skip


def heard_figures(section: str, key: str, *, bars: bool) -> tuple[Figure, ...]:
    """Figures of `training.ruler.sound.sound_figures` under a key of the results."""
    found = []

    def add(name: str, label: str, unit: str, better: Better, bar: Bar | None = None) -> None:
        beside = (("the original's own picture", f"{key}.sound.image.{name}"),)
        found.append(Figure(section, f"{key}.sound.model.{name}", label, unit, better, bar if bars else None, beside))

    for tempo in TEMPOS:
        at = f"{tempo:.0f}"
        add(f"{at}.rise_more_ms", f"attacks rise slower, {at} BPM", "ms", "less", Bar(at_most=MOST_RISE_MS))
        add(f"{at}.before_more_db", f"more energy before attacks, {at} BPM", "dB", "less", Bar(at_most=MOST_BEFORE_DB))
    add("convergence_db", "spectral convergence", "dB", "less")
    add("onset_precision", "onsets within 10 ms, precision", "", "more")
    add("onset_recall", "onsets within 10 ms, recall", "", "more")
    add("onset_f", "onsets within 10 ms, F", "", "more", Bar(at_least=0.9, times=f"{key}.sound.image.onset_f"))
    return tuple(found)
