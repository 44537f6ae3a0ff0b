"""What every criterion says of one explanation: what is stored, else what is found now."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import Outcome
from app.addressing import Addresses
from app.db.reads.verdicts import verdicts_in
from app.options import PageModel
from app.pages.explanations import Explanation, stored_rows
from app.pages.verdicts.on_the_spot import Judged, judge_on_the_spot
from app.pages.verdicts.witnesses import WitnessView, witness_view
from pluriscope.blocks import VerdictState
from pluriscope.naming import ExplanationRef

Origin = Literal["stored", "computed", "not_computed"]
_GLYPHS: dict[str, VerdictState] = {"passed": "pass", "failed": "fail", "undecided": "untested", "not_applicable": "na"}
_WORDS: dict[str, str] = {
    "passed": "passes",
    "failed": "fails",
    "undecided": "undecided",
    "not_applicable": "not applicable",
    "not_computed": "not computed here",
}


class CriterionVerdict(PageModel):
    """What one criterion, with its default settings, says about one explanation."""

    criterion: str
    label: str
    definition: str
    outcome: Outcome | Literal["not_computed"]
    origin: Origin = Field(description="stored by a background job, computed for this answer, or not_computed.")
    about: Literal["", "circuit", "algorithm"] = Field(
        "", description="Set where the verdict is on the circuit of an interpretation, or on an alignment's algorithm."
    )
    score: float | None = None
    numerator: int | None = Field(None, description="Of the score where it is a fraction.")
    denominator: int | None = None
    reason: str = Field("", description="One sentence; empty where only the stored outcome is known.")
    witness: WitnessView | None = None

    @property
    def glyph(self) -> VerdictState:
        """Name of its mark in the interface."""
        return _GLYPHS.get(self.outcome, "untested")

    @property
    def words(self) -> str:
        return _WORDS[self.outcome]


def verdicts_on(session: Session, addresses: Addresses, explanation: Explanation) -> list[CriterionVerdict]:
    """Every criterion that applies: the stored outcome where there is one, else what is found now.

    Where what is stored and what is found now differ, the reason says both. An interpretation also has the verdicts on
    its circuit, an alignment those on its algorithm.

    Args:
        session: open session.
        addresses: builds links.
        explanation: of any kind.
    """
    own, within = _own(session, addresses, explanation), _within(explanation)
    if within is None:
        return own
    about, judged = cast(Literal["circuit", "algorithm"], within.kind), {verdict.criterion for verdict in own}
    rest = _own(session, addresses, within)
    return own + [one.model_copy(update={"about": about}) for one in rest if one.criterion not in judged]


def _own(session: Session, addresses: Addresses, explanation: Explanation) -> list[CriterionVerdict]:
    told = _stored(session, explanation).items()
    stored = {step.key: outcome for step, outcome in told if step == CriterionStep.of(step.criterion)}
    judged = judge_on_the_spot(session, explanation)
    return [_view(one, stored.get(one.criterion.key), explanation, addresses) for one in judged]


def _within(explanation: Explanation) -> Explanation | None:
    """The circuit of an interpretation, the algorithm of an alignment, each as an explanation of its own."""
    protocol = explanation.ref.protocol
    if explanation.interpretation is not None and explanation.circuit is not None:
        ref = ExplanationRef("circuit", explanation.circuit.hex, "", protocol)
        return replace(explanation, ref=ref, item=explanation.circuit)
    if (explanation.alignment or explanation.directions) is not None and explanation.algorithm is not None:
        ref = ExplanationRef("algorithm", explanation.algorithm.id, "", protocol)
        return replace(explanation, ref=ref, item=explanation.algorithm)
    return None


def _stored(session: Session, explanation: Explanation) -> dict[CriterionStep, Outcome]:
    """What is stored of the criteria' verdicts on one explanation."""
    analysis = explanation.place.analysis
    if analysis is None or explanation.interpretation is not None or explanation.directions is not None:
        return {}
    row = stored_rows(session, explanation)[-1]
    return {} if row is None else verdicts_in(session, analysis, explanation.kind, row.verdicts)


def _view(judged: Judged, stored: Outcome | None, explanation: Explanation, addresses: Addresses) -> CriterionVerdict:
    criterion, verdict = judged.criterion, judged.verdict
    named = {"criterion": criterion.key, "label": criterion.label, "definition": criterion.definition}
    if stored is not None and (verdict is None or verdict.outcome != stored):
        # reasons are found anew; that a stored outcome is not what is found now must not be hidden
        now = "" if verdict is None else f"Computed now it is {_WORDS[verdict.outcome]}: {verdict.reason}"
        return CriterionVerdict(**named, outcome=stored, origin="stored", reason=now)
    if verdict is None:
        why = f"{judged.why_not[:1].upper()}{judged.why_not[1:]}."
        return CriterionVerdict(**named, outcome="not_computed", origin="not_computed", reason=why)
    origin, witness = "computed" if stored is None else "stored", witness_view(verdict.witness, explanation, addresses)
    return CriterionVerdict.showing(verdict, **named, origin=origin, witness=witness)
