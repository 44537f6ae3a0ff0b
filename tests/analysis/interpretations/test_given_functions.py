"""The functions that interpretations give neurons, against listing every interpretation of every circuit."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from analysis.circuits.search import search_circuits
from analysis.errors import BeyondLimits
from analysis.interpretations import given_functions as module
from analysis.interpretations.given_functions import given_functions
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import Circuit
from analysis.networks.network import Network
from analysis.question import Question, ask
from tests.factories import exact_xor, pretrained_xor
from tests.oracles.brute_force_interpretations import interpretations


def random_question(*sizes: int, seed: int) -> Question:
    random = np.random.default_rng(seed)
    weights = [random.normal(0, 2, (out, into)) for into, out in pairwise(sizes)]
    return ask(Network.from_arrays(weights, [random.normal(0, 1, out) for out in sizes[1:]]))


def listed(question: Question, masks: np.ndarray) -> dict[tuple[int, int], Counter[int]]:
    """Every interpretation of every circuit, one after the other."""
    sizes = question.cut.sizes
    found = {(layer, neuron): Counter() for layer in range(1, len(sizes) - 1) for neuron in range(sizes[layer])}
    for mask in masks.tolist():
        space = InterpretationSpace(question, Circuit(question.layout, mask))
        seen = {
            (gate.layer, gate.neuron, gate.function)
            for rank in range(space.n_observed)
            for gate in space.at(space.index_of_observed(rank)).gates
        }
        for layer, neuron, function in seen:
            if (layer, neuron) in found:
                found[layer, neuron][function] += 1
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [ask(exact_xor().network), random_question(2, 2, 2, 1, seed=1), random_question(2, 3, 2, 1, seed=4)],
)
def test_they_are_those_of_a_list(question: Question) -> None:
    masks = search_circuits(question).masks[:60]
    assert len(masks)
    found = given_functions(question, masks)
    assert found.of == len(masks)
    assert {site: dict(functions) for site, functions in found.functions.items()} == {
        site: dict(functions) for site, functions in listed(question, masks).items()
    }


def test_they_are_those_of_brute_force_on_a_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the smallest circuits of the pretrained network; batches of one circuit give the same."""
    file = pretrained_xor()
    question = ask(file.network, task=file.tasks[0])
    masks = search_circuits(question).masks
    masks = masks[np.argsort(np.bitwise_count(masks), kind="stable")][:5]
    expected: dict[tuple[int, int], Counter[int]] = {}
    for mask in masks.tolist():
        seen = set()
        for gates in interpretations(file.network, mask)[0]:
            for layer, neuron, _, _, bits, _ in gates:
                seen.add((layer, neuron, sum(int(bit) << row for row, bit in enumerate(bits))))
        for layer, neuron, function in seen:
            expected.setdefault((layer, neuron), Counter())[function] += 1
    expected = {site: functions for site, functions in expected.items() if site[0] < 3}
    found = {site: functions for site, functions in given_functions(question, masks).functions.items() if functions}
    assert found == expected
    monkeypatch.setattr(module, "_LEAST_BATCH", 1)
    monkeypatch.setattr(module, "_STATES_OF_A_BATCH", 1)
    assert {s: f for s, f in given_functions(question, masks).functions.items() if f} == expected


def test_the_pretrained_network_s_neurons_are_given_three_to_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    file = pretrained_xor()
    question = ask(file.network, task=file.tasks[0])
    masks = search_circuits(question).masks
    assert given_functions(question, masks).numbers == (3, 3, 4, 7, 10, 10)
    monkeypatch.setattr(module, "MAX_STATES", 100)
    with pytest.raises(BeyondLimits, match="more than 100 combinations"):
        given_functions(question, masks)
