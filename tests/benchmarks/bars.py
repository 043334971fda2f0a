"""The figures of the benchmark in the order of the report, with the bars that are set for them."""

from __future__ import annotations

from training.ruler.figures import Bar, Figure

BLOCK_SIZES = (128, 256, 512)

LEAST_COLD, LEAST_WARM = 40.0, 60.0
"""Times faster than librosa's path, from the same picture."""
LEAST_COLD_FROM_LATENT, LEAST_WARM_FROM_LATENT = 25.0, 40.0
MOST_TILE_MS = 10.0
MOST_KNOB_MS = 30.0
"""At 256-frame blocks and the 95th percentile, on a machine that does nothing else."""
MOST_LATE_PERCENT = 1.0
MOST_START_SECONDS = 2.0
MOST_MEGABYTES = 400.0
MOST_IDLE_PERCENT = 5.0
"""Of one core, without what a bare callback beside it takes of the same sound system."""
MOST_GROWTH = 4.0 * 1.1
"""Eight bars over two: linear, and a tenth for the machine."""
MOST_TILE_GROWTH = 1.2
"""A tile of eight bars over one of one bar: none, and a fifth for the machine."""

NO_WORSE = Bar(at_most=0.0)

CASES = {"break": "a synthetic break", "home": "the model's first slot"}


def figures() -> tuple[Figure, ...]:
    """Every figure that the report tells of, those with a bar first in their section."""
    return (*_render(), *_stages(), *_knob(), *_live())


def _render() -> list[Figure]:
    found = []
    for case, label in CASES.items():
        section = f"picture to sound, two bars, {label}"
        for way, least in (("cold", LEAST_COLD), ("warm", LEAST_WARM)):
            path = f"render.{case}.{way}"
            beside = (("ms", f"{path}.median"), ("librosa ms", f"render.{case}.librosa.median"))
            theirs = (("ours", f"{path}.convergence_db"), ("librosa", f"render.{case}.librosa.convergence_db"))
            found += [
                Figure(section, f"{path}.times_faster", f"{way}: times faster than librosa", "", "more", Bar(least), beside),
                Figure(section, f"{path}.above_librosa_db", f"{way}: error above librosa's", "dB", "less", NO_WORSE,
                       theirs),
                Figure(section, f"{path}.times_faster_than_torch", f"{way}: times faster than torch", "", "more", None,
                       (("torch ms", f"render.{case}.torch.median"), ("torch dB", f"render.{case}.torch.convergence_db"))),
            ]  # fmt: skip
    section = "latent to sound, two bars"
    for way, least in (("cold", LEAST_COLD_FROM_LATENT), ("warm", LEAST_WARM_FROM_LATENT)):
        path = f"latent.{way}"
        beside = (("ms", f"{path}.median"), ("librosa, from its picture, ms", "latent.librosa.median"))
        found.append(Figure(section, f"{path}.times_faster", f"{way}: times faster than librosa", "", "more", Bar(least), beside))
    return found


def _stages() -> list[Figure]:
    def ends(stage: str) -> tuple[tuple[str, str], ...]:
        return tuple((f"{bars} bars", f"stages.{stage}.{bars}.median") for bars in (1, 2, 4, 8))

    section = "stages"
    tile = Figure(section, "stages.tile.2.p95", "tile after a turn, p95", "ms", "less", Bar(at_most=MOST_TILE_MS), ends("tile"))
    growths = [
        Figure(section, f"growth.{stage}", f"{label}: eight bars over two", "", "less", Bar(at_most=MOST_GROWTH), ends(stage))
        for stage, label in (("decoder_loop", "decoder"), ("warm", "warm repaint"), ("cold", "cold render"))
    ]
    flat = Figure(section, "growth.tile", "tile: eight bars over one", "", "less", Bar(at_most=MOST_TILE_GROWTH), ends("tile"))
    return [tile, *growths, flat]


def _knob() -> list[Figure]:
    found = []
    for load in ("unloaded", "loaded"):
        for blocksize in BLOCK_SIZES:
            path = f"knob.{blocksize}_{load}"
            bar = Bar(at_most=MOST_KNOB_MS) if (blocksize, load) == (256, "unloaded") else None
            beside = tuple((name, f"{path}.{name}") for name in ("median", "p99", "worst", "lost", "unclear"))
            found.append(Figure("knob to ear", f"{path}.p95", f"blocks of {blocksize}, {load}, p95", "ms", "less", bar, beside))
    return found


def _live() -> list[Figure]:
    late = (("of", "endurance.painted_steps"), ("seconds", "endurance.seconds"))
    own = (("all of it", "endurance.idle_percent_of_a_core"), ("bare callback", "endurance.bare_idle_percent_of_a_core"))
    shares = (("while a knob turns", "endurance.turning_percent_of_a_core"),)
    memory = (("shared pages counted once", "endurance.proportional_megabytes"),)
    return [
        Figure("a knob turned without pause", "endurance.late_percent", "late repaints, % of painted steps", "", "less",
               Bar(at_most=MOST_LATE_PERCENT), late),
        Figure("a knob turned without pause", "endurance.gaps", "gaps, no more than a bare callback's", "", "less",
               Bar(at_most=1.0, times="endurance.bare_gaps"), (("bare callback", "endurance.bare_gaps"),)),
        Figure("start and rest", "start.worst", "first sound after the start, worst", "s", "less",
               Bar(at_most=MOST_START_SECONDS), (("median", "start.median"), ("starts", "start.starts"))),
        Figure("start and rest", "endurance.resident_megabytes", "resident memory of all processes", "MB", "less",
               Bar(at_most=MOST_MEGABYTES), memory),
        Figure("start and rest", "endurance.own_idle_percent_of_a_core", "idle without a bare callback's share, % of a core", "",
               "less", Bar(at_most=MOST_IDLE_PERCENT), own),
        Figure("start and rest", "endurance.idle_percent_of_a_core", "idle, all of it, % of a core", "", "less", None, shares),
    ]  # fmt: skip
