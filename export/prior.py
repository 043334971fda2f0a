"""The prior, fitted on the latents of training images: how the instrument draws breaks."""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.model_metadata import FloatArray, Prior

CENTRES = 240
"""Training breaks that the prior puts new ones together from; each costs 1.4 KB of the file."""
LARGEST_GROUP_SHARE = 0.6
SMALLEST_GROUP = 6
"""A kit with fewer breaks would be played back as it is."""
PIECE_BEATS = 1
VARIATION = 0.3
"""Standard deviation of the variation around a piece, in units of that between breaks of a kit."""
COMPONENTS = 24


def fit_prior(latents: FloatArray, kits: np.ndarray[Any, Any], mean: FloatArray, steps_per_beat: int, seed: int) -> Prior:
    """A prior that recombines breaks of one kit.

    :param latents: (count, steps, latent_dimensions)
    :param kits: (count,): which breaks share their main source
    :param mean: (steps, latent_dimensions)
    """
    generator = np.random.default_rng(seed)
    flat = (latents - mean).reshape(len(latents), -1).astype(np.float64)
    order = generator.permutation(len(flat))
    chosen: list[int] = []
    taken: dict[int, int] = {}
    for index in order:
        kit = int(kits[index])
        if taken.get(kit, 0) < LARGEST_GROUP_SHARE * CENTRES and len(chosen) < CENTRES:
            taken[kit] = taken.get(kit, 0) + 1
            chosen.append(int(index))
    groups = _kindred_groups(np.array(chosen), kits, latents.mean(axis=1))
    if not groups:  # a small data set of many kits: any break may be recombined with any
        groups = [np.array(chosen)]
    names = np.unique(kits)
    within = np.concatenate([flat[kits == kit] - flat[kits == kit].mean(axis=0) for kit in names])
    _, lengths, directions = np.linalg.svd(within, full_matrices=False)
    count = min(COMPONENTS, len(lengths))
    components = directions[:count] * (VARIATION * lengths[:count] / np.sqrt(len(within)))[:, np.newaxis]
    return Prior(
        centres=flat[np.concatenate(groups)].astype(np.float32),
        groups=tuple(number for number, group in enumerate(groups) for _ in group),
        piece_steps=PIECE_BEATS * steps_per_beat,
        components=components.astype(np.float32),
        radius=float(np.sqrt(count)),
    )


def _kindred_groups(
    chosen: np.ndarray[Any, Any], kits: np.ndarray[Any, Any], character: np.ndarray[Any, Any]
) -> list[np.ndarray[Any, Any]]:
    """The chosen breaks in groups of one kit and like character, none smaller than SMALLEST_GROUP.

    :param character: (count, latent_dimensions), the mean over a break's steps: filtered and pitched breaks differ in it
    """
    waiting = [chosen[kits[chosen] == kit] for kit in np.unique(kits[chosen])]
    groups = []
    while waiting:
        group = waiting.pop()
        if len(group) >= 2 * SMALLEST_GROUP:
            spread = character[group] - character[group].mean(axis=0)
            order = np.argsort(spread @ np.linalg.svd(spread, full_matrices=False)[2][0], kind="stable")
            waiting += [group[order[: len(group) // 2]], group[order[len(group) // 2 :]]]
        elif len(group) >= SMALLEST_GROUP:
            groups.append(group)
    return groups
