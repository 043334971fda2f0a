"""Control maps: what a knob, a button and a key mean, and what is said about a map with a mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from mido import Message

from bridge.control import Control
from bridge.control_map import ControlMap
from bridge.control_row import Current
from bridge.errors import VamenError
from bridge.map_places import MAPS, shipped_maps
from bridge.midi_values import MODES, position_of, steps_of
from bridge.parameters import ControlLayout

LAYOUT = ControlLayout(axis_names=("density", "tone", "swing", "dirt", "ghosts", "air"), latent_dimensions=4, steps=32)


def map_of(tmp_path: Path, text: str, current: Current = lambda address: None) -> ControlMap:
    path = tmp_path / "map.toml"
    path.write_text(text)
    return ControlMap.load(path, LAYOUT, current)


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


class Sound:
    """Where the parameters are: starts at a value, and is moved by what a map says."""

    def __init__(self, value: float | None) -> None:
        self.value = value

    def __call__(self, address: str) -> float | None:
        return self.value

    def play(self, control_map: ControlMap, *messages: Message) -> list[float | int | str]:
        """The values that messages lead to."""
        values = []
        for message in messages:
            for control in control_map.translate(message):
                (value,) = control.values
                values.append(value)
                self.value = float(value) if isinstance(value, (int, float)) else None
        return values


def row(source: str, target: str = "/vamen/axis/1", *more: str) -> str:
    return "\n".join(["[[control]]", source, f'target = "{target}"', *more])


def test_fourteen_bits_in_either_order_or_the_fine_half_alone(tmp_path: Path) -> None:
    control_map = map_of(tmp_path, row("cc14 = 1"))
    sound = Sound(0.0)
    assert sound.play(control_map, cc(33, 0), cc(1, 64)) == [0.5]
    assert sound.play(control_map, cc(33, 1)) == [round(0.5 + 1 / 16382, 6)]
    assert sound.play(control_map, cc(1, 127), cc(33, 127)) == [round(0.5 + (16257 - 8192) / 16382, 6), 1.0]
    assert sound.play(control_map, cc(33, 0), cc(1, 0)) == [round(0.5 + (16256 - 8192) / 16382, 6), 0.0]


def test_an_nrpn_and_its_increments(tmp_path: Path) -> None:
    sound = Sound(0.25)
    control_map = map_of(tmp_path, row("nrpn = 1234\nchannel = 2") + "\n" + row("cc = 6"), sound)
    select = [cc(99, 1234 >> 7, channel=1), cc(98, 1234 & 127, channel=1)]
    assert sound.play(control_map, *select, cc(96, 0, channel=1), cc(97, 0, channel=1)) == [0.257812, 0.25]
    assert sound.play(control_map, cc(6, 64, channel=1), cc(38, 0, channel=1)) == [0.5, 0.5]
    assert sound.play(control_map, cc(96, 0, channel=1)) == [round(0.5 + 1 / 128, 6)]
    # The knob of CC 6 is another control, on a channel where no NRPN is selected.
    assert sound.play(control_map, cc(6, 127)) == [1.0]


def test_programmes_choose_slots(tmp_path: Path) -> None:
    rows = [row("program = [0, 127]", "/vamen/slot/recall"), row("program = 9", "/vamen/play"), row("program = 10\nvalue = 0.5")]
    control_map = map_of(tmp_path, "\n".join(rows))
    programs = {number: control_map.translate(Message("program_change", program=number)) for number in range(128)}
    assert programs.pop(9) == [Control("play")] and programs.pop(10) == [Control("axis", (1,), (0.5,))]
    assert programs == {number: [Control("slot_recall", (), (number + 1,))] for number in programs}


@pytest.mark.parametrize("mode", MODES[1:])
def test_an_encoder_moves_on_from_where_the_sound_is(tmp_path: Path, mode: str) -> None:
    sound = Sound(0.5)
    control_map = map_of(tmp_path, row("cc = 1", "/vamen/axis/1", f'mode = "{mode}"'), sound)
    spelt = {steps_of(value, mode): value for value in range(1, 128)}  # type: ignore[arg-type]
    assert sound.play(control_map, cc(1, spelt[1]), cc(1, spelt[2]), cc(1, spelt[-3])) == [0.507812, 0.523438, 0.5]
    sound.value = 0.1
    assert sound.play(control_map, cc(1, spelt[-1])) == [round(0.1 - 1 / 128, 6)]
    # At its end it says no more, and up to 128 turns from there lead to the other.
    assert sound.play(control_map, *[cc(1, spelt[-16])] * 2) == [0.0]
    ups = sound.play(control_map, *[cc(1, spelt[1])] * 200)
    assert len(ups) == 128 and ups[-1] == 1.0 and ups == sorted(ups) and ups[63] == 0.5


def test_an_encoder_goes_through_slots_one_by_one_and_through_a_curve_and_a_reversed_range(tmp_path: Path) -> None:
    sound = Sound(3.0)
    signed = 'mode = "signed"'
    slots = map_of(tmp_path, row("cc = 1", "/vamen/slot/recall", "range = [1, 8]", signed), sound)
    assert sound.play(slots, cc(1, 1), cc(1, 65), cc(1, 65)) == [4, 3, 2]
    sound.value = 7.0
    assert sound.play(slots, cc(1, 2), cc(1, 2), cc(1, 65)) == [8, 7]
    sound.value = 120.0
    tempo = map_of(tmp_path, row("cc = 1", "/vamen/tempo", "range = [180, 90]", 'curve = "exponential"', signed), sound)
    (slower,) = sound.play(tempo, cc(1, 1))
    assert slower == pytest.approx(120.0 * 0.5 ** (1 / 128), abs=1e-5)


def test_a_knob_with_pick_up_waits_for_the_sound_and_one_that_scales_shares_out_the_way(tmp_path: Path) -> None:
    sound = Sound(0.5)
    control_map = map_of(tmp_path, row("cc = 1", "/vamen/axis/1", 'takeover = "pick-up"'), sound)
    assert sound.play(control_map, cc(1, 10), cc(1, 60), cc(1, 66), cc(1, 70)) == [
        round(position_of(66), 6), round(position_of(70), 6),
    ]  # fmt: skip
    # Recalling a break puts the axis back to its middle, and the knob is elsewhere once more.
    sound.value = 0.5
    assert sound.play(control_map, cc(1, 72), cc(1, 68), cc(1, 63)) == [round(position_of(63), 6)]
    sound.value = 0.5
    control_map = map_of(tmp_path, row("cc = 1", "/vamen/axis/1", 'takeover = "scale"'), sound)
    assert sound.play(control_map, cc(1, 0), cc(1, 64), cc(1, 127)) == [0.75, 1.0]


def test_fourteen_bits_are_picked_up_too(tmp_path: Path) -> None:
    sound = Sound(0.5)
    control_map = map_of(tmp_path, row("cc14 = 1", "/vamen/axis/1", 'takeover = "pick-up"'), sound)
    assert sound.play(control_map, cc(1, 63), cc(33, 127)) == []
    assert sound.play(control_map, cc(1, 64), cc(33, 2)) == [round(0.5 + 127 / 16382, 6), round(0.5 + 2 / 16382, 6)]


def test_a_key_with_a_row_of_its_own_leaves_the_row_of_keys(tmp_path: Path) -> None:
    keys = row("notes = [36, 67]", "/vamen/trigger", "range = [1, 32]", "release = 0")
    control_map = map_of(tmp_path, keys + "\n" + row("note = 40", "/vamen/play"))
    assert control_map.translate(note_on(40)) == [Control("play")]
    assert control_map.translate(note_on(41)) == [Control("trigger", (), (6,))]


def test_what_was_held_when_the_port_went_is_let_go(default: ControlMap) -> None:
    assert default.translate(note_on(36)) == [Control("trigger", (), (1,))]
    assert default.translate(note_on(38)) == [Control("trigger", (), (3,))]
    assert default.translate(cc(22, 127)) == [Control("play")]
    assert default.let_go() == [Control("trigger", (), (0,))]
    assert default.let_go() == []
    # The first press after its return counts, though nobody said that the button was let go.
    assert default.translate(cc(22, 127)) == [Control("play")]


@pytest.mark.parametrize("name", shipped_maps())
@pytest.mark.parametrize("axes", [0, 12])
def test_the_maps_that_come_along_can_be_read(name: str, axes: int) -> None:
    layout = ControlLayout(tuple(f"axis_{number}" for number in range(axes)), 8, 32)
    control_map = ControlMap.load(MAPS / f"{name}.toml", layout, Sound(0.5))
    channels = (0, 1, 8, 9, 10)
    messages = [cc(number, value, channel) for number in range(120) for channel in channels for value in (0, 127)]
    messages += [Message("note_on", note=note, channel=channel) for note in range(128) for channel in channels]
    meant = {control.name for message in messages for control in control_map.translate(message)}
    assert meant >= {"gain", "slot_recall"}
    text = " ".join((MAPS / f"{name}.toml").read_text().replace("#", " ").split())
    assert name == "default" or "ot tried on the device itself" in text


def test_other_messages_mean_nothing(default: ControlMap) -> None:
    for kind in ("clock", "start", "sysex", "pitchwheel", "program_change", "aftertouch", "quarter_frame", "songpos"):
        assert default.translate(Message(kind)) == []


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ('target = "/vamen/play"', "exactly one of cc, cc14, nrpn, note, notes and program"),
        ('cc = 1\nnote = 2\ntarget = "/vamen/play"', "exactly one of cc, cc14, nrpn, note, notes and program"),
        ('cc = 128\ntarget = "/vamen/play"', "0 to 127"),
        ('cc = true\ntarget = "/vamen/play"', "0 to 127"),
        ('notes = [40, 36]\ntarget = "/vamen/trigger"', "first and the last key"),
        ('notes = 36\ntarget = "/vamen/trigger"', "first and the last key"),
        ("cc = 1", "needs a target"),
        ('cc = 1\ntarget = "/vamen/axis/tune"', "/vamen/axis/tune"),
        ('cc = 1\ntarget = "/vamen/axis/65"', "/vamen/axis/65"),
        ('cc = 1\ntarget = "/vamen/volume"', "/vamen/volume"),
        ('cc = 1\ntarget = "/vamen/latent"', "cannot be played by hand"),
        ('cc = 1\ntarget = "/vamen/subscribe"', "cannot be played by hand"),
        ('cc = 1\ntarget = "/vamen/schedule/step_ticks"', "cannot be played by hand"),
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
        ('program = 1\ntarget = "/vamen/gain"', "a single program needs"),
        ('program = [1, 1]\ntarget = "/vamen/gain"', "two rising whole numbers"),
        ('program = 128\ntarget = "/vamen/play"', "0 to 127"),
        ('cc14 = 32\ntarget = "/vamen/gain"', "0 to 31"),
        ('nrpn = 16383\ntarget = "/vamen/gain"', "0 to 16382"),
        ('nrpn = -1\ntarget = "/vamen/gain"', "0 to 16382"),
        ('cc = 1\ncc14 = 1\ntarget = "/vamen/gain"', "exactly one of"),
        ('cc = 1\nmode = "relative"\ntarget = "/vamen/gain"', "absolute, signed, signed-inverted, offset, twos-complement"),
        ('cc = 1\nmode = ["signed"]\ntarget = "/vamen/gain"', "mode is one of"),
        ('nrpn = 1\nmode = "signed"\ntarget = "/vamen/gain"', "a mode belongs to a cc"),
        ('cc = 1\nmode = "signed"\ntarget = "/vamen/play"', "a mode belongs to a cc"),
        ('cc = 1\ntakeover = "soft"\ntarget = "/vamen/gain"', "none, pick-up, scale"),
        ('cc = 1\ntakeover = "scale"\nmode = "signed"\ntarget = "/vamen/gain"', "takeover belongs to"),
        ('cc = 1\ntakeover = "scale"\ntarget = "/vamen/play"', "takeover belongs to"),
        ('notes = [1, 9]\ntakeover = "scale"\ntarget = "/vamen/gain"', "takeover belongs to"),
        ('cc = 1\ntarget = "/vamen/learn"', "cannot be played by hand"),
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
