"""The cloud of a survey as it is drawn, kept in the process: it is the same whatever part of the list is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.cloud_marks import Grid
from app.db.cloud_storage import cloud_as_drawn
from app.db.common_ground_columns import INTERPRETATION
from app.db.reads.common_ground import CloudPoint
from app.db.tables import CommonGroundRow
from app.pages.common_ground.points import cloud_views, survey_view
from app.pages.common_ground.summary import summary_of
from app.pages.common_ground.views import KINDS, CloudView, PointKind, SpreadBar, SurveyView
from app.pages.place import Place

_KEPT: Final = 16  # clouds; each some hundred kilobytes at most


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


_Key = tuple[str, str, float, str, str, tuple[tuple[str, str], ...]]
_drawn: dict[_Key, DrawnCloud] = {}
_lock = Lock()


def drawn_cloud(session: Session, place: Place, row: CommonGroundRow, addresses: Addresses) -> DrawnCloud:
    """The cloud of a survey with its addresses; made on the first visit after a start, or after another survey."""
    result = "" if place.analysis is None else place.analysis.result_digest
    scope = tuple(place.scope.query().items())
    key = (row.content, result, row.seconds, addresses.prefix, place.row.slug, scope)
    with _lock:
        found = _drawn.pop(key, None)
    if found is None:
        found = _draw(session, place, row, addresses)
    with _lock:
        _drawn[key] = found  # last: the one that was looked at longest ago goes first
        while len(_drawn) > _KEPT:
            del _drawn[next(iter(_drawn))]
    return found


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
