"""The source that plants, and its designs."""

from __future__ import annotations

import json

import pytest

from analysis.errors import InvalidStudy
from analysis.studies.cells import cells_of
from analysis.studies.outcome import StudyOutcome
from analysis.studies.reading import read_design
from analysis.studies.running import run_cell

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
def outcomes():
    cell, _ = cells_of(design())
    return list(run_cell(cell, [4, 5]))


def test_networks_carry_the_algorithms_by_turns(outcomes):
    assert [one.planted.algorithm.text for one in outcomes] == [ALICE, BOB]
    assert all(one.state == "converged" and one.tables == ("0110",) for one in outcomes)
    assert [[made.step for made in one.planted.made] for one in outcomes] == [["compile", "idle", "noise"]] * 2


def test_an_outcome_keeps_what_was_planted(outcomes):
    for one in outcomes:
        again = StudyOutcome.from_json(json.loads(json.dumps(one.as_json())))
        assert again.planted == one.planted
        assert again.values == one.values
    bare = outcomes[0].as_json()
    del bare["planted"]
    assert StudyOutcome.from_json(bare).planted is None


@pytest.mark.slow
def test_starts_that_do_not_learn_are_outcomes_too():
    _, cell = cells_of(design())
    found = list(run_cell(cell, [0, 1, 2]))
    assert {one.state for one in found} == {"loss_above_target"}
    assert all(one.network is not None and one.planted is not None for one in found)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"planting": ["weave"]}, "begins with 'weave'"),
        ({"planting": ["compile, paint"]}, "is unknown"),
        ({"hidden": [[1, 1]]}, "needs hidden layers of 2-1"),
        ({"activation": ["tanh"]}, "has no gates here"),
        ({"source_options": {}}, "are no list of texts"),
        ({"source_options": {"algorithms": ["(A&B)"]}}, "does not compute XOR"),
        ({"source_options": {"algorithms": [ALICE], "steps": 0}}, "is out of range"),
        ({"source": "boolean", "source_options": {}}, "plants nothing"),
    ],
)
def test_designs_that_cannot_be_planted_are_refused(changes, told):
    with pytest.raises(InvalidStudy, match=told):
        design(**changes)
