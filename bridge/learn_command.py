"""`vamen learn`: without a sound, one target after the other: move a knob, see what was understood, the next."""

from __future__ import annotations

import argparse
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import mido

from bridge.errors import VamenError
from bridge.learn import ControlFinder, described
from bridge.learn_target import Table, Target, target_of
from bridge.map_file import save_row
from bridge.map_places import place_to_learn, played_map
from bridge.midi_ports import INPUT, MidiPort, list_ports
from bridge.midi_values import Kind
from bridge.model import Model
from bridge.parameters import PREFIX, ControlLayout, layout_of

POLL_SECONDS = 0.002

Hear = Callable[[], mido.Message | None]
Skipped = Callable[[float], bool]
"""Waits for so many seconds, and returns whether Enter was pressed meanwhile."""


def run(arguments: argparse.Namespace) -> int:
    """`vamen learn`: returns the exit status. Raises VamenError for what can be mended."""
    layout = layout_of(Model.load(arguments.model).metadata)
    targets = [_target(text, layout) for text in arguments.targets or axes(layout)]
    played = played_map(arguments.map)
    place = place_to_learn(played)
    base = played if played.exists() else None
    kept: list[Table] = []

    def keep(table: Table) -> None:
        save_row(place, base, table)
        kept.append(table)

    with listening(arguments.midi_in) as (names, hear), enter_pressed() as skipped:
        print(f"Listening to {', '.join(names)}. Enter skips, Ctrl-C ends.", flush=True)
        try:
            learn(targets, layout, hear, skipped, keep)
        except KeyboardInterrupt:
            print()
    if kept:
        option = "" if arguments.map is None else f" --map {arguments.map}"
        print(f"Saved in {place}. Play with it: vamen play --midi-in {names[0]!r}{option}")
    else:
        print("Nothing was learnt.")
    return 0


def axes(layout: ControlLayout) -> list[str]:
    """What is learnt where nothing is named: every axis."""
    return [f"axis/{number}" for number in range(1, len(layout.axis_names) + 1)]


def learn(targets: Sequence[Target], layout: ControlLayout, hear: Hear, skipped: Skipped, keep: Callable[[Table], None]) -> None:
    """Go through the targets; every one that is found is kept at once."""
    taken: set[tuple[Kind, int, int]] = set()
    for target in targets:
        print(f"{_shown(target, layout)}: move a knob, turn an encoder up and down, or press a pad", flush=True)
        table = _wait(target, layout, hear, skipped, taken)
        if table is None:
            print("   skipped", flush=True)
            continue
        keep(table)


def _wait(target: Target, layout: ControlLayout, hear: Hear, skipped: Skipped, taken: set[tuple[Kind, int, int]]) -> Table | None:
    """The row of the control that moves; None where Enter comes first. `taken` are those that have a target already."""
    finder = ControlFinder(target.presses_do)
    while not skipped(POLL_SECONDS):
        while (message := hear()) is not None:
            if (finding := finder.hear(message)) is None:
                continue
            finder = ControlFinder(target.presses_do)
            control = finding.kind, finding.channel, finding.number
            # The hand is still at the knob of before when the next target is asked for.
            if control in taken:
                continue
            try:
                table = target.row(finding, layout)
            except ValueError as error:
                print(f"   {error}", flush=True)
                continue
            taken.add(control)
            print(f"   {described(finding, table)}", flush=True)
            return table
    return None


def _shown(target: Target, layout: ControlLayout) -> str:
    short = target.address.removeprefix(f"{PREFIX}/")
    if target.spec.name == "axis":
        short += f" ({layout.axis_names[layout.addresses[target.address][1][0] - 1]})"
    return short if target.value is None else f"{short} = {target.value}"


def _target(text: str, layout: ControlLayout) -> Target:
    try:
        return target_of(text, layout)
    except ValueError as error:
        raise VamenError(str(error)) from error


@contextmanager
def listening(wanted: Sequence[str]) -> Iterator[tuple[list[str], Hear]]:
    """Open these inputs, or all that are there; gives their names and a function that takes the next message.

    Raises:
        VamenError: there is none, or one cannot be opened.
    """
    names = list(wanted) or list_ports(INPUT)
    if not names:
        raise VamenError("There is no MIDI input to learn from: plug in the controller and see whether `vamen devices` lists it.")
    with ExitStack() as stack:
        ports = []
        for name in names:
            port = MidiPort(INPUT, name)
            port.open()
            stack.callback(port.close)
            ports.append(port)

        def hear() -> mido.Message | None:
            for port in ports:
                while (event := port.client.get_message()) is not None:
                    try:
                        return mido.Message.from_bytes(event[0])
                    except (ValueError, LookupError, TypeError):
                        # No MIDI: nothing to learn from it.
                        continue
            return None

        yield [port.name for port in ports], hear


@contextmanager
def enter_pressed() -> Iterator[Skipped]:
    """A function that waits a while for Enter. A thread reads, because Windows cannot wait for a terminal and a time together."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)

    threading.Thread(target=read, name="enter", daemon=True).start()

    def skipped(seconds: float) -> bool:
        try:
            lines.get(timeout=seconds)
        except queue.Empty:
            return False
        return True

    yield skipped
