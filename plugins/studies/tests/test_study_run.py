"""A study runs on any executor: what is missing in chunks of a measured size, and whatever fails is reported alone."""

import multiprocessing
import os
import signal
import threading
from collections import Counter
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial

import pytest

from plugins.studies.tests.study_factories import design
from pluriscope.analysis.errors import AnalysisError, Cancelled
from pluriscope.analysis.running.limits import DEFAULT_LIMITS
from pluriscope.analysis.running.progress import silent
from pluriscope.processes.executor import Crashed, Lost
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.running import run_chunk
from pluriscope_studies.cluster import ClusterLost, Workers, cluster_workers
from pluriscope_studies.jobs import run as study_run
from pluriscope_studies.jobs.run import local_workers, run_study

GIB = 1 << 30


class Made(Executor):
    """Gives made-up rows at once, after ``seconds`` for each network; ``fails`` says with what seeds fail."""

    def __init__(self, seconds=lambda cell: 1.0, fails=None):
        self.seconds, self.fails, self.chunks = seconds, fails or {}, []

    def submit(self, _compute, chunk, files):
        self.chunks.append(chunk)
        future = Future()
        errors = [self.fails[seed] for seed in chunk.seeds if seed in self.fails]
        if errors:
            future.set_exception(errors[0])
        else:
            rows = [{"cell": chunk.cell, "seed": seed, "file": files and files[seed]} for seed in chunk.seeds]
            future.set_result((rows, self.seconds(chunk.cell) * len(chunk.seeds)))
        return future


def run(study, executor, done=None, n=2, report=silent, **options):
    rows = []
    answer = run_study(study, done or {}, Workers(executor, lambda: n), rows.extend, report, DEFAULT_LIMITS, **options)
    return rows, answer


@pytest.mark.parametrize(
    ("seconds", "sizes"),
    [
        (lambda cell: 3.75, {0: 4, 1: 4}),
        (lambda cell: 0.5, {0: 30, 1: 30}),
        (lambda cell: 0.02, {0: 750, 1: 750}),
        (lambda cell: 0.5 if cell else 5.0, {0: 3, 1: 30}),
    ],
    ids=["at once", "quick", "very quick", "each cell by itself"],
)
def test_chunks_take_some_seconds(seconds, sizes):
    executor = Made(seconds)
    rows, problems = run(design(seeds={"first": 5, "count": 9_000}), executor)
    assert problems == []
    assert sorted((row["cell"], row["seed"]) for row in rows) == [(c, s) for c in (0, 1) for s in range(5, 9_005)]
    made = {cell: [len(chunk.seeds) for chunk in executor.chunks if chunk.cell == cell] for cell in sizes}
    assert {cell: Counter(of).most_common(1)[0][0] for cell, of in made.items()} == sizes
    for of in made.values():  # a small one first, then never much more than before
        assert of[0] == 4
        assert all(later <= 16 * max(of[:place]) for place, later in enumerate(of) if place)


def test_the_last_chunks_are_shared_out():
    executor = Made(lambda cell: 0.01)
    run(design(hidden=[[2, 2]], comparisons=[], references=[], seeds={"first": 0, "count": 100}), executor, n=4)
    assert max(len(chunk.seeds) for chunk in executor.chunks) <= 100 // 8


def test_what_is_there_is_not_made_again():
    study = design()
    first, second = (cell.key for cell in cells_of(study))
    answer = []
    rows, _ = run(study, Made(), {first: {0, 1, 2, 3}, second: {1}}, report=lambda p: answer.append((p.done, p.total)))
    assert sorted((row["cell"], row["seed"]) for row in rows) == [(1, 0), (1, 2), (1, 3)]
    assert answer[0] == (5, 8)


def test_a_chunk_has_the_files_of_its_seeds():
    rows, _ = run(design(), Made(), files={seed: b"%d" % seed for seed in range(4)})
    assert all(row["file"] == b"%d" % row["seed"] for row in rows)


@pytest.mark.parametrize(
    ("error", "attempts", "words"),
    [
        (
            AnalysisError("data folder", "has no images", "put them there"),
            1,
            "data folder: has no images. Put them there.",
        ),
        (Lost("process was lost (exit code -9)"), 3, "its process was lost (exit code -9) 3 times. Free some memory"),
        (Crashed("ValueError", "the traceback"), 3, "the program failed (ValueError)"),
        (OSError("torn"), 3, "the program failed (OSError: torn)"),
    ],
    ids=["refused", "lost", "crashed", "raised"],
)
def test_a_network_that_always_fails_is_reported_and_the_others_go_on(error, attempts, words, caplog):
    executor = Made(fails={7: error})
    rows, problems = run(design(seeds={"first": 0, "count": 30}), executor)
    assert sorted((row["cell"], row["seed"]) for row in rows) == [
        (cell, seed) for cell in (0, 1) for seed in range(30) if seed != 7
    ]
    assert [problem.split(": ", 1)[0] for problem in problems] == ["3-3, seed 7", "2-2, seed 7"]
    assert all(words in problem for problem in problems)
    assert sum(chunk.seeds == (7,) for chunk in executor.chunks) == 2 * attempts
    assert ("the traceback" in caplog.text) == isinstance(error, Crashed)


def test_where_everything_fails_it_ends():
    executor = Made(fails=dict.fromkeys(range(10_000), OSError("no torch here")))
    rows, problems = run(design(seeds={"first": 0, "count": 10_000}), executor)
    assert rows == []
    assert len(executor.chunks) < 40
    answer = "20 chunks failed one after the other, the last one so: the program failed (OSError: no torch here)"
    assert [answer in problem for problem in problems].count(True) == 1


def test_what_the_report_or_the_saving_raises_takes_the_rest_back():
    """A full disk, somebody's wish to stop: nothing else is computed."""

    class Waits(Made):
        def submit(self, *arguments):
            self.futures = [*getattr(self, "futures", []), Future() if self.chunks else super().submit(*arguments)]
            return self.futures[-1]

    def refuse(_):
        raise OSError("no room")

    executor = Waits()
    with pytest.raises(OSError, match="no room"):
        run_study(design(), {}, Workers(executor, lambda: 1), refuse, silent, DEFAULT_LIMITS)
    assert len(executor.futures) == 2
    assert all(future.cancelled() for future in executor.futures[1:])


def test_a_cluster_that_goes_away_is_reported():
    class Gone(Made):
        def submit(self, *arguments):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(ClusterLost, match="give the same command"):
        run(design(), Gone())


def test_workers_of_another_version_refuse():
    with pytest.raises(AnalysisError, match=r"is of version .*, not 0\.0\.1"):
        study_run.compute_chunk("0.0.1", partial(run_chunk, design()), DEFAULT_LIMITS, study_run.Chunk(0, (0,)), None)


# --- real ones


def table(study, workers, on_save=lambda: None):
    """The rows by network, without the time that they took."""
    found = []

    def save(rows):
        found.extend({name: value for name, value in row.items() if name != "seconds"} for row in rows)
        on_save()

    assert run_study(study, {}, workers, save, silent, DEFAULT_LIMITS) == []
    return sorted(found, key=lambda row: (row["cell"], row["seed"], row.get("protocol", ""), row.get("output", 0)))


@pytest.fixture(scope="module")
def study():
    return design(hidden=[[2, 2], [2, 3]], references=[], seeds={"first": 0, "count": 10})


@pytest.fixture(scope="module")
def expected(study):
    with ThreadPoolExecutor(1) as executor:
        return table(study, Workers(executor, lambda: 1))


@pytest.mark.slow  # trains, in processes
@pytest.mark.parametrize(
    "kind", ["threads", "two processes, one of them killed", pytest.param("dask", marks=pytest.mark.release)]
)
def test_the_same_rows_whoever_computes_them(kind, study, expected):
    assert len({(row["cell"], row["seed"]) for row in expected}) == 20
    if kind == "threads":
        with ThreadPoolExecutor(2) as executor:
            assert table(study, Workers(executor, lambda: 2)) == expected
    elif kind == "dask":
        distributed = pytest.importorskip("distributed")
        with (
            distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            cluster_workers(cluster.scheduler_address) as workers,
        ):
            assert workers.count() == 2
            assert table(study, workers) == expected
    else:
        before = set(multiprocessing.active_children())
        killed = threading.Event()

        def kill_one():
            if not killed.is_set():
                killed.set()
                os.kill(min(p.pid for p in set(multiprocessing.active_children()) - before), signal.SIGKILL)

        with local_workers(2, GIB) as workers:
            assert table(study, workers, kill_one) == expected
        assert set(multiprocessing.active_children()) <= before


@pytest.mark.slow  # starts a process that loads torch
def test_processes_end_in_the_middle_of_a_chunk(study):
    before = set(multiprocessing.active_children())  # of other tests

    def stop(_):
        if set(multiprocessing.active_children()) - before:
            raise Cancelled("the study")

    with pytest.raises(Cancelled), local_workers(1, GIB) as workers:
        run_study(study, {}, workers, lambda rows: None, stop, DEFAULT_LIMITS)
    assert set(multiprocessing.active_children()) <= before
