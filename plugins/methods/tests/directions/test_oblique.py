"""Oblique families: exact answers against many directions tried, and proofs that hold."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.interventions.swaps import swapped_along
from pluriscope.analysis.placements import iia
from pluriscope.analysis.placements.directions import DirectionPlacement
from pluriscope.analysis.placements.iia import Behaviour
from pluriscope.analysis.placements.joint import score_with_joint
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.directions.minimum_norm import minimum_norm
from pluriscope_methods.directions.oblique import oblique_family
from pluriscope_methods.directions.polyhedra import Inequality, common_point, contradict
from pluriscope_methods.directions.search import joint_family
from pluriscope_methods.directions.table import DirectionTable
from tests.analysis.circuits.test_circuit_search import random_network
from tests.factories import two_xor_algorithms

ROWS = input_table(2)
TESTED = iia.tested_pairs(2, "ordered")


def on_family(w, random, n, scale):
    """Directions with w·d = 1, over six orders of magnitude."""
    d = random.normal(size=(n, len(w))) * np.exp(random.normal(scale=scale, size=(n, 1)))
    return d + (1 - d @ w)[:, None] * w / (w @ w)


def passes(network, clean, layer, w, directions, behaviour):
    reads = np.broadcast_to(w, (len(directions), 1, len(w)))
    outputs = swapped_along(network, clean, layer, reads, directions[:, None, :])
    return (decide(outputs, "threshold") == behaviour.expected(2))[:, TESTED].all(axis=1)


def family_of(network, layer, behaviour):
    clean = activations(network, ROWS)
    values = np.array([behaviour.values >> row & 1 for row in range(4)], dtype=float)
    place = minimum_norm(layer, clean[layer], values).place
    if place is None:
        return None
    return clean, place.matrix[0], oblique_family(ask(network), place, behaviour)


def drawn_behaviour(network, values, flip_low, flip_high):
    """One that agrees with the network where the variable does not change, so that nothing is decided by that alone."""
    own = sum(int(x) << row for row, x in enumerate(decide(forward(network, ROWS)[:, 0], "threshold")))
    low = (own & ~values & 15) | (flip_low & values)
    high = (own & values) | (flip_high & ~values & 15)
    return Behaviour(values, low, high)


def check(network, layer, behaviour, seed) -> str:
    found = family_of(network, layer, behaviour)
    if found is None:
        return "no read-out"
    clean, w, family = found
    tried = passes(network, clean, layer, w, on_family(w, np.random.default_rng(seed), 400, 2.0), behaviour)
    if family.witness is not None:
        witness = np.array(family.witness)
        assert witness @ w == pytest.approx(1, abs=1e-6)
        assert passes(network, clean, layer, w, witness[None], behaviour)[0]
    if family.answer == "none":
        assert not tried.any()
    if family.answer == "all":
        assert tried.all()
    if family.answer == "some":
        assert family.witness is not None
    return f"{family.answer} {family.method}"


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([2, 4, 6, 8, 14]),
    st.integers(0, 15),
    st.integers(0, 15),
    st.sampled_from(["leaky_relu", "sigmoid", "tanh"]),
)
def test_the_last_layer_is_decided_exactly(seed, values, low, high, kind) -> None:
    network = random_network(seed, (2, 3, 1), kind)
    answer = check(network, 1, drawn_behaviour(network, values, low, high), seed)
    assert "undecided" not in answer


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["leaky_relu", "relu"])
def test_deeper_layers_are_decided_by_witnesses(kind) -> None:
    answers = {}
    for seed in range(40):
        network = random_network(seed, (2, 3, 2, 1), kind)
        behaviour = drawn_behaviour(network, [2, 4, 6, 8, 14][seed % 5], seed % 16, (seed * 7) % 16)
        answer = check(network, 1, behaviour, seed)
        answers[answer] = answers.get(answer, 0) + 1
    assert answers["some witness"] > 3, answers
    assert answers.keys() <= {"some witness", "undecided witness", "no read-out"}, answers


def test_none_in_a_deeper_layer_is_left_open() -> None:
    """The second layer sees one number, h1, through the network's only path: XOR-like demands on it cannot be met."""
    network = Network.from_arrays(
        [[[1, 0], [0, 1], [1, 1]], [[1, 1, 0]], [[1]]], [[0, 0, -1], [0], [-0.4]], activation="relu"
    )
    own = decide(forward(network, ROWS)[:, 0], "threshold").tolist()  # 0 1 1 1
    assert own == [0, 1, 1, 1]
    # moving the base along d moves one number; on base 00 it must rise above .4 and on base 10 fall below it, …
    assert check(network, 1, Behaviour(12, 2, 15), 0) == "some witness"
    # … and cannot, if from 01 the same step upwards must end below
    assert check(network, 1, Behaviour(12, 2, 13), 0) == "undecided witness"


def test_width_one_is_all_or_none() -> None:
    network = Network.from_arrays([[[1, 1]], [[1]]], [[-1], [0]], activation="relu")  # AND on one neuron
    clean, _, family = family_of(network, 1, Behaviour(8, 0, 15))
    assert (family.answer, family.dimension) == ("all", 0)
    assert clean[1].ravel().tolist() == [0, 0, 0, 1]
    assert family_of(network, 1, Behaviour(8, 8, 15))[2].answer == "none"


def test_nothing_passes_where_the_network_itself_decides_wrongly() -> None:
    network = random_network(3, (2, 3, 1))
    own = sum(int(x) << row for row, x in enumerate(decide(forward(network, ROWS)[:, 0], "threshold")))
    behaviour = Behaviour(8, own ^ 15, own ^ 15)
    found = family_of(network, 1, behaviour)
    assert (found[2].answer, found[2].method) == ("none", "clean")


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 3), st.integers(1, 7))
def test_a_contradiction_is_a_proof_and_a_point_a_point(seed, dimension, n) -> None:
    random = np.random.default_rng(seed)
    rows = [
        Inequality(
            tuple(Fraction(int(x)) for x in random.integers(-3, 4, dimension)),
            Fraction(int(random.integers(-2, 4))),
            bool(random.integers(2)),
        )
        for _ in range(n)
    ]
    existence, point = common_point(rows, dimension)
    tried = random.normal(scale=3, size=(2_000, dimension))
    factors, constants = np.array([[float(f) for f in r.factors] for r in rows]), [float(r.constant) for r in rows]
    if existence == "none":
        assert not (tried @ factors.T + constants < 0).all(axis=1).any()
    if existence == "some":
        assert (point @ factors.T + constants <= 1e-9).all()


def test_a_strict_edge_contradicts_itself() -> None:
    up, down = ((Fraction(1),), (Fraction(-1),))
    assert contradict([Inequality(up, Fraction(0), True), Inequality(down, Fraction(0), False)])
    assert not contradict([Inequality(up, Fraction(0), False), Inequality(down, Fraction(0), False)])
    assert common_point([Inequality((Fraction(0),), Fraction(1), False)], 1)[0] == "none"


@pytest.mark.parametrize("seed", range(8))
def test_joint_families_of_the_last_layer(seed) -> None:
    """Against 300 pairs of directions that leave each other's read-out alone."""
    random = np.random.default_rng(seed)
    network = random_network(seed, (2, 3, 1), "leaky_relu")
    table = DirectionTable(ask(network))
    for algorithm in two_xor_algorithms():
        paths = sorted(algorithm.responses)
        places = [table.read_out(1, algorithm.responses[path].function).place for path in paths]
        family = joint_family(table, algorithm, places)
        assert family.dimension == 2
        reads = np.concatenate([place.matrix for place in places])
        free = np.linalg.svd(reads)[2][2]
        for _ in range(10):
            moved = np.linalg.pinv(reads).T + np.outer(random.normal(scale=5, size=2), free)
            made = [Subspace.of(1, r[None], m[None]) for r, m in zip(reads, moved, strict=True)]
            assert np.allclose(reads @ moved.T, np.eye(2), atol=1e-8)
            scored = score_with_joint(ask(network), algorithm, _aligned(algorithm, paths, made))
            if family.answer == "none":
                assert not scored.joint_valid
        if family.answer == "some":
            scored = score_with_joint(ask(network), algorithm, family.witness)
            assert scored.valid
            assert scored.joint_valid


def _aligned(algorithm, paths, places):
    return DirectionPlacement.of(algorithm.text, zip(paths, places, strict=True))
