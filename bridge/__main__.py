"""The `vamen` command, and `python -m bridge`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from bridge.command_line import build_parser
from bridge.errors import USER_ERROR_STATUS, VamenError

INTERRUPTED_STATUS = 130
"""Exit status after Ctrl-C in a command that has no ending of its own (128 + SIGINT, the shells' convention)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status; a `VamenError` becomes one sentence on stderr."""
    # Before NumPy is loaded: its matrices are small here, and threads that wait for each other cost more than they bring.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parsed = build_parser().parse_args(arguments)
    try:
        status: int = parsed.run(parsed)
    except VamenError as error:
        print(f"vamen: {error}", file=sys.stderr)
        return USER_ERROR_STATUS
    except KeyboardInterrupt:
        print("vamen: interrupted.", file=sys.stderr)
        return INTERRUPTED_STATUS
    return status


if __name__ == "__main__":
    sys.exit(main())
