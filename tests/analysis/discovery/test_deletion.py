"""Deletion while valid, and cuts where a ranking becomes valid, against lists of all valid circuits."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from benchmarks.parity import NAMES, question_of
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.discovery import landscapes
from pluriscope.analysis.discovery.registry import METHODS, read_method
from pluriscope.analysis.discovery.sweep import threshold_sweep
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from tests.analysis.subjects.transformer.test_judging import golden

MODELS = ("other_name_1x2_0", "nodes"), ("other_name_1x2_0", "mean"), ("majority_5_1x2_0", "heads")
SUBJECTS = (*NAMES, *MODELS)


@lru_cache
def landscape_of(subject):
    if isinstance(subject, str):
        question = question_of(subject)
        return landscapes.landscape_of(question, search_circuits(question))
    model, rules = golden(subject[0]), TRANSFORMER.rules(subject[1])
    question = GraphQuestion(TRANSFORMER, model, rules)
    return landscapes.landscape_of(question, find_masks(question))


@lru_cache
def valid_of(subject):
    assert landscape_of(subject).complete
    return frozenset(landscape_of(subject).known.masks.tolist())


def kind_of(subject):
    return PERCEPTRON if isinstance(subject, str) else TRANSFORMER


def answer(subject, text):
    landscape = landscape_of(subject)
    method, settings = read_method(text, kind_of(subject))
    return method.answer(landscape.under(settings.get("ablation", "")), settings)


def circuit(subject, text):
    return landscape_of(subject).left(answer(subject, text).raw_mask).mask


def deletable(subject, mask):
    """Bits of a circuit without which what is left is valid."""
    landscape = landscape_of(subject)
    kept = [bit for bit in range(landscape.graph.n_bits) if mask >> bit & 1]
    return [bit for bit in kept if landscape.left(mask & ~(1 << bit)).mask in valid_of(subject)]


def deleted_slowly(subject, mask, order):
    """Delete one bit after the other, from the first of the order that can be deleted or has not been tried since."""
    everything, at, left = (1 << len(order)) - 1, 0, landscape_of(subject).left
    mask = left(mask).mask if left(mask).mask in valid_of(subject) else everything
    since = 0
    while since < len(order):
        without = left(mask & ~(1 << order[at])).mask
        since, mask = (0, without) if without != mask and without in valid_of(subject) else (since + 1, mask)
        at = (at + 1) % len(order)
    return mask


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_random_deletion_leaves_a_valid_circuit_of_which_no_edge_can_be_deleted(subject):
    everything = (1 << landscape_of(subject).graph.n_bits) - 1
    for seed in (0, 4, 8, 10):  # in some of these a bit can be deleted only later
        first = answer(subject, f"random-deletion(seed={seed})")
        assert first.raw_mask in valid_of(subject)
        assert deletable(subject, first.raw_mask) == []
        assert answer(subject, f"random-deletion(seed={seed})").raw_mask == first.raw_mask
        order = np.random.default_rng(seed).permutation(landscape_of(subject).graph.n_bits).tolist()
        assert first.raw_mask == deleted_slowly(subject, everything, order)
        smallest = answer(subject, f"random-deletion(seed={seed},restarts=4)").raw_mask
        assert smallest.bit_count() <= first.raw_mask.bit_count()
        assert smallest in valid_of(subject)


def test_restarts_find_a_smaller_circuit_where_the_first_order_does_not():
    sizes = [answer("xor_pretrained", f"random-deletion(restarts={n})").raw_mask.bit_count() for n in (1, 10)]
    assert sizes == [11, landscape_of("xor_pretrained").known.fewest]


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_deletion_after_a_method_starts_with_its_circuit_where_that_is_valid(subject):
    known = METHODS.of(kind_of(subject)).values()
    texts = [*(method.key for method in known if not method.asks_judge and not method.learns), "random(k=1)"]
    n_bits, starts = landscape_of(subject).graph.n_bits, set()
    for text in texts:
        before = answer(subject, text)
        if before.raw_mask is None:
            continue
        key, _, given = text.partition("(")
        after = answer(subject, f"{key}(after=deletion,{given}" if given else f"{key}(after=deletion)")
        assert after.raw_mask in valid_of(subject)
        assert deletable(subject, after.raw_mask) == []
        start = landscape_of(subject).left(before.raw_mask).mask
        starts.add(start in valid_of(subject))
        assert start not in valid_of(subject) or after.raw_mask & start == after.raw_mask
        if before.scores is None:
            drawn = np.random.default_rng(0).permutation(n_bits).tolist()
            order = [bit for bit in drawn if not before.raw_mask >> bit & 1]
            order += [bit for bit in drawn if before.raw_mask >> bit & 1]
        else:
            shares = np.round(np.abs(before.scores) / np.abs(before.scores).max(), 9)
            order = sorted(range(n_bits), key=lambda bit: (shares[bit], -bit))
        assert after.raw_mask == deleted_slowly(subject, before.raw_mask, order)
    assert starts == {True, False}


@pytest.mark.parametrize("subject", ["xor_2-2-2", "xor_pretrained", MODELS[1]], ids=str)
@pytest.mark.parametrize("more", ["", ",pick=greedy", ",signed=true"])
def test_a_cut_is_the_smallest_valid_beginning(subject, more):
    known = METHODS.of(kind_of(subject)).values()
    for key in (method.key for method in known if method.score is not None):
        found = answer(subject, f"{key}(after=cut{more})")
        if found.outcome == "degenerate":
            continue
        every = [circuit(subject, f"{key}(k={k}{more})") for k in range(1, landscape_of(subject).graph.n_bits + 1)]
        smallest = next(one for one in every if one in valid_of(subject))
        assert landscape_of(subject).left(found.raw_mask).mask == smallest
        assert found.faithfulness is None


def test_where_nothing_that_is_tried_is_valid_there_is_no_circuit():
    question = ask(question_of("xor_pretrained").subject, task=named_task("OR", 2))
    landscape = landscapes.landscape_of(question, search_circuits(question))
    for text in (
        "random-deletion(restarts=2)",
        "random(after=deletion)",
        "weights(after=deletion)",
        "weights(after=cut)",
    ):
        method, settings = read_method(text)
        found = method.answer(landscape.under(settings.get("ablation", "")), settings)
        assert (found.outcome, found.raw_mask) == ("invalid", None), text


def test_who_asks_the_judge_is_left_out_where_methods_are_compared_that_do_not():
    asking = [method.key for method in METHODS.by_key.values() if method.asks_judge]
    assert asking == ["random-deletion"]
    assert not {method.key for method, _ in threshold_sweep()} & set(asking)


@pytest.mark.parametrize(
    ("text", "cause", "cure"),
    [
        ("random-deletion(after=deletion)", "setting 'after' is unknown", "use one of seed, restarts"),
        ("exact-edge(after=delete)", "after is 'delete'", "use nothing, deletion, cut; did you mean deletion"),
        ("exact-edge(after=cut,threshold=0.9)", "has threshold together with after=cut", "give one of them"),
    ],
)
def test_settings_that_do_not_fit_are_refused(text, cause, cure):
    with pytest.raises(InvalidMethod) as refused:
        read_method(text)
    assert (refused.value.cause, refused.value.cure) == (cause, cure)
