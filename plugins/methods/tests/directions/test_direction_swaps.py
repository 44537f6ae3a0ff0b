"""Swaps along directions, against plain Python, against neuron sets, and against a rotated network."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.directions.readouts import read_out
from pluriscope.analysis.interventions.interchange import interchange_outputs, joint_outputs
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.interventions.swaps import swap_outputs
from pluriscope.analysis.placements.directions import DirectionPlacement
from pluriscope.analysis.placements.iia import interchange_matrix, score_placement
from pluriscope.analysis.placements.joint import score_joint, score_with_joint
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.directions.minimum_norm import minimum_norm
from tests.analysis.circuits.test_circuit_search import random_network
from tests.factories import two_xor_algorithms
from tests.oracles import brute_force_directions as plain

KINDS = ["leaky_relu", "relu", "tanh", "sigmoid", "linear"]
ROWS = input_table(2)
DATA = clean_data(2)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(KINDS), st.integers(1, 2))
def test_swaps_are_those_of_plain_python(seed, kind, layer) -> None:
    network = random_network(seed, (2, 3, 3, 1), kind)
    random = np.random.default_rng(seed)
    w, other, d = random.normal(size=(3, 3))
    clean = activations(network, ROWS)
    straight, skew = Subspace.of(layer, [w]), Subspace.of(layer, [w], [d])
    found = swap_outputs(network, clean, [skew, straight])
    for s, b in product(range(4), repeat=2):
        assert found[1, s, b] == pytest.approx(plain.orthogonal_swap(network, layer, w, ROWS[s], ROWS[b]), abs=1e-9)
        assert found[0, s, b] == pytest.approx(plain.oblique_swap(network, layer, w, d, ROWS[s], ROWS[b]), rel=1e-6)
    assert np.array_equal(found[1].diagonal(), forward(network, ROWS)[:, 0])
    sources = np.array(list(product(range(4), repeat=2)))
    (joint,) = joint_outputs(network, clean, [[straight, Subspace.of(layer, [other])]], sources)
    for (s, t), row in zip(sources.tolist(), joint, strict=True):
        for b in range(4):
            says = plain.two_at_once(network, layer, w, other, (ROWS[s], ROWS[t]), ROWS[b])
            assert row[b] == pytest.approx(says, rel=1e-6, abs=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(KINDS))
def test_on_neurons_it_is_the_interchange_of_neuron_sets(seed, kind) -> None:
    network = random_network(seed, (2, 3, 3, 1), kind)
    sites = [NeuronSet(layer, n) for layer in (1, 2) for n in ((0,), (2,), (0, 1), (0, 1, 2))]
    places = [Subspace.on_neurons(site, 3) for site in sites]
    along = swap_outputs(network, activations(network, ROWS), places)
    assert np.allclose(along, interchange_outputs(network, sites, ROWS), rtol=1e-9, atol=1e-12)
    scaled = [Subspace.of(p.layer, -3.0 * p.matrix) for p in places]  # a multiple is the same interchange
    assert np.allclose(along, swap_outputs(network, activations(network, ROWS), scaled), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_scores_on_neurons_are_those_of_alignments_on_neuron_sets(seed) -> None:
    network = random_network(seed, (2, 3, 3, 1), "leaky_relu")
    for algorithm in two_xor_algorithms():
        for sites in ((NeuronSet(1, (0,)), NeuronSet(1, (1, 2))), (NeuronSet(1, (1,)), NeuronSet(2, (0, 2)))):
            paths = sorted(algorithm.responses)
            on_sets = NeuronPlacement.of(algorithm.text, zip(paths, sites, strict=True))
            on_lines = DirectionPlacement.of(
                algorithm.text, {p: Subspace.on_neurons(s, 3) for p, s in zip(paths, sites, strict=True)}
            )
            scored = score_with_joint(ask(network, data=DATA), algorithm, on_lines)
            assert scored.iia == score_placement(ask(network, data=DATA), algorithm, on_sets).iia
            assert scored.joint.agreed == score_joint(ask(network, data=DATA), algorithm, on_sets).agreed
            matrix = interchange_matrix(ask(network, data=DATA), algorithm, paths[0], on_lines.places[0][1])
            assert matrix.agreed[matrix.tested].sum() <= scored.iia.agreed


def test_causal_order() -> None:
    deep = next(a for a in candidate_algorithms(named_task("XOR", 2), COMPLETE, 2).algorithms if a.depth == 3)
    inner = max(deep.responses, key=len)
    earlier = {p: Subspace.of(1 if p == inner else 2, [[1, 0, len(p) + i]]) for i, p in enumerate(deep.responses)}
    later = {p: Subspace.of(2 if p == inner else 1, place.reads) for p, place in earlier.items()}
    for places, ordered in ((earlier, True), (later, False)):
        assert DirectionPlacement.of(deep.text, places).causal_order is ordered


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.sampled_from([1, 2, 6, 8, 14, 9]))
def test_the_read_out_is_the_shortest_that_reads(seed, width, pattern) -> None:
    random = np.random.default_rng(seed)
    layer = random.normal(size=(4, width))
    values = np.array([pattern >> row & 1 for row in range(4)], dtype=float)
    found = minimum_norm(1, layer, values)
    if width < 3:  # fewer neurons than affinely independent rows: no read-out in general
        assert found.place is None
        assert found.read_out.residual > 1e-6
        return
    w = found.place.matrix[0]
    assert np.abs(layer @ w + found.read_out.constant - values).max() <= 1e-6
    assert found.n_free == width - 3
    centred = layer - layer.mean(axis=0)
    _, _, right = np.linalg.svd(centred)
    assert np.abs(right[3:] @ w).max(initial=0) < 1e-6 * np.linalg.norm(w)  # nothing in what the inputs never show
    again = read_out(w, layer, values)
    assert again.gain == pytest.approx(1, abs=1e-6)
    assert again.residual <= 1e-6
    assert minimum_norm(1, layer, 1 - values).place.reads[0] == tuple(-x + 0.0 for x in w.tolist())


def test_constant_variables_and_degenerate_layers_have_no_read_out() -> None:
    layer = np.array([[0.0, 0], [1, 1], [2, 2], [3, 3]])
    found = [minimum_norm(1, layer, np.array(row)) for row in ([0.0] * 4, [1.0] * 4, [0, 0, 1, 1.0])]
    assert [m.place for m in found] == [None, None, None]
    assert found[2].n_free == 1
    assert found[2].read_out.residual == pytest.approx(0.3)
