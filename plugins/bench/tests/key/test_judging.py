"""Judges of the answer key against plain runs of every raw mask."""

import numpy as np
import pytest

from plugins.bench.tests.key.drawn_networks import NETWORKS, drawn
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.questions.data import noisy_data
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope_bench.key.condition import CONDITIONS, PRIMARY, Condition
from pluriscope_bench.key.judging import conditions_of, judge_of
from tests.analysis.subjects.transformer.attention_models import random_attention, run_of_circuit
from tests.oracles import brute_force_answer_key as oracle
from tests.random_networks import own_task, random_network


def about_attention(text):
    model = random_attention(3, (1, 2, 3, 2, 3, 2), n_rows=9)
    return GraphQuestion(TRANSFORMER, model, TRANSFORMER.rules(text))


@pytest.mark.parametrize(("sizes", "activation", "seed"), NETWORKS)
def test_every_raw_mask_of_a_perceptron_is_judged_as_by_plain_runs(sizes, activation, seed):
    question, every, truths = drawn(sizes, activation, seed)
    network, raws = question.network, range(len(every))
    for condition in CONDITIONS:
        judge = judge_of(question, condition)
        runs = [by_ablation[condition.ablation] for _, by_ablation in every]
        assert judge.outputs(raws) == pytest.approx(np.array([outputs for outputs, _, _ in runs]), abs=1e-12)
        assert judge.are_right(raws) == [oracle.passes(*run, condition.judge) for run in runs]
        pruned = [oracle.number(network, oracle.pruned(network, kept, condition.structure)) for kept, _ in every]
        assert judge.all_pruned(raws) == pruned
        assert judge.are_valid(raws) == [mask in truths[condition.key] for mask in pruned]
    assert judge.are_valid([]) == judge.are_right([]) == []


@pytest.mark.parametrize("condition", [PRIMARY, Condition("mean", "outputs", "free")], ids=lambda one: one.key)
def test_masks_longer_than_a_machine_word_are_judged_alike(condition):
    network = random_network(2, (4, 7, 7, 1), "tanh")
    question = ask(network, task=own_task(network))
    judge, n_edges = judge_of(question, condition), question.layout.n_edges
    draws = np.random.default_rng(0)
    raws = [sum(1 << int(edge) for edge in draws.permutation(n_edges)[:kept]) for kept in (10, 20, 84, 83, 82, 81, 79)]
    kept = [{edge for bit, edge in enumerate(oracle.edges_of(network)) if raw >> bit & 1} for raw in raws]
    pruned = [oracle.pruned(network, one, condition.structure) for one in kept]
    assert judge.all_pruned(raws) == [oracle.number(network, one) for one in pruned]
    runs = oracle.runs_of(network, question.task.truth_table, condition.ablation)
    everything = set(oracle.edges_of(network))
    whole = [oracle.run(network, everything, row, None)[-1][0] for row, _, _ in runs]
    labels = [label for _, label, _ in runs]
    outputs = [[oracle.run(network, one, row, carried)[-1][0] for row, _, carried in runs] for one in pruned]
    right = [oracle.passes(one, labels, whole, condition.judge) for one in outputs]
    read = [condition.structure == "free" or oracle.reads_all(network, one) for one in pruned]
    expected = [one and all_read for one, all_read in zip(right, read, strict=True)]
    assert judge.are_valid(raws) == expected
    assert len({*labels}) == 2
    assert {*expected} == {True, False}


@pytest.mark.parametrize("text", ["", "heads", "nodes", "split-heads"])
def test_raw_masks_of_a_transformer_are_run_as_they_are_and_valid_as_their_circuits(text):
    question = about_attention(text)
    n_bits = question.graph.n_bits
    raws = [0, (1 << n_bits) - 1, *np.random.default_rng(0).integers(1 << n_bits, size=60).tolist()]
    defined = ["zero-threshold-strict", "mean-threshold-strict"][: 1 if "split" in text else 2]
    assert [one.key for one in conditions_of(question)] == defined
    for condition in conditions_of(question):
        under = GraphQuestion(TRANSFORMER, question.subject, question.rules | {"ablation": condition.ablation})
        judge, bits = judge_of(question, condition), question.graph.bits(raws)
        outputs = [run_of_circuit(question.subject, under.space, one) for one in bits]
        assert judge.outputs(raws) == pytest.approx(np.array(outputs), rel=1e-9, abs=1e-9)
        right = [(one.argmax(axis=1) == question.subject.answers).mean() > 0.99 for one in outputs]
        assert judge.are_right(raws) == right
        pruned = judge.all_pruned(raws)
        assert judge.all_pruned(pruned) == pruned
        assert all(one & raw == one for raw, one in zip(raws, pruned, strict=True))
        empty_counts = text == "nodes"
        assert judge.are_valid(raws) == [(one > 0 or empty_counts) and under.judge(one).valid for one in pruned]
    assert judge.are_valid([]) == judge.are_right([]) == []


@pytest.mark.parametrize(
    ("question", "condition", "message"),
    [
        (about_attention(""), Condition("pairs"), "pairs-threshold-strict: is not defined of transformers"),
        (about_attention(""), Condition(judge="outputs"), "condition zero-outputs-strict"),
        (about_attention(""), Condition(structure="free"), "condition zero-threshold-free"),
        (ask(random_network(0, (2, 2, 1)), task=Task((1, 1, 1, 1))), Condition("pairs"), "the task is constant"),
        (
            ask(
                random_network(0, (2, 2, 1)),
                task=Task((0, 1, 1, 0)),
                data=noisy_data((0, 1, 1, 0), 1, 0.1, np.random.default_rng(0), cut=True),
            ),
            PRIMARY,
            "one for each Boolean input",
        ),
    ],
)
def test_what_a_network_does_not_know_is_refused_with_its_cause(question, condition, message):
    with pytest.raises(AnalysisError, match=message) as refused:
        judge_of(question, condition)
    assert refused.value.cure
