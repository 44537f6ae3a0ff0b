"""The one job of a study: what is asked for, what it saves on its way, and what becomes of it when something goes."""

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Executor, Future
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from plugins.studies.tests.stored_studies import store_study
from plugins.studies.tests.study_factories import design, rows
from pluriscope.analysis.errors import InvalidStudy, NotInstalledYet
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.errors import Conflict
from pluriscope.app.db.reads.jobs import last_log_lines
from pluriscope.app.jobs import deletion, queue
from pluriscope.app.jobs.worker import Worker
from pluriscope.app.settings import Settings
from pluriscope.processes.executor import ProcessExecutor, ThreadExecutor
from pluriscope.tables.parquet import ENDING
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.rows import columns_of
from pluriscope_studies.cluster import ClusterLost, ClusterUnusable, Workers
from pluriscope_studies.jobs import queue as study_queue
from pluriscope_studies.jobs import work as studies
from pluriscope_studies.jobs.definition import STUDY
from pluriscope_studies.reads import (
    find_study,
    finished_seeds,
    jobs_ahead,
    problems_of,
    studies_left,
    study_jobs,
    table_of,
)
from pluriscope_studies.table import write_part
from pluriscope_studies.writes import save_parts, save_study
from tests.app.jobs.handlers import QUICK
from tests.app.jobs.test_worker import wait_for

MORE = {"seeds": {"first": 0, "count": 40}}


class Pool(Executor):
    """Gives the rows of chunks without computing them.

    Args:
        study: whose.
        spoil: called with each chunk before its rows are given.
    """

    def __init__(self, study, spoil=lambda chunk: None):
        self.cells, self.rows = [cell.key for cell in cells_of(study)], rows(study)
        self.spoil, self.computed = spoil, Counter()

    def submit(self, _function, chunk, *_others):
        future = Future()
        try:
            self.spoil(chunk)
            wanted = {(self.cells[chunk.cell], seed) for seed in chunk.seeds}
            self.computed.update(wanted)
            found = [row for row in self.rows if (row["cell"], row["seed"]) in wanted]
            future.set_result((found, 5.0))  # so that the next chunk is not much larger
        except Exception as error:
            future.set_exception(error)
        return future

    @contextmanager
    def opened(self):
        yield Workers(self, lambda: 1)


@pytest.fixture(autouse=True)
def summed_here(monkeypatch):
    """Summaries are made in a thread: a process of their own, as one test has it, loads libraries."""
    monkeypatch.setattr(studies, "ProcessExecutor", lambda n_bytes: ThreadExecutor())


def worker(store, pool, **others) -> Worker:
    return Worker(store, pace=QUICK, definitions={STUDY.kind: STUDY}, pools={"study": pool.opened}, **others)


def states(session, study):
    return [job.state for job in study_jobs(session, study.digest)]


def test_a_study_has_one_job_however_often_it_is_asked_for(store):
    with store.write() as session:
        for _ in range(2):
            row = study_queue.start(session, design())
            assert states(session, row) == ["queued"]


@pytest.mark.parametrize(("cancel", "state"), [(False, "paused"), (True, "cancelled")])
def test_what_is_stopped_goes_on_when_somebody_wants_it(store, cancel, state):
    with store.write() as session:
        row = study_queue.start(session, design())
        study_queue.pause(session, row, cancel=cancel)
        assert (row.state, states(session, row), studies_left(session)) == (state, ["cancelled"], [])
        study_queue.resume(session, row)
        assert (row.state, states(session, row)) == ("running", ["queued"])
        (job,) = study_jobs(session, row.digest)
        job.state = "running"
        study_queue.pause(session, row, cancel=cancel)
        assert (job.state, job.cancel_requested) == ("running", True)
        study_queue.resume(session, row)
        assert (job.state, job.cancel_requested) == ("running", False)


def test_what_is_deleted_is_not_worked_on_until_it_is_back(store):
    with store.write() as session:
        row = study_queue.start(session, design())
        deletion.delete(session, row)
        study_queue.go_on(session, row)
        assert (states(session, row), studies_left(session)) == (["cancelled"], [])
        study_queue.restore(session, row)
        assert states(session, row) == ["queued"]


def test_what_is_finished_is_neither_run_nor_stopped_and_may_be_extended(store, tmp_path):
    part = tmp_path / f"part{ENDING}"
    write_part(part, rows(), columns_of(design()), {})
    with store.write() as session:
        row = save_study(session, design())
        save_parts(session, row, [part])
        study_queue.resume(session, row)
        assert states(session, row) == []
        with pytest.raises(Conflict, match="has finished already"):
            study_queue.pause(session, row)
        with pytest.raises(InvalidStudy):
            study_queue.extend(session, row, 10_000_000)
        study_queue.extend(session, row, 2)
        assert (row.n_networks, states(session, row)) == (12, ["queued"])


def test_what_a_person_starts_comes_before_all_that_nobody_asked_for(store):
    with store.write() as session:
        for name in ("rivals", "ladder", "analyse"):
            queue.enqueue(session, name, {"network": name})
        store_study(session, design(slug="unsummed", loss_target=[0.4]), summed=False)
        study_queue.left(session, ask=True)
        study_queue.start(session, design())
        study_queue.start(session, design(slug="next", loss_target=[0.5]))
        session.flush()
        assert [jobs_ahead(session, find_study(session, one).digest) for one in ("xor-width", "next")] == [0, 1]
        assert queue.claim(session, "w").definition.kind == "study"


@pytest.mark.slow
def test_a_worker_runs_a_study_to_its_end_and_sums_it_up_on_the_way(store, monkeypatch):
    monkeypatch.setattr(studies, "REST", 0)
    study = design(**MORE)
    seen = []

    def look(_chunk):
        with store.read() as session:
            row = find_study(session, study.slug)
            seen.append((row.n_finished, row.summed_up, row.summary and row.summary["networks"]))

    pool = Pool(study, look)
    with store.write() as session:
        (job,) = study_jobs(session, study_queue.start(session, study).digest)
        job.losses = queue.MAX_LOSSES - 1
    worker(store, pool).run(until_idle=True)
    with store.write() as session:
        row = find_study(session, study.slug)
        assert (row.n_finished, row.n_networks, row.n_converged, states(session, row)) == (80, 80, 60, ["done"])
        assert study_jobs(session, row.digest)[0].losses == 0
        assert row.seconds == pytest.approx(20.0)
        assert (row.summed_up, row.summary["networks"]) == (80, 80)
        assert set(pool.computed.values()) == {1}
        assert len(table_of(session, row).paths) == 1
        order = table_of(session, row).ask(
            "SELECT DISTINCT cell, seed, min(file_row_number) FROM {rows} GROUP BY 1, 2 ORDER BY 3"
        )
        places = [(cell.key, seed) for cell in cells_of(study) for seed in study.seeds.numbers]
        assert [(cell, seed) for cell, seed, _ in order] == places
        study_queue.start(session, study)
        assert states(session, row) == ["done"]
    assert any(0 < summed_up < 80 for _, summed_up, _ in seen)
    assert all(finished - summed_up < 24 for finished, summed_up, _ in seen)


@pytest.mark.slow
def test_what_is_there_already_is_not_computed_and_what_ended_before_is_summed_up(store, tmp_path, monkeypatch):
    monkeypatch.setattr(studies, "ProcessExecutor", ProcessExecutor)
    part = tmp_path / f"part{ENDING}"
    write_part(part, [row for row in rows() if row["seed"] < 3], columns_of(design()), {})
    pool = Pool(design())
    with store.write() as session:
        row = save_study(session, design(), state="paused")
        save_parts(session, row, [part])
    worker(store, pool).run(until_idle=True)
    with store.write() as session:
        row = find_study(session, "xor-width")
        assert (row.n_finished, row.summed_up, row.summary["networks"], row.state) == (6, 6, 6, "paused")
        assert not pool.computed
        study_queue.resume(session, row)
    worker(store, pool).run(until_idle=True)
    assert {seed for _, seed in pool.computed} == {3}
    with store.read() as session:
        assert find_study(session, "xor-width").summary["networks"] == 8


@pytest.mark.slow
def test_what_is_added_while_it_runs_is_run_too(store):
    study, more = design(), design(seeds={"first": 0, "count": 6})
    added = threading.Event()

    def add(_chunk):
        if not added.is_set():
            added.set()
            with store.write() as session:
                study_queue.extend(session, find_study(session, study.slug), 2)

    with store.write() as session:
        study_queue.start(session, study)
    worker(store, Pool(more, add)).run(until_idle=True)
    with store.read() as session:
        row = find_study(session, study.slug)
        assert (row.n_finished, row.n_networks, row.summed_up) == (12, 12, 12)


@pytest.mark.slow
def test_a_stopped_study_keeps_what_it_has_and_is_summed_up(store):
    study = design(**MORE)

    def stop(chunk):
        if chunk.seeds[0] >= 8:
            with store.write() as session:
                row = find_study(session, study.slug)
                if row.state == "running":
                    study_queue.pause(session, row)
            time.sleep(0.2)

    pool = Pool(study, stop)
    with store.write() as session:
        study_queue.start(session, study)
    worker(store, pool).run(until_idle=True)
    with store.write() as session:
        row = find_study(session, study.slug)
        assert row.state == "paused"
        assert 0 < row.n_finished < 80
        assert row.summed_up == row.n_finished
        assert sum(map(len, finished_seeds(session, row).values())) == row.n_finished
        study_queue.resume(session, row)
    last = Pool(study)
    worker(store, last).run(until_idle=True)
    with store.read() as session:
        row = find_study(session, study.slug)
        assert (row.n_finished, row.summed_up, states(session, row)) == (80, 80, ["done"])
        assert set(last.computed.values()) == {1}


@pytest.mark.slow
def test_what_cannot_be_computed_has_a_reason_and_the_rest_is_there(store):
    def fail(chunk):
        if chunk.cell == 0 and 2 in chunk.seeds:
            raise ValueError("broken")

    with store.write() as session:
        study_queue.start(session, design())
    worker(store, Pool(design(), fail)).run(until_idle=True)
    with store.read() as session:
        row = find_study(session, "xor-width")
        assert (row.n_finished, row.summed_up, states(session, row)) == (7, 7, ["failed"])
        (problem,) = problems_of(study_jobs(session, row.digest))
        assert "seed 2" in problem


@pytest.mark.slow
def test_a_study_waits_for_what_is_not_installed_yet(store, monkeypatch):
    monkeypatch.setattr(queue, "AWAY_SECONDS", 0.2)
    coming = ["torch"] * 30

    def fail(_chunk):
        if coming:
            raise NotInstalledYet(coming.pop(), "is still being installed", "what needs it works then")

    with store.write() as session:
        study_queue.start(session, design())
    worker(store, Pool(design(), fail)).run(until_idle=True)
    with store.read() as session:
        row = find_study(session, "xor-width")
        assert (row.n_finished, row.summed_up, states(session, row)) == (8, 8, ["done"])
        assert not problems_of(study_jobs(session, row.digest))


@pytest.mark.slow
@pytest.mark.parametrize("problem", [ClusterLost, ClusterUnusable])
def test_a_study_waits_for_a_cluster_that_is_away(store, monkeypatch, problem):
    monkeypatch.setattr(queue, "AWAY_SECONDS", 0.2)
    pool, away = Pool(design()), problem("the cluster", "is away", "start it")

    @contextmanager
    def opened():
        if away:
            raise away
        yield Workers(pool, lambda: 1)

    def jobs_now():
        with store.read() as session:
            return study_jobs(session, row.digest)

    with store.write() as session:
        row = study_queue.start(session, design())
    stop = threading.Event()
    working = Worker(store, pace=QUICK, definitions={STUDY.kind: STUDY}, pools={"study": opened}, stop=stop)
    thread = threading.Thread(target=working.run)
    thread.start()
    try:
        for _ in range(queue.MAX_LOSSES + 1):
            wait_for(lambda: problems_of(jobs_now()) == ["the cluster: is away. Start it."])
            wait_for(lambda: not problems_of(jobs_now()))
        away = None
        wait_for(lambda: len(pool.computed) == 8)
    finally:
        stop.set()
        thread.join()
    assert set(pool.computed.values()) == {1}


@pytest.mark.slow
def test_a_worker_that_leaves_gives_the_study_back(store):
    study, stop = design(**MORE), threading.Event()

    def leave(chunk):
        if chunk.seeds[0] >= 4:
            stop.set()
            time.sleep(0.2)

    with store.write() as session:
        study_queue.start(session, study)
    worker(store, Pool(study, leave), stop=stop).run()
    with store.read() as session:
        row = find_study(session, study.slug)
        assert states(session, row) == ["queued"]
        assert 0 < row.n_finished < 80
        (job,) = study_jobs(session, row.digest)
        assert "given back unharmed" in [line.message for line in last_log_lines(session, job.id, 9)]


@pytest.mark.release
@pytest.mark.slow
def test_a_killed_worker_leaves_the_study_to_the_next_which_goes_on(tmp_path):
    """Real processes: the worker and all that it started are gone, and nothing is computed twice or lost."""
    study = design(
        hidden=[[2]],
        loss_target=[0.3],
        seeds={"first": 0, "count": 24},
        measures=["circuits-valid"],
        comparisons=[],
        references=[],
        ladders=[],
    )
    settings = Settings(data=tmp_path, database_url="", workers=1, lease_seconds=2)
    with closing(open_store(settings)) as store:
        store.migrate()
        with store.write() as session:
            study_queue.start(session, study)
        answer = f"data={str(tmp_path)!r}, database_url='', workers=1, lease_seconds=2"
        code = "from pluriscope.app.jobs.worker import run_workers; from pluriscope.app.settings import Settings; "
        code += f"run_workers(Settings({answer}), until_idle=True)"
        first = subprocess.Popen([sys.executable, "-c", code])

        def finished() -> int:
            with store.read() as session:
                return find_study(session, study.slug).n_finished

        wait_for(lambda: finished() > 0)
        children = [int(one) for one in _children(first.pid)]
        first.send_signal(signal.SIGKILL)
        first.wait()
        before = finished()
        wait_for(lambda: not any(Path(f"/proc/{one}").exists() for one in children))
        second = subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
        assert (before < 24, finished(), second.returncode) == (True, 24, 0)
        with store.read() as session:
            row = find_study(session, study.slug)
            assert (row.summed_up, states(session, row)) == (24, ["done"])
            assert {seed for seeds in finished_seeds(session, row).values() for seed in seeds} == set(range(24))


def _children(pid: int) -> list[str]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return found + [deeper for one in found for deeper in _children(int(one))]
