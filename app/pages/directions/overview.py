"""The page of an analysis's directions: each class with how far its search is, and what it found by algorithm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import Form
from analysis.directions.result import CLASSES
from app.addressing import Addresses
from app.db.direction_codecs import choices_of, families_of, unread_of
from app.db.direction_tables import DirectionAlgorithmRow, DirectionAlignmentRow, DirectionSearchRow
from app.db.job_tables import JobRow
from app.db.reads import directions as reads
from app.db.reads.jobs import jobs_about
from app.listing.page import paged, read_cursor, write_cursor
from app.pages.candidates import algorithm_of, find_algorithm_row, frequent_tables
from app.pages.directions.places import clean_layers, direction_item, family_view
from app.pages.directions.views import (
    CLASS_LABELS,
    AlgorithmItem,
    ChoiceView,
    ClassView,
    DirectionsOptions,
    DirectionsPage,
    ReadFamilyView,
    RunView,
    SearchState,
    SearchView,
    UnreadView,
)
from app.pages.formulas import FractionView, algorithm_view, fraction, read_algorithm
from app.pages.place import Place, locate_boolean
from app.pages.shared import job_view, network_view, scope_now, truth_rows
from app.pages.work_state import work_state

PER_ALGORITHM = 25
"""Alignments of one algorithm on the page; the others are on the page of the algorithm alone."""


def build_directions(
    session: Session, addresses: Addresses, network: str, options: DirectionsOptions
) -> DirectionsPage:
    """The directions of one analysis, of the class that is asked for.

    Raises:
        NotFound: no such network, output, protocol, data record or algorithm.
        BadQuery: a cursor that no page gave out.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    slug, scope = place.row.slug, place.scope
    narrowed = None
    if options.algorithm:
        narrowed = algorithm_of(find_algorithm_row(session, addresses, place, options.algorithm), place)
    after = read_cursor(options.after, _ORDER, (int,))[0] if options.after else -1
    key = options.direction_class
    to = partial(addresses.directions, slug, scope, **{"class": key})

    def url(**changes: Any) -> str:
        return to(**{**options.view_of(**changes), **changes})

    stored = {} if place.analysis is None else reads.direction_searches(session, place.analysis.id)
    classes = class_views(session, addresses, place, stored, url, key)
    search = stored.get(key)
    items: list[AlgorithmItem] = []
    following = None
    if search is not None and not search.refused:
        rows, more = reads.direction_algorithms(
            session,
            search,
            algorithm_id=options.algorithm,
            after=after,
            limit=options.limit,
            passing_only=options.passing,
        )
        per_algorithm = 100 if options.algorithm else PER_ALGORITHM
        kept = reads.alignments_of_directions(session, rows, per_algorithm=per_algorithm)
        clean = clean_layers(place)
        items = [_item(row, kept[row.id], clean, place, addresses, url) for row in rows]
        following = write_cursor(_ORDER, [rows[-1].position]) if more else None
    return DirectionsPage(
        network=network_view(place.row, addresses),
        scope=scope_now(session, place, addresses),
        hue_tables=frequent_tables(session, place),
        classes=classes,
        items=items,
        algorithm=None if narrowed is None else algorithm_view(narrowed),
        emptiness=_emptiness(search, items, options),
        **paged(options, to, following),
        bare_url=addresses.directions(slug, scope),
        passing_url=url(passing=None if options.passing else 1),
        passing=options.passing,
        request_url=addresses.directions(slug),
        request_fields=scope.fields,
        compare_url=addresses.compare(slug, (), scope),
    )


_ORDER = "directions"


def class_views(
    session: Session,
    addresses: Addresses,
    place: Place,
    stored: Mapping[str, DirectionSearchRow],
    url: Any,
    current: str = "",
) -> list[ClassView]:
    """Every class with how far its search is.

    Args:
        place: the analysis.
        stored: its searches by class.
        url: from the option "class" to an address.
        current: the class that the page shows.
    """
    jobs = [] if place.analysis is None else jobs_about(session, place.analysis, "directions")
    views = []
    for key in CLASSES:
        row = stored.get(key)
        job = next((one for one in jobs if key in one.arguments["classes"]), None)
        busy = job is not None and job.state in ("queued", "running")
        views.append(
            ClassView(
                key=key,
                label=CLASS_LABELS[key],
                rule=CLASSES[key],
                url=url(**{"class": key}),
                current=key == current,
                state=_state(place, row, job),
                job=job_view(job, addresses) if job is not None and (row is None or busy) else None,
                search=None if row is None else search_view(row),
            )
        )
    return views


def _state(place: Place, row: DirectionSearchRow | None, job: JobRow | None) -> SearchState:
    if row is not None:
        return "refused" if row.refused else "done"
    return "not_analysed" if place.analysis is None else work_state(job)


def search_view(row: DirectionSearchRow) -> SearchView:
    """A stored search in sum."""
    return SearchView.showing(row, digest=row.content)


def _item(
    row: DirectionAlgorithmRow,
    kept: Sequence[DirectionAlignmentRow],
    clean: Sequence[NDArray[np.float64]],
    place: Place,
    addresses: Addresses,
    url: Any,
) -> AlgorithmItem:
    algorithm = read_algorithm(row.text, cast(Form, row.form), place.question.model.n_inputs)
    variables = {variable.path: variable for variable in algorithm.variables}
    n_rows = 1 << algorithm.n_inputs
    tables = {path: truth_rows(variable.function, n_rows) for path, variable in variables.items()}
    items = [direction_item(one, algorithm, clean, place, addresses) for one in kept]
    kept_urls = {one.id: one.url for one in items}
    choices = choices_of(row)
    return AlgorithmItem.showing(
        row,
        algorithm=algorithm_view(algorithm),
        url=addresses.algorithm(place.row.slug, algorithm.id, place.scope),
        directions_url=url(algorithm=algorithm.id),
        items=items,
        unread=[
            UnreadView.showing(
                one,
                formula=variables[one.path].formula,
                shown=variables[one.path].shown,
                truth_table=tables[one.path],
                words=_unread_words(tables[one.path], one.residual),
            )
            for one in unread_of(row)
        ],
        families=[
            ReadFamilyView(
                path=one.path,
                formula=variables[one.path].formula,
                shown=variables[one.path].shown,
                truth_table=tables[one.path],
                layer=one.layer,
                free_reads=one.n_free_reads,
                swaps=family_view(one.swaps),
            )
            for one in families_of(row)
        ],
        choices=[
            ChoiceView(
                blocks=[f"{variables[path].shown}: {_dimensions(k)} of layer {layer}" for path, layer, k in one.blocks],
                iia=fraction(one.iia),
                n_solved=one.n_solved,
                runs=[
                    RunView(seed=seed, steps=steps, iia=FractionView(agreed=iia.agreed, of=iia.of), solved=solved)
                    for seed, steps, iia, solved in one.runs
                ],
                url=kept_urls.get(one.best, ""),
            )
            for one in choices
        ],
        n_solved=sum(1 for one in choices if one.n_solved),
    )


def _unread_words(truth_table: Sequence[int], residual: float) -> str:
    """Why a variable has no direction on a layer."""
    if len(set(truth_table)) == 1:
        return "constant: there is nothing to move along"
    return f"no read-out: the best one is off by {residual:.2g}"


def _dimensions(k: int) -> str:
    return "1 dimension" if k == 1 else f"{k} dimensions"


def _emptiness(
    search: DirectionSearchRow | None, items: Sequence[AlgorithmItem], options: DirectionsOptions
) -> Literal["", "none_exist", "truncated", "filtered_out"]:
    """Why no algorithm is listed; "" where some is, or where nothing was searched."""
    if items or search is None or search.refused:
        return ""
    if options.algorithm or options.passing or options.after:
        return "filtered_out" if search.n_searched else "none_exist"
    return "none_exist" if search.all_listed else "truncated"
