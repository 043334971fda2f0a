"""The Max patches and Max for Live devices as files, read as strictly as can be done without Max."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from py2max import Patcher
from py2max.lint import lint
from py2max.maxref import get_object_info

from bridge.parameters import PARAMETERS, PREFIX, ParameterSpec
from bridge.told import STATE
from max_patches import generate
from max_patches.live_devices import GIVEN_BY_LIVE
from max_patches.live_instrument import FADE_BEATS, FADE_FRAMES, SETTLE_MILLISECONDS
from max_patches.ports import INTERFACE, OBJECTS, ports_of
from max_patches.table import FEEDBACK, HELP_PORT, MAX_PORT, Row, read_layout, rows
from tests.max_interpreter import BLOCK, Patch

OURS = ("vamen.send", "vamen.receive")
PATCHES = ("vamen.maxpat", "vamen.help.maxpat", *(f"{name}.maxpat" for name in OURS))
DEVICES = {"vamen.amxd": b"mmmm", "vamen instrument.amxd": b"iiii"}

NOT_IN_THE_REFERENCE = {
    "udpsend": (1, 0), "inlet": (0, 1), "outlet": (1, 0), "live.path": (1, 3), "live.observer": (2, 2), "r": (0, 1),
}  # fmt: skip
"""Inlets and outlets where py2max's reference says nothing or means another thing; from files that Max saved."""


def read_device(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """Device type and patcher of an unfrozen .amxd, chunk by chunk as Ableton's maxdevtools read it: name, size, content."""
    chunks, place = {}, 0
    while place < len(data):
        name, size = data[place : place + 4], struct.unpack_from("<I", data, place + 4)[0]
        assert place + 8 + size <= len(data), f"chunk {name!r} claims {size} bytes"
        chunks[name] = data[place + 8 : place + 8 + size]
        place += 8 + size
    assert list(chunks) == [b"ampf", b"meta", b"ptch"]
    assert chunks[b"ptch"].endswith(b"}\n\0") and not chunks[b"ptch"].startswith(b"mx@c")
    return chunks[b"ampf"], json.loads(chunks[b"ptch"][:-1])["patcher"]


@cache
def written() -> Mapping[str, bytes]:
    return generate.files()


@cache
def patcher(name: str) -> dict[str, Any]:
    data = (generate.FOLDER / name).read_bytes()
    return read_device(data)[1] if name.endswith(".amxd") else json.loads(data)["patcher"]


def boxes(name: str) -> dict[str, dict[str, Any]]:
    return {entry["box"]["id"]: entry["box"] for entry in patcher(name)["boxes"]}


def called(box: dict[str, Any]) -> str:
    return box["text"].split()[0] if box["maxclass"] == "newobj" else box["maxclass"]


def test_the_readme_names_every_file_and_the_ports() -> None:
    text = (generate.FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in written())
    assert all(str(port) in text for port in range(MAX_PORT, HELP_PORT + 1))


class Graph:
    """A patch's cords, those between `s` and `r` of one name included."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.boxes = {entry["box"]["id"]: entry["box"] for entry in content["boxes"]}
        self.cords = [(*line["patchline"]["source"], *line["patchline"]["destination"]) for line in content["lines"]]
        ends: dict[str, list[tuple[str, str]]] = {}
        for box_id, box in self.boxes.items():
            if called(box) in ("s", "r"):
                ends.setdefault(box["text"].split()[1], []).append((called(box), box_id))
        for pairs in ends.values():
            self.cords += [(s, 0, r, 0) for kind, s in pairs if kind == "s" for other, r in pairs if other == "r"]

    def before(self, box_id: str, inlet: int | None = None) -> list[tuple[str, int]]:
        return [(s, outlet) for s, outlet, d, i in self.cords if d == box_id and inlet in (None, i)]

    def after(self, box_id: str) -> list[str]:
        return [d for s, _, d, _ in self.cords if s == box_id]

    def reaches(self, box_id: str, *names: str) -> bool:
        seen, waiting = {box_id}, [box_id]
        while waiting:
            here = waiting.pop()
            if called(self.boxes[here]) in names:
                return True
            waiting += [following for following in self.after(here) if following not in seen]
            seen |= set(waiting)
        return False

    def touched_before(self, box_id: str) -> bool:
        """Whether something that a hand or the clock moves leads here."""
        movers = {*INTERFACE, "loadmess", "freebang", "live.observer", "live.thisdevice"} - {
            "comment",
            "panel",
            "message",
            "outlet",
        }
        seen, waiting = {box_id}, [box_id]
        while waiting:
            here = waiting.pop()
            if called(self.boxes[here]) in movers:
                return True
            waiting += [source for source, _ in self.before(here) if source not in seen]
            seen |= set(waiting)
        return False

    def addresses(self) -> Iterator[str]:
        """Every address that this patch can send, followed from its message or prefix to the packet."""
        for box_id, box in self.boxes.items():
            if not self.reaches(box_id, "udpsend", "vamen.send"):
                continue
            if box["maxclass"] == "message" and box["text"].startswith(PREFIX):
                yield box["text"].split()[0]
            elif box.get("text", "").startswith(f"prepend {PREFIX}"):
                assert self.touched_before(box_id), box["text"]
                yield box["text"].split()[1]
                for source, _ in self.before(box_id):
                    yield from self._set_by(source)

    def _set_by(self, box_id: str) -> Iterator[str]:
        text = self.boxes[box_id].get("text", "")
        if text == "prepend set":
            yield from (str(item) for source, _ in self.before(box_id) for item in self.boxes[source]["items"] if item != ",")
        elif text.startswith("sprintf set"):
            template = text.split()[2]
            filled = [template]
            for inlet in range(template.count("%")):
                filled = [
                    re.sub(r"%\w+?(?=/|$)", value, each, count=1) for each in filled for value in self._values(box_id, inlet)
                ]
            yield from filled

    def _values(self, box_id: str, inlet: int) -> list[str]:
        for source, _ in self.before(box_id, inlet):
            box = self.boxes[source]
            if called(box) == "t":
                source, _ = self.before(source)[0]
                box = self.boxes[source]
            if "items" in box:
                return [str(item) for item in box["items"] if item != ","]
            if "minimum" in box:
                return [str(number) for number in range(int(box["minimum"]), int(box["maximum"]) + 1)]
        raise AssertionError(f"nothing fills {self.boxes[box_id]['text']}")


def public_addresses() -> set[str]:
    layout = read_layout()
    expanded: set[str] = set()
    for row in rows(layout):
        steps = range(1, layout.steps + 1) if "<step>" in row.address else [0]
        dimensions = range(1, layout.latent_dimensions + 1) if "<dimension>" in row.address else [0]
        for step in steps:
            expanded |= {row.address.replace("<step>", str(step)).replace("<dimension>", str(number)) for number in dimensions}
    return expanded


def row_of(address: str) -> Row:
    return next(row for row in rows(read_layout()) if re.fullmatch(re.sub(r"<\w+>", r"\\d+", row.address), address))


def test_files_are_what_the_script_writes() -> None:
    assert set(written()) == {*PATCHES, *DEVICES, "vamen.pd"}
    for name, content in written().items():
        assert (generate.FOLDER / name).read_bytes() == content, f"{name} is not what the table says: run make patches"


@pytest.mark.parametrize("name", [*PATCHES, *DEVICES])
def test_lint_and_ports(name: str) -> None:
    findings = [str(finding) for finding in lint(Patcher.from_dict(json.loads(json.dumps(patcher(name)))))]
    # Our abstractions are in no reference, but beside the patch.
    assert [finding for finding in findings if not any(f"object '{ours}'" in finding for ours in OURS)] == []
    found = boxes(name)
    assert len(found) == len(patcher(name)["boxes"])
    for box in found.values():
        ports = ports_of(box["maxclass"], box.get("text", ""))
        stated = (box["numinlets"], box["numoutlets"], tuple(box.get("outlettype", ())))
        assert stated == (ports.inlets, len(ports.outlets), ports.outlets), box
    for line in patcher(name)["lines"]:
        (source, outlet), (destination, inlet) = line["patchline"]["source"], line["patchline"]["destination"]
        assert outlet < found[source]["numoutlets"] and inlet < found[destination]["numinlets"]
        if found[source]["outlettype"][outlet] == "signal":
            assert called(found[destination]).endswith("~"), f"a signal cannot go into {found[destination]['text']}"


def test_the_table_of_ports_agrees_with_the_reference_pages() -> None:
    for name, ports in {**OBJECTS, **INTERFACE}.items():
        if name in OURS:
            continue
        reference = get_object_info(name)
        assert reference is not None, f"{name} is no object of Max"
        said = (len(reference["inlets"]), len(reference["outlets"]))
        assert (ports.inlets, len(ports.outlets)) == NOT_IN_THE_REFERENCE.get(name, said), (name, said)


@pytest.mark.parametrize("name", ["vamen.maxpat", *DEVICES])
def test_every_address_stands_in_the_table(name: str) -> None:
    sent, public = set(Graph(patcher(name)).addresses()), public_addresses()
    assert sent <= public, sent - public
    if name == "vamen.maxpat":
        # Coming and going is what vamen.receive does.
        inside = Graph(patcher("vamen.receive.maxpat"))
        assert any(called(box) == "vamen.receive" for box in boxes(name).values())
        assert (
            public - sent <= set(inside.addresses()) | {f"{PREFIX}/unsubscribe"} and f"{PREFIX}/subscribe" in inside.addresses()
        )
    else:
        knobs = {row.address for row in rows(read_layout()) if row.is_knob and row.spec.name not in GIVEN_BY_LIVE}
        assert sent >= knobs | {f"{PREFIX}/{name}" for name in ("tempo", "play", "stop", "subscribe", "random", "export")}


@pytest.mark.parametrize("name", ["vamen.maxpat", *DEVICES])
def test_ranges_and_words_are_the_tables(name: str) -> None:
    graph, seen = Graph(patcher(name)), 0
    for box_id, box in graph.boxes.items():
        prefixes = [
            following
            for following in graph.after(box_id)
            if graph.boxes[following].get("text", "").startswith(f"prepend {PREFIX}")
        ]
        if len(prefixes) != 1 or box["maxclass"] == "newobj":
            continue
        row = row_of(graph.boxes[prefixes[0]]["text"].split()[1])
        valueof = box.get("saved_attribute_attributes", {}).get("valueof", {})
        seen += 1
        if box["maxclass"] == "live.dial":
            assert (valueof["parameter_mmin"], valueof["parameter_mmax"]) == (row.minimum, row.maximum), row.address
            assert valueof.get("parameter_initial", [row.default]) == [row.default]
        elif "items" in box:
            assert [item for item in box["items"] if item != ","] == list(row.spec.choices), row.address
        elif box["maxclass"] == "live.menu":
            assert valueof["parameter_enum"] == list(row.spec.choices) and valueof["parameter_mmax"] == len(row.spec.choices) - 1
        elif box["maxclass"] in ("number", "flonum"):
            assert (box["minimum"], box["maximum"]) == (row.minimum, row.maximum), row.address
        elif box["maxclass"] == "multislider":
            assert box["setminmax"] == [row.minimum, row.maximum] and box["size"] == read_layout().latent_dimensions
    assert seen >= 12


def test_what_comes_back_is_routed_by_addresses_that_exist() -> None:
    states = {f"{STATE}/{row.name}" for row in rows(read_layout())}
    for name in [*PATCHES, *DEVICES]:
        for box in boxes(name).values():
            if called(box) == "route":
                assert set(box["text"].split()[1:]) <= states | set(FEEDBACK) | {"text"}, box["text"]


@pytest.mark.parametrize("name", [*PATCHES, *DEVICES])
def test_no_text_holds_what_max_would_read_otherwise(name: str) -> None:
    for box in boxes(name).values():
        if box["maxclass"] not in ("newobj", "message"):
            continue
        allowed = r"[^,;\\\"]+" if called(box) == "expr" else r"[^,;\\\"$]+"
        assert re.fullmatch(allowed, box["text"]), box["text"]
        assert box["text"] == " ".join(box["text"].split())


@pytest.mark.parametrize(("name", "kind"), DEVICES.items())
def test_a_device_parses_and_its_dials_can_be_automated(name: str, kind: bytes) -> None:
    device, content = read_device((generate.FOLDER / name).read_bytes())
    assert device == kind and content["project"]["amxdtype"] == int.from_bytes(kind, "big")
    assert content["openinpresentation"] == 1
    parameters = [box for box in boxes(name).values() if box.get("parameter_enable") == 1]
    values = [box["saved_attribute_attributes"]["valueof"] for box in parameters]
    names = [value["parameter_longname"] for value in values]
    assert len(set(names)) == len(names) and set(read_layout().axis_names) <= set(names)
    for box, value in zip(parameters, values, strict=True):
        if box["maxclass"] == "live.dial":
            assert "parameter_invisible" not in value and value["parameter_initial_enable"] == 1
        x, y, width, height = box["presentation_rect"]
        assert x >= 0 and x + width <= content["devicewidth"] and y >= 0 and y + height <= 169, box["varname"]
        assert content["parameters"][box["id"]][0] == value["parameter_longname"]
    # Nothing that VAmEn says may move a dial: each move would be a step in Live's undo history.
    graph = Graph(patcher(name))
    listeners = [box_id for box_id, box in graph.boxes.items() if called(box) == "udpreceive"]
    controls = ("live.dial", "live.menu", "live.numbox", "live.button", "live.toggle", "udpsend")
    assert listeners and not any(graph.reaches(box_id, *controls) for box_id in listeners)


def test_the_main_patch_sends_nothing_when_it_is_opened_and_nothing_goes_in_circles() -> None:
    graph = Graph(patcher("vamen.maxpat"))
    for box_id, box in graph.boxes.items():
        assert "parameter_initial_enable" not in box.get("saved_attribute_attributes", {}).get("valueof", {})
        if called(box) in ("loadmess", "loadbang"):
            assert not graph.reaches(box_id, "vamen.send")
        if box.get("text", "").startswith(f"route {STATE}/"):
            # What comes back reaches a control only by a message that makes it show a value and say nothing.
            assert {graph.boxes[following]["text"] for following in graph.after(box_id)} <= {"prepend set", "prepend setsymbol"}


def test_a_new_row_of_the_table_shows_up_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    new = (
        ParameterSpec("learn", "learn", "text", "touch, turn, done", count="optional"),
        ParameterSpec("unsubscribe", "unsubscribe", "int", "send nothing more", minimum=1, maximum=65535),
        ParameterSpec("swing", "swing", "float", "how late", maximum=0.5, default=0.0),
        ParameterSpec("when", "export/on", "text", "when files come", choices=("settle", "bar"), default="bar"),
        ParameterSpec("lock", "lock", "int", "a step that stays", minimum=1, maximum="steps"),
        ParameterSpec("undo", "undo", "button", "one back"),
        ParameterSpec("jump", "jump", "int", "so many bars", minimum=-8, maximum=8),
    )
    for spec in new:
        monkeypatch.setitem(PARAMETERS, spec.name, spec)
    every = generate.files()
    for name in (*PATCHES, *DEVICES):
        data = every[name]
        content = read_device(data)[1] if name.endswith("amxd") else json.loads(data)["patcher"]
        findings = [str(finding) for finding in lint(Patcher.from_dict(json.loads(json.dumps(content))))]
        assert [finding for finding in findings if not any(f"object '{ours}'" in finding for ours in OURS)] == []
        sent = set(Graph(content).addresses())
        if name == "vamen.maxpat":
            assert {f"{PREFIX}/{spec.address}" for spec in new} - sent == {f"{PREFIX}/unsubscribe"}
        if name in ("vamen.receive.maxpat", *DEVICES):
            assert f"{PREFIX}/unsubscribe" in sent
        if name in DEVICES:
            assert sent >= {f"{PREFIX}/{address}" for address in ("learn", "swing", "export/on", "undo")}
    assert all(f"r {PREFIX}/{spec.address};".encode() in every["vamen.pd"] for spec in new)


RATE, TEMPO, BEATS = 44_100.0, 170.0, 8
LOOP_FRAMES = round(BEATS * 60 / TEMPO * RATE)


class Live:
    """Live with the instrument on a track: a song at a tempo that its transport runs through, heard sample by sample."""

    def __init__(self) -> None:
        # What is read at a phase says which file it is from and where: 10, 20, ... and the phase.
        ramp = np.arange(LOOP_FRAMES) / LOOP_FRAMES
        self.patch = Patch(patcher("vamen instrument.amxd"), {f"/{index}.wav": 10.0 * index + ramp for index in (1, 2, 3)}, RATE)
        self.beat, self.playing, self.tempo = 0.0, True, TEMPO
        self.host = self.patch.find("plugsync~")
        self.beats: list[np.ndarray] = []
        self.patch.send(self.host, 4, (4, 4))

    def run(self, beats: float) -> tuple[np.ndarray, np.ndarray]:
        """So many beats; returns where Live was at each sample, and what was heard."""
        first, step = len(self.patch.out), self.tempo / 60 / RATE
        for _ in range(round(beats / step / BLOCK)):
            at = self.beat + step * np.arange(BLOCK) * self.playing
            # The count is polled: some milliseconds old, or already that of the block's end.
            self.patch.send(self.host, 6, (max(0.0, self.beat - 0.004 * self.tempo / 60),))
            self.patch.send(self.host, 0, (int(self.playing),))
            self.patch.run({"plugphasor~": at - np.floor(at) if self.playing else np.zeros(BLOCK)})
            self.beats.append(at)
            self.beat = float(at[-1]) + step * self.playing
        return np.concatenate(self.beats[first:]), np.concatenate(self.patch.out[first:])

    def export(self, index: int) -> None:
        self.patch.to_name("---exported", (f"/{index}.wav",))


def heard_exactly(beats: np.ndarray, sound: np.ndarray, index: int) -> np.ndarray:
    """Where the sound is file `index` at Live's own place (half a sample's interpolation allowed for)."""
    return np.abs(sound - (10.0 * index + (beats / BEATS) % 1.0)) < 2.0 / LOOP_FRAMES


def test_the_instrument_changes_on_lives_bar_and_cannot_drift() -> None:
    live = Live()
    _, silence = live.run(1.0)
    assert not silence.any()
    live.export(1)
    beats, sound = live.run(5.0)
    fade = (FADE_FRAMES + BLOCK) / RATE * TEMPO / 60
    assert not sound[beats < 4.0 - FADE_BEATS].any(), "it waits for the bar"
    assert heard_exactly(beats, sound, 1)[(beats > 4.0 - FADE_BEATS + fade)].all()
    live.export(2)
    # Another one overtakes it before the bar: only that is ever heard.
    live.run(0.5)
    live.export(3)
    beats, sound = live.run(3.5)
    assert heard_exactly(beats, sound, 1)[beats < 8.0 - FADE_BEATS].all()
    assert heard_exactly(beats, sound, 3)[beats > 8.0 - FADE_BEATS + fade].all()
    # Three hours later, at another tempo, by a jump of Live's cursor: still at Live's place to the sample.
    live.beat, live.tempo = 30_600.3, 174.0
    beats, sound = live.run(1.0)
    assert heard_exactly(beats, sound, 3).all()


def test_the_instrument_is_silent_while_live_stands_and_begins_with_the_newest_file() -> None:
    live = Live()
    live.playing = False
    live.export(1)
    live.patch.now += round(SETTLE_MILLISECONDS / 1000 * RATE)
    _, sound = live.run(0.25)
    assert not sound.any()
    live.playing = True
    beats, sound = live.run(1.0)
    assert heard_exactly(beats, sound, 1)[FADE_FRAMES + BLOCK :].all()
    live.playing = False
    _, sound = live.run(0.25)
    assert not sound[FADE_FRAMES + BLOCK :].any()


@pytest.mark.parametrize("bars", [1, 2, 4])
def test_the_instrument_finds_out_how_long_a_file_is(bars: int) -> None:
    live = Live()
    frames = round(bars * 4 * 60 / 172.0 * RATE)
    live.patch.files["/1.wav"] = 10.0 + np.arange(frames) / frames
    live.export(1)
    live.run(4.2)
    beats, sound = live.run(0.5)
    assert np.abs(sound - (10.0 + (beats / (4 * bars)) % 1.0)).max() < 3.0 / frames
