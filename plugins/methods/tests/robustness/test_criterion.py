"""Certified robustness on inputs: against a fine grid, with witnesses replayed, and its three answers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.criteria.verdict import Verdicts
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.criteria.circuit_contexts import all_circuits, kept_sets
from tests.golden_files import golden_network
from tests.oracles import brute_force_criteria as plain
from tests.oracles import exact_arithmetic as exact
from tests.oracles.brute_force_circuits import boolean_rows
from tests.oracles.dense_criteria import DenseCriteria

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run


def judged(context, **given: float) -> Verdicts:
    return criterion_named("input-robust").judge(context, given)


def decided_on_grid(context, radius: float, n: int) -> list[tuple[list[float], int]]:
    """The network's own decision at each of n points a side around each clean input."""
    network, rule = context.question.network, context.question.protocol.circuit_decision
    everything = set(plain.edges_of(network))
    steps = [radius * (2 * k / (n - 1) - 1) for k in range(n)]
    corners = plain.product([0.0, 1.0], repeat=network.sizes[0])
    points = [
        [a + b for a, b in zip(row, offset, strict=True)]
        for row in corners
        for offset in plain.product(steps, repeat=len(row))
    ]
    return [(point, plain.decision(plain.run(network, everything, point)[-1][0], rule)) for point in points]


def grid_differs(context, kept, decided: list[tuple[list[float], int]]) -> bool:
    """Whether circuit and network differ somewhere on a grid."""
    network, rule = context.question.network, context.question.protocol.circuit_decision
    return any(plain.decision(plain.run(network, kept, point)[-1][0], rule) != its for point, its in decided)


def check_against_grid(context, verdicts: Verdicts, n: int, radius: float = 0.1) -> int:
    """Every verdict fits what a grid shows; returns how many circuits fail where the grid shows nothing."""
    everything, unseen = set(plain.edges_of(context.question.network)), 0
    decided = decided_on_grid(context, radius, n)
    for position, kept in enumerate(kept_sets(context)):
        verdict = verdicts.at(position)
        seen = grid_differs(context, kept, decided)
        if verdict.outcome == "passed":
            assert not seen
        if verdict.outcome == "failed":
            point, centre = verdict.witness["input"], verdict.witness["centre"]
            assert max(abs(a - b) for a, b in zip(point, centre, strict=True)) <= radius + 1e-12
            outputs = [plain.run(context.question.network, edges, point)[-1][0] for edges in (kept, everything)]
            assert [verdict.witness["circuit"], verdict.witness["network"]] == pytest.approx(outputs, abs=1e-9)
            assert len({plain.decision(output, context.question.protocol.circuit_decision) for output in outputs}) == 2
            unseen += not seen
    return unseen


def test_three_inputs_fit_a_grid_at_every_budget() -> None:
    whole = all_circuits(15, (3, 2, 2, 1), "leaky_relu")
    context = replace(whole, items=whole.items[::97])
    for radius in (0.1, 0.3):
        settled, begun = judged(context, radius=radius), judged(context, radius=radius, budget=1)
        check_against_grid(context, settled, 3, radius)
        check_against_grid(context, begun, 3, radius)
        decided = ~begun.having("undecided")
        assert not settled.having("undecided").any()
        assert (settled.outcomes[decided] == begun.outcomes[decided]).all()


# ---- exact arithmetic and dense sampling -----------------------------------------------------------------------------

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


@pytest.mark.parametrize(("name", "n_circuits"), CERTIFIED)
def test_refuted_circuits_differ_in_exact_arithmetic_and_proved_ones_on_no_dense_sample(
    name: str, n_circuits: int
) -> None:
    context = golden_context(name, n_circuits)
    network, rule = context.question.network, context.question.protocol.circuit_decision
    everything = set(plain.edges_of(network))
    verdicts = judged(context)
    radius = Fraction(0.1)
    sampled = DenseCriteria(network, context.question.task.truth_table, context.items)
    grid = np.linspace(-0.1, 0.1, 33)
    offsets = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    alike = np.min([sampled.agreement(row + offsets) for row in sampled.rows], axis=0) == 1
    assert not (verdicts.passed & ~alike).any(), "what is proved differs nowhere on a dense grid"
    corners = [(x, y) for x in (-radius, radius) for y in (-radius, radius)]
    for position, kept in enumerate(kept_sets(context)):
        verdict = verdicts.at(position)
        if verdict.outcome == "failed":
            point = [Fraction(x) for x in verdict.witness["input"]]
            centre = [Fraction(x) for x in verdict.witness["centre"]]
            assert max(abs(a - b) for a, b in zip(point, centre, strict=True)) <= radius + Fraction(1, 10**15)
            outputs = [exact.output(network, edges, point) for edges in (kept, everything)]
            assert len({exact.decision(output, rule) for output in outputs}) == 2
        elif verdict.outcome == "passed":
            for row in boolean_rows(2):
                for offset in corners:
                    point = [Fraction(x) + d for x, d in zip(row, offset, strict=True)]
                    outputs = [exact.output(network, edges, point) for edges in (kept, everything)]
                    assert len({exact.decision(output, rule) for output in outputs}) == 1
    assert {verdicts.at(i).outcome for i in range(len(context))} <= {"passed", "failed", "undecided"}
    if context.question.network.activation in ("relu", "leaky_relu"):
        assert verdicts.tally.undecided == 0, "polygons leave nothing open"


@pytest.mark.parametrize(("activation", "seed", "radius"), [("tanh", 1, 0.3), ("sigmoid", 15, 0.3)])
def test_the_three_answers_of_smooth_networks_fit_dense_samples_at_every_budget(
    activation: str, seed: int, radius: float
) -> None:
    whole = all_circuits(seed, (2, 2, 2, 1), activation)
    context = replace(whole, items=whole.items[::6])
    sampled = DenseCriteria(context.question.network, context.question.task.truth_table, context.items)
    grid = np.linspace(-radius, radius, 41)
    offsets = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    alike = np.min([sampled.agreement(row + offsets) for row in sampled.rows], axis=0) == 1
    seen, settled = set(), None
    for budget in (4096, 16, 2, 1):
        verdicts = judged(context, radius=radius, budget=budget)
        seen |= {verdicts.at(i).outcome for i in range(len(context))}
        assert not (verdicts.passed & ~alike).any()
        if settled is not None:  # a smaller budget settles no more, and nothing otherwise
            assert (verdicts.having("undecided") >= settled.having("undecided")).all()
            decided = ~verdicts.having("undecided")
            assert (verdicts.outcomes[decided] == settled.outcomes[decided]).all()
        settled = verdicts
    verdict = verdicts.at(int(np.flatnonzero(verdicts.having("undecided"))[0]))
    assert "within the budget of 1" in verdict.reason
    assert len(verdict.witness["centre"]) == 2
    assert seen == {"passed", "failed", "undecided"}
