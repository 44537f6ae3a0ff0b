"""Distributed alignment search as a method: the directions that one default run of it answers with.

Geiger et al., "Finding Alignments Between Interpretable Causal Variables and Distributed Neural Representations" (CLeaR
2024). Subspaces of a layer are learned by gradient descent so that interchanging them does what an algorithm says. Of
the directions that do so there are often infinitely many, or none: which are known in closed form stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import numpy as np

from analysis import fixed_order
from analysis.algorithms.candidates import candidate_algorithms
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.redundancy import irredundancy
from analysis.directions.alignment import LinearPlace, parse_directions
from analysis.directions.blocks import Block
from analysis.directions.scoring import ScoredDirections
from analysis.directions.search import align_on_directions
from analysis.directions.table import DirectionTable
from analysis.explanations.explanation import Claim
from analysis.late_functions import function_at
from analysis.lenses.lens import APPLIES, Bar, Fit, Lens, Table, claim_on_directions, not_applicable
from analysis.method_settings import Setting, Settings
from analysis.protocol import COMPLETE
from analysis.question import Question
from analysis.tasks import Task
from analysis.work import Work

MAX_INPUTS: Final = 3
MAX_ALGORITHMS: Final = 12
_MAX_CANDIDATES: Final = 10_000


@lru_cache(maxsize=32)
def _irredundant(task: Task, n_hidden_layers: int) -> tuple[tuple[HighLevelModel, ...], bool]:
    """A task's algorithms with variables and without a redundant literal as candidates are listed; whether all are."""
    found = candidate_algorithms(task, COMPLETE, n_hidden_layers, max_candidates=_MAX_CANDIDATES)
    with_variables = (one for one in found.algorithms if one.responses)
    irredundant = tuple(one for one in with_variables if irredundancy(one)["irredundant-literals"])
    return irredundant, found.truncated_at is None


def asked_algorithms(task: Task, n_hidden_layers: int) -> tuple[HighLevelModel, ...]:
    """A task's first twelve algorithms with variables and without a redundant literal, in the order of candidates."""
    return _irredundant(task, n_hidden_layers)[0][:MAX_ALGORITHMS]


def not_asked(task: Task, n_hidden_layers: int) -> tuple[str, ...]:
    """A sentence about the algorithms beyond these, if there are or may be any."""
    known, complete = _irredundant(task, n_hidden_layers)
    if complete and len(known) <= MAX_ALGORITHMS:
        return ()
    n_all = f"{len(known):,}" if complete else f"at least {len(known):,}"
    n_asked = len(known[:MAX_ALGORITHMS])
    return (f"Truncated: of {n_all} irredundant algorithms with variables the first {n_asked} are aligned.",)


def layers_of(question: Question, algorithm: HighLevelModel, dimension: int) -> list[int]:
    """The hidden layers that have room for all variables of an algorithm, each on so many dimensions."""
    room = len(algorithm.responses) * dimension
    return [layer for layer, width in enumerate(question.cut.hidden_sizes, start=1) if width >= room]


def _fit(question: Question, settings: Settings) -> Fit:
    if not question.cut.hidden_sizes:
        return not_applicable("The network has no hidden layer.")
    if not question.data.boolean:
        return not_applicable("The rows stand for no Boolean inputs, over which algorithms are.")
    if question.cut.n_inputs > MAX_INPUTS:
        return not_applicable(f"Algorithms are aligned up to {MAX_INPUTS} inputs; here are {question.cut.n_inputs}.")
    algorithms = asked_algorithms(question.task, question.cut.n_hidden_layers)
    if not algorithms:
        return not_applicable("The task has no irredundant algorithm with a variable, so there is nothing to align.")
    dimension = int(settings["dimension"])
    if not any(layers_of(question, one, dimension) for one in algorithms):
        return not_applicable(
            f"No hidden layer has room for all variables on {dimension} dimensions each: the widest has "
            f"{max(question.cut.hidden_sizes)} neurons."
        )
    return APPLIES


def look(question: Question, settings: Settings, work: Work) -> Table:
    """What one run finds for every algorithm and every layer that has room for it, beside the closed form."""
    learning = "analysis.directions.das"
    options_of, learn_choices = function_at(f"{learning}:LearningOptions"), function_at(f"{learning}:learn_choices")
    table, dimension = DirectionTable(question), int(settings["dimension"])
    options = options_of(seeds=(int(settings["seed"]),), steps=int(settings["steps"]))
    n_hidden_layers = question.cut.n_hidden_layers
    rows: list[dict[str, Any]] = []
    with function_at("analysis.networks.devices:one_thread")():
        for algorithm in work.each("methods", asked_algorithms(question.task, n_hidden_layers), "algorithms aligned"):
            layers = layers_of(question, algorithm, dimension)
            blocks = [
                tuple(Block(layer, at * dimension, dimension) for at in range(len(algorithm.responses)))
                for layer in layers
            ]
            known = align_on_directions(table, algorithm, "orthogonal").valid
            passing_layers = [{place.layer for _, place in scored.alignment.places} for scored in known]
            learned = learn_choices(question, algorithm, options, blocks)
            for layer, ((run, scored),) in zip(layers, learned, strict=True):
                rows += _of_run(table, algorithm, scored, run.steps, closed_form={layer} in passing_layers)
    return Table(tuple(rows), not_asked(question.task, n_hidden_layers))


def _of_run(
    table: DirectionTable, algorithm: HighLevelModel, scored: ScoredDirections, steps: int, *, closed_form: bool
) -> Iterator[dict[str, Any]]:
    """A row for each variable of one run."""
    for path, place in scored.alignment.places:
        function = algorithm.responses[path].function
        yield {
            "algorithm": algorithm.formula,
            "layer": place.layer,
            "truth_table": [function >> row & 1 for row in range(1 << algorithm.n_inputs)],
            "steps": steps,
            "agreed": scored.iia.agreed,
            "of": scored.iia.of,
            "passes": scored.valid and scored.joint_valid is not False,
            "direction": place.text,
            "cosine": _cosine(place, table.read_out(place.layer, function).place),
            "closed_form": closed_form,
        }


def _cosine(learned: LinearPlace, known: LinearPlace | None) -> float | None:
    """Of a direction and the subspace that orthonormal rows span: 1 where it lies in it."""
    if known is None:
        return None
    inside = fixed_order.inner(learned.matrix, known.matrix)
    return min(1.0, float(fixed_order.length(np.ravel(inside)) / fixed_order.length(known.matrix[0])))


def passing(seen: Table) -> list[tuple[str, int]]:
    """(algorithm's formula, layer) wherever every interchange goes as the algorithm says."""
    return [key for key, _ in groupby((row["algorithm"], row["layer"]) for row in seen.rows if row["passes"])]


def runs_of(seen: Table) -> list[Mapping[str, Any]]:
    """The first row of each run, in the order of algorithms, those of one in the order of layers."""
    return list({(row["algorithm"], row["layer"]): row for row in seen.rows}.values())


def _bars(seen: Table) -> tuple[Bar, ...]:
    return tuple(Bar(f"{row['algorithm']}, layer {row['layer']}", row["agreed"], row["of"]) for row in runs_of(seen))


def _claims(_question: Question, seen: Table) -> tuple[Claim, ...]:
    """Each variable of an algorithm that passes on a layer is on the subspace that was learned there."""
    return tuple(
        claim_on_directions(place.layer, place.reads, row["truth_table"])
        for row in seen.rows
        if row["passes"]
        for _, place in parse_directions("", f"@{row['direction']}").places
    )


def _says(_question: Question, seen: Table) -> str:
    tries = len(runs_of(seen))
    found = passing(seen)
    if not found:
        best = max(seen.rows, key=lambda row: row["agreed"] / row["of"])
        return (
            f"In none of {tries} runs does every interchange go as the algorithm says; the best is {best['agreed']} of "
            f"{best['of']} single ones, {best['algorithm']} on layer {best['layer']}."
        )
    return f"Every interchange goes as the algorithm says in {len(found)} of {tries} runs: {_listed(found)}."


def _listed(found: Iterable[tuple[str, int]]) -> str:
    by_formula: dict[str, list[str]] = {}
    for formula, layer in found:
        by_formula.setdefault(formula, []).append(str(layer))
    return "; ".join(
        f"{formula} on layer{'s' if len(layers) > 1 else ''} {' and '.join(layers)}"
        for formula, layers in by_formula.items()
    )


DAS: Final = Lens(
    key="das",
    label="Distributed alignment search",
    definition="Of each irredundant algorithm, the first twelve if there are more, and each hidden layer one subspace "
    "for each variable is learned, so that interchanging it does what the algorithm says.",
    source="Geiger et al., CLeaR 2024 (arXiv:2303.02536), every interchange in every step and scored exactly; closed "
    "form: the shortest affine read-out of the variable on that layer",
    settings=(
        Setting("dimension", 1, "of each variable's subspace", low=1, high=64),
        Setting("seed", 0, "of the first rotation", low=0, high=2**31 - 1),
        Setting("steps", 300, "at most", low=1, high=5_000),
    ),
    applies=_fit,
    look="analysis.lenses.das:look",
    says=_says,
    can_know="Where every interchange goes as the algorithm says, that is an alignment, checked exactly. Another seed "
    "may end on other directions that pass as well, so the direction itself is one of many; and where it fails, "
    "that shows nothing: another seed, dimension or layer may pass.",
    columns={
        "algorithm": "its formula",
        "layer": "hidden layer, from 1",
        "truth_table": "the variable",
        "steps": "until every interchange was right by the margin, or all of them",
        "agreed": "single interchanges of all variables of the run that go as the algorithm says",
        "of": "such interchanges",
        "passes": "whether all of these and every joint one do",
        "direction": "the subspace, as addresses write it",
        "cosine": "of the shortest affine read-out's direction and the subspace; empty where none is exact",
        "closed_form": "whether the shortest read-outs of all variables on this layer pass",
    },
    bars=_bars,
    claims=_claims,
)
