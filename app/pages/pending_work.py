"""Work that a page waits for although its analysis is stored: verdicts of criteria, the survey of the common ground."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Final, NamedTuple

from sqlalchemy.orm import Session, object_session

from pluriscope.addresses.address import Addresses
from pluriscope.analyses.analysis import LONGEST
from pluriscope.analyses.registry import BY_KEY
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.jobs import UNFINISHED, jobs_about, jobs_ahead
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.pages.place import Place
from pluriscope.app.pages.shared import WorkState, work_state
from pluriscope.figures.numbers import noun
from pluriscope.page_kit.blocks import Action, Notice, Progress

IDLE_WORDS: Final = "until this machine has nothing else to do"
SURVEY: Final = "common-ground"
STORIES: Final = "stories"
ALGORITHMS: Final = "algorithms"
INTERPRETATIONS: Final = "interpretations"
_ANALYSES: Final = {
    SURVEY: "Coverage and accuracy on the common ground",
    STORIES: "The algorithms that circuits carry",
    ALGORITHMS: "Algorithms on sites, and their placements",
    INTERPRETATIONS: "Interpretations of circuits by variables",
}


class Awaited(NamedTuple):
    """Something that is not stored yet.

    Args:
        words: what, as the subject of a sentence.
        state: how far it is: not_asked where no job was to compute it.
        job: the latest one for it.
        ask: asks for it.
    """

    words: str
    state: WorkState
    job: JobRow | None
    ask: Action


def awaited(session: Session, addresses: Addresses, place: Place, pending: Sequence[str]) -> Iterator[Awaited]:
    """Progress of the work that a page waits for.

    Args:
        place: the analysis that it is about.
        pending: what is not stored: steps as text, :data:`SURVEY` or :data:`STORIES`.
    """
    analysis, slug = place.analysis, place.row.slug
    if not pending or analysis is None:
        return
    scope = {"output": str(place.scope.output), "protocol": place.scope.protocol, "data": place.scope.data}

    def one(words: str, job: JobRow | None, url: str, milliseconds: float = inf, **fields: str) -> Awaited:
        given = {name: value for name, value in {**scope, **fields}.items() if value}
        ask = Action("Compute", url, changes=True, fields=given, at_once=job is None and milliseconds <= LONGEST)
        return Awaited(words, work_state(job), job, ask)

    jobs = jobs_about(session, analysis, "criteria")
    for text in pending:
        if text in _ANALYSES:
            job = next(iter(jobs_about(session, analysis, text)), None)
            milliseconds = BY_KEY[text].milliseconds(place.question)
            yield one(_ANALYSES[text], job, addresses.analysis(slug, text), milliseconds)
        else:
            job = next((job for job in jobs if text in job.arguments["criteria"]), None)
            yield one(f"Verdicts of {text}", job, addresses.analysis(slug, "funnel"), criteria=text)


def wait_words(job: JobRow) -> str:
    """Say that a job waits, and how many others begin before it if somebody asked for it."""
    if not job.is_asked:
        return f"waiting for a worker {IDLE_WORDS}"
    session = object_session(job)
    ahead = jobs_ahead(session, job, DEFINITIONS) if session is not None and job.state == "queued" else 0
    return f"waiting for a worker, {noun(ahead, 'job')} ahead" if ahead else "waiting for a worker"


def compute_now(jobs: Iterable[JobRow], links: Addresses) -> list[Action]:
    """Buttons that ask for jobs which nobody has asked for; the page presses them by itself."""
    waiting = [one for one in jobs if not one.is_asked and one.state in UNFINISHED and one.kind in DEFINITIONS]
    return [Action("Compute now", links.job_action(one.id, "retry"), changes=True, at_once=True) for one in waiting]


def progress_of(job: JobRow, links: Addresses, name: str, title: str = "", note: str = "") -> Progress:
    """A job on its way.

    Args:
        job: waiting or running.
        name: id of the block.
        title: what it works on.
        note: what else there is to say.
    """
    at = job.stage if job.state == "running" and job.stage else wait_words(job)
    words = f"{title or 'Still computing'}: {at}{', ' if job.found else ''}{job.found}"
    actions = [*compute_now([job], links), Action("See the job", links.job(job.id))]
    return Progress(words, job.done, job.total, note, id=name, actions=actions)


def missing(subject: str, state: str, job: JobRow | None, ask: Action, links: Addresses, name: str = "") -> Notice:
    """Something that is not there, which is not the same as none.

    Args:
        subject: what, to begin a sentence.
        state: how far it is.
        job: the latest one for it.
        ask: asks for it.
        name: id of the block, by which it is asked for anew if the page asks for what is missing.
    """
    if state in ("failed", "cancelled") and job is not None:
        again = Action("Try again", links.job_action(job.id, "retry"), changes=True)
        why = job.error.splitlines()[-1] if job.error else "Nothing of it was kept."
        cause = f"{why} So nothing is known here, which is not the same as none."
        verb = "failed" if state == "failed" else "was cancelled"
        see = Action("See the job", links.job(job.id))
        return Notice(f"{subject} {verb}", cause, state="refused", actions=[again, see])
    cause = f"{subject}: nobody asked for it yet, which is not the same as none."
    return Notice("Not computed yet", cause, actions=[ask], id=name)
