"""Workers on a real store with real processes: whatever is killed, a job ends once and with the same result."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec
from pluriscope.app.db import sqlite
from pluriscope.app.db.engine import Store, open_store, store_at
from pluriscope.app.db.job_tables import WorkerRow
from pluriscope.app.db.reads.jobs import find_job, last_log_lines
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs import worker as working
from pluriscope.app.jobs.definitions import train_arguments
from pluriscope.app.jobs.queue import MAX_LOSSES
from pluriscope.app.jobs.worker import Pace, Worker, run_workers
from pluriscope.app.pages.job import job_blocks
from pluriscope.app.pages.jobs import build_job
from pluriscope.app.settings import Settings
from pluriscope.processes.executor import IDLE, ProcessExecutor
from pluriscope.processes.memory import LEAST
from tests.app.jobs.handlers import QUICK
from tests.app.jobs.kinds import KINDS
from tests.factories import pretrained_xor, small_network

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 300.0
"""After which what was waited for is taken not to come: a busy machine is no failure."""


def enqueue(store: Store, kind: str = "count", **arguments) -> str:
    with store.write() as session:
        return queue.enqueue(session, kind, arguments, definitions=KINDS).id


def ask(store: Store, **arguments) -> str:
    with store.write() as session:
        return queue.enqueue(session, "count", arguments, requested=True, definitions=KINDS).id


def work(store: Store, slots: int = 1) -> None:
    """Work in this process until nothing is left to do."""
    Worker(store, slots=slots, pace=QUICK, definitions=KINDS).run(until_idle=True)


def lose(store: Store, worker: subprocess.Popen, job_id: str) -> None:
    """Kill the worker that holds a job, and let its lease run out."""
    worker.kill()
    worker.wait()
    with store.write() as session:
        row = find_job(session, job_id)
        assert row.state == "running"
        row.lease_seconds = 0.0


def job(store: Store, job_id: str):
    with store.read() as session:
        return find_job(session, job_id)


def log_lines(store: Store, job_id: str) -> list[str]:
    with store.read() as session:
        return [line.message for line in last_log_lines(session, job_id, 500)]


def count_networks(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(NetworkRow))


def wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.slow
def test_jobs_end_well_truncated_refused_crashed_or_unsaved(store, monkeypatch):
    """One process, one job after another, each with its own ending."""
    monkeypatch.setattr(queue, "FIRST_WAIT_SECONDS", 0.01)
    good = enqueue(store, steps=3)
    cut = enqueue(store, steps=2, truncate=True)
    refused = enqueue(store, steps=2, refuse=True)
    hungry = enqueue(store, steps=2, bytes=LEAST)
    crashed = enqueue(store, steps=2, crash=True)
    spoiled = enqueue(store, "spoiled", steps=40)
    work(store)
    assert job(store, good).state == "done"
    assert job(store, good).result["saved"] == [small_network(seed).network.digest for seed in range(3)]
    assert log_lines(store, good) == ["started", "counting: 3 steps", "3 saved"]
    assert job(store, cut).state == "truncated"
    row = job(store, refused)
    assert (row.state, row.error) == ("failed", "counting: goes too far. Count less.")
    assert row.result["error"] == {"item": "counting", "cause": "goes too far", "cure": "count less"}
    row = job(store, hungry)
    assert (row.state, row.attempts, row.result["error"]["item"]) == ("failed", 1, "memory")
    row = job(store, crashed)
    assert (row.state, row.attempts, row.set_aside) == ("failed", MAX_LOSSES, True)
    assert "ZeroDivisionError" in row.error
    assert "secret detail" not in row.error + "".join(log_lines(store, crashed))
    assert job(store, spoiled).state == "failed"
    assert count_networks(store) == 3, "a save that fails leaves nothing behind"


@pytest.mark.slow
def test_a_job_that_wants_all_memory_ends_beside_others_that_do_not(store):
    """Three of them: two that count and one that computes an analysis whose interpretations want as much, too."""
    hungry, *others = (enqueue(store, steps=steps, bytes=n_bytes) for steps, n_bytes in ((1, 1 << 44), (2, 1), (3, 1)))
    with store.write() as session:
        network = save_network(session, pretrained_xor())
        starved = queue.enqueue_analyses(session, network, (COMPLETE,), requested=True)[0].id
    work(store, slots=4)
    assert (job(store, hungry).state, job(store, hungry).attempts) == ("failed", 1)
    assert job(store, hungry).error.startswith("memory: more is needed")
    assert [(job(store, one).state, job(store, one).attempts) for one in others] == [("done", 1)] * 2
    row = job(store, starved)
    assert (row.state, row.attempts, row.result["stops"][0]["reason"]) == ("truncated", 1, "memory")
    assert row.found.startswith("197 of 9,625 circuits valid, 0 interpretations; ")
    with store.read() as session:
        page = build_job(session, Addresses(), starved, datetime.now(UTC))
    assert page.stops[0] == "counting interpretations ended where memory did"
    assert "Counting interpretations ended where memory did." in "".join(str(block) for block in job_blocks(page))


@pytest.mark.slow
def test_a_killed_process_costs_an_attempt_unless_it_ends_so_at_the_same_place_each_time(store, tmp_path, monkeypatch):
    monkeypatch.setattr(queue, "FIRST_WAIT_SECONDS", 0.01)
    marker = tmp_path / "deaths"
    marker.write_text("")
    job_id = enqueue(store, steps=4, marker=str(marker), deaths=2)
    (tmp_path / "each time").write_text("")
    doomed = enqueue(store, steps=4, marker=str(tmp_path / "each time"), deaths=MAX_LOSSES + 1)
    other = enqueue(store, steps=2)
    work(store, slots=2)
    row = job(store, doomed)
    assert (row.state, row.attempts) == ("failed", MAX_LOSSES)
    assert f"{MAX_LOSSES} times at the same place (counting, " in row.error
    row = job(store, job_id)
    assert (row.state, row.attempts, marker.read_text()) == ("done", 3, "xx")
    assert len(row.result["saved"]) == count_networks(store) == 4
    assert job(store, other).attempts == 1
    assert any("exit code -9" in line for line in log_lines(store, job_id))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "arguments"), [("count", {"steps": 1_000_000, "seconds": 0.05}), ("deaf", {"seconds": 10_000})]
)
def test_cancel_while_running(store, kind, arguments):
    """Whether a computation reports or not, its process is killed, and the next job has one of its own."""
    job_id = enqueue(store, kind, **arguments)
    thread = threading.Thread(target=work, args=(store,))
    thread.start()
    wait_for(lambda: job(store, job_id).state == "running")
    time.sleep(0.3)
    with store.write() as session:
        queue.cancel(session, job_id)
        following = queue.enqueue(session, "count", {"steps": 1}, definitions=KINDS).id
    thread.join(PATIENCE_SECONDS)  # either would go on for hours
    assert not thread.is_alive()
    assert job(store, job_id).state == "cancelled"
    assert (job(store, following).state, count_networks(store)) == ("done", 1)


@pytest.mark.slow
def test_a_worker_that_is_asked_to_leave_gives_its_job_back(store):
    job_id = enqueue(store, steps=100, seconds=0.02)
    stop = threading.Event()
    worker = Worker(store, stop=stop, pace=QUICK, definitions=KINDS)
    thread = threading.Thread(target=worker.run)
    thread.start()
    wait_for(lambda: job(store, job_id).done > 0)
    stop.set()
    thread.join(PATIENCE_SECONDS)
    row = job(store, job_id)
    assert (row.state, row.attempts, row.owner, row.done) == ("queued", 0, None, 0)
    work(store)
    assert job(store, job_id).state == "done"


PROGRAM = """
import sys
if __name__ == "__main__":  # the processes that compute import this too, and need nothing of it
    from pluriscope.app.db.engine import store_at
    from pluriscope.app.jobs.worker import Worker
    from tests.app.jobs.handlers import QUICK
    from tests.app.jobs.kinds import KINDS
    Worker(store_at(sys.argv[1]), slots=2, pace=QUICK, definitions=KINDS).run(until_idle=True)
"""


def start_worker(store: Store, tmp_path: Path) -> subprocess.Popen:
    program = tmp_path / "work.py"
    program.write_text(PROGRAM)
    return subprocess.Popen([sys.executable, program, store.url], env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.slow
def test_a_job_is_taken_up_however_often_workers_are_killed_that_get_on_with_it(store, tmp_path):
    job_id = enqueue(store, steps=40, seconds=0.1)
    kills = 5, 13, 21, 29
    assert len(kills) > MAX_LOSSES
    for attempt, steps in enumerate(kills, 1):
        worker = start_worker(store, tmp_path)
        wait_for(lambda at=attempt, done=steps: job(store, job_id).attempts == at and job(store, job_id).done > done)
        lose(store, worker, job_id)
    work(store)
    row = job(store, job_id)
    assert (row.state, row.attempts, row.losses) == ("done", len(kills) + 1, 1)
    assert len(row.result["saved"]) == count_networks(store) == 40
    assert "started again, attempt 2" in log_lines(store, job_id)


@pytest.mark.slow
def test_what_a_job_has_found_is_stored_while_it_goes_on_and_nothing_twice(store, tmp_path):
    until = tmp_path / "until"
    job_id = enqueue(store, "parts", steps=3, until=str(until))
    worker = start_worker(store, tmp_path)
    wait_for(lambda: count_networks(store) == 1)
    lose(store, worker, job_id)  # after which it stays
    until.touch()
    work(store)
    assert (job(store, job_id).state, count_networks(store)) == ("done", 3)


@pytest.mark.slow
def test_what_a_job_has_found_is_not_stored_by_who_holds_it_no_longer(store, tmp_path):
    after = tmp_path / "after"
    job_id = enqueue(store, "parts", steps=3, after=str(after), until=str(tmp_path / "never"))
    stop = threading.Event()
    worker = threading.Thread(target=Worker(store, pace=QUICK, definitions=KINDS, stop=stop).run)
    worker.start()
    try:
        wait_for(lambda: job(store, job_id).state == "running")
        with store.write() as session:
            row = find_job(session, job_id)
            row.owner, row.lease_seconds = "another", 600.0  # longer than a busy machine takes for the rest
        after.touch()
        ended = enqueue(store, steps=1)  # the slot is free for it only once it has let the other job go
        wait_for(lambda: job(store, ended).state == "done")
    finally:
        stop.set()
        worker.join()
    assert (job(store, job_id).owner, count_networks(store)) == ("another", 1)


@pytest.mark.slow
def test_what_somebody_asks_for_waits_for_nobody_and_what_has_an_answer_gives_way(store, tmp_path):
    """One slot is taken by what nobody asked for; in the other one asked job gives way to the next."""
    until, stop = tmp_path / "until", threading.Event()
    others = enqueue(store, steps=1, until=str(until))
    kept = partial(ProcessExecutor, LEAST)
    worker = Worker(store, pace=QUICK, definitions=KINDS, kept=kept, stop=stop)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        wait_for(lambda: job(store, others).state == "running")
        long, short = ask(store, steps=2, until=str(until)), None
        wait_for(lambda: job(store, long).state == "running")
        short = ask(store, steps=3)
        wait_for(lambda: job(store, short).state == "done")
        assert job(store, others).state == "running"
        row = job(store, long)
        assert (row.priority, row.losses) == (queue.ANSWERED_PRIORITY, 0)
        wait_for(lambda: job(store, long).state == "running")  # and goes on
        until.touch()
        wait_for(lambda: {job(store, one).state for one in (others, long)} == {"done"})
    finally:
        until.touch()
        stop.set()
        thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("yields", [True, False])
def test_what_nobody_asked_for_holds_up_nobody(store, tmp_path, monkeypatch, yields):
    """It goes on beside what somebody asks for where the system lets that have the processor, else it begins again."""
    monkeypatch.setattr(working, "KERNEL_YIELDS", yields)
    until, stop = tmp_path / "until", threading.Event()
    long, later = enqueue(store, steps=1, until=str(until)), enqueue(store, "last", steps=2)
    idle = partial(ProcessExecutor, LEAST, niceness=IDLE)
    worker = Worker(store, 1, stop, QUICK, KINDS, partial(ProcessExecutor, LEAST), idle=idle)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        wait_for(lambda: (job(store, long).owner or "").endswith(":1"))
        asked = ask(store, steps=3)
        wait_for(lambda: job(store, asked).state == "done")
        assert job(store, later).state == "queued"
        wait_for(lambda: job(store, long).state == "running")
        assert job(store, long).attempts == 1
        assert ("given back unharmed" in log_lines(store, long)) is not yields
        ask(store, steps=1, until=str(until))  # the job that runs
        wait_for(lambda: (job(store, long).owner or "").endswith(":0"))
        until.touch()
        wait_for(lambda: {job(store, one).state for one in (long, later)} == {"done"})
        assert job(store, long).losses == 0
    finally:
        until.touch()
        stop.set()
        thread.join()


@pytest.mark.slow
def test_a_busy_database_costs_no_work(store):
    """Somebody holds the write lock longer than anyone waits; the computation goes on and is saved after it."""
    impatient = store_at(store.url)
    on_sqlite = store.writer.dialect.name == "sqlite"
    patience = "PRAGMA busy_timeout = 50" if on_sqlite else "SET SESSION lock_timeout = 50"
    event.listen(impatient.writer, "begin", lambda connection: connection.exec_driver_sql(patience), insert=True)
    job_id = enqueue(store, steps=20, seconds=0.02)
    thread = threading.Thread(target=work, args=(impatient,))
    thread.start()
    wait_for(lambda: job(store, job_id).state == "running")
    with store.write():
        time.sleep(0.3)
    thread.join(PATIENCE_SECONDS)
    row = job(store, job_id)
    assert (row.state, row.attempts) == ("done", 1)
    impatient.close()


def test_a_worker_that_starts_while_somebody_holds_the_lock_waits_for_it(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0)
    holding = open_store(Settings(data=tmp_path))
    holding.migrate()
    ran = []
    monkeypatch.setattr(Worker, "run", lambda self, until_idle: ran.append(self.slots))
    monkeypatch.setattr(working, "_compile", int)
    with holding.write() as session:
        session.connection()  # which takes the lock
        thread = threading.Thread(target=run_workers, args=(Settings(data=tmp_path),))
        thread.start()
        wait_for(lambda: "locked" in caplog.text)
        assert thread.is_alive()
        assert not ran
    thread.join(PATIENCE_SECONDS)
    assert ran == [2]
    holding.close()


LEAVING = """
import sys
from pathlib import Path
if __name__ == "__main__":
    from pluriscope.app.jobs.worker import run_workers
    from pluriscope.app.settings import Settings
    run_workers(Settings(data=Path(sys.argv[1])), slots=1)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.release)])
def test_a_signal_lets_the_workers_leave_in_order(tmp_path, number):
    """In the midst of a training that would take minutes; the job is queued again at once, no lease to wait for."""
    store = open_store(Settings(data=tmp_path))
    store.migrate()
    endless = TrainingSpec(loss_target=1e-300, patience=100_000, epochs=100_000)
    with store.write() as session:
        job_id = queue.enqueue(session, "train", train_arguments([endless])).id
    program = tmp_path / "leave.py"
    program.write_text(LEAVING)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    worker = subprocess.Popen([sys.executable, program, tmp_path], env=environment, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: job(store, job_id).state == "running")
    time.sleep(0.5)
    worker.send_signal(number)
    _, errors = worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 0, errors
    assert "Traceback" not in errors
    row = job(store, job_id)
    assert (row.state, row.attempts, row.owner) == ("queued", 0, None)
    store.close()


@pytest.mark.slow
def test_a_worker_may_be_the_first_to_start(tmp_path):
    settings = Settings(data=tmp_path / "new")
    run_workers(settings, slots=1, until_idle=True)
    store = open_store(settings)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(NetworkRow)) == 0
    store.close()


def present(store) -> list[WorkerRow]:
    with store.read() as session:
        return list(session.scalars(select(WorkerRow)))


def test_an_idle_worker_is_seen_again_and_again_and_leaves(store, monkeypatch):
    monkeypatch.setattr(working, "SHOWN_EVERY_SECONDS", 0.05)
    worker = Worker(store, slots=2, pace=Pace(look_seconds=0.02))
    thread = threading.Thread(target=worker.run)
    thread.start()
    wait_for(lambda: present(store))
    (row,) = present(store)
    assert (row.name, row.slots) == (worker.name, 2)
    first = row.seen_at
    wait_for(lambda: present(store)[0].seen_at > first)
    assert present(store)[0].started_at == row.started_at
    worker.stop.set()
    thread.join()
    assert present(store) == []
