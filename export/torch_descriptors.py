"""The descriptors of `training.descriptors` once more in torch, so that axes can be fitted by gradient.

Values are the same (a test compares them). Where a value is clipped its gradient leaks, or a knob that should add a hit to a
silent step would never learn how.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from training.descriptors import (
    AUDIBLE_DB,
    BACKBEATS,
    BANDS,
    BODY_PERCENTILE,
    EARLY_COLUMNS,
    FAINT_DB,
    GHOST_RISE_DB,
    KICK_HIT_DB,
    KICK_STEPS,
    LOUD_DB,
    MAX_RISE_DB,
    OCCUPIED_DB,
    RISE_COLUMNS,
    SNARE_HIT_DB,
    UNDER_DB,
)

LEAK = 0.1
"""Gradient of a clipped value, as a share of the unclipped one's."""


@dataclass(frozen=True)
class Heard:
    """What is measured on breaks."""

    descriptors: Tensor
    """(break, descriptor), in the order of `training.descriptors.DESCRIPTIONS`."""
    hits: Tensor
    """(break, 1 + backbeats): rises in dB of the kick on the one and of the snares on the backbeats."""
    level_db: Tensor
    """(break,): level of the mean power."""


def listen(levels: Tensor, steps: int) -> Heard:
    """Descriptors of band levels (break, band, n_frames) as `training.descriptors.band_levels` gives them."""
    band = dict(zip(BANDS, levels.unbind(dim=1), strict=True))
    floor_db = band["whole"].amax(dim=1, keepdim=True) - AUDIBLE_DB
    kick, body, snare, air, whole = (torch.maximum(band[name], floor_db) for name in BANDS[:-1])
    kick_rise, snare_rise, air_rise = (_step_rises(level, steps) for level in (kick, snare, air))
    occupied = torch.maximum(torch.maximum(kick_rise, snare_rise), air_rise)
    snare_peak, kick_peak = (_by_step(level, steps).amax(dim=2) for level in (snare, kick))
    backbeats = list(BACKBEATS)
    elsewhere = [step for step in range(steps) if step not in BACKBEATS]
    backbeat_db = _median(snare_peak[:, backbeats])
    kick_hits = kick_rise * _ramp(kick_peak - kick_peak.amax(dim=1, keepdim=True), KICK_HIT_DB)
    snare_hits = snare_rise * _ramp(snare_peak - snare_peak.amax(dim=1, keepdim=True), SNARE_HIT_DB)
    straight = kick_hits[:, list(KICK_STEPS)].sum(dim=1) + snare_hits[:, backbeats].sum(dim=1)
    under_db = backbeat_db[:, None] - snare_peak[:, elsewhere]
    soft = _ramp(under_db, UNDER_DB) * _ramp(-under_db, FAINT_DB) * _ramp(snare_rise[:, elsewhere], GHOST_RISE_DB)
    loud = whole > whole.amax(dim=1, keepdim=True) - LOUD_DB
    descriptors = [
        _ramp(occupied, OCCUPIED_DB).mean(dim=1),
        1.0 - straight / (kick_hits.sum(dim=1) + snare_hits.sum(dim=1)).clamp(min=1e-9),
        soft.mean(dim=1),
        _mean_db(kick) - _mean_db(whole),
        _mean_db(air) - _mean_db(whole),
        backbeat_db - _median(snare_peak[:, elsewhere]),
        body.mean(dim=1) - torch.quantile(body, BODY_PERCENTILE / 100.0, dim=1),
        (band["flatness"] * loud).sum(dim=1) / loud.sum(dim=1),
    ]
    hits = torch.cat([kick_rise[:, :1], snare_rise[:, backbeats]], dim=1)
    return Heard(torch.stack(descriptors, dim=1), hits, _mean_db(band["whole"]))


def _leaky_clip(value: Tensor, low: float, high: float) -> Tensor:
    clipped = value.clamp(low, high)
    leaking = clipped + LEAK * (value - clipped)
    return leaking + (clipped - leaking).detach()


def _ramp(value: Tensor, ends: tuple[float, float]) -> Tensor:
    return _leaky_clip((value - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0)


def _step_rises(level_db: Tensor, steps: int) -> Tensor:
    rise = _leaky_clip(level_db - torch.roll(level_db, RISE_COLUMNS, dims=1), 0.0, MAX_RISE_DB)
    return _by_step(rise, steps).amax(dim=2)


def _by_step(columns: Tensor, steps: int) -> Tensor:
    return torch.roll(columns, EARLY_COLUMNS, dims=1).reshape(len(columns), steps, -1)


def _median(values: Tensor) -> Tensor:
    """Of each row, the mean of the two in the middle where their number is even (torch's own takes the lower one)."""
    ordered = values.sort(dim=1).values
    return 0.5 * (ordered[:, (values.shape[1] - 1) // 2] + ordered[:, values.shape[1] // 2])


def _mean_db(level_db: Tensor) -> Tensor:
    return 10.0 * torch.log10(torch.pow(10.0, level_db / 10.0).mean(dim=1))
