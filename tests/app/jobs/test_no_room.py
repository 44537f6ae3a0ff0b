"""A job whose result finds no room, while another worker, which has room, takes it up: it is saved once."""

import threading

import pytest
from sqlalchemy import event, func, select, update

from pluriscope.app.db.engine import store_at
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.jobs import find_job, last_log_lines
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.worker import Pace, Worker
from tests.app.jobs.kinds import KINDS
from tests.app.jobs.test_worker import PATIENCE_SECONDS, wait_for
from tests.factories import temporary_store

PACE = Pace(lease_seconds=PATIENCE_SECONDS, poll_seconds=0.05, progress_seconds=0.05)
"""However slow the machine is, a lease ends here only when the test ends it."""


@pytest.mark.slow
def test_a_job_that_another_worker_takes_up_while_its_own_has_no_room_is_stored_once(tmp_path, caplog):
    first = temporary_store(tmp_path)
    second = store_at(first.url)  # of another process, as it were
    full = threading.Event()

    @event.listens_for(first.writer, "begin", insert=True)
    def no_more(connection):
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages if full.is_set() else 1 << 30}")

    with first.write() as session:
        arguments = {"steps": 40, "until": str(tmp_path / "full")}
        job_id = queue.enqueue(session, "count", arguments, definitions=KINDS).id

    def seen():
        with second.read() as session:
            row = find_job(session, job_id)
            return row.state, row.attempts

    stop = threading.Event()
    stuck = threading.Thread(target=Worker(first, stop=stop, pace=PACE, definitions=KINDS).run)
    stuck.start()
    wait_for(lambda: seen()[0] == "running")
    full.set()
    (tmp_path / "full").touch()
    wait_for(lambda: "waiting for the database" in caplog.text)
    with second.write() as session:
        session.execute(update(JobRow).values(lease_seconds=0))
    other = threading.Thread(
        target=Worker(second, stop=stop, pace=PACE, definitions=KINDS).run, kwargs={"until_idle": True}
    )
    other.start()
    wait_for(lambda: seen() == ("done", 2))
    full.clear()
    wait_for(lambda: "is another worker's by now" in caplog.text)
    stop.set()
    for thread in (stuck, other):
        thread.join(PATIENCE_SECONDS)
    with second.read() as session:
        assert [line.message for line in last_log_lines(session, job_id, 500)].count("40 saved") == 1
        assert session.scalar(select(func.count()).select_from(NetworkRow)) == 40
    assert seen() == ("done", 2)
    first.close()
    second.close()
