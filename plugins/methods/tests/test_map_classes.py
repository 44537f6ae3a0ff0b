"""Tests of each class of maps, against counting by hand and against what is known of small networks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pluriscope.analysis.algorithms.redundancy import placed_algorithms
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import Task, named_task
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.map_classes.closed_classes import closed_counts, count_closed
from pluriscope_methods.map_classes.report import CLOSED, ClassCounts, MapClassesReport

STORED = json.loads((Path(__file__).parents[3] / "app" / "bundled" / "alice-and-bob.json").read_text())
XORNET = Network.from_arrays(STORED["weights"], STORED["biases"], activation="sigmoid")
XOR, CLEAN = named_task("XOR", 2), clean_data(2)


def by_class(report: MapClassesReport) -> dict[str, ClassCounts]:
    return {one.map_class: one for one in report.rungs}


@pytest.mark.slow
def test_xornet_climbs() -> None:
    report = count_closed(ask(XORNET, task=XOR, data=CLEAN), n_permuted=3)
    assert {key: (r.algorithms, r.alignments, r.of, r.joint) for key, r in by_class(report).items()} == {
        "single": (0, 0, 12, 0),
        "sets": (1, 1, 24, 1),
        "integer": (2, 2, 2, 2),
        "integer-any": (2, 3, 312, 3),
        "orthogonal": (2, 2, 2, 2),
        "oblique": (2, 2, 2, 2),
    }
    assert (len(report.algorithms), report.n_irredundant) == (2, 2)
    assert {one.floor_networks for one in report.rungs} == {3}
    assert all(one.seconds == 0 and one.exact for one in report.rungs)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_floor_and_another_another() -> None:
    first, again, other = (
        count_closed(ask(XORNET, task=XOR, data=CLEAN), n_permuted=8, seed=seed).rungs for seed in (0, 0, 2)
    )
    assert first == again
    assert first != other


def test_an_algorithm_without_variables_leaves_nothing_to_climb() -> None:
    report = count_closed(ask(XORNET, task=named_task("AND", 2), data=CLEAN), n_permuted=0)
    assert report.algorithms == []
    assert {(r.alignments, r.of) for r in report.rungs} == {(0, 0)}


def test_a_class_beyond_the_limits_says_why_and_the_others_are_climbed() -> None:
    wide = Network.from_arrays(
        [[[1.0, 0.5]] * 10, [[0.1] * 10]], [[0.0] * 10, [0.0]], activation="relu", output_activation="linear"
    )
    counts = closed_counts(ask(wide, data=CLEAN), placed_algorithms(XOR, COMPLETE, 1))
    assert counts["integer"].refused.startswith("integer directions of layer 1: ")
    assert not counts["orthogonal"].refused
    floor = [counts["integer"], ClassCounts("sets", 1, 3, 4, None), ClassCounts("sets", 0, 0, 4, None)]
    assert counts["sets"].above(floor) == replace(counts["sets"], floor_networks=2, floor_passing=1, floor_placements=3)


def test_three_inputs() -> None:
    task = Task((0, 1, 0, 1, 0, 1, 1, 1), "A∧B ∨ C")
    network = Network.from_arrays(
        [[[1.0, 1, 0], [0, 0, 1]], [[1.0, 1]]], [[-1.0, 0], [0.0]], activation="relu", output_activation="linear"
    )
    report = count_closed(ask(network, task=task), n_permuted=1)
    assert list(by_class(report)) == list(CLOSED)
    assert report.n_irredundant == len(report.algorithms) == 2  # the other is (A ∨ C) ∧ (B ∨ C)
    assert (by_class(report)["single"].alignments, by_class(report)["single"].of) == (
        1,
        2 + 2,
    )  # A∧B on the first neuron


@pytest.mark.parametrize(("most", "truncated_at"), [(1, 1), (2, None)])
def test_what_is_placed_is_whole_unless_some_are_left_out(most, truncated_at) -> None:
    placed = placed_algorithms(XOR, COMPLETE, 1, most)
    assert (len(placed.algorithms), placed.n_candidates, placed.truncated_at) == (most, 2, truncated_at)


def test_what_passes_one_by_one_may_fail_all_at_once() -> None:
    network = Network.from_arrays(
        [[[2.0, 1], [2, 1], [-1, 2], [2, 2]], [[1.0, 1, 1, -2]]],
        [[0.0, 0, -1, -1], [0.0]],
        activation="relu",
        output_activation="linear",
    )
    one = closed_counts(ask(network, data=CLEAN), placed_algorithms(XOR, COMPLETE, 1), ["sets"])["sets"]
    assert (one.alignments, one.joint) == (12, 6)
