"""Algorithms with finite variables in the library: results say what is placed, and nothing of what nobody asked for."""

import json

import pytest

import pluriscope
from pluriscope.analysis.errors import AnalysisError
from pluriscope.app.bundled import bundled_models
from pluriscope.app.offline.kernel import answer, site_of

PARITY = "p1 = a; p2 = (p1 + b) % 2; y = (p2 + c) % 2"
COUNT = "n1 = a; n2 = n1 + b; y = (n2 + c) % 2"


@pytest.fixture(scope="module")
def result():
    return pluriscope.explain(json.loads(bundled_models()["parity-3-elman"]), algorithms=[PARITY, COUNT, "y = a"])


def test_counts_are_of_algorithms_that_answers_tell_apart(result):
    counts = result.counts
    algorithms = counts.candidate_algorithms, counts.aligned_algorithms
    assert [str(one) for one in (*algorithms, counts.valid_alignments, counts.minimal_alignments)] == list("1141")
    assert "4 valid placements of 1 of 1 algorithms" in repr(result)
    assert [one.wrong for one in result.algorithms][:2] == ["", ""]
    assert "on row 2" in result.algorithms[2].wrong


def test_what_nobody_asked_for_is_in_no_count(result):
    circuits_alone = {key: one for key, one in result.found.items() if key != "placements"}
    unasked = pluriscope.objects.counts.counts_of(circuits_alone)
    assert [row["kind"] for row in unasked.rows()] == ["possible circuits", "valid circuits"]


def test_placements_algorithms_and_circuits_are_compared(result):
    placement, count, circuit = result.placements[0], result.algorithms[1].placements[-1], result.circuits[0]
    assert "0 rows or interchanges" in str(result.compare(placement, count, circuit))
    right = pluriscope.objects.comparison.OnSites.of(result.question, [(PARITY, {"p1": "h1[1]", "p2": "h2[0]"})]).right
    assert right.sum() == 8 + 56 + 24


def test_criteria_judge_algorithms_and_placements(result):
    placement, count = result.placements[0], result.algorithms[1]
    outcomes = {key: one.outcome for key, one in placement.verdicts.items()}
    steps = "both-directions", "joint-interchange", "minimal-alignment", "beyond-accuracy", "margin"
    steps += "one-direction", "causal-order", "minimal-joint-alignment"
    assert outcomes == dict.fromkeys((*steps, "irredundant-values", "representative"), "passed")
    assert (placement.verdict("joint-interchange").numerator, placement.verdict("both-directions").score) == (512, 1)
    assert count.verdict("irredundant-values").outcome == "failed"
    assert "n2: 0 and 2" in count.verdict("irredundant-values").reason
    with pytest.raises(AnalysisError, match="Use one of"):
        count.verdict("necessity")
    assert {data["function"] for _, data in placement.to_graph().nodes(data=True) if "function" in data} == {"p1", "p2"}


def test_pages_of_a_result_that_runs_in_a_notebook_hold_its_placements(result):
    placement = result.placements[0]
    reply, body = answer(site_of(result), placement.address, {"accept": "text/html"})
    assert reply["status"] == 200
    assert b"placed: every interchange is right" in body


def test_the_funnel_and_the_common_ground_are_of_placements(result):
    funnel, ground = result.ask("funnel"), result.ask("common-ground")
    algorithms, placements = funnel.of("algorithm"), funnel.of("alignment")
    assert [(row.criterion, row.left) for row in algorithms.rows] == [("irredundant-values", "1")]
    assert int(algorithms.begin) == len(result.algorithms) == 3
    assert int(placements.begin) == len(result.algorithms[0].placements) == 4
    passing = list(result.algorithms[0].placements)
    for row in placements.rows:
        passing = [one for one in passing if one.verdict(row.criterion.partition("(")[0]).outcome == "passed"]
        assert int(row.left) == len(passing)
    assert [one.kind for one in funnel.kinds] == ["circuit", "algorithm", "alignment"]  # nobody asked for readings
    assert [row.left for row in funnel.of("circuit").rows] == ["220", "44", "2", "2"]
    assert ground.shared.algorithms == [result.algorithms[0].id]
    assert sum(one.count for one in ground.places if one.kind == "valid") == 4
    with pytest.raises(AnalysisError, match="does all there is"):
        result.ask("common-ground", thorough=True)


def test_algorithms_are_placed_on_request_where_something_places_them(result):
    report = result.ask("algorithms", algorithms=[PARITY])
    assert [one.n_placed for one in report.algorithms if one.written] == [4]
    with pytest.raises(AnalysisError, match="places no algorithms"):
        result.ask("rivals", algorithms=[PARITY])
    with pytest.raises(AnalysisError, match="z: is no input"):
        result.ask("algorithms", algorithms=["y = z"])
