"""Enough of Max to run the instrument's patch without Max: messages through the cords, and signals in blocks.

Each object does what its reference page says, and no more than the patch uses; an object that is not known here fails the test.
What Live supplies (plugsync~, plugphasor~) is put in from outside, and what reaches plugout~ comes out.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 256
Signal = NDArray[np.float64]
Message = tuple[Any, ...]


class Patch:
    """A patcher that runs. `files` gives what a path's file holds; `now` is the time in frames."""

    def __init__(self, patcher: dict[str, Any], files: dict[str, Signal], sample_rate: float) -> None:
        self.boxes = {entry["box"]["id"]: entry["box"] for entry in patcher["boxes"]}
        self.files, self.sample_rate, self.now = files, sample_rate, 0
        self.buffers: dict[str, Signal] = {}
        self.out: list[Signal] = []
        self.host: dict[str, Signal] = {}
        self._state: dict[str, dict[str, Any]] = defaultdict(dict)
        self._cords: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
        self._inputs: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
        self._timers: list[tuple[int, str]] = []
        for line in patcher["lines"]:
            (source, outlet), (destination, inlet) = line["patchline"]["source"], line["patchline"]["destination"]
            self._cords[source, outlet].append((destination, inlet))
            if self.boxes[source].get("outlettype", [""] * 9)[outlet] == "signal":
                self._inputs[destination, inlet].append((source, outlet))
        self._order = self._sorted()
        for box in self.boxes.values():
            name, arguments = self._words(box)
            if name == "loadmess":
                self.send(box["id"], 0, tuple(_atoms(arguments)))

    def _words(self, box: dict[str, Any]) -> tuple[str, list[str]]:
        if box["maxclass"] != "newobj":
            return box["maxclass"], []
        name, *arguments = box["text"].split()
        return name, arguments

    def find(self, text: str) -> str:
        """The id of the one box with this text."""
        [found] = [box_id for box_id, box in self.boxes.items() if box.get("text") == text]
        return found

    def send(self, box_id: str, outlet: int, message: Message) -> None:
        """Let a message out of a box: to the right-most destination first, as Max does."""
        for destination, inlet in sorted(self._cords[box_id, outlet], key=lambda cord: -self.boxes[cord[0]]["patching_rect"][0]):
            self._receive(destination, inlet, message)

    def to_name(self, name: str, message: Message) -> None:
        """As `s name` would."""
        for box_id, box in self.boxes.items():
            if box.get("text") == f"r {name}":
                self.send(box_id, 0, message)

    def _receive(self, box_id: str, inlet: int, message: Message) -> None:
        box, state = self.boxes[box_id], self._state[box_id]
        name, arguments = self._words(box)
        if name.endswith("~") and name not in ("buffer~", "info~"):
            state[inlet] = float(message[0])
        elif name == "t":
            for outlet in reversed(range(len(arguments))):
                self.send(box_id, outlet, ("bang",) if arguments[outlet] == "b" else message)
        elif name == "s":
            self.to_name(arguments[0], message)
        elif name in ("f", "i", "zl.reg"):
            if inlet == 0 and message != ("bang",):
                state["held"] = message
            if inlet == 1:
                state["held"] = message
            else:
                self.send(box_id, 0, state.get("held", tuple(_atoms(arguments)) or (0,)))
        elif name == "gate":
            if inlet == 0:
                state["open"] = int(message[0])
            elif outlet := state.get("open", int(arguments[1]) if len(arguments) > 1 else 0):
                self.send(box_id, outlet - 1, message)
        elif name == "prepend":
            self.send(box_id, 0, (*_atoms(arguments), *message))
        elif name == "message":
            self.send(box_id, 0, tuple(_atoms(box["text"].split())))
        elif name == "delay":
            self._timers = [timer for timer in self._timers if timer[1] != box_id]
            self._timers.append((self.now + round(float(arguments[0]) * self.sample_rate / 1000), box_id))
        elif name == "expr":
            self._calculate(box_id, inlet, message, " ".join(arguments))
        elif name == "buffer~":
            assert message[0] == "replace"
            self.buffers[arguments[0]] = self.files[message[1]]
            self.send(box_id, 1, ("bang",))
        elif name == "info~":
            self.send(box_id, 6, (1000.0 * len(self.buffers[arguments[0]]) / self.sample_rate,))
        elif name not in ("comment", "udpsend", "metro"):
            raise AssertionError(f"{name} is not known here")

    def _calculate(self, box_id: str, inlet: int, message: Message, text: str) -> None:
        values = self._state[box_id].setdefault("values", {})
        values.update({inlet + offset: value for offset, value in enumerate(message)})
        if inlet == 0:
            known = {"int": math.trunc, "exp": math.exp, "log": math.log, "__builtins__": {}}
            self.send(
                box_id, 0, (eval(re.sub(r"\$[if](\d)", lambda match: repr(values.get(int(match[1]) - 1, 0)), text), known),)
            )

    def run(self, host: dict[str, Signal]) -> None:
        """One block: `host` has the signal of plugphasor~."""
        for due, box_id in [timer for timer in self._timers if timer[0] <= self.now]:
            self._timers.remove((due, box_id))
            self.send(box_id, 0, ("bang",))
        signals: dict[str, Signal] = {}
        for box_id in self._order:
            name, arguments = self._words(self.boxes[box_id])
            inputs = [self._input(box_id, inlet, signals, arguments) for inlet in range(self.boxes[box_id]["numinlets"])]
            if name == "plugout~":
                self.out.append(inputs[0])
            elif name == "plugphasor~":
                signals[box_id] = host[name]
            elif name == "edge~":
                self._edges(box_id, inputs[0])
            elif name != "plugsync~":
                signals[box_id] = self._process(box_id, name, arguments, inputs)
        self.now += BLOCK

    def _input(self, box_id: str, inlet: int, signals: dict[str, Signal], arguments: list[str]) -> Signal:
        connected = self._inputs[box_id, inlet]
        if connected:
            return sum((signals[source] for source, _ in connected), np.zeros(BLOCK))
        typed = {1: 0, 0: None}.get(inlet)
        default = float(arguments[typed]) if typed is not None and arguments and _is_number(arguments[typed]) else 0.0
        return np.full(BLOCK, float(self._state[box_id].get(inlet, default)))

    def _process(self, box_id: str, name: str, arguments: list[str], inputs: list[Signal]) -> Signal:
        state, left = self._state[box_id], inputs[0]
        simple: dict[str, Callable[[], Signal]] = {
            "+~": lambda: left + inputs[1], "-~": lambda: left - inputs[1], "*~": lambda: left * inputs[1],
            "/~": lambda: left / inputs[1], "!-~": lambda: inputs[1] - left, "<~": lambda: (left < inputs[1]).astype(float),
            "round~": lambda: np.rint(left / inputs[1]) * inputs[1], "pong~": lambda: left - np.floor(left),
            "sig~": lambda: np.full(BLOCK, float(state.get(0, arguments[0]))),
        }  # fmt: skip
        if name in simple:
            return simple[name]()
        if name == "wave~":
            buffer = self.buffers.get(arguments[0], np.zeros(1))
            return np.interp(left * len(buffer), np.arange(len(buffer) + 1), np.append(buffer, buffer[0]))
        if (settled := self._settled(name, arguments, state, inputs)) is not None:
            return np.full(BLOCK, settled)
        result = np.empty(BLOCK)
        for frame in range(BLOCK):
            result[frame] = self._step(name, arguments, state, [signal[frame] for signal in inputs])
        return result

    def _settled(self, name: str, arguments: list[str], state: dict[str, Any], inputs: list[Signal]) -> float | None:
        """What an object that remembers gives for the whole block, if nothing happens to it in there."""
        if name == "rampsmooth~":
            at = state.get("at", 0.0)
            return at if at == state.get("goal", 0.0) and (inputs[0] == at).all() else None
        above = inputs[1] > float(arguments[0])
        if (above[1:] & ~above[:-1]).any() or (above[0] and state.get("before", 0.0) <= float(arguments[0])):
            return None
        state["before"] = float(inputs[1][-1])
        return float(state.get("held", 0.0))

    def _step(self, name: str, arguments: list[str], state: dict[str, Any], inputs: list[float]) -> float:
        """What goes sample by sample: sample and hold, and a ramp to the newest value in so many samples."""
        if name == "sah~":
            if state.get("before", 0.0) <= float(arguments[0]) < inputs[1]:
                state["held"] = inputs[0]
            state["before"] = inputs[1]
            return float(state.get("held", 0.0))
        assert name == "rampsmooth~", f"{name} is not known here"
        at, goal = state.setdefault("at", 0.0), state.setdefault("goal", 0.0)
        if inputs[0] != goal:
            state["goal"], state["slope"] = inputs[0], (inputs[0] - at) / float(arguments[0])
        slope, remaining = state.get("slope", 0.0), state["goal"] - at
        state["at"] = state["goal"] if abs(remaining) <= abs(slope) else at + slope
        return float(state["at"])

    def _edges(self, box_id: str, signal: Signal) -> None:
        changes = [signal[0], *signal[1:][signal[1:] != signal[:-1]]]
        for value in changes:
            before = self._state[box_id].get("before", 0.0)
            self._state[box_id]["before"] = value
            if (value != 0.0) != (before != 0.0):
                self.send(box_id, 0 if value != 0.0 else 1, ("bang",))

    def _sorted(self) -> list[str]:
        """Signal objects, each after what it hears."""
        waiting = [box_id for box_id, box in self.boxes.items() if self._is_signal(box)]
        done: list[str] = []
        while waiting:
            ready = [box_id for box_id in waiting if all(
                source in done for inlet in range(self.boxes[box_id]["numinlets"]) for source, _ in self._inputs[box_id, inlet]
            )]  # fmt: skip
            assert ready, "signals go in a circle"
            done += ready
            waiting = [box_id for box_id in waiting if box_id not in ready]
        return done

    def _is_signal(self, box: dict[str, Any]) -> bool:
        name = self._words(box)[0]
        return name.endswith("~") and name not in ("buffer~", "info~", "polybuffer~")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+\.?\d*", text) is not None


def _atoms(words: list[str]) -> list[Any]:
    return [(float(word) if "." in word else int(word)) if _is_number(word) else word for word in words]
