"""Baselines answer as the methods and references that they are named after."""

from functools import cache

import numpy as np
import pytest

from plugins.bench.tests.suites import tiny
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.registry import read_method
from pluriscope.analysis.running.work import Work
from pluriscope_bench.key.baselines import ANSWERED, BASELINES, ORDERS
from pluriscope_bench.key.condition import CONDITIONS, PRIMARY
from pluriscope_bench.key.judging import judge_of
from pluriscope_bench.key.truths import truths_of

NAMED = {one.key: one for one in BASELINES}
pytestmark = pytest.mark.slow


def network(arm):
    return next(one for one in tiny().networks if one.arm == arm)


@cache
def asked(arm, condition=PRIMARY):
    question = network(arm).question
    return judge_of(question, condition), truths_of(question, [condition])[0]


def answers(key, arm, condition=PRIMARY):
    return NAMED[key].answer(*asked(arm, condition), Work())


@pytest.mark.parametrize("arm", [pytest.param("xor", marks=pytest.mark.release), "heads"])
def test_the_minimum_is_a_smallest_valid_circuit(arm):
    _, truth = asked(arm)
    [found] = answers("minimum", arm)
    assert found.mask in truth.masks.tolist()
    assert found.mask.bit_count() == truth.smallest


@pytest.mark.parametrize("arm", ["xor", "heads"])
def test_deletion_leaves_what_plain_loops_leave(arm):
    judge, truth = asked(arm)
    valid, left, found = set(truth.masks.tolist()), [], answers("deletion", arm)
    for seed in range(ORDERS):
        order = np.random.default_rng(seed).permutation(judge.graph.n_bits).tolist()
        [mask], before = judge.all_pruned([(1 << judge.graph.n_bits) - 1]), None
        while mask != before:
            before = mask
            for edge in order:
                [without] = judge.all_pruned([mask & ~(1 << edge)])
                if mask >> edge & 1 and without in valid:
                    mask = without
        left.append(mask)
    assert [one.mask for one in found] == left
    assert answers("deletion-fewest", arm)[0].mask.bit_count() == min(map(int.bit_count, left))
    assert all(one.calls.validity > truth.n_edges for one in found)


@pytest.mark.parametrize("condition", [PRIMARY, CONDITIONS[1]])
@pytest.mark.parametrize("key", ["exact-edge", "eap", "eap-ig", "mask-ig", "weights", "acdc", "edge-pruning"])
def test_methods_answer_as_an_audit_has_them(key, condition):
    judge, _ = asked("xor", condition)
    [found] = answers(key, "xor", condition)
    method, settings = read_method(f"{key}(ablation={condition.ablation})")
    one = method.answer(landscape_of(judge.question, None, judges=False).under(condition.ablation), settings)
    assert found.mask == (one.raw_mask if one.scores is None else None)
    if one.scores is not None:
        assert found.scores == pytest.approx(np.abs(one.scores) / np.abs(one.scores).max())
    assert found.calls.track == NAMED[key].track


def test_the_rule_inside_the_loop_keeps_what_is_pruned_out():
    """Each edge goes for good if what is left without it, pruned, decides as many rows right."""
    judge, _ = asked("xor")
    [found] = answers("acdc-decision-inside", "xor")
    masked = landscape_of(judge.question, None, judges=False).under("zero")
    whole = mask = (1 << judge.graph.n_bits) - 1
    for edge in masked.order("out-first"):
        left = masked.left(mask & ~(1 << edge))
        if left.possible and masked.losses([left.mask], "decision") <= masked.losses([whole], "decision"):
            mask &= ~(1 << edge)
    assert found.mask == mask
    assert judge.are_valid([found.mask]) == [True]


@pytest.mark.parametrize(
    ("key", "gradients", "runs"),
    [
        *[("eap", 1, 0), ("eap-ig", 5, 0), ("mask-ig", 21, 0), ("edge-pruning", 400, 0)],
        *[("exact-edge", 0, 1), ("acdc", 0, 1)],
    ],
)
def test_calls_are_counted(key, gradients, runs):
    [found] = answers(key, "xor")
    assert (found.calls.gradients, found.calls.runs) == (gradients, runs * (network("xor").n_edges + 1))


def test_weights_are_not_offered_of_transformers():
    [found] = answers("weights", "heads")
    assert (found.outcome, found.message) == ("not-offered", "Edges of transformers have no single weight.")


def test_rows_are_of_every_baseline_and_condition():
    for one in tiny().networks:
        rows = [row for row in tiny().answers if row["network"] == one.name]
        known = [condition.key for condition in ANSWERED if condition in tiny().conditions(one.name)]
        assert [(row["method"], row["condition"]) for row in rows] == [(key, of) for key in NAMED for of in known]
    primary = [row for row in tiny().answers if row["condition"] == PRIMARY.key]
    assert {row["regret"] for row in primary if row["method"] == "minimum"} == {0.0}
    assert {row["beyond_random"] for row in primary if row["method"] == "random"} <= {0.0, None}
