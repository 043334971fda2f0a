"""Files from strangers run no code, take no more memory than is there, and are refused in a sentence that a terminal can show.

Every file is opened in a process with little memory (tests/stranger.py). VAMEN_FUZZ_PACKETS and VAMEN_FUZZ_SEED say how many are
broken at random, and which.
"""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import mido
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bridge.engine import ExportRequest
from bridge.latent_document import header, rows_from_latent
from bridge.mailbox import Mailbox
from bridge.map_places import DEFAULT_MAP
from bridge.map_reading import MAX_ROWS
from bridge.model import DECODED_OUTPUT, MAX_FILE_BYTES, Model
from bridge.model_metadata import PREFIX
from bridge.osc import OscServer, encode
from bridge.parameters import layout_of
from bridge.slot_file import KIND
from bridge.watch_folder import WatchFolder
from tests.conftest import ROOT, TINY_MODEL
from tests.fuzzing import FUZZED_PACKETS, SEED
from tests.make_tiny_model import build
from tests.test_exporter import Stage
from tests.test_watch_folder import export, require_whole_exports

SECONDS = 120
FILES_BROKEN_AT_RANDOM = FUZZED_PACKETS // 400

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither such limits nor such devices")


def answers(paths: Sequence[Path]) -> list[str]:
    """What each of these files was answered with; the test fails where one of them ends or holds up the process."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.stranger"],
        input="".join(f"{path}\n" for path in paths),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    said = result.stdout.splitlines()
    assert len(said) == len(paths), f"{paths[len(said)]} ended the process ({result.returncode}): {result.stderr[-2000:]}"
    return said


def decoder_of(model: onnx.ModelProto) -> onnx.GraphProto:
    """The graph that paints: the branch of the `If`."""
    [node] = [node for node in model.graph.node if node.output[0] == DECODED_OUTPUT]
    [branch] = [attribute.g for attribute in node.attribute if attribute.name == "then_branch"]
    return branch


def behind(model: onnx.ModelProto, nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto] | None = None) -> onnx.ModelProto:
    """Nodes that make a number "bomb" out of nothing, which is then added to the picture."""
    branch = decoder_of(model)
    [result] = branch.output
    branch.node.extend([*nodes, helper.make_node("Add", [result.name, "bomb"], ["after"])])
    result.name = "after"
    model.graph.initializer.extend(weights or [])
    return model


def summed(*nodes: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Nodes whose last gives "large", and the sum of it."""
    return [*nodes, helper.make_node("ReduceSum", ["large"], ["bomb"], keepdims=0)]


def weight(name: str, values: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values), name)


def elsewhere(location: str, **more: str) -> onnx.TensorProto:
    """A tensor of which it is said that it lies in another file."""
    tensor = TensorProto(name="bomb", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, "offset": "0", "length": "4", **more}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def constant_of(tensor: onnx.TensorProto) -> list[onnx.NodeProto]:
    return [helper.make_node("Constant", [], ["bomb"], value=tensor)]


def endless_loop() -> list[onnx.NodeProto]:
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["so_far", "so_far"], ["further"])],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("so_far", TensorProto.FLOAT, [])],
        [value("on", TensorProto.BOOL, []), value("further", TensorProto.FLOAT, [])],
    )
    return [helper.make_node("Loop", ["times", "true", "zero"], ["bomb"], body=body)]


def hostile_graphs() -> dict[str, tuple[onnx.ModelProto, str]]:
    """Models by name, and what they are refused with."""
    # 1.3 GB when they meet: more than a model may have, less than the process that opens it.
    side = 18_000
    column, row = np.ones((side, 1), np.float32), np.ones((1, side), np.float32)
    large = [weight("column", column), weight("row", row)]
    outside = "lie outside the file"
    memory = "does not run"
    loop = [weight("times", np.int64(2**62)), weight("true", np.bool_(True)), weight("zero", np.float32(0.0))]
    shape = weight("shape", np.array([side, side]))
    return {
        "file": (behind(build(), [], [elsewhere("secret.bin")]), outside),
        "file above": (behind(build(), [], [elsewhere("../../etc/passwd")]), outside),
        "memory": (behind(build(), [], [elsewhere("*/_ORT_MEM_ADDR_/*", offset="4096")]), outside),
        "file of a constant": (behind(build(), constant_of(elsewhere("secret.bin"))), outside),
        "foreign operator": (
            behind(build(), [helper.make_node("Evil", ["row"], ["bomb"], domain="evil")], large),
            "none of ONNX's",
        ),
        "contributed operator": (
            behind(build(), [helper.make_node("Gelu", ["row"], ["bomb"], domain="com.microsoft")], large),
            "none of ONNX's own",
        ),
        "escapes": (behind(build(), [helper.make_node("\x1b]0;x\x07", ["row"], ["bomb"], name="\x1b[2J")], large), "onnxruntime"),
        "endless": (behind(build(), endless_loop(), loop), "holds a graph"),
        "filled": (behind(build(), summed(helper.make_node("ConstantOfShape", ["shape"], ["large"])), [shape]), memory),
        "broadcast": (behind(build(), summed(helper.make_node("Add", ["column", "row"], ["large"])), large), memory),
        "product": (behind(build(), summed(helper.make_node("MatMul", ["column", "row"], ["large"])), large), memory),
        "expanded": (
            behind(build(), summed(helper.make_node("Expand", ["column", "shape"], ["large"])), [*large, shape]),
            memory,
        ),
        "declared": (
            behind(build(), [], [TensorProto(name="bomb", data_type=TensorProto.FLOAT, dims=[2**31, 2**31], raw_data=bytes(4))]),
            "onnxruntime",
        ),
    }


@posix_only
def test_a_hostile_graph_is_refused_in_a_sentence(tmp_path: Path) -> None:
    cases = hostile_graphs()
    paths = [tmp_path / f"{name}.onnx" for name in cases]
    for path, (model, _) in zip(paths, cases.values(), strict=True):
        path.write_bytes(model.SerializeToString())
    for name, said, (_, expected) in zip(cases, answers(paths), cases.values(), strict=True):
        assert expected in said, f"{name}: {said}"


def with_metadata(**fields: str) -> bytes:
    model = build()
    for entry in model.metadata_props:
        entry.value = fields.get(entry.key.removeprefix(PREFIX), entry.value)
    return bytes(model.SerializeToString())


METADATA = {entry.key.removeprefix(PREFIX): entry.value for entry in build().metadata_props}


def spec(**fields: object) -> str:
    return json.dumps(json.loads(METADATA["spec"]) | fields)


def axes(name: str) -> str:
    entries = json.loads(METADATA["axes"])
    entries[0]["name"] = name
    return json.dumps(entries)


@posix_only
def test_hostile_metadata_is_refused_by_its_field(tmp_path: Path) -> None:
    cases = [
        # Every number is within its own limits.
        ("spec", spec(sample_rate=2, n_fft=65_536, f_max=1.0)),
        ("spec", spec(n_fft=65_536, n_mels=4096)),
        ("spec", spec(n_fft=65_536, hop_length=1)),
        ("spec", spec(n_frames=65_536, n_mels=4096)),
        ("spec", spec(beats=64, steps=64, hop_length=1)),
        ("spec", spec(f_min=30_000.0)),
        ("spec", spec(**{"a" * 1_000_000: 1})),
        ("spec", spec(n_mels=[[1]] * 500_000)),
        ("name", "\x1b]0;owned\x07"),
        ("axes", axes("two words")),
        ("axes", axes("a/../b")),
        ("axes", axes("7")),
        ("training", "[" * 1_000_000),
        ("training", "{}" * 4_000_001),
        ("prior", METADATA["prior"].replace('"radius"', '"radius": 1' + "0" * 5000 + ', "x"')),
    ]
    paths = []
    for number, (field, text) in enumerate(cases):
        paths.append(tmp_path / f"{number}.onnx")
        paths[-1].write_bytes(with_metadata(**{field: text}))
    for (field, text), said in zip(cases, answers(paths), strict=True):
        assert f"field '{field}'" in said, f"{text[:60]}: {said}"


def slot_document(model: Model) -> dict[str, Any]:
    entry = {"name": "a", "source_sha256": "0", "beats": 8, "beats_per_minute": 120.0, "start_seconds": 0.0}
    return header(KIND, model) | {"breaks": [entry | {"latent": rows_from_latent(model.metadata.slots[0].latent)}]}


def large_files(model: Model) -> dict[str, bytes]:
    """Files by name that would take too much of something."""
    row = '[[control]]\ncc = 1\ntarget = "/vamen/gain"\n'
    document = json.dumps(slot_document(model))
    number_there = "1.4"
    assert document.count(number_there) > 1
    return {
        "deep.toml": b"control = " + b"[\n" * 10_000 + b"]\n" * 10_000,
        "dotted.toml": b".".join([b"a"] * 100_000) + b" = 1",
        "dotted tables.toml": (b"[" + b".".join([b"a"] * 400) + b"]\n") * 300,
        "rows.toml": row.encode() * (MAX_ROWS + 1),
        "million.toml": row.encode() * 1_000_000,
        "digits.toml": row.encode() + b"value = " + b"9" * 900,
        "range.toml": row.encode() + b"range = [0, " + b"9" * 900 + b"]",
        "key.toml": row.encode() + b"a" * 900 + b" = 1",
        "deep.json": b"[" * 1_000_000,
        "objects.json": b'{"a":' * 100_000,
        "lists.json": b"[" + b"[]," * 5_000_000 + b"[]]",
        "digits.json": document.replace(number_there, "1" + "0" * 400, 1).encode(),
        "infinite.json": document.replace(number_there, "1e300", 1).encode(),
        "size.json": b" " * 17_000_000,
        "line.osc": b"00000000.00000000 /vamen/gain f " + b"1" * 10_000_000,
        "tags.osc": b"00000000.00000000 /vamen/gain " + b"f" * 60_000 + b" 1\n",
        "size.mid": b"MThd" + bytes(5_000_000),
        "size.onnx": bytes(MAX_FILE_BYTES + 1),
    }


@posix_only
def test_files_that_are_too_much_are_refused(tmp_path: Path, tiny_model: Model) -> None:
    paths = []
    for name, content in large_files(tiny_model).items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content)
    for kind in ("onnx", "toml", "json", "osc", "mid"):
        paths.append(tmp_path / f"endless.{kind}")
        paths[-1].symlink_to("/dev/zero")
    for path, said in zip(paths, answers(paths), strict=True):
        assert str(path) in said, f"{path.name}: {said}"


WILD = [
    0, -1, 1, 2, 3, 255, 4096, 65_536, 2**31, 2**53, 10**30, 10**400, 1e-30, 1e30, 1e300, 0.5, True, None, "", [], {}, "a" * 600,
]  # fmt: skip


class Vandal:
    """Breaks files of every kind that strangers send."""

    def __init__(self, model: Model) -> None:
        self.random = random.Random(SEED)
        midi = mido.MidiFile()
        track = [
            mido.MetaMessage("set_tempo", tempo=400_000),
            *(mido.Message("control_change", control=1, time=9) for _ in range(9)),
        ]
        midi.tracks.append(mido.MidiTrack(track))
        content = BytesIO()
        midi.save(file=content)
        lines = ("play i 1", "axis/1 f 0.5", 'export s "abc"', "latent/1 ffff 0.1 0.2 0.3 0.4", "random i 7", "tempo d 120.0")
        take = "".join(f"{number:08x}.00000000 /vamen/{line}\n" for number, line in enumerate(lines))
        slots = slot_document(model)
        self._kinds: dict[str, Callable[[], bytes]] = {
            "onnx": lambda: self.bytes(TINY_MODEL.read_bytes()),
            "meta.onnx": self._metadata,
            "toml": lambda: self.bytes(DEFAULT_MAP.read_bytes()),
            "json": lambda: json.dumps(self.value(copy.deepcopy(slots))).encode(),
            "osc": lambda: self.bytes(take.encode()),
            "mid": lambda: self.bytes(content.getvalue()),
        }

    def file(self, folder: Path, number: int) -> Path:
        kind = self.random.choice(list(self._kinds))
        path = folder / f"{number}.{kind}"
        path.write_bytes(self._kinds[kind]())
        return path

    def bytes(self, data: bytes) -> bytes:
        broken, draw = bytearray(data), self.random
        place = draw.randrange(len(broken))
        match draw.randrange(4):
            case 0:
                del broken[place:]
            case 1:
                broken[place:place] = draw.randbytes(draw.randrange(1, 9))
            case 2:
                broken[place] ^= 1 << draw.randrange(8)
            case _:
                other = draw.randrange(len(broken))
                broken[place : place + 20] = broken[other : other + 20]
        return bytes(broken)

    def value(self, value: Any) -> Any:
        """The same with one part of it replaced."""
        if isinstance(value, dict | list) and value and self.random.random() < 0.9:
            key = self.random.choice(list(value) if isinstance(value, dict) else range(len(value)))
            value[key] = self.value(value[key])
            return value
        return self.random.choice(WILD)

    def _metadata(self) -> bytes:
        field = self.random.choice([*METADATA, "spec", "spec", "spec"])
        try:
            text = json.dumps(self.value(json.loads(METADATA[field])))
        except ValueError:
            text = self.bytes(METADATA[field].encode()).decode(errors="replace")
        return with_metadata(**{field: text})


@posix_only
def test_fuzzed_files_are_refused_or_used(tmp_path: Path, tiny_model: Model) -> None:
    vandal = Vandal(tiny_model)
    paths = [vandal.file(tmp_path, number) for number in range(FILES_BROKEN_AT_RANDOM)]
    counted = Counter((path.suffix, said == "taken") for path, said in zip(paths, answers(paths), strict=True))
    # A model survives much: that one of its many numbers is another one is not seen.
    assert all(counted[suffix, False] for suffix in (".onnx", ".toml", ".json", ".osc", ".mid")), counted


NASTY_NAMES = [
    "../outside", "../../outside", "/tmp/outside", "..", ".", "...", "~/outside", "C:\\outside", "\\\\server\\share", "a/b",
    "NUL", "con", "COM1.wav", "aux.", "a\0b", "name.wav", "name ", "-rf", ".hidden", "a\nb", "a:b", "*?", "%2e%2e%2f",
    "\u202egnp", "\uff0e\uff0e\uff0foutside", "e\u0301", "\U0001f941", "x" * 64, "x" * 65, "x" * 5000, "",
]  # fmt: skip


def test_no_name_that_a_stranger_sends_leaves_the_folder(tmp_path: Path, tiny_model: Model) -> None:
    """From the packet through the exporter to the disk; and all names from the folder on, as if they had passed."""
    mailbox = Mailbox()
    server = OscServer("127.0.0.1", 0, mailbox, layout_of(tiny_model.metadata))
    for name in NASTY_NAMES:
        server.take(encode("/vamen/export", name), "127.0.0.1")
    passed = [str(control.values[0]) for control in mailbox.drain() if control.name == "export"]
    assert 3 <= len(passed) < len(NASTY_NAMES) // 2
    stage = Stage(tmp_path / "outer" / "watched")
    for name in passed:
        stage.exporter.put(ExportRequest(tiny_model.metadata.slots[0].latent, 240.0, name))
    stage.exporter.close()
    assert stage.told == [] and len(stage.announced) == len(passed)
    folder = WatchFolder(stage.folder)
    written = stage.announced + [export(folder, name) for name in NASTY_NAMES]
    assert all(path.parent == stage.folder for path in written)
    assert require_whole_exports(stage.folder) == len(written)
    assert [path.name for path in (tmp_path / "outer").iterdir()] == ["watched"]
    assert [path.name for path in tmp_path.iterdir()] == ["outer"]
