"""Scores of answers against plain loops over every raw mask."""

import math
from dataclasses import replace

import numpy as np
import pytest

from plugins.bench.tests.key.drawn_networks import QUICK, SLOW, drawn
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.documents.glossary import terms
from pluriscope_bench.key.condition import CONDITIONS, PRIMARY
from pluriscope_bench.key.judging import judge_of
from pluriscope_bench.key.scores import SCORES, Case, row_of
from pluriscope_bench.key.submission import N_ORDERS, Calls, Submission
from pluriscope_bench.key.truth import Truth
from pluriscope_bench.key.truths import truths_of
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.golden_files import golden_network
from tests.oracles import brute_force_answer_key as plain
from tests.oracles.brute_force_scores import Answer, stability
from tests.oracles.brute_force_stories import Plain

NOT_OF_MASKS = {"algorithms_kept", "stability", "calls", "seconds_ratio"}


def truth_of_masks(condition, valid, n_edges):
    masks, minimal = (np.array(sorted(some), dtype=np.uint64) for some in (valid, plain.minimal(valid)))
    return Truth.of_masks(condition, n_edges, masks, minimal)


def answers(n_edges, seed):
    """Every form of an answer, and the odd ones."""
    random = np.random.default_rng(seed)
    everything = (1 << n_edges) - 1
    mask, part = (int(one) for one in random.integers(1, everything, size=2))
    coarse = tuple(random.integers(-2, 3, size=n_edges).astype(float).tolist())
    return {
        "scores": Submission("answered", scores=tuple(random.normal(size=n_edges).tolist())),
        "ties": Submission("answered", scores=coarse),
        "all ties": Submission("answered", scores=(3.0,) * n_edges),
        "zeros": Submission("answered", scores=(0.0,) * n_edges),
        "own": Submission("answered", scores=coarse, own=mask),
        "mask": Submission("answered", mask=mask),
        "family": Submission("answered", family=(mask & part, mask, mask | part)),
        "whole": Submission("answered", mask=everything),
        "nothing": Submission("answered", mask=0),
    }


SOME = [(one, CONDITIONS[4 * place :][:1]) for place, one in enumerate(QUICK)]


@pytest.mark.parametrize(
    ("network", "conditions"), [*SOME, *(pytest.param(one, CONDITIONS, marks=pytest.mark.slow) for one in SLOW)]
)
def test_every_score_of_every_answer_is_what_plain_loops_find(network, conditions):
    sizes, activation, seed = network
    question, every, truths = drawn(sizes, activation, seed)
    network, n_edges = question.network, question.layout.n_edges
    planted = (1 << n_edges // 2) - 1
    for condition in conditions:
        valid = truths[condition.key]
        judge, truth = judge_of(question, condition), truth_of_masks(condition, valid, n_edges)
        for name, submission in answers(n_edges, seed).items():
            case = Case(judge, truth, submission, random_regret=0.5, planted=planted)
            row = row_of(case)
            answer = Answer(network, every, valid, condition.key, submission, planted)
            wanted = answer.scores()
            assert wanted.keys() | NOT_OF_MASKS == {score.key for score in SCORES}
            found = {key: row[key] for key in wanted}
            assert found == pytest.approx(wanted, abs=1e-12), (condition.key, name)
            first, own = answer.first_valid()[0], next(iter(answer.own()), None)
            hexed = [None if one is None else question.graph.to_hex(one) for one in (first, own)]
            assert [row["answer"], row["own"]] == hexed
            not_listed = replace(case, truth=replace(truth, masks=None))  # which is judged by running
            assert row_of(not_listed) == row | {"hamming": None}


def test_seeds_are_compared_by_their_circuits_at_the_operating_point():
    question, every, truths = drawn(*QUICK[0])
    condition, n_edges = CONDITIONS[0], question.layout.n_edges
    judge, truth = judge_of(question, condition), truth_of_masks(condition, truths[condition.key], n_edges)
    for name in ("scores", "mask"):
        first, *others = [answers(n_edges, seed)[name] for seed in range(3)]
        case = Case(judge, truth, first, 0.5, repeats=tuple(others))
        ways = [Answer(question.network, every, truth.masks, condition.key, one) for one in (first, *others)]
        assert row_of(case)["stability"] == pytest.approx(stability(ways))
        assert row_of(replace(case, repeats=(first, first)))["stability"] == 1
        assert row_of(replace(case, repeats=()))["stability"] is None


@pytest.mark.parametrize(
    ("outcome", "regret", "valid"),
    [(one, 1.0, 0.0) for one in ("raised", "timeout", "memory", "unreadable", "beyond-track")]
    + [("not-offered", None, None)],
)
def test_a_method_that_failed_has_all_regret_and_one_that_is_not_offered_has_none(outcome, regret, valid):
    question, _, truths = drawn(*QUICK[0])
    truth = truth_of_masks(CONDITIONS[0], truths[CONDITIONS[0].key], question.layout.n_edges)
    row = row_of(Case(judge_of(question, CONDITIONS[0]), truth, Submission(outcome, "why", calls=Calls(1, 2, 3)), 0.5))
    assert row.pop("calls") == 6
    beyond = None if regret is None else -1.0
    known = {
        "regret": regret,
        "regret_while_valid": regret,
        "valid": valid,
        "valid_raw": valid,
        "beyond_random": beyond,
    }
    assert row == dict.fromkeys(row) | known


def test_scores_that_differ_by_less_than_nine_decimals_of_the_largest_are_tied():
    question, _, _ = drawn(*QUICK[0])
    n_edges = question.layout.n_edges
    for step, n_orders in ((1e-8, 1), (4e-11, N_ORDERS)):
        scores = tuple(1e3 * (1 - step * edge) for edge in range(n_edges))
        found = Submission("answered", scores=scores).families(question.graph)
        assert len(found) == n_orders
        assert (len(set(found)) > 1) is (n_orders > 1)
        assert all([one.bit_count() for one in family] == [*range(n_edges + 1)] for family in found)


def test_the_first_valid_circuit_keeps_the_algorithms_of_the_whole_network_or_not():
    network = golden_network("xor_3-3_a").network
    question = ask(network, task=named_task("XOR", 2))
    weights, biases = ([one.tolist() for one in arrays] for arrays in (network.weights, network.biases))
    slow = Plain(weights, biases, network.activation, network.output_activation, network.negative_slope)
    judge, truth = judge_of(question, PRIMARY), truths_of(question, [PRIMARY])[0]
    masks = truth.masks.tolist()[-20::5]
    row = [row_of(Case(judge, truth, Submission("answered", mask=one), 0.5))["algorithms_kept"] for one in masks]
    assert row == [float(slow.story(one) == slow.story()) for one in masks]
    assert {*row} == {0.0, 1.0}
    free = judge_of(question, replace(PRIMARY, structure="free"))
    assert row_of(Case(free, truth, Submission("answered", mask=masks[0]), 0.5))["algorithms_kept"] is None


def test_a_transformer_is_measured_by_the_right_output_less_the_largest_other_and_by_its_chances():
    model = random_attention(3, (1, 2, 3, 2, 3, 2), n_rows=9)
    judge = judge_of(GraphQuestion(TRANSFORMER, model, TRANSFORMER.rules("heads")), PRIMARY)
    raws = [0, 5, 6, (1 << judge.graph.n_bits) - 1]
    outputs = judge.outputs(raws).tolist()
    for place, by_row in enumerate(outputs):
        gaps, apart = [], []
        for row, whole, answer in zip(by_row, outputs[-1], model.answers.tolist(), strict=True):
            gaps.append(row[answer] - max(other for at, other in enumerate(row) if at != answer))
            p, q = ([one - math.log(sum(map(math.exp, some))) for one in some] for some in (whole, row))
            apart.append(sum(math.exp(a) * (a - b) for a, b in zip(p, q, strict=True)))
        assert judge.metrics(raws)[place] == pytest.approx(sum(gaps) / len(gaps))
        assert judge.divergences(raws)[place] == pytest.approx(sum(apart) / len(apart))
    assert judge.keep_algorithms(raws) == [None] * len(raws)


def test_the_glossary_defines_every_score():
    assert {score.label for score in SCORES} <= {term.name for term in terms()}
