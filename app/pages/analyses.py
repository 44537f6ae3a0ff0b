"""The pages of the analyses of a network, made from the registry: all of them, one, and one thing of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Generic, Literal, TypeVar

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.protocol import BUILT_IN
from analysis.report import Report
from app.addressing import Addresses
from app.db.analysed import read_analysed
from app.db.job_tables import JobRow
from app.db.reads.jobs import UNFINISHED, jobs_about
from app.db.reports import report_of, report_row
from app.db.tables import AnalysisReportRow
from app.errors import NotFound
from app.figures.numbers import duration, when
from app.options import PageModel, ScopeOptions
from app.pages.place import Place, locate
from pluriscope.analyses.registry import ANALYSES, BY_KEY, Analysis
from pluriscope.analyses.shown import Item, Subject, shown
from pluriscope.blocks import Action, Block, Choice, Figure, Head, Notice, Progress, Prose, Side
from pluriscope.naming import ExplanationRef

R = TypeVar("R", bound=Report)
State = Literal["done", "computing", "failed", "cancelled", "not_asked", "not_analysed", "not_applicable"]
BESIDE: Final = 6
"""Cards in one block."""


class AnalysisRecord(PageModel, Generic[R]):
    """What one analysis of a network found, or how far it is."""

    network: str
    output: int
    protocol: str
    data: str
    analysis: str
    state: State
    reason: str = Field(description='Why it does not apply, or why its job failed; "" otherwise.')
    findings: list[str] = Field(description="What was found, in sentences made from its numbers.")
    report: R | None
    thorough: bool = Field(description="Whether what takes long was done too.")
    seconds: float | None
    engine_version: str
    digest: str = Field(description="SHA-256 of what is stored.")
    created_at: datetime | None
    job: str = Field(description='The address of the job that works on it; "" if none does.')
    url: str


@dataclass(frozen=True, eq=False)
class Asked:
    """One analysis of one place, as far as it is.

    Args:
        analysis: which.
        place: of what.
        subject: the same as pages need it.
        row: the stored report.
        job: the newest that works on it, or ended without one.
        state: how far it is.
    """

    analysis: Analysis
    place: Place
    subject: Subject
    row: AnalysisReportRow | None
    job: JobRow | None
    state: State

    @property
    def report(self) -> Any:
        """What was found."""
        return None if self.row is None else report_of(self.row, self.analysis.report)

    @property
    def reason(self) -> str:
        """Why there is nothing."""
        if self.state == "not_applicable":
            return self.analysis.refuses(self.place.question)
        failed = self.state == "failed" and self.job is not None and self.job.error
        return failed.splitlines()[-1] if failed else ""

    @property
    def url(self) -> str:
        """Of its page."""
        return self.subject.links.analysis(self.place.slug, self.analysis.key, self.place.scope)

    def record(self) -> AnalysisRecord[Any]:
        """The same over HTTP."""
        row, report, scope = self.row, self.report, self.place.scope
        return AnalysisRecord[self.analysis.report](  # type: ignore[name-defined]  # the one that it finds
            network=self.place.slug,
            output=scope.output,
            protocol=scope.protocol,
            data=scope.data,
            analysis=self.analysis.key,
            state=self.state,
            reason=self.reason,
            findings=[] if report is None else report.findings(self.place.question),
            report=report,
            thorough=row is not None and row.thorough,
            seconds=None if row is None else row.seconds,
            engine_version="" if row is None else row.engine_version,
            digest="" if row is None else row.content,
            created_at=None if row is None else row.created_at,
            job="" if self.job is None else self.subject.links.job(self.job.id),
            url=self.url,
        )


def subject_of(session: Session, place: Place, links: Addresses) -> Subject:
    """What analyses of a place are about."""
    row, scope = place.row, place.scope

    def read() -> Any:
        if place.analysis is None:
            raise NotFound("analysis", "is not stored under these rules", "ask for it first", "protocol")
        return read_analysed(session, place.analysis)

    return Subject(place.question, row.name, row.slug, scope, links, read)


def asked(session: Session, place: Place, links: Addresses, analysis: Analysis) -> Asked:
    """How far an analysis is."""
    subject = subject_of(session, place, links)
    if analysis.refuses(place.question):
        return Asked(analysis, place, subject, None, None, "not_applicable")
    if place.analysis is None:
        return Asked(analysis, place, subject, None, None, "not_analysed")
    row = report_row(session, place.analysis, analysis.key)
    job = next(iter(jobs_about(session, place.analysis, analysis.key)), None)
    if job is not None and job.state not in (*UNFINISHED, "failed", "cancelled"):
        job = None
    state: State = "not_asked"
    if row is not None:
        state, job = "done", job if job is not None and job.state in UNFINISHED else None
    elif job is not None:
        state = "computing" if job.state in UNFINISHED else "failed" if job.state == "failed" else "cancelled"
    return Asked(analysis, place, subject, row, job, state)


def find(session: Session, links: Addresses, network: str, key: str, options: ScopeOptions) -> Asked:
    """The analysis that an address names.

    Raises:
        NotFound: no such network, output, protocol, data record or analysis.
    """
    place = locate(session, links, network, options.scope)
    if key not in BY_KEY:
        raise NotFound(
            f"analysis {key[:60]!r}",
            "is not one of a network's",
            f"use {', '.join(BY_KEY)}",
            "analysis",
            links.analyses(place.slug, place.scope),
            "all analyses",
        )
    return asked(session, place, links, BY_KEY[key])


# --- one analysis


def page_of(one: Asked) -> Iterator[Block]:
    """The page of one analysis, whatever its state."""
    report, question = one.report, one.place.question
    told = [one.analysis.question] if report is None else report.findings(question)
    yield Head(one.analysis.title, " ".join(told), actions=(_rules(one),))
    if report is None:
        yield _waiting(one)
        return
    yield from shown(one.analysis).page(report, one.subject)
    yield from _more(one)
    yield Prose(_provenance(one), glossary=False)


def _provenance(one: Asked) -> str:
    row = one.row
    assert row is not None  # noqa: S101  # only what is stored has one
    made = f"engine {row.engine_version}, {when(row.created_at)}"
    return f"{one.analysis.question} Rules: {one.place.question.protocol.name}. Took {duration(row.seconds)}, {made}."


def _rules(one: Asked) -> Choice:
    place, links = one.place, one.subject.links
    known = list(BUILT_IN) if place.scope.protocol in BUILT_IN else [*BUILT_IN, place.scope.protocol]
    of = {name: links.analysis(place.slug, one.analysis.key, replace(place.scope, protocol=name)) for name in known}
    return Choice("Rules", of, place.scope.protocol)


def _waiting(one: Asked) -> Block:
    """What stands in the place of what is not found out."""
    title, price = one.analysis.title, one.analysis.price
    if one.state == "not_applicable":
        return Notice("Not applicable", one.reason)
    if one.state == "not_analysed":
        links, place = one.subject.links, one.place
        action = Action("Analyse", links.analyses(place.slug), True, True, dict(place.scope.fields))
        return Notice(
            "Not analysed yet", "This starts from the search for circuits, which was not asked for.", actions=[action]
        )
    if one.state == "computing":
        return _progress(one)
    actions = [_ask(one, "Ask" if one.state == "not_asked" else "Try again")]
    if one.job is not None:
        actions.append(Action("See the job", one.subject.links.job(one.job.id)))
    if one.state == "failed":
        return Notice(
            f"{title} failed",
            one.reason or "See the job for what happened.",
            "Nothing is known here.",
            "refused",
            actions,
        )
    if one.state == "cancelled":
        return Notice(f"{title} was cancelled", "Nothing of it was kept.", actions=actions)
    return Notice("Not computed yet", one.analysis.question, price, actions=actions)


def _progress(one: Asked) -> Progress:
    job = one.job
    assert job is not None  # noqa: S101  # else it would not be computing
    running = job.state == "running"
    words = f"{job.stage}{f', {job.found}' if job.found else ''}" if running and job.stage else "Waiting for a worker."
    actions = [Action("See the job", one.subject.links.job(job.id))]
    return Progress(f"{one.analysis.title}: {words}", job.done, job.total, id="progress", actions=actions)


def _ask(one: Asked, words: str, *, thorough: bool = False) -> Action:
    fields = dict(one.place.scope.fields) | ({"thorough": "true"} if thorough else {})
    return Action(words, one.subject.links.analysis(one.place.slug, one.analysis.key), True, True, fields)


def _more(one: Asked) -> Iterator[Block]:
    """What takes long, where it is not done yet."""
    if not one.analysis.thoroughly or one.row is None or one.row.thorough:
        return
    if one.job is not None:
        yield _progress(one)
    else:
        yield Notice(
            "There is more",
            f"Not done yet: {one.analysis.thoroughly}.",
            actions=[_ask(one, "Do this too", thorough=True)],
        )


# --- all of them


def index_of(session: Session, place: Place, links: Addresses) -> Iterator[Block]:
    """A card for each analysis."""
    claim = Action("Check your own answer", links.claim(place.slug, place.scope), True)
    of = {name: links.analyses(place.slug, replace(place.scope, protocol=name)) for name in BUILT_IN}
    rules = Choice("Rules", of | {place.scope.protocol: links.analyses(place.slug, place.scope)}, place.scope.protocol)
    yield Head(
        "More analyses",
        "Questions put to this network. Each answer also stands, in its part, on the page of every explanation that it "
        "speaks about.",
        actions=(rules, claim),
    )
    cards = [_card(asked(session, place, links, one)) for one in ANALYSES]
    for start in range(0, len(cards), BESIDE):
        some = cards[start : start + BESIDE]
        yield Side(some) if len(some) > 1 else some[0]


def _card(one: Asked) -> Block:
    title = Markup('<a href="{}">{}</a>').format(one.url, one.analysis.title)
    if one.report is None:
        if one.state == "computing":
            return replace(_progress(one), id=f"progress-{one.analysis.key}")
        waiting = _waiting(one)
        assert isinstance(waiting, Notice)  # noqa: S101  # all others are
        return replace(waiting, item=title, cause=one.analysis.question, cure=one.reason or one.analysis.price)
    row, report = one.row, one.report
    caption = Markup("<b>{}</b><br>{}<br>{}<br><small>{}</small>").format(
        title,
        one.analysis.question,
        " ".join(report.findings(one.place.question)),
        f"{one.place.question.protocol.name}, {duration(row.seconds if row else 0)}",
    )
    return Figure(shown(one.analysis).thumb(report, one.subject), caption)


# --- one thing of one, and what analyses say of one explanation


def item_of(one: Asked, item: str, options: Mapping[str, str]) -> Item:
    """The page of one thing of an analysis.

    Raises:
        NotFound: the analysis has no such pages.
        AnalysisError: there is no such thing.
    """
    made = shown(one.analysis).item
    if made is None:
        url = one.url
        raise NotFound(
            f"page {item[:60]!r}", f"is not one of {one.analysis.title}", "see all of it", "", url, one.analysis.title
        )
    return made(one.report, one.subject, item, options)


def about(session: Session, place: Place, links: Addresses, ref: ExplanationRef) -> Iterable[Block]:
    """What the analyses say of one explanation: the blocks for its page."""
    for analysis in ANALYSES:
        says = shown(analysis).about
        if says is not None and place.analysis is not None:
            one = asked(session, place, links, analysis)
            if one.state != "not_applicable":
                yield from says(one.report, one.subject, ref)
