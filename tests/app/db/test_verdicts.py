"""Verdicts in the store: letters that are read back exactly, at positions that never move, saved once, gone with their
analysis.
"""

import sqlite3
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from sqlalchemy import func, select, update

from pluriscope.analysis.criteria.interpretation_tallies import Reading
from pluriscope.analysis.criteria.judging import JudgedAnalysis, StepVerdicts, judge_analysis
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.steps import CriterionStep, parse_steps
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.reads.verdicts import judged_outcomes, missing_steps, verdict_sets, verdicts_in
from pluriscope.app.db.tables import AnalysisRow, CircuitRow, VerdictRow
from pluriscope.app.db.verdicts import PreparedVerdicts, outcomes_in, readings_in, save_verdicts
from pluriscope.app.db.writes import delete_network
from tests.factories import XOR_SLUG, real_analysis, save_analysis, stored_analysis

TEXTS = ("mean-ablation", "resample-ablation", "output-faithfulness(tolerance=.3)", "minimal-local", "margin")
STEPS = [(kind, step) for step in parse_steps(TEXTS) for kind in step.criterion.kinds]


def analysis_in(session) -> AnalysisRow:
    return session.scalars(select(AnalysisRow)).one()


@lru_cache
def judged(steps=tuple(STEPS)) -> list[PreparedVerdicts]:
    found = real_analysis().interpretations
    sizes = list(zip(found.by_circuit, found.observed_by_circuit, strict=True))
    judged = {(one.kind, one.step): one for one in judge_analysis(JudgedAnalysis.of(real_analysis()), steps)}
    return [PreparedVerdicts.of(judged[key], sizes) for key in steps]


def save(store, prepared) -> int:
    """Save verdicts; how many became new."""
    with store.write() as session:
        return len(save_verdicts(session, analysis_in(session), prepared))


@pytest.fixture
def analysed(store):
    stored_analysis(store, real=True)
    save(store, judged())
    return store


def direct(text: str):
    """Judge the circuits by the criterion itself."""
    analysis, step = real_analysis(), CriterionStep.parse(text)
    question = ask(analysis.question.subject, task=analysis.question.task, data=analysis.question.data)
    context = Population("circuit", question, analysis.circuits.masks)
    return step.criterion.judge(context, step.settings)


def test_what_is_stored_is_what_the_criteria_say(analysed):
    with analysed.read() as session:
        analysis = analysis_in(session)
        sets = {(one.kind, str(one.step)): one for one in verdict_sets(session, analysis)}
        assert set(sets) == {(kind, str(step)) for kind, step in STEPS}
        stored = judged_outcomes(session, analysis, "circuit")
        for text in TEXTS:
            step, expected = CriterionStep.parse(text), direct(text)
            assert stored[step].tolist() == expected.outcomes.tolist()
            assert sets["circuit", str(step)].tally == expected.tally
        rows = session.scalars(select(CircuitRow).order_by(CircuitRow.position)).all()
        for position in (0, 5, 196):
            answer = verdicts_in(session, analysis, "circuit", rows[position].verdicts)
            assert answer == {step: direct(str(step)).at(position).outcome for step in stored}
        assert len({row.verdicts for row in rows}) > 1
        assert verdicts_in(session, analysis, "circuit", "") == verdicts_in(session, analysis, "circuit", ".....") == {}
        assert missing_steps(session, analysis, [("circuit", CriterionStep.parse("necessity")), STEPS[0]]) == (
            ("circuit", CriterionStep.parse("necessity")),
        )


def test_a_plain_client_reads_letters_and_a_later_criterion_adds_one(tmp_path):
    from tests.factories import temporary_store

    store = temporary_store(tmp_path)
    stored_analysis(store, real=True)

    def shown(query: str) -> list[tuple]:
        return sqlite3.connect(tmp_path / "test.sqlite").execute(query).fetchall()

    criteria = "SELECT criterion, position FROM verdicts WHERE kind = 'circuit' ORDER BY position"
    save(store, judged())
    before = [text for (text,) in shown("SELECT verdicts FROM circuits ORDER BY position")]
    assert shown(criteria) == [(text.partition("(")[0], position) for position, text in enumerate(TEXTS)]
    assert [text[1] for text in before] == ["PFU-"[one] for one in direct("resample-ablation").outcomes]
    save(store, judged((("circuit", CriterionStep.parse("necessity")),)))
    assert shown(criteria)[-1] == ("necessity", 5)
    assert shown("SELECT verdicts FROM circuits ORDER BY position") == [(text + "P",) for text in before]
    # only valid alignments are judged
    assert {(valid, text.replace("P", "F")) for valid, text in shown("SELECT valid, verdicts FROM alignments")} == {
        (0, "."),
        (1, "F"),
    }
    store.close()


def test_what_meant_something_else_gives_its_place_to_what_is_judged_anew(analysed):
    step = CriterionStep.parse("minimal-local")
    with analysed.write() as session:
        session.execute(update(VerdictRow).where(VerdictRow.criterion == step.key).values(settings_digest="0" * 12))
        session.execute(update(CircuitRow).values(verdicts="PPPUP"))
    save(analysed, judged((("circuit", step),)))
    with analysed.read() as session:
        rows = [row for row in analysis_in(session).verdicts if row.kind == "circuit"]
        assert [row.criterion for row in rows] == [text.partition("(")[0] for text in TEXTS]
        assert rows[3].settings_digest == step.settings_digest
        letters = "".join("PFU-"[one] for one in direct(str(step)).outcomes)
        assert [*session.scalars(select(CircuitRow.verdicts).order_by(CircuitRow.position))] == [
            f"PPP{letter}P" for letter in letters
        ]


def test_saving_again_changes_nothing_and_other_verdicts_replace(analysed):
    with analysed.read() as session:
        before = session.execute(select(VerdictRow.id, VerdictRow.content).order_by(VerdictRow.id)).all()
    assert save(analysed, judged()) == 0
    with analysed.read() as session:
        assert session.execute(select(VerdictRow.id, VerdictRow.content).order_by(VerdictRow.id)).all() == before
    assert save(analysed, [replace(judged()[0], n=5, letters="PPPPP", note="of others")]) == 0, "others were judged"
    assert save(analysed, [replace(judged()[0], note="another")]) == 1
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
        assert set(session.scalars(select(CircuitRow.verdicts))) == {""}
    save(analysed, judged())
    with analysed.write() as session:
        delete_network(session, find_network(session, XOR_SLUG))
    with analysed.read() as session:
        assert session.scalar(select(func.count()).select_from(VerdictRow)) == 0


def test_counts_of_interpretations_are_read_back_whatever_they_are():
    """As letters where all or none pass, one of each class, none is decided or none is asked; else as numbers."""
    step, size = CriterionStep.parse("interchange-joint"), 2**70
    sizes = [*[(size, 5)] * 6, (7, 5), (0, 0)]
    readings = [
        Reading(size, 0, 5, 0, size),
        Reading(0, 0, 0, 0, size),
        Reading(5, 0, 5, 0, size),
        Reading(0, size, 0, 5, size),
        Reading(0, 0, 0, 0, size, applicable=False),
        Reading(10**20, 3, 2, 1, size),
        Reading(9, 0, 5, 0, 9),  # it was not counted before
        Reading(0, 0, 0, 0, 0),
    ]
    outcomes = np.array([one.outcome for one in readings], np.uint8)
    one = PreparedVerdicts.of(StepVerdicts("interpretation", step, outcomes, readings), sizes)
    assert one.letters == f"P,F,O,U,-,{10**20} 3 2 1 of {size},9 0 5 0 of 9,P"
    assert readings_in(one.letters, *zip(*sizes, strict=True)) == readings
    assert outcomes_in(one.letters).tolist() == outcomes.tolist()
    assert readings_in("", (), ()) == outcomes_in("").tolist() == []
