"""Running a study, or making a suite, on any executor of ``concurrent.futures``: what is missing in chunks, each saved
when it is finished.

A chunk is some seeds of one cell, trained together, then analysed one by one. Each cell's first chunk is small; the
next ones are as large as its last one says that they take some seconds. So a cluster's messages and a table's parts are
few, and what a stop loses is little.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from traceback import format_exception
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.errors import AnalysisError, Cancelled, NotInstalledYet
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.progress import Progress, Report, silent
from pluriscope.analysis.running.work import Work
from pluriscope.processes.executor import Compute, Crashed, Lost, ProcessExecutor
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.cluster import Workers, cluster_workers, lost
from pluriscope_studies.settings import ClusterSettings

if TYPE_CHECKING:
    from pluriscope.app.settings import Settings

log = logging.getLogger("pluriscope.studies")
Row = dict[str, Any]
Made = TypeVar("Made")
SECONDS: Final = 15.0  # what a chunk should take: long beside a message and a part, short to be lost
FIRST: Final = 4  # networks of a cell's first chunk
MOST: Final = 1_000
GROWTH: Final = 16  # times the networks of the cell's last chunk, since the next network may take much longer
AHEAD: Final = 2  # chunks on their way for each process, so that none waits for a message
ATTEMPTS: Final = 3  # of a single network
LOOK_SECONDS: Final = 0.5
_ALONE: Final = Work(clock=time.perf_counter)
_HOPELESS: Final = 20  # chunks that fail one after the other, which no single network explains


@dataclass(frozen=True)
class Chunk:
    """Networks that are made together.

    Args:
        cell: its place in the grid.
        seeds: of its networks.
        attempt: the number of this one, from 1; of chunks of several networks always 1.
    """

    cell: int
    seeds: tuple[int, ...]
    attempt: int = 1


def run_study(
    design: StudyDesign,
    done: Mapping[str, Set[int]],
    workers: Workers,
    save: Callable[[list[Row]], None],
    report: Report,
    limits: Limits,
    files: Mapping[int, bytes] | None = None,
) -> list[str]:
    """Compute what a study's table lacks.

    Args:
        design: checked, and runnable here.
        done: the seeds that have their rows, by the key of their cell.
        workers: compute chunks.
        save: takes the rows of one finished chunk, whatever the order of chunks.
        report: gets the number of networks with rows, twice a second. What it or ``save`` raises ends the run.
        limits: how far searches may go.
        files: contents of files by seed, of designs whose networks are files.

    Returns:
        what is missing in the end, a sentence each.

    Raises:
        ClusterLost: nothing computes any more.
    """
    from pluriscope_studies.analysis.running import run_chunk

    cells = cells_of(design)
    missing = [[seed for seed in design.seeds.numbers if seed not in done.get(cell.key, ())] for cell in cells]
    names, n_done, make = [cell.name for cell in cells], sum(map(len, done.values())), partial(run_chunk, design)
    return run_chunks(names, missing, n_done, make, workers, save, report, limits, files)


def run_chunks(
    names: Sequence[str],
    missing: Sequence[Sequence[int]],
    n_done: int,
    make: Callable[..., list[Made]],
    workers: Workers,
    save: Callable[[list[Made]], None],
    report: Report,
    limits: Limits,
    files: Mapping[int, bytes] | None = None,
) -> list[str]:
    """Make networks that are missing, in chunks.

    Args:
        names: of the cells.
        missing: seeds of each cell.
        n_done: networks that were there before.
        make: of the position of a cell, seeds, files and work; it and what it is bound to are sent to workers.
        workers, save, report, limits, files, Returns, Raises: as of :func:`run_study`.
    """
    run = _Run(names, missing, workers, partial(compute_chunk, ENGINE_VERSION, make, limits), files or {})
    n_finished, total = n_done, n_done + sum(map(len, missing))
    try:
        while run.on_their_way or run.send():
            report(Progress("networks", n_finished, total, f"{n_finished:,} of {total:,}"))
            finished = run.received()
            run.send()  # before what was received is saved, so that nobody waits for that
            for chunk, rows in finished:
                save(rows)
                n_finished += len(chunk.seeds)
    finally:
        for future in run.on_their_way:
            future.cancel()
    return run.problems


def compute_chunk(
    engine: str,
    make: Callable[..., list[Made]],
    limits: Limits,
    chunk: Chunk,
    files: Mapping[int, bytes] | None,
    work: Work = _ALONE,
) -> tuple[list[Made], float]:
    """Compute the networks of a chunk, and the seconds that it took; this is sent to workers.

    Args:
        make: as of :func:`run_chunks`.
        work: its report ends a process whose command is gone.

    Raises:
        AnalysisError: this worker's engine is of another version, or nothing of the chunk can be made.
    """
    if engine != ENGINE_VERSION:
        raise AnalysisError("worker", f"is of version {ENGINE_VERSION}, not {engine}", "update it, or end it")
    begun = time.perf_counter()
    rows = make(chunk.cell, chunk.seeds, files, replace(work, limits=limits))
    return rows, time.perf_counter() - begun


class _Run:
    """Run of chunks: what is missing, what is on its way, and what became of it."""

    def __init__(
        self,
        names: Sequence[str],
        missing: Sequence[Sequence[int]],
        workers: Workers,
        compute: Callable[..., tuple[list[Any], float]],
        files: Mapping[int, bytes],
    ) -> None:
        self._workers, self._compute, self._files = workers, compute, files
        self._names = names
        cells = reversed([*enumerate(missing)])  # designs grow: what takes long is not left for the end
        self._missing = {position: deque(seeds) for position, seeds in cells if seeds}
        self._n_missing = sum(map(len, self._missing.values()))
        self._sizes: dict[int, int] = {}  # of the next chunk of each cell that was measured
        self._again: deque[Chunk] = deque()
        self._failures, self._hopeless = 0, False  # since a chunk was finished
        self.on_their_way: dict[Future[tuple[list[Any], float]], Chunk] = {}
        self.problems: list[str] = []

    def send(self) -> bool:
        """Let the workers have as many chunks as they should; whether there was one to send."""
        n_workers = max(1, self._workers.count())
        sent = False
        while len(self.on_their_way) < AHEAD * n_workers and (chunk := self._next(n_workers)):
            files = {seed: self._files[seed] for seed in chunk.seeds} if self._files else None
            self.on_their_way[self._workers.executor.submit(self._compute, chunk, files)] = chunk
            sent = True
        return sent

    def _next(self, n_workers: int) -> Chunk | None:
        if self._again:
            return self._again.popleft()
        if not self._missing:
            return None
        measuring = {chunk.cell for chunk in self.on_their_way.values()} - self._sizes.keys()
        position = next((one for one in self._missing if one not in measuring), next(iter(self._missing)))
        seeds = self._missing[position]
        size = min(self._sizes.get(position, FIRST), max(FIRST, self._n_missing // (AHEAD * n_workers)))
        taken = tuple(seeds.popleft() for _ in range(min(size, len(seeds))))
        self._n_missing -= len(taken)
        if not seeds:
            del self._missing[position]
        return Chunk(position, taken)

    def received(self) -> list[tuple[Chunk, list[Any]]]:
        """The chunks that were finished, after a wait of at most half a second; those that failed are noted."""
        finished = []
        for future in wait(self.on_their_way, LOOK_SECONDS, FIRST_COMPLETED).done:
            chunk = self.on_their_way.pop(future)
            try:
                rows, seconds = future.result()
            except CancelledError:
                raise lost() from None
            except NotInstalledYet:  # no chunk's fault: the job waits
                raise
            except Exception as error:
                self._fail(chunk, error)
            else:
                n_seeds, self._failures = len(chunk.seeds), 0
                wished = int(n_seeds * SECONDS / max(seconds, 1e-3))
                self._sizes[chunk.cell] = max(1, min(wished, GROWTH * n_seeds, MOST))
                finished.append((chunk, rows))
        return finished

    def _fail(self, chunk: Chunk, error: Exception) -> None:
        """Have halves of a chunk computed again, which finds the network that it fails for, or report that one."""
        if self._hopeless:
            return
        self._failures += 1
        half = len(chunk.seeds) // 2
        if half:
            self._again += (Chunk(chunk.cell, chunk.seeds[:half]), Chunk(chunk.cell, chunk.seeds[half:]))
        elif chunk.attempt < ATTEMPTS and not isinstance(error, AnalysisError):
            self._again.append(replace(chunk, attempt=chunk.attempt + 1))
        else:
            self.problems.append(f"{self._names[chunk.cell]}, seed {chunk.seeds[0]}: {_in_words(error)}")
        self._hopeless = self._failures >= max(_HOPELESS, AHEAD * ATTEMPTS * self._workers.count())
        if self._hopeless:
            self._again.clear()
            self._missing.clear()
            self.problems.append(
                f"{self._failures} chunks failed one after the other, the last one so: {_in_words(error)}"
            )


def _in_words(error: Exception) -> str:
    """Describe an error of a network, in a sentence with what to do."""
    if isinstance(error, AnalysisError):
        return str(error)
    if isinstance(error, Lost):
        return f"its {error.reason} {ATTEMPTS} times. Free some memory, then give the same command again."
    log.warning("%s", error.args[-1] if isinstance(error, Crashed) else "".join(format_exception(error)))
    name = error.args[0] if isinstance(error, Crashed) else f"{type(error).__name__}: {error}"
    return f"the program failed ({name}). Give the same command again; if it fails there, report it to its authors."


# --- processes of this machine


class _Processes(ThreadPoolExecutor):
    """An executor whose threads each have a process compute, which is replaced when it is lost; a shutdown ends them.

    Functions are given the :class:`~pluriscope.analysis.running.work.Work` of the process as a last argument.
    """

    def __init__(self, n: int, n_bytes: int) -> None:
        self._own, self._over = threading.local(), threading.Event()
        self._processes: list[ProcessExecutor] = []
        super().__init__(n, "study", self._begin, (n_bytes,))

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(self._computed, partial(function, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        self._over.set()
        super().shutdown(wait=True, cancel_futures=cancel_futures)
        for process in self._processes:
            process.close()

    def _begin(self, n_bytes: int) -> None:
        self._own.process = ProcessExecutor(n_bytes, keeps=True)
        self._processes.append(self._own.process)

    def _computed(self, compute: Compute) -> Any:
        process: ProcessExecutor = self._own.process
        process.start(compute, silent)
        while (finished := process.wait(LOOK_SECONDS)) is None:
            if self._over.is_set():
                process.stop()
                raise Cancelled("the study")
        return finished.outcome


def pool_of(settings: Settings) -> AbstractContextManager[Workers]:
    """Workers to send chunks to: the cluster of the settings, or processes of this machine."""
    own = ClusterSettings()
    if own.cluster:
        return cluster_workers(own.cluster, insecure=own.cluster_insecure, n=settings.workers)
    return local_workers(settings.workers, settings.memory_of_job)


@contextmanager
def local_workers(n: int, n_bytes: int) -> Iterator[Workers]:
    """Start ``n`` processes on this machine, with one thread each, each of which may take ``n_bytes``."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # processes take it over when they start
    with _Processes(n, n_bytes) as executor:
        yield Workers(executor, lambda: n)
