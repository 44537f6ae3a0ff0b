"""From the paper's count of algorithms and alignments to ours, on one network, one rule changed at a time.

1. ``paper``: the authors' formulas, each interchange in one direction.
2. ``both-directions``: every ordered pair of source and base.
3. ``twins-merged``: formulas that are one and-inverter tree are one algorithm (De Morgan, commuting); alignments of
   twins that make variables of the same places are one alignment.
4. ``negated-inputs-free``: a negated input is no variable and needs no neurons of its own.
5. ``every-negation``: all and-inverter trees of the depth, not only that of the first set of NOTs that the authors keep
   for each tree of AND and OR. The only step that adds algorithms.
6. ``irredundant-gates``, ``irredundant-functions``, ``irredundant-literals``: redundancy barred, in three steps.

The network is interchanged once for each of the two pair rules; all counts are exact and nothing is listed. Circuits
and interpretations have no part in this, so it is quick at any width for which neuron sets can be searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from analysis.algorithms.candidates import candidate_algorithms
from analysis.algorithms.de_morgan import reading_of
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.decisions import SiteDecisions, site_decisions
from analysis.alignments.result import AlgorithmResult
from analysis.alignments.search import align_with, count_refuted
from analysis.errors import BeyondLimits
from analysis.protocol import COMPLETE, PAPER, Protocol
from analysis.question import Question
from analysis.tasks import Task

STEPS: Final[dict[str, str]] = {
    "paper": "the paper's formulas, one direction of each interchange",
    "both-directions": "both directions of each interchange",
    "twins-merged": "De Morgan twins are one algorithm",
    "negated-inputs-free": "a negated input is no variable",
    "every-negation": "every placement of NOT, not only the first",
    "irredundant-gates": "no constant gate, none equal to an input",
    "irredundant-functions": "no gate repeats a gate below it",
    "irredundant-literals": "no redundant literal",
}
SHORT: Final[dict[str, str]] = {
    "paper": "paper",
    "both-directions": "both directions",
    "twins-merged": "De Morgan duplicates merged",
    "negated-inputs-free": "negated inputs allowed",
    "every-negation": "NOT anywhere",
    "irredundant-gates": "no trivial gates",
    "irredundant-functions": "no duplicate subformulas",
    "irredundant-literals": "no redundant literals",
}
"""The steps as axes name them."""
MAX_CANDIDATES: Final = 20_000  # of one form; all of them are aligned
_COUNTED: Final = {"n_near_misses": 0, "max_alignments": 1}  # counted, not listed
_ONE_WAY: Final = PAPER.model_copy(update={"name": "paper, counted", **_COUNTED})
_BOTH_WAYS: Final = PAPER.model_copy(
    update={"name": "paper, both directions", "interchange_pairs": "ordered", **_COUNTED}
)
_TREES: Final = COMPLETE.model_copy(update={"name": "complete, counted", **_COUNTED})


@dataclass(frozen=True)
class Step:
    """What one step leaves.

    Args:
        key: one of :data:`STEPS`.
        n_candidates: algorithms that are tried.
        n_free: those of them without variables, which nothing has to align.
        n_aligned: those with variables that have at least one valid alignment.
        n_valid: valid alignments of those with variables.
        n_minimal: minimal ones.
    """

    key: str
    n_candidates: int
    n_free: int
    n_aligned: int
    n_valid: int
    n_minimal: int

    @property
    def n_algorithms(self) -> int:
        """Algorithms that stay: aligned, or without variables."""
        return self.n_aligned + self.n_free


def staircase(question: Question) -> tuple[Step, ...]:
    """Count algorithms and alignments step by step.

    Args:
        question: what is asked; each step has a protocol of its own.

    Returns:
        One step for each of :data:`STEPS`, in order.

    Raises:
        BeyondLimits: too many candidates to align each, or too many hidden neurons for an exact search.
    """
    task, n_layers = question.task, question.cut.n_hidden_layers
    formulas = _listed(task, PAPER, n_layers)
    trees = _listed(task, COMPLETE, n_layers)
    one_way = site_decisions(replace(question, protocol=_ONE_WAY))
    both_ways = site_decisions(replace(question, protocol=_BOTH_WAYS))
    by_formula = _aligned(both_ways, formulas, _BOTH_WAYS)
    steps = [_step("paper", _aligned(one_way, formulas, _ONE_WAY)), _step("both-directions", by_formula)]
    steps.append(_merged(by_formula))
    steps.append(_step("negated-inputs-free", _aligned(both_ways, _without_twins(formulas), _TREES)))
    every = _aligned(both_ways, trees, _TREES)
    steps.append(_step("every-negation", every))
    for key in list(STEPS)[len(steps) :]:
        every = tuple(result for result in every if irredundancy(result.algorithm)[key])
        steps.append(_step(key, every))
    return tuple(steps)


def last_step(question: Question) -> Step:
    """The last step of :func:`staircase` alone, which takes a part of the time: few algorithms are left to align.

    Raises:
        BeyondLimits: see :func:`staircase`.
    """
    algorithms = irredundant_algorithms(question.task, question.cut.n_hidden_layers)
    sites = site_decisions(replace(question, protocol=_BOTH_WAYS))
    return _step(list(STEPS)[-1], _aligned(sites, algorithms, _TREES))


def one_way_refuted(question: Question) -> int:
    """Of the alignments that step ``paper`` counts, those that step ``both-directions`` does not call valid.

    Raises:
        BeyondLimits: see :func:`staircase`.
    """
    one_way, both_ways = (site_decisions(replace(question, protocol=rules)) for rules in (_ONE_WAY, _BOTH_WAYS))
    return count_refuted(one_way, both_ways, _listed(question.task, PAPER, question.cut.n_hidden_layers))


@lru_cache(maxsize=32)
def irredundant_algorithms(
    task: Task, n_hidden_layers: int, protocol: Protocol = COMPLETE
) -> tuple[HighLevelModel, ...]:
    """The algorithms of a task without a redundant literal, in the order of the candidates.

    Args:
        protocol: whose candidates; and-inverter trees, or with shared gates.

    Raises:
        BeyondLimits: too many candidates to list.
    """
    every = _listed(task, protocol, n_hidden_layers)
    return tuple(algorithm for algorithm in every if irredundancy(algorithm)["irredundant-literals"])


def _listed(task: Task, protocol: Protocol, n_hidden_layers: int) -> tuple[HighLevelModel, ...]:
    found = candidate_algorithms(task, protocol, n_hidden_layers, max_candidates=MAX_CANDIDATES)
    if found.truncated_at is not None:
        raise BeyondLimits(
            f"algorithms of {task.name or 'the task'}",
            f"{found.n_candidates:,} are more than the {MAX_CANDIDATES:,} that a study aligns one by one",
            "study a task with fewer inputs, or a network with fewer hidden layers",
        )
    return found.algorithms


@lru_cache(maxsize=32)
def _without_twins(formulas: tuple[HighLevelModel, ...]) -> tuple[HighLevelModel, ...]:
    """The formulas' trees, each once, in the order of the first formula of each."""
    return tuple({(tree := reading_of(formula).algorithm).text: tree for formula in formulas}.values())


def _aligned(
    sites: SiteDecisions, algorithms: Sequence[HighLevelModel], protocol: Protocol
) -> tuple[AlgorithmResult, ...]:
    return align_with(sites, algorithms, protocol)


def _step(key: str, results: Sequence[AlgorithmResult]) -> Step:
    placed = [result for result in results if result.algorithm.responses]
    return Step(
        key,
        len(results),
        len(results) - len(placed),
        sum(1 for result in placed if result.n_valid),
        sum(result.n_valid for result in placed),
        sum(result.n_minimal for result in placed),
    )


def _merged(results: Sequence[AlgorithmResult]) -> Step:
    """Twins as one: an algorithm for each tree, an alignment for each placement of the same places of a tree."""
    readings = {(reading_of(r.algorithm).algorithm.text, reading_of(r.algorithm).variables): r for r in results}
    by_tree: dict[str, list[AlgorithmResult]] = {}
    for (text, _), result in readings.items():
        by_tree.setdefault(text, []).append(result)
    placed = [result for result in readings.values() if result.algorithm.responses]
    free = [text for text, twins in by_tree.items() if not all(twin.algorithm.responses for twin in twins)]
    aligned = [text for text, twins in by_tree.items() if text not in free and any(twin.n_valid for twin in twins)]
    return Step(
        "twins-merged",
        len(by_tree),
        len(free),
        len(aligned),
        sum(result.n_valid for result in placed),
        sum(result.n_minimal for result in placed),
    )
