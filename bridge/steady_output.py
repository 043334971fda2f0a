"""A sound that does not stop: the sound card as long as it asks for sound, a clock in its place whenever it does not.

A device that is pulled out, or whose server dies, ends its stream or only stops asking. The frame counter then goes on at the
pace of the clock, and so do player, limiter and capture; the device, or the default one, is looked for until it is there, and
takes over on the frame that it would play if nothing had happened.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bridge.devices import SoundDevice, find_sound_device, look_for_devices_again
from bridge.errors import VamenError
from bridge.frame_line import FrameLine
from bridge.limiter import LATENCY_FRAMES
from bridge.renderer import Renderer
from bridge.sample_rate import ENGINE_SAMPLE_RATE
from bridge.sound_output import DeviceOutput, PacedOutput
from bridge.sound_turn import Turn, Turns

LOOK_SECONDS = 0.1
"""Between two looks at whether the device still asks. Looks are counted, not seconds: a process that was stopped as a whole has
missed its own looks too, and its device is not given up."""

QUIET_SECONDS = 0.4
QUIET_BLOCKS = 4
"""A device that has not asked for so long, and for so many of its blocks, has gone."""

QUIET_START_SECONDS = 3.0
"""The same for one that has just been opened: wireless ones wake up slowly."""

TRY_AGAIN_SECONDS = 1.0
"""Between two attempts to open a device again."""

FIRST_SECONDS = 5.0
"""The same where there has been no device yet: a look takes 30 ms of a processor, and there may never be one."""

CLOSING_SECONDS = 2.0
"""So long the closing of a dead device is waited for. PortAudio, which lists devices only when it starts, is not started again
while that hangs: another device may be opened all the same, if it has been there before."""

NOT_YET = "there is no sound yet, since {}"

GONE = "{} has gone: the beat goes on in silence until it, or another device, is there"

CATCH_UP_FRAMES = 8192
"""Block in which the frames are rendered that nobody asked for before the loss was noticed."""


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """What to open. `device` None is the default one; `channels` count from 1."""

    device: str | None
    channels: tuple[int, ...]
    block_frames: int


class SteadyOutput:
    """An output that outlives its device; an `Output`.

    With `line` it follows a sound process that has died, on that line, and begins without a device, as it does where there is
    none yet. `report` takes the new description and a sentence where there is none, and whenever the device goes or comes, from a
    thread of its own.
    """

    def __init__(
        self, renderer: Renderer, settings: DeviceSettings, report: Callable[[str, str], None], line: FrameLine | None = None
    ) -> None:
        self.description = ""
        self.latency_seconds = renderer.latency_seconds
        self.block_frames = float(settings.block_frames)
        self._settings = settings
        self._report = report
        self._renderer = renderer
        self._turns = Turns(renderer)
        self._turn = Turn(self._turns)
        """The device's."""
        self._device: DeviceOutput | None = None
        self._stand_in: PacedOutput | None = None
        self._calls_seen = 0
        self._quiet_looks = 0
        self._try_again = 0.0
        self._closing: list[threading.Thread] = []
        self._close_until = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="steady output", daemon=True)
        self._line = line
        self._choosy = False
        """Whether only the device that was asked for will do."""

    def start(self) -> None:
        """Begin to play, on the device if it is there."""
        if self._line is not None:
            self._turns.take(Turn(self._turns))
            self._go_on_without(self._line, "the sound device is looked for")
        else:
            try:
                self._begin()
            except VamenError as error:
                self._begin_without(str(error))
        self._thread.start()

    def _begin(self) -> None:
        device = self._opened(find_sound_device(self._settings.device), self._settings.channels)
        self._turns.take(self._turn)
        self._renderer.heard_through(device.latency_seconds, device.block_frames)
        device.start()
        self._device = device
        self._adopt(device)

    def _begin_without(self, reason: str) -> None:
        # Whoever names a device and plugs it in later does not want the sound anywhere else meanwhile.
        self._choosy = True
        self._turns.take(Turn(self._turns))
        self._renderer.heard_through(LATENCY_FRAMES / ENGINE_SAMPLE_RATE, self._settings.block_frames)
        self._go_on_without(FrameLine(self._renderer.frame, time.perf_counter()), reason)
        self._report(self.description, NOT_YET.format(reason))

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        for output in (self._device, self._stand_in):
            if output is not None:
                output.stop()

    def look(self) -> None:
        """Do what has become necessary since the last look: what the thread does over and over."""
        if self._device is None:
            if time.perf_counter() >= self._try_again:
                self._open_again()
        elif self._device.finished.is_set() or self._quiet(self._device):
            self._lose(self._device)
        elif self._stand_in is not None and self._turns.playing is self._turn:
            self._stand_in.stop()
            self._stand_in = None
            self._adopt(self._device)
            self._report(self.description, f"the sound is {'there' if self._choosy else 'back'}: {self.description}")
            self._choosy = False

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            ended = self._stopping if self._device is None else self._device.finished
            ended.wait(LOOK_SECONDS)

    def _adopt(self, device: DeviceOutput) -> None:
        self.description = device.description
        self.latency_seconds = device.latency_seconds
        self.block_frames = device.block_frames

    def _quiet(self, device: DeviceOutput) -> bool:
        calls = self._turn.calls
        self._quiet_looks = self._quiet_looks + 1 if calls == self._calls_seen else 0
        self._calls_seen = calls
        patience = max(QUIET_SECONDS if calls else QUIET_START_SECONDS, QUIET_BLOCKS * device.block_frames / ENGINE_SAMPLE_RATE)
        return self._quiet_looks >= math.ceil(patience / LOOK_SECONDS)

    def _lose(self, device: DeviceOutput) -> None:
        self._device = None
        self._close(device)
        if self._stand_in is not None:
            if self._turns.withdraw(self._turn):
                self._try_again = time.perf_counter() + TRY_AGAIN_SECONDS
                return
            # It took over at the very last moment.
            self._stand_in.stop()
        # From here on the device draws nothing, should it ask again after all.
        self._turns.take(Turn(self._turns))
        frame, line = self._renderer.frame, self._turn.requests.line
        seconds = time.perf_counter() if line is None else line.seconds_at(frame)
        self._try_again = 0.0
        self._go_on_without(FrameLine(frame, seconds), f"{device.name} has gone")
        self._report(self.description, GONE.format(device.name))

    def _close(self, device: DeviceOutput) -> None:
        closing = threading.Thread(target=device.abandon, name="closing", daemon=True)
        closing.start()
        self._closing = [thread for thread in self._closing if thread.is_alive()] + [closing]
        self._close_until = time.perf_counter() + CLOSING_SECONDS

    def _go_on_without(self, line: FrameLine, reason: str) -> None:
        """Render what has been due by a line since, and set the clock going, in the turn that has been taken."""
        turn = self._turns.playing
        assert turn is not None
        block = self._settings.block_frames
        self._renderer.heard_through(self._renderer.latency_seconds, block)
        overdue = max(0, round(line.frame_at(time.perf_counter())) - line.frame)
        for done in range(0, overdue, CATCH_UP_FRAMES):
            try:
                turn.render(min(CATCH_UP_FRAMES, overdue - done))
            except Exception as error:  # as in any output
                turn.failed(error)
        line = FrameLine(turn.frame, line.seconds_at(line.frame + overdue))
        self._stand_in = PacedOutput(turn, block, reason, line)
        self._stand_in.start()
        self.description = self._stand_in.description

    def _open_again(self) -> None:
        assert self._stand_in is not None
        now = time.perf_counter()
        hanging = any(thread.is_alive() for thread in self._closing)
        if hanging and now < self._close_until:
            return
        self._try_again = now + (FIRST_SECONDS if self._choosy else TRY_AGAIN_SECONDS)
        try:
            if not hanging:
                look_for_devices_again()
        except VamenError:
            return
        for name in dict.fromkeys([self._settings.device] if self._choosy else [self._settings.device, None]):
            try:
                found = find_sound_device(name)
                # Another device need not have as many channels as the one that was chosen.
                fits = self._choosy or max(self._settings.channels) <= found.channels
                channels = self._settings.channels if fits else (1, 2)
                device = self._opened(found, channels)
                self._turns.wait_for(self._turn, device, self._stand_in)
                device.start()
            except VamenError:
                self._turns.withdraw(self._turn)
                continue
            self._device = device
            return

    def _opened(self, found: SoundDevice, channels: tuple[int, ...]) -> DeviceOutput:
        self._turn = Turn(self._turns)
        self._calls_seen = self._quiet_looks = 0
        return DeviceOutput(self._turn, found, channels, self._settings.block_frames)
