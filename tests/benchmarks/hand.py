"""The hand: a process of its own that moves `vamen play` over UDP, and says when it did.

    python -m tests.benchmarks.hand turn PORT LOOP_SECONDS STEPS DIMENSIONS SETTLE_SECONDS TURNS SEED
    python -m tests.benchmarks.hand sweep PORT SECONDS

`turn` gives the step after the one under the playhead another vector, time after time, and prints `time.monotonic_ns()` just
before each packet left; the decoder's reach makes that a change of the step under the playhead too. A turn is heard beside what
sounded one loop earlier, so turns keep out of each other's way: what one changes behind the playhead is heard for the first time
a loop later. `sweep` moves the first axis to and fro without pause.
"""

from __future__ import annotations

import argparse
import math
import socket
import sys
import threading
import time
from collections.abc import Callable

import numpy as np

from bridge.osc import decode, encode

STEPS_TOUCHED = 3.3
"""Steps before a turn in which it may change the sound: the one under the playhead, two more that are painted anew, and what
overlaps them."""

AHEAD_SECONDS = 0.15
"""How long nothing that another turn touched may sound after a turn."""

JITTER_SECONDS = 0.006
"""Turns come anywhere against the engine's ticks and the card's blocks: this is one of the first."""

VECTOR_SPREAD, VECTOR_LIMIT = 1.5, 8.0
"""Standard deviation of the numbers that a step is given, and their range, in units of the prior's scales."""

REMEMBERED = 12
"""Turns that may still be heard: more than fit into two loops."""

PATIENCE_SECONDS = 10.0

SWEEPS_PER_SECOND = 0.7
MESSAGES_PER_SECOND = 200


def next_free(wanted: float, turns: list[float], loop_seconds: float, step_seconds: float, settle_seconds: float) -> float:
    """The first moment from `wanted` on at which a turn is heard beside a loop that none of `turns` (rising) changed: seconds.

    `settle_seconds` is what a turn is given until its sound has settled.
    """
    moment = wanted
    kept_free = STEPS_TOUCHED * step_seconds + AHEAD_SECONDS
    turns_per_loop = int(loop_seconds / (kept_free + settle_seconds))
    for turn in turns:
        moment = max(moment, turn + loop_seconds / turns_per_loop)
    for turn in turns:
        again = turn + loop_seconds
        if again - kept_free < moment < again + settle_seconds:
            moment = again + settle_seconds
    return moment


class Playhead:
    """Follows the instrument's position messages: `step` (from 1) is the last that it told of."""

    def __init__(self, port: int) -> None:
        self.step = 0
        self._address = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.send(encode("/vamen/subscribe", self._socket.getsockname()[1]))
        self._heard = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()
        if not self._heard.wait(PATIENCE_SECONDS):
            raise SystemExit(f"nothing was heard of a playhead on port {port}")

    def send(self, packet: bytes) -> None:
        self._socket.sendto(packet, self._address)

    def _follow(self) -> None:
        while True:
            for message in decode(self._socket.recv(65_536)):
                match message:
                    case "/vamen/position", [_, _, int(step), _]:
                        self.step = step
                        self._heard.set()


def turn(port: int, loop_seconds: float, steps: int, dimensions: int, settle_seconds: float, turns: int, seed: int) -> None:
    """Turn `turns` times, and print when."""
    rng, playhead = np.random.default_rng(seed), Playhead(port)
    sent: list[float] = []
    for _ in range(turns):
        vector = np.clip(VECTOR_SPREAD * rng.standard_normal(dimensions), -VECTOR_LIMIT, VECTOR_LIMIT)
        moment = next_free(time.monotonic(), sent[-REMEMBERED:], loop_seconds, loop_seconds / steps, settle_seconds)
        time.sleep(max(0.0, moment + JITTER_SECONDS * float(rng.random()) - time.monotonic()))
        packet = encode(f"/vamen/latent/{playhead.step % steps + 1}", *map(float, vector))
        now = time.monotonic_ns()
        playhead.send(packet)
        sent.append(1e-9 * now)
        print(now, flush=True)


def sweep(port: int, seconds: float) -> None:
    """Move the first axis for some seconds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        begun = time.monotonic()
        for message in range(round(seconds * MESSAGES_PER_SECOND)):
            due = message / MESSAGES_PER_SECOND
            time.sleep(max(0.0, begun + due - time.monotonic()))
            value = 0.5 - 0.5 * math.cos(2.0 * math.pi * SWEEPS_PER_SECOND * due)
            out.sendto(encode("/vamen/axis/1", value), ("127.0.0.1", port))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hand", description="Move vamen play over UDP.")
    ways = parser.add_subparsers(required=True, dest="way")
    turning = ways.add_parser("turn")
    numbers = {
        "port": int,
        "loop_seconds": float,
        "steps": int,
        "dimensions": int,
        "settle_seconds": float,
        "turns": int,
        "seed": int,
    }
    for name, kind in numbers.items():
        turning.add_argument(name, type=kind)
    sweeping = ways.add_parser("sweep")
    sweeping.add_argument("port", type=int)
    sweeping.add_argument("seconds", type=float)
    options = vars(parser.parse_args())
    moves: dict[str, Callable[..., None]] = {"turn": turn, "sweep": sweep}
    moves[options.pop("way")](**options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
