"""Runs `vamen` commands one after the other in one process, so that the guide's many lines need not load everything each time.

    python -m tests.guide_stage

Each line on stdin is JSON: the folder to be in, and the arguments. What the command says comes on stdout, then `DONE` and its
exit status. MIDI is JACK's, also where the system has another.
"""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from pathlib import Path

from bridge import midi_ports
from bridge.__main__ import main as vamen

DONE = "guide stage: done, status "


def run(arguments: list[str]) -> int:
    """A command's exit status; what argparse or an error of ours ends is one too."""
    try:
        return vamen(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except Exception:
        traceback.print_exc()
        return 1


def main() -> None:
    midi_ports.ALSA_SEQUENCER = Path("/nonexistent")
    orders, sys.stdin = sys.stdin, io.StringIO()
    for line in orders:
        folder, arguments = json.loads(line)
        os.chdir(folder)
        print(f"{DONE}{run(arguments)}", flush=True)


if __name__ == "__main__":
    main()
