"""Work that a page waits for although its analysis is stored: verdicts of criteria, the survey of the common ground,
the search for explanations of a kind stored as columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.steps import CriterionStep
from analysis.explanations.registry import RECORDED
from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.reads.jobs import jobs_about
from app.db.reads.verdicts import judging_jobs, latest_search
from app.options import PageModel
from app.pages.place import Place
from app.pages.shared import JobView, job_view
from app.pages.work_state import WorkState, work_state

SURVEY: Final = "common-ground"
STORIES: Final = "stories"
_ANALYSES: Final = {SURVEY: "Coverage and accuracy on the common ground", STORIES: "The stories of circuits"}
_SEARCH: Final = "search for "


class Awaited(PageModel):
    """Something that is not stored yet, and how far it is."""

    what: list[str] = Field(
        description="Criteria as addresses write them, key of an analysis, or the search for a kind."
    )
    words: str = Field(description="The same as the subject of a sentence.")
    state: WorkState = Field(description="computing, failed, cancelled, or not_asked where no job was to compute it.")
    job: JobView | None = Field(description="The latest job for it.")
    ask_url: str = Field(description="A form sent here asks for it.")
    ask_fields: list[tuple[str, str]] = Field(description="What that form holds.")


def awaited(
    session: Session, addresses: Addresses, place: Place, pending: Sequence[str], steps: Sequence[CriterionStep]
) -> list[Awaited]:
    """How far the work is that a page waits for: one entry for each state of its criteria, one for the survey.

    Args:
        place: the analysis that it is about.
        pending: what is not stored: steps as text, :data:`SURVEY`, or :func:`search_of` a kind.
        steps: all criteria that the page asks for.
    """
    if not pending or place.analysis is None:
        return []
    fields = [
        ("output", str(place.scope.output)),
        ("protocol", place.scope.protocol),
        ("data", place.scope.data),
    ]
    found: list[Awaited] = []
    jobs = judging_jobs(session, place.analysis)
    by_job: dict[str, tuple[JobRow | None, list[str]]] = {}
    for text in (text for text in pending if text not in _ANALYSES and not text.startswith(_SEARCH)):
        job = next((job for job in jobs if text in job.arguments["criteria"]), None)
        by_job.setdefault("" if job is None else job.id, (job, []))[1].append(text)
    for job, texts in by_job.values():
        found.append(
            Awaited(
                what=texts,
                words=f"Verdicts of {', '.join(texts)}",
                state=work_state(job),
                job=None if job is None else job_view(job, addresses),
                ask_url=addresses.criteria(place.row.slug),
                ask_fields=[*fields, *(("criteria", t) for t in texts), *(("sequence", str(step)) for step in steps)],
            )
        )
    for key, words in _ANALYSES.items():
        if key in pending:
            job = next(iter(jobs_about(session, place.analysis, key)), None)
            found.append(
                Awaited(
                    what=[key],
                    words=words,
                    state=work_state(job),
                    job=None if job is None else job_view(job, addresses),
                    ask_url=addresses.analysis(place.row.slug, key),
                    ask_fields=fields,
                )
            )
    for kind in (kind for kind in RECORDED if search_of(kind.key) in pending):
        job = latest_search(session, place.analysis, kind.key)
        found.append(
            Awaited(
                what=[search_of(kind.key)],
                words=f"The search for {kind.plural}",
                state=work_state(job),
                job=None if job is None else job_view(job, addresses),
                ask_url=addresses.explanations(place.row.slug),
                ask_fields=[*fields, ("kind", kind.key)],
            )
        )
    return found


def search_of(kind: str) -> str:
    """What a page waits for where a kind stored as columns was not searched."""
    return f"{_SEARCH}{kind}"
