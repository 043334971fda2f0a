"""Writes demo/performance.osc: forty bars for one player, as the messages that a hand would send.

    python demo/compose.py

Bars and beats count from 1. What stands on bar 1, beat 1 is the state in which the player walks on; the last message there is
`play`. The file is oscdump's text: `vamen render demo/performance.osc --out X.wav` plays it too, and so does oscsendfile.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bridge.control import ControlChange
from bridge.mel_spectrogram import BEATS_PER_BAR, PRESETS
from bridge.parameters import ControlLayout, parse
from bridge.take import TakeWriter, next_tick
from bridge.whole_file import replacing

PATH = Path(__file__).parent / "performance.osc"

BEATS_PER_MINUTE = 170.0
BARS = 40

AXES = ("density", "chop", "ghosts", "kick", "air", "snare", "room", "grit")
"""Axes that the piece turns, by name: any model that has them can play it."""

AHEAD_BEATS = 3
"""How early a break is asked for that takes over on a bar line: even a slow machine has its first steps painted by then."""

TURNS_PER_BEAT = 4
"""Messages that a knob sends in one beat while it moves."""

FULL = {"density": 0.8, "air": 0.65, "kick": 0.6, "snare": 0.4, "grit": 0.6}
"""Where the knobs stand when everything plays."""

LAYOUT = ControlLayout(AXES, latent_dimensions=0, steps=32)


class Score:
    """Messages at musical places."""

    def __init__(self) -> None:
        self._loop_length = PRESETS["hifi"].loop_length(BEATS_PER_MINUTE)
        self._changes: list[ControlChange] = []

    def at(self, bar: int, beat: float, address: str, *arguments: float | int | str) -> None:
        """Send a message, written as below /vamen, at a place."""
        self._add((bar - 1) * BEATS_PER_BAR + beat - 1, address, *arguments)

    def for_bar(self, bar: int, address: str, *arguments: float | int | str) -> None:
        """Ask early for something that is wanted on a bar's one, quantise being `bar`."""
        self._add((bar - 1) * BEATS_PER_BAR - AHEAD_BEATS, address, *arguments)

    def turn(self, address: str, first_bar: int, last_bar: int, start: float, end: float) -> None:
        """Turn a knob evenly from the one of the first bar to the end of the last."""
        begin, beats = (first_bar - 1) * BEATS_PER_BAR, (last_bar + 1 - first_bar) * BEATS_PER_BAR
        moves = beats * TURNS_PER_BEAT
        for move in range(1, moves + 1):
            self._add(begin + (move - 0.5) / TURNS_PER_BEAT, address, start + (end - start) * move / moves)

    def stutter(self, bar: int, beat: float, step: int, *beats: float) -> None:
        """Play from a step again and again, each time for so many beats, then slip back to where the loop would be."""
        for length in beats:
            self.at(bar, beat, "trigger", step)
            beat += length
        self.at(bar, beat, "trigger", 0)

    def changes(self) -> list[ControlChange]:
        """Everything in the order of its time; what was written first comes first where the time is the same."""
        return sorted(self._changes, key=lambda change: change.frame)

    def _add(self, beat: float, address: str, *arguments: float | int | str) -> None:
        frame = next_tick(round(beat * self._loop_length / PRESETS["hifi"].beats))
        self._changes.append(ControlChange(frame, parse(f"/vamen/{address}", arguments, LAYOUT)))


def compose() -> list[ControlChange]:
    """The piece."""
    score = Score()

    # 1-4: home, with nearly everything taken away.
    score.at(1, 1, "tempo", BEATS_PER_MINUTE)
    score.at(1, 1, "slot/recall", 1)
    for axis, position in (("density", 0.0), ("room", 0.0), ("ghosts", 0.0), ("air", 0.2)):
        score.at(1, 1, f"axis/{axis}", position)
    score.at(1, 1, "quantise", "step")
    score.at(1, 1, "play")

    # 5-8: it opens, knob after knob, and a stutter leads on to the one.
    score.turn("axis/density", 5, 8, 0.0, 0.5)
    score.turn("axis/air", 5, 8, 0.2, 0.5)
    score.turn("axis/room", 6, 7, 0.0, 0.5)
    score.turn("axis/ghosts", 7, 8, 0.0, 0.5)
    score.stutter(8, 4, 29, 0.5, 0.5)

    # 9-12: home as it is stored.
    score.at(9, 3, "export", "home")

    # 13-16: the same drummer gets restless.
    score.turn("axis/chop", 13, 15, 0.5, 0.9)
    score.turn("axis/ghosts", 13, 16, 0.5, 0.8)
    score.at(15, 3, "export", "restless")
    score.stutter(16, 3, 21, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25)

    # 17-20: two other breaks answer, on the bar.
    score.at(16, 1, "quantise", "bar")
    score.for_bar(17, "slot/recall", 2)
    score.at(18, 2, "export", "answer")
    score.for_bar(19, "slot/recall", 3)
    score.stutter(20, 4, 29, 0.25, 0.25, 0.25, 0.25)

    # 21-24: release. Home in the dark, all kick, and one beat of silence.
    score.for_bar(21, "slot/recall", 1)
    for axis, position in (("air", 0.1), ("density", 0.3), ("kick", 0.7), ("room", 0.3)):
        score.for_bar(21, f"axis/{axis}", position)
    score.at(24, 4, "gain", 0.0)

    # 25-28: everything.
    score.for_bar(25, "slot/recall", 1)
    for axis, position in FULL.items():
        score.for_bar(25, f"axis/{axis}", position)
    # A little early: the ramp up is over when the one comes.
    score.at(24, 4.9, "gain", 1.0)
    score.stutter(28, 4, 29, 0.5, 0.25, 0.25)

    # 29-32: from home to a fourth break, a sixteenth at a time.
    score.at(28, 1, "morph/a", 1)
    score.at(28, 1, "morph/b", 4)
    for axis in FULL:
        score.for_bar(29, f"axis/{axis}", 0.5)
    score.for_bar(29, "morph", 0.0)
    score.at(29, 1, "quantise", "step")
    score.turn("morph", 29, 31, 0.0, 1.0)
    score.at(30, 3, "export", "between")

    # 33-36: two breaks that nobody has played before.
    score.at(32, 1, "quantise", "bar")
    score.for_bar(33, "random", 13)
    score.at(34, 2, "export", "found")
    score.for_bar(35, "random", 26)
    score.stutter(36, 3, 25, 0.5, 0.5, 0.5, 0.5)

    # 37-40: home, shorter and shorter, and the one.
    score.for_bar(37, "slot/recall", 1)
    score.stutter(39, 1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 1)
    score.at(40, 2, "stop")
    return score.changes()


def write(path: Path) -> None:
    """Write the piece as a take; a file that is there is replaced."""
    with replacing(path) as temporary:
        temporary.unlink()
        with TakeWriter(temporary, LAYOUT) as writer:
            for change in compose():
                writer.write(change)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PATH)
