"""The circuits of one analysis as a set: their backbone as pages show it, and chance at the size of one of them."""

from __future__ import annotations

from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuit_sets.backbone import backbone_words
from analysis.circuit_sets.chance import SizeChance, chance_at, chance_words
from analysis.circuits.space import count_by_edges
from analysis.networks.circuit import Circuit
from app.db.reads.circuit_sets import stored_backbone, stored_sizes
from app.db.tables import AnalysisRow
from app.options import BigInt, PageModel
from app.pages.place import Place

MAX_EDGES_COUNTED: Final = 130
"""Of the networks whose possible circuits are counted by size on a page: a tenth of a second."""


class ChanceView(PageModel):
    """How many of the possible circuits with as many edges are valid."""

    n_edges: int
    possible: BigInt = Field(description="Possible circuits with so many edges, exactly.")
    low: BigInt = Field(description="Valid ones among them, at least so many.")
    high: BigInt = Field(description="Valid ones among them, at most so many.")
    exact: bool
    confidence: float | None = Field(description="With which the interval holds the truth; null where it is certain.")
    words: str = Field(description="The same as the end of a sentence about the circuit.")


def backbone_sentence(row: AnalysisRow) -> str:
    """What all valid circuits have in common, in a sentence; empty where none is known."""
    backbone = stored_backbone(row)
    return "" if backbone is None else backbone_words(backbone)


def chance_of(session: Session, place: Place, circuit: Circuit) -> SizeChance | None:
    """How many of the possible circuits of that size are valid; None without an analysis, or of a large network."""
    layout = circuit.layout
    if place.analysis is None or layout.n_edges > MAX_EDGES_COUNTED:
        return None
    possible = count_by_edges(layout.sizes, place.question.protocol, layout.n_edges).get(circuit.n_edges)
    if possible is None:  # the protocol does not look at such circuits
        return None
    return chance_at(stored_sizes(session, place.analysis), circuit.n_edges, possible)


def shown_chance(chance: SizeChance, n_edges: int, *, valid: bool, part: str = "edge") -> ChanceView:
    """A chance as pages show it.

    Args:
        chance: of the circuit's size.
        n_edges: that size.
        valid: whether the circuit itself is.
        part: what masks name.
    """
    return ChanceView.showing(
        chance,
        n_edges=n_edges,
        words=chance_words(chance, n_edges, valid=valid, part=part),
    )
