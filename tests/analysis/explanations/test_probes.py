"""Linear probes: all of them, and none that is not, against an exact test of every function."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.explanations.probes import (
    find_probes,
    possible_functions,
    predict_by_probes,
    read_probe,
    write_probe,
)
from pluriscope.analysis.interventions.experiments import SILENT, decide_under_interventions, intervention_space
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from tests.factories import pretrained_xor


def random_question(*sizes: int, seed: int = 0, activation: str = "leaky_relu") -> Question:
    random = np.random.default_rng(seed)
    weights = [random.normal(0, 2, (out, into)) for into, out in pairwise(sizes)]
    biases = [random.normal(0, 1, out) for out in sizes[1:]]
    return ask(Network.from_arrays(weights, biases, activation=activation))


@pytest.mark.slow
def test_each_read_out_separates_by_its_margin():
    question = random_question(3, 3, 2, 1, seed=5)
    layers = activations(question.network, question.data.representatives)
    for probe in find_probes(question).explanations:
        assert max(map(abs, probe.weights)) == 1
        for row, point in enumerate(layers[probe.layer].tolist()):
            reading = sum((Fraction(w) * Fraction(h) for w, h in zip(probe.weights, point, strict=True)), Fraction(0))
            distance = float(reading + Fraction(probe.constant)) * (1 if probe.function >> row & 1 else -1)
            assert distance >= probe.margin * (1 - 1e-6)


@pytest.mark.slow
def test_points_in_general_position_have_as_many_functions_as_cover_counts():
    question = random_question(3, 2, 1, seed=7, activation="tanh")
    assert len(find_probes(question).explanations) == possible_functions(8, 2) == 28
    assert possible_functions(16, 5) == 4_943


def test_a_probe_is_its_text_and_has_the_same_figures_either_way():
    question = ask(pretrained_xor().network)
    for probe in find_probes(question).explanations:
        again = read_probe(question, write_probe(probe))
        assert (again.layer, again.function, again.is_task) == (probe.layer, probe.function, probe.is_task)
        assert again.margin == pytest.approx(probe.margin, rel=1e-9)


def test_a_list_that_is_cut_says_so():
    question = ask(pretrained_xor().network)
    found = find_probes(question, limit=3)
    assert [probe.layer for probe in found.explanations] == [1, 1, 1, 2, 2, 2]
    assert not found.complete
    assert found.note == "The list of layers 1 and 2 is truncated at 3 functions each; more are decodable."


def test_a_layer_that_carries_nothing_holds_no_function():
    question = random_question(2, 2, 2, 1, seed=3)
    dead = Network.from_arrays([np.zeros((2, 2)), *question.subject.weights[1:]], question.subject.biases)
    assert find_probes(ask(dead)).explanations == []


def test_only_the_task_on_a_layer_patched_whole_is_predicted_and_rightly():
    question = ask(pretrained_xor().network)
    probes = find_probes(question).explanations
    space = intervention_space(question.network.hidden_sizes, question.network.n_inputs)
    decided = decide_under_interventions(question.network, question.data.representatives, space).decisions
    for probe, said in zip(probes, predict_by_probes(question, probes, space), strict=True):
        whole = space.position[frozenset((probe.layer, neuron) for neuron in range(3))]
        others = np.delete(said, whole, axis=0)
        assert (others == SILENT).all()
        if probe.is_task:
            assert (said[whole] == decided[whole]).all()
        else:
            assert (said[whole] == SILENT).all()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("1", "cannot be read"),
        ("0.6", "cannot be read"),
        ("1.6x", "cannot be read"),
        ("3.6", "layer 3 is no hidden layer"),
        ("1.0", "is no function of 2 inputs that is 0 on the first row"),
        ("1.7", "is no function of 2 inputs that is 0 on the first row"),
        ("1.20", "is no function of 2 inputs that is 0 on the first row"),
        ("2.6", "no affine read-out of layer 2 computes 0110"),
    ],
)
def test_other_texts_are_refused_with_cause_and_cure(text, cause):
    with pytest.raises(AnalysisError) as refused:
        read_probe(random_question(2, 3, 1, 1, seed=8), text)
    assert cause in refused.value.cause
    assert refused.value.cure
