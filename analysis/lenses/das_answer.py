"""One default run of distributed alignment search, beside the closed form; loads torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from analysis import fixed_order
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.joint import MAX_RUNS
from analysis.directions.alignment import DirectionAlignment, LinearPlace
from analysis.directions.blocks import Block, demands
from analysis.directions.das import LearnedRun, LearningCase, LearningOptions, learn
from analysis.directions.das_result import learned_alignment
from analysis.directions.scoring import score_directions
from analysis.directions.search import align_on_directions
from analysis.directions.table import DirectionTable
from analysis.lenses.das import asked_algorithms, layers_of, not_asked
from analysis.lenses.lens import Table
from analysis.method_settings import Settings
from analysis.networks.devices import one_thread
from analysis.question import Question
from analysis.work import Work


def look(questions: Sequence[Question], settings: Settings, work: Work) -> list[Table]:
    """Of each network what one run finds for every algorithm and every layer that has room for it."""
    tables = [DirectionTable(question) for question in questions]
    task, n_hidden_layers = questions[0].task, questions[0].cut.n_hidden_layers
    found: list[list[dict[str, Any]]] = [[] for _ in questions]
    with one_thread():
        for algorithm in work.each("methods", asked_algorithms(task, n_hidden_layers), "algorithms aligned"):
            for rows, more in zip(found, _rows(tables, algorithm, settings), strict=True):
                rows += more
    return [Table(tuple(rows), not_asked(task, n_hidden_layers)) for rows in found]


def _rows(
    tables: Sequence[DirectionTable], algorithm: HighLevelModel, settings: Settings
) -> Iterator[list[dict[str, Any]]]:
    """Of each network, all of one task and protocol, the rows of one algorithm."""
    dimension = int(settings["dimension"])
    joint = (1 << algorithm.n_inputs) ** (len(algorithm.responses) + 1) <= MAX_RUNS
    asked = demands(algorithm, tables[0].tested, joint=joint)
    blocks = {
        layer: tuple(Block(layer, at * dimension, dimension) for at in range(len(algorithm.responses)))
        for layer in layers_of(tables[0].question, algorithm, dimension)
    }
    cases = [
        LearningCase(table.question.cut, table.question.data.clean_rows, asked, chosen)
        for table in tables
        for chosen in blocks.values()
    ]
    options = LearningOptions(seeds=(int(settings["seed"]),), steps=int(settings["steps"]))
    runs = iter(learn(cases, options))
    for table in tables:
        passing = [
            {place.layer for _, place in scored.alignment.places}
            for scored in align_on_directions(table, algorithm, "orthogonal").alignments
            if scored.valid
        ]
        yield [
            row
            for layer, chosen in blocks.items()
            for run in next(runs)
            for row in _of_run(table, algorithm, learned_alignment(algorithm, chosen, run), run, {layer} in passing)
        ]


def _of_run(
    table: DirectionTable, algorithm: HighLevelModel, alignment: DirectionAlignment, run: LearnedRun, closed_form: bool
) -> Iterator[dict[str, Any]]:
    """A row for each variable of one run."""
    scored = score_directions(table.question, algorithm, alignment)
    for path, place in alignment.places:
        function = algorithm.responses[path].function
        yield {
            "algorithm": algorithm.formula,
            "layer": place.layer,
            "truth_table": [function >> row & 1 for row in range(1 << algorithm.n_inputs)],
            "steps": run.steps,
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
