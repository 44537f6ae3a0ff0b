"""Verdicts in the store: packed and read back exactly, combined in any order, saved once, gone with their analysis."""

from dataclasses import replace
from functools import lru_cache
from itertools import permutations

import numpy as np
import pytest
from sqlalchemy import func, select

from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.funnel import funnel_rows
from analysis.criteria.interpretation_tallies import ReadingCounts
from analysis.criteria.judged import JudgedBlock, Subject
from analysis.criteria.judging import judge_analysis
from analysis.criteria.steps import CriterionStep, parse_steps
from analysis.question import ask
from app.db.reads.analyses import find_network
from app.db.reads.verdicts import (
    count_of,
    counts_in,
    missing_steps,
    outcomes_in,
    position_of_alignment,
    verdict_row,
    verdict_sets,
    verdicts_among,
    verdicts_at,
)
from app.db.tables import AlignmentRow, AnalysisRow, VerdictBlockRow, VerdictRow
from app.db.verdict_columns import PreparedVerdicts, counts_of, counts_to_bytes
from app.db.verdict_writes import save_verdicts
from app.db.writes import delete_network, save_analysis
from tests.factories import XOR_SLUG, real_analysis, stored_analysis

TEXTS = ("mean-ablation", "resample-ablation", "output-faithfulness(tolerance=.3)", "minimal-local", "margin")
STEPS = [(kind, step) for step in parse_steps(TEXTS) for kind in step.kinds]


def outcomes(session, analysis, kind, step):
    row = verdict_row(session, analysis, kind, step)
    return None if row is None else outcomes_in(session, row.id)


def analysis_in(session) -> AnalysisRow:
    return session.scalars(select(AnalysisRow).where(AnalysisRow.so_far == "")).one()


@lru_cache
def judged(steps=tuple(STEPS)) -> list[PreparedVerdicts]:
    prepared = {key: PreparedVerdicts(*key) for key in steps}
    for one in judge_analysis(Subject.of(real_analysis()), steps):
        prepared[one.kind, one.step].add(one)
    return list(prepared.values())


def save(store, prepared) -> int:
    """Save verdicts; how many became new."""
    with store.write() as session:
        return len(save_verdicts(session, analysis_in(session), prepared))


@pytest.fixture
def analysed(store):
    stored_analysis(store, real=True)
    save(store, judged())
    return store


def direct(text: str) -> np.ndarray:
    """Which circuits pass, asked of the criterion itself."""
    analysis, step = real_analysis(), CriterionStep.parse(text)
    context = CircuitCriteriaContext(
        ask(analysis.question.model, task=analysis.question.task, data=analysis.question.data), analysis.circuits.masks
    )
    return step.criterion.judge("circuit", context, step.settings)


def test_what_is_stored_is_what_the_criteria_say(analysed):
    with analysed.read() as session:
        analysis = analysis_in(session)
        sets = {(one.kind, str(one.step)): one for one in verdict_sets(session, analysis)}
        assert set(sets) == {(kind, str(step)) for kind, step in STEPS}
        for text in TEXTS:
            step, expected = CriterionStep.parse(text), direct(text)
            assert outcomes(session, analysis, "circuit", step).tolist() == expected.outcomes.tolist()
            assert sets["circuit", str(step)].tally == expected.tally
        for position in (0, 5, 196):
            told = {str(one.step): one for one in verdicts_at(session, analysis, "circuit", position)}
            assert len(told) == len(TEXTS)
            for text in TEXTS:
                one, expected = told[str(CriterionStep.parse(text))], direct(text).at(position)
                assert (one.outcome, one.score) == (expected.outcome, expected.score)
                assert (one.numerator, one.denominator) == (expected.numerator, expected.denominator)
        together = verdicts_among(session, analysis, "circuit", [196, 0, 5, 0])
        assert together == {p: verdicts_at(session, analysis, "circuit", p) for p in (0, 5, 196)}
        assert len(set(together.values())) > 1
        assert verdicts_at(session, analysis, "circuit", 197) == ()
        assert outcomes(session, analysis, "circuit", CriterionStep.parse("necessity")) is None
        assert missing_steps(session, analysis, [("circuit", CriterionStep.parse("necessity")), STEPS[0]]) == (
            ("circuit", CriterionStep.parse("necessity")),
        )


def test_the_order_changes_no_outcome_and_every_step_adds_up(analysed):
    with analysed.read() as session:
        analysis = analysis_in(session)
        kept = direct(TEXTS[0]).passed & direct(TEXTS[1]).passed & direct(TEXTS[2]).passed
        every = np.ones(count_of(session, analysis, "circuit"), dtype=np.bool_)
        for order in permutations(TEXTS[:3]):
            rows = funnel_rows([outcomes(session, analysis, "circuit", step) for step in parse_steps(order)], every)
            assert rows[-1].left.tolist() == kept.tolist()
            left = len(every)
            for row in rows:
                assert left == row.n_left + row.tally.failed + row.tally.undecided + row.tally.not_applicable
                left = row.n_left
            assert left == kept.sum()
        order = parse_steps([TEXTS[0], "necessity", TEXTS[1]])
        open_ended = funnel_rows([outcomes(session, analysis, "circuit", step) for step in order], every)
        assert [row.whole for row in open_ended] == [True, False, False]
        assert open_ended[0].n_left == 191


def test_saving_again_changes_nothing_and_other_verdicts_replace(analysed):
    with analysed.read() as session:
        before = session.execute(select(VerdictRow.id, VerdictRow.content).order_by(VerdictRow.id)).all()
    assert save(analysed, judged()) == 0
    with analysed.read() as session:
        assert session.execute(select(VerdictRow.id, VerdictRow.content).order_by(VerdictRow.id)).all() == before
    other = replace(judged()[0], note="another")
    assert save(analysed, [other]) == 1
    with analysed.read() as session:
        assert session.scalar(select(func.count()).select_from(VerdictRow)) == len(before)
        assert next(one.note for one in verdict_sets(session, analysis_in(session))) == "another"


@pytest.mark.slow
def test_verdicts_go_with_their_analysis_and_stay_if_it_is_saved_again(analysed):
    with analysed.write() as session:
        save_analysis(session, real_analysis())
        assert len(verdict_sets(session, analysis_in(session))) == len(STEPS)
        save_analysis(session, real_analysis(), engine_version="another")
        assert verdict_sets(session, analysis_in(session)) == ()
    with analysed.read() as session:
        assert session.scalar(select(func.count()).select_from(VerdictBlockRow)) == 0
    save(analysed, judged())
    with analysed.write() as session:
        delete_network(session, find_network(session, XOR_SLUG))
    with analysed.read() as session:
        assert session.scalar(select(func.count()).select_from(VerdictRow)) == 0
        assert session.scalar(select(func.count()).select_from(VerdictBlockRow)) == 0


def test_alignments_stand_in_the_order_of_their_rows(analysed):
    with analysed.read() as session:
        analysis = analysis_in(session)
        assert count_of(session, analysis, "alignment") == 3
        rows = session.scalars(select(AlignmentRow).order_by(AlignmentRow.id)).all()
        assert [p for row in rows if (p := position_of_alignment(session, row)) is not None] == [0, 1, 2]
        kept = [scored for _, scored in Subject.of(real_analysis()).alignments]
        assert [row.alignment_id for row in rows if row.valid] == [scored.alignment.id for scored in kept]
        margins = [verdicts_at(session, analysis, "alignment", position)[0].score for position in range(3)]
        assert margins == [scored.margin for scored in kept]


def test_interpretations_have_exact_numbers_of_any_size():
    values = [0, 1, 10**40, 2**70]
    assert counts_of(counts_to_bytes(values)) == values
    assert counts_of(counts_to_bytes([])) == []


@pytest.mark.slow
def test_any_combination_of_interpretation_criteria_is_counted(store):
    stored_analysis(store, real=True)
    totals = real_analysis().interpretations.by_circuit
    n = len(totals)
    half = tuple(total // 2 for total in totals)
    some = {
        "observed-class": ReadingCounts(
            totals, (4,) * n, (0,) * n, (4,) * n, (0,) * n, (True,) * n, np.full(n, np.nan)
        ),
        "interchange": ReadingCounts(totals, half, (0,) * n, (3,) * n, (0,) * n, (True,) * n, np.full(n, np.nan)),
        "interchange-joint": ReadingCounts(
            totals, (2,) * n, (1,) * n, (1,) * n, (1,) * n, (True,) * n, np.full(n, 0.5)
        ),
        "margin": ReadingCounts(
            totals,
            tuple(total if k else 0 for k, total in enumerate(totals)),
            (0,) * n,
            (1,) * n,
            (0,) * n,
            (True,) * n,
            np.full(n, np.nan),
        ),
    }
    prepared = []
    for key, counts in some.items():
        one = PreparedVerdicts("interpretation", CriterionStep.parse(key))
        one.add(JudgedBlock("interpretation", one.step, 0, counts.outcomes, counts.scores, None, None, counts))
        prepared.append(one)
    save(store, prepared)
    with store.read() as session:
        analysis = analysis_in(session)
        step = CriterionStep.parse("interchange-joint")
        read = counts_in(session, analysis, verdict_row(session, analysis, "interpretation", step))
        assert (read.passed, read.undecided, read.scores[0]) == ((2,) * n, (1,) * n, 0.5)
