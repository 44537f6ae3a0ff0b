"""The work of a "claims" job: where imported claims stand among the circuits of a stored analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.circuits.result import CircuitSearch
from analysis.discovery.claims import Claim
from analysis.discovery.location import Landscape
from analysis.discovery.method import Answer
from analysis.errors import InvalidMethod
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.claims import Placed, claim_of, placed, unplaced_claims
from app.db.reads.analyses import analysed_question, scope_of
from app.db.reads.circuit_sets import stored_search
from app.jobs.handlers import Handler, Saved
from app.jobs.methods import MAX_JUDGED
from app.jobs.stored_analysis import analysis_meant

AT_ONCE: Final = 200


@dataclass(frozen=True)
class ClaimInputs:
    """Claims by their digest, and what they are located among."""

    question: Question
    circuits: CircuitSearch
    claims: Mapping[str, Claim]


def load_claim_inputs(session: Session, arguments: Mapping[str, Any]) -> ClaimInputs:
    """Read the network, its circuits, and every claim whose place in the analysis is not stored.

    Raises:
        NotFound: the analysis is gone or replaced.
    """
    row = analysis_meant(session, arguments)
    question = analysed_question(session, row)
    claims = {one.digest: claim_of(one, question.layout) for one in unplaced_claims(session, row)}
    return ClaimInputs(question, stored_search(session, row, question.layout), claims)


def compute_places(inputs: ClaimInputs, work: Work = DEFAULT_WORK) -> dict[str, Placed]:
    """Locate every claim, some hundred at once; by digest."""
    question, circuits = inputs.question, inputs.circuits
    landscape = Landscape(question, circuits, work, judges=len(circuits.masks) <= MAX_JUDGED)
    found: dict[str, Placed] = {}
    claims = list(inputs.claims.items())
    for start in range(0, len(claims), AT_ONCE):
        work.tell("claims", start, len(claims), "claims located")
        some = claims[start : start + AT_ONCE]
        answers = [answered(claim, landscape) for _, claim in some]
        masks = [
            (one.raw_mask, landscape.cut(claim.ablation) if claim.ablation else None)
            for one, (_, claim) in zip(answers, some, strict=True)
            if one is not None and one.raw_mask is not None
        ]
        places = iter(landscape.locate_all(masks))
        for answer, (digest, _) in zip(answers, some, strict=True):
            location = next(places) if answer is not None and answer.raw_mask is not None else None
            found[digest] = placed(answer, location, question.layout, complete=landscape.complete)
    return found


def answered(claim: Claim, landscape: Landscape) -> Answer | None:
    """The claim as an answer; None where the task is constant and pairs of rows are asked for."""
    try:
        return claim.answer(landscape.cut(claim.ablation))
    except InvalidMethod:
        return None


def save_places(session: Session, arguments: Mapping[str, Any], outcome: Mapping[str, Placed]) -> Saved:
    """Store the places of those claims that are still there and have none."""
    row = analysis_meant(session, arguments)
    waiting = {one.digest: one.id for one in unplaced_claims(session, row)}
    session.add_all(one.row(waiting[digest], row.id) for digest, one in outcome.items() if digest in waiting)
    valid = sum(one.place.get("valid", False) for one in outcome.values())
    url = Addresses().claims(row.network.slug, scope_of(row, row.network.sizes[0]))
    found = f"{valid} of {len(outcome)} claims are valid circuits"
    return Saved({"url": url, "network": arguments["network"]}, found)


CLAIMS: Handler[ClaimInputs, dict[str, Placed]] = Handler(load_claim_inputs, compute_places, save_places)
