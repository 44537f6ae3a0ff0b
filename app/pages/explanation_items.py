"""One line of the list of all explanations, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import Form
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.explanations.explanation import NAME, VALID, Record, RecordedKind
from analysis.explanations.registry import BY_KEY
from app.addressing import Addresses
from app.db.codecs import alignment_of
from app.db.direction_tables import DirectionAlgorithmRow, DirectionAlignmentRow
from app.db.reads.algorithms import algorithm_rows, alignment_rows
from app.db.reads.circuits import StoredCircuit, circuits_at
from app.db.reads.explanation_directions import direction_rows
from app.db.reads.explanation_shares import SHARES
from app.db.reads.explanation_shelves import FrameShelf, Kind, RowShelf
from app.db.tables import AlgorithmRow, AlignmentRow
from app.options import BigInt, PageModel
from app.pages.candidates import algorithm_of
from app.pages.directions.places import clean_layers, direction_item
from app.pages.directions.views import DirectionPlaceView
from app.pages.explanation_filters import KindName
from app.pages.explanation_stock import Stock
from app.pages.formulas import AlgorithmView, FractionView, PlacedView, algorithm_view, placed_views, read_algorithm
from app.pages.place import Place
from pluriscope.naming import ExplanationRef


class FigureView(PageModel):
    """One figure of an explanation of a kind stored as columns."""

    name: str = Field(description="Of the column.")
    label: str
    value: bool | int | float | str | None = Field(description="None where there is none.")

    @property
    def words(self) -> str:
        """The value for people."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return "" if self.value is None else f"{self.value:.4g}" if isinstance(self.value, float) else str(self.value)


class ExplanationItem(PageModel):
    """One line of the list; what a kind does not have is None."""

    kind: KindName
    name: str = Field(description="A short name: c·MASK, i·MASK, the formula.")
    url: str
    ref: str = Field(description="How a comparison's address names it; of interpretations the first.")
    valid: bool
    tried: bool = Field(True, description="False of an algorithm whose placements were not searched, or not yet.")
    minimal: bool | None = Field(None, description="Whether an alignment is minimal.")
    fragile: bool | None = Field(None, description="Whether its margin is below 1e-6.")
    mask: str | None = None
    edges: int | None = None
    neurons: int | None = Field(None, description="Hidden neurons used.")
    margin: float | None = None
    interpretations: BigInt | None = Field(None, description="Of a circuit, exactly; None where they are not counted.")
    surviving: BigInt | None = Field(
        None, description="Interpretations that pass the criteria asked for, where those are about interpretations."
    )
    observed: BigInt | None = Field(None, description="Observed classes of a circuit's interpretations.")
    algorithm: AlgorithmView | None = None
    gates: int | None = None
    variables: int | None = None
    placements: BigInt | None = Field(None, description="Valid alignments of an algorithm.")
    iia: FractionView | None = Field(None, description="Of an alignment; the best one of an algorithm.")
    coverage: float | None = Field(None, description="Share of the common ground that an alignment predicts.")
    accuracy: float | None = Field(None, description="Share of those predictions that are right.")
    places: list[PlacedView] = Field([], description="Where an alignment puts its variables.")
    classes: list[str] = Field([], description="Of an alignment on directions, the classes of maps that found it.")
    joint: FractionView | None = Field(None, description="Of one on directions, under joint interchange.")
    causal_order: bool | None = Field(None, description="Of one on directions.")
    linear: list[DirectionPlaceView] = Field([], description="Where an alignment on directions puts its variables.")
    figures: list[FigureView] = Field([], description="Of a kind stored as columns, in the order of its columns.")

    def has(self, name: str) -> bool:
        """Whether there is something to show in a column of the list."""
        return self.figure(name) is not None or getattr(self, name, None) is not None

    def figure(self, name: str) -> FigureView | None:
        """The figure of a column, None where the kind has none."""
        return next((figure for figure in self.figures if figure.name == name), None)


def items_of(
    session: Session, addresses: Addresses, stock: Stock, found: Sequence[tuple[Kind, int]]
) -> list[ExplanationItem]:
    """The explanations at these places of their shelves."""
    place, analysis = stock.place, stock.analysis
    counted = analysis.interpretations_truncated_at != 0
    positions = sorted({position for kind, position in found if kind in ("circuit", "interpretation")})
    circuits = dict(zip(positions, circuits_at(session, analysis, place.question.layout, positions), strict=True))
    rows: dict[Kind, list[int]] = {"algorithm": [], "alignment": [], "direction": []}
    for kind, position in found:
        if kind in rows:
            rows[kind].append(int(cast(RowShelf, stock.shelves[kind]).rows[position]))
    algorithms = algorithm_rows(session, rows["algorithm"])
    alignments = alignment_rows(session, rows["alignment"])
    on_directions = direction_rows(session, analysis.id, rows["direction"])
    clean = clean_layers(place) if on_directions else ()
    items = []
    for kind, position in found:
        if kind in ("circuit", "interpretation"):
            survivors = None if kind == "circuit" or stock.survivors is None else stock.survivors[position]
            items.append(_circuit_item(kind, circuits[position], survivors, place, addresses, counted=counted))
            continue
        if kind in BY_KEY:
            shelf = cast(FrameShelf, stock.shelves[kind])
            items.append(_recorded_item(BY_KEY[kind], shelf, position, place, addresses))
            continue
        row = int(cast(RowShelf, stock.shelves[kind]).rows[position])
        if kind == "direction":
            items.append(_direction_item(*on_directions[row], clean, place, addresses))
        elif kind == "algorithm":
            items.append(_algorithm_item(algorithms[row], place, addresses))
        else:
            columns = cast(RowShelf, stock.shelves[kind]).columns
            shares = {name: _told(columns[name][position].item()) for name in SHARES if name in columns}
            items.append(_alignment_item(*alignments[row], shares, place, addresses))
    return items


def _circuit_item(
    kind: Kind, row: StoredCircuit, survivors: int | None, place: Place, addresses: Addresses, *, counted: bool
) -> ExplanationItem:
    slug, scope, one = place.row.slug, place.scope, kind == "circuit"
    return ExplanationItem(
        kind=kind,
        name=f"{'c' if one else 'i'}·{row.mask}",
        url=addresses.circuit(slug, row.mask, scope) if one else addresses.interpretations(slug, row.mask, scope),
        ref=str(ExplanationRef(kind, row.mask, "" if one else "0")),
        valid=True,
        fragile=row.margin < FRAGILE_MARGIN,
        mask=row.mask,
        edges=row.n_edges,
        neurons=row.n_neurons,
        margin=row.margin,
        interpretations=row.interpretations if counted else None,
        surviving=survivors,
        observed=row.observed if counted else None,
    )


def _algorithm_item(row: AlgorithmRow, place: Place, addresses: Addresses) -> ExplanationItem:
    return ExplanationItem(
        kind="algorithm",
        name=row.formula,
        url=addresses.algorithm(place.row.slug, row.algorithm_id, place.scope),
        ref=str(ExplanationRef("algorithm", row.algorithm_id)),
        valid=row.n_valid > 0,
        tried=row.truncated_at != 0,
        algorithm=algorithm_view(algorithm_of(row, place)),
        gates=row.n_gates,
        variables=row.n_variables,
        placements=row.n_valid,
        iia=None if row.best_of is None else FractionView(agreed=row.best_agreed or 0, of=row.best_of),
    )


def _direction_item(
    row: DirectionAlignmentRow,
    owner: DirectionAlgorithmRow,
    classes: list[str],
    clean: Sequence[NDArray[np.float64]],
    place: Place,
    addresses: Addresses,
) -> ExplanationItem:
    tree = read_algorithm(owner.text, cast(Form, owner.form), place.question.model.n_inputs)
    shown = direction_item(row, tree, clean, place, addresses)
    return ExplanationItem(
        kind="direction",
        name=owner.formula,
        url=shown.url,
        ref=shown.ref,
        valid=row.valid,
        fragile=None if row.margin is None else shown.fragile,
        margin=row.margin,
        algorithm=algorithm_view(tree),
        gates=tree.n_gates,
        variables=owner.n_variables,
        iia=shown.iia,
        classes=classes,
        joint=shown.joint,
        causal_order=row.causal_order,
        linear=shown.places,
    )


def _recorded_item(
    kind: RecordedKind[Any], shelf: FrameShelf, position: int, place: Place, addresses: Addresses
) -> ExplanationItem:
    ref = ExplanationRef(kind.key, shelf.identity(position))
    figures = figures_of(kind, {column.name: shelf.columns[column.name][position].item() for column in kind.columns})
    margin = next((one.value for one in figures if one.name == "margin"), None)
    return ExplanationItem(
        kind=kind.key,
        name=str(shelf.columns[NAME][position]),
        url=addresses.explanation(place.row.slug, ref, place.scope),
        ref=str(ref),
        valid=bool(shelf.columns[VALID][position]),
        fragile=None if margin is None else float(margin) < FRAGILE_MARGIN,
        margin=None if margin is None else float(margin),
        figures=figures,
    )


def figures_of(kind: Record[Any], values: Mapping[str, Any]) -> list[FigureView]:
    """The figures of an explanation by column; one that is NaN is told as None."""
    told = {name: None if value != value else value for name, value in values.items()}
    return [FigureView(name=one.name, label=one.label, value=told[one.name]) for one in kind.columns]


def _told(value: float) -> float | None:
    """None for NaN."""
    return value if value == value else None


def _alignment_item(
    row: AlignmentRow, owner: AlgorithmRow, shares: Mapping[str, float | None], place: Place, addresses: Addresses
) -> ExplanationItem:
    tree = algorithm_of(owner, place)
    return ExplanationItem(
        kind="alignment",
        name=owner.formula,
        url=addresses.alignment(place.row.slug, owner.algorithm_id, row.alignment_id, place.scope),
        ref=str(ExplanationRef("alignment", owner.algorithm_id, row.alignment_id)),
        valid=row.valid,
        minimal=row.minimal,
        fragile=None if row.margin is None else row.margin < FRAGILE_MARGIN,
        neurons=row.n_neurons,
        margin=row.margin,
        algorithm=algorithm_view(tree),
        gates=owner.n_gates,
        variables=owner.n_variables,
        iia=FractionView(agreed=row.agreed, of=row.of),
        coverage=shares.get("coverage"),
        accuracy=shares.get("accuracy"),
        places=placed_views(tree, alignment_of(row, owner.text).alignment),
    )
