"""The source that plants, and its designs."""

from __future__ import annotations

import json

import pytest

from analysis.errors import InvalidStudy
from analysis.studies.reading import read_design
from analysis.studies.rows import network_of_row
from analysis.studies.running import run_chunk

ALICE, BOB = "!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))"


def design(**changes):
    told = {
        "format": "pluriscope-study/1",
        "slug": "planted-test",
        "name": "Planted",
        "question": "Found?",
        "source": "planted",
        "source_options": {"algorithms": [ALICE, BOB], "steps": 40},
        "hidden": [[3, 2]],
        "planting": ["compile, idle, noise=0.4", "iit"],
        "seeds": {"first": 0, "count": 2},
        "measures": ["circuits-valid", "backbone-edges"],
        **changes,
    }
    return read_design(json.dumps(told).encode())


@pytest.fixture(scope="module")
def found():
    return run_chunk(design(), 0, [4, 5])


def test_networks_carry_the_algorithms_by_turns_and_rows_keep_them(found):
    planted = [network_of_row(design(), row).planted for row in found]
    assert [one.algorithm.text for one in planted] == [ALICE, BOB]
    assert all(row["state"] == "converged" and row["tables"] == ["0110"] for row in found)
    assert [[made.step for made in one.made] for one in planted] == [["compile", "idle", "noise"]] * 2


@pytest.mark.slow
def test_starts_that_do_not_learn_are_outcomes_too():
    found = run_chunk(design(), 1, [0, 1, 2])
    assert {row["state"] for row in found} == {"loss_above_target"}
    assert all(network_of_row(design(), row).planted is not None for row in found)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"planting": ["weave"]}, "begins with 'weave'"),
        ({"planting": ["compile, paint"]}, "is unknown"),
        ({"hidden": [[1, 1]]}, "needs hidden layers of 2-1"),
        ({"activation": ["tanh"]}, "has no gates here"),
        ({"source_options": {}}, "algorithms: fill this in"),
        ({"source_options": {"algorithms": ["(A&B)"]}}, "does not compute XOR"),
        ({"source_options": {"algorithms": [ALICE], "steps": 0}}, "steps: Input should be greater"),
        ({"source": "boolean", "source_options": {}}, "planting: source 'boolean' has none"),
    ],
)
def test_designs_that_cannot_be_planted_are_refused(changes, told):
    with pytest.raises(InvalidStudy, match=told):
        design(**changes)
