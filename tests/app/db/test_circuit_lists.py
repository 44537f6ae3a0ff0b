"""Lists of circuits by whole columns, against sorting and filtering them one by one."""

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from analysis.circuits.result import FRAGILE_MARGIN, CircuitSearch
from analysis.interpretations.result import InterpretationCounts
from analysis.networks.circuit import Circuit, EdgeLayout
from app.db.reads.circuits import circuits_at, is_stored
from app.db.reads.explanation_shelves import CircuitShelf
from app.db.reads.neighbours import nearest_stored, smallest_stored
from app.db.writes import save_analysis, save_network
from app.listing.circuits import list_circuits
from app.listing.scan import Condition, Cursor, Facets, Order, at_least, find
from app.pages.circuits import CircuitsOptions, circuit_conditions
from tests.factories import XOR_SLUG, hand_made_analysis, pretrained_xor

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run

LAYOUT = EdgeLayout((2, 3, 3, 1))
N = 500
FIELDS = {
    "mask": "mask",
    "edges": "n_edges",
    "neurons": "n_neurons",
    "margin": "margin",
    "interpretations": "interpretations",
    "observed": "observed",
}
ORDERS = [(sort, descending) for sort in FIELDS for descending in (False, True)]
"""Gone through within a test: to store the circuits takes longer than to list them."""
SOME_ORDERS = [order for order in ORDERS if order[0] in ("margin", "interpretations")]


@pytest.fixture
def many(store):
    """An analysis of 500 made-up circuits with many ties, and counts below and beyond 64 bits."""
    random = np.random.default_rng(1)
    masks = np.sort(random.choice(1 << 18, size=N, replace=False).astype(np.uint64))
    totals = tuple(
        int(n) * 10 ** int(e) for n, e in zip(random.integers(0, 9, N), random.integers(0, 30, N), strict=True)
    )
    counts = InterpretationCounts(totals, tuple(random.integers(0, 200, N).tolist()))
    margins = np.round(0.4 * random.random(N) + 0.1 * (np.arange(N)[::-1] // 64), 1)
    circuits = CircuitSearch(LAYOUT, 9_625, masks, random.normal(size=(N, 4)), margins)
    with store.write() as session:
        save_network(session, pretrained_xor(), slug=XOR_SLUG)
        analysis = replace(hand_made_analysis(), circuits=circuits, interpretations=counts)
        row = save_analysis(session, analysis)
        assert row.network.sizes  # read while the session is open
        return row


@pytest.fixture
def every(store, many):
    with store.read() as session:
        return circuits_at(session, many, LAYOUT, range(N))


def wanted_by(layout=LAYOUT, **options):
    """The conditions that options of the list set."""
    return circuit_conditions(CircuitsOptions(**options), layout)


def behind(sort, value, mask):
    """A cursor; in the order of masks the mask is all that it holds."""
    return Cursor(None if sort == "mask" else value, "circuit", mask)


def pages(session, analysis, wanted, limit, sort, descending):
    """Every page of a list, one after the other."""
    listed, after, totals = [], None, set()
    while True:
        circuits, page = list_circuits(session, analysis, LAYOUT, wanted, Order(sort, descending, after, limit))
        listed += circuits
        assert len(listed) <= N, "the pages never end"
        totals.add(page.total)
        if not page.more:
            assert len(totals) == 1
            return listed, totals.pop()
        assert len(circuits) == limit
        after = behind(sort, getattr(circuits[-1], FIELDS[sort]), circuits[-1].mask)


def test_what_is_kept_is_what_was_found(every):
    assert [c.mask for c in every] == sorted(c.mask for c in every)
    for circuit in every[::37]:
        value = Circuit(LAYOUT, int(circuit.mask, 16))
        assert (circuit.n_edges, circuit.n_neurons) == (value.n_edges, value.n_neurons)


def in_order(circuits, sort, descending):
    return sorted(circuits, key=lambda c: (getattr(c, FIELDS[sort]), c.mask), reverse=descending)


def test_every_order_is_a_sort(store, many, every):
    with store.read() as session:
        for sort, descending in ORDERS:
            for limit in (N, 90):
                found = pages(session, many, (), limit, sort, descending)
                assert found == (in_order(every, sort, descending), N), (sort, descending, limit)


def has(circuit, edges):
    return any(int(circuit.mask, 16) >> edge & 1 for edge in edges)


FILTERS = [
    ({"edges_min": 11}, lambda c: c.n_edges >= 11),
    ({"edges_max": 7, "neurons_min": 6}, lambda c: c.n_edges <= 7 and c.n_neurons >= 6),
    ({"margin_min": 0.5, "neurons_max": 5}, lambda c: c.margin >= 0.5 and c.n_neurons <= 5),
    ({"keep": ["n2.2-y", "n1.0"]}, lambda c: has(c, [17]) and has(c, [0, 1])),
    ({"drop": ["n1.1", "n1.2-n2.0"]}, lambda c: not has(c, [2, 3, 8])),
    (
        {"edges_min": 6, "edges_max": 12, "keep": ["A-n1.2"], "drop": ["B-n1.2"]},
        lambda c: 6 <= c.n_edges <= 12 and has(c, [4]) and not has(c, [5]),
    ),
    ({"edges_min": 10_000}, lambda _: False),
    ({"margin_min": 1e9}, lambda _: False),
]


def test_every_filter_is_exact_in_every_order(store, many, every):
    with store.read() as session:
        for (wanted, passes), (sort, descending) in product(FILTERS, SOME_ORDERS):
            kept = [c for c in every if passes(c)]
            found = pages(session, many, wanted_by(**wanted), 29, sort, descending)
            assert found == (in_order(kept, sort, descending), len(kept)), (wanted, sort, descending)


def test_fragile_circuits_are_counted(store, many, every):
    """Of all circuits that fulfil the other filters, whether they are asked for or not."""
    order = Order("margin", False, None, 5)
    for least in (0.0, 0.05, 0.3):
        test = {"circuit": at_least("margin", least)}
        wanted = [*wanted_by(edges_min=9, neurons_max=5), Condition("margin", "", test, {})]
        of_edges = [c for c in every if c.n_neurons <= 5 and c.margin >= least]
        of_neurons = [c for c in every if c.n_edges >= 9 and c.margin >= least]
        kept = [c for c in of_edges if c.n_edges >= 9]
        with store.read() as session:
            shelf = CircuitShelf(session, many, "circuit")
            counts = find([shelf], frozenset(("circuit",)), wanted, order, Facets(LAYOUT)).facets
        assert counts.fragile == sum(c.margin < FRAGILE_MARGIN for c in kept)
        assert counts.with_margin == len(kept)
        for name, those in (("edges", of_edges), ("neurons", of_neurons)):  # under all conditions but their own
            assert counts.values[name] == Counter(getattr(c, f"n_{name}") for c in those)


def test_the_nearest_and_the_smallest_are_those_of_a_plain_scan(store, many, every):
    """Of stored circuits and of others."""
    masks = [int(c.mask, 16) for c in every]
    with store.read() as session:
        for mask in (masks[0], masks[64], masks[-1], 0, 0b1011, (1 << 18) - 1):
            expected = min(masks, key=lambda other: ((other ^ mask).bit_count(), other))
            assert nearest_stored(session, many, mask) == (expected, (expected ^ mask).bit_count())
        assert int(smallest_stored(session, many), 16) == min(masks, key=lambda mask: (mask.bit_count(), mask))


def test_uses_are_counted_of_what_passes(store, many, every):
    order = Order("edges", False, None, 5)
    with store.read() as session:
        for wanted, passes in FILTERS:
            kept = [Circuit(LAYOUT, int(c.mask, 16)) for c in every if passes(c)]
            counts = list_circuits(session, many, LAYOUT, wanted_by(**wanted), order, counting=True)[1].facets
            assert counts.edges.tolist() == [sum(c.mask >> edge & 1 for c in kept) for edge in range(18)]
            assert counts.neurons.sum() == sum(c.n_neurons for c in kept)


VALUES = {
    "mask": [None],
    "margin": [-1.0, 0.505, 0.5, 2.0],
    "interpretations": [0, 3, 3 * 10**12 + 1, 3 * 10**12, 10**40, -5, 10**1200],
}


def test_a_cursor_leads_on_although_its_circuit_is_gone(store, many, every):
    """A list may have been made anew since: what follows is what the order says."""
    stored = {c.mask for c in every}
    strange = [m for m in ("00000", "0fff0", "20001", "3ffff") if m not in stored]
    with store.read() as session:
        for (sort, descending), mask in product(ORDERS, strange):
            for value in VALUES.get(sort, [0, 5, 6, 10**6]):
                order = Order(sort, descending, behind(sort, value, mask), N)
                circuits, _ = list_circuits(session, many, LAYOUT, (), order)
                place = (mask if value is None else value, mask)
                expected = [c for c in every if ((getattr(c, FIELDS[sort]), c.mask) < place) == descending]
                assert {c.mask for c in circuits} == {c.mask for c in expected}, order


def test_a_mask_is_found_or_not(store, many, every):
    stored = {int(c.mask, 16) for c in every}
    with store.read() as session:
        for mask in [*range(0, 1 << 18, 997), min(stored), max(stored), 0, (1 << 18) - 1]:
            assert is_stored(session, many.id, LAYOUT.to_hex(mask)) is (mask in stored)
