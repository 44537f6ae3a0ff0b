"""Columns counted many at a time, against counting each circuit by itself; and the first few of many."""

from collections import Counter

import numpy as np
import pytest

from analysis.circuits.distribution import neuron_edges
from analysis.networks.circuit import EdgeLayout
from app.db.reads.explanation_shelves import count_uses, edge_bits
from app.listing import scan
from app.listing.scan import FirstFew


@pytest.mark.parametrize("sizes", [(2, 3, 3, 1), (3, 4, 1), (2, 2, 3, 2, 1), (2, 6, 6, 1)])
@pytest.mark.parametrize("n", [0, 1, 65, 4_096, 8_322])
def test_uses_are_counted_together_as_one_by_one(sizes, n):
    layout, random = EdgeLayout(sizes), np.random.default_rng(n)
    masks = random.integers(0, 2**layout.n_edges, size=n, dtype=np.uint64)
    edges, neurons = count_uses(edge_bits(masks, layout), layout)
    assert edges.tolist() == [int(np.count_nonzero(masks & np.uint64(1 << k))) for k in range(layout.n_edges)]
    assert neurons.tolist() == [int(np.count_nonzero(masks & into)) for into in neuron_edges(layout)]


@pytest.mark.parametrize("n", [1, 7, 8, 999, 1_000])
@pytest.mark.parametrize("most", [(1, 1), (26, 9), (255, 3), (255, 255), (300, 9)])
def test_values_are_counted_in_pairs_as_one_by_one(monkeypatch, most, n):
    monkeypatch.setattr(scan, "_MANY", 8)
    random = np.random.default_rng(n)
    left, right = (random.integers(limit // 2, limit + 1, n).astype(np.min_scalar_type(limit)) for limit in most)
    for chosen in (
        None,
        random.random(n) < 0.4,
        random.random(n) < 0.7,
        np.zeros(n, dtype=np.bool_),
        np.ones(n, dtype=np.bool_),
    ):
        some = scan._chosen(chosen)
        for column, counts in zip((left, right), scan._histograms_of_two((left, right), some), strict=True):
            expected = Counter(column.tolist() if chosen is None else column[chosen].tolist())
            assert told(counts) == told(scan._histogram(column, some)) == expected


def told(counts):
    return Counter({value: n for value, n in enumerate(counts.tolist()) if n})


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("n_values", [1, 2, 50])
def test_the_first_few_of_blocks_are_those_of_all_rows(n_values, descending):
    values = np.random.default_rng(n_values).integers(0, n_values, 200).astype(float)
    few = FirstFew(7, descending)
    for begin in range(0, 200, 40):
        few.add(values[begin : begin + 40], range(begin, begin + 40), None)
    expected = sorted(range(200), key=lambda at: (values[at], at), reverse=descending)
    assert few.positions == expected[:7]
    chosen = np.random.default_rng(0).random(200) < 0.3
    some = FirstFew(7, descending)
    for begin in range(0, 200, 40):
        positions = np.arange(begin, begin + 40) if begin % 80 else range(begin, begin + 40)
        some.add(values[begin : begin + 40], positions, chosen[begin : begin + 40])
    assert some.positions == [at for at in expected if chosen[at]][:7]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.002, 0.5, 1.0, None])
def test_the_first_few_where_all_have_one_value_are_those_of_any_order(share, descending):
    n, step = 6_000, 1_000
    chosen = None if share is None else np.random.default_rng(1).random(n) < share
    alike, plain = FirstFew(7, descending), FirstFew(7, descending)
    for begin in range(0, n, step):
        positions, some = range(begin, begin + step), None if chosen is None else chosen[begin : begin + step]
        alike.add_alike(3.5, positions, some)
        plain.add(np.full(step, 3.5), positions, some)
    alike.add_alike(3.5, range(n, n), None)
    there = np.arange(n) if chosen is None else np.flatnonzero(chosen)
    expected = (there[::-1] if descending else there)[:7].tolist()
    assert alike.positions == plain.positions == expected
    assert alike.values == plain.values == [3.5] * len(expected)
