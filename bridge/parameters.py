"""One table of everything the instrument can be told: parsing, checking, `--help` and the README's table come from it.

A number is any of OSC's f d i h T F. What turns continuously is clamped to its range, so that an LFO that overshoots still
reaches the end; what counts or chooses (slots, steps, seeds, ports, words) is refused outside of it, because the nearest
slot is not the slot that was meant. NaN and infinity are refused everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from bridge.control import Control, Value
from bridge.errors import VamenError

if TYPE_CHECKING:
    from bridge.model_metadata import ModelMetadata

PREFIX = "/vamen"
DECIMALS = 6
"""Decimals of a float in a take: liblo's oscdump prints as many. Floats are rounded to them on arrival."""

DEFAULT_BEATS_PER_MINUTE = 170.0

MAX_SEED = 2**31 - 1
MAX_NAME_LENGTH = 64
NAME = re.compile(r"(\w[\w.+-]*)?")
TO_LEARN = re.compile(r"(/?\w[\w/.+-]*(=[\w.+-]+)?)?")
"""An address, with or without /vamen, and for a button or pad the value that it is to send: slot/recall=3."""

Kind = Literal[
    "malformed packet", "unknown address", "wrong type", "wrong count", "not finite", "out of range", "button released",
    "not subscribed", "only in takes", "internal error",
]  # fmt: skip
"""Why something that arrived was not taken as it stood; what is counted and explained is counted by kind."""


class ControlError(VamenError):
    """A message that the table does not take: `kind` to count it by, and one sentence for whoever sent it."""

    def __init__(self, kind: Kind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


@dataclass(frozen=True)
class ParameterSpec:
    """One row of the table. A bound that is a word stands for the field of that name in `ControlLayout`."""

    name: str
    address: str
    """Below /vamen; <axis>, <step> and <dimension> stand for a number from 1 (an axis also for its name)."""
    type: Literal["float", "int", "text", "button"]
    help: str
    count: Literal["one", "optional", "vector", "matrix or vector", "reference"] = "one"
    minimum: float = 0.0
    maximum: float | Literal["steps", "slots"] = 1.0
    choices: tuple[str, ...] = ()
    default: Value | None = None
    """What the instrument starts with; None where nothing of the kind is set."""
    words: re.Pattern[str] = NAME
    """What a text without choices looks like."""

    def highest(self, layout: ControlLayout) -> float:
        return float(getattr(layout, self.maximum)) if isinstance(self.maximum, str) else self.maximum

    def range_text(self, layout: ControlLayout) -> str:
        """The values that it takes, for people."""
        if self.choices:
            return ", ".join(self.choices)
        if self.type in ("text", "button"):
            return ""
        return f"{self.minimum:.12g} to {self.highest(layout):.12g}"

    def argument_text(self) -> str:
        """The OSC arguments that it takes, for people: type tags as OSC spells them."""
        if self.type == "button":
            return ""
        tag = {"float": "f", "int": "i", "text": "s"}[self.type]
        return {"one": tag, "optional": f"[{tag}]", "vector": f"{tag}...", "matrix or vector": f"{tag}...",
                "reference": tag * REFERENCE_NUMBERS}[self.count]  # fmt: skip


PARAMETERS: dict[str, ParameterSpec] = {
    spec.name: spec
    for spec in (
        ParameterSpec("axis", "axis/<axis>", "float", "turn a knob of the sound, by name or number; 0.5 is the break as stored",
                      default=0.5),
        ParameterSpec("latent", "latent", "float",
                      "set the whole break step after step, or every step to one vector, in units of the prior's scales",
                      count="matrix or vector", minimum=-8.0, maximum=8.0),
        ParameterSpec("latent_step", "latent/<step>", "float", "set one step's vector", count="vector",
                      minimum=-8.0, maximum=8.0),
        ParameterSpec("latent_dimension", "latent/<step>/<dimension>", "float", "set one number of one step",
                      minimum=-8.0, maximum=8.0),
        ParameterSpec("random", "random", "int", "draw a new break; the same seed draws the same one", count="optional",
                      maximum=MAX_SEED),
        ParameterSpec("slot_store", "slot/store", "int", "keep the break that sounds in a slot", minimum=1, maximum="slots"),
        ParameterSpec("slot_recall", "slot/recall", "int", "play a slot's break", minimum=1, maximum="slots"),
        ParameterSpec("morph_a", "morph/a", "int", "the slot at the morph's 0", minimum=1, maximum="slots"),
        ParameterSpec("morph_b", "morph/b", "int", "the slot at the morph's 1", minimum=1, maximum="slots"),
        ParameterSpec("morph", "morph", "float", "move between the slots of morph/a and morph/b", default=0.0),
        ParameterSpec("morph_mode", "morph/mode", "text", "how morph moves: step after step, weak beats first, or all at once",
                      choices=("steps", "blend"), default="steps"),
        ParameterSpec("tempo", "tempo", "float", "beats per minute; the pitch stays", minimum=60.0, maximum=240.0,
                      default=DEFAULT_BEATS_PER_MINUTE),
        ParameterSpec("tempo_mode", "tempo/mode", "text",
                      "what a new tempo does: paint keeps the pitch, repitch plays faster or slower as a sampler does",
                      choices=("paint", "repitch"), default="paint"),
        ParameterSpec("tap", "tap", "button", "tap the tempo"),
        ParameterSpec("nudge", "nudge", "float", "move every beat earlier by so many beats, or with a minus later",
                      minimum=-4.0, maximum=4.0),
        ParameterSpec("clock", "clock", "text", "who supplies the beat; with an outside clock it is silent until that starts",
                      choices=("internal", "midi", "link"), default="internal"),
        ParameterSpec("play", "play", "button", "start on the one; with an outside clock, on its next bar"),
        ParameterSpec("stop", "stop", "button", "stop the sound"),
        ParameterSpec("quantise", "quantise", "text", "when a new break takes over",
                      choices=("off", "step", "beat", "bar", "loop"), default="off"),
        ParameterSpec("gain", "gain", "float", "volume, a linear factor", default=1.0),
        ParameterSpec("trigger", "trigger", "int", "play from this step on at once; 0 goes back to where the loop would be",
                      maximum="steps"),
        ParameterSpec("export", "export", "text", "write the break that sounds into the watch folder, under this name",
                      count="optional"),
        ParameterSpec("subscribe", "subscribe", "int",
                      "send state, position, column, repaint times, file paths and errors to this port",
                      minimum=1, maximum=65535),
        ParameterSpec("unsubscribe", "unsubscribe", "int", "send nothing more to this port", minimum=1, maximum=65535),
        ParameterSpec("learn", "learn", "text",
                      "the next knob, pad or key that moves gets this address; without one, the next control that arrives by OSC "
                      "says which, and a second time gives up", count="optional", words=TO_LEARN),
        ParameterSpec("step_ticks", "schedule/step_ticks", "int",
                      "ticks of 256 frames that painting a step in haste is given; stands at the start of a take only",
                      minimum=1, maximum=64),
        ParameterSpec("reference", "clock/reference", "float",
                      "what an outside clock said: beat, its frame, beats per minute, running; stands in takes only",
                      count="reference", minimum=-1e12, maximum=1e12),
    )
}  # fmt: skip

FOR_TAKES_ONLY = frozenset({"step_ticks", "reference"})
"""What the engine writes down for itself: in a take it is needed, from a hand it would mean nothing."""

BELONGS_TO_THE_EVENING = frozenset({"subscribe", "unsubscribe", "learn"})
"""What is said to the program and not to the instrument: it stands in no take, and the engine does not obey it."""

REFERENCE_NUMBERS = 4


@dataclass(frozen=True)
class ControlLayout:
    """What a model and the engine fix about the address space: the axes' names, the latent's shape and the slots."""

    axis_names: tuple[str, ...]
    latent_dimensions: int
    steps: int
    slots: int = 128

    @cached_property
    def addresses(self) -> dict[str, tuple[ParameterSpec, tuple[int, ...]]]:
        """Every address that exists, with its row of the table and the numbers in it."""
        return dict(self._enumerate())

    def _enumerate(self) -> Iterator[tuple[str, tuple[ParameterSpec, tuple[int, ...]]]]:
        for spec in PARAMETERS.values():
            address = f"{PREFIX}/{spec.address}"
            if "<axis>" in address:
                for number, name in enumerate(self.axis_names, 1):
                    yield address.replace("<axis>", str(number)), (spec, (number,))
                    yield address.replace("<axis>", name), (spec, (number,))
            elif "<step>" in address:
                dimensions = range(1, self.latent_dimensions + 1) if "<dimension>" in address else (0,)
                for step in range(1, self.steps + 1):
                    for dimension in dimensions:
                        index = (step, dimension) if dimension else (step,)
                        yield address.replace("<step>", str(step)).replace("<dimension>", str(dimension)), (spec, index)
            else:
                yield address, (spec, ())


def layout_of(metadata: ModelMetadata) -> ControlLayout:
    """The address space of a model."""
    return ControlLayout(tuple(axis.name for axis in metadata.axes), metadata.latent_dimensions, metadata.spec.steps)


DOCUMENTED_LAYOUT = ControlLayout(axis_names=(), latent_dimensions=0, steps=32)
"""For ranges in help and README: the presets' 32 steps; the rest depends on the model."""


def shown(value: object) -> str:
    """Foreign text or a foreign value for a sentence: short, and without control characters."""
    text = repr(value)
    return text if len(text) <= 80 else text[:76] + " ..."


def parse(
    address: str,
    arguments: Sequence[object],
    layout: ControlLayout,
    on_clamped: Callable[[ControlError], None] | None = None,
) -> Control:
    """The control that an OSC message means.

    A continuous value outside its range is clamped, and `on_clamped` is told. Floats come out rounded to the six decimals
    that a take records.

    Raises:
        ControlError: nothing in the table is meant; `kind` says in which way.
    """
    entry = layout.addresses.get(address)
    if entry is None:
        raise ControlError("unknown address", _unknown_address(address, layout))
    spec, index = entry
    return Control(spec.name, index, check(spec, arguments, layout, address, on_clamped))


def check(
    spec: ParameterSpec,
    arguments: Sequence[object],
    layout: ControlLayout,
    address: str,
    on_clamped: Callable[[ControlError], None] | None = None,
) -> tuple[Value, ...]:
    """The arguments of a message in the types and ranges of its row; `address` is for the sentences. Raises ControlError."""
    if spec.type == "button":
        return _button(arguments, address)
    if spec.count == "optional" and list(arguments) == [None]:
        arguments = []
    _check_count(spec, len(arguments), layout, address)
    if spec.type == "text":
        return (_text(spec, arguments[0] if arguments else "", address),)
    if spec.type == "int":
        return tuple(_whole_number(spec, argument, layout, address) for argument in arguments)
    values = [_number(argument, address) for argument in arguments]
    low, high = spec.minimum, spec.highest(layout)
    clamped = [min(max(value, low), high) for value in values]
    if clamped != values and on_clamped is not None:
        first = next(value for value, taken in zip(values, clamped, strict=True) if value != taken)
        on_clamped(
            ControlError(
                "out of range",
                f"{address} goes from {spec.range_text(layout)} and got {shown(first)}; the nearest end was taken.",
            )
        )
    # Adding 0.0 turns -0.0 into the zero that it sounds like, so that equal sounds make equal takes.
    return tuple([round(float(value), DECIMALS) + 0.0 for value in clamped])


def format_control(control: Control, layout: ControlLayout) -> tuple[str, str, tuple[Value, ...]]:
    """The OSC message (address, type tags, arguments) that means this control: `parse` gives the control back.

    A button carries a 1, since liblo's text files need an argument on every line; only `random` without a seed has none.
    """
    spec = PARAMETERS[control.name]
    address = f"{PREFIX}/{spec.address}"
    if control.name == "axis":
        address = address.replace("<axis>", layout.axis_names[control.index[0] - 1])
    for placeholder, number in zip(("<step>", "<dimension>"), control.index, strict=False):
        address = address.replace(placeholder, str(number))
    if spec.type == "button":
        return address, "i", (1,)
    tag = {"float": "f", "int": "i", "text": "s"}[spec.type]
    return address, tag * len(control.values), control.values


def _button(arguments: Sequence[object], address: str) -> tuple[Value, ...]:
    """A pad sends 1 when pressed and 0 when let go, a TouchDesigner channel sends 0 at every frame: only a press counts.

    OSC's N and I, which arrive as None, are what OSCQuery's clients send to a button.
    """
    if len(arguments) > 1:
        raise ControlError("wrong count", f"{address} takes no argument, or one number, and got {len(arguments)}: send none.")
    if arguments and arguments[0] is not None and not _number(arguments[0], address):
        raise ControlError("button released", f"{address} with 0 is a button let go and does nothing; send it without argument.")
    return ()


def _check_count(spec: ParameterSpec, count: int, layout: ControlLayout, address: str) -> None:
    vector, matrix = layout.latent_dimensions, layout.latent_dimensions * layout.steps
    allowed = {"one": (1,), "optional": (0, 1), "vector": (vector,), "matrix or vector": (vector, matrix),
               "reference": (REFERENCE_NUMBERS,)}[spec.count]  # fmt: skip
    if count not in allowed:
        takes = " or ".join(str(number) for number in allowed) + (" argument" if allowed == (1,) else " arguments")
        raise ControlError("wrong count", f"{address} takes {takes} and got {count}: send that many.")


def _number(value: object, address: str) -> float | int:
    if not isinstance(value, (float, int)):
        raise ControlError("wrong type", f"{address} takes numbers and got {shown(value)}: send an int or a float.")
    if not math.isfinite(value):
        raise ControlError("not finite", f"{address} got {value}, which cannot be heard: send a finite number.")
    return value


def _whole_number(spec: ParameterSpec, argument: object, layout: ControlLayout, address: str) -> int:
    value = _number(argument, address)
    if value != int(value):
        raise ControlError("wrong type", f"{address} takes a whole number and got {shown(argument)}: round it.")
    if not spec.minimum <= value <= spec.highest(layout):
        raise ControlError(
            "out of range", f"{address} goes from {spec.range_text(layout)} and got {shown(argument)}: send one of these."
        )
    return int(value)


def _text(spec: ParameterSpec, argument: object, address: str) -> str:
    if not isinstance(argument, str):
        expected = f"one of {spec.range_text(DOCUMENTED_LAYOUT)}" if spec.choices else "a name"
        raise ControlError("wrong type", f"{address} takes {expected} and got {shown(argument)}: send a string.")
    if spec.choices:
        if argument not in spec.choices:
            raise ControlError(
                "out of range", f"{address} takes one of {', '.join(spec.choices)} and got {shown(argument)}: send one of these."
            )
        return argument
    # A take's lines are split at spaces by liblo's readers.
    name = re.sub(r"\s+", "_", argument)
    if len(name) > MAX_NAME_LENGTH or not spec.words.fullmatch(name):
        raise ControlError(
            "out of range",
            f"{address} takes a name of letters, digits and . _ + - (at most {MAX_NAME_LENGTH}, a letter or digit first) "
            f"and got {shown(argument)}: choose another name.",
        )
    return name


def _unknown_address(address: str, layout: ControlLayout) -> str:
    if address.startswith(f"{PREFIX}/axis/"):
        axes = ", ".join(layout.axis_names)
        return f"{shown(address)} is none of this model's axes: send 1 to {len(layout.axis_names)}, or by name {axes}."
    if address.startswith(f"{PREFIX}/latent/"):
        return (
            f"{shown(address)} is no step or dimension of this model: send step 1 to {layout.steps}, "
            f"and dimension 1 to {layout.latent_dimensions}."
        )
    return f"{shown(address)} is not an address of VAmEn: `vamen play --help` lists them all."


def _rows() -> list[tuple[str, str, str, str, str]]:
    rows = []
    for spec in PARAMETERS.values():
        default = "" if spec.default is None else f"{spec.default:g}" if isinstance(spec.default, float) else str(spec.default)
        rows.append((f"{PREFIX}/{spec.address}", spec.argument_text(), spec.range_text(DOCUMENTED_LAYOUT), default, spec.help))
    return rows


def markdown_table() -> str:
    """The table for the README."""
    lines = ["| address | argument | range | default | what it does |", "|---|---|---|---|---|"]
    for address, argument, range_text, default, help_line in _rows():
        argument = f"`{argument}`" if argument else ""
        lines.append(f"| `{address}` | {argument} | {range_text} | {default} | {help_line} |")
    return "\n".join(lines) + "\n"


def help_text() -> str:
    """The table for a terminal: the message on one line, what it does on the next."""
    lines = []
    for address, argument, range_text, default, help_line in _rows():
        default = f" (starts at {default})" if default else ""
        lines += [" ".join(part for part in (f"{address} {argument}".rstrip(), range_text + default) if part)]
        lines += [f"    {help_line}"]
    return "\n".join(lines) + "\n"
