"""Networks on images: their tails, and the files that images come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.errors import InvalidTraining
from analysis.networks.mlp import activations, forward
from analysis.studies.cells import cells_of
from analysis.studies.digits import Images, parse_images, tail_of, tails_of_networks, train_on_images
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
    state, network, losses, _ = trained
    assert (state, losses[-1] < 0.01) == ("converged", True)
    assert network.sizes == (64, 128, 128, 3, 3, 3, 1)
    again, short = (next(tails_of_networks(images, one, [3], 0.3)) for one in (cell(), cell(epochs=2)))
    assert again.accuracy >= 0.99
    assert again.network.digest == tail_of(network, images, trained[3])[0].digest
    assert (short.state, short.epochs) == ("loss_above_target", 2)


@pytest.mark.slow
def test_the_tail_says_what_the_whole_network_says(images, trained):
    _, network, _, held_out = trained
    tail, task, data = tail_of(network, images, held_out)
    whole = forward(network, images.pixels[held_out])
    assert tail.sizes == (3, 3, 3, 1)
    assert np.allclose(forward(tail, data.validation_inputs), whole, rtol=0, atol=1e-5)  # in single precision
    assert data.validation_labels[:, 0].tolist() == images.labels[held_out].tolist()
    assert sorted(task.truth_table) == [0] * 4 + [1] * 4
    below = activations(network, images.pixels[held_out])[3]
    assert np.array_equal(data.validation_inputs, below.astype(np.float32))
    assert not data.boolean


def test_too_few_images_are_refused(images):
    few = Images(images.pixels[:20], images.labels[:20], "few")
    with pytest.raises(InvalidTraining, match="Hold out at least 8"):
        train_on_images(few, cell(), 3, 0.3)
