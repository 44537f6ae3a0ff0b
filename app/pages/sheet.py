"""The sheet: every explanation of one network as a small picture, by kind, what inputs cannot distinguish as one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.analysis.interpretations.gates import gate_name
from pluriscope.analysis.placements.map_classes import DIRECTIONS, map_class
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.pages.explanations import people_of
from pluriscope.figures.numbers import exact
from pluriscope.figures.svg.layout import node_name
from pluriscope.kinds.circuits import left_out_words
from pluriscope.kinds.columns import says
from pluriscope.page_kit.blocks import Block, Choice, Text
from pluriscope.tables.frames import KIND, Frame, Part
from pluriscope.tables.table import Query, Row

MOST: Final = 300
"""Pictures on one sheet."""
WIDE: Final = 8
"""Pictures beside each other."""
_NAMED: Final = 2
"""Parts that a caption names; of more their number is said."""
_EDGE: Final = re.compile(r'<path class="(e-[^"]*)" d="([^"]*)"( stroke-width="[^"]*")?/>')
_TITLE: Final = re.compile(r' role="img" aria-label="[^"]*"><title>.*?</title>', re.DOTALL)
_TABLE: Final = re.compile(r"([01]{9,})(.*)")
_LONG: Final = 14
"""Digits of a mask that stand in one line of a caption."""
_SIZES: Final = ("edges", "neurons", "gates")
ORDERS: Final = ("size", "predictions", "nearness")
"""How pictures of a kind may be ordered."""


def light(drawing: Markup) -> Markup:
    """A drawing beside its caption, which has the words: shorter, with edges that look alike as one path."""
    edges: dict[tuple[str, str], str] = {}
    for css, path, width in _EDGE.findall(drawing):
        edges[css, width] = edges.get((css, width), "") + path
    paths = "".join(f'<path class="{css}" d="{path}"{width}/>' for (css, width), path in edges.items())
    head, rest = _TITLE.sub(">", _EDGE.sub("", drawing)).split(">", 1)
    return Markup(f"{head}>{paths}{rest}")  # noqa: S704


@dataclass(frozen=True)
class Picture:
    """Picture on the sheet: of an explanation, or of one of several that inputs do not distinguish.

    Args:
        row: what is known of it.
        title: its formula, or what names it.
        lines: what else stands below it.
        called: a name that people gave it; "" for none.
    """

    row: Row
    title: Text
    lines: Sequence[Text]
    called: str = ""

    @property
    def drawing(self) -> Markup:
        """The picture itself."""
        return Markup() if self.row.drawing is None else light(self.row.drawing())


@dataclass(frozen=True)
class OfKind:
    """The pictures of one kind.

    Args:
        kind: its key.
        title: what several are called.
        says: what the kind is, in one line.
        n: pictures that pass the filters; more than are shown where these are not all.
        url: the sheet of this kind alone.
        pictures: those that are shown.
    """

    kind: str
    title: str
    says: str
    n: int
    url: str
    pictures: Sequence[Picture]

    @property
    def wide(self) -> int:
        """Columns that it takes."""
        return min(len(self.pictures), WIDE)


@dataclass(frozen=True)
class Sheet(Block):
    """The pictures of each kind; kinds with few stand beside each other.

    Args:
        kinds: in the order in which they stand.
        weighted: whether edges are drawn by their weights.
    """

    kinds: Sequence[OfKind]
    weighted: bool = True


@dataclass(frozen=True)
class Views(Block):
    """The ways to look at what a list has, and the orders of the present one.

    Args:
        views: the switch between them.
        orders: of pictures; None where the view has none.
        near: address of the sheet in the order of nearness, to which the browser adds what was picked last.
    """

    views: Choice
    orders: Choice | None = None
    near: str = ""


def sheet_of(
    frame: Frame,
    question: SubjectQuestion,
    row: NetworkRow,
    query: Query,
    url: Callable[[Query], str],
    by: str,
    near: str,
) -> list[OfKind]:
    """The pictures of each kind that pass the filters, as far as one sheet holds them.

    Args:
        frame: every explanation that is stored.
        question: that they answer.
        row: the network.
        query: which of them.
        url: of the sheet with another query.
        by: one of :data:`ORDERS`.
        near: the reference to which those nearest come first, where that is the order.
    """
    found = list(frame.positions(query))
    every = [_classes(part, positions) for part, _, positions in found]
    most = shared(MOST, [sum(one) for one in every])
    kinds = []
    for (part, start, positions), classes, n in zip(found, every, most, strict=True):
        rows = _rows(frame, part, query, start + positions, classes, n)
        pictures = list(_pictures(part.kind, rows, question, row))
        alone = url(query.but(KIND, part.kind))
        total = sum(classes)
        kinds.append(OfKind(part.kind, frame.called(part.kind), part.says, total, alone, pictures))
    order = _order(by, next((one.row for kind in kinds for one in kind.pictures if one.row.ref == near), None))
    return packed([replace(kind, pictures=sorted(kind.pictures, key=order)) for kind in kinds])


def shared(most: int, sizes: Sequence[int]) -> list[int]:
    """Divide a number of seats among several: each gets all that it needs, or as many as any other."""
    taken, left = [0] * len(sizes), most
    for nth, place in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        taken[place] = min(sizes[place], left // (len(sizes) - nth))
        left -= taken[place]
    return taken


def packed(kinds: Sequence[OfKind]) -> list[OfKind]:
    """The kinds line by line, each on the first line that has room for it."""
    lines: list[list[OfKind]] = []
    for kind in kinds:
        line = next((one for one in lines if sum(k.wide for k in one) + kind.wide <= WIDE), None)
        if line is None:
            lines.append([kind])
        else:
            line.append(kind)
    return [kind for line in lines for kind in line]


def _classes(part: Part, positions: NDArray[np.int64]) -> list[int]:
    """Number of pictures of each row."""
    if part.classes is None:
        return [1] * len(positions)
    return [int(part.classes.values[code]) for code in part.classes.codes[positions]]


def _rows(
    frame: Frame, part: Part, query: Query, positions: NDArray[np.int64], classes: Sequence[int], n: int
) -> list[Row]:
    """Select ``n`` pictures of rows: those that stand out, one of each other row, then further ones."""
    every, rows = frame.rows(positions[:n]), list[Row]()
    if part.few is not None and n < sum(classes):
        few = replace(frame, parts=(part.few,), _orders={})
        rows = [row for one, _, standing in few.positions(query) for row in few.rows_of(one, standing)]
    if part.apart is None or n < len(positions):
        return [*rows, *every][:n]
    start, standing = frame.starts[frame.parts.index(part)], {row.ref for row in rows}
    for row, position, many in zip(every, positions.tolist(), shared(n, classes), strict=True):
        readings = part.apart(position - start, range(many))
        found = [replace(one, values={**row.values, **one.values}) for one in readings] or [row]
        rows += [one for one in found if one.ref not in standing]
    return rows[:n]


# --- what stands below a picture


def _pictures(kind: str, rows: Sequence[Row], question: SubjectQuestion, network: NetworkRow) -> Iterator[Picture]:
    people = people_of(network)
    read = defaultdict[Any, set[int | None]](set)
    for row in rows:
        for site, function in (row["gates_of"] or {}).items():
            read[site].add(function)
    differ = [site for site in read if len(read[site]) > 1 and site[0] < len(question.subject.sizes) - 1]
    for row in rows:
        called = people.get(f"d-{row['algorithm']}.{(row['places'] or '').replace('@', ':')}", "")
        yield Picture(row, *_caption(kind, row, question, differ), called)


def short(mask: str) -> str:
    """A mask as captions have it: of a long one its ends."""
    return mask if len(mask) <= _LONG else f"{mask[:6]}…{mask[-5:]}"


def _caption(kind: str, row: Row, question: SubjectQuestion, differ: Sequence[Any]) -> tuple[Text, list[Text]]:
    if kind == "circuit":
        words = left_out_words(question, int(row["mask"], 16), _NAMED)
        title = Markup('<span class="mono">c-{}</span>').format(short(row["mask"]))
        return title, [f"{row['size']}, {words or 'all'}"]
    if kind == "interpretation":
        members = f"{exact(row['members'])} in " if row["members"] else ""
        return (row["marks"] or "") + _read(row, question, differ), [f"{members}c-{short(row['mask'])}", *_right(row)]
    found_by = next((map_class(one).label for one in DIRECTIONS if one in (row["classes"] or ())), "")
    is_empty = kind in ("alignment", "direction") and not row["places"]
    words = "no variables, so nothing to test" if is_empty else found_by or says(row)
    lines = [one for one in (words, *_right(row)) if one]
    if table := _TABLE.match(row["name"]):  # a function without a short formula
        title = Markup('<span class="mono">{}</span>').format(short(str(row.ref)))
        return title, [f"a table of {len(table[1])} rows{table[2]}", *lines]
    return Markup('<span class="f">{}</span>').format(row["name"]), lines


def _read(row: Row, question: SubjectQuestion, differ: Sequence[Any]) -> Markup:
    """Name the readings of those neurons that are not read alike in all pictures."""
    if not row["gates_of"]:
        return Markup('<span class="f">{}</span>').format(row["name"])
    sizes, gates = question.subject.sizes, row["gates_of"]
    named = [
        Markup('{} <span class="sans">on</span> {}').format(
            gate_name(gates[site], sizes[0]) or "a table", node_name(site[0], site[1], sizes)
        )
        for site in differ
        if site in gates
    ]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return Markup('<span class="f">{}</span>{}').format(Markup(", ").join(named[:_NAMED]) or row["name"], more)


def _right(row: Row) -> list[str]:
    """Say how many interventions it predicts right, or those do that inputs do not distinguish from it."""
    if row["right_in_class"]:
        low, high, of = row["right_in_class"]
        return [f"right on {exact(low)}{f'–{exact(high)}' if high > low else ''} of {exact(of)}"]
    return [f"right on {exact(row['predicts'][0])} of {exact(row['predicts'][1])}"] if row["predicts"] else []


# --- orders


def _order(by: str, near: Row | None) -> Callable[[Picture], Any]:
    """Sort key of pictures."""

    def size(one: Picture) -> tuple[int, int]:
        many = next((int(one.row[name]) for name in _SIZES if one.row[name] is not None), 0)
        return many, -len(one.row["irredundant"] or ())

    def right(one: Picture) -> tuple[int, int]:
        low, high, _ = one.row["right_in_class"] or (one.row["predicts"] or (-1,))[:1] * 2 + (0,)
        return -high, -low

    if by == "predictions":
        return right
    if by == "nearness" and near is not None:
        return lambda one: (distance(one.row, near), size(one))
    return size


def distance(one: Row, other: Row) -> int:
    """Count the edges, readings of neurons and sites of variables in which two explanations that have them differ."""
    mine, its = _parts(one), _parts(other)
    return sum(len(mine[name] ^ its[name]) for name in mine.keys() & its.keys())


def _parts(row: Row) -> Mapping[str, frozenset[Any]]:
    found: dict[str, frozenset[Any]] = {}
    if row["mask"]:
        mask = int(row["mask"], 16)
        found["edges"] = frozenset(bit for bit in range(mask.bit_length()) if mask >> bit & 1)
    if row["gates_of"]:
        found["gates"] = frozenset(row["gates_of"].items())
    if row["places"]:
        found["places"] = frozenset([row["algorithm"], *row["places"].replace(";", " ").split()])
    return found
