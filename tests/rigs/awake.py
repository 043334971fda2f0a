"""Cores that do not sleep.

The cores of an idle virtual machine wake late, by milliseconds now and then. JACK's dummy driver loses time whenever that happens
(126 BPM became 124.5 to 126 there, in steps), and PulseAudio's null sink runs dry. Beside processes that take only what nobody
else wants, both keep their pace: 126.000 BPM.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

KEEP_AWAKE = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"


@contextmanager
def awake_cores() -> Iterator[None]:
    """An endless loop of the lowest kind (Linux's SCHED_IDLE) on each core for the length of a with block."""
    loops = [subprocess.Popen([sys.executable, "-c", KEEP_AWAKE]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
