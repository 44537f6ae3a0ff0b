"""What lenses tell of the algorithm that a network carries: a chapter from the rows of readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from analysis.lenses.registry import LENS_BY_KEY
from benchmarks.findings.record import table_text
from benchmarks.findings.rows import table_of
from benchmarks.findings.words import listed, percent

ROWS, BY_WIDTH = "readers", "who-can-tell"
OUTPUTS, READ_OFF, READERS = "outputs", "read off", ("line", "kernel")
ELSEWHERE: Final = {"who-can-tell-activation": "", "who-can-tell-task": "of three inputs, "}
"""The other studies, with what stands before their levels."""
CHOSEN: Final = ("outputs", "shapley", "gradient-corners")
HIGH, LITTLE, PATHS, NEARLY = 0.9, 0.03, 0.8, 0.98
"""What was expected, as the design says it."""


class Told(NamedTuple):
    """Networks of one level told right by one reader of one lens."""

    study: str
    level: str
    lens: str
    reader: str
    networks: int
    right: int
    base: float
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.right / self.networks


def numbers() -> dict[str, object]:
    """What the chapter is filled with."""
    _, lines = table_of(ROWS)
    found = [
        Told(study, level, lens, reader, int(networks), int(right), float(base), float(low), float(high))
        for study, level, lens, reader, networks, right, base, low, high in lines
    ]
    widths = list(dict.fromkeys(one.level for one in found if one.study == BY_WIDTH))
    shapley = [one for one in found if (one.study, one.lens, one.reader) == (BY_WIDTH, "shapley", "kernel")]
    above = [one.level[0] for one in shapley if one.low > one.base]
    read_off = [one for one in found if one.reader == READ_OFF]
    return {
        "by_width": _by_width(found, widths),
        "elsewhere": _elsewhere(found),
        "above": listed(above),
        "not_above": listed(one.level[0] for one in shapley if one.level[0] not in above) or "none",
        "read_off": listed(f"{one.right} of {one.networks}" for one in read_off if one.study == BY_WIDTH),
        "read_off_else": f"{sum(one.right for one in read_off):,} of {sum(one.networks for one in read_off):,}",
        "expected": _expected(found),
    }


def _by_width(found: Sequence[Told], widths: Sequence[str]) -> str:
    own = {(one.lens, one.reader, one.level): one for one in found if one.study == BY_WIDTH}
    rows = [["networks", *(f"{own[OUTPUTS, 'line', w].networks}" for w in widths)]]
    rows += [["the more frequent algorithm", *(percent(own[OUTPUTS, "line", w].base) for w in widths)]]
    for lens in dict.fromkeys(one.lens for one in found if one.study == BY_WIDTH and one.reader == "line"):
        rows.append([_name(lens), *(_both([own[lens, reader, w] for reader in READERS]) for w in widths)])
    return table_text(["line, kernel", *(f"width {width[0]}" for width in widths)], rows)


def _elsewhere(found: Sequence[Told]) -> str:
    rows = []
    for study, before in ELSEWHERE.items():
        own = {(one.level, one.lens, one.reader): one for one in found if one.study == study}
        for level in dict.fromkeys(level for level, _, _ in own):
            some = [_both([own[level, lens, reader] for reader in READERS]) for lens in CHOSEN]
            first = own[level, CHOSEN[0], "line"]
            rows.append([f"{before}{level.replace('_', ' ')}", f"{first.networks}", percent(first.base), *some])
    return table_text(["line, kernel", "networks", "more frequent", *map(_name, CHOSEN)], rows)


def _both(readers: Sequence[Told]) -> str:
    return ", ".join(percent(one.share) for one in readers)


def _name(lens: str) -> str:
    key, _, part = lens.partition(", ")
    label = LENS_BY_KEY[key].label if key in LENS_BY_KEY else "outputs alone, no lens"
    return f"{label}, {part}" if part else label


def _expected(found: Sequence[Told]) -> str:
    """What was expected, in the order of the design, and whether it holds by the figures."""
    own = {(one.study, one.level, one.lens, one.reader): one for one in found}
    widths = [one.level for one in found if (one.study, one.lens, one.reader) == (BY_WIDTH, "shapley", "kernel")]
    kernel = {
        lens: [own[BY_WIDTH, w, lens, "kernel"] for w in widths] for lens in ("shapley", OUTPUTS, "path-patching")
    }
    lines = [one for one in found if one.reader == "line" and one.share >= HIGH]
    falls = [one for one in lines if own[(*one[:3], "kernel")].share < one.share - LITTLE]
    read = [one for one in found if one.reader == READ_OFF]
    narrow = [one for one in read if one.level not in ("4-4", "5-5")]
    verdicts = (
        (
            "Shapley values with a kernel lie above the base at widths 2 and 3",
            all(o.low > o.base for o in kernel["shapley"][:2]),
        ),
        (
            "outputs alone tell at least as much, less .05",
            all(o.share >= s.share - 0.05 for o, s in zip(kernel[OUTPUTS], kernel["shapley"], strict=True)),
        ),
        ("where a line tells .9 the kernel tells at most .03 less", not falls),
        (
            "path patching with a kernel tells .8 at widths 2 to 5",
            all(o.share >= PATHS for o in kernel["path-patching"]),
        ),
        (
            "read off: every network of at most three neurons a layer, and .98 of wider ones",
            all(o.right == o.networks for o in narrow) and all(o.share >= NEARLY for o in read),
        ),
    )
    return "\n".join(f"- {said}: {'holds' if holds else 'fails'}." for said, holds in verdicts)
