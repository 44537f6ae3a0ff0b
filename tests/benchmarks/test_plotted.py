"""The options of the authors' program: the order of circuits, variables over layers, and what was stored of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from analysis.algorithms.formula_trees import formula_tree_candidates
from analysis.alignments.decisions import site_decisions
from analysis.alignments.search import align_with
from analysis.networks.circuit import EdgeLayout
from analysis.networks.mlp import next_layer
from analysis.protocol import PAPER
from analysis.question import ask
from analysis.studies.cells import cells_of
from benchmarks.findings.plotted import STUDY, XOR, mappings, rank, stored
from benchmarks.findings.results import results_of
from tests.factories import pretrained_xor

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
    active = [rank(mask, EdgeLayout((2, 2, 2, 1)))[0] for mask in masks]
    expected = [mask for _, mask in sorted(zip(active, masks, strict=True), key=lambda pair: pair[0])]
    assert sorted(masks, key=lambda mask: rank(mask, EdgeLayout((2, 2, 2, 1)))) == expected


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


def test_mappings_are_those_of_plain_forward_passes_and_of_the_engine():
    network = pretrained_xor().network
    found = mappings(network)
    assert found["one layer"]["valid"] == brute_force(network, any_layers=False) > 0
    assert found["any layers"]["valid"] == brute_force(network, any_layers=True)
    formulas = formula_tree_candidates(XOR.pattern, 2, 2, 10)[0]
    aligned = align_with(site_decisions(ask(network, task=XOR, protocol=PAPER)), formulas, PAPER)
    assert found["one layer"] == {
        "valid": sum(one.n_valid for one in aligned),
        "minimal": sum(one.n_minimal for one in aligned),
    }


@pytest.mark.slow
def test_what_is_stored_has_the_counts_of_the_study():
    results = results_of(STUDY)
    cells = {cell.key: cell.labels["hidden"] for cell in cells_of(results.design)}
    told = {width: {one["seed"]: one["grounded"] for one in found} for width, found in stored().items()}
    for one in results.outcomes:
        if one.converged:
            n_circuits, first = told[cells[one.cell]].pop(one.seed)
            values = one.values["paper"][0]
            assert n_circuits == values["circuits-valid"].value
            if n_circuits == len(first):
                assert sum(first) == values["interpretations-total"].value
    assert not any(told.values())
