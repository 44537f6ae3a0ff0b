"""The analytic XORNet of the Alice-and-Bob post: both are found, and on neuron sets Bob alone."""

from __future__ import annotations

import json
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.directions.readouts import read_outs
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.placements.directions import DirectionPlacement
from pluriscope.analysis.placements.formulas import search_formulas
from pluriscope.analysis.placements.joint import score_joint, score_with_joint
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.directions.search import search_directions

STORED = json.loads((Path(__file__).parents[4] / "app" / "bundled" / "alice-and-bob.json").read_text())
NET = Network.from_arrays(STORED["weights"], STORED["biases"], activation="sigmoid")
ROWS, DATA = input_table(2), clean_data(2)
CANDIDATES = candidate_algorithms(named_task("XOR", 2), COMPLETE, 1)
ALICE, BOB = "!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))"
A1, A2 = np.array([1, 0, -1.0]), np.array([0, 1, -1.0])
B1, B2 = np.array([0, 0, -1.0]), np.array([1, 1, -1.0])  # Bob's first reads 1 − h3


@pytest.mark.parametrize("direction_class", ["integer", "orthogonal", "oblique"])
def test_the_search_finds_both(direction_class) -> None:
    found = search_directions(ask(NET, data=DATA), CANDIDATES, direction_class)
    assert {r.algorithm.text for r in found.algorithms} == {ALICE, BOB}
    assert found.n_valid == found.n_joint == 2
    for result in found.algorithms:
        (best,) = result.valid
        assert (best.iia.agreed, best.iia.of) == (24, 24)
        assert (best.joint.agreed, best.joint.of) == (64, 64)
        rows = {path: place.matrix[0] for path, place in best.alignment.places}
        wanted = {"0": A2, "1": A1} if result.algorithm.text == ALICE else {"0": B2, "1": B1}
        for path, w in wanted.items():
            unit = rows[path] / np.linalg.norm(rows[path])
            assert abs(unit @ w) / np.linalg.norm(w) > 1 - 1e-9  # h1 − h3, h2 − h3; 1 − h3, h1 + h2 − h3
        if direction_class == "integer":
            exact = (
                {"0": (0, 1, -1), "1": (1, 0, -1)}
                if result.algorithm.text == ALICE
                else {"0": (1, 1, -1), "1": (0, 0, 1)}
            )
            assert {path: place.reads[0] for path, place in best.alignment.places} == exact
            readings = read_outs(ask(NET, data=DATA).clean_activations, result.algorithm, best.alignment)
            assert 1.8e-6 < max(reading.residual for reading in readings) < 1.9e-6


def test_on_neuron_sets_only_bob() -> None:
    found = search_formulas(ask(NET, data=DATA), CANDIDATES)
    valid = {r.algorithm.text: [s.alignment for s in r.alignments if s.valid] for r in found.algorithms}
    assert valid[ALICE] == []
    (only,) = valid[BOB]
    assert {site.neurons for _, site in only.places} == {(2,), (0, 1)}
    best = {ALICE: 0, BOB: 0}
    sets = [s for k in (1, 2) for s in combinations(range(3), k)]
    for result in found.algorithms:
        pairs = [(p, q) for p, q in product(sets, sets) if not set(p) & set(q)]
        assert len(pairs) == 12
        for p, q in pairs:
            alignment = NeuronPlacement.of(result.algorithm.text, {"0": NeuronSet(1, p), "1": NeuronSet(1, q)})
            score = score_joint(ask(NET, data=DATA), result.algorithm, alignment)
            best[result.algorithm.text] = max(best[result.algorithm.text], score.agreed)
    assert best == {ALICE: 52, BOB: 64}  # 81.25% and 100% of 64


@pytest.mark.parametrize(("text", "first", "second"), [(ALICE, A2, A1), (BOB, B2, B1)])
def test_swaps_by_the_dual_basis(text, first, second) -> None:
    algorithm = next(a for a in CANDIDATES.algorithms if a.text == text)
    moved = np.linalg.pinv(np.array([first, second])).T
    places = {p: Subspace.of(1, [w], [m]) for p, w, m in zip("01", (first, second), moved, strict=True)}
    scored = score_with_joint(ask(NET, data=DATA), algorithm, DirectionPlacement.of(text, places))
    assert (scored.iia.agreed, scored.iia.of, scored.joint.agreed) == (24, 24, 64)


def test_from_the_steepness_at_which_it_computes_xor_to_the_limit_it_has_the_same_circuits():
    def valid(steepness):
        weights, biases = ([one * steepness / 25 for one in part] for part in (NET.weights, NET.biases))
        scaled = Network.from_arrays(weights, biases, activation="sigmoid")
        return search_circuits(ask(scaled, task=named_task("XOR", 2))).masks.tolist()

    least = 2 * np.log(3)  # where 1 − 2σ(−λ/2), what a row with one 1 gives, is a half
    here = valid(25)
    assert len(here) == 4
    assert valid(least - 1e-6) == []
    assert all(valid(steepness) == here for steepness in (least + 1e-6, 3, 10, 100, 1e5))
