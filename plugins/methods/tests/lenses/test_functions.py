"""Functions on layers: decodable, used and carried, against interchanges by hand and alignments searched afresh."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.explanations.probes import separation
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.mlp import activations, next_layer
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope_methods.lenses.functions import FunctionRow, function_rows, functions_asked, without_sign
from pluriscope_methods.lenses.probes import scaled_layers
from tests.factories import exact_xor, pretrained_xor


def rows_of(question: Question, carried: set[tuple[int, int]] | None = None) -> dict[str, FunctionRow]:
    return {row.label: row for row in function_rows(question, functions_asked(question, ()), carried)}


def test_two_inputs_ask_every_function_once_up_to_its_negation() -> None:
    asked = functions_asked(ask(exact_xor().network), ())
    assert len(asked) == len(set(asked)) == 7
    assert all(function % 2 == 0 for function in asked)
    assert {without_sign(function, 2) for function in range(1, 15)} == set(asked)


def test_more_inputs_ask_the_task_the_inputs_and_the_variables_of_algorithms() -> None:
    network = Network.from_arrays([np.ones((2, 3)), np.ones((1, 2))], [np.zeros(2), np.zeros(1)])
    question = ask(network, task=named_task("MAJORITY", 3))
    alone = functions_asked(question, ())
    assert alone == [0b11101000, 0b11110000, 0b11001100, 0b10101010]
    algorithms = [one for one in candidate_algorithms(question.task, COMPLETE, 3).algorithms[:5] if one.variables]
    more = functions_asked(question, algorithms)
    assert more[:4] == alone
    assert len(more) > 4
    assert set(more[4:]) <= {without_sign(v.function, 3) for one in algorithms for v in one.variables}


@pytest.mark.parametrize("question", [ask(pretrained_xor().network), ask(exact_xor().network)])
def test_used_counts_decisions_that_change_when_the_read_out_is_set_by_the_least_change(question: Question) -> None:
    """Every direction between the labels that is fitted here by the same programme, moved one pair at a time."""
    network, rows = question.network, question.method_rows[0]
    layers = activations(network, rows)
    scaled = scaled_layers(question)
    clean = layers[-1][:, 0] > 0.5
    for row in function_rows(question, functions_asked(question, ()), set()):
        labels = np.array([row.function >> number & 1 for number in range(4)])
        for at in row.layers:
            plane = separation(scaled[at.layer], (2 * labels - 1).tolist(), 1e-9)
            assert (plane is None) == (at.changed is None) == (at.margin == 0)
            if plane is None:
                continue
            spans = layers[at.layer].max(axis=0) - layers[at.layer].min(axis=0)
            direction = np.array([w / s if s else 0.0 for w, s in zip(plane.weights, spans, strict=True)])
            changed = 0
            pairs = [(s, b) for s in range(4) for b in range(4) if labels[s] != labels[b]]
            for source, base in pairs:
                own, other = layers[at.layer][base], layers[at.layer][source]
                values = own + direction * (direction @ (other - own)) / (direction @ direction)
                assert direction @ values == pytest.approx(direction @ other)
                for layer in range(at.layer + 1, len(network.weights) + 1):
                    values = next_layer(network, layer, values)
                changed += bool((values[0] > 0.5) != clean[base])
            assert (at.changed, at.of) == (changed, len(pairs))


def test_the_task_s_read_out_before_a_linear_output_decides_everything() -> None:
    """x + y − 2·relu(x + y − 1): the output is an affine read-out of the layer, so the decision follows the source."""
    at = rows_of(ask(exact_xor().network))["A ⊕ B"].layers[0]
    assert (at.changed, at.of) == (8, 8)
