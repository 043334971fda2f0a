"""`make test`: the suite in two passes. What only computes runs on every core; what plays or listens in real time runs after it,
alone, since a machine that is busy elsewhere falsifies it.

    python -m tests.suite [pytest's arguments]
"""

from __future__ import annotations

import subprocess
import sys

import pytest

PASSES = (("not real_time", ("-n", "auto", "--dist", "loadfile")), ("real_time", ()))
"""What each pass selects, and its own arguments: tests of one file share a process, and what their modules keep."""


def main(arguments: list[str]) -> int:
    """Runs both passes, the second whatever the first found; returns the worse exit status."""
    statuses = []
    for selected, own in PASSES:
        command = [sys.executable, "-m", "pytest", "-m", selected, *own, *arguments]
        statuses.append(pytest.ExitCode(subprocess.run(command, check=False).returncode))
    # A selection by name may leave one of the passes without any test.
    found = [status for status in statuses if status is not pytest.ExitCode.NO_TESTS_COLLECTED]
    return int(max(found, default=pytest.ExitCode.NO_TESTS_COLLECTED))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
