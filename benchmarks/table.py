"""One line of the table, and the table as text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from benchmarks.machine import bytes_text, seconds_text

Reach = Literal["whole", "stopped", "scaled"]
_SIGNS: Final[dict[Reach, str]] = {"whole": "", "stopped": "> ", "scaled": "~ "}


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Args:
        work: what was done, with its count.
        reference_seconds: time of the reference; None: there is none.
        engine_seconds: time of the engine; of both the best of some repetitions, the engine's caches empty each time.
        reach: the reference did the whole work, was stopped before its end (so the ratio is at least this), or did a
            part whose time was scaled.
        note: what the reference is where it is not the plain version, and how the results were compared; says so where
            there is no second route.
        target_seconds: at most this on two quiet cores; None: no target.
        peak_bytes: largest resident memory of a process of its own that does just this; None: not measured.
        target_bytes: at most this.
    """

    work: str
    reference_seconds: float | None
    engine_seconds: float
    reach: Reach = "whole"
    note: str = ""
    target_seconds: float | None = None
    peak_bytes: int | None = None
    target_bytes: int | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.reference_seconds is None else self.reference_seconds / self.engine_seconds

    @property
    def met(self) -> bool | None:
        """Whether every target was met in this run; None: there is none."""
        if self.target_seconds is None:
            return None
        fits = self.target_bytes is None or (self.peak_bytes is not None and self.peak_bytes <= self.target_bytes)
        return self.engine_seconds <= self.target_seconds and fits

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


def same_result(work: str, same: bool) -> str:
    """The note of a line whose two results were compared.

    Raises:
        RuntimeError: they differ, so the times mean nothing.
    """
    if not same:
        raise RuntimeError(f"{work}: the two routes disagree")
    return "same result"


def table(lines: Sequence[Line]) -> str:
    """The lines as text columns, the notes below them."""
    rows = [("", "work", "reference", "engine", "ratio", "target", "")]
    for number, line in enumerate(lines, start=1):
        rows.append((f"{number}", line.work, *_figures(line)))
    widths = [max(len(row[column]) for row in rows) for column in range(7)]
    text = []
    for place, work, reference, engine, ratio, target, met in rows:
        cells = (
            place.rjust(widths[0]),
            work.ljust(widths[1]),
            reference.rjust(widths[2]),
            engine.rjust(widths[3]),
            ratio.rjust(widths[4]),
            target.ljust(widths[5]),
            met,
        )
        text.append("  ".join(cells).rstrip())
    notes = [
        textwrap.fill(line.note, 116, initial_indent=f"{number:>2}  ", subsequent_indent="    ")
        for number, line in enumerate(lines, start=1)
        if line.note
    ]
    return "\n".join([text[0], "-" * max(map(len, text)), *text[1:], "", "How compared:", *notes])


def _figures(line: Line) -> tuple[str, str, str, str, str]:
    """Reference, engine, ratio, target, and whether it was met."""
    sign = _SIGNS[line.reach]
    reference, ratio = "—", "—"
    if line.reference_seconds is not None and line.ratio is not None:
        reference = sign + seconds_text(line.reference_seconds)
        ratio = f"{sign}{line.ratio:,.{1 if line.ratio < 10 else 0}f}×"
    engine = seconds_text(line.engine_seconds)
    if line.peak_bytes is not None:
        engine += f", {bytes_text(line.peak_bytes)}"
    target = "" if line.target_seconds is None else f"≤ {seconds_text(line.target_seconds)}"
    if line.target_bytes is not None:
        target += f", {bytes_text(line.target_bytes)}"
    return reference, engine, ratio, target, {True: "met", False: "NOT met", None: ""}[line.met]
