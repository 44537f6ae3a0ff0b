"""An analysis whose time is up tells nothing false, and gone on with it ends as one run without an end.

Time is told by a clock that goes on by one at each reading, so that it is up at the same step on every machine.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import count

import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.explaining.pipeline import analyse_output, analyse_outputs
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.network_files.result_file import read_unfinished, result_json, stop_words, what_is_missing
from pluriscope.analysis.questions.protocol import COMPLETE, protocol_from_mapping
from pluriscope.analysis.results.result import Stop
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network

FEW = {"n_draws": 20, "n_smallest": 15, "n_samples": 4_000, "max_aligned": 5}
LISTED, COUNTED = Limits(**FEW), Limits(**FEW, max_possible=1)
ESTIMATED, BEYOND = Limits(**FEW, max_possible=1, max_seconds=0), Limits(max_possible=1, max_seconds=0, n_samples=0)
ANY = protocol_from_mapping({**COMPLETE.model_dump(mode="json"), "name": "any", "circuit_family": "any_ablation"})
CASES = {
    "listed": ("xor_pretrained", COMPLETE, LISTED),
    "counted": ("xor_pretrained", COMPLETE, COUNTED),
    "sampled": ("xor_pretrained", COMPLETE, ESTIMATED),
    "beyond every limit": ("xor_pretrained", COMPLETE, BEYOND),
    "under any ablation": ("xor_pretrained", ANY, LISTED),
    "two outputs": ("xor+and_3-3", COMPLETE, COUNTED),
}


def ticking(limits):
    ticks = count()
    return Work(clock=lambda: float(next(ticks)), limits=limits)


def answer(analyses):
    """Content of a result file but the seconds."""
    return {key: value for key, value in result_json(analyses).items() if key != "seconds"}


@cache
def whole_of(case):
    """The questions of a case, its limits, what one run without an end finds, and the readings of a clock for it."""
    name, protocol, limits = CASES[case]
    file = golden_network(name)
    questions = [ask(file.network, output=n, task=task, protocol=protocol) for n, task in enumerate(file.tasks)]
    readings = count()
    work = Work(clock=lambda: float(next(readings)), limits=limits)
    analyse_outputs(questions, work.for_seconds(1e12))
    return questions, limits, analyse_outputs(questions, Work(limits=limits)), next(readings)


def holds(analysis, whole):
    """Whether nothing that an analysis says is false."""
    found, truth = analysis.circuits, set(search_circuits(analysis.question).masks.tolist())
    sure = found.method == "counted" or (found.method == "listed" and found.truncated_at is None)
    low, high = found.interval or ((found.n_valid, found.n_valid) if sure else (found.n_listed, found.possible))
    assert low <= len(truth) <= high
    assert set(found.masks.tolist()) <= truth
    if found.smallest and found.smallest.proved:
        fewest = sorted(mask.bit_count() for mask in truth)[: len(found.smallest.masks)]
        assert [mask.bit_count() for mask in found.smallest.masks] == fewest
    every = count_interpretations(analysis.question, found.masks)
    n_counted = (
        found.n_listed if analysis.interpretations.truncated_at is None else analysis.interpretations.truncated_at
    )
    assert analysis.interpretations.by_circuit[:n_counted] == every.by_circuit[:n_counted]
    known = {result.algorithm.text: result for result in whole.algorithms.algorithms}
    for result in analysis.algorithms.algorithms:
        assert result.truncated_at == 0 or result == known[result.algorithm.text]
    counted = analysis.interpretations.total
    most = {"zero-ablation": len(truth), "observed-class": counted, "margin": len(truth) + whole.criteria["margin"].of}
    for key, tally in analysis.criteria.items():
        assert tally.passed <= most.get(key, whole.criteria[key].passed)
    if "observed-class" in analysis.criteria:
        assert analysis.criteria["observed-class"].of == counted
    for stop in analysis.stops:
        assert stop.reason == "time"
        assert stop.seconds is None or 0 <= stop.seconds[0] < stop.seconds[1]
    assert bool(analysis.stops) == any("the time was up" in one for one in what_is_missing(analysis))


@pytest.mark.parametrize("share", [0, *(pytest.param(one, marks=pytest.mark.release) for one in (0.03, 0.6)), 0.2, 0.9])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_what_time_ends_is_true_and_goes_on_to_the_same_end(case, share):
    questions, limits, whole, n_readings = whole_of(case)
    part = analyse_outputs(questions, ticking(limits).for_seconds(int(share * n_readings)))
    for one, all_of_it in zip(part, whole, strict=True):
        holds(one, all_of_it)
        if case != "beyond every limit":
            assert one.circuits.n_tested, "an output without an answer"
    if share < 0.5:
        assert any(one.stops for one in part)
    if any(one.stops for one in part):
        part = read_unfinished(json.loads(json.dumps(result_json(part))), questions)
    further = analyse_outputs(questions, ticking(limits).for_seconds(300), so_far=part)
    assert answer(analyse_outputs(questions, Work(limits=limits), so_far=further)) == answer(whole)


@pytest.mark.parametrize("stage", ["interpretations", "algorithms", "alignments"])
@pytest.mark.slow
def test_one_stage_alone_goes_on(stage):
    questions, limits, whole, n_readings = whole_of("listed")
    part = [replace(one, stops=(Stop(stage, "time"),)) for one in whole]
    assert answer(analyse_outputs(questions, ticking(limits).for_seconds(10 * n_readings), so_far=part)) == answer(
        whole
    )


@pytest.mark.parametrize("case", [name for name in CASES if name != "two outputs"])
@pytest.mark.slow
def test_what_is_kept_on_the_way_is_true_and_goes_on_to_the_same_end(case):
    """At each reading of the clock a second goes by, so that every finding is kept that another stage follows."""
    questions, limits, whole, _ = whole_of(case)
    kept = []
    analyse_output(questions[0], replace(ticking(limits), deadline=1e12), keep=kept.append)
    assert kept or case == "beyond every limit"
    for part in kept:
        assert {stop.reason for stop in part.stops} == {"pending"}
        assert part.circuits.n_tested is not None
        assert all("is still to come" in stop_words(stop) for stop in part.stops)
        (read,) = read_unfinished(json.loads(json.dumps(result_json([part]))), questions)
        assert answer(analyse_outputs(questions, Work(limits=limits), so_far=[read])) == answer(whole)
    stages = [tuple(stop.stage for stop in part.stops) for part in kept]
    assert stages == sorted(stages, key=len, reverse=True)
