"""One default run of distributed alignment search, beside the closed form; loads torch."""

from __future__ import annotations

from collections.abc import Iterator
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


def look(question: Question, settings: Settings, work: Work) -> Table:
    """What one run finds for every algorithm and every layer that has room for it."""
    table = DirectionTable(question)
    algorithms = asked_algorithms(question.task, question.cut.n_hidden_layers)
    with one_thread():
        return Table(
            tuple(
                row
                for algorithm in work.each("methods", algorithms, "algorithms aligned")
                for row in _rows(table, algorithm, settings)
            ),
            not_asked(question.task, question.cut.n_hidden_layers),
        )


def _rows(table: DirectionTable, algorithm: HighLevelModel, settings: Settings) -> Iterator[dict[str, Any]]:
    question, dimension = table.question, int(settings["dimension"])
    joint = (1 << algorithm.n_inputs) ** (len(algorithm.responses) + 1) <= MAX_RUNS
    asked = demands(algorithm, table.tested, joint=joint)
    blocks = {
        layer: tuple(Block(layer, at * dimension, dimension) for at in range(len(algorithm.responses)))
        for layer in layers_of(question, algorithm, dimension)
    }
    cases = [LearningCase(question.cut, question.data.clean_rows, asked, chosen) for chosen in blocks.values()]
    options = LearningOptions(seeds=(int(settings["seed"]),), steps=int(settings["steps"]))
    passing = [
        {place.layer for _, place in scored.alignment.places}
        for scored in align_on_directions(table, algorithm, "orthogonal").alignments
        if scored.valid
    ]
    for (layer, chosen), (run,) in zip(blocks.items(), learn(cases, options), strict=True):
        yield from _of_run(table, algorithm, learned_alignment(algorithm, chosen, run), run, {layer} in passing)


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
