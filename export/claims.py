"""`python -m export.claims MODEL.onnx EVALUATION.json`: the ruler's figures into a model file and its card.

What `python -m training.evaluate` measured becomes what the model claims: it stands in the file's record of its making, the card
is written anew from it, and a later evaluation of the same breaks fails where it is worse.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from bridge.errors import VamenError
from bridge.model import Model
from bridge.whole_file import replacing
from export.card import card
from training.ruler.claims import FORMAT_VERSION, KEY
from training.ruler.model_file import TRAINING_PROPERTY, fingerprint, read_proto


def write_claims(model: Path, evaluation: dict[str, Any]) -> None:
    """Writes an evaluation into a model file and its card; nothing that sounds changes, but the file's SHA-256 does.

    :raises VamenError: the evaluation is not one, or is another model's, or the files cannot be written
    """
    if evaluation.get("format_version") != FORMAT_VERSION:
        raise VamenError("The figures are no evaluation of this version: measure with `python -m training.evaluate` again.")
    if evaluation["model"]["fingerprint"] != fingerprint(model):
        raise VamenError(f"The figures are of another model than {model}: measure this one with `python -m training.evaluate`.")
    proto = read_proto(model)
    entry = next(entry for entry in proto.metadata_props if entry.key == TRAINING_PROPERTY)
    training = json.loads(entry.value) | {KEY: evaluation}
    entry.value = json.dumps(training, sort_keys=True, allow_nan=False)
    content = proto.SerializeToString()
    with replacing(model) as temporary:
        temporary.write_bytes(content)
        metadata = Model.load(temporary).metadata
    text = card(metadata, model.name, hashlib.sha256(content).hexdigest())
    with replacing(model.with_suffix(".md")) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_evaluation(path: Path) -> dict[str, Any]:
    """What `python -m training.evaluate --json` wrote.

    :raises VamenError: the file cannot be read, or is no JSON object
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VamenError(f"{path} cannot be read as figures ({error}): name what `training.evaluate --json` wrote.") from error
    if not isinstance(content, dict):
        raise VamenError(f"{path} holds no figures: name what `training.evaluate --json` wrote.")
    return content


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m export.claims", description="Write measured figures into a model file.")
    parser.add_argument("model", type=Path, metavar="MODEL.onnx")
    parser.add_argument("evaluation", type=Path, metavar="EVALUATION.json")
    options = parser.parse_args(arguments)
    try:
        write_claims(options.model, read_evaluation(options.evaluation))
    except VamenError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
