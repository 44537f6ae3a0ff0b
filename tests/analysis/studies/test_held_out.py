"""Held-out interventions: halves that share no experiment, and scores as following every interpretation by itself."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from analysis.circuits.search import search_circuits
from analysis.experiments import decide_under_interventions, intervention_space
from analysis.explanations.registry import KIND_OF
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import Circuit
from analysis.networks.mlp import Network
from analysis.pipeline import unsearched
from analysis.question import Question, ask
from analysis.studies.measures.held_out import Trial, is_held_out, run_trial, same_experiment
from analysis.studies.measures.measure import Measured
from analysis.studies.measures.registry import MEASURES
from analysis.studies.sources import circuits_alone
from analysis.studies.subject import Studied
from analysis.tasks import named_task
from tests.factories import small_network
from tests.trained_networks import trained_xor


def asked(network: Network) -> Question:
    return ask(network, task=named_task("XOR", 2))


@pytest.mark.parametrize("seed", range(4))
def test_sets_of_one_experiment_give_the_same_decisions_or_exchanged_ones(seed):
    network = small_network(seed, (2, 2, 3, 2, 1)).network
    space = intervention_space(network.hidden_sizes, 2)
    decisions = decide_under_interventions(network, asked(network).data.clean_rows, space).decisions
    for number, sites in enumerate(space.sets):
        one = same_experiment(sites, space.hidden_sizes)
        assert same_experiment(one, space.hidden_sizes) == one
        found = decisions[space.position[frozenset(one)]]
        assert (decisions[number] == found).all() or (decisions[number] == found.T).all()


@pytest.mark.slow
def test_no_experiment_is_in_both_halves():
    question = asked(trained_xor(3, 1)[0])
    space = intervention_space(question.cut.hidden_sizes, 2)
    held = is_held_out(question, space)
    halves = [
        {same_experiment(space.sets[i], space.hidden_sizes) for i in np.flatnonzero(held == side)} for side in (0, 1)
    ]
    assert halves[0]
    assert halves[1]
    assert not halves[0] & halves[1]


def scores_one_by_one(question: Question, masks) -> list[tuple[int, int]]:
    """(right on the half that is seen, right on the held-out half) of each class, each intervention by itself."""
    space = intervention_space(question.cut.hidden_sizes, 2)
    decisions = decide_under_interventions(question.cut, question.data.clean_rows, space).decisions
    held = is_held_out(question, space)
    found = []
    for mask in masks:
        readings = InterpretationSpace(question, Circuit(question.layout, int(mask)))
        for rank in range(readings.n_observed):
            interpretation = readings.at(readings.index_of_observed(rank))
            predicted = KIND_OF["interpretation"].predict(question, [interpretation], space)[0]
            right = [0, 0]
            for number, source, base in product(range(len(space.sets)), range(4), range(4)):
                if source != base:
                    right[int(held[number])] += int(predicted[number, source, base] == decisions[number, source, base])
            found.append((right[0], right[1]))
    return found


@pytest.mark.slow
def test_scores_are_those_of_following_each_interpretation():
    question = asked(trained_xor(2, 2)[1])
    masks = search_circuits(question).masks
    trial = run_trial(question, masks)
    assert isinstance(trial, Trial)
    assert list(zip(trial.seen.tolist(), trial.held.tolist(), strict=True)) == scores_one_by_one(question, masks)
    space = intervention_space(question.cut.hidden_sizes, 2)
    assert trial.n_held == int(is_held_out(question, space).sum()) * 12


def told(trial: Trial, rule: str) -> Measured:
    """What a measure says of a trial that was already made."""
    analysis = circuits_alone(trial.question, unsearched(trial.question))
    studied = Studied(trial.question, analysis, shared={"held out": trial})
    return MEASURES[f"held-out-{rule}"].function(studied)


@pytest.mark.slow
def test_rules_choose_what_they_say():
    question = asked(trained_xor(3, 1)[0])
    trial = run_trial(question, search_circuits(question).masks[:60])
    assert isinstance(trial, Trial)
    held, seen = trial.held / trial.n_held, trial.seen
    values = {rule: told(trial, rule).value for rule in ("random", "fitted", "best", "shortest", "short-fitted")}
    assert values["random"] == pytest.approx(held.mean())
    assert values["fitted"] == pytest.approx(held[seen == seen.max()].mean())
    assert values["best"] == held.max()
    lengths = np.array([float(length) for length in trial.code_lengths])[trial.circuit]
    assert values["shortest"] == pytest.approx(held[lengths == lengths.min()].mean())
    fitted = seen == seen.max()
    assert values["short-fitted"] == pytest.approx(held[fitted & (lengths == lengths[fitted].min())].mean())
    assert told(trial, "unchanged").value == trial.unchanged / trial.n_held
    assert told(trial, "classes").value == len(held)


@pytest.mark.slow
def test_the_shortest_description_counts_edges_and_tables():
    question = asked(trained_xor(2, 1)[0])
    whole = Circuit(question.layout, (1 << question.layout.n_edges) - 1)
    none = np.zeros(1, dtype=np.int64)
    trial = Trial(none, none, 1, question, np.array([whole.mask], dtype=np.uint64), none, 0)
    assert trial.code_lengths == [1 << 5 * 4]  # one set of all edges; five gates of two inputs have tables of four bits
