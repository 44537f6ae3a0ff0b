"""Measures of what discovery methods answer: by the route of an audit, and against brute force over all circuits."""

from __future__ import annotations

import json

import pytest

from plugins.studies.tests.study_factories import measured_in
from pluriscope.analysis.discovery.audit import audit
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.registry import read_method
from pluriscope.analysis.errors import InvalidStudy
from pluriscope.analysis.explaining.pipeline import search_for_circuits
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_studies.analysis.measures.measure import answer_key
from pluriscope_studies.analysis.measures.registry import MEASURES
from pluriscope_studies.analysis.reading import design_from_mapping, read_design
from pluriscope_studies.analysis.rows import network_of_row
from pluriscope_studies.analysis.running import run_chunk

METHODS = ("acdc", "acdc(tau=0.1)", "acdc(loss=decision,tau=0.5)", "eap-ig", "weights", "random", "random-deletion")
KEYS = [key for key in MEASURES if key.startswith("audit-")]
SEEDS = range(6)


def settings(**changes):
    return {
        "format": "pluriscope-study/1",
        "slug": "answers-test",
        "name": "Answers",
        "question": "Which?",
        "hidden": [[2, 2], [3, 3]],
        "seeds": {"first": 0, "count": len(SEEDS)},
        "methods": list(METHODS),
        "measures": KEYS,
        **changes,
    }


def design(**changes):
    return design_from_mapping(settings(**changes))


@pytest.fixture(scope="module")
def outcomes():
    return [row for place in (0, 1) for row in run_chunk(design(), place, SEEDS)]


@pytest.fixture(scope="module")
def studied(outcomes):
    """Converged outcomes, each with its landscape and the located answers, found by the route of an audit."""
    found = []
    for one in outcomes:
        if one["state"] == "converged":
            of = network_of_row(design(), one)
            question = ask(of.network, task=of.tasks[0])
            landscape = landscape_of(question, search_for_circuits(question, DEFAULT_WORK))
            answers = audit(landscape, [read_method(text) for text in METHODS])
            found.append((one, landscape, dict(zip(METHODS, answers, strict=True))))
    return found


@pytest.mark.slow
def test_each_answer_is_measured_as_an_audit_locates_it(studied):
    assert len(studied) >= 8
    assert {answer.location.valid for _, _, answers in studied for answer in answers.values()} == {True, False}
    for reply, landscape, answers in studied:
        for text, answer in answers.items():
            place = answer.location
            said = {key: reply[answer_key(key, text)] for key in KEYS if MEASURES[key].of_answer}
            assert said["audit-valid"] == place.valid
            assert said["audit-raw-alone"] == (place.raw_valid and not place.valid)
            assert said["audit-excess"] == place.excess
            chance = None if place.chance is None else place.chance.low / place.chance.possible
            assert said["audit-chance"] == (None if chance is None else pytest.approx(chance, rel=1e-3))
            passed = {key for key, outcome in (place.criteria or {}).items() if outcome == "passed"}
            for key, criterion in (
                ("audit-mean", "mean-ablation"),
                ("audit-resample", "resample-ablation"),
                ("audit-faithful", "output-faithfulness"),
                ("audit-subset", "minimal-subset-structural"),
                ("audit-cardinal", "minimal-cardinal-structural"),
            ):
                assert said[key] == (criterion in passed), key
            assert said["audit-story"] == (place.relation == "same" if place.valid else None)
        assert reply["audit-circuits"] == landscape.circuits.n_valid
        assert reply["audit-smallest"] == landscape.known.fewest


@pytest.mark.slow
def test_coverage_counts_circuits_that_are_answered(studied):
    """By brute force: pairs of valid circuits, and sets of Python integers."""
    for reply, landscape, answers in studied:
        valid = set(landscape.circuits.masks.tolist())
        minimal = {mask for mask in valid if not any(other != mask and other & mask == other for other in valid)}
        reached = {answer.location.closed.mask for answer in answers.values()}
        assert reply["audit-minimal"] == len(minimal)
        assert reply["audit-coverage"] == pytest.approx(len(reached & valid) / len(valid))
        assert reply["audit-coverage-minimal"] == pytest.approx(len(reached & minimal) / len(minimal))
        assert reply["audit-swept-coverage"] >= reply["audit-coverage"]
        assert reply["audit-swept-coverage-minimal"] >= reply["audit-coverage-minimal"]
        default = {answers[text].location.closed.mask for text in METHODS if "(" not in text}
        assert reply["audit-distinct"] == len(default)
        assert reply["audit-distinct-valid"] == len(default & valid)
        assert reply["audit-one-answer"] == (len(default) == 1)


@pytest.mark.slow
def test_a_counted_network_says_what_is_not_known():
    """Width 5: size, validity and chance are exact; minimality and coverage are not known."""
    wide = design(hidden=[[5, 5]], seeds={"first": 0, "count": 1}, methods=["acdc"])
    (row,) = run_chunk(wide, 0, [0])
    reply = measured_in(row)
    for key in ("audit-subset:acdc", "audit-minimal", "audit-coverage", "audit-swept-coverage-minimal"):
        assert reply[key].value is None
        assert reply[key].note == "circuits are counted, not listed"
    assert reply["audit-valid:acdc"].value is True
    assert reply["audit-excess:acdc"].exact
    assert reply["audit-circuits"].exact
    assert reply["audit-circuits"].value > 10**6


def test_designs_without_methods_keep_their_digest():
    before = {"slug": "a", "name": "a", "question": "a", "measures": ["circuits-valid"], "hidden": [[2, 2], [3, 3]]}
    test = {"measure": "circuits-valid", "factor": "hidden", "test": "mann-whitney"}
    assert design_from_mapping(before).digest == design_from_mapping({**before, "methods": []}).digest
    one, same = ({**before, "comparisons": [each]} for each in (test, {**test, "levels": []}))
    assert design_from_mapping(one).digest == design_from_mapping(same).digest
    assert design(methods=["acdc", "eap"]).digest != design(methods=["acdc", "random"]).digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ["acd"]}, "Did you mean acdc"),
        ({"methods": ["shapley"]}, "answers with no circuit"),
        ({"methods": ["acdc", "acdc(tau=0.01)"]}, "has the same settings as 'acdc'"),
        ({"methods": []}, "name some in methods"),
        ({"measures": ["circuits-valid"]}, "no measure is about their answers"),
        ({"comparisons": [{"measure": "audit-valid", "factor": "hidden", "test": "fisher"}]}, "not among the study's"),
        (
            {"comparisons": [{"measure": "audit-valid:acdc", "factor": "method", "test": "friedman"}]},
            "not among the study's",
        ),
        (
            {"comparisons": [{"measure": "audit-valid", "factor": "method", "test": "friedman", "levels": ["eap"]}]},
            "'eap' is no level",
        ),
        (
            {
                "comparisons": [
                    {"measure": "audit-valid:acdc", "factor": "hidden", "test": "fisher", "where": {"method": "acdc"}}
                ]
            },
            "networks differ in no method",
        ),
    ],
)
def test_contradictions_are_refused_with_their_cause(changes, message):
    with pytest.raises(InvalidStudy, match=message):
        read_design(json.dumps(settings(**changes)).encode())
