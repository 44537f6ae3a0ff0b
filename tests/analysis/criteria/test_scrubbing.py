"""Causal scrubbing against every run of the unrolled circuit, and the counts of all interpretations."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.circuits.search import search_circuits
from analysis.criteria.funnel import counted_rows
from analysis.criteria.interpretation_tallies import CountingReadings
from analysis.criteria.population import Population
from analysis.criteria.registry import criterion_named
from analysis.criteria.scrubbing import scrubbed_outputs
from analysis.criteria.steps import CriterionStep, parse_steps
from analysis.interpretations.indexing import InterpretationSpace
from analysis.question import ask
from analysis.subjects.perceptron.circuit import Circuit
from analysis.subjects.perceptron.network import Network
from analysis.work import DEFAULT_WORK
from tests.analysis.criteria.circuit_contexts import random_network
from tests.golden_files import golden_network
from tests.oracles.brute_force_circuits import edges_of, possible_masks
from tests.oracles.brute_force_scrubbing import scrubbed

SCRUBBING = criterion_named("causal-scrubbing")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "sizes", "activation"),
    [
        (0, (2, 2, 2, 1), "tanh"),
        (1, (2, 3, 1), "leaky_relu"),
        (2, (2, 2, 2, 1), "relu"),
        (3, (1, 2, 2, 1), "sigmoid"),
        (4, (2, 3, 1), "silu"),
        (5, (2, 3, 1), "gelu"),
    ],
)
def test_the_ends_are_those_of_every_run(seed: int, sizes: tuple[int, ...], activation: str) -> None:
    network = random_network(seed, sizes, activation)
    if not network.function_of(1).monotone:  # what falls may stand in the first layer alone
        network = Network.from_arrays(
            network.weights, network.biases, activation=activation, output_activation="linear"
        )
    question = ask(network)
    random = np.random.default_rng(seed)
    masks = [mask for mask, _ in possible_masks(network)]
    for mask in masks[:: max(1, len(masks) // 12)]:
        circuit = Circuit(question.layout, mask)
        kept = {edge for k, edge in enumerate(edges_of(network)) if mask >> k & 1}
        bits = [random.random((2, width, 2 ** sizes[0])) < 0.5 for width in sizes[1:-1]]
        low, high = scrubbed_outputs(question, circuit, bits)
        for number in range(2):
            claimed = {
                (layer, n): bits[layer - 1][number, n].tolist()
                for layer in range(1, len(sizes) - 1)
                for n in range(sizes[layer])
            }
            ends = scrubbed(network, kept, claimed)
            assert low[number] == pytest.approx([least for least, _ in ends], abs=1e-12)
            assert high[number] == pytest.approx([most for _, most in ends], abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["xor_2-2", "xor_2-2-2"])
def test_how_many_pass_is_what_judging_each_says(name: str) -> None:
    file = golden_network(name)
    question = ask(file.network.for_output(0), task=file.tasks[0])
    masks = search_circuits(question).masks[:12]
    counts = CountingReadings(question, masks, [0] * len(masks), [0] * len(masks), [CriterionStep.of(SCRUBBING)])
    counts.advance(DEFAULT_WORK)
    (found,) = counts.found().values()
    for position, mask in enumerate(masks.tolist()):
        space = InterpretationSpace(question, Circuit(question.layout, mask))
        if space.count > 300:
            continue
        every = tuple(space.at(index) for index in range(space.count))
        verdicts = SCRUBBING.judge(Population("interpretation", question, every))
        assert found[position].passed == verdicts.tally.passed
        assert found[position].total == space.count
        firsts = criterion_named("observed-class").judge(Population("interpretation", question, every))
        assert found[position].classes == int((verdicts.passed & firsts.passed).sum())
        for one in np.flatnonzero(~verdicts.passed)[:3].tolist():
            witness = verdicts.at(one).witness
            decided = witness["network"] > 0.5
            assert witness["least"] <= 0.5 if decided else witness["largest"] > 0.5


def test_together_with_interchange_what_is_not_known_is_undecided() -> None:
    file = golden_network("xor_2-2")
    question = ask(file.network.for_output(0), task=file.tasks[0])
    masks = search_circuits(question).masks
    steps = parse_steps(["interchange", "causal-scrubbing", "observed-class"])
    counts = CountingReadings(question, masks, [0] * len(masks), [0] * len(masks), steps)
    counts.advance(DEFAULT_WORK)
    found = counts.found()
    asked = [(step.key, found[step]) for step in steps[:2]]
    both = counted_rows(asked, counts.totals, np.ones(len(masks), dtype=bool))[-1]
    exact = 0
    for mask in masks.tolist():
        space = InterpretationSpace(question, Circuit(question.layout, mask))
        context = Population("interpretation", question, tuple(space.at(index) for index in range(space.count)))
        passed = [criterion_named(step.key).judge(context).passed for step in steps[:2]]
        exact += int((passed[0] & passed[1]).sum())
    assert both.least <= exact <= both.most + both.n_open
