"""Tests of random networks of every admitted shape: no fault, no page that fails, no link that is refused.

The seeds that these tests run are quick: together they have every number of inputs, of hidden layers and of outputs,
every activation in one role, constant tasks, and networks beyond 64 edges. They share one application, started anew
on an empty database for each. ``./run explore --only shapes`` runs others, which nobody chose.
"""

from __future__ import annotations

import pytest

from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from tests.shapes import IN_CI, WarmApplication, case_of, run_case


@pytest.fixture(scope="module")
def application(tmp_path_factory) -> WarmApplication:
    return WarmApplication(tmp_path_factory.mktemp("shapes"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [pytest.param(5, marks=pytest.mark.release), *IN_CI[1:]])
def test_the_whole_chain_goes_through(seed: int, application) -> None:
    outcome = run_case(seed, application)
    assert outcome.faults == []
    assert outcome.pages[200] >= 15
    assert {"analyse", "directions", "criteria", "common-ground", "pages"} <= set(outcome.seconds)


@pytest.mark.slow
def test_the_seeds_have_every_admitted_shape() -> None:
    traits = [case_of(seed).traits for seed in IN_CI]
    sizes = [tuple(map(int, one["sizes"].split("-"))) for one in traits]
    assert {one[0] for one in sizes} == set(range(2, 7))
    assert {len(one) - 2 for one in sizes} == set(range(1, 5))
    assert {one[-1] for one in sizes} == {1, 2, 3}
    assert {one[role] for one in traits for role in ("activation", "output_activation")} == set(FAMILIES)
    assert {one["constant"] for one in traits} == {one["edges"] > 64 for one in traits} == {True, False}
