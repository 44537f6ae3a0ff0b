"""Locations of random claims against all masks of a network, and closures against dropping edges one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.circuits.strategy import find_circuits
from pluriscope.analysis.discovery.landscape import distance
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.masked_perceptron import closed
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from tests.golden_files import golden_network
from tests.oracles.brute_force_stories import INPUTS, Plain


def question_of(name: str) -> Question:
    return ask(golden_network(name).network, task=named_task("XOR", 2))


def plain_of(question: Question) -> Plain:
    network = question.network
    return Plain(
        [matrix.tolist() for matrix in network.weights],
        [bias.tolist() for bias in network.biases],
        network.activation,
        network.output_activation,
        network.negative_slope,
    )


def closed_slowly(raw: int, edges: list[tuple[int, int, int]], sizes: list[int]) -> int:
    """Drop one edge after the other that has nothing before it, or nothing after it."""
    kept = {edge for bit, edge in enumerate(edges) if raw >> bit & 1}
    while True:
        useless = next(
            (
                (layer, out, source)
                for layer, out, source in sorted(kept)
                if (layer and not any((layer - 1, source, i) in kept for i in range(sizes[layer - 1])))
                or (layer < len(sizes) - 2 and not any((layer + 1, o, out) in kept for o in range(sizes[layer + 2])))
            ),
            None,
        )
        if useless is None:
            return sum(1 << bit for bit, edge in enumerate(edges) if edge in kept)
        kept.remove(useless)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(2, 3, 3, 1), (2, 2, 2, 2, 1), (3, 4, 1)])
def test_closures_are_what_is_left_when_useless_edges_go(sizes: tuple[int, ...]) -> None:
    layout = EdgeLayout(sizes)
    edges = [
        (layer, out, source)
        for layer in range(len(sizes) - 1)
        for out in range(sizes[layer + 1])
        for source in range(sizes[layer])
    ]
    for raw in np.random.default_rng(1).integers(0, 1 << layout.n_edges, 300).tolist():
        one = closed(raw, layout)
        assert one.mask == closed_slowly(raw, edges, list(sizes))
        assert closed(one.mask, layout).mask == one.mask
        assert not closed(one.mask, layout).severed


@pytest.mark.slow
def test_a_thousand_random_claims_are_located_as_all_masks_locate_them() -> None:
    question = question_of("xor_pretrained")
    plain, layout = plain_of(question), question.layout
    valid = np.array(plain.valid_masks())
    sizes = np.bitwise_count(valid)
    backbone = int(np.bitwise_and.reduce(valid))
    on_each = [plain.run(row) for row in INPUTS]
    means = [[sum(values) / len(INPUTS) for values in zip(*layer, strict=True)] for layer in zip(*on_each, strict=True)]
    under = {
        "zero": set(valid.tolist()),
        "mean": set(plain.valid_masks(means)),
        "resample": set.intersection(*(set(plain.valid_masks(values)) for values in on_each)),
    }
    assert {name: len(masks & under["zero"]) for name, masks in under.items()} == {
        "zero": 197,
        "mean": 191,
        "resample": 100,
    }
    landscape = landscape_of(question, search_circuits(question))
    random = np.random.default_rng(0)
    some = random.integers(0, 1 << 18, 600).tolist()
    some += [
        int(m) ^ (1 << int(e)) for m, e in zip(random.choice(valid, 200), random.integers(0, 18, 200), strict=True)
    ]
    some += random.choice(valid, 200).tolist()
    chances = {size: (one.low, one.possible) for size, one in landscape.chances.items()}
    for raw, place in zip(some, landscape.locate_all([(raw, None) for raw in some]), strict=True):
        mask = closed_slowly(raw, plain.edges, plain.sizes)
        n_edges = mask.bit_count()
        assert place.closed.mask == mask
        assert place.valid == (mask in valid)
        assert place.under == {name: mask in masks for name, masks in under.items()}
        kept = plain.kept(raw)
        right = all(
            (0.5 < out < 1.5) if a ^ b else (-0.5 <= out <= 0.5)
            for a in (0, 1)
            for b in (0, 1)
            for out in [plain.run((a, b), kept)[-1][0]]
        )
        assert place.raw_valid == right
        assert (place.rank.smaller, place.rank.equal, place.rank.larger) == (
            int((sizes < n_edges).sum()),
            int((sizes == n_edges).sum()),
            int((sizes > n_edges).sum()),
        )
        apart = np.bitwise_count(valid ^ mask)
        assert place.nearest is not None
        assert place.nearest == int(valid[apart == apart.min()].min())
        assert place.recall == ((mask & backbone).bit_count(), backbone.bit_count())
        assert place.extra == (mask & ~backbone).bit_count()
        assert place.excess == (n_edges - int(sizes.min()) if mask in valid else None)
        if n_edges in chances:
            assert place.chance is not None
            assert chances[n_edges][0] == int((sizes == n_edges).sum())
        assert place.own_valid is None
    assert layout.n_edges == 18


@pytest.mark.slow
def test_circuits_valid_under_any_ablation_are_right_as_raw_masks_too() -> None:
    rules = COMPLETE.model_copy(update={"circuit_family": "any_ablation"})
    question = replace(question_of("xor_relu_3-3"), protocol=rules)
    circuits = search_circuits(question)
    masks = [(mask, None) for mask in circuits.masks.tolist()]
    found = landscape_of(question, circuits, judges=False).locate_all(masks)
    assert all(one.valid and one.raw_valid for one in found)
    fewer = landscape_of(question_of("xor_relu_3-3"), circuits, judges=False)
    assert not all(one.raw_valid for one in fewer.locate_all([(mask, None) for mask in circuits.masks.tolist()]))


def test_where_circuits_are_counted_nearest_is_an_upper_bound() -> None:
    question = question_of("xor_3-3_a")
    limits = Limits(max_possible=1_000, n_draws=10, n_smallest=0)
    counted = find_circuits(question, Work(limits=limits))
    assert counted.method == "counted"
    assert counted.truncated_at is not None
    landscape, listed = landscape_of(question, counted), landscape_of(question, search_circuits(question))
    masks = np.random.default_rng(2).integers(0, 1 << 18, 50).tolist()
    some, every = (one.locate_all([(mask, None) for mask in masks]) for one in (landscape, listed))
    for near, exact in zip(some, every, strict=True):
        assert near.rank == exact.rank
        assert near.chance == exact.chance
        assert near.nearest is not None
        assert exact.nearest is not None
        away = distance(near.nearest, near.closed.mask)
        assert away >= distance(exact.nearest, exact.closed.mask)
        assert (away == 0) == near.valid


def test_without_a_valid_circuit_nothing_is_near() -> None:
    network = golden_network("and_3-3").network
    question = ask(network, task=named_task("XOR", 2))
    landscape = landscape_of(question, search_circuits(question))
    (place,) = landscape.locate_all([((1 << 18) - 1, None)])
    assert not place.valid
    assert (place.nearest, place.recall, place.extra, place.excess, place.criteria) == (None,) * 5
    assert (place.rank.smaller, place.rank.equal, place.rank.larger) == (0, 0, 0)
