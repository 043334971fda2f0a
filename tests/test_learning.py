"""Learn while playing, by the bytes of real controllers; and `vamen learn`, which plays nothing."""

from __future__ import annotations

import argparse
import io
import queue
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge import learn_command, midi, midi_ports
from bridge.command_line import build_parser
from bridge.control import Control
from bridge.control_map import ControlMap
from bridge.current_values import LiveValues
from bridge.errors import VamenError
from bridge.learning import Learning
from bridge.mailbox import Mailbox
from bridge.map_places import DEFAULT_MAP, own_map
from bridge.midi import MidiInput
from bridge.midi_ports import VirtualPort
from tests.conftest import TINY_MODEL
from tests.midi_peers import FakeSystem
from tests.test_learn import LAYOUT
from tests.test_map_file import MINE


class Stage:
    """Two MIDI inputs, what is said by OSC, and what comes of it; the map is a file of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[tuple[str, str, str]] = []
        self.complaints: list[str] = []
        self.mailbox = Mailbox()
        self.learning = Learning(LAYOUT, path, lambda *said: self.said.append(said), self.complaints.append)
        values = LiveValues(LAYOUT, self.mailbox)
        self.inputs = []
        for name in ("knobs", "pads"):
            control_map = ControlMap.load(path, LAYOUT, values)
            self.learning.maps.append(control_map)
            self.inputs.append(MidiInput(name, control_map, self.mailbox, learning=self.learning))

    def osc(self, name: str, *values: float | int | str, index: tuple[int, ...] = ()) -> None:
        control = Control(name, index, values)
        if not self.learning.take(control):
            self.mailbox.put(control)

    def learn(self, target: str = "") -> None:
        self.osc("learn", target)

    def play(self, *data: list[int], port: int = 0) -> list[Control]:
        """What bytes come to, by the end of a tick."""
        for each in data:
            self.inputs[port].take(each)
        return self.mailbox.drain()

    def axis(self, *data: list[int], port: int = 0) -> float:
        (control,) = self.play(*data, port=port)
        assert control.name == "axis" and isinstance(control.values[0], float)
        return control.values[0]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    return Stage(path)


def saved(stage: Stage) -> str:
    """What has been added to the file."""
    text = stage.path.read_text()
    assert text.startswith(MINE)
    return text.removeprefix(MINE).strip()


def test_a_named_address_and_a_knob(stage: Stage) -> None:
    stage.learn("axis/tone")
    assert stage.play(*([0xB4, 21, value] for value in (0, 30, 60)))[-1] == Control("axis", (2,), (0.46875,))
    assert stage.axis([0xB4, 21, 127]) == 1.0 and stage.play([0xB5, 21, 0]) == []
    assert stage.axis([0xB4, 21, 0], port=1) == 0.0, "every input has it"
    assert saved(stage) == '[[control]]\ncc = 21\nchannel = 5\ntarget = "/vamen/axis/2"'
    (prompt, asked, _), (learnt, address, text) = stage.said
    assert (prompt, learnt) == ("/vamen/learning", "/vamen/learnt")
    assert asked == address == "/vamen/axis/2" and text == f"CC 21 on channel 5, a knob; saved in {stage.path}"


def test_touch_an_axis_move_a_knob_done(stage: Stage) -> None:
    stage.learn()
    # A knob that is moved meanwhile plays on, and what the program is told is no touch.
    assert stage.play([0xB0, 7, 127]) == [Control("gain", (), (1.0,))]
    stage.osc("subscribe", 9001)
    stage.osc("axis", 0.25, index=(1,))
    assert Control("axis", (1,), (0.25,)) in stage.mailbox.drain(), "the touch is heard as ever"
    stage.play(*([0xB0, 70, value] for value in range(40, 60)))
    assert stage.axis([0xB0, 70, 64]) == 0.5
    assert [address for _, address, _ in stage.said] == ["", "/vamen/axis/1", "/vamen/axis/1"]


def test_fourteen_bits_act_at_once(stage: Stage) -> None:
    stage.learn("axis/1")
    stage.play([0xB0, 1, 10], [0xB0, 33, 3], [0xB0, 1, 11], [0xB0, 33, 60])
    assert stage.axis([0xB0, 1, 64], [0xB0, 33, 0]) == 0.5
    assert stage.axis([0xB0, 33, 1]) == pytest.approx(0.5 + 1 / 16382, abs=1e-6)
    # CC 33 was the morph's, and is the fine half now.
    assert "cc14 = 1\n" in stage.path.read_text() and "morph" not in stage.path.read_text()


def test_an_nrpn_acts_at_once(stage: Stage) -> None:
    stage.learn("/vamen/axis/1")
    stage.play([0xB0, 99, 9], [0xB0, 98, 82], [0xB0, 6, 64], [0xB0, 38, 0])
    assert stage.axis([0xB0, 6, 127], [0xB0, 38, 127]) == 1.0
    assert stage.axis([0xB0, 97, 0]) == pytest.approx(127 / 128, abs=1e-6)
    assert saved(stage) == '[[control]]\nnrpn = 1234\nchannel = 1\ntarget = "/vamen/axis/1"'


@pytest.mark.parametrize(
    ("mode", "up", "down"), [("signed", 1, 65), ("signed-inverted", 65, 1), ("offset", 65, 63), ("twos-complement", 1, 127)]
)
def test_an_encoder_acts_at_once_from_where_the_sound_is(stage: Stage, mode: str, up: int, down: int) -> None:
    stage.learn("axis/1")
    stage.osc("axis", 0.25, index=(1,))
    for value in [up] * 5 + [down] * 8:
        stage.inputs[0].take([0xB0, 16, value])
    text = stage.said[-1][2]
    assert mode in text and f'mode = "{mode}"' in saved(stage)
    stage.osc("axis", 0.25, index=(1,))
    for value in (up, up, up, down):
        stage.inputs[0].take([0xB0, 16, value])
    assert stage.mailbox.drain()[-1].values == (0.25 + 2 / 128,), "fast turns within one tick all count"


def test_pads_keys_buttons_and_programmes(stage: Stage) -> None:
    stage.learn("slot/recall=3")
    assert stage.play([0x99, 40, 100], [0x89, 40, 0]) == []
    assert stage.play([0x99, 40, 100]) == [Control("slot_recall", (), (3,))]
    assert stage.play([0x99, 41, 100]) == [Control("slot_recall", (), (6,))], "the other keys are as they were"
    stage.learn("random")
    assert stage.play([0xB0, 30, 127], [0xB0, 30, 0]) == []
    assert stage.play([0xB0, 30, 127]) == [Control("random")]
    stage.learn()
    stage.osc("quantise", "bar")
    stage.mailbox.drain()
    stage.play([0x90, 0, 1])
    assert stage.play([0x90, 0, 1]) == [Control("quantise", (), ("bar",))]
    stage.learn("trigger")
    stage.play([0x90, 60, 9], [0x80, 60, 0])
    assert stage.play([0x90, 62, 9], [0x80, 62, 0]) == [Control("trigger", (), (3,)), Control("trigger", (), (0,))]
    stage.learn("slot/recall")
    stage.play([0xC0, 4])
    assert stage.play([0xC0, 11]) == [Control("slot_recall", (), (12,))]


def test_a_new_binding_of_the_same_control_replaces_the_old_one(stage: Stage) -> None:
    stage.learn("axis/1")
    stage.play(*([0xB0, 7, value] for value in range(20, 40)))
    assert stage.play([0xB0, 7, 64]) == [Control("axis", (1,), (0.5,))]
    assert "/vamen/gain" not in stage.path.read_text()


def test_what_does_not_go_together_is_said_once_and_waited_on(stage: Stage) -> None:
    stage.learn("axis/1")
    assert stage.play([0x90, 70, 1], [0x90, 70, 1], [0x90, 71, 1]) == []
    assert stage.complaints == ["A key cannot turn /vamen/axis/1: move a knob."]
    stage.play(*([0xB0, 70, value] for value in range(40, 60)))
    assert stage.axis([0xB0, 70, 0]) == 0.0


def test_a_second_one_without_argument_gives_up(stage: Stage) -> None:
    for begin in ("", "axis/1"):
        stage.learn(begin)
        stage.learn()
        assert stage.said[-1][::2] == ("/vamen/learning", "learning was given up")
        assert stage.play([0xB0, 7, 127]) == [Control("gain", (), (1.0,))]
    assert saved(stage) == ""


def test_a_key_that_is_held_while_learning_begins_is_let_go(stage: Stage) -> None:
    stage.learn("trigger")
    stage.play([0x90, 60, 9], [0x80, 60, 0])
    assert stage.play([0x90, 60, 9]) == [Control("trigger", (), (1,))]
    stage.learn("axis/1")
    assert stage.play([0x80, 60, 0]) == [Control("trigger", (), (0,))]


def test_what_cannot_be_learnt_and_a_stage_without_midi_are_said(stage: Stage) -> None:
    stage.learn("volume")
    stage.learn("quantise=now")
    stage.learning.maps.clear()
    stage.learn("axis/1")
    assert ["/vamen/volume" in stage.complaints[0], "one of off, step" in stage.complaints[1]] == [True, True]
    assert "--midi-in" in stage.complaints[2] and stage.said == []


def test_a_file_that_cannot_be_kept_costs_the_evening_nothing(stage: Stage) -> None:
    stage.path.write_text("[[control]\n")
    stage.learn("axis/1")
    stage.play(*([0xB0, 70, value] for value in range(40, 60)))
    assert stage.axis([0xB0, 70, 127]) == 1.0
    assert "for this evening only: The control map" in stage.said[-1][2] and stage.path.read_text() == "[[control]\n"


# -- `vamen learn` ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has no settings yet."""
    for variable in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr("bridge.map_places.Path.home", lambda: tmp_path)
    return tmp_path


class Keyboard(io.TextIOBase):
    """A terminal's standard input on which Enter can be pressed; until then whoever reads waits."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def enter(self) -> None:
        self._lines.put("\n")

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        return self._lines.get()


class Desk(FakeSystem):
    """A controller whose every move waits until it is asked for by what is printed."""

    def __init__(self, keyboard: Keyboard, moves: list[tuple[str, Callable[[], None]]]) -> None:
        super().__init__("Knobs 20:0")
        self.keyboard = keyboard
        self.moves = moves
        self.printed = ""

    def write(self, text: str) -> int:
        self.printed += text
        while self.moves and self.moves[0][0] in self.printed:
            self.printed = self.printed.split(self.moves[0][0], 1)[1]
            self.moves.pop(0)[1]()
        return len(text)

    def flush(self) -> None:
        return

    def turn(self, number: int, *values: int) -> None:
        self.waiting += [([0xB0, number, value], 0.0) for value in values]


def ran(monkeypatch: pytest.MonkeyPatch, desk: Desk, *arguments: str) -> argparse.Namespace:
    monkeypatch.setattr(learn_command, "INPUT", desk.kind())
    monkeypatch.setattr("sys.stdin", desk.keyboard)
    monkeypatch.setattr("sys.stdout", desk)
    parsed = build_parser().parse_args(["learn", "--model", str(TINY_MODEL), *arguments])
    assert parsed.run(parsed) == 0
    return parsed


def test_learn_goes_through_the_targets_and_saves_after_each(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard = Keyboard()
    said: list[str] = []

    def interrupted() -> None:
        said.append(own_map("learnt").read_text())
        raise KeyboardInterrupt

    desk = Desk(keyboard, [])
    desk.moves = [
        ("axis/1 (", lambda: desk.turn(1, *range(0, 100, 9))),
        ("gain: move", keyboard.enter),
        ("play: move", lambda: desk.turn(50, 127)),
        ("slot/recall = 2: move", interrupted),
    ]
    ran(monkeypatch, desk, "axis/1", "gain", "play", "slot/recall=2")
    assert desk.moves == [] and f"Saved in {own_map('learnt')}" in desk.printed
    shipped = DEFAULT_MAP.read_text()
    axis = '[[control]]\ncc = 1\ntarget = "/vamen/axis/1"\n'
    learnt = shipped.replace(axis, axis.replace("cc = 1\n", "cc = 1\nchannel = 1\n"))
    assert said == [own_map("learnt").read_text()] == [f'{learnt}\n[[control]]\ncc = 50\nchannel = 1\ntarget = "/vamen/play"\n']
    assert home in own_map("learnt").parents and desk.clients == 0


def test_learn_begins_a_map_where_there_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(Keyboard(), [])
    desk.moves = [("gain: move", lambda: desk.turn(16, *[65] * 5, *[63] * 5))]
    ran(monkeypatch, desk, "--midi-in", "knobs", "--map", str(home / "mine.toml"), "gain")
    assert (home / "mine.toml").read_text() == '[[control]]\ncc = 16\nchannel = 1\nmode = "offset"\ntarget = "/vamen/gain"\n'
    assert "an encoder (offset)" in desk.printed


def test_learn_without_a_controller_or_with_a_wrong_target_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(Keyboard(), [])
    with pytest.raises(VamenError, match="/vamen/volume"):
        ran(monkeypatch, desk, "volume")
    with pytest.raises(VamenError, match="takes no value"):
        ran(monkeypatch, desk, "play=1")
    desk.ports.clear()
    with pytest.raises(VamenError, match="plug in the controller"):
        ran(monkeypatch, desk)


# -- the port of our own ------------------------------------------------------------------------------------------------------


def test_windows_has_no_ports_of_programs_and_says_what_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(VamenError, match="loopMIDI"):
        VirtualPort().open()


def test_a_port_of_our_own_is_made_anew_when_the_server_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem()
    monkeypatch.setattr(midi_ports, "INPUT", system.kind())
    port = VirtualPort()
    assert port.open() == "VAmEn" and port.look() is None and system.ports == ["vamen:VAmEn"]
    system.dead = True
    monkeypatch.setattr(midi_ports.WATCH, "losses", midi_ports.WATCH.losses + 1)
    assert port.look() == "The MIDI input VAmEn has gone; it is made again when the system's MIDI returns."
    assert port.look() is None
    system.dead = False
    assert port.look() == "The MIDI input VAmEn is back." and port.look() is None
    port.close()
    port.close()
    assert system.clients == 0


def test_an_input_without_a_name_is_the_port_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    system = FakeSystem()
    monkeypatch.setattr(midi_ports, "INPUT", system.kind())
    monkeypatch.setattr(midi, "INPUT", system.kind())
    with MidiInput(None, ControlMap.load(None, LAYOUT), Mailbox()):
        assert system.clients == 1
    assert system.clients == 0
