"""The guide and the README do what they say: every command in them is run, every address, option and picture is there.

In these documents a code block without a language is commands, one a line, `#` after two spaces a remark; any other block names
its language. Commands run in a folder of the page's own, with stand-ins for what a reader has: controllers, loops, a DAW's MIDI
file. What `vamen play` plays goes on until the page's next `vamen` line, so that what is sent to it arrives.
"""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rtmidi
import soundfile
from mido import Message, MidiFile, MidiTrack

from bridge.command_line import build_parser
from bridge.map_places import DEFAULT_MAP
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE
from bridge.parameters import PARAMETERS, PREFIX
from docs.guide import pictures
from docs.guide.drawing import drawn_from
from tests.conftest import ROOT, TINY_MODEL
from tests.guide_stage import DONE
from tests.midi_peers import jack_server
from tests.rig import START_SECONDS, require_programs
from tests.sounds import kick, snare

GUIDE = ROOT / "docs" / "guide"
PAGES = [ROOT / "README.md", *sorted(GUIDE.glob("*.md"))]
MAX_PICTURE_BYTES = 200_000
MOST_LINES = 125

NOT_RUN = {
    "py -3.11 -m venv .venv": "Windows",
    ".venv\\Scripts\\python -m pip install -c constraints.txt -e .": "Windows",
    ".venv\\Scripts\\python demo\\run.py": "Windows; tests/test_demo.py runs the demo",
    "pipx install .": "installs",
    "vamen doctor": "plays for ten seconds; tests/test_doctor.py runs it",
    "vamen render demo/performance.osc --out performance.wav --watch-folder breaks": "of the shipped model; `make demo` does it",
}
"""Lines that no test here runs, and why."""

TINY = ["--model", str(TINY_MODEL)]
ADDED = {
    "play": [*TINY, "--output", "none", "--osc-port", "0"],
    "render": TINY, "sample": TINY, "encode": TINY, "kit": TINY, "learn": TINY, "devices": [],
}  # fmt: skip
"""What is added to a command, where the last word counts."""

SHORTENED = "docs/guide/first_take.osc"
"""Sent in real time only its beginning."""
SHORT_LINES = 4

LEAVING_FILES = {"--record", "--capture", "--watch-folder"}
"""Options of play whose files later lines may need: such a line is run on every page, any other once."""

PATIENCE_SECONDS = 180.0
"""For a command's next word on a busy machine: an export is waited for at the end."""

STAGES = 2
"""Pages that are gone through at a time."""


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and content of every code block, its indentation taken away."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return [(language, re.sub(rf"^{indent}", "", content, flags=re.MULTILINE)) for indent, language, content in found]


def commands(page: Path) -> list[str]:
    """Every line of the blocks that have no language, remarks left out."""
    lines = [line.split("  #")[0].strip() for language, content in blocks(page) if not language for line in content.splitlines()]
    return [line for line in lines if line]


def vamen_lines() -> list[list[str]]:
    return [shlex.split(line)[1:] for page in PAGES for line in commands(page) if line.startswith("vamen ")]


def ports(option: str) -> set[str]:
    """The MIDI ports that the pages name behind an option."""
    names: set[str] = set()
    for words in vamen_lines():
        names |= {value for name, value in pairwise(words) if name == option}
    return names


class Stage:
    """The process that runs `vamen`, and the hand that turns knobs where something is to be learnt."""

    def __init__(self, environment: dict[str, str], hand: list[rtmidi.MidiOut]) -> None:
        self._hand = hand
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.guide_stage"],
            cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self.said: list[str] = []
        self.port = 0
        self.query_port = 0
        self._learnt = 0

    @property
    def playing(self) -> bool:
        return self.port > 0

    def begin(self, folder: Path, arguments: list[str]) -> None:
        assert self._child.stdin is not None
        self.said = []
        self._child.stdin.write(json.dumps([str(folder), arguments]) + "\n")
        self._child.stdin.flush()

    def play(self, folder: Path, arguments: list[str]) -> None:
        """Begin to play; returns when it does."""
        self.begin(folder, arguments)
        while not self._next().startswith("vamen plays. "):
            assert not self.said[-1].startswith(DONE), self.said
        self.port, self.query_port = (int(re.search(rf"{name} port: (\d+)", self.said[-1])[1]) for name in ("OSC", "OSCQuery"))

    def end(self) -> None:
        """End what plays, if anything does, as Ctrl-C does."""
        if self.playing:
            self.port = 0
            self._child.send_signal(signal.SIGINT)
            self.finish()
            assert "rejected messages: 0" in self.said, self.said

    def finish(self) -> None:
        """Wait for the command's end, turning a knob wherever one is asked for."""
        while not (line := self._next()).startswith(DONE):
            if ": move a knob" in line:
                self._learnt += 1
                self._turn(70 + self._learnt % 40)
        assert line == f"{DONE}0", self.said

    def arrived(self) -> None:
        """Wait until what was sent to the player has been obeyed: it answers in that order."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.query_port}/vamen/gain?VALUE", timeout=START_SECONDS):
            pass

    def close(self) -> None:
        self._child.kill()
        self._child.wait()

    def _turn(self, control: int) -> None:
        """Turn a knob up on every controller until something is said; JACK may lose messages."""
        while self._lines.empty():
            for value in range(10, 120, 10):
                for knob in self._hand:
                    knob.send_message([0xB0, control, value])

    def _next(self) -> str:
        try:
            self.said.append(self._lines.get(timeout=PATIENCE_SECONDS))
        except queue.Empty:
            pytest.fail(f"nothing more came after {self.said}")
        return self.said[-1]

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(f"{DONE}by itself, {self._child.wait()}")


@contextmanager
def stages(home: Path, count: int) -> Iterator[list[Stage]]:
    """So many processes for commands, on a JACK server where there is every port that the pages name."""
    with jack_server(), ExitStack() as stack:
        hand = [stack.enter_context(port(rtmidi.MidiOut, name)) for name in sorted(ports("--midi-in"))]
        for name in sorted(ports("--midi-clock-out")):
            stack.enter_context(port(rtmidi.MidiIn, name))
        environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
        running = [Stage(environment, hand) for _ in range(count)]
        for stage in running:
            stack.callback(stage.close)
        yield running


@contextmanager
def port(kind: Any, name: str) -> Iterator[Any]:
    """A MIDI port that is not ours."""
    client = kind(rtmidi.API_UNIX_JACK, name)
    client.open_virtual_port("port")
    yield client
    client.delete()


def prepare(folder: Path, page: Path) -> None:
    """What the reader of a page is taken to have."""
    beat = round(60.0 / 170.0 * ENGINE_SAMPLE_RATE)
    loop = np.zeros(16 * beat, dtype=np.float32)
    for place in range(0, 16 * beat, beat):
        stroke = (snare if place // beat % 2 else kick)()[:beat]
        loop[place : place + len(stroke)] += stroke
    soundfile.write(folder / "think_170bpm.wav", loop, ENGINE_SAMPLE_RATE)
    soundfile.write(folder / "hotpants.flac", loop, ENGINE_SAMPLE_RATE)
    lane = MidiTrack(Message("control_change", control=1, value=value, time=120) for value in range(0, 128, 32))
    MidiFile(tracks=[lane]).save(folder / "lanes.mid")
    shutil.copy(DEFAULT_MAP, folder / "my.toml")
    for language, content in blocks(page):
        if language == "toml":
            (folder / "my.toml").write_text(content, encoding="utf-8")
    shutil.copytree(GUIDE, folder / "docs" / "guide")


def with_port(words: list[str], port: int) -> list[str]:
    return [re.sub(r"(^|:)9000(/|$)", rf"\g<1>{port}\g<2>", word) for word in words]


def run_beside(words: list[str], stage: Stage, folder: Path) -> None:
    """Run somebody else's program beside what plays."""
    assert stage.playing, f"nothing plays when {words} is run"
    words = with_port(words, stage.port if words[0] != "curl" else stage.query_port)
    if words[0] == "curl":
        with urllib.request.urlopen(words[1], timeout=START_SECONDS) as answer:
            assert json.load(answer)["FULL_PATH"] in words[1]
        return
    require_programs(words[0])
    if words[-1] == SHORTENED:
        lines = (folder / SHORTENED).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / SHORTENED).write_text("".join(lines[:SHORT_LINES]), encoding="utf-8")
    subprocess.run(words, cwd=folder, check=True, timeout=START_SECONDS, capture_output=True)
    stage.arrived()


@pytest.mark.real_time
def test_every_command_runs(tmp_path: Path) -> None:
    waiting: queue.SimpleQueue[Path] = queue.SimpleQueue()
    # What takes longest begins first.
    for page in sorted(PAGES, key=lambda page: -len(commands(page))):
        waiting.put(page)
    run_before: set[tuple[str, ...]] = set()
    home = tmp_path / "home"
    home.mkdir()

    def run_pages(stage: Stage) -> None:
        with suppress(queue.Empty):
            while True:
                run_page(waiting.get_nowait(), stage, tmp_path, run_before)

    with stages(home, STAGES) as running, ThreadPoolExecutor(STAGES) as pool:
        for finished in [pool.submit(run_pages, stage) for stage in running]:
            finished.result()


def run_page(page: Path, stage: Stage, folder: Path, run_before: set[tuple[str, ...]]) -> None:
    """Run a page's lines in a folder of its own. `run_before` are those that leave nothing behind and were run by any page."""
    world = folder / page.stem
    world.mkdir()
    prepare(world, page)
    lines = [line for line in commands(page) if line not in NOT_RUN and not line.startswith("make ")]
    for number, line in enumerate(lines):
        try:
            words = without_device(shlex.split(line.replace("$HOME", str(folder / "home"))))
            if words[0] != "vamen":
                run_beside(words, stage, world)
                continue
            stage.end()
            if "link" in words and not link_is_there():
                continue
            if words[1] == "play":
                used = number + 1 < len(lines) and not lines[number + 1].startswith("vamen ")
                if used or set(words) & LEAVING_FILES or tuple(words) not in run_before:
                    run_before.add(tuple(words))
                    stage.play(world, [*words[1:], *ADDED[words[1]]])
            else:
                stage.begin(world, [*words[1:], *ADDED[words[1]]])
                stage.finish()
        except BaseException as error:
            error.add_note(f"{page.name}: {line}")
            raise
    stage.end()


def without_device(words: list[str]) -> list[str]:
    """A line of words without the sound device that it names: the reader's, which no other machine has."""
    if "--device" in words:
        place = words.index("--device")
        return words[:place] + words[place + 2 :]
    return words


def link_is_there() -> bool:
    """The extra; on CI it must be, so that no line is left out unseen."""
    return os.environ.get("CI") == "true" or importlib.util.find_spec("link") is not None


def test_every_line_of_a_block_of_commands_is_run_or_known_not_to_be() -> None:
    programs = {"vamen", "make", "oscsend", "oscsendfile", "curl"}
    lines = {line for page in PAGES for line in commands(page)}
    assert {line for line in lines - set(NOT_RUN) if line.split()[0] not in programs} == set()
    assert set(NOT_RUN) <= lines, "a line that is not run is not there any more"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_option_is_one(page: Path) -> None:
    known = {option for parser in parsers() for action in parser._actions for option in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", page.read_text(encoding="utf-8")))
    others = {"--only", "--from-scratch", "--start", "--minutes", "--updates", "--preset", "--loops"}
    assert named - known - others == set()


def parsers() -> Iterator[object]:
    parser = build_parser()
    for action in parser._actions:
        if isinstance(action.choices, dict):
            yield from action.choices.values()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_address_is_one(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = {f"{PREFIX}/{spec.address}" for spec in PARAMETERS.values()}
    patterns = [re.sub(r"<\w+>", r"(<\\w+>|\\w+)", address) for address in known]
    told = "position|column|repaint|exported|error|learnt|state/.*"
    for address in set(re.findall(r"(?<=[`\s'\"])/vamen/[a-z][\w/<>]*", text)):
        assert any(re.fullmatch(pattern, address) for pattern in [*patterns, f"{PREFIX}/({told})"]), address


def test_the_pages_are_short_and_have_pictures_that_are_small_and_up_to_date() -> None:
    shown: set[str] = set()
    for page in PAGES[1:]:
        text = page.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= MOST_LINES, page
        own = set(re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text))
        assert own, page
        shown |= own
    assert {path.name for path in GUIDE.glob("*.png")} == set(pictures.PICTURES) == {name for name in shown if "/" not in name}
    for name, picture in pictures.PICTURES.items():
        assert (GUIDE / name).stat().st_size < MAX_PICTURE_BYTES
        assert drawn_from(GUIDE / name) == picture.fingerprint(), f"{name} is out of date: make guide-pictures"
