"""Stored points and sums of a survey as the pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.cloud_marks import Cell, Grid
from app.db.cloud_storage import PointName, StoredCloud
from app.db.common_ground_columns import INTERPRETATION
from app.db.reads import common_ground as reads
from app.db.reads.common_ground import StoredPoint
from app.db.tables import AlgorithmRow, CommonGroundRow
from app.errors import NotFound
from app.options import ScopeOptions
from app.pages.common_ground.views import (
    KIND_OF,
    CellView,
    CloudView,
    ExtremeView,
    GridView,
    PointView,
    SpreadBar,
    SurveyView,
)
from app.pages.formulas import FractionView
from app.pages.place import Place, locate_boolean
from app.pages.previews import alignment_card
from pluriscope.naming import ExplanationRef


def surveyed(
    session: Session, addresses: Addresses, network: str, options: ScopeOptions
) -> tuple[Place, CommonGroundRow]:
    """What an address's scope names, and its survey.

    Raises:
        NotFound: the network or scope does not exist, or nothing is surveyed yet.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    row = None if place.analysis is None else reads.common_ground_of(session, place.analysis)
    if row is None:
        parent = addresses.common_ground(place.row.slug, place.scope)
        raise NotFound("common ground", "has not been surveyed yet", "look at its page", "", parent, "its page")
    return place, row


def survey_view(row: CommonGroundRow, place: Place, addresses: Addresses) -> SurveyView:
    facts = row.facts
    return SurveyView.showing(
        row,
        classes=row.classes_kept,
        alignments=row.alignments_kept,
        silent_interpretations=facts["silent"]["interpretations"],
        silent_alignments=facts["silent"]["alignments"],
        interpretations=int(facts["interpretations"]),
        perfect=None if facts["perfect"] is None else int(facts["perfect"]),
        best=_extreme("best", row, place, addresses),
        worst=_extreme("worst", row, place, addresses),
        spread=None
        if facts["spread"] is None
        else [SpreadBar(right=right, count=int(count)) for right, count in facts["spread"]],
    )


def _extreme(
    name: Literal["best", "worst"], row: CommonGroundRow, place: Place, addresses: Addresses
) -> ExtremeView | None:
    found = reads.extreme_interpretation(row, name)
    if found is None:
        return None
    mask, index = found.mask, found.index
    slug, scope = place.row.slug, place.scope
    if index is None:
        url, ref = addresses.circuit(slug, mask, scope), ExplanationRef("circuit", mask)
    else:
        url, ref = (
            addresses.interpretation(slug, mask, index, scope),
            ExplanationRef("interpretation", mask, str(index)),
        )
    return ExtremeView(
        mask=mask,
        index=index,
        url=url,
        ref=str(ref),
        label=f"c·{mask}" if index is None else f"i·{mask}.{index}",
        accuracy=FractionView(agreed=found.right, of=row.n_interventions),
    )


def cloud_views(place: Place, row: CommonGroundRow, cloud: StoredCloud, addresses: Addresses) -> list[CloudView]:
    """The marks of the cloud, each with what a click on it opens."""
    list_url = addresses.common_ground(place.row.slug, place.scope)
    before = list_url + ("&" if "?" in list_url else "?")
    found = []
    for one, name in zip(cloud.marks.cells, cloud.names, strict=True):
        ref, label, url = named(name, place, addresses)
        cell = _cell_view(one)
        filters = _filters(cell) if cell else [("at", f"{one.place.predicted}.{one.place.right}")]
        query = urlencode([("kind", KIND_OF[one.kind]), *filters])
        found.append(
            CloudView.showing(
                one,
                kind=KIND_OF[one.kind],
                coverage=FractionView(agreed=one.place.predicted, of=row.n_interventions),
                accuracy=FractionView(agreed=one.place.right, of=one.place.predicted),
                cell=cell,
                ref=ref,
                label=label,
                url=url,
                list_url=f"{before}{query}#list",
            )
        )
    return found


def grid_view(grid: Grid) -> GridView:
    return GridView(accuracy_step=1 / grid.steps, coverages=grid.per_decade)


def _cell_view(one: Cell) -> CellView | None:
    if one.accuracy is None or one.coverage is None:
        return None
    return CellView(
        accuracy_min=one.accuracy.low,
        accuracy_below=one.accuracy.below,
        coverage_min=one.coverage.low,
        coverage_below=one.coverage.below,
        besides=[f"{predicted}.{right}" for predicted, right in one.besides],
        least_accuracy=one.right[0],
        most_accuracy=one.right[1],
        least_predicted=one.predicted[0],
        most_predicted=one.predicted[1],
    )


def _filters(cell: CellView) -> list[tuple[str, str]]:
    bounds = [
        ("accuracy_min", cell.accuracy_min),
        ("accuracy_below", cell.accuracy_below),
        ("coverage_min", cell.coverage_min),
        ("coverage_below", cell.coverage_below),
    ]
    told = [(name, f"{value:g}") for name, value in bounds if value is not None]
    return [("besides", text) for text in cell.besides] + told


def algorithms_of(session: Session, row: CommonGroundRow, points: Iterable[StoredPoint]) -> dict[int, AlgorithmRow]:
    positions = {point.owner for point in points if point.kind != INTERPRETATION}
    return reads.algorithms_at(session, row.analysis_id, positions) if positions else {}


def name_of(point: StoredPoint, algorithms: Mapping[int, AlgorithmRow]) -> PointName:
    """What addresses call a point."""
    if point.kind == INTERPRETATION:
        return PointName(point.kind, mask=point.owner, index=point.index or 0)
    return PointName(point.kind, algorithm=algorithms[point.owner].algorithm_id, member=point.member)


def named(name: PointName, place: Place, addresses: Addresses) -> tuple[str, str, str]:
    """Reference, label and address of one point."""
    slug, scope = place.row.slug, place.scope
    if name.kind == INTERPRETATION:
        mask = f"{name.mask:0{place.question.layout.n_hex_digits}x}"
        ref = ExplanationRef("interpretation", mask, str(name.index))
        return str(ref), f"i·{mask}.{name.index}", addresses.interpretation(slug, mask, name.index, scope)
    alignment = f"{name.member:016x}"
    ref = ExplanationRef("alignment", name.algorithm, alignment)
    url = addresses.alignment(slug, name.algorithm, alignment, scope)
    return str(ref), f"a·{alignment[:8]}", url


def point_views(
    session: Session, place: Place, row: CommonGroundRow, points: Sequence[StoredPoint], addresses: Addresses
) -> list[PointView]:
    """Points as pages and the JSON twin show them."""
    algorithms = algorithms_of(session, row, points)
    keys = [(algorithms[p.owner].id, f"{p.member:016x}") for p in points if p.kind != INTERPRETATION]
    rows = reads.alignments_with(session, keys) if keys else {}
    found = []
    for point in points:
        ref, label, url = named(name_of(point, algorithms), place, addresses)
        is_class = point.kind == INTERPRETATION
        algorithm = None if is_class else algorithms[point.owner]
        stored = None if algorithm is None else rows.get((algorithm.id, f"{point.member:016x}"))
        card = None if algorithm is None or stored is None else alignment_card(stored, algorithm, place, addresses)
        found.append(
            PointView(
                kind=KIND_OF[point.kind],
                ref=ref,
                label=label,
                url=url,
                mask=f"{point.owner:0{place.question.layout.n_hex_digits}x}" if is_class else "",
                formula="" if algorithm is None else algorithm.formula,
                alignment=card,
                coverage=FractionView(agreed=point.predicted, of=row.n_interventions),
                accuracy=FractionView(agreed=point.right, of=point.predicted),
                best=point.best if is_class else None,
                worst=point.worst if is_class else None,
                members=point.size,
            )
        )
    return found
