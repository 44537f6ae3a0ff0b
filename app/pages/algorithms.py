"""The list of candidate algorithms of one analysis."""

from __future__ import annotations

from functools import partial
from typing import Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.codecs import alignment_of
from app.db.reads import algorithms as reads
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow
from app.listing.page import Paged, paged, read_cursor, write_cursor
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.candidates import HuedPage, algorithm_of, frequent_tables, locate_with_scope, verdicts_of
from app.pages.formulas import (
    IRREDUNDANT_LABELS,
    AlgorithmView,
    FractionView,
    PlacedView,
    VerdictView,
    algorithm_view,
    placed_views,
)
from app.pages.place import Place
from app.pages.shared import Counts, ScopeView, counts_of, network_view
from pluriscope.naming import ExplanationRef

Sort = Literal["order", "valid", "minimal", "iia", "gates", "variables", "depth"]
Irredundance = Literal["irredundant-gates", "irredundant-functions", "irredundant-literals"]
Emptiness = Literal["", "not_analysed", "computing", "failed", "cancelled", "none_exist", "truncated", "filtered_out"]
SORT_LABELS: Final[dict[Sort, str]] = {
    "order": "simplest first",
    "valid": "most valid alignments",
    "minimal": "most minimal alignments",
    "iia": "best IIA",
    "gates": "fewest gates",
    "variables": "fewest variables",
    "depth": "least depth",
}


class AlgorithmsOptions(ScopeOptions):
    """Options of the list of algorithms."""

    aligned: bool = Field(False, description="Only algorithms with at least one valid alignment.")
    minimal: bool = Field(False, description="Only algorithms with at least one minimal alignment.")
    irredundant: list[Irredundance] = Field(
        [], max_length=3, description="Redundancy classes that the algorithms must all belong to."
    )
    variables: int | None = Field(None, ge=0, le=64, description="Exact number of variables.")
    q: str = Field(
        "", max_length=200, description="Piece of the formula or of the identity text; & | ! may stand for ∧ ∨ ¬."
    )
    sort: Sort = Field("order", description="Order of the list; ties in the protocol's order.")
    after: str = Field("", max_length=200, description="Cursor: where the page before ended.")
    limit: int = Field(50, ge=1, le=500, description="Algorithms on a page.")

    @property
    def wanted(self) -> reads.AlgorithmFilter:
        return reads.AlgorithmFilter(
            self.aligned, self.minimal, tuple(self.irredundant), self.variables, self.q.strip()
        )


class AlgorithmItem(PageModel):
    """One line of the list."""

    algorithm: AlgorithmView
    url: str
    ref: str = Field(description="How a comparison's address names it.")
    verdicts: list[VerdictView] = Field(description="The three redundancy classes.")
    n_valid: BigInt
    n_minimal: BigInt
    n_kept: int = Field(description="Alignments stored: valid ones up to the protocol's limit, and the best that fail.")
    truncated_at: int | None = Field(description="Valid alignments stored when the limit was reached, else None.")
    best: FractionView | None = Field(description="Best IIA of any kept alignment, None if none is kept.")
    best_places: list[PlacedView] = Field([], description="Placement of the first kept alignment.")
    best_url: str = Field("", description="Address of that alignment.")


class Totals(PageModel):
    """Sums over a list of algorithms."""

    algorithms: BigInt
    aligned: int
    valid: BigInt
    minimal: BigInt


class Facet(PageModel):
    """One thing to filter by, with the number of algorithms that have it."""

    option: str
    value: str
    label: str
    n: int
    chosen: bool

    @property
    def count(self) -> int:
        return self.n

    @property
    def checked(self) -> bool:
        return self.chosen


class AlgorithmsPage(Paged, HuedPage):
    """Candidate algorithms of one analysis."""

    counts: Counts | None = Field(description="How many explanations the analysis found; None if nothing is stored.")
    items: list[AlgorithmItem]
    totals: Totals = Field(description="Of the algorithms that the filters let through.")
    of: Totals = Field(description="Of all algorithms of the analysis.")
    n_candidates: BigInt = Field(description="Algorithms that compute the task, stored or not.")
    search: Literal["listed", "by_support"] = Field(
        description="Whether each candidate was tried, or trees were grown only where the network supports their "
        "variables; then the simplest ones and every one that can be placed are stored, and the others fail."
    )
    every: Totals = Field(description="Of all candidates, stored or not.")
    truncated_at: int | None
    placements_untried: bool = Field(
        description="Whether some algorithm's placements were not searched, there being too many of them."
    )
    facets: list[Facet]
    filtered: bool = Field(description="Whether any filter is chosen.")
    sort: Sort
    q: str
    emptiness: Emptiness = Field(
        description="Why the list is empty: these are never the same; empty text if it is not."
    )
    after: str
    bare_url: str = Field(description="The list without any filter.")
    analyse_url: str = Field(description="POST here to run the analysis.")

    @property
    def sorts(self) -> dict[Sort, str]:
        """The orders to choose from, in words."""
        return SORT_LABELS

    def options_of(self, option: str) -> list[Facet]:
        """The facets of one option, for the form."""
        return [facet for facet in self.facets if facet.option == option]


def build_algorithms(
    session: Session, addresses: Addresses, network: str, options: AlgorithmsOptions
) -> AlgorithmsPage:
    """The list that an address names.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: a cursor that no page gave out.
    """
    place, scope = locate_with_scope(session, addresses, network, options)
    url = partial(addresses.algorithms, place.row.slug, place.scope)
    rows: list[AlgorithmRow] = []
    totals = of = reads.AlgorithmTotals(0, 0, 0, 0)
    facets, cursor = [], None
    if place.shown is not None:
        after = read_cursor(options.after, _order(options)) if options.after else None
        rows, cursor = reads.algorithms_after(
            session, place.shown.id, options.wanted, sort=options.sort, after=after, limit=options.limit
        )
        of = reads.algorithm_totals(session, place.shown, reads.EVERY)
        totals = reads.algorithm_totals(session, place.shown, options.wanted)
        facets = _facets(place.shown, options)
    first_alignments = reads.first_alignments(session, rows)
    following = None if cursor is None else write_cursor(_order(options), cursor)
    return AlgorithmsPage.showing(
        options,
        network=network_view(place.row, addresses),
        scope=scope,
        hue_tables=frequent_tables(session, place),
        counts=None if place.shown is None else counts_of(place.shown),
        items=[_item(row, first_alignments.get(row.id), place, addresses) for row in rows],
        totals=Totals.showing(totals),
        of=Totals.showing(of),
        n_candidates=0 if place.shown is None else place.shown.algorithms_candidates,
        search="by_support" if place.shown and place.shown.distributions.get("candidates") else "listed",
        every=_every(place.shown),
        truncated_at=None if place.shown is None else place.shown.algorithms_truncated_at,
        placements_untried=place.shown is not None and reads.placements_untried(session, place.shown),
        facets=facets,
        filtered=options.wanted != reads.EVERY,
        emptiness="" if rows else _emptiness(place, scope, of.algorithms),
        **paged(options, url, following),
        bare_url=url(),
        analyse_url=addresses.analyses(place.row.slug),
    )


def _order(options: AlgorithmsOptions) -> str:
    return f"algorithms {options.sort}"


def _item(row: AlgorithmRow, first: AlignmentRow | None, place: Place, addresses: Addresses) -> AlgorithmItem:
    algorithm = algorithm_of(row, place)
    return AlgorithmItem.showing(
        row,
        algorithm=algorithm_view(algorithm),
        url=addresses.algorithm(place.row.slug, row.algorithm_id, place.scope),
        ref=str(ExplanationRef("algorithm", row.algorithm_id)),
        verdicts=verdicts_of(row),
        best=None if row.best_of is None else FractionView(agreed=row.best_agreed or 0, of=row.best_of),
        best_places=[] if first is None else placed_views(algorithm, alignment_of(first, algorithm.text).alignment),
        best_url=""
        if first is None
        else addresses.alignment(place.row.slug, row.algorithm_id, first.alignment_id, place.scope),
    )


def _every(analysis: AnalysisRow | None) -> Totals:
    """Totals of all candidates, as they were kept with the analysis."""
    if analysis is None:
        return Totals(algorithms=0, aligned=0, valid=0, minimal=0)
    return Totals(
        algorithms=analysis.algorithms_candidates,
        aligned=analysis.algorithms_aligned,
        valid=analysis.alignments_valid,
        minimal=analysis.alignments_minimal,
    )


def _facets(analysis: AnalysisRow, options: AlgorithmsOptions) -> list[Facet]:
    wanted = reads.AlgorithmFilter
    choices = [
        ("aligned", "1", "with a valid alignment", wanted(aligned=True), options.aligned),
        ("minimal", "1", "with a minimal one", wanted(minimal=True), options.minimal),
        *(
            ("irredundant", key, label, wanted(irredundant=(key,)), key in options.irredundant)
            for key, label in IRREDUNDANT_LABELS.items()
        ),
        *(
            ("variables", str(n), str(n), wanted(variables=n), n == options.variables)
            for n in reads.numbers_of_variables(analysis)
        ),
    ]
    return [
        Facet(option=option, value=value, label=label, n=reads.n_algorithms(analysis, passing), chosen=chosen)
        for option, value, label, passing, chosen in choices
    ]


def _emptiness(place: Place, scope: ScopeView, n_stored: int) -> Emptiness:
    """Why a list is empty: the three kinds of spec §7, and that filters let nothing through."""
    if place.shown is None or (scope.partial and not n_stored):
        return scope.state if scope.state in ("computing", "failed", "cancelled") else "not_analysed"
    if n_stored:
        return "filtered_out"
    return "truncated" if place.shown.algorithms_truncated_at is not None else "none_exist"
