"""The pages of the analyses of a network, made from the registry: all of them, one, and one thing of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Final, Generic, Literal, TypeVar

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analyses.analysis import Analysis, on_own_rows
from pluriscope.analyses.compare import refs
from pluriscope.analyses.registry import BY_KEY, EVERY, GROUPS, of_kind
from pluriscope.analyses.shown import AGAIN, OLDER, AnalysisContext, Item, Shown, shown
from pluriscope.analysis.methods.report import Analysed, Report, Settings
from pluriscope.analysis.plugins import Failure, guarded
from pluriscope.analysis.questions.protocol import BUILT_IN
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.app.computing import work
from pluriscope.app.db.analysed import planted_in, read_analysed
from pluriscope.app.db.distributions import distribution_in
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.plugin_tables import cure_of, owners
from pluriscope.app.db.reads.algorithms import is_listed
from pluriscope.app.db.reads.analyses import clean_key, scope_of
from pluriscope.app.db.reads.jobs import UNFINISHED, jobs_about
from pluriscope.app.db.reads.networks import analyses_of as analyses_of_networks
from pluriscope.app.db.reports import report_contents, report_of, report_row, reports_of
from pluriscope.app.db.tables import AnalysisReportRow, AnalysisRow
from pluriscope.app.db.verdicts import verdict_contents
from pluriscope.app.errors import NotFound
from pluriscope.app.options import PageModel
from pluriscope.app.pages.pending_work import missing, progress_of
from pluriscope.app.pages.place import AnyPlace, locate
from pluriscope.app.pages.plan import is_quick, refused
from pluriscope.app.pages.shared import job_now, known_of, work_state
from pluriscope.figures.charts import Chart, read_chart
from pluriscope.figures.numbers import duration, when
from pluriscope.objects.counts import count_of
from pluriscope.page_kit.blocks import Action, Block, Choice, Head, More, Notice, Progress, Prose, Section, Table
from pluriscope.processes.recent import Recent

R = TypeVar("R", bound=Report)
State = Literal["done", "computing", "failed", "cancelled", "not_asked", "not_analysed", "not_applicable"]
ALL: Final = "all"
"""In addresses, in place of one analysis: those that nobody asked for."""
EVERY_INPUT: Final = "every clean input"
_SUMS: Final = Recent[Any](16)
"""Reports that sum up what others found, by what they are made from; asked for last."""


class AnalysisRecord(PageModel, Generic[R]):
    """Record of one analysis of a network: what it found, or how far it is."""

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
        description="What in it an older version of its method has made; a worker makes it again when nothing waits, "
        "if it is quick."
    )
    digest: str = Field(description="SHA-256 of what is stored.")
    created_at: datetime | None
    job: str = Field(description='The address of the job that works on it; "" if none does.')
    url: str


def _nothing() -> None:
    """The report of what has none."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A report, and how it came about as far as that is kept.

    Args:
        read: what reads it.
        brief: what it says in sentences; None where that is not kept.
        draws: what reads the chart of it that overviews have.
    """

    read: Callable[[], Any] = _nothing
    brief: Sequence[str] | None = None
    draws: Callable[[], Any] = _nothing
    thorough: bool = True
    seconds: float | None = None
    engine_version: str = ""
    version: int | None = None
    older: Sequence[str] = ()
    digest: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, eq=False)
class Asked:
    """Analysis of a network, as far as it is.

    Args:
        analysis: which.
        subject: of what.
        state: how far it is.
        stored: what was found.
        job: the newest that works on it, or ended without a report.
        why: why it does not apply.
        instead: the scopes under which it does, by their names.
        rules: each name with a scope, to choose from; that of the subject is among them.
        untried: whether no job was ever to find it, or the circuits that it starts from.
    """

    analysis: Analysis
    subject: AnalysisContext[SubjectQuestion]
    state: State
    stored: Stored | None
    job: JobRow | None
    why: str
    rules: Mapping[str, Scope]
    instead: Mapping[str, Scope] = field(default_factory=dict)
    untried: bool = False

    @cached_property
    def report(self) -> Any:
        """Report of the analysis; None where none is stored."""
        return None if self.stored is None else self.stored.read()

    @property
    def thumb(self) -> Chart:
        """The chart that overviews have of what is stored, of an analysis that has one."""
        assert self.stored is not None  # noqa: S101
        chart: Chart = self.stored.draws()
        return chart.leading(self.subject.explanation)

    @property
    def reason(self) -> str:
        """Reason why there are no findings; "" where there are."""
        failed = self.job.error if self.state == "failed" and self.job is not None else ""
        return self.why or (failed.splitlines()[-1] if failed else "")

    @property
    def findings(self) -> list[str]:
        """Findings in sentences."""
        if self.stored is not None and self.stored.brief is not None:
            return [*self.stored.brief]
        sentences: list[str] = [] if self.report is None else self.report.findings(self.subject.question)
        return sentences

    @property
    def shown(self) -> Shown:
        """Form in which the report is shown."""
        return shown(self.analysis)

    @property
    def made(self) -> tuple[str, ...]:
        """Under which rules it was made, how long that took, by which engine and when; () where that is not kept."""
        stored = self.stored
        if stored is None or stored.seconds is None or stored.created_at is None:
            return ()
        return self.chosen, duration(stored.seconds), stored.engine_version, when(stored.created_at)

    @property
    def mark(self) -> str:
        """Mark that names the parts made by an older version; "" where none is."""
        return f"{OLDER}: {', '.join(self.stored.older)}" if self.stored is not None and self.stored.older else ""

    @property
    def url(self) -> str:
        """Address of its page: of two that are found, their comparison; of one that stands on another's page, that
        page.
        """
        of = self.subject
        if self.analysis.page == "compare":
            return of.compare([] if self.report is None else refs(self.report.pair))
        return self.analysis.url(of.links, of.slug, of.scope)

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
        """Record of the analysis for JSON."""
        job = "" if self.job is None else self.subject.links.job(self.job.id)
        return AnalysisRecord[self.analysis.report].showing(  # type: ignore[name-defined]  # the one that it finds
            self.stored or Stored(thorough=False),
            self,
            of=self.subject.slug,
            scope=dict(self.subject.scope.fields),
            analysis=self.analysis.key,
            instead=next(iter(self.elsewhere.values()), ""),
            job=job,
        )


def asked(
    session: Session, place: AnyPlace, links: Addresses, analyses: Sequence[Analysis], *, in_brief: bool = False
) -> list[Asked]:
    """Read some analyses of a network, as far as they are, in as few statements as for one of them.

    Args:
        in_brief: whether to read reports only where more is asked for than what they say in short.
    """
    row, kinds = place.analysis, [one.key for one in analyses]
    kept = reports_of(session, row, kinds, in_brief=in_brief)
    jobs = jobs_about(session, row, *kinds, *(one.summed(place.question.kind) for one in analyses)) if row else []
    searched = row is not None and row.circuits_method != "refused"
    why, instead = ("", {}) if searched else refused(session, place)
    rules = known_rules(session, place)
    job = job_now(session, place)
    searching = job if work_state(job) == "computing" else None
    found = []
    for one in analyses:
        context = context_of(session, place, links, one.reads)
        unfit = one.refuses(place.question, context.planted)
        if not one.find:
            such = links.analysis(place.slug, one.key, place.scope, "given", **one.example)
            reason = f"{one.price} Such an address: {such}"
            found.append(Asked(one, context, "not_asked", Stored(), searching, reason, rules))
        elif unfit:
            fit = {EVERY_INPUT: replace(place.scope, data=clean_key(place.row))} if on_own_rows(place.question) else {}
            found.append(Asked(one, context, "not_applicable", None, None, unfit, rules, fit))
        elif row is None and why and not one.starts_from_circuits(place.question.kind) and place.question.kind.settings:
            found.append(Asked(one, context, "not_asked", None, None, "", rules))  # it stands on no circuits
        elif row is None or (one.starts_from_circuits(place.question.kind) and not searched):
            state: State = "not_applicable" if why else "computing" if searching else "not_analysed"
            found.append(Asked(one, context, state, None, searching, why, rules, instead, job is None))
        else:
            own = next((job for job in jobs if job.kind == (one.summed(place.question.kind) or one.key)), None)
            stored = _stored(session, row, one, kept.get(one.key), context)
            if stored is None and row.goes_on:
                own = searching
            found.append(Asked(one, context, *state_of(stored, own), "", rules, untried=own is None))
    return found


def known_rules(session: Session, place: AnyPlace) -> dict[str, Scope]:
    """The rules of a place, those that the network was analysed under, and those of perceptrons that stand beside each
    other in the paper.
    """
    named = BUILT_IN if isinstance(place.question, Question) and place.question.classes is None else ()
    known = {place.rules: place.scope} | {name: replace(place.scope, protocol=name) for name in named}
    for analysis in analyses_of_networks(session, [place.row.id]):
        scope = scope_of(analysis)
        if (scope.output, scope.data) == (place.scope.output, place.scope.data):
            settings = analysis.protocol.settings
            written = [name for name in place.question.kind.settings if name in settings]
            words = ", ".join(str(settings[name]) for name in written) if "granularity" in written else ""
            known.setdefault(words or analysis.protocol.name, scope)
    return known


def context_of(
    session: Session, place: AnyPlace, links: Addresses, reads: Iterable[str] = frozenset()
) -> AnalysisContext[SubjectQuestion]:
    """A network as analyses show it.

    Args:
        reads: what one looks at beside the circuits.
    """
    row, question = place.analysis, place.question

    def read() -> Any:
        if row is None and question.kind.refuses("formulas"):
            return Analysed(question, None)
        if row is None:
            raise NotFound("analysis", "is not stored under these rules", "ask for it first", "protocol")
        return read_analysed(session, row, reads)

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
        planted=planted_in(place.row, question),
        lists=partial(is_listed, session, row),
        report=report,
        other=other,
        work=work(),
    )


def _stored(
    session: Session,
    row: AnalysisRow,
    analysis: Analysis,
    kept: AnalysisReportRow | None,
    context: AnalysisContext[SubjectQuestion],
) -> Stored | None:
    """Report of an analysis that is stored, or summed up at once; None where there is neither."""
    if kept is not None:
        return stored_in(kept, analysis, context.kind)
    summed = analysis.summed(context.kind)
    content: tuple[object, ...] = tuple(filter(None, [verdict_contents(session, row)])) if summed else ()
    content += report_contents(session, row) if summed in BY_KEY else ()
    key = str(session.get_bind().engine.url), row.id, row.result_digest, analysis.key, content
    found = _SUMS.of(key, lambda: analysis.finds(context.read(), Settings())) if content else None
    return Stored(read=lambda: found) if found is not None and found.known else None


def stored_in(kept: AnalysisReportRow, analysis: Analysis, kind: SubjectKind) -> Stored:
    """Stored report of an analysis of a kind of network, to be read when it is needed."""
    read, is_older = partial(report_of, kept, analysis.report), kept.version < analysis.version_for(kind)
    return Stored(
        read=read,
        brief=kept.brief,
        draws=lambda: read_chart(kept.thumb) or function_at(analysis.thumb)(read()),
        older=(read().outdated(kind) or [analysis.title]) if is_older else [],
        thorough=kept.thorough,
        seconds=kept.seconds,
        engine_version=kept.engine_version,
        version=kept.version,
        digest=kept.content,
        created_at=kept.created_at,
    )


def state_of(stored: Stored | None, job: JobRow | None) -> tuple[State, Stored | None, JobRow | None]:
    """State of an analysis, with the report and the job that matter in it."""
    state = work_state(job)
    if stored is not None:
        return "done", stored, job if state == "computing" else None
    return state, None, None if state == "not_asked" else job


def analysis_meant(session: Session, key: str, links: Addresses, place: AnyPlace) -> Analysis:
    """The analysis that an address names.

    Raises:
        NotFound: there is none, or it is not asked about such networks.
    """
    known = {one.key: one for one in of_kind(place.question.kind)}
    if key not in known:
        what, parent = f"analysis {key[:60]!r}", links.analyses(place.slug, place.scope)
        refusal = next((one.lacks(place.question.kind) for one in EVERY if one.key == key), "")
        cause = f"is not offered: {refusal[:1].lower()}{refusal[1:].rstrip('.')}" if refusal else "is unknown"
        cure = f"use {', '.join(known)}"
        if not refusal and (owner := owners(session).get(key)):
            cause, cure = f"needs {owner}, which is not in use here", cure_of(owner)
        raise NotFound(what, cause, cure, "analysis", parent, "all analyses")
    return known[key]


# --- one analysis


def beside(one: Asked, session: Session, place: AnyPlace) -> list[Asked]:
    """Analyses that stand on the page of another one."""
    there = [each for each in of_kind(place.question.kind) if each.page == one.analysis.key]
    return asked(session, place, one.subject.links, there) if there else []


def _so_far(one: Asked) -> list[Block]:
    """Show how many valid circuits the search that runs has found by now."""
    known = known_of(one.job)
    return [] if known is None else [Prose(f"Known so far: {count_of(known)} valid circuits.", glossary=False)]


def page_of(one: Asked, others: Sequence[Asked] = ()) -> Iterator[Block]:
    """The page of one analysis and of those that stand on it, whatever their state: its question, then the answer."""
    rules = {name: one.subject.links.analysis(one.subject.slug, one.analysis.key, to) for name, to in one.rules.items()}
    url = one.subject.links.analysis(one.subject.slug, f"{one.analysis.key}.csv", one.subject.scope)
    taken = [Action("CSV", url)] if one.shown.table and one.stored else []
    of = one.subject
    for words, name in one.shown.offers.items() if one.state != "not_applicable" else ():
        taken.append(Action(words, of.links.analysis(of.slug, one.analysis.key, of.scope, name)))
    gathered = [each for each in others if each.analysis.key in one.analysis.gathers]
    every = (one, *gathered)
    yield Head(one.analysis.title, one.analysis.question, actions=[*taken, Choice("Rules", rules, one.chosen)])
    yield from _so_far(one)
    for each in every:
        yield from _standing(each)
    if any(each.stored is not None for each in every):
        if one.findings:
            yield Prose(" ".join(one.findings), glossary=False, id="found")
        yield from one.shown.page(one.report, one.subject)
        yield from _more(every)
    for each in others:
        if each not in gathered:
            question = "" if each.stored is None else each.analysis.question  # which the notice says
            yield Section(each.analysis.title, question, id=each.analysis.key)
            yield from _standing(each)
            if each.findings:
                yield Prose(" ".join(each.findings), glossary=False)
    if made := [(each.analysis.title, *each.made) for each in (one, *others) if each.made]:
        columns = ("Analysis", "Rules", "Took", "Engine", "When")
        yield More("How this was counted", lambda: [Table.plain(columns, made)], "rules, time, engine", id="counted")


def _standing(one: Asked) -> Iterator[Block]:
    """Notice of what is not found yet, or of what an older version found."""
    if one.stored is None:
        yield waiting(one)
        return
    yield from _underway(one)
    yield from older(one)


def _underway(one: Asked) -> Iterator[Block]:
    """The work on what is summed up here, as long as it goes on."""
    if one.analysis.summed(one.subject.kind) and one.job is not None and one.job.state in UNFINISHED:
        yield _progress(one)


def older(one: Asked) -> Iterator[Notice]:
    """Notice of the parts that an older version has made."""
    if one.mark and one.stored is not None:
        yield Notice(one.mark, AGAIN, actions=[_ask(one, "Make it again now", thorough=one.stored.thorough)])


def waiting(one: Asked) -> Notice | Progress:
    """Notice or progress in place of findings that are not there yet."""
    title, subject = one.analysis.title, one.subject
    if one.state == "not_applicable":
        actions = [Action(f"Under {words}", url) for words, url in one.elsewhere.items()]
        return Notice("Not applicable", one.reason, actions=actions)
    if one.state == "not_analysed":
        fields, at_once = dict(subject.scope.fields), one.untried and is_quick(subject.question)
        action = Action("Analyse", subject.links.analyses(subject.slug), True, True, fields, at_once)
        return Notice("Not analysed yet", "It starts from the search for circuits.", actions=[action], id=_name(one))
    if one.state == "computing":
        return _progress(one)
    if one.state in ("failed", "cancelled"):
        return missing(title, one.state, one.job, _ask(one, "Ask"), subject.links)
    found_by = BY_KEY.get(one.analysis.summed(subject.kind), one.analysis)
    at_once = one.untried and found_by.follows(subject.question)
    ask = replace(_ask(one, "Ask"), at_once=at_once)
    return Notice("Not computed yet", one.analysis.question, one.analysis.price, actions=[ask], id=_name(one))


def _progress(one: Asked) -> Progress:
    assert one.job is not None  # noqa: S101  # else it would not be computing
    return progress_of(one.job, one.subject.links, _name(one), one.analysis.title)


def _name(one: Asked) -> str:
    """Id of the block that stands for findings which are not there yet; several may stand on one page."""
    return f"progress-{one.analysis.key}" if one.analysis.page else "progress"


def _ask(one: Asked, words: str, *, thorough: bool = False) -> Action:
    fields = dict(one.subject.scope.fields) | ({"thorough": "true"} if thorough else {})
    url = one.subject.links.analysis(one.subject.slug, one.analysis.key)
    primary = not thorough and not one.analysis.page  # of several on one page, none is the one that most people want
    return Action(words, url, primary, True, fields)


def _more(every: Sequence[Asked]) -> Iterator[Block]:
    """Offer the longer computations that are not done yet."""
    wanted = list[tuple[str, Action]]()
    for one in every:
        more = one.analysis.more(one.subject.kind)
        if not more or one.stored is None or one.stored.thorough or one.report.all_there_is:
            continue
        if one.job is not None:
            yield _progress(one)
        else:
            wanted.append((more, _ask(one, f"Add {more}", thorough=True)))
    if wanted:
        yield Notice(f"Not done yet: {', '.join(more for more, _ in wanted)}", actions=[ask for _, ask in wanted])


def not_yet(session: Session, place: AnyPlace, one: Asked) -> Iterator[Block]:
    """The page of a thing of an analysis whose network is not searched yet: what runs, and how it is asked for."""
    why, instead = refused(session, place)
    state: State = "not_applicable" if why else "computing" if one.job is not None else "not_analysed"
    yield Head(one.analysis.title, one.analysis.question)
    yield from _so_far(one)
    yield waiting(replace(one, state=state, why=why, instead=instead))


# --- all of them


def index_of(every: list[Asked]) -> Iterator[Block]:
    """Index of the analyses of one network, in groups: question, first finding, and how to get the missing ones."""
    subject = every[0].subject
    rules = {name: subject.links.analyses(subject.slug, scope) for name, scope in every[0].rules.items()}
    yield Head("More analyses", "What each asks, and what it found.", actions=[Choice("Rules", rules, every[0].chosen)])
    asked = [one for one in every if one.analysis.find and (one.state != "not_applicable" or one.instead)]
    yield from _not_there(asked)
    rows = list[tuple[str, Markup, str]]()
    for group, analyses in GROUPS.items():
        here = [one for one in every if one.analysis in analyses and one.state != "not_applicable"]
        listed = [one for one in here if one.analysis.page not in BY_KEY]
        some = [guarded("analyses", one.analysis, partial(_in_index, one), partial(_failed, one)) for one in listed]
        rows += [(group if number == 0 else "", *row) for number, row in enumerate(some)]
    yield Table.plain(("", "Analysis", "What it found"), rows)


def _in_index(one: Asked) -> tuple[Markup, str]:
    """Question and first finding of an analysis, for the index."""
    words = Markup('<a href="{}"><b>{}</b></a><br>{}')
    found = one.findings[0] if one.findings else one.analysis.price
    finding = "On its way." if one.state == "computing" else f"{found} {one.mark}".strip()
    return words.format(one.url, one.analysis.title, one.analysis.question), finding


def _failed(one: Asked, failure: Failure) -> tuple[Markup, str]:
    """What the index has of an analysis of a plugin that failed."""
    return Markup("<b>{}</b>").format(one.analysis.title), f"{failure}."


def _not_there(asked: Sequence[Asked]) -> Iterator[Block]:
    """Notices of missing analyses: nobody asked for them, they are on their way, or they failed."""
    missing_ones = [one for one in asked if one.stored is None]
    unfit = [one for one in missing_ones if one.state == "not_applicable"]
    if unfit:
        links, slug, instead = unfit[0].subject.links, unfit[0].subject.slug, unfit[0].instead
        actions = [Action(f"Under {words}", links.analyses(slug, scope)) for words, scope in instead.items()]
        titles = ", ".join(one.analysis.title for one in unfit)
        yield Notice(f"Not applicable: {titles}", unfit[0].reason, actions=actions)
    if untouched := [one for one in missing_ones if one.state == "not_analysed"]:
        yield waiting(untouched[0])
    working = [one for one in missing_ones if one.state == "computing"]
    if working:
        sentence = f"On their way: {', '.join(one.analysis.title for one in working)}. This page fills itself."
        yield Progress(sentence, id="working")
    for one in missing_ones:
        if one.state in ("failed", "cancelled"):
            yield waiting(one)
    wanted = [one for one in missing_ones if one.state == "not_asked"]
    if wanted:
        subject = wanted[0].subject
        url = subject.links.analysis(subject.slug, ALL)
        ask = Action("Ask for all", url, changes=True, fields=dict(subject.scope.fields))
        yield Notice(f"Not asked yet: {', '.join(one.analysis.title for one in wanted)}", actions=[ask])


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
        if found.waits:
            yield waiting(one)
        yield from rest

    return replace(found, blocks=blocks)
