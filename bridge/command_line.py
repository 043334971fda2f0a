"""Every subcommand and option of `vamen`. What a subcommand does is imported when it runs, so that help comes at once."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from bridge import __version__
from bridge.errors import USER_ERROR_STATUS, VamenError
from bridge.map_places import map_path
from bridge.parameters import DEFAULT_BEATS_PER_MINUTE, DOCUMENTED_LAYOUT, MAX_SEED, PARAMETERS
from bridge.shipped_models import SHIPPED_MODELS, model_path

DESCRIPTION = "An instrument that plays breakbeats nobody has recorded."
EPILOG = "`vamen COMMAND --help` says more; `vamen play --help` lists every OSC message."

DEFAULT_OSC_PORT = 9000
OSC_MAPS = Path(__file__).parent / "maps" / "osc"

Handler = Callable[[argparse.Namespace], int]


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command; the parsed namespace's `run` takes that namespace and returns an exit status."""
    parser = _CommandParser(prog="vamen", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"vamen {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_CommandParser)
    _add_play(commands)
    _add_render(commands)
    _add_sample(commands)
    _add_encode(commands)
    _add_learn(commands)
    _add_kit(commands)
    devices = commands.add_parser("devices", help="list sound devices, MIDI ports and control maps")
    devices.set_defaults(run=_devices)
    doctor = commands.add_parser("doctor", help="say what is there, test it for ten seconds, give a verdict")
    _add_model_options(doctor)
    doctor.set_defaults(run=_doctor)
    return parser


class _CommandParser(argparse.ArgumentParser):
    """A parser whose text after the options is made when help is asked for, not at every start; its errors are sentences."""

    late_epilog: Callable[[], str] | None = None

    def format_help(self) -> str:
        if self.late_epilog is not None:
            self.epilog = self.late_epilog()
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """One sentence, as for every other mistake: twenty lines of options above it would hide it."""
        self.exit(USER_ERROR_STATUS, f"vamen: {message}; see `{self.prog} --help`.\n")


Commands = argparse._SubParsersAction  # argparse offers no public name for what add_subparsers returns


def _add_play(commands: Commands[_CommandParser]) -> None:
    play = commands.add_parser(
        "play", help="play live, moved by OSC and MIDI", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    play.late_epilog = _address_table
    _add_model_options(play)
    _add_tempo(play, DEFAULT_BEATS_PER_MINUTE)
    play.add_argument(
        "--clock", choices=PARAMETERS["clock"].choices, default="internal",
        help="who supplies the beat; link wants the extra vamen[link] (default: %(default)s)",
    )  # fmt: skip
    play.add_argument(
        "--offset-ms", type=_number(-1000.0, 1000.0), default=0.0, metavar="MS",
        help="play so much earlier than an outside clock asks, or with a minus later (default: 0)",
    )  # fmt: skip
    play.add_argument("--osc-host", default="127.0.0.1", metavar="HOST", help="address to listen on (default: %(default)s)")
    play.add_argument(
        "--osc-port", type=_whole(0, 65_535), default=DEFAULT_OSC_PORT, metavar="PORT",
        help="UDP port to listen on, 0 for any free one (default: %(default)s)",
    )  # fmt: skip
    play.add_argument(
        "--osc-map", type=_osc_map_path, metavar="FILE.toml",
        help="what the addresses of pages of your own move; touchosc comes with VAmEn (default: nothing)",
    )  # fmt: skip
    play.add_argument(
        "--oscquery-port", type=_whole(0, 65_535), metavar="PORT",
        help="TCP port that tells other programs all addresses, 0 for any free one (default: the number of the OSC port)",
    )  # fmt: skip
    play.add_argument(
        "--midi-in", metavar="NAME", action="append", default=[],
        help="MIDI port to listen to; part of its name is enough, and there may be several",
    )  # fmt: skip
    play.add_argument(
        "--midi-virtual", action="store_true",
        help="make a MIDI input called VAmEn that other programs find and send to (macOS, Linux)",
    )  # fmt: skip
    play.add_argument("--midi-clock-out", metavar="NAME", help="MIDI port that our clock is sent to")
    _add_control_map(play)
    play.add_argument(
        "--output", choices=["audio", "none"], default="audio",
        help="none keeps the same pace without a sound device (default: %(default)s)",
    )  # fmt: skip
    play.add_argument("--device", metavar="NAME", help="sound device; part of its name is enough (default: the system's)")
    play.add_argument(
        "--channels", type=_channels, default=(1, 2), metavar="1,2", help="output channels that carry the sound (default: 1,2)"
    )
    play.add_argument(
        "--blocksize", type=_whole(16, 8192), default=256, metavar="FRAMES", help="frames a block (default: %(default)s)"
    )
    _add_watch_folder(play)
    play.add_argument(
        "--export-on", choices=["settle", "bar", "command"], default="command",
        help="what is exported by itself: settle, a break that a hand has moved and left alone for a bar; bar, on every bar line "
        "a break that has changed; command, nothing (default: %(default)s)",
    )  # fmt: skip
    play.add_argument(
        "--inbox", action="store_true",
        help="loops put into the watch folder's folder `in` come back in `out` at the tempo that plays, as themselves and varied",
    )  # fmt: skip
    play.add_argument("--record", type=Path, metavar="TAKE.osc", help="write every control down, to be rendered again")
    play.add_argument("--capture", type=Path, metavar="OUT.wav", help="write what sounds as a 24-bit WAV")
    play.add_argument(
        "--drift", type=int, choices=[0, 1], default=1,
        help="1: breaks change by themselves, on bar lines, until a control is touched; 0: they wait (default: %(default)s)",
    )  # fmt: skip
    _add_slot(play)
    play.set_defaults(run=_play)


def _add_render(commands: Commands[_CommandParser]) -> None:
    render = commands.add_parser("render", help="render a recorded take, a MIDI file or an export's sidecar to a WAV")
    render.add_argument(
        "take", type=Path, metavar="TAKE.osc|TAKE.mid|NAME.json",
        help="a take (ours or oscdump's), a standard MIDI file, or the JSON beside an export",
    )  # fmt: skip
    render.add_argument("--out", type=Path, required=True, metavar="OUT.wav", help="where to write the sound")
    _add_model_options(render)
    _add_tempo(render, None, f"a tempo in the take wins (default: {DEFAULT_BEATS_PER_MINUTE:g})")
    render.add_argument("--bars", type=_whole(1, 100_000), metavar="N", help="length in bars (default: as long as the take)")
    _add_watch_folder(render)
    _add_control_map(render)
    _add_slot(render)
    render.set_defaults(run=_render)


def _add_sample(commands: Commands[_CommandParser]) -> None:
    sample = commands.add_parser("sample", help="draw breaks and write them into a folder")
    sample.add_argument("-n", "--count", type=_whole(1, 1_000_000), default=8, metavar="N", help="breaks (default: %(default)s)")
    sample.add_argument(
        "--seed", type=_whole(0, MAX_SEED), default=0, help="break i is /vamen/random SEED + i (default: %(default)s)"
    )
    _add_tempo(sample, DEFAULT_BEATS_PER_MINUTE)
    sample.add_argument("--bars", type=int, choices=[1, 2, 4], default=2, help="length of each (default: %(default)s)")
    sample.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder; nothing in it is ever overwritten")
    _add_model_options(sample)
    sample.set_defaults(run=_sample)


def _add_encode(commands: Commands[_CommandParser]) -> None:
    encode = commands.add_parser("encode", help="turn your own breaks into slots to play from")
    encode.add_argument("loops", type=Path, nargs="+", metavar="LOOP", help="sound file cut to whole beats, any rate")
    encode.add_argument(
        "--out", type=Path, required=True, metavar="SLOT.json", help="for `--slot N=SLOT.json` of play and render"
    )
    encode.add_argument(
        "--beats", type=_whole(1, 1024), metavar="N",
        help="beats in the file (default: its acid chunk, else its name, else what puts its tempo in 90 to 180)",
    )  # fmt: skip
    encode.add_argument(
        "--start", type=_number(-600.0, 600.0), default=0.0, metavar="SECONDS",
        help="where in the loop beat one is; what lies before it is moved to the end (default: 0)",
    )  # fmt: skip
    _add_model_options(encode)
    encode.set_defaults(run=_encode)


def _add_learn(commands: Commands[_CommandParser]) -> None:
    learn = commands.add_parser("learn", help="have a MIDI controller's knobs and pads move what you want")
    learn.add_argument(
        "targets", nargs="*", metavar="TARGET",
        help="address, as axis/1, gain, play; slot/recall=3 for a pad that sends a value (default: every axis)",
    )  # fmt: skip
    learn.add_argument(
        "--midi-in", metavar="NAME", action="append", default=[], help="MIDI port to listen to (default: all that are there)"
    )
    learn.add_argument(
        "--map",
        type=map_path,
        metavar="MAP",
        help="control map to change, or to begin (default: the one that play uses)",
    )
    learn.add_argument("--model", type=_model_path, metavar="MODEL", help="model whose axes are meant (default: hifi)")
    learn.set_defaults(run=_learn)


def _add_kit(commands: Commands[_CommandParser]) -> None:
    kit = commands.add_parser("kit", help="cut a break into single hits for a Drum Rack, an Octatrack or any sampler")
    source = kit.add_mutually_exclusive_group()
    source.add_argument("sidecar", type=Path, nargs="?", metavar="SIDECAR.json", help="the break of an export, by its JSON")
    source.add_argument("--slot", type=_whole(1, DOCUMENTED_LAYOUT.slots), metavar="N", help="a slot of the model (default: 1)")
    source.add_argument("--seed", type=_whole(0, MAX_SEED), help="the break that /vamen/random SEED draws")
    kit.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to make; it may be there if it is empty")
    _add_tempo(kit, None, f"default: the sidecar's, or {DEFAULT_BEATS_PER_MINUTE:g}")
    _add_model_options(kit)
    kit.set_defaults(run=_kit)


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=_model_path, metavar="MODEL", help="model file, or hifi or classic, which come with VAmEn (default: hifi)"
    )
    parser.add_argument(
        "--provider", choices=["auto", "cpu", "cuda"], default="auto", help="who computes the model (default: %(default)s)"
    )


def _model_path(text: str) -> Path:
    """A model file; the name alone of one that comes with VAmEn stands for it, unless there is such a file."""
    path = Path(text)
    return model_path(text) if text in SHIPPED_MODELS and not path.exists() else path


def _osc_map_path(text: str) -> Path:
    """A map of OSC pages; the name alone of one that comes with VAmEn stands for it, unless there is such a file."""
    path, shipped = Path(text), OSC_MAPS / f"{text}.toml"
    return shipped if shipped.exists() and not path.exists() else path


def _add_tempo(parser: argparse.ArgumentParser, default: float | None, remark: str = "default: %(default)g") -> None:
    slowest, fastest = PARAMETERS["tempo"].minimum, PARAMETERS["tempo"].highest(DOCUMENTED_LAYOUT)
    parser.add_argument(
        "--bpm", type=_number(slowest, fastest), default=default, metavar="BPM",
        help=f"tempo in beats a minute, {slowest:g} to {fastest:g}; {remark}",
    )  # fmt: skip


def _add_control_map(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--map", type=map_path, metavar="MAP",
        help="what MIDI messages move: a file, or a controller from `vamen devices` (default: what was learnt, or a map for any)",
    )  # fmt: skip


def _add_watch_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--watch-folder", type=Path, metavar="DIR", help="where exports go, finished files only")


def _add_slot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--slot", type=_slot, action="append", default=[], metavar="N=SLOT.json",
        help="put breaks made by `vamen encode` into slot N and the ones after it; may be given more than once",
    )  # fmt: skip


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return value

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return parse


def _channels(text: str) -> tuple[int, ...]:
    channels = tuple(map(_whole(1, 256), text.split(",")))
    if len(set(channels)) != len(channels):
        raise argparse.ArgumentTypeError(f"{text!r} names a channel twice")
    return channels


def _slot(text: str) -> tuple[int, Path]:
    number, separator, path = text.partition("=")
    if not separator or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form N=SLOT.json")
    return _whole(1, DOCUMENTED_LAYOUT.slots)(number), Path(path)


def _address_table() -> str:
    from bridge.parameters import help_text

    return "OSC messages (f a float, i a whole number, s a word, [] may be left out):\n\n" + help_text()


def _play(arguments: argparse.Namespace) -> int:
    from bridge.live import run

    return run(arguments)


def _render(arguments: argparse.Namespace) -> int:
    if arguments.take.suffix.lower() == ".json":
        ignored = [name for name in ("bpm", "bars", "watch_folder", "map", "slot") if getattr(arguments, name)]
        if ignored:
            option = "--" + ignored[0].replace("_", "-")
            raise VamenError(f"{arguments.take} already says everything about its break: leave {option} out.")
        from bridge.break_render import render_sidecar

        render_sidecar(arguments.take, arguments.out, model_path=arguments.model, provider=arguments.provider)
        return 0
    from bridge.offline import run

    return run(arguments)


def _sample(arguments: argparse.Namespace) -> int:
    from bridge.sample import run

    return run(arguments)


def _encode(arguments: argparse.Namespace) -> int:
    from bridge.encode import run

    return run(arguments)


def _learn(arguments: argparse.Namespace) -> int:
    from bridge.learn_command import run

    return run(arguments)


def _kit(arguments: argparse.Namespace) -> int:
    from bridge.kit import run

    return run(arguments)


def _devices(arguments: argparse.Namespace) -> int:
    from bridge.doctor import list_devices

    return list_devices()


def _doctor(arguments: argparse.Namespace) -> int:
    from bridge.doctor import run

    return run(arguments)
