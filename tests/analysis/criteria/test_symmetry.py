"""Symmetries of networks, and one circuit of each class under them."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.criteria.symmetry import permuted_masks, symmetries
from pluriscope.analysis.questions.tasks import task_from_table
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.classifier import Classifier
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON
from pluriscope.analysis.subjects.perceptron.logits import two_logits
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from tests.analysis.circuits.wide import wide_masks
from tests.analysis.criteria.circuit_contexts import random_network
from tests.graph_questions import outcomes
from tests.oracles import brute_force_criteria as plain
from tests.oracles.brute_force_circuits import possible_masks


def twin_network() -> Network:
    """Neurons 0 and 2 of the first hidden layer are twins, and so are both of the second."""
    weights = [[[1.0, -1.0], [0.5, 2.0], [1.0, -1.0]], [[0.7, 0.2, 0.7], [0.7, 0.2, 0.7]], [[1.5, 1.5]]]
    return Network.from_arrays(weights, [[0.1, 0.2, 0.1], [0.3, 0.3], [0.0]])


@pytest.mark.slow
@pytest.mark.parametrize("twins", [True, False])
def test_representatives_are_the_least_of_their_class(twins: bool) -> None:
    network = twin_network() if twins else random_network(3, (2, 3, 2, 1), "tanh")
    masks = np.array([mask for mask, _ in possible_masks(network)][::7], dtype=np.uint64)
    context = Population("circuit", ask(network, task=task_from_table([0, 1, 1, 0], 2)), masks)
    assert len(list(symmetries(network))) == (4 if twins else 1)
    verdicts = criterion_named("representative").judge(context)
    least = [plain.least_of_class(network, mask) for mask in masks.tolist()]
    assert verdicts.passed.tolist() == [one == mask for one, mask in zip(least, masks.tolist(), strict=True)]
    assert verdicts.passed.all() != twins
    for position in np.flatnonzero(~verdicts.passed).tolist():
        assert int(verdicts.at(position).witness["mask"], 16) == least[position]


def test_a_symmetry_that_goes_round_in_three_is_found_the_right_way_round() -> None:
    around = [[1.0, 2.0, 4.0], [4.0, 1.0, 2.0], [2.0, 4.0, 1.0]]
    network = Network.from_arrays([[[1.0, -1.0]] * 3, around, [[1.0] * 3]], [[0.0] * 3, [0.5] * 3, [0.0]])
    found = list(symmetries(network))
    assert len(found) == 3
    for first, second in found:
        for out in range(3):
            for source in range(3):
                assert around[second[out]][first[source]] == around[out][source]


def test_neurons_move_beyond_64_edges_as_they_do_before() -> None:
    sizes = (3, 20, 1)
    layout, permutations = EdgeLayout(sizes), (tuple(np.random.default_rng(0).permutation(20).tolist()),)
    masks = wide_masks(sizes, 12)
    images = permuted_masks(mask_array(masks, layout), permutations, layout)
    for mask, image in zip(masks, images, strict=True):
        edges = {(o, s) for o in range(20) for s in range(3) if mask >> layout.edge_index(1, o, s) & 1}
        found = {(o, s) for o in range(20) for s in range(3) if int(image) >> layout.edge_index(1, o, s) & 1}
        assert found == {(permutations[0][o], s) for o, s in edges}
        assert int(image).bit_count() == mask.bit_count()


@pytest.mark.parametrize("grain", ["neurons", "last-edges"])
def test_representatives_of_circuits_by_coarser_grains(grain: str) -> None:
    network = two_logits(twin_network())
    rows = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    subject = Classifier("twins", network, ("no", "yes"), rows, activations(network, rows)[-1].argmax(axis=1))
    kind = COARSER_PERCEPTRON
    question = GraphQuestion(kind, subject, kind.rules(kind.write_rules({"granularity": grain, "ablation": "zero"})))
    found = kind.explaining.search(question, DEFAULT_WORK)
    masks = sorted(map(int, found.masks), key=lambda mask: (mask.bit_count(), mask))
    context = kind.explaining.population(question, found, masks)
    verdicts = criterion_named("representative").judge(context)
    names = list(question.graph.bit_names)

    def swapped(mask: int, one: str, other: str) -> int:
        moved = [name.replace(one, "?").replace(other, one).replace("?", other) for name in names]
        return sum(1 << names.index(name) for bit, name in enumerate(moved) if mask >> bit & 1)

    first, second = ("1.0", "1.2"), ("2.0", "2.1")
    for at, bits in enumerate(context.items):
        mask = question.graph.number(bits)
        one = swapped(mask, *first)
        least = min(mask, one, swapped(mask, *second), swapped(one, *second))
        assert verdicts.at(at).outcome == ("passed" if least == mask else "failed")
        assert least == mask or int(verdicts.at(at).witness["mask"], 16) == least
    assert 0 < verdicts.passed.sum() < len(masks)


def test_other_graphs_are_refused_in_a_sentence() -> None:
    assert {*outcomes(criterion_named("representative"), "parity-3-elman", "complete").values()} == {"not_applicable"}
