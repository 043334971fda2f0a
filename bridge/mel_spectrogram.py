"""The image of a loop: a periodic mel spectrogram on a fixed grid, and the way back to linear magnitudes.

Everything here works on a *ring*: analysis wraps around the end of the loop, so an image has no edges. Audio is always at
`ENGINE_SAMPLE_RATE`; a spec with a lower sample rate (`classic`, 10 kHz) uses a window of the same length in seconds, so that
its FFT bins fall on the same frequencies, and ignores the bins above its own Nyquist frequency. Analysing at the engine's
rate is therefore the same as resampling first, and synthesis needs no resampler at all.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.fft
import scipy.sparse
from numpy.typing import NDArray

from bridge.errors import VamenError
from bridge.sample_rate import ENGINE_SAMPLE_RATE as ENGINE_SAMPLE_RATE

BEATS_PER_BAR = 4

_BATCH_FOR_TWO_THREADS = 128

STRETCH_REACH = 16
"""Columns on either side of its place that a frame of a stretched image may depend on."""

_ATTACK_BANDS = 8
_ATTACK_RISE = (0.08, 0.16)
"""Rise over two columns, as a share of the dynamic range, from which an attack is kept in part, and wholly."""

_ATTACK_BODY_COLUMNS = 1.5
"""Columns after an attack, beyond half a window, that keep their pace too: a kick falls to its pitch in them."""

_ATTACK_YIELD = 6.0
"""Columns on either side of an attack within which its surroundings make up for it."""

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class MelSpectrogramSpec:
    """What an image means: the contract between training, export and playing.

    `n_fft` and `hop_length` count samples at `sample_rate` (Hz) for a loop at the canonical tempo. A pixel of 255 is
    `reference_level_db` (dB relative to a full-scale sine), 0 is `dynamic_range_db` below it: fixed, never the peak of an image,
    or the hats would jump when the kick leaves. An image holds `beats` beats in `steps` sixteenths.
    """

    name: str
    sample_rate: int
    n_fft: int
    hop_length: int
    n_mels: int
    n_frames: int
    f_min: float
    f_max: float
    reference_level_db: float
    dynamic_range_db: float
    beats: int
    steps: int

    def __post_init__(self) -> None:
        if self.n_frames % self.steps or self.steps % self.beats:
            raise VamenError(
                f"The spectrogram spec '{self.name}' has {self.n_frames} frames for {self.steps} steps and {self.beats} beats, "
                "which do not divide; use a multiple of the steps."
            )
        if (self.n_fft * ENGINE_SAMPLE_RATE) % (2 * self.sample_rate):
            raise VamenError(
                f"The spectrogram spec '{self.name}' has a window of {self.n_fft} samples at {self.sample_rate} Hz, "
                f"which is not an even number of samples at {ENGINE_SAMPLE_RATE} Hz; choose another n_fft."
            )

    @property
    def frames_per_step(self) -> int:
        """Columns of the image in one sixteenth."""
        return self.n_frames // self.steps

    @property
    def steps_per_beat(self) -> int:
        """Sixteenths in one beat."""
        return self.steps // self.beats

    @property
    def n_fft_engine(self) -> int:
        """Window length in samples at `ENGINE_SAMPLE_RATE` (same duration as `n_fft` at `sample_rate`)."""
        return self.n_fft * ENGINE_SAMPLE_RATE // self.sample_rate

    @property
    def n_bins(self) -> int:
        """FFT bins that the image covers: 0 Hz to the spec's own Nyquist frequency."""
        return self.n_fft // 2 + 1

    @property
    def half_window_columns(self) -> float:
        """Columns of the image that half an analysis window covers: how far ahead a window sees an attack."""
        return self.n_fft / (2 * self.hop_length)

    @property
    def beats_per_minute(self) -> float:
        """The canonical tempo, at which a column is exactly `hop_length` samples."""
        return 60.0 * self.beats * self.sample_rate / (self.n_frames * self.hop_length)

    def loop_length(self, beats_per_minute: float, beats: int | None = None) -> int:
        """Samples at `ENGINE_SAMPLE_RATE` in a loop of `beats` (default: one image) at a tempo in beats a minute."""
        return round((self.beats if beats is None else beats) * 60.0 * ENGINE_SAMPLE_RATE / beats_per_minute)

    def frames_for(self, loop_length: int, steps: int | None = None) -> int:
        """Frames of a loop of `loop_length` samples: a whole number a step, hops as near `hop_length` as that allows."""
        n_steps = self.steps if steps is None else steps
        hop = self.hop_length * ENGINE_SAMPLE_RATE / self.sample_rate
        return n_steps * max(1, round(loop_length / (hop * n_steps)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> MelSpectrogramSpec:
        """Rebuild a spec; raises VamenError that names a missing or unknown field."""
        try:
            return cls(**values)
        except TypeError as error:
            raise VamenError(f"The spectrogram spec is not complete ({error}); export the model again.") from error


PRESETS: dict[str, MelSpectrogramSpec] = {
    "hifi": MelSpectrogramSpec(
        name="hifi", sample_rate=44_100, n_fft=1024, hop_length=256, n_mels=512, n_frames=512, f_min=20.0, f_max=22_050.0,
        reference_level_db=0.0, dynamic_range_db=80.0, beats=8, steps=32,
    ),
    "classic": MelSpectrogramSpec(
        name="classic", sample_rate=10_000, n_fft=400, hop_length=58, n_mels=512, n_frames=512, f_min=20.0, f_max=5_000.0,
        reference_level_db=0.0, dynamic_range_db=80.0, beats=8, steps=32,
    ),
}  # fmt: skip


def hz_to_mel(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel scale: linear below 1 kHz, logarithmic above (Slaney, Auditory Toolbox, 1998; librosa's default)."""
    return np.where(
        frequency < 1000.0, 3.0 * frequency / 200.0, 15.0 + 27.0 * np.log(np.maximum(frequency, 1e-9) / 1000.0) / np.log(6.4)
    )


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of `hz_to_mel`."""
    return np.where(mel < 15.0, 200.0 * mel / 3.0, 1000.0 * np.exp(np.log(6.4) * (mel - 15.0) / 27.0))


@lru_cache(maxsize=8)
def mel_filter_bank(spec: MelSpectrogramSpec) -> FloatArray:
    """Triangles of peak 1 on the mel scale, none narrower than one FFT bin on either side: (n_mels, n_bins).

    Without the widening, most rows below 1 kHz fall between two bins, stay empty, and the bass is lost.
    """
    bin_width = spec.sample_rate / spec.n_fft
    bins = np.arange(spec.n_bins) * bin_width
    limits = hz_to_mel(np.array([spec.f_min, spec.f_max]))
    edges = mel_to_hz(np.linspace(limits[0], limits[1], spec.n_mels + 2))
    centre = edges[1:-1, None]
    below = np.maximum(centre - edges[:-2, None], bin_width)
    above = np.maximum(edges[2:, None] - centre, bin_width)
    distance = bins[None, :] - centre
    bank = np.clip(1.0 - np.where(distance < 0.0, -distance / below, distance / above), 0.0, None).astype(np.float32)
    bank.setflags(write=False)
    return bank


@lru_cache(maxsize=8)
def analysis_window(n_fft: int) -> FloatArray:
    """Periodic Hann window of `n_fft` samples."""
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)
    window.setflags(write=False)
    return window


def frame_positions(n_frames: int, loop_length: int) -> NDArray[np.int64]:
    """Sample at which each frame of a ring is centred: round(i * loop_length / n_frames), in integers: (n_frames,)."""
    return (np.arange(n_frames, dtype=np.int64) * 2 * loop_length + n_frames) // (2 * n_frames)


def short_time_spectrum(segment: FloatArray, centres: NDArray[np.int64], n_fft: int) -> NDArray[np.complex64]:
    """Spectra of the frames centred at `centres` (m,) of a segment or ring (wraps at its end): (m, n_fft // 2 + 1).

    Phases refer to the centre of a frame (zero-phase window), so neighbouring bins of one sinusoid agree in phase.
    """
    half = n_fft // 2
    window = analysis_window(n_fft)
    halves = np.lib.stride_tricks.sliding_window_view(np.concatenate([segment[-half:], segment, segment[:half]]), half)
    # Second half of the window first: the FFT then sees the centre at its origin, and no phase ramp has to be undone.
    frames = np.empty((len(centres), n_fft), dtype=np.float32)
    np.multiply(halves[centres + half], window[half:], out=frames[:, :half])
    np.multiply(halves[centres], window[:half], out=frames[:, half:])
    return scipy.fft.rfft(frames, axis=1, workers=fft_workers(len(frames)))


def fft_workers(batch: int) -> int:
    """Threads for a batch of FFTs; the result does not depend on it. A few frames of one step are not worth waking a second
    thread, and on a busy machine waiting for it costs milliseconds."""
    return 2 if batch >= _BATCH_FOR_TWO_THREADS else 1


def spectrum_scale(n_fft: int) -> float:
    """Factor that makes a full-scale sine on a bin read 1.0."""
    return 2.0 / float(analysis_window(n_fft).sum())


def mel_power(samples: FloatArray, spec: MelSpectrogramSpec, n_frames: int | None = None) -> FloatArray:
    """Mel power of a periodic loop (n,) at `ENGINE_SAMPLE_RATE`, full-scale sine = 1: (n_mels, n_frames)."""
    frames = spec.n_frames if n_frames is None else n_frames
    n_fft = spec.n_fft_engine
    spectrum = short_time_spectrum(np.asarray(samples, dtype=np.float32), frame_positions(frames, len(samples)), n_fft)
    magnitude = np.abs(spectrum[:, : spec.n_bins]) * np.float32(spectrum_scale(n_fft))
    return np.asarray(_sparse_bank(spec) @ np.square(magnitude).T, dtype=np.float32)


def image_from_audio(samples: FloatArray, spec: MelSpectrogramSpec, n_frames: int | None = None) -> Image:
    """The 8-bit image of a periodic loop of whole beats (n,) at `ENGINE_SAMPLE_RATE`: (n_mels, n_frames), low rows first.

    The loop may have any tempo; frame i of n_frames (default: the spec's) is centred at round(i * n / n_frames).
    Raises VamenError when the loop is shorter than one analysis window.
    """
    if len(samples) < spec.n_fft_engine:
        raise VamenError(
            f"The loop has {len(samples)} samples, fewer than one analysis window ({spec.n_fft_engine}); use a longer loop."
        )
    level = 10.0 * np.log10(np.maximum(mel_power(samples, spec, n_frames), 1e-12))
    unit = (level - spec.reference_level_db) / spec.dynamic_range_db + 1.0
    return np.rint(np.clip(unit, 0.0, 1.0) * 255.0).astype(np.uint8)


def unit_image(image: NDArray[Any]) -> FloatArray:
    """An image as the model sees it: float32 in 0..1, whether it came as 8-bit pixels or as floats."""
    if image.dtype == np.uint8:
        return image.astype(np.float32) / np.float32(255.0)
    return np.asarray(image, dtype=np.float32)


def power_from_image(image: NDArray[Any], spec: MelSpectrogramSpec) -> FloatArray:
    """Mel power, full-scale sine = 1; the darkest pixel is silence, not 80 dB below: same shape as the image."""
    unit = unit_image(image)
    exponent = (unit - 1.0) * np.float32(spec.dynamic_range_db / 10.0) + np.float32(spec.reference_level_db / 10.0)
    power = np.exp(exponent * np.float32(np.log(10.0)))
    # Half a grey step above black, so that a decoder's near-black is silent too.
    power[unit < 0.5 / 255.0] = 0.0
    return power


def stretch_columns(image: FloatArray, n_frames: int, half_window: float) -> FloatArray:
    """A periodic image at another tempo: (n_mels, columns) -> (n_mels, n_frames), float 0..1.

    Column j stands at frame j * n_frames / columns, but an attack keeps its own pace for the few columns that show it, and the
    sound on either side of it makes up for that: stretched attacks would be slow ones. Between columns the levels are
    interpolated. A frame follows from the columns within `STRETCH_REACH` of its place; at the canonical tempo the image comes
    back unchanged. `half_window` is the spec's `half_window_columns`.
    """
    columns = image.shape[1]
    if columns == n_frames:
        return image
    position = _source_columns(image, n_frames, half_window)
    left = np.floor(position).astype(np.int64)
    fraction = (position - left).astype(np.float32)
    return image[:, left % columns] * (1.0 - fraction) + image[:, (left + 1) % columns] * fraction


def _source_columns(image: FloatArray, n_frames: int, half_window: float) -> NDArray[np.float64]:
    """Where in an image (n_mels, columns) each frame of a ring of `n_frames` is read, in columns: (n_frames,)."""
    columns = image.shape[1]
    even = np.arange(n_frames) * (columns / n_frames)
    rise, strength = _steepest_rises(image)
    # Windows see an attack coming: the steepest rise of a picture in decibels is early by half of what they reach ahead.
    attack = rise + half_window / 2
    if not len(attack):
        return even
    ratio = n_frames / columns
    gap = np.diff(attack, append=attack[0] + columns)
    after = np.minimum(_ATTACK_YIELD, gap / 2)
    before = np.roll(after, 1)
    # Columns kept at their own pace on either side; the map stays increasing whatever the tempo.
    kept_before = np.minimum(half_window * strength, 0.75 * before * min(1.0, ratio))
    kept_after = np.minimum((half_window + _ATTACK_BODY_COLUMNS) * strength, 0.75 * after * min(1.0, ratio))
    place = attack + np.stack([-before, -kept_before / ratio, kept_after / ratio, after])
    source = attack + np.stack([-before, -kept_before, kept_after, after])
    shifts = columns * np.arange(-1, 2)[:, None]
    return np.interp(even, (shifts + place.T.ravel()).ravel(), (shifts + source.T.ravel()).ravel())


def _steepest_rises(image: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the levels of a periodic image rise steeply, in columns, increasing, and how surely that is an attack: 0..1.

    The rise over two columns, averaged over a band, in the band where it is steepest: a lone kick counts as much as a snare.
    """
    first_rows = np.arange(_ATTACK_BANDS + 1) * len(image) // _ATTACK_BANDS
    level = np.add.reduceat(image, first_rows[:-1], axis=0, dtype=np.float64) / np.diff(first_rows)[:, np.newaxis]
    # Three columns more on either side, from around the ring.
    level = np.concatenate([level[:, -3:], level, level[:, :3]], axis=1)
    all_rises = (level[:, 2:] - level[:, :-2]).max(axis=0)
    two_before, one_before, rise, one_after, two_after = (all_rises[place : place + image.shape[1]] for place in range(5))
    is_peak = (rise > one_before) & (rise >= one_after) & (rise > two_before) & (rise >= two_after)
    found = np.flatnonzero(is_peak & (rise > _ATTACK_RISE[0]))
    top, left, right = rise[found], one_before[found], one_after[found]
    offset = 0.5 * (left - right) / np.minimum(left - 2.0 * top + right, -1e-9)
    strength = np.clip((top - _ATTACK_RISE[0]) / (_ATTACK_RISE[1] - _ATTACK_RISE[0]), 0.0, 1.0)
    return found + np.clip(offset, -0.5, 0.5), strength


@lru_cache(maxsize=8)
def _sparse_bank(spec: MelSpectrogramSpec) -> scipy.sparse.csr_array:
    """The filter bank as a sparse matrix: at most a few per cent of it is not zero."""
    return scipy.sparse.csr_array(mel_filter_bank(spec))


def save_png(path: Path | str, image: Image) -> None:
    """Write an image (n_mels, n_frames) as a greyscale PNG, low frequencies at the bottom, pixels unchanged."""
    from PIL import Image as PillowImage

    PillowImage.fromarray(np.ascontiguousarray(image[::-1])).save(path, format="PNG")


def load_png(path: Path | str) -> Image:
    """Read what `save_png` wrote: uint8 (n_mels, n_frames). Raises VamenError when it is no greyscale picture."""
    from PIL import Image as PillowImage
    from PIL import UnidentifiedImageError

    try:
        with PillowImage.open(path) as picture:
            return np.asarray(picture.convert("L"), dtype=np.uint8)[::-1].copy()
    except (OSError, UnidentifiedImageError) as error:
        raise VamenError(f"{path} cannot be read as a picture ({error}); use a PNG that VAmEn wrote.") from error
