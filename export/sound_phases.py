"""The phases that the sound graph begins with: the low band's, which are decided, and all others', integrated from magnitudes.

What runs frame after frame on the CPU is found by masks and by doubling here.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from bridge.low_band import _ITERATIONS as LOW_ITERATIONS
from bridge.low_band import _MOMENTUM as LOW_MOMENTUM
from bridge.low_band import _ONSET_PHASE as ONSET_PHASE
from bridge.low_band import _ONSET_SHARE as ONSET_SHARE
from bridge.low_band import _TRUSTED_OFFSET as TRUSTED_OFFSET
from bridge.sound_tables import SCAN_LEVELS
from bridge.start_phase import _SWEEPS as SWEEPS
from export.onnx_operations import reshaped, taken, unbound
from export.sound_image import Tables

DOUBLINGS = 4
"""A phase is carried along frequency by at most 2**DOUBLINGS - 1 bins in one frame."""

FAR = 1e6
"""Further than any bin."""

LOUD = 1e12
"""Louder than any bin."""

TURN = 2.0 * math.pi


def low_band(magnitude: Tensor, tables: Tables) -> tuple[Tensor, Tensor]:
    """As `low_band_phase`: phasors (batch, n_frames, low_bins, 2), and 1 where they are decided, else 0: (batch, n_frames, 1)."""
    target = taken(taken(magnitude, tables["low_target_bins"], 2), tables["run_frames"])
    phase, decided = _oscillators(taken(target, tables["low_bins"], 3), tables)
    # (batch, runs, frames and bins of a run, real and imaginary part)
    start = torch.stack([phase.cos(), phase.sin()], 3).unsqueeze(3)
    spectrum = previous = reshaped(target.unsqueeze(4) * start, 0, 0, -1, 2)
    wanted = reshaped(target, 0, 0, -1, 1)
    for _ in range(LOW_ITERATIONS):
        # What a run's sound has of a spectrum is linear in it, so momentum may as well come before; only the phase counts.
        pushed = spectrum - previous * float(LOW_MOMENTUM / (1.0 + LOW_MOMENTUM))
        previous = spectrum
        spectrum = _at_length(reshaped(reshaped(pushed, 0, 0, -1) @ tables["low_matrix"], 0, 0, -1, 2), wanted)
    phasor = _at_length(taken(reshaped(spectrum, 0, -1, 2), tables["painted_low_bins"]), 1.0)
    return phasor, taken(reshaped(decided, 0, -1, 1), tables["painted_frames"])


def _at_length(pairs: Tensor, length: Tensor | float) -> Tensor:
    """Pairs of real and imaginary part (..., 2), brought to a length."""
    return pairs * (length / pairs.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-12))


def _oscillators(magnitude: Tensor, tables: Tables) -> tuple[Tensor, Tensor]:
    """As `oscillator_phase` of (batch, runs, n, low_bins): phase in radians, and 1 where it is decided: both (batch, runs, n)."""
    power = magnitude.square()
    weight = power[..., :-1].square()
    frequency = (weight * tables["low_order"]).sum(3) / weight.sum(3).clamp(min=1e-20) * tables["turn_per_frame"]
    onset, offset = _onsets(power, tables)

    travelled = frequency.cumsum(2) - 0.5 * frequency - 0.5 * frequency[:, :, :1]
    begun = travelled + offset * frequency
    order = tables["run_order"]
    earlier = onset.unsqueeze(2) & tables["run_not_later"].bool()
    latest = torch.where(earlier, order, -1.0).amax(3)
    decided = latest >= 0.0
    phase = ONSET_PHASE + travelled - begun.gather(2, latest.clamp(min=0.0).long())
    level = power.sum(3).sqrt()
    for back in (2, 1):
        ahead = tables["run_beside"][:, 2 + back]
        # A run's last frames have no frame so far ahead.
        touches = taken(onset, ahead, 2) & (level < 0.5 * taken(level, ahead, 2)) & (taken(order, ahead, 0) - order > back - 0.5)
        phase = torch.where(touches, ONSET_PHASE - (back + taken(offset, ahead, 2)) * taken(frequency, ahead, 2), phase)
        decided = decided | touches
    return phase, decided.float()


def _onsets(power: Tensor, tables: Tables) -> tuple[Tensor, Tensor]:
    beside = tables["run_beside"]
    two_before, before, _, after, two_after = unbound(taken(power, beside, 2), 3)
    fresh = (two_after - two_before).relu().sum(3)
    total = two_after.sum(3)
    rise = (after - before).relu().sum(3)
    rise_two_before, rise_before, _, rise_after, rise_two_after = unbound(taken(rise, beside, 2), 3)
    onset = (rise >= rise_before) & (rise > rise_after) & (rise >= rise_two_before) & (rise >= rise_two_after)
    onset = onset & (fresh > ONSET_SHARE * total) & (total > tables["onset_power"]) & tables["run_has_past"].bool()
    early, now, late = ((seen - two_before).relu().sum(3) for seen in (before, power, after))
    offset = _interpolated(early / now.clamp(min=1e-20), "before", tables)
    from_after = _interpolated(now / late.clamp(min=1e-20), "after", tables)
    return onset, torch.where(offset > TRUSTED_OFFSET, from_after, offset)


def _interpolated(share: Tensor, name: str, tables: Tables) -> Tensor:
    beyond = torch.minimum((share.unsqueeze(3) - tables[f"{name}_from"]).relu(), tables[f"{name}_width"])
    return tables[f"{name}_first"] + (beyond * tables[f"{name}_slope"]).sum(3)


def start_phases(magnitude: Tensor, low: Tensor, decided: Tensor, tables: Tables) -> Tensor:
    """Starting phasors by phase-gradient integration, as `bridge.start_phase`: (batch, n_frames, 2, n_bins).

    There each frame looks up, at its anchors, the phases of the frame before; here that chain is cut short by doubling: what
    a frame takes from the one before, from the two before, the four, and so on, until every bin's chain has come to ground:
    a decided phase, or the quietest frame of a bar, which starts from nothing.
    """
    frame_before, frame_after = tables["frames_beside"][:, 0], tables["frames_beside"][:, 2]
    energy = magnitude.square().sum(2)
    quietest = energy <= taken(taken(energy, tables["bar_frames"]).amin(2), tables["frame_bar"])
    begins = quietest.unsqueeze(2)

    width = torch.where(begins, 0.0, taken(magnitude, frame_before))
    width = torch.where(tables["is_low_bin"] > 0.0, LOUD, width)
    anchor = _anchors(width, magnitude, tables["bins"])
    advance, height = _gradients(magnitude, frame_before, frame_after, tables)
    turns = height + (advance - height).gather(2, anchor.long())
    last_low = tables["last_low_bin"]
    of_low = (decided > 0.0) & (anchor <= last_low)
    low_start = _turn_of(low) - taken(advance, tables["low_bins"], 2)
    turns = turns + torch.where(of_low, low_start.gather(2, torch.minimum(anchor, last_low).long()), 0.0)

    # One more bin, the first, stands for the ground: its phase is 0 and comes from itself.
    anchor = F.pad(torch.where(begins | of_low, 0.0, anchor + 1.0), (1, 0)).long()
    turns = F.pad(turns, (1, 0))
    for level in range(SCAN_LEVELS):
        back = tables["frames_back"][level]
        turns = turns + taken(turns, back).gather(2, anchor)
        turns = turns - turns.round()
        anchor = taken(anchor, back).gather(2, anchor)
    angle = TURN * turns[:, :, 1:]
    return torch.stack([angle.cos(), angle.sin()], 2)


def _anchors(width: Tensor, magnitude: Tensor, bins: Tensor) -> Tensor:
    path = width
    for _ in range(SWEEPS):
        path = torch.maximum(path, F.pad(torch.minimum(path, magnitude), (1, -1)))
        path = torch.maximum(path, F.pad(torch.minimum(path, magnitude), (-1, 1)))
    anchored = path <= width
    left, right = torch.where(anchored, bins, -FAR), torch.where(anchored, bins, FAR)
    for step in (2**doubling for doubling in range(DOUBLINGS)):
        left = torch.maximum(left, F.pad(left, (step, -step), value=-FAR))
        right = torch.minimum(right, F.pad(right, (-step, step), value=FAR))
    anchor = torch.where(bins - left <= right - bins, left, right)
    return torch.where(anchor.abs() < FAR, anchor, bins)


def _gradients(magnitude: Tensor, before: Tensor, after: Tensor, tables: Tables) -> tuple[Tensor, Tensor]:
    loudest = magnitude.amax((1, 2), keepdim=True).clamp(min=1e-7)
    level = torch.maximum(magnitude, 1e-7 * loudest).log()
    slope = F.pad(level, (-2, 0)) - F.pad(level, (0, -2))
    slope = F.pad(slope, (1, 1))
    advance = (slope + taken(slope, before)) * tables["advance_share"] + tables["steady"]
    rise = (taken(level, after) - taken(level, before)) * tables["height_share"]
    height = rise.cumsum(2) - 0.5 * rise - 0.5 * rise[:, :, :1]
    return advance, height


def _turn_of(pairs: Tensor) -> Tensor:
    """The angle of phasors (..., 2), in turns: (...).

    After Hastings, "Approximations for digital computers", 1955, sheet 11: the CUDA provider has no arctangent.
    """
    real, imaginary = unbound(pairs, 3)
    across, along = imaginary.abs(), real.abs()
    ratio = torch.minimum(across, along) / torch.maximum(across, along).clamp(min=1e-12)
    square = ratio.square()
    angle = ratio * (0.9998660 + square * (-0.3302995 + square * (0.1801410 + square * (-0.0851330 + square * 0.0208351))))
    angle = torch.where(across > along, 0.5 * math.pi - angle, angle)
    angle = torch.where(real < 0.0, math.pi - angle, angle)
    return torch.where(imaginary < 0.0, -angle, angle) / TURN
