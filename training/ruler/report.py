"""The report: one table for the terminal, and one HTML file with pictures side by side and sound beside them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image as PillowImage
from rich.table import Table

from bridge.limiter import limit_ring
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, FloatArray
from training.ruler.figures import Line, number

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 110em; padding: 0 1em; color: #222; }
table { border-collapse: collapse; } td, th { padding: .2em .8em; text-align: left; border-bottom: 1px solid #ddd; }
th[colspan] { padding-top: 1.2em; } .missed, .worse { color: #b00020; font-weight: 600; } .met { color: #1b6e35; }
.row { display: flex; flex-wrap: wrap; gap: 1em; } figure { margin: 0; width: 400px; }
img { width: 400px; height: 300px; background: #000; } audio { width: 400px; } figcaption { min-height: 1.5em; }
.crosstalk td { text-align: right; border: 1px solid #fff; }
"""


@dataclass(frozen=True)
class Shown:
    """One picture (n_mels, n_frames) in 0..1 with the loop (n,) to hear beside it."""

    caption: str
    image: FloatArray
    samples: FloatArray


@dataclass(frozen=True)
class Example:
    """Pictures that belong side by side."""

    title: str
    shown: tuple[Shown, ...]


@dataclass(frozen=True)
class Crosstalk:
    """What each knob moves, in standard deviations: values (axis, descriptor)."""

    axes: tuple[str, ...]
    descriptors: tuple[str, ...]
    values: NDArray[np.float64]


def terminal_table(title: str, lines: Sequence[Line]) -> Table:
    """The table that is printed; a claim is named where the figure is worse than it."""
    table = Table(title=title, title_justify="left")
    for heading in ("figure", "value", "beside", "bar", "verdict"):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for section, of_section in groupby(lines, key=lambda line: line.figure.section):
        table.add_section()
        table.add_row(f"[bold]{section}")
        for line in of_section:
            colour = "red" if line.missed_by or line.worse_than_claimed else "green"
            verdict = "; ".join(part for part in (line.verdict, _claim(line)) if part)
            table.add_row(line.figure.label, line.stated, line.beside, line.asked, f"[{colour}]{verdict}" if verdict else "")
    return table


def html(
    title: str, facts: Sequence[str], lines: Sequence[Line], examples: Sequence[Example], crosstalk: Crosstalk | None
) -> str:
    """A page that needs no other file: figures, pictures as PNG, loops as FLAC.

    :param facts: sentences about what was measured
    """
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>',
        f"<h1>{escape(title)}</h1>",
        *(f"<p>{escape(fact)}</p>" for fact in facts),
        _html_table(lines),
    ]
    if crosstalk is not None:
        parts += ["<h2>What each knob moves</h2>", _html_crosstalk(crosstalk)]
    for example in examples:
        parts += [f'<h2>{escape(example.title)}</h2><div class="row">', *map(_html_figure, example.shown), "</div>"]
    return "\n".join([*parts, "</html>"]) + "\n"


def _claim(line: Line) -> str:
    if line.claimed is None or not line.worse_than_claimed:
        return ""
    return f"WORSE than the card's {number(line.claimed, line.figure.unit)}"


def _html_table(lines: Sequence[Line]) -> str:
    rows = ["<table><tr><th>figure<th>value<th>beside<th>bar<th>verdict<th>the card's claim</tr>"]
    for section, of_section in groupby(lines, key=lambda line: line.figure.section):
        rows.append(f'<tr><th colspan="6">{escape(section)}</tr>')
        for line in of_section:
            claim = "" if line.claimed is None else number(line.claimed, line.figure.unit)
            verdict, claimed = "missed" if line.missed_by else "met", "worse" if line.worse_than_claimed else "met"
            rows.append(
                f"<tr><td>{escape(line.figure.label)}<td>{escape(line.stated)}<td>{escape(line.beside)}<td>{escape(line.asked)}"
                f'<td class="{verdict}">{escape(line.verdict)}<td class="{claimed}">{claim}</tr>'
            )
    return "\n".join([*rows, "</table>"])


def _html_crosstalk(crosstalk: Crosstalk) -> str:
    rows = ["<p>From 0 to 1, in standard deviations of the training images, density regressed out.</p>"]
    rows.append(
        '<table class="crosstalk"><tr><th>knob' + "".join(f"<th>{escape(name)}" for name in crosstalk.descriptors) + "</tr>"
    )
    for name, values in zip(crosstalk.axes, crosstalk.values, strict=True):
        cells = "".join(f'<td style="background: {_shade(value)}">{value:+.2f}' for value in values)
        rows.append(f"<tr><th>{escape(name)}{cells}</tr>")
    return "\n".join([*rows, "</table>"])


def _shade(value: float) -> str:
    """Blue below zero, orange above, full at three standard deviations."""
    return f"hsl({28 if value > 0.0 else 212} 85% {100.0 - 15.0 * min(abs(value), 3.0):.0f}%)"


def _html_figure(shown: Shown) -> str:
    pixels = np.rint(np.clip(shown.image[::-1], 0.0, 1.0) * 255.0).astype(np.uint8)
    picture, sound = io.BytesIO(), io.BytesIO()
    PillowImage.fromarray(pixels).save(picture, format="PNG", optimize=True)
    soundfile.write(sound, limit_ring(shown.samples), ENGINE_SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return (
        f"<figure><figcaption>{escape(shown.caption)}</figcaption>"
        f'<img alt="spectrogram: {escape(shown.caption)}" src="{_data_address("image/png", picture)}">'
        f'<audio controls loop preload="none" src="{_data_address("audio/flac", sound)}"></audio></figure>'
    )


def _data_address(kind: str, content: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
