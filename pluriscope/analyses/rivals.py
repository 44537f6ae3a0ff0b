"""Rivals as pages show them: the circuits that differ most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from analysis.circuit_sets.rivals import PairFound, RivalsReport
from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.blocks import Action, Block, Figure, Notice, Prose, Section, Side
from pluriscope.figures.numbers import noun
from pluriscope.naming import ExplanationRef


def _thumb(report: RivalsReport, of: AnalysisContext) -> Markup:
    if report.pair is None:
        return Markup("")
    first, _ = _drawn(report.pair, of)
    return first


def _page(report: RivalsReport, of: AnalysisContext) -> Iterator[Block]:
    pair = report.pair
    if not report.complete:
        yield Notice(
            f"These are the {noun(report.of, 'listed circuit')}",
            "Not all valid ones are listed.",
            "Others may differ more.",
        )
    if pair is None:
        return
    distance = f"{'' if pair.exact else 'at least '}{pair.distance}"
    pale = "" if of.kind.refuses("edge-weights") else f"Pale: {of.part}s that both keep."
    told = Notice(
        f"Jaccard distance {distance}",
        f"1 would be circuits without a common {of.part}. {pale}",
        actions=[Action("Compare these two", of.compare(map(of.ref, pair.masks)), True)],
    )
    yield Side((*_both(pair, of), told))


def farthest(report: RivalsReport, of: AnalysisContext) -> Iterator[Block]:
    """The two circuits of a transformer that are farthest apart, where a perceptron has its fair pair."""
    pair = report.pair
    compare = None if pair is None else Action("Compare the two", of.compare(map(of.ref, pair.masks)))
    yield Section("The two farthest apart", "same rules, both valid", compare, id="pair")
    if pair is not None:
        yield Side([*_both(pair, of)])
    yield Prose(" ".join(report.findings(of.question)))


def _both(pair: PairFound, of: AnalysisContext) -> Iterator[Figure]:
    for mask, drawn in zip(pair.masks, _drawn(pair, of), strict=True):
        yield Figure(drawn, Markup("{}, {}").format(of.circuit(mask), noun(int(mask, 16).bit_count(), of.part)))


def _drawn(pair: PairFound, of: AnalysisContext) -> list[Markup]:
    """Both circuits; pale is what they share."""
    shared = int(pair.masks[0], 16) & int(pair.masks[1], 16)
    return [of.thumb(mask, shared) for mask in pair.masks]


def _about(report: RivalsReport | None, of: AnalysisContext, ref: ExplanationRef) -> Iterator[Block]:
    """That a circuit is one of the most different."""
    if report is not None and report.pair is not None and ref.kind == "circuit" and ref.first in report.pair.masks:
        action = Action("Rivals", of.links.analysis(of.slug, "rivals", of.scope))
        yield Notice("It is one of the two circuits that differ most from each other", actions=[action])


def _brief(report: RivalsReport) -> str:
    if report.pair is None:
        return ""
    first, second = (int(mask, 16) for mask in report.pair.masks)
    return f"two share {(first & second).bit_count()} of {(first | second).bit_count()}"


SHOWN: Final = Shown(_thumb, _page, _brief, "one of the two", about=_about)
