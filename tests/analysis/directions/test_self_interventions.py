"""Own swaps of explanations: what is said of them by whom, on the analytic XORNet."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.directions.self_interventions import ask_own_swaps
from pluriscope.analysis.explanations.algorithms import predict_by_placement
from pluriscope.analysis.explanations.circuits import predict_by_interpretation
from pluriscope.analysis.interventions.experiments import SILENT, decide_under_interventions, intervention_space
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.directions import parse_directions
from pluriscope.analysis.placements.placement import NeuronPlacement, PlacedFormula
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.circuit import circuit_from_hex
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.factories import interpretation_at

STORED = json.loads((Path(__file__).parents[3] / "app" / "bundled" / "alice-and-bob.json").read_text())
NET = Network.from_arrays(STORED["weights"], STORED["biases"], activation="sigmoid")
ROWS, DATA = input_table(2), clean_data(2)


def divided(asked):
    """``[swap, source, base]``: where one predicts 0 and another 1."""
    said = asked.predictions
    return (said == 0).any(axis=0) & (said == 1).any(axis=0) & asked.counted


def on_directions(algorithm, text):
    return PlacedFormula(parse_algorithm(algorithm, "and_inverter", 2), parse_directions(algorithm, text))


ALICE = on_directions("!(!(!A&B)&!(!B&A))", "0@1=0,1,-1;1@1=1,0,-1")
BOB = on_directions("(!(!A&!B)&!(A&B))", "0@1=1,1,-1;1@1=0,0,1")
CAROL = interpretation_at(ask(NET, data=DATA), circuit_from_hex("1f9", NET.sizes), 24)
BOB_ON_SETS = PlacedFormula(
    BOB.algorithm, NeuronPlacement.of(BOB.algorithm.text, {"0": NeuronSet(1, (0, 1)), "1": NeuronSet(1, (2,))})
)


def test_each_is_right_on_its_own_swaps() -> None:
    for speaker in (ALICE, BOB, CAROL, BOB_ON_SETS):
        asked = ask_own_swaps(NET, ROWS, [speaker])
        counted = asked.counted
        assert (asked.predictions[0][counted] == asked.decisions[counted]).all()
        assert not divided(asked).any()


def test_alice_and_bob_part_on_their_own_swaps() -> None:
    asked = ask_own_swaps(NET, ROWS, [ALICE, BOB])
    assert [swap.owners for swap in asked.swaps] == [(0,)] * 3 + [(1,)] * 3
    assert asked.swaps[0].labels == ("¬A ∧ B",)
    assert (asked.predictions[0][:3] != SILENT).all()
    assert (asked.predictions[1] != SILENT).any()
    split = divided(asked)
    right = asked.predictions[:, split] == asked.decisions[split]
    assert (right.sum(axis=0) == 1).all()  # where two part exactly one is right
    assert asked.n_interventions == 6 * 12


def test_neuron_swaps_are_those_of_the_common_ground() -> None:
    space = intervention_space(NET.hidden_sizes, 2)
    answers = decide_under_interventions(NET, ROWS, space)
    asked = ask_own_swaps(NET, ROWS, [CAROL, BOB_ON_SETS])
    assert len(asked.swaps) == 7  # all sets of three neurons; Bob's are among them
    assert sum(1 in swap.owners for swap in asked.swaps) == 3
    by_interpretation = predict_by_interpretation(CAROL, space)
    by_alignment = predict_by_placement(BOB.algorithm, BOB_ON_SETS.alignment, space)
    for at, swap in enumerate(asked.swaps):
        neurons = frozenset((place.layer, int(np.flatnonzero(row)[0])) for place in swap.places for row in place.matrix)
        number = space.position[neurons]
        assert np.array_equal(asked.decisions[at], answers.decisions[number])
        assert np.array_equal(asked.predictions[0, at], by_interpretation[number])
        if 1 in swap.owners:
            assert np.array_equal(asked.predictions[1, at], by_alignment[number])


def test_sets_are_silent_about_directions_and_a_bare_algorithm_about_all() -> None:
    asked = ask_own_swaps(NET, ROWS, [ALICE, BOB_ON_SETS, ALICE.algorithm, None])
    assert (asked.predictions[1][:3] == SILENT).all()
    assert (asked.predictions[2:] == SILENT).all()
    assert (asked.predictions[0] != SILENT).any()


def test_directions_that_read_nothing_are_silent_about_others() -> None:
    blind = on_directions(ALICE.algorithm.text, "0@1=1,1,1;1@1=1,-1,0")
    asked = ask_own_swaps(NET, ROWS, [blind, BOB])
    assert (asked.predictions[0][3:] == SILENT).all()
    assert (asked.predictions[0][:3] != SILENT).all()
