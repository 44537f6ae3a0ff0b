"""What a comparison and a funnel show, as tables to take away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Annotated, Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.criteria.funnel_report import funnel_of
from app.addressing import Addresses
from app.options import ScopeOptions
from app.pages.analyses import of_network
from app.pages.compare.build import build_compare
from app.pages.compare.compared import Compared, Contradictions
from app.pages.compare.options import CompareOptions
from app.pages.place import locate_boolean
from app.pages.sharing.about import IN_SHORT, about_place
from app.pages.sharing.exports import Cell, Table
from pluriscope.analyses.funnel import steps_of
from pluriscope.analyses.registry import FUNNEL
from pluriscope.tables import Query

MAX_CRUCIAL: Final = 2_000
"""Crucial experiments in a table; the most telling ones come first."""


def crucial_table(session: Session, addresses: Addresses, options: CompareOptions) -> Table:
    """The interventions on which explanations contradict each other, most telling first.

    Raises:
        PageError: the comparison names nothing, or is not complete.
    """
    found = build_compare(session, addresses, options)
    listing = Contradictions(found)
    names = tuple(one.name for one in listing.columns)
    about = (
        *_about(found, "Where the explanations of a comparison contradict each other"),
        f"Rows: {min(len(found.trials.apart), MAX_CRUCIAL)} of {len(found.trials.apart)}, most telling first.",
        "An explanation's column: what it predicts; empty where it predicts nothing. output: of the network; decision:",
        "of the network by threshold; margin: distance of its output from there.",
    )
    rows = ([row[name] for name in names] for row in listing.select(Query(limit=MAX_CRUCIAL)).rows)
    return Table(f"{found.network.slug}-crucial-experiments", about, names, rows)


def agreement_table(session: Session, addresses: Addresses, options: CompareOptions) -> Table:
    """How often each two of a comparison predict the same, and each what the network does."""
    found = build_compare(session, addresses, options)
    about = (
        *_about(found, "Agreement of the explanations of a comparison"),
        "both: interventions on which both predict; same: of these those with the same prediction. Against 'network':",
        "both counts what the first predicts, same what is right.",
    )
    rows: list[Sequence[Cell]] = []
    for first, second in combinations(range(len(found.ones)), 2):
        pair = found.trials.pair(first, second)
        rows.append((found.letters[first], found.letters[second], pair.both, pair.same))
    rows += [(one.letter, "network", one.predicted, one.right) for one in found.ones]
    return Table(f"{found.network.slug}-agreement", about, ("first", "second", "both", "same"), iter(rows))


class FunnelOptions(ScopeOptions):
    """Options of the funnel's table."""

    criteria: list[Annotated[str, Field(max_length=200)]] = Field(
        [], max_length=33, description="The criteria in order; nothing: as recommended; `none`: no criterion."
    )


def funnel_table(session: Session, addresses: Addresses, network: str, options: FunnelOptions) -> Table:
    """What is left of each kind after each criterion of a sequence."""
    place = locate_boolean(session, addresses, network, options.scope)
    one = of_network(session, place, addresses, FUNNEL)
    report = funnel_of(one.subject.analysed, steps_of(" ".join(options.criteria)))
    about = (
        *about_place(place, "What is left after each criterion of a sequence"),
        f"Sequence: {' '.join(report.criteria) or 'none'}.",
        "left is exact where whole is true, else an upper bound; of interpretations left_least to left. Explanations",
        "that fail, are undecided or not asked (not_applicable) are not left. Empty: no verdicts are stored.",
    )
    columns = ("kind", "step", "criterion", "settings", "before", "passed", "failed", "undecided", "not_applicable",
               "left_least", "left", "whole", "state")  # fmt: skip

    def rows() -> Iterator[Sequence[Cell]]:
        for kind in report.kinds:
            begin = int(kind.begin)
            yield (kind.kind, 0, "", kind.begin_words, None, *[None] * 4, begin, begin, True, "")
            for number, row in enumerate(kind.rows, start=1):
                counts = (row.passed, row.failed, row.undecided, row.not_applicable)
                left = (row.left_least, row.left) if row.known else (None, None)
                told = [None if count is None else int(count) for count in (*counts, *left)]
                settings = ", ".join(f"{name} {value:g}" for name, value in row.step.changed.items())
                state = "stored" if row.known else "not_computed"
                yield (kind.kind, number, row.step.key, settings, int(row.before), *told, row.whole, state)

    return Table(f"{place.row.slug}-funnel", about, columns, rows())


def _about(found: Compared, what: str) -> tuple[str, ...]:
    named = "; ".join(
        f"{letter} is {one.ref} ({one.name})" for letter, one in zip(found.letters, found.ones, strict=True)
    )
    return (
        f"Pluriscope {ENGINE_VERSION}: {what}.",
        f"Network: {found.network.name} ({found.network.slug}), SHA-256 {found.network.digest}. {found.rules}.",
        f"{named}.",
        f"Asked: {found.of} {found.asked}. {found.bounded}".strip(),
        *IN_SHORT,
    )
