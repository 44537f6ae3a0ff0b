"""The document on scale, as ``./run bench --write`` makes it of what it measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.machine import seconds_text
from benchmarks.own_server import ROOT
from benchmarks.parity import between_marks

DOCUMENT: Final = ROOT / "docs" / "scale.md"


@dataclass(frozen=True)
class Line:
    """Line of the table.

    Args:
        work: what was done, with its count.
        engine: seconds of the engine, its caches empty; None of a line that is about no time.
        plain: of the plain program; None where it does no such work.
        authors: of the authors' program, where it is installed.
        scaled: the plain program did a part of the work, and its time is scaled.
        remark: content of a line that is about no time.
    """

    work: str
    engine: float | None
    plain: float | None = None
    authors: float | None = None
    scaled: bool = False
    remark: str = ""

    def __str__(self) -> str:
        cells = [self.figure]
        for other, ratio in zip((self.plain, self.authors), self.ratios, strict=True):
            sign = "~ " if self.scaled and other is self.plain else ""
            cells += ["" if other is None else sign + seconds_text(other), ratio]
        return f"{self.work:<76}{cells[0]:>12}" + "".join(f"{cell:>13}" for cell in cells[1:])

    @property
    def figure(self) -> str:
        """What was measured of the engine."""
        return self.remark or ("" if self.engine is None else seconds_text(self.engine))

    @property
    def ratios(self) -> tuple[str, str]:
        """How many times as long the plain program took, and the authors'."""
        plain, authors = (
            f"{one / self.engine:,.0f}×" if one and self.engine else "" for one in (self.plain, self.authors)
        )
        return f"~ {plain}" if self.scaled else plain, authors


HEAD: Final = f"{'work':<76}{'engine':>12}{'plain':>13}{'ratio':>13}{'authors':>13}{'ratio':>13}"


def with_lines(text: str, here: Mapping[str, str | int], lines: Sequence[Line]) -> str:
    """The document with its tables made anew.

    Args:
        here: the machine, as :func:`benchmarks.machine.machine` describes it.
        lines: all that were measured, in one run.
    """
    described = [f"| {key.replace('_', ' ')} | {value} |" for key, value in here.items()]
    beside = [f"| {line.work} | {' | '.join(line.ratios)} |" for line in lines if any(line.ratios)]
    alone = [f"| {line.work} | {line.figure} |" for line in lines if not any(line.ratios)]
    text = between_marks(text, "machine", ["| | |", "|---|---|", *described])
    text = between_marks(text, "beside", ["| work of the engine | plain | authors |", "|---|--:|--:|", *beside])
    return between_marks(text, "alone", ["| | |", "|---|---|", *alone])
