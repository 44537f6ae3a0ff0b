"""Rows say exactly what was found, to people with any client and to pages as columns; and each result is whole."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import func, select, update

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db import writes
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.reads.circuits import locate_mask
from pluriscope.app.db.reads.networks import analyses_of
from pluriscope.app.db.rows import column_of, columns_of
from pluriscope.app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, CircuitRow
from pluriscope.app.db.writes import save_network
from tests.factories import XOR_SLUG, hand_made_analysis, pretrained_xor, save_analysis, small_network, stored_analysis

TABLES = (AnalysisRow, CircuitRow, AlgorithmRow, AlignmentRow)
DIFFICULT = [0.1 + 0.2, 1 / 3, 1e-310, 5e-324, 1.5390156136008737e203, math.pi * 1e-17, 0.0]


@pytest.fixture
def network(store):
    with store.write() as session:
        save_network(session, pretrained_xor(), slug=XOR_SLUG)


def made_up(sizes=(2, 3, 3, 1), n=40):
    """An analysis with masks over all edges, margins that are hard to write, and numbers beyond 64 bits."""
    file = small_network(3, sizes)
    layout, random = EdgeLayout(sizes), np.random.default_rng(5)
    few = sorted({int.from_bytes(random.bytes(40)) % (1 << layout.n_edges) for _ in range(n)})
    masks = mask_array(few, layout)
    bits = [struct.unpack("d", struct.pack("Q", int(one)))[0] for one in random.integers(0, 0x5FE << 52, len(few))]
    margins = np.array([*DIFFICULT, *bits][: len(few)])
    circuits = CircuitSearch(layout, 1 << layout.n_edges, masks, np.zeros((len(few), 4)), margins)
    counts = InterpretationCounts(tuple(7**k for k in range(len(few))), tuple(range(len(few))))
    question = ask(file.network, task=file.tasks[0])
    found = replace(
        hand_made_analysis(),
        question=question,
        circuits=circuits,
        interpretations=counts,
        algorithms=AlgorithmSearch((), 0),
    )
    return file, found


@pytest.mark.parametrize("sizes", [(2, 3, 3, 1), (2, 6, 7, 1), (2, 6, 8, 1), (2, 8, 8, 1)])
def test_what_is_read_is_what_was_found(store, sizes):
    """Up to 64 edges and beyond, to the last bit, whatever the numbers' size."""
    file, found = made_up(sizes)
    with store.write() as session:
        save_network(session, file)
        row = save_analysis(session, found)
    with store.read() as session:
        columns = columns_of(session, row, "circuit", ("mask", "edges", "margin", "interpretations", "observed"))
        assert columns["mask"].dtype == found.circuits.masks.dtype
        assert columns["mask"].tolist() == found.circuits.masks.tolist()
        assert columns["margin"].tobytes() == found.circuits.margins.tobytes()
        assert columns["interpretations"] == list(found.interpretations.by_circuit)
        assert columns["observed"].tolist() == list(found.interpretations.observed_by_circuit)
        assert columns["edges"].tolist() == [mask.bit_count() for mask in found.circuits.masks.tolist()]
        for position, mask in enumerate(found.circuits.masks.tolist()):
            assert locate_mask(session, row.id, found.circuits.layout.to_hex(mask)) == (position, True)


def test_a_margin_may_be_missing_or_infinite(store):
    row = stored_analysis(store)
    with store.write() as session:
        for position, margin in ((0, None), (2, math.inf)):
            session.execute(update(CircuitRow).where(CircuitRow.position == position).values(margin=margin))
    with store.read() as session:
        found = column_of(session, row, "circuit", "margin")
        assert np.isnan(found).tolist() == [True] + [False] * 196
        assert found[1:3].tolist() == [hand_made_analysis().circuits.margins[1], math.inf]


def sizes(store) -> list[int]:
    with store.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in TABLES]


def whole(store) -> list[AnalysisRow]:
    with store.read() as session:
        return list(analyses_of(session, [find_network(session, XOR_SLUG).id]))


@pytest.mark.parametrize("earlier", [False, True])
def test_an_interrupted_write_leaves_nothing(store, network, monkeypatch, earlier):
    """The earlier result stays where there is one."""
    if earlier:
        stored_analysis(store)
    before = sizes(store)
    other = replace(hand_made_analysis(), algorithms=replace(hand_made_analysis().algorithms, n_candidates=5))
    insert = writes.insert_rows

    def interrupted(session, table, some):
        if table.name == "alignments":
            raise KeyboardInterrupt
        insert(session, table, some)

    monkeypatch.setattr(writes, "insert_rows", interrupted)
    with pytest.raises(KeyboardInterrupt), store.write() as session:
        save_analysis(session, other)
    assert sizes(store) == before == ([1, 197, 2, 10] if earlier else [0, 0, 0, 0])
