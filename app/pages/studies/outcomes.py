"""The networks of a study one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.data import clean_data
from analysis.studies.cells import Cell, cells_of
from analysis.studies.design import StudyDesign
from analysis.studies.measures.measure import Measure, Measured
from analysis.studies.measures.registry import measures_of
from analysis.studies.outcome import CONVERGED, values_of
from analysis.studies.sources import SOURCES
from app.addressing import Addresses
from app.db.reads.studies import (
    OutcomeFilter,
    OutcomePlace,
    deleted_networks,
    outcome_places,
    outcome_rows,
    outcomes_at,
    state_counts,
    stored_slugs,
)
from app.db.studies import design_of
from app.db.study_summaries import summary_row
from app.db.study_tables import StudyOutcomeRow, StudyRow
from app.db.tables import AnalysisRow, NetworkRow
from app.errors import BadQuery
from app.figures.numbers import bounded_text
from app.listing.page import bad_cursor, browsed, order_name, read_cursor, write_cursor
from app.pages.studies.figures import measure_view, protocol_named
from app.pages.studies.options import OutcomesOptions
from app.pages.studies.stored import open_study, summary_key, summary_of
from app.pages.studies.strips import protocol_in_addresses, value_text
from app.pages.studies.views import OutcomeItem, OutcomesPage, ValueView
from app.recent import Recent
from pluriscope.naming import Scope

_LISTED: Final = "outcomes"
_ORDERS: Final = Recent[NDArray[np.int64]](16 << 20, lambda order: order.nbytes)
_OF_TRAINING: Final = ("state", "epochs", "loss")
MOST_WORDS: Final = 6  # of a set, in a table


def build_outcomes(session: Session, addresses: Addresses, study: str, options: OutcomesOptions) -> OutcomesPage:
    """Some of a study's networks, whatever became of them.

    Raises:
        NotFound: no such study.
        BadQuery: a protocol or cell that it does not have, or a cursor that no page gave out.
    """
    row = open_study(session, addresses, study)
    design = design_of(row)
    cells = cells_of(design)
    if options.cell is not None and options.cell >= len(cells):
        raise BadQuery(f"cell={options.cell}", "is not one of this study’s", f"use 0 to {len(cells) - 1}", "cell")
    protocol = protocol_named(design, options.protocol)
    states = _states(session, row)
    wanted = OutcomeFilter(_wanted_states(options, states), options.cell)
    measures, order = _measures(design), order_name(_LISTED, options)
    after = read_cursor(options.after, order, (int, int)) if options.after else None
    if not options.sort and options.order == "asc":
        found, total = outcome_rows(session, row.id, wanted, after=after, limit=options.limit + 1)
    else:
        places = _order_of(session, row, wanted, options, protocol)
        total, start = len(places), 0
        if after is not None:
            here = np.flatnonzero((places == np.array(after)).all(axis=1))
            if not len(here):
                raise bad_cursor(options.after)
            start = int(here[0]) + 1
        found = outcomes_at(session, row.id, list(map(tuple, places[start : start + options.limit + 1].tolist())))
    rows = found[: options.limit]
    following = write_cursor(order, [rows[-1].position, rows[-1].seed]) if len(found) > options.limit else None
    return OutcomesPage.showing(
        options,
        slug=row.slug,
        name=row.name,
        study_url=addresses.study(row.slug),
        data_words=SOURCES[design.source].judged_on,
        data_kept=any(one.data_digest for one in rows),
        protocol=protocol,
        measures=[measure_view(measure) for measure in measures.values()],
        total=total,
        reasons=dict(sorted(states.items())),
        cells=[cell.name for cell in cells],
        items=_items(session, addresses, design, rows, protocol),
        **browsed(options, partial(addresses.study_outcomes, row.slug), following, _sort_labels(measures), ()),
    )


def _sort_labels(measures: Mapping[str, Measure]) -> dict[str, str]:
    """The columns of the list by what sorts it; a set of formulas has no order."""
    return {"": "Network", "state": "Outcome", "epochs": "Epochs", "loss": "Loss"} | {
        key: measure.label for key, measure in measures.items() if measure.kind != "set"
    }


def _order_of(
    session: Session, row: StudyRow, wanted: OutcomeFilter, options: OutcomesOptions, protocol: str
) -> NDArray[np.int64]:
    """``[outcomes, 2]`` position and seed in the order asked for, kept until the study changes or is summed up anew."""
    stored = summary_row(session, row.id)

    def ordered() -> NDArray[np.int64]:
        places = _sorted_places(session, row, outcome_places(session, row.id, wanted), options, protocol)
        return np.array(places, dtype=np.int64).reshape(-1, 2)

    if stored is None:
        return ordered()
    return _ORDERS.of((summary_key(row, stored), wanted, options.sort, options.order, protocol), ordered)


def _sorted_places(
    session: Session, row: StudyRow, places: Sequence[OutcomePlace], options: OutcomesOptions, protocol: str
) -> list[tuple[int, int]]:
    """Position and seed of outcomes in the order asked for; ties by cell and seed, those without a value last.

    Raises:
        BadQuery: nothing that this study's networks can be sorted by.
    """
    sort = options.sort
    known: dict[tuple[int, int], Any]
    if not sort:
        known = {(one.position, one.seed): (one.position, one.seed) for one in places}
    elif sort in _OF_TRAINING:
        known = {(one.position, one.seed): getattr(one, sort) for one in places}
    else:
        labels = _sort_labels(_measures(design_of(row)))
        if sort not in labels:
            keys = ", ".join(key for key in labels if key)
            cause = "is not one of this study’s measures that have an order"
            raise BadQuery(f"sort {sort[:60]!r}", cause, f"use one of {keys}", "sort")
        groups = summary_of(session, row).groups(sort, protocol)
        known = {(point.position, point.seed): point.value for group in groups for point in group.points}
    all_places = [(one.position, one.seed) for one in places]
    valued = [place for place in all_places if known.get(place) is not None]
    rest = [place for place in all_places if known.get(place) is None]
    return sorted(valued, key=known.__getitem__, reverse=options.order == "desc") + rest


def _states(session: Session, row: StudyRow) -> dict[str, int]:
    counts: dict[str, int] = {}
    for (_, state), count in state_counts(session, row.id).items():
        counts[state] = counts.get(state, 0) + count
    return counts


def _wanted_states(options: OutcomesOptions, states: dict[str, int]) -> tuple[str, ...]:
    if options.why:
        return (options.why,)
    if options.state == "converged":
        return (CONVERGED,)
    if options.state == "failed":
        return tuple(state for state in states if state != CONVERGED) or ("none",)
    return ()


def _measures(design: StudyDesign) -> dict[str, Measure]:
    """What is measured of networks; what is measured of each method's answer is in the data alone, for its size."""
    found = measures_of(design.measures, design.criteria, design.methods)
    return {key: measure for key, measure in found.items() if not measure.of_answer}


def _items(
    session: Session, addresses: Addresses, design: StudyDesign, rows: Sequence[StudyOutcomeRow], protocol: str
) -> list[OutcomeItem]:
    digests = [row.network_digest for row in rows if row.network_digest]
    slugs, deleted = stored_slugs(session, digests), deleted_networks(session, digests)
    analysed = _analysed(session, digests, next(p.digest for p in design.protocols if p.name == protocol))
    measures, cells, clean = _measures(design), cells_of(design), clean_data(design.n_inputs).digest
    named = protocol_in_addresses(design, protocol)
    missing = {key: _value(key, ()) for key in measures}
    return [
        _item(
            row,
            cells[row.position],
            addresses,
            slugs,
            deleted,
            (row.network_digest, row.data_digest or clean) in analysed,
            missing,
            protocol,
            Scope(protocol=named, data=(row.data_digest or "")[:12]),
        )
        for row in rows
    ]


def _analysed(session: Session, digests: Sequence[str], protocol: str) -> set[tuple[str | None, str]]:
    """Networks and data records for which the full analysis under a protocol is stored."""
    rows = session.execute(
        select(NetworkRow.digest, AnalysisRow.data_digest)
        .join(AnalysisRow, AnalysisRow.network_id == NetworkRow.id)
        .where(NetworkRow.digest.in_(digests), AnalysisRow.protocol_digest == protocol, AnalysisRow.so_far == "")
    )
    return {(network, data) for network, data in rows}


def _item(
    row: StudyOutcomeRow,
    cell: Cell,
    addresses: Addresses,
    slugs: dict[str, str],
    deleted: set[str],
    analysed: bool,
    missing: dict[str, ValueView],
    protocol: str,
    scope: Scope,
) -> OutcomeItem:
    digest = row.network_digest or ""
    gone = slugs[digest] if digest in deleted else ""
    slug = "" if gone else slugs.get(digest, "")
    [outputs] = values_of({protocol: row.figures.get(protocol, ())}).values()
    values = {key: [output[key] for output in outputs if key in output] for key in missing}
    return OutcomeItem.showing(
        row,
        cell=cell.name,
        converged=row.state == CONVERGED,
        network=digest,
        network_url=addresses.network(slug, scope) if slug else "",
        deleted_url=addresses.delete(gone) if gone else "",
        explanations_url=addresses.explanations(slug, scope) if slug and analysed else "",
        analysed=analysed,
        analyse_url=addresses.analyses(slug) if slug and not analysed else "",
        values=[_value(key, found) if found else missing[key] for key, found in values.items()],
    )


def _value(measure: str, found: Sequence[Measured]) -> ValueView:
    """What a measure found of one network, output by output; nothing where it was not asked."""
    return ValueView(
        measure=measure,
        text=" | ".join(map(value_words, found)) or "–",
        exact=all(one.exact for one in found),
        note="; ".join(one.note for one in found if one.note),
    )


def value_words(measured: Measured) -> str:
    """A value for people, with its bound or interval where it is not exact."""
    value = measured.value
    if isinstance(value, int) and not isinstance(value, bool) and not measured.exact:
        if measured.low is None or measured.high is None:
            # of a search that stopped before anything was found, 0 says nothing
            return bounded_text(value, "at_least" if value else "unknown")
        return bounded_text(value, "about", round(measured.low), round(measured.high))
    if value is None:
        return "n/a"
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, tuple):
        rest = len(value) - MOST_WORDS
        text = ", ".join(value[:MOST_WORDS]) + (f" and {rest:,} more" if rest > 0 else "") or "none"
    else:
        text = value if isinstance(value, str) else value_text(value)
    if measured.exact:
        return text
    return f"≥ {text}" if measured.low is None else f"≈ {text}"
