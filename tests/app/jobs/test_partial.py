"""What an analysis has found so far: shown while its job is on its way, replaced part by part, never left behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pytest
from sqlalchemy import func, select

from analysis.data import clean_data
from analysis.pipeline import analyse_output
from analysis.progress import Progress
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.work import Work
from app.db.job_tables import JobRow
from app.db.prepared import PreparedAnalysis, prepare_analysis, prepare_so_far
from app.db.reads.analyses import analysis_by_key, partial_by_key
from app.db.tables import AnalysisRow
from app.db.writes import forget_so_far, save_network, save_so_far
from app.jobs import leases, queue
from app.jobs.computing import Finished, Known, Lost, Refused, Stopped
from app.jobs.definitions import DEFINITIONS, analyse_arguments
from app.jobs.worker import Pace, Worker
from tests.factories import XOR_SLUG, pretrained_xor

PARTS = {"circuits": (2, 500), "interpretations": (0, 1), "alignments": (100, 120)}
"""Stage → a range of its reports of which one is kept."""


@lru_cache
def told() -> tuple[dict[str, PreparedAnalysis], PreparedAnalysis]:
    """A part of the pretrained XOR network's analysis in each stage, and its end."""
    file, parts = pretrained_xor(), {}

    def report(progress):
        low, high = PARTS.get(progress.stage, (1, 0))
        if progress.so_far is not None and low <= progress.done <= high:
            parts[progress.stage] = prepare_so_far(progress.so_far())

    whole = analyse_output(ask(file.network, task=file.tasks[0]), Work(report=report))
    return parts, prepare_analysis(whole)


@pytest.fixture
def job(store):
    """The id of a queued analysis of the pretrained XOR network."""
    with store.write() as session:
        network = save_network(session, pretrained_xor(), slug=XOR_SLUG)
        return queue.enqueue(session, "analyse", analyse_arguments(network.digest, 0, COMPLETE), "Analyse").id


def so_far(store) -> tuple[int, int, int] | None:
    """Valid circuits, interpretations and alignments that pages may show before the end."""
    with store.read() as session:
        digest = clean_data(2).digest
        row = partial_by_key(session, 1, 0, COMPLETE.digest, digest)
        return None if row is None else (row.circuits_valid, row.interpretations_total, row.alignments_valid)


def rows(store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(AnalysisRow))


@dataclass
class Told:
    """An executor whose computation tells some parts one by one, with a look at the store in between, and then ends."""

    store: Any
    parts: list[PreparedAnalysis]
    ending: Any
    seen: list[Any] = field(default_factory=list)

    def start(self, order):
        self.left = list(self.parts)
        return self

    def wait(self, seconds):
        self.seen.append(so_far(self.store))
        return None if self.left else self.ending

    def progress(self):
        return [Progress("circuits", 0, 1, so_far=Known(self.left.pop(0)))] if self.left else []

    def cancel(self):
        self.ending = Stopped()

    def close(self):
        pass


def work(store, ending, *stages) -> Told:
    running = Told(store, [told()[0][stage] for stage in stages], ending)
    worker(store, running).run(until_idle=True)
    return running


def worker(store, running) -> Worker:
    """A worker that takes analyses alone."""
    pace = Pace(poll_seconds=0.01, progress_seconds=0.0)
    return Worker(store, pace=pace, definitions={"analyse": DEFINITIONS["analyse"]}, executor=lambda: running)


@pytest.mark.slow
def test_each_part_replaces_the_one_before_and_the_end_replaces_them_all(store, job):
    parts, whole = told()
    running = work(store, Finished(whole), *PARTS)
    first, second, third = running.seen[1:4]
    assert (running.seen[0], first[0], first[1:]) == (None, parts["circuits"].columns["circuits_valid"], (0, 0))
    assert second == (197, 0, 0)
    assert third[:2] == (197, 147_899_020)
    assert so_far(store) is None
    assert rows(store) == 1
    with store.read() as session:
        row = analysis_by_key(session, 1, 0, COMPLETE.digest, clean_data(2).digest)
        assert row.result_digest == whole.result_digest
        assert session.get(JobRow, job).state == "done"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ending", "state"), [(Stopped(), "cancelled"), (Refused("network", "too wild", "tame it"), "failed")]
)
def test_nothing_is_left_of_a_job_that_does_not_come_to_its_end(store, job, ending, state):
    running = work(store, ending, "interpretations")
    assert running.seen[-1] == (197, 0, 0)
    assert so_far(store) is None
    assert rows(store) == 0
    with store.read() as session:
        assert session.get(JobRow, job).state == state


@pytest.mark.slow
def test_what_was_found_before_a_process_was_lost_stays_until_the_next_attempt_knows_more(store, job, monkeypatch):
    class LostOnce(Told):
        def start(self, order):
            self.attempts = getattr(self, "attempts", 0) + 1
            self.ending = Lost("process was lost (exit code -9)") if self.attempts == 1 else Finished(told()[1])
            if self.attempts == 2:
                self.parts = [told()[0]["alignments"]]
            return super().start(order)

    running = LostOnce(store, [told()[0]["circuits"]], None)
    monkeypatch.setattr(leases, "wait_after", lambda *_: timedelta(0))
    worker(store, running).run(until_idle=True)
    known = [seen for seen in running.seen if seen is not None]
    assert running.attempts == 2
    assert [seen[0] for seen in known] == sorted(seen[0] for seen in known)  # nothing that was shown is taken back
    assert running.seen.index(known[0]) == 1
    assert running.seen[2] is not None
    assert (so_far(store), rows(store)) == (None, 1)


def test_parts_are_no_analyses_until_the_end(store, job):
    with store.write() as session:
        assert save_so_far(session, told()[0]["alignments"], job)
    with store.read() as session:
        assert analysis_by_key(session, 1, 0, COMPLETE.digest, clean_data(2).digest) is None
    assert so_far(store) is not None  # its job is on its way
    with store.write() as session:
        session.get(JobRow, job).state = "failed"
    assert so_far(store) is None
    with store.write() as session:
        forget_so_far(session)
    assert rows(store) == 0


@pytest.mark.slow
def test_a_finished_analysis_is_never_covered_by_a_part_of_another_run(store, job):
    parts, whole = told()
    work(store, Finished(whole))
    with store.write() as session:
        queue.enqueue(session, "analyse", session.get(JobRow, job).arguments, "Again")
        session.get(JobRow, job).state = "running"
        assert not save_so_far(session, parts["circuits"], job)
    assert rows(store) == 1


def test_a_part_of_a_network_that_is_gone_is_dropped(store):
    with store.write() as session:
        assert not save_so_far(session, told()[0]["circuits"], "0" * 16)
