"""Page of circuits on the box of patched values: how many hold, the smallest, and points at which others fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.page_kit.blocks import Action, Block, More, Notice, Prose, Section, Table
from pluriscope_criteria.boxes.criteria import KINDS
from pluriscope_criteria.boxes.report import Point, RobustReport

_SHOWN: Final = 12
_COLUMNS: Final = ("Circuit", "Row", "Absent sources carry", "Outputs")
_READING: Final = """
An edge that a circuit leaves out still carries something. Under the rules that is one value, such as 0; here it is
anything from the least to the most that its source is in the whole network on the clean rows, the same on all absent
edges of a source. *Proved* is shown by bounds that hold for real numbers, *refuted* by a point at which the bounds
themselves say that the decision is wrong. What a point says can be set in Play, neuron by neuron.
A circuit that is robust need not be valid: where 0 lies outside a range, it may be wrong with 0 on what is absent. So
the smallest robust circuit is looked for among all circuits. How many of its size there are, and how many of them are
robust, says how likely a circuit drawn of that size is one.
"""


def _values(values: Mapping[str, float], most: int = 8) -> str:
    some = [f"{name} {value:.4g}" for name, value in values.items()]
    some = [*some[:most], f"and {len(some) - most} more"] if len(some) > most else some
    return _numbers(", ".join(some)) or "nothing is absent"


def _numbers(text: str) -> str:
    return text.replace("-", "−")


def _page(report: RobustReport, of: AnalysisContext[Any]) -> Iterator[Block]:
    if report.outcomes.get("undecided"):
        words = f"{report.outcomes['undecided']:,} circuits were neither proved nor refuted."
        yield Notice("Not all is decided", words)
    if report.smallest:
        yield Section("Smallest robust circuits", "of all circuits, valid by the rules or not")
        yield Prose(", ".join(f"[c·{mask}]({of.circuit_url(mask)})" for mask in report.smallest), glossary=False)
    yield Section("Minimal among robust circuits", "of the valid circuits that were judged")
    columns = ("Meaning", "Minimal", "Not, or not robust", "Undecided")
    rows = [
        (KINDS[kind][0].partition(",")[0], *(found.get(one, 0) for one in ("passed", "failed", "undecided")))
        for kind, found in report.minimal.items()
    ]
    yield Table.plain(columns, rows)
    if report.points:
        some = report.points[:_SHOWN]
        yield Section("Where circuits fail", f"the smallest {len(some)} of {report.outcomes['failed']:,}")
        yield Table.plain(_COLUMNS, [(of.circuit(one.mask), *_cells(one)) for one in some])
    yield More("How to read it", lambda: [Prose(_READING)])


def _cells(one: Point) -> tuple[str, str, str]:
    return one.row, _values(one.carried), _numbers(", ".join(f"{value:.4g}" for value in one.outputs))


def _about(report: RobustReport | None, of: AnalysisContext[Any], ref: ExplanationRef) -> Iterator[Block]:
    """What was found of one circuit: the point at which it fails."""
    one = next((one for one in report.points if one.mask == ref.first), None) if report is not None else None
    if ref.kind == "circuit" and one is not None:
        words = f"On row {one.row} it decides wrong where absent sources carry this: {_values(one.carried)}."
        url = of.links.analysis(of.slug, "robust", of.scope)
        yield Notice("It fails on the box of patched values", words, actions=[Action("All points", url)])


SHOWN: Final = Shown(_page, about=_about)
