"""Refusals of an analysis, with their reasons: all of them at once, before any work starts."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from pluriscope.analysis.errors import AnalysisError, BeyondLimits, InvalidData, InvalidNetwork, InvalidTask
from pluriscope.analysis.questions.data import DataRecord, data_problems
from pluriscope.analysis.questions.tasks import MAX_INPUTS, too_many_inputs
from pluriscope.analysis.subjects.perceptron.mlp import MAX_ACTIVATION, activation_bound
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.strict_json import combined

_TOO_LARGE: Final = InvalidNetwork(
    "weights and inputs", "are so large that activations may exceed float64", "scale them down"
)
MAX_EDGES_COUNTED: Final = 3_300  # so that the number of circuits, below 2^edges, has fewer than 1,000 digits


def preflight(question: Question) -> tuple[AnalysisError, ...]:
    """Find all that makes an analysis impossible; empty if nothing does.

    Work that is merely too large to list is no refusal: the analysis then counts, estimates or says where it stopped.
    """
    network, task = question.subject, question.task
    problems: list[AnalysisError] = []
    boolean = question.classes is None or question.record.boolean
    if boolean and network.n_inputs > MAX_INPUTS:
        problems.append(too_many_inputs(network.n_inputs))
    if network.n_hidden_layers < 1:
        cause = "has no hidden layer, so there is nothing to explain by its parts"
        problems.append(InvalidNetwork("network", cause, "use a network with at least one hidden layer"))
    if not 0 <= question.output < network.n_outputs:
        cause = f"does not exist; the network has {network.n_outputs}"
        problems.append(InvalidNetwork(f"output {question.output}", cause, f"use 0 to {network.n_outputs - 1}"))
    n_edges = sum(a * b for a, b in pairwise((*network.sizes[:-1], 1)))
    if n_edges > MAX_EDGES_COUNTED:
        cause = (
            f"has {n_edges:,} edges that lead to one output, so that even the number of its circuits has too many "
            f"digits; the limit is {MAX_EDGES_COUNTED:,} edges"
        )
        problems.append(BeyondLimits("network", cause, "use a smaller network, or cut off its first layers"))
    if not boolean and activation_bound(network, _largest_input(question.record)) > MAX_ACTIVATION:
        problems.append(_TOO_LARGE)
    if boolean and network.n_inputs <= MAX_INPUTS:
        fits = len(task.truth_table) == 2**network.n_inputs
        if not fits:
            cause = f"has {len(task.truth_table)} rows for {network.n_inputs} inputs"
            cure = f"give {2**network.n_inputs} values of 0 or 1"
            problems.append(InvalidTask(f"truth_table of {task.name or 'the task'}", cause, cure))
        of_data = _of_data(question, drawn=fits)
        problems += of_data
        rows = question.data if not of_data and fits else question.record
        if not of_data and activation_bound(network, _largest_input(rows)) > MAX_ACTIVATION:
            problems.append(_TOO_LARGE)
    return tuple(problems)


def refuse(problems: tuple[AnalysisError, ...]) -> None:
    """Raise what preflight found, as one error.

    Raises:
        AnalysisError: of the first problem's kind, naming all of them.
    """
    if problems:
        raise combined(problems, "analysis", type(problems[0]))


def _of_data(question: Question, *, drawn: bool) -> tuple[AnalysisError, ...]:
    """Find what makes the data of a question unusable: the rows handed in, and noisy ones that can be drawn."""
    n_inputs, n_outputs = question.subject.n_inputs, question.subject.n_outputs
    problems = data_problems(question.record, n_inputs, n_outputs)
    if problems or not drawn:
        return problems
    try:
        return data_problems(question.data, n_inputs, n_outputs)
    except InvalidData as problem:
        return (problem,)


def _largest_input(data: DataRecord) -> float:
    rows = (data.representatives, data.validation_inputs, data.interchange_rows)
    return max(float(np.abs(part).max(initial=0.0)) for part in rows if part is not None)
