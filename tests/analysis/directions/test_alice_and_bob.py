"""The analytic XORNet of the Alice-and-Bob post: both are found, and every figure told about them is checked.

Figures that were told as 11.3% and are 11.4% stand here as they are.
"""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import combinations, product
from math import exp
from pathlib import Path

import numpy as np
import pytest

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.alignment import Alignment
from analysis.alignments.joint import score_joint
from analysis.alignments.search import search_alignments
from analysis.data import clean_data
from analysis.directions.alignment import DirectionAlignment, LinearPlace
from analysis.directions.scoring import score_directions
from analysis.directions.search import search_directions
from analysis.interventions.neuron_set import NeuronSet
from analysis.networks.mlp import activations, forward
from analysis.networks.network import Network
from analysis.pipeline import analyse_output
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.tasks import input_table, named_task
from analysis.validity import decide

STORED = json.loads((Path(__file__).parents[3] / "app" / "bundled" / "alice-and-bob.json").read_text())
NET = Network.from_arrays(STORED["weights"], STORED["biases"], activation="sigmoid")
ROWS, DATA = input_table(2), clean_data(2)
CANDIDATES = candidate_algorithms(named_task("XOR", 2), COMPLETE, 1)
ALICE, BOB = "!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))"
A1, A2 = np.array([1, 0, -1.0]), np.array([0, 1, -1.0])
B1, B2 = np.array([0, 0, -1.0]), np.array([1, 1, -1.0])  # Bob's first reads 1 − h3
SEEN = np.array([1, 1, -2.0])


def net_says(h):
    """y = [s > 1/2]: the sign of the last pre-activation."""
    return h @ SEEN > 0.5


def alice_says(h):
    return (h @ A1 > 0.5) | (h @ A2 > 0.5)


def bob_says(h):
    return (1 + h @ B1 > 0.5) & (h @ B2 > 0.5)


def hidden(x):
    return 1 / (1 + np.exp(-np.clip(x @ NET.weights[0].T + NET.biases[0], -500, 500)))


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
            assert 1.8e-6 < max(reading.residual for reading in best.read_outs) < 1.9e-6


def test_on_neuron_sets_only_bob() -> None:
    found = search_alignments(ask(NET, data=DATA), CANDIDATES)
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
            alignment = Alignment.of(result.algorithm.text, {"0": NeuronSet(1, p), "1": NeuronSet(1, q)})
            score = score_joint(ask(NET, data=DATA), result.algorithm, alignment)
            best[result.algorithm.text] = max(best[result.algorithm.text], score.agreed)
    assert best == {ALICE: 52, BOB: 64}  # 81.25% and 100% of 64


@pytest.mark.parametrize(("text", "first", "second"), [(ALICE, A2, A1), (BOB, B2, B1)])
def test_swaps_by_the_dual_basis(text, first, second) -> None:
    algorithm = next(a for a in CANDIDATES.algorithms if a.text == text)
    moved = np.linalg.pinv(np.array([first, second])).T
    places = {p: LinearPlace.of(1, [w], [m]) for p, w, m in zip("01", (first, second), moved, strict=True)}
    scored = score_directions(ask(NET, data=DATA), algorithm, DirectionAlignment.of(text, places))
    assert (scored.iia.agreed, scored.iia.of, scored.joint.agreed) == (24, 24, 64)


def test_all_binary_hidden_states() -> None:
    states = input_table(3)
    assert (alice_says(states) == net_says(states)).all()
    assert (bob_says(states) == net_says(states)).all()


def test_hidden_cube_shares() -> None:
    """Exact volumes: Alice 29/32 = 90.6%, Bob 85/96 = 88.5%; here as sums over slices, and by hand."""
    n = 60
    middles = (np.arange(n) + 0.5) / n
    grid = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), -1).reshape(-1, 3)
    says = net_says(grid)
    assert (alice_says(grid) == says).mean() == pytest.approx(29 / 32, abs=6e-3)
    assert (bob_says(grid) == says).mean() == pytest.approx(85 / 96, abs=6e-3)

    def below(u):  # P(h1 + h2 ≤ u), integrated from 1/2, piecewise cubic
        return u**3 / 6 if u <= 1 else u - 1 + (2 - u) ** 3 / 6

    half, one, f = Fraction(1, 2), Fraction(1), Fraction
    upper = (below(f(2)) - below(f(3, 2))) / 2  # ∫ over h3 from 1/2 to 3/4 of P(sum ≤ 1/2 + 2·h3)
    missed_above = f(1, 4) - upper
    middle = (below(f(3, 2)) - below(half)) / 2
    bob = (middle - (below(one) - below(half))) + missed_above
    alice = f(1, 8) + middle - (one - half**3) / 3 + missed_above
    assert 1 - bob == f(85, 96)
    assert 1 - alice == f(29, 32)


def test_input_square_shares_and_the_impossible_state() -> None:
    n = 500
    middles = (np.arange(n) + 0.5) / n
    x = np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 2)
    h = hidden(x)
    says = net_says(h)
    assert (alice_says(h) == says).mean() == pytest.approx(0.9765, abs=6e-4)
    assert (bob_says(h) == says).mean() == pytest.approx(0.9822, abs=6e-4)
    both = (h @ A1 > 0.5) & (h @ A2 > 0.5)  # A without B, and B without A
    neither = ~(1 + h @ B1 > 0.5) & ~(h @ B2 > 0.5)  # not "not both", and not "any"
    assert both.mean() == pytest.approx(0.11356, abs=6e-4)
    assert not neither.any()


def test_the_impossible_area_by_its_border() -> None:
    """The same area without a grid over both inputs: for each x1 the x2 between two crossings, by bisection."""

    def sigmoid(z):
        return 1 / (1 + exp(-max(-500.0, min(500.0, z))))

    def inside(x1, x2):
        third = sigmoid(25 * (x1 + x2 - 1.5))
        return min(sigmoid(25 * (x1 - 0.5)), sigmoid(25 * (x2 - 0.5))) - third > 0.5

    def crossing(x1, low, high):
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if inside(x1, middle) == inside(x1, low) else (low, middle)
        return low

    n, area = 100, 0.0
    for i in range(n):
        x1 = 0.5 + 0.5 * (i + 0.5) / n
        hits = [x2 for x2 in np.linspace(0.5, 1, 101).tolist() if inside(x1, x2)]
        if hits:
            area += (crossing(x1, hits[-1], 1.0) - crossing(x1, 0.5, hits[0])) * 0.5 / n
    assert area == pytest.approx(0.11356, abs=1e-4)  # 11.4%


def test_separators() -> None:
    h = hidden(np.array([[0.6, 0.6]]))
    assert (h @ A1 > 0.5).all()
    assert (h @ A2 > 0.5).all()
    first, second = np.array([0.3, 0.3, 0]), np.array([0.8, 0, 0.2])
    assert (bool(net_says(first)), bool(bob_says(first)), bool(alice_says(first))) == (True, True, False)
    assert (bool(net_says(second)), bool(bob_says(second)), bool(alice_says(second))) == (False, True, True)


def test_carol_passes_all_joint_swaps() -> None:
    clean = activations(NET, ROWS)[1]
    right = 0
    for first, second, third, _ in product(range(4), repeat=4):  # every neuron is swapped, so the base is lost
        h = np.array([clean[first, 0], clean[second, 1], clean[third, 2]])
        says = bool((ROWS[first, 0] or ROWS[second, 1]) and not ROWS[third].all())
        right += bool(net_says(h)) == says
    assert right == 256


def test_random_frames_rarely_pass() -> None:
    """0.36% and 0.67% were told; 20,000 frames each, with three standard errors."""
    random = np.random.default_rng(0)
    clean = activations(NET, ROWS)[1]
    n = 20_000
    drawn = random.normal(size=(n, 2, 3))
    q1 = drawn[:, 0] / np.linalg.norm(drawn[:, 0], axis=1)[:, None]
    q2 = drawn[:, 1] - (drawn[:, 1] * q1).sum(1)[:, None] * q1
    q2 /= np.linalg.norm(q2, axis=1)[:, None]
    for wanted, values, gate in (
        (0.0037, ([0, 0, 1, 0], [0, 1, 0, 0]), np.logical_or),
        (0.0066, ([1, 1, 1, 0], [0, 1, 1, 1]), np.logical_and),
    ):
        passed = np.ones(n, dtype=bool)
        for s, t, b in product(range(4), repeat=3):
            moved = clean[b] + (q1 @ (clean[s] - clean[b]))[:, None] * q1 + (q2 @ (clean[t] - clean[b]))[:, None] * q2
            passed &= net_says(moved) == bool(gate(values[0][s], values[1][t]))
        assert passed.mean() == pytest.approx(wanted, abs=3 * (wanted / n) ** 0.5)


def test_forty_nine_circuits_of_which_four_are_valid() -> None:
    found = analyse_output(ask(NET, task=named_task("XOR", 2), data=DATA))
    assert (found.circuits.possible, len(found.circuits.masks)) == (49, 4)
    assert decide(forward(NET, ROWS)[:, 0], "threshold").tolist() == [0, 1, 1, 0]
