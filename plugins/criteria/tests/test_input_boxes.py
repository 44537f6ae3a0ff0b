"""Robustness on inputs, against exact arithmetic and dense samples; what is proved of patches, against clean values."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.criteria.circuit_contexts import all_circuits, kept_sets
from tests.golden_files import golden_network
from tests.oracles import exact_arithmetic as exact
from tests.oracles.brute_force_circuits import boolean_rows
from tests.oracles.dense_criteria import DenseCriteria, decided

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run

# (network, task, how many circuits are looked at)
CERTIFIED = [
    ("xor_pretrained", 197),
    ("xor_relu_3-3", 60),
    ("xor_2-2-2", 60),
    ("xor_sigmoid_3-3", 60),
    ("xor_tanh_3-3", 60),
    ("or_sigmoid_2-2", 60),
]


def golden_context(name: str, n_circuits: int) -> Population:
    """Valid circuits of a golden network, evenly drawn from the list."""
    file = golden_network(name)
    masks = search_circuits(ask(file.network, task=file.tasks[0])).masks
    step = max(1, len(masks) // n_circuits)
    return Population("circuit", ask(file.network, task=file.tasks[0]), masks[::step][:n_circuits])


def right_on_grid(context: Population, radius: float, n: int) -> np.ndarray:
    """Whether each circuit is right at every point of a grid around every clean input."""
    labels, rule = context.question.task.truth_table, context.question.protocol.circuit_decision
    sampled = DenseCriteria(context.question.network, labels, context.items)
    grid = np.linspace(-radius, radius, n)
    offsets = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    around = zip(sampled.rows, labels, strict=True)
    return np.all([(decided(sampled.outputs(rows=row + offsets), rule) == y).all(axis=1) for row, y in around], axis=0)


@pytest.mark.parametrize(("name", "n_circuits"), CERTIFIED)
def test_refuted_circuits_are_wrong_in_exact_arithmetic_and_proved_ones_nowhere_on_a_dense_grid(
    name: str, n_circuits: int
) -> None:
    context = golden_context(name, n_circuits)
    network, rule = context.question.network, context.question.protocol.circuit_decision
    verdicts, radius = criterion_named("input-robust").judge(context), Fraction(0.1)
    assert not (verdicts.passed & ~right_on_grid(context, 0.1, 33)).any()
    for position, kept in enumerate(kept_sets(context)):
        verdict = verdicts.at(position)
        if verdict.outcome == "failed":
            row = int(verdict.witness["row"], 2)
            point, centre = ([Fraction(x) for x in one] for one in (verdict.witness["input"], boolean_rows(2)[row]))
            assert max(abs(a - b) for a, b in zip(point, centre, strict=True)) <= radius + Fraction(1, 10**15)
            label = context.question.task.truth_table[row]
            assert exact.decision(exact.output(network, kept, point), rule) != label
    assert verdicts.tally.undecided == 0


@pytest.mark.parametrize(("activation", "seed", "radius"), [("tanh", 1, 0.3), ("sigmoid", 15, 0.3)])
def test_the_three_answers_of_smooth_networks_fit_dense_samples_at_every_budget(
    activation: str, seed: int, radius: float
) -> None:
    whole = all_circuits(seed, (2, 2, 2, 1), activation)
    context, settled = replace(whole, items=whole.items[::6]), None
    right = right_on_grid(context, radius, 41)
    for budget in (4096, 16, 2, 1):
        verdicts = criterion_named("input-robust").judge(context, {"radius": radius, "budget": budget})
        assert not (verdicts.passed & ~right).any()
        if settled is not None:  # a smaller budget settles no more, and nothing otherwise
            known = ~verdicts.having("undecided")
            assert (verdicts.outcomes[known] == settled.outcomes[known]).all()
        settled = verdicts


@pytest.mark.parametrize("name", ["xor_pretrained", "xor_2-2-2", "xor_relu_3-3"])
def test_what_is_proved_of_patched_values_is_right_under_every_combination_of_clean_ones(name: str) -> None:
    context = golden_context(name, 60)
    sampled = DenseCriteria(context.question.network, context.question.task.truth_table, context.items)
    verdicts = criterion_named("patching-robust").judge(context)
    assert verdicts.passed.sum() > 0
    assert (verdicts.passed <= sampled.survives_patching()).all()
