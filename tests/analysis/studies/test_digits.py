"""Networks on images: their tails, and the files that images come in."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from analysis.circuits.strategy import find_circuits
from analysis.errors import InvalidTraining
from analysis.networks.circuit import EdgeLayout
from analysis.networks.mlp import activations, forward
from analysis.protocol import COMPLETE, PAPER
from analysis.question import Question
from analysis.studies.cells import cells_of
from analysis.studies.digits import Images, parse_images, tail_of, train_on_images
from tests.oracles.brute_force_circuits import bent
from tests.study_factories import design

BUNDLED = Path(__file__).parents[3] / "app" / "bundled" / "digits-0-1.json"


def cell(**training):
    known = design(
        source="digits",
        n_inputs=3,
        tasks=[["one, not zero"]],
        hidden=[[3, 3]],
        training={"epochs": 200, "patience": 20, **training},
        measures=["circuits-valid"],
        comparisons=[],
        ladders=[],
        references=[],
    )
    return cells_of(known)[0]


@pytest.fixture(scope="module")
def images():
    return parse_images(BUNDLED.read_bytes())


@pytest.fixture(scope="module")
def trained(images):
    return train_on_images(images, cell(), 3, 0.3)


def test_the_bundled_images_are_the_zeros_and_ones_of_the_test_part(images):
    assert np.bincount(images.labels).tolist() == [178, 182]
    assert images.pixels.shape == (360, 64)
    assert (images.pixels.min(), images.pixels.max()) == (0, 1)
    middle = images.pixels.reshape(-1, 8, 8)[:, 2:6, 3:5].mean(axis=(1, 2))
    assert middle[images.labels == 1].mean() > 2 * middle[images.labels == 0].mean()  # a zero is empty inside


@pytest.mark.slow
def test_a_network_learns_and_equal_seeds_give_equal_networks(images, trained):
    assert trained.state == "converged"
    assert trained.network.sizes == (64, 128, 128, 3, 3, 3, 1)
    assert trained.accuracy >= 0.99
    assert train_on_images(images, cell(), 3, 0.3).network.digest == trained.network.digest
    assert train_on_images(images, cell(epochs=2), 4, 0.3).state == "loss_above_target"


@pytest.mark.slow
def test_the_tail_says_what_the_whole_network_says(images, trained):
    tail, task, data = tail_of(trained.network, images, trained.held_out)
    whole = forward(trained.network, images.pixels[trained.held_out])
    assert tail.sizes == (3, 3, 3, 1)
    assert np.allclose(forward(tail, data.validation_inputs), whole, rtol=0, atol=1e-5)  # in single precision
    assert data.validation_labels[:, 0].tolist() == images.labels[trained.held_out].tolist()
    assert sorted(task.truth_table) == [0] * 4 + [1] * 4
    below = activations(trained.network, images.pixels[trained.held_out])[3]
    assert np.array_equal(data.validation_inputs, below.astype(np.float32))
    assert not data.boolean


@pytest.mark.slow
def test_valid_circuits_of_the_tail_are_those_that_decide_the_images_right(images, trained):
    tail, task, data = tail_of(trained.network, images, trained.held_out)
    found = {rule.name: find_circuits(Question(tail, 0, task, rule, data)) for rule in (PAPER, COMPLETE)}
    assert (found["paper"].possible, found["complete"].possible) == (24_366, 94_591)
    assert set(found["paper"].masks.tolist()) < set(found["complete"].masks.tolist())
    layout = EdgeLayout(tail.sizes)
    random = np.random.default_rng(0)
    valid = set(found["complete"].masks.tolist())
    for mask in random.choice(found["complete"].masks, 20).tolist():
        assert share_right(tail, layout, mask, data) > 0.99
        for bit in range(0, layout.n_edges, 5):
            other = mask & ~(1 << bit)
            if is_circuit(tail.sizes, other) and other not in valid:
                assert share_right(tail, layout, other, data) <= 0.99


def edges_of(sizes, mask):
    """[layer][out][in] whether an edge is kept; read off the order that spec and golden data state."""
    kept, bit = [], 0
    for n_in, n_out in pairwise(sizes):
        kept.append([[mask >> (bit + o * n_in + i) & 1 for i in range(n_in)] for o in range(n_out)])
        bit += n_in * n_out
    return kept


def is_circuit(sizes, mask):
    kept = edges_of(sizes, mask)
    active = [set(range(sizes[0])), *({o for o, row in enumerate(layer) if any(row)} for layer in kept)]
    for depth, layer in enumerate(kept):
        used = {i for row in layer for i, bit in enumerate(row) if bit}
        if used != active[depth]:
            return False
    return active[-1] == {0}


def share_right(tail, layout, mask, data):
    kept = edges_of(tail.sizes, mask)
    right = 0
    for row, label in zip(data.validation_inputs.tolist(), data.validation_labels[:, 0].tolist(), strict=True):
        values = row
        for weights, biases, layer in zip(tail.weights, tail.biases, kept, strict=True):
            values = [
                bent(b + sum(w * v for w, v, k in zip(ws, values, ks, strict=True) if k), "leaky_relu", 0.01)
                if any(ks)
                else 0.0
                for ws, b, ks in zip(weights.tolist(), biases.tolist(), layer, strict=True)
            ]
        right += round(values[0]) == label
    return right / len(data.validation_inputs)


def test_too_few_images_are_refused(images):
    few = Images(images.pixels[:20], images.labels[:20], "few")
    with pytest.raises(InvalidTraining, match="Hold out at least 8"):
        train_on_images(few, cell(), 3, 0.3)
