"""The source that draws from priors, its designs, and what becomes of a budget that is used up."""

from __future__ import annotations

import json

import pytest

from analysis.errors import InvalidStudy
from analysis.studies.cells import cells_of
from analysis.studies.makers import drawing_of
from analysis.studies.reading import read_design
from analysis.studies.rows import network_of_row
from analysis.studies.running import run_chunk


def design(**changes):
    told = {
        "format": "pluriscope-study/1",
        "slug": "drawn-test",
        "name": "Drawn",
        "question": "Does learning matter?",
        "source": "drawn",
        "tasks": [["OR"]],
        "hidden": [[2], [3]],
        "prior": ["", "normal 1"],
        "loss_target": [0.05],
        "seeds": {"first": 0, "count": 3},
        "measures": ["draws", "one-circuit", "circuits-valid"],
        "comparisons": [{"measure": "one-circuit", "factor": "prior", "test": "cochran-mantel-haenszel"}],
        **changes,
    }
    return read_design(json.dumps(told).encode())


def run(checked):
    return [(cell, run_chunk(checked, place, checked.seeds.numbers)) for place, cell in enumerate(cells_of(checked))]


@pytest.fixture(scope="module")
def outcomes():
    return run(design())


@pytest.mark.slow
def test_drawn_networks_stand_beside_trained_ones(outcomes):
    names = [cell.name for cell, _ in outcomes]
    assert names == ["2, trained", "2, normal 1", "3, trained", "3, normal 1"]
    for cell, found in outcomes:
        drawn = bool(cell.levels["prior"])
        for one in found:
            if one["state"] != "converged":
                assert (one["state"], drawn) == ("stopped_early", False)
                continue
            assert one["loss"] < 0.05
            assert (one["epochs"] is None) == drawn
            assert one["circuits-valid"] > 0
            assert (one["draws"] is not None) == drawn
            assert network_of_row(design(), one).network.digest == one["network"]


def test_what_no_prior_reaches_is_an_outcome_with_its_rate():
    checked = design(prior=["normal 1"], loss_target=[1e-9], source_options={"most_draws": 2_000}, comparisons=[])
    for _, found in run(checked):
        for one in found:
            assert (one["state"], one.get("network")) == ("none_accepted", None)
            assert "none of 2,000 networks drawn computes OR" in one["message"]
            assert "at most 1.5e-03 (95%)" in one["message"]


@pytest.mark.slow
def test_permuted_networks_are_those_of_the_trained_arm_with_weights_in_other_places():
    checked = design(
        hidden=[[2, 2]],
        prior=["", "permuted"],
        seeds={"first": 0, "count": 6},
        measures=["draws", "circuits-valid"],
        comparisons=[],
        source_options={"most_draws": 1_000},
    )
    (_, trained), (_, permuted) = run(checked)
    states = {(one["state"], other["state"]) for one, other in zip(trained, permuted, strict=True)}
    assert states <= {("converged", "converged"), ("converged", "none_accepted"), ("stopped_early", "stopped_early")}
    assert ("converged", "converged") in states
    for one, other in zip(trained, permuted, strict=True):
        if other["state"] == "converged":
            assert other["circuits-valid"] > 0
            assert 1 <= other["draws"] <= 31
            assert other["network"] != one["network"]
            assert sorted(other["weights"]) == sorted(one["weights"])


@pytest.mark.slow
def test_a_network_none_of_whose_permutations_is_right_says_how_many_were_tried():
    checked = design(
        tasks=[["IMP"]],
        hidden=[[2]],
        prior=["permuted"],
        seeds={"first": 0, "count": 12},
        source_options={"most_draws": 7},
        comparisons=[],
    )
    ((_, found),) = run(checked)
    missed = [one for one in found if one["state"] == "none_accepted"]
    assert missed
    for one in missed:
        assert "network" not in one
        assert "none of 7 other permutations of the trained network's weights" in one["message"]
        assert "there are no others" in one["message"]


MOMENTS = {"2": [[0, 1, 0, 1], [0, 1, 0, 1]], "3": [[0, 1, 0, 1], [0, 1, 0.5, 0]]}


def matched(**options):
    return {"prior": ["", "matched"], "source_options": options}


def test_each_width_has_moments_of_its_own():
    (_, first), (_, second) = (
        (cell, drawing_of(cell)) for cell in cells_of(design(**matched(moments=MOMENTS))) if cell.levels["prior"]
    )
    assert first.prior.moments == ((0, 1, 0, 1), (0, 1, 0, 1))
    assert second.prior.moments == ((0, 1, 0, 1), (0, 1, 0.5, 0))


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"prior": ["cauchy 1"], "comparisons": []}, "begins with 'cauchy'"),
        ({"source": "boolean"}, "prior: source 'boolean' has none"),
        (matched(), "moments of 2: are of 0 layers, and there are 2"),
        (matched(moments={"2": MOMENTS["2"]}), "moments of 3: are of 0 layers"),
        (matched(moments=MOMENTS | {"3": MOMENTS["3"][:1]}), "moments of 3: are of 1 layers"),
        (matched(moments=MOMENTS | {"3": [[0, 1, 0, 1], [0, 1, 0]]}), "moments.3.1.3: fill this in"),
        (matched(moments=MOMENTS | {"2": [[0, 1, 0, 1], [0, 1, 0, -1]]}), "moments.2.1.3"),
        (matched(moments=MOMENTS | {"2": [[0, True, 0, 1], [0, 1, 0, 1]]}), "moments.2.0.1"),
        (matched(moments=MOMENTS | {"2": [[0, 1, 0, 1], [0, 101, 0, 1]]}), "moments.2.1.1"),
        ({"source_options": {"moments": MOMENTS}}, "no level of prior is 'matched'"),
        ({"source_options": {"most_draws": 0}}, "most_draws: Input should be greater"),
        ({"source_options": {"most_draws": True}}, "most_draws: Input should be a valid integer"),
        ({"source_options": {"draws": 5}}, "draws: is unknown; source 'drawn': its options are most_draws, moments"),
        (
            {"comparisons": [{"measure": "draws", "factor": "prior", "test": "cochran-mantel-haenszel"}]},
            "compares shares",
        ),
        ({"comparisons": [{"measure": "draws", "factor": "prior", "test": "page"}]}, "needs levels that have an order"),
    ],
)
def test_contradictions(changes, cause):
    with pytest.raises(InvalidStudy, match=cause):
        design(**changes)
