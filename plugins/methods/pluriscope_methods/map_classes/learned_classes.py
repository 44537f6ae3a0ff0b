"""Climbing the classes that are learned: subspaces by a rotation, and blocks of a non-linear map. Loads torch.

A placement passes if from some seed every single interchange ends on the right side. So the numbers are lower bounds:
another seed may find what these did not. Maps for the floor are learned on single interchanges alone, which is easier,
so that the floor is not understated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pluriscope.analysis.algorithms.candidates import Candidates
from pluriscope.analysis.algorithms.redundancy import placed_algorithms
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.placements.iia import tested_pairs
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.directions.blocks import block_placements, demands
from pluriscope_methods.directions.das import LearningOptions, learn
from pluriscope_methods.map_classes.report import LEARNED, ClassCounts, LearnedClass, MapClassesReport
from pluriscope_methods.permutation_baseline.networks import permuted_network

LINEAR: Final = LearningOptions(seeds=(0, 1), steps=150, learning_rate=0.1)
NON_LINEAR: Final = LearningOptions(seeds=(0, 1), steps=150, learning_rate=0.03)
MAX_WORK: Final = 100_000_000  # maps × interchanges × steps, on one network: some minutes
_AT_ONCE: Final = 5  # permuted networks learned side by side between two reports


def count_learned(report: MapClassesReport, question: Question, work: Work = DEFAULT_WORK) -> MapClassesReport:
    """Add the learned classes to those in closed form.

    Args:
        report: the closed classes of the same network, whose permuted networks are taken again.
        work: gets the progress of "ladder"; without a clock no time is measured.
    """
    candidates = placed_algorithms(question.task, question.protocol, question.network.n_hidden_layers)
    others = [permuted_network(question.network, number, seed=report.seed) for number in range(report.n_permuted)]
    counts = list(report.rungs)
    total, n_networks = len(LEARNED) * (len(others) + 1), len(others) + 1
    for number, key in enumerate(LEARNED):
        work.report_step("ladder", number * n_networks, total, f"{key} maps")
        own, below = _own_counts(question, candidates, key, work), []
        for first in range(0, 0 if own.refused else len(others), _AT_ONCE):
            work.report_step("ladder", number * n_networks + 1 + first, total, f"{key} maps of permuted networks")
            some = [replace(question, subject=other) for other in others[first : first + _AT_ONCE]]
            below += learned_counts(some, candidates, key, joint=False)
        counts.append(own.above(below))
    work.report_step("ladder", total, total)
    return report.model_copy(update={"rungs": tuple(counts)})


def _own_counts(question: Question, candidates: Candidates, key: LearnedClass, work: Work) -> ClassCounts:
    """A learned class on the network itself, which may be refused."""
    start = work.clock()
    try:
        (one,) = learned_counts([question], candidates, key, joint=True)
    except BeyondLimits as refusal:
        return ClassCounts.refusal(key, f"{refusal.item}: {refusal.cause}")
    return replace(one, seconds=work.clock() - start)


def learned_counts(
    questions: Sequence[Question], candidates: Candidates, map_class: LearnedClass, *, joint: bool
) -> list[ClassCounts]:
    """Count the placements of one learned class on several networks of one shape at once.

    Args:
        questions: alike in everything but the network.
        candidates: the algorithms that are placed.
        map_class: "learned" or "non-linear".
        joint: whether joint interchanges are demanded as well.

    Raises:
        BeyondLimits: too many placements, or too much to learn.
    """
    networks = [question.network for question in questions]
    first = networks[0]
    options = NON_LINEAR if map_class == "non-linear" else LINEAR
    tested, rows = (tested_pairs(first.n_inputs, questions[0].protocol.interchange_pairs), questions[0].data.clean_rows)
    plan = []
    work = 0
    for algorithm in candidates.algorithms:
        n_rows, n_variables = 1 << first.n_inputs, len(algorithm.responses)
        blocks = block_placements(n_variables, first.hidden_sizes)
        n_runs = int(tested.sum()) * n_variables + (n_rows ** (n_variables + 1) if joint else 0)
        work += len(blocks) * len(options.seeds) * n_runs * options.steps
        plan.append((algorithm, blocks))
    if work > MAX_WORK:
        raise BeyondLimits(
            "learned maps",
            f"all placements need {work:,} interchanges in training, against a limit of {MAX_WORK:,}",
            "use a narrower network",
        )
    totals = [[0, 0, 0, 0] for _ in networks]
    for algorithm, blocks in plan:
        asked = demands(algorithm, tested, joint=joint)
        n_joint = len(asked.wanted) - asked.n_single
        runs = learn(networks, rows, asked, blocks, options, non_linear=map_class == "non-linear")
        for number, total in enumerate(totals):
            mine = runs[number * len(blocks) : (number + 1) * len(blocks)]
            single = [any(run.n_single == asked.n_single for run in seeds) for seeds in mine]
            both = [any(run.n_single == asked.n_single and run.n_joint == n_joint for run in seeds) for seeds in mine]
            total[0] += any(single)
            total[1] += sum(single)
            total[2] += len(blocks)
            total[3] += sum(both)
    return [ClassCounts(map_class, a, b, c, d if joint else None, exact=False) for a, b, c, d in totals]
