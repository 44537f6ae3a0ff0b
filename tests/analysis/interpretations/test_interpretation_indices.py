"""Index to interpretation and back, against the brute-force list in its fixed order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.errors import BeyondLimits, InvalidIndex
from pluriscope.analysis.interpretations import indexing
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.circuits.test_circuit_search import random_network
from tests.analysis.interpretations.test_interpretation_counts import SHAPES, some_masks, wide_network
from tests.factories import interpretation_at
from tests.oracles.brute_force_interpretations import interpretations


def assert_same_list(network: Network, mask: int, ablation: str = "zero") -> int:
    circuit = Circuit(EdgeLayout(network.sizes), mask)
    space = InterpretationSpace(ask(network, protocol=COMPLETE.model_copy(update={"ablation": ablation})), circuit)
    expected, classes = interpretations(network, mask, ablation=ablation)
    assert (space.count, space.n_observed) == (len(expected), len(set(classes)))
    for index, listed in enumerate(expected):
        found = space.at(index)
        assert (found.circuit, found.index, len(found.gates)) == (circuit, index, len(listed))
        for gate, (layer, neuron, low, high, bits, table) in zip(found.gates, listed, strict=True):
            assert (gate.layer, gate.neuron, gate.table) == (layer, neuron, table)
            assert [(gate.function >> row) & 1 for row in range(2**network.n_inputs)] == list(bits)
            assert (gate.low, gate.high) == pytest.approx((low, high), rel=1e-9, abs=1e-12)
            assert gate.low < gate.threshold < gate.high
        assert space.index_of(found.gates) == index
    assert_blocks_hold(space, [(0, None)])
    starts = [i for i, thresholds in enumerate(classes) if i == 0 or thresholds != classes[i - 1]]
    assert [space.index_of_observed(rank) for rank in range(space.n_observed)] == starts
    return len(expected)


def assert_blocks_hold(space: InterpretationSpace, ranges: Iterable[tuple[int | None, int | None]]) -> None:
    """Assert that blocks have of each interpretation what it has itself."""
    for start, stop in ranges:
        block = space.block(start, stop)
        assert range(block.start, block.start + len(block.tables)) == range(*slice(start, stop).indices(space.count))
        for number, index in enumerate(range(block.start, block.start + len(block.tables))):
            gates = space.at(index).gates
            assert tuple((gate.layer, gate.neuron) for gate in gates) == space.gated
            assert [sum(bit << row for row, bit in enumerate(gate.table)) for gate in gates] == block.tables[
                number
            ].tolist()
            assert [gate.threshold for gate in gates] == block.thresholds[number].tolist()
            least = space.index_of_observed(int(block.classes[number]))
            assert least <= index
            assert [gate.function for gate in space.at(least).gates] == [gate.function for gate in gates]


@pytest.mark.parametrize("sizes", [(2, 3, 3, 1), (3, 2, 1), (1, 2, 2, 1)])
def test_blocks_are_parts_of_the_whole(sizes, monkeypatch):
    network = random_network(31, sizes)
    layout = EdgeLayout(sizes)
    space = InterpretationSpace(ask(network), Circuit(layout, (1 << layout.n_edges) - 1))
    n = space.count
    assert_blocks_hold(space, [(0, 40), (n // 2, n // 2 + 40), (n - 40, None), (-3, None), (n, None), (7, 3)])
    monkeypatch.setattr(indexing, "_ROWS_AT_ONCE", 7)
    parts = list(space.blocks(5, 60))
    whole = space.block(5, 60)
    for name in ("tables", "thresholds", "classes"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))


def test_blocks_reach_beyond_what_a_machine_word_counts():
    network = wide_network()
    space = InterpretationSpace(ask(network), Circuit(EdgeLayout(network.sizes), 2**28 - 1))
    assert space.count > 2**62
    assert_blocks_hold(space, [(at, at + 30) for at in (0, space.count // 3, 2**62 - 15, space.count - 30)])


def test_a_table_of_more_than_64_rows_is_refused_and_names_its_gate():
    network = Network.from_arrays([[[1.0, 1.0]] * 7, [[1.0] * 7]], [[0.0] * 7, [0.0]])
    space = InterpretationSpace(ask(network), Circuit(EdgeLayout(network.sizes), 2**21 - 1))
    with pytest.raises(BeyondLimits, match=r"gate 2\.0 .* it reads 7 neurons"):
        space.block(0, 1)


def test_more_entries_than_there_is_room_for_are_refused_and_streamed():
    network = wide_network()
    space = InterpretationSpace(ask(network), Circuit(EdgeLayout(network.sizes), 2**28 - 1))
    with pytest.raises(BeyondLimits, match=r"1,000,000,000,000 interpretations .* blocks\(start, stop\)"):
        space.block(0, 10**12)
    assert next(space.blocks(0, 10**12)).start == 0


@pytest.mark.slow
@pytest.mark.parametrize("activation", FAMILIES)
@pytest.mark.parametrize("sizes", SHAPES)
def test_unranking_lists_everything_in_the_fixed_order(sizes, activation):
    network = random_network(31, sizes, activation)
    for mask in some_masks(network, 3).tolist():
        assert_same_list(network, mask)


def test_the_order_is_fixed():
    """Permalinks depend on it: thresholds before completions, first neuron most significant, lowest free row least."""
    alike = Network.from_arrays([[[1.0], [1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [-1.0]])
    circuit, data = Circuit(EdgeLayout((1, 2, 1)), 0b1111), clean_data(1)
    tables = [interpretation_at(ask(alike, data=data), circuit, i).gates[-1].table for i in range(3)]
    # rows 01 and 10 never occur: of the four completions of 0··1 XOR is none, of ... all stay
    assert tables == [(0, 0, 0, 1), (0, 1, 0, 1), (0, 0, 1, 1)]
    spread = random_network(31, (2, 2, 1))
    space = InterpretationSpace(ask(spread), Circuit(EdgeLayout((2, 2, 1)), 0b111111))
    thresholds = [tuple(gate.threshold for gate in space.at(i).gates) for i in range(space.count)]
    assert thresholds == sorted(thresholds)
    assert len(set(thresholds)) == space.n_observed > 1


@pytest.mark.slow
def test_an_index_beyond_a_machine_word_is_found_again():
    network = wide_network()
    circuit = Circuit(EdgeLayout(network.sizes), 2**28 - 1)
    data = clean_data(2)
    space = InterpretationSpace(ask(network), circuit)
    assert space.count > 2**62
    for index in (0, 1, 12_345, space.count // 3, space.count - 1):
        found = interpretation_at(ask(network, data=data), circuit, index)
        assert space.index_of(found.gates) == index


def test_an_index_beyond_the_count_names_the_count():
    network = random_network(31, (2, 2, 1))
    circuit, data = Circuit(EdgeLayout((2, 2, 1)), 0b111111), clean_data(2)
    count = InterpretationSpace(ask(network), circuit).count
    for index in (-1, count, 10**30):
        with pytest.raises(InvalidIndex, match=f"has {count:,} interpretations"):
            interpretation_at(ask(network, data=data), circuit, index)
    with pytest.raises(InvalidIndex, match="observed classes"):
        InterpretationSpace(ask(network, data=data), circuit).index_of_observed(count + 1)


def test_foreign_gates_have_no_index():
    network = random_network(31, (2, 2, 2, 1))
    data, layout = clean_data(2), EdgeLayout((2, 2, 2, 1))
    space = InterpretationSpace(ask(network, data=data), Circuit(layout, 2**10 - 1))
    gates = space.at(0).gates
    flipped = replace(gates[-1], table=tuple(1 - bit for bit in gates[-1].table))
    shorter = replace(gates[-1], table=gates[-1].table[:-1])
    odd = replace(gates[0], function=0b0110 if gates[0].function != 0b0110 else 0b1001)
    stray = replace(gates[0], layer=1, neuron=7)
    for wrong in [(*gates[:-1], flipped), (*gates[:-1], shorter), (odd, *gates[1:]), gates[1:], (*gates, stray)]:
        with pytest.raises(InvalidIndex, match="no interpretation of circuit"):
            space.index_of(wrong)


def test_xor_in_place_of_an_admitted_gate_has_no_index():
    # h0 = relu(A+B−1), h1 = A+B, output h1 − 2·h0: XOR over AND and OR, where row 10 never occurs
    network = Network.from_arrays([[[1, 1], [1, 1]], [[-2, 1]]], [[-1, 0], [0]], activation="relu")
    space = InterpretationSpace(ask(network), Circuit(EdgeLayout((2, 2, 1)), 0b111111))
    assert [gate.name for gate in space.at(0).gates] == ["AND", "OR", "CNIMP"]
    assert space.count == 1
    *below, output = space.at(0).gates
    with pytest.raises(InvalidIndex, match="no interpretation of circuit"):
        space.index_of((*below, replace(output, table=(0, 1, 1, 0))))


def test_a_circuit_whose_output_never_changes_has_one_reading_without_an_output_gate():
    flat = Network.from_arrays([[[1.0, 1.0]], [[0.01]]], [[0.0], [0.0]])
    space = InterpretationSpace(ask(flat), Circuit(EdgeLayout((2, 1, 1)), 0b111))
    assert space.count == 2
    assert [[(g.layer, g.neuron) for g in space.at(i).gates] for i in (0, 1)] == [[(1, 0)], [(1, 0)]]


def test_too_many_states_are_refused(monkeypatch):
    monkeypatch.setattr(indexing, "MAX_STATES", 3)
    network = random_network(31, (2, 2, 1))
    with pytest.raises(BeyondLimits, match="9 combinations"):
        interpretation_at(ask(network), Circuit(EdgeLayout((2, 2, 1)), 0b111111), 0)


def test_too_many_ways_on_are_refused_before_they_are_listed(monkeypatch):
    network = random_network(31, (2, 3, 3, 1))
    circuit = Circuit(EdgeLayout((2, 3, 3, 1)), (1 << 18) - 1)
    assert interpretation_at(ask(network), circuit, 0).index == 0
    monkeypatch.setattr(indexing, "MAX_LINKS", 50)
    with pytest.raises(BeyondLimits, match="more than 50 ways on"):
        interpretation_at(ask(network), circuit, 0)


def test_more_edges_than_a_mask_can_hold_are_refused():
    sizes = (2, 64, 1)
    circuit = Circuit(EdgeLayout(sizes), (1 << 192) - 1)
    with pytest.raises(BeyondLimits, match="192 edges, and the limit is 64"):
        interpretation_at(ask(random_network(1, sizes)), circuit, 0)
