"""Every mistake of tests/mistakes.py, made: one sentence that says what to do, and status 2 where it is at the start.

Commands run in this process where a process of its own would say the same; a few run as both. What an instrument that plays
says to messages is heard as its subscribers hear it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge import __main__ as command
from bridge import midi, midi_ports
from bridge.break_render import KIND as SIDECAR_KIND
from bridge.command_line import build_parser
from bridge.errors import USER_ERROR_STATUS, VamenError
from bridge.latent_document import header, write_json
from bridge.mailbox import Mailbox
from bridge.model import CUDA, Model
from bridge.osc import OscServer, decode, encode
from bridge.parameters import layout_of
from bridge.renderer import Renderer
from bridge.shipped_models import MODELS
from bridge.slot_file import KIND as SLOT_KIND
from bridge.sound_memory import SoundMemory
from bridge.steady_output import DeviceSettings, SteadyOutput
from tests import mistakes
from tests.conftest import ROOT, TINY_MODEL
from tests.live_take import playing
from tests.midi_peers import FakeSystem
from tests.mistakes import MESSAGES, NETWORK, SECTIONS, SOUND, STAGE, Mistake
from tests.rig import PATIENCE_SECONDS, WITHOUT_JACK
from tests.small_disk import may_mount, small_disk

STARTS = [mistake for section in SECTIONS for mistake in section.mistakes if section.mistakes not in (SOUND, MESSAGES, STAGE)]
AS_PROCESSES = ("an option misspelt", "no such model")
HOST = "127.0.0.1"

CONTROLLERS = ("nanoKONTROL2:nanoKONTROL2 CTRL 20:0", "nanoKEY2:nanoKEY2 KEYBOARD 24:0")


def named(mistake: Mistake) -> str:
    return mistake.what


# What is so before the mistake is made.


@contextmanager
def port_taken(port: int) -> Iterator[None]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taker:
        # Where somebody else has it, so much the better.
        with suppress(OSError):
            taker.bind((HOST, port))
        yield


@contextmanager
def another_vamen() -> Iterator[None]:
    server = OscServer(HOST, 9000, Mailbox(), layout_of(Model.load(TINY_MODEL).metadata))
    with suppress(VamenError):
        server.start()
    yield
    server.stop()


@contextmanager
def patched(*patches: Callable[[pytest.MonkeyPatch], None]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for change in patches:
            change(patch)
        yield


def midi_system(*ports: str, busy: bool = False) -> AbstractContextManager[None]:
    system = FakeSystem(*ports)
    system.busy = busy
    return patched(lambda patch: patch.setattr(midi, "INPUT", system.kind()))


def no_midi() -> AbstractContextManager[None]:
    return patched(
        lambda patch: patch.setattr(midi_ports, "ALSA_SEQUENCER", Path("/nonexistent")),
        *(partial(pytest.MonkeyPatch.setenv, name=name, value=value) for name, value in WITHOUT_JACK.items()),
    )


SOUND_CARD = """
class PortAudioError(Exception):
    pass

class default:
    device = (-1, 0)

def query_hostapis():
    return ({"name": "ALSA", "default_output_device": 0},)

def query_devices():
    return [
        {"name": "Scarlett 2i2", "hostapi": 0, "max_output_channels": 2, "default_samplerate": 44100.0,
         "default_low_output_latency": 0.01}
    ]

def OutputStream(**options):
    raise PortAudioError("Invalid sample rate")

_initialized = 1

def _terminate():
    global _initialized
    _initialized = 0

def _initialize():
    global _initialized
    _initialized = 1
"""
"""A module that stands for sounddevice."""


@contextmanager
def portaudio(folder: Path, source: str) -> Iterator[None]:
    module = folder / "modules" / "sounddevice.py"
    module.parent.mkdir()
    module.write_text(source)
    try:
        with patched(
            lambda patch: patch.syspath_prepend(module.parent),
            lambda patch: patch.setenv("PYTHONPATH", f"{module.parent}{os.pathsep}{ROOT}"),
            lambda patch: patch.delitem(sys.modules, "sounddevice", raising=False),
        ):
            yield
            sys.modules.pop("sounddevice", None)
    finally:
        shutil.rmtree(module.parent)


@contextmanager
def disk(folder: Path, state: str) -> Iterator[None]:
    if not may_mount():
        pytest.skip("only root mounts a small disk")
    with small_disk(folder / "disk") as mounted:
        if state == "full":
            mounted.fill()
        else:
            mounted.set_read_only(True)
        yield
    (folder / "disk").rmdir()


@contextmanager
def no_gpu(folder: Path) -> Iterator[None]:
    import onnxruntime

    if CUDA not in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime was built without CUDA, which another sentence says")
    if CUDA in Model.load(TINY_MODEL, provider="auto").providers:
        pytest.skip("here is a GPU")
    yield


WORLDS: dict[str, Callable[[Path], AbstractContextManager[None]]] = {
    "": lambda folder: nullcontext(),
    "no GPU": no_gpu,
    "another VAmEn": lambda folder: another_vamen(),
    "port 9001 is taken": lambda folder: port_taken(9001),
    "no PortAudio": lambda folder: portaudio(folder, 'raise OSError("PortAudio library not found")'),
    "no sound card": lambda folder: portaudio(folder, SOUND_CARD.replace('"max_output_channels": 2', '"max_output_channels": 0')),
    "a sound card": lambda folder: portaudio(folder, SOUND_CARD),
    "a sound card at a wrong rate": lambda folder: portaudio(folder, SOUND_CARD),
    "two controllers": lambda folder: midi_system(*CONTROLLERS),
    "a busy controller": lambda folder: midi_system(*CONTROLLERS, busy=True),
    "no MIDI": lambda folder: no_midi(),
    "no Link": lambda folder: patched(lambda patch: patch.setitem(sys.modules, "link", None)),
    "a read-only disk": lambda folder: disk(folder, "read-only"),
    "a full disk": lambda folder: disk(folder, "full"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_model: Model) -> Path:
    """A folder in which somebody has begun."""
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / "notes.txt").write_text("Buy strings.\n")
    shutil.copy(MODELS / "sound.onnx", folder / "others.onnx")
    for name, row in (
        ("key", 'cc = 1\ntraget = "/vamen/gain"'), ("target", 'cc = 1\ntarget = "/vamen/axis/kik"'),
        ("number", 'cc = 128\ntarget = "/vamen/gain"'),
    ):  # fmt: skip
        (folder / f"{name}.toml").write_text(f"[[control]]\n{row}\n")
    (folder / "evening.osc").write_text("00000000.00000000 /vamen/gain f 0.500000\n")
    (folder / "others.osc").write_text("00000000.00000000 /vamen/axis/drive f 0.500000\n")
    (folder / "broken.mid").write_bytes(b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\x99")
    others = {"model": {"name": "mine", "sha256": "0" * 64}, "breaks": [{}]}
    write_json(folder / "others.json", header(SLOT_KIND, tiny_model) | others)
    write_json(folder / "break.json", header(SIDECAR_KIND, tiny_model))
    sine = 0.5 * np.sin(np.arange(44_100) * 2 * np.pi * 110 / 44_100)
    for name, samples in (("silence", 0 * sine), ("waltz_180bpm", sine)):
        soundfile.write(folder / f"{name}.wav", samples, 44_100)
    return folder


def full_command(mistake: Mistake) -> list[str]:
    """The command's words, and what a test has to add: the tiny model, no sound, and any port unless it is about that."""
    words = shlex.split(mistake.done)[1:]
    if not words or words[0] not in ("play", "render", "sample", "encode"):
        return words
    added = ["--model", str(TINY_MODEL)]
    if words[0] == "play":
        added += ["--output", "none"] if mistake in NETWORK else ["--output", "none", "--osc-port", "0"]
    return [words[0], *added, *words[1:]]


@pytest.fixture
def ended_in_time() -> Iterator[None]:
    """A mistake that is none would play until somebody ends it."""
    interval = sys.getswitchinterval()
    timer = threading.Timer(PATIENCE_SECONDS, signal.raise_signal, [signal.SIGINT])
    timer.start()
    yield
    timer.cancel()
    sys.setswitchinterval(interval)


def assert_said(said: str, mistake: Mistake) -> None:
    assert len(re.findall(r"[.!?](?= [A-Z])", said)) == 0, f"more than one sentence: {said}"
    # The systems have words of their own for what went wrong with a file or a port, and Pythons for a choice.
    if sys.platform == "linux":
        choice = re.compile(r"\(choose from [^)]*\)")
        assert choice.sub(lambda match: match[0].replace("'", ""), said) == mistake.said


@pytest.mark.usefixtures("ended_in_time")
@pytest.mark.parametrize("mistake", STARTS, ids=named)
def test_at_the_start(
    mistake: Mistake,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(folder)
    with WORLDS[mistake.world](folder):
        before = sorted(folder.rglob("*"))
        try:
            status = command.main(full_command(mistake))
        except SystemExit as ended:
            status = ended.code
        assert sorted(folder.rglob("*")) == before, "it left something behind"
    out, errors = capfd.readouterr()
    # JACK's library has remarks of its own.
    (said,) = [line for line in errors.splitlines() if mistake.world != "no MIDI" or line.startswith("vamen: ")]
    assert_said(said.removeprefix("vamen: "), mistake)
    assert (status, out, caplog.messages) == (USER_ERROR_STATUS, "", [])


@pytest.mark.parametrize("mistake", [row for row in STARTS if row.what in AS_PROCESSES], ids=named)
def test_as_a_process_of_its_own(mistake: Mistake, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    run = [sys.executable, "-m", "bridge", *full_command(mistake)]
    result = subprocess.run(run, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (USER_ERROR_STATUS, "")
    assert_said(result.stderr.removeprefix("vamen: ").removesuffix("\n"), mistake)


@pytest.mark.parametrize("mistake", SOUND, ids=named)
def test_at_the_sound_card(mistake: Mistake, tmp_path: Path) -> None:
    """What the sound process tells the main one; the next test hears it from a whole instrument."""
    arguments = build_parser().parse_args(shlex.split(mistake.done)[1:])
    told: list[str] = []
    with WORLDS[mistake.world](tmp_path):
        memory = SoundMemory(2, 2**16)
        output = SteadyOutput(
            Renderer(memory, None, pytest.fail),
            DeviceSettings(arguments.device, arguments.channels, arguments.blocksize),
            lambda description, sentence: told.append(sentence),
        )
        output.start()
        output.stop()
        memory.remove()
    assert_said(told[0], mistake)
    assert len(told) == 1


def values_of(words: list[str]) -> list[float | int | str]:
    """Arguments as a patcher's message box takes them: whole numbers, numbers, else words."""
    values: list[float | int | str] = []
    for word in words:
        for kind in (int, float, str):
            with suppress(ValueError):
                values.append(kind(word))
                break
    return values


@pytest.mark.parametrize("mistake", MESSAGES, ids=named)
def test_over_osc(mistake: Mistake, tiny_model: Model) -> None:
    address, *words = mistake.done.split()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patch,
        OscServer(HOST, 0, Mailbox(), layout_of(tiny_model.metadata)) as server,
    ):
        patch.bind((HOST, 0))
        patch.settimeout(PATIENCE_SECONDS)
        patch.sendto(encode("/vamen/subscribe", patch.getsockname()[1]), (HOST, server.port))
        patch.sendto(encode(address, *values_of(words)), (HOST, server.port))
        ((heard, said),) = decode(patch.recv(65_536))
    assert heard == "/vamen/error"
    assert_said(str(said[0]), mistake)


STAGE_PROGRAM = """
import sys, threading, time
from pathlib import Path
from bridge import midi
from bridge.__main__ import main
from tests.midi_peers import FakeSystem
from tests.test_mistakes import CONTROLLERS

system, plug = FakeSystem(*CONTROLLERS), Path(sys.argv.pop())
midi.INPUT = system.kind()
sys.modules["link"] = None

def pull():
    while plug.exists():
        time.sleep(0.02)
    system.unplug(CONTROLLERS[0])

threading.Thread(target=pull, daemon=True).start()
sys.exit(main())
"""


@pytest.mark.real_time
def test_while_it_plays(tmp_path: Path) -> None:
    """One evening with all of them, and without a sound card; the music goes on, and the terminal has said the same."""
    plug = tmp_path / "plug"
    plug.touch()
    (no_device,) = [mistake for mistake in SOUND if "--device" in mistake.done]
    options = ["--midi-in", "nanoKONTROL2", "--output", "audio", *shlex.split(no_device.done)[2:], plug]
    with WORLDS[no_device.world](tmp_path), playing(*options, program=("-c", STAGE_PROGRAM)) as stage:
        for mistake in STAGE:
            if mistake.done.startswith("/"):
                address, *words = mistake.done.split()
                stage.send(address, *values_of(words))
            else:
                plug.unlink()
            ((said,),) = stage.wait_for("/vamen/error")
            if said == no_device.said:
                ((said,),) = stage.wait_for("/vamen/error")
            assert_said(str(said), mistake)
        stage.wait_for("/vamen/position", 2)
        assert stage.end() == 0
    said = [line.removeprefix("vamen: ") for line in stage.errors.splitlines() if "feedback goes to" not in line]
    if sys.platform == "linux":
        assert sorted(said) == sorted(mistake.said for mistake in (no_device, *STAGE))


def test_there_are_thirty_and_no_two_alike() -> None:
    rows = [mistake for section in SECTIONS for mistake in section.mistakes]
    assert len(rows) >= 30
    for known in ({row.what for row in rows}, {(row.done, row.world) for row in rows}):
        assert len(known) == len(rows)
    assert {row.world for row in rows} == set(WORLDS)


def test_the_page_is_what_they_are() -> None:
    assert mistakes.PAGE.read_text(encoding="utf-8") == mistakes.page(), "run python -m tests.mistakes"
