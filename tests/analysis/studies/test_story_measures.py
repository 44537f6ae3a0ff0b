"""Measures of stories against the search itself, and what they say of draws."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.alignments.result import AlgorithmSearch
from analysis.circuits.search import search_circuits
from analysis.interpretations.result import InterpretationCounts
from analysis.networks.circuit import mask_array
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
def test_smallest_and_minimal_circuits_are_chosen_among_all(name: str) -> None:
    """Each circuit by itself, and every pair of circuits compared."""
    subject = studied(name)
    masks = search_circuits(subject.question).masks.tolist()
    fewest = min(mask.bit_count() for mask in masks)
    chosen = {
        "smallest": [mask for mask in masks if mask.bit_count() == fewest],
        "minimal": [mask for mask in masks if not any(other & mask == other != mask for other in masks)],
    }
    assert 0 < len(chosen["smallest"]) <= len(chosen["minimal"]) < len(masks)
    for key, some in chosen.items():
        same = [find_stories(subject.question, mask_array([mask], subject.question.layout)) for mask in some]
        expected = sum(one.counts["same"] for one in same) / len(some)
        assert measure_named(f"story-same-{key}").function(subject).value == pytest.approx(expected)
    assert measure_named("circuits-fewest-edges").function(subject) == (fewest, None, None, None, "")


def test_counted_circuits_have_their_smallest_and_no_minimal_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ("story-same-smallest", "circuits-fewest-edges", "backbone-edges")
    listed = [measure_named(key).function(studied("xor_3-3_a")) for key in keys]
    monkeypatch.setattr(stories, "LIMITS", replace(stories.LIMITS, max_possible=1_000, n_draws=10))
    subject = studied("xor_3-3_a")
    assert [measure_named(key).function(subject) for key in keys] == listed
    assert "not all listed" in measure_named("story-same-minimal").function(subject).note


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
