"""How many circuits keep each edge and use each neuron, bit by bit, against counting each by itself."""

import numpy as np
import pytest

from analysis.circuits.distribution import neuron_edges
from analysis.networks.circuit import EdgeLayout
from app.listing import scan
from app.listing.scan import PartCounter


@pytest.mark.parametrize("at_once", [1, 100, 12_288])
@pytest.mark.parametrize("sizes", [(2, 3, 3, 1), (3, 4, 1), (2, 2, 3, 2, 1), (2, 6, 6, 1)])
def test_parts_are_counted_together_as_one_by_one(monkeypatch, sizes, at_once):
    monkeypatch.setattr(scan, "_AT_ONCE", at_once)
    layout, random = EdgeLayout(sizes), np.random.default_rng(sum(sizes))
    lots = [random.integers(0, 2**layout.n_edges, size=n, dtype=np.uint64) for n in (0, 1, 5, 700)]
    counter = PartCounter(layout)
    for masks in lots:
        counter.add(masks)
    every = np.concatenate(lots)
    edges, neurons = counter.counts()
    assert edges.tolist() == [int(np.count_nonzero(every & np.uint64(1 << k))) for k in range(layout.n_edges)]
    fed = [int(np.count_nonzero(every & into)) for into in neuron_edges(layout)[: -sizes[-2]]]
    assert neurons.tolist() == fed + edges.tolist()[-sizes[-2] :]
