"""What a job of a study does: train and measure some seeds of one cell, save each outcome, ask for the next."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from analysis.limits import Limits
from analysis.progress import Progress
from analysis.studies.cells import cells_of
from analysis.studies.design import StudyDesign
from analysis.studies.outcome import StudyOutcome
from analysis.studies.running import run_cell
from analysis.work import Work
from app.addressing import Addresses
from app.db.errors import NotFound
from app.db.reads.studies import finished_seeds, study_by_digest
from app.db.studies import design_of, save_outcomes
from app.jobs.definitions import STUDY as DEFINITION
from app.jobs.handlers import Arguments, Compute, Handler, Saved
from app.jobs.study_queue import schedule
from app.limits import in_memory, limits_in


def load_chunk(session: Session, arguments: Arguments) -> Compute[tuple[StudyOutcome, ...]]:
    """Read the design, and leave out seeds that have their outcome by now.

    Raises:
        NotFound: the study is not stored (any more), or has no such cell.
    """
    row = study_by_digest(session, arguments["study"])
    design, position = design_of(row), int(arguments["cell"])
    if position >= design.n_cells:
        raise NotFound(f"cell {position}", "is not part of the study", "start the study anew")
    done = finished_seeds(session, row.id, position)
    seeds = tuple(int(seed) for seed in arguments["seeds"] if seed not in done)
    return partial(compute_chunk, design, position, seeds, in_memory(limits_in(session)))


def compute_chunk(
    design: StudyDesign, position: int, seeds: tuple[int, ...], limits: Limits, work: Work
) -> tuple[StudyOutcome, ...]:
    """Train, analyse and measure.

    Raises:
        Cancelled: the report asked to stop.
    """
    total = max(len(seeds), 1)
    outcomes: list[StudyOutcome] = []

    def tell(progress: Progress, /) -> None:
        where = f"{progress.stage}: {progress.found}" if progress.found else progress.stage
        work.tell("networks", min(len(outcomes), total - 1), total, where)

    under = replace(work.reporting_to(tell), limits=limits)
    for outcome in run_cell(cells_of(design)[position], seeds, under):
        outcomes.append(outcome)  # noqa: PERF402  one by one, since the stage tells how many there are
    n_converged = sum(outcome.converged for outcome in outcomes)
    work.tell("networks", total, total, f"{n_converged} of {len(outcomes)} networks converged")
    return tuple(outcomes)


def save_chunk(session: Session, arguments: Arguments, outcomes: tuple[StudyOutcome, ...]) -> Saved:
    """Store the outcomes, and ask for the chunks that come next."""
    row = study_by_digest(session, arguments["study"])
    save_outcomes(session, row, outcomes)
    schedule(session, row, ending=DEFINITION.job_id(arguments))
    n_converged = sum(outcome.converged for outcome in outcomes)
    result = {"url": Addresses().study(row.slug), "study": row.digest}
    return Saved(result, f"{n_converged} of {len(outcomes)} networks converged and measured")


STUDY: Final = Handler(load_chunk, save_chunk)
