"""Patching over intervals: what clean values do not show, values replayed, and never more than over clean values."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from analysis.certificates.ranges import neuron_ranges
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.registry import criterion_named
from analysis.networks.mlp import activations
from analysis.networks.network import Network
from analysis.question import ask
from analysis.tasks import task_from_table
from tests.analysis.criteria.circuit_contexts import all_circuits, kept_sets, random_network, xor_context
from tests.oracles import brute_force_criteria as plain

PATCHING = criterion_named("patching-robust")


def bump() -> CircuitCriteriaContext:
    """A circuit without the neuron A, out of which later neurons make a bump: 0 where A is 0 or 1, 1 at A = 1/2."""
    network = Network.from_arrays(
        [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]], [[2.0, -4.0]]],
        [[0.0, 0.0], [0.0, -0.5], [0.0]],
        activation="relu",
        output_activation="linear",
    )
    masks = np.array([0b1110101100], dtype=np.uint64)
    return CircuitCriteriaContext(ask(network, task=task_from_table([0, 0, 0, 0], 2)), masks)


@pytest.mark.slow
def test_values_between_clean_ones_may_do_what_clean_ones_do_not() -> None:
    context = bump()
    assert PATCHING.judge("circuit", context).at(0).outcome == "passed"
    verdict = PATCHING.judge("circuit", context, {"continuous": 1}).at(0)
    assert verdict.outcome == "failed"
    (carried,) = verdict.witness["values"]
    assert (carried["layer"], carried["neuron"]) == (1, 0)
    absent = [[0.0, 0.0], [carried["value"], 0.0], [0.0, 0.0]]
    output = plain.run(context.question.cut, kept_sets(context)[0], verdict.witness["input"], absent)[-1][0]
    assert plain.decision(output, "rounding") != verdict.witness["label"]


def test_the_solver_settles_what_one_box_does_not() -> None:
    assert PATCHING.judge("circuit", bump(), {"continuous": 1, "budget": 1}).at(0).outcome == "failed"


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "activation"), [(57, "leaky_relu"), (57, "relu"), (22, "tanh"), (14, "sigmoid")])
def test_certified_circuits_survive_random_values_and_are_among_the_discrete_ones(seed: int, activation: str) -> None:
    whole = all_circuits(seed, (2, 2, 2, 1), activation)
    context = replace(whole, masks=whole.masks[::4])
    discrete = PATCHING.judge("circuit", context)
    verdicts = PATCHING.judge("circuit", context, {"continuous": 1})
    assert (verdicts.passed <= discrete.passed).all()
    assert verdicts.tally.undecided == 0
    assert 0 < verdicts.tally.passed < len(context)
    draw, network = random.Random(seed), context.question.cut
    everything = set(plain.edges_of(network))
    for position in np.flatnonzero(verdicts.passed).tolist():
        for _ in range(20):
            # each neuron's value on an input of its own, anywhere between the clean ones
            absent = [
                [
                    plain.run(network, everything, [draw.random() for _ in range(2)])[layer][neuron]
                    for neuron in range(width)
                ]
                for layer, width in enumerate(network.sizes[:-1])
            ]
            for row, label in zip(plain.product([0.0, 1.0], repeat=2), context.question.task.truth_table, strict=True):
                output = plain.run(network, kept_sets(context)[position], list(row), absent)[-1][0]
                assert plain.decision(output, "rounding") == label


@pytest.mark.slow
def test_the_pretrained_xor_keeps_all_its_patching_robust_circuits_over_intervals() -> None:
    verdicts = PATCHING.judge("circuit", xor_context(), {"continuous": 1})
    assert (verdicts.tally.passed, verdicts.tally.failed) == (56, 141)


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "activation"), [((2, 3, 3, 1), "tanh"), ((3, 3, 2, 1), "leaky_relu")])
def test_ranges_hold_from_both_sides(sizes: tuple[int, ...], activation: str) -> None:
    network = random_network(3, sizes, activation)
    ranges = neuron_ranges(network, np.zeros(sizes[0]), np.ones(sizes[0]), budget=4096)
    seen = activations(network, np.random.default_rng(0).random((3000, sizes[0])))
    for layer in range(len(sizes) - 1):
        for neuron, known in enumerate(ranges[layer]):
            values = seen[layer][:, neuron]
            assert known.low <= values.min()
            assert values.max() <= known.high
            assert known.low <= known.inner_low <= known.inner_high <= known.high
            assert known.high - known.inner_high < 1e-8
            assert known.inner_low - known.low < 1e-8
    few = neuron_ranges(network, np.zeros(sizes[0]), np.ones(sizes[0]), budget=2)
    assert all(
        a.low <= b.low and b.high <= a.high
        for one, two in zip(few, ranges, strict=True)
        for a, b in zip(one, two, strict=True)
    )
