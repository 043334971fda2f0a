"""`--provider auto`: the path on the CPU or the sound graph on another provider, whichever is faster on this machine.

A hand turns a knob and waits: on the CPU for one step to be painted, on a GPU for the graph, which paints the whole loop. The
graph serves where it takes no longer than that step. Both are timed once for each machine and model and remembered in a small
file in the user's cache folder. Where there is no GPU nothing is loaded, timed or looked up.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from bridge.errors import VamenError
from bridge.generator import Ring
from bridge.model import CUDA, Model
from bridge.sound_graph import GraphProvider, SoundGraph
from bridge.whole_file import replacing

logger = logging.getLogger(__name__)

REPEATS = 5
CACHE_FILE = "providers.json"
_NAME_LENGTH = 256


@dataclass(frozen=True)
class Timing:
    """Medians in seconds, latent to samples: a step repainted and a whole loop from cold on the CPU; a loop by the graph."""

    cpu_step: float
    cpu_loop: float
    graph_loop: float

    @property
    def faster(self) -> GraphProvider:
        """The provider that a hand should have."""
        return "cuda" if self.graph_loop <= self.cpu_step else "cpu"


@lru_cache(maxsize=1)
def cuda_device() -> str | None:
    """The name of this machine's first GPU; None where there is none, no driver for it, or an onnxruntime that cannot use it."""
    import onnxruntime

    if CUDA not in onnxruntime.get_available_providers():
        return None
    try:
        # Asked of the driver itself: onnxruntime would load a quarter of a gigabyte to find out the same.
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
    name = ctypes.create_string_buffer(_NAME_LENGTH)
    device = ctypes.c_int()
    calls: tuple[Callable[[], int], ...] = (
        lambda: driver.cuInit(0),
        lambda: driver.cuDeviceGet(ctypes.byref(device), 0),
        lambda: driver.cuDeviceGetName(name, _NAME_LENGTH, device),
    )
    return name.value.decode(errors="replace") if all(call() == 0 for call in calls) else None


def fastest(path: Path | None) -> GraphProvider:
    """The provider that "auto" stands for with a model file (None: the shipped one).

    :raises VamenError: the model cannot be loaded
    """
    device = cuda_device()
    if device is None:
        return "cpu"
    model = Model.load(path, provider="cpu")
    known = _remembered().get(_key(model, device))
    if known is not None:
        return known.faster
    logger.info("How fast this machine is with %s is measured once, for --provider auto.", device)
    try:
        graph = SoundGraph(model, "cuda")
    except VamenError as error:
        logger.info("The GPU (%s) has no part in it: %s", device, error)
        return "cpu"
    timing = Timing(*cpu_seconds(model), graph_seconds(model, graph))
    remember(model, timing)
    return timing.faster


def cpu_seconds(model: Model) -> tuple[float, float]:
    """Medians of the path on the CPU: a step that a hand has moved in a ring that sounds, and a whole loop from cold."""
    latent = model.metadata.slots[0].latent
    moved = latent.copy()
    moved[0] = latent[1]
    ring = Ring(model, latent, model.metadata.spec.beats_per_minute)
    turns = itertools.cycle([moved, latent])

    def turn() -> None:
        ring.move_to(next(turns))
        ring.paint_step(0)

    loop = median_seconds(ring.paint_all)
    return median_seconds(turn), loop


def graph_seconds(model: Model, graph: SoundGraph) -> float:
    """Median of the graph: a whole loop from cold."""
    latents, tempo = model.metadata.slots[0].latent[None], model.metadata.spec.beats_per_minute
    return median_seconds(lambda: graph.render(latents, tempo))


def remember(model: Model, timing: Timing) -> None:
    """Keep a measurement of this machine's GPU for the next start; where that fails, the next start measures again."""
    path, device = _cache_path(), cuda_device()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        known = {key: asdict(value) for key, value in (_remembered() | {_key(model, device): timing}).items()}
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(known, indent=1), encoding="utf-8")
    except (OSError, VamenError) as error:
        logger.info("How fast this machine is cannot be remembered in %s (%s): it is measured at every start.", path, error)


def _remembered() -> dict[str, Timing]:
    """What is known from before: nothing where the file is missing or not what was written."""
    try:
        entries = json.loads(_cache_path().read_text(encoding="utf-8"))
        return {str(key): Timing(**{name: float(seconds) for name, seconds in entry.items()}) for key, entry in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _key(model: Model, device: str | None) -> str:
    import onnxruntime

    return f"{onnxruntime.__version__} {CUDA} {device} {model.sha256}"


def _cache_path() -> Path:
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches"
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "vamen" / CACHE_FILE


def median_seconds(action: Callable[[], object]) -> float:
    """Median time of an action in seconds, after two runs that do not count: the second may still be captured."""
    seconds = []
    for _ in range(2 + REPEATS):
        begun = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[2:])
