"""Criteria of redundancy: the three irredundancy classes of algorithms (spec §4, §6)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.redundancy import Gate, gates_of, idle_edges, repeating_gates, trivial_gates
from pluriscope.analysis.criteria.criterion import Criterion, Judge, Settings
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.verdict import Verdict, Verdicts, put_together

_FEW: Final = 1_024  # algorithms that are judged between two reports, in a fraction of a second
_JudgeOne = Callable[[HighLevelModel, list[Gate]], Verdict]


def _each(judge_one: _JudgeOne) -> Judge:
    """Make a judge of populations of algorithms from the judge of one."""

    def one(algorithm: HighLevelModel) -> Verdict:
        return judge_one(algorithm, gates_of(algorithm))

    @lru_cache(maxsize=1)  # the same candidates come back with every network
    def few(algorithms: tuple[HighLevelModel, ...]) -> Verdicts:
        return put_together(list(map(one, algorithms)))

    def judge(population: Population, _: Settings) -> Verdicts:
        if len(population) <= _FEW:
            population.work.report_step("criteria", 0, len(population), "algorithms")
            return few(population.items)
        algorithms = population.work.each("criteria", population.items, "algorithms", every=256)
        return put_together(list(map(one, algorithms)))

    return judge


def _no_trivial_gate(algorithm: HighLevelModel, gates: list[Gate]) -> Verdict:
    trivial = list(trivial_gates(algorithm, gates))
    if not trivial:
        reason = "No gate is constant or equal to an input or its negation."
        return Verdict.of_share("passed", len(gates), len(gates), reason)
    gate, name = trivial[0]
    witness = {"path": gate.path, "formula": gate.formula, "equals": name}
    reason = f"The gate {gate.formula} is always {name}."
    return Verdict.of_share("failed", len(gates) - len(trivial), len(gates), reason, witness)


def _no_repeated_function(algorithm: HighLevelModel, gates: list[Gate]) -> Verdict:
    repeating = list(repeating_gates(algorithm, gates))
    if not repeating:
        reason = "No gate repeats, up to negation, the function of a gate below it."
        return Verdict.of_share("passed", len(gates), len(gates), reason)
    gate, below = repeating[0]
    negated = "the negation of " if gate.function != below.function else ""
    reason = f"The gate {gate.formula} is always {negated}{below.formula}, which lies below it."
    witness = {"path": gate.path, "formula": gate.formula, "below": below.path, "below_formula": below.formula}
    n_bad = len({gate.path for gate, _ in repeating})
    return Verdict.of_share("failed", len(gates) - n_bad, len(gates), reason, witness)


def _no_redundant_literal(_: HighLevelModel, gates: list[Gate]) -> Verdict:
    idle, n_edges = list(idle_edges(gates)), 2 * len(gates)
    if not idle:
        return Verdict.of_share("passed", n_edges, n_edges, "Every literal matters: without it some output changes.")
    gate, position = idle[0]
    literal = gate.node.children[position].formula
    reason = f"Without {literal} in {gate.formula} the output stays the same."
    witness = {"path": f"{gate.path}{position}", "formula": literal, "gate": gate.path, "gate_formula": gate.formula}
    return Verdict.of_share("failed", n_edges - len(idle), n_edges, reason, witness)


def _irredundant(key: str, judge_one: _JudgeOne, label: str, *, definition: str, formula: str, score: str) -> Criterion:
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
