"""Climbing the classes that need no learning: neurons, sets, and directions in closed form; and the floor beside each.

1. The algorithms are the task's candidates without a redundant literal that have a variable to place.
2. Each class is searched whole on the network (:mod:`pluriscope.analysis.placements.formulas`,
   :mod:`pluriscope_methods.directions.search`).
3. The floor: the same on networks with each layer's weights permuted, biases kept. An orthogonal or oblique swap of an
   exact read-out leaves a base alone where the variable does not change, so it can pass only on a network that computes
   the task by itself; how many do is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import comb, perm

import numpy as np

from pluriscope.analysis.algorithms.candidates import Candidates
from pluriscope.analysis.algorithms.redundancy import placed_algorithms
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.placements.formulas import search_formulas
from pluriscope.analysis.placements.joint import MAX_RUNS, score_joint
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.tasks import Task, input_table
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.late_functions import function_at
from pluriscope_methods.directions.result import DirectionClass
from pluriscope_methods.directions.search import search_directions
from pluriscope_methods.directions.table import DirectionTable
from pluriscope_methods.map_classes.report import CLOSED, ClassCounts, ClosedClass, MapClassesReport
from pluriscope_methods.permutation_baseline.networks import permuted_network

_LEARN = "pluriscope_methods.map_classes.learned_classes:count_learned"
N_PERMUTED = 20
_JOINT = 1_000  # alignments on neurons whose joint interchanges are run


def find(of: Analysed[Question], settings: Settings, work: Work = DEFAULT_WORK) -> MapClassesReport:
    """Climb every class in closed form, and the learned ones where all is asked for; only these load torch."""
    report = count_closed(of.question, work)
    if settings.thorough:
        report = function_at(_LEARN)(report, of.question, work)
    return report


def count_closed(
    question: Question, work: Work = DEFAULT_WORK, *, n_permuted: int = N_PERMUTED, seed: int = 0
) -> MapClassesReport:
    """Count what passes in every class in closed form, on a network and on its permutations.

    Args:
        n_permuted: networks of the floor, at least 0.
        seed: of their permutations.
        work: gets the progress of "ladder"; without a clock no time is measured.

    Returns:
        A report without learned counts. A class that is beyond the limits says why.
    """
    candidates = placed_algorithms(question.task, question.protocol, question.network.n_hidden_layers)
    others = [permuted_network(question.network, number, seed=seed) for number in range(n_permuted)]
    work.report_step("ladder", 0, n_permuted + 1)
    own = closed_counts(question, candidates, work=work)
    within_limits = [key for key in CLOSED if not own[key].refused]
    rest: list[dict[ClosedClass, ClassCounts]] = []
    for number, other in enumerate(others):
        work.report_step("ladder", number + 1, n_permuted + 1, "permuted networks")
        rest.append(closed_counts(replace(question, subject=other), candidates, within_limits, joint=False))
    work.report_step("ladder", n_permuted + 1, n_permuted + 1)
    return MapClassesReport(
        algorithms=[algorithm.text for algorithm in candidates.algorithms],
        n_irredundant=candidates.n_candidates,
        rungs=tuple(one.above(counts[key] for counts in rest if key in counts) for key, one in own.items()),
        n_permuted=n_permuted,
        n_permuted_right=n_that_compute(others, question.task),
        seed=seed,
    )


def n_that_compute(networks: Sequence[Network], task: Task) -> int:
    """Count the networks that decide every clean input as the task does (threshold)."""
    wanted = list(task.truth_table)
    with np.errstate(over="ignore", invalid="ignore"):
        decided = [answers(forward(one, input_table(task.n_inputs))[:, 0]) for one in networks]
    return sum(one.tolist() == wanted for one in decided)


def closed_counts(
    question: Question,
    candidates: Candidates,
    classes: Sequence[ClosedClass] = CLOSED,
    work: Work = DEFAULT_WORK,
    *,
    joint: bool = True,
) -> dict[ClosedClass, ClassCounts]:
    """The classes in closed form on one network.

    Args:
        candidates: the algorithms that are placed.
        classes: which.
        joint: whether to run joint interchange on alignments on neurons too.
        work: its clock measures the counts.
    """
    found: dict[ClosedClass, ClassCounts] = {}
    with np.errstate(over="ignore", invalid="ignore"):  # permuted weights may overflow; no number is no decision
        table = DirectionTable(question)
        for key in classes:
            start = work.clock()
            try:
                if key == "single" or key == "sets":  # mypy narrows by these
                    one = _on_neurons(question, candidates, single=key == "single", joint=joint)
                else:
                    one = _on_directions(question, candidates, key, table)
            except BeyondLimits as refusal:
                one = ClassCounts.refusal(key, f"{refusal.item}: {refusal.cause}")
            found[key] = replace(one, seconds=work.clock() - start)
    return found


def _on_neurons(question: Question, candidates: Candidates, *, single: bool, joint: bool) -> ClassCounts:
    sites = "single_neurons" if single else "neuron_sets"
    asked = question.protocol.model_copy(update={"name": sites, "alignment_sites": sites, "alignments_kept": "all"})
    found = search_formulas(replace(question, protocol=asked), candidates).algorithms
    n_valid = sum(result.n_valid for result in found)
    n_runs = [
        (1 << question.network.n_inputs) ** (len(result.algorithm.responses) + 1) for result in found if result.n_valid
    ]
    confirmed: int | None = None
    if joint and n_valid <= _JOINT and max(n_runs, default=0) <= MAX_RUNS:
        confirmed = 0
        for result in found:
            for scored in result.alignments:
                if scored.valid:
                    score = score_joint(replace(question, protocol=asked), result.algorithm, scored.alignment)
                    confirmed += score.agreed == score.of
    return ClassCounts(
        "single" if single else "sets",
        sum(1 for result in found if result.n_valid),
        n_valid,
        sum(n_placements(question.network.hidden_sizes, len(r.algorithm.responses), single=single) for r in found),
        confirmed,
    )


def _on_directions(
    question: Question, candidates: Candidates, direction_class: DirectionClass, table: DirectionTable
) -> ClassCounts:
    found = search_directions(question, candidates, direction_class, table=table)
    if found.refused:
        return ClassCounts.refusal(direction_class, found.refused)
    placed = [result.n_placements for result in found.algorithms]
    exact = all(result.truncated_at is None and not result.n_undecided for result in found.algorithms)
    return ClassCounts(
        direction_class,
        found.n_aligned,
        found.n_valid,
        None if None in placed else sum(n for n in placed if n is not None),
        found.n_joint,
        exact,
    )


def n_placements(hidden_sizes: Sequence[int], n_variables: int, *, single: bool) -> int:
    """Ways to give variables disjoint neurons, or disjoint nonempty sets of neurons each within one layer.

    Args:
        hidden_sizes: widths of the hidden layers.
        n_variables: to be placed.
        single: one neuron each.
    """
    if single:
        return perm(sum(hidden_sizes), n_variables)
    ways = [1] + [0] * n_variables  # for each number of variables, in the layers so far
    for width in hidden_sizes:
        here = [_disjoint_sets(width, n) for n in range(n_variables + 1)]
        ways = [sum(comb(n, k) * ways[n - k] * here[k] for k in range(n + 1)) for n in range(n_variables + 1)]
    return ways[n_variables]


def _disjoint_sets(width: int, n: int) -> int:
    """Ordered n-tuples of disjoint nonempty subsets of a layer, by inclusion and exclusion over empty ones."""
    return sum((-1) ** empty * comb(n, empty) * (n - empty + 1) ** width for empty in range(n + 1))
