"""Pages with addresses of their own: what a row says is what a message means, and a wrong row is one sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.command_line import OSC_MAPS, build_parser
from bridge.control import Control
from bridge.control_map import DEFAULT_MAP
from bridge.errors import VamenError
from bridge.mailbox import Mailbox
from bridge.osc import OscServer
from bridge.osc_map import OscMap
from bridge.osc_packet import encode
from bridge.parameters import ControlError, ControlLayout
from tests.fuzzing import bundle

LAYOUT = ControlLayout(axis_names=("density", "tone", "air", "crush", "kick", "snare"), latent_dimensions=4, steps=32)
TOUCHOSC = OSC_MAPS / "touchosc.toml"


def osc_map(tmp_path: Path, *rows: str) -> OscMap:
    path = tmp_path / "map.toml"
    path.write_text("\n".join(f"[[osc]]\n{row}" for row in rows), encoding="utf-8")
    return OscMap.load(path, LAYOUT)


def test_a_fader_turns_within_its_range_on_its_curve(tmp_path: Path) -> None:
    rows = osc_map(
        tmp_path,
        'address = "/1/fader1"\ntarget = "/vamen/axis/air"\nrange = [0.2, 0.8]',
        'address = "/1/fader2"\ntarget = "/vamen/tempo"\nrange = [80, 160]\ncurve = "exponential"',
        'address = "/1/fader3"\ntarget = "/vamen/gain"\ncurve = "squared"',
        'address = "/1/fader4"\ntarget = "/vamen/axis/tone"\nrange = [1, 0]',
    )
    assert rows.translate("/1/fader1", [0.5]) == [Control("axis", (3,), (0.5,))]
    assert rows.translate("/1/fader1", [1]) == [Control("axis", (3,), (0.8,))]
    assert rows.translate("/1/fader1", [False]) == [Control("axis", (3,), (0.2,))]
    assert rows.translate("/1/fader1", [7.5]) == [Control("axis", (3,), (0.8,))]
    assert rows.translate("/1/fader2", [0.5]) == [Control("tempo", (), (113.137085,))]
    assert rows.translate("/1/fader3", [0.5]) == [Control("gain", (), (0.25,))]
    assert rows.translate("/1/fader4", [0.25]) == [Control("axis", (2,), (0.75,))]
    assert rows.translate("/1/fader9", [0.5]) is None


def test_a_fader_that_chooses_sends_new_choices_only(tmp_path: Path) -> None:
    rows = osc_map(tmp_path, 'address = "/f"\ntarget = "/vamen/slot/recall"\nrange = [1, 5]')
    sent = [rows.translate("/f", [position / 64]) for position in range(65)]
    assert [controls[0].values[0] for controls in sent if controls] == [1, 2, 3, 4, 5]


def test_buttons_act_on_one_and_release_on_zero(tmp_path: Path) -> None:
    rows = osc_map(
        tmp_path,
        'address = "/play"\ntarget = "/vamen/play"',
        'address = "/1/push/3"\ntarget = "/vamen/trigger"\nvalue = 3\nrelease = 0',
        'address = "/1/toggle1"\ntarget = "/vamen/quantise"\nvalue = "bar"\nrelease = "off"',
        'address = "/1/toggle1"\ntarget = "/vamen/gain"\nvalue = 0.5',
        'address = "/draw"\ntarget = "/vamen/random"',
        'address = "/slot2"\ntarget = "/vamen/slot/recall"\nvalue = 2',
    )
    assert rows.translate("/play", [1.0]) == rows.translate("/play", []) == rows.translate("/play", [None]) == [Control("play")]
    assert rows.translate("/play", [0.0]) == []
    assert rows.translate("/1/push/3", [1]) == [Control("trigger", (), (3,))]
    assert rows.translate("/1/push/3", [0]) == [Control("trigger", (), (0,))]
    assert rows.translate("/1/toggle1", [True]) == [Control("quantise", (), ("bar",)), Control("gain", (), (0.5,))]
    assert rows.translate("/1/toggle1", [False]) == [Control("quantise", (), ("off",))]
    assert rows.translate("/draw", [1.0]) == [Control("random")]
    assert rows.translate("/slot2", [1.0]) == rows.translate("/slot2", [1.0]) == [Control("slot_recall", (), (2,))]


def test_a_pad_moves_two(tmp_path: Path) -> None:
    rows = osc_map(tmp_path, 'address = "/1/xy1"\ntargets = ["/vamen/axis/air", "/vamen/axis/20"]\nrange = [0, 0.5]')
    assert rows.translate("/1/xy1", [0.5, 1.0]) == [Control("axis", (3,), (0.25,))], "an axis that the model lacks rests"
    rows = osc_map(tmp_path, 'address = "/1/xy1"\ntargets = ["/vamen/axis/air", "/vamen/axis/tone"]')
    assert rows.translate("/1/xy1", [0.5, 1.0]) == [Control("axis", (3,), (0.5,)), Control("axis", (2,), (1.0,))]


@pytest.mark.parametrize(
    ("address", "arguments", "kind"),
    [
        ("/xy", [0.5], "wrong count"), ("/xy", [0.5, 0.5, 0.5], "wrong count"), ("/f", [0.1, 0.2], "wrong count"),
        ("/f", [], "wrong count"), ("/f", ["x"], "wrong type"), ("/f", [float("nan")], "not finite"),
        ("/xy", [0.5, "x"], "wrong type"),
    ],
)  # fmt: skip
def test_a_message_with_other_arguments_means_nothing(tmp_path: Path, address: str, arguments: list[object], kind: str) -> None:
    rows = osc_map(
        tmp_path,
        'address = "/f"\ntarget = "/vamen/gain"',
        'address = "/xy"\ntargets = ["/vamen/axis/1", "/vamen/axis/2"]',
    )
    with pytest.raises(ControlError) as caught:
        rows.translate(address, arguments)
    assert caught.value.kind == kind and address in str(caught.value)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ('target = "/vamen/gain"', "needs an address"),
        ('address = "f"\ntarget = "/vamen/gain"', "needs an address"),
        ('address = "/vamen/axis/1"\ntarget = "/vamen/gain"', "is VAmEn's own"),
        ('address = "/f"', "needs a target"),
        ('address = "/f"\ntarget = "/vamen/gain"\ntargets = []', "needs a target"),
        ('address = "/f"\ntargets = []', "a target is an OSC address"),
        ('address = "/f"\ntargets = [1]', "a target is an OSC address"),
        ('address = "/f"\ntarget = "/vamen/axis/are"', "none of this model's axes"),
        ('address = "/f"\ntarget = "/vamen/latent"', "cannot be played by hand"),
        ('address = "/f"\ntarget = "/vamen/unsubscribe"', "cannot be played by hand"),
        ('address = "/f"\ntarget = "/vamen/gain"\nrange = [0, 2]', "range must lie within 0 to 1"),
        ('address = "/f"\ntarget = "/vamen/gain"\ncurve = "cubic"', "curve is one of"),
        ('address = "/f"\ntarget = "/vamen/gain"\nrelease = 0.0', "release belongs to a button"),
        ('address = "/f"\ntarget = "/vamen/gain"\nvalue = 1.5', "cannot be 1.5"),
        ('address = "/f"\ntarget = "/vamen/quantise"', "takes 1 argument"),
        ('address = "/f"\ntarget = "/vamen/trigger"\nvalue = 40', "goes from 0 to 32"),
        ('address = "/f"\ntarget = "/vamen/gain"\ncc = 1', "the key 'cc' is unknown"),
    ],
)
def test_a_wrong_row_is_one_sentence_with_file_and_row(tmp_path: Path, row: str, sentence: str) -> None:
    with pytest.raises(VamenError, match=re.escape(sentence)) as caught:
        osc_map(tmp_path, 'address = "/ok"\ntarget = "/vamen/play"', row)
    assert str(caught.value).startswith(f"Row 2 of the OSC map {tmp_path / 'map.toml'}: ")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VamenError, match=r"must hold \[\[osc\]\] rows and nothing else"):
        OscMap.load(DEFAULT_MAP, LAYOUT)
    with pytest.raises(VamenError, match="cannot be read"):
        OscMap.load(tmp_path / "none.toml", LAYOUT)


def test_a_page_and_our_own_addresses_in_one_bundle_are_one_change(tmp_path: Path) -> None:
    mailbox = Mailbox()
    server = OscServer("127.0.0.1", 0, mailbox, LAYOUT, osc_map=OscMap.load(TOUCHOSC, LAYOUT))
    server.take(
        bundle(
            encode("/1/fader1", 0.25), encode("/3/xy", 0.5, 1.0), bundle(encode("/vamen/morph", 0.5), encode("/2/push4", 1.0)),
            encode("/1/fader5"), encode("/1"),
        ),
        "127.0.0.1",
    )  # fmt: skip
    assert mailbox.drain() == [
        Control("axis", (1,), (0.25,)), Control("axis", (5,), (0.5,)), Control("axis", (6,), (1.0,)),
        Control("morph", (), (0.5,)), Control("trigger", (), (7,)),
    ]  # fmt: skip
    assert server.rejected == {"wrong count": 1, "unknown address": 1}


def test_a_shipped_page_is_known_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = build_parser().parse_args
    assert options(["play", "--osc-map", "touchosc"]).osc_map == TOUCHOSC
    assert options(["play", "--osc-map", "mine.toml"]).osc_map == Path("mine.toml")
    (tmp_path / "touchosc").touch()
    assert options(["play", "--osc-map", "touchosc"]).osc_map == Path("touchosc")


def test_every_control_of_the_shipped_page_moves_something() -> None:
    rows = OscMap.load(TOUCHOSC, LAYOUT)
    pages = {1: ["fader1", "fader2", "fader3", "fader4", "fader5"], 2: [f"push{pad}" for pad in range(1, 17)], 3: []}
    addresses = [f"/{page}/{control}" for page, controls in pages.items() for control in controls]
    addresses += [f"/{page}/toggle{number}" for page in pages for number in range(1, 5)]
    pressed = {address: rows.translate(address, [1.0]) for address in addresses} | {"/3/xy": rows.translate("/3/xy", [1.0, 0.0])}
    assert all(pressed.values())
    assert [pressed[f"/2/push{pad}"] for pad in (1, 16)] == [[Control("trigger", (), (1,))], [Control("trigger", (), (31,))]]
    assert len(TOUCHOSC.read_text(encoding="utf-8").split("[[osc]]")) - 1 == len(pressed)
