"""Measures of stories against the search itself, and what they say of draws."""

from __future__ import annotations

import pytest

from analysis.alignments.result import AlgorithmSearch
from analysis.circuits.search import search_circuits
from analysis.interpretations.result import InterpretationCounts
from analysis.pipeline import unsearched
from analysis.question import ask
from analysis.result import OutputAnalysis
from analysis.stories.relation import RELATIONS
from analysis.stories.search import Stories, find_stories
from analysis.studies.measures import stories
from analysis.studies.measures.registry import measure_named
from analysis.studies.subject import Studied
from analysis.tasks import named_task
from tests.golden_files import golden_network


def studied(name: str, task: str = "XOR") -> Studied:
    """A subject whose circuits were not searched, as where only such measures are asked for."""
    question = ask(golden_network(name).network, task=named_task(task, 2))
    nothing = InterpretationCounts((), (), truncated_at=0, complete=False)
    analysis = OutputAnalysis(question, unsearched(question), nothing, AlgorithmSearch((), 0, 0), {}, {})
    return Studied(question, analysis)


@pytest.mark.parametrize("name", ["xor_pretrained", "xor_3-3_a"])
def test_shares_are_those_of_all_circuits(name: str) -> None:
    subject = studied(name)
    found = find_stories(subject.question, search_circuits(subject.question).masks)
    assert isinstance(found, Stories)
    for relation in RELATIONS:
        told = measure_named(f"story-{relation}").function(subject)
        assert told.value == found.counts[relation] / found.n_asked
        assert told.exact
    assert measure_named("stories-asked").function(subject).value == found.n_asked
    assert measure_named("story-count").function(subject).value == len(found.stories)
    assert measure_named("story-any-opposite").function(subject).value == (found.counts["opposite"] > 0)
    assert measure_named("story-all-same").function(subject).value == (found.counts["same"] == found.n_asked)


def test_draws_carry_intervals_and_prove_no_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measure_named("story-same").function(studied("xor_pretrained")).value
    monkeypatch.setattr(stories, "MAX_ASKED", 40)
    subject = studied("xor_pretrained")
    told = measure_named("story-same").function(subject)
    assert told.low is not None
    assert told.high is not None
    assert told.low <= whole <= told.high
    assert measure_named("stories-asked").function(subject).value == 40
    assert "none of 40 draws from 197" in measure_named("story-any-opposite").function(subject).note
    assert measure_named("story-count").function(subject).truncated_at == 40


def test_backbone_edges_are_those_in_every_circuit() -> None:
    subject = studied("xor_pretrained")
    masks = search_circuits(subject.question).masks.tolist()
    common = (1 << 18) - 1
    for mask in masks:
        common &= mask
    assert measure_named("backbone-edges").function(subject).value == common.bit_count() == 6
