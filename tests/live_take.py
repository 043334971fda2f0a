"""A take that is recorded on stage beside what sounded, and what it renders to: for whatever plays a running `vamen play`."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.__main__ import main
from tests.conftest import ROOT, TINY_MODEL
from tests.rig import START_SECONDS, Playing

BLOCK_SIZES = (256, 1024, 4096, 4096, 8192)
"""A loaded machine may miss a frame, and then says so; only a take without a late repaint has a twin. Larger blocks give more
time between a decision and its sound."""


@contextmanager
def playing(*arguments: object, program: tuple[str, str] = ("-m", "bridge")) -> Iterator[Playing]:
    """`vamen play` with the tiny model and no sound card; `program` are Python's own arguments."""
    options = ["play", "--model", TINY_MODEL, "--output", "none", "--osc-port", 0, *arguments]
    command = [sys.executable, *program, *options]
    process = subprocess.Popen(list(map(str, command)), cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        first_line = process.stdout.readline()
        port = re.search(r"OSC port: (\d+)", first_line)
        assert port, process.communicate(timeout=START_SECONDS)[1]
        yield Playing(process, int(port[1]), first_line)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@dataclass(frozen=True)
class LiveTake:
    """What a performance left behind: its recording, what sounded, and what `vamen play` said of it."""

    take: Path
    capture: Path
    stage: Playing

    def assert_renders_to_what_sounded(self) -> None:
        """Render the take offline, and fail the test where a sample differs, or where the take had a late repaint."""
        if self.stage.summary["late repaints"] != "0":
            pytest.fail("every take had late repaints: the machine is too busy to tell")
        out = self.take.with_suffix(".offline.wav")
        assert main(["render", str(self.take), "--model", str(TINY_MODEL), "--out", str(out)]) == 0
        live, _ = soundfile.read(self.capture, dtype="int32")
        offline, _ = soundfile.read(out, dtype="int32")
        assert len(live) > 44_100 and np.abs(live).max() > 2**28
        length = min(len(live), len(offline))
        assert np.array_equal(live[:length], offline[:length])


def live_take(
    folder: Path, perform: Callable[[Playing], None], *arguments: object, block_sizes: tuple[int, ...] = BLOCK_SIZES
) -> LiveTake:
    """The first of some performances that had no late repaint, or the last of them."""
    for attempt, block_frames in enumerate(block_sizes):
        take, capture = folder / f"{attempt}.osc", folder / f"{attempt}.wav"
        with playing("--record", take, "--capture", capture, "--blocksize", block_frames, *arguments) as stage:
            perform(stage)
            assert stage.end() == 0, stage.errors
        if stage.summary["late repaints"] == "0":
            break
    return LiveTake(take, capture, stage)
