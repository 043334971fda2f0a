"""What newcomers do wrong, and the one sentence that each of them gets: read by tests/test_mistakes.py, which does it all.

`python -m tests.mistakes` writes the same as docs/mistakes.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "mistakes.md"


@dataclass(frozen=True)
class Mistake:
    """`done` is a command, or an OSC message to an instrument that plays; `said` is what it says to that, whole."""

    what: str
    done: str
    said: str
    world: str = ""
    """What has to be so before: a name in tests/test_mistakes.py."""


OPTIONS = (
    Mistake(
        "no command at all",
        "vamen",
        "the following arguments are required: COMMAND; see `vamen --help`.",
    ),
    Mistake(
        "a command that there is not",
        "vamen pley",
        "argument COMMAND: invalid choice: 'pley' (choose from play, render, sample, encode, learn, kit, devices, doctor); see "
        "`vamen --help`.",
    ),
    Mistake(
        "an option misspelt",
        "vamen play --bmp 174",
        "unrecognized arguments: --bmp 174; see `vamen --help`.",
    ),
    Mistake(
        "a tempo in words",
        "vamen play --bpm fast",
        "argument --bpm: 'fast' is not a number from 60 to 240; see `vamen play --help`.",
    ),
    Mistake(
        "a tempo out of range",
        "vamen play --bpm 300",
        "argument --bpm: '300' is not a number from 60 to 240; see `vamen play --help`.",
    ),
    Mistake(
        "a port number that there is not",
        "vamen play --osc-port 90000",
        "argument --osc-port: '90000' is not a whole number from 0 to 65535; see `vamen play --help`.",
    ),
    Mistake(
        "channels counted from 0",
        "vamen play --channels 0,1",
        "argument --channels: '0' is not a whole number from 1 to 256; see `vamen play --help`.",
    ),
    Mistake(
        "a slot without its number",
        "vamen play --slot mine.json",
        "argument --slot: 'mine.json' is not of the form N=SLOT.json; see `vamen play --help`.",
    ),
    Mistake(
        "slot 0",
        "vamen play --slot 0=mine.json",
        "argument --slot: '0' is not a whole number from 1 to 128; see `vamen play --help`.",
    ),
    Mistake(
        "a clock that there is not",
        "vamen play --clock ableton",
        "argument --clock: invalid choice: 'ableton' (choose from internal, midi, link); see `vamen play --help`.",
    ),
    Mistake(
        "a render without a place for it",
        "vamen render evening.osc",
        "the following arguments are required: --out; see `vamen render --help`.",
    ),
    Mistake(
        "three bars",
        "vamen sample --bars 3 --out breaks",
        "argument --bars: invalid choice: 3 (choose from 1, 2, 4); see `vamen sample --help`.",
    ),
)

MODELS = (
    Mistake(
        "no such model",
        "vamen play --model none.onnx",
        "The model none.onnx cannot be read (No such file or directory); check the path, or take hifi or classic, which"
        " come with VAmEn.",
    ),
    Mistake(
        "a model file that is something else",
        "vamen play --model notes.txt",
        "notes.txt: The model file's graph cannot be used, it ends within a field: export it again, or take the file "
        "from where it came.",
    ),
    Mistake(
        "somebody else's ONNX file",
        "vamen play --model others.onnx",
        "others.onnx: The model file lacks the field 'format_version': take one that `python -m export` made, or hifi "
        "or classic.",
    ),
    Mistake(
        "a GPU where there is none",
        "vamen play --provider cuda",
        "CUDA was asked for but does not serve here: install the [cuda] extra, or use the provider cpu.",
        world="no GPU",
    ),
)

NETWORK = (
    Mistake(
        "two VAmEns at once",
        "vamen play",
        "VAmEn cannot listen for OSC on port 9000 of 127.0.0.1 (Address already in use); end the program "
        "that has the port, or choose others with --osc-port and --osc-host.",
        world="another VAmEn",
    ),
    Mistake(
        "a port that another program has",
        "vamen play --osc-port 9001",
        "VAmEn cannot listen for OSC on port 9001 of 127.0.0.1 (Address already in use); end the program "
        "that has the port, or choose others with --osc-port and --osc-host.",
        world="port 9001 is taken",
    ),
    Mistake(
        "the address of another machine",
        "vamen play --osc-host 203.0.113.1",
        "VAmEn cannot listen for OSC on port 9000 of 203.0.113.1 (Cannot assign requested address); end the "
        "program that has the port, or choose others with --osc-port and --osc-host.",
    ),
)

SOUND = (
    Mistake(
        "Linux without PortAudio",
        "vamen play",
        "there is no sound yet, since the PortAudio library is missing, so no sound device can be opened: install libportaudio2",
        world="no PortAudio",
    ),
    Mistake(
        "no sound card",
        "vamen play",
        "there is no sound yet, since there is no sound device on this machine: connect one, or use --output none",
        world="no sound card",
    ),
    Mistake(
        "a sound device that is not there",
        "vamen play --device Babyface",
        "there is no sound yet, since no sound device is called 'Babyface': `vamen devices` lists those that are there",
        world="a sound card",
    ),
    Mistake(
        "channels that the device lacks",
        "vamen play --channels 3,4",
        "there is no sound yet, since Scarlett 2i2 has 2 output channels, not 3,4: choose others with --channels",
        world="a sound card",
    ),
    Mistake(
        "a device that refuses its sample rate",
        "vamen play",
        "there is no sound yet, since Scarlett 2i2 cannot be opened at 44100 Hz (Invalid sample rate): close what else "
        "uses it, set its rate in the system's sound settings, or choose another with --device",
        world="a sound card at a wrong rate",
    ),
)

MIDI = (
    Mistake(
        "a controller that is not there",
        "vamen play --midi-in Launchpad",
        "'Launchpad' is none of the MIDI inputs (there are: nanoKONTROL2:nanoKONTROL2 CTRL 20:0, nanoKEY2:nanoKEY2 "
        "KEYBOARD 24:0); name one of them, or part of its name that no other has.",
        world="two controllers",
    ),
    Mistake(
        "a name that fits two controllers",
        "vamen play --midi-in nano",
        "'nano' fits several MIDI inputs (there are: nanoKONTROL2:nanoKONTROL2 CTRL 20:0, nanoKEY2:nanoKEY2 KEYBOARD "
        "24:0); name one of them, or part of its name that no other has.",
        world="two controllers",
    ),
    Mistake(
        "a controller that another program has",
        "vamen play --midi-in nanoKONTROL2",
        "The MIDI input 'nanoKONTROL2' cannot be opened (in use); close other programs that use it.",
        world="a busy controller",
    ),
    Mistake(
        "a system without MIDI",
        "vamen play --midi-in nanoKONTROL2",
        "This system offers no MIDI (MidiInJack::initialize: JACK server not running?); load ALSA's sequencer (modprobe"
        " snd-seq) or start a JACK server, or play without --midi-in.",
        world="no MIDI",
    ),
    Mistake(
        "a MIDI clock, and no input to hear it",
        "vamen play --clock midi",
        "There is no MIDI input whose clock could be followed; start with --midi-in NAME.",
    ),
    Mistake(
        "no such map",
        "vamen play --map none.toml",
        "The control map none.toml cannot be read (No such file or directory); check the path.",
    ),
    Mistake(
        "a map that is not TOML",
        "vamen play --map notes.txt",
        "The control map notes.txt is not TOML (Expected '=' after a key in a key/value pair (at line 1, column 5)); "
        "correct it there.",
    ),
    Mistake(
        "a map with a typo in a key",
        "vamen play --map key.toml",
        "Row 1 of the control map key.toml: the key 'traget' is unknown; there are cc, cc14, channel, curve, "
        "mode, note, notes, nrpn, program, range, release, takeover, target, value.",
    ),
    Mistake(
        "a map with a typo in a target",
        "vamen play --map target.toml",
        "Row 1 of the control map target.toml: '/vamen/axis/kik' is none of this model's axes: send 1 to 4, or by name "
        "kick, snare, air, room.",
    ),
    Mistake(
        "a map with a number that MIDI does not have",
        "vamen play --map number.toml",
        "Row 1 of the control map number.toml: cc is a whole number from 0 to 127.",
    ),
    Mistake(
        "Link without the extra",
        "vamen play --clock link",
        "Ableton Link is not installed, because it is under the GPL and VAmEn is not: pip install 'vamen[link]'.",
        world="no Link",
    ),
)

FILES = (
    Mistake(
        "a watch folder on a read-only disk",
        "vamen play --watch-folder disk/breaks",
        "The folder disk/breaks cannot be written to (Read-only file system); free it up or choose another one.",
        world="a read-only disk",
    ),
    Mistake(
        "a watch folder that is a file",
        "vamen play --watch-folder notes.txt",
        "The folder notes.txt cannot be written to (it is a file); free it up or choose another one.",
    ),
    Mistake(
        "a full disk",
        "vamen sample -n 1 --out disk",
        "The folder disk cannot be written to (No space left on device); free it up or choose another one.",
        world="a full disk",
    ),
    Mistake(
        "breaks into a place that takes none",
        "vamen sample -n 1 --out notes.txt/breaks",
        "The folder notes.txt/breaks cannot be written to (Not a directory); free it up or choose another one.",
    ),
    Mistake(
        "a recording into a folder that is not there",
        "vamen play --record takes/evening.osc",
        "The take takes/evening.osc cannot be written (No such file or directory); choose another place.",
    ),
    Mistake(
        "a recording over another one",
        "vamen play --record evening.osc",
        "The take evening.osc exists already; record under another name, or move it away.",
    ),
    Mistake(
        "a capture into a folder that is not there",
        "vamen play --capture takes/evening.wav",
        "takes/evening.wav cannot be written (No such file or directory); choose another file or folder.",
    ),
    Mistake(
        "no such slot file",
        "vamen play --slot 9=none.json",
        "none.json cannot be read (No such file or directory); check the path.",
    ),
    Mistake(
        "a slot file that is something else",
        "vamen play --slot 9=notes.txt",
        "notes.txt is no JSON file of VAmEn's; check the path.",
    ),
    Mistake(
        "a slot made with another model",
        "vamen play --slot 9=others.json",
        "others.json was made with another model (mine, sha256 000000000000) than the one in use (tiny, sha256 "
        "67dc63040050): pass its model with --model.",
    ),
    Mistake(
        "no such take",
        "vamen render none.osc --out take.wav",
        "The take none.osc cannot be read (No such file or directory); check the path.",
    ),
    Mistake(
        "a take that is something else",
        "vamen render notes.txt --out take.wav",
        "Line 1 of the take notes.txt is not of the form TIME /ADDRESS TYPES ARGUMENTS: 'Buy strings.'; give what "
        "--record or oscdump wrote.",
    ),
    Mistake(
        "a take of another model",
        "vamen render others.osc --out take.wav",
        "Line 1 of the take others.osc: '/vamen/axis/drive' is none of this model's axes: send 1 to 4, or by name kick,"
        " snare, air, room, or name the model of the take with --model.",
    ),
    Mistake(
        "a MIDI file that is broken",
        "vamen render broken.mid --out take.wav",
        "broken.mid cannot be read as a MIDI file (it ends too early); export it as type 0 or 1.",
    ),
    Mistake(
        "a render into a folder that is not there",
        "vamen render evening.osc --out renders/take.wav",
        "renders/take.wav cannot be written (No such file or directory); choose another file or folder.",
    ),
    Mistake(
        "an export's tempo changed",
        "vamen render break.json --bpm 120 --out take.wav",
        "break.json already says everything about its break: leave --bpm out.",
    ),
    Mistake(
        "a text as a loop",
        "vamen encode notes.txt --out mine.json",
        "notes.txt is no sound file that can be read here; use WAV, AIFF, FLAC, Ogg or MP3.",
    ),
    Mistake(
        "a loop that is silent",
        "vamen encode silence.wav --out mine.json",
        "silence.wav is silent; use a loop that sounds.",
    ),
    Mistake(
        "a loop of three beats",
        "vamen encode waltz_180bpm.wav --out mine.json",
        "waltz_180bpm.wav has 3 beats, which do not repeat to the 8 of a slot; cut it to one or two bars, or correct "
        "the count with --beats.",
    ),
)

MESSAGES = (
    Mistake(
        "an address that there is not",
        "/vamen/volume 0.5",
        "'/vamen/volume' is not an address of VAmEn: `vamen play --help` lists them all.",
    ),
    Mistake(
        "an axis that this model lacks",
        "/vamen/axis/drive 0.5",
        "'/vamen/axis/drive' is none of this model's axes: send 1 to 4, or by name kick, snare, air, room.",
    ),
    Mistake(
        "a word where a number belongs",
        "/vamen/tempo fast",
        "/vamen/tempo takes numbers and got 'fast': send an int or a float.",
    ),
    Mistake(
        "a number where a word belongs",
        "/vamen/quantise 4",
        "/vamen/quantise takes one of off, step, beat, bar, loop and got 4: send a string.",
    ),
    Mistake(
        "a word that is not among those",
        "/vamen/quantise sometimes",
        "/vamen/quantise takes one of off, step, beat, bar, loop and got 'sometimes': send one of these.",
    ),
    Mistake(
        "half a slot",
        "/vamen/slot/recall 1.5",
        "/vamen/slot/recall takes a whole number and got 1.5: round it.",
    ),
    Mistake(
        "slot 0 over OSC",
        "/vamen/slot/recall 0",
        "/vamen/slot/recall goes from 1 to 128 and got 0: send one of these.",
    ),
    Mistake(
        "a tempo out of range over OSC",
        "/vamen/tempo 300.0",
        "/vamen/tempo goes from 60 to 240 and got 300.0; the nearest end was taken.",
    ),
    Mistake(
        "no number at all",
        "/vamen/gain nan",
        "/vamen/gain got nan, which cannot be heard: send a finite number.",
    ),
    Mistake(
        "two numbers for one",
        "/vamen/gain 0.5 0.5",
        "/vamen/gain takes 1 argument and got 2: send that many.",
    ),
    Mistake(
        "feedback to port 0",
        "/vamen/subscribe 0",
        "/vamen/subscribe goes from 1 to 65535 and got 0: send one of these.",
    ),
    Mistake(
        "an export's name with a path in it",
        "/vamen/export ../breaks",
        "/vamen/export takes a name of letters, digits and . _ + - (at most 64, a letter or digit first) and got "
        "'../breaks': choose another name.",
    ),
    Mistake(
        "a step that there is not",
        "/vamen/latent/33/1 0.5",
        "'/vamen/latent/33/1' is no step or dimension of this model: send step 1 to 32, and dimension 1 to 4.",
    ),
)

STAGE = (
    Mistake(
        "an empty slot",
        "/vamen/slot/recall 99",
        "Slot 99 is empty (there are breaks in 1, 2, 3); store one there first.",
    ),
    Mistake(
        "an export without a watch folder",
        "/vamen/export",
        "Nothing was exported, because there is no watch folder; start with --watch-folder DIR.",
    ),
    Mistake(
        "Link without the extra, while playing",
        "/vamen/clock link",
        "Ableton Link is not installed, because it is under the GPL and VAmEn is not: pip install 'vamen[link]'.",
    ),
    Mistake(
        "a controller unplugged while it plays",
        "the plug is pulled",
        "The MIDI input nanoKONTROL2:nanoKONTROL2 CTRL 20:0 has gone; it is taken up again when it returns.",
    ),
)


@dataclass(frozen=True)
class Section:
    """A heading of the page, what is so of all below it, and the mistakes."""

    title: str
    remark: str
    mistakes: tuple[Mistake, ...]


SECTIONS = (
    Section("The command line", "It does not start.", OPTIONS),
    Section("Models", "It does not start.", MODELS),
    Section("The network", "It does not start.", NETWORK),
    Section("Sound", "It plays in silence, and the device is taken as soon as it can be had.", SOUND),
    Section("MIDI, maps and Link", "It does not start.", MIDI),
    Section("Files and folders", "Nothing is written.", FILES),
    Section("OSC messages", "The music goes on; each mistake is explained once, eight of a kind, and counted.", MESSAGES),
    Section("While it plays", "The music goes on.", STAGE),
)


def page() -> str:
    """docs/mistakes.md."""
    lines = [
        "# What you see, and what to do",
        "",
        "The mistakes of the first hour, and what VAmEn says to each. What keeps it from starting is one sentence and exit",
        "status 2; what happens while it plays goes to the terminal and to `/vamen/error`. `python -m tests.mistakes` writes",
        "this page, and tests/test_mistakes.py makes every one of these mistakes.",
    ]
    for section in SECTIONS:
        lines += ["", f"## {section.title}", "", section.remark, "", "| what was done | | what it says |", "|---|---|---|"]
        for mistake in section.mistakes:
            done = f"`{mistake.done}`" if mistake.done.startswith(("vamen", "/")) else mistake.done
            lines.append(f"| {mistake.what} | {done} | {mistake.said} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
