"""Loops of the user's that no training image used: how well the model knows them through `vamen encode`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.mel_spectrogram import FloatArray, MelSpectrogramSpec, unit_image
from training.pca import PrincipalComponents
from training.ruler.images import Progress, image_figures
from training.ruler.originals import Original
from training.ruler.painter import Painters
from training.ruler.sound import sound_figures
from training.scores import block_level_db


def loop_figures(
    painters: Painters,
    loops: Sequence[Original],
    latents: Sequence[FloatArray],
    others: NDArray[np.uint8],
    pca: PrincipalComponents,
    workers: int,
    progress: Progress,
) -> dict[str, Any]:
    """Figures of loops as those of held-out breaks.

    :param others: images (count, n_mels, n_frames) of other breaks, among which each loop is to be recognised
    :returns: "pictures", "sound", and "recognised": the share of loops whose painted image lies nearer to its own original than
        to any other loop or break, by the averaged error
    """
    spec = painters.metadata.spec
    painted = painters.paint(latents)
    images = np.stack([loop.image for loop in loops])
    return {
        "pictures": image_figures(painters, images, latents, pca, lambda part: progress(0.2 * part)),
        "sound": sound_figures(loops, painted, spec, workers, lambda part: progress(0.2 + 0.8 * part)),
        "recognised": recognised(painted, images, others, spec),
    }


def recognised(
    painted: Sequence[FloatArray], originals: FloatArray, others: NDArray[np.uint8], spec: MelSpectrogramSpec
) -> float:
    """Share of painted images (count, n_mels, n_frames) that lie nearest to their own original, averaged over blocks."""

    def levels(images: NDArray[Any]) -> FloatArray:
        return np.stack([block_level_db(unit_image(image)[np.newaxis], spec.dynamic_range_db).ravel() for image in images])

    candidates = np.concatenate([levels(originals), levels(others)])
    nearest = [int(np.argmin(np.square(candidates - level).sum(axis=1))) for level in levels(np.stack(painted))]
    return float(np.mean(np.array(nearest) == np.arange(len(nearest))))
