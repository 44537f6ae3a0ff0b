"""The measures of "Alice or Bob?" against oracles that share no code with the engine."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from analysis.question import ask
from analysis.studies.measures.registry import MEASURES
from analysis.studies.subject import Studied
from tests.golden_files import golden_data, golden_network
from tests.oracles.brute_force_algorithms import evaluate, rows, variables
from tests.oracles.brute_force_alignments import Interchange, alignments
from tests.oracles.brute_force_directions import hidden_at, orthogonal_swap

ALICE, BOB = "!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))"


def measured(network, task, data, *keys):
    """The analysis is None: no measure of this family may ask for it."""
    studied = Studied(ask(network, task=task, data=data), None)
    return tuple(MEASURES[key].function(studied).value for key in keys)


def golden_measured(name, *keys):
    file = golden_network(name)
    return measured(file.network.for_output(0), file.tasks[0], golden_data(name), *keys)


def named(alice, bob):
    return {(1, 1): "both", (1, 0): "Alice only", (0, 1): "Bob only", (0, 0): "neither"}[alice > 0, bob > 0]


@pytest.mark.parametrize("name", ["xor_2-2", "xor_2-2_b", "xor_3", "xor_3-2", pytest.param("xor_3-3_a")])
def test_on_neuron_sets_as_every_placement_tried_says(name):
    network = golden_network(name).network.for_output(0)
    asked = Interchange(network, golden_data(name).representatives)
    found = {text: alignments(asked, text)[0] for text in (ALICE, BOB)}
    n_minimal = sum(minimal for valid in found.values() for *_, minimal in valid)
    n_carried = sum(bool(valid) for valid in found.values())
    assert golden_measured(
        name, "alice-or-bob", "one-algorithm", "irredundant-literals-alignments", "irredundant-literals-one"
    ) == (named(len(found[ALICE]), len(found[BOB])), n_carried == 1, n_minimal, n_minimal == 1)


def carried_along_directions(network, text):
    """For each variable the layers on which its shortest read-out exists and all its swaps come out right."""
    boolean, fits = rows(2), {}
    for path, sub in variables(text, authors=False).items():
        fits[path] = []
        values = np.array([evaluate(sub, row) for row in boolean], dtype=float)
        for layer in range(1, len(network.weights)):
            states = np.array([hidden_at(network, layer, row) for row in boolean])
            centred, wanted = states - states.mean(axis=0), values - values.mean()
            w = np.linalg.lstsq(centred, wanted, rcond=1e-12)[0]
            if np.abs(centred @ w - wanted).max() > 1e-6:
                continue
            right = all(
                (orthogonal_swap(network, layer, w.tolist(), s, b) > 0.5) == evaluate(text, b, {path: evaluate(sub, s)})
                for s, b in product(boolean, boolean)
                if s != b
            )
            if right:
                fits[path].append((layer, w))
    return fits


@pytest.mark.parametrize("name", ["xor_2-2", "xor_3", "xor_4", "xor_3-3_a", "xor_3-3_b", "xor_3-3_tight"])
def test_on_directions_as_least_squares_and_single_runs_say(name):
    network = golden_network(name).network.for_output(0)
    n_valid = {}
    for text in (ALICE, BOB):
        first, second = carried_along_directions(network, text).values()
        n_valid[text] = sum(
            one[0] != two[0] or np.linalg.matrix_rank(np.stack([one[1], two[1]]), tol=1e-9) == 2
            for one, two in product(first, second)
        )
    assert golden_measured(name, "alice-or-bob-directions", "directions-alignments", "one-on-directions") == (
        named(n_valid[ALICE], n_valid[BOB]),
        sum(n_valid.values()),
        sum(n_valid.values()) == 1,
    )
