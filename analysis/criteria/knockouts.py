"""Completeness and necessity: what remains when parts are taken away from circuit and network alike.

1. Completeness (Wang et al., ICLR 2023): for every set K of hidden neurons, nothing leaves the neurons of K, in the
   circuit and in the network; both must then decide alike. All sets are tried, the empty one too. That nothing leaves a
   neuron is the same as columns of 0 in the next weight matrix; which neurons are active stays as it was.
2. Necessity: the complement, run as if it were a circuit, is not valid. Neurons without a kept edge in are 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.circuit_context import CircuitCriteriaContext, count_right
from analysis.criteria.criterion import Criterion, Settings
from analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from analysis.networks.ablation import zeros
from analysis.networks.mlp import batch_activations, forward, keep_matrices
from analysis.networks.network import Network
from analysis.validity import decide

MAX_SETS: Final = 1 << 12
_SETS_BETWEEN_REPORTS: Final = 16  # makes batches that much smaller, for each takes all sets

Site = tuple[int, int]  # hidden layer from 1, neuron from 0


def knocked_out(network: Network, sites: Sequence[Site]) -> Network:
    """The network with nothing leaving these hidden neurons."""
    weights = [matrix.copy() for matrix in network.weights]
    for layer, neuron in sites:
        weights[layer][:, neuron] = 0.0
    return Network.from_arrays(
        weights,
        network.biases,
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=network.negative_slope,
    )


def _sets(hidden_sizes: Sequence[int]) -> Iterator[tuple[Site, ...]]:
    """Every set of hidden neurons, small ones first."""
    sites = [(layer, neuron) for layer, width in enumerate(hidden_sizes, start=1) for neuron in range(width)]
    for size in range(len(sites) + 1):
        yield from combinations(sites, size)


def _complete(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    network, rows = context.question.cut, context.clean_rows
    n_possible = 2 ** sum(network.hidden_sizes)
    n_sets = min(MAX_SETS, n_possible)
    sets = list(islice(_sets(network.hidden_sizes), n_sets))
    absent, rule = context.absent(context.question.protocol.ablation), context.question.protocol.circuit_decision
    broken = [knocked_out(network, sites) for sites in sets]
    with np.errstate(over="ignore", invalid="ignore"):
        expected = np.array([decide(forward(one, rows)[:, 0], rule) for one in broken])

    def alike(keep: Sequence[NDArray[np.bool_]], which: int) -> NDArray[np.bool_]:
        with np.errstate(over="ignore", invalid="ignore"):
            layers = batch_activations(broken[which], keep, rows, absent)
        same: NDArray[np.bool_] = np.equal(decide(layers[-1][:, 0], rule), expected[which])
        return same

    n_alike = np.zeros(len(context), dtype=np.int64)
    for part in context.parts("knock-outs", len(rows) * _SETS_BETWEEN_REPORTS):
        keep = keep_matrices(context.masks[part], context.question.layout)
        for which in range(n_sets):
            context.work.check()
            n_alike[part] += alike(keep, which).sum(axis=1)
    n_tests = n_sets * len(rows)

    def explain(position: int) -> tuple[str, Witness]:
        reason = (
            f"Circuit and network decide alike on {n_alike[position]:,} of {n_tests:,} pairs of knock-out and input."
        )
        if n_alike[position] == n_tests:
            largest = f"{len(sets[-1])} neuron{'' if len(sets[-1]) == 1 else 's'}"
            tried = f" Only sets of up to {largest} were tried." if n_sets < n_possible else ""
            return reason + tried, {}
        keep = keep_matrices(context.masks[position : position + 1], context.question.layout)
        which = next(number for number in range(n_sets) if not alike(keep, number).all())
        row = int(np.flatnonzero(~alike(keep, which)[0])[0])
        return reason, {
            "neurons": [list(site) for site in sets[which]],
            "input": rows[row].tolist(),
            "circuit": float(batch_activations(broken[which], keep, rows, absent)[-1][0, 0, row]),
            "network": float(forward(broken[which], rows)[row, 0]),
        }

    passed = n_alike == n_tests
    untried = passed & (n_sets < n_possible)
    return verdicts_of(passed, explain, numerators=n_alike, denominators=n_tests, undecided=untried)


def _necessary(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    rows, labels = context.question.judged
    nothing = zeros(context.question.cut.sizes)
    n_right = np.zeros(len(context), dtype=np.int64)
    for part in context.parts("complements", len(rows)):
        keep = [~matrix for matrix in keep_matrices(context.masks[part], context.question.layout)]
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = batch_activations(context.question.cut, keep, rows, nothing)[-1][:, 0]
        n_right[part] = count_right(outputs, labels, context.question.protocol)

    def explain(position: int) -> tuple[str, Witness]:
        return f"The complement decides {n_right[position]} of {len(labels)} rows right.", {}

    return verdicts_of(~context.enough(n_right), explain, numerators=n_right, denominators=len(labels))


KNOCKOUT_COMPLETENESS: Final = Criterion(
    key="knockout-completeness",
    label="Completeness under knock-outs",
    definition="Whichever hidden neurons are set to 0 in both, circuit and network decide alike on every clean input.",
    formula="for every K ⊆ hidden neurons and x in D: d(f_(C∖K)(x)) = d(f_(M∖K)(x)), among 0, 1, neither",
    source="Wang et al., ICLR 2023 (arXiv:2211.00593): completeness, here over every K",
    judges={"circuit": _complete},
    direction="higher",
    score="share of pairs of knock-out and clean input decided alike",
    cost="slow",
    term="completeness",
)
NECESSITY: Final = Criterion(
    key="necessity",
    label="Necessity",
    definition="The complement of the circuit, with neurons without an edge in set to 0, is not valid.",
    formula="share of rows x with d(f_(M∖C)(x; absent = 0)) = y(x)  ≤  threshold of the protocol",
    source="Shi et al., NeurIPS 2024 (arXiv:2410.13032): what the complement can still do",
    judges={"circuit": _necessary},
    direction="lower",
    score="share of rows that the complement decides right",
)
