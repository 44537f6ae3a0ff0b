"""Directions split into what the next layer reads and the rest."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.data import clean_data
from analysis.directions.alignment import LinearPlace
from analysis.directions.rowspace import rowspace_split
from analysis.question import ask
from tests.analysis.directions.test_alice_and_bob import A1, A2, B1, B2, CANDIDATES, NET
from tests.factories import pretrained_xor, two_xor_algorithms

DATA = clean_data(2)


def test_alice_and_bob_both_need_what_the_output_does_not_read() -> None:
    for algorithm, (first, second) in zip(CANDIDATES.algorithms, ((A2, A1), (B2, B1)), strict=True):
        for path, w in (("0", first), ("1", second)):
            split = rowspace_split(ask(NET, data=DATA), algorithm, path, LinearPlace.of(1, [w]))
            seen = np.array([1, 1, -2.0])
            assert split.rank == 1
            assert split.share == pytest.approx((w @ seen) ** 2 / (seen @ seen) / (w @ w))
            assert (split.whole, split.of) == (12, 12)
            assert split.is_illusory


def test_a_full_row_space_leaves_the_direction_as_it_is() -> None:
    network, algorithm = pretrained_xor().network, two_xor_algorithms()[0]
    w = LinearPlace.of(1, [[1, -1, 0.5]])
    split = rowspace_split(ask(network, data=DATA), algorithm, "0", w)
    assert split.rank == 3
    assert split.share == pytest.approx(1)
    assert split.whole == split.seen
    unread = np.linalg.svd(network.weights[2])[2][1]  # orthogonal to the output's weights
    nothing = rowspace_split(ask(network, data=DATA), algorithm, "0", LinearPlace.of(2, [unread]))
    assert nothing.share == 0
    assert nothing.seen <= nothing.of
    assert rowspace_split(ask(network, data=DATA), algorithm, "0", LinearPlace.of(2, np.eye(3)[:2])) is None
