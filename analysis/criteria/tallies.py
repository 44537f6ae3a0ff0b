"""Tallies of the explanations that pass each criterion, as far as they follow from the searches themselves (spec §6).

Which explanations are counted:

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

from pluriscope.analysis.algorithms.redundancy import IRREDUNDANT
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.criteria.interchanges import BOTH_DIRECTIONS, ONE_DIRECTION
from pluriscope.analysis.criteria.placements import valid_alignments
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.placements.iia import PairRule
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.analysis.subjects.perceptron.question import Question


def tallies(
    question: Question, circuits: CircuitSearch, interpretations: InterpretationCounts, algorithms: AlgorithmSearch
) -> dict[str, CriterionTally]:
    """Tally criteria over what the searches found for one output, by criterion key, as far as that decides them."""
    kept_alone = question.protocol.alignments_kept == "minimal"
    n_minimal = algorithms.n_minimal_placements
    n_alignments = n_minimal if kept_alone else algorithms.n_valid_placements
    n_observed = interpretations.observed
    return {
        **_zero_ablation(question, circuits),
        "observed-class": CriterionTally(n_observed, interpretations.total - n_observed, 0, 0),
        **{key: _irredundant(key, algorithms) for key in IRREDUNDANT},
        "one-direction": _directions("one_direction", question, algorithms, n_alignments),
        "both-directions": _directions("ordered", question, algorithms, n_alignments),
        "minimal-alignment": CriterionTally(n_minimal, n_alignments - n_minimal, 0, 0),
        "margin": _margin(circuits, algorithms, n_alignments),
    }


def tallies_of_circuits(question: Question, circuits: CircuitSearch) -> dict[str, CriterionTally]:
    """The tallies that are about circuits, for an analysis that searched nothing else."""
    return {**_zero_ablation(question, circuits), "margin": _margin(circuits, AlgorithmSearch((), 0), 0)}


def _zero_ablation(question: Question, search: CircuitSearch) -> dict[str, CriterionTally]:
    """Tally zero ablation over the circuits of a search; empty where the protocol does not test it."""
    if question.protocol.ablation != "zero" or question.protocol.circuit_family != "own":
        return {}
    passed = search.n_listed if search.certainty != "exact" else search.n_valid
    rest = search.possible - passed
    every_one_judged = search.truncated_at is None or search.method == "counted"
    return {
        "zero-ablation": CriterionTally(passed, rest if every_one_judged else 0, 0 if every_one_judged else rest, 0)
    }


def _irredundant(key: str, search: AlgorithmSearch) -> CriterionTally:
    if search.totals is not None:  # counted for all candidates, listed or not
        passed = search.totals.irredundant[key]
        return CriterionTally(passed, search.n_candidates - passed, 0, 0)
    verdicts = [result.irredundant.get(key) for result in search.algorithms]
    return CriterionTally(verdicts.count(True), verdicts.count(False), search.n_unlisted, verdicts.count(None))


def _directions(pairs: PairRule, question: Question, search: AlgorithmSearch, n: int) -> CriterionTally:
    if question.protocol.interchange_pairs in (pairs, "ordered"):  # all ordered pairs include those of one direction
        return CriterionTally(n, 0, 0, 0)
    criterion = ONE_DIRECTION if pairs == "one_direction" else BOTH_DIRECTIONS
    kept = criterion.judge(Population("alignment", question, valid_alignments(search))).tally
    return CriterionTally(kept.passed, kept.failed, n - kept.of, 0)


def _margin(circuits: CircuitSearch, algorithms: AlgorithmSearch, n_alignments: int) -> CriterionTally:
    kept = [scored.margin >= FRAGILE_MARGIN for _, scored in valid_alignments(algorithms)]
    n_firm = int((circuits.margins >= FRAGILE_MARGIN).sum())
    fragile = circuits.n_listed - n_firm + kept.count(False)
    # an estimate does not say of any further circuit that it is valid
    unlisted = circuits.n_valid - circuits.n_listed if circuits.method == "counted" else 0
    return CriterionTally(n_firm + kept.count(True), fragile, n_alignments - len(kept) + unlisted, 0)
