"""Whether an algorithm says more than it needs: the three irredundancy classes (spec §4, §6).

Gates are named by their paths, the root as ``""``; an edge by the path of the child that it leads to, NOT transparent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from analysis.algorithms.high_level_model import (
    HighLevelModel,
    Node,
    function_of,
    input_pattern,
    readable_formula,
    walk,
)
from analysis.criteria.criterion import Criterion, Judge, Settings
from analysis.criteria.population import Population
from analysis.criteria.verdict import Verdict, Verdicts, put_together

_FEW: Final = 1_024  # algorithms that are judged between two reports, in a fraction of a second


@dataclass(frozen=True)
class _Gate:
    """A gate of a tree: its place, its function, and its tree."""

    path: str
    function: int
    node: Node

    @property
    def formula(self) -> str:
        return readable_formula(self.node)


def _each(judge_one: Callable[[HighLevelModel], Verdict]) -> Judge:
    @lru_cache(maxsize=1)  # the same candidates come back with every network
    def few(algorithms: tuple[HighLevelModel, ...]) -> Verdicts:
        return put_together(list(map(judge_one, algorithms)))

    def judge(population: Population, _: Settings) -> Verdicts:
        if len(population) <= _FEW:
            population.work.tell("criteria", 0, len(population), "algorithms")
            return few(population.items)
        algorithms = population.work.each("criteria", population.items, "algorithms", every=256)
        return put_together(list(map(judge_one, algorithms)))

    return judge


def _gates(algorithm: HighLevelModel) -> list[_Gate]:
    """Every gate, a gate before those below it; a shared one at its first occurrence."""

    def visit(node: Node, path: str) -> Iterator[_Gate]:
        if node.is_gate:
            yield _Gate(path, function_of(node, algorithm.n_inputs), node)
            for position, child in enumerate(node.children):
                yield from visit(child, f"{path}{position}")
        elif node.operator == "not":
            yield from visit(node.children[0], path)

    gates = list(visit(algorithm.root, ""))
    return list({gate.node: gate for gate in reversed(gates)}.values())[::-1] if algorithm.shared else gates


def _verdict(n_good: int, of: int, good: str, bad: str, witness: dict[str, object]) -> Verdict:
    if n_good == of:
        return Verdict.of_share("passed", n_good, of, good)
    return Verdict.of_share("failed", n_good, of, bad, witness)


def _no_trivial_gate(algorithm: HighLevelModel) -> Verdict:
    full = (1 << (1 << algorithm.n_inputs)) - 1
    names = {0: "0", full: "1"}
    for index in range(algorithm.n_inputs):
        pattern, letter = input_pattern(index, algorithm.n_inputs), "ABCDEF"[index]
        names |= {pattern: letter, full & ~pattern: f"¬{letter}"}
    gates = _gates(algorithm)
    trivial = [gate for gate in gates if gate.function in names]
    witness: dict[str, object] = {}
    bad = ""
    if trivial:
        name = names[trivial[0].function]
        bad = f"The gate {trivial[0].formula} is always {name}."
        witness = {"path": trivial[0].path, "formula": trivial[0].formula, "equals": name}
    good = "No gate is constant or equal to an input or its negation."
    return _verdict(len(gates) - len(trivial), len(gates), good, bad, witness)


def _no_repeated_function(algorithm: HighLevelModel) -> Verdict:
    full = (1 << (1 << algorithm.n_inputs)) - 1
    gates = _gates(algorithm)
    repeating = [
        (gate, below)
        for gate in gates
        for below in gates
        if below.path != gate.path
        and (below.node in walk(gate.node) if algorithm.shared else below.path.startswith(gate.path))
        and gate.function in (below.function, full & ~below.function)
    ]
    witness: dict[str, object] = {}
    bad = ""
    if repeating:
        gate, below = repeating[0]
        negated = "the negation of " if gate.function != below.function else ""
        bad = f"The gate {gate.formula} is always {negated}{below.formula}, which lies below it."
        witness = {"path": gate.path, "formula": gate.formula, "below": below.path, "below_formula": below.formula}
    n_bad = len({gate.path for gate, _ in repeating})
    good = "No gate repeats, up to negation, the function of a gate below it."
    return _verdict(len(gates) - n_bad, len(gates), good, bad, witness)


def _no_redundant_literal(algorithm: HighLevelModel) -> Verdict:
    gates = _gates(algorithm)
    edges = [(gate, f"{gate.path}{position}", position) for gate in gates for position in (0, 1)]
    redundant = [
        (gate, path, position)
        for gate, path, position in edges
        if _without_edge(algorithm, gate, position) == algorithm.function
    ]
    witness: dict[str, object] = {}
    bad = ""
    if redundant:
        gate, path, position = redundant[0]
        literal = readable_formula(gate.node.children[position])
        bad = f"Without {literal} in {gate.formula} the output stays the same."
        witness = {"path": path, "formula": literal, "gate": gate.path, "gate_formula": gate.formula}
    good = "Every literal matters: without it some output changes."
    return _verdict(len(edges) - len(redundant), len(edges), good, bad, witness)


def _without_edge(algorithm: HighLevelModel, gate: _Gate, position: int) -> int:
    """The output with the edge to a child fixed to the gate's neutral value: 1 for AND, 0 for OR."""
    full = (1 << (1 << algorithm.n_inputs)) - 1
    kept = 1 - position

    def value(node: Node, path: str) -> int:
        if node.is_gate and (node == gate.node if algorithm.shared else path == gate.path):
            return value(node.children[kept], f"{path}{kept}")
        if node.operator == "input":
            return input_pattern(node.input, algorithm.n_inputs)
        if node.operator == "not":
            return full & ~value(node.children[0], path)
        left, right = (value(child, f"{path}{i}") for i, child in enumerate(node.children))
        return left & right if node.operator == "and" else left | right

    return value(algorithm.root, "")


def _irredundant(
    key: str, judge_one: Callable[[HighLevelModel], Verdict], label: str, *, definition: str, formula: str, score: str
) -> Criterion:
    return Criterion(
        key=f"irredundant-{key}",
        label=label,
        definition=definition,
        formula=formula,
        source="Pluriscope: algorithms in and-inverter form, without what they do not need",
        judges={"algorithm": _each(judge_one)},
        direction="higher",
        score=score,
        term="irredundant",
    )


IRREDUNDANT_GATES: Final = _irredundant(
    "gates",
    _no_trivial_gate,
    "No redundant gate",
    definition="No gate of the algorithm is constant or equal to an input or its negation.",
    formula="for every gate g and input x: g ≠ 0, g ≠ 1, g ≠ x, g ≠ ¬x, as functions of the inputs",
    score="share of gates that are neither constant nor an input",
)
IRREDUNDANT_FUNCTIONS: Final = _irredundant(
    "functions",
    _no_repeated_function,
    "No repeated function",
    definition="No gate of the algorithm repeats, up to negation, the function of a gate below it.",
    formula="for every gate g and every gate h below it: g ≠ h and g ≠ ¬h, as functions of the inputs",
    score="share of gates that repeat nothing below them",
)
IRREDUNDANT_LITERALS: Final = _irredundant(
    "literals",
    _no_redundant_literal,
    "No redundant literal",
    definition="No edge into a gate may be fixed to the value that the gate ignores without changing the output.",
    formula="for every edge e: A with e fixed to 1 (AND) or 0 (OR) ≠ A, as functions of the inputs",
    score="share of edges into gates that matter",
)
