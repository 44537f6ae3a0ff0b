"""Lists of circuits by blocks of columns, against sorting and filtering them one by one; and the plans of queries."""

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from sqlalchemy import delete

from analysis.circuits.result import FRAGILE_MARGIN, CircuitSearch
from analysis.interpretations.result import InterpretationCounts
from analysis.networks.circuit import Circuit, EdgeLayout
from app.db import circuit_columns
from app.db.circuit_columns import EDGE_BITS, MARGIN_CODES
from app.db.reads import circuit_scan, coded_margins, explanation_shelves, kept_columns
from app.db.reads import circuits as reads
from app.db.reads.circuits import circuits_at, is_stored
from app.db.reads.explanation_shelves import CircuitShelf
from app.db.reads.neighbours import nearest_stored, smallest_stored
from app.db.tables import CircuitBlockRow
from app.db.writes import save_analysis, save_network
from app.listing import scan
from app.listing.circuits import list_circuits
from app.listing.scan import Condition, Cursor, Facets, Order, at_least, find
from app.pages.circuits import CircuitsOptions, circuit_conditions
from app.recent import Recent
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
def small_blocks(monkeypatch):
    """Many blocks and steps for few circuits."""
    for module in (circuit_columns, circuit_scan, coded_margins, reads):
        monkeypatch.setattr(module, "BLOCK", 64)
    monkeypatch.setattr(circuit_scan, "BLOCKS_AT_ONCE", 3)


@pytest.fixture
def many(store, small_blocks):
    """An analysis of 500 made-up circuits with many ties, and counts below and beyond 64 bits."""
    random = np.random.default_rng(1)
    masks = np.sort(random.choice(1 << 18, size=N, replace=False).astype(np.uint64))
    totals = tuple(
        int(n) * 10 ** int(e) for n, e in zip(random.integers(0, 9, N), random.integers(0, 30, N), strict=True)
    )
    counts = InterpretationCounts(totals, tuple(random.integers(0, 200, N).tolist()))
    # of few sizes, and smaller from block to block: what a block read later holds may come before its equal
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


@pytest.fixture
def few_codes(monkeypatch):
    """Codes of margins already for these circuits, each for several of them, read some at a time."""
    for module in (circuit_columns, explanation_shelves):
        monkeypatch.setattr(module, "N_CODES", 16)
    monkeypatch.setattr(coded_margins, "_BLOCKS_AT_ONCE", 2)
    monkeypatch.setattr(scan, "_CODES_AT_ONCE", 2)
    monkeypatch.setattr(scan, "_CIRCUITS_AT_ONCE", 100)


@pytest.mark.parametrize("most", [0, 64 * N])
def test_every_filter_is_exact_in_every_order(store, many, every, monkeypatch, most):
    """Whether columns are kept whole or not."""
    monkeypatch.setattr(explanation_shelves, "MAX_WHOLE", most)
    with store.read() as session:
        for (wanted, passes), (sort, descending) in product(FILTERS, SOME_ORDERS):
            kept = [c for c in every if passes(c)]
            found = pages(session, many, wanted_by(**wanted), 29, sort, descending)
            assert found == (in_order(kept, sort, descending), len(kept)), (wanted, sort, descending)


def test_margins_by_codes_say_what_margins_say(store, few_codes, many, every, monkeypatch):
    """In every order and under every filter, with codes of one margin, of several, and none that were kept."""
    monkeypatch.setattr(explanation_shelves, "MAX_WHOLE", 64 * N)
    bounds = sorted({c.margin for c in every})
    filters = [*FILTERS, *(({"margin_min": m + more}, None) for m in bounds if m for more in (-0.01, 0.0, 0.01))]
    with store.read() as session:
        codes = CircuitShelf(session, many, "circuit").coded_margins
        assert len({low == high for low, high in codes.ranges.tolist()}) == 2
        for (wanted, passes), descending in product(filters, (False, True)):
            least = wanted.get("margin_min", 0.0)
            kept = [c for c in every if (c.margin >= least if passes is None else passes(c))]
            found = pages(session, many, wanted_by(**wanted), 29, "margin", descending)
            assert found == (in_order(kept, "margin", descending), len(kept)), (wanted, descending)
    with store.write() as session:
        session.execute(delete(CircuitBlockRow).where(CircuitBlockRow.name == MARGIN_CODES))
        monkeypatch.setattr(kept_columns, "_COLUMNS", Recent(1 << 20, lambda column: column.nbytes))
        assert CircuitShelf(session, many, "circuit").coded_margins is None
        session.rollback()


def test_fragile_circuits_are_counted_by_codes(store, few_codes, many, every):
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


def test_the_nearest_and_the_smallest_are_those_of_a_plain_scan(store, many, every, monkeypatch):
    """Of stored circuits and of others, with edges' bits kept whole or read in steps."""
    masks = [int(c.mask, 16) for c in every]
    with store.read() as session:
        for most in (0, 64 * N):
            monkeypatch.setattr(explanation_shelves, "MAX_WHOLE", most)
            for mask in (masks[0], masks[64], masks[-1], 0, 0b1011, (1 << 18) - 1):
                expected = min(masks, key=lambda other: ((other ^ mask).bit_count(), other))
                assert nearest_stored(session, many, mask) == (expected, (expected ^ mask).bit_count())
        assert int(smallest_stored(session, many), 16) == min(masks, key=lambda mask: (mask.bit_count(), mask))


def test_uses_are_counted_of_what_passes(store, many, every, monkeypatch):
    """Of circuits with their edges' bits kept whole or read in steps, and of some that an earlier version saved."""
    order = Order("edges", False, None, 5)
    with store.write() as session:
        for most, saved in ((0, True), (64 * N, True), (0, False)):
            monkeypatch.setattr(explanation_shelves, "MAX_WHOLE", most)
            if not saved:
                session.execute(delete(CircuitBlockRow).where(CircuitBlockRow.name == EDGE_BITS))
            for wanted, passes in FILTERS:
                kept = [Circuit(LAYOUT, int(c.mask, 16)) for c in every if passes(c)]
                counts = list_circuits(session, many, LAYOUT, wanted_by(**wanted), order, counting=True)[1].facets
                assert counts.edges.tolist() == [sum(c.mask >> edge & 1 for c in kept) for edge in range(18)]
                assert counts.neurons.sum() == sum(c.n_neurons for c in kept)
        session.rollback()


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


def explained(session, statement, parameters) -> list[str]:
    cursor = session.connection().connection.cursor()
    try:
        return [row[-1] for row in cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters)]
    finally:
        cursor.close()
