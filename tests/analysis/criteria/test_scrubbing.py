"""Causal scrubbing against every run of the unrolled circuit, and the counts of all interpretations."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.interpretation_tallies import CountingReadings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.criteria.scrubbing import preserved, scrubbed_outputs
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.observed import observed_classes
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.criteria.circuit_contexts import random_network
from tests.golden_files import golden_network
from tests.oracles.brute_force_circuits import edges_of, possible_masks
from tests.oracles.brute_force_scrubbing import scrubbed

SCRUBBING = criterion_named("causal-scrubbing")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "sizes", "activation", "output"),
    [
        (0, (2, 2, 2, 1), "tanh", "tanh"),
        (3, (1, 2, 2, 1), "sigmoid", "sigmoid"),
        (4, (2, 3, 1), "silu", "linear"),
        (7, (2, 2, 2, 1), "gelu", "linear"),
        (8, (2, 2, 2, 1), "gelu_new", "sigmoid"),
        (10, (2, 3, 1), "tanh", "gelu"),
        (11, (2, 2, 2, 1), "silu", "silu"),
    ],
)
def test_the_ends_are_those_of_every_run(seed: int, sizes: tuple[int, ...], activation: str, output: str) -> None:
    drawn = random_network(seed, sizes, activation)
    network = Network.from_arrays(drawn.weights, drawn.biases, activation=activation, output_activation=output)
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


def test_what_passes_where_two_hidden_layers_fall() -> None:
    """A network of two hidden layers of SiLU; the classes of the whole network that pass by every run are three."""
    weights = (
        [[0.4690657646385856, 0.35306634276137433], [-1.272578950073015, -1.8077984539447518]],
        [[0.8134150453263762, -1.0646238784161874], [-0.405692804706588, -1.219968131576209]],
        [[0.9367125457938383, 1.0386236082386981]],
    )
    biases = (
        [0.34562947802173416, 0.43341313951237237],
        [0.6262046352859896, 0.28474729074852967],
        [-0.24066516506707494],
    )
    network = Network.from_arrays(weights, biases, activation="silu", output_activation="linear")
    question = ask(network)
    classes = observed_classes(question, Circuit(question.layout, (1 << question.layout.n_edges) - 1))
    decided = question.clean_activations[-1][:, 0] > 0.5
    passing = []
    for one in range(len(classes)):
        bits = [classes.bits(layer, [one])[0].tolist() for layer in (1, 2)]
        claimed = {(layer, n): bits[layer - 1][n] for layer in (1, 2) for n in range(2)}
        ends = scrubbed(network, set(edges_of(network)), claimed)
        passing.append(all(low > 0.5 if on else high <= 0.5 for on, (low, high) in zip(decided, ends, strict=True)))
    assert (len(classes), sum(passing)) == (33, 3)
    assert (preserved(question, classes) == 4).tolist() == passing


def test_too_many_sums_are_refused_with_the_limit() -> None:
    question = ask(random_network(0, (2, 7, 7, 1), "silu"))
    circuit = Circuit(question.layout, (1 << question.layout.n_edges) - 1)
    with pytest.raises(
        BeyondLimits, match="an activation falls, and a neuron may have more than 4,096 sums, which is the limit"
    ):
        scrubbed_outputs(question, circuit, [np.zeros((1, 7, 4), dtype=bool)] * 2)


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
