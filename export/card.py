"""The model card beside a model file: everything in it comes from the file's own metadata."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from bridge.model_metadata import ModelMetadata
from training.ruler.bars import table
from training.ruler.claims import KEY
from training.ruler.figures import lines

LICENCE_NOTE = (
    "All sources were published as CC0. A CC0 label on a sampled break speaks for the upload, not for the recording it was "
    "sampled from: the Amen break is six seconds of The Winstons' 1969 recording *Amen, Brother*, whose rights nobody but "
    "their owners can waive."
)
FACTS = ("recipe", "start", "export", "seed", "commit", "hardware", "updates", "minutes", "images", "note")
SCORES = (
    ("error_db", "error, rms dB", "lower is better; of an 80 dB range, grain included"),
    ("smooth_error_db", "the same without grain", "grain that cannot be coded doubles its own error; it is there for the sound"),
    ("mean_image_error_db", "the mean training image's", "what no model at all would get"),
    ("averaged_error_db", "averaged error, rms dB", "power averaged over 4 rows x 4 columns first: grain left out"),
    ("texture", "texture", "variance within those blocks, painted over original; 1 is right"),
    ("sharpness", "sharpness", "energy of rises at onsets, painted over original; 1 is right"),
)


def card(metadata: ModelMetadata, file_name: str, sha256: str) -> str:
    """The card as Markdown."""
    training = metadata.training
    spec = metadata.spec
    own = metadata.latent_dimensions - metadata.kit_dimensions
    turned = training[KEY]["results"]["axes"]["axes"] if KEY in training else {}
    lines = [
        f"# {file_name}",
        "",
        f"A step-latent variational autoencoder of breaks for VAmEn: {spec.steps} steps x {own} latent dimensions and "
        f"{metadata.kit_dimensions} for the kit, decoder reach {metadata.reach}, preset `{spec.name}` ({spec.n_mels} x "
        f"{spec.n_frames} pixels, {spec.sample_rate} Hz). SHA-256 `{sha256}`.",
        "",
        "## How it was made",
        "",
        *(f"- {key}: {training[key]}" for key in FACTS if key in training),
        "",
        "## How good it is",
        "",
        *(_figures(training[KEY]) if KEY in training else _score_table(training["scores"])),
        "",
        "## Axes",
        "",
        "Moved from 0 to 1, in standard deviations of the training set after density has been regressed out; the largest other "
        "movement beside it. Empty where nothing was measured yet (`python -m training.evaluate`, `python -m export.claims`).",
        "",
        "| axis | at 0; at 1 | moves its own by | order kept (Spearman) | moves most beside it |",
        "|---|---|---|---|---|",
        *(_axis_line(axis.name, axis.description, turned.get(axis.name)) for axis in metadata.axes),
        "",
        "## Factory slots",
        "",
        *(f"{number}. {slot.name}" for number, slot in enumerate(metadata.slots, start=1)),
        "",
        "## Sources",
        "",
        LICENCE_NOTE,
        "",
        "| file | SHA-256 |",
        "|---|---|",
        *(f"| {source['name']} | `{source['sha256']}` |" for source in training["sources"]),
        "",
    ]
    return "\n".join(lines)


def _figures(evaluation: dict[str, Any]) -> list[str]:
    """All that the ruler measured, section by section, with the bars."""
    data, loops = evaluation["data"], evaluation["loops"]
    measured = lines(evaluation["results"], table(evaluation["results"]))
    bars = [line for line in measured if line.asked]
    text = [
        f"Measured by `python -m training.evaluate` on {data['count']} breaks made with seed {data['seed']}: no update saw the "
        "held-out ones, and those of held-out sources are made of files that no training image used."
        + (f" The unseen loops are {', '.join(loops['names'])}." if loops else ""),
        "",
        f"{sum(not line.missed_by for line in bars)} of {len(bars)} bars are met.",
    ]
    for section, of_section in groupby(measured, key=lambda line: line.figure.section):
        text += ["", f"| {section} | value | beside | bar | |", "|---|---|---|---|---|"]
        for line in of_section:
            text.append(f"| {line.figure.label} | {line.stated} | {line.beside} | {line.asked} | {line.verdict} |")
    return text


def _score_table(scores: dict[str, dict[str, float]]) -> list[str]:
    if not scores:
        return ["The data set holds no break back, so nothing was measured."]
    names = [f"{split.replace('_', ' ')} ({measured['images']:.0f} breaks)" for split, measured in scores.items()]
    return [
        "Measured by `python -m export` on breaks that no update saw; those of held-out sources are made of files that no",
        "training image used.",
        "",
        f"| | {' | '.join(names)} | |",
        "|---" * (len(names) + 2) + "|",
        *(
            f"| {label} | {' | '.join(f'{measured[key]:.2f}' for measured in scores.values())} | {meaning} |"
            for key, label, meaning in SCORES
        ),
    ]


def _axis_line(name: str, description: str, measured: dict[str, Any] | None) -> str:
    if measured is None or "moves" not in measured:
        return f"| {name} | {description} | | | |"
    beside = f"{measured['beside']} {measured['beside_moves']:+.2f}"
    return f"| {name} | {description} | {measured['moves']:+.2f} | {measured['spearman']:.2f} | {beside} |"
