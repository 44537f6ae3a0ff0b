"""Judging everything of an analysis: the same as criterion by criterion, in blocks, within a budget."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pluriscope.analysis.criteria import judging
from pluriscope.analysis.criteria.criterion import KINDS
from pluriscope.analysis.criteria.interpretation_tallies import COSTLY, MIXED
from pluriscope.analysis.criteria.judging import JudgedAnalysis, budget_that_ended, judge_analysis
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.steps import CriterionStep, default_steps
from pluriscope.analysis.criteria.verdict import NOT_APPLICABLE, PASSED, UNDECIDED
from pluriscope.analysis.errors import InvalidCriterion
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.progress import Progress
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.factories import real_analysis
from tests.oracles.brute_force_circuits import possible_masks

QUICK = [
    ("circuit", CriterionStep.parse("mean-ablation")),
    ("circuit", CriterionStep.parse("knockout-completeness")),
    ("circuit", CriterionStep.parse("minimal-subset")),
    ("circuit", CriterionStep.parse("output-faithfulness(tolerance=.3)")),
    ("algorithm", CriterionStep.parse("irredundant-literals")),
    ("alignment", CriterionStep.parse("causal-order")),
]


def subject() -> JudgedAnalysis:
    return JudgedAnalysis.of(real_analysis())


def put_together(found):
    """Outcomes and tallies by kind and step."""
    found = {(one.kind, one.step): one for one in found}
    return {key: one.outcomes.tolist() for key, one in found.items()}, {key: one.tally for key, one in found.items()}


@pytest.mark.slow
def test_blocks_of_any_size_say_the_same(monkeypatch):
    whole = put_together(judge_analysis(subject(), QUICK))
    monkeypatch.setattr(judging, "_BLOCK", 64)
    parts = put_together(judge_analysis(subject(), QUICK))
    assert whole == parts
    passed = {str(step): tally.passed for (_, step), tally in whole[1].items()}
    assert (passed["mean-ablation"], passed["knockout-completeness"], passed["minimal-subset"]) == (191, 5, 5)
    assert (passed["irredundant-literals"], passed["causal-order"]) == (2, 3)
    for (kind, _), found in whole[0].items():
        assert len(found) == len(subject().population(kind))


@pytest.mark.slow
def test_a_spent_budget_leaves_the_rest_undecided_and_says_so():
    ticks = iter(range(10**9))
    steps = [("circuit", CriterionStep.parse("knockout-completeness")), *QUICK[:1]]
    limits = Limits(criterion_seconds=100)
    blocks = list(judge_analysis(subject(), steps, Work(clock=lambda: float(next(ticks)), limits=limits)))
    slow = next(block for block in blocks if block.step.key == "knockout-completeness")
    assert slow.stopped
    assert "100 seconds" in slow.note
    assert budget_that_ended(slow.note) == 100
    assert budget_that_ended("The search stopped at 200 circuits.") is None
    assert 0 < slow.tally.undecided < 197  # what was decided until then is kept
    unhurried = put_together(judge_analysis(subject(), steps))[0]["circuit", slow.step]
    decided = slow.outcomes != UNDECIDED
    assert slow.outcomes[decided].tolist() == np.array(unhurried)[decided].tolist()
    quick = next(block for block in blocks if block.step.key == "mean-ablation")
    assert quick.tally.passed == 191  # each criterion has its own budget
    assert not quick.stopped


def test_a_budget_ends_a_criterion_in_the_midst_of_a_block():
    ticks, answer = iter(range(10**9)), []
    steps = [("circuit", CriterionStep.parse("resample-ablation"))]
    work = Work(answer.append, clock=lambda: float(next(ticks)), limits=Limits(criterion_seconds=5))
    (block,) = judge_analysis(subject(), steps, work)
    assert block.stopped
    assert budget_that_ended(block.note) == 5
    assert block.tally.undecided == 197
    assert len(answer) == 3  # before the block, on its only part, and when the kind was done
    assert next(ticks) < 12


EVERY_READING = [("interpretation", step) for step in default_steps("interpretation")]


def test_what_needs_numbers_only_is_decided_however_little_time_there_is_for_looking_at_classes():
    seconds = 0.0

    def answer(progress: Progress) -> None:
        nonlocal seconds
        seconds += progress.found.startswith("interchange")  # only looking at the observed classes takes time

    def clock() -> float:
        return seconds

    work = Work(report=answer, clock=clock, limits=Limits(criterion_seconds=3))
    blocks = list(judge_analysis(subject(), EVERY_READING, work))
    outcomes, tallies = put_together(iter(blocks))
    unhurried = {"margin": 147_899_020, "representative": 147_899_020, "observed-class": sum(subject().observed)}
    for (_, step), tally in tallies.items():
        assert tally.of == 147_899_020
        if step.key in unhurried:
            assert (tally.passed, tally.undecided) == (unhurried[step.key], 0)
            assert not any(block.stopped or block.note for block in blocks if block.step == step)
        elif step.key not in COSTLY:  # of a plugin
            assert tally.undecided == tally.of
        else:
            assert tally.undecided
            assert 190 < outcomes["interpretation", step].count(UNDECIDED) < 197
            last = [block for block in blocks if block.step == step][-1]
            assert budget_that_ended(last.note) == 3


@pytest.mark.slow
def test_interpretations_that_a_limit_left_uncounted_are_counted():
    whole = small_subject(0)
    cut = replace(
        whole,
        interpretations=(*whole.interpretations[:2], *[0] * (len(whole.masks) - 2)),
        observed=(*whole.observed[:2], *[0] * (len(whole.masks) - 2)),
    )
    assert put_together(judge_analysis(cut, EVERY_READING)) == put_together(judge_analysis(whole, EVERY_READING))
    for block in judge_analysis(cut, EVERY_READING):
        assert [one.total for one in block.readings] == list(whole.interpretations)


def test_nothing_found_is_nothing_judged_and_wrong_kinds_are_refused():
    network = Network.from_arrays([np.zeros((2, 2)), np.zeros((1, 2))], [np.zeros(2), np.zeros(1)])
    empty = JudgedAnalysis.of(analyse_output(ask(network, task=named_task("XOR", 2))))
    steps = [(kind, step) for kind in KINDS for step in default_steps(kind)]
    outcomes, tallies = put_together(judge_analysis(empty, steps))
    assert set(outcomes) == set(steps)
    assert tallies["circuit", CriterionStep.parse("mean-ablation")] == CriterionTally(0, 0, 0, 0)
    with pytest.raises(InvalidCriterion):
        list(judge_analysis(empty, [("algorithm", CriterionStep.parse("mean-ablation"))]))


# ---- interpretations, against trying each one ------------------------------------------------------------------------

KEYS = ("observed-class", "interchange", "interchange-joint", "interchange-on-circuit", "interchange-joint-on-circuit")
KEYS += ("margin(least=.01)", "representative")


def small_subject(seed: int, hidden: tuple[int, ...] = (2,), *, symmetric: bool = False) -> JudgedAnalysis:
    """A random network and its first circuits, the whole network last: few enough interpretations to try each."""
    random = np.random.default_rng(seed)
    sizes = (2, *hidden, 1)
    weights = [2 * random.normal(size=(out, into)) for into, out in pairwise(sizes)]
    biases = [random.normal(size=out) for out in sizes[1:]]
    if symmetric:
        weights[0][1], biases[0][1], weights[1][:, 1] = weights[0][0], biases[0][0], weights[1][:, 0]
    network = Network.from_arrays(weights, biases)
    layout = EdgeLayout(network.sizes)
    circuits = sorted(mask for mask, _ in possible_masks(network))
    masks = sorted({*circuits[:: max(1, len(circuits) // 12)], circuits[-1]})
    spaces = [InterpretationSpace(ask(network), Circuit(layout, mask)) for mask in masks]
    totals, observed = tuple(space.count for space in spaces), tuple(space.n_observed for space in spaces)
    return JudgedAnalysis(
        ask(network, task=named_task("AND", 2)),
        np.array(masks, dtype=np.uint64),
        exhaustive=True,
        interpretations=totals,
        observed=observed,
        algorithms=(),
        alignments=(),
    )


@pytest.mark.parametrize(
    ("seed", "hidden", "symmetric"),
    [(0, (2,), False), (1, (3,), False), (2, (2,), True), (3, (2, 2), False), (4, (2, 2), False)],
)
@pytest.mark.slow
def test_counts_and_their_combinations_agree_with_trying_each_interpretation(seed, hidden, symmetric):
    subject = small_subject(seed, hidden, symmetric=symmetric)
    steps = [CriterionStep.parse(text) for text in KEYS]
    judged = judge_analysis(subject, [("interpretation", step) for step in steps])
    counts = {one.step.key: one.readings for one in judged}
    layout = EdgeLayout(subject.question.network.sizes)
    for number, mask in enumerate(subject.masks.tolist()):
        space = InterpretationSpace(ask(subject.question.network, data=subject.question.data), Circuit(layout, mask))
        every = tuple(space.at(index) for index in range(space.count))
        assert len(every) == subject.interpretations[number] < 5_000
        context = Population("interpretation", ask(subject.question.network, data=subject.question.data), every)
        tried = {step.key: step.criterion.judge(context, step.settings).outcomes for step in steps}
        class_of = np.cumsum(tried["observed-class"] == PASSED)  # each begins with its least
        for key, outcomes in tried.items():
            found = counts[key][number]
            if found.undecided:
                assert key == "representative"
                assert symmetric
                continue
            assert found.total == len(every)
            assert found.passed == np.count_nonzero(outcomes == PASSED), key
            assert found.classes == len(np.unique(class_of[outcomes == PASSED])), key
            assert found.applicable == (NOT_APPLICABLE not in outcomes)
            shared = set(outcomes.tolist())
            assert found.outcome == (shared.pop() if len(shared) == 1 else MIXED)
        joint = tried["interchange-joint"] == PASSED
        assert not (joint & (tried["interchange"] != PASSED)).any()
