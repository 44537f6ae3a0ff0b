"""The shortest descriptions against plain programs that list everything."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise, product
from math import comb, log2, prod
from typing import Any

import pytest

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope_methods.simplicity import formulas
from pluriscope_methods.simplicity.codes import CODES, ENUMERATIVE, LIST
from pluriscope_methods.simplicity.formulas import shortest_formula
from pluriscope_methods.simplicity.interpretations import shortest_by_formulas, shortest_by_tables
from pluriscope_methods.simplicity.report import find
from tests.analysis.criteria.circuit_contexts import all_circuits, xor_context
from tests.graph_questions import GRAPHS, asked, every_valid, outcomes


@cache
def lengths_of_tables(n_parents: int) -> dict[int, int]:
    """Every table of a few parents with the symbols of its shortest formula, by making longer and longer formulas."""
    rows = 1 << n_parents
    every = (1 << rows) - 1
    leaves = [sum(1 << row for row in range(rows) if row >> (n_parents - 1 - one) & 1) for one in range(n_parents)]
    known, size = dict.fromkeys(leaves, 1), 1
    while len(known) < every + 1:
        size += 1
        made = [every ^ table for table, length in known.items() if length == size - 1]
        for (one, n), (other, m) in product(known.items(), repeat=2):
            if n + m + 1 == size:
                made += [one & other, one | other]
        known |= {table: size for table in made if table not in known}
    return known


@pytest.mark.parametrize(
    ("function", "parents", "barred", "symbols", "n_tables"),
    [
        (0b0110, (0b1100, 0b1010), False, 8, 1),  # XOR: ∧ ∨ a b ¬ ∧ a b
        (0b1000, (0b1100, 0b1010), True, 3, 1),  # AND
        (0b0011, (0b1100,), True, 2, 1),  # NOT
        (0b0110, (0b1110, 0b1000), True, 4, 1),  # OR without AND; the row that no input reaches decides nothing shorter
        (0b0110, (0b0110, 0b1110), True, 1, 1),  # the first parent, whatever the second
        (0b0110, (0b0110, 0b0110, 0b1000), True, 1, 2),  # either of two parents that are alike
    ],
)
def test_the_shortest_formula_of_a_gate(
    function: int, parents: tuple[int, ...], barred: bool, symbols: int, n_tables: int
) -> None:
    found = shortest_formula(function, parents, 4, barred=barred)
    assert (found.symbols, len(found.tables)) == (symbols, n_tables)


@pytest.mark.parametrize("n_inputs", [2, 3])
def test_every_function_of_the_inputs_has_the_length_that_listing_finds(n_inputs: int) -> None:
    rows = 1 << n_inputs
    inputs = tuple(sum(1 << row for row in range(rows) if row >> (n_inputs - 1 - one) & 1) for one in range(n_inputs))
    plain = lengths_of_tables(n_inputs)
    asked = range(1, (1 << rows) - 1, 1 if n_inputs == 2 else 17)
    assert {one: shortest_formula(one, inputs, rows, barred=False).symbols for one in asked} == {
        one: plain[one] for one in asked
    }


def test_longer_formulas_that_were_found_before_are_not_counted() -> None:
    parents = (0b1100, 0b1010, 0b1000)  # the third is the AND of the others
    assert shortest_formula(0b0110, parents, 4, barred=True).symbols == 6
    assert len(shortest_formula(0b1000, parents, 4, barred=True).tables) == 1


def test_a_gate_with_too_many_formulas_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formulas, "_MOST_PAIRS", 20)
    formulas._of_observed.cache_clear()
    shortest_formula.cache_clear()
    with pytest.raises(BeyondLimits, match="20 pairs"):
        shortest_formula(0b01101001, (0b11110000, 0b11001100, 0b10101010), 8, barred=False)


def listed(question: Any, masks: Any, code: Any) -> tuple[int, dict[int, list[int]]]:
    """The fewest words of any circuit with an interpretation, and the indices of those, by listing them all."""
    found: dict[int, dict[int, list[int]]] = {}
    n_edges = question.layout.n_edges
    for mask in masks.tolist():
        space = InterpretationSpace(question, Circuit(question.layout, mask))
        for index in range(space.count):
            gates = [
                (len(gate.parents), lengths_of_tables(len(gate.parents))[sum(b << r for r, b in enumerate(gate.table))])
                for gate in space.at(index).gates
            ]
            words = code.subset(mask.bit_count(), n_edges) * prod(code.gate(n, symbols) for n, symbols in gates)
            found.setdefault(words, {}).setdefault(mask, []).append(index)
    return min(found.items())


@pytest.mark.parametrize(
    ("seed", "sizes", "activation"),
    [(1, (2, 2, 2, 1), "leaky_relu"), (5, (2, 2, 2, 1), "tanh"), (3, (2, 2, 1, 1), "relu"), (4, (2, 3, 1), "sigmoid")],
)
def test_interpretations_against_listing_them_all(seed: int, sizes: tuple[int, ...], activation: str) -> None:
    population = all_circuits(seed, sizes, activation)
    for code, search in ((ENUMERATIVE, shortest_by_tables), (LIST, shortest_by_formulas)):
        found = search(population.question, population.items, DEFAULT_WORK)
        words, by_mask = listed(population.question, population.items, code)
        assert found.words == words
        assert found.by_circuit == {mask: len(indices) for mask, indices in by_mask.items()}
        assert found.rank in by_mask[min(by_mask)]


@pytest.mark.slow
def test_interpretations_of_three_neurons_in_a_layer_against_listing_them_all() -> None:
    population = xor_context()
    some = population.items[[int(mask).bit_count() <= 11 for mask in population.items]]
    found = shortest_by_formulas(population.question, some, DEFAULT_WORK)
    words, by_mask = listed(population.question, some, LIST)
    assert (found.words, found.by_circuit) == (words, {mask: len(indices) for mask, indices in by_mask.items()})


def test_without_a_circuit_there_is_none() -> None:
    population = xor_context()
    for search in (shortest_by_tables, shortest_by_formulas):
        assert search(population.question, population.items[:0], DEFAULT_WORK).by_circuit == {}


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_words_of_subsets_are_those_of_a_code_that_can_be_decoded(n: int) -> None:
    """Kraft: the shares of all words add up to at most 1, for the enumerative code to 1 exactly."""
    shares = [sum(comb(n, some) / code.subset(some, n) for some in range(n + 1)) for code in CODES]
    assert shares[0] == pytest.approx(1)
    assert 0 < shares[1] <= 1


def test_words_of_an_algorithm_with_its_placement() -> None:
    either = parse_algorithm("(!(!A&!B)&!(A&B))", "and_inverter", 2)
    assert either.formula == "(A ∨ B) ∧ ¬(A ∧ B)"
    sites = [NeuronSet(1, (0,)), NeuronSet(1, (1, 2))]
    # three gates of at most seven, five trees, inputs at four leaves, seven nodes with or without NOT
    assert ENUMERATIVE.placement(either, sites, (3, 3), 3) == 8 * 5 * 2**4 * 2**7 * (2 * 4 * 3) * (2 * 4 * 3)
    # eight symbols of five; a layer, then neurons and an end mark, each of four
    assert LIST.placement(either, sites, (3, 3), 3) == 5**8 * (2 * 4**2) * (2 * 4**3)


def test_trees_are_as_many_as_the_enumerative_code_says() -> None:
    """Trees of two gates over two inputs, NOT at any node, listed plainly."""

    def trees(gates: int) -> list[Any]:
        bare = ["A", "B"] if not gates else []
        for left in range(gates):
            bare += [("and", *pair) for pair in product(trees(left), trees(gates - 1 - left))]
        return [(sign, one) for one in bare for sign in ("", "not")]

    algorithm = parse_algorithm("(!A&(A&B))", "and_inverter", 2)
    assert ENUMERATIVE.tree(algorithm, 3) == 4 * len(trees(2))


@pytest.mark.parametrize(("key", "n"), [("shortest-enumerative", 1), ("shortest-list", 3)])
def test_the_criterion_keeps_what_the_analysis_finds(key: str, n: int) -> None:
    population = xor_context()
    verdicts = criterion_named(key).judge(population)
    found = find(Analysed(population.question, search_circuits(population.question)), Settings()).kinds[0]
    shortest = next(one for one in found.shortest if key.endswith(one.code))
    masks = population.items[verdicts.passed].tolist()
    assert [[population.question.layout.to_hex(mask)] for mask in masks] == shortest.first
    assert len(masks) == n == int(shortest.n)


def test_a_criterion_says_that_not_all_are_listed() -> None:
    some = replace(xor_context(), items=xor_context().items[:9], complete=False)
    verdicts = criterion_named("shortest-list").judge(some)
    assert verdicts.tally.passed == 0 < verdicts.tally.undecided


def test_what_is_not_known_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluriscope_methods.simplicity.interpretations._MOST_CLASSES", 1)
    population = xor_context()
    found = find(Analysed(population.question, search_circuits(population.question)), Settings()).kinds[1]
    assert [one.code for one in found.shortest] == ["enumerative"]
    assert found.both is None
    assert "shortest in the list code are not known" in found.why
    assert not found.single


def test_explanations_stand_beside_the_whole_circuit_and_the_numbers_of_the_network() -> None:
    question = xor_context().question
    found = find(Analysed(question, search_circuits(question)), Settings())
    assert found.numbers == sum((below + 1) * size for below, size in pairwise(question.network.sizes)) == 25
    n = question.layout.n_edges
    assert found.whole == pytest.approx([log2(n + 1), (n + 1) * log2(n + 1)])  # of every edge; each named, an end mark
    assert all(least.bits < 25 * 64 for kind in found.kinds for least in kind.shortest)
    said = found.findings()[-1]
    assert said.endswith("bits, the network’s 25 weights and biases 1,600, 64 bits each.")


@pytest.mark.parametrize(("slug", "rules"), GRAPHS)
@pytest.mark.parametrize("key", ["enumerative", "list"])
def test_the_shortest_circuits_of_a_graph_are_those_of_the_sizes_with_the_fewest_words(slug, rules, key):
    n, valid = asked(slug, rules).graph.n_bits, every_valid(slug, rules)
    words = {
        mask: (n + 1) * comb(n, mask.bit_count()) if key == "enumerative" else (n + 1) ** (mask.bit_count() + 1)
        for mask in valid
    }
    expected = {mask: "passed" if one == min(words.values()) else "failed" for mask, one in words.items()}
    assert outcomes(criterion_named(f"shortest-{key}"), slug, rules) == expected
