"""Tests that findings of an analysis are stored while it goes on, and give way to later ones, never to less."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import count

import pytest
from sqlalchemy import func, select

from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.running.progress import KnownCircuits, Progress
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.errors import Conflict
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.prepared import prepare_analysis
from pluriscope.app.db.tables import AnalysisRow, CircuitRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.analyses import ANALYSE, found_words
from pluriscope.app.jobs.definitions import analyse_arguments
from pluriscope.app.jobs.stages import enqueue_missing
from pluriscope.app.jobs.worker import GivingWay, Slot, Worker, _Attempt
from pluriscope.processes.executor import ThreadExecutor
from tests.factories import pretrained_xor


@pytest.fixture(scope="module")
def found():
    """The parts of an analysis, by a clock that goes on by a second at each reading, and all of it."""
    file, ticks = pretrained_xor(), count()
    parts = []
    work = Work(clock=lambda: float(next(ticks)), deadline=1e12)
    whole = analyse_output(ask(file.network, task=file.tasks[0]), work, keep=parts.append)
    return [*map(prepare_analysis, parts)], prepare_analysis(whole)


def n_rows(store, table) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table))


@pytest.mark.slow
def test_parts_are_stored_in_one_place_and_gone_on_with(store, found):
    parts, whole = found
    arguments = analyse_arguments(whole.network, 0, COMPLETE)
    with store.write() as session:
        save_network(session, pretrained_xor())
        job = queue.enqueue(session, "analyse", arguments, requested=True).id
    assert [len(one.columns["distributions"]["stops"]) for one in parts] == [5, 3, 2, 1]  # first an interval
    for part in parts:
        with store.write() as session:
            ANALYSE.keep(session, arguments, part)
        n_listed, low, high = (part.columns[f"circuits_{name}"] for name in ("listed", "low", "high"))
        assert (n_rows(store, AnalysisRow), n_rows(store, CircuitRow), n_rows(store, JobRow)) == (1, n_listed, 1)
        assert (low, high) == (None, None) or low <= 197 <= high
        with store.read() as session:
            assert not session.scalar(select(AnalysisRow)).exhaustive
            again = ANALYSE.load(session, arguments)(Work())
            assert again.result_digest == whole.result_digest
    with store.write() as session:
        ANALYSE.save(session, arguments, whole)
        ANALYSE.keep(session, arguments, parts[0])  # less than is stored
    with store.read() as session:
        row = session.scalar(select(AnalysisRow))
        assert row.exhaustive
        assert found_words(row).startswith("197 of")
        assert session.get(JobRow, job).so_far == {}


def test_no_job_is_about_a_first_answer_and_those_about_an_earlier_one_are_cancelled(store, found):
    parts, whole = found
    arguments = analyse_arguments(whole.network, 0, COMPLETE)
    with store.write() as session:
        save_network(session, pretrained_xor())
        ANALYSE.keep(session, arguments, parts[0])
    with store.write() as session:  # as a server does that is started again
        assert (enqueue_missing(session), n_rows(store, JobRow)) == (0, 0)
        with pytest.raises(Conflict, match="first answer"):
            queue.enqueue_about(session, session.scalar(select(AnalysisRow)), "common-ground", requested=True)
    ended = copy.deepcopy(parts[1])
    for stop in ended.columns["distributions"]["stops"]:
        stop["reason"] = "time"
    with store.write() as session:
        ANALYSE.save(session, arguments, ended)
        before = session.scalar(select(AnalysisRow.result_digest))
    with store.write() as session:
        ANALYSE.save(session, arguments, replace(whole, columns={**whole.columns, "result_digest": "f" * 64}))
    with store.read() as session:
        states = {(one.arguments["result"] == before, one.state) for one in session.scalars(select(JobRow))}
    assert states == {(True, "cancelled"), (False, "queued")}


def test_an_analysis_gives_way_only_when_what_it_found_is_stored(store, found, monkeypatch):
    parts, whole = found
    with store.write() as session:
        save_network(session, pretrained_xor())
        queue.enqueue(session, "analyse", analyse_arguments(whole.network, 0, COMPLETE), requested=True)
        held = queue.claim(session, "somebody")
    worker = Worker(store)
    monkeypatch.setattr(worker, "is_anybody_waiting", lambda: True)
    attempt = _Attempt(worker, held, ThreadExecutor(), Slot({}, ThreadExecutor, kept=True))
    attempt.handler = ANALYSE
    known = KnownCircuits(possible=262_144, value=197, least=197, most=197, method="listed")
    attempt.reports.append(Progress("circuits", 1, 1, known=known))
    attempt._beat()
    attempt._look()
    attempt.reports.append(Progress("interpretations", 0, 1, part=parts[0]))
    attempt._beat()
    with pytest.raises(GivingWay):
        attempt._look()
