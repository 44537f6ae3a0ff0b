"""One network along its training."""

from __future__ import annotations

import pytest

from analysis.data import clean_data
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.studies.series import Course, explanations, follow, summarised
from analysis.tasks import named_task
from tests.golden_files import golden, golden_data, golden_network

XOR, DATA = named_task("XOR", 2), clean_data(2)


def test_explanations_are_those_of_the_authors_code_and_ours():
    file, stored = golden_network("xor_3-3_a"), golden("xor_3-3_a")["outputs"][0]
    found = explanations(file.network, file.tasks[0], golden_data("xor_3-3_a"))
    masks = {*stored["circuits"]["masks"], *stored["circuits_full_node_mask"]["masks"]}
    assert found["circuit"] == masks
    assert len(found["algorithm"]) == len(found["alignment"]) == 2


def test_a_lower_target_is_the_same_network_further_on():
    targets = (0.1, 0.01, 0.001)
    outcomes = train_networks([TrainingSpec(seed=4, loss_target=target) for target in targets])
    assert outcomes[1].losses[: outcomes[0].epochs] == outcomes[0].losses
    assert outcomes[2].losses[: outcomes[1].epochs] == outcomes[1].losses
    networks = [outcome.network for outcome in outcomes]
    courses = follow(networks, XOR, DATA)
    for moment, network in enumerate(networks):
        here = explanations(network, XOR, DATA)
        for kind, items in here.items():
            assert {c.item for c in courses if c.kind == kind and c.present[moment]} == items


@pytest.mark.parametrize(
    ("present", "appears", "disappears", "gaps"),
    [
        ((True, True, True), 0, None, 0),
        ((False, True, False), 1, 2, 0),
        ((True, False, True), 0, None, 1),
        ((True, False, None), 0, 1, 0),
        ((True, None, None), 0, None, 0),
    ],
)
def test_appears_and_disappears(present, appears, disappears, gaps):
    course = Course("circuit", "0", present)
    assert (course.appears, course.disappears, course.n_gaps) == (appears, disappears, gaps)


def test_what_is_kept_lost_and_gained():
    one = [Course("circuit", "a", (True, True, False)), Course("circuit", "b", (False, True, True))]
    two = [Course("circuit", "a", (True, False, None)), Course("algorithm", "x", (True, True, None))]
    first, second, third = summarised([one, two], "circuit", 3)
    assert (first.networks, first.present, first.one, first.final, first.of_final) == (2, 2, 2, 0, 1)
    assert (second.kept, second.lost, second.gained, second.none, second.items) == (1, 1, 1, 1, 1.0)
    assert (third.networks, third.lost, third.final, third.of_final) == (1, 1, 1, 1)
