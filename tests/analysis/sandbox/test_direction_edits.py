"""Changes along directions by hand: the network moves as the engine of directions says; all speak as there."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from analysis.algorithms.parsing import parse_algorithm
from analysis.alignments.alignment import Aligned, Alignment
from analysis.directions.alignment import DirectionAlignment, LinearPlace
from analysis.directions.self_interventions import ask_own_swaps
from analysis.directions.swaps import joint_outputs, swap_outputs
from analysis.errors import InvalidIntervention
from analysis.experiments import SILENT
from analysis.interventions.neuron_set import NeuronSet
from analysis.sandbox.direction_edits import Along, place_text, read_place
from analysis.sandbox.intervention import Change, Intervention, intervention_of
from analysis.sandbox.predicting_along import predict_by_alignment_along, predict_by_directions
from analysis.sandbox.running import Bench
from analysis.tasks import input_table
from app.bundled import ALICE_AND_BOB, bundled_networks

NETWORK = next(one for one in bundled_networks() if one.slug == ALICE_AND_BOB).network
ROWS = input_table(2).astype(np.float64)
BENCH = Bench(NETWORK, ROWS, ROWS)
H1_H3, H2_H3 = LinearPlace.of(1, [[1, 0, -1]]), LinearPlace.of(1, [[0, 1, -1]])


def along(place: LinearPlace, source: int) -> Along:
    return Along(place, "source", source)


@pytest.mark.parametrize(
    "place",
    [
        H1_H3,
        LinearPlace.of(2, [[0.1, -1e-7, 3.0]]),
        LinearPlace.of(1, [[1, 0, -1], [0, 1, 0.5]]),
        LinearPlace.of(1, [[1, 0, -1]], [[1, 0, 0]]),
        LinearPlace.of(1, [[1, 0, 0], [0, 1, 0]], [[1, 0, 2], [0, 1, -1e-5]]),
    ],
)
def test_places_survive_their_address(place) -> None:
    assert read_place(place_text(place)) == place


@pytest.mark.parametrize(
    "place", [H1_H3, LinearPlace.of(1, [[1, 0, -1]], [[1, 0, 0]]), LinearPlace.of(1, np.eye(3)[:2])]
)
def test_a_patch_along_a_direction_is_the_engines_swap(place) -> None:
    expected = swap_outputs(NETWORK, BENCH.clean, [place])[0]
    for source, base in product(range(4), repeat=2):
        run = BENCH.run(Intervention(base, (), (along(place, source),)))
        assert run[-1][0] == pytest.approx(expected[source, base], abs=1e-12)


def test_several_are_set_at_once() -> None:
    sources = np.array(list(product(range(4), repeat=2)))
    expected = joint_outputs(NETWORK, BENCH.clean, [H1_H3, H2_H3], sources)
    for choice, (one, other) in enumerate(sources.tolist()):
        for base in range(4):
            both = intervention_of(NETWORK.sizes, 2, base, (), [along(H1_H3, one), along(H2_H3, other)])
            layers = BENCH.run(both)
            assert layers[-1][0] == pytest.approx(expected[choice, base], abs=1e-12)
            assert H1_H3.matrix[0] @ layers[1] == pytest.approx(H1_H3.matrix[0] @ BENCH.clean[1][one])


def test_a_value_is_what_the_direction_reads_then_and_nothing_else_moves() -> None:
    base = BENCH.clean[1][1]
    layers = BENCH.run(Intervention(1, (), (Along(H1_H3, "value", value=0.75),)))
    assert layers[1][0] - layers[1][2] == pytest.approx(0.75)
    assert layers[1][1] == base[1]  # at right angles to it
    assert layers[1][0] + layers[1][2] == pytest.approx(base[0] + base[2])
    mean = BENCH.run(Intervention(1, (), (Along(H1_H3, "mean"),)))[1]
    assert mean[0] - mean[2] == pytest.approx((BENCH.clean[1][:, 0] - BENCH.clean[1][:, 2]).mean())


def test_a_direction_that_is_a_neuron_is_that_neuron() -> None:
    unit = LinearPlace.of(1, [[0, 3, 0]])
    for source, base in product(range(4), repeat=2):
        patched = BENCH.run(Intervention(base, (Change(1, 1, None, "source", source=source),)))
        assert BENCH.run(Intervention(base, (), (along(unit, source),)))[-1] == pytest.approx(patched[-1], abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "linear", "cause"),
    [
        ((), [along(LinearPlace.of(2, [[1]]), 0)], "no hidden layer"),
        ((), [along(LinearPlace.of(1, [[1, 0]]), 0)], "has 2 numbers for the 3 neurons"),
        ((), [along(H1_H3, 4)], "no input row"),
        ((), [Along(H1_H3, "value", value=float("nan"))], "no number from"),
        ((), [Along(LinearPlace.of(1, np.eye(3)[:2]), "value", value=1.0)], "one number for a subspace"),
        ((), [along(H1_H3, 0), along(LinearPlace.of(1, [[2, 0, -2]]), 1)], "cannot be set at once"),
        ([Change(1, 0, None, "zero")], [along(H1_H3, 0)], "neurons and directions changed at once"),
        ([Change(1, n, o, "zero") for n in range(3) for o in range(2)], [along(H1_H3, 9)], "no input row"),
    ],
)
def test_what_cannot_be_done_is_refused(changes, linear, cause) -> None:
    with pytest.raises(InvalidIntervention, match=cause):
        intervention_of(NETWORK.sizes, 2, 0, changes, linear)


@pytest.mark.parametrize(
    "text", ["", "1", "1~", "1~nan", "1~1_0", "1~0~0~0", "1~01", "0~1~0~0", "1~1~1~~1~1", "1~1~~~"]
)
def test_what_is_no_direction_is_refused(text) -> None:
    with pytest.raises(InvalidIntervention):
        read_place(text)


# ---- what is said of them -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both():
    """Alice ORs two conjunctions and reads h1 − h3 and h2 − h3; Bob ANDs 1 − h3 and h1 + h2 − h3."""
    alice = parse_algorithm("!(!(!A&B)&!(!B&A))", "and_inverter", 2)
    bob = parse_algorithm("(!(!A&!B)&!(A&B))", "and_inverter", 2)
    return alice, bob


def _placed(algorithm, directions) -> DirectionAlignment:
    """Each variable on the direction that reads it."""
    places = {}
    for variable in algorithm.variables:
        bits = np.array([variable.function >> row & 1 for row in range(4)])
        for place in directions:
            reads = np.round(BENCH.clean[1] @ place.matrix[0])
            if len(set(zip(reads.tolist(), bits.tolist(), strict=True))) == 2:
                places[variable.path] = place
    return DirectionAlignment.of(algorithm.text, places)


@pytest.fixture(scope="module")
def aligned(both):
    alice, bob = both
    carrying = (
        _placed(alice, [H1_H3, H2_H3]),
        _placed(bob, [LinearPlace.of(1, [[0, 0, 1]]), LinearPlace.of(1, [[1, 1, -1]])]),
    )
    assert all(len(one.places) == 2 for one in carrying)
    return carrying


def test_own_variables_are_fixed_as_the_algorithm_says_and_the_network_agrees(both, aligned) -> None:
    for algorithm, alignment in zip(both, aligned, strict=True):
        (_, first), (_, second) = alignment.places
        for base, one, other in product(range(4), repeat=3):  # the 64 joint interchanges
            intervention = Intervention(base, (), (along(first, one), along(second, other)))
            said = predict_by_directions(algorithm, alignment, intervention, BENCH)
            assert said.bit == int(BENCH.run(intervention)[-1][0] > 0.5)


def test_they_speak_as_in_a_comparison_of_own_swaps(both, aligned) -> None:
    speakers = [Aligned(algorithm, alignment) for algorithm, alignment in zip(both, aligned, strict=True)]
    asked = ask_own_swaps(NETWORK, ROWS, speakers)
    spoken = 0
    for swap, source, base in product(range(len(asked.swaps)), range(4), range(4)):
        changes = tuple(sorted((along(place, source) for place in asked.swaps[swap].places), key=lambda one: one.key))
        intervention = Intervention(base, (), changes)
        assert BENCH.run(intervention)[-1][0] == pytest.approx(asked.outputs[swap, source, base], abs=1e-12)
        for number, speaker in enumerate(speakers):
            said = predict_by_directions(speaker.algorithm, speaker.alignment, intervention, BENCH)
            assert said.bit == asked.predictions[number, swap, source, base]
            spoken += said.speaks
    assert spoken > 100
    assert asked.divided.any()


def test_a_value_is_read_by_the_directions_read_out(both, aligned) -> None:
    (path, place), _ = aligned[0].places
    variable = next(one for one in both[0].variables if one.path == path)
    reads = BENCH.clean[1] @ place.matrix[0]
    on = next(row for row in range(4) if variable.function >> row & 1)
    off = next(row for row in range(4) if not variable.function >> row & 1)
    for row, bit in ((on, 1), (off, 0)):
        intervention = Intervention(0, (), (Along(place, "value", value=float(reads[row])),))
        fixed = both[0].output_given({path: 15 * bit}) & 1
        assert predict_by_directions(both[0], aligned[0], intervention, BENCH).bit == fixed
    middle = Along(place, "value", value=float((reads[on] + reads[off]) / 2))
    said = predict_by_directions(both[0], aligned[0], Intervention(0, (), (middle,)), BENCH)
    assert said.bit == SILENT
    assert "half way between 0 and 1" in said.reason


def test_an_alignment_on_neurons_speaks_of_directions_that_are_its_neurons(both) -> None:
    bob = both[1]
    path_of = {variable.function: variable.path for variable in bob.variables}
    conjunction = next(path for function, path in path_of.items() if function in (0b1000, 0b0111))
    disjunction = next(path for path in path_of.values() if path != conjunction)
    alignment = Alignment.of(bob.text, {conjunction: NeuronSet(1, (2,)), disjunction: NeuronSet(1, (0, 1))})
    unit = Intervention(1, (), (along(LinearPlace.of(1, [[0, 0, 1]]), 3),))
    same = Intervention(1, (Change(1, 2, None, "source", source=3),))
    assert predict_by_alignment_along(bob, alignment, unit, BENCH) == predict_by_alignment_along(
        bob, alignment, same, BENCH
    )
    mixed = predict_by_alignment_along(bob, alignment, Intervention(1, (), (along(H1_H3, 3),)), BENCH)
    assert mixed.bit == SILENT
    assert "mixes neurons" in mixed.reason
