"""Lists of circuits by blocks of columns, against sorting and filtering them one by one; and the plans of queries."""

import time
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pytest
from sqlalchemy import delete, event, select

from analysis.circuits.result import FRAGILE_MARGIN, CircuitSearch
from analysis.interpretations.result import InterpretationCounts
from analysis.networks.circuit import Circuit, EdgeLayout
from analysis.question import ask
from app.db import circuit_columns
from app.db.circuit_columns import EDGE_BITS, MARGIN_CODES, margin_codes
from app.db.prepared import prepare_analysis
from app.db.reads import algorithms as algorithm_reads
from app.db.reads import circuit_scan, coded_margins, explanation_shelves, kept_columns
from app.db.reads import circuits as reads
from app.db.reads.circuits import circuits_at, is_stored
from app.db.reads.explanation_shelves import CircuitShelf
from app.db.reads.kept_columns import kept_column
from app.db.reads.neighbours import nearest_stored, smallest_stored
from app.db.staging import Staging
from app.db.tables import AlgorithmRow, AnalysisRow, CircuitBlockRow
from app.db.writes import save_analysis, save_network
from app.listing import scan
from app.listing.circuits import list_circuits
from app.listing.scan import Condition, Cursor, Facets, Order, at_least, find
from app.pages.circuits import CircuitsOptions, circuit_conditions
from app.recent import Recent
from tests.conftest import SQLITES_OWN
from tests.factories import XOR_SLUG, hand_made_analysis, pretrained_xor, small_network, stored_analysis

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


@pytest.mark.parametrize("kept", [("edges", "observed"), (EDGE_BITS, "margin"), (EDGE_BITS, *list(FIELDS)[1:])])
def test_a_circuit_is_the_same_whether_its_columns_are_kept_or_not(store, many, every, monkeypatch, kept):
    monkeypatch.setattr(kept_columns, "_COLUMNS", Recent(1 << 20, lambda column: column.nbytes))
    positions = [499, 3, 64, 65, 3, 0]
    with store.read() as session:
        for name in kept:
            kept_column(session, many, name)
        found = []
        sent = capture(store, lambda: found.extend(circuits_at(session, many, LAYOUT, positions)))
    assert found == [every[position] for position in positions]
    read = {str(value) for _, parameters in sent for value in values_of(parameters)} & set(FIELDS)
    assert read == set(FIELDS) - {"mask" if name == EDGE_BITS else name for name in kept}


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


@pytest.mark.one_database
@pytest.mark.parametrize("most", [0, 64 * N])
def test_every_filter_is_exact_in_every_order(store, many, every, monkeypatch, most):
    """Whether columns are kept whole or not."""
    monkeypatch.setattr(explanation_shelves, "MAX_WHOLE", most)
    with store.read() as session:
        for (wanted, passes), (sort, descending) in product(FILTERS, SOME_ORDERS):
            kept = [c for c in every if passes(c)]
            found = pages(session, many, wanted_by(**wanted), 29, sort, descending)
            assert found == (in_order(kept, sort, descending), len(kept)), (wanted, sort, descending)


def test_the_code_of_each_circuit_names_a_range_that_holds_its_margin(store, few_codes, many, every):
    with store.read() as session:
        coded = CircuitShelf(session, many, "circuit").coded_margins
    low, high = coded.ranges[coded.codes].T
    margins = np.array([c.margin for c in sorted(every, key=lambda c: c.mask)])
    assert ((low <= margins) & (margins <= high)).all()


@pytest.mark.one_database
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


@pytest.mark.parametrize("n_codes", [4, 16, 256])
def test_codes_of_margins_ascend_and_are_of_one_margin_or_of_few_circuits(monkeypatch, n_codes):
    monkeypatch.setattr(circuit_columns, "N_CODES", n_codes)
    random = np.random.default_rng(3)
    many = random.random(1_000)
    for margins in (many, 0.2 * many, np.round(many, 1), np.zeros(1_000), many[:1]):
        codes, ranges = margin_codes(margins)
        assert len(ranges) <= n_codes
        assert (ranges.ravel()[1:] >= ranges.ravel()[:-1]).all()
        for code, (smallest, largest) in enumerate(ranges.tolist()):
            of_it = margins[codes == code]
            assert (of_it.min(), of_it.max()) == (smallest, largest)
            assert smallest == largest or len(of_it) <= -(-8 * len(margins) // (3 * n_codes))
        few = n_codes // 16
        assert (ranges[:few, 0] == ranges[:few, 1]).all()
        assert not few or (ranges[-few:, 0] == ranges[-few:, 1]).all()
        bounds = np.arange(1, few + 1) / 100
        assert not ((ranges[:, :1] < bounds) & (bounds <= ranges[:, 1:])).any()


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


@pytest.mark.one_database
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


@pytest.mark.one_database
def test_a_mask_is_found_or_not(store, many, every):
    stored = {int(c.mask, 16) for c in every}
    with store.read() as session:
        for mask in [*range(0, 1 << 18, 997), min(stored), max(stored), 0, (1 << 18) - 1]:
            assert is_stored(session, many.id, LAYOUT.to_hex(mask)) is (mask in stored)


@pytest.mark.parametrize("most", [0, 8 * N])
def test_a_list_reads_only_the_columns_that_it_needs(store, many, monkeypatch, most):
    """Whether they are kept whole or read some blocks at a time."""
    monkeypatch.setattr(explanation_shelves, "MAX_WHOLE", most)
    sent = []
    event.listen(store.reader, "before_cursor_execute", lambda _c, _x, _s, given, *_: sent.append(values_of(given)))
    with store.read() as session:
        list_circuits(session, many, LAYOUT, wanted_by(edges_min=3), Order("observed", False, None, 5))
    scans = [name for p in sent if "mask" not in p for name in set(map(str, p)) & set(FIELDS)]
    assert set(scans) == {"edges", "observed"}


@SQLITES_OWN
def test_blocks_are_searched_by_their_key(store, many):
    with store.read() as session:
        statements = capture(store, partial(list_circuits, session, many, LAYOUT, (), Order("edges", False, None, 5)))
        assert len(statements) > 3
        for statement, parameters in statements:
            details = explained(session, statement, parameters)
            assert all(detail.startswith("SEARCH") for detail in details if "circuit_blocks" in detail), details
            assert not any("TEMP B-TREE" in detail for detail in details), details


@SQLITES_OWN
@pytest.mark.parametrize("sort", algorithm_reads.SORTS)
def test_every_order_of_algorithms_reads_an_index_from_where_the_page_begins(store, sort):
    row = stored_analysis(store)
    with store.read() as session:
        for after in (None, (3, 1)):
            statements = capture(
                store,
                partial(
                    algorithm_reads.algorithms_after,
                    session,
                    row.id,
                    algorithm_reads.AlgorithmFilter(),
                    sort=sort,
                    after=after,
                ),
            )
            details = explained(session, *statements[-1])
            column = {"order": "position", "valid": "n_valid", "minimal": "n_minimal", "iia": "best_iia"}.get(sort, "")
            assert any("USING INDEX ix_algorithms_analysis_id_" + column in detail for detail in details), details
            assert not any("TEMP B-TREE" in detail for detail in details), details
            if after is not None:
                compared = ("<", ">")
                assert any(sign in detail for detail in details for sign in compared), details


@SQLITES_OWN
def test_alignments_are_listed_by_an_index(store):
    row = stored_analysis(store)
    with store.read() as session:
        algorithm = session.scalars(select(AlgorithmRow).where(AlgorithmRow.n_valid > 0)).one()
        whole, _ = algorithm_reads.alignments_after(session, algorithm, limit=100)
        assert [(a.valid, a.minimal) for a in whole] == sorted(((a.valid, a.minimal) for a in whole), reverse=True)
        for limit in (1, 2, 3):
            listed, after, more = [], None, True
            while more:
                some, more = algorithm_reads.alignments_after(session, algorithm, after=after, limit=limit)
                listed += some
                after = listed[-1]
            assert [a.id for a in listed] == [a.id for a in whole]
        statements = capture(store, partial(algorithm_reads.alignments_after, session, algorithm, after=whole[0]))
        for statement in [one for one in statements if one[0] != "BEGIN"]:
            details = explained(session, *statement)
            assert any("ix_alignments_algorithm_row_id_valid_minimal_id" in detail for detail in details), details
            assert not any("TEMP B-TREE" in detail for detail in details), details
    assert session.get(AnalysisRow, row.id) is not None


def values_of(parameters) -> tuple:
    """Parameters by place, however the driver takes them."""
    return tuple(parameters.values() if isinstance(parameters, dict) else parameters)


def capture(store, work):
    """The statements that some work sends, with their parameters."""
    sent = []

    def note(_connection, _cursor, statement, parameters, *_):
        sent.append((statement, parameters))

    event.listen(store.reader, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(store.reader, "before_cursor_execute", note)
    return sent


def explained(session, statement, parameters) -> list[str]:
    cursor = session.connection().connection.cursor()
    try:
        return [row[-1] for row in cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters)]
    finally:
        cursor.close()


@pytest.mark.one_database
@pytest.mark.slow
def test_a_hundred_thousand_circuits_by_another_route(store):
    """Pages at the beginning, in the middle and at the end of every order, against one sort of arrays."""
    n = 100_000
    random = np.random.default_rng(2)
    layout = EdgeLayout((2, 5, 5, 1))
    masks = np.unique(random.integers(0, 1 << 40, size=n + 100, dtype=np.uint64))[:n]
    totals, observed = random.integers(0, 2**62, n) // 10**15, random.integers(1, 50, n)
    margins = np.round(random.random(n), 3)
    circuits = CircuitSearch(layout, 7_271_931_361, masks, random.normal(size=(n, 4)), margins)
    counts = InterpretationCounts(tuple(totals.tolist()), tuple(observed.tolist()))
    file = small_network(1, layout.sizes)
    analysis = replace(
        hand_made_analysis(), question=ask(file.network, task=file.tasks[0]), circuits=circuits, interpretations=counts
    )
    with store.write() as session:
        save_network(session, file)
    stage = Staging(prepare_analysis(analysis), "somejob")
    longest = 0.0
    for step in stage.steps():
        start = time.monotonic()
        with store.write() as session:
            step(session)
        longest = max(longest, time.monotonic() - start)
    with store.write() as session:
        row = stage.publish(session)
    assert longest < 5, "others would wait too long"
    edges = np.bitwise_count(masks)
    columns = {"mask": masks, "edges": edges, "margin": margins, "interpretations": totals, "observed": observed}
    keeps = (masks & 0b11 << 6) != 0
    filters = [
        ({}, np.ones(n, dtype=bool)),
        ({"edges_max": 18, "margin_min": 0.5}, (edges <= 18) & (margins >= 0.5)),
        ({"keep": ["n1.3"]}, keeps),
        ({"drop": ["n1.3"], "edges_min": 25}, ~keeps & (edges >= 25)),
    ]
    with store.read() as session:
        row = session.get(AnalysisRow, row.id)
        for options, passing in filters:
            wanted = wanted_by(layout, **options)
            for sort, column in columns.items():
                order = np.lexsort((masks, column))
                order = order[passing[order]]
                for descending in (False, True):
                    listed = order[::-1] if descending else order
                    for start in {0, 1, len(listed) // 2, len(listed) - 20}:
                        after = None
                        if start:
                            before = listed[start - 1]
                            value = layout.to_hex(int(masks[before])) if sort == "mask" else column[before].item()
                            after = behind(sort, value, layout.to_hex(int(masks[before])))
                        order_of = Order(sort, descending, after, 50)
                        circuits, page = list_circuits(session, row, layout, wanted, order_of)
                        assert page.total == len(listed)
                        expected = [layout.to_hex(int(mask)) for mask in masks[listed[start : start + 50]]]
                        assert [c.mask for c in circuits] == expected
                        assert page.more is (start + 50 < len(listed))
