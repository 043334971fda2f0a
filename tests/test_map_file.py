"""A learnt row in the user's own file: everything else in it stays as it was, to the byte, and the file is never lost."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bridge import map_places
from bridge.control_map import MAX_MAP_BYTES, ControlMap
from bridge.errors import VamenError
from bridge.map_file import save_row
from bridge.map_places import DEFAULT_MAP, MAPS, map_path, own_map, place_to_learn, played_map, shipped_maps
from tests.test_learn import LAYOUT

MINE = """# My knobs, in this order.

[[control]]   # volume
cc = 7
target = "/vamen/gain"  # the big one
curve = "squared"

# What follows is for the left hand.
  [[control]]
notes = [
  36,  # low C
  43,
]
target = "/vamen/slot/recall"
range = [1, 8]
# until here

[[control]]
cc = 33
target = "/vamen/morph"
"""
AXIS = {"cc": 21, "channel": 1, "target": "/vamen/axis/1"}
AXIS_TEXT = '[[control]]\ncc = 21\nchannel = 1\ntarget = "/vamen/axis/1"\n'


def saved(path: Path, text: str, table: dict[str, Any]) -> str:
    path.write_bytes(text.encode())
    save_row(path, None, table)
    ControlMap.load(path, LAYOUT)
    assert not [other for other in path.parent.iterdir() if other.suffix == ".part"]
    return path.read_bytes().decode()


def test_a_new_row_is_put_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    assert saved(path, MINE, AXIS) == f"{MINE}\n{AXIS_TEXT}"
    assert saved(path, MINE.rstrip("\n"), AXIS) == f"{MINE}\n{AXIS_TEXT}"
    windows = MINE.replace("\n", "\r\n")
    assert saved(path, windows, AXIS) == windows + f"\n{AXIS_TEXT}".replace("\n", "\r\n")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_row_for_the_same_control_is_replaced_where_it_stands(tmp_path: Path, line_end: str) -> None:
    volume = '[[control]]   # volume\ncc = 7\ntarget = "/vamen/gain"  # the big one\ncurve = "squared"\n'
    changed = saved(tmp_path / "mine.toml", MINE.replace("\n", line_end), AXIS | {"cc": 7})
    assert changed == MINE.replace(volume, AXIS_TEXT.replace("21", "7")).replace("\n", line_end)


def test_a_pair_replaces_the_knobs_of_both_its_halves(tmp_path: Path) -> None:
    text = MINE + '\n[[control]]\ncc = 1\ntarget = "/vamen/axis/2"\n# the end\n'
    changed = saved(tmp_path / "mine.toml", text, {"cc14": 1, "channel": 3, "target": "/vamen/axis/1"})
    head = MINE[: MINE.rindex("[[control]]")]
    assert changed == head + '[[control]]\ncc14 = 1\nchannel = 3\ntarget = "/vamen/axis/1"\n\n# the end\n'


def test_keys_give_way_to_no_fewer_keys_and_other_channels_stay(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    single = {"note": 40, "channel": 1, "target": "/vamen/play"}
    assert saved(path, MINE, single).startswith(MINE)
    row = {"notes": [36, 43], "channel": 1, "target": "/vamen/trigger"}
    assert len(tomllib.loads(saved(path, path.read_text(), row))["control"]) == 3
    elsewhere = MINE.replace("cc = 7\n", "cc = 7\nchannel = 2\n")
    assert saved(path, elsewhere, AXIS | {"cc": 7}).startswith(elsewhere)


def test_a_file_that_is_not_there_begins_as_a_copy_or_empty(tmp_path: Path) -> None:
    save_row(tmp_path / "new" / "mine.toml", None, AXIS)
    assert (tmp_path / "new" / "mine.toml").read_text() == AXIS_TEXT
    save_row(tmp_path / "copy.toml", DEFAULT_MAP, AXIS | {"cc": 1})
    changed, shipped = (path.read_text() for path in (tmp_path / "copy.toml", DEFAULT_MAP))
    assert changed == shipped.replace('[[control]]\ncc = 1\ntarget = "/vamen/axis/1"\n', AXIS_TEXT.replace("21", "1"))


@pytest.mark.parametrize(
    "text",
    [
        'control = [{cc = 1, target = "/vamen/gain"}]\n',
        "[[control]\n",
        'x = """\n[[control]]\n"""\n',
        "[[control]]\ncc = 1\nx = [\n",
        '[[control]]\ncc = 1\nvalue = """\n[[control]]\n"""\ntarget = "/vamen/export"\n',
        "\ufeff" + MINE,
        "# \0",
        ("#" * 255 + "\n") * (MAX_MAP_BYTES // 256 - 1) + "[[control]]\ncc = 1" + " " * 220,
    ],
)
def test_a_file_that_cannot_be_changed_stays_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(text.encode())
    with pytest.raises(VamenError, match=r"mine\.toml"):
        save_row(path, None, AXIS)
    assert path.read_bytes() == text.encode() and list(tmp_path.iterdir()) == [path]


def test_a_disk_that_takes_nothing_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(VamenError, match=r"mine\.toml cannot be written \(No space left on device\)"):
        save_row(path, None, AXIS)
    assert path.read_text() == MINE and list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_stays_one_and_leads_to_the_changed_file(tmp_path: Path) -> None:
    path, link = tmp_path / "mine.toml", tmp_path / "link.toml"
    path.write_text(MINE)
    path.chmod(0o640)
    link.symlink_to(path)
    save_row(link, None, AXIS)
    assert link.is_symlink() and path.read_text() == f"{MINE}\n{AXIS_TEXT}" and path.stat().st_mode & 0o777 == 0o640


def test_where_maps_are_and_which_takes_what_is_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(map_places.Path, "home", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    assert {"default", "nanokontrol2", "launchcontrolxl", "twister", "minilab3", "xtouchmini", "mpkmini3"} == set(shipped_maps())
    mine = tmp_path / "mine.toml"
    assert map_path("mine.toml") == Path("mine.toml") and place_to_learn(mine) == mine
    assert map_path("twister") == MAPS / "twister.toml" and place_to_learn(MAPS / "twister.toml") == own_map("twister")
    assert played_map(None) == DEFAULT_MAP and place_to_learn(DEFAULT_MAP) == own_map("learnt")
    for name in ("learnt", "twister"):
        save_row(own_map(name), DEFAULT_MAP, AXIS)
    assert tmp_path in own_map("learnt").parents
    assert map_path("twister") == own_map("twister") == place_to_learn(own_map("twister"))
    assert played_map(None) == own_map("learnt") and played_map(mine) == mine
    Path("twister").touch()
    assert map_path("twister") == Path("twister")


@pytest.mark.parametrize(
    ("platform", "folder"), [("linux", ".config"), ("darwin", "Library/Application Support"), ("win32", "AppData/Roaming")]
)
def test_every_system_has_its_folder(monkeypatch: pytest.MonkeyPatch, platform: str, folder: str) -> None:
    for variable in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("sys.platform", platform)
    assert own_map("learnt") == Path.home() / folder / "vamen" / "learnt.toml"
