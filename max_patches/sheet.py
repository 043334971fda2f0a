"""A Max patch that grows on a grid: sections of lanes, each lane a column of boxes with straight cords.

py2max holds the boxes and lints them; what it does not know for certain (ports) comes from `ports.py`. Messages that many lanes
send to one place go there by name (`s`, `r`), as a patcher would do it by hand, so that no cord crosses the sheet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from py2max import Patcher
from py2max.core.box import Box
from py2max.core.common import Rect

from max_patches.ports import ports_of

MARGIN = 30
ROW_HEIGHT = 30
TEXT_HEIGHT = 22
GAP = 15
SHEET_WIDTH = 1500
"""Lanes go to a new row beyond it, in pixels."""

Place = tuple[int, int, int, int]
"""x, y, width and height in pixels."""


@dataclass
class Lane:
    """A column of boxes; `x` and `y` are where the next one goes."""

    x: int
    y: int
    right: int


class Sheet:
    """One patcher under construction. `document()` gives what a .maxpat file holds."""

    def __init__(self, title: str, opens_in_presentation: bool = False) -> None:
        self.patcher = Patcher(openinpresentation=int(opens_in_presentation), on_invalid="raise", validate_attrs=False)
        self.patcher.title = title
        self.patcher.autosave = 0
        self._count = 0
        self._lane: Lane | None = None
        self._row_y = MARGIN
        self._bottom = MARGIN
        self._right = MARGIN
        self.strip: tuple[int, int] | None = None
        """Width and height of what Live shows, if this is a device."""
        self._parameters: dict[str, list[Any]] = {}

    def section(self, text: str) -> None:
        """Begin a new row of lanes under a heading."""
        self._row_y = self._bottom + (ROW_HEIGHT if self._count else 0)
        self._lane = None
        self._put("comment", text, MARGIN, self._row_y, 8 * len(text) + 30, TEXT_HEIGHT, fontface=1, fontsize=13.0)
        self._row_y += ROW_HEIGHT
        self._bottom = self._row_y

    def lane(self) -> None:
        """Begin a new column to the right of the last, or under it where the sheet ends."""
        x = MARGIN if self._lane is None else self._lane.right + GAP
        if x > SHEET_WIDTH:
            self.row()
            x = MARGIN
        self._lane = Lane(x, self._row_y, x)

    def row(self) -> None:
        """Go on below everything that is there."""
        self._row_y = self._bottom + GAP
        self._lane = None

    def object(self, text: str) -> Box:
        """An object box under the last one of the lane."""
        return self._next("newobj", text, _text_width(text), TEXT_HEIGHT)

    def message(self, text: str) -> Box:
        """A message box."""
        return self._next("message", text, _text_width(text), TEXT_HEIGHT)

    def note(self, text: str) -> Box:
        """A comment in the lane."""
        return self._next("comment", text, _text_width(text), TEXT_HEIGHT)

    def interface(
        self, maxclass: str, width: int, height: int, shown: Place | None = None, text: str = "", **attributes: Any
    ) -> Box:
        """A box that people touch or read; `shown` is where it stands in the presentation."""
        return self._next(maxclass, text, width, height, **_presented(shown), **attributes)

    def caption(self, text: str, shown: Place, **attributes: Any) -> Box:
        """A comment that the presentation shows too."""
        return self._next("comment", text, max(60, _text_width(text)), TEXT_HEIGHT, **_presented(shown), **attributes)

    def parameter(self, maxclass: str, name: str, shown: Place | None, short: str = "", **valueof: Any) -> Box:
        """A live.* control, which Live can automate and every Max show: `valueof` as Max saves a parameter."""
        _, _, width, height = shown or (0, 0, 44, 48)
        settings = {"parameter_longname": name, "parameter_shortname": short or name, **valueof}
        box = self._next(
            maxclass, "", width, height, parameter_enable=1, varname=name,
            saved_attribute_attributes={"valueof": dict(sorted(settings.items()))}, **_presented(shown),
        )  # fmt: skip
        self._parameters[str(box.id)] = [name, short or name, 0]
        return box

    def port(self, maxclass: str, index: int, comment: str) -> Box:
        """An inlet or outlet of an abstraction, under the last box of the lane."""
        return self._next(maxclass, "", 30, 30, comment=comment, index=index)

    def cord(self, source: Box, destination: Box, outlet: int = 0, inlet: int = 0) -> None:
        """Connect two boxes. Raises py2max's InvalidConnectionError where one of them has no such port."""
        self.patcher.add_line(source, destination, inlet=inlet, outlet=outlet)

    def chain(self, *boxes: Box) -> Box:
        """Connect boxes one after the other by their first ports; returns the last."""
        for source, destination in pairwise(boxes):
            self.cord(source, destination)
        return boxes[-1]

    def document(self) -> dict[str, Any]:
        """What the file holds, after Max's own order of keys."""
        self.patcher.rect = Rect(85.0, 104.0, float(self._right + MARGIN), float(self._bottom + MARGIN))
        document: dict[str, Any] = self.patcher.to_dict()
        if self.strip is not None:
            width, height = map(float, self.strip)
            document["patcher"] |= {"devicewidth": width, "openrect": [0.0, 0.0, width, height]}
        if self._parameters:
            document["patcher"]["parameters"] = {**self._parameters, "parameterbanks": self._banks(), "inherited_shortname": 1}
        return json.loads(json.dumps(document))

    def _banks(self) -> dict[str, Any]:
        """The encoders of Push and other controllers that know banks: eight parameters each, in our order."""
        names = [str(entry[0]) for entry in self._parameters.values()]
        banks = {}
        for number, start in enumerate(range(0, len(names), 8)):
            bank = names[start : start + 8]
            banks[str(number)] = {"index": number, "name": "", "parameters": bank + ["-"] * (8 - len(bank))}
        return banks

    def _next(self, maxclass: str, text: str, width: int, height: int, **attributes: Any) -> Box:
        if self._lane is None:
            self.lane()
        lane = self._lane
        assert lane is not None
        box = self._put(maxclass, text, lane.x, lane.y, width, height, **attributes)
        lane.y += max(ROW_HEIGHT, (height // GAP + 1) * GAP)
        lane.right = max(lane.right, lane.x + width)
        return box

    def _put(self, maxclass: str, text: str, x: int, y: int, width: int, height: int, **attributes: Any) -> Box:
        self._count += 1
        ports = ports_of(maxclass, text)
        if text:
            attributes["text"] = text
        if ports.outlets:
            attributes["outlettype"] = list(ports.outlets)
        box = Box(
            maxclass=maxclass, numinlets=ports.inlets, numoutlets=len(ports.outlets), id=f"obj-{self._count}",
            patching_rect=Rect(float(x), float(y), float(width), float(height)), **attributes,
        )  # fmt: skip
        self._bottom = max(self._bottom, y + height + GAP)
        self._right = max(self._right, x + width)
        return self.patcher.add_box(box)


def _text_width(text: str) -> int:
    return max(40, 7 * len(text) + 14)


def _presented(shown: Place | None) -> dict[str, Any]:
    return {} if shown is None else {"presentation": 1, "presentation_rect": [float(number) for number in shown]}
