"""Joint interchange, against one run at a time in plain Python."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.joint import score_joint
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.circuits.test_circuit_search import random_network
from tests.factories import pretrained_xor
from tests.oracles.brute_force_algorithms import evaluate, rows, variables
from tests.oracles.brute_force_interchange import run

XOR = candidate_algorithms(named_task("XOR", 2), COMPLETE, 2).algorithms
AUTHORS_XOR = candidate_algorithms(named_task("XOR", 2), PAPER, 2).algorithms


def twin(network: Network, algorithm: HighLevelModel, alignment: NeuronPlacement) -> tuple[int, int, tuple | None]:
    """(agreed, of, first wrong) by the definition."""
    boolean = rows(network.n_inputs)
    texts = variables(algorithm.text, authors=algorithm.form == "formula_trees")
    paths = [path for path, _ in alignment.places]
    agreed, of, wrong = 0, 0, None
    for sources in product(range(len(boolean)), repeat=len(paths)):
        patches, fixed = {}, {}
        for (path, site), source in zip(alignment.places, sources, strict=True):
            taken = run(network, boolean[source])[site.layer]
            patches |= {(site.layer, neuron): taken[neuron] for neuron in site.neurons}
            fixed[path] = evaluate(texts[path], boolean[source])
        for base, row in enumerate(boolean):
            same = int(run(network, row, patches)[-1][0] > 0.5) == evaluate(algorithm.text, row, fixed)
            agreed, of = agreed + same, of + 1
            if not same and wrong is None:
                wrong = (sources, base)
    return agreed, of, wrong


def random_alignment(algorithm: HighLevelModel, network: Network, seed: int) -> NeuronPlacement | None:
    random = np.random.default_rng(seed)
    sites = [(layer, n) for layer, width in enumerate(network.hidden_sizes, start=1) for n in range(width)]
    paths = list(algorithm.responses)
    if len(paths) > len(sites):
        return None
    order = [sites[i] for i in random.permutation(len(sites))]
    places = {path: [order[i]] for i, path in enumerate(paths)}
    for layer, neuron in order[len(paths) :]:
        path = paths[int(random.integers(len(paths)))]
        if places[path][0][0] == layer and random.random() < 0.5:
            places[path].append((layer, neuron))
    return NeuronPlacement.of(
        algorithm.text, {p: NeuronSet(s[0][0], tuple(sorted(n for _, n in s))) for p, s in places.items()}
    )


@pytest.mark.slow
@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from(["tanh", "leaky_relu"]), st.sampled_from([XOR, AUTHORS_XOR]))
def test_it_equals_running_each_case_alone(seed, activation, listed):
    network = random_network(seed, (2, 3, 3, 1), activation)
    small = [algorithm for algorithm in listed if 1 <= len(algorithm.variables) <= 3]
    algorithm = small[seed % len(small)]
    alignment = random_alignment(algorithm, network, seed)
    got = score_joint(ask(network), algorithm, alignment)
    agreed, of, wrong = twin(network, algorithm, alignment)
    assert (got.agreed, got.of) == (agreed, of)
    assert of == 4 ** (len(algorithm.variables) + 1)
    assert (got.first_wrong is None) == (wrong is None)
    if wrong is not None:
        assert (got.first_wrong.sources, got.first_wrong.base) == wrong
        assert (got.first_wrong.output > 0.5) != got.first_wrong.expected
    assert got.margin > 0


def test_an_algorithm_without_variables_may_be_wrong_on_a_clean_input():
    """The network computes XOR; AND says 0 of the second row, where it decides 1."""
    algorithm = next(a for a in candidate_algorithms(named_task("AND", 2), COMPLETE, 1).algorithms if not a.variables)
    question = ask(pretrained_xor().network, task=named_task("XOR", 2))
    found = score_joint(question, algorithm, NeuronPlacement.of(algorithm.text, {}))
    assert (found.agreed, found.of) == (1, 4)
    assert (found.first_wrong.sources, found.first_wrong.base, found.first_wrong.expected) == ((), 1, 0)


def test_too_many_runs_are_refused():
    network = random_network(5, (2, 3, 3, 1), "tanh")
    algorithm = next(a for a in XOR if len(a.variables) == 3)
    alignment = random_alignment(algorithm, network, 1)
    with pytest.raises(BeyondLimits, match="256 runs, against a limit of 100"):
        score_joint(ask(network), algorithm, alignment, max_runs=100)
