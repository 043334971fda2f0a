"""touchdesigner/vamen_touchdesigner.py against a stand-in that knows TouchDesigner's operator types and parameter names.

The names are from Derivative's documentation and from public scripts (OSC In CHOP, OSC Out CHOP, OSC In DAT, OSC Out DAT,
Execute DAT, Constant, Select, Rename and Shuffle CHOP, Table and Text DAT, Geometry and Camera COMP, Box SOP, Constant MAT,
Render TOP), and of no more parameters than the script may use; the stand-in refuses any other. TouchDesigner itself was not at
hand, so a name that is wrong in both is not found here.
"""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bridge.parameters import PREFIX
from bridge.told import COLUMN_BANDS
from max_patches.table import BRIDGE_PORT, HOST, TOUCHDESIGNER_PORT, read_layout
from tests.conftest import ROOT

SCRIPT = ROOT / "touchdesigner" / "vamen_touchdesigner.py"

INSTANCING = (
    "instancing",
    "instanceop",
    "instancefirstrow",
    "instancetx",
    "instancety",
    "instancetz",
    "instancesop",
    "instancesy",
)
PARAMETERS = {
    "baseCOMP": (), "tableDAT": (), "textDAT": (),
    "constantCHOP": tuple(f"const{index}{part}" for index in range(40) for part in ("name", "value")),
    "oscoutCHOP": ("active", "netaddress", "port"),
    "oscoutDAT": ("active", "address", "port"),
    "oscinCHOP": ("active", "port", "localaddress", "queued"),
    "oscinDAT": ("active", "port", "callbacks", "addscope", "maxlines"),
    "executeDAT": ("active", "start", "exit", "framestart", "frameend"),
    "selectCHOP": ("chop", "channames", "renamefrom", "renameto"),
    "renameCHOP": ("renamefrom", "renameto"),
    "shuffleCHOP": ("method", "nval"),
    "geometryCOMP": (*INSTANCING, "material", "tx", "ty", "tz"),
    "cameraCOMP": ("tx", "ty", "tz"),
    "boxSOP": ("sizex", "sizey", "sizez"),
    "constantMAT": ("colorr", "colorg", "colorb"),
    "renderTOP": ("camera", "geometry", "lights"),
}  # fmt: skip
SHUFFLE_METHODS = ("off", "swap", "seqname", "seqall", "seqn", "seqeveryn", "splitall", "splitn")


class Connector:
    def __init__(self, owner: Operator) -> None:
        self.owner = owner
        self.source: Operator | None = None

    def connect(self, source: Operator) -> None:
        assert self.owner.kind[-4:] == source.kind[-4:], "only operators of one family can be wired"
        self.source = source


class Operator:
    def __init__(self, kind: str, name: str, parent: Operator | None) -> None:
        self.kind, self.name, self.parent = kind, name, parent
        self.par = types.SimpleNamespace(**dict.fromkeys(PARAMETERS[kind]))
        self.children: list[Operator] = []
        self.inputConnectors = [Connector(self)]
        self.rows: list[list[Any]] = [["left over"]]
        self.text = ""
        self.sent: list[tuple[str, list[Any]]] = []

    @property
    def path(self) -> str:
        return ("" if self.parent is None else self.parent.path) + f"/{self.name}"

    def create(self, kind: str, name: str) -> Operator:
        assert kind in PARAMETERS and self.kind.endswith("COMP") and self.op(name) is None
        made = Operator(kind, name, self)
        if kind == "geometryCOMP":
            made.children.append(Operator("boxSOP", "torus1", made))
        self.children.append(made)
        return made

    def op(self, name: str) -> Operator | None:
        return next((child for child in self.children if child.name == name), None)

    def destroy(self) -> None:
        assert self.parent is not None
        self.parent.children.remove(self)

    def clear(self) -> None:
        self.rows.clear()

    def appendRow(self, cells: list[Any]) -> None:  # noqa: N802
        self.rows.append(cells)

    def sendOSC(self, address: str, values: list[Any]) -> None:  # noqa: N802
        self.sent.append((address, values))


def run(project: Operator) -> dict[str, Any]:
    namespace: dict[str, Any] = {kind: kind for kind in PARAMETERS}
    namespace["op"] = {"/project1": project}.get
    exec(compile(SCRIPT.read_text(encoding="utf-8"), str(SCRIPT), "exec"), namespace)
    return namespace


@pytest.fixture
def built(capsys: pytest.CaptureFixture[str]) -> Operator:
    project = Operator("baseCOMP", "project1", None)
    project.create("textDAT", "mine")
    run(project)
    run(project)
    assert [child.name for child in project.children] == ["mine", "vamen"], (
        "a second run replaces the first and touches nothing else"
    )
    printed = capsys.readouterr().out
    assert "no parameter" not in printed and "/project1/vamen/knobs" in printed
    network = project.op("vamen")
    assert network is not None
    return network


def part(network: Operator, name: str) -> Operator:
    found = network.op(name)
    assert found is not None, name
    return found


def sources(operator: Operator) -> list[str]:
    names = []
    while (source := operator.inputConnectors[0].source) is not None:
        names.append(source.name)
        operator = source
    return names


def test_the_axes_go_out_under_their_addresses(built: Operator) -> None:
    axes = read_layout().axis_names
    knobs, out = part(built, "knobs"), part(built, "to_vamen")
    names = [getattr(knobs.par, f"const{index}name") for index in range(40)]
    assert [f"/{name}" for name in names if name] == [f"{PREFIX}/axis/{axis}" for axis in axes]
    assert all(getattr(knobs.par, f"const{index}value") == 0.5 for index in range(len(axes)))
    assert (out.par.netaddress, out.par.port) == (HOST, BRIDGE_PORT) and sources(out) == ["knobs"]
    table = part(built, "axes").rows
    assert [row[1] for row in table[1:]] == [f"{PREFIX}/axis/{axis}" for axis in axes]
    assert (part(built, "talk").par.address, part(built, "talk").par.port) == (HOST, BRIDGE_PORT)


def test_what_comes_back_is_sorted_and_drives_the_bars(built: Operator) -> None:
    assert part(built, "from_vamen").par.port == TOUCHDESIGNER_PORT
    assert sources(part(built, "levels")) == ["in_a_row", "column", "from_vamen"]
    assert sources(part(built, "place")) == ["position", "from_vamen"]
    assert part(built, "in_a_row").par.method in SHUFFLE_METHODS
    assert part(built, "column").par.channames == "vamen/column*"
    bars = part(built, "bars")
    assert bars.par.instancing is True and [child.name for child in bars.children] == ["bar"]
    assert bars.par.instanceop == part(built, "places").path and len(part(built, "places").rows) == COLUMN_BANDS + 1
    assert bars.par.instancesop == part(built, "levels").path and bars.par.instancesy == part(built, "levels").par.renameto
    assert (part(built, "picture").par.geometry, part(built, "picture").par.camera) == (bars.path, part(built, "camera").path)


def test_it_subscribes_by_itself_and_hears_paths_and_errors(built: Operator) -> None:
    callbacks: dict[str, Any] = {"op": built.op}
    exec(part(built, "hello").text, callbacks)
    for frame in range(1, 601):
        callbacks["onFrameStart"](frame)
    ports = [part(built, "from_vamen").par.port, part(built, "says").par.port]
    assert len(set(ports)) == 2
    assert part(built, "talk").sent == [("/vamen/subscribe", [port]) for port in ports] * 2
    assert part(built, "hello").par.framestart is True and part(built, "hello").par.exit is True
    assert part(built, "says").par.callbacks == "heard"
    exec(part(built, "heard").text, callbacks)
    path, sentence = str(Path("/breaks/breaks_170bpm_2bars_0001.wav")), "Slot 99 is empty."
    callbacks["onReceiveOSC"](None, 1, "", b"", 0.0, "/vamen/exported", [path], None)
    callbacks["onReceiveOSC"](None, 2, "", b"", 0.0, "/vamen/error", [sentence], None)
    assert part(built, "newest").text == path and part(built, "error").text == sentence


def test_a_build_with_other_names_is_told_what_to_set_by_hand(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PARAMETERS, "constantCHOP", tuple(f"{part}{index}" for index in range(40) for part in ("name", "value")))
    monkeypatch.setitem(PARAMETERS, "oscoutCHOP", ("active", "port"))
    project = Operator("baseCOMP", "project1", None)
    run(project)
    printed = capsys.readouterr().out
    assert printed.count("no parameter") == 1 and "to_vamen has no parameter netaddress: set it by hand to '127.0.0.1'" in printed
    network = part(project, "vamen")
    assert part(network, "knobs").par.name4 == "vamen/axis/air"


def test_the_picture_is_a_drawing_of_what_the_script_builds(built: Operator) -> None:
    spec = importlib.util.spec_from_file_location("draw_network", SCRIPT.parent / "draw_network.py")
    assert spec is not None and spec.loader is not None
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    network = drawing.network_of_paper()
    assert [child.name for child in network.children] == [child.name for child in built.children]
    with Image.open(SCRIPT.parent / "network.png") as picture:
        assert picture.size == drawing.draw(network).size, "run python touchdesigner/draw_network.py"
    text = (SCRIPT.parent / "README.md").read_text(encoding="utf-8")
    assert all(
        f"`{child.name}`" in text
        for child in built.children
        if child.name not in ("position", "column", "in_a_row", "amber", "camera", "heard")
    )
