"""What the sound graph has to know of a loop's grid: every number that follows from spec and tempo alone, as arrays.

The graph itself (export/sound_graph.py) holds no constant of a spec: filter bank, Fourier transform, windows, where frames stand
and overlap, all of it is made here from what the path on the CPU uses, and handed in. Shapes depend on the number of frames and
not on the exact tempo, so that a tempo that moves a little changes what the tables hold and nothing else.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bridge.attack_envelope import _BLOCKS_PER_HOP as BLOCKS_PER_HOP
from bridge.attack_envelope import _SMOOTHING_BLOCKS as SMOOTHING_BLOCKS
from bridge.attack_envelope import _window_energy as window_energy
from bridge.attack_envelope import hops_in_half_window
from bridge.errors import VamenError
from bridge.griffin_lim import LoopGrid
from bridge.low_band import _BINS_AROUND as BINS_AROUND
from bridge.low_band import _ONSET_LEVEL as ONSET_LEVEL
from bridge.low_band import LOOK_BACK_STEPS, low_bins
from bridge.low_band import _resynthesis as resynthesis
from bridge.low_band import _seen_earlier as seen_earlier
from bridge.mel_inversion import _inversion as inversion
from bridge.mel_spectrogram import _ATTACK_BANDS as ATTACK_BANDS
from bridge.mel_spectrogram import (
    BEATS_PER_BAR,
    ENGINE_SAMPLE_RATE,
    STRETCH_REACH,
    MelSpectrogramSpec,
    analysis_window,
    mel_filter_bank,
    spectrum_scale,
)
from bridge.start_phase import _TIME_BANDWIDTH as TIME_BANDWIDTH

Tables = dict[str, NDArray[np.generic]]

OVERLAPS = 8
"""Frames that may cover one sample; as many are gathered for each."""

SCAN_LEVELS = 11
"""Times that the reach of the phases' integration doubles: two bars at the slowest tempo have fewer than 2**11 frames."""


def sample_capacity(grid: LoopGrid) -> int:
    """Samples that the tables of a grid have room for: those of the slowest tempo with as many frames."""
    spec = grid.spec
    hop = spec.hop_length * ENGINE_SAMPLE_RATE / spec.sample_rate
    return max(grid.loop_length, math.floor(hop * grid.steps * (grid.frames_per_step + 0.5)))


@lru_cache(maxsize=4)
def sound_tables(grid: LoopGrid) -> Tables:
    """All tables of a grid, by the names of the graph's inputs; floats are float32, indices int64. Not to be written to.

    :raises VamenError: more frames overlap than the graph has room for
    """
    tables = {
        **_stretch_tables(grid),
        **_low_band_tables(grid),
        **_phase_tables(grid),
        **_overlap_tables(grid),
        **_attack_tables(grid),
    }
    return _known_spec(grid.spec) | _narrowed(tables)


def _narrowed(tables: Tables) -> Tables:
    return {
        name: np.ascontiguousarray(table, dtype=np.float32 if np.issubdtype(table.dtype, np.floating) else np.int64)
        for name, table in tables.items()
    }


@lru_cache(maxsize=2)
def _known_spec(spec: MelSpectrogramSpec) -> Tables:
    return _narrowed(_spec_tables(spec))


def _spec_tables(spec: MelSpectrogramSpec) -> Tables:
    """Levels, inversion and Fourier transform."""
    n_fft, n_bins = spec.n_fft_engine, spec.n_bins
    known = inversion(spec)
    bank = mel_filter_bank(spec).astype(np.float64)
    per_level = math.log(10.0) / 10.0
    angle = 2 * np.pi * np.outer(np.arange(n_fft) - n_fft // 2, np.arange(n_bins)) / n_fft
    window = analysis_window(n_fft).astype(np.float64)[:, None]
    analysis = np.concatenate([window * np.cos(angle), -window * np.sin(angle)], axis=1)
    # A real spectrum's bins count twice, but for 0 Hz and half the sample rate.
    share = np.where(np.isin(np.arange(n_bins), (0, n_fft // 2)), 1.0, 2.0) / n_fft
    synthesis = analysis.T * np.tile(share, 2)[:, None]
    # Real and imaginary parts by turns, as the low band has them.
    decided = np.arange(low_bins(spec))[:, None] + (0, n_bins)
    return {
        "level_slope": np.array(per_level * spec.dynamic_range_db),
        "level_offset": np.array(per_level * spec.reference_level_db),
        "inverse": known.inverse.toarray().T,
        "bank": bank,
        "gram": bank.T @ bank,
        "least_share": 1e-3 * known.floor[:, 0],
        "magnitude_scale": np.array(1.0 / spectrum_scale(n_fft)),
        "analysis": analysis,
        "synthesis": synthesis,
        "low_synthesis": synthesis[decided.ravel()],
        "is_low_bin": np.arange(n_bins) < low_bins(spec),
        "bins": np.arange(n_bins, dtype=np.float64),
        "energy_share": share,
    }


def _stretch_tables(grid: LoopGrid) -> Tables:
    """Where each frame is read in the image, were there no attacks, and the columns around it."""
    spec = grid.spec
    columns = grid.steps * spec.frames_per_step
    bands = np.zeros((spec.n_mels, ATTACK_BANDS))
    for band, rows in enumerate(np.array_split(np.arange(spec.n_mels), ATTACK_BANDS)):
        bands[rows, band] = 1.0 / len(rows)
    even = np.arange(grid.n_frames) * (columns / grid.n_frames)
    column = np.floor(even).astype(np.int64)
    window = column[:, None] + np.arange(-STRETCH_REACH, STRETCH_REACH + 1)
    return {
        "bands": bands,
        "columns": np.array(columns),
        "columns_beside": (np.arange(columns)[:, None] + np.arange(-2, 3)) % columns,
        "frame_column": column,
        "frame_fraction": even - column,
        "frame_columns": window % columns,
        # Windows see an attack coming: the steepest rise of a picture in decibels is early by half of what they reach ahead.
        "frame_distance": window + spec.half_window_columns / 2 - even[:, None],
        "half_window": np.array(spec.half_window_columns),
        "stretch": np.array(grid.n_frames / columns),
        "same_column": np.zeros(spec.n_mels, dtype=np.int64),
    }


def _low_band_tables(grid: LoopGrid) -> Tables:
    """Runs of frames in which the low band is decided, and one matrix for what a run's spectra make together."""
    spec, width = grid.spec, grid.frames_per_step
    before = LOOK_BACK_STEPS * width
    n, n_bins = before + width, low_bins(spec) + BINS_AROUND
    run = (np.arange(grid.steps)[:, None] * width + np.arange(-before, width)) % grid.n_frames
    reach, matrix = resynthesis(spec.n_fft_engine, n_bins, grid.hop)
    blocks = matrix.reshape(2 * reach + 1, 2 * n_bins, 2 * n_bins)
    whole = np.zeros((n, 2 * n_bins, n, 2 * n_bins), dtype=np.float32)
    for shift in range(-reach, reach + 1):
        given = np.arange(max(0, shift), n + min(0, shift))
        whole[given, :, given - shift] = blocks[shift + reach]
    shares, offsets = zip(*(seen_earlier(spec.n_fft_engine, grid.hop, frame) for frame in (-1, 0)), strict=True)
    order = np.arange(n)
    painted = np.arange(grid.steps)[:, None] * n + np.arange(before, n)
    return {
        "run_frames": run,
        "run_beside": np.clip(order[:, None] + np.arange(-2, 3), 0, n - 1),
        "run_not_later": order[:, None] >= order,
        "run_has_past": order >= 2,
        "run_order": order.astype(np.float64),
        "low_bins": np.arange(low_bins(spec)),
        "low_order": np.arange(low_bins(spec) - 1.0),
        "last_low_bin": np.array(low_bins(spec) - 1.0),
        "low_target_bins": np.arange(n_bins),
        "painted_frames": painted.ravel(),
        "painted_low_bins": painted.reshape(-1, 1) * n_bins + np.arange(low_bins(spec)),
        "turn_per_frame": np.array(grid.hop * 2 * np.pi / spec.n_fft_engine),
        "onset_power": np.array((ONSET_LEVEL / spectrum_scale(spec.n_fft_engine)) ** 2),
        "low_matrix": whole.reshape(n * 2 * n_bins, n * 2 * n_bins),
        **_interpolation("before", shares[0], offsets[0]),
        **_interpolation("after", shares[1], offsets[1]),
    }


def _interpolation(name: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> Tables:
    """`np.interp(_, x, y)` as y[0] + sum(slope * clip(_ - begin, 0, width))."""
    width = np.diff(x)
    return {f"{name}_from": x[:-1], f"{name}_width": width, f"{name}_slope": np.diff(y) / width, f"{name}_first": y[:1]}


def _phase_tables(grid: LoopGrid) -> Tables:
    """Phase-gradient integration: what a bin's phase does in a frame, in turns, and which frames are integrated together."""
    n_fft = grid.spec.n_fft_engine
    gamma, bin_width = TIME_BANDWIDTH * n_fft**2, 2 * np.pi / n_fft
    steady = grid.hop * np.arange(grid.spec.n_bins) / n_fft
    frames = np.arange(grid.n_frames)
    per_bar = BEATS_PER_BAR * grid.spec.steps_per_beat * grid.frames_per_step
    return {
        "steady": steady - np.rint(steady),
        "advance_share": np.array(grid.hop / gamma / bin_width / 4),
        "height_share": np.array(-gamma * bin_width / grid.hop / (2 * np.pi) ** 2 / 2),
        "frames_beside": (frames[:, None] + np.arange(-1, 2)) % grid.n_frames,
        "frames_back": (frames - 2 ** np.arange(SCAN_LEVELS)[:, None]) % grid.n_frames,
        "bar_frames": np.arange(grid.n_frames).reshape(-1, per_bar),
        "frame_bar": frames // per_bar,
    }


def _overlap_tables(grid: LoopGrid) -> Tables:
    """Which samples a frame sees, and which places of which frames make a sample."""
    n_fft, length, n_frames = grid.spec.n_fft_engine, grid.loop_length, grid.n_frames
    half = n_fft // 2
    capacity = sample_capacity(grid)
    line = (grid.centres + length * np.arange(-1, 2)[:, None]).ravel()
    samples = np.arange(length)
    # A window's first place is silent: only the n_fft - 1 others count.
    first, beyond = (np.searchsorted(line, samples + edge, side="right") for edge in (-half, half - 1))
    if (beyond - first).max() > OVERLAPS:
        raise VamenError(
            f"At this tempo {(beyond - first).max()} frames of '{grid.spec.name}' overlap, more than the {OVERLAPS} that the "
            "sound graph has room for: use --provider cpu."
        )
    covering = first + np.arange(OVERLAPS)[:, None]
    place = samples - line[np.minimum(covering, len(line) - 1)] + half
    # Where fewer frames cover a sample, what is gathered is that silent place.
    flat = np.where(covering < beyond, covering % n_frames * n_fft + place, 0)
    padded = np.zeros((OVERLAPS, capacity), dtype=np.int64)
    padded[:, :length] = flat
    inverse = np.zeros(capacity)
    inverse[:length] = 1.0 / grid.window_sum
    return {
        "frame_samples": (grid.centres[:, None] - half + np.arange(n_fft)) % length,
        "overlap": padded,
        "inverse_window_sum": inverse,
    }


def _attack_tables(grid: LoopGrid) -> Tables:
    """Blocks of samples, the frames that see them, and each sample's place between two blocks."""
    n_fft, hops, length = grid.spec.n_fft_engine, grid.n_frames, grid.loop_length
    n_blocks = hops * BLOCKS_PER_HOP
    centres = np.append(grid.centres, length)
    starts = np.interp(np.arange(n_blocks + 1) / BLOCKS_PER_HOP, np.arange(hops + 1), centres)
    edges = np.rint(starts).astype(np.int64)
    longest = math.ceil(sample_capacity(grid) / n_blocks) + 2
    within = np.arange(longest) < np.diff(edges)[:, None]
    half = hops_in_half_window(n_fft, grid.hop)
    weight = window_energy(n_fft, grid.hop)
    around = np.arange(-half, half)
    middle = (starts[1:] + starts[:-1]) / 2
    line = np.concatenate([[middle[-1] - length], middle, [middle[0] + length]])
    place = np.arange(length) + 0.5
    right = np.searchsorted(line, place)
    capacity = sample_capacity(grid)
    blocks, fraction = np.zeros((2, capacity), dtype=np.int64), np.zeros(capacity)
    blocks[:, :length] = (right - 2) % n_blocks, (right - 1) % n_blocks
    fraction[:length] = (place - line[right - 1]) / (line[right] - line[right - 1])
    reach = SMOOTHING_BLOCKS // 2
    return {
        "block_samples": np.where(within, edges[:-1, None] + np.arange(longest), 0),
        "block_share": within / np.diff(edges)[:, None],
        "blocks_beside": (np.arange(n_blocks)[:, None] + np.arange(-reach, reach + 1)) % n_blocks,
        "seen_blocks": (np.arange(hops)[:, None] * BLOCKS_PER_HOP + np.arange(-half * BLOCKS_PER_HOP, half * BLOCKS_PER_HOP))
        % n_blocks,
        "seen_weight": weight.reshape(-1, 1),
        "seeing_frames": (np.arange(hops)[:, None] - around) % hops,
        "seeing_weight": weight / weight.sum(axis=0),
        "sample_blocks": blocks,
        "sample_fraction": fraction,
    }
