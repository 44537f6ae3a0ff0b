"""A network as vessels: the level in a neuron's circle is its value, so that a run can be watched.

One scale holds for all levels of a drawing; a negative value hangs from the top, paler, and its number stands below. An
input is a bit, filled or empty. The output has a threshold of 0.5, above which it answers 1. Dark edges are kept, pale
ones cut, dashed ones have a negative weight; the edges into a forced neuron are pale, since they count no longer. Above
a neuron stands what an explanation reads it as: a truth table and words. ``static/live.js`` moves levels and numbers of
this drawing, whose neurons and edges it finds by their names.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from typing import Any, Final, TypedDict

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import Step, circle, drawing, esc, line, num, rect, straight, text, text_width
from pluriscope.figures.svg.layout import Frame, Site, Wiring, shortened
from pluriscope.figures.svg.networks import label_places
from pluriscope.figures.svg.tiles import PLAIN_HUES, Bits, Hues, table_name, tile_group, tile_shape, tile_size

MARK: Final = 0.5
"""Above it the output answers 1."""
Line = tuple[int, int, int]
"""Layer and neuron that a line leads to, and the neuron that it comes from."""
_GAP: Final = 3.0
_ALONE: Final[Mapping[Bits, str]] = {(0, 1, 0, 0): "only B", (0, 0, 1, 0): "only A"}
_COMPARED: Final[Mapping[Bits, str]] = {(0, 1, 1, 0): "different", (1, 0, 0, 1): "the same"}
_SIGNS: Final = {"∧": "and", "∨": "or", "⊕": "xor", "¬": "not "}


@dataclass(frozen=True)
class Geometry:
    """Sizes and margins of a drawing of vessels, in pixels.

    Args:
        name: class of the drawing.
        width: of the drawing.
        left: of it before the middle of the inputs.
        right: of it behind the middle of the output.
        top: above the middle of the highest vessel.
        bottom: below the middle of the lowest.
        gap: between neurons of a layer of up to three.
        radius: of a vessel there.
        letters: size of numbers.
        words: size of what is read.
        answer: side of the box with the answer.
        mark: what stands beside the mark.
        unknown: text for a value that is not known.
    """

    name: str
    width: float
    left: float
    right: float
    top: float
    bottom: float
    gap: float
    radius: float
    letters: float
    words: float
    answer: float
    mark: str
    unknown: str = ""

    def rows(self, most: int) -> tuple[float, float]:
        """Gap and radius for layers of up to so many neurons."""
        gap = self.gap if most <= 3 else max(self.gap * 2 / (most - 1), 0.55 * self.gap)
        return gap, min(self.radius, (gap - 3.2 * self.words) / 2)


WIDE: Final = Geometry("wide", 832, 52, 134, 90, 58, 150, 35, 13, 15, 38, "threshold 0.5")
NARROW: Final = Geometry("narrow", 358, 22, 63, 66, 40, 110, 20, 12.5, 13, 27, "0.5")
SMALL: Final = Geometry("small", 330, 20, 58, 24, 38, 57, 16, 12, 6, 26, "0.5", "?")


@dataclass(frozen=True)
class Reading:
    """Interpretation of a neuron by an explanation.

    Args:
        site: layer from 1, and neuron.
        table: truth table over the inputs.
        letter: of the explanation; "" where there is one alone.
        mark: value above which it says yes; nan where it is not known.
    """

    site: Site
    table: Bits
    letter: str = ""
    mark: float = math.nan


def in_words(table: Bits) -> str:
    """A function of one or two inputs as people say it, "A or B"; "" of more inputs, whose table speaks for itself."""
    words = "" if len(table) > 4 else _ALONE.get(table) or table_name(table)
    return "".join(_SIGNS.get(sign, sign) for sign in words)


def in_question(table: Bits) -> str:
    """The question that a neuron with this function answers, "is B 1?"."""
    if table in _COMPARED:
        return f"are A and B {_COMPARED[table]}?"
    words = in_words(table)
    return f"{'are both' if words == 'A and B' else 'are' if ' and ' in words else 'is'} {words} 1?"


def full_at(layers: Iterable[NDArray[np.float64]]) -> float:
    """The size at which a vessel is full: a tenth above the largest of ``layers``, each ``[rows, n_l]``, and at least
    1.
    """
    return max(1.0, 1.1 * max(float(np.abs(layer).max()) for layer in layers))


class Running(TypedDict):
    """Values that a browser needs to run a network as the engine does; layers from the first hidden one, activations
    with the values of their parameters.
    """

    names: list[list[str]]
    weights: list[list[list[float]]]
    biases: list[list[float]]
    activations: list[tuple[str | float, ...]]
    keep: list[list[list[bool]]] | None
    full: float


def running(network: Network, full: float, mask: object = None) -> Running:
    """A network, or a circuit whose absent edges carry 0, for ``static/live.js``.

    Args:
        network: cut to one output.
        full: the value at which a vessel is full.
        mask: hex, circuit or Boolean matrices; None cuts nothing.
    """
    wiring = Wiring.of(network.weights, mask)
    names = [[wiring.name((layer, n)) for n in range(size)] for layer, size in enumerate(wiring.sizes)]
    functions = [network.function_of(layer) for layer in range(1, len(wiring.sizes))]
    return {
        "names": names,
        "weights": [matrix.tolist() for matrix in network.weights],
        "biases": [vector.tolist() for vector in network.biases],
        "activations": [(one.name, *one.parameters.values()) for one in functions],
        "keep": None if wiring.keep is None else [matrix.tolist() for matrix in wiring.keep],
        "full": full,
    }


def level(x: float, y: float, radius: float, share: float) -> str:
    """The path of a vessel’s content, ``share`` of its height, from the top if negative; "" where it is empty."""
    part, down = min(abs(share), 0.985), int(share < 0)
    if part == 0:
        return ""
    height = y + (radius - 2 * radius * part) * (1 - 2 * down)
    half = math.sqrt(max(0.0, radius**2 - (height - y) ** 2))  # of hardly anything it is rounded to below 0
    r, top = num(radius), num(height)
    return f"M{num(x - half)} {top}A{r} {r} 0 {int(part > 0.5)} {down} {num(x + half)} {top}z"


def read_as(one: Reading, x: float, y: float, size: float, hues: Hues = PLAIN_HUES, row: int | None = None) -> str:
    """Letter, truth table and words in a row, its middle at (x, y), for the inside of a drawing.

    Args:
        one: what is read.
        x: its middle.
        y: likewise.
        size: of the words.
        hues: the network's hues, for more than two inputs.
        row: the input whose cell is outlined; None outlines none.
    """
    side, words = 1.2 * size, in_words(one.table)
    wide, _ = tile_size(one.table, side)
    box = side if one.letter else 0.0
    length = wide + (0.35 * size + 0.87 * text_width(words, size) if words else 0) + (box + 4 if box else 0)
    left = x - length / 2
    body = rect(left - 3, y - side / 2 - 2, length + 6, side + 4, "vs-ground")
    if one.letter:
        body += rect(left, y - side / 2, box, side, "vs-box")
        body += text(left + box / 2, y + 0.3 * size, one.letter, "vs-letter", anchor="middle")
        left += box + 4
    body += tile_group(left + wide / 2, y, side, one.table, hues.of(one.table))
    if row is not None:
        rows, columns = tile_shape(one.table)
        cell = wide / columns, side / rows
        at = left + cell[0] * (row % columns), y - side / 2 + cell[1] * (row // columns)
        body += rect(*at, *cell, "vs-here")
    body += text(left + wide + 0.35 * size, y + 0.33 * size, words, "vs-words")
    return f'<g class="vs-reading v-{hues.of(one.table)}">{body}</g>'


def cell_names(inputs: Sequence[str]) -> Markup:
    """An empty truth table of two inputs with the name of an input in each cell."""
    body = tile_group(38, 38, 72, (0, 0, 0, 0))
    for row, name in enumerate(inputs):
        body += text(20 + 36 * (row % 2), 24 + 36 * (row // 2), name, "vs-input", anchor="middle")
    sentence = f"The four cells of a square stand for the inputs {', '.join(inputs)}"
    return drawing(76, 76, body, sentence=sentence, sizing="exact")


@dataclass(frozen=True)
class Vessels:
    """Drawing of a network's run, each neuron a vessel filled to its value.

    Args:
        weights: matrices ``[n_l, n_(l-1)]`` of a network with one output.
        values: of layers 0 … L; None where the run has not come to yet.
        full: the value at which a vessel is full.
        geometry: sizes.
        sentence: what it shows.
        mask: what is kept, as :meth:`Wiring.of` takes it; None for all.
        readings: those of one neuron stand above each other in this order.
        hues: the network's hues, for more than two inputs.
        row: the input that runs, whose cell is outlined in every truth table; None outlines none.
        ringed: neurons with a ring.
        forced: neurons that do not compute their value, with words below; ringed, too.
        named: whether hidden neurons have their names, and lines their weights, which show when they are asked for.
        written: lines that carry something else than their neuron's value, with words and that value.
        was: values of another run, shown where they differ.
        steps: where a click on a neuron or line leads.
    """

    weights: Sequence[Any]
    values: Sequence[Sequence[float | None]]
    full: float
    geometry: Geometry = WIDE
    _: KW_ONLY
    sentence: str
    mask: object = None
    readings: Sequence[Reading] = ()
    hues: Hues = PLAIN_HUES
    row: int | None = None
    ringed: Collection[Site] = ()
    forced: Mapping[Site, str] = field(default_factory=dict)
    named: bool = False
    written: Mapping[Line, tuple[str, float]] = field(default_factory=dict)
    was: Sequence[Sequence[float | None]] | None = None
    steps: Mapping[tuple[int, ...], Step] = field(default_factory=dict)

    @cached_property
    def wiring(self) -> Wiring:
        """The network, or the circuit."""
        return Wiring.of(self.weights, self.mask)

    def drawn(self) -> Markup:
        """Root element of the drawing."""
        sizes, most = self.geometry, self.wiring.rows
        gap, radius = sizes.rows(most)
        bottom = sizes.bottom + (sizes.letters + 5 if self.was else 0)
        height = sizes.top + bottom + gap * (max(most, 2) - 1)
        inner = sizes.width - sizes.right + sizes.left, height + sizes.top - bottom
        frame = self.wiring.place(*inner, sizes.left, 0, gap)
        places = {site: round(y, 1) for site, y in frame.places.items()}
        frame = replace(frame, x=tuple(round(x, 1) for x in frame.x), places=places)
        lines, chosen = self._lines(frame, radius)
        body = lines + '<g class="vs-dots"></g>' + (self._weights(frame, radius) if self.named else "")
        body += "".join(self._vessel(site, frame, radius) for site in places) + chosen  # Tab comes to neurons first
        for column in self.wiring.columns:
            if column.n_hidden:
                body += text(*frame.lowest(column), f"+{column.n_hidden} more", "vs-value", anchor="middle")
        body += self._answer(*frame.at((self.wiring.last, 0)), radius)
        css_class = f"vessels {sizes.name}"
        return drawing(sizes.width, height, body, sentence=self.sentence, css_class=css_class, sizing="fluid")

    def _lines(self, frame: Frame, radius: float) -> tuple[str, str]:
        """The lines, and what is chosen of them, which ends at the vessels."""
        pale = dark = chosen = tags = ""
        for edge in frame.edges():
            here = (*edge.target, edge.source[1])
            if wrote := self.written.get(here):
                tags += self._tag(edge.ends, wrote[0])
            off = not edge.kept or edge.target in self.forced or (wrote and not wrote[1])
            if here in self.steps:
                chosen += self.steps[here].around(line(*shortened(edge.ends, radius, radius), "vs-hit"))
            css = f"{'e-neg' if edge.weight < 0 else 'e-pos'}{' vs-pale' if off else ''}"
            wide, name = self.wiring.thickness(edge, 1.2, 3.4), edge.name(self.wiring.sizes)
            drawn = f'<path class="{css}" data-el="{esc(name)}" d="{straight(edge.ends)}" stroke-width="{wide:g}"/>'
            pale, dark = (pale + drawn, dark) if off else (pale, dark + drawn)
        return pale + dark + tags, chosen

    def _tag(self, ends: tuple[float, float, float, float], words: str) -> str:
        """Number on a line, nearer to its start, where lines are apart."""
        (x1, y1, x2, y2), size = ends, self.geometry.letters
        x, y, half = x1 + (x2 - x1) * 0.36, y1 + (y2 - y1) * 0.36, text_width(words, size) / 2 + 5
        box = rect(x - half, y - 0.8 * size, 2 * half, 1.6 * size, "vs-box")
        return box + text(x, y + 0.35 * size, words, "vs-note", anchor="middle")

    def _weights(self, frame: Frame, radius: float) -> str:
        """The weight on each line, clear of the vessels with what stands below and above them."""
        below, size = self.geometry.letters + 8, 12.0
        taken = [
            (x - radius, y - radius - size - 6, x + radius, y + radius + below) for x, y in map(frame.at, frame.places)
        ]
        body = ""
        for edge, x, y in label_places(frame, taken, size)[0]:
            into = esc(self.wiring.name(edge.target))
            body += (
                f'<g class="vs-weight" data-into="{into}">{text(x, y, decimal(edge.weight), "", anchor="middle")}</g>'
            )
        return body

    def _vessel(self, site: Site, frame: Frame, radius: float) -> str:
        (layer, neuron), (x, y), sizes = site, frame.at(site), self.geometry
        name, value = self.wiring.name(site), self.values[layer][neuron]
        if layer == 0:
            r, ring = 0.82 * radius, 5 * (site in self.forced)
            body = circle(x, y, r, "vs-wall") + text(x, y + 6, f"{value:.2g}" if value is not None else "", "vs-bit")
            body += text(x, y - r - 9 - ring, name, "vs-name", anchor="middle")
            body += circle(x, y, r + ring, "vs-ring") if ring else ""
            body = f'<g class="vs vs-in{" vs-one" if value else ""}" data-el="{name}">{body}</g>'
            return self.steps[site].around(body) if site in self.steps else body
        gone, inner = self.wiring.cut[layer][neuron], radius - _GAP
        body = circle(x, y, radius, "vs-wall")
        filled = "" if gone or value is None else level(x, y, inner, value / self.full)
        below = " vs-below" if value is not None and value < 0 else ""
        body += f'<path class="vs-level{below}" data-at="{num(x)} {num(y)} {num(inner)}" d="{filled}"/>'
        words = "" if gone else sizes.unknown if value is None else decimal(value)
        old = value if self.was is None else self.was[layer][neuron]
        differs = not gone and old != value
        css = "vs-value vs-new" if differs else "vs-value"
        body += text(x, y + radius + sizes.letters + 6, words or "—" * (self.was is not None), css, anchor="middle")
        if self.named and layer < self.wiring.last:
            ring = 5 if site in self.ringed or site in self.forced else 0
            body += text(x, y - radius - ring - 7, name, "vs-site", anchor="middle")
        if site in self.ringed or site in self.forced:
            body += circle(x, y, radius + 5, "vs-ring")
        before = "" if not differs else "was beyond float64" if old is None else f"was {decimal(old)}"
        how = "" if before and self.geometry is NARROW else self.forced.get(site, "")
        if note := ", ".join(filter(None, (how, before))):
            body += text(x, y + radius + 2 * sizes.letters + 11, note, "vs-note", anchor="middle")
        here = [one for one in self.readings if one.site == site]
        marks = {"": MARK} if layer == self.wiring.last else {one.letter: one.mark for one in here}
        for turn, (letter, mark) in enumerate(marks.items()):
            if math.isnan(mark):
                continue
            up = y + inner - 2 * inner * min(max(mark / self.full, 0), 1)
            for side in ((-1, 1)[turn],) if letter else (-1, 1):  # of two each has a side of its own
                at = x + side * (radius + 2.5)
                body += line(at - 4.5, up, at + 4.5, up, "vs-mark")
                body += text(at + 13 * side, up + 4.5, letter, "vs-note", anchor="middle") if letter else ""
        above = radius + sizes.words + (5 if site in self.ringed or site in self.forced else 0)
        above += 1.2 * sizes.letters if self.named else 0
        for turn, one in enumerate(reversed(here)):
            body += read_as(one, x, y - above - 1.6 * turn * sizes.words, sizes.words, self.hues, self.row)
        body = f'<g class="vs{" vs-gone" if gone else ""}" data-el="{name}">{body}</g>'
        return self.steps[site].around(body) if site in self.steps else body

    def _answer(self, x: float, y: float, radius: float) -> str:
        side, out, inner = self.geometry.answer, self.values[-1][0], radius - _GAP
        threshold = y + inner - 2 * inner * MARK / self.full
        left, low = x + radius + 12, threshold - 9  # behind the vessel, and above its threshold
        decision = "?" if out is None else str(int(out > MARK))
        body = rect(left, low - side, side, side, "vs-frame")
        body += text(left + side / 2, low - side / 2 + 7, decision, "vs-said", anchor="middle")
        body += text(left - 2, threshold + 5, self.geometry.mark, "vs-label")
        return f'<g class="vs-answer vs-says-{"q" if decision == "?" else decision}">{body}</g>'
