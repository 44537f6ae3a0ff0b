"""What the options of the authors' program count, against lists and plain forward passes."""

from __future__ import annotations

from itertools import product

import numpy as np

from analysis.algorithms.formula_trees import formula_tree_candidates
from analysis.algorithms.parsing import parse_algorithm
from analysis.networks.circuit import Circuit, EdgeLayout
from analysis.networks.mlp import next_layer
from analysis.networks.network import Network
from analysis.protocol import PAPER
from analysis.question import ask
from analysis.tasks import named_task, task_from_table
from benchmarks.findings.program_options import first_circuits, placements_over_layers
from tests.factories import pretrained_xor

XOR = named_task("XOR", 2)
INPUTS = np.array(list(product([0.0, 1.0], repeat=2)))


def matrices(n_rows: int, n_columns: int, rows: list[int], columns: list[int]):
    """0/1 matrices in the order of their entries, with an entry in each active row and column and no other."""
    for entries in product([0, 1], repeat=n_rows * n_columns):
        matrix = np.array(entries).reshape(n_rows, n_columns)
        if list(matrix.any(axis=1)) == rows and list(matrix.any(axis=0)) == columns:
            yield list(entries)


def test_circuits_of_as_many_neurons_come_in_the_order_in_which_the_authors_list_them():
    listed = []
    for first, second in product(product([False, True], repeat=2), repeat=2):
        if any(first) and any(second):
            listed += [
                [*a, *b, *c]
                for a in matrices(2, 2, list(first), [True, True])
                for b in matrices(2, 2, list(second), list(first))
                for c in matrices(1, 2, [True], list(second))
            ]
    masks = [sum(bit << place for place, bit in enumerate(bits)) for bits in listed]
    assert len(masks) == 69
    layout = EdgeLayout((2, 2, 2, 1))
    active = [Circuit(layout, mask).n_neurons for mask in masks]
    expected = [mask for _, mask in sorted(zip(active, masks, strict=True), key=lambda pair: pair[0])]
    assert first_circuits(masks[::-1], layout, 69).tolist() == expected
    assert first_circuits(masks, layout, 5).tolist() == expected[:5]


def brute_force(network, *, any_layers: bool) -> int:
    """Valid placements of both variables of the two formulas, one forward pass at a time."""
    clean = [INPUTS, next_layer(network, 1, INPUTS)]
    clean.append(next_layer(network, 2, clean[1]))
    order = [0, 2, 1, 3]  # 00, 10, 01, 11
    neurons = list(product((1, 2), range(3)))
    variables = {
        "or": (lambda a, b: a | b, lambda v, a, b: v & (1 - (a & b))),
        "and": (lambda a, b: a & b, lambda v, a, b: (1 - v) & (a | b)),
    }

    def fits(chosen, value, output):
        for i, source in enumerate(order):
            for base in order[i + 1 :]:
                one = clean[1][base].copy()
                for layer, neuron in chosen:
                    if layer == 1:
                        one[neuron] = clean[1][source][neuron]
                two = next_layer(network, 2, one[None])[0]
                for layer, neuron in chosen:
                    if layer == 2:
                        two[neuron] = clean[2][source][neuron]
                decided = next_layer(network, 3, two[None])[0, 0] > 0.5
                swapped = value(*(int(x) for x in INPUTS[source]))
                if decided != output(swapped, *(int(x) for x in INPUTS[base])):
                    return False
        return True

    subsets = [
        frozenset(n for n, taken in zip(neurons, bits, strict=True) if taken) for bits in product([0, 1], repeat=6)
    ]
    allowed = [s for s in subsets if s and (any_layers or len({layer for layer, _ in s}) == 1)]
    places = {name: [s for s in allowed if fits(s, *rules)] for name, rules in variables.items()}
    return 2 * sum(not (a & b) for a in places["or"] for b in places["and"])  # of both formulas alike


def test_placements_over_layers_are_those_of_plain_forward_passes():
    question = ask(pretrained_xor().network, task=XOR, protocol=PAPER)
    formulas = formula_tree_candidates(XOR.pattern, 2, 2, 10)[0]
    n_valid, n_minimal = placements_over_layers(question, formulas)
    assert n_valid == brute_force(question.cut, any_layers=True) > brute_force(question.cut, any_layers=False)
    assert 0 < n_minimal < n_valid


def test_a_variable_that_never_matters_lies_on_a_neuron_all_the_same():
    """A or (A and B) is A: swapping no neuron at all would be right, and is no placement."""
    one_neuron = Network.from_arrays([np.array([[1.0, 0.0]]), np.array([[1.0]])], [np.zeros(1), np.zeros(1)])
    question = ask(one_neuron, task=task_from_table([0, 0, 1, 1], 2), protocol=PAPER)
    algorithm = parse_algorithm("!(!(A&B)&!A)", "and_inverter", 2)
    assert placements_over_layers(question, [algorithm]) == (0, 0)
