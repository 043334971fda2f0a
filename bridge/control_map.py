"""MIDI messages to controls, by a table in TOML: one row for each knob, encoder, pad or row of keys.

    [[control]]
    cc = 1                       # or one of: cc14 = 1 (with 33 for its fine half), nrpn = 1234,
                                 # note = 60, notes = [36, 67], program = 5, program = [0, 127]
    channel = 10                 # 1 to 16; every channel where it is left out
    target = "/vamen/axis/1"     # an address of the table in bridge/parameters.py
    range = [0.2, 0.8]           # what the knob's ends mean; the address's own range where it is left out
    curve = "linear"             # or "exponential" (equal ratios), "squared" (fine at the low end)
    takeover = "pick-up"         # nothing moves until the knob passes where the sound is; "scale" shares out the way that is left
    mode = "signed"              # an endless encoder: "signed", "signed-inverted", "offset" or "twos-complement"

A button is a row whose target takes no argument, or that fixes it with `value`; it acts when a CC rises to its upper half, or
when a note begins. With `notes` or two programmes the range is spread over them, and `release` is sent when the last key is let
go. Where a key belongs to several rows, the one with the fewest keys has it. Increments and decrements of an NRPN turn as an
encoder does.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.control import Control
from bridge.control_row import Current, Row
from bridge.errors import VamenError, first_line
from bridge.map_places import DEFAULT_MAP
from bridge.map_reading import read_row, read_rows
from bridge.midi_values import MidiEvent, MidiReader
from bridge.parameters import ControlLayout
from bridge.whole_file import read_at_most, reason

if TYPE_CHECKING:
    import mido

MAX_MAP_BYTES = 2**18
MAX_LINE_BYTES = 1000
"""A key of a hundred thousand parts, a.a.a..., would take `tomllib` hours: it looks at every beginning of a key."""


class ControlMap:
    """The rows of a map; `translate` keeps what is held and pressed, so each MIDI input or file needs a map of its own.

    Another thread may call `bind` meanwhile.
    """

    def __init__(self, rows: list[Row], layout: ControlLayout, current: Current) -> None:
        self.layout = layout
        self._current = current
        self._rows = rows
        self._reader = MidiReader(_nrpns(rows))

    @classmethod
    def load(cls, path: Path | None, layout: ControlLayout, current: Current = lambda address: None) -> ControlMap:
        """Read a map, or the one that VAmEn brings along. Rows for axes that the model lacks rest.

        :param current: where a parameter is now, for encoders and takeover

        Raises:
            VamenError: the file cannot be read, or a row is wrong; the sentence names the file and the row.
        """
        path = path or DEFAULT_MAP
        return cls(list(read_rows(read_document(path)[1], path, layout, current)), layout, current)

    @property
    def asks_where_parameters_are(self) -> bool:
        """Whether any row moves from where the sound is, rather than to where a knob stands."""
        return any(row.asks for row in self._rows)

    def translate(self, message: mido.Message) -> list[Control]:
        """The controls that a MIDI message means; most kinds of messages mean none."""
        return [control for row, event in self._heard(message) for control in row.act(event)]

    def notice(self, message: mido.Message) -> None:
        """Take note of a message that means nothing for once: an NRPN that it selects stays selected."""
        self._reader.read(message)

    def let_go(self) -> list[Control]:
        """Forget what hardware does that has gone; returns what it means that nothing is held any more."""
        self._reader.forget()
        return [control for row in self._rows for control in row.let_go()]

    def bind(self, table: dict[str, Any]) -> list[Control]:
        """Have a row from now on, in place of others for the same hardware; returns what the end of those means.

        Raises:
            ValueError, ControlError: the row is wrong; both carry a sentence.
        """
        row = read_row(table, self.layout, self._current)
        if row is None:
            raise ValueError(f"{table['target']} is an axis that this model lacks.")
        replaced = [old for old in self._rows if row.source.replaces(old.source)]
        rows = [*(old for old in self._rows if not row.source.replaces(old.source)), row]
        for each in rows:
            # A button that was let go unheard while we were learning must not lose its next press.
            each.unpress()
        self._reader.nrpns = _nrpns(rows)
        self._rows = rows
        return [control for old in replaced for control in old.let_go()]

    def follow(self, message: mido.Message) -> list[Control]:
        """What the message means from which the latest row was learnt."""
        return [control for row, event in self._heard(message) if row is self._rows[-1] for control in row.follow(event)]

    def _heard(self, message: mido.Message) -> list[tuple[Row, MidiEvent]]:
        """The rows that a message is for, with what it is for them."""
        events = self._reader.read(message)
        heard = [(row, event) for row in self._rows for event in events if row.source.hears(event)] if events else []
        if len(heard) > 1 and message.type != "control_change":
            fewest = min(len(row.source.numbers) for row, _ in heard)
            heard = [(row, event) for row, event in heard if len(row.source.numbers) == fewest]
        return heard


def read_document(path: Path) -> tuple[str, dict[str, Any]]:
    """A map's text and what TOML makes of it. Raises VamenError where it cannot be read, is too large or is no TOML."""
    try:
        data = read_at_most(path, MAX_MAP_BYTES)
    except OSError as error:
        raise VamenError(f"The control map {path} cannot be read ({reason(error)}); check the path.") from error
    if data is None:
        raise VamenError(f"The control map {path} is larger than {MAX_MAP_BYTES} bytes; give a file of [[control]] rows.")
    if max(map(len, data.split(b"\n"))) > MAX_LINE_BYTES:
        raise VamenError(f"The control map {path} has a line of more than {MAX_LINE_BYTES} bytes; put what it says on several.")
    try:
        text = data.decode()
        return text, tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise VamenError(f"The control map {path} is not TOML ({first_line(error)}); correct it there.") from error


def _nrpns(rows: list[Row]) -> frozenset[int]:
    return frozenset(number for row in rows if row.source.kind == "nrpn" for number in row.source.numbers)
