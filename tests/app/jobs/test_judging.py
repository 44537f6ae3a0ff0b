"""Criteria as background work: they follow every analysis, behind all others, and judge only what is still there."""

import pytest
from sqlalchemy import select, update

from pluriscope.analyses.registry import PAIR
from pluriscope.analysis.criteria.registry import CRITERIA, criteria_for
from pluriscope.analysis.criteria.steps import CriterionStep, parse_steps
from pluriscope.analysis.pair.report import SEARCH
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.prepared import prepare_analysis
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.reads.verdicts import missing_steps, verdict_sets
from pluriscope.app.db.tables import AlgorithmRow, AnalysisReportRow, AnalysisRow, VerdictRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue, stages
from pluriscope.app.jobs.analyses import save_analysis_outcome
from pluriscope.app.jobs.definitions import analyse_arguments
from pluriscope.app.jobs.worker import Pace, Worker
from tests.app.jobs.executors import Directly
from tests.factories import XOR_SLUG, pretrained_xor, real_analysis, save_analysis, stored_analysis


def work(store) -> None:
    Worker(store, pace=Pace(poll_seconds=0.01), executor=Directly).run(until_idle=True)


def ask(store, *texts: str) -> str:
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        return queue.enqueue_about(session, analysis, "criteria", criteria=parse_steps(texts), again=True).id


def job(store, job_id: str) -> JobRow:
    with store.read() as session:
        return session.get(JobRow, job_id)


@pytest.mark.slow
def test_the_criteria_of_an_analysis_are_queued_with_it_and_wait_for_what_is_quicker(store):
    with store.write() as session:
        row = save_network(session, pretrained_xor(), slug=XOR_SLUG)
        arguments = analyse_arguments(row.digest, 0, COMPLETE)
    prepared = prepare_analysis(real_analysis())
    with store.write() as session:
        save_analysis_outcome(session, arguments, prepared)
    with store.write() as session:
        save_analysis_outcome(session, arguments, prepared)  # saved again: asked for once
        (queued,) = session.scalars(select(JobRow).where(JobRow.kind == "criteria")).all()
        assert queued.state == "queued"
        assert queued.arguments["criteria"] == sorted(criterion.key for criterion in CRITERIA)
        (later,) = queue.enqueue_analyses(session, find_network(session, XOR_SLUG), [COMPLETE], priority=0)
        claims = [queue.claim(session, "someone") for _ in range(4)]
        assert claims[0].job_id == later.id
        orders = [session.get(JobRow, one.job_id).priority for one in claims]
        assert orders == sorted(orders)
        assert orders[-1] < queued.priority
        queue.hasten(later)  # somebody asks for it meanwhile, and waits for what follows it as well
        save_analysis_outcome(session, arguments, prepared)
        following = session.scalars(select(JobRow).where(JobRow.state == "queued")).all()
        assert {"criteria", "common-ground", "pair"} <= {one.kind for one in following}
        assert {one.is_asked for one in following} == {True}
        order = sorted(following, key=lambda one: one.priority)
        assert order.index(next(one for one in order if one.kind == "criteria")) > len(order) // 2, "the quickest first"


@pytest.mark.slow
def test_an_analysis_that_is_gone_or_replaced_is_not_judged(store):
    stored_analysis(store)
    waiting = ask(store, "necessity")
    with store.write() as session:
        save_analysis(session, real_analysis())
    work(store)
    ended = job(store, waiting)
    assert ended.state == "failed"
    assert "another result" in ended.error
    with store.read() as session:
        assert verdict_sets(session, session.scalars(select(AnalysisRow)).one()) == ()


@pytest.mark.parametrize(("version", "asked"), [(1, 1), (SEARCH, 0)])
def test_a_pair_of_an_earlier_search_is_searched_anew(store, version, asked):
    stored_analysis(store, real=True)
    assert PAIR.version == SEARCH
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        row = {
            "kind": "pair",
            "thorough": True,
            "engine_version": "0.2.0",
            "version": version,
            "found": {},
            "seconds": 0.0,
            "content": "",
        }
        session.add(AnalysisReportRow(analysis_id=analysis.id, created_at=analysis.created_at, **row))
        session.flush()
        assert stages.enqueue_outdated(session) == asked


@pytest.mark.slow
def test_verdicts_of_an_earlier_meaning_are_not_shown_and_judged_anew(store):
    stored_analysis(store, real=True)
    ask(store, *(criterion.key for criterion in criteria_for("circuit")))
    work(store)
    step = CriterionStep.parse("minimal-local")
    former = sha256_hex(canonical_json({}))[:12]
    with store.write() as session:
        session.execute(
            update(VerdictRow)
            .where(VerdictRow.criterion == step.key)
            .values(settings_digest=former, passed=37, failed=160)
        )
    with store.read() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        assert "minimal-local" not in {one.step.key for one in verdict_sets(session, analysis)}
        assert missing_steps(session, analysis, [("circuit", step)]) == (("circuit", step),)
    with store.write() as session:
        assert stages.enqueue_missing(session, [stages.CRITERIA]) == 1
        again = session.scalars(select(JobRow.id).where(JobRow.state == "queued")).one()
        session.delete(session.get(JobRow, again))
    ask(store, "minimal-local")
    work(store)
    with store.read() as session:
        (row,) = session.scalars(select(VerdictRow).where(VerdictRow.criterion == step.key)).all()
        assert (row.settings_digest, row.passed) == (step.settings_digest, 5)


@pytest.mark.slow
def test_what_is_not_judged_is_not_read(store):
    stored_analysis(store)
    with store.write() as session:
        session.execute(update(AlgorithmRow).values(text="no algorithm"))
    for texts in (["necessity"], ["necessity"], ["necessity", "minimal-local"]):
        asked = ask(store, *texts)
        work(store)
        assert job(store, asked).state == "done"
