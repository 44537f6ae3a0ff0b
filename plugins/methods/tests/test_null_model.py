"""Claims against null networks: what the networks are, what is found in them, and the size and power of the test."""

from __future__ import annotations

import math
from itertools import count
from math import comb

import numpy as np
import pytest

from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope_methods.null_model import (
    ALPHA,
    STANDARDS,
    NullModel,
    NullSizes,
    null_report,
    power_share,
    smallest_by_standard,
)
from tests.analysis.criteria.circuit_contexts import all_circuits, random_network, xor_context
from tests.oracles.brute_force_circuits import possible_masks


def model_of(sizes: list[int], n: int) -> NullModel:
    """Null model with these smallest circuits."""
    by_standard = [NullSizes(standard=one, sizes=sizes) for one in STANDARDS]
    return NullModel(key="drawn", n=n, draws=n, power_share=None, by_standard=by_standard)


@pytest.mark.parametrize(("edges", "as_good"), [(6, 0), (7, 2), (8, 2), (9, 3), (20, 3)])
def test_p_counts_the_networks_with_a_circuit_as_small(edges: int, as_good: int) -> None:
    model = model_of([7, 7, 9], 19)  # 16 have none
    assert model.as_good(edges) == as_good
    assert float(model.p(edges)) == (1 + as_good) / 20


@pytest.mark.parametrize("n", [19, 99, 199])
def test_power_is_that_of_a_binomial_number(n: int) -> None:
    share, most = power_share(n), math.floor(ALPHA * (n + 1) + 1e-9) - 1
    assert share is not None
    reached = sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(most + 1))
    assert reached == pytest.approx(0.8)


def test_too_few_networks_have_no_power() -> None:
    assert power_share(18) is None
    assert power_share(0) is None


@pytest.mark.parametrize(("seed", "sizes", "activation"), [(1, (2, 2, 1), "leaky_relu"), (8, (2, 2, 2, 1), "tanh")])
def test_the_smallest_circuits_are_those_that_judging_all_one_by_one_finds(
    seed: int, sizes: tuple[int, ...], activation: str
) -> None:
    question = all_circuits(seed, sizes, activation).question
    expected: dict[str, int] = {}
    for mask, _ in possible_masks(question.network):
        if not question.judge(mask).valid:
            continue
        one = Population("circuit", question, np.array([mask], dtype=np.uint64))
        for standard in STANDARDS:
            if not standard or criterion_named(standard).judge(one).passed.all():
                expected[standard] = min(mask.bit_count(), expected.get(standard, 99))
    assert smallest_by_standard(question) == expected


def xor_question() -> Question:
    return xor_context().question


def test_drawn_networks_compute_the_task_and_untrained_ones_are_as_training_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Question] = []
    monkeypatch.setattr("pluriscope_methods.null_model.smallest_by_standard", lambda one: made.append(one) or {"": 9})
    report = null_report(xor_question(), n=3)
    assert [one.n for one in report.models] == [3, 3]
    untrained, drawn = made[:3], made[3:]
    bounds = [1 / math.sqrt(2), 1 / math.sqrt(3), 1 / math.sqrt(3)]
    for one in untrained:
        for bound, weights, biases in zip(bounds, one.network.weights, one.network.biases, strict=True):
            assert max(np.abs(weights).max(), np.abs(biases).max()) <= np.float32(bound)
    assert len({one.subject.digest for one in made}) == 6
    for one in drawn:
        outputs = forward(one.network, input_table(2))[:, 0]
        assert np.array_equal(decide(outputs, "rounding"), one.task.truth_table)
    assert report.models[1].draws > 3


def test_the_same_seed_finds_the_same_and_more_networks_begin_with_these() -> None:
    few, again, more = (null_report(xor_question(), n=n) for n in (4, 4, 6))
    assert few == again
    for fewer, larger in zip(few.models, more.models, strict=True):
        left = list(larger.by_standard[0].sizes)
        for size in fewer.by_standard[0].sizes:
            left.remove(size)


def test_time_leaves_the_first_networks() -> None:
    clock = count()
    report = null_report(xor_question(), Work(clock=lambda: float(next(clock)), deadline=30.0), n=50)
    assert all(one.n < 50 for one in report.models)
    assert "time was too short" in report.models[0].why
    assert any("too short" in sentence for sentence in report.findings())


def test_wide_networks_are_refused_with_their_number() -> None:
    network = random_network(1, (2, 6, 6, 1), "tanh")
    file = NetworkFile("wide", network, (xor_question().task,))
    with pytest.raises(BeyondLimits, match="limit is 5,000,000"):
        null_report(ask(file.network, task=file.tasks[0], protocol=COMPLETE))


def test_a_claim_is_compared_by_what_it_meets() -> None:
    report = null_report(xor_question(), n=5)
    found = report.against(8, ["mean-ablation", "necessity"])
    assert [(one.model, one.standard) for one in found] == [
        (model, standard) for model in ("untrained", "drawn") for standard in ("", "mean-ablation")
    ]
    assert all(one.p == (1 + one.as_good) / (1 + one.of) for one in found)


@pytest.mark.slow
def test_claims_about_null_networks_themselves_are_rarely_significant() -> None:
    """The size of the test, by holding each null network's smallest circuit against all others."""
    for model in null_report(xor_question(), n=99).models:
        for one in model.by_standard:
            sizes = [*one.sizes, *[99] * (model.n - len(one.sizes))]
            p = [
                (1 + sum(other <= size for place, other in enumerate(sizes) if place != at)) / model.n
                for at, size in enumerate(sizes)
                if size < 99
            ]
            assert sum(value <= ALPHA for value in p) <= ALPHA * model.n
