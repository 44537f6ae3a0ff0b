"""The study of trained transformers: its results are those of its design, and each line is what a search finds."""

from __future__ import annotations

import json

import pytest

from analysis.models.attention import ATTENTION, read_attention
from analysis.models.attention_tasks import task_named
from analysis.models.attention_training import AttentionSpec, train_attention
from analysis.models.circuits import find_circuits, mask_bits
from benchmarks.findings.model_circuits import DESIGN, found, results
from tests.checkout import ROOT

WANTED = json.loads(DESIGN.read_text())


def test_every_model_of_the_design_has_its_line_once():
    wanted = [(task, seed) for task in WANTED["tasks"] for seed in WANTED["seeds"]]
    assert [(one["task"], one["seed"]) for one in results()] == wanted
    for one in results():
        assert [space["rules"] for space in one["spaces"]] == (WANTED["rules"] if one["converged"] else [])
        for space in one["spaces"]:
            assert space["listed"] == min(space["valid"], WANTED["listed"])
            assert sum(space["induction_in_circuits"].values()) == space["listed"]
            assert 0 < space["minimal"] <= space["listed"] <= space["valid"] <= space["possible"]


@pytest.mark.slow
@pytest.mark.parametrize("rules", ["nodes", "heads"])
def test_a_line_says_what_a_search_finds(rules):
    model = train_attention(AttentionSpec(task_named("first token"), layers=1, heads=2, seed=1)).model
    told = found(model, rules, 1_000)
    circuits = find_circuits(model, ATTENTION.rules(rules)).circuits
    assert (told["valid"], told["listed"]) == (len(circuits), len(circuits))
    assert told["fewest"] == min(one.bits for one in circuits)
    assert told["minimal"] == sum(one.minimal for one in circuits)
    space = model.space(ATTENTION.rules(rules))
    for one in circuits[:3]:
        scores = space.inside(mask_bits(space, one.mask))[0].rows
        heads = [row[0].removeprefix("head ") for row in scores if row[3] is not None and row[3] > 0.5]
        assert (", ".join(heads) or "none") in told["induction_in_circuits"]


@pytest.mark.slow
def test_a_model_of_the_study_is_searched_with_the_same_result():
    """Its weights are kept, since training gives the same ones on machines of one kind only."""
    [one] = [one for one in results() if (one["task"], one["seed"]) == ("sum modulo", 10)]
    model = read_attention(json.loads((ROOT / "tests/fixtures/sum-modulo-2x2-10.json").read_text()))
    assert model.digest == one["digest"]
    for space in one["spaces"]:
        assert {**found(model, space["rules"], WANTED["listed"]), "seconds": 0} == {**space, "seconds": 0}
