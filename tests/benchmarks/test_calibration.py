"""The calibration: its networks, and what follows from its rows."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.calibration import copied, perceptron, units
from benchmarks.calibration_table import DESIGN, Row, chosen, expected, verdict
from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from tests.random_networks import random_network


def row(exact: int, *ends: tuple[int, int], method: str = "uniform", **more: object) -> Row:
    made = {"method": method, "part": "intervals", "exact": exact, "possible": 1_000, "confidence": 0.95}
    lows, highs = map(list, zip(*ends, strict=True))
    held = sum(low <= exact <= high for low, high in ends)
    return made | {"lows": lows, "highs": highs, "intervals": len(ends), "held": held, "seconds": 1.0} | more


def test_units_are_those_of_the_design():
    found = Counter(part for part, *_ in units())
    bases = len(DESIGN["bases"]) * 2 * 2 + len(DESIGN["tasks"])
    assert found == {"hashing": 378, "transformers": 54, "stress": bases, "intervals": 525, "bits": 21, "brackets": 378}
    one = perceptron(24)
    assert (one.network.sizes, one.network.activation, one.protocol.ablation) == ((2, 5, 1), "linear", "mean")


@pytest.mark.parametrize("kind", ["whole", "shared"])
def test_copies_do_the_work_of_a_neuron_together_or_each_alone(kind):
    network = random_network(1, (2, 3, 2, 1))
    found, rows = copied(network, 2, kind), input_table(2)
    assert found.sizes == (2, 6, 4, 1)
    if kind == "whole":  # one copy of each alone is the network
        weights = [weight[:: 2 if at < 2 else 1, :: 2 if at else 1] for at, weight in enumerate(found.weights)]
        assert all(map(np.array_equal, weights, network.weights))
    else:
        assert forward(found, rows) == pytest.approx(forward(network, rows))


def test_a_verdict_counts_intervals_that_hold_their_number_and_those_of_another():
    rows = [row(10, (5, 20), (11, 20)), row(12, (5, 20), (12, 12)), row(900, (1, 5), (900, 950))]
    found = verdict("", rows)
    assert (found.networks, found.n, found.held, found.control) == (3, 6, 4, 2)
    low, high = share_interval(4, 6, 0.95)
    assert found.share == pytest.approx((4 / 6, float(low), float(high)))
    assert found.cells[3:5] == ["4 of 6", "66.7% (22.3–95.7)"]


def test_counts_that_were_listed_are_no_counts_by_hashing():
    rows = [row(count, (1, 9), method=method) for count in (72, 73) for method in ("hashing", "uniform")]
    assert [(one["exact"], one["method"]) for one in chosen(rows)] == [
        (72, "uniform"),
        (73, "hashing"),
        (73, "uniform"),
    ]


def test_the_share_that_must_hold_is_that_of_drawn_samples():
    random, n = np.random.default_rng(0), DESIGN["samples"]
    ends = [share_interval(int(k), n, 0.95) for k in random.binomial(n, 0.03, size=400)]
    rows = [row(30, *((int(low * 1_000), -int(-high * 1_000 // 1)) for low, high in ends))]
    share, p = expected(rows)
    assert share == pytest.approx(rows[0]["held"] / 400, abs=0.03)
    assert p > 0.01
    assert expected([rows[0] | {"held": 300}])[1] < 1e-6
