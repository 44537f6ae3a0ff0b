"""Common ground: explanations under interventions, against a twin that goes one intervention at a time."""

from __future__ import annotations

import pytest

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Node
from pluriscope.analysis.common_ground.survey import predictions_by_choice
from pluriscope.analysis.explanations.algorithms import predict_by_placement
from pluriscope.analysis.explanations.circuits import predict_by_interpretation
from pluriscope.analysis.interventions.experiments import (
    SILENT,
    decide_under_interventions,
    intervention_space,
    predict_nothing,
    standing_of,
)
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.tasks import input_table, pattern_bits
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.sandbox.test_predicting import some_interpretations
from tests.factories import interpretation_at, two_xor_algorithms
from tests.random_networks import random_network

# ---- the twin: plain Python, one intervention at a time -----------------------------------------------------------


def twin_interpretation(interpretation, sites, source: int, base: int, n_layers: int) -> int:
    """Follow the gates one by one on one intervention."""
    bits = {}
    for gate in interpretation.gates:
        here = (gate.layer, gate.neuron)
        if here in sites:
            bits[here] = gate.function >> source & 1
        elif gate.layer == 1:
            bits[here] = gate.function >> base & 1
        else:
            row = int("".join(str(bits[parent]) for parent in gate.parents), 2)
            bits[here] = gate.table[row]
    return bits[n_layers, 0]


def twin_value(node: Node, path: str, base_bits: str, fixed: dict[str, int]) -> int:
    """The algorithm's value with some variables (gates by path, NOT transparent) fixed."""
    if node.operator == "not":
        return 1 - twin_value(node.children[0], path, base_bits, fixed)
    if node.operator == "input":
        return int(base_bits[node.input])
    if path in fixed:
        return fixed[path]
    left, right = (twin_value(child, f"{path}{i}", base_bits, fixed) for i, child in enumerate(node.children))
    return left & right


# ---- spaces ---------------------------------------------------------------------------------------------------------


def test_a_limit_cuts_by_size_and_says_so():
    space = intervention_space((3, 3), 2, max_sets=40)
    assert space.largest == 2
    assert len(space.sets) == 6 + 15
    assert space.n_possible_sets == 63
    assert max(map(len, space.sets)) == 2


def test_single_neurons_are_listed_even_beyond_the_limit():
    space = intervention_space((30, 30), 6, max_sets=10)
    assert (space.largest, len(space.sets)) == (1, 60)


def test_a_network_without_hidden_layers_has_no_intervention():
    network = random_network(0, (2, 1), "tanh")
    space = intervention_space((), 2)
    answers = decide_under_interventions(network, input_table(2), space)
    assert (space.n_interventions, answers.outputs.shape) == (0, (0, 4, 4))
    assert standing_of(predict_nothing(space), answers).of == 0


# ---- interpretations --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_predictions_of_interpretations_equal_the_twin():
    space = intervention_space((3, 3), 2)
    checked = 0
    for interpretation in some_interpretations(6, 3):
        predicted = predict_by_interpretation(interpretation, space)
        assert (predicted != SILENT).all()
        for index, sites in enumerate(space.sets):
            for source in range(4):
                for base in range(4):
                    expected = twin_interpretation(interpretation, sites, source, base, 3)
                    assert predicted[index, source, base] == expected
        checked += 1
    assert checked >= 6


# ---- algorithms -----------------------------------------------------------------------------------------------------


def placed(algorithm: HighLevelModel, **places: tuple[int, tuple[int, ...]]) -> NeuronPlacement:
    return NeuronPlacement.of(algorithm.text, {path[1:]: NeuronSet(*site) for path, site in places.items()})


def test_predictions_of_alignments_equal_the_twin():
    space = intervention_space((3, 3), 2)
    for algorithm in two_xor_algorithms():
        functions = {v.path: v.function for v in algorithm.variables}
        for alignment in (
            placed(algorithm, v0=(1, (0,)), v1=(1, (1, 2))),
            placed(algorithm, v0=(2, (1,)), v1=(1, (0, 2))),
        ):
            predicted = predict_by_placement(algorithm, alignment, space)
            sites = {path: {(s.layer, n) for n in s.neurons} for path, s in alignment.places}
            for index, members in enumerate(space.sets):
                chosen = [path for path, place in sites.items() if place <= set(members)]
                covered = set().union(*(sites[path] for path in chosen)) == set(members) and bool(chosen)
                for source in range(4):
                    fixed = {path: functions[path] >> source & 1 for path in chosen}
                    for base in range(4):
                        expected = twin_value(algorithm.root, "", f"{base:02b}", fixed) if covered else SILENT
                        assert predicted[index, source, base] == expected


def test_functions_of_six_inputs_are_read_to_their_last_row() -> None:
    """Such a function is an integer of 64 bits, of which numpy's signed ones hold 63."""
    all_but_one = (1 << 64) - 2
    assert pattern_bits(all_but_one, 6).tolist() == [False] + [True] * 63
    assert pattern_bits(1 << 63, 6).nonzero()[0].tolist() == [63]
    assert [pattern_bits(2, n).tolist() for n in (1, 2)] == [[False, True], [False, True, False, False]]
    first_and_last = [[20, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 20]]
    network = Network.from_arrays([first_and_last, [[20, 20]]], [[-10, -10], [-30]], activation="sigmoid")
    circuit = Circuit(EdgeLayout(network.sizes), (1 << 14) - 1)
    space = intervention_space(network.hidden_sizes, 6)
    interpretation = interpretation_at(ask(network), circuit, 0)
    says = predict_by_interpretation(interpretation, space)
    for place, sites in enumerate(space.sets):
        for source, base in ((0, 63), (63, 0), (62, 63)):
            assert says[place, source, base] == twin_interpretation(interpretation, set(sites), source, base, 2)
    a, b = Node("input", (), 0), Node("input", (), 5)
    model = HighLevelModel("and_inverter", 6, Node("not", (Node("and", (Node("and", (a, b)), Node("not", (a,)))),)))
    alignment = NeuronPlacement.of(model.text, {"0": NeuronSet(1, (0,))})
    says = predict_by_placement(model, alignment, space)
    (place,) = [i for i, sites in enumerate(space.sets) if set(sites) == {(1, 0)}]
    assert says[place, 63, 0] == 0
    assert says[place, 0, 63] == 1
    assert (predictions_by_choice(model)[0] == says[place]).all()
