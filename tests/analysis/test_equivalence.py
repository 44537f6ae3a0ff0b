"""Which explanations are one in substance, and which no intervention tells apart."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.alignment import Alignment
from analysis.alignments.search import search_alignments
from analysis.circuits.search import search_circuits
from analysis.criteria.alignment_context import valid_alignments
from analysis.criteria.symmetry import moved_gates, permuted_masks, symmetries
from analysis.data import clean_data
from analysis.equivalence import equivalence_classes, symmetry_between, weightless_edges
from analysis.experiments import agreement_of, decide_under_interventions, intervention_space, predict_nothing
from analysis.explanations.alignments import predict_by_alignment
from analysis.explanations.interpretations import predict_by_interpretation
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interventions.neuron_set import NeuronSet
from analysis.networks.circuit import Circuit, EdgeLayout, circuit_from_hex
from analysis.networks.network import Network
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.separation import separate
from analysis.tasks import input_table, named_task
from tests.factories import interpretation_at, pretrained_xor, two_xor_algorithms
from tests.oracles.brute_force_circuits import possible_masks

DATA = clean_data(2)


def twin_neurons() -> Network:
    """2-2-2-1 in which the two neurons of each hidden layer are the same."""
    return Network.from_arrays(
        [[[2, -1], [2, -1]], [[1.5, 1.5], [1.5, 1.5]], [[2, 2]]], [[0.3, 0.3], [-0.2, -0.2], [-1]], activation="tanh"
    )


def some_interpretations(network: Network) -> list:
    """All of one circuit with free completions, of its images under symmetries, and of two others."""
    layout = EdgeLayout(network.sizes)
    first = np.array([887], dtype=np.uint64)
    masks = {int(permuted_masks(first, permutations, layout)[0]) for permutations in symmetries(network)}
    masks |= {mask for mask, _ in list(possible_masks(network))[:2]}
    spaces = [InterpretationSpace(ask(network, data=DATA), Circuit(layout, mask)) for mask in sorted(masks)]
    return [space.at(index) for space in spaces for index in range(min(space.count, 12))]


@pytest.mark.slow
def test_classes_are_closed_under_both_reasons_and_nothing_else():
    network = twin_neurons()
    layout = EdgeLayout(network.sizes)
    space = intervention_space(network.hidden_sizes, 2)
    explanations = some_interpretations(network)
    predictions = [predict_by_interpretation(e, space) for e in explanations]

    def same_by_symmetry(first, second) -> bool:
        for permutations in symmetries(network):
            mask = int(permuted_masks(np.array([first.circuit.mask], dtype=np.uint64), permutations, layout)[0])
            gates = [(g.layer, g.neuron, g.function, g.table) for g in moved_gates(first, permutations)]
            if (mask, gates) == (
                second.circuit.mask,
                [(g.layer, g.neuron, g.function, g.table) for g in second.gates],
            ):
                return True
        return False

    def unobservable(i: int, j: int) -> bool:
        first, second = explanations[i], explanations[j]
        bits = [[(g.layer, g.neuron, g.function) for g in e.gates] for e in (first, second)]
        same = (predictions[i] == predictions[j])[space.counted].all()
        return first.circuit == second.circuit and bits[0] == bits[1] and bool(same)

    n = len(explanations)
    joined = np.eye(n, dtype=bool)
    reasons: dict[tuple[int, int], set[str]] = {}
    for i, j in combinations(range(n), 2):
        why = set()
        if same_by_symmetry(explanations[i], explanations[j]):
            why.add("symmetry")
        if unobservable(i, j):
            why.add("unobservable choices")
        if why:
            joined[i, j] = joined[j, i] = True
            reasons[i, j] = why
    for _ in range(n.bit_length()):
        joined = (joined.astype(int) @ joined.astype(int)) > 0
    wanted = sorted({tuple(np.flatnonzero(row).tolist()) for row in joined})
    found = equivalence_classes(network, explanations, predictions, space)
    assert sorted(c.members for c in found) == wanted
    assert [c.members[0] for c in found] == sorted(c.members[0] for c in found)
    for c in found:
        inside = set().union(*(reasons.get(pair, set()) for pair in combinations(c.members, 2)))
        assert set(c.reasons) == inside
    assert any("symmetry" in c.reasons for c in found)
    assert any("unobservable choices" in c.reasons for c in found)


def test_alignments_are_grouped_by_symmetry_alone():
    network = Network.from_arrays([[[1, 1], [1, 1], [1, 1]], [[0.5, 0.5, -2]]], [[0, 0, -1], [0]], activation="relu")
    bob = two_xor_algorithms()[0]
    space = intervention_space((3,), 2)
    alignments = [
        Alignment.of(bob.text, {"0": NeuronSet(1, (first,)), "1": NeuronSet(1, (second,))})
        for first, second in ((0, 2), (1, 2), (2, 0), (0, 1))
    ]
    silent = [predict_nothing(space)] * 4
    found = equivalence_classes(network, alignments, silent, space)
    assert [(c.members, c.reasons) for c in found] == [((0, 1), ("symmetry",)), ((2,), ()), ((3,), ())]


@pytest.mark.slow
def test_explanations_of_the_pretrained_xor_that_an_experiment_parts_and_that_none_can_part():
    """Interpretations 0 and 32 of circuit 2f0ef differ in a completion that none of the 756 interventions shows; the
    best interpretation there is and the minimal alignment agree wherever both predict; and patching one neuron refutes
    an interpretation of another circuit."""
    network = pretrained_xor().network
    space = intervention_space((3, 3), 2)
    answers = decide_under_interventions(network, input_table(2), space)
    search = search_alignments(ask(network, data=DATA), candidate_algorithms(named_task("XOR", 2), COMPLETE, 2))
    algorithm, scored = next((a, s) for a, s in valid_alignments(search) if s.minimal)
    assert (algorithm.id, scored.alignment.id) == ("a2e8546f11f80df4", "e3bd9b5eae0c1489")

    def at(mask: str, index: int):
        return interpretation_at(ask(network, data=DATA), circuit_from_hex(mask, network.sizes), index)

    explanations = [at("2f0ef", 0), at("2f0ef", 32), at("18fff", 71_261), at("3f29f", 1_923), scored.alignment]
    predictions = [predict_by_interpretation(e, space) for e in explanations[:4]]
    predictions.append(predict_by_alignment(algorithm, scored.alignment, space))
    found = separate(predictions, answers, space)
    assert found.of_all_sets
    assert found.exact
    assert found.alike == ((0, 1),)
    assert set(found.inseparable) == {(0, 1), (2, 4)}
    assert found.silent == ()
    for i, j in combinations(range(5), 2):
        assert ((i, j) in found.inseparable) == (agreement_of(predictions[i], predictions[j]).differ == 0)
    classes = equivalence_classes(network, explanations, predictions, space)
    assert [(c.members, c.reasons) for c in classes] == [
        ((0, 1), ("unobservable choices",)),
        ((2,), ()),
        ((3,), ()),
        ((4,), ()),
    ]
    pair = separate([predictions[3], predictions[4]], answers, space)
    (crucial,) = pair.experiments
    assert (crucial.sites, crucial.source, crucial.base) == (((1, 0),), 0, 3)
    assert crucial.predictions == (0, 1)
    assert crucial.decision == 1


def test_circuits_are_grouped_by_symmetry_and_algorithms_never():
    network = twin_neurons()
    layout = EdgeLayout(network.sizes)
    space = intervention_space(network.hidden_sizes, 2)
    masks = [mask for mask, _ in possible_masks(network)]
    circuits = [Circuit(layout, mask) for mask in masks]
    algorithms = candidate_algorithms(named_task("XOR", 2), COMPLETE, 2).algorithms[:2]
    explanations = [*circuits, *algorithms]
    silent = [predict_nothing(space)] * len(explanations)
    classes = equivalence_classes(network, explanations, silent, space)
    least = {}
    for number, mask in enumerate(masks):
        images = [permuted_masks(np.array([mask], dtype=np.uint64), p, layout)[0] for p in symmetries(network)]
        least.setdefault(int(min(images)), []).append(number)
    expected = [tuple(members) for members in least.values()]
    assert [c.members for c in classes] == [*expected, (len(masks),), (len(masks) + 1,)]
    assert all(c.reasons == (("symmetry",) if len(c.members) > 1 else ()) for c in classes)


def alice_and_bob() -> Network:
    """2-3-1 with a neuron for each input alone: of its edges from the inputs those two weigh nothing."""
    return Network.from_arrays([[[1, 0], [0, 1], [1, 1]], [[1, 1, -2]]], [[0, 0, -1], [0]], activation="relu")


def test_circuits_that_differ_only_by_edges_of_weight_0_are_one_in_substance():
    network = alice_and_bob()
    search = search_circuits(ask(network, task=named_task("XOR", 2), data=DATA))
    assert [search.layout.to_hex(mask) for mask in search.masks] == ["1f9", "1fb", "1fd", "1ff"]
    circuits = [Circuit(search.layout, int(mask)) for mask in search.masks]
    assert weightless_edges(network) == 0b110
    space = intervention_space((3,), 2)
    silent = [predict_nothing(space)] * 5
    other = Circuit(search.layout, int(search.masks[0]) & ~(1 << 4) & ~(1 << 0) | 0b10)  # another edge is missing
    (whole, rest) = equivalence_classes(network, [*circuits, other], silent, space)
    assert (whole.members, rest.members) == ((0, 1, 2, 3), (4,))
    # neurons 0 and 1 are not interchangeable, so nothing but the edges makes these alike
    assert (whole.reasons, rest.reasons) == (("edges of weight 0",), ())
    readings = [interpretation_at(ask(network, data=DATA), circuit, 0) for circuit in circuits[:2]]
    said = [predict_by_interpretation(reading, space) for reading in readings]
    assert [len(c.members) for c in equivalence_classes(network, readings, said, space)] == [1, 1]


def test_edges_of_weight_0_and_a_renaming_together_make_circuits_one_in_substance():
    """Neurons 0 and 1 are the same and ignore B; the circuit in between, which would explain both, is not given."""
    network = Network.from_arrays([[[1, 0], [1, 0], [1, 1]], [[1, 1, -2]]], [[0, 0, -1], [0]], activation="relu")
    layout = EdgeLayout(network.sizes)
    assert weightless_edges(network) == 0b1010
    space = intervention_space((3,), 2)
    first, renamed, padded, other = 0b101_110001, 0b110_110100, 0b110_111100, 0b011_000111
    for masks, reasons in (
        ((first, renamed), [("symmetry",)]),
        ((renamed, padded), [("edges of weight 0",)]),
        ((first, padded), [("symmetry", "edges of weight 0")]),
        ((first, renamed, padded), [("symmetry", "edges of weight 0")]),
        ((first, other), [(), ()]),
    ):
        circuits = [Circuit(layout, mask) for mask in masks]
        found = equivalence_classes(network, circuits, [predict_nothing(space)] * len(masks), space)
        assert [c.reasons for c in found] == reasons


def test_the_symmetry_that_turns_one_into_another_is_named():
    network = twin_neurons()
    layout = EdgeLayout(network.sizes)
    first = Circuit(layout, int(next(m for m, _ in possible_masks(network) if m == 887)))
    swapped = next(p for p in symmetries(network) if p == ((1, 0), (0, 1)))
    second = Circuit(layout, int(permuted_masks(np.array([887], dtype=np.uint64), swapped, layout)[0]))
    found = symmetry_between(network, first, second)
    assert found is not None
    assert int(permuted_masks(np.array([887], dtype=np.uint64), found, layout)[0]) == second.mask
    assert symmetry_between(network, first, first) == ((0, 1), (0, 1))
    assert symmetry_between(pretrained_xor().network, circuit_from_hex("3ffff", (2, 3, 3, 1)), first) is None
