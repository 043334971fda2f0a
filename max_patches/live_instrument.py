"""The Max for Live instrument: plays the newest finished file on a Live track, in phase with Live, and changes on Live's bar.

Two buffer~: one sounds, the other takes the next file. Where Live is comes as a ramp that is right to the sample but knows no
more than the beat's own phase (plugphasor~), and as a beat count that is a few milliseconds old (plugsync~). The count less the
ramp is nearly whole; rounded and added to the ramp again it is the position in beats to the sample, from nothing but what Live
says now. So nothing can drift or be counted wrong, wherever Live's cursor jumps.
"""

from __future__ import annotations

from collections.abc import Iterable

from py2max.core.box import Box

from bridge.parameters import DEFAULT_BEATS_PER_MINUTE
from max_patches.controls import CAPTION, FLOAT, SHOWN_AS_FLOAT, starting
from max_patches.live_devices import EXPORTED_NAME, STRIP_HEIGHT, TEMPO_NAME, strip
from max_patches.sheet import Sheet
from max_patches.table import Row

FADE_FRAMES = 200
"""Cross-fade between two files, in frames of Live's sample rate: 4.5 ms at 44.1 kHz."""

FADE_BEATS = 0.0125
"""It begins so much before the bar line, to be over when the one sounds: 4.4 ms at 170 beats per minute."""

SETTLE_MILLISECONDS = 30
"""From a path's arrival to reading it: by then a swap that had begun is over, and it is known which buffer is silent."""

DIAL_COLUMN = 60
"""Pixels that the level's dial adds to the strip."""

BUFFERS = ("---vamen-a", "---vamen-b")
CHOSEN, SOUNDING, CANCEL = "---chosen", "---sounding", "---cancel"


def instrument(rows: Iterable[Row], own_port: int) -> Sheet:
    """vamen instrument.amxd: the strip of the MIDI device, and the sound."""
    sheet, width = strip("VAmEn instrument", rows, own_port)
    _loading(sheet)
    position, playing = _position(sheet)
    voices = _voices(sheet, position)
    fade = _swap(sheet, position, playing)
    _mix(sheet, voices, fade, playing, width)
    sheet.strip = (width + DIAL_COLUMN, STRIP_HEIGHT)
    return sheet


def _loading(sheet: Sheet) -> None:
    """A path goes to the buffer that is silent; when it is read, that buffer is chosen for the next bar."""
    sheet.section("a finished file: into the buffer that is silent")
    sheet.lane()
    arrived = sheet.chain(sheet.object(f"r {EXPORTED_NAME}"), sheet.object("t b b l"))
    wait = sheet.object(f"delay {SETTLE_MILLISECONDS}")
    path = sheet.chain(wait, sheet.object("zl.reg"))
    sheet.cord(arrived, path, outlet=2, inlet=1)
    sheet.cord(arrived, wait)
    order = sheet.chain(path, sheet.object("t l b"))
    silent = sheet.object("gate 2 2")
    sheet.cord(order, silent, inlet=1)
    sheet.lane()
    cancel = sheet.object(f"s {CANCEL}")
    sheet.cord(arrived, cancel, outlet=1)
    sheet.cord(order, cancel, outlet=1)
    sheet.lane()
    # While 0, the first, sounds, the second is silent.
    sheet.cord(sheet.chain(sheet.object(f"r {SOUNDING}"), sheet.object("expr 2 - $i1")), silent)
    for index, name in enumerate(BUFFERS):
        sheet.lane()
        read = sheet.object("prepend replace")
        sheet.cord(silent, read, outlet=index)
        buffer = sheet.chain(read, sheet.object(f"buffer~ {name}"))
        loaded = sheet.object("t b b")
        sheet.cord(buffer, loaded, outlet=1)
        sheet.chain(loaded, sheet.message(str(index)), sheet.object(f"s {CHOSEN}"))
        sheet.lane()
        facts = sheet.object(f"info~ {name}")
        sheet.cord(loaded, facts, outlet=1)
        # Whole bars: the power of two of beats that is nearest to the length at the tempo.
        beats = sheet.object("expr int(exp(0.693147 * int(log($f1 * $f2 / 60000.) * 1.442695 + 0.5)) + 0.5)")
        sheet.cord(facts, beats, outlet=6)
        sheet.cord(beats, sheet.object(f"s {name}-beats"))
        sheet.lane()
        for source in (f"r {TEMPO_NAME}", f"loadmess {DEFAULT_BEATS_PER_MINUTE}"):
            sheet.cord(sheet.object(source), beats, inlet=1)
    sheet.lane()
    # A file that comes before the last one has sounded takes its place: until it is read, nothing changes.
    held = sheet.object("i 0")
    sheet.cord(sheet.object(f"r {CANCEL}"), held)
    sheet.cord(sheet.object(f"r {SOUNDING}"), held, inlet=1)
    sheet.cord(held, sheet.object(f"s {CHOSEN}"))


def _position(sheet: Sheet) -> tuple[Box, Box]:
    """Where Live is: signals of the position in beats, and of 1 while it plays."""
    sheet.section("where Live is, in beats, to the sample")
    sheet.lane()
    host = sheet.object("plugsync~")
    count = sheet.object("sig~ 0.")
    sheet.cord(host, count, outlet=6)
    nearly_whole = sheet.object("-~")
    sheet.chain(count, nearly_whole)
    whole = sheet.chain(nearly_whole, sheet.object("round~ 1."))
    position = sheet.chain(whole, sheet.object("+~"))
    sheet.lane()
    ramp = sheet.object("plugphasor~")
    sheet.cord(ramp, nearly_whole, inlet=1)
    sheet.cord(ramp, position, inlet=1)
    sheet.lane()
    playing = sheet.object("sig~ 0")
    sheet.cord(host, playing)
    sheet.lane()
    signature = sheet.object("expr $f1 * 4. / $f2")
    sheet.cord(host, signature, outlet=4)
    sheet.cord(signature, sheet.object("s ---bar"))
    return position, playing


def _voices(sheet: Sheet, position: Box) -> list[Box]:
    """Both buffers, read at the place where Live is."""
    sheet.section("both files at that place")
    voices = []
    for name in BUFFERS:
        sheet.lane()
        turns = sheet.object("/~ 8.")
        sheet.cord(position, turns)
        voices.append(sheet.chain(turns, sheet.object("pong~ 1 0. 1."), sheet.object(f"wave~ {name}")))
        sheet.lane()
        sheet.cord(sheet.object(f"r {name}-beats"), turns, inlet=1)
    return voices


def _swap(sheet: Sheet, position: Box, playing: Box) -> Box:
    """A signal that is 0 while the first file sounds, 1 while the second does: it takes the chosen one's number at a bar line."""
    sheet.section("at Live's bar line: the one that was chosen")
    sheet.lane()
    early = sheet.object(f"+~ {FADE_BEATS}")
    sheet.cord(position, early)
    bars = sheet.chain(early, sheet.object("/~ 4."))
    first_half = sheet.chain(bars, sheet.object("pong~ 1 0. 1."), sheet.object("<~ 0.5"))
    line = sheet.chain(first_half, sheet.object("*~"))
    sheet.cord(playing, line, inlet=1)
    sheet.lane()
    sheet.cord(sheet.object("r ---bar"), bars, inlet=1)
    sheet.lane()
    chosen = sheet.chain(sheet.object(f"r {CHOSEN}"), sheet.object("sig~ 0"), sheet.object("sah~ 0.5"))
    sheet.cord(line, chosen, inlet=1)
    edges = sheet.object("edge~")
    sheet.cord(chosen, edges)
    fade = sheet.object(f"rampsmooth~ {FADE_FRAMES} {FADE_FRAMES}")
    sheet.cord(chosen, fade)
    for outlet, value in enumerate(("1", "0")):
        sheet.lane()
        now = sheet.message(value)
        sheet.cord(edges, now, outlet=outlet)
        sheet.chain(now, sheet.object(f"s {SOUNDING}"))
    return fade


def _mix(sheet: Sheet, voices: list[Box], fade: Box, playing: Box, x: int) -> None:
    sheet.section("to the track; silent while Live stands")
    sheet.lane()
    first = sheet.object("*~")
    both = sheet.object("+~")
    heard, level = sheet.object("*~"), sheet.object("*~")
    track = sheet.object("plugout~")
    sheet.cord(voices[0], first)
    sheet.chain(first, both, heard, level)
    for inlet in range(2):
        sheet.cord(level, track, inlet=inlet)
    sheet.lane()
    rest = sheet.object("!-~ 1.")
    sheet.cord(fade, rest)
    sheet.cord(rest, first, inlet=1)
    second = sheet.object("*~")
    sheet.cord(voices[1], second)
    sheet.cord(fade, second, inlet=1)
    sheet.cord(second, both, inlet=1)
    sheet.lane()
    gently = sheet.object(f"rampsmooth~ {FADE_FRAMES} {FADE_FRAMES}")
    sheet.cord(playing, gently)
    sheet.cord(gently, heard, inlet=1)
    sheet.lane()
    knob = sheet.parameter(
        "live.dial", "level", (x, 10, 46, 50), parameter_type=FLOAT, parameter_mmin=0.0, parameter_mmax=1.0,
        parameter_unitstyle=SHOWN_AS_FLOAT, parameter_modmode=3, **starting(1.0),
    )  # fmt: skip
    smooth = sheet.chain(knob, sheet.object("sig~ 1."), sheet.object("rampsmooth~ 500 500"))
    sheet.cord(smooth, level, inlet=1)
    sheet.lane()
    shown = sheet.chain(sheet.object(f"r {EXPORTED_NAME}"), sheet.object("prepend set"))
    sheet.cord(shown, sheet.caption("no file yet", (180, 126, 330, 18), **CAPTION))
