"""Networks on images: their tails, and the files that images come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.errors import InvalidTraining
from analysis.networks.mlp import activations, forward
from analysis.studies.cells import cells_of
from analysis.studies.digits import Images, parse_images, tail_of, train_on_images
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


def test_too_few_images_are_refused(images):
    few = Images(images.pixels[:20], images.labels[:20], "few")
    with pytest.raises(InvalidTraining, match="Hold out at least 8"):
        train_on_images(few, cell(), 3, 0.3)
