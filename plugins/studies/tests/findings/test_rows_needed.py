"""How many rows validate a circuit: networks as the program asks them, beside plain code."""

from itertools import product

import numpy as np
import pytest

from benchmarks.rows_needed import DESIGN, Known, answer, counts_of, deleted
from benchmarks.rows_needed_table import Found
from pluriscope_bench.suite_files import read_suite


@pytest.fixture
def network():
    (one,) = (one for one in read_suite().networks if one.name == "heads-first-token-0")
    return Known(one.question)


def test_connected_circuits_of_a_perceptron_decide_as_plain_sums_say():
    (one,) = (one for one in read_suite().networks if one.name == "tables-01101001-0")
    known, weights = Known(one.question), one.question.network.weights
    assert len(known.masks) == 94_591
    for at in np.random.default_rng(0).integers(0, len(known.masks), 50):
        kept = [int(known.masks[at]) >> edge & 1 for edge in range(21)]
        gates = np.split(np.array(kept), [9, 18])
        values = np.array([*product((0.0, 1.0), repeat=3)]).T
        for layer, gate in enumerate(gates):
            assert all(bool(a) == bool(b) for a, b in zip(gate.reshape(-1, 3).any(1), _read(gates, layer), strict=True))
            values = (weights[layer] * gate.reshape(-1, 3)) @ values + one.question.network.biases[layer][:, None]
            values = np.where(values > 0, values, 0.01 * values)
        assert ((values[0] > 0.5) == [int(bit) for bit in one.cell]).tolist() == known.right[at].tolist()


def _read(gates, layer):
    """Whether each neuron of a layer is read by the next one; the output always is."""
    return [True] if layer == 2 else gates[layer + 1].reshape(-1, 3).any(axis=0)


def test_circuits_that_are_searched_are_those_that_are_run(network):
    orders = [np.random.default_rng(0).permutation(network.n)]
    (found,) = network.searched(orders, [1, 5, 20])
    for at, m in enumerate([1, 5, 20]):
        passed = network.right[:, orders[0][:m]].all(axis=1)
        by_size = np.bincount(network.sizes[passed], minlength=network.n_edges + 1)
        assert found.circuits[:, at].tolist() == by_size.tolist()


def test_answers_are_right_on_the_rows_that_were_seen_and_nothing_can_go(network):
    rows = np.array([2, 9, 30])
    left = deleted(network, rows, [*range(network.n_edges)])
    without = network.circuits([left & ~(1 << edge) for edge in range(network.n_edges) if left >> edge & 1])
    assert network.right_rows(np.array([left], dtype=np.uint64))[0, rows].all()
    assert not network.right_rows(without)[:, rows].all(axis=1).any()
    for key in DESIGN["methods"][1:5]:
        found = np.array([answer(network, key, rows, np.random.default_rng(0))], dtype=np.uint64)
        assert network.right_rows(found)[0, rows].all()


def test_m95_is_the_least_number_from_which_on_the_mean_is_enough():
    shares = {1: (0.97, 0.99), 2: (0.9, 0.9), 3: (0.94, 0.98), 4: (1, 1)}
    rows = [
        {"population": "heads", "cell": "a", "weights": "trained", "seed": seed, "m": m, "smallest_valid": both[seed]}
        for m, both in shares.items()
        for seed in (0, 1)
    ]
    found = Found(rows)
    assert found.least(("heads", "trained")) == [3, 3, 4]
    nearly = [row | {"smallest_valid": float(np.float32((0.9, 1)[row["seed"]]))} for row in rows[:-2]] + rows[-2:]
    assert Found(nearly).least(("heads", "trained"))[0] == 1, "a mean of exactly .95 is enough"
    assert counts_of(24)[-3:] == [21, 23, 24]
