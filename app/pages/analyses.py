"""The pages of the analyses of a network, made from the registry: all of them, one, and one thing of one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Generic, Literal, TypeVar

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.protocol import BUILT_IN
from analysis.report import Analysed, Report, Settings
from app.db.analysed import read_analysed
from app.db.codecs import planted_of
from app.db.distributions import distribution_in
from app.db.job_tables import JobRow
from app.db.reads.algorithms import is_listed
from app.db.reads.analyses import scope_of
from app.db.reads.jobs import UNFINISHED, jobs_about
from app.db.reads.networks import analyses_of as analyses_of_networks
from app.db.reports import report_of, report_row, reports_of
from app.db.tables import AnalysisReportRow, AnalysisRow
from app.db.verdicts import verdict_contents
from app.errors import NotFound
from app.options import PageModel
from app.pages.pending_work import missing, progress_of
from app.pages.place import INTERPRETATIONS, AnyPlace, locate
from app.pages.plan import refused
from app.pages.shared import job_now, work_state
from pluriscope.address import Addresses
from pluriscope.analyses import pair
from pluriscope.analyses.registry import BY_KEY, EVERY, PAIR, Analysis, of_kind, on_own_rows
from pluriscope.analyses.rivals import farthest
from pluriscope.analyses.shown import AGAIN, OLDER, AnalysisContext, Item, Shown, shown
from pluriscope.blocks import Action, Block, Choice, Head, Notice, Progress, Prose, Section
from pluriscope.figures.numbers import duration, when
from pluriscope.naming import Scope
from pluriscope.recent import Recent

R = TypeVar("R", bound=Report)
State = Literal["done", "computing", "failed", "cancelled", "not_asked", "not_analysed", "not_applicable"]
ALL: Final = "all"
"""In addresses, in place of one analysis: those that nobody asked for."""
EVERY_INPUT: Final = "every clean input"
_SUMS: Final = Recent[Any](16)
"""Reports that sum up what others found, by what they are made from; asked for last."""
_THUMBS: Final = Recent[Markup](512)
"""Drawings of reports, by what these are made from."""


class AnalysisRecord(PageModel, Generic[R]):
    """What one analysis of a network found, or how far it is."""

    of: str = Field(description="Slug of the network.")
    scope: dict[str, str] = Field(description="Output, protocol and data.")
    analysis: str
    state: State
    reason: str = Field(description='Why it does not apply, or why its job failed; "" otherwise.')
    instead: str = Field(description='Where it does not apply, an address under which it does; "" if there is none.')
    findings: list[str] = Field(description="What was found, in sentences made from its numbers.")
    report: R | None
    thorough: bool = Field(description="Whether what takes long was done too.")
    seconds: float | None
    engine_version: str
    version: int | None = Field(description="Of the analysis with its methods that made it; null where none is kept.")
    older: list[str] = Field(
        description="What in it an older version of its method has made; a worker makes it again when nothing waits."
    )
    digest: str = Field(description="SHA-256 of what is stored.")
    created_at: datetime | None
    job: str = Field(description='The address of the job that works on it; "" if none does.')
    url: str


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A report, and how it came about as far as that is kept."""

    report: Any
    made_from: Hashable = None
    thorough: bool = True
    seconds: float | None = None
    engine_version: str = ""
    version: int | None = None
    older: Sequence[str] = ()
    digest: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, eq=False)
class Asked:
    """One analysis of a network, as far as it is.

    Args:
        analysis: which.
        subject: of what.
        state: how far it is.
        stored: what was found.
        job: the newest that works on it, or ended without a report.
        why: why it does not apply.
        instead: the scopes under which it does, by their names.
        rules: each name with a scope, to choose from; that of the subject is among them.
    """

    analysis: Analysis
    subject: AnalysisContext
    state: State
    stored: Stored | None
    job: JobRow | None
    why: str
    rules: Mapping[str, Scope]
    instead: Mapping[str, Scope] = field(default_factory=dict)

    @property
    def report(self) -> Any:
        """What was found."""
        return None if self.stored is None else self.stored.report

    @property
    def reason(self) -> str:
        """Why there is nothing."""
        failed = self.job.error if self.state == "failed" and self.job is not None else ""
        return self.why or (failed.splitlines()[-1] if failed else "")

    @property
    def findings(self) -> list[str]:
        """What was found, in sentences."""
        told: list[str] = [] if self.report is None else self.report.findings(self.subject.question)
        return told

    @property
    def shown(self) -> Shown:
        """How it is shown."""
        return shown(self.analysis)

    @property
    def drawing(self) -> Markup:
        """What was found, small."""
        assert self.stored is not None  # noqa: S101
        return _THUMBS.of(self.stored.made_from, lambda: self.shown.thumb(self.report, self.subject))

    @property
    def took(self) -> str:
        """How long it took to find."""
        return "" if self.stored is None or self.stored.seconds is None else duration(self.stored.seconds)

    @property
    def mark(self) -> str:
        """Which of it an older version has made."""
        return f"{OLDER}: {', '.join(self.stored.older)}" if self.stored is not None and self.stored.older else ""

    @property
    def url(self) -> str:
        """Of its page."""
        return self.subject.links.analysis(self.subject.slug, self.analysis.key, self.subject.scope)

    @property
    def elsewhere(self) -> dict[str, str]:
        """The address of its page under each of these."""
        of = self.subject
        return {words: of.links.analysis(of.slug, self.analysis.key, scope) for words, scope in self.instead.items()}

    @property
    def chosen(self) -> str:
        """The name of the rules."""
        return next(name for name, scope in self.rules.items() if scope == self.subject.scope)

    def record(self) -> AnalysisRecord[Any]:
        """The same over HTTP."""
        job = "" if self.job is None else self.subject.links.job(self.job.id)
        return AnalysisRecord[self.analysis.report].showing(  # type: ignore[name-defined]  # the one that it finds
            self.stored or Stored(report=None, thorough=False),
            of=self.subject.slug,
            scope=dict(self.subject.scope.fields),
            analysis=self.analysis.key,
            state=self.state,
            reason=self.reason,
            instead=next(iter(self.elsewhere.values()), ""),
            findings=self.findings,
            report=self.report,
            job=job,
            url=self.url,
        )


def asked(session: Session, place: AnyPlace, links: Addresses, analyses: Sequence[Analysis]) -> list[Asked]:
    """How far some analyses of a network are, read in as few statements as for one of them."""
    row, kinds = place.analysis, [one.key for one in analyses]
    kept = reports_of(session, row, kinds)
    jobs = jobs_about(session, row, *kinds, *(one.sums for one in analyses)) if row else []
    searched = row is not None and row.circuits_method != "refused"
    why, instead = ("", {}) if searched else refused(session, place)
    rules = {place.rules: place.scope} | _rules(session, place)
    job = job_now(session, place)
    searching = job if work_state(job) == "computing" else None
    found = []
    for one in analyses:
        context = _context(session, place, links, one)
        unfit = one.refuses(place.question, context.planted)
        if not one.find:
            such = links.analysis(place.slug, one.key, place.scope, "given", **one.example)
            reason = f"{one.price} Such an address: {such}"
            found.append(Asked(one, context, "not_asked", Stored(report=None), None, reason, rules))
        elif unfit:
            fit = {EVERY_INPUT: replace(place.scope, data="")} if on_own_rows(place.question) else {}
            found.append(Asked(one, context, "not_applicable", None, None, unfit, rules, fit))
        elif row is None and why and not one.searched and place.question.kind.settings:
            found.append(Asked(one, context, "not_asked", None, None, "", rules))  # it stands on no circuits
        elif row is None or (one.searched and not searched):
            state: State = "not_applicable" if why else "computing" if searching else "not_analysed"
            found.append(Asked(one, context, state, None, searching, why, rules, instead))
        else:
            job = next((job for job in jobs if job.kind == (one.sums or one.key)), None)
            stored = _stored(session, row, one, kept.get(one.key), context)
            found.append(Asked(one, context, *state_of(stored, job), "", rules))
    return found


def _rules(session: Session, place: AnyPlace) -> dict[str, Scope]:
    """The rules that it was analysed under, and those of perceptrons that stand beside each other in the paper."""
    known = {} if place.question.kind.settings else {name: replace(place.scope, protocol=name) for name in BUILT_IN}
    for analysis in analyses_of_networks(session, [place.row.id]):
        scope = scope_of(analysis)
        if (scope.output, scope.data) == (place.scope.output, place.scope.data):
            settings = analysis.protocol.settings
            words = ", ".join(str(settings[name]) for name in place.question.kind.settings)
            known.setdefault(words or analysis.protocol.name, scope)
    return known


def _context(session: Session, place: AnyPlace, links: Addresses, analysis: Analysis) -> AnalysisContext:
    """A network as an analysis shows it."""
    row, question = place.analysis, place.question

    def read() -> Any:
        if row is None and question.kind.refuses("interpretations"):
            return Analysed(question, None)
        if row is None:
            raise NotFound("analysis", "is not stored under these rules", "ask for it first", "protocol")
        return read_analysed(session, row, analysis.reads)

    def report(key: str) -> Any:
        kept = report_row(session, row, key)
        return None if kept is None else report_of(kept, BY_KEY[key].report)

    def other(name: str) -> tuple[str, Any]:
        there = locate(session, links, name, place.scope)
        return there.row.name, there.question

    return AnalysisContext(
        question=question,
        name=place.row.name,
        slug=place.slug,
        scope=place.scope,
        links=links,
        read=read,
        sizes=lambda: {} if row is None else distribution_in(row.distributions).by_edges,
        planted=_planted(place),
        lists=partial(is_listed, session, row),
        report=report,
        other=other,
    )


def _planted(place: AnyPlace) -> Any:
    """What was planted, as analyses look for it; None where nothing is said to be."""
    if not place.question.kind.refuses(INTERPRETATIONS):
        return planted_of(place.row)
    record = place.question.subject.planted
    return None if record is None else record.under(place.question.graph)


def _stored(
    session: Session, row: AnalysisRow, analysis: Analysis, kept: AnalysisReportRow | None, context: AnalysisContext
) -> Stored | None:
    """What it found; None where nothing is stored."""
    if kept is None and not analysis.sums:
        return None
    content = verdict_contents(session, row) if kept is None else kept.content
    key = (str(session.get_bind().engine.url), row.id, row.result_digest, analysis.key, content)
    if kept is not None:
        report, is_older = report_of(kept, analysis.report), kept.version < analysis.version_for(context.kind)
        return Stored(
            report=report,
            older=(report.outdated(context.kind) or [analysis.title]) if is_older else [],
            made_from=key,
            thorough=kept.thorough,
            seconds=kept.seconds,
            engine_version=kept.engine_version,
            version=kept.version,
            digest=kept.content,
            created_at=kept.created_at,
        )
    found = _SUMS.of(key, lambda: analysis.finds(context.read(), Settings())) if content else None
    return Stored(report=found, made_from=key) if found is not None and found.known else None


def state_of(stored: Stored | None, job: JobRow | None) -> tuple[State, Stored | None, JobRow | None]:
    """How far an analysis is, with what of both matters then."""
    state = work_state(job)
    if stored is not None:
        return "done", stored, job if state == "computing" else None
    return state, None, None if state == "not_asked" else job


def analysis_meant(key: str, links: Addresses, place: AnyPlace) -> Analysis:
    """The analysis that an address names.

    Raises:
        NotFound: there is none, or it is not asked about such networks.
    """
    known = {one.key: one for one in of_kind(place.question.kind)}
    if key not in known:
        what, parent = f"analysis {key[:60]!r}", links.analyses(place.slug, place.scope)
        refusal = next((one.lacks(place.question.kind) for one in EVERY if one.key == key), "")
        cause = f"is not offered: {refusal[:1].lower()}{refusal[1:].rstrip('.')}" if refusal else "is unknown"
        raise NotFound(what, cause, f"use {', '.join(known)}", "analysis", parent, "all analyses")
    return known[key]


# --- one analysis


def page_of(one: Asked) -> Iterator[Block]:
    """The page of one analysis, whatever its state."""
    rules = {name: one.subject.links.analysis(one.subject.slug, one.analysis.key, to) for name, to in one.rules.items()}
    told = " ".join(one.findings) or one.analysis.question
    url = one.subject.links.analysis(one.subject.slug, f"{one.analysis.key}.csv", one.subject.scope)
    taken = [Action("CSV", url)] if one.shown.table and one.stored else []
    yield Head(one.analysis.title, told, actions=[*taken, Choice("Rules", rules, one.chosen)])
    if one.stored is None:
        yield _waiting(one)
        return
    yield from _underway(one)
    yield from older(one)
    yield from one.shown.page(one.report, one.subject)
    yield from _more(one)
    if not one.analysis.find:
        return
    made = [one.analysis.question, f"Rules: {one.chosen}."]
    if one.stored.seconds is not None and one.stored.created_at is not None:
        at = f"{one.stored.engine_version}, {when(one.stored.created_at)}"
        made.append(f"Took {duration(one.stored.seconds)}, engine {at}.")
    yield Prose(" ".join(made), glossary=False)


def _underway(one: Asked) -> Iterator[Block]:
    """The work on what is summed up here, as long as it goes on."""
    if one.analysis.sums and one.job is not None and one.job.state in UNFINISHED:
        yield _progress(one)


def older(one: Asked) -> Iterator[Notice]:
    """Which of it is of an older version."""
    if one.mark and one.stored is not None:
        yield Notice(one.mark, AGAIN, actions=[_ask(one, "Make it again now", thorough=one.stored.thorough)])


def _waiting(one: Asked) -> Notice | Progress:
    """What stands in the place of what is not found out."""
    title, subject = one.analysis.title, one.subject
    if one.state == "not_applicable":
        actions = [Action(f"Under {words}", url) for words, url in one.elsewhere.items()]
        return Notice("Not applicable", one.reason, actions=actions)
    if one.state == "not_analysed":
        action = Action("Analyse", subject.links.analyses(subject.slug), True, True, dict(subject.scope.fields))
        return Notice("Not analysed yet", "It starts from the search for circuits.", actions=[action])
    if one.state == "computing":
        return _progress(one)
    if one.state in ("failed", "cancelled"):
        return missing(title, one.state, one.job, _ask(one, "Ask"), subject.links)
    return Notice("Not computed yet", one.analysis.question, one.analysis.price, actions=[_ask(one, "Ask")])


def _progress(one: Asked) -> Progress:
    assert one.job is not None  # noqa: S101  # else it would not be computing
    return progress_of(one.job, one.subject.links, "progress", one.analysis.title)


def _ask(one: Asked, words: str, *, thorough: bool = False) -> Action:
    fields = dict(one.subject.scope.fields) | ({"thorough": "true"} if thorough else {})
    url = one.subject.links.analysis(one.subject.slug, one.analysis.key)
    return Action(words, url, True, True, fields)


def _more(one: Asked) -> Iterator[Block]:
    """What takes long, where it is not done yet."""
    more = one.analysis.more(one.subject.kind)
    if not more or one.stored is None or one.stored.thorough or one.report.all_there_is:
        return
    if one.job is not None:
        yield _progress(one)
    else:
        action = _ask(one, "Do this too", thorough=True)
        yield Notice("There is more", f"Not done yet: {more}.", actions=[action])


def contradicting(one: Asked) -> Iterator[Block]:
    """Two explanations of a network that contradict each other, as its overview has them.

    Args:
        one: the analysis PAIR of a perceptron, or RIVALS of a model of another kind.
    """
    if one.stored is None:
        yield Section(pair.CONTRADICT, pair.SAME)
        yield _waiting(one)
        return
    head, *found = (pair.contradicting if one.analysis is PAIR else farthest)(one.report, one.subject)
    yield head
    yield from older(one)
    yield from found


# --- all of them


@dataclass(frozen=True)
class Shelf(Block):
    """What some analyses found.

    Args:
        items: in order.
        whole: whether questions and findings stand beside the figures, on a page of their own.
    """

    items: Sequence[Asked]
    whole: bool = False


def index_of(every: list[Asked]) -> Iterator[Block]:
    """What each analysis of one network found, and how the others can be had."""
    subject = every[0].subject
    asked = [one for one in every if one.analysis.find and (one.state != "not_applicable" or one.instead)]
    rules = {name: subject.links.analyses(subject.slug, scope) for name, scope in every[0].rules.items()}
    claim = Action("Check your own answer", subject.links.claim(subject.slug, subject.scope), True)
    steer = (
        []
        if subject.kind.refuses("play")
        else [Action("Steer", subject.links.analysis(subject.slug, "steering", subject.scope))]
    )
    yield Head(
        "More analyses",
        "Each answer also stands, in its part, on the page of every explanation that it speaks about.",
        actions=(Choice("Rules", rules, every[0].chosen), claim, *steer),
    )
    found = answers_of(asked)
    if found:
        yield Shelf(found, whole=True)
    yield from _not_there(asked)


def answers_of(every: Iterable[Asked]) -> list[Asked]:
    """Those of some analyses that are there."""
    return [one for one in every if one.stored is not None and one.analysis.find]


def _not_there(asked: Sequence[Asked]) -> Iterator[Block]:
    """Why some are not there: nobody asked, they are on their way, they failed."""
    missing_ones = [one for one in asked if one.stored is None]
    unfit = [one for one in missing_ones if one.state == "not_applicable"]
    if unfit:
        links, slug, instead = unfit[0].subject.links, unfit[0].subject.slug, unfit[0].instead
        actions = [Action(f"Under {words}", links.analyses(slug, scope)) for words, scope in instead.items()]
        titles = ", ".join(one.analysis.title for one in unfit)
        yield Notice(f"Not applicable: {titles}", unfit[0].reason, actions=actions)
    if waiting := [one for one in missing_ones if one.state == "not_analysed"]:
        yield _waiting(waiting[0])
    working = [one for one in missing_ones if one.state == "computing"]
    if working:
        told = f"On their way: {', '.join(one.analysis.title for one in working)}. This page fills itself."
        yield Progress(told, id="working")
    for one in missing_ones:
        if one.state in ("failed", "cancelled"):
            yield _waiting(one)
    wanted = [one for one in missing_ones if one.state == "not_asked"]
    if wanted:
        subject = wanted[0].subject
        prices = " ".join(f"{one.analysis.title}: {one.analysis.price}" for one in wanted)
        url = subject.links.analysis(subject.slug, ALL)
        ask = Action("Ask for all", url, changes=True, fields=dict(subject.scope.fields))
        yield Notice(f"Not asked yet: {', '.join(one.analysis.title for one in wanted)}", prices, actions=[ask])


# --- one thing of one, and what analyses say of one explanation


def item_of(one: Asked, item: str, options: Mapping[str, str]) -> Item:
    """The page of one thing of an analysis.

    Raises:
        NotFound: the analysis has no such pages.
        AnalysisError: there is no such thing.
    """
    made = one.shown.item
    if made is None:
        title = one.analysis.title
        raise NotFound(f"page {item[:60]!r}", f"is not one of {title}", "see all of it", "", one.url, title)
    found = made(one.report, one.subject, item, options)

    def blocks() -> Iterator[Block]:
        head, *rest = found.blocks()
        yield head
        yield from _underway(one)
        yield from rest

    return replace(found, blocks=blocks)
