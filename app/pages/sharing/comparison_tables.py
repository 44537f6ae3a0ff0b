"""What a comparison and a funnel show, as tables to take away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.errors import BadQuery
from app.pages.compare.build import build_compare
from app.pages.compare.options import MOST_SHOWN, CompareOptions
from app.pages.compare.views import ComparePage
from app.pages.funnel import FunnelOptions, build_funnel
from app.pages.place import locate
from app.pages.sharing.about import about_place
from app.pages.sharing.exports import Cell, Table

MAX_CRUCIAL: Final = 2_000
"""Crucial experiments in a table; the most telling ones come first."""


def crucial_table(session: Session, addresses: Addresses, options: CompareOptions) -> Table:
    """The crucial experiments of a comparison, largest margin first.

    Raises:
        PageError: the comparison names nothing, or is not complete.
    """
    wanted = options.model_copy(update={"after": "", "limit": MOST_SHOWN})
    page = _comparison(session, addresses, wanted)
    letters = [item.letter for item in page.explanations]
    total = 0 if page.crucial is None else page.crucial.total
    about = (
        *_about(session, addresses, page, options, "Crucial experiments of a comparison"),
        f"Rows: {min(total, MAX_CRUCIAL)} of {total}, largest margin first.",
        "An explanation's column: what it predicts, 0 or 1; empty where it predicts nothing. output: of the network;",
        "decision: of the network by threshold; margin: distance of its output from there.",
    )

    def rows() -> Iterator[Sequence[Cell]]:
        given, n = page, 0
        while given.crucial is not None:
            for row in given.crucial.shown:
                if n == MAX_CRUCIAL:
                    return
                said = [None if value < 0 else value for value in row.predictions]
                yield (row.experiment, row.site, row.source, row.base, *said, row.decision, row.output, row.margin,
                       row.url)  # fmt: skip
                n += 1
            if given.crucial.next is None:
                return
            given = build_compare(session, addresses, wanted.model_copy(update={"after": given.crucial.next}))

    columns = ("experiment", "neurons", "source", "base", *letters, "decision", "output", "margin", "url")
    return Table(f"{_slug(page)}-crucial-experiments", about, columns, rows())


def agreement_table(session: Session, addresses: Addresses, options: CompareOptions) -> Table:
    """How often each two of a comparison predict the same, and each what the network does."""
    page = _comparison(session, addresses, options)
    about = (
        *_about(session, addresses, page, options, "Agreement of the explanations of a comparison"),
        "both: interventions on which both predict; same: of these those with the same prediction. Against 'network':",
        "both counts what the first predicts, same what is right.",
    )
    rows: list[Sequence[Cell]] = [(one.first, one.second, one.both, one.same) for one in page.pairs]
    rows += [(one.letter, "network", one.standing.predicted, one.standing.right) for one in page.explanations]
    return Table(f"{_slug(page)}-agreement", about, ("first", "second", "both", "same"), iter(rows))


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


def _comparison(session: Session, addresses: Addresses, options: CompareOptions) -> ComparePage:
    page = build_compare(session, addresses, options)
    if page.missing:
        raise BadQuery("this comparison", "is not complete", "choose two to six explanations first", "e")
    return page


def _slug(page: ComparePage) -> str:
    return "comparison" if page.network is None else page.network.slug


def _about(
    session: Session, addresses: Addresses, page: ComparePage, options: CompareOptions, what: str
) -> tuple[str, ...]:
    network = options.network[0] if options.network else ""
    named = [
        f"{item.letter} is {item.ref}" + (f" ({item.formula})" if item.formula else "") for item in page.explanations
    ]
    space = page.space
    sure = "" if space is None else (
        f"Interventions: {space.interventions}, {space.sets} of {space.possible_sets} sets of hidden neurons by "
        f"{space.pairs} ordered pairs of inputs."
    )  # fmt: skip
    return (*about_place(locate(session, addresses, network, options.scope), what), "; ".join(named) + ".", sure)
