"""What tables of studies compute by themselves: fronts of conjunctions, a law of sizes, what pairs of seeds share."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from benchmarks.findings.frontier import front, halves_of, shares
from benchmarks.findings.scaling import Size, fitted, predict, shape_of
from benchmarks.findings.seeds_table import Measures, correlated, shared


def patterns(random: np.random.Generator) -> dict[int, int]:
    return {int(pattern): int(random.integers(1, 4)) for pattern in random.integers(0, 64, size=random.integers(0, 5))}


def test_the_front_is_what_no_other_conjunction_beats():
    random = np.random.default_rng(3)
    networks = [patterns(random) for _ in range(40)]
    halves = halves_of("abcdef", networks[:20], networks[20:])
    assert len(halves.conjunctions) == 1 + 6 + 15 + 20 + 15
    for conjunction, positions in enumerate(halves.conjunctions):
        for number, network in enumerate(networks[20:]):
            passing = (n for p, n in network.items() if all(p >> i & 1 for i in positions))
            assert halves.second[conjunction, number] == sum(passing)
    existence, identifiability = shares(halves.first)
    points = list(zip(existence.tolist(), identifiability.tolist(), strict=True))
    beaten = {one for one in points for other in points if other != one and other[0] >= one[0] and other[1] >= one[1]}
    found = front(existence, identifiability)
    assert {points[i] for i in found} == set(points) - beaten
    assert len({points[i] for i in found}) == len(found)
    assert all(points.index(points[i]) == i for i in found)  # the first of equal ones, so the shortest
    ones = [sum(left == 1 for left in row) for row in halves.first.tolist()]
    assert ones[halves.best()] == max(ones)


@pytest.mark.slow
def test_a_law_that_holds_is_found_and_predicts():
    random = np.random.default_rng(5)
    sizes = []
    for hidden in ((2, 2), (3, 3), (4, 4), (3,), (3, 3, 3)):
        size = Size(hidden, *shape_of(hidden), 60, np.empty(0))
        middle = float(np.array(size.terms) @ [3.0, 0.5, -0.25])
        sizes.append(Size(hidden, size.n_edges, size.space, 60, middle + random.normal(0, 0.2, 60)))
    assert fitted(tuple(sizes)) == pytest.approx([3.0, 0.5, -0.25], abs=0.15)
    said = predict(tuple(sizes), (5, 5))
    assert said.low < 3 + 0.5 * np.log2(5) < said.high
    assert said.high - said.low < 0.6
    edges, space = shape_of((2, 2))
    assert edges == 10
    assert 2**space == pytest.approx(69)  # all circuits of 2-2-2-1


def test_pairs_are_counted_as_one_by_one():
    classes = [{"Alice"}] * 4 + [{"Bob"}] * 3 + [{"Alice", "Bob"}] * 2 + [set()] * 2
    pairs = list(combinations(classes, 2))
    common, same = shared(4, 3, 2, 2)
    assert common == pytest.approx(sum(bool(a & b) for a, b in pairs) / len(pairs))
    assert same == pytest.approx(sum(bool(a) and a == b for a, b in pairs) / len(pairs))


@pytest.mark.slow
def test_a_correlation_that_the_loss_makes_is_gone_once_it_is_held_fixed():
    random = np.random.default_rng(7)
    loss = random.normal(size=80)
    measures = Measures(loss + random.normal(size=80), loss + random.normal(size=80), loss)
    free, held = (correlated(measures, held=held) for held in (False, True))
    assert free.low > 0.1
    assert held.low < 0 < held.high
