"""Maps of the input plane, beside the network itself at random points."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from analysis.certificates.input_plane import SIDE, plane_map
from analysis.certificates.programs import circuit_program, decision_regions, network_program, with_fixed
from analysis.networks.ablation import zeros
from analysis.networks.circuit import Circuit, EdgeLayout
from analysis.networks.mlp import circuit_activations, forward
from analysis.networks.network import Network
from analysis.validity import decide


def random_network(seed: int, sizes=(2, 3, 3, 1), activation="leaky_relu", output="linear") -> Network:
    rng = np.random.default_rng(seed)
    return Network.from_arrays(
        [rng.normal(size=(wide, before)) for before, wide in pairwise(sizes)],
        [rng.normal(size=wide) for wide in sizes[1:]],
        activation=activation,
        output_activation=output,
    )


def area(corners) -> float:
    x, y = np.array(corners).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def inside(corners, points, clear: float):
    """Which points lie inside a convex counter-clockwise polygon, that far from each side."""
    found = np.ones(len(points), dtype=bool)
    for start, end in zip(np.array(corners), np.roll(np.array(corners), -1, axis=0), strict=True):
        along = end - start
        length = np.hypot(*along)
        if length > 1e-12:
            across = along[0] * (points[:, 1] - start[1]) - along[1] * (points[:, 0] - start[0])
            found &= across > clear * length
    return found


@pytest.mark.parametrize("rule", ["rounding", "threshold"])
@pytest.mark.parametrize("seed", range(12))
def test_pieces_cover_the_square_and_decide_as_the_network(seed, rule):
    network = random_network(seed, activation=["leaky_relu", "relu", "linear"][seed % 3])
    found = plane_map(network_program(network), decision_regions(network, rule))
    assert found.grid is None
    assert sum(area(piece.corners) for piece in found.pieces) == pytest.approx(1.0, abs=1e-9)
    points = np.random.default_rng(seed).random((2_000, 2))
    decisions = decide(forward(network, points)[:, 0], rule)
    n_inside = 0
    for piece in found.pieces:
        here = inside(piece.corners, points, 1e-6)
        n_inside += here.sum()
        assert set(decisions[here].tolist()) <= {piece.decision}
    assert n_inside > 1_900


def test_a_circuit_is_mapped_as_it_runs():
    network = random_network(3)
    layout = EdgeLayout(network.sizes)
    circuit = Circuit(layout, 0x081FF)
    program = circuit_program(network, circuit.keep, zeros(network.sizes))
    found = plane_map(program, decision_regions(network, "threshold"))
    points = np.random.default_rng(0).random((500, 2))
    decisions = decide(circuit_activations(network, circuit, points)[-1][:, 0], "threshold")
    for piece in found.pieces:
        assert set(decisions[inside(piece.corners, points, 1e-6)].tolist()) <= {piece.decision}


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_a_smooth_network_is_decided_in_the_middles_of_a_grid(activation):
    network = random_network(5, activation=activation)
    found = plane_map(network_program(network), decision_regions(network, "threshold"))
    assert found.pieces == ()
    for second, first in ((0, 0), (0, SIDE - 1), (SIDE // 2, 3), (SIDE - 1, SIDE // 3)):
        point = np.array([[(first + 0.5) / SIDE, (second + 0.5) / SIDE]])
        assert found.grid[second, first] == decide(forward(network, point)[:, 0], "threshold")[0]


def test_a_third_input_is_fixed_exactly():
    network = random_network(7, sizes=(3, 4, 3, 1))
    program = with_fixed(network_program(network), 2, 0.25)
    points = np.random.default_rng(1).random((50, 2))
    whole = np.column_stack([points, np.full(50, 0.25)])
    np.testing.assert_allclose(program.values(points), network_program(network).values(whole), atol=1e-12)
    with pytest.raises(ValueError, match="of two inputs, not 3"):
        plane_map(network_program(network), decision_regions(network, "threshold"))


def test_too_many_neurons_are_drawn_as_a_grid():
    network = random_network(1, sizes=(2, 20, 20, 1), activation="relu")
    assert plane_map(network_program(network), decision_regions(network, "threshold")).grid is not None
