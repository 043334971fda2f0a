"""Learn while playing: touch an axis, move a knob, done. What is learnt acts at once and is kept in the control map's file."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.control import Control
from bridge.control_map import ControlMap
from bridge.errors import VamenError
from bridge.learn import ControlFinder, Finding, described
from bridge.learn_target import Table, Target, target_of, touched_target
from bridge.map_file import save_row
from bridge.map_places import place_to_learn
from bridge.parameters import BELONGS_TO_THE_EVENING, ControlLayout
from bridge.told import LEARNING, LEARNT

if TYPE_CHECKING:
    import mido

logger = logging.getLogger(__name__)

HEARD = ("note_on", "control_change", "program_change")

Say = Callable[[str, str, str], None]


class Learning:
    """Waits for an address, then for a control; `maps` are those of all inputs, and get what is learnt.

    :param played: the map that is played, whose file, or the user's own copy of it, keeps what is learnt
    :param say: is given `LEARNING` or `LEARNT`, the address that is meant and a text
    :param complain: is given sentences about what cannot be learnt
    """

    def __init__(self, layout: ControlLayout, played: Path, say: Say, complain: Callable[[str], None]) -> None:
        self.maps: list[ControlMap] = []
        self._layout = layout
        self._played = played
        self._say = say
        self._complain = complain
        self._lock = threading.Lock()
        self._touch_wanted = False
        self._target: Target | None = None
        self._finder = ControlFinder(presses_do=False)
        self._refused: set[str] = set()

    def take(self, control: Control) -> bool:
        """Hear a control that came by OSC; returns whether it was meant for here alone."""
        if control.name != "learn" and not self._touch_wanted:
            return False
        with self._lock:
            if control.name == "learn":
                self._asked(str(control.values[0]))
                return True
            if self._touch_wanted and control.name not in BELONGS_TO_THE_EVENING:
                try:
                    self._begin(touched_target(control, self._layout))
                except (VamenError, ValueError):
                    # A patch may send much else: what a hand can play is waited for.
                    return False
            return False

    def hear(self, message: mido.Message, control_map: ControlMap) -> list[Control] | None:
        """Hear a message of the input that has this map; returns what it means, None where it means what it always does.

        While something is learnt what is moved plays nothing.
        """
        if self._target is None or message.type not in HEARD or (message.type == "note_on" and not message.velocity):
            return None
        with self._lock:
            if (target := self._target) is None:
                return None
            control_map.notice(message)
            finding = self._finder.hear(message)
            return [] if finding is None else self._found(target, finding, message, control_map)

    def _asked(self, text: str) -> None:
        if not text and (self._touch_wanted or self._target is not None):
            address = self._target.address if self._target else ""
            self._touch_wanted, self._target = False, None
            self._tell(LEARNING, address, "learning was given up")
        elif not self.maps:
            self._complain("There is no MIDI input to learn from: start with --midi-in NAME.")
        elif not text:
            self._touch_wanted = True
            self._tell(LEARNING, "", "touch what shall be moved, by OSC")
        else:
            try:
                self._begin(target_of(text, self._layout))
            except (VamenError, ValueError) as error:
                self._complain(str(error))

    def _begin(self, target: Target) -> None:
        self._touch_wanted, self._target = False, target
        self._finder = ControlFinder(target.presses_do)
        self._refused.clear()
        self._tell(LEARNING, target.address, "move a knob, turn an encoder up and down, or press a pad or key")

    def _found(self, target: Target, finding: Finding, message: mido.Message, control_map: ControlMap) -> list[Control]:
        self._finder = ControlFinder(target.presses_do)
        try:
            table = target.row(finding, self._layout)
            controls = [control for each in self.maps for control in each.bind(table)]
        except (VamenError, ValueError) as error:
            # Another control may do.
            if str(error) not in self._refused:
                self._refused.add(str(error))
                self._complain(str(error))
            return []
        self._target = None
        self._tell(LEARNT, target.address, f"{described(finding, table)}; {self._keep(table)}")
        return controls + control_map.follow(message)

    def _keep(self, table: Table) -> str:
        path = place_to_learn(self._played)
        try:
            save_row(path, self._played, table)
        except VamenError as error:
            return f"for this evening only: {error}"
        return f"saved in {path}"

    def _tell(self, kind: str, address: str, text: str) -> None:
        if kind == LEARNT:
            # Not the prompts: whoever asks without end would fill the pipe of one who starts us and does not read.
            logger.info("learnt %s: %s", address, text)
        self._say(kind, address, text)
