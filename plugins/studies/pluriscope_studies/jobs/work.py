"""Job of a study: send what is missing to a pool, save each part, and sum up what there is.

It runs in a thread of the worker, which knows the database; what it sends elsewhere knows none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.app.jobs.handlers import Arguments, Handler, Saved
from pluriscope.app.limits import in_memory, limits_in
from pluriscope.processes.executor import ProcessExecutor
from pluriscope.processes.memory import LEAST
from pluriscope.tables.parquet import ParquetTable
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.rows import columns_of
from pluriscope_studies.cluster import Workers
from pluriscope_studies.jobs.run import run_study
from pluriscope_studies.reads import finished_seeds, study_by_digest, study_jobs, table_of, tidy_parts
from pluriscope_studies.table import write_part
from pluriscope_studies.tables import StudyRow
from pluriscope_studies.writes import design_of, in_order, merge_parts, metadata_of, save_parts

T = TypeVar("T")
Pool = Callable[[], AbstractContextManager[Workers]]
Write = Callable[[Callable[[Session], T]], T]
"""Does something in a write transaction of its own, for as long as the job is ours."""
SHARE: Final = 10  # a summary is made when so large a part more of the networks have their outcome,
REST: Final = 20  # and so many times as long as the last one took has gone by,
FIRST_SECONDS: Final = 2.0  # taken to be the time of the first


class Unfinished(AnalysisError):
    """Error that networks of a study have no outcome, since what computed them was lost again and again."""


@dataclass(frozen=True)
class StudyWork:
    """A study as a worker takes it on.

    Args:
        digest: of its design.
        design: as it was then.
        done: the seeds that had their outcome then, by keys of cells.
        wanted: whether it is to run; else it is only summed up.
        metadata: of its parts.
        limits: of the analyses.
    """

    digest: str
    design: StudyDesign
    done: Mapping[str, set[int]]
    wanted: bool
    metadata: Mapping[str, str]
    limits: Limits

    def __call__(self, work: Work, write: Write[Any], pool: Pool) -> None:
        """Bring it to its end.

        Args:
            work: gets the progress; its report may end the work by what it raises.
            write: see :data:`Write`.
            pool: makes what chunks are sent to.

        Raises:
            Unfinished: some networks have no outcome.
            AnalysisError: the pool refuses.
        """
        summed_up = sum(map(len, self.done.values()))
        due = work.clock() + REST * FIRST_SECONDS

        def save(rows: Sequence[Mapping[str, Any]]) -> None:
            nonlocal summed_up, due
            finished, begun = self._save(rows, write), work.clock()
            if (finished - summed_up) * SHARE >= self.design.n_networks and begun >= due:
                self._sum_up(work, write)
                summed_up, due = finished, work.clock() + REST * (work.clock() - begun)

        problems: list[str] = []
        if self.wanted:
            with pool() as workers:
                problems = run_study(self.design, self.done, workers, save, work.report, self.limits)
        self._sum_up(work, write)
        if problems:
            cure = "let the study go on; if it fails again, report it with the worker's log"
            raise Unfinished(f"study {self.design.slug!r}", "; ".join(problems), cure)

    def _save(self, rows: Sequence[Mapping[str, Any]], write: Write[Any]) -> int:
        """Store the rows of a chunk; returns how many networks have their outcome now."""
        with TemporaryDirectory() as folder:
            part = Path(folder) / "chunk.parquet"
            write_part(part, rows, columns_of(self.design), self.metadata)

            def stored(session: Session) -> int:
                study = study_by_digest(session, self.digest)
                save_parts(session, study, [part])
                for job in study_jobs(session, self.digest, unfinished=True):
                    job.losses = 0  # it gets on, so that workers which are lost are no fault of it
                return study.n_finished

            finished: int = write(stored)
        return finished

    def _sum_up(self, work: Work, write: Write[Any]) -> None:
        """Make the summary of what there is, in a process of its own, and few parts of many."""
        table: ParquetTable = write(lambda session: table_of(session, study_by_digest(session, self.digest)))
        if not table.paths:
            return
        with closing(ProcessExecutor(2 * LEAST)) as process, TemporaryDirectory() as folder:
            process.start(partial(_summary, self.design, table), work.report)
            while (found := process.wait(0.2)) is None:
                work.report_step("summary", 0, 1)
            ((n_networks,),) = table.ask("SELECT count(DISTINCT (cell, seed)) FROM {rows}")
            files = table.pack(Path(folder), self.metadata, in_order(self.design)) if len(table.paths) > 1 else []

            def stored(session: Session) -> None:
                study = study_by_digest(session, self.digest)
                study.summary, study.summed_up = found.outcome, n_networks
                study.revision += 1
                if files:
                    merge_parts(session, study, table, files)
                tidy_parts(session)

            write(stored)


def _summary(design: StudyDesign, table: ParquetTable, _work: Work) -> dict[str, Any]:
    from pluriscope_studies.summary import summary_of_table  # loads libraries of statistics

    return summary_of_table(design, table)


def load_study(session: Session, arguments: Arguments) -> Callable[..., None]:
    """Load what there is to do; a NotFound if the study is not stored (any more)."""
    row = study_by_digest(session, arguments["study"])
    wanted = row.state == "running" and row.n_finished < row.n_networks
    limits = in_memory(limits_in(session))
    return StudyWork(row.digest, design_of(row), finished_seeds(session, row), wanted, metadata_of(row), limits)


def save_end(session: Session, arguments: Arguments, _outcome: None) -> Saved:
    """Say what there is; everything is stored by then."""
    row: StudyRow = study_by_digest(session, arguments["study"])
    result = {"url": Addresses().url("studies", row.slug), "study": row.digest}
    return Saved(result, f"{row.n_converged:,} of {row.n_finished:,} networks converged and measured")


STUDY: Final = Handler(load_study, save_end)
