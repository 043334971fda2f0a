"""Where the parameters are: the same live, with what waits counted as done, and in a file that is translated beforehand."""

from __future__ import annotations

from pathlib import Path

from mido import Message, MidiFile, MidiTrack

from bridge.control import Control
from bridge.control_map import ControlMap
from bridge.current_values import FollowedValues, LiveValues
from bridge.engine import Engine
from bridge.latent_space import LatentSpace
from bridge.mailbox import Mailbox
from bridge.model import Model
from bridge.parameters import layout_of
from bridge.ring_store import RingStore
from bridge.take import read_midi

CONTROLS = [
    Control("axis", (1,), (0.75,)), Control("gain", (), (0.5,)), Control("tempo", (), (140.0,)), Control("morph", (), (0.25,)),
    Control("morph_b", (), (1,)), Control("latent_dimension", (2, 1), (1.5,)), Control("slot_recall", (), (99,)),
    Control("slot_recall", (), (2,)), Control("axis", (2,), (0.1,)), Control("morph", (), (0.75,)), Control("play"),
]  # fmt: skip
ADDRESSES = {
    "/vamen/axis/1": 0.5, "/vamen/axis/2": 0.1, "/vamen/gain": 0.5, "/vamen/tempo": 140.0, "/vamen/morph": 0.75,
    "/vamen/morph/b": 1.0, "/vamen/slot/recall": 2.0, "/vamen/nudge": 0.0, "/vamen/trigger": None, "/vamen/random": None,
}  # fmt: skip


class Nowhere(RingStore):
    """An engine that is only told controls paints nothing."""

    def __init__(self) -> None:
        return


def test_the_engine_and_what_follows_controls_agree(tiny_model: Model) -> None:
    layout = layout_of(tiny_model.metadata)
    engine = Engine(tiny_model, Nowhere(), 170.0)
    live, followed = LiveValues(layout, Mailbox()), FollowedValues(layout, LatentSpace(tiny_model.metadata), 170.0)
    assert live("/vamen/gain") == 1.0 and live("/vamen/trigger") is None
    live.instrument = engine
    for control in CONTROLS:
        engine._apply(control, now=0)
        followed.follow(control)
        assert {address: live(address) for address in ADDRESSES} == {address: followed(address) for address in ADDRESSES}
    assert {address: live(address) for address in ADDRESSES} == ADDRESSES
    assert len(engine.errors) == 1 and live("/vamen/latent/2/1") == followed("/vamen/latent/2/1")


def test_what_waits_for_the_engine_or_is_on_its_way_counts(tiny_model: Model) -> None:
    layout, mailbox = layout_of(tiny_model.metadata), Mailbox()
    live = LiveValues(layout, mailbox)
    live.instrument = engine = Engine(tiny_model, Nowhere(), 170.0)
    mailbox.put(Control("axis", (1,), (0.75,)), Control("axis", (2,), (0.25,)))
    assert live("/vamen/axis/1") == 0.75 and live("/vamen/axis/2") == 0.25
    taken = mailbox.drain()
    assert live("/vamen/axis/1") == 0.75, "taken, but not obeyed yet"
    for control in taken:
        engine._apply(control, now=0)
    mailbox.put(Control("random", (), (3,)))
    assert live("/vamen/axis/1") == 0.5, "a draw puts the axes back"
    mailbox.put(Control("axis", (1,), (0.9,)))
    assert live("/vamen/axis/1") == 0.9 and live("/vamen/axis/2") == 0.5
    mailbox.drain()
    mailbox.drain()
    assert live("/vamen/axis/1") == 0.75, "the engine has not obeyed the draw, so it is as it was"


ENCODERS = """
[[control]]
cc = 16
mode = "signed"
target = "/vamen/axis/1"

[[control]]
cc = 17
takeover = "pick-up"
target = "/vamen/gain"

[[control]]
program = [0, 127]
target = "/vamen/slot/recall"
"""


def test_a_midi_file_turns_on_from_where_the_sound_will_be(tiny_model: Model, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(ENCODERS)
    turn = Message("control_change", control=16, value=8, time=480)
    fader = [Message("control_change", control=17, value=value) for value in (0, 100, 127, 64)]
    recall = [Message("program_change", program=number, time=10) for number in (99, 1)]
    file = MidiFile(ticks_per_beat=480)
    file.tracks.append(MidiTrack([turn, turn, *fader, recall[0], turn, recall[1], turn]))
    file.save(tmp_path / "take.mid")
    layout = layout_of(tiny_model.metadata)
    values = FollowedValues(layout, LatentSpace(tiny_model.metadata), 170.0)
    changes = read_midi(tmp_path / "take.mid", ControlMap.load(tmp_path / "map.toml", layout, values), values.follow)
    # Slot 100 is empty, so the engine leaves the axes; slot 2 puts them back to their middle.
    assert [(change.control.name, *change.control.values) for change in changes] == [
        ("axis", 0.5625), ("axis", 0.625), ("gain", 1.0), ("gain", 0.5),
        ("slot_recall", 100), ("axis", 0.6875), ("slot_recall", 2), ("axis", 0.5625),
    ]  # fmt: skip
