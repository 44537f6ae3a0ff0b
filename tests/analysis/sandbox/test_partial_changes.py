"""Interventions done in part: bends and turns against a fine sampling, ends against the runs that they join."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from analysis.networks.network import Network
from analysis.sandbox import partial_changes as partial
from analysis.sandbox.direction_edits import Along, read_place
from analysis.sandbox.intervention import Change, Intervention, intervention_of
from analysis.sandbox.partial_changes import partial_changes
from analysis.validity import decide
from tests.analysis.sandbox.test_running import bench_of, random_intervention, random_network

KINKED = ("relu", "leaky_relu", "linear")


def drawn(seed: int, activation: str, sizes=(2, 3, 3, 1)) -> tuple[Network, Intervention]:
    random = np.random.default_rng(seed)
    while not (intervention := random_intervention(random, sizes, sizes[0])).is_changed:
        pass
    return random_network(sizes, seed, activation), intervention


def along(share: float, shares, values) -> float:
    return float(np.interp(share, shares, values))


@pytest.mark.parametrize("activation", [*KINKED, "tanh", "sigmoid"])
@pytest.mark.parametrize("seed", range(8))
def test_a_path_joins_the_unchanged_run_to_the_changed_one(seed, activation) -> None:
    network, intervention = drawn(seed, activation)
    bench = bench_of(network)
    found = partial_changes(bench, intervention)
    assert found.exact == (activation in KINKED)
    assert (found.shares[0], found.shares[-1]) == (0.0, 1.0)
    for layer, values in enumerate(bench.run(intervention)):
        assert found.layers[layer][0] == pytest.approx(bench.clean[layer][intervention.base], abs=1e-12)
        assert found.layers[layer][-1].tolist() == values.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("activation", KINKED)
@pytest.mark.parametrize("seed", range(12))
def test_between_bends_every_neuron_is_linear_and_at_each_something_bends(seed, activation) -> None:
    network, intervention = drawn(seed, activation)
    bench = bench_of(network)
    found = partial_changes(bench, intervention)
    for share in np.random.default_rng(seed).random(200):
        for layer, values in enumerate(bench.trace(intervention, float(share))[1]):
            said = [along(share, found.shares, column) for column in found.layers[layer].T]
            assert said == pytest.approx(values.tolist(), abs=1e-9)
    for share in found.bends:
        totals = np.concatenate(bench.trace(intervention, share)[0])
        assert np.abs(totals).min() < 1e-9, "some pre-activation passes zero there"
    if activation == "linear":
        assert found.bends == ()


@pytest.mark.parametrize("activation", ["leaky_relu", pytest.param("tanh", marks=pytest.mark.slow)])
@pytest.mark.parametrize("seed", range(12))
def test_turns_are_where_the_decision_becomes_another(seed, activation) -> None:
    network, intervention = drawn(seed, activation)
    bench = bench_of(network)
    found = partial_changes(bench, intervention)

    def decision(share: float) -> int:
        output = bench.trace(intervention, min(max(share, 0.0), 1.0))[1][-1]
        return int(decide(output, "threshold")[0])

    decisions = [decision(share) for share in np.linspace(0, 1, 501)]
    assert len(found.turns) == sum(one != next_one for one, next_one in pairwise(decisions))
    for turn in found.turns:
        assert decision(turn - 1e-7) != decision(turn + 1e-7)


def test_directions_go_along_as_neurons_do() -> None:
    network = random_network((2, 3, 2, 1), 4, "relu")
    bench = bench_of(network)
    one = intervention_of(network.sizes, 2, 1, [Change(1, 0, None, "value", None, 0.7)])
    same = intervention_of(network.sizes, 2, 1, [], [Along(read_place("1~1~0~0"), "value", None, 0.7)])
    first, second = partial_changes(bench, one), partial_changes(bench, same)
    for share in (0.1, 0.35, 0.9):
        assert along(share, first.shares, first.outputs) == pytest.approx(along(share, second.shares, second.outputs))


def test_a_path_with_too_many_bends_is_sampled(monkeypatch) -> None:
    network, intervention = next(
        (net, change)
        for net, change in (drawn(seed, "relu") for seed in range(40))
        if len(partial_changes(bench_of(net), change).bends) >= 3
    )
    monkeypatch.setattr(partial, "MAX_BENDS", 4)
    found = partial_changes(bench_of(network), intervention)
    assert (found.exact, len(found.shares), found.bends) == (False, partial.SAMPLES, ())


def test_values_beyond_float64_give_no_path() -> None:
    network = random_network((2, 2, 1), 0, "linear")
    first, last = network.weights
    huge = Network.from_arrays([first, last * 1e303], list(network.biases), activation="linear")
    change = Change(1, 0, None, "value", None, 1e6)
    assert partial_changes(bench_of(huge), replace(Intervention(0), changes=(change,))) is None
