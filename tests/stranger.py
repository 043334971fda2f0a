"""Opens files that nobody vouches for, in a process that may not take much memory: `python -m tests.stranger`.

Paths come on stdin, one a line, and to each goes an answer on stdout: what the file was refused with, or "taken" where it was
used to the end. Anything else ends the process.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from bridge.break_render import render_break
from bridge.control_map import ControlMap
from bridge.errors import VamenError
from bridge.latent_space import LatentSpace
from bridge.model import Model
from bridge.parameters import layout_of
from bridge.slot_file import load_slot_file
from bridge.take import read_midi, read_take
from tests.conftest import TINY_MODEL

MEMORY_BYTES = 4 * 2**30
"""Address space: the libraries alone reserve one gigabyte of it."""


def limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def use_model(path: Path) -> None:
    model = Model.load(path)
    space = LatentSpace(model.metadata)
    space.draw(1)
    latent = space.latent()
    render_break(model, latent, 240.0)
    image = model.decode_ring(latent)
    model.encode(image)
    model.gradient(latent, image)


def use(path: Path, tiny: Model) -> None:
    match path.suffix:
        case ".onnx":
            use_model(path)
        case ".toml":
            ControlMap.load(path, layout_of(tiny.metadata))
        case ".json":
            load_slot_file(path, tiny)
        case ".osc":
            read_take(path, layout_of(tiny.metadata))
        case ".mid":
            read_midi(path, ControlMap.load(None, layout_of(tiny.metadata)))


def main() -> None:
    tiny = Model.load(TINY_MODEL)
    limit_memory()
    # What is painted from noise may overflow; that is no news.
    np.seterr(all="ignore")
    for line in sys.stdin:
        try:
            use(Path(line.rstrip("\n")), tiny)
        except VamenError as error:
            sentence = str(error)
            assert sentence.isprintable() and len(sentence) < 2000, sentence
            print(sentence, flush=True)
        else:
            print("taken", flush=True)


if __name__ == "__main__":
    main()
