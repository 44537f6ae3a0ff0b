"""Rivals as pages show them: the circuits that differ most, and a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from markupsafe import Markup

from analysis.circuit_sets.rivals import PairFound, RivalsReport
from analysis.networks.circuit import Circuit
from app.figures.numbers import noun
from app.figures.svg.summaries import circuit_map
from pluriscope.analyses.shown import Shown, Subject
from pluriscope.blocks import Action, Block, Figure, Notice, Prose, Section, Side
from pluriscope.naming import ExplanationRef

_UNREAD: Final = (
    "None is right where another is wrong: the circuits of a transformer are not interpreted, and a circuit alone "
    "predicts nothing about interventions."
)
_SCALING: Final = "found by classical scaling of the square roots of Jaccard's distances"


def _thumb(report: RivalsReport, of: Subject) -> Markup:
    return _map(report, f"{noun(report.of, 'circuit')} by the {of.part}s they share; the two farthest apart are joined")


def _map(report: RivalsReport, sentence: str, **more: Any) -> Markup:
    placed = report.map
    if placed is None or not placed.masks:
        return Markup("")
    places = list(zip(placed.masks, placed.x, placed.y, strict=True))
    return circuit_map(places, report.pair.masks if report.pair else (), sentence=sentence, **more)


def _page(report: RivalsReport, of: Subject) -> Iterator[Block]:
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
    pale = "" if of.ask is None else f"Pale: {of.part}s that both keep."
    told = Notice(
        f"Jaccard distance {distance}",
        f"1 would be circuits without a common {of.part}. {pale}",
        actions=[Action("Compare these two", of.compare(map(of.ref, pair.masks)), True)],
    )
    yield Side((*_both(pair, of), told))
    yield from _mapped(report, of)


def farthest(report: RivalsReport, of: Subject) -> Iterator[Block]:
    """The two circuits of a transformer that are farthest apart, where a perceptron has its fair pair."""
    pair = report.pair
    compare = None if pair is None else Action("Compare the two", of.compare(map(of.ref, pair.masks)))
    yield Section("The two farthest apart", "same rules, both valid", compare, id="pair")
    if pair is not None:
        yield Side([*_both(pair, of)])
    yield Prose(f"{' '.join(report.findings(None, of.part))} {_UNREAD}")


def _both(pair: PairFound, of: Subject) -> Iterator[Figure]:
    shared = int(pair.masks[0], 16) & int(pair.masks[1], 16)
    more = {} if of.ask is None else {"shared": Circuit(of.question.layout, shared).keep}
    for mask in pair.masks:
        named = Markup("{}, {}").format(of.circuit(mask), noun(int(mask, 16).bit_count(), of.part))
        yield Figure(of.thumb(mask, **more), named)


def _mapped(report: RivalsReport, of: Subject) -> Iterator[Block]:
    placed = report.map
    if placed is None or not placed.masks:
        return
    many = len(placed.masks)
    of_all = f" of {report.of:,}" if many < report.of else ""
    told = f"{noun(many, 'circuit')}{of_all} in the plane that keeps most of their distances, {_SCALING}."
    if placed.kept is not None:
        told += f" It keeps {placed.kept:.0%} of their variance"
        told += f"; distances on it and Jaccard's correlate at {placed.correlation:.2f}" if placed.correlation else ""
        told += ", so near marks need not be similar circuits."
    yield Section("Map", "near each other where they share most", id="map")
    drawn = _map(report, told, width=720.0, height=360.0, url=of.circuit_url)
    yield Figure(drawn, f"{told} Joined: the most different two.")


def _about(report: RivalsReport | None, of: Subject, ref: ExplanationRef) -> Iterator[Block]:
    """That a circuit is one of the most different."""
    if report is not None and report.pair is not None and ref.kind == "circuit" and ref.first in report.pair.masks:
        action = Action("Rivals", of.links.analysis(of.slug, "rivals", of.scope))
        yield Notice("It is one of the two circuits that differ most from each other", actions=[action])


def _brief(report: RivalsReport) -> str:
    if report.pair is None:
        return ""
    first, second = (int(mask, 16) for mask in report.pair.masks)
    return f"two share {(first & second).bit_count()} of {(first | second).bit_count()}"


SHOWN: Final = Shown(_thumb, _page, _brief, about=_about)
