"""Held-out joint interchanges: halves that share no mix of inputs, and scores as running each interchange by itself."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from analysis.alignments.alignment import IIA, Alignment, ScoredAlignment
from analysis.interventions.neuron_set import NeuronSet
from analysis.networks.mlp import Network
from analysis.question import Question, ask
from analysis.studies.measures.held_out_alignments import (
    AlignmentTrial,
    held_out_mixes,
    run_alignment_trial,
)
from analysis.studies.measures.registry import MEASURES
from analysis.studies.subject import Studied
from analysis.tasks import named_task
from tests.factories import small_network, two_xor_algorithms
from tests.oracles.brute_force_algorithms import evaluate, rows, variables
from tests.oracles.brute_force_interchange import run
from tests.trained_networks import trained_xor


def asked(network: Network) -> Question:
    return ask(network, task=named_task("XOR", 2))


@pytest.mark.parametrize("seed", range(4))
def test_of_each_size_half_of_the_mixes_are_held_out(seed):
    held_out = held_out_mixes(asked(small_network(seed, (2, 2, 1)).network))
    assert [sum(mix.bit_count() == size for mix in held_out) for size in (1, 2, 3, 4)] == [0, 3, 2, 0]


def test_networks_have_halves_of_their_own():
    assert len({held_out_mixes(asked(small_network(seed, (2, 2, 1)).network)) for seed in range(8)}) > 1


def counts_one_by_one(question: Question, algorithm, alignment) -> list[tuple[int, int, int]]:
    """(made, right, as on the base) for the half that rules may see and for the held-out one, each run by itself."""
    network, held_out = question.cut, held_out_mixes(question)
    inputs, texts = rows(2), variables(algorithm.text, authors=False)
    clean = [run(network, row) for row in inputs]
    found = [[0, 0, 0], [0, 0, 0]]
    for base, *sources in product(range(4), repeat=1 + len(alignment.places)):
        if base in sources:
            continue
        patch, fixed = {}, {}
        for (path, site), source in zip(alignment.places, sources, strict=True):
            patch |= {(site.layer, neuron): clean[source][site.layer][neuron] for neuron in site.neurons}
            fixed[path] = evaluate(texts[path], inputs[source])
        decided = int(run(network, inputs[base], patch)[-1][0] > 0.5)
        half = found[sum(1 << row for row in {base, *sources}) in held_out]
        half[0] += 1
        half[1] += decided == evaluate(algorithm.text, inputs[base], fixed)
        half[2] += decided == int(clean[base][-1][0] > 0.5)
    return [(made, right, same) for made, right, same in found]


@pytest.mark.slow
def test_scores_are_those_of_running_each_interchange():
    question = asked(trained_xor(3, 2)[1])
    trial = run_alignment_trial(question)
    assert isinstance(trial, AlignmentTrial)
    assert len({len(scored.alignment.places) for _, scored in trial.explanations}) > 1, "else a weak test"
    seen_share = set()
    for number, (algorithm, scored) in enumerate(trial.explanations):
        (n_seen, seen, _), (n_held, held, same) = counts_one_by_one(question, algorithm, scored.alignment)
        assert (trial.held[number] * n_held, trial.unchanged[number] * n_held) == (
            held * trial.n_held,
            same * trial.n_held,
        )
        seen_share.add(trial.seen[number] * n_seen / seen)
    assert len(seen_share) == 1, "right ones of the half that rules may see, as if each predicted equally many"


def two_alignments() -> AlignmentTrial:
    """Bob on one neuron each, right on all that is seen, and on two, right on all that is held out."""
    bob, _ = two_xor_algorithms()
    first, second = sorted(bob.responses)
    placed = [
        Alignment.of(bob.text, {first: NeuronSet(1, (0,)), second: NeuronSet(1, neurons)}) for neurons in ((1,), (1, 2))
    ]
    scored = tuple(
        (bob, ScoredAlignment(one, IIA(24, 24), one is placed[0], margin))
        for one, margin in zip(placed, (0.1, 0.2), strict=True)
    )
    return AlignmentTrial(np.array([18, 9]), np.array([9, 18]), 18, scored, np.array([6, 3]), (60, 80))


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("random", 0.75),
        ("fitted", 0.5),
        ("shortest", 0.5),
        ("short-fitted", 0.5),
        ("minimal", 0.5),
        ("irredundant", 0.75),
        ("margin", 1),
        ("largest", 1),
        ("best", 1),
        ("unchanged", 0.25),
        ("alignments", 2),
    ],
)
def test_rules_choose_what_they_say(rule, value):
    studied = Studied(None, None, shared={"held out alignments": two_alignments()})
    measure = MEASURES[f"held-out-aligned-{rule}"]
    assert measure.function(studied).value == value
