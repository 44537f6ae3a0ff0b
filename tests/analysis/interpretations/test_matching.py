"""Interpretations that match wishes about gates, against the brute-force list of all of them."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from analysis.errors import InvalidGate, InvalidIndex
from analysis.interpretations.matching import OTHER, GateWish, MatchingSpace, named_tables
from analysis.networks.circuit import Circuit, EdgeLayout
from analysis.question import ask
from tests.analysis.circuits.test_circuit_search import random_network
from tests.analysis.interpretations.test_interpretation_counts import some_masks
from tests.oracles.brute_force_interpretations import interpretations

SHAPES = [(2, 2, 1), (2, 2, 2, 1), (2, 3, 2, 1), (1, 2, 2, 1), (3, 2, 2, 1), (2, 2, 3, 1)]
NAND = (1, 1, 1, 0)


def named(space, layer, neuron, table):
    """The name of a table by the list of named ones."""
    return next((name for name, found in space._tables(layer, neuron).items() if table in found), OTHER)


def cases(n_masks=2, most=300):
    """(space without wishes, every interpretation as {site: (name, table)}, its choice of cuts)."""
    for number, sizes in enumerate(SHAPES):
        network = random_network(31 + number, sizes, "tanh")
        for mask in some_masks(network, n_masks).tolist():
            listed, classes = interpretations(network, mask)
            if 0 < len(listed) <= most:
                space = MatchingSpace.of(ask(network), Circuit(EdgeLayout(sizes), mask))
                names = [
                    {(layer, neuron): named(space, layer, neuron, table) for layer, neuron, _, _, _, table in gates}
                    for gates in listed
                ]
                yield space, names, classes


@pytest.mark.slow
def test_gates_of_each_neuron_are_counted():
    seen = 0
    for space, names, _ in cases():
        counted = space.gate_counts()
        assert set(counted) == set(names[0])
        for site, gates in counted.items():
            assert {one.name: one.count for one in gates} == Counter(one[site] for one in names)
            seen += len(gates)
    assert seen > 40


@pytest.mark.slow
def test_matches_are_counted_and_fetched_in_the_order_of_their_index():
    checked = Counter()
    for space, names, classes in cases():
        sites = sorted(names[0])
        for one, two in [(a, b) for a in sites for b in sites if a <= b][::3]:
            for values in set(product({n[one] for n in names}, {n[two] for n in names})):
                wanted = dict(zip((one, two), values, strict=True))
                if one == two and len(set(values)) > 1:
                    continue
                wishes = [GateWish(*site, name) for site, name in wanted.items()]
                found = MatchingSpace.of(space.question, space.circuit, wishes)
                expected = [i for i, n in enumerate(names) if all(n[site] == name for site, name in wanted.items())]
                assert found.count == len(expected)
                assert found.n_observed == len({classes[i] for i in expected})
                few = {*range(min(4, len(expected))), len(expected) - 1} - {-1}
                assert [found.interpretation(rank).index for rank in sorted(few)] == [expected[r] for r in sorted(few)]
                for site, name in wanted.items():
                    assert all((found.interpretation(r).gate(*site).name or OTHER) == name for r in few)
                firsts = [r for r, i in enumerate(expected) if r == 0 or classes[i] != classes[expected[r - 1]]]
                assert [found.index_of_observed(rank) for rank in range(min(3, len(firsts)))] == firsts[:3]
                checked[OTHER in values] += 1
                checked["none"] += not expected
    assert checked[False] > 100
    assert checked[True] > 10
    assert checked["none"] > 10


@pytest.mark.slow
def test_a_wish_about_a_neuron_does_not_narrow_its_own_counts():
    space, names, _ = max(cases(), key=lambda case: len(case[1]))
    site, gates = next((site, gates) for site, gates in space.gate_counts().items() if len(gates) > 1)
    wish = GateWish(*site, gates[1].name)
    narrowed = MatchingSpace.of(space.question, space.circuit, [wish]).gate_counts()
    assert narrowed[site] == gates
    other = next(other for other in narrowed if other != site)
    assert {g.name: g.count for g in narrowed[other]} == Counter(n[other] for n in names if n[site] == wish.name)


def test_gates_without_a_name_go_together():
    tables = named_tables(("1.0", "1.1", "1.2"), first=False)
    every = [table for found in tables.values() for table in found]
    assert len(every) == len(set(every)) == 46
    assert tables["MAJORITY"] == ((0, 0, 0, 1, 0, 1, 1, 1),)
    assert named_tables(("1.0", "1.1"), first=False)["NAND"] == (NAND,)
    assert "XOR" not in named_tables(("1.0", "1.1"), first=False)  # barred
    assert "XOR" in named_tables(("A", "B"), first=True)


def test_wishes_are_written_and_read():
    for text in ("2-1:NAND", "1-0:¬A", "2-0:AND 1.0 1.2", "3-0:other"):
        assert str(GateWish.parse(text)) == text
    for text in ("NAND", "2:NAND", "2-1", "2-1:", "a-b:NAND", "2-1234:OR"):
        with pytest.raises(InvalidGate):
            GateWish.parse(text)


@pytest.mark.parametrize("text", ["9-0:NAND", "1-7:A", "2-0:FROBNICATE"])
def test_impossible_wishes_are_refused(text):
    network = random_network(31, (2, 2, 2, 1))
    circuit = Circuit(EdgeLayout(network.sizes), 2**10 - 1)
    with pytest.raises(InvalidGate):
        MatchingSpace.of(ask(network), circuit, [GateWish.parse(text)])


def test_two_wishes_about_one_neuron_are_refused_and_ranks_have_an_end():
    network = random_network(31, (2, 2, 1))
    circuit = Circuit(EdgeLayout(network.sizes), 2**6 - 1)
    name = MatchingSpace.of(ask(network), circuit).gate_counts()[1, 0][0].name
    with pytest.raises(InvalidGate, match="twice"):
        MatchingSpace.of(ask(network), circuit, [GateWish(1, 0, name), GateWish(1, 0, name)])
    space = MatchingSpace.of(ask(network), circuit, [GateWish(1, 0, name)])
    with pytest.raises(InvalidIndex):
        space.interpretation(space.count)
