"""Who serves under `--provider auto`, measured once and remembered."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bridge import provider_choice
from bridge.break_render import render_break
from bridge.generator import Ring
from bridge.graph_ring import GraphRing, ring_of
from bridge.model import Model
from bridge.provider_choice import Timing, fastest, median_seconds, remember
from bridge.sound_graph import SoundGraph, graph_of
from tests.make_tiny_model import PATH as TINY

FAST_GPU, SLOW_GPU = Timing(0.008, 0.04, 0.003), Timing(0.008, 0.04, 0.02)


@pytest.fixture(scope="module")
def tiny() -> Model:
    return Model.load(TINY)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with a GPU, and its cache file."""
    path = tmp_path / "caches" / "providers.json"
    monkeypatch.setattr(provider_choice, "_cache_path", lambda: path)
    monkeypatch.setattr(provider_choice, "cuda_device", lambda: "A GPU")
    return path


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Providers on which graphs were opened to be timed; the GPU is a fast one."""
    opened: list[str] = []
    monkeypatch.setattr(provider_choice, "SoundGraph", lambda model, provider: opened.append(provider))
    monkeypatch.setattr(provider_choice, "cpu_seconds", lambda model: (FAST_GPU.cpu_step, FAST_GPU.cpu_loop))
    monkeypatch.setattr(provider_choice, "graph_seconds", lambda model, graph: FAST_GPU.graph_loop)
    return opened


def test_the_graph_serves_where_it_paints_a_loop_in_the_time_of_a_step() -> None:
    assert FAST_GPU.faster == "cuda"
    assert SLOW_GPU.faster == "cpu"


def test_a_machine_is_measured_once(cache: Path, sessions: list[str]) -> None:
    assert [fastest(TINY), fastest(TINY)] == ["cuda", "cuda"]
    assert sessions == ["cuda"]
    [(key, seconds)] = json.loads(cache.read_text()).items()
    assert "A GPU" in key and Model.load(TINY).sha256 in key
    assert Timing(**seconds) == FAST_GPU


def test_what_the_doctor_measured_counts(cache: Path, sessions: list[str], tiny: Model) -> None:
    remember(tiny, SLOW_GPU)
    assert fastest(TINY) == "cpu"
    assert sessions == []


@pytest.mark.parametrize("content", ["", "[]", '{"a": 3}', '{"a": {"cpu_step": 1}}', "\0"])
def test_a_broken_cache_is_measured_anew(cache: Path, sessions: list[str], content: str) -> None:
    cache.parent.mkdir()
    cache.write_text(content)
    assert fastest(TINY) == "cuda"
    assert sessions == ["cuda"]
    assert len(json.loads(cache.read_text())) == 1


def test_a_cache_that_cannot_be_written_is_no_error(cache: Path, sessions: list[str]) -> None:
    cache.parent.write_text("a file where the folder should be")
    assert [fastest(TINY), fastest(TINY)] == ["cuda", "cuda"]
    assert sessions == ["cuda", "cuda"]


def test_without_a_gpu_nothing_is_loaded_or_timed(cache: Path, sessions: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_choice, "cuda_device", lambda: None)
    assert fastest(Path("nowhere.onnx")) == "cpu"
    assert sessions == [] and not cache.exists()


def test_a_time_is_the_median_of_what_comes_after_warming_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # Starts and ends of seven runs: the first two do not count.
    clock = iter([0.0, 9.0, 10.0, 19.0, 20, 21, 30, 32, 40, 43, 50, 54, 60, 65])
    monkeypatch.setattr(provider_choice, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert median_seconds(lambda: None) == 3.0


@pytest.fixture(scope="module")
def graph(tiny: Model) -> SoundGraph:
    return SoundGraph(tiny, "cpu")


def test_a_ring_of_the_graph_paints_all_that_is_dirty_at_once(tiny: Model, graph: SoundGraph) -> None:
    first, second = (slot.latent for slot in tiny.metadata.slots[:2])
    ring = GraphRing(tiny, graph, first, 170.0)
    assert ring.dirty.all()
    ring.paint_all()
    assert not ring.dirty.any()
    [expected] = graph.render(first[np.newaxis], ring.beats_per_minute)
    assert np.array_equal(ring.samples, expected)

    ring.move_to(first.copy())
    assert not ring.dirty.any()
    twin = ring.copy()
    twin.move_to(second)
    assert twin.dirty.all() and not ring.dirty.any()
    twin.paint_step(5)
    assert not twin.dirty.any()
    assert np.array_equal(ring.samples, expected) and not np.array_equal(twin.samples, expected)
    assert np.array_equal(twin.samples, graph.render(second[np.newaxis], ring.beats_per_minute)[0])
    twin.spoil(3)
    assert np.flatnonzero(twin.dirty).tolist() == [3]


def test_who_serves_decides_how_rings_and_exports_are_painted(
    tiny: Model, graph: SoundGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    latent = tiny.metadata.slots[0].latent
    assert type(ring_of(tiny, latent, 170.0)) is Ring
    on_cpu, image = render_break(tiny, latent, 170.0)
    assert graph_of(tiny) is None
    for module in ("graph_ring", "break_render"):
        monkeypatch.setattr(f"bridge.{module}.graph_of", lambda model: graph)
    ring = ring_of(tiny, latent, 170.0)
    ring.paint_all()
    by_graph, again = render_break(tiny, latent, 170.0)
    assert isinstance(ring, GraphRing)
    assert np.array_equal(image, again)
    assert len(ring.samples) == len(by_graph) == len(on_cpu)
    assert not np.array_equal(by_graph, on_cpu)
