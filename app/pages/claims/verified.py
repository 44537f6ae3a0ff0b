"""A kept claim computed anew: hashed again, located again, each figure by a name under which it is stored too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from analysis.reverify import Recomputed, Value
from app.addressing import Addresses
from app.db.claim_tables import ClaimRow
from app.db.claims import REFUSED, Placed, claim_of, stored_place
from app.naming import ExplanationRef
from app.pages.claims.standing import NetworkStanding
from app.pages.place import Place


@dataclass(frozen=True)
class ClaimFigures:
    """Both sides of a claim's figures.

    Args:
        recomputed: from the weights and the claim's own content.
        stored: by the same keys.
        circuit: what is left of it as a comparison names it; None where that is no possible circuit.
    """

    recomputed: list[Recomputed]
    stored: dict[str, Value]
    circuit: ExplanationRef | None


_LABELS: Mapping[str, str] = {
    "claim_digest": "Claim digest",
    "outcome": "What came of it",
    "raw_mask": "Raw mask",
    "faithfulness": "Faithfulness of the raw mask",
    "mask": "Circuit that is left of it",
    "edges": "Edges",
    "raw_valid": "The raw mask decides right",
    "own_valid": "It does under its own ablation",
    "valid": "Valid circuit",
    "excess": "Edges more than the smallest valid circuit",
    "chance": "Valid among possible circuits of its size",
    "nearest": "Nearest valid circuit",
    "distance": "Edges to add or remove to reach that",
    "backbone": "Backbone edges that it holds",
    "story": "Story beside the network's",
}


def claim_figures(session: Session, addresses: Addresses, place: Place, row: ClaimRow) -> ClaimFigures:
    """The figures of a kept claim, computed now and as they are stored."""
    claim = claim_of(row, place.question.layout)
    now: dict[str, Value] = {"claim_digest": claim.digest}
    stored: dict[str, Value] = {"claim_digest": row.digest}
    circuit = None
    if place.analysis is not None:
        told, _ = NetworkStanding(session, place, place.analysis, addresses).told(claim)
        now |= _figures(told)
        kept = stored_place(session, place.analysis, row)
        if kept is not None:
            stored |= _figures(Placed(kept.outcome, kept.raw_mask, kept.faithfulness, kept.place))
        if told.place.get("possible"):
            circuit = ExplanationRef("circuit", told.place["mask"])
    return ClaimFigures([Recomputed(key, _LABELS[key], value) for key, value in now.items()], stored, circuit)


def _figures(told: Placed) -> dict[str, Value]:
    """A place as figures; what is not known is left out."""
    said: dict[str, Value | None] = {"outcome": told.outcome}
    if told.outcome != REFUSED:
        said |= {"raw_mask": told.raw_mask, "faithfulness": told.faithfulness}
    if told.place:
        place = told.place
        chance, nearest, backbone, story = (place[name] for name in ("chance", "nearest", "backbone", "story"))
        said |= {key: place[key] for key in ("mask", "edges", "raw_valid", "own_valid", "valid", "excess")}
        said |= {
            "chance": f"{chance['valid']}/{chance['possible']}",
            "nearest": None if nearest is None else nearest["mask"],
            "distance": None if nearest is None else nearest.get("distance"),
            "backbone": None if backbone is None else f"{backbone['recall'][0]}/{backbone['recall'][1]}",
            "story": None if story is None else story["relation"],
        }
    return {key: value for key, value in said.items() if value is not None}
