"""Interpretations that contradict each other most, against every pair of representatives predicted one by one."""

from itertools import combinations

import numpy as np
import pytest

from analysis.circuit_sets.contradicting import most_contradicting
from analysis.circuit_sets.rivals import ListedCircuits, compare
from analysis.experiments import intervention_space
from analysis.explanations.interpretations import predict_by_interpretation
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import Circuit, mask_array
from analysis.pipeline import analyse_output
from analysis.question import ask
from tests.factories import exact_xor, pretrained_xor, real_analysis


@pytest.fixture(scope="module")
def few():
    """The three smallest circuits of the pretrained network with their numbers of observed classes."""
    analysis = real_analysis()
    masks = analysis.circuits.masks
    kept = np.flatnonzero(np.bitwise_count(masks) == 10)
    return analysis.question, masks[kept], [analysis.interpretations.observed_by_circuit[k] for k in kept.tolist()]


def by_all_pairs(question, masks):
    """Most contradictions of two representatives, and the first two that have so many."""
    space = intervention_space(question.cut.hidden_sizes, question.cut.n_inputs)
    off_diagonal = ~np.eye(space.n_rows, dtype=bool)
    said = []
    for mask in masks.tolist():
        readings = InterpretationSpace(question, Circuit(question.layout, mask))
        for rank in range(readings.n_observed):
            index = readings.index_of_observed(rank)
            said.append(((mask, index), predict_by_interpretation(readings.at(index), space)[:, off_diagonal]))
    return max(
        (int((one[1] != other[1]).sum()), -i, -j, one[0], other[0])
        for (i, one), (j, other) in combinations(enumerate(said), 2)
    )


def test_the_pair_is_that_of_all_pairs(few):
    question, masks, observed = few
    found = most_contradicting(question, masks, observed)
    differ, _, _, first, second = by_all_pairs(question, masks)
    assert found.differ == differ
    two = zip(found.masks, found.indices, strict=True)
    assert [(int(mask, 16), int(index)) for mask, index in two] == [first, second]
    assert (found.of, found.complete, found.n_interventions) == (sum(observed), True, 756)


def test_where_there_are_too_many_the_first_of_some_circuits_are_compared(few):
    question, masks, observed = few
    found = most_contradicting(question, masks, observed, max_classes=1)
    assert (found.of, found.complete) == (3, False)
    assert found.indices == ("0", "0")
    assert most_contradicting(question, masks, observed, max_classes=1, max_circuits=1) is None


def test_without_two_that_speak_there_is_none():
    question = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])
    assert most_contradicting(question, mask_array([], question.layout), []) is None


def test_everything_at_once():
    file = exact_xor()
    analysis = analyse_output(ask(file.network, task=file.tasks[0]))
    circuits = analysis.circuits
    observed = analysis.interpretations.observed_by_circuit
    listed = ListedCircuits(analysis.question, circuits.layout, circuits.masks, observed, True)
    found = compare(listed)
    assert found.complete
    assert (found.pair is None) == (len(circuits.masks) < 2)
    assert len(found.map.masks) == len(circuits.masks)
    none = mask_array([], circuits.layout)
    nothing = compare(ListedCircuits(analysis.question, circuits.layout, none, [], True))
    assert nothing.map is nothing.pair is None
