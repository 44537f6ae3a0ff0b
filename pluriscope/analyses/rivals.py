"""Rivals as pages show them: the circuits that differ most, the interpretations that contradict most, and a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from markupsafe import Markup

from analysis.circuit_sets.contradicting import ContradictionFound
from analysis.circuit_sets.rivals import RivalsReport
from analysis.networks.circuit import Circuit
from app.figures.numbers import noun
from app.figures.svg.summaries import circuit_map
from pluriscope.analyses.shown import Shown, Subject, listed
from pluriscope.blocks import Action, Block, Figure, Notice, Section, Side
from pluriscope.naming import ExplanationRef

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
    shared = int(pair.masks[0], 16) & int(pair.masks[1], 16)
    more = {} if of.ask is None else {"shared": Circuit(of.question.layout, shared).keep}
    distance = f"{'' if pair.exact else 'at least '}{pair.distance}"
    told = Notice(
        f"Jaccard distance {distance}",
        f"1 would be circuits without a common {of.part}. {f'Pale: {of.part}s that both keep.' if more else ''}",
        actions=[Action("Compare these two", of.compare(map(of.ref, pair.masks)), True)],
    )
    sizes = (noun(int(mask, 16).bit_count(), of.part) for mask in pair.masks)
    named = (Markup("{}, {}").format(of.circuit(mask), size) for mask, size in zip(pair.masks, sizes, strict=True))
    yield Side((*(Figure(of.thumb(mask, **more), name) for mask, name in zip(pair.masks, named, strict=True)), told))
    if of.ask is not None:
        yield _contradicting(report.contradicting, of)
    yield from _mapped(report, of)


def _contradicting(found: ContradictionFound | None, of: Subject) -> Notice:
    if found is None:
        return Notice("No two interpretations that were compared contradict each other")
    two = [
        ExplanationRef("interpretation", mask, index) for mask, index in zip(found.masks, found.indices, strict=True)
    ]
    links = (
        Markup('<a class="mono" href="{}">i·{}.{}</a>').format(
            of.links.interpretation(of.slug, one.first, int(one.second), of.scope), one.first, one.second
        )
        for one in two
    )
    compared = noun(found.of, "observed class", "observed classes")
    how = (
        f"No two of the {compared} differ more."
        if found.complete
        else f"{compared} were compared; others may differ more."
    )
    return Notice(
        Markup("{} contradict each other on {} of {}").format(
            listed(links, ""), f"{found.differ:,}", noun(found.n_interventions, "intervention")
        ),
        f"On each of these exactly one is right. {how}",
        actions=[Action("Compare the two", of.compare(map(str, two)))],
    )


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
    """That a circuit or interpretation is one of the most different."""
    if report is None:
        return
    among: set[tuple[str, str]] = set()
    if report.contradicting is not None:
        among |= set(zip(report.contradicting.masks, report.contradicting.indices, strict=True))
    masks = report.pair.masks if report.pair else ()
    action = Action("Rivals", of.links.analysis(of.slug, "rivals", of.scope))
    if ref.kind == "circuit" and ref.first in masks:
        yield Notice("It is one of the two circuits that differ most from each other", actions=[action])
    elif ref.kind == "interpretation" and (ref.first, ref.second) in among:
        yield Notice("It is one of the two interpretations that contradict each other most", actions=[action])


def _brief(report: RivalsReport) -> str:
    if report.pair is None:
        return ""
    first, second = (int(mask, 16) for mask in report.pair.masks)
    return f"two share {(first & second).bit_count()} of {(first | second).bit_count()}"


SHOWN: Final = Shown(_thumb, _page, _brief, about=_about)
