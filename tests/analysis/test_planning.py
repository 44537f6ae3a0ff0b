"""Tests of the estimate of an analysis, made before it starts."""

from __future__ import annotations

from functools import partial
from itertools import count, pairwise

import numpy as np
import pytest

from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.explaining.planning import plan_output
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.results.result import memory_words, seconds_words
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from tests.factories import ask

XOR = named_task("XOR", 2)
FEW = {"n_draws": 1, "n_samples": 1_000, "n_tried": 1_000, "n_smallest": 5}


def network_of(*sizes: int) -> Network:
    random = np.random.default_rng(0)
    weights = [random.normal(size=(n_out, n_in)) for n_in, n_out in pairwise(sizes)]
    return Network.from_arrays(weights, [random.normal(size=len(one)) for one in weights], activation="tanh")


@pytest.mark.parametrize(
    ("limits", "stages"),
    [
        (Limits(**FEW), "circuits interpretations algorithms alignments criteria"),
        (Limits(max_possible=1, **FEW), "circuits smallest interpretations algorithms alignments criteria"),
        (
            Limits(max_possible=1, max_seconds=0, **FEW),
            "circuits smallest interpretations algorithms alignments criteria",
        ),
    ],
)
def test_every_stage_that_an_analysis_goes_through_is_planned(limits: Limits, stages: str) -> None:
    question = ask(network_of(2, 3, 3, 1), task=named_task("OR", 2))
    ticks = partial(next, count(0.0, 0.05))
    plan = plan_output(question, limits, ticks)
    assert " ".join(stage.stage for stage in plan.stages) == stages
    found = analyse_output(question, Work(clock=ticks, limits=limits))
    assert set(found.seconds) == set(stages.split())
    assert 0 <= plan.seconds[0] <= plan.seconds[1] <= sum(stage.seconds[1] for stage in plan.stages)
    for stage in plan.stages:
        assert 0 <= stage.seconds[0] <= stage.seconds[1] < float("inf")
        assert 50 << 20 <= stage.peak_bytes[0] <= stage.peak_bytes[1]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ((0.0, 0.5), "under a second"),
        ((0.7, 1.3), "under 2 seconds"),
        ((0.0, 3.0), "up to 3 seconds"),
        ((43.0, 119.0), "43 to 120 seconds"),
        ((5_000.0, 15_000.0), "about 1 to 4 hours"),
        ((1e6, 4e6), "about 12 to 46 days"),
    ],
)
def test_a_range_of_seconds_in_words(seconds: tuple[float, float], words: str) -> None:
    assert seconds_words(seconds) == words
    assert memory_words((204_000_000, 1_510_000_000)) == "200 to 1,500 MB"
