"""Boolean functions on layers: what can be decoded, what interchanging it changes, and what is carried there.

The three differ: a probe says that a function can be read from a layer (decodable), an interchange along the probe's
direction whether the answer follows it (used), and a valid alignment that a variable of an algorithm is there
(carried). A function and its negation count once, as the one that is 0 on the first input.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, input_pattern
from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.explanations.probes import separation, table_text
from pluriscope.analysis.interpretations.gates import gate_name
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.interventions.swaps import swap_outputs
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.probes import LEAST_MARGIN, scaled_layers

Carried = Collection[tuple[int, int]]
"""Layers and functions, 0 on the first input, of which some valid alignment has the variable there."""
MAX_FUNCTIONS: Final = 40
MAX_ALL: Final = 2
"""Inputs up to which every function is asked."""


@dataclass(frozen=True)
class FunctionOnLayer:
    """Knowledge about one function on one layer.

    Args:
        layer: from 1, the first hidden one.
        margin: of the best read-out, as of :mod:`pluriscope_methods.lenses.probes`; 0 where there is none.
        changed: pairs of inputs on which the function differs and on which the answer changes when the read-out is
            set to the source's value by the least change of the layer; None without a read-out.
        of: such pairs.
        carried: whether a valid alignment has it there; None where that is not known.
    """

    layer: int
    margin: float
    changed: int | None
    of: int
    carried: bool | None


@dataclass(frozen=True)
class FunctionRow:
    """Knowledge about one function on every hidden layer.

    Args:
        function: truth table as an integer, bit i = input row i; bit 0 is 0.
        label: for people.
        is_task: whether it or its negation is the task.
        layers: ascending.
    """

    function: int
    label: str
    is_task: bool
    layers: tuple[FunctionOnLayer, ...]


def without_sign(function: int, n_inputs: int) -> int:
    """The function or its negation, whichever is 0 on the first input."""
    return function ^ ((1 << (1 << n_inputs)) - 1) if function & 1 else function


def functions_asked(question: Question, algorithms: Iterable[HighLevelModel]) -> list[int]:
    """Every function up to two inputs; else the task, the single inputs and the variables of algorithms.

    Args:
        question: with the task.
        algorithms: whose variables are asked for.
    """
    n_inputs = question.network.n_inputs
    if n_inputs <= MAX_ALL:
        return list(range(2, 1 << (1 << n_inputs), 2))
    singles = [input_pattern(index, n_inputs) for index in range(n_inputs)]
    variables = [variable.function for algorithm in algorithms for variable in algorithm.variables]
    every = (without_sign(function, n_inputs) for function in (question.task.pattern, *singles, *variables))
    return [function for function in dict.fromkeys(every) if function][:MAX_FUNCTIONS]


def function_rows(
    question: Question, functions: Sequence[int], carried: Carried | None, work: Work = DEFAULT_WORK
) -> tuple[FunctionRow, ...]:
    """Measure functions on every hidden layer.

    Args:
        question: of a network with Boolean inputs.
        functions: each 0 on the first input and not constant.
        carried: what valid alignments carry; None where that is not known.
        work: gets the progress after each function; may cancel.
    """
    n_inputs = question.network.n_inputs
    task = without_sign(question.task.pattern, n_inputs)
    layers = scaled_layers(question)
    clean = activations(question.network, question.method_rows[0])
    return tuple(
        FunctionRow(
            function,
            gate_name(function, n_inputs) or table_text(function, n_inputs),
            function == task,
            tuple(_on_layer(question, clean, layer, layers[layer], function, carried) for layer in layers),
        )
        for function in work.each("lenses", functions, "functions on layers")
    )


def _on_layer(
    question: Question,
    clean: Sequence[NDArray[np.float64]],
    layer: int,
    points: NDArray[np.float64],
    function: int,
    carried: Carried | None,
) -> FunctionOnLayer:
    labels = pattern_bits(function, question.network.n_inputs)
    differ = labels[:, None] != labels[None, :]
    held = None if carried is None else (layer, function) in carried
    plane = separation(points, np.where(labels, 1, -1).tolist(), LEAST_MARGIN)
    if plane is None:
        return FunctionOnLayer(layer, 0.0, None, int(differ.sum()), held)
    spans = clean[layer].max(axis=0) - clean[layer].min(axis=0)
    direction = np.where(spans > 0.0, plane.weights / np.where(spans > 0.0, spans, 1.0), 0.0)
    try:
        outputs = swap_outputs(question.network, clean, [Subspace.of(layer, [direction])])[0]
    except InvalidPlacement:  # numbers too large or too small to be squared
        return FunctionOnLayer(layer, min(1.0, plane.margin), None, int(differ.sum()), held)
    changes = answers(outputs) != answers(clean[-1][:, 0])
    return FunctionOnLayer(layer, min(1.0, plane.margin), int((changes & differ).sum()), int(differ.sum()), held)
