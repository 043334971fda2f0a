"""Lets the sound's process run before ordinary ones, where the system allows that: on Linux, where nobody else asks for it.

CoreAudio, WASAPI and JACK give a callback's thread such a precedence by themselves; ALSA, and so PulseAudio and PipeWire, do not.
The whole process needs it, because the callback waits for whichever of its threads has the interpreter.
"""

from __future__ import annotations

import os

PRIORITY = 5
"""Of 99: what PulseAudio asks for itself, and below JACK's and PipeWire's servers, which have to come first."""


def take_precedence() -> bool:
    """Run this process, and the threads that it will start, before all ordinary ones; False where the system does not let it."""
    if not hasattr(os, "sched_setscheduler"):
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    except OSError:
        # Mostly a permission; some containers and emulations know no such call.
        return False
    return True
