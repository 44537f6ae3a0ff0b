"""Criterion of chance: whether an alignment fares better than its algorithm would by chance.

The chance is that of :mod:`pluriscope_methods.permutation_baseline.networks`.
"""

from __future__ import annotations

from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.alignments.alignment import IIA
from pluriscope.analysis.criteria.criterion import Criterion, Parameter, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Outcome, Verdict, Verdicts, put_together, same_for_all
from pluriscope.analysis.errors import BeyondLimits
from pluriscope_methods.permutation_baseline.networks import best_on_permuted_networks


def _above_random(population: Population, settings: Settings) -> Verdicts:
    n_networks, seed = int(settings["networks"]), int(settings["seed"])
    algorithms = tuple(dict.fromkeys(algorithm for algorithm, _ in population.items if algorithm.carriers))
    try:
        permuted = best_on_permuted_networks(population.question, algorithms, n_networks, population.work, seed=seed)
    except BeyondLimits as refusal:
        return same_for_all(len(population), "undecided", f"Not tried: {refusal.cause}.")
    rows = {algorithm: number for number, algorithm in enumerate(algorithms)}
    return put_together(
        [
            _judge_one(scored.iia, permuted[rows[algorithm]], float(settings["percentile"]))
            if algorithm.carriers
            else Verdict("not_applicable", "Without variables nothing is interchanged.")
            for algorithm, scored in population.items
        ]
    )


def _judge_one(iia: IIA, permuted: NDArray[np.int64], percentile: float) -> Verdict:
    """Judge whether an alignment is above the percentile: strictly above so many of the controls."""
    below, n = int((permuted < iia.agreed).sum()), len(permuted)
    edge = max(int(np.sort(permuted)[max(ceil(percentile * n / 100), 1) - 1]), 0)  # nearest rank
    reason = (
        f"IIA {iia.agreed}/{iia.of} is above the algorithm's best on {below} of {n} networks with permuted weights."
    )
    witness = {"agreed": iia.agreed, "of": iia.of, "best_by_chance": max(int(permuted.max()), 0), "percentile": edge}
    outcome: Outcome = "passed" if 100 * below >= percentile * n else "failed"
    return Verdict.of_share(outcome, below, n, reason, witness)


ABOVE_RANDOM: Final = Criterion(
    key="above-random",
    label="Above chance",
    definition="The IIA is above a percentile, the 95th by default, of the algorithm's best IIA on networks with each "
    "layer's weights permuted.",
    formula="#{i : IIA > max over placements of IIA on network i, weights shuffled} ≥ percentile · networks",
    source="Pluriscope, after Sutter et al., NeurIPS 2025 (arXiv:2507.08802): what random networks reach",
    judges={"alignment": _above_random},
    idle={"direction": "What chance reaches is reported for each class of directions, among the classes of maps."},
    method="The entries of each weight matrix are shuffled within it, from the seed; biases stay. The best IIA over "
    "all placements on each such network is found exactly. The percentile is by nearest rank, so the IIA must be "
    "strictly above so many of the networks. Permuted networks hardly ever compute the task, so nearly every placement "
    "with a high IIA passes: this rules out arbitrary weights and no more. Networks that are drawn until they compute "
    "the task would be no better control for XOR: a fifth or more of those that compute it carry each of its two "
    "irredundant algorithms in full, and no IIA lies above 1. For other tasks that is not shown; which share of drawn "
    "networks carries an algorithm stands beside the funnel and the classes of maps.",
    direction="higher",
    parameters=(
        Parameter("percentile", 95.0, 0.0, 100.0, "share of the networks to be above", "%"),
        Parameter("networks", 100, 1, 10_000, "networks with permuted weights", "networks", True),
        Parameter("seed", 0, 0, 2**31 - 1, "of the permutations", whole=True),
    ),
    score="share of permuted networks on which the algorithm's best IIA is lower",
    cost="slow",
    term="interchange-intervention-accuracy",
)
