"""Large analyses are saved in many small transactions: unseen until whole, once whatever happens, swept up after."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from sqlalchemy import func, select

from analysis.alignments.result import AlgorithmSearch
from analysis.protocol import COMPLETE
from app.db import staging
from app.db.engine import Store
from app.db.job_tables import JobRow
from app.db.prepared import prepare_analysis, result_digest
from app.db.reads.analyses import analyses_of, find_analysis, find_network
from app.db.reads.networks import analyses_of as analyses_in_gallery
from app.db.reads.results import load_analysis
from app.db.staging import Staging, sweep
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, CircuitBlockRow
from app.db.writes import save_network
from app.jobs import leases, queue
from app.jobs.definitions import ANALYSE, analyse_arguments
from app.jobs.handlers import ANALYSE as HANDLER
from app.jobs.leases import LeaseLost
from pluriscope.naming import Scope
from tests.factories import XOR_SLUG, hand_made_analysis, pretrained_xor, stored_analysis

TABLES = (AnalysisRow, CircuitBlockRow, AlgorithmRow, AlignmentRow)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Many transactions for a small analysis."""
    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 3)
    monkeypatch.setattr(staging, "BYTES_AT_ONCE", 1)


@pytest.fixture
def network(store):
    with store.write() as session:
        save_network(session, pretrained_xor(), slug=XOR_SLUG)


def run(store: Store, steps) -> int:
    n = 0
    for step in steps:
        with store.write() as session:
            step(session)
        n += 1
    return n


def sizes(store: Store) -> list[int]:
    with store.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in TABLES]


def sweep_all(store: Store) -> int:
    n, more = 0, True
    while more:
        with store.write() as session:
            more = sweep(session)
        n += more
    return n


def found(store: Store):
    with store.read() as session:
        row = find_network(session, XOR_SLUG)
        seen = [analyses_of(session, row), analyses_in_gallery(session, [row.id])]
        assert [len(rows) for rows in seen] == [len(seen[0])] * 2
        return find_analysis(session, row, Scope())


@pytest.mark.slow
def test_nobody_sees_an_analysis_before_it_is_whole(store, network):
    prepared = prepare_analysis(hand_made_analysis())
    stage = Staging(prepared, "somejob")
    n_steps = 0
    for step in stage.steps():
        with store.write() as session:
            step(session)
        assert found(store) is None
        n_steps += 1
    assert n_steps > 15, "everything went in a few transactions: the test has proved nothing"
    with store.write() as session:
        stage.publish(session)
    row = found(store)
    assert row.staged == ""
    with store.read() as session:
        loaded = load_analysis(session, session.get(AnalysisRow, row.id))
    assert result_digest(loaded) == row.result_digest == result_digest(hand_made_analysis())


def test_the_same_again_needs_no_transaction_but_one(store, network):
    direct = stored_analysis(store)
    before = sizes(store)
    prepared = prepare_analysis(hand_made_analysis())
    stage = Staging(prepared, "somejob")
    assert run(store, stage.steps()) == 1, "there is nothing to do"
    with store.write() as session:
        assert stage.publish(session).id == direct.id
    assert sizes(store) == before


@pytest.mark.parametrize("after", range(1, 20, 3))
def test_whoever_comes_next_begins_anew(store, network, after):
    """The predecessor died after so many transactions."""
    prepared = prepare_analysis(hand_made_analysis())
    run(store, islice(Staging(prepared, "somejob").steps(), after))
    again = Staging(prepared, "somejob")
    run(store, again.steps())
    with store.write() as session:
        again.publish(session)
    assert sizes(store)[0] == 1
    assert sizes(store)[2:] == [2, 10]
    with store.read() as session:
        row = find_analysis(session, find_network(session, XOR_SLUG), Scope())
        assert result_digest(load_analysis(session, row)) == row.result_digest
    assert sweep_all(store) == 0


@pytest.mark.slow
def test_a_new_result_takes_the_old_ones_place_and_the_old_one_is_swept_up(store, network):
    stored_analysis(store)
    other = replace(hand_made_analysis(), algorithms=AlgorithmSearch((), 0))
    stage = Staging(prepare_analysis(other), "somejob")
    run(store, stage.steps())
    assert found(store).algorithms_candidates == 2, "the old one is there to the end"
    with store.write() as session:
        stage.publish(session)
    assert found(store).algorithms_candidates == 0
    assert sizes(store)[0] == 2
    assert sweep_all(store) > 5
    assert sizes(store)[0] == 1
    assert sizes(store)[2:] == [0, 0]
    with store.read() as session:
        row = session.get(AnalysisRow, found(store).id)
        assert result_digest(load_analysis(session, row)) == row.result_digest == result_digest(other)


def test_sweeping_spares_what_a_job_still_saves(store, network):
    with store.write() as session:
        row = find_network(session, XOR_SLUG)
        (job,) = queue.enqueue_analyses(session, row, [COMPLETE])
    run(store, islice(Staging(prepare_analysis(hand_made_analysis()), job.id).steps(), 8))
    begun = sizes(store)
    for state in ("queued", "running"):
        with store.write() as session:
            session.get(JobRow, job.id).state = state
        assert sweep_all(store) == 0
        assert sizes(store) == begun
    with store.write() as session:
        session.get(JobRow, job.id).state = "failed"
    assert sweep_all(store) > 0
    assert sizes(store) == [0, 0, 0, 0]


@pytest.mark.slow
def test_a_predecessor_that_is_still_alive_can_add_nothing(store, network):
    """Its lease ran out in the midst of staging; another took the job, staged it whole and ended it."""
    now = datetime.now(UTC)
    digest = pretrained_xor().network.digest
    arguments = analyse_arguments(digest, 0, COMPLETE)
    with store.write() as session:
        job = queue.enqueue(session, "analyse", arguments)
        slow = leases.claim(session, "slow", lease_seconds=1, now=now)
    outcome = prepare_analysis(hand_made_analysis())

    def fenced(claim, step) -> None:
        with store.write() as session:
            leases.heartbeat(session, claim)
            step(session)

    abandoned = HANDLER.stage(arguments, outcome)
    for step in islice(abandoned, 9):
        fenced(slow, step)
    with store.write() as session:
        session.get(JobRow, job.id).lease_until = now - timedelta(seconds=1)
        quick = leases.claim(session, "quick")
    for step in HANDLER.stage(arguments, outcome):
        fenced(quick, step)
    for step in abandoned:
        with pytest.raises(LeaseLost):
            fenced(slow, step)
        break

    def save_and_finish(claim) -> None:
        with store.write() as session:
            leases.heartbeat(session, claim)
            saved = HANDLER.save(session, arguments, outcome)
            leases.finish(session, claim, saved.result, saved.found, truncated=saved.truncated)

    with pytest.raises(LeaseLost):
        save_and_finish(slow)
    assert found(store) is None
    save_and_finish(quick)
    assert sizes(store)[0] == 1
    assert sizes(store)[2:] == [2, 10]
    assert found(store).result_digest == outcome.result_digest
    assert job.id == ANALYSE.job_id(arguments)


def test_nothing_is_published_that_was_not_staged(store, network):
    with store.write() as session, pytest.raises(RuntimeError, match="before it is staged"):
        Staging(prepare_analysis(hand_made_analysis()), "somejob").publish(session)
