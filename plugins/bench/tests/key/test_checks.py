"""Answers that must not win in the answer key, on a dozen trained networks: empty ones, and games of scores."""

from functools import lru_cache, partial

import numpy as np
import pytest

from pluriscope.analysis.discovery.masked_perceptron import MaskedPerceptron
from pluriscope.analysis.discovery.registry import read_method
from pluriscope.analysis.discovery.selection import strengths
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_bench.key.condition import PRIMARY, Condition
from pluriscope_bench.key.judging import judge_of
from pluriscope_bench.key.scores import Case, row_of
from pluriscope_bench.key.submission import Submission
from pluriscope_bench.key.truths import truths_of
from tests.golden_files import golden_network

pytestmark = pytest.mark.slow

NETWORKS = ("xor_3-3_a", "xor_3-3_b", "xor_3-3_c", "xor_3-3_tight", "xor_pretrained", "xor_noise_3-3")
NETWORKS += ("xor_relu_3-3", "xor_sigmoid_3-3", "xor_tanh_3-3", "xor_2-2-2", "nand_3-2", "majority_3-3")
MEAN = Condition("mean")


@lru_cache
def known(name, condition):
    file = golden_network(name)
    question = ask(file.network, task=file.tasks[0])
    return judge_of(question, condition), truths_of(question, [condition])[0]


def mean_of(answer, condition=PRIMARY, key="regret"):
    """A score over the networks, of what a function of a judge answers."""
    found = []
    for name in NETWORKS:
        judge, truth = known(name, condition)
        found.append(row_of(Case(judge, truth, answer(judge), random_regret=1.0))[key])
    return sum(found) / len(found)


def ranked(scores):
    return Submission("answered", scores=tuple(float(one) for one in scores))


def by_method(key, judge, ablation=None):
    """The scores of one of our methods, asked under the condition's ablation or another."""
    rule = ablation or judge.condition.ablation
    method, settings = read_method(f"{key}(ablation={rule})")
    scores = method.scores(MaskedPerceptron.of(judge.question, rule), settings)
    return ranked(strengths(scores.values, signed=False))


def whole(judge):
    return Submission("answered", mask=(1 << judge.graph.n_bits) - 1)


def drawn(judge):
    return ranked([0.0] * judge.graph.n_bits)


def by_cmd(judge):
    """Edges ranked so that CMD is small: from the whole network down, that edge goes without which |1 - f| is least."""
    everything = (1 << judge.graph.n_bits) - 1
    empty, full = judge.metrics([0, everything])
    left, scores = everything, [0.0] * judge.graph.n_bits
    for place in range(judge.graph.n_bits):
        edges = [edge for edge in range(judge.graph.n_bits) if left >> edge & 1]
        values = np.array(judge.metrics([left & ~(1 << edge) for edge in edges]))
        gone = edges[int(np.abs(1 - (values - empty) / (full - empty)).argmin())]
        left, scores[gone] = left & ~(1 << gone), float(place)
    return ranked(scores)


def shuffled(key, seed, judge):
    """Scores of a method, each layer's in a drawn order."""
    scores = np.array(by_method(key, judge).scores)
    targets = np.array([judge.graph.nodes[edge.target].layer for edge in judge.graph.edges])
    for layer in np.unique(targets):
        at = np.flatnonzero(targets == layer)
        scores[at] = scores[np.random.default_rng(seed).permutation(at)]
    return ranked(scores)


@pytest.mark.parametrize("condition", [PRIMARY, MEAN], ids=lambda one: one.key)
def test_the_whole_network_and_the_empty_circuit_are_no_better_than_a_drawn_order(condition):
    nothing = partial(Submission, "answered", mask=0)
    assert mean_of(whole, condition) == mean_of(lambda _: nothing(), condition) == 1
    assert mean_of(whole, condition, "valid") == 1
    assert 0.6 < mean_of(drawn, condition) < 0.9


@pytest.mark.parametrize("condition", [PRIMARY, MEAN], ids=lambda one: one.key)
def test_a_ranking_made_for_cmd_has_the_best_cmd_and_is_beaten_by_deletion_in_a_drawn_order(condition):
    """It does well: what keeps the output of the whole network decides as that does. It is not best by our score."""
    own = mean_of(by_cmd, condition, "cmd")
    for key in ("exact-edge", "mask-ig", "eap-ig", "eap", "weights"):
        assert own < mean_of(partial(by_method, key), condition, "cmd"), key
    assert mean_of(drawn, condition, "regret_while_valid") < mean_of(by_cmd, condition) < mean_of(drawn, condition)


@pytest.mark.parametrize("key", ["exact-edge", "mask-ig", "eap-ig", "weights"])
def test_scores_shuffled_within_layers_are_worth_as_little_as_a_drawn_order(key):
    own, drawn_order = mean_of(partial(by_method, key)), mean_of(drawn)
    orders = [mean_of(partial(shuffled, key, seed)) for seed in range(5)]
    assert own < drawn_order - 0.2
    assert sum(orders) / len(orders) == pytest.approx(drawn_order, abs=0.1)


def test_a_method_does_better_under_the_ablation_that_it_asked_under():
    """Of exact edge effects, whose scores are what the ablation does; first-order scores need not."""
    for condition, other in ((PRIMARY, "mean"), (MEAN, "zero")):
        other_way = partial(by_method, "exact-edge", ablation=other)
        assert mean_of(partial(by_method, "exact-edge"), condition) < mean_of(other_way, condition)
