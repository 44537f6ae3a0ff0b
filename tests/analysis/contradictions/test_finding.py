"""Alice, Bob and Carol on the analytic XORNet, all found; and where they contradict the network or each other.

Exact shares of the hidden cube are held against the fractions worked out by hand; areas of the input square against
sums over a fine grid of the network itself.
"""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analysis.circuits.strategy import find_circuits
from analysis.contradictions.events import Event, Situation
from analysis.contradictions.finding import find_contradictions, first_interpretation
from analysis.contradictions.hidden_cube import cube_shares
from analysis.contradictions.input_square import square_shares
from analysis.contradictions.readers import HalfSpace, Reader, network_test
from analysis.data import clean_data
from analysis.errors import BeyondLimits, Cancelled
from analysis.networks.circuit import Circuit
from analysis.networks.mlp import forward
from analysis.networks.network import Network
from analysis.question import ask
from analysis.tasks import named_task
from analysis.work import Work

STORED = json.loads((Path(__file__).parents[3] / "app" / "bundled" / "alice-and-bob.json").read_text())
XORNET = Network.from_arrays(STORED["weights"], STORED["biases"], activation="sigmoid")
XOR, CLEAN = named_task("XOR", 2), clean_data(2)
ALICE, BOB, CAROL = 0, 1, 2
F = Fraction


@cache
def circuits():
    found = find_circuits(ask(XORNET, task=XOR, data=CLEAN))
    return tuple(Circuit(found.layout, mask) for mask in found.masks.tolist())


@cache
def story(width=3e-2, n_frames=300):
    return find_contradictions(ask(XORNET, task=XOR, data=CLEAN), circuits(), width=width, n_frames=n_frames)


def share(found, kind, *readers):
    return next(one for one in found if one.event == Event(kind, readers))


@pytest.mark.slow
def test_all_three_are_found() -> None:
    alice, bob = story().alignments
    carol = story().interpretation
    assert (alice.algorithm.text, bob.algorithm.text) == ("!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))")
    assert alice.scored.alignment.text == "0@1=0,1,-1;1@1=1,0,-1"
    assert bob.scored.alignment.text == "0@1=1,1,-1;1@1=0,0,1"
    for one in (alice, bob):
        for scored in (one.scored, one.dual):
            assert (scored.iia.agreed, scored.iia.of, scored.joint.agreed, scored.joint.of) == (24, 24, 64, 64)
    assert [gate.name for gate in carol.interpretation.gates][:3] == ["A", "B", "AND"]
    assert (carol.joint.agreed, carol.joint.of) == (256, 256)
    assert (carol.n_circuits, carol.n_passing) == (4, 4)  # they differ by edges of weight 0
    assert story().without == ()


@pytest.mark.slow
def test_on_neuron_sets_only_bob() -> None:
    alice, bob = (one.neuron_sets for one in story().alignments)
    assert (len(alice.valid), alice.of, alice.best_joint.agreed, alice.best_joint.of) == (0, 12, 52, 64)
    assert (len(bob.valid), bob.of, bob.best_joint.agreed, bob.best_joint.of) == (1, 12, 64, 64)
    assert {site.neurons for _, site in bob.valid[0].places} == {(2,), (0, 1)}


@pytest.mark.slow
def test_carol_refines_bob_and_not_alice() -> None:
    assert story().interpretation.refines == (story().alignments[BOB].algorithm.text,)


@pytest.mark.slow
def test_shares_of_the_hidden_cube_are_exact() -> None:
    found = story().in_cube
    assert share(found, "wrong", ALICE).share == 1 - F(29, 32)
    assert share(found, "wrong", BOB).share == 1 - F(85, 96)
    assert share(found, "impossible", ALICE).share == F(1, 24)
    assert [share(found, "wrong", i).corners for i in range(3)] == [0, 0, 0]
    differ = share(found, "differ", ALICE, BOB)
    parts = share(found, "only-wrong", ALICE, BOB), share(found, "only-wrong", BOB, ALICE)
    assert differ.share == parts[0].share + parts[1].share  # with two answers, who differs is wrong alone
    n = 40
    middles = (np.arange(n) + 0.5) / n
    grid = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), -1).reshape(-1, 3)
    carol = ((grid[:, 0] > 0.5) | (grid[:, 1] > 0.5)) & (grid[:, 2] <= 0.5)
    says = grid @ [1, 1, -2] > 0.5
    assert float(share(found, "wrong", CAROL).share) == pytest.approx((carol != says).mean(), abs=1e-2)


@pytest.mark.slow
def test_witnesses_are_what_they_are_said_to_be() -> None:
    situation = Situation(
        (*(one.reader for one in story().alignments), story().interpretation.reader), network_test(XORNET)
    )
    for one in story().in_cube:
        assert (one.witness is None) == (one.share == 0)
        decided = situation.network.holds(one.witness)
        said = [reader.outputs[reader.combination(one.witness)] for reader in situation.readers]
        i, j = one.event.readers[0], one.event.readers[-1]
        match one.event.kind:
            case "wrong":
                assert said[i] != decided
            case "impossible":
                assert not situation.readers[i].possible[situation.readers[i].combination(one.witness)]
            case "differ":
                assert said[i] != said[j]
            case "only-wrong":
                assert said[i] != decided == said[j]
            case _:
                assert all(one != decided for one in said)


@pytest.mark.slow
def test_areas_of_the_input_square_hold_what_a_grid_finds() -> None:
    found = story().in_square
    n = 400
    middles = (np.arange(n) + 0.5) / n
    x = np.stack(np.meshgrid(middles, middles, indexing="ij"), -1).reshape(-1, 2)
    h = 1 / (1 + np.exp(-np.clip(x @ XORNET.weights[0].T + XORNET.biases[0], -500, 500)))
    alice = (h[:, 0] - h[:, 2] > 0.5, h[:, 1] - h[:, 2] > 0.5)
    says = forward(XORNET, x)[:, 0] > 0.5
    for one, wanted in (
        (share(found, "wrong", ALICE), ((alice[0] | alice[1]) != says).mean()),
        (share(found, "impossible", ALICE), (alice[0] & alice[1]).mean()),
    ):
        assert one.low - 1e-3 <= wanted <= one.high + 1e-3
        assert one.high - one.low <= 3e-2
    assert share(found, "impossible", BOB).high <= 3e-2
    assert share(found, "impossible", ALICE).witness == (0.6, 0.6)


@pytest.mark.slow
def test_the_impossible_state_to_three_digits() -> None:
    found = find_contradictions(ask(XORNET, task=XOR, data=CLEAN), circuits(), width=3e-4)
    alice = share(found.in_square, "impossible", ALICE)
    assert 0.1135 < alice.low < 0.11356 < alice.high < 0.1136  # 11.4%, not 11.3
    bob = share(found.in_square, "impossible", BOB)
    assert (bob.low, bob.high, bob.witness) == (0, 0, None)  # proved, not sampled
    for one, low, high in zip(found.alignments, (0.0030, 0.0050), (0.0055, 0.0081), strict=True):
        assert low < one.chance.low < one.chance.high < high


@pytest.mark.slow
def test_areas_of_a_network_whose_borders_are_lines_are_known() -> None:
    """h = (x1, x2), decision x1 + x2 > 1/2; a reader that says x1 > 1/2 is wrong on 1/2 − 1/8 of the square."""
    net = Network.from_arrays(
        [[[1.0, 0], [0, 1]], [[1.0, 1]]], [[0.0, 0], [0.0]], activation="relu", output_activation="linear"
    )
    reader = Reader(("A",), (HalfSpace((F(1), F(0)), F(-1, 2)),), (0, 1), (True, False), 0.0)
    situation = Situation((reader,), network_test(net))
    wrong, impossible, _ = square_shares(net, situation, width=1e-3)
    assert wrong.low <= 0.375 <= wrong.high <= wrong.low + 1e-3
    assert impossible.low <= 0.5 <= impossible.high <= impossible.low + 1e-3


def test_what_is_beyond_the_limits_says_so_and_it_can_be_stopped() -> None:
    wide = Reader(("A",), (HalfSpace((F(1),) * 5, F(0)),), (0, 1), (True, True), 0.0)
    with pytest.raises(BeyondLimits, match="5 dimensions"):
        cube_shares(Situation((wide,), HalfSpace((F(1),) * 5, F(0))), (0, 1))

    def stop(progress):
        raise Cancelled("contradictions")

    with pytest.raises(Cancelled):
        find_contradictions(ask(XORNET, task=XOR, data=CLEAN), circuits(), Work(report=stop))


@pytest.mark.slow
def test_of_the_circuits_whose_readings_pass_the_smallest_is_told() -> None:
    found = first_interpretation(ask(XORNET), circuits(), [])
    assert sorted(circuit.n_edges for circuit in circuits()) == [7, 8, 8, 9]
    assert found is not None
    assert (found.n_passing, found.interpretation.circuit.n_edges) == (4, 7)
