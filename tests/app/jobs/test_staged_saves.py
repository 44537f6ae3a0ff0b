"""A worker killed while it saves a large analysis: the job ends once, with the same result, and nothing is left."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from analysis.protocol import COMPLETE
from app.db.engine import Store
from app.db.job_tables import JobRow
from app.db.prepared import result_digest
from app.db.reads.analyses import PARTIAL, find_analysis, find_network
from app.db.reads.results import load_analysis
from app.db.tables import AlgorithmRow, AnalysisRow, CircuitBlockRow
from app.db.writes import save_network
from app.jobs import queue
from app.jobs.definitions import DEFINITIONS
from app.jobs.worker import Worker
from pluriscope.naming import Scope
from tests.app.jobs.executors import lent_processes
from tests.app.jobs.handlers import QUICK
from tests.app.jobs.test_worker import PATIENCE_SECONDS, ROOT, wait_for
from tests.factories import XOR_SLUG, pretrained_xor, real_analysis

PROGRAM = """
import sys, time
if __name__ == "__main__":  # the process that computes imports this too, and needs nothing of it
    from app.db import staging
    from app.db.engine import store_at
    from app.jobs.definitions import DEFINITIONS
    from app.jobs.worker import Worker
    from tests.app.jobs.handlers import QUICK
    staging.ROWS_AT_ONCE, staging.BYTES_AT_ONCE = 20, 1
    insert = staging.Staging._insert
    def slowly(self, table, rows, session):
        insert(self, table, rows, session)
        time.sleep(float(sys.argv[2]))
    staging.Staging._insert = slowly
    analyses = {"analyse": DEFINITIONS["analyse"]}  # and not all that follows them
    Worker(store_at(sys.argv[1]), slots=1, pace=QUICK, definitions=analyses).run(until_idle=True)
"""


def start_worker(store: Store, folder: Path, pause: float) -> subprocess.Popen:
    """One that waits so many seconds after each insert."""
    program = folder / "work.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, program, store.url, str(pause)], env=environment)


def count(store: Store, table) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table))


@pytest.mark.slow
def test_a_worker_killed_while_saving_costs_nothing(store, tmp_path):
    with store.write() as session:
        row = save_network(session, pretrained_xor(), slug=XOR_SLUG)
        (job,) = queue.enqueue_analyses(session, row, [COMPLETE])
    for table in (CircuitBlockRow, AlgorithmRow):  # twice, at different depths
        worker = start_worker(store, tmp_path, 0.05)
        wait_for(lambda table=table: count(store, table) > 3)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        with store.read() as session:
            staged = session.scalars(select(AnalysisRow.staged)).all()
            # where finding it took long, what was found so far is there too
            assert job.id in staged
            assert set(staged) <= {job.id, f"{PARTIAL}{job.id}"}
            assert find_analysis(session, find_network(session, XOR_SLUG), Scope()) is None
            assert session.get(JobRow, job.id).state == "running"
    worker = start_worker(store, tmp_path, 0.0)
    assert worker.wait(PATIENCE_SECONDS) == 0
    with store.read() as session:
        done = session.get(JobRow, job.id)
        assert (done.state, done.attempts) == ("done", 3)
        rows = session.scalars(select(AnalysisRow)).all()
        assert [row.staged for row in rows] == [""]
        assert rows[0].result_digest == done.result["result_digest"] == result_digest(real_analysis(COMPLETE))
        assert result_digest(load_analysis(session, rows[0])) == rows[0].result_digest
        n_rows = session.scalar(select(func.count()).select_from(AlgorithmRow))
        assert n_rows == len(real_analysis(COMPLETE).algorithms.algorithms)


@pytest.mark.slow
def test_others_may_write_while_an_analysis_is_saved(store, tmp_path):
    """Nobody waits longer for the database than one small transaction takes."""
    with store.write() as session:
        row = save_network(session, pretrained_xor(), slug=XOR_SLUG)
        queue.enqueue_analyses(session, row, [COMPLETE])
    analyses = {"analyse": DEFINITIONS["analyse"]}
    worker = Worker(store, pace=QUICK, definitions=analyses, executor=lent_processes(1))
    thread = threading.Thread(target=worker.run, kwargs={"until_idle": True})
    thread.start()
    waits = []
    while thread.is_alive():
        start = time.monotonic()
        with store.write() as session:
            session.execute(select(func.count()).select_from(AnalysisRow))
        waits.append(time.monotonic() - start)
        time.sleep(0.005)
    thread.join()
    assert len(waits) > 20
    assert sorted(waits)[len(waits) // 2] < 0.2
    assert max(waits) < 10  # beyond that a writer is told that the store is busy
