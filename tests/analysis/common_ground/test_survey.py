"""Tests of the common ground, against asking each explanation about each intervention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.common_ground import spread, survey
from pluriscope.analysis.common_ground.interpreted import choose_classes
from pluriscope.analysis.common_ground.points import Bounds
from pluriscope.analysis.common_ground.report import find
from pluriscope.analysis.common_ground.survey import placement_standings, survey_common_ground
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.explanations.algorithms import predict_by_placement
from pluriscope.analysis.explanations.circuits import predict_by_interpretation
from pluriscope.analysis.interpretations import indexing, observed
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interventions.experiments import decide_under_interventions, intervention_space, standing_of
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.placements.result import AlgorithmResult, AlgorithmSearch
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope.analysis.running.limits import DEFAULT_LIMITS
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope.app.bundled import bundled_networks
from tests.factories import pretrained_xor, real_analysis, two_xor_algorithms


def trained_xor() -> Network:
    """The bundled 2-2-2-2-1 XOR: 8 valid circuits, 75 observed classes, 705 interpretations, all of which are tried."""
    return next(file.file.network for file in bundled_networks() if file.slug == "xor-2-2-2")


class Subject(NamedTuple):
    """Subject of a survey."""

    question: Question
    masks: np.ndarray
    placed: Sequence[AlgorithmResult]
    observed: Sequence[int]


def subject_of(network: Network, task_name: str = "XOR") -> Subject:
    data = clean_data(network.n_inputs)
    found = analyse_output(ask(network, task=named_task(task_name, network.n_inputs), data=data))
    aligned = [result for result in found.algorithms.algorithms if result.alignments][:30]
    return Subject(ask(network, data=data), found.circuits.masks, aligned, found.interpretations.observed_by_circuit)


@pytest.fixture(scope="module")
def small() -> Subject:
    return subject_of(trained_xor())


@pytest.fixture(scope="module")
def whole(small):
    return survey_common_ground(*small)


@pytest.fixture(scope="module")
def ground(small):
    space = intervention_space(small.question.network.hidden_sizes, small.question.network.n_inputs)
    return space, decide_under_interventions(small.question.network, input_table(2), space)


def circuit_at(subject: Subject, position: int) -> Circuit:
    return Circuit(EdgeLayout(subject.question.network.sizes), int(subject.masks[position]))


def one_by_one(subject: Subject, position: int, ground) -> list[tuple[int, int]]:
    """Index of the class's representative and right predictions of every interpretation of a circuit."""
    space, answers = ground
    interpretations = InterpretationSpace(subject.question, circuit_at(subject, position))
    rights = []
    for index in range(interpretations.count):
        one = interpretations.at(index)
        standing = standing_of(predict_by_interpretation(one, space), answers)
        assert standing.predicted == space.n_interventions
        rights.append((interpretations.least_index_of_class(one.gates), standing.right))
    return rights


@pytest.mark.slow
def test_every_interpretation_is_counted_where_it_stands(small, whole, ground):
    found = whole
    assert not found.drawn
    assert len(found.classes) == found.n_classes == sum(small.observed) > 0
    spread: Counter[int] = Counter()
    for position in range(len(small.masks)):
        rights = one_by_one(small, position, ground)
        spread.update(right for _, right in rights)
        here = np.flatnonzero(found.classes.circuit == position)
        assert [found.classes.least_index[k] for k in here] == sorted({least for least, _ in rights})
        for k in here.tolist():
            least = found.classes.least_index[k]
            members = [right for of, right in rights if of == least]
            assert found.classes.right[k] == rights[least][1]
            assert (found.classes.best[k], found.classes.worst[k]) == (max(members), min(members))
            assert found.classes.size[k] == len(members)
            assert found.classes.predicted[k] == 63 * 12
    assert found.spread == spread
    assert found.best is not None
    assert found.worst is not None
    assert (found.best.right, found.worst.right) == (max(spread), min(spread))
    assert found.n_perfect == spread[63 * 12]
    for extreme in (found.best, found.worst):
        rights = one_by_one(small, small.masks.tolist().index(int(extreme.mask, 16)), ground)
        assert extreme.index is not None
        assert rights[int(extreme.index)][1] == extreme.right


def test_every_alignment_stands_where_it_does_by_itself(small, whole, ground):
    space, answers = ground
    found = whole.alignments
    assert len(found) == sum(len(one.alignments) for one in small.placed) > 10
    for k in range(0, len(found), 3):
        one = small.placed[found.algorithm[k]]
        said = predict_by_placement(one.algorithm, one.alignments[found.alignment[k]].alignment, space)
        standing = standing_of(said, answers)
        assert (found.predicted[k], found.right[k]) == (standing.predicted, standing.right)


def test_sets_that_are_not_listed_are_not_predicted(small):
    network = small.question.network
    space = intervention_space(network.hidden_sizes, 2, max_sets=4)
    answers = decide_under_interventions(network, input_table(2), space)
    alice = two_xor_algorithms()[0]
    places = next(one.alignments[0].alignment.places for one in small.placed if one.algorithm.id == alice.id)
    found = placement_standings(alice, [places], space, answers)
    singles = sum(len(site.neurons) == 1 for _, site in places)
    assert found.predicted.tolist() == [singles * 12]  # the union of both places is a set of two or more


@pytest.mark.slow
def test_drawn_classes_stand_where_they_do_among_all(small, whole):
    some = survey_common_ground(*small, bounds=Bounds(max_seconds=0.0, n_drawn=6, seed=3))
    assert some.drawn
    assert some.n_classes == whole.n_classes
    assert len(some.classes) == 6
    assert some.spread is None
    everything = {
        (int(whole.classes.circuit[k]), whole.classes.least_index[k]): (
            whole.classes.right[k],
            whole.classes.best[k],
            whole.classes.worst[k],
            whole.classes.size[k],
        )
        for k in range(len(whole.classes))
    }
    drawn = [(int(some.classes.circuit[k]), some.classes.least_index[k]) for k in range(6)]
    assert len(set(drawn)) == 6
    for k, key in enumerate(drawn):
        answer = (some.classes.right[k], some.classes.best[k], some.classes.worst[k], some.classes.size[k])
        assert answer == everything[key]
    again = survey_common_ground(*small, bounds=Bounds(max_seconds=0.0, n_drawn=6, seed=3))
    assert again.classes.least_index == some.classes.least_index
    other = survey_common_ground(*small, bounds=Bounds(max_seconds=0.0, n_drawn=6, seed=4))
    assert other.classes.least_index != some.classes.least_index


def test_a_circuit_whose_classes_cannot_be_found_by_rank_is_left_out_and_counted(small, monkeypatch):
    bounds = Bounds(max_seconds=0.0, n_drawn=20, seed=3)
    every = survey_common_ground(*small, bounds=bounds)
    monkeypatch.setattr(survey, "MAX_LISTED", 0)
    monkeypatch.setattr(indexing, "MAX_LINKS", 24)
    some = survey_common_ground(*small, bounds=bounds)
    assert every.n_unread == 0
    assert 0 < len(some.classes) < 20
    assert len(some.classes) + some.n_unread == 20
    left = set(zip(some.classes.circuit.tolist(), some.classes.least_index, strict=True))
    assert left < set(zip(every.classes.circuit.tolist(), every.classes.least_index, strict=True))


@pytest.mark.slow
def test_classes_and_spreads_that_would_take_too_much_memory_are_drawn_and_left_out(small, whole, monkeypatch):
    tight = replace(DEFAULT_WORK, limits=replace(DEFAULT_LIMITS, max_bytes=1_000))
    some = survey_common_ground(*small, tight, bounds=Bounds(n_drawn=6))
    assert (some.drawn, len(some.classes)) == (True, 6)
    monkeypatch.setattr(spread, "_MAX_HELD", 1_000)
    assert whole.spread is not None
    assert survey_common_ground(*small).spread is None
    monkeypatch.setattr(observed, "_MAX_BYTES", 100)
    with pytest.raises(BeyondLimits, match="and the limit is"):
        choose_classes(small.question, circuit_at(small, 0))


def test_classes_are_the_same_whether_listed_or_found_by_rank(small):
    position = int(np.argmax(small.observed))
    circuit, ranks = circuit_at(small, position), range(0, small.observed[position], 3)
    listed = choose_classes(small.question, circuit, ranks=ranks)
    found = choose_classes(small.question, circuit, ranks=ranks, max_listed=0)
    assert listed.least_indices == found.least_indices
    assert listed.classes.sizes == found.classes.sizes
    assert all(np.array_equal(a, b) for a, b in zip(listed.classes.thresholds, found.classes.thresholds, strict=True))


@pytest.mark.slow
def test_the_pretrained_xor_by_two_routes():
    """All 147,899,020 interpretations: the recursion's maxima, and the degrees of the polynomials that count them."""
    analysis = real_analysis()
    aligned = [result for result in analysis.algorithms.algorithms if result.alignments]
    observed = analysis.interpretations.observed_by_circuit
    analysis_subject = Subject(ask(pretrained_xor().network), analysis.circuits.masks, aligned, observed)
    found = survey_common_ground(*analysis_subject)
    assert found.spread is not None
    assert sum(found.spread.values()) == 147_899_020
    assert (max(found.spread), min(found.spread), found.spread[723]) == (723, 415, 80)
    assert found.best is not None
    assert found.worst is not None
    assert (found.best.right, found.worst.right, found.n_perfect) == (723, 415, 0)
    assert len(found.classes) == 7_836
    space = found.space
    answers = decide_under_interventions(analysis_subject.question.network, input_table(2), space)
    for extreme in (found.best, found.worst):
        circuit = Circuit(analysis_subject.question.layout, int(extreme.mask, 16))
        one = InterpretationSpace(ask(analysis_subject.question.network), circuit).at(int(extreme.index or 0))
        assert standing_of(predict_by_interpretation(one, space), answers).right == extreme.right


@pytest.mark.parametrize(
    ("truncated_at", "answer"),
    [(None, "No explanation predicts"), (5, "No explanation among those looked at predicts")],
)
def test_circuits_that_are_not_listed_leave_the_verdict_open(small, truncated_at, answer):
    search = replace(search_circuits(small.question), truncated_at=truncated_at)
    formulas = AlgorithmSearch(tuple(small.placed), len(small.placed))
    report = find(Analysed(small.question, search, formulas=formulas, classes=small.observed), Settings())
    assert report.findings()[0].startswith(answer)
    assert report.partial == report.more_circuits == (truncated_at is not None)
    assert ("interpretations of listed circuits is right" in report.findings()[1]) == report.partial
