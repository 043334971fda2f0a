"""Takes: performances as text that oscdump writes, oscsendfile plays and git compares; and MIDI files read as one.

A line is `%08x.%08x /path types arguments`, the time in NTP's seconds and fractions (2^-32 s), in hexadecimal. Ours count from
0 and stand for frames of the engine's counter; oscdump's are clock time and count from the first line of the file.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from bridge.control import Control, ControlChange, Value
from bridge.control_map import ControlMap
from bridge.errors import VamenError, first_line
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE
from bridge.parameters import (
    BELONGS_TO_THE_EVENING,
    DECIMALS,
    MAX_SEED,
    PREFIX,
    ControlError,
    ControlLayout,
    format_control,
    parse,
    shown,
)
from bridge.player import TICK_FRAMES
from bridge.whole_file import read_at_most, reason

logger = logging.getLogger(__name__)

FRACTIONS = 2**32
"""NTP's fractions of a second."""

MAX_TAKE_SECONDS = 24 * 3600
"""A take that claims to be longer has stamps from two clocks, and would fill the disk."""

MAX_LINE_CHARACTERS = 65_536
"""No packet is as long, and a file without line ends is no take."""

MAX_TAKE_BYTES = 2**28
"""Two hundred messages a second for eight hours; in memory it is ten times as large."""

MAX_MIDI_FILE_BYTES = 2**21
"""Two hours of a knob that turns without pause; in memory it is three hundred times as large."""

_LINE = re.compile(r"([0-9a-fA-F]{8})\.([0-9a-fA-F]{8}) +(/\S*)(?: +(\S+)(?: +(.*))?)?", re.ASCII)
_INT = r"[-+]?\d{1,19}"
_FLOAT = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|inf|nan)"
_SPELLINGS = {
    "i": _INT, "h": _INT, "f": _FLOAT, "d": _FLOAT, "s": r'"[^"]*"', "S": r"'\S*",
    "T": "#T", "F": "#F", "N": "Nil", "I": "Infinitum",
    "c": "'.'", "b": r"\[[^]]*\]", "m": r"MIDI \[[^]]*\]", "t": r"[0-9a-f]{8}\.[0-9a-f]{8}",
}  # fmt: skip
"""How oscdump prints an argument of each type (lo_arg_pp in liblo's message.c). None of them can be matched in two ways."""

_TOKENS = {tag: re.compile(rf"({spelling})(?: +|$)", re.ASCII) for tag, spelling in _SPELLINGS.items()}
_ANY_TOKEN = re.compile(r"(\S+)(?: +|$)", re.ASCII)


def stamp_of_frame(frame: int) -> int:
    """The time of a frame in NTP's fractions of a second, to the nearest; `frame_of_stamp` gives the frame back."""
    return (2 * frame * FRACTIONS + ENGINE_SAMPLE_RATE) // (2 * ENGINE_SAMPLE_RATE)


def frame_of_stamp(stamp: int) -> int:
    """The frame nearest to a time in fractions of a second."""
    return (2 * stamp * ENGINE_SAMPLE_RATE + FRACTIONS) // (2 * FRACTIONS)


def next_tick(numerator: int, denominator: int = 1) -> int:
    """The first frame of a tick at or after a time in frames, given as a fraction."""
    return -(-numerator // (denominator * TICK_FRAMES)) * TICK_FRAMES


class TakeWriter:
    """Writes a take line by line, so that whatever ends the program leaves a readable file."""

    def __init__(self, path: Path, layout: ControlLayout) -> None:
        """Raises VamenError when the file exists already or cannot be made."""
        self._path = path
        self._layout = layout
        try:
            self._file = path.open("xb", buffering=0)
        except FileExistsError as error:
            raise VamenError(f"The take {path} exists already; record under another name, or move it away.") from error
        except OSError as error:
            raise VamenError(f"The take {path} cannot be written ({error.strerror}); choose another place.") from error

    def write(self, change: ControlChange) -> None:
        """Append a change; a matrix becomes one line a step, since liblo's readers take 64 words a line.

        Subscriptions belong to the evening and not to the music; they are left out.

        Raises:
            VamenError: the disk did not take it.
        """
        controls = _by_step(change.control, self._layout)
        lines = [_line(change.frame, control, self._layout) for control in controls if control.name not in BELONGS_TO_THE_EVENING]
        data = "".join(lines).encode()
        start = self._file.tell()
        try:
            if self._file.write(data) == len(data):
                return
            reason = "the disk is full"
        except OSError as error:
            reason = str(error.strerror)
        # No half line stays, so that the take can go on once there is room.
        self._file.truncate(start)
        self._file.seek(start)
        raise VamenError(f"The take {self._path} cannot be written on ({reason}); make room on the disk.")

    def close(self) -> None:
        """Finish the file. One that nothing came into goes: whoever mends what kept us from playing can use the name again."""
        empty = self._file.tell() == 0
        self._file.close()
        if empty:
            self._path.unlink()

    def __enter__(self) -> TakeWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _by_step(control: Control, layout: ControlLayout) -> list[Control]:
    dimensions = layout.latent_dimensions
    if control.name != "latent" or len(control.values) == dimensions:
        return [control]
    return [
        Control("latent_step", (step + 1,), control.values[step * dimensions : (step + 1) * dimensions])
        for step in range(layout.steps)
    ]


def _line(frame: int, control: Control, layout: ControlLayout) -> str:
    address, tags, arguments = format_control(control, layout)
    if not arguments:
        # oscsendfile would send the line before's arguments, and the draw could not be repeated.
        raise ValueError(f"a take needs the seed of {address}")
    seconds, fraction = divmod(stamp_of_frame(frame), FRACTIONS)
    return f"{seconds:08x}.{fraction:08x} {address} {tags} {' '.join(_token(argument) for argument in arguments)}\n"


def _token(argument: Value) -> str:
    if isinstance(argument, str):
        return f'"{argument}"'
    return str(argument) if isinstance(argument, int) else f"{argument:.{DECIMALS}f}"


def read_take(path: Path, layout: ControlLayout) -> list[ControlChange]:
    """A take's changes in the order of its lines, at frames that never go back and begin ticks.

    It is ours if its first line lies on a tick counted from 0; otherwise it is oscdump's, whose clock readings do not. In
    oscdump's, what a bridge would not have obeyed is left out with a warning, and a line stamped earlier than the one before
    it comes with that one, as it arrived. Recordings of a VAmEn that knew one way to morph are played in that one.

    Raises:
        VamenError: the file cannot be read, or a line is wrong; the sentence names the file and the line.
    """
    reader: _Reader | None = None
    changes: list[ControlChange] = []
    for number, text in _lines(path):
        where = f"Line {number} of the take {path}"
        match = _LINE.fullmatch(text.rstrip())
        if match is None:
            if not text.endswith("\n") and reader is not None:
                logger.warning("%s is torn off and left out.", where)
                break
            raise VamenError(
                f"{where} is not of the form TIME /ADDRESS TYPES ARGUMENTS: {shown(text.rstrip())}; "
                "give what --record or oscdump wrote."
            )
        stamp = int(match[1], 16) * FRACTIONS + int(match[2], 16)
        if reader is None:
            reader = _Reader(stamp, layout)
        changes += reader.changes(where, stamp, match[3], match[4] or "", match[5] or "")
    return _as_it_was_played(changes)


def _as_it_was_played(changes: list[ControlChange]) -> list[ControlChange]:
    """The changes of a recording, whose head is a full state: one that names no way to morph is from before there were two."""
    head = {change.control.name for change in changes if change.frame == 0}
    if "step_ticks" in head and "morph_mode" not in head:
        return [ControlChange(0, Control("morph_mode", (), ("blend",))), *changes]
    return changes


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, numbered from 1."""
    read = 0
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for number, text in enumerate(iter(lambda: file.readline(MAX_LINE_CHARACTERS + 1), ""), 1):
                read += len(text)
                if len(text) > MAX_LINE_CHARACTERS or read > MAX_TAKE_BYTES:
                    raise VamenError(f"Line {number} of the take {path} is longer, or ends later, than in any recording; cut it.")
                if text.strip():
                    yield number, text
    except OSError as error:
        raise VamenError(f"The take {path} cannot be read ({error.strerror}); check the path.") from error


class _Reader:
    """What is known of a take after its first line."""

    def __init__(self, first_stamp: int, layout: ControlLayout) -> None:
        frame = frame_of_stamp(first_stamp)
        on_tick = frame % TICK_FRAMES == 0 and stamp_of_frame(frame) == first_stamp
        self._ours = on_tick and first_stamp <= MAX_TAKE_SECONDS * FRACTIONS
        self._origin = 0 if self._ours else first_stamp
        self._frame = 0
        self._layout = layout
        self._left_out: set[str] = set()

    def changes(self, where: str, stamp: int, address: str, tags: str, text: str) -> list[ControlChange]:
        """The changes that a line means: one, or none."""
        self._frame = self._frame_of(where, stamp)
        if not self._ours and not address.startswith(f"{PREFIX}/"):
            # oscdump hears everything that is sent to its port.
            return []
        arguments = _arguments(where, tags, text)
        try:
            control = parse(address, arguments, self._layout)
        except ControlError as error:
            if self._ours:
                others = ", or name the model of the take with --model." if error.kind == "unknown address" else "."
                raise VamenError(f"{where}: {str(error).removesuffix('.')}{others}") from error
            if error.kind not in self._left_out:
                self._left_out.add(error.kind)
                logger.warning("%s is left out, and so are others of its kind: %s", where, error)
            return []
        return [] if control.name in BELONGS_TO_THE_EVENING else [_drawn(self._frame, control)]

    def _frame_of(self, where: str, stamp: int) -> int:
        elapsed = stamp - self._origin
        if elapsed > MAX_TAKE_SECONDS * FRACTIONS:
            raise VamenError(
                f"{where} lies {elapsed // FRACTIONS // 3600} hours after the beginning, so its time is from another clock; "
                "record what one program sends."
            )
        if not self._ours:
            return max(self._frame, next_tick(elapsed * ENGINE_SAMPLE_RATE, FRACTIONS))
        frame = next_tick(frame_of_stamp(stamp))
        if frame < self._frame:
            raise VamenError(f"{where} is earlier than the line before it; put the lines in the order of their times.")
        return frame


def _drawn(frame: int, control: Control) -> ControlChange:
    """The change; a draw without a seed gets one from its frame, so that the same file always draws the same breaks."""
    if control.name == "random" and not control.values:
        control = Control("random", (), (frame % (MAX_SEED + 1),))
    return ControlChange(frame, control)


def _arguments(where: str, tags: str, text: str) -> list[Any]:
    """The arguments of a line as OSC would deliver them; what is neither number nor string as None."""
    arguments = []
    position = 0
    # One after the other: a pattern for all of them would take seconds to compile where a stranger writes thousands.
    for tag in tags:
        match = _TOKENS.get(tag, _ANY_TOKEN).match(text, position)
        if match is None:
            break
        arguments.append(_argument(tag, match[1]))
        position = match.end()
    if len(arguments) < len(tags) or position < len(text):
        raise VamenError(f"{where} has arguments that do not fit their types {shown(tags)}: {shown(text)}; correct them there.")
    return arguments


def _argument(tag: str, token: str) -> Any:
    if tag in "ih":
        return int(token)
    if tag in "fd":
        return float(token)
    if tag in "sS":
        return token[1:-1] if tag == "s" else token[1:]
    return {"T": True, "F": False}.get(tag)


def read_midi(
    path: Path, control_map: ControlMap, follow: Callable[[Control], None] = lambda control: None
) -> list[ControlChange]:
    """A standard MIDI file's CC lanes and notes as changes, at the frames where the file's own tempo puts them.

    A tempo in the file is also the tempo that is played, clamped to what /vamen/tempo takes, so that its bars are ours. `follow`
    is given every control before the next message is looked at, so that the map can know where the parameters are by then.

    Raises:
        VamenError: the file cannot be read or is no MIDI file of type 0 or 1.
    """
    import mido

    try:
        data = read_at_most(path, MAX_MIDI_FILE_BYTES)
    except OSError as error:
        raise VamenError(f"{path} cannot be read as a MIDI file ({reason(error)}); check the path.") from error
    if data is None:
        raise VamenError(f"{path} is larger than {MAX_MIDI_FILE_BYTES} bytes; export the part that is to be played.")
    try:
        midi_file = mido.MidiFile(file=BytesIO(data))
        messages = list(midi_file.merged_track)
    except Exception as error:
        # mido lets out whatever it meets in a broken file: EOFError, ValueError, LookupError, TypeError ...
        problem = first_line(error) if str(error) else "it ends too early"
        raise VamenError(f"{path} cannot be read as a MIDI file ({problem}); export it as type 0 or 1.") from error
    ticks_per_beat = midi_file.ticks_per_beat
    if ticks_per_beat <= 0:
        raise VamenError(f"{path} counts SMPTE frames instead of beats; export it with ticks per quarter note.")
    changes: list[ControlChange] = []
    microseconds_per_beat = mido.midifiles.midifiles.DEFAULT_TEMPO
    elapsed = 0  # in microseconds / ticks_per_beat, a whole number: no rounding adds up
    for message in messages:
        elapsed += message.time * microseconds_per_beat
        if elapsed > MAX_TAKE_SECONDS * 1_000_000 * ticks_per_beat:
            raise VamenError(f"{path} is longer than {MAX_TAKE_SECONDS // 3600} hours; cut it.")
        frame = next_tick(elapsed * ENGINE_SAMPLE_RATE, 1_000_000 * ticks_per_beat)
        if message.type == "set_tempo":
            microseconds_per_beat = message.tempo
            beats_per_minute = 60_000_000 / max(1, microseconds_per_beat)
            controls = [parse(f"{PREFIX}/tempo", [beats_per_minute], control_map.layout)]
        else:
            controls = control_map.translate(message)
        for control in controls:
            changes.append(_drawn(frame, control))
            follow(changes[-1].control)
    return changes
