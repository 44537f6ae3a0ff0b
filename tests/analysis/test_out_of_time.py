"""Every stage that the caller's time ends keeps what it has, says where it stopped, and leaves the rest out."""

import json
import math
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.decisions import site_decisions
from analysis.alignments.search import align_with
from analysis.circuits.planning import FEWEST_SAMPLES, limits_within
from analysis.circuits.search import search_circuits
from analysis.criteria.judging import OUT_OF_TIME, Subject, judge_analysis
from analysis.criteria.steps import default_steps
from analysis.data import clean_data
from analysis.directions.search import search_directions
from analysis.interpretations.counting import count_interpretations
from analysis.limits import DEFAULT_LIMITS, Limits
from analysis.pipeline import analyse_output
from analysis.progress import OutOfTime, Progress
from analysis.protocol import COMPLETE, PAPER, Protocol
from analysis.question import ask
from analysis.result import OutputAnalysis
from analysis.result_file import result_json, what_is_missing
from analysis.tasks import named_task
from analysis.work import Work
from tests.factories import pretrained_xor

XOR = named_task("XOR", 2)


class Ending:
    """A report that raises at the n-th report of a stage that is not done, and ever after."""

    def __init__(self, n: int, stage: str = "") -> None:
        self.left, self.stage = n, stage

    def __call__(self, progress: Progress, /) -> None:
        if progress.done < progress.total and (not self.stage or progress.stage == self.stage or self.left <= 0):
            self.left -= 1
            if self.left <= 0:
                raise OutOfTime


def analysed(n: int, stage: str = "", protocol: Protocol = COMPLETE) -> OutputAnalysis:
    network = pretrained_xor().network
    return analyse_output(ask(network, task=XOR, protocol=protocol), Work(report=Ending(n, stage)))


def test_a_deadline_ends_what_is_not_done_and_nothing_else():
    now = 0.0
    told: list[Progress] = []
    work = Work(told.append, clock=lambda: now).for_seconds(10.0)
    work.tell("circuits", 1, 2)
    work.check()
    now = 10.0
    work.tell("circuits", 2, 2)
    with pytest.raises(OutOfTime):
        work.tell("interpretations", 0, 2)
    with pytest.raises(OutOfTime):
        work.check()
    assert len(told) == 3


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [COMPLETE, PAPER], ids=lambda p: p.name)
def test_in_order_and_always_a_whole_result(protocol):
    whole = analyse_output(ask(pretrained_xor().network, task=XOR, protocol=protocol))
    order = ["circuits", "interpretations", "algorithms", "alignments"]
    for at, n in (("circuits", 1), ("interpretations", 1), ("alignments", 5), ("", 10_000)):
        cut = analysed(n, at, protocol)
        assert cut.out_of_time[:1] == ((at,) if at else ())
        document = json.loads(json.dumps(result_json([cut]), allow_nan=False))
        assert ("missing" in document) == bool(cut.out_of_time)
        assert len(what_is_missing(cut)) >= len(cut.out_of_time)
        first = order.index(cut.out_of_time[0]) if cut.out_of_time else len(order)
        expected = order[first:]
        assert list(cut.out_of_time) == expected
        assert [one["stage"] for one in document["outputs"][0].get("out_of_time", [])] == expected
        if first > 0:
            assert np.array_equal(cut.circuits.masks, whole.circuits.masks)
        if first > 2:
            assert cut.algorithms.n_candidates == whole.algorithms.n_candidates
        assert cut.exhaustive == document["exhaustive"] == (not cut.out_of_time)


def test_circuits_found_by_then_are_kept():
    network = pretrained_xor().network
    whole = search_circuits(ask(network, task=XOR))
    cut = search_circuits(ask(network, task=XOR), Work(report=Ending(4)))
    assert cut.truncated_at == cut.n_listed == cut.n_valid < whole.n_valid
    assert set(cut.masks.tolist()) <= set(whole.masks.tolist())


def test_in_little_time_fewer_circuits_are_sampled_and_none_is_counted():
    network, data = pretrained_xor().network, clean_data(2)
    short = limits_within(0.02, ask(network, task=XOR, data=data), DEFAULT_LIMITS)
    assert FEWEST_SAMPLES <= short.n_samples < DEFAULT_LIMITS.n_samples
    assert short.max_seconds == 0.02
    assert limits_within(1e-9, ask(network, task=XOR, data=data), DEFAULT_LIMITS).n_samples == FEWEST_SAMPLES
    assert limits_within(math.inf, ask(network, task=XOR, data=data), DEFAULT_LIMITS) == DEFAULT_LIMITS
    few = replace(DEFAULT_LIMITS, n_samples=10)
    assert limits_within(1e-9, ask(network, task=XOR, data=data), few).n_samples == 10


def test_the_first_circuits_keep_their_interpretations(monkeypatch):
    network, data = pretrained_xor().network, clean_data(2)
    monkeypatch.setattr("analysis.interpretations.counting._CIRCUITS_AT_ONCE", 10)
    masks = search_circuits(ask(network, task=XOR, data=data)).masks
    whole = count_interpretations(ask(network, data=data), masks)
    cut = count_interpretations(ask(network, data=data), masks, Work(report=Ending(4)))
    assert cut.truncated_at == 30
    assert cut.by_circuit == whole.by_circuit[:30] + (0,) * (len(masks) - 30)


def test_the_first_algorithms_keep_their_alignments():
    network, data = pretrained_xor().network, clean_data(2)
    sites = site_decisions(ask(network, data=data))
    algorithms = candidate_algorithms(XOR, COMPLETE, 2).algorithms[:40]
    whole = align_with(sites, algorithms, COMPLETE)
    cut = align_with(sites, algorithms, COMPLETE, Work(Ending(3)))
    done = sum(result.truncated_at != 0 for result in cut)
    assert 0 < done < len(cut) == 40
    assert cut[:done] == whole[:done]
    assert all(result.truncated_at == 0 and not result.alignments for result in cut[done:])


@pytest.mark.slow
def test_criteria_decide_until_the_time_is_up():
    analysis = analyse_output(ask(pretrained_xor().network, task=XOR))
    wanted = [(kind, step) for step in default_steps() for kind in step.criterion.kinds if step.key != "input-robust"]
    clock = count()
    work = Work(clock=lambda: float(next(clock)), limits=Limits(criterion_seconds=1e9)).until(60.0)
    blocks = list(judge_analysis(Subject.of(analysis), wanted, work))
    late = [block for block in blocks if block.note == OUT_OF_TIME]
    assert 0 < len(late) < len(blocks)
    assert [block for block in blocks if block.tally.undecided] == late
    assert {(block.kind, block.step) for block in blocks} == set(wanted)


def test_directions_keep_the_algorithms_that_were_searched():
    network, data = pretrained_xor().network, clean_data(2)
    candidates = candidate_algorithms(XOR, COMPLETE, 2)
    whole = search_directions(ask(network, data=data), candidates, "orthogonal")
    cut = search_directions(ask(network, data=data), candidates, "orthogonal", Work(report=Ending(2)))
    assert (len(whole.algorithms), whole.n_left, whole.is_exact) == (2, 0, True)
    assert (len(cut.algorithms), cut.n_left, cut.is_exact) == (1, 1, False)
    assert cut.algorithms[0].n_valid == whole.algorithms[0].n_valid
