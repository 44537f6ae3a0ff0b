"""The nearest and the farthest other circuit, and what tells two apart, against plain loops."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest

from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.neighbours import Neighbours, distinguish, neighbours_of, valid_beside
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.subjects.graph import number_array
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.factories import pretrained_xor

XOR = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])


@pytest.mark.parametrize("n_bits", [20, 70])  # in machine words, and beyond
@pytest.mark.parametrize("n", [0, 1, 300])
def test_neighbours_are_those_of_plain_loops(n_bits, n, monkeypatch):
    monkeypatch.setattr("pluriscope.analysis.discovery.neighbours.MASKS_AT_ONCE", 64)
    draw = np.random.default_rng(n_bits)
    some = sorted({int.from_bytes(draw.bytes(9), "little") >> (72 - n_bits) for _ in range(n)})
    for mask in (0, *some[:3]):
        apart = [(one ^ mask).bit_count() for one in some]
        others = [(away, one) for away, one in zip(apart, some, strict=True) if away]
        near = min(others, default=None)
        far = min(((-away, one) for away, one in others), default=None)
        assert neighbours_of(mask, number_array(some, n_bits)) == Neighbours(
            near and near[1], far and far[1], tuple(apart.count(away) for away in range(max(apart, default=-1) + 1))
        )


def answer(mask: int, base: int, source: int, swapped: frozenset[tuple[int, int]]) -> int:
    """Answer of a circuit of the pretrained network where some neurons have their values on another input."""
    network = XOR.network

    def run(row: int, held: dict[tuple[int, int], float]) -> list[list[float]]:
        values, edge, layers = [float(row >> 1 & 1), float(row & 1)], 0, []
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            found = []
            for out, bias in enumerate(biases.tolist()):
                total, active = bias, False
                for source_, weight in enumerate(weights[out].tolist()):
                    if mask >> edge & 1:
                        total, active = total + values[source_] * weight, True
                    edge += 1
                value = total if total > 0 else total * (network.negative_slope or 0.0)
                found.append(held.get((layer, out), value if active else 0.0))
            values = found
            layers.append(values)
        return layers

    there = run(source, {})
    return int(run(base, {(layer, one): there[layer - 1][one] for layer, one in swapped})[-1][0] > 0.5)


@pytest.mark.parametrize(("mine", "other"), [(0x183BF, 0x1839F), (0x183BF, 0x3FCDF), (0x183BF, 0x183BF)])
def test_swaps_on_which_two_circuits_differ_are_those_of_plain_loops(mine, other):
    sites = [(layer, neuron) for layer in (1, 2) for neuron in range(3)]
    sets = chain.from_iterable(combinations(sites, n) for n in range(1, 7))
    runs = [(some, base, source) for some in sets for base in range(4) for source in range(4) if base != source]
    differ = []
    for some, base, source in runs:
        one, another = (answer(mask, base, source, frozenset(some)) for mask in (mine, other))
        differ += [(some, base, source)] if one != another else []
    (reply,) = distinguish(XOR, mine, [other])
    assert (reply.asked, reply.of, reply.differ, reply.largest) == ("swaps", 756, len(differ), None)
    if not differ:
        assert reply.answers == ()
        return
    neurons, base, source = differ[0]
    assert reply.neurons == tuple(f"n{layer}.{neuron}" for layer, neuron in neurons)
    assert (reply.row, reply.source) == (f"{base:02b}", f"{source:02b}")
    run = base, source, frozenset(neurons)
    whole = (1 << XOR.layout.n_edges) - 1
    assert reply.answers == tuple(str(answer(mask, *run)) for mask in (mine, other, whole))


def test_without_hidden_neurons_circuits_differ_by_rows():
    linear = ask(Network.from_arrays([[[1.0, 1.0]]], [[-0.5]], activation="relu", output_activation="linear"))
    (reply,) = distinguish(linear, 0b11, [0b01])
    assert (reply.asked, reply.of, reply.differ) == ("rows", 4, 1)
    assert (reply.row, reply.answers) == ("11", ("1", "0", "1"))


@pytest.mark.slow
def test_valid_circuits_beside_a_mask_are_those_of_the_whole_list():
    found = analyse_output(XOR).circuits
    masked, valid = landscape_of(XOR, found).under(""), set(found.masks.tolist())
    for raw in (
        *found.masks[::20].tolist(),
        0x3FFFF,
        0x183BE,
        0x183BF | 1 << 14,
        0,
    ):  # valid, whole, wrong, loose, empty
        mask = masked.left(raw).mask
        beside = valid_beside(masked, raw)
        assert {one for one in valid if (one ^ mask).bit_count() == 1} <= set(beside) <= valid - {mask}, raw
        loose = {masked.left(raw ^ 1 << bit).mask for bit in range(18)} & valid - {mask}
        assert loose <= set(beside), raw
