"""The verdicts on one to six explanations as a page and its JSON twin: for one with reasons, for several differences
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.criteria.registry import CRITERIA, criterion_named
from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import OUTCOMES, Outcome, Verdict
from app.addressing import Addresses
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.circuits import locate_mask
from app.db.reads.verdicts import StoredVerdict, position_of_alignment, verdicts_among, verdicts_at
from app.db.recorded import stored_refs
from app.db.tables import AlgorithmRow
from app.errors import BadQuery
from app.options import PageModel, ScopeOptions
from app.pages.compare.build import find_chosen, texts_of
from app.pages.compare.options import RefText
from app.pages.explanations import KIND_LABELS, Explanation
from app.pages.place import locate_boolean
from app.pages.shared import NetworkView, ProtocolView, TaskView, network_view, protocol_view
from app.pages.verdicts.on_the_spot import Judged, judge_on_the_spot
from app.pages.verdicts.witnesses import WitnessView, witness_view
from pluriscope.blocks import VerdictState
from pluriscope.naming import LETTERS, ExplanationRef

Origin = Literal["stored", "computed", "not_computed"]
_GLYPHS: dict[str, VerdictState] = {"passed": "pass", "failed": "fail", "undecided": "untested", "not_applicable": "na"}
_WORDS: dict[str, str] = {
    "passed": "passes",
    "failed": "fails",
    "undecided": "undecided",
    "not_applicable": "not applicable",
    "not_computed": "not computed here",
}


class VerdictsOptions(ScopeOptions):
    """Options of the verdicts."""

    e: list[RefText] = Field(
        [],
        max_length=64,
        description="An explanation, written as in a comparison: c-MASK, i-MASK.INDEX, g-ALGORITHM or "
        "a-ALGORITHM.ALIGNMENT or d-ALGORITHM.DIRECTIONS. One to six.",
    )


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
    reason: str = Field(
        "", description="One sentence; empty where only the stored outcome is known, as when several are asked about."
    )
    witness: WitnessView | None = None

    @property
    def glyph(self) -> VerdictState:
        """Name of its mark in the interface."""
        return _GLYPHS.get(self.outcome, "untested")

    @property
    def words(self) -> str:
        return _WORDS[self.outcome]


class JudgedView(PageModel):
    """One explanation with all verdicts on it."""

    letter: str
    kind: str
    kind_label: str
    ref: str
    url: str
    verdicts: list[CriterionVerdict]

    def tally(self, outcome: str) -> int:
        """How many of its verdicts have an outcome."""
        return sum(verdict.outcome == outcome for verdict in self.verdicts)


class CriterionRow(PageModel):
    """One criterion across the explanations."""

    criterion: str
    label: str
    definition: str
    differs: bool = Field(description="Whether it says different things of those that it applies to.")
    verdicts: list[CriterionVerdict | None] = Field(
        description="In the order of the explanations; null where it does not apply to the kind."
    )


class VerdictsPage(PageModel):
    """Every criterion's verdict on one to six explanations of one network."""

    network: NetworkView
    task: TaskView
    protocol: ProtocolView
    output: int
    explanations: list[JudgedView]
    rows: list[CriterionRow] = Field(
        description="Criteria on which outcomes differ first, then scores; else in the registry's order."
    )
    n_differing: int
    compare_url: str | None = Field(description="The comparison, where there are two or more.")
    url: str


def build_verdicts(session: Session, addresses: Addresses, network: str, options: VerdictsOptions) -> VerdictsPage:
    """Every applicable criterion on the explanations that the address names.

    Raises:
        NotFound: no such network, or a reference that names nothing.
        BadQuery: none, more than six, or a malformed reference.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    slug, scope = place.row.slug, place.scope
    texts = texts_of(session, addresses, options, place)
    if not texts:
        parent, label = addresses.network(slug, scope), f"network {slug}"
        raise BadQuery("the verdicts", "no explanation is named", "name one to six with e=", "e", parent, label)
    found = find_chosen(session, addresses, place, texts)
    explanations = list({str(explanation.ref): explanation for explanation in found.values()}.values())
    refs = [str(explanation.ref) for explanation in explanations]
    judge = Judge(session, addresses, reasons=len(explanations) == 1)
    judge.look_up(explanations)
    views = [
        JudgedView(
            letter=letter,
            kind=explanation.kind,
            kind_label=KIND_LABELS[explanation.kind],
            ref=ref,
            url=explanation.url,
            verdicts=judge.on(explanation),
        )
        for letter, ref, explanation in zip(LETTERS, refs, explanations, strict=False)
    ]
    rows = _rows(views)
    return VerdictsPage(
        network=network_view(place.row, addresses),
        task=place.question.task,
        protocol=protocol_view(place.question.protocol),
        output=scope.output,
        explanations=views,
        rows=rows,
        n_differing=sum(row.differs for row in rows),
        compare_url=addresses.compare(slug, refs, scope) if len(refs) > 1 else None,
        url=addresses.verdicts(slug, refs, scope),
    )


@dataclass
class Judge:
    """Verdicts on several explanations, each computed once: interpretations often share a circuit.

    Args:
        session: open session.
        addresses: builds links.
        reasons: whether all stored verdicts are computed again for their reasons; else only quick ones for their score.
    """

    session: Session
    addresses: Addresses
    reasons: bool
    _known: dict[tuple[str, str], list[CriterionVerdict]] = field(default_factory=dict, init=False)
    _stored: dict[tuple[str, str], Sequence[StoredVerdict]] = field(default_factory=dict, init=False)

    def look_up(self, explanations: Sequence[Explanation]) -> None:
        """Read what is stored of several explanations together: many of them stand in the same blocks."""
        places: dict[tuple[int, str], dict[tuple[str, str], int]] = {}
        analyses = {}
        for explanation in [part for one in explanations for part in (one, _within(one)) if part is not None]:
            analysis = explanation.place.analysis
            position = None if analysis is None else _position(self.session, explanation)
            if analysis is None or position is None:
                self._stored[_key(explanation)] = ()
                continue
            analyses[analysis.id] = analysis
            places.setdefault((analysis.id, explanation.kind), {})[_key(explanation)] = position
        for (analysis_id, kind), positions in places.items():
            found = verdicts_among(self.session, analyses[analysis_id], kind, positions.values())
            self._stored |= {key: found[position] for key, position in positions.items()}

    def on(self, explanation: Explanation) -> list[CriterionVerdict]:
        """Every criterion that applies: the stored outcome where there is one, else what is found now.

        Where what is stored and what is found now differ, the reason says both. An interpretation also has the
        verdicts on its circuit, an alignment those on its algorithm.
        """
        own = self._own(explanation)
        within = _within(explanation)
        if within is None:
            return own
        judged_already = {verdict.criterion for verdict in own}
        about = cast(Literal["circuit", "algorithm"], within.kind)
        return own + [
            verdict.model_copy(update={"about": about})
            for verdict in self._own(within)
            if verdict.criterion not in judged_already
        ]

    def _own(self, explanation: Explanation) -> list[CriterionVerdict]:
        key = _key(explanation)
        if key not in self._known:
            if key not in self._stored:
                self._stored[key] = stored_verdicts(self.session, explanation)
            stored = {
                verdict.step.key: verdict
                for verdict in self._stored[key]
                if verdict.step == CriterionStep.of(verdict.step.criterion)
            }
            known = frozenset() if self.reasons else frozenset(filter(_is_unscored, stored))
            self._known[key] = [
                _view(judged, stored.get(judged.criterion.key), explanation, self.addresses)
                for judged in judge_on_the_spot(self.session, explanation, known=known)
            ]
        return self._known[key]


def _is_unscored(key: str) -> bool:
    """Whether a stored outcome says all that several explanations are compared by, or its score takes long to find."""
    criterion = criterion_named(key)
    return not criterion.score or criterion.cost == "slow" or criterion.over == "population"


def _key(explanation: Explanation) -> tuple[str, str]:
    """What tells explanations of a comparison apart."""
    return str(explanation.ref), explanation.place.question.protocol.digest


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


def stored_verdicts(session: Session, explanation: Explanation) -> Sequence[StoredVerdict]:
    """What is stored of the criteria' verdicts on one explanation."""
    analysis = explanation.place.analysis
    position = None if analysis is None else _position(session, explanation)
    if analysis is None or position is None:
        return ()
    return verdicts_at(session, analysis, explanation.kind, position)


def _position(session: Session, explanation: Explanation) -> int | None:
    """Where a stored explanation stands in the order of verdicts, None if it does not."""
    analysis = explanation.place.analysis
    if analysis is None or explanation.interpretation is not None or explanation.directions is not None:
        return None
    if explanation.recorded is not None:
        texts = stored_refs(session, analysis, explanation.recorded)
        return texts.index(explanation.ref.first) if explanation.ref.first in texts else None
    if explanation.circuit is not None:
        position, stored = locate_mask(session, analysis.id, explanation.circuit.hex)
        return position if stored else None
    row = (
        None
        if explanation.algorithm is None
        else algorithm_reads.find_algorithm(session, analysis.id, explanation.algorithm.id)
    )
    if row is None:
        return None
    if explanation.alignment is not None:
        aligned = algorithm_reads.find_alignment(session, row, explanation.alignment.id)
        return None if aligned is None else position_of_alignment(session, aligned)
    before = select(func.count()).where(AlgorithmRow.analysis_id == analysis.id, AlgorithmRow.position < row.position)
    return session.scalar(before) or 0


def _view(
    judged: Judged, stored: StoredVerdict | None, explanation: Explanation, addresses: Addresses
) -> CriterionVerdict:
    criterion, verdict = judged.criterion, judged.verdict
    named = {"criterion": criterion.key, "label": criterion.label, "definition": criterion.definition}
    if stored is None and verdict is None:
        return CriterionVerdict(
            **named, outcome="not_computed", origin="not_computed", reason=_sentence(judged.why_not)
        )
    if stored is None and verdict is not None:
        return CriterionVerdict.showing(
            verdict,
            **named,
            origin="computed",
            witness=witness_view(verdict.witness, explanation, addresses),
        )
    if stored is None:
        raise ValueError("one of the two is there")
    same = verdict is not None and verdict.outcome == stored.outcome
    return CriterionVerdict.showing(
        verdict if same else stored,  # a score is not stored
        **named,
        origin="stored",
        reason=_stored_reason(verdict, same),
        witness=witness_view(verdict.witness, explanation, addresses) if verdict is not None and same else None,
    )


def _stored_reason(verdict: Verdict | None, same: bool) -> str:
    """Reasons are found anew; that a stored outcome is not what is found now must not be hidden."""
    if verdict is None:
        return ""
    return verdict.reason if same else f"Computed now it is {_WORDS[verdict.outcome]}: {verdict.reason}"


def _sentence(clause: str) -> str:
    return clause[:1].upper() + clause[1:] + "."


def _rows(views: Sequence[JudgedView]) -> list[CriterionRow]:
    by_key = [{verdict.criterion: verdict for verdict in view.verdicts} for view in views]
    rows = []
    for criterion in CRITERIA:
        verdicts = [known.get(criterion.key) for known in by_key]
        outcomes = {verdict.outcome for verdict in verdicts if verdict is not None}
        if outcomes:
            rows.append(
                CriterionRow(
                    criterion=criterion.key,
                    label=criterion.label,
                    definition=criterion.definition,
                    differs=len(outcomes & set(OUTCOMES)) > 1,
                    verdicts=verdicts,
                )
            )
    return sorted(rows, key=lambda row: (not row.differs, not _scores_differ(row)))


def _scores_differ(row: CriterionRow) -> bool:
    return len({verdict.score for verdict in row.verdicts if verdict is not None}) > 1
