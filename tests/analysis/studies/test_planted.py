"""The source that plants, its designs, and measures that take a benchmark's errors apart."""

from __future__ import annotations

import json
from functools import reduce
from operator import and_

import pytest

from analysis.discovery.audit import audit
from analysis.discovery.location import Landscape
from analysis.errors import InvalidStudy
from analysis.pipeline import search_for_circuits
from analysis.planting.certificate import exhaustive
from analysis.question import ask
from analysis.studies.cells import cells_of
from analysis.studies.measures.planted import ASKED
from analysis.studies.measures.registry import MEASURES
from analysis.studies.outcome import StudyOutcome, network_of_outcome
from analysis.studies.reading import read_design
from analysis.studies.running import run_cell
from analysis.work import DEFAULT_WORK

ALICE, BOB = "!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))"
KEYS = [*(key for key in MEASURES if key.startswith("planted-")), "backbone-planted"]


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
        "measures": KEYS,
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


def test_errors_are_those_that_an_audit_finds(outcomes):
    """By the other route: every answer located among the listed circuits."""
    for one in outcomes:
        question = ask(network_of(one), task=one.planted.task)
        landscape = Landscape(question, search_for_circuits(question, DEFAULT_WORK), judges=False)
        found = audit(landscape, [(method, method.defaults) for method in ASKED])
        planted, told = one.planted.circuit.mask, values(one)
        same = [answer.location.closed.mask == planted for answer in found]
        valid = [answer.location.valid for answer in found]
        errors = [good for good, equal in zip(valid, same, strict=True) if not equal]
        assert told["planted-counted-errors"] == pytest.approx(len(errors) / len(found))
        assert told["planted-false-errors"] == (pytest.approx(sum(errors) / len(errors)) if errors else None)
        for answer, equal in zip(found, same, strict=True):
            said = told[f"planted-{answer.method}"]
            assert (said in ("recovered", "planted-invalid")) == equal
            assert (said in ("invalid", "planted-invalid")) == (not answer.location.valid)
        passes = exhaustive(question, one.planted)
        assert told["planted-zero"] == passes.zero
        masks = landscape.circuits.masks.tolist()
        assert told["planted-circuits"] == len(masks)
        assert told["backbone-planted"] == (reduce(and_, masks) == planted if masks else None)


def network_of(outcome):
    return network_of_outcome(cells_of(design())[0], outcome)


def values(outcome):
    return {key: one.value for key, one in outcome.values["complete"][0].items()}


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
