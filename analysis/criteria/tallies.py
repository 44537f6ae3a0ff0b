"""How many explanations pass each criterion, as far as the searches themselves already tell (spec §6).

Each tally is a record with the criterion's stable key and a function from what was found to a
:class:`~analysis.result.CriterionTally`, or None where the protocol does not ask the criterion's question. Which
explanations are counted:

- ``zero-ablation`` over the circuits of the protocol's space; those beyond a limit are undecided, and after an
  estimate all but the valid ones at hand.
- ``observed-class`` over the interpretations of the listed circuits.
- ``irredundant-…`` over the candidate algorithms; those beyond a limit are undecided, but where most candidates are
  not listed because the search went by support, all are counted.
- ``one-direction``, ``both-directions``, ``minimal-alignment`` over the protocol's valid alignments (the minimal ones
  where the protocol keeps only those). What a limit left out is undecided.
- ``margin`` over valid circuits and kept valid alignments together; circuits that are counted but not listed are
  undecided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from analysis.alignments.iia import PairRule
from analysis.alignments.result import AlgorithmSearch
from analysis.circuits.result import FRAGILE_MARGIN, CircuitSearch
from analysis.criteria.alignment_context import AlignmentCriteriaContext, valid_alignments
from analysis.interpretations.result import InterpretationCounts
from analysis.question import Question
from analysis.result import CriterionTally


@dataclass(frozen=True)
class Findings:
    """What the searches found for one output.

    Args:
        circuits: the circuit search.
        interpretations: counts, parallel to the circuits.
        algorithms: candidates with their alignments.
    """

    question: Question
    circuits: CircuitSearch
    interpretations: InterpretationCounts
    algorithms: AlgorithmSearch

    @property
    def n_alignments(self) -> int:
        """Valid alignments of the protocol, kept or not."""
        minimal_only = self.question.protocol.alignments_kept == "minimal"
        search = self.algorithms
        return search.n_minimal_alignments if minimal_only else search.n_valid_alignments


@dataclass(frozen=True)
class Tally:
    """One criterion that the searches decide on the way.

    Args:
        key: stable key of spec §6.
        count: from findings to the tally, None if the question does not arise.
    """

    key: str
    count: Callable[[Findings], CriterionTally | None]


def tallies(findings: Findings) -> dict[str, CriterionTally]:
    """Every tally that can be told, by criterion key."""
    counted = ((tally.key, tally.count(findings)) for tally in TALLIES)
    return {key: tally for key, tally in counted if tally is not None}


def of_circuits(findings: Findings) -> dict[str, CriterionTally]:
    """The tallies that are about circuits, for an analysis that searched nothing else."""
    return {key: tally for key, tally in tallies(findings).items() if key in _OF_CIRCUITS}


def _zero_ablation(findings: Findings) -> CriterionTally | None:
    rules = findings.question.protocol
    if rules.ablation != "zero" or rules.circuit_family != "own":
        return None
    search = findings.circuits
    passed = search.n_listed if search.method == "estimated" else search.n_valid
    rest = search.possible - passed
    every_one_judged = search.truncated_at is None or search.method == "counted"
    return CriterionTally(passed, rest if every_one_judged else 0, 0 if every_one_judged else rest, 0)


def _observed_class(findings: Findings) -> CriterionTally:
    counts = findings.interpretations
    return CriterionTally(counts.observed, counts.total - counts.observed, 0, 0)


def _irredundant(key: str) -> Callable[[Findings], CriterionTally]:
    def count(findings: Findings) -> CriterionTally:
        search = findings.algorithms
        if search.totals is not None:  # counted for all candidates, listed or not
            passed = search.totals.irredundant[key]
            return CriterionTally(passed, search.n_candidates - passed, 0, 0)
        results = search.algorithms
        verdicts = [result.irredundant.get(key) for result in results]
        return CriterionTally(verdicts.count(True), verdicts.count(False), search.n_unlisted, verdicts.count(None))

    return count


def _directions(pairs: PairRule) -> Callable[[Findings], CriterionTally]:
    def count(findings: Findings) -> CriterionTally:
        n = findings.n_alignments
        own = findings.question.protocol.interchange_pairs
        if own == pairs or own == "ordered":  # all ordered pairs include those of one direction
            return CriterionTally(n, 0, 0, 0)
        kept = valid_alignments(findings.algorithms)
        context = AlignmentCriteriaContext(findings.question, kept)
        verdicts = [
            not any(context.disagreements(algorithm, *place, pairs).any() for place in scored.alignment.places)
            for algorithm, scored in kept
        ]
        return CriterionTally(verdicts.count(True), verdicts.count(False), n - len(verdicts), 0)

    return count


def _minimal(findings: Findings) -> CriterionTally:
    n_minimal = findings.algorithms.n_minimal_alignments
    return CriterionTally(n_minimal, findings.n_alignments - n_minimal, 0, 0)


def _margin(findings: Findings) -> CriterionTally:
    kept = [scored.margin >= FRAGILE_MARGIN for _, scored in valid_alignments(findings.algorithms)]
    n_firm = int((findings.circuits.margins >= FRAGILE_MARGIN).sum())
    n_listed = findings.circuits.n_listed
    fragile = n_listed - n_firm + kept.count(False)
    # an estimate does not say of any further circuit that it is valid
    unlisted = findings.circuits.n_valid - n_listed if findings.circuits.method == "counted" else 0
    return CriterionTally(n_firm + kept.count(True), fragile, findings.n_alignments - len(kept) + unlisted, 0)


_OF_CIRCUITS: Final = frozenset({"zero-ablation", "margin"})
TALLIES: Final = (
    Tally("zero-ablation", _zero_ablation),
    Tally("observed-class", _observed_class),
    Tally("irredundant-gates", _irredundant("irredundant-gates")),
    Tally("irredundant-functions", _irredundant("irredundant-functions")),
    Tally("irredundant-literals", _irredundant("irredundant-literals")),
    Tally("one-direction", _directions("one_direction")),
    Tally("both-directions", _directions("ordered")),
    Tally("minimal-alignment", _minimal),
    Tally("margin", _margin),
)
