"""Takes: ours and oscdump's own, written and read without a bit lost, and MIDI files."""

from __future__ import annotations

import logging
import random
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.control import Control, ControlChange
from bridge.control_map import ControlMap
from bridge.errors import VamenError
from bridge.osc import OscServer, encode
from bridge.parameters import ControlLayout, format_control
from bridge.player import TICK_FRAMES
from bridge.take import MAX_TAKE_SECONDS, TakeWriter, frame_of_stamp, read_midi, read_take, stamp_of_frame
from tests.letters import Letters
from tests.rig import require_programs, wait_until

pytestmark = pytest.mark.real_time

LAYOUT = ControlLayout(axis_names=("density", "tone"), latent_dimensions=4, steps=32)
HOST = "127.0.0.1"
START = ControlChange(0, Control("play"))


def step(number: int, *values: float) -> Control:
    return Control("latent_step", (number,), values)


PERFORMANCE = [
    START,
    ControlChange(0, Control("tempo", (), (161.499023,))),
    ControlChange(0, Control("quantise", (), ("off",))),
    *(ControlChange(0, step(number, -8.0, 0.000001, number / 32, 7.123457)) for number in range(1, 33)),
    ControlChange(256, Control("axis", (2,), (0.123456,))),
    ControlChange(44032, Control("random", (), (2**31 - 1,))),
    ControlChange(44032, Control("latent_dimension", (32, 4), (-0.5,))),
    ControlChange(44032, Control("slot_store", (), (128,))),
    ControlChange(300 * 44100 // 256 * 256, Control("export", (), ("",))),
    ControlChange(300 * 44100 // 256 * 256, Control("export", (), ("Größe_1",))),
    ControlChange(7200 * 44100 // 256 * 256, Control("stop")),
]


def write(path: Path, changes: list[ControlChange]) -> Path:
    with TakeWriter(path, LAYOUT) as writer:
        for change in changes:
            writer.write(change)
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "take.osc", PERFORMANCE)
    assert read_take(path, LAYOUT) == PERFORMANCE
    again = write(tmp_path / "again.osc", read_take(path, LAYOUT))
    assert again.read_bytes() == path.read_bytes()


def test_lines_are_what_liblo_can_read(tmp_path: Path) -> None:
    wide = ControlLayout(axis_names=("density",), latent_dimensions=60, steps=32)
    path = tmp_path / "take.osc"
    with TakeWriter(path, wide) as writer:
        writer.write(START)
        writer.write(ControlChange(512, Control("latent", (), (-7.123456,) * (32 * 60))))
    lines = path.read_text().splitlines()
    assert len(lines) == 33
    for line in lines:
        assert re.fullmatch(r"[0-9a-f]{8}\.[0-9a-f]{8} /\S+ [fis]+( \S+)+", line)
        assert len(line) < 1023 and len(line.split()) - 2 <= 63


@given(st.integers(0, MAX_TAKE_SECONDS * 44100))
def test_a_frame_comes_back_from_its_stamp(frame: int) -> None:
    assert frame_of_stamp(stamp_of_frame(frame)) == frame
    assert abs(stamp_of_frame(frame) / 2**32 - frame / 44100) < 1e-9


def test_the_whole_matrix_is_its_steps_and_a_vector_stays_one(tmp_path: Path) -> None:
    values = tuple(number / 16 for number in range(128))
    vector = ControlChange(256, Control("latent", (), values[:4]))
    path = write(tmp_path / "take.osc", [START, ControlChange(0, Control("latent", (), values)), vector])
    steps = [ControlChange(0, step(number + 1, *values[4 * number : 4 * number + 4])) for number in range(32)]
    assert read_take(path, LAYOUT) == [START, *steps, vector]


def test_a_draw_is_written_with_its_seed_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="seed"):
        write(tmp_path / "take.osc", [ControlChange(0, Control("random"))])
    (tmp_path / "hand.osc").write_text("00000000.00000000 /vamen/play\n00000001.00000000 /vamen/random\n")
    assert read_take(tmp_path / "hand.osc", LAYOUT)[1] == ControlChange(44288, Control("random", (), (44288,)))


def test_an_existing_take_is_never_written_over(tmp_path: Path) -> None:
    path = write(tmp_path / "take.osc", PERFORMANCE)
    before = path.read_bytes()
    with pytest.raises(VamenError, match=r"take\.osc exists already"):
        TakeWriter(path, LAYOUT)
    with pytest.raises(VamenError, match="cannot be written"):
        TakeWriter(tmp_path / "no folder" / "take.osc", LAYOUT)
    assert path.read_bytes() == before


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from bridge.control import Control, ControlChange
from bridge.parameters import ControlLayout
from bridge.take import TakeWriter
writer = TakeWriter(Path(sys.argv[1]), ControlLayout(("density", "tone"), 4, 32))
for tick in range(10**9):
    writer.write(ControlChange(256 * tick, Control("axis", (1,), (tick % 1000 / 1000,))))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_kill_leaves_a_readable_take(tmp_path: Path) -> None:
    path = tmp_path / "take.osc"
    with subprocess.Popen([sys.executable, "-c", WRITE_UNTIL_KILLED, str(path)], cwd=Path(__file__).parent.parent) as writer:
        wait_until(lambda: path.exists() and path.stat().st_size > 10_000, "the take to grow")
        writer.send_signal(signal.SIGKILL)
    changes = read_take(path, LAYOUT)
    assert [change.frame for change in changes] == [256 * tick for tick in range(len(changes))]
    assert len(changes) > 200 and path.read_bytes().endswith(b"\n")


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "take.osc"
    writer = TakeWriter(path, LAYOUT)
    writer.write(START)

    class Full:
        def __init__(self, file: object) -> None:
            self._file = file

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def write(self, data: bytes) -> int:
            return int(self._file.write(data[:10]))  # type: ignore[attr-defined]

    room, writer._file = writer._file, Full(writer._file)  # type: ignore[assignment]
    with pytest.raises(VamenError, match="the disk is full"):
        writer.write(ControlChange(256, Control("stop")))
    writer._file = room
    writer.write(ControlChange(512, Control("stop")))
    writer.close()
    assert read_take(path, LAYOUT) == [START, ControlChange(512, Control("stop"))]


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "take.osc", PERFORMANCE)
    with path.open("a") as file:
        file.write("00001c21.0000")
    assert read_take(path, LAYOUT) == PERFORMANCE
    assert "torn off" in caplog.text


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("00000001 /vamen/play i 1", "is not of the form"),
        ("# a comment", "is not of the form"),
        ("00000001.00000000 vamen/play i 1", "is not of the form"),
        ("00000001.00000000 /vamen/axis/1 f", "do not fit"),
        ("00000001.00000000 /vamen/axis/1 f 0.5 0.6", "do not fit"),
        ("00000001.00000000 /vamen/axis/1 f half", "do not fit"),
        ("00000001.00000000 /vamen/axis/1 i " + "9" * 5000, "do not fit"),
        ("00000001.00000000 /vamen/axis/1 x 1", "takes numbers"),
        ("00000001.00000000 /vamen/axis/3 f 0.5", "none of this model's axes"),
        ("00000001.00000000 /vamen/axis/1 f nan", "nan"),
        ("00000001.00000000 /vamen/latent/1 fff 0.5 0.5 0.5", "takes 4 argument"),
        ("00000001.00000000 /vamen/latent/1 ssssssssssss " + '"" ' * 13, "do not fit"),
        ("00100000.00000000 /vamen/stop i 1", "another clock"),
    ],
)
def test_a_mistake_in_a_take_is_named_with_its_file_and_line(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "take.osc"
    path.write_text(f"00000000.00000000 /vamen/play i 1\n\n{line}\n")
    with pytest.raises(VamenError) as caught:
        read_take(path, LAYOUT)
    sentence = str(caught.value)
    assert sentence.startswith(f"Line 3 of the take {path}") and complaint in sentence and len(sentence) < 400


def test_lines_of_ours_keep_the_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "take.osc"
    path.write_text("00000000.00000000 /vamen/play i 1\n00000002.00000000 /vamen/stop i 1\n00000001.00000000 /vamen/play i 1\n")
    with pytest.raises(VamenError, match=r"Line 3 .* earlier than the line before"):
        read_take(path, LAYOUT)
    with pytest.raises(VamenError, match="cannot be read"):
        read_take(tmp_path / "none.osc", LAYOUT)


def test_in_oscdumps_own_time_starts_at_its_first_message(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "dump.osc"
    lines = [
        "eead5fe7.80000000 /vamen/tempo f 170.000000",
        "eead5fe7.80000001 /vamen/axis/density f 0.250000",
        'eead5fe8.80000000 /other/program ssb "a "" b" "c" [3b 0x1 0x2 0x3]',
        "eead5fe8.80000000 /vamen/play ",
        "eead5fe8.00000000 /vamen/morph d 0.500000",
        "eead5fe9.80000000 /vamen/slot/recall T #T",
        "eead5fe9.80000000 /vamen/slot/recall N Nil",
        "eead5fe9.80000000 /vamen/slot/store i 500",
        "eead5fe9.80000000 /vamen/slot/store i 501",
        "eead5fe9.80000000 /vamen/subscribe i 9001",
        'eead5fe9.80000000 /vamen/export s "one two"',
    ]
    path.write_text("\n".join(lines) + "\n")
    second = -(-44100 // TICK_FRAMES) * TICK_FRAMES
    assert read_take(path, LAYOUT) == [
        ControlChange(0, Control("tempo", (), (170.0,))),
        ControlChange(256, Control("axis", (1,), (0.25,))),
        ControlChange(second, Control("play")),
        # Stamped earlier by its sender's clock, but it came after.
        ControlChange(second, Control("morph", (), (0.5,))),
        ControlChange(88320, Control("slot_recall", (), (1,))),
        ControlChange(88320, Control("export", (), ("one_two",))),
    ]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_a_recording_from_before_there_were_two_ways_to_morph_is_played_as_it_was(tmp_path: Path) -> None:
    head = [ControlChange(0, Control("step_ticks", (), (3,))), ControlChange(0, Control("morph_b", (), (2,)))]
    moved = ControlChange(2560, Control("morph", (), (0.25,)))
    blend = ControlChange(0, Control("morph_mode", (), ("blend",)))
    assert read_take(write(tmp_path / "old.osc", [*head, moved]), LAYOUT) == [blend, *head, moved]
    stated = [*head, ControlChange(0, Control("morph_mode", (), ("steps",))), moved]
    assert read_take(write(tmp_path / "new.osc", stated), LAYOUT) == stated
    by_hand = [head[1], moved]
    assert read_take(write(tmp_path / "by_hand.osc", by_hand), LAYOUT) == by_hand


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@pytest.mark.peer
def test_oscdump_hears_what_the_bridge_hears(tmp_path: Path) -> None:
    """The same packets to the bridge and to oscdump: the dump, read as a take, holds the controls that the bridge obeyed."""
    require_programs("oscdump")
    port = free_port()
    sent = [encode(address, *arguments) for address, _, arguments in (format_control(c.control, LAYOUT) for c in PERFORMANCE)]
    sent += [encode("/vamen/latent", *[number / 17 for number in range(128)]), encode("/vamen/play")]
    sent += [encode("/vamen/tempo", 133.337), encode("/vamen/gain", 2.0), encode("/vamen/gain", float("nan"))]
    letters = Letters()
    bridge = OscServer(HOST, 0, letters, LAYOUT)
    dump = tmp_path / "dump.osc"
    with dump.open("wb") as file, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        oscdump = subprocess.Popen(["oscdump", "-L", str(port)], stdout=file)
        try:
            sender.connect((HOST, port))

            def heard() -> bool:
                try:
                    sender.send(encode("/are/you/there"))
                except ConnectionRefusedError:
                    return False
                return dump.stat().st_size > 0

            wait_until(heard, "oscdump to listen")
            for packet in sent:
                bridge.take(packet, HOST)
                sender.send(packet)
            sender.send(encode("/the/end"))
            wait_until(lambda: b"/the/end" in dump.read_bytes(), "oscdump to write")
        finally:
            oscdump.kill()
            oscdump.wait()
    assert [change.control for change in read_take(dump, LAYOUT)] == [letters.next() for _ in range(len(sent) - 1)]
    assert letters.empty() and bridge.rejected == {"out of range": 1, "not finite": 1}


@pytest.mark.peer
def test_oscsendfile_plays_our_take_into_the_bridge(tmp_path: Path) -> None:
    require_programs("oscsendfile")
    changes = [change for change in PERFORMANCE if change.frame <= 44032]
    path = write(tmp_path / "take.osc", changes)
    letters = Letters()
    with OscServer(HOST, 0, letters, LAYOUT) as bridge:
        subprocess.run(["oscsendfile", HOST, str(bridge.port), str(path), "10"], check=True)
        assert [letters.next() for _ in changes] == [change.control for change in changes]
        assert not bridge.rejected


def midi_file(path: Path, *tracks: list[mido.Message | mido.MetaMessage], ticks_per_beat: int = 480) -> Path:
    file = mido.MidiFile(ticks_per_beat=ticks_per_beat)
    file.tracks += [mido.MidiTrack(track) for track in tracks]
    file.save(path)
    return path


def test_a_midi_files_lanes_and_notes_follow_its_tempo_map(tmp_path: Path) -> None:
    tempo = [mido.MetaMessage("set_tempo", tempo=500_000), mido.MetaMessage("set_tempo", tempo=400_000, time=960)]
    lanes = [
        mido.Message("control_change", control=1, value=64, time=480),
        mido.Message("note_on", note=40, velocity=90, time=960),
        mido.Message("note_on", note=40, velocity=0, time=240),
        mido.Message("control_change", control=20, value=127, time=0),
    ]
    path = midi_file(tmp_path / "take.mid", tempo, lanes)

    def tick_at(seconds: float) -> int:
        return -(-round(seconds * 44100) // TICK_FRAMES) * TICK_FRAMES

    assert read_midi(path, ControlMap.load(None, LAYOUT)) == [
        ControlChange(0, Control("tempo", (), (120.0,))),
        ControlChange(tick_at(0.5), Control("axis", (1,), (0.5,))),
        ControlChange(tick_at(1.0), Control("tempo", (), (150.0,))),
        ControlChange(tick_at(1.4), Control("trigger", (), (5,))),
        ControlChange(tick_at(1.6), Control("trigger", (), (0,))),
        ControlChange(tick_at(1.6), Control("random", (), (tick_at(1.6),))),
    ]


def test_a_tempo_that_we_cannot_play_is_clamped_and_still_times_the_file(tmp_path: Path) -> None:
    track = [mido.MetaMessage("set_tempo", tempo=2_000_000), mido.Message("control_change", control=2, value=0, time=96)]
    path = midi_file(tmp_path / "slow.mid", track, ticks_per_beat=96)
    changes = read_midi(path, ControlMap.load(None, LAYOUT))
    assert changes == [ControlChange(0, Control("tempo", (), (60.0,))), ControlChange(88320, Control("axis", (2,), (0.0,)))]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"MThd", b"RIFFxxxx", b"MThd\0\0\0\6\0\1\0\1\1\xe0", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\4\0\xf5\0\0",
        b"MThd\0\0\0\6\0\2\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", b"MThd\0\0\0\6\0\1\0\1\xe7\x28MTrk\0\0\0\4\0\xff\x2f\0",
        b"MThd\0\0\0\6\0\1\0\1\0\0MTrk\0\0\0\4\0\xff\x2f\0",
        b"MThd\0\0\0\6\0\1\0\1\0\1MTrk\0\0\0\7\xff\xff\xff\x7f\xb0\1\1",
    ],
)  # fmt: skip
def test_a_broken_midi_file_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.mid"
    path.write_bytes(data)
    with pytest.raises(VamenError, match=r"broken\.mid"):
        read_midi(path, ControlMap.load(None, LAYOUT))
    with pytest.raises(VamenError, match=r"none\.mid"):
        read_midi(tmp_path / "none.mid", ControlMap.load(None, LAYOUT))


def test_fuzzed_midi_files_are_read_or_refused(tmp_path: Path) -> None:
    generator = random.Random(11)
    track = [mido.Message("control_change", control=1, value=value, time=30) for value in range(20)]
    good = midi_file(tmp_path / "good.mid", [mido.MetaMessage("set_tempo", tempo=400_000), *track]).read_bytes()
    path = tmp_path / "fuzzed.mid"
    for _ in range(300):
        data = bytearray(good)
        for _ in range(generator.randrange(1, 4)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        path.write_bytes(data[: generator.randrange(1, len(data) + 1)])
        try:
            changes = read_midi(path, ControlMap.load(None, LAYOUT))
        except VamenError:
            continue
        assert all(change.frame % TICK_FRAMES == 0 for change in changes)
