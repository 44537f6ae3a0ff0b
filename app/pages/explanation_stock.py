"""What the list of all explanations draws on: the columns that its filters need, and one search through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from analysis.circuits.result import FRAGILE_MARGIN
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import FAILED, PASSED
from analysis.directions.result import CLASSES
from analysis.explanations.registry import BY_KEY
from app.db.errors import NotFound as NotStored
from app.db.reads.explanation_directions import direction_shelf, layer_column, map_column
from app.db.reads.explanation_shares import SHARES, shares_of
from app.db.reads.explanation_shelves import (
    CIRCUIT_KINDS,
    KINDS,
    CircuitShelf,
    ColumnShelf,
    Kind,
    RowShelf,
    Shelf,
    distinct_counts,
    frame_shelf,
    row_shelves,
)
from app.db.reads.explanation_verdicts import (
    Survivors,
    passing_bits,
    survivors_of_interpretations,
    unpacked_bits,
)
from app.db.reports import report_row
from app.db.stories import STORIES, stored_relations
from app.db.tables import AnalysisRow
from app.listing.page import bad_cursor
from app.listing.scan import Condition, Cursor, FacetCounts, Facets, Found, Order, added, find
from app.pages.explanation_filters import (
    STORY,
    ExplanationsOptions,
    circuit_column,
    failed_column,
    failed_of,
    step_column,
)
from app.pages.pending_work import SURVEY, search_of
from app.pages.place import Place

CLASS_COLUMNS: Final = ("irredundant_gates", "irredundant_functions", "irredundant_literals")


@dataclass(frozen=True)
class Stock:
    """What a list draws on.

    Args:
        place: of the list.
        analysis: the analysis.
        shelves: one for each kind that is looked at.
        survivors: of each circuit's interpretations those that pass the criteria, where asked for.
    """

    place: Place
    analysis: AnalysisRow
    shelves: dict[Kind, Shelf]
    survivors: Survivors | None


def n_before_filters(stock: Stock, kind: Kind, options: ExplanationsOptions) -> int:
    """Explanations of a kind before any filter but that of standing, which is there unless another is chosen."""
    shelf = stock.shelves[kind]
    if options.standing == "valid" and isinstance(shelf, ColumnShelf):
        return int(np.count_nonzero(shelf.columns["valid"]))
    return shelf.n


def take_stock(
    session: Session,
    place: Place,
    analysis: AnalysisRow,
    options: ExplanationsOptions,
    steps: Sequence[CriterionStep],
) -> tuple[Stock, list[str]]:
    """The shelves of an analysis with the columns that the criteria asked for need, and the criteria not computed."""
    rows = row_shelves(session, analysis, place.question.cut.sizes)
    relations = stored_relations(session, analysis, report_row(session, analysis, STORIES))
    shelves: dict[Kind, Shelf] = {}
    pending: list[str] = []
    survivors = None
    for kind in KINDS:
        if kind == "interpretation" and kind not in options.kinds:
            continue
        if kind == "direction":
            found = direction_shelf(session, analysis, rows["algorithm"], place.question.cut.n_hidden_layers)
            if found is not None:
                shelves[kind] = found
            continue
        bare: CircuitShelf | ColumnShelf
        if kind in BY_KEY:
            recorded = frame_shelf(session, analysis, kind)
            if recorded is None:
                if kind in options.kinds and not BY_KEY[kind].refuses(place.question):
                    pending.append(search_of(kind))
                continue
            bare = recorded
        else:
            bare = rows[kind] if kind in rows else CircuitShelf(session, analysis, kind)
        more: dict[str, Any] = {}
        if kind == "alignment" and isinstance(bare, RowShelf):
            shares = shares_of(session, analysis, bare)
            more |= shares or {}
            if shares is None and (options.sort in SHARES or {options.coverage_min, options.accuracy_min} != {None}):
                pending.append(SURVEY)
        if kind in CIRCUIT_KINDS and relations is not None:
            more[STORY] = relations
        elif kind in CIRCUIT_KINDS and options.story and kind in options.kinds:
            pending.append(STORIES)
        asked = [step for step in steps if step.criterion.applies_to(kind)]
        columns = {step_column(step): step for step in asked}
        failed = {failed_column(step): step for step in failed_of(options) if step.criterion.applies_to(kind)}
        wanted = {*columns, *failed}
        missing: list[str] = []
        if kind == "interpretation":
            of_circuits = {circuit_column(step): step for step in steps if "circuit" in step.kinds}
            wanted |= of_circuits.keys()
            missing += _add_bits(session, analysis, CircuitShelf(session, analysis, "circuit"), of_circuits, more)
            survivors = survivors_of_interpretations(session, analysis, asked) if asked else None
            if survivors is not None:
                more |= dict.fromkeys(columns, survivors.some)
            elif asked:
                missing += map(str, asked)
        else:
            if kind in options.kinds or len(asked) == len(steps):
                missing += _add_bits(session, analysis, bare, columns, more)
            missing += _add_bits(session, analysis, bare, failed, more, FAILED)
        pending += missing if kind in options.kinds else []
        if not wanted <= more.keys() and kind not in options.kinds:
            continue
        shelves[kind] = (
            bare.with_columns(more) if isinstance(bare, ColumnShelf) else CircuitShelf(session, analysis, kind, more)
        )
    return Stock(place, analysis, shelves, survivors), list(dict.fromkeys(pending))


def _add_bits(
    session: Session,
    analysis: AnalysisRow,
    shelf: Shelf,
    columns: Mapping[str, CriterionStep],
    more: dict[str, Any],
    outcome: int = PASSED,
) -> list[str]:
    """Add columns that say what of a shelf has an outcome under criteria; the criteria that are not computed."""
    missing = []
    for name, step in columns.items():
        packed = passing_bits(session, analysis, shelf, step, outcome)
        if packed is None:
            missing.append(str(step))
        else:
            more[name] = unpacked_bits(packed, shelf.n)
    return missing


def search(
    stock: Stock,
    options: ExplanationsOptions,
    conditions: Sequence[Condition],
    after: Cursor | None,
    limit: int = 0,
) -> Found:
    """One page of the list and the counts of its facets."""
    order = Order(options.sort, options.order == "desc", after, limit or options.limit)
    try:
        counted = Facets(
            stock.place.question.layout,
            (*CLASS_COLUMNS, *direction_flags(stock)),
            {kind: BY_KEY[kind].faceted for kind in BY_KEY if kind in options.kinds},
            lambda kind, facets: _kept_counts(stock.analysis, kind, options.kinds, facets),
        )
        return find(list(stock.shelves.values()), options.kinds, conditions, order, counted)
    except NotStored:
        raise bad_cursor(options.after) from None


def direction_flags(stock: Stock) -> list[str]:
    """The columns by which alignments on directions are counted: classes of maps, layers, joint interchange."""
    if "direction" not in stock.shelves:
        return []
    layers = range(1, stock.place.question.cut.n_hidden_layers + 1)
    return [*map(map_column, CLASSES), *map(layer_column, layers), "joint"]


def _kept_counts(analysis: AnalysisRow, kind: Kind, chosen: frozenset[Kind], facets: FacetCounts) -> bool:
    """The counts of all circuits, as they were kept with the analysis; False where they must be counted anew."""
    spread = analysis.distributions
    lowest = spread["margin_range"][0] if spread["margin_range"] else 0.0
    fragile = spread.get("fragile", 0 if lowest >= FRAGILE_MARGIN else None)  # not counted by earlier versions
    if kind != "circuit" or spread["of"] != analysis.circuits_listed or fragile is None:
        return False
    n = analysis.circuits_listed
    facets.kinds[kind] += n
    if kind not in chosen:
        return True
    facets.after += n  # nothing of them is lost on the way
    facets.valid += n
    facets.with_margin += n
    facets.fragile += fragile
    for name in ("edges", "neurons"):
        facets.values[name].update(dict(spread[name]))
    facets.edges = np.array(spread["edge_use"], dtype=np.int64)
    facets.neurons = added(facets.neurons, np.array([u for layer in spread["neuron_use"] for u in layer]))
    return True


def n_interpretations(session: Session, analysis: AnalysisRow, facets: FacetCounts) -> int:
    """Interpretations of the circuits that pass, exactly."""
    if facets.ranks is None:
        return analysis.interpretations_total if facets.kinds["circuit"] else 0
    values = distinct_counts(session, analysis, "interpretations")
    return sum(values[rank] * count for rank, count in enumerate(facets.ranks.tolist()) if count)


def position_of(stock: Stock, algorithm: str) -> int | None:
    if not algorithm or "algorithm" not in stock.shelves:
        return None
    try:
        return stock.shelves["algorithm"].locate(algorithm)[0]
    except NotStored:
        return None
