"""Verdicts of every criterion on one explanation: what is stored, else what is found now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.circuits.result import certainty_of
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.minimality import valid_by_running
from pluriscope.analysis.criteria.on_sites import MODEL, SITES
from pluriscope.analysis.criteria.population import Population, PopulationOf
from pluriscope.analysis.criteria.registry import ON_SITES, criteria_for
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import Outcome, Verdict
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.plugins import Failure, guarded
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, one_mask
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.db.reads.circuits import masks_of
from pluriscope.app.db.reads.verdicts import verdicts_in
from pluriscope.app.options import Link, PageModel
from pluriscope.app.pages.explanations import Explanation
from pluriscope.page_kit.blocks import VerdictState

SECONDS: Final = 1.0  # for one explanation; what is not started by then is not computed
SMALL_HIDDEN: Final = 8  # hidden neurons up to which slow criteria are computed on the spot
SMALL_INPUTS: Final = 3
_SETTINGS: Final = {("direction", "joint-interchange"): {"max_runs": 1 << 16}}
REMOVALS: Final = frozenset({"minimal-quasi", "minimal-local", "minimal-quasi-structural", "minimal-local-structural"})
_TOO_LARGE: Final = f"takes long beyond {SMALL_HIDDEN} hidden neurons or {SMALL_INPUTS} inputs; a worker computes it"
_TOO_LATE: Final = f"the {SECONDS:g} s that a page may take were spent; a worker computes it"
_NOT_FEW: Final = "asks for all explanations of this kind, which are not stored or too many to be computed on the spot"
_NOT_ALL: Final = "depends on all valid circuits, of which no complete list is stored under this protocol"


@dataclass(frozen=True)
class Judged:
    """Outcome of one criterion.

    Args:
        criterion: the criterion, with its default settings.
        verdict: None where it was not computed.
        why_not: why it was not, one clause.
    """

    criterion: Criterion
    verdict: Verdict | None
    why_not: str = ""


def judge_on_the_spot(
    explanation: Explanation[Question], *, clock: Callable[[], float] = time.monotonic
) -> list[Judged]:
    """The verdict of every criterion that applies to an explanation, in the registry's order.

    Args:
        explanation: of any kind.
        clock: seconds from some moment.
    """
    place, work = explanation.place, Work(clock=clock).for_seconds(SECONDS)
    kind, family = explanation.kind, _family(explanation)
    alone = Population(kind, place.question, explanation.judged, work=work)
    small = sum(place.question.network.hidden_sizes) <= SMALL_HIDDEN and place.question.network.n_inputs <= SMALL_INPUTS

    def judge(criterion: Criterion) -> Judged:
        if kind in criterion.idle:
            return Judged(criterion, criterion.judge(alone).at(0))
        if criterion.cost == "slow" and not small:
            return Judged(criterion, None, _TOO_LARGE)
        if work.is_over:
            return Judged(criterion, None, _TOO_LATE)
        try:
            if criterion.over == "population":
                if criterion.term != "minimality":  # of that alone a few circuits decide
                    return Judged(criterion, None, _NOT_FEW)
                return _judge_minimality(criterion, alone, family, explanation)
            return Judged(criterion, criterion.judge(alone, _SETTINGS.get((kind, criterion.key))).at(0))
        except OutOfTime:
            return Judged(criterion, None, _TOO_LATE)
        except AnalysisError as error:
            return Judged(criterion, None, f"{error.item}: {error.cause}")

    def failed(criterion: Criterion, failure: Failure) -> Judged:
        return Judged(criterion, None, f"plugin {failure}")

    every = criteria_for(kind)
    return [guarded("criteria", one, partial(judge, one), partial(failed, one)) for one in every]


def _judge_minimality(
    criterion: Criterion, alone: Population, family: NDArray[Any] | None, explanation: Explanation[Question]
) -> Judged:
    if explanation.circuit is None or (family is None and criterion.key not in REMOVALS):
        return Judged(criterion, None, _NOT_ALL)
    if family is None:
        valid, among, position = bool(valid_by_running(alone)[0]), replace(alone, complete=False), 0
    else:
        position = int(np.searchsorted(family, one_mask(explanation.circuit.mask, explanation.circuit.layout)))
        valid = position < len(family) and int(family[position]) == explanation.circuit.mask
        among = replace(alone, items=family)
    if not valid:
        reason = "It is no valid circuit of this protocol, and the question is asked of these."
        return Judged(criterion, Verdict("not_applicable", reason))
    return Judged(criterion, criterion.judge(among).at(position))


def _family(explanation: Explanation[Question]) -> NDArray[Any] | None:
    """Valid circuits inside a circuit and one with the fewest edges of all, ascending; None if not all are stored."""
    analysis, circuit = explanation.place.analysis, explanation.circuit
    if circuit is None or explanation.kind != "circuit" or analysis is None:
        return None
    if analysis.circuits_truncated_at is not None or certainty_of(analysis.circuits_method) != "exact":
        return None
    masks: NDArray[Any] = masks_of(explanation.session, analysis)
    given = one_mask(circuit.mask, circuit.layout)
    wanted: NDArray[np.bool_] = (masks & given) == masks
    if len(masks):
        wanted[np.argmin(np.bitwise_count(masks))] = True
    family: NDArray[Any] = masks[wanted]
    return family


_OF_RIVAL: Final = ("mask", "index", "alignment")


class WitnessView(PageModel):
    """Witness of a verdict."""

    words: str = Field(description="For people; empty if the rival alone says it.")
    rival: Link | None = None
    data: dict[str, Any] = Field(description="As the criterion gave it.")


def witness_view(witness: Mapping[str, Any], explanation: Explanation[Question]) -> WitnessView | None:
    """A witness in words, or None if there is none.

    Args:
        witness: as the verdict has it.
        explanation: what was judged.
    """
    if not witness:
        return None
    answer = {name: value for name, value in witness.items() if name not in _OF_RIVAL}
    return WitnessView(words=_in_words(answer), rival=_rival(witness, explanation), data=dict(witness))


def _in_words(value: Any) -> str:
    """Names with their values; bits of an input as one word."""
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {_in_words(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        bits = value and all(one in (0, 1) for one in value)
        return "".join(str(int(one)) for one in value) if bits else f"({', '.join(map(_in_words, value))})"
    if isinstance(value, (int, float)):
        return (f"{value:.4g}" if isinstance(value, float) else str(value)).replace("-", "−")
    return str(value)


def _rival(witness: Mapping[str, Any], explanation: Explanation[Question]) -> Link | None:
    slug, scope, links = explanation.place.slug, explanation.place.scope, explanation.links
    mask = witness.get("mask", explanation.circuit.hex if explanation.circuit and "index" in witness else None)
    if mask is not None and "index" in witness:
        index = int(witness["index"])
        url = links.interpretation(slug, mask, index, scope)
        return Link(label=f"interpretation {index} of circuit {mask}", url=url)
    if mask is not None:
        return Link(label=f"circuit {mask}", url=links.circuit(slug, mask, scope))
    if "alignment" in witness and explanation.algorithm is not None:
        alignment = str(witness["alignment"])
        url = links.alignment(slug, explanation.algorithm.id, alignment, scope)
        return Link(label=f"placement {alignment[:8]}", url=url)
    return None


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
    """Verdict of one criterion, with its default settings, on one explanation."""

    criterion: str
    label: str
    definition: str
    outcome: Outcome | Literal["not_computed"]
    origin: Origin = Field(description="stored by a background job, computed for this answer, or not_computed.")
    about: Literal["", "circuit", "algorithm"] = Field(
        "", description="Set where the verdict is on the circuit of an interpretation, or on a placement's algorithm."
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


def verdicts_on(explanation: Explanation[Question]) -> list[CriterionVerdict]:
    """Every criterion that applies: the stored outcome where there is one, else what is found now.

    Where what is stored and what is found now differ, the reason says both. An interpretation also has the verdicts on
    its circuit, an alignment those on its algorithm.

    Args:
        explanation: of any kind.
    """
    if explanation.place.question.kind.refuses("formulas") or explanation.on_sites:
        return [*_of_models(explanation)]
    own, within = _own(explanation), _within(explanation)
    if within is None:
        return own
    about, judged = cast(Literal["circuit", "algorithm"], within.kind), {verdict.criterion for verdict in own}
    rest = _own(within)
    return own + [one.model_copy(update={"about": about}) for one in rest if one.criterion not in judged]


def _of_models(explanation: Explanation[Any]) -> Iterator[CriterionVerdict]:
    """The same of a network with sites: of a circuit the outcomes that are stored, of others what was searched says."""
    if explanation.kind == "circuit":
        stored = {step.key: outcome for step, outcome in _stored(explanation).items()}
        why = "is judged where valid circuits are searched"
        if (row := explanation.rows[-1]) is not None:
            stored["margin"] = "failed" if row.margin < FRAGILE_MARGIN else "passed"
        for criterion in explanation.place.question.kind.explaining.criteria(explanation.place.question.kind):
            yield _view(Judged(criterion, None, why), stored.get(criterion.key), explanation)
        return
    items = {"algorithm": {MODEL: explanation.item}}
    if explanation.kind == "alignment":
        items["alignment"] = {SITES: explanation.item, MODEL: explanation.item[0]}
    for kind, item in items.get(explanation.kind, {}).items():
        for criterion in ON_SITES[kind]:
            verdict = criterion.judge(PopulationOf(kind, explanation.place.question, [item])).at(0)
            found = _view(Judged(criterion, verdict), verdict.outcome if explanation.stored else None, explanation)
            about = "algorithm" if kind == MODEL and explanation.kind == "alignment" else ""
            yield found.model_copy(update={"about": about})


def _own(explanation: Explanation[Question]) -> list[CriterionVerdict]:
    answer = _stored(explanation).items()
    stored = {step.key: outcome for step, outcome in answer if step == CriterionStep.of(step.criterion)}
    judged = judge_on_the_spot(explanation)
    return [_view(one, stored.get(one.criterion.key), explanation) for one in judged]


def _within(explanation: Explanation[Question]) -> Explanation[Question] | None:
    """The circuit of an interpretation, the algorithm of an alignment, each as an explanation of its own."""
    whole = explanation.circuit or explanation.algorithm
    if whole is None or whole is explanation.item:
        return None
    kind, name = ("circuit", whole.hex) if isinstance(whole, Circuit) else ("algorithm", whole.id)
    return replace(explanation, ref=ExplanationRef(kind, name, "", explanation.ref.protocol), item=whole)


def _stored(explanation: Explanation[Question]) -> dict[CriterionStep, Outcome]:
    """Stored verdicts of the criteria on one explanation."""
    analysis = explanation.place.analysis
    if analysis is None or explanation.kind in ("interpretation", "direction"):
        return {}
    row = explanation.rows[-1]
    return {} if row is None else verdicts_in(explanation.session, analysis, explanation.kind, row.verdicts)


def _view(judged: Judged, stored: Outcome | None, explanation: Explanation[Question]) -> CriterionVerdict:
    criterion, verdict = judged.criterion, judged.verdict
    named = {"criterion": criterion.key, "label": criterion.label, "definition": criterion.definition}
    if stored is not None and (verdict is None or verdict.outcome != stored):
        # reasons are found anew; that a stored outcome is not what is found now must not be hidden
        now = "" if verdict is None else f"Computed now it is {_WORDS[verdict.outcome]}: {verdict.reason}"
        return CriterionVerdict(**named, outcome=stored, origin="stored", reason=now)
    if verdict is None:
        why = f"{judged.why_not[:1].upper()}{judged.why_not[1:]}."
        return CriterionVerdict(**named, outcome="not_computed", origin="not_computed", reason=why)
    origin, witness = "computed" if stored is None else "stored", witness_view(verdict.witness, explanation)
    return CriterionVerdict.showing(verdict, **named, origin=origin, witness=witness)
