"""What newcomers do wrong, and the one sentence that each of them gets: read by tests/test_mistakes.py, which does it all.

`python -m tests.mistakes` writes the same as docs/mistakes.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "mistakes.md"


@dataclass(frozen=True)
class Mistake:
    """`done` is a command, or an OSC message to an instrument that plays; `said` is what the terminal shows of it, whole."""

    what: str
    done: str
    said: str
    world: str = ""
    """What has to be so before: a name in tests/test_mistakes.py."""

    @property
    def name(self) -> str:
        return self.what.lower()


OPTIONS = (
    Mistake(
        "no command at all",
        "vamen",
        "vamen: the following arguments are required: COMMAND; see `vamen --help`.",
    ),
    Mistake(
        "a command that there is not",
        "vamen pley",
        "vamen: argument COMMAND: invalid choice: 'pley' (choose from play, render, sample, encode, devices, doctor); "
        "see `vamen --help`.",
    ),
    Mistake(
        "an option misspelt",
        "vamen play --bmp 174",
        "vamen: unrecognized arguments: --bmp 174; see `vamen --help`.",
    ),
    Mistake(
        "a tempo in words",
        "vamen play --bpm fast",
        "vamen: argument --bpm: 'fast' is not a number from 60 to 240; see `vamen play --help`.",
    ),
    Mistake(
        "a tempo out of range",
        "vamen play --bpm 300",
        "vamen: argument --bpm: '300' is not a number from 60 to 240; see `vamen play --help`.",
    ),
    Mistake(
        "a port number that there is not",
        "vamen play --osc-port 90000",
        "vamen: argument --osc-port: '90000' is not a whole number from 0 to 65535; see `vamen play --help`.",
    ),
    Mistake(
        "channels counted from 0",
        "vamen play --channels 0,1",
        "vamen: argument --channels: '0' is not a whole number from 1 to 256; see `vamen play --help`.",
    ),
    Mistake(
        "a slot without its number",
        "vamen play --slot mine.json",
        "vamen: argument --slot: 'mine.json' is not of the form N=SLOT.json; see `vamen play --help`.",
    ),
    Mistake(
        "slot 0",
        "vamen play --slot 0=mine.json",
        "vamen: argument --slot: '0' is not a whole number from 1 to 128; see `vamen play --help`.",
    ),
    Mistake(
        "a clock that there is not",
        "vamen play --clock ableton",
        "vamen: argument --clock: invalid choice: 'ableton' (choose from internal, midi, link); see `vamen play --help`.",
    ),
    Mistake(
        "a render without a place for it",
        "vamen render evening.osc",
        "vamen: the following arguments are required: --out; see `vamen render --help`.",
    ),
    Mistake(
        "three bars",
        "vamen sample --bars 3 --out breaks",
        "vamen: argument --bars: invalid choice: 3 (choose from 1, 2, 4); see `vamen sample --help`.",
    ),
)

MODELS = (
    Mistake(
        "no such model",
        "vamen play --model none.onnx",
        "?",
    ),
    Mistake(
        "a model file that is something else",
        "vamen play --model notes.txt",
        "?",
    ),
    Mistake(
        "somebody else's ONNX file",
        "vamen play --model others.onnx",
        "?",
    ),
    Mistake(
        "a GPU where there is none",
        "vamen play --provider cuda",
        "vamen: CUDA was asked for but does not serve here: install the [cuda] extra, or use the provider cpu.",
        world="no GPU",
    ),
)

NETWORK = (
    Mistake(
        "two VAmEns at once",
        "vamen play",
        "vamen: VAmEn cannot listen for OSC on port 9000 of 127.0.0.1 ([Errno 98] Address already in use); end the program that "
        "has the port, or choose others with --osc-port and --osc-host.",
        world="another VAmEn",
    ),
    Mistake(
        "a port that another program has",
        "vamen play --osc-port 9001",
        "vamen: VAmEn cannot listen for OSC on port 9001 of 127.0.0.1 ([Errno 98] Address already in use); end the program that "
        "has the port, or choose others with --osc-port and --osc-host.",
        world="port 9001 is taken",
    ),
    Mistake(
        "the address of another machine",
        "vamen play --osc-host 203.0.113.1",
        "?",
    ),
)

SOUND = (
    Mistake(
        "Linux without PortAudio",
        "vamen play",
        "?",
        world="no PortAudio",
    ),
    Mistake(
        "no sound card",
        "vamen play",
        "?",
        world="no sound card",
    ),
    Mistake(
        "a sound device that is not there",
        "vamen play --device Babyface",
        "?",
        world="a sound card",
    ),
    Mistake(
        "channels that the device lacks",
        "vamen play --channels 3,4",
        "?",
        world="a sound card",
    ),
    Mistake(
        "a device that refuses its sample rate",
        "vamen play",
        "?",
        world="a sound card at a wrong rate",
    ),
)

MIDI = (
    Mistake(
        "a controller that is not there",
        "vamen play --midi-in Launchpad",
        "?",
        world="two controllers",
    ),
    Mistake(
        "a name that fits two controllers",
        "vamen play --midi-in nano",
        "?",
        world="two controllers",
    ),
    Mistake(
        "a controller that another program has",
        "vamen play --midi-in nanoKONTROL2",
        "?",
        world="a busy controller",
    ),
    Mistake(
        "a system without MIDI",
        "vamen play --midi-in nanoKONTROL2",
        "?",
        world="no MIDI",
    ),
    Mistake(
        "a MIDI clock, and no input to hear it",
        "vamen play --clock midi",
        "?",
    ),
    Mistake(
        "no such map",
        "vamen play --map none.toml",
        "?",
    ),
    Mistake(
        "a map that is not TOML",
        "vamen play --map notes.txt",
        "?",
    ),
    Mistake(
        "a map with a typo in a key",
        "vamen play --map key.toml",
        "?",
    ),
    Mistake(
        "a map with a typo in a target",
        "vamen play --map target.toml",
        "?",
    ),
    Mistake(
        "a map with a number that MIDI does not have",
        "vamen play --map number.toml",
        "?",
    ),
    Mistake(
        "Link without the extra",
        "vamen play --clock link",
        "?",
        world="no Link",
    ),
)

FILES = (
    Mistake(
        "a watch folder on a read-only disk",
        "vamen play --watch-folder disk/breaks",
        "?",
        world="a read-only disk",
    ),
    Mistake(
        "a watch folder that is a file",
        "vamen play --watch-folder notes.txt",
        "?",
    ),
    Mistake(
        "a full disk",
        "vamen sample -n 1 --out disk",
        "?",
        world="a full disk",
    ),
    Mistake(
        "breaks into a place that takes none",
        "vamen sample -n 1 --out notes.txt/breaks",
        "?",
    ),
    Mistake(
        "a recording into a folder that is not there",
        "vamen play --record takes/evening.osc",
        "?",
    ),
    Mistake(
        "a recording over another one",
        "vamen play --record evening.osc",
        "?",
    ),
    Mistake(
        "a capture into a folder that is not there",
        "vamen play --capture takes/evening.wav",
        "?",
    ),
    Mistake(
        "no such slot file",
        "vamen play --slot 9=none.json",
        "?",
    ),
    Mistake(
        "a slot file that is something else",
        "vamen play --slot 9=notes.txt",
        "?",
    ),
    Mistake(
        "a slot made with another model",
        "vamen play --slot 9=others.json",
        "?",
    ),
    Mistake(
        "no such take",
        "vamen render none.osc --out take.wav",
        "?",
    ),
    Mistake(
        "a take that is something else",
        "vamen render notes.txt --out take.wav",
        "?",
    ),
    Mistake(
        "a take of another model",
        "vamen render others.osc --out take.wav",
        "?",
    ),
    Mistake(
        "a MIDI file that is broken",
        "vamen render broken.mid --out take.wav",
        "?",
    ),
    Mistake(
        "a render into a folder that is not there",
        "vamen render evening.osc --out renders/take.wav",
        "?",
    ),
    Mistake(
        "an export's tempo changed",
        "vamen render break.json --bpm 120 --out take.wav",
        "?",
    ),
    Mistake(
        "a text as a loop",
        "vamen encode notes.txt --out mine.json",
        "?",
    ),
    Mistake(
        "a loop that is silent",
        "vamen encode silence.wav --out mine.json",
        "?",
    ),
    Mistake(
        "a loop of three beats",
        "vamen encode waltz_180bpm.wav --out mine.json",
        "?",
    ),
    Mistake(
        "slots into a folder that is not there",
        "vamen encode loop_120bpm.wav --out slots/mine.json",
        "?",
    ),
)

MESSAGES = (
    Mistake(
        "an address that there is not",
        "/vamen/volume 0.5",
        "?",
    ),
    Mistake(
        "an axis that this model lacks",
        "/vamen/axis/drive 0.5",
        "?",
    ),
    Mistake(
        "a word where a number belongs",
        "/vamen/tempo fast",
        "?",
    ),
    Mistake(
        "a number where a word belongs",
        "/vamen/quantise 4",
        "?",
    ),
    Mistake(
        "a word that is not among those",
        "/vamen/quantise sometimes",
        "?",
    ),
    Mistake(
        "half a slot",
        "/vamen/slot/recall 1.5",
        "?",
    ),
    Mistake(
        "slot 0 over OSC",
        "/vamen/slot/recall 0",
        "?",
    ),
    Mistake(
        "a tempo out of range over OSC",
        "/vamen/tempo 300.0",
        "?",
    ),
    Mistake(
        "no number at all",
        "/vamen/gain nan",
        "?",
    ),
    Mistake(
        "two numbers for one",
        "/vamen/gain 0.5 0.5",
        "?",
    ),
    Mistake(
        "feedback to port 0",
        "/vamen/subscribe 0",
        "?",
    ),
    Mistake(
        "an export's name with a path in it",
        "/vamen/export ../breaks",
        "?",
    ),
    Mistake(
        "a step that there is not",
        "/vamen/latent/33/1 0.5",
        "?",
    ),
)

STAGE = (
    Mistake(
        "an empty slot",
        "/vamen/slot/recall 99",
        "?",
    ),
    Mistake(
        "an export without a watch folder",
        "/vamen/export",
        "?",
    ),
    Mistake(
        "the MIDI clock without a MIDI input",
        "/vamen/clock midi",
        "?",
    ),
    Mistake(
        "Link without the extra, while playing",
        "/vamen/clock link",
        "?",
    ),
    Mistake(
        "a controller unplugged while it plays",
        "the plug is pulled",
        "?",
    ),
)

SECTIONS = {
    "The command line": OPTIONS,
    "Models": MODELS,
    "The network": NETWORK,
    "Sound": SOUND,
    "MIDI, maps and Link": MIDI,
    "Files and folders": FILES,
    "OSC messages": MESSAGES,
    "While it plays": STAGE,
}


def page() -> str:
    """docs/mistakes.md."""
    lines = [
        "# What you see, and what to do",
        "",
        "Every mistake that is likely in the first hour, and what VAmEn says of it. At the start that is one sentence, and exit",
        "status 2; while it plays it goes to the terminal and to `/vamen/error`, and the music goes on. Written by",
        "`python -m tests.mistakes`; tests/test_mistakes.py makes every one of these mistakes.",
    ]
    for title, mistakes in SECTIONS.items():
        lines += ["", f"## {title}", "", "| what was done | | what it says |", "|---|---|---|"]
        for mistake in mistakes:
            done = mistake.done if " is " in mistake.done else f"`{mistake.done}`"
            lines.append(f"| {mistake.what} | {done} | {mistake.said.removeprefix('vamen: ').replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
