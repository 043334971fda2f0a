"""How many inlets and outlets the Max objects have that the patches use, and of what type the outlets are.

A box that states a wrong number loses its cords when Max opens it. Many of the numbers were read from files that Max itself had
saved (Ableton's maxdevtools, MIT, and other public patches), for plugsync~ also from its reference page; signal arithmetic and
plain objects rest on py2max's copy of the reference pages, against which the tests hold all of them. An empty type means "any
message".
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Ports:
    """Inlets, and the type of each outlet."""

    inlets: int
    outlets: tuple[str, ...]


_SIGNAL = ("signal",)

INTERFACE: dict[str, Ports] = {
    "comment": Ports(1, ()),
    "flonum": Ports(1, ("", "bang")),
    "inlet": Ports(0, ("",)),
    "live.button": Ports(1, ("",)),
    "live.comment": Ports(1, ()),
    "live.dial": Ports(1, ("", "float")),
    "live.menu": Ports(1, ("", "", "float")),
    "live.numbox": Ports(1, ("", "float")),
    "live.toggle": Ports(1, ("",)),
    "message": Ports(2, ("",)),
    "multislider": Ports(1, ("", "")),
    "number": Ports(1, ("", "bang")),
    "outlet": Ports(1, ()),
    "panel": Ports(1, ()),
    "pictslider": Ports(2, ("int", "int")),
    "slider": Ports(1, ("",)),
    "tab": Ports(1, ("int", "", "")),
    "textbutton": Ports(1, ("", "", "int")),
    "textedit": Ports(1, ("", "int", "", "")),
    "umenu": Ports(1, ("int", "", "")),
}
"""Objects that are a class of their own in the file."""

OBJECTS: dict[str, Ports] = {
    "!-~": Ports(2, _SIGNAL),
    "*~": Ports(2, _SIGNAL),
    "+": Ports(2, ("int",)),
    "+~": Ports(2, _SIGNAL),
    "-~": Ports(2, _SIGNAL),
    "/~": Ports(2, _SIGNAL),
    "<~": Ports(2, _SIGNAL),
    "buffer~": Ports(1, ("float", "bang")),
    "change": Ports(1, ("", "int", "int")),
    "delay": Ports(2, ("bang",)),
    "edge~": Ports(1, ("bang", "bang")),
    "f": Ports(2, ("float",)),
    "freebang": Ports(1, ("bang",)),
    "i": Ports(2, ("int",)),
    "info~": Ports(1, ("float", "list", "float", "float", "float", "float", "float", "", "int", "")),
    "live.observer": Ports(2, ("", "")),
    "live.path": Ports(1, ("", "", "")),
    "live.thisdevice": Ports(1, ("bang", "int", "int")),
    "loadbang": Ports(1, ("bang",)),
    "loadmess": Ports(1, ("",)),
    "metro": Ports(2, ("bang",)),
    "midiin": Ports(1, ("int",)),
    "midiout": Ports(1, ()),
    "plugout~": Ports(2, ("signal", "signal")),
    "plugphasor~": Ports(1, ("signal", "list")),
    "plugsync~": Ports(1, ("int", "int", "int", "float", "list", "float", "float", "int", "int")),
    "polybuffer~": Ports(1, ("", "bang")),
    "pong~": Ports(3, _SIGNAL),
    "prepend": Ports(1, ("",)),
    "r": Ports(0, ("",)),
    "rampsmooth~": Ports(3, _SIGNAL),
    "round~": Ports(2, _SIGNAL),
    "s": Ports(1, ()),
    "sah~": Ports(2, _SIGNAL),
    "scale": Ports(6, ("",)),
    "sig~": Ports(1, _SIGNAL),
    "tosymbol": Ports(1, ("",)),
    "udpreceive": Ports(1, ("",)),
    "udpsend": Ports(1, ()),
    "vamen.receive": Ports(0, ("",) * 7),
    "vamen.send": Ports(1, ()),
    "wave~": Ports(3, _SIGNAL),
    "zl.reg": Ports(2, ("", "")),
}
"""Objects whose text says what they are; those below depend on their arguments."""

TRIGGER_TYPES = {"b": "bang", "i": "int", "f": "float", "l": "", "s": ""}


def ports_of(maxclass: str, text: str) -> Ports:
    """The ports of a box of this class and text. Raises KeyError for an object that no patch of ours has used so far."""
    if maxclass != "newobj":
        return INTERFACE[maxclass]
    name, *arguments = text.split()
    if name == "route":
        return Ports(len(arguments) + 1, ("",) * (len(arguments) + 1))
    if name == "sel":
        return Ports(len(arguments) + 1, ("bang",) * len(arguments) + ("",))
    if name == "gate":
        return Ports(2, ("",) * (int(arguments[0]) if arguments else 1))
    if name == "t":
        return Ports(1, tuple(TRIGGER_TYPES[argument] for argument in arguments))
    if name == "unpack":
        return Ports(1, tuple("float" if "." in argument else "int" for argument in arguments))
    if name == "sprintf":
        return Ports(text.count("%"), ("",))
    if name == "expr":
        return Ports(len(set(re.findall(r"\$[if]\d", text))), ("",))
    return OBJECTS[name]
