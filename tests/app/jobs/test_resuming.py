"""An analysis whose process is killed again and again: it goes on behind what was finished, and ends the same."""

import os
import signal
import threading
import time

import pytest
from sqlalchemy import func, select

from analysis.protocol import COMPLETE
from app.db.job_tables import JobCheckpointRow
from app.db.reads.jobs import find_job, last_log_lines
from app.db.tables import AnalysisRow
from app.db.writes import save_network
from app.jobs import leases, queue
from app.jobs.definitions import DEFINITIONS, analyse_arguments
from app.jobs.executor import ProcessExecutor
from app.jobs.worker import Pace, Worker
from tests.factories import pretrained_xor, real_analysis

pytestmark = [pytest.mark.slow, pytest.mark.one_database]


class Watched(ProcessExecutor):
    """Remembers what each order knew already."""

    def __init__(self, known):
        super().__init__()
        self.known = known

    def start(self, order):
        self.known.append(set(order.known or ()))
        return super().start(order)


def test_a_killed_analysis_goes_on_where_it_was(store, monkeypatch):
    monkeypatch.setattr(leases, "FIRST_SECONDS", 0.01)
    with store.write() as session:
        row = save_network(session, pretrained_xor())
        job_id = queue.enqueue(session, "analyse", analyse_arguments(row.digest, 0, COMPLETE)).id
    known: list[set[str]] = []
    executor = Watched(known)
    pace = Pace(lease_seconds=10, poll_seconds=0.02, progress_seconds=0.02, checkpoint_seconds=0.0)
    stop = threading.Event()
    worker = Worker(store, 1, stop, pace, {"analyse": DEFINITIONS["analyse"]}, executor=lambda: executor)
    thread = threading.Thread(target=worker.run, kwargs={"until_idle": True})
    thread.start()

    def kept() -> int:
        with store.read() as session:
            return session.scalar(select(func.count()).select_from(JobCheckpointRow)) or 0

    deaths, seen = 0, 0
    deadline = time.monotonic() + 300
    while deaths < 3 and thread.is_alive() and time.monotonic() < deadline:
        if kept() > seen and executor.pid:
            seen = kept()
            try:
                os.kill(executor.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            deaths += 1
        time.sleep(0.005)
    thread.join(300)
    with store.read() as session:
        job = find_job(session, job_id)
        lines = [line.message for line in last_log_lines(session, job_id, 500)]
        stored = session.scalars(select(AnalysisRow)).one()
        assert job.state == "done", lines
        assert stored.result_digest == digest_of_undisturbed()
    assert deaths > 0, "nothing was interrupted: the test has proved nothing"
    assert any(found for found in known[1:]), "no attempt began behind what was finished"
    assert kept() == 0, "finished parts are left behind"


def digest_of_undisturbed() -> str:
    from app.db.prepared import result_digest

    return result_digest(real_analysis(COMPLETE))
