"""What every stage will take, told before: every stage has seconds or a reason, and more work never costs less."""

import math
from itertools import pairwise

import numpy as np
import pytest

from analysis.criteria.registry import CRITERIA
from analysis.limits import Limits
from analysis.networks.network import Network
from analysis.protocol import COMPLETE, PAPER, Protocol
from analysis.question import ask
from analysis.stage_costs import ANALYSIS_STAGES, CHAIN, ChainPlan, Known, plan_chain
from analysis.tasks import Task, named_task
from tests.factories import pretrained_xor


def drawn(sizes: tuple[int, ...], activation: str = "tanh", scale: float = 2.0) -> Network:
    random = np.random.default_rng([7, *sizes])
    weights = [random.normal(0, scale, (b, a)) for a, b in pairwise(sizes)]
    biases = [random.normal(0, 1, b) for b in sizes[1:]]
    return Network.from_arrays(weights, biases, activation=activation, output_activation="sigmoid")  # type: ignore[arg-type]


def plan(network: Network, task: Task, protocol: Protocol = COMPLETE, **options: object) -> ChainPlan:
    return plan_chain(ask(network, task=task, protocol=protocol), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sizes", "activation", "task", "protocol"),
    [
        ((2, 3, 3, 1), "leaky_relu", named_task("XOR", 2), COMPLETE),
        ((2, 3, 3, 1), "relu", named_task("XOR", 2), PAPER),
        ((2, 5, 5, 1), "sigmoid", named_task("AND", 2), COMPLETE),
        ((2, 8, 8, 1), "tanh", named_task("XOR", 2), COMPLETE),
        ((3, 4, 4, 1), "relu", named_task("PARITY", 3), COMPLETE),
        ((3, 1, 4, 1), "tanh", Task((0,) * 8, ""), COMPLETE),
        ((4, 3, 3, 1), "sigmoid", named_task("MAJORITY", 4), COMPLETE),
        ((2, 2, 2, 2, 1), "tanh", named_task("XOR", 2), COMPLETE),
        ((6, 2, 1), "relu", named_task("AND", 6), PAPER),
    ],
)
def test_every_stage_has_its_seconds_or_the_reason_why_not(sizes, activation, task, protocol):
    told = plan(drawn(sizes, activation), task, protocol)
    assert [cost.stage for cost in told.stages] == list(CHAIN)
    for cost in told.stages:
        assert cost.units
        assert cost.reason if cost.seconds is None else cost.seconds >= 0 and math.isfinite(cost.seconds)
    unknown = [cost.stage for cost in told.stages if cost.seconds is None]
    assert (told.seconds_of(CHAIN) is None) == bool(unknown)
    assert told.told_seconds() == pytest.approx(sum(cost.seconds or 0.0 for cost in told.stages))


def test_circuits_valid_under_any_ablation_are_not_guessed_from_those_of_one():
    rules = COMPLETE.model_copy(update={"circuit_family": "any_ablation"})
    reasons = {cost.stage: cost.reason for cost in plan(pretrained_xor().network, named_task("XOR", 2), rules).stages}
    assert not reasons["circuits"]
    assert "valid under any ablation are not sampled" in reasons["interpretations"]


def test_the_criteria_are_told_one_by_one():
    told = plan(pretrained_xor().network, named_task("XOR", 2))
    every = [(kind, one.key) for one in CRITERIA for kind in one.judges]
    whole = told.criteria_seconds(every)
    assert whole is not None
    assert 0 < told.criteria_seconds([("circuit", "input-robust")]) < whole  # type: ignore[operator]
    assert told.criteria_seconds([]) == 0
    assert whole == pytest.approx(told.stage("criteria").seconds, abs=0.1)


def test_no_criterion_is_expected_to_take_longer_than_it_may():
    network, task = pretrained_xor().network, named_task("XOR", 2)
    known = Known(n_valid=10**6, n_classes=10**9, n_alignments=10**6)
    told = plan(network, task, known=known, limits=Limits(criterion_seconds=5.0)).stage("criteria")
    assert max(seconds for *_, seconds in told.parts) == 5.0
    assert "Stopped after 5 s each: " in told.reason


@pytest.mark.parametrize("stage", ["circuits", "alignments"])
def test_wider_networks_take_longer(stage):
    xor = named_task("XOR", 2)
    each = [plan(drawn((2, width, width, 1)), xor).stage(stage).seconds for width in (2, 3, 4)]
    assert each == sorted(each)
    assert each[0] < each[-1]  # type: ignore[operator]


@pytest.mark.parametrize("stage", ["interpretations", "criteria", "common ground"])
def test_more_valid_circuits_take_longer(stage):
    network, xor = pretrained_xor().network, named_task("XOR", 2)
    each = [plan(network, xor, known=Known(n, 30 * n, 10)).stage(stage).seconds for n in (1, 10, 100, 1_000)]
    assert each == sorted(each)
    assert each[0] < each[-1]  # type: ignore[operator]


def test_a_guess_of_the_valid_circuits_is_near_the_truth():
    network, xor = pretrained_xor().network, named_task("XOR", 2)
    guessed, known = plan(network, xor), plan(network, xor, known=Known(197, 7_836, 3))
    for stage in ("interpretations", "criteria", "common ground"):
        ratio = guessed.stage(stage).seconds / known.stage(stage).seconds  # type: ignore[operator]
        assert 1 / 2 < ratio < 2


def test_a_slower_machine_takes_longer_by_its_factor():
    told = plan(pretrained_xor().network, named_task("XOR", 2))
    slow = told.on(3.0)
    for before, after in zip(told.stages, slow.stages, strict=True):
        assert after.seconds == pytest.approx(3 * before.seconds)
    assert slow.criteria_seconds([("circuit", "margin")]) == pytest.approx(
        3 * told.criteria_seconds([("circuit", "margin")])  # type: ignore[operator]
    )


def test_before_training_only_what_no_weight_decides_is_told():
    told = plan(drawn((2, 3, 3, 1)), named_task("XOR", 2), trained=False)
    assert told.stage("alignments").seconds is not None
    for stage in ("interpretations", "criteria", "common ground"):
        assert told.stage(stage).seconds is None
        assert "training" in told.stage(stage).reason
    assert told.seconds_of(ANALYSIS_STAGES) is None
