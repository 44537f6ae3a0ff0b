"""The page of the common ground."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.cloud_marks import Grid
from app.db.cloud_storage import cloud_as_drawn
from app.db.common_ground_columns import INTERPRETATION
from app.db.job_tables import JobRow
from app.db.reads import common_ground as reads
from app.db.reads.algorithms import find_algorithm
from app.db.reads.common_ground import CloudPoint
from app.db.tables import CommonGroundRow
from app.errors import BadQuery
from app.figures.numbers import exact, noun
from app.listing.page import bad_cursor, browsed, order_name, read_cursor, write_cursor
from app.options import Link
from app.pages.common_ground.points import cloud_views, grid_view, point_views, survey_view
from app.pages.common_ground.views import (
    KIND_LABELS,
    KINDS,
    CloudView,
    CommonGroundOptions,
    CommonGroundPage,
    PointKind,
    SpreadBar,
    SurveyState,
    SurveyView,
)
from app.pages.place import Place, locate_boolean
from app.pages.shared import job_view, linked, scope_now
from app.pages.work_state import report_state
from app.recent import Recent

Columns = Mapping[str, NDArray[Any]]
Passing = NDArray[np.bool_]


@dataclass(frozen=True)
class PointCondition:
    """A filter of the list of points.

    Args:
        label: in words.
        without: how the options change where it is left out.
        test: columns → which points pass.
    """

    label: str
    without: Mapping[str, Any]
    test: Callable[[Columns], Passing]


def build_common_ground(
    session: Session, addresses: Addresses, network: str, options: CommonGroundOptions
) -> CommonGroundPage:
    """The cloud, and the part of its list that an address asks for.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: a filter that names nothing, or a cursor that no page gave out.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    row = None if place.analysis is None else reads.common_ground_of(session, place.analysis)
    conditions = point_conditions(session, place, options)
    after = _after(options)
    state, job = survey_state(session, place, row)
    slug, scope = place.row.slug, place.scope
    url = partial(addresses.common_ground, slug, scope)
    kinds = [
        Link(label=KIND_LABELS[kind].lower(), url=url(**options.view_of(kind=[k for k in options.kind if k != kind])))
        for kind in options.kind
    ]
    drawn, items, total, following = None, [], 0, None
    if row is not None:
        drawn = drawn_cloud(session, place, row, addresses)
        descending = options.order == "desc"
        columns = reads.point_columns(session, row, options.sort, descending=descending)
        places = np.flatnonzero(np.logical_and.reduce([one.test(columns) for one in conditions]))
        order, total = columns["order"], len(places)
        places = places[np.argsort(order[places], kind="stable")]
        if after is not None:
            value, position = -after[0] if descending else after[0], after[1]
            if not 0 <= position < len(order):
                raise bad_cursor(options.after)
            there = order[places]
            places = places[(there > value) | ((there == value) & (places > position))]
        positions = places[: options.limit].tolist()
        items = point_views(session, place, row, reads.points_at(session, row, positions), addresses)
        if len(places) > len(positions):
            last = order[positions[-1]].item()
            cursor = [-last if descending else last, positions[-1]]
            following = write_cursor(order_name("common-ground", options), cursor)
    return CommonGroundPage(
        **linked(place, addresses, scope_now(session, place, addresses)),
        state=state,
        job=None if job is None else job_view(job, addresses),
        survey=drawn and drawn.survey,
        summary=list(drawn.summary) if drawn else [],
        cloud=list(drawn.marks) if drawn else [],
        places=drawn.places if drawn else 0,
        grid=grid_view(drawn.grid) if drawn and drawn.grid else None,
        representatives=list(drawn.representatives) if drawn and drawn.representatives is not None else None,
        kinds=drawn.kinds if drawn else {},
        total=total,
        items=items,
        **browsed(options, url, following, _SORT_LABELS, conditions[1:], kinds),
        csv_url=addresses.common_ground_table(slug, scope),
        request_url=url(),
    )


def survey_state(session: Session, place: Place, row: CommonGroundRow | None) -> tuple[SurveyState, JobRow | None]:
    """Whether the analysis is surveyed, and otherwise how far that is."""
    if row is not None:
        return "done", None
    state, job = report_state(session, place, "common-ground", None)
    return ("not_surveyed", None) if state == "not_asked" else (state, job)


# --- the cloud of a survey as it is drawn, kept in the process: it is the same whatever part of the list is looked at


@dataclass(frozen=True)
class DrawnCloud:
    """Everything about a cloud that no filter of its list changes.

    Args:
        survey: what was looked at.
        summary: in sentences.
        marks: of the figure.
        kinds: points of each kind.
        places: how many different places there are.
        grid: None where each of them is a mark.
        representatives: observed classes by right predictions, None where the exact spread is known.
    """

    survey: SurveyView
    summary: tuple[str, ...]
    marks: tuple[CloudView, ...]
    kinds: dict[PointKind, int]
    places: int
    grid: Grid | None
    representatives: tuple[SpreadBar, ...] | None


_DRAWN: Final = Recent[DrawnCloud](16)  # each some hundred kilobytes at most


def drawn_cloud(session: Session, place: Place, row: CommonGroundRow, addresses: Addresses) -> DrawnCloud:
    """The cloud of a survey with its addresses; made on the first visit after a start, or after another survey."""
    result = "" if place.analysis is None else place.analysis.result_digest
    scope = tuple(place.scope.query().items())
    key = (row.content, result, row.seconds, addresses.prefix, place.row.slug, scope)
    return _DRAWN.of(key, lambda: _draw(session, place, row, addresses))


def _draw(session: Session, place: Place, row: CommonGroundRow, addresses: Addresses) -> DrawnCloud:
    cloud = cloud_as_drawn(session, row)
    survey = survey_view(row, place, addresses)
    return DrawnCloud(
        survey=survey,
        summary=tuple(summary_of(survey, cloud.telling)),
        marks=tuple(cloud_views(place, row, cloud, addresses)),
        kinds={kind: cloud.counts.get(code, 0) for kind, code in KINDS.items()},
        places=cloud.marks.places,
        grid=cloud.marks.grid,
        representatives=None if survey.spread is not None else _by_right(cloud.telling, row.n_interventions),
    )


def _by_right(points: Sequence[CloudPoint], n_interventions: int) -> tuple[SpreadBar, ...]:
    """Observed classes that speak everywhere, by how many interventions they predict right."""
    counts: Counter[int] = Counter()
    for one in points:
        if one.kind == INTERPRETATION and one.predicted == n_interventions:
            counts[one.right] += one.count
    return tuple(SpreadBar(right=right, count=count) for right, count in sorted(counts.items()))


# --- filters and orders of the list of points, as addresses write them


_AT = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})")


def point_conditions(session: Session, place: Place, options: CommonGroundOptions) -> list[PointCondition]:
    """What the options ask for, the kinds first.

    Raises:
        BadQuery: a filter that names nothing.
    """
    kinds = [KINDS[kind] for kind in options.kind or KINDS]
    found = [_condition("kind", "", lambda at: np.isin(at["kind"], kinds))]
    for text in options.besides:
        predicted, right = _place_named(text, "besides")
        rest = [other for other in options.besides if other != text]

        def elsewhere(at: Columns, predicted: int = predicted, right: int = right) -> Passing:
            return np.not_equal(at["predicted"], predicted) | np.not_equal(at["right"], right)

        found.append(PointCondition(f"besides the point {text}", {"besides": rest}, elsewhere))
    if options.circuit:
        digits = place.question.layout.n_hex_digits
        if len(options.circuit) != digits or not set(options.circuit) <= set("0123456789abcdef"):
            raise BadQuery(
                f"circuit {options.circuit[:40]!r}",
                f"is no mask of this network: a mask has {digits} hex digits",
                "copy it from a circuit's page",
                "circuit",
            )
        mask = int(options.circuit, 16)
        words = f"circuit {options.circuit}"
        found.append(_condition("circuit", words, lambda at: (at["kind"] == INTERPRETATION) & (at["owner"] == mask)))
    if options.algorithm:
        row = None if place.analysis is None else find_algorithm(session, place.analysis.id, options.algorithm)
        if row is None and place.analysis is not None:
            raise BadQuery(
                f"algorithm {options.algorithm[:40]!r}",
                "does not belong to this analysis",
                "copy its id from an algorithm's page",
                "algorithm",
            )
        position = -1 if row is None else row.position
        words = f"algorithm {options.algorithm}"
        found.append(
            _condition("algorithm", words, lambda at: (at["kind"] != INTERPRETATION) & (at["owner"] == position))
        )
    if options.at:
        spot = _place_named(options.at, "at")
        words = f"at one point, {options.at}"
        found.append(_condition("at", words, lambda at: (at["predicted"] == spot[0]) & (at["right"] == spot[1])))
    for column in ("accuracy", "coverage"):
        least, below = getattr(options, f"{column}_min"), getattr(options, f"{column}_below")
        if least is not None:
            words = f"{column} at least {least}"
            found.append(_condition(f"{column}_min", words, lambda at, c=column, x=least: at[c] >= x))
        if below is not None:
            words = f"{column} below {below}"
            found.append(_condition(f"{column}_below", words, lambda at, c=column, x=below: at[c] < x))
    return found


def _condition(option: str, label: str, test: Callable[..., Passing]) -> PointCondition:
    return PointCondition(label, {option: None}, test)


def _place_named(text: str, option: str) -> tuple[int, int]:
    match = _AT.fullmatch(text)
    if match is None:
        raise BadQuery(
            f"{option} {text[:40]!r}", "is not PREDICTED.RIGHT", "write two whole numbers, e.g. 756.719", option
        )
    return int(match[1]), int(match[2])


_SORT_LABELS: Final = {"accuracy": "Correct", "coverage": "Predicted", "best": "best", "worst": "worst"}


def _after(options: CommonGroundOptions) -> tuple[float, int] | None:
    """Where the page begins: behind this value and position."""
    if not options.after:
        return None
    value, position = read_cursor(options.after, order_name("common-ground", options), (float, int))
    return value, position


# --- what a survey says, in sentences that claim no more than was looked at


def summary_of(survey: SurveyView, cloud: Sequence[CloudPoint]) -> list[str]:
    """What the survey says, in sentences that claim no more than was looked at."""
    told: list[str] = []
    of = exact(survey.n_interventions)
    everywhere = [one for one in cloud if one.predicted == survey.n_interventions]
    aligned_perfect = [one for one in everywhere if one.kind != INTERPRETATION and one.right == one.predicted]
    n_perfect = (survey.perfect or 0) + sum(one.count for one in aligned_perfect)
    sampled = " among those looked at" if survey.partial else ""
    best_aligned = max(
        (one for one in everywhere if one.kind != INTERPRETATION), key=lambda one: one.right, default=None
    )
    best = max([one.right for one in everywhere] + ([survey.best.accuracy.agreed] if survey.best else []), default=0)
    the_best = "the best" if survey.best is not None or not survey.classes else "the best one known"
    if everywhere and n_perfect:
        told.append(
            f"{noun(n_perfect, 'explanation')}{sampled} that predict everywhere are correct everywhere: on all {of} "
            "interventions."
            if n_perfect > 1
            else f"One explanation{sampled} that predicts everywhere is correct everywhere: on all {of} interventions."
        )
    elif everywhere and survey.perfect is not None:
        told.append(
            f"No explanation{sampled} that predicts everywhere is correct everywhere: {the_best} is correct on "
            f"{exact(best)} of {of} interventions."
        )
    if survey.best is not None and survey.worst is not None:
        which = "the classes drawn" if survey.drawn else "all circuits"
        told.append(
            f"Of the {noun(survey.interpretations, 'interpretation')} of {which} the best is correct on "
            f"{exact(survey.best.accuracy.agreed)} of {of}, the worst on {exact(survey.worst.accuracy.agreed)}; "
            "free completions included."
        )
    if best_aligned is not None:
        told.append(
            f"The best alignment whose variables together predict every set is correct on "
            f"{exact(best_aligned.right)} of {of}."
        )
    right_where = [one for one in cloud if one.kind != INTERPRETATION and one.right == one.predicted]
    if right_where:
        count = sum(one.count for one in right_where)
        most = max(one.predicted for one in right_where)
        where = "is correct wherever it predicts" if count == 1 else "are correct wherever they predict"
        told.append(f"{noun(count, 'alignment')} {where}; the one that predicts most does so on {exact(most)} of {of}.")
    return told
