"""k-sparse probes against trying every set by a program of its own, and on networks whose answer is known."""

from itertools import chain, combinations

import numpy as np
import pytest
from scipy.optimize import linprog

from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.lenses.probes import scaled_layers
from pluriscope_methods.lenses.sparse_probes import SPARSE_PROBES, fewest_neurons
from tests.analysis.criteria.circuit_contexts import all_circuits, random_network, xor_context


def separable(points, labels):
    """Whether some w and c have s(w·h + c) ≥ 1 on every row, by a plain linear programme."""
    sides = np.where(labels, 1.0, -1.0)
    matrix = -sides[:, None] * np.column_stack([points, np.ones(len(points))])
    bounds = [(None, None)] * matrix.shape[1]
    return linprog(np.zeros(matrix.shape[1]), A_ub=matrix, b_ub=-np.ones(len(points)), bounds=bounds).status == 0


@pytest.mark.parametrize("question", [xor_context().question, all_circuits(3, (2, 4, 1), "tanh").question])
def test_every_set_is_tried(question):
    rows = SPARSE_PROBES.answer(question, SPARSE_PROBES.filled({})).view.rows
    layers = scaled_layers(question)
    assert len(rows) == 7 * len(layers)
    for row in rows:
        points, labels = layers[row["layer"]], np.array(row["truth_table"])
        every = chain.from_iterable(combinations(range(points.shape[1]), k) for k in range(1, points.shape[1] + 1))
        known = [some for some in every if separable(points[:, some], labels)]
        fewest = min(map(len, known), default=None)
        smallest = [some for some in known if len(some) == fewest]
        assert (row["neurons"], row["sets"]) == (fewest, len(smallest))
        assert not smallest or tuple(row["first"]) in smallest


def test_a_function_that_stands_on_one_neuron_and_one_that_needs_two():
    points = np.array([[0.0, 0.0, 0.5], [0.0, 1.0, 0.5], [1.0, 0.0, 0.5], [1.0, 1.0, 0.5]])
    assert fewest_neurons(points, (0, 0, 1, 1))[0] == [(0,)]
    assert fewest_neurons(points, (0, 0, 0, 1))[0] == [(0, 1)]
    assert fewest_neurons(points, (0, 1, 1, 0)) == ([], 0.0)


def test_the_task_is_named_and_what_is_read_from_one_neuron_counted():
    answer = SPARSE_PROBES.answer(xor_context().question, SPARSE_PROBES.filled({}))
    assert sum(row["task"] for row in answer.view.rows) == 2
    assert "Neurons that the task needs: " in SPARSE_PROBES.says(xor_context().question, answer.view)


def test_a_wide_layer_is_refused():
    wide = ask(random_network(1, (2, 13, 1), "tanh"), task=xor_context().question.task)
    assert "13 neurons have too many sets" in SPARSE_PROBES.fit(wide, SPARSE_PROBES.filled({})).reason
