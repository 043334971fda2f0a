"""How often randomised breaks do what: the one table that decides what the model will know.

Chances are probabilities per break unless a comment says otherwise; ranges are drawn from evenly.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Groove:
    """One bar as played by a drummer: sixteenths, "X" loud, "o" soft, "." nothing."""

    name: str
    kick: str
    snare: str


@dataclass(frozen=True)
class Proportions:
    """See the comment beside each figure."""

    # What a break is made from.
    favourites: tuple[str, ...] = ("amen",)  # a loop whose file name holds one of these words is a favourite
    favourite_share: float = 0.62  # of the breaks made from one loop have a favourite as that loop
    original: float = 0.12  # the loop in order, each slice triggered at the image's tempo
    chop: float = 0.40  # the loop re-ordered by beats and half beats
    pattern: float = 0.26  # one loop's slices in the order of a groove below
    mix: float = 0.22  # a groove from several kits: kick of A, snare of B, hats of C

    # Rules that variations play against.
    kick_on_one: float = 0.96  # chance per bar start that a kick is put there if there is none
    backbeat: float = 0.95  # chance per backbeat (two and four of each bar) that a snare is put there
    half_time: float = 0.03  # of grooves have their snare on three only

    # Pattern.
    chop_edits: tuple[int, int] = (1, 7)  # re-orderings in a chop
    late_snare: float = 0.16  # the four of a bar comes an eighth late, as in the Amen's fourth bar
    displaced_kick: float = 0.30  # a kick moves by a sixteenth or an eighth, never the one
    extra_kick: float = 0.30
    drop_out: float = 0.20  # one to four steps of silence, never on the one
    thin: float = 0.22  # a share of what is neither kick on the one nor backbeat is left out
    roll: float = 0.22  # snare roll at a bar's end, in thirty-seconds or sixteenth triplets
    gated: float = 0.18  # of grooves with one loop: silence or hats after a stroke, not what the loop goes on with
    stutter: float = 0.14  # a slice repeated for half a beat to a beat
    reverse: float = 0.12
    ghosts: float = 0.40  # extra soft snares on weak sixteenths
    ghost_under_backbeat_db: tuple[float, float] = (8.0, 14.0)
    single_pitch: float = 0.14  # one to four slices change pitch
    single_pitch_semitones: tuple[int, int] = (1, 5)  # up or down

    # Layers.
    layered_hits: float = 0.28  # single hits doubled with the loop's kicks, snares or both
    layer_under_db: tuple[float, float] = (2.0, 9.0)
    added_hats: float = 0.20
    hats_under_backbeat_db: tuple[float, float] = (9.0, 18.0)
    top_loop: float = 0.14  # another loop, high-passed, under the break
    top_loop_under_db: tuple[float, float] = (6.0, 14.0)

    # Timing.
    swing: float = 0.45  # chance of any; the off sixteenth then stands at 52..66 % of an eighth
    swing_percent: tuple[float, float] = (52.0, 66.0)
    loose: float = 0.60  # chance of small random moves
    loose_ms: tuple[float, float] = (0.5, 4.0)  # their standard deviation
    loose_limit_ms: float = 10.0
    keep_feel: float = 0.5  # chance that slices keep the timing they had against their loop's grid

    # Sound.
    varispeed: float = 0.35  # a loop is sped up like a record, with its pitch, as far as varispeed_limit allows
    varispeed_limit_semitones: float = 4.5
    pitch: float = 0.30  # the whole break moves
    pitch_semitones: tuple[int, int] = (1, 5)  # up or down
    kick_shelf: float = 0.45  # below 110 Hz
    kick_shelf_db: tuple[float, float] = (-9.0, 7.0)
    air_shelf: float = 0.45  # above 5 kHz
    air_shelf_db: tuple[float, float] = (-12.0, 6.0)
    low_pass: float = 0.08
    low_pass_hz: tuple[float, float] = (1200.0, 9000.0)
    high_pass: float = 0.07
    high_pass_hz: tuple[float, float] = (80.0, 500.0)
    room: float = 0.28
    room_seconds: tuple[float, float] = (0.12, 0.7)  # time to decay by 60 dB
    room_under_db: tuple[float, float] = (6.0, 18.0)
    grit: float = 0.28  # soft clipping, or a short sampler word
    grit_drive_db: tuple[float, float] = (3.0, 20.0)
    grit_bits: tuple[int, int] = (6, 11)

    # Split.
    held_out_draws: float = 0.03
    held_out_source_breaks: float = 0.02
    held_out_sources: float = 0.10  # of the loops and of the hits of each role, favourites never

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the manifest."""
        return asdict(self)


PROPORTIONS = Proportions()

GROOVES = (
    Groove("amen 1", "X.X.......XX....", "....X..o.o..X..o"),
    Groove("amen 3", "X.X.......X.....", "....X..o.o....X."),
    Groove("amen 4", "X.XX......X.....", ".o..X..o.o....X."),
    Groove("two-step", "X.........X.....", "....X.......X..."),
    Groove("two-step pushed", "X..X......X.....", "....X.......X..o"),
    Groove("roller", "X.........X..X..", "....X..o....X..o"),
    Groove("think", "X.....X...X.....", "....X..o.o..X..o"),
    Groove("funky", "X.X...X...X..X..", "....X..o.o.oX..o"),
    Groove("apache", "X..X....X.X.....", "....X.......X.o."),
    Groove("hot", "X......X.XX.....", "....X..o....X..."),
    Groove("steppers", "X...X...X...X...", "....X.......X..."),
    Groove("jungle", "X..X..X...X..X..", "....X..o.o..X..."),
    Groove("shuffled", "X.....XX..X.....", "....X....o..X.o."),
    Groove("straight", "X.......X.......", "....X.......X..."),
)

HALF_TIME = Groove("half-time", "X.........X.....", "........X......o")

HAT_FIGURES = (
    "X.o.X.o.X.o.X.o.",
    "X.X.X.X.X.X.X.X.",
    "XoXoXoXoXoXoXoXo",
    "..X...X...X...X.",
    "X.ooX.ooX.ooX.oo",
    "X...X...X...X...",
    "X.XoX.X.X.XoX.Xo",
)
