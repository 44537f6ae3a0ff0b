"""Compiled networks: what the construction promises, run by the engine."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.errors import InvalidPlanting
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, Protocol
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects.perceptron.circuit import possible_circuit
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_edits.planting.certificate import certified_margin, exhaustive
from pluriscope_edits.planting.compiling import compile_algorithm
from pluriscope_edits.planting.planted import Planted

ALICE = "!(!(!A&B)&!(!B&A))"


def every(n_inputs: int, protocol: Protocol) -> list[HighLevelModel]:
    """Every candidate of depth two that uses all inputs, over all truth tables."""
    found = []
    for table in product((0, 1), repeat=1 << n_inputs):
        found += [
            one
            for one in candidate_algorithms(Task(table), protocol, 1).algorithms
            if {node.input for node in one.root.nodes if node.operator == "input"} == set(range(n_inputs))
        ]
    return found


TWO = every(2, COMPLETE)
PAPERS = [one for one in every(2, PAPER) if one.variables]
THREE = [
    parse_algorithm(text, "and_inverter", 3)
    for text in ("(!(A&B)&C)", "!(!(!(!A&!B)&C)&!(A&B))", "(!(!(!A&B)&!(!B&A))&C)", "((!A&B)&(!B&C))", "((A&B)&C)")
]


def passes(planted: Planted, protocol: Protocol = COMPLETE) -> bool:
    """Whether the engine finds that everything planted passes everything."""
    question = ask(planted.network, task=planted.record.task, protocol=protocol)
    return exhaustive(question, planted.record).everything


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "sigmoid"])
def test_every_small_algorithm_is_carried_where_it_was_put(activation: str) -> None:
    assert len(TWO) > 40
    for algorithm in TWO[:: 1 if activation == "relu" else 5]:
        planted = compile_algorithm(algorithm, (4, 3), activation=activation)
        assert planted.record.task.pattern == algorithm.function
        possible_circuit(planted.record.circuit.mask, planted.record.circuit.layout)
        margin = certified_margin(planted.network, planted.record)
        assert margin == 0.5 if activation == "relu" else margin is not None and 0.4 < margin < 0.5
        assert passes(planted), algorithm.formula


@pytest.mark.slow
def test_the_papers_formulas_are_carried_with_their_negated_inputs() -> None:
    for algorithm in PAPERS:
        planted = compile_algorithm(algorithm, (5, 4, 3))
        assert [path for path, _ in planted.record.alignment.places] == sorted(algorithm.carriers)
        assert passes(planted, PAPER), algorithm.formula


@pytest.mark.parametrize(
    ("hidden", "cause"),
    [
        ((3,), "needs 2 hidden layers, and the network has 1"),
        ((1, 3), "needs hidden layers of 2-1 neurons, and the network has 1-3"),
        ((0, 3), "are missing or empty"),
    ],
)
def test_what_does_not_fit_is_refused_with_both_numbers(hidden: tuple[int, ...], cause: str) -> None:
    with pytest.raises(InvalidPlanting, match=cause):
        compile_algorithm(parse_algorithm(ALICE, "and_inverter", 2), hidden)


def test_an_input_that_is_not_used_is_refused() -> None:
    with pytest.raises(InvalidPlanting, match="does not use C"):
        compile_algorithm(parse_algorithm("(A&B)", "and_inverter", 3), (3,))


@pytest.mark.parametrize("options", [{"activation": "tanh"}, {"output_activation": "tanh"}, {"scale": 4.0}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InvalidPlanting):
        compile_algorithm(TWO[0], (3, 3), **options)


def test_no_schedule_uses_fewer_neurons() -> None:
    """Against every choice of layers for the gates, by trying widths one narrower."""
    for algorithm in THREE:
        planted = compile_algorithm(algorithm, (6, 6, 6))
        used = [sum(planted.record.unit_at(layer, n) is not None for n in range(6)) for layer in (1, 2, 3)]
        assert compile_algorithm(algorithm, used).network.sizes == (3, *used, 1)
        for layer in range(3):
            narrower = np.array(used)
            narrower[layer] -= 1
            if narrower[layer]:
                with pytest.raises(InvalidPlanting, match="needs hidden layers"):
                    compile_algorithm(algorithm, narrower.tolist())
