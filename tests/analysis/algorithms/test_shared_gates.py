"""Algorithms with shared gates: text, predictions, redundancies and order, against brute force over graphs."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, product

import pytest

from pluriscope.analysis.algorithms.and_inverter import and_inverter_candidates
from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.algorithms.redundancy import irredundancy
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.redundancies import IRREDUNDANT_FUNCTIONS, IRREDUNDANT_GATES, IRREDUNDANT_LITERALS
from pluriscope.analysis.errors import InvalidAlgorithm
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import named_task
from tests.oracles.brute_force_algorithms import split

SHARED = COMPLETE.model_copy(update={"name": "shared gates", "algorithm_form": "shared_gates"})
ALICE, BOB = "!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))"
FOUR_NANDS = "!(!(!(A&B)&A)&!(!(A&B)&B));(A&B)"


@lru_cache
def candidates(name: str = "XOR", n_inputs: int = 2) -> tuple[HighLevelModel, ...]:
    return candidate_algorithms(named_task(name, n_inputs), SHARED, 2).algorithms


@lru_cache
def irredundant(name: str = "XOR", n_inputs: int = 2) -> tuple[HighLevelModel, ...]:
    return tuple(one for one in candidates(name, n_inputs) if irredundancy(one)["irredundant-literals"])


def gates_of(text: str) -> set[str]:
    """The distinct gates of a tree's text, by their own texts."""
    kind, parts = split(text)
    return set().union({text} if kind == "and" else set(), *(gates_of(part) for part in parts if kind != "leaf"))


def value(text: str, row: tuple[int, ...], fixed: dict[str, int], idle: tuple[str, int] | None = None) -> int:
    """Value of a graph if the gates with these texts are fixed, and one edge into a gate is 1."""
    if text in fixed:
        return fixed[text]
    kind, parts = split(text)
    if kind == "leaf":
        return row["ABCDEF".index(parts[0])]
    values = [1 if idle == (text, position) else value(part, row, fixed, idle) for position, part in enumerate(parts)]
    return 1 - values[0] if kind == "not" else values[0] & values[1]


def rows(n_inputs: int) -> list[tuple[int, ...]]:
    return list(product([0, 1], repeat=n_inputs))


def tree_of(algorithm: HighLevelModel) -> str:
    return algorithm.text.partition(";")[0]


def test_every_tree_unfolds_from_one_graph():
    trees, n_candidates = and_inverter_candidates(named_task("XOR", 2).pattern, 2, 3, 1_000)
    assert {tree.text for tree in trees} == {tree_of(graph) for graph in candidates()}
    assert len(candidates()) == n_candidates == 250
    order = [(graph.depth, graph.n_gates, graph.text) for graph in candidates()]
    assert order == sorted(order)


@pytest.mark.slow
def test_xor_has_six_irredundant_graphs_of_up_to_four_gates():
    """Every straight-line program of up to four ANDs over the two inputs is written down."""
    found = set()
    for n_gates in (1, 2, 3, 4):
        for program in product(*(list(steps(2 + at)) for at in range(n_gates))):
            texts = ["A", "B"]
            for (left, right), (not_left, not_right) in program:
                sides = sorted(("!" * not_left + texts[left], "!" * not_right + texts[right]))
                texts.append(f"({sides[0]}&{sides[1]})")
            root = texts[-1]
            if len(gates_of(root)) < n_gates:
                continue
            for text in (root, f"!{root}"):
                says = [value(text, row, {}) for row in rows(2)]
                edges = product(gates_of(text), (0, 1))
                if says == [0, 1, 1, 0] and all(
                    [value(text, row, {}, edge) for row in rows(2)] != says for edge in edges
                ):
                    found.add((n_gates, text))
    assert sorted(found) == sorted((graph.n_gates, tree_of(graph)) for graph in irredundant())
    assert [graph.n_gates for graph in irredundant()] == [3, 3, 4, 4, 4, 4]
    assert {graph.text for graph in irredundant()} >= {ALICE, BOB, FOUR_NANDS}


def steps(n_nodes: int):
    return product(combinations(range(n_nodes), 2), product((0, 1), repeat=2))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n_inputs"), [("XOR", 2), ("MAJORITY", 3)])
def test_a_shared_gate_is_one_variable_fixed_wherever_it_is_read(name, n_inputs):
    for graph in candidates(name, n_inputs)[:80]:
        tree = tree_of(graph)
        by_text = {variable.path: tree_text(variable.node) for variable in graph.variables}
        assert sorted(by_text.values()) == sorted(gates_of(tree) - {tree.removeprefix("!")})
        assert graph.n_gates == len(gates_of(tree))
        for path, response in graph.responses.items():
            for row_number, row in enumerate(rows(n_inputs)):
                assert response.function >> row_number & 1 == value(by_text[path], row, {})
                assert response.when_false >> row_number & 1 == value(tree, row, {by_text[path]: 0})
                assert response.when_true >> row_number & 1 == value(tree, row, {by_text[path]: 1})
        full = (1 << (1 << n_inputs)) - 1
        for first, second in combinations(graph.carriers, 2):
            both = graph.output_given({first: 0, second: full})
            fixed = {by_text[first]: 0, by_text[second]: 1}
            assert both == sum(value(tree, row, fixed) << at for at, row in enumerate(rows(n_inputs)))


def tree_text(node) -> str:
    if node.operator == "input":
        return "ABCDEF"[node.input]
    parts = [tree_text(child) for child in node.children]
    return f"!{parts[0]}" if node.operator == "not" else f"({parts[0]}&{parts[1]})"


@pytest.mark.slow
def test_the_criteria_agree_with_brute_force_and_with_the_search():
    context = Population("algorithm", None, candidates())
    verdicts = {
        one.key: one.judge(context).passed.tolist()
        for one in (IRREDUNDANT_GATES, IRREDUNDANT_FUNCTIONS, IRREDUNDANT_LITERALS)
    }
    for at, graph in enumerate(candidates()):
        assert {key: passed[at] for key, passed in verdicts.items()} == irredundancy(graph)
        says = [value(tree_of(graph), row, {}) for row in rows(2)]
        edges = product(gates_of(tree_of(graph)), (0, 1))
        needs_all = all([value(tree_of(graph), row, {}, edge) for row in rows(2)] != says for edge in edges)
        assert verdicts["irredundant-literals"][at] == needs_all


def test_a_text_is_read_back_and_its_shared_gates_must_be_its_own():
    for graph in candidates():
        assert parse_algorithm(graph.text, "shared_gates", 2) == graph
    assert parse_algorithm(ALICE, "shared_gates", 2).id == parse_algorithm(ALICE, "and_inverter", 2).id
    for wrong in (FOUR_NANDS.partition(";")[0], FOUR_NANDS + ",(A&B)", ALICE + ";(A&B)", ";(A&B)", ALICE + ";"):
        with pytest.raises(InvalidAlgorithm):
            parse_algorithm(wrong, "shared_gates", 2)
