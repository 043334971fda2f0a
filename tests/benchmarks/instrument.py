"""`vamen play` as a player starts it, on a paced sink, and what it costs the machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import VamenError
from tests.conftest import ROOT
from tests.rig import NullSinks, Playing

FFT_LOOP = "import numpy\nsamples = numpy.random.default_rng(0).standard_normal(65536)\nwhile True: numpy.fft.rfft(samples)"


@dataclass(frozen=True)
class Started:
    """A running `vamen play`, its OSC port, and the moment of `time.monotonic` in which its process began."""

    playing: Playing
    port: int
    begun: float


@contextmanager
def started(sinks: NullSinks, sink: str, *options: object) -> Iterator[Started]:
    """`vamen play` with the shipped model and `options` on one of the sinks, for the length of a with block.

    Raises `VamenError` where it does not come up.
    """
    environment = {**os.environ, **sinks.environment, "PULSE_SINK": sink}
    command = [sys.executable, "-m", "bridge", "play", "--osc-port", "0", *map(str, options)]
    begun = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip
    try:
        assert process.stdout is not None
        first_line = process.stdout.readline()
        port = re.search(r"OSC port: (\d+)", first_line)
        if port is None:
            raise VamenError(f"`vamen play` did not start: {process.communicate()[1].strip()}")
        yield Started(Playing(process, int(port[1]), first_line), int(port[1]), begun)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@contextmanager
def busy_cores() -> Iterator[None]:
    """An endless FFT on each core for the length of a with block."""
    loads = [subprocess.Popen([sys.executable, "-c", FFT_LOOP]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for load in loads:
            load.kill()
            load.wait()


@dataclass(frozen=True)
class Footprint:
    """Resident memory of one process in MB: all of it (`resident`), and with what is shared divided among those that share it
    (`proportional`)."""

    name: str
    resident: float
    proportional: float


def family(pid: int) -> dict[str, int]:
    """The processes of `vamen play` by name, its main one first (Linux)."""
    found = {"main": pid}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        found["resource tracker" if b"resource_tracker" in command else "sound"] = int(child)
    return found


def footprints(pid: int) -> list[Footprint]:
    """What each process of `vamen play` keeps in memory."""

    def megabytes(lines: dict[str, str], field: str) -> float:
        return int(lines[field].split()[0]) * 1024 / 1e6

    found = []
    for name, number in family(pid).items():
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()[1:])
        found.append(Footprint(name, megabytes(lines, "Rss"), megabytes(lines, "Pss")))
    return found


def processor_seconds(processes: dict[str, int]) -> dict[str, float]:
    """Processor time that each of some processes, by name and number, has used."""
    found = {}
    for name, number in processes.items():
        fields = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
        # utime and stime, fields 14 and 15 of proc(5).
        found[name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found
