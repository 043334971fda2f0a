"""The first steps of the sound graph: an image at the loop's tempo, and the magnitudes behind it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from bridge.mel_inversion import _UPDATES as INVERSION_UPDATES
from bridge.mel_spectrogram import _ATTACK_BODY_COLUMNS as ATTACK_BODY_COLUMNS
from bridge.mel_spectrogram import _ATTACK_RISE as ATTACK_RISE
from bridge.mel_spectrogram import _ATTACK_YIELD as ATTACK_YIELD
from export.onnx_operations import taken, unbound

Tables = Mapping[str, Tensor]
"""What `bridge.sound_tables` says about a loop's grid."""

FAR = 1e6
"""Columns: further than any attack lies."""


def stretched(image: Tensor, tables: Tables) -> Tensor:
    """An image at the loop's tempo, as `stretch_columns`: (batch, n_mels, columns) -> (batch, n_frames, n_mels).

    A frame's place follows from the nearest attack on either side of it and from how far these two are apart.
    """
    levels = image.transpose(1, 2)
    beside = tables["columns_beside"]
    by_band = levels @ tables["bands"]
    rise = (taken(by_band, beside[:, 3]) - taken(by_band, beside[:, 1])).amax(2)
    two_before, before, _, after, two_after = unbound(taken(rise, beside), 2)
    least, whole = ATTACK_RISE
    is_attack = (rise > before) & (rise >= after) & (rise > two_before) & (rise >= two_after) & (rise > least)
    offset = (0.5 * (before - after) / (before - 2.0 * rise + after).clamp(max=-1e-9)).clamp(-0.5, 0.5)
    strength = ((rise - least) / (whole - least)).clamp(0.0, 1.0)

    window = tables["frame_columns"]
    attack = taken(offset, window) + tables["frame_distance"]
    present, surely = taken(is_attack, window), taken(strength, window)
    behind = torch.where(present & (attack <= 0.0), -attack, FAR)
    ahead = torch.where(present & (attack > 0.0), attack, FAR)
    since, until = behind.amin(2), ahead.amin(2)
    give = (0.5 * (since + until)).clamp(max=ATTACK_YIELD)
    half = tables["half_window"]
    first = _moved(since, give, half + ATTACK_BODY_COLUMNS, _of_nearest(behind, since, surely), tables["stretch"])
    second = _moved(until, give, half, _of_nearest(ahead, until, surely), tables["stretch"])
    position = tables["frame_fraction"] + first - second

    left = position.floor()
    fraction = (position - left).unsqueeze(2)
    column = torch.remainder(tables["frame_column"] + left.long(), tables["columns"]).unsqueeze(2) + tables["same_column"]
    right = torch.remainder(column + 1, tables["columns"])
    return levels.gather(1, column) * (1.0 - fraction) + levels.gather(1, right) * fraction


def _of_nearest(distance: Tensor, nearest: Tensor, value: Tensor) -> Tensor:
    return torch.where(distance == nearest.unsqueeze(2), value, 0.0).amax(2)


def _moved(distance: Tensor, give: Tensor, reach: Tensor, strength: Tensor, stretch: Tensor) -> Tensor:
    """By how many columns a frame `distance` from an attack is read further away from it than even time has it."""
    kept = torch.minimum(reach * strength, 0.75 * give * stretch.clamp(max=1.0))
    edge = kept / stretch
    source = torch.where(distance < edge, distance * stretch, kept + (distance - edge) * (give - kept) / (give - edge))
    return torch.where(distance < give, source - distance, 0.0)


def inverted(levels: Tensor, tables: Tables) -> Tensor:
    """Linear magnitudes, as `linear_magnitude`: (batch, n_frames, n_mels) in 0..1 -> (batch, n_frames, n_bins)."""
    power = torch.exp((levels - 1.0) * tables["level_slope"] + tables["level_offset"])
    power = torch.where(levels < 0.5 / 255.0, 0.0, power)
    projected = power @ tables["bank"]
    estimate = torch.maximum(power @ tables["inverse"], tables["least_share"] * projected)
    for _ in range(INVERSION_UPDATES):
        estimate = estimate * (projected / (estimate @ tables["gram"]).clamp(min=1e-20))
    return estimate.sqrt() * tables["magnitude_scale"]
