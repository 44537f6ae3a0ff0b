"""Truths of the answer key against plain runs of every mask, and the ways to find them against each other."""

from collections import Counter
from dataclasses import replace

import pytest

from plugins.bench.tests.key.drawn_networks import NETWORKS, drawn
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope_bench.key import truths
from pluriscope_bench.key.condition import CONDITIONS, PRIMARY, Condition
from pluriscope_bench.key.judging import conditions_of, judge_of
from pluriscope_bench.key.truths import truth_by_search, truths_of
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.oracles import brute_force_answer_key as oracle
from tests.random_networks import own_task, random_network

SEARCHED = [
    one for one in CONDITIONS if one.structure == "strict" and one.ablation != "pairs" and one.judge != "outputs"
]


def facts(truth):
    listed = None if truth.masks is None else truth.masks.tolist()
    counted = truth.n_valid, truth.smallest, truth.backbone, dict(truth.by_size)
    return truth.condition, truth.n_edges, *counted, truth.minimal, listed


def facts_of_masks(condition, n_edges, masks):
    """Facts of a truth, counted from all valid masks."""
    backbone = (1 << n_edges) - 1 if masks else 0
    for one in masks:
        backbone &= one
    smallest = min((one.bit_count() for one in masks), default=None)
    minimal = tuple(sorted(oracle.minimal(masks)))
    by_size = dict(sorted(Counter(one.bit_count() for one in masks).items()))
    return condition, n_edges, len(masks), smallest, backbone, by_size, minimal, sorted(masks)


@pytest.mark.parametrize(("sizes", "activation", "seed"), NETWORKS)
def test_every_condition_of_a_small_perceptron_is_that_of_plain_runs(sizes, activation, seed):
    question, _, expected = drawn(sizes, activation, seed)
    found = truths_of(question, CONDITIONS)
    for condition, truth in zip(CONDITIONS, found, strict=True):
        assert facts(truth) == facts_of_masks(condition, question.layout.n_edges, expected[condition.key])
    assert facts(truths_of(question, [PRIMARY])[0]) == facts(found[0])  # alone as among others


@pytest.mark.parametrize(
    ("sizes", "activation", "seed"),
    [
        pytest.param((2, 3, 2, 1), "relu", 1, marks=pytest.mark.slow),
        ((3, 2, 2, 1), "tanh", 3),
        pytest.param((2, 3, 3, 1), "sigmoid", 4, marks=pytest.mark.slow),
        pytest.param((3, 3, 2, 1), "elu(alpha=0.5)", 0, marks=pytest.mark.slow),
    ],
)
def test_the_search_and_the_count_find_what_trying_every_mask_finds(sizes, activation, seed, monkeypatch):
    network = random_network(seed, sizes, activation)
    question = ask(network, task=own_task(network))
    by_trying = truths_of(question, SEARCHED)
    assert any(one.n_valid for one in by_trying)
    judges = [judge_of(question, one) for one in SEARCHED]
    assert [facts(truth_by_search(one)) for one in judges] == list(map(facts, by_trying))
    monkeypatch.setattr(truths, "MOST_TRIED", 1)
    assert list(map(facts, truths_of(question, SEARCHED[::-1]))) == list(map(facts, by_trying[::-1]))
    counting = replace(truths._LIMITS, max_possible=1)  # no list is tried: circuits are counted, then all drawn
    monkeypatch.setattr(truths, "_LIMITS", counting)
    assert [facts(truth_by_search(one)) for one in judges] == list(map(facts, by_trying))
    monkeypatch.setattr(truths, "_LIMITS", replace(counting, max_valid=1))
    unlisted = [facts(replace(one, minimal=None, masks=None)) for one in by_trying if one.n_valid > 1]
    found = [facts(truth_by_search(one)) for one in judges]
    assert [one for one in found if one[2] > 1] == unlisted != []


@pytest.mark.parametrize("text", ["heads", "nodes", "split-heads", pytest.param("", marks=pytest.mark.slow)])
def test_the_truth_of_a_transformer_is_that_of_every_mask(text, monkeypatch):
    model = random_attention(9, (1, 1, 3, 2, 3, 2) if text == "" else (2, 1, 3, 2, 3, 2), n_rows=5)
    question = GraphQuestion(TRANSFORMER, model, TRANSFORMER.rules(text))
    n_bits = question.graph.n_bits
    raws = range(1 << n_bits)
    for condition in conditions_of(question):
        judge = judge_of(question, condition)
        valid = {one for one, right in zip(judge.all_pruned(raws), judge.are_valid(raws), strict=True) if right}
        expected = facts_of_masks(condition, n_bits, valid)
        assert facts(truths_of(question, [condition])[0]) == expected
        with monkeypatch.context() as patched:
            patched.setattr(truths, "_LIMITS", replace(truths._LIMITS, max_valid=1))
            assert facts(truths_of(question, [condition])[0]) == (
                (*expected[:-2], None, None) if len(valid) > 1 else expected
            )


def test_what_cannot_be_had_is_none_and_a_search_that_ends_says_nothing(monkeypatch):
    question = ask(random_network(0, (2, 4, 3, 1), "relu"), task=Task((0, 1, 1, 0)))
    out_of_reach = [one for one in CONDITIONS if one not in SEARCHED]
    assert truths_of(question, out_of_reach) == [None] * len(out_of_reach)
    falling = ask(random_network(0, (2, 5, 5, 1), "gelu"), task=Task((0, 1, 1, 0)))  # many, and none are counted
    assert truths_of(falling, [PRIMARY])[0] is None
    network = random_network(0, (2, 8, 8, 1), "relu")
    bracketed = ask(network, task=own_task(network))
    with monkeypatch.context() as patched:
        patched.setattr(truths, "find_circuits", None)  # which would count by hashing for minutes
        assert truths_of(bracketed, [PRIMARY])[0] is None
    large = random_attention(0, (3, 4, 8, 4, 3, 3))
    assert truths_of(GraphQuestion(TRANSFORMER, large, TRANSFORMER.rules("")), [PRIMARY])[0] is None
    model = random_attention(9, (2, 1, 3, 2, 3, 2), n_rows=5)
    over = Work(clock=lambda: 1.0, deadline=0.0)
    assert truths_of(GraphQuestion(TRANSFORMER, model, TRANSFORMER.rules("heads")), [Condition()], over)[0] is None
