"""What a comparison and a funnel show, as tables to take away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.funnel_report import funnel_of
from app.addressing import Addresses
from app.errors import BadQuery
from app.options import ScopeOptions
from app.pages.analyses import of_network
from app.pages.compare.build import build_compare
from app.pages.compare.options import MOST_SHOWN, CompareOptions
from app.pages.compare.views import ComparePage
from app.pages.place import locate, locate_boolean
from app.pages.sharing.about import about_place
from app.pages.sharing.exports import Cell, Table
from pluriscope.analyses.funnel import steps_of
from pluriscope.analyses.registry import FUNNEL

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
