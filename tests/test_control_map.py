"""Control maps: what a knob, a button and a key mean, and what is said about a map with a mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from mido import Message

from bridge.control import Control
from bridge.control_map import ControlMap, position_of
from bridge.errors import VamenError
from bridge.parameters import ControlLayout

LAYOUT = ControlLayout(axis_names=("density", "tone", "swing", "dirt", "ghosts", "air"), latent_dimensions=4, steps=32)


def map_of(tmp_path: Path, text: str) -> ControlMap:
    path = tmp_path / "map.toml"
    path.write_text(text)
    return ControlMap.load(path, LAYOUT)


def cc(number: int, value: int, channel: int = 0) -> Message:
    return Message("control_change", control=number, value=value, channel=channel)


def note_on(note: int, velocity: int = 100) -> Message:
    return Message("note_on", note=note, velocity=velocity)


@pytest.fixture
def default() -> ControlMap:
    return ControlMap.load(None, LAYOUT)


def test_a_knob_reaches_both_ends_and_rests_in_the_middle(default: ControlMap) -> None:
    for value, position in ((0, 0.0), (64, 0.5), (127, 1.0)):
        assert default.translate(cc(1, value)) == [Control("axis", (1,), (position,))]
    positions = [position_of(value) for value in range(128)]
    assert positions == sorted(set(positions))


def test_every_cc_of_the_default_map_means_something(default: ControlMap) -> None:
    meant = {
        number: [default.translate(cc(number, value)) for value in (0, 127)][1] for number in (*range(1, 17), *range(20, 30))
    }
    resting = {number for number, controls in meant.items() if not controls}
    # This model has six axes; four knobs turn axes that richer models have.
    assert resting == {9, 10, 11, 12}
    assert meant[7] == [Control("gain", (), (1.0,))]
    assert meant[8] == [Control("morph", (), (1.0,))]
    assert meant[15] == [Control("tempo", (), (180.0,))]
    assert meant[20] == [Control("random")]
    assert meant[21] == [Control("export", (), ("",))]
    assert meant[27] == [Control("slot_recall", (), (4,))]
    assert meant[29] == [Control("morph_mode", (), ("blend",))]
    assert default.translate(cc(19, 127)) == []


def test_the_default_map_serves_models_of_every_number_of_axes() -> None:
    for count in (0, 1, 6, 12, 64):
        layout = ControlLayout(tuple(f"axis_{number}" for number in range(count)), 8, 32)
        turned = [ControlMap.load(None, layout).translate(cc(number, 64)) for number in range(1, 17)]
        assert sum(controls[0].name == "axis" for controls in turned if controls) == min(count, 10)


def test_tempo_turns_in_equal_ratios(default: ControlMap) -> None:
    (middle,) = default.translate(cc(15, 64))
    assert middle.values[0] == pytest.approx((90 * 180) ** 0.5, abs=1e-4)


def test_a_button_acts_once_a_press(default: ControlMap) -> None:
    pressed = [default.translate(cc(22, value)) for value in (0, 63, 64, 100, 127, 0, 127)]
    assert pressed == [[], [], [Control("play")], [], [], [], [Control("play")]]


def test_a_knob_that_chooses_speaks_when_the_choice_changes(default: ControlMap) -> None:
    spoken = [control for value in range(128) for control in default.translate(cc(16, value))]
    assert spoken == [Control("slot_recall", (), (slot,)) for slot in range(1, 9)]


def test_keys_play_from_their_step_and_slip_back_when_the_last_is_let_go(default: ControlMap) -> None:
    def trigger(step: int) -> list[Control]:
        return [Control("trigger", (), (step,))]

    assert [default.translate(note_on(note)) for note in range(36, 68)] == [trigger(step) for step in range(1, 33)]
    assert default.translate(note_on(35)) == default.translate(note_on(68)) == []
    let_go = [default.translate(Message("note_off", note=note)) for note in range(36, 68)]
    assert let_go == [[]] * 31 + [trigger(0)]
    assert default.translate(note_on(36)) == trigger(1)
    # Velocity 0 is a note off; one that was never on says nothing.
    assert default.translate(note_on(36, velocity=0)) == trigger(0)
    assert default.translate(note_on(40, velocity=0)) == []


def test_channel_range_value_and_two_rows_for_one_knob(tmp_path: Path) -> None:
    rows = """
        [[control]]
        cc = 70
        channel = 10
        target = "/vamen/axis/swing"
        range = [0.75, 0.25]
        [[control]]
        cc = 70
        target = "/vamen/latent/3/2"
        [[control]]
        note = 24
        target = "/vamen/quantise"
        value = "bar"
        [[control]]
        cc = 71
        target = "/vamen/gain"
        curve = "squared"
    """
    control_map = map_of(tmp_path, rows)
    assert control_map.translate(cc(70, 127, channel=9)) == [
        Control("axis", (3,), (0.25,)), Control("latent_dimension", (3, 2), (8.0,)),
    ]  # fmt: skip
    assert control_map.translate(cc(70, 64, channel=0)) == [Control("latent_dimension", (3, 2), (0.0,))]
    assert control_map.translate(note_on(24)) == [Control("quantise", (), ("bar",))]
    assert control_map.translate(cc(71, 64)) == [Control("gain", (), (0.25,))]


def test_other_messages_mean_nothing(default: ControlMap) -> None:
    for kind in ("clock", "start", "sysex", "pitchwheel", "program_change", "aftertouch", "quarter_frame", "songpos"):
        assert default.translate(Message(kind)) == []


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ('target = "/vamen/play"', "exactly one of cc, note and notes"),
        ('cc = 1\nnote = 2\ntarget = "/vamen/play"', "exactly one of cc, note and notes"),
        ('cc = 128\ntarget = "/vamen/play"', "0 to 127"),
        ('cc = true\ntarget = "/vamen/play"', "0 to 127"),
        ('notes = [40, 36]\ntarget = "/vamen/trigger"', "first and the last key"),
        ('notes = 36\ntarget = "/vamen/trigger"', "first and the last key"),
        ("cc = 1", "needs a target"),
        ('cc = 1\ntarget = "/vamen/axis/tune"', "/vamen/axis/tune"),
        ('cc = 1\ntarget = "/vamen/axis/65"', "/vamen/axis/65"),
        ('cc = 1\ntarget = "/vamen/volume"', "/vamen/volume"),
        ('cc = 1\ntarget = "/vamen/latent"', "cannot be played from MIDI"),
        ('cc = 1\ntarget = "/vamen/subscribe"', "cannot be played from MIDI"),
        ('cc = 1\ntarget = "/vamen/schedule/step_ticks"', "cannot be played from MIDI"),
        ('cc = 1\ntarget = "/vamen/gain"\nchannel = 0', "1 to 16"),
        ('cc = 1\ntarget = "/vamen/gain"\nrange = [0, 2]', "within 0 to 1"),
        ('cc = 1\ntarget = "/vamen/gain"\nrange = [0, nan]', "within 0 to 1"),
        ('cc = 1\ntarget = "/vamen/gain"\nrange = "0-1"', "two numbers"),
        ('cc = 1\ntarget = "/vamen/play"\nrange = [0, 1]', "a button has no range"),
        ('cc = 1\ntarget = "/vamen/gain"\ncurve = "log"', "linear, exponential, squared"),
        ('cc = 1\ntarget = "/vamen/gain"\ncurve = "exponential"', "one side of 0"),
        ('cc = 1\ntarget = "/vamen/gain"\nvalue = 1.5', "0 to 1"),
        ('cc = 1\ntarget = "/vamen/gain"\nvalue = [1]', "takes numbers"),
        ('cc = 1\ntarget = "/vamen/slot/recall"\nvalue = 200', "1 to 128"),
        ('cc = 1\ntarget = "/vamen/quantise"', "/vamen/quantise"),
        ('cc = 1\ntarget = "/vamen/trigger"\nrelease = 0', "release belongs to"),
        ('note = 1\ntarget = "/vamen/gain"', "a single note needs"),
        ('cc = 1\ntarget = "/vamen/gain"\ncurv = "linear"', "'curv' is unknown"),
        ('cc = 1\ntarget = 5', "needs a target"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_file_and_row(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(VamenError) as caught:
        map_of(tmp_path, f'[[control]]\ncc = 5\ntarget = "/vamen/gain"\n[[control]]\n{row}\n')
    sentence = str(caught.value)
    assert sentence.startswith(f"Row 2 of the control map {tmp_path / 'map.toml'}: ") and complaint in sentence


@pytest.mark.parametrize(
    "text", ["[[control]", "\0", "[control]\ncc = 1", "", "control = 3", "x = " + "[" * 5000, "a = " + "9" * 5000]
)
def test_what_is_no_map_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(VamenError, match=r"map\.toml"):
        map_of(tmp_path, text)
    (tmp_path / "latin.toml").write_bytes(b"# \xe4\xff")
    for path in (tmp_path / "latin.toml", tmp_path / "none.toml", tmp_path):
        with pytest.raises(VamenError, match=str(path.name)):
            ControlMap.load(path, LAYOUT)
