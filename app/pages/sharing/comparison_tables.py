"""What a comparison and a funnel show, as tables to take away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from app.addressing import Addresses
from app.pages.compare.build import build_compare
from app.pages.compare.compared import Compared, Contradictions
from app.pages.compare.options import CompareOptions
from app.pages.funnel import FunnelOptions, build_funnel
from app.pages.place import locate
from app.pages.sharing.about import about_place
from app.pages.sharing.exports import IN_SHORT, Cell, Table
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


def funnel_table(session: Session, addresses: Addresses, network: str, options: FunnelOptions) -> Table:
    """What is left of each kind after each criterion of a sequence."""
    page = build_funnel(session, addresses, network, options)
    place = locate(session, addresses, network, options.scope)
    about = (
        *about_place(place, "What is left after each criterion of a sequence"),
        f"Sequence: {' '.join(page.criteria) or 'none'}.",
        "left is exact where whole is true, else an upper bound; of interpretations left_least to left. Explanations",
        "that fail, are undecided or not asked (not_applicable) are not left. Empty: no verdicts are stored.",
    )
    columns = ("kind", "step", "criterion", "settings", "before", "passed", "failed", "undecided", "not_applicable",
               "left_least", "left", "whole", "state")  # fmt: skip

    def rows() -> Iterator[Sequence[Cell]]:
        for funnel in page.funnels:
            yield (funnel.kind, 0, "", funnel.begin_words, None, *[None] * 4, int(funnel.begin), int(funnel.begin),
                   True, "")  # fmt: skip
            for number, row in enumerate(funnel.rows, start=1):
                found = row.outcomes
                told: Sequence[Cell] = (None,) * 4
                if found is not None:
                    told = [int(n) for n in (found.passed, found.failed, found.undecided, found.not_applicable)]
                left: Sequence[Cell] = (None, None) if found is None else (int(row.left_least), int(row.left))
                yield (funnel.kind, number, row.key, row.settings, int(row.before), *told, *left, row.whole, row.state)

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
